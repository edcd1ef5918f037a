// The limits of time during one exchange: for the head of the answer, and for the engine's silence.

import { TimeoutError } from '../errors.ts';
import type { Timeouts } from './wire.ts';

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

  /** The request has been sent. One timer for the whole head: neither a byte now and then nor interim answers extend it. */
  awaitHead(): void {
    const limitMs = this.#timeouts.headMs;
    if (limitMs === undefined) return;
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
