// The world of a command as strings.

import { ImageClient } from '../../src/index.ts';
import { run } from '../../src/cli/run.ts';
import type { Io } from '../../src/cli/command.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface World extends Partial<Omit<Io, 'stdin' | 'stdout' | 'stderr'>> {
  /** What comes on standard input; undefined where that is a terminal. */
  readonly stdin?: string;
  /** Which outputs are terminals, of 80 by 24. */
  readonly terminals?: ReadonlyArray<'stdout' | 'stderr'>;
  /** In place of collecting what is written on stdout. */
  readonly write?: (data: string | Uint8Array) => Promise<void>;
}

/** Runs `longshore` with those arguments against the engine there. */
export async function longshore(host: string, argv: readonly string[], world: World = {}): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const { stdin, terminals = [], write, ...rest } = world;
  const output = (name: 'stdout' | 'stderr'): Io['stdout'] => ({
    isTerminal: terminals.includes(name),
    columns: () => 80,
    rows: () => 24,
    async write(data) {
      written[name] += typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
      if (name === 'stdout') await write?.(data);
    },
  });
  const code = await run(argv, {
    stdin: { isTerminal: stdin === undefined, bytes: () => chunksOf(stdin ?? '') },
    stdout: output('stdout'),
    stderr: output('stderr'),
    signal: new AbortController().signal,
    color: false,
    debug: false,
    now: () => Date.UTC(2026, 0, 1),
    connect: async ({ host: other, onWarning }) => new ImageClient({ host: other ?? host, onWarning }),
    explain: (options) => ImageClient.explain({ ...options, environment: { HOME: '/nowhere', DOCKER_HOST: host } }),
    ...rest,
  });
  return { code, ...written };
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
