// Growing delays between attempts, and a wait that an abort ends. Half of each delay is random ("equal jitter"), so that many
// clients that failed at the same time do not come back at the same time.

import { onceAborted } from './abort.ts';

/** How delays grow. */
export interface Delays {
  readonly firstDelayMs: number;
  /** Each delay is this many times the one before it. */
  readonly factor: number;
  readonly maxDelayMs: number;
  /** Returns a number from 0 to 1. */
  readonly random: () => number;
}

/** The delays of one series of attempts. */
export class Backoff {
  readonly #delays: Delays;
  #nextMs = 0;

  constructor(delays: Delays) {
    this.#delays = delays;
    this.restart();
  }

  /** Returns the next delay in whole milliseconds: half of it is fixed, the other half random. */
  next(): number {
    const { factor, maxDelayMs, random } = this.#delays;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(delayMs * factor, maxDelayMs);
    return Math.round((delayMs * (1 + random())) / 2);
  }

  /** Begins with the first delay again. */
  restart(): void {
    this.#nextMs = Math.min(this.#delays.firstDelayMs, this.#delays.maxDelayMs);
  }
}

/** Waits. An abort ends the wait at once, with the signal's reason. */
export function wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let remove = (): void => {};
    const timer = setTimeout(() => {
      remove();
      resolve();
    }, delayMs);
    if (signal === undefined) return;
    remove = onceAborted(signal, () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
