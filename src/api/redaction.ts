// Replaces secrets with [redacted]: in request targets, by the names of their parameters; in texts, however they are encoded.
//
// An engine, a registry or a proxy may quote a secret inside JSON, a URL or an HTML page, or inside several of these. There are
// too many combinations to list. Instead, the text is decoded: it is searched unchanged, then with one layer of escapes decoded,
// then with two, and so on:
//
//   {\"message\": \"bad login a%3Cb\"}   ->   {"message": "bad login a%3Cb"}   ->   {"message": "bad login a<b"}
//
// Each layer records the original position of every character. White space and "+" (a space in a form) are removed before
// the search, because base64 is broken into lines and HTML titles collapse spaces. All of this takes linear time.

import { Buffer } from 'node:buffer';
import { ELLIPSIS, REDACTED, isWellFormed, utf8 } from '../bytes.ts';
import { endpoints } from './endpoints.ts';
import type { Endpoint } from './parameters.ts';

/** Query parameters whose values are hidden: a URL may be signed, and a change may set a token in the image. */
const HIDDEN_PARAMETERS: readonly string[] = ['fromSrc', 'changes'];
/** Query parameters whose values are shown: all others that our methods send. Any other parameter of `request` is hidden. */
const SHOWN_PARAMETERS: ReadonlySet<string> = new Set(
  Object.values<Endpoint>(endpoints)
    .flatMap(({ parameters }) => Object.values(parameters).map(({ wire }) => wire))
    .filter((wire) => !HIDDEN_PARAMETERS.includes(wire)),
);

/** The target with `[redacted]` for values that may be secrets, and for user information in URLs. */
export function redactedTarget(target: string): string {
  return mapHiddenValues(target, () => REDACTED);
}

/** The values that `redactedTarget` hides, still encoded, with their keys; the key of user information is empty. */
export function hiddenValues(target: string): ReadonlyArray<readonly [key: string, value: string]> {
  const values: Array<[string, string]> = [];
  mapHiddenValues(target, (...value) => String(values.push(value)));
  return values;
}

type Replace = (key: string, value: string) => string;

function mapHiddenValues(target: string, replace: Replace): string {
  const [path = '', query] = target.split(/\?(.*)/s);
  const pairs = query?.split('&').map((pair) => {
    const [key = ''] = pair.split('=', 1);
    const value = pair.slice(key.length + 1);
    const isShown = key === pair || SHOWN_PARAMETERS.has(key) || value === '-'; // fromSrc=-: the archive is the request body
    return isShown ? mapUserInfo(pair, replace) : `${key}=${replace(key, value)}`;
  });
  return mapUserInfo(path, replace) + (pairs === undefined ? '' : `?${pairs.join('&')}`);
}

/** User information extends from "//" to the last "@", because a password may contain "@". Both may be percent-encoded. */
function mapUserInfo(text: string, replace: Replace): string {
  const start = /(?::|%3A)(?:\/|%2F){2}/i.exec(text);
  const from = start === null ? text.length : start.index + start[0].length;
  const to = Math.max(text.lastIndexOf('@'), text.lastIndexOf('%40'));
  return to < from ? text : text.slice(0, from) + replace('', text.slice(from, to)) + text.slice(to);
}

/** Shorter secrets are not searched for: they occur in many words by chance, and the redacted places would reveal them. */
const SHORTEST_SECRET = 4;

/** How many layers of escapes are decoded. Each is a pass over the text; real messages have up to three. */
const MOST_LAYERS = 6;

/** A function that redacts the secrets in a text; undefined if no secret is long enough to be searched. */
export function redactor(secrets: readonly string[]): ((text: string) => string) | undefined {
  const isSearched = (text: string): boolean => text.length >= SHORTEST_SECRET;
  const lines = new Set(secrets.flatMap((secret) => [secret, ...secret.split(/[\r\n]+/)]));
  const forms = [...new Set([...lines].filter(isSearched).flatMap(encodedForms))].filter(isSearched);
  if (forms.length === 0) return undefined;
  // Many forms have the same first characters, so one search for these often rules out all of them.
  const starts = [...new Set(forms.map((form) => form.slice(0, SHORTEST_SECRET)))];
  const groups = starts.map((start): Group => {
    return { start, words: forms.filter((form) => form.startsWith(start)).map((text) => ({ text, borders: undefined })) };
  });
  return (text) => {
    const layers = searchedLayers(text);
    return redactRanges(text, layers.flatMap((layer) => groups.flatMap((group) => findGroup(group, layer))));
  };
}

/** A decoded text. For each character, `starts` and `ends` give the range of the original from which it was decoded. */
interface Layer {
  readonly text: string;
  readonly starts: ArrayLike<number>;
  readonly ends: ArrayLike<number>;
}

