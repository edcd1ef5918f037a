// A fake `ssh` that is first on PATH. It logs its arguments, and then does the work of docker's dial-stdio on the other machine: it
// copies both ways between its pipes and the socket that its last argument names.

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { makeProgram } from './make-program.ts';

/** How the fake ssh behaves. By default it exits with 0 when the other side ends. */
export interface FakeSshOptions {
  /** Text for stderr, written `times` times at the start. */
  readonly says?: string;
  readonly times?: number;
  /** Text for stdout, written at the start, as a start-up file of a shell may do. */
  readonly prints?: string;
  /** Exit code with which it ends before it connects. */
  readonly exits?: number;
  /** Exit code in place of 0 at the end. */
  readonly exitsLast?: number;
  /** Number of bytes from the engine after which it kills itself; it passes them on first. */
  readonly diesAfter?: number;
  /** Whether it neither reads nor writes. */
  readonly hangs?: boolean;
  /** Whether it continues to run after its output has ended. */
  readonly lingers?: boolean;
  /** Whether it starts a child that keeps its stderr open for a minute. */
  readonly child?: boolean;
}

export interface FakeSsh {
  /** Its folder, which is first on PATH. */
  readonly folder: string;
  /** Each start so far. */
  starts(): Array<{ pid: number; argv: string[]; childPid?: number }>;
  restore(): void;
}

const program = `
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync } from 'node:fs';
import { connect } from 'node:net';
const { LOG, OPTIONS } = SETTINGS;
const argv = process.argv.slice(2);
const { prints, says = '', times = 1, exits, exitsLast = 0, diesAfter = Infinity, hangs, lingers, child } = OPTIONS;
const childPid = child ? spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: ['ignore', 'ignore', 'inherit'] }).pid : undefined;
appendFileSync(LOG, JSON.stringify({ pid: process.pid, argv, childPid }) + '\\n');
for (let time = 0; time < times; time++) process.stderr.write(says);
if (prints !== undefined) process.stdout.write(prints);
if (exits !== undefined) process.exit(exits);
if (hangs || lingers) setInterval(() => {}, 1000);
if (!hangs) {
  const socket = connect({ path: /--host=unix:\\/\\/(\\S+) /.exec(argv.at(-1))[1], allowHalfOpen: true });
  let count = 0;
  process.stdin.pipe(socket);
  process.stdout.on('error', () => process.exit(1));
  socket.on('error', () => process.exit(1));
  socket.on('data', (bytes) => {
    count += bytes.length;
    const rest = count >= diesAfter ? () => process.kill(process.pid, 'SIGKILL') : undefined;
    if (!process.stdout.write(bytes, rest)) {
      socket.pause();
      process.stdout.once('drain', () => socket.resume());
    }
  });
  socket.on('end', () => process.stdout.write('', () => (lingers ? closeSync(1) : process.exit(exitsLast))));
}
`;

/** Makes a fake ssh, first on PATH until `restore`. */
export function fakeSsh(options: FakeSshOptions = {}): FakeSsh {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-ssh-'));
  const log = join(folder, 'log');
  appendFileSync(log, '');
  // Coverage is off in the program: it would be written before the program ends.
  const onlyExits = options.exits !== undefined && options.child !== true;
  makeProgram(join(folder, 'ssh'), (onlyExits ? scriptOf : nodeProgram)(folder, log, options));
  const path = process.env['PATH'] ?? '';
  process.env['PATH'] = `${folder}${delimiter}${path}`;
  return {
    folder,
    starts: () => readFileSync(log, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)),
    restore() {
      process.env['PATH'] = path;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An ssh that speaks and exits is a script of sh, which takes a fraction of the time that Node takes to start. */
function scriptOf(folder: string, log: string, { says = '', times = 1, prints = '', exits }: FakeSshOptions): string {
  writeFileSync(join(folder, 'says'), says.repeat(times));
  writeFileSync(join(folder, 'prints'), prints);
  const words = `words=; for word; do words="$words,\\"$word\\""; done`; // no argument has a quote or a backslash
  const line = `printf '{"pid":%s,"argv":[%s]}\\n' "$$" "\${words#,}" >> '${log}'`;
  return `${words}\n${line}\ncat '${folder}/says' >&2\ncat '${folder}/prints'\nexit ${exits}`;
}

function nodeProgram(folder: string, log: string, options: FakeSshOptions): string {
  const settings = `const SETTINGS = ${JSON.stringify({ LOG: log, OPTIONS: options })};`;
  writeFileSync(join(folder, 'fake-ssh.mjs'), `${settings}${program}`);
  return `unset NODE_V8_COVERAGE\nexec '${process.execPath}' '${folder}/fake-ssh.mjs' "$@"`;
}

/** Whether a process exists. A zombie child of this process counts, because the tests look for those; one of init's does not. */
export function runs(pid: number | undefined): boolean {
  if (pid === undefined) throw new Error('there is no such process');
  try {
    process.kill(pid, 0);
    const [, state, parent] = /\) (\w) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
    return state !== 'Z' || Number(parent) === process.pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync('/proc/self/stat');
  }
}
