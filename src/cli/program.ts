// The `longshore` program: makes an `Io` from the process and calls `run`. Of cli/, only this file and main.ts use the process.

import { access, constants, readFile, stat } from 'node:fs/promises';
import { debuglog } from 'node:util';
import type { WriteStream } from 'node:tty';
import { ImageClient } from '../index.ts';
import { Interruption, OutputClosedError } from './command.ts';
import type { Io, Output } from './command.ts';
import { hiddenLine } from './hidden-line.ts';
import { run } from './run.ts';

/** The signals that stop a command, and their exit codes: 128 plus the number of the signal, as in shells. */
const SIGNALS = [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

/** When the process started, in milliseconds since 1970. */
const started = Date.now() - process.uptime() * 1000;
let stdinIsRead = false;
const stop = new AbortController();
for (const [signal, exitCode] of SIGNALS) {
  process.once(signal, () => {
    stop.abort(new Interruption(signal, exitCode));
    // A second signal exits at once. It shows the cursor again, because the progress may have hidden it.
    process.once(signal, () => {
      if (process.stderr.isTTY) process.stderr.write('\x1b[?25h');
      process.exit(exitCode);
    });
  });
}

const io: Io = {
  stdin: {
    // A getter, because reading process.stdin opens it, and most commands do not need it.
    get isTerminal() {
      return process.stdin.isTTY === true;
    },
    bytes() {
      stdinIsRead = true;
      return process.stdin;
    },
    line(signal) {
      stdinIsRead = true;
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        process.stdin.once('data', (data) => resolve(String(data))).once('end', () => resolve(''));
      });
    },
    hiddenLine(ready, signal) {
      stdinIsRead = true;
      return hiddenLine(process.stdin, ready, () => void process.emit('SIGINT'), signal);
    },
  },
  stdout: output(process.stdout, (error, reject) => reject(error.code === 'EPIPE' ? new OutputClosedError() : error)),
  stderr: output(process.stderr, (_error, _reject, resolve) => resolve()),
  signal: stop.signal,
  color: process.stderr.isTTY === true && process.stderr.hasColors(), // hasColors reads NO_COLOR, TERM and similar variables
  debug: debuglog('longshore').enabled,
  sourceDateEpoch: process.env['SOURCE_DATE_EPOCH'],
  password: process.env['LONGSHORE_PASSWORD'],
  now: () => started + process.uptime() * 1000, // does not jump when the system clock is set; `performance` loads 11 modules of Node
  isFolder: (path) => stat(path).then((found) => found.isDirectory(), () => false),
  readText: (path) => readFile(path, 'utf8'),
  checkReadable: (path) => access(path, constants.R_OK),
  connect: (options) => ImageClient.fromEnvironment(options),
  explain: (options) => ImageClient.explain(options),
  record: async (file, options) => (await import('../testing.ts')).record(file, options), // only `record` needs it
};

/** Runs the command line of this process, and sets its exit code. */
export async function runProgram(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), io);
  // After an interrupted load, a pending read of stdin would keep the process running.
  if (stdinIsRead) process.stdin.destroy();
}

function output(
  stream: WriteStream,
  onError: (error: NodeJS.ErrnoException, reject: (reason: Error) => void, resolve: () => void) => void,
): Output {
  stream.on('error', () => {}); // the callback of each write gets the error
  return {
    isTerminal: stream.isTTY === true,
    columns: () => stream.columns || 80,
    rows: () => stream.rows || 24,
    write: (data) =>
      new Promise((resolve, reject) => {
        stream.write(data, (error) => (error ? onError(error, reject, resolve) : resolve()));
      }),
  };
}
