// `events({ reconnect: true })`: makes a new call when the connection is lost, and continues from the time of the last event. The engine
// sends events from that time again; those that have been passed on already are left out. All times are those of the engine's clock.
//
// Docker keeps the last 256 events of all kinds, and none over a restart (moby, daemon/events/events.go). So nothing is missing if it still
// has an event that is not later than the last one that has been passed on. Podman keeps its events in a log. Loaded on demand.

import type { Engine } from './engine.ts';
import { EngineQueries } from './engine-queries.ts';
import { inSeconds, readEvents, subscribe, timeOf } from './event-subscription.ts';
import { encodeCall } from '../api/encode-call.ts';
import type { Arguments } from '../api/endpoints.ts';
import type { ImageEvent, ReconnectedEvent } from '../api/types/engine.ts';
import type { AsyncQueue } from '../async/async-queue.ts';
import { Backoff, wait } from '../async/backoff.ts';
import { LongshoreError } from '../errors.ts';
import type { CallOptions } from './options.ts';
import { randomNumber } from '../system/random.ts';

const DELAYS = { firstDelayMs: 250, factor: 2, maxDelayMs: 30_000, random: randomNumber };

/** The idle timeout of the query for kept events, in milliseconds; an engine answers it at once. */
const QUERY_IDLE_MS = 30_000;

/**
 * How much earlier than the last event a further call begins, in milliseconds. Engines take the time of an event before they publish it, so
 * its successors may be older: Podman's log has such events whenever several clients are at work.
 */
const OVERLAP_MS = 5000;

/** The memory for events that the engine may send again, in characters: Docker keeps 256 events, of some hundred characters. */
const HISTORY_LIMIT: number = 1024 * 1024;

/** The events of one loop, over one connection after the other. */
export class EventFollower {
  readonly #engine: Engine;
  readonly #args: Arguments<'events'>;
  readonly #options: CallOptions;
  readonly #events: AsyncQueue<ImageEvent | ReconnectedEvent>;
  readonly #queries: EngineQueries;
  readonly #history: History;
  readonly #backoff = new Backoff(DELAYS);
  #delayMs = 0;
  #connectedAt: number | undefined;
  #lostAt: number | undefined;
  /** After a reconnection: settles when it is known whether events are missing. Until then, events are held. */
  #check: Promise<void> | undefined;
  #held: ImageEvent[] = [];

  constructor(engine: Engine, args: Arguments<'events'>, options: CallOptions, events: AsyncQueue<ImageEvent | ReconnectedEvent>) {
    this.#engine = engine;
    this.#args = args;
    this.#options = options;
    this.#events = events;
    this.#queries = new EngineQueries(engine, options);
    this.#history = new History(args.since);
  }

