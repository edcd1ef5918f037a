// The secrets that the tests use. Each contains one of two words, so a leak can be distinguished from other text.

import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';

/** The two words; the second is the password of the registries that the tapes were recorded with. */
export const plantedWords = ['hunter2', 'secretpw'] as const;

/** One secret of every kind, with characters that make the encodings differ. */
export const planted = {
  password: 'hunter2<&>\'"\\/?~ü€: %41+\r\nhunter2',
  identityToken: 'hunter2-identity.token~?>',
  registryToken: 'hunter2-registry.token~?>',
  sessionToken: 'hunter2-session',
  urlPassword: 'hunter2-url',
  urlSignature: 'hunter2-signature',
  environment: 'hunter2-environment',
} as const;

/** A text in base64 at any place in a longer text: three offsets, without the characters that it shares with its neighbours. */
export function insideBase64(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from('\0'.repeat(shift) + text).toString('base64').replace(/=+$/, '');
    const lost = (shift + text.length) % 3 === 0 ? 0 : 1;
    return encoded.slice(shift === 0 ? 0 : shift + 1, encoded.length - lost);
  });
}

/** The words in any case, and in base64. */
export const leaks: ReadonlyArray<readonly [what: string, pattern: RegExp]> = plantedWords.flatMap((word) => [
  [`the planted "${word}"`, new RegExp(word, 'i')] as const,
  ...[word, word.toUpperCase()].flatMap(insideBase64).map((text) => {
    return [`the planted "${word}" in base64`, new RegExp(text)] as const;
  }),
]);

/** Finds a text in which one of `leaks` could match: two searches instead of one for each. */
const anyWord = new RegExp(plantedWords.join('|'), 'i');
const anyInBase64 = new RegExp(leaks.filter(([, { flags }]) => flags === '').map(([, { source }]) => source).join('|'));

/** The planted secrets that a text shows, also where it writes characters by their numbers, or breaks lines. */
export function leaksIn(text: string): string[] {
  const readings = [text];
  for (let reading = text, layer = 0; layer < 4; layer++) {
    const decoded = withoutNumbers(reading);
    if (decoded === reading) break;
    readings.push((reading = decoded));
  }
  const inLines = text.replace(/(?:\\[rn]|[\r\n])+[ \t]*/g, '');
  if (inLines !== text) readings.push(inLines);
  if (!readings.some((reading) => anyWord.test(reading) || anyInBase64.test(reading))) return [];
  return leaks.filter(([, pattern]) => readings.some((reading) => pattern.test(reading))).map(([what]) => what);
}

/** The text with the numbers of ASCII characters undone: JSON, JavaScript, Go, Python, URLs and HTML write them so. */
function withoutNumbers(text: string): string {
  if (!/[\\%&]/.test(text)) return text;
  const number = /(?:\\u00|\\U000000|\\u\{0*|\\x|%|&#[xX]0*)([0-7][0-9A-Fa-f])(?:[;}]|)|&#0*([0-9]{2,3});|\\([\\/"'])/g;
  return text.replace(number, (_, hex?: string, decimal?: string, letter?: string) => {
    return letter ?? String.fromCharCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}

/** Everything that a program could print of a value: an error, a client, a message on a channel. */
export function everythingOf(value: unknown): string {
  const first = inspect(value, { depth: Infinity, showHidden: true, getters: true, maxStringLength: Infinity });
  const looks = [first];
  for (let at: unknown = value, depth = 0; at !== undefined && at !== null && depth < 20; depth++) {
    if (!first.includes(textOf(at))) looks.push(textOf(at));
    looks.push(jsonOf(at));
    if (typeof at !== 'object') break;
    for (const key of Reflect.ownKeys(at)) {
      const member: unknown = Reflect.get(at, key);
      // A long text was already searched in the first pass; it need not be searched again between quotes.
      const isShown = typeof member === 'string' ? first.includes(member) : Object.getPrototypeOf(at) === Object.prototype;
      if (!isShown) looks.push(inspect(member, { depth: 5 }));
      looks.push(String(key));
    }
    at = at instanceof Error ? at.cause : undefined;
  }
  return looks.join('\n');
}

/** JSON of a value; empty if it has none, as an error of Node's with a self-signed certificate, which contains itself. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

/** Text of a value; empty if it has none, as an object without a prototype. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return '';
  }
}
