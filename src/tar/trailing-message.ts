// Keeps the end of an archive stream. If dockerd fails after it has sent status 200, it appends its error message to the stream.

import { asBuffer } from '../bytes.ts';
import { BYTES, check } from '../kinds.ts';

/** The part of the end that is always kept, in bytes. dockerd's messages are one line. */
export const TAIL_SIZE = 4096;

/** Keeps the last bytes of a stream: all of them, or at least `TAIL_SIZE`. */
export class Tail {
  readonly #buffer = new Uint8Array(2 * TAIL_SIZE);
  #length = 0;

  /** Copies the end of the next bytes. A full buffer drops its first half, so even small pieces rarely move it. */
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
   * The message of an error object at the very end, `{"errorDetail":{"message":...},"error":...}`; undefined if there is
   * none. dockerd writes it where a header block should be, or in the middle of an entry.
   */
  daemonMessage(): string | undefined {
    const text = asBuffer(this.#buffer.subarray(0, this.#length)).toString('utf8');
    const start = text.lastIndexOf('{"error');
    if (start < 0) return undefined;
    try {
      const { errorDetail, error } = JSON.parse(text.slice(start));
      const message = errorDetail?.message ?? error;
      return typeof message === 'string' ? message : undefined;
    } catch {
      return undefined; // content of an entry that looked like an error object
    }
  }
}
