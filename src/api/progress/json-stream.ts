// Decodes a stream of JSON objects from bytes that may be split anywhere.
//
// Most engines write one object per line, ended by CRLF or LF. The decoder first tries a whole line as one object, which is fast.
// Some engines write nothing between two objects; then the end of an object is its closing brace. The work is linear in the
// bytes, however the stream is split.

import { isAscii } from 'node:buffer';
import { GrowingBytes, asBuffer, decodeUtf8, escapeBytes } from '../../bytes.ts';
import { DecodeError, TruncatedError } from '../../errors.ts';
import { BYTES, check, isBytes, kind } from '../../kinds.ts';
import { assertItemLimit, isJsonObject } from '../json.ts';
import type { JsonObject } from '../json.ts';

/** The longest object, in bytes. Real objects are shorter than 100 KiB. */
export const JSON_VALUE_LIMIT: number = 16 * 1024 * 1024;

/** How much of a block is decoded to text at a time, in bytes. Windows larger than the processor's cache would be slower than none. */
const WINDOW_BYTES = 64 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const NO_BYTES = new Uint8Array(0);

const CHUNKS = kind('an iterable of Uint8Arrays', (value) => {
  if (typeof value !== 'object' || value === null || isBytes(value)) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
});

/**
 * Decodes JSON objects from chunks of bytes that may be split anywhere; white space or nothing separates the objects. Yields all
 * objects before a fault. Throws a `DecodeError` for anything other than an object and for an object above 16 MiB, and a
 * `TruncatedError` if the chunks end inside an object.
 */
export async function* decodeJsonValues(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new JsonValueDecoder();
  for await (const chunk of check(chunks, CHUNKS, 'decodeJsonValues', 'chunks')) {
    decoder.push(check(chunk, BYTES, 'decodeJsonValues', 'a chunk'));
    for (let value; (value = decoder.next()) !== undefined; ) yield value;
  }
  decoder.end();
}

/** Decodes one stream. Call `next` after each `push` until it returns undefined, and `end` after the last byte. */
export class JsonValueDecoder {
  readonly #scanner = new ObjectScanner();
  readonly #window = new AsciiWindow();
  #block: Uint8Array = NO_BYTES;
  /** The first byte of `#block` that is not decoded yet. */
  #position = 0;
  #offset = 0;
  /** The start of an object that began in an earlier block. */
  #started = new GrowingBytes();
  /** Before this position in `#block`, no further line is tried. */
  #retryLinesAt = 0;

  /** Sets the next block. Its memory may be reused when `next` has returned undefined. */
  push(block: Uint8Array): void {
    this.#offset += this.#block.length;
    this.#block = block;
    this.#position = 0;
    this.#retryLinesAt = 0;
    this.#window.clear();
  }