  /** Passes events on up to `until`, or up to an error that is not transient. The first call is not repeated if it is not accepted. */
  async run(onAccepted: () => void): Promise<void> {
    let since = this.#args.since;
    while (!(await this.#follow(since, onAccepted))) {
      await wait(this.#nextDelay(), this.#options.signal);
      since = this.#history.resume();
    }
  }

  /** Makes one call. Returns whether the events have ended; false if the connection was lost. */
  async #follow(since: Date | number | undefined, onAccepted: () => void): Promise<boolean> {
    try {
      await subscribe(this.#engine, { ...this.#args, since }, this.#options, {
        onAccepted: () => {
          this.#noteConnected();
          onAccepted();
        },
        onEvent: (event) => this.#take(event),
        flush: () => this.#check ?? this.#events.drained(),
      });
      return await this.#isOver();
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (this.#connectedAt === undefined || !(error instanceof LongshoreError && error.transient)) throw error;
      return false;
    } finally {
      await this.#check;
    }
  }

  #noteConnected(): void {
    this.#connectedAt = performance.now();
    if (this.#lostAt === undefined) return;
    const gapMs = Math.round(this.#connectedAt - this.#lostAt);
    this.#lostAt = undefined;
    this.#check = this.#isComplete().catch(() => false).then((complete) => {
      this.#events.push({ type: 'reconnected', gapMs, complete });
      for (const event of this.#held.splice(0)) this.#events.push(event);
      this.#check = undefined;
    });
  }

  #take(event: ImageEvent): void {
    if (!this.#history.isNew(event)) return;
    if (this.#check === undefined) this.#events.push(event);
    else this.#held.push(event);
  }

  /** Whether Docker still has an event that is not later than the last one that was passed on, or than the begin if there was none. */
  async #isComplete(): Promise<boolean> {
    const { lastMs } = this.#history; // before the events that are sent again change it
    if ((await this.#queries.isPodman()) === true) return true;
    if (lastMs === undefined) return false;
    let isKept = false;
    const call = encodeCall('events', { until: (Math.ceil(lastMs) + 1) / 1000 });
    const { signal, timeouts } = this.#options;
    await readEvents(this.#engine, call, { signal, timeouts: { idleMs: QUERY_IDLE_MS, ...timeouts } }, {
      onEvent: (event) => void (isKept ||= timeOf(event) <= lastMs),
    });
    return isKept;
  }

  /** Whether a response that ended properly was the last one: engines end it at `until`, but also when they stop. */
  async #isOver(): Promise<boolean> {
    const { until } = this.#args;
    if (until === undefined) return false;
    const now = await this.#queries.clock();
    return now === undefined || now >= inSeconds(until);
  }

  /** The delay before the next call. Delays begin anew after a connection that has lasted longer than the delay before it. */
  #nextDelay(): number {
    const now = performance.now();
    if (this.#lostAt === undefined && now - (this.#connectedAt ?? now) > this.#delayMs) this.#backoff.restart();
    this.#lostAt ??= now;
    return (this.#delayMs = this.#backoff.next());
  }
}

/** The events that have been passed on, as far back as the engine may send them again. */
class History {
  /** The time of the last event in milliseconds, or of the begin if there was none; undefined if it is not known. */
  lastMs: number | undefined;
  readonly #beginMs: number;
  /** Times and numbers of events, by their content. */
  readonly #passed = new Map<string, { readonly timeMs: number; count: number }>();
  #characters = 0;
  /** How often each event may be sent again in the current call; undefined during the first call. */
  #again: Map<string, number> | undefined;

  constructor(since: Date | number | undefined) {
    this.lastMs = since === undefined ? undefined : inSeconds(since) * 1000;
    this.#beginMs = this.lastMs ?? -Infinity;
  }

  /** Begins a further call, and returns its `since`. */
  resume(): number | undefined {
    this.#again = new Map([...this.#passed].map(([key, { count }]) => [key, count]));
    return this.lastMs === undefined ? undefined : sinceOf(this.lastMs);
  }

  /** Whether an event has not been passed on; it then counts as passed on. Of equal events, each is passed on once. */
  isNew(event: ImageEvent): boolean {
    const { time, timeNano = time, Action, Actor } = event;
    const key = JSON.stringify([timeNano, Action, Actor]);
    const again = this.#again?.get(key) ?? 0;
    if (again > 0) this.#again?.set(key, again - 1);
    const timeMs = timeOf(event);
    if (again > 0 || (this.#again !== undefined && timeMs < this.#beginMs)) return false;
    if (!Number.isNaN(timeMs)) this.lastMs = timeMs;
    this.#remember(key, timeMs);
    return true;
  }

  #remember(key: string, timeMs: number): void {
    const { count } = this.#passed.get(key) ?? { count: 0 };
    if (count === 0) this.#characters += key.length;
    this.#passed.set(key, { timeMs, count: count + 1 });
    const oldestMs = Math.floor(sinceOf(this.lastMs ?? 0)) * 1000; // an engine may read whole seconds only
    for (const [old, passed] of this.#passed) {
      if (passed.timeMs >= oldestMs && this.#characters <= HISTORY_LIMIT) break;
      this.#passed.delete(old);
      this.#characters -= old.length;
    }
  }
}

/** The `since` in seconds for a call that continues from a time in milliseconds. */
function sinceOf(timeMs: number): number {
  return Math.max(Math.floor(timeMs) - OVERLAP_MS, 0) / 1000;
}
