// Makes programs for tests. A program is a link to a fixed launcher, which runs the script beside the link. It is never a new
// executable file: a process that another thread starts at the same time inherits the file open for writing until its execve(2),
// and until then running the file fails with ETXTBSY.

import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const programAt = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

/** Makes a program of a script of sh: `$0`, `$$` and `$@` are the usual ones. */
export function makeProgram(file: string, script: string): void {
  writeFileSync(`${file}.sh`, `${script}\n`);
  linkTo('launcher', file);
}

/** Makes a program that the system cannot start, because its interpreter is missing. */
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
