#!/usr/bin/env node
// The `longshore` program: the process as an `Io`, and nothing else. This file alone touches it.

import { access, constants, stat } from 'node:fs/promises';
import { debuglog } from 'node:util';
import type { WriteStream } from 'node:tty';
import { ImageClient } from '../index.ts';
import { Interruption, OutputClosedError } from './command.ts';
import type { Io, Output } from './command.ts';
import { run } from './run.ts';

/** What breaks a run off, and the exit code that shells give for it: 128 and the signal's number. */
const SIGNALS = [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

let stdinIsRead = false;
const stop = new AbortController();
for (const [signal, exitCode] of SIGNALS) {
  process.once(signal, () => {
    stop.abort(new Interruption(signal, exitCode));
    // The same signal again: there and then, but not without the cursor, which a progress may have hidden.
    process.once(signal, () => {
      if (process.stderr.isTTY) process.stderr.write('\x1b[?25h');
      process.exit(exitCode);
    });
  });
}

const io: Io = {
  stdin: {
    // Getters: to look at process.stdin is to open it, which most commands have no use for.
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
  },
  stdout: output(process.stdout, (error, reject) => reject(error.code === 'EPIPE' ? new OutputClosedError() : error)),
  stderr: output(process.stderr, (_error, _reject, resolve) => resolve()),
  signal: stop.signal,
  color: process.stderr.isTTY === true && process.stderr.hasColors(), // which heeds NO_COLOR, TERM and the like
  debug: debuglog('longshore').enabled,
  sourceDateEpoch: process.env['SOURCE_DATE_EPOCH'],
  now: () => performance.timeOrigin + performance.now(), // runs on when somebody sets the clock
  isFolder: (path) => stat(path).then((found) => found.isDirectory(), () => false),
  checkReadable: (path) => access(path, constants.R_OK),
  connect: (options) => ImageClient.fromEnvironment(options),
  explain: (options) => ImageClient.explain(options),
  record: async (file, options) => (await import('../testing.ts')).record(file, options), // which no other command needs
};

process.exitCode = await run(process.argv.slice(2), io);
// A load that was broken off leaves a read behind, which would keep the process until somebody writes.
if (stdinIsRead) process.stdin.destroy();

function output(
  stream: WriteStream,
  onError: (error: NodeJS.ErrnoException, reject: (reason: Error) => void, resolve: () => void) => void,
): Output {
  stream.on('error', () => {}); // each write hears of it itself
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
