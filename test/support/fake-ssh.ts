// An `ssh` that a test puts first on PATH: it writes down how it was started, and then does what docker's dial-stdio
// does over there: it copies both ways between its pipes and the socket that its last argument names.

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { makeProgram } from './make-program.ts';

/** How it behaves; by default it ends as the other side does, with 0. */
export interface FakeSshOptions {
  /** Goes to stderr at once, so many times. */
  readonly says?: string;
  readonly times?: number;
  /** Goes to stdout at once, as of a start-up file. */
  readonly prints?: string;
  /** Exits with this, before it connects. */
  readonly exits?: number;
  /** Exits with this where it would exit with 0. */
  readonly exitsLast?: number;
  /** Kills itself when so many bytes came from the engine, which it hands on. */
  readonly diesAfter?: number;
  /** Reads nothing and says nothing. */
  readonly hangs?: boolean;
  /** Goes on when its output has ended. */
  readonly lingers?: boolean;
  /** Has a child that holds on to its stderr, and goes on for a minute. */
  readonly child?: boolean;
}

export interface FakeSsh {
  /** The folder it is in, which stands first on PATH. */
  readonly folder: string;
  /** Every start so far. */
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

/** Puts one first on PATH, until `restore`. */
export function fakeSsh(options: FakeSshOptions = {}): FakeSsh {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-ssh-'));
  const log = join(folder, 'log');
  appendFileSync(log, '');
  // What measures the tests does not measure it, for it would write its findings down before it ends.
  makeProgram(join(folder, 'ssh'), options.exits !== undefined && !options.child ? scriptOf(folder, log, options) : nodeProgram(folder, log, options));
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

/** Whether a process is there. A zombie of ours is, which is the point; one that init has yet to bury is not. */
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
