// Bytes and their texts: what http/, tar/ and docker/ share, and nothing that knows any of them.

import { Buffer } from 'node:buffer';
import type { Hash } from 'node:crypto';

/**
 * What stands where a text was cut. By its number, as below: bundlers write a literal as the character itself, and V8 then
 * holds all of their file in two bytes a character, which is 9 of 36 ms in importing it.
 */
export const ELLIPSIS: string = String.fromCodePoint(0x2026);
/** What decoders put for bytes that are no UTF-8. */
const REPLACEMENT = String.fromCodePoint(0xfffd);

/** The same memory as a Buffer, whose `latin1Slice` is stable where `TextDecoder("latin1")` differs between Nodes. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A copy. Not `bytes.slice()`: where the bytes are a Buffer, that is a view of the same memory. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** One block with the bytes of all of them; always a copy. */
export function concat(blocks: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const block of blocks) length += block.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const block of blocks) {
    whole.set(block, offset);
    offset += block.length;
  }
  return whole;
}

/** Bytes that come in pieces, kept in memory that grows as they do: a piece of one byte costs one byte. */
export class GrowingBytes {
  length = 0;
  #memory: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** Takes a copy: the piece may be borrowed. */
  append(piece: Uint8Array): void {
    const length = this.length + piece.length;
    if (length > this.#memory.length) {
      // Every byte of it is written before it is shown; what is small comes out of Node's pool.
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#memory.length));
      if (this.length > 0) grown.set(this.view());
      this.#memory = grown;
    }
    this.#memory.set(piece, this.length);
    this.length = length;
  }

  /** All of them; the memory is theirs, and stays as it is until more come. */
  view(): Uint8Array {
    return this.length === this.#memory.length ? this.#memory : this.#memory.subarray(0, this.length);
  }
}

/** The text as UTF-8. */
export function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

/** One byte for each character; the caller vouches that none is above U+00FF. */
export function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** The bytes as UTF-8 text; throws a TypeError where they are none, for nothing may turn into U+FFFD unseen. */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = asBuffer(bytes).toString('utf8');
  // Buffer's decoder is several times faster, and puts U+FFFD for what is wrong: only then ask the strict one.
  return text.includes(REPLACEMENT) ? strictUtf8.decode(bytes) : text;
}
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * base64url WITH padding, as Go's `base64.URLEncoding` reads it. Node's own `"base64url"` leaves the padding out,
 * and a Docker daemon ignores such a header without a word: the pull then is anonymous.
 */
export function base64UrlPadded(text: string): string {
  return utf8(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** The digest algorithms of the OCI image-spec, "Registered algorithms", and SHA-384, which Go's library knows as well. */
export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** Makes a running hash; SHA-256 unless told otherwise. */
export type MakeHash = (algorithm?: DigestAlgorithm) => Hash;

/** The built-in is loaded by the first who asks: it is a fifth of what importing the library in one file takes. */
export async function hashMaker(): Promise<MakeHash> {
  const { createHash } = await import('node:crypto');
  return (algorithm = 'sha256') => createHash(algorithm);
}

/** The text without those of the characters that it ends with. `replace(/x+$/, '')` takes quadratic time for that. */
export function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] as string)) end--;
  return text.slice(0, end);
}

/** At most `limit` bytes for an error message: printable ASCII as it is, the rest as `\xHH`. */
export function escapeBytes(bytes: Uint8Array, limit = 64): string {
  let text = '';
  for (const byte of bytes.subarray(0, limit)) {
    const printable = byte >= 0x20 && byte <= 0x7e && byte !== 0x22 && byte !== 0x5c;
    text += printable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return bytes.length > limit ? text + ELLIPSIS : text;
}

/** Whether a text has UTF-8: half of a surrogate pair has none, and every encoder writes U+FFFD in its place. */
export function hasUtf8(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** The text with control, bidirectional and lone-surrogate characters as `\u{...}`: safe in a message, on a terminal. */
export function escapeText(text: string): string {
  return text.replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
// Cc, Cf (which holds the bidirectional controls), Cs (lone surrogates), and the two separators that break lines.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Whether the memory of bytes was transferred, to a worker for example. `ArrayBuffer.prototype.detached` came with Node 22. */
export function isDetached({ buffer }: Uint8Array): boolean {
  try {
    return new Uint8Array(buffer, 0, 0).length > 0;
  } catch {
    return true;
  }
}
