// Patterns as in .dockerignore: they decide which paths of a directory are left out when it is packed.
//
// A pattern becomes a list of tokens. A path is read character by character, and the set of all positions in the list that these
// characters can lead to is kept. So the time is at most the product of the two lengths. A regular expression made from the
// pattern would backtrack, and could take exponential time.

import { escapeText, withoutTrailing } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';

/** The maximum length of a pattern, in characters: that of a path on Linux (PATH_MAX). */
const PATTERN_LIMIT = 4096;

/**
 * Returns a function that says whether a relative path, with slashes, matches one of the patterns. A pattern must match the
 * whole path: `*` and `?` stand for any characters but a slash, `**` for any number of directories, `[a-c]` for one of
 * these characters. The caller leaves out everything in a directory that matches. Throws an `ArgumentError` for an invalid
 * pattern, and for exceptions (`!keep`), which are not supported.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  if (!Array.isArray(patterns) || patterns.some((pattern) => typeof pattern !== 'string')) {
    throw new ArgumentError('exclude must be a list of patterns');
  }
  const parsed = patterns.map(parsePattern);
  return (path) => {
    const characters = [...path];
    return parsed.some((tokens) => matches(tokens, characters));
  };
}

/**
 * A part of a pattern. `accepts` says which characters it matches. `one` matches one character, `repeats` any number of them.
 * `**` followed by a slash becomes two tokens: `directories`, which matches nothing and may be skipped together with the
 * next token, and `inside`, which matches any characters up to a slash.
 */
interface Token {
  readonly kind: 'one' | 'repeats' | 'directories' | 'inside';
  accepts(character: string): boolean;
}

const any = (): boolean => true;
const none = (): boolean => false;
const notSlash = (character: string): boolean => character !== '/';

function parsePattern(pattern: string): readonly Token[] {
  if (pattern.length > PATTERN_LIMIT) {
    throw new ArgumentError(`an exclude pattern has ${pattern.length} characters; at most ${PATTERN_LIMIT} are allowed`);
  }
  const path = withoutTrailing(pattern.replace(/^(?:\.?\/)+/, ''), '/');
  if (path === '' || path === '.') throw invalid(pattern, 'names no path');
  if (pattern.startsWith('!')) throw invalid(pattern, 'begins with "!": exceptions are not supported');
  const characters = [...path];
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; ) at += addToken(pattern, characters, at, tokens);
  return tokens;
}

function addToken(pattern: string, characters: readonly string[], at: number, tokens: Token[]): number {
  const [first, second, third] = characters.slice(at, at + 3);
  if (first === '*' && second === '*' && third === '/') {
    tokens.push({ kind: 'directories', accepts: none }, { kind: 'inside', accepts: any });
    return 3;
  }
  if (first === '*') {
    tokens.push({ kind: 'repeats', accepts: second === '*' ? any : notSlash });
    return second === '*' ? 2 : 1;
  }
  // The first character in brackets may be "^", which needs another one after it.
  const close = first === '[' ? characters.indexOf(']', at + 2) : -1;
  if (close !== -1 && second !== ']') {
    tokens.push({ kind: 'one', accepts: characterClass(pattern, characters.slice(at + 1, close)) });
    return close + 1 - at;
  }
  tokens.push({ kind: 'one', accepts: first === '?' ? notSlash : (character) => character === first });
  return 1;
}

/** The characters in brackets: `a-c`, `abc`, `^a-c`. */
function characterClass(pattern: string, content: readonly string[]): (character: string) => boolean {
  const isNegated = content[0] === '^' && content.length > 1;
  const members = isNegated ? content.slice(1) : content;
  const ranges: Array<readonly [first: number, last: number]> = [];
  for (let i = 0; i < members.length; i++) {
    const first = codeOf(members[i]);
    const isRange = members[i + 1] === '-' && i + 2 < members.length;
    if (isRange) i += 2;
    const last = codeOf(members[i]);
    if (last < first) throw invalid(pattern, 'has a range in brackets whose end is before its start'); // [z-a]
    ranges.push([first, last]);
  }
  return (character) => {
    const code = codeOf(character);
    return ranges.some(([first, last]) => first <= code && code <= last) !== isNegated;
  };
}

function codeOf(character: string | undefined): number {
  return character?.codePointAt(0) ?? 0;
}

function matches(tokens: readonly Token[], path: readonly string[]): boolean {
  let positions = new Set([0]);
  addSkipped(tokens, positions);
  for (const character of path) {
    if (positions.size === 0) return false;
    const next = new Set<number>();
    for (const position of positions) {
      const token = tokens[position];
      if (token === undefined || !token.accepts(character)) continue;
      if (token.kind !== 'one') next.add(position);
      if (token.kind === 'one' || (token.kind === 'inside' && character === '/')) next.add(position + 1);
    }
    addSkipped(tokens, next);
    positions = next;
  }
  return positions.has(tokens.length);
}

/** Adds the positions that are reached without a character. The loop also visits the positions that it adds. */
function addSkipped(tokens: readonly Token[], positions: Set<number>): void {
  for (const position of positions) {
    const kind = tokens[position]?.kind;
    if (kind === 'repeats' || kind === 'directories') positions.add(position + 1);
    if (kind === 'directories') positions.add(position + 2);
  }
}

function invalid(pattern: string, why: string): ArgumentError {
  return new ArgumentError(`the exclude pattern "${escapeText(pattern)}" ${why}`);
}
