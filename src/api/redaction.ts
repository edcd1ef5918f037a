// Finds secrets in a text, however the text writes them, and puts [redacted] in their place.
//
// An engine, a registry or a proxy may quote a secret inside JSON, a URL or a page of HTML, or inside several of these.
// There are too many such combinations to list, so this file undoes escapes instead: it reads the text as it stands, then
// with one layer of escapes undone, then with two, and so on:
//
//   {\"message\": \"bad login a%3Cb\"}   ->   {"message": "bad login a%3Cb"}   ->   {"message": "bad login a<b"}
//
// Each reading knows for every character where it stood in the original. White space and "+" (a space in a form) are left
// out of the comparison: base64 is broken into lines, titles collapse spaces. All of it takes linear time.

import { Buffer } from 'node:buffer';
import { ELLIPSIS, utf8 } from '../bytes.ts';

/** What errors, logs and tapes show in place of a secret. */
export const REDACTED = '[redacted]';

/** Shorter secrets occur in many words by chance, and each hole in a message would tell where. */
const SHORTEST_SECRET = 4;

/** How many layers of escapes are undone. Each layer is a pass over the text; real messages have up to three. */
const MOST_LAYERS = 6;

/** A function that takes the secrets out of a text; undefined where there is no secret that can be looked for. */
export function redactor(secrets: readonly string[]): ((text: string) => string) | undefined {
  const lines = [...new Set(secrets.flatMap((secret) => [secret, ...secret.split(/[\r\n]+/)]))];
  const forms = lines.filter((line) => line.length >= SHORTEST_SECRET).flatMap(formsOf);
  const words = [...new Set(forms)].filter((word) => word.length >= SHORTEST_SECRET);
  if (words.length === 0) return undefined;
  return (text) => {
    const all = [...readings(text, escaped), ...readings(text, escapedOrCut)];
    return redactRanges(text, all.flatMap((reading) => words.flatMap((word) => rangesOf(word, reading))));
  };
}

/** A text in which something was replaced; for each of its characters the part of the original that it stands for. */
interface Reading {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

const escapes = String.raw`
  (?:(?:\\u|%u)H{4}|\\U0{2}H{6}|\\u\{H{1,6}\}|(?:\\x|%)H{2}|&#[xX]0*H{1,6};)
  &#(?<decimal>0*[0-9]{1,7});
  \\(?<octal>[0-3][0-7]{2})
  &(?<name>[A-Za-z]{2,6}[0-9]{0,2});
  (?<bytes>[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})`;
const cut = String.raw`
  (?<cut>(?:(?:\\u|%u)H{0,3}|\\U0{0,2}H{0,5}|(?:\\x|%)H?|\\[0-3][0-7]?|&#?\w{0,16}|[\xc2-\xf4][\x80-\xbf]{0,2})(?=$|["\u2026]|\.{3})|\\$)`;
const letter = String.raw`
  \\(?<letter>[^])`;
const alternatives = (...parts: string[]): RegExp =>
  new RegExp(parts.join('').trim().replace(/\s+/g, '|').replaceAll('H', '[0-9A-Fa-f]'), 'g');

/** One escaped character: by its number, as JSON, Go, Python and JavaScript, URLs and HTML write it; UTF-8 read as Latin-1. */
const escaped = alternatives(escapes, letter);
/** The same in a quotation, which may have been cut in the middle of such a writing. */
const escapedOrCut = alternatives(escapes, cut, letter);

/** The names of HTML for what every escaper escapes, and for Latin-1 from U+00A0 on. */
const latin1Names =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para ' +
  'middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute ' +
  'Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml ' +
  'Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml ' +
  'eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';
const byName: ReadonlyMap<string, string> = new Map([
  ['lt', '<'], ['gt', '>'], ['amp', '&'], ['quot', '"'], ['apos', "'"],
  ...latin1Names.split(' ').map((name, index) => [name, String.fromCharCode(0xa0 + index)] as const),
]);
/** What follows a backslash, where it does not stand for itself. */
const byLetter: ReadonlyMap<string, string> = new Map([['n', '\n'], ['r', '\r'], ['t', '\t'], ['b', '\b'], ['f', '\f'], ['v', '\v']]);

function unescaped({ 0: whole, groups = {} }: RegExpExecArray): string {
  const { decimal, octal, name, bytes, cut, letter } = groups;
  if (letter !== undefined) return byLetter.get(letter) ?? letter;
  if (name !== undefined) return byName.get(name) ?? whole;
  if (bytes !== undefined) return Buffer.from(bytes, 'latin1').toString();
  if (cut !== undefined) return ELLIPSIS;
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
  const code = decimal === undefined ? Number.parseInt(whole.replace(/^[^0-9A-Fa-f]+/, ''), 16) : Number(decimal);
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}

/** The text with none, one, two, ... layers of escapes undone. */
function layersOf(text: string, escape: RegExp): Reading[] {
  const places = Array.from({ length: text.length + 1 }, (_, index) => index);
  let reading: Reading = { text, starts: places, ends: places.slice(1) };
  const found = [reading];
  for (let layer = 0; layer < MOST_LAYERS; layer++) {
    const next = replaced(reading, escape, unescaped);
    if (next.text === reading.text) break;
    found.push(next);
    reading = next;
  }
  return found;
}

/** The same, each without white space. */
function readings(text: string, escape: RegExp): Reading[] {
  return layersOf(text, escape).map(withoutSpace);
}

/** All that is looked for: the secret, what it stands for where it has escapes, and both in base64 and in numbers. */
function formsOf(secret: string): string[] {
  return layersOf(secret, escaped).flatMap((layer) => {
    return [withoutSpace(layer).text, ...insideBase64(layer.text), ...inNumbers(layer.text)];
  });
}

/** The bytes as Go prints them by %x, %X, %v, %# x and %#v, and as JSON has a list of them. */
function inNumbers(text: string): string[] {
  const bytes = Buffer.from(text);
  const hexadecimal = bytes.toString('hex');
  const prefixed = hexadecimal.replace(/../g, '0x$&');
  const inGo = Array.from(bytes, (byte) => `0x${byte.toString(16)}`).join(',');
  return [hexadecimal, hexadecimal.toUpperCase(), bytes.join(''), bytes.join(','), prefixed, inGo];
}

function withoutSpace(reading: Reading): Reading {
  return replaced(reading, /[\s+]+/g, () => '');
}

function replaced(reading: Reading, pattern: RegExp, replacement: (match: RegExpExecArray) => string): Reading {
  const starts: number[] = [];
  const ends: number[] = [];
  let text = '';
  let last = 0;
  const keep = (until: number): void => {
    text += reading.text.slice(last, until);
    for (; last < until; last++) {
      starts.push(reading.starts[last] as number);
      ends.push(reading.ends[last] as number);
    }
  };
  for (const match of reading.text.matchAll(pattern)) {
    keep(match.index);
    const characters = replacement(match);
    text += characters;
    last += match[0].length;
    for (let unit = 0; unit < characters.length; unit++) {
      starts.push(reading.starts[match.index] as number);
      ends.push(reading.ends[last - 1] as number);
    }
  }
  keep(reading.text.length);
  return { text, starts, ends };
}

/** Base64 of the text as a member of JSON that Go, Python or JavaScript wrote, and by itself. */
function insideBase64(text: string): string[] {
  const numbered = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const json = JSON.stringify(text).slice(1, -1);
  const goJson = json.replace(/[<>&\u2028\u2029]/g, numbered);
  const asciiJson = [json, goJson].map((written) => written.replace(/[^ -~]/g, numbered));
  return [text, json, goJson, ...asciiJson].flatMap(atAnyPlace);
}

/** A text in base64 as it stands inside any longer one: three beginnings, less the characters that neighbours share; without "+". */
function atAnyPlace(text: string): string[] {
  const bytes = utf8(text);
  const standard = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replaceAll('=', '');
    const shared = (shift + bytes.length) % 3 === 0 ? 0 : 1;
    return encoded.slice(shift === 0 ? 0 : shift + 1, encoded.length - shared);
  });
  const urlSafe = standard.map((encoded) => encoded.replaceAll('+', '-').replaceAll('/', '_'));
  return [...standard.map((encoded) => encoded.replaceAll('+', '')), ...urlSafe];
}

