// How one exchange ends: with its response, an error, an abort of the caller, or a timeout. The first of them decides.
//
// There are three timeouts: for the head of the response, for its content, and for an engine that neither sends nor accepts a
// byte. The last one does not count while the engine waits for us.

import { TimeoutError } from '../errors.ts';
import { Deadline, RepeatedDeadline } from './deadline.ts';
import type { EngineRequest } from './engine-request.ts';

/** The longest delay of a Node timer, in milliseconds: 24 days. */
export const LONGEST_TIMEOUT_MS: number = 2 ** 31 - 1;

/** The outcome of one exchange. */
export class ExchangeOutcome {
  /** Resolves at the end of the response, with `true` if the connection may be reused. Rejects with the error. */
  readonly done: Promise<boolean>;
  /** True as soon as the outcome is fixed; callbacks of `done` run later. */
  settled = false;
  #resolve!: (reusable: boolean) => void;
  #reject!: (error: unknown) => void;
  readonly #request: EngineRequest;
  readonly #onSettled: () => void;
  readonly #head: RepeatedDeadline;
  #content: Deadline | undefined;
  #idle: Deadline | undefined;
  #waitingForReader = false;
  #waitingForSource = false;
  #requestSent = false;
  #onAbort: (() => void) | undefined;

  /**
   * @param onSettled called once, when the outcome is fixed
   * @param head the timeout for the head, which the exchanges of a connection share
   */
  constructor(request: EngineRequest, onSettled: () => void, head: RepeatedDeadline) {
    this.#request = request;
    this.#onSettled = onSettled;
    this.#head = head;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Starts to listen to the signal, and starts the idle timeout. */
  start(): void {
    this.#request.signal?.addEventListener('abort', (this.#onAbort = () => this.fail(this.#request.signal?.reason)), { once: true });
    this.#restartIdle();
  }

  succeed(reusable: boolean): void {
    if (this.#settle()) this.#resolve(reusable);
  }

  fail(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  onData(): void {
    this.#idle?.restart();
  }

  /** The request has been sent: starts the timeout for the head. If the channel is connecting, there may be no connection yet. */
  awaitHead({ connecting = false, hasHandle = false }: { readonly connecting?: boolean; readonly hasHandle?: boolean }): void {
    this.#requestSent = true;
    const { headMs, connectMs = LONGEST_TIMEOUT_MS } = this.#request.timeouts;
    if (headMs === undefined || this.settled) return;
    // ssh itself enforces `connectMs`, and its error is more precise. So this timeout must not come first.
    const limitMs = Math.min(headMs + (connecting ? connectMs : 0), LONGEST_TIMEOUT_MS);
    // One timer for the whole head: neither single bytes nor interim responses extend it.
    this.#head.start(limitMs, () => this.#expire(`no response within ${limitMs} ms`, 'head', limitMs), !hasHandle);
  }

  /** The head is complete: starts the timeout for the whole content, if its sink has one. */
  onHead(contentMs: number | undefined): void {
    this.#head.pause();
    if (contentMs === undefined || this.settled) return;
    const message = `the content of the response did not end within ${contentMs} ms`;
    this.#content = new Deadline(contentMs, () => this.#expire(message, 'idle', contentMs));
  }

  /** Sets whether the engine waits until our reader has used the last bytes. */
  setWaitingForReader(waiting: boolean): void {
    this.#waitingForReader = waiting;
    this.#restartIdle();
  }

  /** Sets whether the engine waits until the source of our content supplies the next bytes. */
  setWaitingForSource(waiting: boolean): void {
    this.#waitingForSource = waiting;
    this.#restartIdle();
  }

  #restartIdle(): void {
    this.#idle?.clear();
    this.#idle = undefined; // a cleared deadline must not be restarted
    const limitMs = this.#request.timeouts.idleMs;
    if (limitMs === undefined || this.settled || this.#waitingForReader || this.#waitingForSource) return;
    this.#idle = new Deadline(limitMs, () => {
      const did = this.#requestSent ? 'sent nothing' : 'neither sent nor accepted a byte';
      this.#expire(`the engine ${did} for ${limitMs} ms`, 'idle', limitMs);
    });
  }

  #expire(message: string, limit: 'head' | 'idle', limitMs: number): void {
    this.fail(new TimeoutError(message, { limit, limitMs }));
  }

  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.#head.pause();
    this.#content?.clear();
    this.#idle?.clear();
    if (this.#onAbort !== undefined) this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.#onSettled();
    return true;
  }
}
