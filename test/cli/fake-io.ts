// The input, the output and the environment of a command as strings.

import { access, readFile, stat } from 'node:fs/promises';
import { ImageClient } from '../../src/index.ts';
import { record } from '../../src/testing.ts';
import { loadCommands } from '../../src/cli/commands.ts';
import { run } from '../../src/cli/run.ts';
import type { Io } from '../../src/cli/command.ts';

await loadCommands(); // `whileTimePasses` counts turns of the event loop, and a busy machine needs many of them to load a file

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface World extends Partial<Omit<Io, 'stdin' | 'stdout' | 'stderr'>> {
  /** The standard input; undefined if it is a terminal. */
  readonly stdin?: string;
  /** The text that is typed at the terminal. */
  readonly answer?: string;
  /** Which outputs are terminals; they have 24 rows, and the given number of columns or 80. */
  readonly terminals?: ReadonlyArray<'stdout' | 'stderr'>;
  readonly columns?: number;
  /** Receives what is written to stdout, instead of collecting it. */
  readonly write?: (data: string | Uint8Array) => Promise<void>;
}

/** Runs `longshore` with those arguments against the engine there. */
export async function longshore(host: string, argv: readonly string[], world: World = {}): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const { stdin, answer, terminals = [], columns = 80, write, ...rest } = world;
  const output = (name: 'stdout' | 'stderr'): Io['stdout'] => ({
    isTerminal: terminals.includes(name),
    columns: () => columns,
    rows: () => 24,
    async write(data) {
      written[name] += typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
      if (name === 'stdout') await write?.(data);
    },
  });
  const code = await run(argv, {
    stdin: {
      isTerminal: stdin === undefined,
      bytes: () => chunksOf(stdin ?? ''),
      line: (signal) => typed(answer, signal),
      hiddenLine: (ready, signal) => {
        ready();
        return typed(answer, signal);
      },
    },
    stdout: output('stdout'),
    stderr: output('stderr'),
    signal: new AbortController().signal,
    color: false,
    debug: false,
    sourceDateEpoch: undefined,
    password: undefined,
    now: () => Date.UTC(2026, 0, 1),
    isFolder: (path) => stat(path).then((found) => found.isDirectory(), () => false),
    readText: (path) => readFile(path, 'utf8'),
    checkReadable: (path) => access(path),
    connect: async ({ host: other, onWarning }) => new ImageClient({ host: other ?? host, onWarning }),
    explain: (options) => ImageClient.explain({ ...options, environment: { HOME: '/nowhere', DOCKER_HOST: host } }),
    record: (file, { host: other, ...options }) => record(file, { ...options, host: other ?? host }),
    ...rest,
  });
  return { code, ...written };
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** What is typed at the terminal: the answer, or nothing until the signal is aborted. */
function typed(answer: string | undefined, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => (answer === undefined ? signal.addEventListener('abort', () => reject(signal.reason as Error)) : resolve(answer)));
}
