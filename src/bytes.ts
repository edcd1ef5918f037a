// Helpers for bytes and text that every folder shares: conversions, base64url with padding, escaping for messages, hashes.
// They do not depend on HTTP, tar or Docker.

import { Buffer } from 'node:buffer';
import type { Hash } from 'node:crypto';

/**
 * The truncation marker of texts. It is made from its code point because a bundler writes a literal as the character itself:
 * V8 then stores the whole file with two bytes per character, which costs a quarter of the time to import the library.
 */
export const ELLIPSIS: string = String.fromCodePoint(0x2026);
/** Shown in errors, logs and tapes in place of a secret. */
export const REDACTED = '[redacted]';
/** The character that decoders write for bytes that are not UTF-8. */
const REPLACEMENT = String.fromCodePoint(0xfffd);

/** The same memory as a Buffer. Its `latin1Slice` is stable; `TextDecoder("latin1")` differs between versions of Node. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Copies the bytes. (If they are a Buffer, `bytes.slice()` does not copy them: it returns a view of the same memory.) */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Joins the blocks into a new one; the result never shares their memory. */
export function concat(blocks: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const block of blocks) length += block.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const block of blocks) {
    joined.set(block, offset);
    offset += block.length;
  }
  return joined;
}

/** A byte buffer that grows by doubling, so that appending is linear even for pieces of one byte. */
export class GrowingBytes {
  length = 0;
  #memory: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  append(piece: Uint8Array): void {
    const length = this.length + piece.length;
    if (length > this.#memory.length) {
      // Uninitialised memory is safe: `view` shows only bytes that were written.
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#memory.length));
      if (this.length > 0) grown.set(this.view());
      this.#memory = grown;
    }
    this.#memory.set(piece, this.length);
    this.length = length;
  }

  /** Returns all bytes without copying them. Later calls of `append` do not change the returned bytes. */
  view(): Uint8Array {
    return this.length === this.#memory.length ? this.#memory : this.#memory.subarray(0, this.length);
  }
}

/** The text as UTF-8. */
export function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

/** Encodes each character as one byte. The caller ensures that no character is above U+00FF. */
export function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Decodes UTF-8. Throws a TypeError for invalid bytes, because U+FFFD in their place would hide the damage. */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = asBuffer(bytes).toString('utf8');
  // Buffer's decoder is several times faster. The strict one is only needed to distinguish a real U+FFFD from an error.
  return text.includes(REPLACEMENT) ? strictUtf8.decode(bytes) : text;
}
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * base64url WITH padding, as Go's `base64.URLEncoding` reads it. Node's own `"base64url"` omits the padding; a Docker daemon
 * ignores such a header without an error, and the pull is anonymous.
 */
export function base64UrlPadded(text: string): string {
  return utf8(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** The digest algorithms that the OCI image-spec registers, and SHA-384, which Go's digest library accepts too. */
export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** Creates a hash; SHA-256 by default. */
export type CreateHash = (algorithm?: DigestAlgorithm) => Hash;

/** Loads `node:crypto` at first use: loading it takes a fifth of the time that importing the library takes. */
export async function loadCreateHash(): Promise<CreateHash> {
  const { createHash } = await import('node:crypto');
  return (algorithm = 'sha256') => createHash(algorithm);
}

/** Removes the given characters from the end of a text. `replace(/x+$/, '')` would take quadratic time. */
export function withoutTrailing(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] as string)) end--;
  return text.slice(0, end);
}

/** Escapes at most `limit` bytes for an error message: printable ASCII stays unchanged, other bytes become `\xHH`. */
export function escapeBytes(bytes: Uint8Array, limit = 64): string {
  let text = '';
  for (const byte of bytes.subarray(0, limit)) {
    const printable = byte >= 0x20 && byte <= 0x7e && byte !== 0x22 && byte !== 0x5c;
    text += printable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return bytes.length > limit ? text + ELLIPSIS : text;
}

/** The text, cut to `limit` characters with an ellipsis at the end if it is longer. */
export function truncateText(text: string, limit: number): string {
  return text.length > limit ? text.slice(0, limit - 1) + ELLIPSIS : text;
}

/** Whether the text has no unpaired surrogate. UTF-8 encoders would replace one by U+FFFD. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Writes control, bidirectional and lone-surrogate characters as `\u{...}`, so that the text is safe on a terminal. */
export function escapeText(text: string): string {
  return text.replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
// Cc, Cf (which holds the bidirectional controls), Cs (lone surrogates), and the two separators that break lines.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Whether the memory of the bytes was transferred, to a worker for example. `ArrayBuffer.prototype.detached` needs Node 22. */
export function isDetached({ buffer }: Uint8Array): boolean {
  try {
    return new Uint8Array(buffer, 0, 0).length > 0;
  } catch {
    return true;
  }
}
