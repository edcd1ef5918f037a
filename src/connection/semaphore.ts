// A number of places for those who take turns: first come, first served.

import { Queue } from '../async/queue.ts';
import { Deadline } from './deadline.ts';

/** How long to wait for a place to be given back, in milliseconds, and the error of the wait that took longer. */
export interface TurnLimit {
  readonly limitMs: number;
  error(): unknown;
}

/** A caller that waits; one that has left has no `begin`, and is passed over: looking for it would take time for each. */
interface Turn {
  begin: (() => void) | undefined;
}

/** Places of which so many can be taken at a time. */
export class Semaphore {
  #free: number;
  readonly #waiting = new Queue<Turn>();
  /** Places given back so far. */
  #moves = 0;

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Resolves when a place is taken, with what gives it back. Rejects with the signal's reason, and where no place was given
   * back for so long: a queue that moves is waited for, however long it is.
   */
  async take(signal: AbortSignal | undefined, limit?: TurnLimit): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal, limit);
    return () => this.#release();
  }

  /** Resolves when a place has been handed over. */
  #turn(signal: AbortSignal | undefined, limit: TurnLimit | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      let moves = this.#moves;
      const stopWaiting = (): void => {
        deadline?.clear();
        signal?.removeEventListener('abort', onAbort);
      };
      const onTurn = (): void => {
        stopWaiting();
        resolve();
      };
      const leave = (reason: unknown): void => {
        stopWaiting();
        turn.begin = undefined;
        reject(reason);
      };
      const onAbort = (): void => leave(signal?.reason);
      const onLimit = ({ error }: TurnLimit): void => {
        if (moves === this.#moves) return leave(error());
        moves = this.#moves;
        deadline?.restart();
      };
      const deadline = limit && new Deadline(limit.limitMs, () => onLimit(limit));
      signal?.addEventListener('abort', onAbort, { once: true });
      const turn: Turn = { begin: onTurn };
      this.#waiting.add(turn);
    });
  }

  #release(): void {
    this.#moves++;
    for (let turn; (turn = this.#waiting.take()) !== undefined; ) if (turn.begin !== undefined) return turn.begin();
    this.#free++;
  }
}
