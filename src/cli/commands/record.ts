// longshore record: what a client and an engine say to each other goes on a tape.

import { ConfigError, FileError } from '../../index.ts';
import type { Recording, RecordingNote } from '../../testing.ts';
import { command, UsageError } from '../command.ts';
import type { Io } from '../command.ts';
import { line } from '../printer.ts';

export const record = command({
  name: 'record',
  summary: 'Record what a client and the engine say to each other, for tests to replay',
  usage: '-o FILE',
  operands: [0, 0],
  untilInterrupted: true,
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', help: 'The tape, written at the end: with Ctrl-C' },
    listen: { type: 'string', value: 'PATH', help: 'The socket for the client; default: a new one' },
  },
  async run({ values, engine, io, print }) {
    const { output, listen, quiet, json } = values;
    if (output === undefined) throw new UsageError('a tape goes into a file: give -o FILE');
    const say = (text: string): void => void (quiet === true || io.stderr.write(line(text)));
    const onNote = (note: RecordingNote): void => {
      // Not to know these would cost an hour.
      if (note.kind === 'request') say(note.message);
      else void io.stderr.write(line(`longshore record: ${note.message}`));
    };
    const onWarning = ({ message }: { readonly message: string }): void => {
      void io.stderr.write(line(`longshore record: warning: ${message}`));
    };
    const options = { ...engine, socketPath: listen, onNote, onWarning, signal: io.signal };
    const recording = await io.record(output, options).catch((error: unknown) => {
      const isUsage = error instanceof ConfigError && values.host !== undefined;
      throw isUsage ? new UsageError(error.message) : error;
    });
    try {
      if (json === true) await print.event({ host: recording.host, engine: recording.engine });
      else await print.text(line(`DOCKER_HOST=${recording.host}`));
      say(`what is said there goes to ${recording.engine}, and is recorded; Ctrl-C ends it and writes ${output}`);
      await interrupted(io);
      const requests = await written(recording, output);
      if (json === true) await print.event({ type: 'result', tape: output, requests });
      else say(`wrote ${output}: ${requests} ${requests === 1 ? 'request' : 'requests'}`);
    } finally {
      await recording.discard();
    }
  },
});

function interrupted({ signal }: Io): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** How many requests are on the tape. */
async function written(recording: Recording, path: string): Promise<number> {
  const failed = (why: string): never => {
    throw new FileError(`nothing was written to ${path}: ${why}`, { path });
  };
  let count: number;
  try {
    count = recording.requests().length;
  } catch (error) {
    return failed((error as Error).message);
  }
  if (count === 0) return failed(`nobody asked anything; was DOCKER_HOST given to the program that is recorded?`);
  await recording.close();
  return count;
}
