// Programs that tests make and run. None of them is an executable file that was just written: a process that another thread
// starts meanwhile has the file open for writing until its own execve(2), and to run it is ETXTBSY until then. So each
// program is a link to one that is always there, which reads what to do from a file beside the link.

import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const programAt = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

/** Makes a program of a script of sh: `$0`, `$$` and `$@` are those of any program. */
export function makeProgram(file: string, script: string): void {
  writeFileSync(`${file}.sh`, `${script}\n`);
  linkTo('launcher', file);
}

/** Makes a program that the system cannot start, for its interpreter is not there. */
export function makeProgramWithoutInterpreter(file: string): void {
  linkTo('without-interpreter', file);
}

/** Makes a file that is not a program. */
export function makeNoProgram(file: string): void {
  rmSync(file, { force: true }); // not through the link
  writeFileSync(file, '', { mode: 0o644 });
}

function linkTo(name: string, file: string): void {
  rmSync(file, { force: true });
  symlinkSync(programAt(name), file);
}
