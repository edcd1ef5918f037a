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
  #paused = false;
  #turn: NodeJS.Immediate | undefined;

  constructor(limitMs: number, onReached: () => void) {
    this.#onReached = onReached;
    this.#timer = setTimeout(() => this.#endPart(), limitMs / PARTS);
  }

  /** Starts to count from the beginning again. Must not be called after `clear`. */
  restart(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#partsLeft = PARTS;
    if (this.#paused) this.#timer.ref();
    this.#paused = false;
    this.#timer.refresh();
  }

  /** Stops to count until `restart`. The timer stays, but does not keep the process running. */
  pause(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#paused = true;
    this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  }

  #endPart(): void {
    if (this.#paused) return;
    if (--this.#partsLeft > 0) this.#timer.refresh();
    // A child process needs two turns: the first reads the end of its output, the second reports its exit.
    else this.#turn = setImmediate(() => (this.#turn = setImmediate(this.#onReached)));
  }
}

/**
 * The same limit for one exchange of a connection after the other. Its timer is kept between them: if a timer is the only one of
 * its duration, Node makes and removes a list for it, which took a tenth of the time of a small call.
 */
export class RepeatedDeadline {
  #deadline: Deadline | undefined;
  #limitMs = 0;
  #onReached: () => void = () => {};

  start(limitMs: number, onReached: () => void): void {
    this.#onReached = onReached;
    if (this.#deadline !== undefined && limitMs === this.#limitMs) return this.#deadline.restart();
    this.clear();
    this.#limitMs = limitMs;
    this.#deadline = new Deadline(limitMs, () => this.#onReached());
  }

  pause(): void {
    this.#deadline?.pause();
  }

  clear(): void {
    this.#deadline?.clear();
    this.#deadline = undefined;
  }
}
