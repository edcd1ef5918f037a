// Streams of JSON values for the decoder of progress. The reference is JSON.parse for each value, and a slow reader.

import { JsonValueDecoder, errors } from './library.mjs';
import { byteByByte, demand, demandSame, mutate, pieces } from './random.mjs';

export const name = 'json';

const texts = [
  '', 'a', '{', '}', '"', '\\', '\n', '\r', '\u2028', 'é', '€', '😀', '\0', '{"a":', '[', 'Größe', '\ufeff', '\ufffd',
];
const dictionary = [
  '{', '}', '[', ']', '"', '\\', ',', ':', '\n', '\r\n', ' ', '\0', '{}', 'null', '1', '\xff', '\xc3', '\xef\xbb\xbf',
  '\\u', '{"a":1}', '\x0b',
];

export function make(random) {
  let text = random.pick(['', '', ' ', '\r\n']);
  for (let count = random.integer(0, 5); count > 0; count--) {
    const value = object(random, 0);
    text += random.once(4) ? JSON.stringify(value, null, random.pick([1, '\t'])) : escaped(random, JSON.stringify(value));
    text += random.pick(['\r\n', '\r\n', '\n', '', ' ', '\n\n', '\t \r']);
  }
  const bytes = Buffer.from(text);
  const changed = random.once(2) ? bytes : mutate(random, bytes, dictionary);
  return { bytes: changed, splits: [pieces(random, changed), random.once(3) ? byteByByte(changed) : pieces(random, changed)] };
}

function object(random, depth) {
  const key = () => random.pick(['id', 'status', 'progressDetail', '__proto__', 'toString', random.pick(texts)]);
  return Object.fromEntries(random.list(0, 3, () => [key(), value(random, depth + 1)]));
}

function value(random, depth) {
  const kind = random.integer(0, depth < 4 ? 7 : 5);
  if (kind === 0) return null;
  if (kind === 1) return random.once(2);
  if (kind === 2) return random.pick([0, -1, 1.5, 1e21, 2 ** 53, random.next()]);
  if (kind < 6) return random.list(0, 3, () => random.pick(texts)).join('');
  return kind === 6 ? random.list(0, 3, () => value(random, depth + 1)) : object(random, depth);
}

/** The text with some characters as escapes. */
function escaped(random, text) {
  const escape = (character) => (random.once(2) ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : character);
  return text.replace(/[^\0-\x7f]/g, escape);
}

export function check({ bytes, splits }) {
  const whole = decode([bytes]);
  const expected = read(bytes);
  demandSame(whole.values, expected.values, 'the values are those of JSON.parse');
  demand((whole.error === undefined) === expected.good, 'the stream is good, or not');
  for (const split of splits) demandSame(decode(split), whole, 'the pieces change nothing');
  return whole.error?.replace(/ .*/, '') ?? 'good';
}

function decode(all) {
  const decoder = new JsonValueDecoder();
  const values = [];
  try {
    for (const piece of all) {
      decoder.push(piece);
      for (let found; (found = decoder.next()) !== undefined;) values.push(JSON.stringify(found));
    }
    decoder.end();
  } catch (error) {
    demand(
      error instanceof errors.DecodeError || error instanceof errors.TruncatedError,
      `an error of ours, not ${error?.stack}`,
    );
    demand(/^[ -~…]{1,1000}$/.test(error.message), `a message that can be shown, not ${JSON.stringify(error.message)}`);
    return { values, error: error instanceof errors.DecodeError ? `refused ${error.offset}` : `cut-short ${error.received}` };
  }
  return { values, error: undefined };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The reference: at each position, the shortest text up to a brace that JSON.parse accepts. */
function read(bytes) {
  const values = [];
  for (let at = 0; ;) {
    while (at < bytes.length && ' \t\r\n'.includes(String.fromCharCode(bytes[at]))) at++;
    if (at === bytes.length) return { values, good: true };
    if (bytes[at] !== 0x7b) return { values, good: false };
    let end = at;
    let found;
    while (found === undefined && (end = bytes.indexOf(0x7d, end) + 1) > 0) found = parsed(bytes.subarray(at, end));
    if (found === undefined) return { values, good: false };
    values.push(JSON.stringify(found));
    at = end;
  }
}

function parsed(bytes) {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

export const show = ({ bytes }) => JSON.stringify(bytes.toString('latin1'));

export function* shrink({ bytes }) {
  for (let size = bytes.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < bytes.length; at += size) {
      const less = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
      yield { bytes: less, splits: [byteByByte(less)] };
    }
  }
}
