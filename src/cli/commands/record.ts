// longshore record: records the exchanges of a client with an engine on a tape.

import { ConfigError, FileError } from '../../index.ts';
import type { Recording, RecordingNote } from '../../testing.ts';
import { command, UsageError } from '../command.ts';
import type { Io } from '../command.ts';
import { line } from '../printer.ts';

export const record = command({
  name: 'record',
  summary: 'Record exchanges with the engine, to replay them in tests',
  usage: '-o FILE',
  operands: [0, 0],
  untilInterrupted: true,
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', help: 'Tape to write when Ctrl-C ends the recording' },
    listen: { type: 'string', value: 'PATH', help: 'Socket for the client; default: a new one' },
  },
  async run({ values, engine, io, print }) {
    const { output, listen, quiet, json } = values;
    if (output === undefined) throw new UsageError('missing file for the tape: give -o FILE');
    const say = (text: string): void => void (quiet === true || io.stderr.write(line(text)));
    const onNote = (note: RecordingNote): void => {
      // Other notes are problems: --quiet does not hide them.
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
      say(`recording exchanges with ${recording.engine}; Ctrl-C stops and writes ${output}`);
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

/** Writes the tape and returns the number of its requests. */
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
  if (count === 0) return failed('there was no request. Does the recorded program have this DOCKER_HOST?');
  await recording.close();
  return count;
}
