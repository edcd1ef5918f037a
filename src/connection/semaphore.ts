// Limits how many callers run at a time. The others wait in a queue: first come, first served.

import { Queue } from '../async/queue.ts';
import { Deadline } from './deadline.ts';

/** The time limit of a wait, in milliseconds, and the error for a wait that reaches it. */
export interface WaitLimit {
  readonly limitMs: number;
  error(): unknown;
}

/** A caller in the queue. If it has left, `start` is undefined and it is skipped later; removing it would take linear time. */
interface Waiter {
  start: (() => void) | undefined;
}

/** A counting semaphore. */
export class Semaphore {
  #free: number;
  readonly #waiters = new Queue<Waiter>();
  /** How often `#release` was called. */
  #releases = 0;

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Resolves as soon as this caller may run, with a function that releases the semaphore. Rejects with the signal's reason, or
   * with the error of `limit` if no caller releases the semaphore for `limitMs`. As long as callers release it, the wait goes on.
   */
  async acquire(signal: AbortSignal | undefined, limit?: WaitLimit): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal, limit);
    return () => this.#release();
  }

  #wait(signal: AbortSignal | undefined, limit: WaitLimit | undefined): Promise<void> {
    const waiter: Waiter = { start: undefined };
    let leave: (reason: unknown) => void = () => {};
    const turn = new Promise<void>((resolve, reject) => {
      waiter.start = resolve;
      leave = (reason) => {
        waiter.start = undefined;
        reject(reason);
      };
    });
    this.#waiters.add(waiter);
    let releases = this.#releases;
    const deadline = limit && new Deadline(limit.limitMs, () => {
      if (releases === this.#releases) return leave(limit.error());
      releases = this.#releases;
      deadline?.restart();
    });
    const onAbort = (): void => leave(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    return turn.finally(() => {
      deadline?.clear();
      signal?.removeEventListener('abort', onAbort);
    });
  }

  #release(): void {
    this.#releases++;
    for (let waiter; (waiter = this.#waiters.take()) !== undefined; ) if (waiter.start !== undefined) return waiter.start();
    this.#free++;
  }
}
