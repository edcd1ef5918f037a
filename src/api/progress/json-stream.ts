// What an engine reports while it works: JSON values from bytes, typed events from values, a result from events.

import { isAscii } from 'node:buffer';
import { GrowingBytes, asBuffer, decodeUtf8, escapeBytes } from '../../bytes.ts';
import { DecodeError, TruncatedError } from '../../errors.ts';
import { BYTES, check, isBytes, kind } from '../../kinds.ts';
import { isJsonObject } from '../api-error.ts';
import type { JsonObject } from '../api-error.ts';
import { TOO_MANY_ITEMS, hasTooManyItems } from '../json-limit.ts';

/** The most that one value may take, in bytes; real ones have below 100 KiB. */
export const JSON_VALUE_LIMIT: number = 16 * 1024 * 1024;

/** Text is made of so many bytes at a time: larger ones leave the processor's cache, and are slower than none. */
const WINDOW_BYTES = 64 * 1024;

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const NOTHING = asBuffer(new Uint8Array(0));

/**
 * JSON objects out of bytes that are cut anywhere, with CRLF, LF or nothing between the objects. A value is decoded
 * when it is whole, so a character that two reads share is never harmed; every byte is looked at once.
 */
export class JsonValueDecoder {
  #block: Uint8Array = NOTHING;
  #position = 0;
  /** Bytes before `#block`. */
  #before = 0;
  /** What earlier blocks brought of an unfinished value. */
  #kept = new GrowingBytes();
  /** The block's bytes as text, from `#windowStart` on, where they are ASCII: then a place in one is the same in both. */
  #window = '';
  #windowStart = 0;
  /** Before this position, there is no other text to be had. */
  #noTextUntil = 0;
  /** Before this position, `#takeLine` has tried and failed. */
  #byGrammarUntil = 0;
  // Where in the unfinished value we are.
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** Gives the next bytes; they are used up when `next` has said undefined. */
  push(bytes: Uint8Array): void {
    this.#before += this.#block.length;
    this.#block = bytes;
    this.#position = 0;
    this.#window = '';
    this.#noTextUntil = 0;
    this.#byGrammarUntil = 0;
  }

  /** The next whole value, or undefined when more bytes are needed. */
  next(): JsonObject | undefined {
    if (this.#depth === 0 && !this.#skipWhiteSpace()) return undefined;
    return (this.#depth === 0 ? this.#takeLine() : undefined) ?? this.#scan();
  }

  /** Says that no more bytes will come; an unfinished value then is a `TruncatedError`. */
  end(): void {
    if (this.#depth === 0) return;
    const received = this.#kept.length;
    throw new TruncatedError('the stream ended in the middle of a JSON value', { phase: 'stream', received });
  }

  /** To the first byte of the next value; false where this block has none. */
  #skipWhiteSpace(): boolean {
    for (; this.#position < this.#block.length; this.#position++) {
      const byte = this.#block[this.#position];
      if (byte === OPEN) return true;
      const isSpace = byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
      if (!isSpace) throw this.#noJson(this.#block.subarray(this.#position), this.#position);
    }
    return false;
  }

  // Engines write one value a line: the usual case is one search for its end and one JSON.parse. When that is no whole
  // value (nothing between values, or one on several lines), nothing is lost: `#scan` reads the same bytes by grammar.
  #takeLine(): JsonObject | undefined {
    if (this.#position < this.#byGrammarUntil) return undefined;
    const line = this.#lineOfText();
    const feed = line === undefined ? this.#block.indexOf(LF, this.#position) : this.#position + line.length;
    const end = feed === -1 ? this.#block.length : feed;
    const fits = feed !== -1 && end - this.#position <= JSON_VALUE_LIMIT;
    const value = fits ? parseObject(line ?? this.#block.subarray(this.#position, end)) : undefined;
    if (value === undefined) this.#byGrammarUntil = end;
    else this.#position = end + 1;
    return value;
  }

  // One text for many lines, in place of a view, a Buffer and a text for each: 1.8 us a line instead of 2.5.
  /** The line that begins here, without its end, where it lies in one window and is ASCII; else undefined. */
  #lineOfText(): string | undefined {
    let feed = this.#window.indexOf('\n', this.#position - this.#windowStart);
    if (feed === -1 && this.#moveWindow()) feed = this.#window.indexOf('\n');
    return feed === -1 ? undefined : this.#window.slice(this.#position - this.#windowStart, feed);
  }

  #moveWindow(): boolean {
    if (this.#position < this.#noTextUntil) return false;
    const bytes = this.#block.subarray(this.#position, this.#position + WINDOW_BYTES);
    const isText = isAscii(bytes);
    this.#window = isText ? asBuffer(bytes).toString('latin1') : '';
    this.#windowStart = this.#position;
    this.#noTextUntil = this.#position + bytes.length;
    return isText;
  }

  /** To the brace that closes the value; strings are skipped, for they may hold braces. */
  #scan(): JsonObject | undefined {
    const start = this.#position;
    const block = this.#block;
    for (let at = start; at < block.length; at++) {
      const byte = block[at];
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN) this.#depth++;
      else if (byte === CLOSE && --this.#depth === 0) return this.#takeValue(start, at + 1);
    }
    this.#position = block.length;
    this.#checkLength(start, block.length);
    this.#kept.append(block.subarray(start));
    return undefined;
  }

  #takeValue(start: number, end: number): JsonObject {
    this.#checkLength(start, end);
    const bytes = this.#wholeValue(this.#block.subarray(start, end));
    const value = parseObject(bytes);
    if (value === undefined) throw this.#noJson(bytes, end - bytes.length);
    this.#position = end;
    return value;
  }

  /** The value whose last piece this is. */
  #wholeValue(piece: Uint8Array): Uint8Array {
    if (this.#kept.length === 0) return piece;
    const kept = this.#kept;
    this.#kept = new GrowingBytes();
    kept.append(piece);
    return kept.view();
  }

  #checkLength(start: number, end: number): void {
    if (this.#kept.length + end - start <= JSON_VALUE_LIMIT) return;
    const offset = this.#before + start - this.#kept.length;
    throw new DecodeError(`a JSON value of more than ${JSON_VALUE_LIMIT} bytes at byte ${offset}`, { offset });
  }

  /** `at` is where the bytes begin, counted from this block's beginning. */
  #noJson(bytes: Uint8Array, at: number): DecodeError {
    const offset = this.#before + at;
    return new DecodeError(`the stream holds what is no JSON object at byte ${offset}: "${escapeBytes(bytes)}"`, { offset });
  }
}

