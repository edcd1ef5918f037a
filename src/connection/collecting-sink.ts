// Keeps small content in memory: JSON, and the bodies of errors.

import { isAscii } from 'node:buffer';
import { GrowingBytes, asBuffer, latin1 } from '../bytes.ts';
import type { ContentSink } from './transport.ts';

/**
 * Keeps up to `limit` bytes; if there are more, the exchange fails with the error that `tooLarge` returns. Nearly all JSON is
 * ASCII, which is kept as text: a buffer for its bytes would take an eighth of the time of a small call.
 */
export class CollectingSink implements ContentSink {
  readonly synchronous = true;
  readonly withinMs: number | undefined;
  readonly #limit: number;
  readonly #tooLarge: () => Error;
  #text = '';
  /** Replaces `#text` as soon as a byte is not ASCII. */
  #bytes: GrowingBytes | undefined;

  /** @param withinMs the time limit for the content, in milliseconds */
  constructor(limit: number, tooLarge: () => Error, withinMs?: number) {
    this.#limit = limit;
    this.#tooLarge = tooLarge;
    this.withinMs = withinMs;
  }

  write(view: Uint8Array): void {
    const free = this.#limit - (this.#bytes?.length ?? this.#text.length);
    const kept = view.length > free ? view.subarray(0, free) : view;
    if (this.#bytes === undefined && isAscii(kept)) {
      this.#text += asBuffer(kept).toString('latin1');
    } else {
      if (this.#bytes === undefined) (this.#bytes = new GrowingBytes()).append(latin1(this.#text));
      this.#bytes.append(kept);
    }
    if (kept !== view) throw this.#tooLarge();
  }

  /** Returns the content so far: as text if it is ASCII, else as bytes. */
  content(): string | Uint8Array {
    return this.#bytes?.view() ?? this.#text;
  }

  bytes(): Uint8Array {
    return this.#bytes?.view() ?? latin1(this.#text);
  }
}
