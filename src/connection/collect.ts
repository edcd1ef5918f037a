// A sink that keeps what comes, for answers that are small by nature: JSON, and the bodies of errors.

import { concat, copyOf } from '../bytes.ts';
import type { ContentSink } from './wire.ts';

/** Keeps up to `limit` bytes; where more come, `tooLarge` makes the error that ends the exchange. */
export class CollectingSink implements ContentSink {
  readonly synchronous = true;
  readonly #blocks: Uint8Array[] = [];
  readonly #limit: number;
  readonly #tooLarge: () => Error;
  #length = 0;

  constructor(limit: number, tooLarge: () => Error) {
    this.#limit = limit;
    this.#tooLarge = tooLarge;
  }

  write(view: Uint8Array): void {
    const room = this.#limit - this.#length;
    this.#blocks.push(copyOf(view.subarray(0, room))); // the view is borrowed
    this.#length += Math.min(view.length, room);
    if (view.length > room) throw this.#tooLarge();
  }

  /** All that came, up to the limit. */
  bytes(): Uint8Array {
    return this.#blocks.length === 1 && this.#blocks[0] ? this.#blocks[0] : concat(this.#blocks);
  }
}
