// The engine's events about images, as an async iterable. Podman needs some of the arguments in another form.

import type { Engine } from './engine.ts';
import { EngineQueries } from './engine-queries.ts';
import { inStreamError } from '../api/api-error.ts';
import { encodeCall } from '../api/encode-call.ts';
import type { Arguments } from '../api/endpoints.ts';
import { mergeFilters, withStoredNames } from '../api/filters.ts';
import type { ImageEvent } from '../api/types/engine.ts';
import { readEvent } from '../api/normalize.ts';
import { JsonValueDecoder } from '../api/progress/json-stream.ts';
import { produceInto } from '../async/async-queue.ts';
import type { AsyncQueue } from '../async/async-queue.ts';
import type { ResponseReader } from '../connection/transport.ts';
import type { CallOptions } from './options.ts';

/** The events of an engine. Each loop over them makes its own call; leaving the loop ends the call. */
export function eventStream(engine: Engine, args: Arguments<'events'>, { signal, timeouts }: CallOptions): AsyncIterable<ImageEvent> {
  const { until = Infinity } = args;
  return {
    [Symbol.asyncIterator]: () =>
      produceInto(signal, () => new Error('the events are no longer read'), async (events: AsyncQueue<ImageEvent>, either) => {
        const options = { signal: either, timeouts };
        const call = encodeCall('events', await engineArguments(args, new EngineQueries(engine, options)));
        await engine.makeCall(call, options, eventReader(events, inSeconds(until)));
      }),
  };
}

function eventReader(events: AsyncQueue<ImageEvent>, until: number): ResponseReader {
  return (_, { summary }) => {
    const decoder = new JsonValueDecoder();
    return {
      synchronous: true,
      write(view) {
        decoder.push(view);
        for (let value; (value = decoder.next()) !== undefined; ) {
          const error = inStreamError(summary, value);
          if (error !== undefined) throw error;
          const event = readEvent(value);
          const { time, timeNano } = event;
          if (!((timeNano === undefined ? time : timeNano / 1e9) > until)) events.push(event);
        }
      },
      flush: () => events.drained(),
      end: () => decoder.end(),
    };
  };
}

/**
 * On Podman, `until` must be at least this many seconds in the future. Podman stops reading its log at that time; if the time has
 * passed, it stops before it has read anything and reports no error (4.3 and 5.4; with `stream=false` too). By default, the log has
 * at most 1 MB and is read within milliseconds.
 */
const PODMAN_READING_S = 2;

/** Actions that Podman's filters name differently. Podman 4.3 and 5.4 report a removal as "delete", and filter it as "remove". */
const podmanActions: ReadonlyMap<string, string> = new Map([
  ['delete', 'remove'],
  ['load', 'loadfromarchive'],
]);

/** Returns the arguments for which this engine sends the events that Docker sends for `args`. */
async function engineArguments(args: Arguments<'events'>, queries: EngineQueries): Promise<Arguments<'events'>> {
  const { until, filters } = args;
  if ((await queries.isPodman()) !== true) return { ...args, filters: filters && withStoredNames(filters, 'image', false) };
  const now = until === undefined ? undefined : await queries.clock();
  const { event, ...others } = mergeFilters(filters);
  const actions = event?.map((action) => podmanActions.get(action) ?? action);
  return {
    ...args,
    until: until === undefined || now === undefined ? until : Math.max(inSeconds(until), now + PODMAN_READING_S),
    filters: { ...others, ...(actions && { event: actions }) },
  };
}

function inSeconds(time: Date | number): number {
  return time instanceof Date ? time.getTime() / 1000 : time;
}