// One escaped character: its number as JSON, Go, Python, JavaScript, URLs and HTML write it, or its UTF-8 bytes read as Latin-1.
// H is a hexadecimal digit; white space separates the alternatives.
const numericEscapes = String.raw`
  (?:(?:\\u|%u)H{4}|\\U0{2}H{6}|\\u\{H{1,6}\}|(?:\\x|%)H{2}|&#[xX]0*H{1,6};)
  &#(?<decimal>0*[0-9]{1,7});
  \\(?<octal>[0-3][0-7]{2})
  &(?<name>[A-Za-z]{2,6}[0-9]{0,2});
  (?<bytes>[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})`;
// The first part of such an escape at the end of a quotation, which may be truncated anywhere.
const partialEscapes = String.raw`
  (?<part>(?:(?:\\u|%u)H{0,3}|\\U0{0,2}H{0,5}|(?:\\x|%)H?|\\[0-3][0-7]?|&#?\w{0,16}|[\xc2-\xf4][\x80-\xbf]{0,2})(?=$|["\u2026]|\.{3})|\\$)`;
const letterEscapes = String.raw`
  \\(?<letter>[^])`;
const alternatives = (...parts: string[]): RegExp =>
  new RegExp(parts.join('').trim().replace(/\s+/g, '|').replaceAll('H', '[0-9A-Fa-f]'), 'g');
const anyEscape = alternatives(numericEscapes, letterEscapes);
const anyEscapeOrPart = alternatives(numericEscapes, partialEscapes, letterEscapes);

/** The names of HTML for Latin-1 from U+00A0 on, in order. */
const latin1Names =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para ' +
  'middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute ' +
  'Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml ' +
  'Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml ' +
  'eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';
let namedCharacters: ReadonlyMap<string, string> | undefined;
/** Makes the map when it is first used: it took a fifth of the time in which this library is evaluated at import. */
function characterOf(name: string): string | undefined {
  namedCharacters ??= new Map([
    ['lt', '<'], ['gt', '>'], ['amp', '&'], ['quot', '"'], ['apos', "'"],
    ...latin1Names.split(' ').map((each, index) => [each, String.fromCharCode(0xa0 + index)] as const),
  ]);
  return namedCharacters.get(name);
}
const byLetter: ReadonlyMap<string, string> = new Map([['n', '\n'], ['r', '\r'], ['t', '\t'], ['b', '\b'], ['f', '\f'], ['v', '\v']]);

function decodeEscape({ 0: escape, groups = {} }: RegExpExecArray): string {
  const { decimal, octal, name, bytes, part, letter } = groups;
  if (letter !== undefined) return byLetter.get(letter) ?? letter;
  if (name !== undefined) return characterOf(name) ?? escape;
  if (bytes !== undefined) return Buffer.from(bytes, 'latin1').toString();
  if (part !== undefined) return ELLIPSIS;
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
  const code = decimal === undefined ? Number.parseInt(escape.replace(/^[^0-9A-Fa-f]+/, ''), 16) : Number(decimal);
  return code <= 0x10ffff ? String.fromCodePoint(code) : escape;
}

/** The text with no, one, two, ... layers of escapes decoded. */
function decodedLayers(text: string, escape: RegExp): Layer[] {
  const positions = new Uint32Array(text.length + 1).map((_, index) => index);
  let layer: Layer = { text, starts: positions, ends: positions.subarray(1) };
  const layers = [layer];
  while (layers.length <= MOST_LAYERS) {
    const next = replaceMatches(layer, escape, decodeEscape);
    if (next.text === layer.text) break;
    layers.push(next);
    layer = next;
  }
  return layers;
}

/** The layers in which secrets are searched: with whole escapes decoded, and with truncated escapes decoded, too. */
function searchedLayers(text: string): Layer[] {
  const whole = decodedLayers(text, anyEscape);
  const truncated = decodedLayers(text, anyEscapeOrPart);
  let same = 0; // layers before the first truncated escape are equal
  while (same < whole.length && whole[same]?.text === truncated[same]?.text) same++;
  return [...whole, ...truncated.slice(same)].map(withoutSpace);
}

function withoutSpace(layer: Layer): Layer {
  return replaceMatches(layer, /[\s+]+/g, () => '');
}

/** The layer with each match replaced; each character of a replacement gets the range of the whole match. */
function replaceMatches(layer: Layer, pattern: RegExp, replacement: (match: RegExpExecArray) => string): Layer {
  const starts: number[] = [];
  const ends: number[] = [];
  let text = '';
  let position = 0;
  const copyUntil = (end: number): void => {
    text += layer.text.slice(position, end);
    for (; position < end; position++) {
      starts.push(layer.starts[position] as number);
      ends.push(layer.ends[position] as number);
    }
  };
  for (const match of layer.text.matchAll(pattern)) {
    copyUntil(match.index);
    const characters = replacement(match);
    text += characters;
    position += match[0].length;
    for (let unit = 0; unit < characters.length; unit++) {
      starts.push(layer.starts[match.index] as number);
      ends.push(layer.ends[position - 1] as number);
    }
  }
  copyUntil(layer.text.length);
  return { text, starts, ends };
}

