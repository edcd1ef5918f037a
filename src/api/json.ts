// Decodes JSON responses. A DecodeError quotes the input escaped; V8's messages would quote it unescaped. Texts with too
// many values are rejected before they are parsed: `[{},{},...]` takes about twenty times its length in memory.

import { decodeUtf8, escapeBytes, utf8 } from '../bytes.ts';
import { DecodeError } from '../errors.ts';

/** A JSON object whose members are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Up to this length, values are not counted: they take at most about 25 MB. Nearly all responses are shorter. */
const UNCOUNTED_BYTES = 1024 * 1024;
/** The most values in one text. A list of 100,000 images has about 4 million, 60 MiB of `{}` have 42 million. */
export const JSON_ITEMS_LIMIT: number = 8 * 1024 * 1024;

/** Parses a JSON text, or its bytes. Throws a `DecodeError` for invalid JSON and above `JSON_ITEMS_LIMIT`. */
export function decodeJson(content: Uint8Array | string): unknown {
  assertItemLimit(content);
  try {
    return JSON.parse(typeof content === 'string' ? content : decodeUtf8(content));
  } catch {
    const bytes = typeof content === 'string' ? utf8(content) : content;
    if (bytes.length === 0) throw new DecodeError('the response is empty; JSON was expected', { offset: 0 });
    throw new DecodeError(`the response is not valid JSON: "${escapeBytes(bytes)}"`, { offset: 0 });
  }
}

/** Parses a JSON text; undefined if it is not JSON. V8's error would quote the text, which may be a secret. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // also for a text nested so deeply that it exceeds the stack
  }
}

// The number of these characters is about the number of values. Characters inside strings are counted, too.
const COUNTED = new Uint8Array(256);
for (const character of '{[,:') COUNTED[character.charCodeAt(0)] = 1;

/** Throws a `DecodeError` if a JSON text has more values than `JSON_ITEMS_LIMIT`. */
export function assertItemLimit(source: Uint8Array | string): void {
  if (source.length <= UNCOUNTED_BYTES) return;
  let items = 0;
  if (typeof source === 'string') {
    for (let i = 0; i < source.length; i++) items += COUNTED[source.charCodeAt(i)] ?? 0;
  } else for (const byte of source) items += COUNTED[byte] as number;
  if (items <= JSON_ITEMS_LIMIT) return;
  throw new DecodeError(`the response has more than ${JSON_ITEMS_LIMIT} JSON values, which would use too much memory`, { offset: 0 });
}
