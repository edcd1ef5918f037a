// A progress stream on its way to the user, and its result.

import type { ProgressEvent, ProgressStream } from '../index.ts';
import type { globalOptions, Io, Printer, Values } from './command.ts';

/**
 * Runs the stream to its end; its events are shown on stderr, or with `--json` printed, the result as the last.
 * `saysResult`: which event says only what the command prints as its result.
 */
export async function follow<Result extends object>(
  stream: ProgressStream<Result>,
  { io, values, print }: Followed,
  saysResult: (event: ProgressEvent) => boolean = () => false,
): Promise<Result> {
  const quiet = values.quiet === true;
  if (!quiet && values.json === true) await printEvents(stream, print);
  else if (!quiet) await show(stream, io, saysResult);
  const result = await (quiet ? stream : stream.result());
  if (values.json === true) await print.event({ type: 'result', ...result });
  return result;
}

/** What every `Call` has, whatever its own options are. */
interface Followed {
  readonly io: Io;
  readonly values: Values<typeof globalOptions>;
  readonly print: Printer;
}

async function printEvents(stream: AsyncIterable<ProgressEvent>, print: Printer): Promise<void> {
  for await (const event of stream) if (event.type !== 'upload') await print.event(event);
}

async function show(
  stream: AsyncIterable<ProgressEvent>,
  { stderr, now }: Io,
  saysResult: (event: ProgressEvent) => boolean,
): Promise<void> {
  const { FRAME_MS, plainView, terminalView } = await import('./progress-view.ts'); // not for --quiet and --json
  const view = stderr.isTerminal ? terminalView(stderr) : plainView();
  const write = (text: string): void => void (text !== '' && stderr.write(text));
  // What came right after a frame waits for its time also when nothing follows it.
  const timer = setInterval(() => write(view.tick(now())), FRAME_MS);
  try {
    for await (const event of stream) if (!saysResult(event)) write(view.take(event, now()));
  } finally {
    clearInterval(timer);
    write(view.finish());
  }
}
