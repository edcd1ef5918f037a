// A sink that keeps what comes, for answers that are small by nature: JSON, and the bodies of errors.

import { ByteCollector } from '../bytes.ts';
import type { ContentSink } from './wire.ts';

/** Keeps up to `limit` bytes; where more come, `tooLarge` makes the error that ends the exchange. */
export class CollectingSink implements ContentSink {
  readonly synchronous = true;
  readonly #kept = new ByteCollector();
  readonly #limit: number;
  readonly #tooLarge: () => Error;

  constructor(limit: number, tooLarge: () => Error) {
    this.#limit = limit;
    this.#tooLarge = tooLarge;
  }

  write(view: Uint8Array): void {
    const room = this.#limit - this.#kept.length;
    this.#kept.append(view.subarray(0, room));
    if (view.length > room) throw this.#tooLarge();
  }

  /** All that came, up to the limit. */
  bytes(): Uint8Array {
    return this.#kept.bytes();
  }
}
