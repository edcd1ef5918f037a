// The limits of time during one exchange: for the head of the answer, and for the engine's silence.

import { TimeoutError } from '../errors.ts';
import type { Timeouts } from './wire.ts';

/** What a timer of Node's can wait at most, in milliseconds: 24 days. */
export const LONGEST_TIMEOUT_MS: number = 2 ** 31 - 1;

/** The two timers; `expire` is told of the first that runs out. */
export class TimeLimits {
  readonly #timeouts: Timeouts;
  readonly #expire: (error: TimeoutError) => void;
  #headTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(timeouts: Timeouts, expire: (error: TimeoutError) => void) {
    this.#timeouts = timeouts;
    this.#expire = expire;
  }

  /** The request has been sent; `connecting`, as far as the channel knows: it may not even have a connection yet. */
  awaitHead(connecting: boolean): void {
    const { headMs, connectMs = LONGEST_TIMEOUT_MS } = this.#timeouts;
    if (headMs === undefined) return;
    // Where the connection is still in the making, its limit comes first; ssh keeps that one, and says more than we.
    const limitMs = Math.min(headMs + (connecting ? connectMs : 0), LONGEST_TIMEOUT_MS);
    // One timer for the whole head: neither a byte now and then nor interim answers extend it.
    this.#headTimer = setTimeout(() => {
      this.#expire(new TimeoutError(`no answer within ${limitMs} ms`, { limit: 'head', limitMs }));
    }, limitMs);
  }

  headCame(): void {
    clearTimeout(this.#headTimer);
  }

  /** From now on silence is the engine's. */
  startIdle(): void {
    const limitMs = this.#timeouts.idleMs;
    if (limitMs === undefined) return;
    this.#idleTimer = setTimeout(() => {
      this.#expire(new TimeoutError(`the engine sent nothing for ${limitMs} ms`, { limit: 'idle', limitMs }));
    }, limitMs);
  }

  bytesCame(): void {
    this.#idleTimer?.refresh();
  }

  /** Our own pause is nobody's idleness. */
  stopIdle(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined; // or `refresh()` would bring it back to life
  }

  stop(): void {
    this.headCame();
    this.stopIdle();
  }
}