function parseObject(source: Uint8Array | string): JsonObject | undefined {
  if (hasTooManyItems(source)) throw new DecodeError(TOO_MANY_ITEMS, { offset: 0 });
  try {
    const value: unknown = JSON.parse(typeof source === 'string' ? source : decodeUtf8(source));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const CHUNKS = kind('an iterable of Uint8Arrays', (value) => {
  if (typeof value !== 'object' || value === null || isBytes(value)) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
});

/** The JSON objects that chunks of bytes hold; a `DecodeError` or `TruncatedError` ends them, after the good ones. */
export async function* decodeJsonValues(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new JsonValueDecoder();
  for await (const chunk of check(chunks, CHUNKS, 'decodeJsonValues', 'chunks')) {
    decoder.push(check(chunk, BYTES, 'decodeJsonValues', 'a chunk'));
    for (let value; (value = decoder.next()) !== undefined; ) yield value;
  }
  decoder.end();
}

/** One thing that an engine reports. */
export type ProgressEvent =
  | LayerEvent
  /** A line about the whole: `Pulling from library/alpine`, `Digest: sha256:...`. `id` is a tag or a digest here. */
  | { readonly type: 'headline'; readonly id: string | undefined; readonly status: string }
  /** Text of a load: `Loaded image: alpine:3.20`. */
  | { readonly type: 'stream'; readonly text: string }
  /** What is for programs: the digest of a push. */
  | { readonly type: 'aux'; readonly id: string | undefined; readonly aux: unknown }
  /** Something the engine wants a person to know. */
  | { readonly type: 'warning'; readonly text: string }
  | UploadEvent;

/** How much of an upload has been sent. The client makes it, not the engine. */
export interface UploadEvent {
  readonly type: 'upload';
  /** Bytes sent so far. */
  readonly bytes: number;
  /** Bytes to be sent; undefined where the source does not say its length. */
  readonly total: number | undefined;
}

/** What has become of one layer. */
export interface LayerEvent {
  readonly type: 'layer';
  /** The layer's short id. */
  readonly id: string;
  /** `Downloading`, `Pull complete`, ... */
  readonly status: string;
  /** How far: bytes, unless `units` says else. */
  readonly current: number | undefined;
  /** Of how many; undefined where it is not known. */
  readonly total: number | undefined;
  /** `"s"` where seconds are counted; undefined for bytes. */
  readonly units: string | undefined;
}

const ofText = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const ofNumber = (value: unknown): number | undefined => (typeof value === 'number' && value > 0 ? value : undefined);

/** Lines for a person: `WARNING: ...`, and `[DEPRECATION NOTICE] ...` of images in old formats, pulled or pushed. */
const warningGrammar = /^(?:WARNING: |\[DEPRECATION NOTICE\])/i;

/** balenaEngine's sum of all layers, `{"id":"Total","progressDetail":{...}}`, which is about no layer (balenahup#235). */
const SUM = 'Total';

/** The event that a value is; undefined for one that says nothing, or nothing that the layers do not say. */
export function progressEvent(value: JsonObject): ProgressEvent | undefined {
  const id = ofText(value['id']);
  const status = ofText(value['status']);
  const detail = value['progressDetail'];
  // Only what carries `progressDetail`, be it empty, is about a layer: a headline's id is a tag or a digest.
  if (id !== undefined && isJsonObject(detail)) {
    if (id === SUM) return undefined;
    const [current, total] = [ofNumber(detail['current']), ofNumber(detail['total'])];
    return { type: 'layer', id, status: status ?? '', current, total, units: ofText(detail['units']) };
  }
  if (value['aux'] !== undefined) return { type: 'aux', id, aux: value['aux'] };
  const stream = ofText(value['stream']);
  if (stream !== undefined) return { type: 'stream', text: stream };
  if (status === undefined) return undefined;
  return warningGrammar.test(status) ? { type: 'warning', text: status } : { type: 'headline', id, status };
}