  /** Returns the next object, or undefined if it needs another block. */
  next(): JsonObject | undefined {
    if (!this.#scanner.isInside) {
      if (!this.#skipWhiteSpace()) return undefined;
      const value = this.#takeLine();
      if (value !== undefined) return value;
    }
    const start = this.#position;
    const end = this.#scanner.findEnd(this.#block, start);
    this.#position = end ?? this.#block.length;
    this.#checkLength(start, this.#position);
    if (end !== undefined) return this.#decode(start, end);
    this.#started.append(this.#block.subarray(start));
    return undefined;
  }

  /** Ends the stream. Throws a `TruncatedError` if it ends inside an object. */
  end(): void {
    if (!this.#scanner.isInside) return;
    throw new TruncatedError('the stream ended in the middle of a JSON value', { phase: 'stream', received: this.#started.length });
  }

  /** Moves to the next opening brace. Returns false if the block has only white space left. */
  #skipWhiteSpace(): boolean {
    for (; this.#position < this.#block.length; this.#position++) {
      const byte = this.#block[this.#position];
      if (byte === OPEN) return true;
      const isSpace = byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
      if (!isSpace) throw this.#notAnObject(this.#block.subarray(this.#position), this.#position);
    }
    return false;
  }

  /** Decodes the line that starts here, if it is one object. A search for a line end takes half the time of a scan for braces. */
  #takeLine(): JsonObject | undefined {
    if (this.#position < this.#retryLinesAt) return undefined;
    const line = this.#window.line(this.#block, this.#position);
    const value = line === undefined ? undefined : parseObject(line);
    if (value === undefined) this.#retryLinesAt = this.#window.end;
    else this.#position += (line as string).length;
    return value;
  }

  /** Decodes the object that ends in this block, before `end`. One text for many objects saves a quarter of the time. */
  #decode(start: number, end: number): JsonObject {
    const text = this.#started.length === 0 ? this.#window.slice(this.#block, start, end) : undefined;
    const bytes = text === undefined ? this.#bytesOf(start, end) : undefined;
    const value = parseObject(text ?? (bytes as Uint8Array));
    if (value !== undefined) return value;
    const wrong = bytes ?? this.#block.subarray(start, end);
    throw this.#notAnObject(wrong, end - wrong.length);
  }

  /** The bytes of an object; its start may be from earlier blocks. */
  #bytesOf(start: number, end: number): Uint8Array {
    const last = this.#block.subarray(start, end);
    if (this.#started.length === 0) return last;
    const joined = this.#started;
    this.#started = new GrowingBytes();
    joined.append(last);
    return joined.view();
  }

  #checkLength(start: number, end: number): void {
    if (this.#started.length + end - start <= JSON_VALUE_LIMIT) return;
    const offset = this.#offset + start - this.#started.length;
    throw new DecodeError(`a JSON value of more than ${JSON_VALUE_LIMIT} bytes at byte ${offset}`, { offset });
  }

  /** `start` is the position of the first wrong byte, counted from the start of `#block`; it may be negative. */
  #notAnObject(bytes: Uint8Array, start: number): DecodeError {
    const offset = this.#offset + start;
    return new DecodeError(`invalid JSON object at byte ${offset} of the stream: "${escapeBytes(bytes)}"`, { offset });
  }
}

/** Finds where an object ends, across blocks: it counts braces outside of strings. */
class ObjectScanner {
  #depth = 0;
  #isInString = false;
  /** Whether the last byte was a backslash in a string. */
  #isEscaped = false;

  get isInside(): boolean {
    return this.#depth > 0;
  }

  /** Returns the position after the closing brace, or undefined if the object continues after this block. */
  findEnd(block: Uint8Array, start: number): number | undefined {
    // Local variables: access to private fields for each byte would take most of the time.
    let depth = this.#depth;
    let isInString = this.#isInString;
    let isEscaped = this.#isEscaped;
    let end: number | undefined;
    for (let at = start; end === undefined && at < block.length; at++) {
      const byte = block[at];
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isInString = false;
      } else if (byte === QUOTE) isInString = true;
      else if (byte === OPEN) depth++;
      else if (byte === CLOSE && --depth === 0) end = at + 1;
    }
    this.#depth = depth;
    this.#isInString = isInString;
    this.#isEscaped = isEscaped;
    return end;
  }
}

/** A part of a block as text, for objects in ASCII: their positions in bytes and in text are equal. */
class AsciiWindow {
  /** Undefined if the part is not ASCII. */
  #text: string | undefined;
  #start = 0;
  /** The position in the block where the window ends. */
  end = 0;

  clear(): void {
    this.end = 0;
  }

  /** The text from `start` to the next line end, or undefined if no window from there is ASCII and has a line end. */
  line(block: Uint8Array, start: number): string | undefined {
    let lineEnd = start < this.end ? this.#indexOfLineEnd(start) : -1;
    if (lineEnd === -1) {
      this.#moveTo(block, start);
      lineEnd = this.#indexOfLineEnd(start);
    }
    return lineEnd === -1 ? undefined : this.#text?.slice(start - this.#start, lineEnd);
  }

  /** The text from `start` to `end`, or undefined if the window is not ASCII or the text is longer than a window. */
  slice(block: Uint8Array, start: number, end: number): string | undefined {
    if (end - start > WINDOW_BYTES) return undefined;
    if (end > this.end) this.#moveTo(block, start);
    return this.#text?.slice(start - this.#start, end - this.#start);
  }

  #indexOfLineEnd(start: number): number {
    return this.#text?.indexOf('\n', start - this.#start) ?? -1;
  }

  #moveTo(block: Uint8Array, start: number): void {
    const bytes = block.subarray(start, start + WINDOW_BYTES);
    this.#text = isAscii(bytes) ? asBuffer(bytes).toString('latin1') : undefined;
    this.#start = start;
    this.end = start + bytes.length;
  }
}

function parseObject(source: Uint8Array | string): JsonObject | undefined {
  assertItemLimit(source);
  try {
    const value: unknown = JSON.parse(typeof source === 'string' ? source : decodeUtf8(source));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