/** The texts to search for: the secret, with and without its own escapes, as text, in base64 and as byte numbers. */
function encodedForms(secret: string): string[] {
  return decodedLayers(secret, anyEscape).flatMap((layer) => {
    return [withoutSpace(layer).text, ...base64Forms(layer.text), ...numberForms(layer.text)];
  });
}

/** The bytes as Go prints them with %x, %X, %v, %# x and %#v, and as a JSON array of numbers. */
function numberForms(text: string): string[] {
  const bytes = Buffer.from(text);
  const hexadecimal = bytes.toString('hex');
  const prefixed = hexadecimal.replace(/../g, '0x$&');
  const inGo = Array.from(bytes, (byte) => `0x${byte.toString(16)}`).join(',');
  return [hexadecimal, hexadecimal.toUpperCase(), bytes.join(''), bytes.join(','), prefixed, inGo];
}

/** Base64 of the text itself, of the text as Go, Python and JavaScript write it in a JSON string, and of the text in a URL. */
function base64Forms(text: string): string[] {
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const json = JSON.stringify(text).slice(1, -1);
  const goJson = json.replace(/[<>&\u2028\u2029]/g, escaped);
  const asciiJson = [json, goJson].map((written) => written.replace(/[^ -~]/g, escaped));
  const inUrl = isWellFormed(text) ? encodeURIComponent(text) : text;
  return [text, json, goJson, ...asciiJson, inUrl].flatMap(base64AtAnyOffset);
}

/**
 * The base64 of a text inside a longer text: three alignments, in both alphabets. Characters that also encode a neighbouring
 * byte are left out, and so is "+", as in `withoutSpace`.
 */
function base64AtAnyOffset(text: string): string[] {
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

interface Word {
  readonly text: string;
  /** See `borderLengths`; undefined before they are needed. */
  borders: readonly number[] | undefined;
}

/** Words with the same first characters. */
interface Group {
  readonly start: string;
  readonly words: readonly Word[];
}

/** The ranges of the original in which a word of the group occurs. */
function findGroup({ start, words }: Group, layer: Layer): Range[] {
  const first = layer.text.indexOf(start);
  return first === -1 ? [] : words.flatMap((word) => findRanges(word, layer, first));
}

/**
 * The ranges of the original in which a word occurs, found by the Knuth-Morris-Pratt algorithm: a simple search takes
 * quadratic time for a repetitive word. A prefix of the word counts, too, if a quotation is truncated after it. Where nothing
 * is matched, `indexOf` finds the next possible start, much faster than the loop. The search begins at `first`.
 */
function findRanges(searched: Word, layer: Layer, first: number): Range[] {
  const [word, { text }] = [searched.text, layer];
  const borders = (searched.borders ??= borderLengths(word));
  const start = word.slice(0, SHORTEST_SECRET);
  const nextStart = (from: number): number => {
    const at = text.indexOf(start, from);
    return at === -1 ? text.length : at;
  };
  const ranges: Range[] = [];
  let matched = 0; // the length of the longest prefix of the word that ends at `at`
  for (let at = first; at < text.length; at = matched === 0 ? nextStart(at + 1) : at + 1) {
    matched = extendMatch(word, borders, matched, text[at]);
    if (matched === word.length || (matched >= SHORTEST_SECRET && isTruncatedAfter(layer, at))) {
      ranges.push([layer.starts[at - matched + 1] as number, layer.ends[at] as number]);
    }
  }
  return ranges;
}

/** Whether a quotation ends after a character: at the end of the text, at an ellipsis, or at a quote directly after it. */
function isTruncatedAfter({ text, starts, ends }: Layer, at: number): boolean {
  const next = text[at + 1];
  return next === undefined || next === ELLIPSIS || text.startsWith('...', at + 1) || (next === '"' && starts[at + 1] === ends[at]);
}

/** For each prefix of the word, the length of its longest proper prefix that is also its suffix. */
function borderLengths(word: string): number[] {
  const borders = [0];
  for (let at = 1; at < word.length; at++) borders.push(extendMatch(word, borders, borders[at - 1] as number, word[at]));
  return borders;
}

/** How much of the word is matched after one more character, if `length` characters were matched before it. */
function extendMatch(word: string, borders: readonly number[], length: number, next: string | undefined): number {
  let matched = length;
  while (matched > 0 && next !== word[matched]) matched = borders[matched - 1] as number;
  return next === word[matched] ? matched + 1 : 0;
}

/** The text with `[redacted]` in place of the ranges, which may overlap. */
function redactRanges(text: string, ranges: Range[]): string {
  let redacted = '';
  let from = 0;
  for (const [start, end] of ranges.sort(([a], [b]) => a - b)) {
    if (start >= from) redacted += text.slice(from, start) + REDACTED;
    from = Math.max(from, end);
  }
  return redacted + text.slice(from);
}
