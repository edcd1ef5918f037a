// Sinks that keep what comes, for answers that are small by nature: JSON, and the bodies of errors.

import { isAscii } from 'node:buffer';
import { GrowingBytes, asBuffer, latin1 } from '../bytes.ts';
import type { ContentSink } from './transport.ts';

/** Keeps up to `limit` bytes; where more come, `tooLarge` makes the error that ends the exchange. */
export class CollectingSink implements ContentSink {
  readonly synchronous = true;
  readonly withinMs: number | undefined;
  readonly #content = new GrowingBytes();
  readonly #limit: number;
  readonly #tooLarge: () => Error;

  constructor(limit: number, tooLarge: () => Error, withinMs?: number) {
    this.#limit = limit;
    this.#tooLarge = tooLarge;
    this.withinMs = withinMs;
  }

  write(view: Uint8Array): void {
    const room = this.#limit - this.#content.length;
    this.#content.append(view.length > room ? view.subarray(0, room) : view);
    if (view.length > room) throw this.#tooLarge();
  }

  /** All that came, up to the limit. */
  bytes(): Uint8Array {
    return this.#content.view();
  }
}

/**
 * The same for text. As long as it is ASCII, which nearly all JSON is, it becomes text as it comes: that takes neither memory
 * for the bytes nor a view of it, which were an eighth of the time of a small call.
 */
export class CollectingText implements ContentSink {
  readonly synchronous = true;
  readonly #limit: number;
  readonly #tooLarge: () => Error;
  #text = '';
  /** All of it, once a byte was none of ASCII. */
  #bytes: GrowingBytes | undefined;

  constructor(limit: number, tooLarge: () => Error) {
    this.#limit = limit;
    this.#tooLarge = tooLarge;
  }

  write(view: Uint8Array): void {
    const length = this.#bytes?.length ?? this.#text.length;
    if (view.length > this.#limit - length) throw this.#tooLarge();
    if (this.#bytes === undefined && isAscii(view)) {
      this.#text += asBuffer(view).toString('latin1');
      return;
    }
    if (this.#bytes === undefined) {
      this.#bytes = new GrowingBytes();
      this.#bytes.append(latin1(this.#text));
    }
    this.#bytes.append(view);
  }

  /** All that came: as text where it is ASCII, else as its bytes. */
  content(): string | Uint8Array {
    return this.#bytes?.view() ?? this.#text;
  }
}
