// No text makes the library work longer than its length accounts for: regular expressions by counted steps, and functions
// that read an engine's text by processor time, in proportion to the same function on a quarter of the text.

import { describe, expect, it } from 'vitest';
import { escapeText } from '../src/bytes.ts';
import { statusError } from '../src/docker/answer.ts';
import { JsonValueDecoder, progressEvent } from '../src/docker/progress.ts';
import { ProgressTotals } from '../src/docker/progress-totals.ts';
import { parseReference } from '../src/docker/reference.ts';
import { ResponseParser } from '../src/http/response.ts';
import { pathMatcher } from '../src/path-patterns.ts';
import { Queue } from '../src/queue.ts';
import { parsePaxRecords } from '../src/tar/pax.ts';
import { TooManySteps, matcher, stepsOf } from './support/backtracking.ts';
import { attacksOn, expressionsMadeBy, expressionsOfSource } from './support/regular-expressions.ts';
import type { Search } from './support/backtracking.ts';
import type { Attack } from './support/regular-expressions.ts';

/**
 * Four times the text may take so many times the steps: 4 is in proportion, and 16 is the square. Every text is tried at
 * the first length; the second is above the bounds of repetitions such as {0,127}, and has room for many long units.
 */
const LIMITS: ReadonlyArray<readonly [length: number, growth: number]> = [[64, 5.5], [512, 8]];
/** Beyond so many steps for the few thousand characters of a text, the growth is not counted any more. */
const MOST_STEPS = 10_000_000;

function growth(pattern: RegExp, search: Search, attack: Attack, length: number): number {
  try {
    const [short, long] = [attack(length), attack(4 * length)];
    return stepsOf(pattern, search, long, MOST_STEPS) / stepsOf(pattern, search, short, MOST_STEPS);
  } catch (error) {
    if (error instanceof TooManySteps) return Infinity;
    throw error;
  }
}

/** A text with which the steps grow faster than the text, if there is one. */
function worstOf(pattern: RegExp): string | undefined {
  const search = matcher(pattern);
  const isFast = (attack: Attack): boolean => LIMITS.some(([length, most]) => growth(pattern, search, attack, length) <= most);
  const worst = attacksOn(pattern).find((attack) => !isFast(attack));
  return worst === undefined ? undefined : `the steps grow with the square of ${JSON.stringify(worst(20))}`;
}

