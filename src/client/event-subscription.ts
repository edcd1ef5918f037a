// One call of `/events`: its arguments, which Podman needs in another form, and the reader of its response.

import type { Engine } from './engine.ts';
import { EngineQueries } from './engine-queries.ts';
import { inStreamError } from '../api/api-error.ts';
import { encodeCall } from '../api/encode-call.ts';
import type { EncodedCall } from '../api/encode-call.ts';
import type { Arguments } from '../api/endpoints.ts';
import { mergeFilters, withStoredNames } from '../api/filters.ts';
import type { ImageEvent } from '../api/types/engine.ts';
import { readEvent } from '../api/normalize.ts';
import { JsonValueDecoder } from '../api/progress/json-stream.ts';
import type { ResponseReader } from '../connection/transport.ts';
import type { CallOptions } from './options.ts';

/** Receives the events of one call. */
export interface EventReceiver {
  /** The engine has accepted the call. */
  onAccepted?(): void;
  onEvent(event: ImageEvent): void;
  /** Resolves when more events may be read. */
  flush?(): Promise<void> | undefined;
}

/** Makes one call. Resolves when the engine ends the response. */
export async function subscribe(engine: Engine, args: Arguments<'events'>, options: CallOptions, receiver: EventReceiver): Promise<void> {
  const { until = Infinity } = args;
  const call = encodeCall('events', await engineArguments(args, new EngineQueries(engine, options)));
  await readEvents(engine, call, options, { ...receiver, onEvent: (event) => timeOf(event) / 1000 > inSeconds(until) || receiver.onEvent(event) });
}

/** Makes a call that is encoded already. */
export function readEvents(engine: Engine, call: EncodedCall, options: CallOptions, receiver: EventReceiver): Promise<void> {
  return engine.makeCall(call, options, eventReader(receiver));
}

function eventReader(receiver: EventReceiver): ResponseReader {
  return (_, { summary }) => {
    const decoder = new JsonValueDecoder();
    receiver.onAccepted?.();
    return {
      synchronous: true,
      write(view) {
        decoder.push(view);
        for (let value; (value = decoder.next()) !== undefined; ) {
          const error = inStreamError(summary, value);
          if (error !== undefined) throw error;
          receiver.onEvent(readEvent(value));
        }
      },
      flush: () => receiver.flush?.(),
      end: () => decoder.end(),
    };
  };
}

/** The time of an event in milliseconds since 1970; NaN if it has none. */
export function timeOf({ time, timeNano }: ImageEvent): number {
  return timeNano === undefined ? time * 1000 : timeNano / 1e6;
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

/** A time in seconds since 1970. */
export function inSeconds(time: Date | number): number {
  return time instanceof Date ? time.getTime() / 1000 : time;
}
