// The limits of time during one exchange: for the head of the answer, and for the engine's silence.

import { TimeoutError } from '../errors.ts';
import { Deadline } from './deadline.ts';
import type { Timeouts } from './engine-request.ts';

/** What a timer of Node's can wait at most, in milliseconds: 24 days. */
export const LONGEST_TIMEOUT_MS: number = 2 ** 31 - 1;

/** The two timers; `expire` is told of the first that runs out. */
export class TimeLimits {
  readonly #timeouts: Timeouts;
  readonly #expire: (error: TimeoutError) => void;
  #head: Deadline | undefined;
  #idle: Deadline | undefined;
  readonly #ours = { reading: false, sending: false };
  #requestSent = false;
  #stopped = false;

  constructor(timeouts: Timeouts, expire: (error: TimeoutError) => void) {
    this.#timeouts = timeouts;
    this.#expire = expire;
  }

  /** The request has been sent; `connecting`, as far as the channel knows: it may not even have a connection yet. */
  awaitHead(connecting: boolean): void {
    this.#requestSent = true;
    const { headMs, connectMs = LONGEST_TIMEOUT_MS } = this.#timeouts;
    if (headMs === undefined) return;
    // Where the connection is still in the making, its limit comes first; ssh keeps that one, and says more than we.
    const limitMs = Math.min(headMs + (connecting ? connectMs : 0), LONGEST_TIMEOUT_MS);
    // One timer for the whole head: neither a byte now and then nor interim answers extend it.
    this.#head = new Deadline(limitMs, () => {
      this.#expire(new TimeoutError(`no answer within ${limitMs} ms`, { limit: 'head', limitMs }));
    });
  }

  headCame(): void {
    this.#head?.clear();
  }

  /** The head has come, and the content must end within so many milliseconds, where its reader says so. */
  contentWithin(limitMs: number | undefined): void {
    if (limitMs === undefined) return;
    this.#head = new Deadline(limitMs, () => {
      this.#expire(new TimeoutError(`the content of the answer did not end within ${limitMs} ms`, { limit: 'idle', limitMs }));
    });
  }

  /** From now on silence is the engine's, but while we wait. */
  startIdle(): void {
    this.#idle?.clear();
    this.#idle = undefined; // or `restart()` would bring it back to life
    const limitMs = this.#timeouts.idleMs;
    if (limitMs === undefined || this.#stopped || this.#ours.reading || this.#ours.sending) return;
    this.#idle = new Deadline(limitMs, () => {
      const what = this.#requestSent ? 'sent nothing' : 'took nothing and sent nothing';
      this.#expire(new TimeoutError(`the engine ${what} for ${limitMs} ms`, { limit: 'idle', limitMs }));
    });
  }

  bytesCame(): void {
    this.#idle?.restart();
  }

  /** Whether this side makes the engine wait, by reading or by having nothing to send: that is nobody's idleness. */
  wait(what: 'reading' | 'sending', waiting: boolean): void {
    this.#ours[what] = waiting;
    this.startIdle();
  }

  stop(): void {
    this.#stopped = true;
    this.headCame();
    this.startIdle();
  }
}