describe('the count of steps', () => {
  it.each([
    [/^(?:a+)+$/],
    [/^(?:a|a)*$/],
    [/^(?:a|aa)*c$/],
    [/a+$/],
    [/\s+$/],
    [/platform .* not found/i],
    [/^\/*x|\/+$/g],
    [/\/\/(.*)@/],
    [/(\d+)([smhd])/g],
    [/<title[^>]*>/i],
    [/^a: *(?:b(?: +b)*)? *;/],
    [/^[^/]*\/[^/]*.*:.*$/],
    [/^(.*),(.*),x/],
    [/(?=.*b)a/],
  ])('of %s grows faster than its text', (pattern) => {
    expect(worstOf(pattern)).toBeDefined();
  });

  it.each([
    [/^a+$/],
    [/[A-Z]+/g],
    [/^(?:a+b)+$/],
    [/^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/],
    [/^(?:[a-z]{1,100})$/],
    [/\bdenied:/],
    [/^(a)\1$/],
    [/(?:x|y)?z/g],
  ])('of %s does not', (pattern) => {
    expect(worstOf(pattern)).toBeUndefined();
  });
});

describe('the regular expressions of the source', async () => {
  const { literals, made } = expressionsOfSource();

  it('are all found', () => {
    expect(literals.length).toBeGreaterThan(150);
  });

  /** The file that puts its expressions together, of constants, when it is loaded. */
  const assembled = 'docker/redaction.ts';

  it('are never made of a text at run time', () => {
    expect([...new Set(made.map((place) => place.split(':')[0]))]).toEqual([assembled]);
  });

  it.each(await expressionsMadeBy(assembled))('%s, which is put together, takes steps in proportion to the text', (pattern) => {
    expect(worstOf(pattern)).toBeUndefined();
  });

  it.each(literals)('$place: $pattern takes steps in proportion to the text', ({ pattern }) => {
    expect(worstOf(pattern)).toBeUndefined();
  });
});

// The one test that looks at times: a quarter of the text must take no less than about a quarter of the time. Both are
// taken in one run, as the least of some; on a busy machine they are taken again, which no quadratic function survives.
describe('functions that read the text of an engine', () => {
  const QUARTER = 64 * 1024;
  const MOST_RATIO = 10;
  const timeOf = (call: () => void): number => {
    const start = performance.now();
    call();
    return performance.now() - start;
  };
  const least = (call: () => void): number => Math.min(...Array.from({ length: 3 }, () => timeOf(call)));

  function isLinear(read: (text: string) => void, textOf: (length: number) => string): boolean {
    const [short, long] = [textOf(QUARTER), textOf(4 * QUARTER)];
    for (let attempt = 0; attempt < 8; attempt++) if (least(() => read(long)) < MOST_RATIO * least(() => read(short)) + 1) return true;
    return false;
  }

  const quietly = (call: () => void): void => {
    try {
      call();
    } catch {
      // an error of ours is as good as a result here
    }
  };
  const asked = { method: 'GET', target: '/images/json', address: 'unix:///x' };
  const refused = (text: string): unknown => statusError(asked, { status: 404, reasonPhrase: '', body: Buffer.from(text) });
  const events = (text: string): void => {
    const [decoder, totals] = [new JsonValueDecoder(), new ProgressTotals()];
    decoder.push(Buffer.from(text));
    for (let value; (value = decoder.next()) !== undefined; ) {
      const event = progressEvent(value);
      if (event !== undefined) totals.take(event);
    }
    totals.snapshot();
  };
  const answer = (text: string): void => {
    const parser = new ResponseParser('GET');
    parser.receive(Buffer.from(text, 'latin1'));
    while (parser.next() !== undefined);
  };
  const filled = (unit: string, end = '') => (length: number): string => unit.repeat(length / unit.length) + end;
  const numbered = (line: (index: number) => string, size: number) => (length: number): string =>
    Array.from({ length: length / size }, (_, index) => line(index)).join('');

  it.each<[string, (text: string) => void, (length: number) => string]>([
    ['a stream of events', events, filled('{"stream":"a"}\n')],
    ['a stream of layers', events, numbered((i) => `{"id":"${i}","status":"Downloading","progressDetail":{}}\n`, 60)],
    ['an unfinished value', events, filled('{"a":')],
    ['a stream without ends of lines', events, filled('{"a":"b"}')],
    ['an error of titles', (text) => void refused(text), filled('<title')],
    ['an error of platforms', (text) => void refused(text), filled('platform ')],
    ['an error in JSON', (text) => void refused(JSON.stringify({ message: text })), filled('repository ')],
    ['a head', answer, filled('a: b\r\n')],
    ['chunks', (text) => answer(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${text}`), filled('1\r\na\r\n')],
    ['a path', pathMatcher(['**/a*/**/*b/[a-c]*?c', '**/**/*a*a*a*d']), filled('aab/')],
    ['control characters', (text) => void escapeText(text), filled('\u0000a')],
    ['a reference', (text) => void parseReference(text), filled('a/')],
    ['pax records', (text) => void parsePaxRecords(Buffer.from(text)), filled('6 a=b\n')],
  ])('take time in proportion to %s', (_, read, textOf) => {
    expect(isLinear((text) => quietly(() => read(text)), textOf)).toBe(true);
  });

  it('are told from one whose time grows with the cube', () => {
    expect(isLinear((text) => void /a+a+$/.test(text), (length) => `${'a'.repeat(length / 256)}b`)).toBe(false);
  });

  it('take time in proportion to what a queue hands on', () => {
    const drain = (count: number): number => timeOf(() => {
      const queue = new Queue<number>();
      for (let i = 0; i < count; i++) queue.add(i);
      while (queue.take() !== undefined);
    });
    const ratios = Array.from({ length: 8 }, () => drain(400_000) / (drain(100_000) + 1));
    expect(Math.min(...ratios)).toBeLessThan(MOST_RATIO);
  });
});
