// A timeout that does not count the time in which this process is stopped.
//
// After SIGSTOP, a suspended machine or a blocked event loop, an expired timer and an unread response may be pending at the same
// time, and Node runs the timer first. Therefore a limit is divided into parts, and a stop of any length uses up only one of them.

/** The number of parts. After a stop at the beginning, three quarters of the limit remain. */
const PARTS = 4;

/** Calls `onReached` once, when the limit is reached. */
export class Deadline {
  readonly #onReached: () => void;
  readonly #timer: NodeJS.Timeout;
  #partsLeft = PARTS;
  #turn: NodeJS.Immediate | undefined;

  /** @param keepsRunning whether it keeps the process running */
  constructor(limitMs: number, onReached: () => void, keepsRunning = true) {
    this.#onReached = onReached;
    this.#timer = setTimeout(() => this.#endPart(), Math.ceil(limitMs / PARTS)); // Node rounds down
    if (!keepsRunning) this.#timer.unref();
  }

  /** Starts to count from the beginning again. Must not be called after `clear`. */
  restart(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#partsLeft = PARTS;
    this.#timer.refresh();
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  }

  #endPart(): void {
    if (--this.#partsLeft > 0) this.#timer.refresh();
    // The first turn reads what has arrived, also the end of a child process's output; the second reports its exit.
    else this.#turn = setImmediate(() => (this.#turn = setImmediate(this.#onReached)));
  }
}

/**
 * A limit that starts for each exchange or idle time of a connection. A start only notes the time, because a timer for each took a tenth
 * of the time of a small call. One timer runs for a quarter of the limit. If a start counts then, it makes a `Deadline` for the rest.
 */
export class RepeatedDeadline {
  #limitMs = 0;
  #onReached: (() => void) | undefined;
  #startedAt = 0;
  #keepsRunning = false;
  #timer: NodeJS.Timeout | undefined;
  #deadline: Deadline | undefined;

  /** Starts to count. `keepsRunning`: until `pause`, it keeps the process running. */
  start(limitMs: number, onReached: () => void, keepsRunning = false): void {
    if (limitMs !== this.#limitMs || this.#deadline !== undefined) this.clear();
    this.#limitMs = limitMs;
    this.#onReached = onReached;
    this.#startedAt = this.#timer === undefined ? -Infinity : performance.now(); // -Infinity: it starts with the timer
    this.#keepsRunning = keepsRunning;
    this.#timer ??= setTimeout(this.#look, limitMs / PARTS).unref();
    if (keepsRunning) this.#timer.ref();
  }

  /** Stops to count until the next `start`. */
  pause(): void {
    this.#onReached = undefined;
    if (this.#deadline !== undefined) this.clear();
    else if (this.#keepsRunning) this.#timer?.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#deadline?.clear();
    this.#timer = this.#deadline = undefined;
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const onReached = this.#onReached;
    if (onReached === undefined) return;
    // At most the time of the timer: the process may have been stopped since.
    const elapsedMs = Math.min(performance.now() - this.#startedAt, this.#limitMs / PARTS);
    this.#deadline = new Deadline(this.#limitMs - elapsedMs, onReached, this.#keepsRunning);
  };
}
