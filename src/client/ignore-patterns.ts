// Patterns of paths as .dockerignore has them: what of a folder is left out when it is packed. A pattern is matched by
// keeping the set of all its places that the path so far can have led to. The time is the length of the pattern times
// that of the path, whatever they hold; a backtracking expression made from the pattern can take exponential time.

import { escapeText, withoutEnd } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';

/** The longest pattern, in characters. Linux takes no longer path (PATH_MAX). */
const PATTERN_LIMIT = 4096;

/**
 * Whether a path, relative and with slashes, is meant by one of the patterns. A pattern is one of the whole path: `*` and
 * `?` stand for anything but a slash, `**` for any number of folders, `[a-c]` for one of these letters. A folder that is
 * meant takes all in it along. Lines that take back what others said (`!keep`) are refused.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  if (!Array.isArray(patterns) || patterns.some((pattern) => typeof pattern !== 'string')) {
    throw new ArgumentError('exclude must be a list of patterns');
  }
  const all = patterns.map(parsePattern);
  return (path) => {
    const characters = [...path];
    return all.some((tokens) => matches(tokens, characters));
  };
}

/**
 * A part of a pattern. `passes` says which characters it takes; `repeats`: any number of them, also none. `folders`, which
 * takes none, is for a pattern's start of `**`+`/`: the path goes on behind it, or inside the folders, which follow it.
 */
interface Token {
  readonly kind: 'one' | 'repeats' | 'folders' | 'inside';
  passes(character: string): boolean;
}

const any = (): boolean => true;
const none = (): boolean => false;
const inSegment = (character: string): boolean => character !== '/';

function parsePattern(pattern: string): readonly Token[] {
  if (pattern.length > PATTERN_LIMIT) {
    throw new ArgumentError(`a pattern of ${pattern.length} characters: the longest may have ${PATTERN_LIMIT}`);
  }
  const path = withoutEnd(pattern.replace(/^(?:\.?\/)+/, ''), '/');
  if (path === '' || path === '.') throw refusal(pattern, 'means everything or nothing');
  if (pattern.startsWith('!')) throw refusal(pattern, 'would take back another, which these do not');
  const characters = [...path];
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; ) at += takeToken(pattern, characters, at, tokens);
  return tokens;
}

/** Adds what stands at that place; gives its length. */
function takeToken(pattern: string, characters: readonly string[], at: number, tokens: Token[]): number {
  const [first, second, third] = characters.slice(at, at + 3);
  if (first === '*' && second === '*' && third === '/') {
    tokens.push({ kind: 'folders', passes: none }, { kind: 'inside', passes: any });
    return 3;
  }
  if (first === '*') {
    tokens.push({ kind: 'repeats', passes: second === '*' ? any : inSegment });
    return second === '*' ? 2 : 1;
  }
  // The first letter in brackets may be "^", and needs one behind it.
  const close = first === '[' ? characters.indexOf(']', at + 2) : -1;
  if (close !== -1 && second !== ']') {
    tokens.push({ kind: 'one', passes: letterSet(pattern, characters.slice(at + 1, close)) });
    return close + 1 - at;
  }
  tokens.push({ kind: 'one', passes: first === '?' ? inSegment : (character) => character === first });
  return 1;
}

/** `a-c`, `abc`, `^a-c`: each letter, or the first and last of some. */
function letterSet(pattern: string, given: readonly string[]): (character: string) => boolean {
  const isNegated = given[0] === '^' && given.length > 1;
  const letters = isNegated ? given.slice(1) : given;
  const ranges: Array<readonly [first: number, last: number]> = [];
  for (let i = 0; i < letters.length; i++) {
    const first = codeOf(letters[i]);
    const isRange = letters[i + 1] === '-' && i + 2 < letters.length;
    if (isRange) i += 2;
    const last = codeOf(letters[i]);
    if (last < first) throw refusal(pattern, 'has letters in brackets that are no range'); // [z-a]
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
  let places = new Set([0]);
  addReached(tokens, places);
  for (const character of path) {
    if (places.size === 0) return false;
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token === undefined || !token.passes(character)) continue;
      if (token.kind !== 'one') next.add(place);
      if (token.kind === 'one' || (token.kind === 'inside' && character === '/')) next.add(place + 1);
    }
    addReached(tokens, next);
    places = next;
  }
  return places.has(tokens.length);
}

/** Adds the places that are reached from these without a character; a set gives what is added while it is walked, too. */
function addReached(tokens: readonly Token[], places: Set<number>): void {
  for (const place of places) {
    const kind = tokens[place]?.kind;
    if (kind === 'repeats' || kind === 'folders') places.add(place + 1);
    if (kind === 'folders') places.add(place + 2);
  }
}

function refusal(pattern: string, why: string): ArgumentError {
  return new ArgumentError(`the pattern "${escapeText(pattern)}" ${why}`);
}
