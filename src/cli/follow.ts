// Shows a progress stream while it runs, and returns its result.

import type { ProgressEvent, ProgressStream } from '../index.ts';
import type { globalOptions, Io, Printer, Values } from './command.ts';
import { FRAME_MS, plainView, terminalView } from './progress-view.ts';

/**
 * Runs a stream to its end and returns its result. Shows its events on stderr; with `--json`, prints the events and then the
 * result. `repeatsResult` selects events that only repeat what the command prints as its result; they are not shown. `finish` may add to
 * the result.
 */
export async function follow<Result extends object, Finished extends object = Result>(
  stream: ProgressStream<Result>,
  { io, values, print }: AnyCall,
  repeatsResult: (event: ProgressEvent) => boolean = () => false,
  finish: (result: Result) => Finished | Promise<Finished> = (result) => result as unknown as Finished,
): Promise<Finished> {
  const quiet = values.quiet === true;
  if (!quiet && values.json === true) await printEvents(stream, print);
  else if (!quiet) await show(stream, io, repeatsResult);
  const result = await finish(await (quiet ? stream : stream.result()));
  if (values.json === true) await print.event({ type: 'result', ...result });
  return result;
}

/** The members that every `Call` has. */
interface AnyCall {
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
  repeatsResult: (event: ProgressEvent) => boolean,
): Promise<void> {
  const view = stderr.isTerminal ? terminalView(stderr) : plainView();
  const write = (text: string): void => void (text !== '' && stderr.write(text));
  // The view may delay an event until the next frame is due, so it is called even if no further event arrives.
  const timer = setInterval(() => write(view.tick(now())), FRAME_MS);
  try {
    for await (const event of stream) if (!repeatsResult(event)) write(view.take(event, now()));
  } finally {
    clearInterval(timer);
    write(view.finish());
  }
}
