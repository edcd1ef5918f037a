// The engine's events about images, as an endless async iterable.

import type { AnswerReader } from '../connection/transport.ts';
import { inStreamError } from '../api/api-error.ts';
import type { ImageEvent } from '../api/types/engine.ts';
import { readEvent } from '../api/normalize.ts';
import { inSeconds } from '../api/podman-events.ts';
import { JsonValueDecoder } from '../api/progress/json-stream.ts';
import { AsyncQueue } from '../async/async-queue.ts';
import type { EventsOptions } from './options.ts';
import type { SendCall } from './progress-stream.ts';
import { withAnySignal } from '../async/abort.ts';

/** Each loop over it asks the engine anew, and leaving the loop ends that. What is later than `until` is left out. */
export function eventStream(
  start: SendCall,
  { until = Infinity, signal }: Pick<EventsOptions, 'until' | 'signal'>,
): AsyncIterable<ImageEvent> {
  return {
    [Symbol.asyncIterator]() {
      const left = new AbortController();
      const events = new AsyncQueue<ImageEvent>(() => left.abort(new Error('the events are no longer read')));
      const reader = readerInto(events, inSeconds(until));
      withAnySignal(signal, left.signal, (either) => start(reader, either)).then(
        () => events.end(),
        (error: unknown) => events.fail(error),
      );
      return events;
    },
  };
}

function readerInto(events: AsyncQueue<ImageEvent>, end: number): AnswerReader {
  return (_, { summary: asked }) => {
    const decoder = new JsonValueDecoder();
    return {
      synchronous: true,
      write(view) {
        decoder.push(view);
        for (let value; (value = decoder.next()) !== undefined; ) {
          const error = inStreamError(asked, value);
          if (error !== undefined) throw error;
          const event = readEvent(value);
          if (!(timeOf(event) > end)) events.push(event);
        }
      },
      flush: () => events.drained(),
      end: () => decoder.end(),
    };
  };
}

/** In seconds since 1970, as exactly as the engine says it. */
function timeOf({ time, timeNano }: ImageEvent): number {
  return timeNano === undefined ? time : timeNano / 1e9;
}