type Range = readonly [start: number, end: number];

/**
 * Where a word stands in the original, by Knuth's, Morris's and Pratt's algorithm: a plain search takes quadratic time for
 * a word that repeats itself. A beginning of the word counts where a quotation ends within it, as excerpts are cut anywhere.
 */
function rangesOf(word: string, { text, starts, ends }: Reading): Range[] {
  if (!text.includes(word.slice(0, SHORTEST_SECRET))) return [];
  const isCut = (at: number): boolean => {
    const next = text[at + 1];
    return next === undefined || next === ELLIPSIS || text.startsWith('...', at + 1) || (next === '"' && starts[at + 1] === ends[at]);
  };
  const borders = bordersOf(word);
  const ranges: Range[] = [];
  let length = 0; // of the longest beginning of the word that ends at this place
  for (let at = 0; at < text.length; at++) {
    length = extended(word, borders, length, text[at]);
    const counts = length === word.length || (length >= SHORTEST_SECRET && isCut(at));
    if (counts) ranges.push([starts[at - length + 1] as number, ends[at] as number]);
  }
  return ranges;
}

/** For each beginning of the word the length of the longest shorter beginning that it also ends with. */
function bordersOf(word: string): number[] {
  const borders = [0];
  for (let at = 1; at < word.length; at++) borders.push(extended(word, borders, borders[at - 1] as number, word[at]));
  return borders;
}

/** How much of the word is matched after one more character, where `length` of it was before. */
function extended(word: string, borders: readonly number[], length: number, next: string | undefined): number {
  let matched = length;
  while (matched > 0 && next !== word[matched]) matched = borders[matched - 1] as number;
  return next === word[matched] ? matched + 1 : 0;
}

/** The text with `[redacted]` in place of the ranges, which may overlap. */
function redactRanges(text: string, ranges: Range[]): string {
  let shown = '';
  let from = 0;
  for (const [start, end] of ranges.sort(([a], [b]) => a - b)) {
    if (start >= from) shown += text.slice(from, start) + REDACTED;
    from = Math.max(from, end);
  }
  return shown + text.slice(from);
}
