// The engine's events about images, as an endless async iterable.

import type { CallReader } from './engine.ts';
import { inStreamError } from './docker/answer.ts';
import { imageEvent } from './docker/normalise.ts';
import { JsonValueDecoder } from './docker/progress.ts';
import type { ImageEvent } from './docker/types.ts';
import { HandOff } from './hand-off.ts';
import type { StartCall } from './progress-stream.ts';

/** Each loop over it asks the engine anew, and leaving the loop ends that. */
export function eventStream(start: StartCall): AsyncIterable<ImageEvent> {
  return {
    [Symbol.asyncIterator]() {
      const left = new AbortController();
      const events = new HandOff<ImageEvent>(() => left.abort(new Error('nobody listens any more')));
      start(readerInto(events), left.signal).then(
        () => events.finish(),
        (error: unknown) => events.fail(error),
      );
      return events;
    },
  };
}

function readerInto(events: HandOff<ImageEvent>): CallReader {
  return (asked) => {
    const decoder = new JsonValueDecoder();
    return {
      synchronous: true,
      write(view) {
        decoder.push(view);
        for (let value; (value = decoder.next()) !== undefined; ) {
          const error = inStreamError(asked, value);
          if (error !== undefined) throw error;
          events.put(imageEvent(value as unknown as ImageEvent));
        }
      },
      flush: () => events.taken(),
      end: () => decoder.end(),
    };
  };
}
