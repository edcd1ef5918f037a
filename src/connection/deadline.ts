// A timeout that does not count the time in which this process is stopped.
//
// After SIGSTOP, a suspended machine or a blocked event loop, an expired timer and an unread response may be pending at the same
// time, and Node runs the timer first. Therefore a limit is divided into parts, and a stop of any length uses up only one of them.
// After the last part, the event loop turns twice to read data that has arrived.

/** The number of parts. After a stop at the beginning, three quarters of the limit remain. */
const PARTS = 4;

/** Calls `onReached` once, when the limit is reached. */
export class Deadline {
  readonly #onReached: () => void;
  readonly #timer: NodeJS.Timeout;
  #partsLeft = PARTS;
  #turn: NodeJS.Immediate | undefined;

  constructor(limitMs: number, onReached: () => void) {
    this.#onReached = onReached;
    this.#timer = setTimeout(() => this.#endPart(), limitMs / PARTS);
  }

  /** Starts to count from the beginning again. Must not be called after `clear`. */
  restart(): void {
    clearImmediate(this.#turn);
    this.#partsLeft = PARTS;
    this.#timer.refresh();
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  }

  #endPart(): void {
    if (--this.#partsLeft > 0) this.#timer.refresh();
    // A child process needs two turns: the first reads the end of its output, the second reports its exit.
    else this.#turn = setImmediate(() => (this.#turn = setImmediate(this.#onReached)));
  }
}
