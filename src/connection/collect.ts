// A sink that keeps what comes, for answers that are small by nature: JSON, and the bodies of errors.

import { GrowingBytes } from '../bytes.ts';
import type { ContentSink } from './wire.ts';

/** Keeps up to `limit` bytes; where more come, `tooLarge` makes the error that ends the exchange. */
export class CollectingSink implements ContentSink {
  readonly synchronous = true;
  readonly #content = new GrowingBytes();
  readonly #limit: number;
  readonly #tooLarge: () => Error;

  constructor(limit: number, tooLarge: () => Error) {
    this.#limit = limit;
    this.#tooLarge = tooLarge;
  }

  write(view: Uint8Array): void {
    const room = this.#limit - this.#content.length;
    this.#content.append(view.subarray(0, room));
    if (view.length > room) throw this.#tooLarge();
  }

  /** All that came, up to the limit. */
  bytes(): Uint8Array {
    return this.#content.view();
  }
}
