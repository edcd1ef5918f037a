// `EventStream`, which `events` returns: the engine's events about images, as an async iterable. Each loop over it makes its own call.

import type { Engine } from './engine.ts';
import { EngineQueries } from './engine-queries.ts';
import { subscribe } from './event-subscription.ts';
import type { Arguments } from '../api/endpoints.ts';
import type { EventStream, ImageEvent, ReconnectedEvent } from '../api/types/engine.ts';
import { onceAborted } from '../async/abort.ts';
import { produceInto } from '../async/async-queue.ts';
import type { AsyncQueue } from '../async/async-queue.ts';
import type { EventsOptions } from './options.ts';

/** An event, or with `reconnect` also the note that the client is connected again. */
export type StreamedEvent = ImageEvent | ReconnectedEvent;

/** Returns the events of an engine. */
export function eventStream(engine: Engine, options: EventsOptions): EventStream<StreamedEvent> {
  let first: EventLoop | undefined;
  let isLooping = false;
  return {
    get ready() {
      first ??= new EventLoop(engine, options);
      first.isWatched = true;
      return first.accepted;
    },
    [Symbol.asyncIterator]() {
      const loop = (isLooping ? undefined : first) ?? new EventLoop(engine, options);
      isLooping = true;
      return (first ??= loop) && loop.events;
    },
  };
}

/** One loop over the events. */
class EventLoop {
  readonly accepted: Promise<void>;
  readonly events: AsyncQueue<StreamedEvent>;
  /** Whether somebody waits for `accepted`. */
  isWatched = false;
  #accept = (): void => {};

  constructor(engine: Engine, options: EventsOptions) {
    let fail = (_: unknown): void => {};
    this.accepted = new Promise((resolve, reject) => {
      this.#accept = resolve;
      fail = reject;
    });
    this.accepted.catch(() => {}); // the loop gets the error, too
    this.events = produceInto(options.signal, () => new Error('the events are no longer read'), async (_, signal) => {
      const remove = onceAborted(signal, () => fail(signal.reason));
      await this.#run(engine, { ...options, signal }).catch((error: unknown) => {
        fail(error);
        throw error;
      }).finally(remove);
    });
    if (options.signal?.aborted === true) fail(options.signal.reason);
  }

  async #run(engine: Engine, { reconnect = false, signal, timeouts, ...args }: EventsOptions): Promise<void> {
    const options = { signal, timeouts };
    const queries = new EngineQueries(engine, options);
    await queries.isPodman();
    const since = args.since ?? (reconnect || this.isWatched ? await beginning(args, queries) : undefined);
    const { events } = this;
    if (reconnect) {
      const { EventFollower } = await import('./reconnecting-events.ts');
      return new EventFollower(engine, { ...args, since }, options, events).run(this.#accept);
    }
    return subscribe(engine, { ...args, since }, options, {
      onAccepted: this.#accept, onEvent: (event) => events.push(event), flush: () => events.drained(),
    });
  }
}

/**
 * The engine's time now, from which a call without `since` gets its events. Engines send the head of the response before they subscribe
 * (Docker 20.10 to 29, Podman 4.3 to 6.1), so they would leave out an event of the time between. Undefined if the engine does not say it, or
 * for a call with `until`, for which Docker sends all past events that it has.
 */
async function beginning({ until }: Arguments<'events'>, queries: EngineQueries): Promise<number | undefined> {
  if (until !== undefined) return undefined;
  return queries.clock().catch(() => void queries.signal?.throwIfAborted() as undefined);
}
