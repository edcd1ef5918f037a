// The end of a stream, kept because a daemon that fails halfway can only leave its message there.

import { asBuffer } from '../bytes.ts';
import { BYTES, check } from '../kinds.ts';

/** How much is kept for sure; dockerd's messages are one line. */
export const TAIL_SIZE = 4096;

/** The last bytes of a stream: all of them, or at least `TAIL_SIZE`. */
export class Tail {
  readonly #buffer = new Uint8Array(2 * TAIL_SIZE);
  #length = 0;

  /** Takes note of the bytes that follow; half of the buffer moves at a time, however few they are. */
  keep(view: Uint8Array): void {
    check(view, BYTES, 'keep', 'view');
    const last = view.length > TAIL_SIZE ? view.subarray(view.length - TAIL_SIZE) : view;
    if (this.#length + last.length > this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#length - TAIL_SIZE, this.#length);
      this.#length = TAIL_SIZE;
    }
    this.#buffer.set(last, this.#length);
    this.#length += last.length;
  }

  /**
   * The message of an error object at the very end: dockerd has answered 200 and streamed, and where that fails it
   * appends `{"errorDetail":{"message":...},"error":...}`, in place of a header block or amid an entry cut short.
   */
  daemonMessage(): string | undefined {
    const text = asBuffer(this.#buffer.subarray(0, this.#length)).toString('utf8');
    const start = text.lastIndexOf('{"error');
    return start < 0 ? undefined : messageOf(text.slice(start));
  }
}

function messageOf(json: string): string | undefined {
  try {
    const { errorDetail, error } = JSON.parse(json);
    const message = errorDetail?.message ?? error;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined; // content that only looked like it
  }
}
