// A limit of time that counts only while this process runs.
//
// A process that was stopped (SIGSTOP, a suspended machine), or whose event loop was held by other work, finds the
// expired timer and the unread answer in the same moment, and Node runs the timer first. Therefore a limit is counted in
// parts: a stop of any length uses up one part. Behind the last part the event loop turns twice, and reads what has come,
// before the limit counts as reached.

/** Parts of a limit; after a stop at its beginning, three quarters of it are left. */
const PARTS = 4;

/** Calls back once, when the limit is reached; until then it can be restarted, and cleared at any time. */
export class Deadline {
  readonly #reached: () => void;
  readonly #timer: NodeJS.Timeout;
  #partsLeft = PARTS;
  #turn: NodeJS.Immediate | undefined;

  constructor(limitMs: number, reached: () => void) {
    this.#reached = reached;
    this.#timer = setTimeout(() => this.#partIsOver(), limitMs / PARTS);
  }

  /** Counts from the beginning again. Not to be called after `clear`. */
  restart(): void {
    clearImmediate(this.#turn);
    this.#partsLeft = PARTS;
    this.#timer.refresh();
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  }

  #partIsOver(): void {
    if (--this.#partsLeft > 0) this.#timer.refresh();
    // A program takes two turns: the first reads the end of its output, the second tells that it has exited.
    else this.#turn = setImmediate(() => (this.#turn = setImmediate(this.#reached)));
  }
}
