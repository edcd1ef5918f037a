// The time that a text takes grows in proportion to its length. Regular expressions are measured by counted steps. Functions that
// read an engine's text are measured by processor time, in proportion to the same function on a quarter of the text.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { escapeText } from '../src/bytes.ts';
import { fit, fitEnd, printable } from '../src/cli/printable.ts';
import { statusError } from '../src/api/api-error.ts';
import { ArchiveDigests } from '../src/api/saved-image/verify-digests.ts';
import { findCredentials, holdsSecrets, parseAuthVariable, parseDockerConfig } from '../src/config/stored-credentials.ts';
import { ImportResultBuilder, LoadResultBuilder, PullResultBuilder, PushResultBuilder } from '../src/api/progress/results.ts';
import { JsonValueDecoder } from '../src/api/progress/json-stream.ts';
import { progressEvent } from '../src/api/progress/progress-events.ts';
import { ProgressTotals } from '../src/api/progress/progress-totals.ts';
import { redactor } from '../src/api/redaction.ts';
import { imageDiskUsage, readImage } from '../src/api/normalize.ts';
import { parseReference } from '../src/api/reference.ts';
import { LongshoreError } from '../src/errors.ts';
import { Fields } from '../src/http/fields.ts';
import { ResponseParser } from '../src/http/response-parser.ts';
import { pathMatcher } from '../src/client/ignore-patterns.ts';
import { Queue } from '../src/async/queue.ts';
import { encodeHeader } from '../src/tar/header.ts';
import { parsePaxRecords } from '../src/tar/pax.ts';
import { ArchiveScan } from '../src/tar/scan-archive.ts';
import { RecordedResponseParser } from '../src/testing/recorded-response-parser.ts';
import { TooManySteps, matcher, stepsOf } from './support/backtracking.ts';
import { attacksOn, expressionsMadeBy, expressionsOfSource } from './support/regular-expressions.ts';
import type { Search } from './support/backtracking.ts';
import type { Attack } from './support/regular-expressions.ts';

/**
 * The most times the steps for four times the text: 4 is proportional, and 16 is quadratic. Every text is tried at
 * the first length; the second is above the bounds of repetitions such as {0,127}, and has room for many long units.
 */
const LIMITS: ReadonlyArray<readonly [length: number, growth: number]> = [[64, 5.5], [512, 8]];
/** The most steps for the few thousand characters of a text; more count as unlimited growth. */
const MOST_STEPS = 2_000_000;

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

describe('the number of steps', () => {
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
  ])('for %s grows faster than the text', (pattern) => {
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
  ])('for %s grows in proportion to the text', (pattern) => {
    expect(worstOf(pattern)).toBeUndefined();
  });
});

describe('the regular expressions of the source', async () => {
  const { literals, made } = expressionsOfSource();

  it('are found', () => {
    expect(literals.length).toBeGreaterThan(150);
  });

  /** The file that makes its expressions from constants when it is loaded. */
  const assembled = 'api/redaction.ts';

  it('are not built from input at run time', () => {
    expect([...new Set(made.map((place) => place.split(':')[0]))]).toEqual([assembled]);
  });

  it.each(await expressionsMadeBy(assembled))('%s, which is built from constants, takes steps in proportion to the text', (pattern) => {
    expect(worstOf(pattern)).toBeUndefined();
  });

  it.each(literals)('$place: $pattern takes steps in proportion to the text', ({ pattern }) => {
    expect(worstOf(pattern)).toBeUndefined();
  });
});

// The only test that measures time: a quarter of the text must take at least about a quarter of the time. Both are measured
// in one run, as the minimum of some; on a busy machine they are measured again. A quadratic function still fails.
describe('functions that read the text of an engine', () => {
  const QUARTER = 64 * 1024;
  const MOST_RATIO = 10;
  /** Allowed extra time, because another process may take some milliseconds. 256 Ki squared steps take a minute. */
  const SLACK_MS = 100;
  const timeOf = (call: () => void): number => {
    const start = performance.now();
    call();
    return performance.now() - start;
  };
  const least = (call: () => void): number => Math.min(...Array.from({ length: 3 }, () => timeOf(call)));

  function isLinear(read: (text: string) => void, textOf: (length: number) => string, quarter = QUARTER, slackMs = 1): boolean {
    const [short, long] = [textOf(quarter), textOf(4 * quarter)];
    for (let attempt = 0; attempt < 8; attempt++) if (least(() => read(long)) < MOST_RATIO * least(() => read(short)) + slackMs) return true;
    return false;
  }

  const quietly = (call: () => void): void => {
    try {
      call();
    } catch (error) {
      if (!(error instanceof LongshoreError)) throw error; // an error of ours counts as a result
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
    expect(isLinear((text) => quietly(() => read(text)), textOf, QUARTER, SLACK_MS)).toBe(true);
  });

  // Errors keep 16,384 characters of an engine's message; these are searched for secrets.
  it.each<[string, string, string]>([
    ['one secret', 's3cret', 's3cre'],
    ['one that repeats itself', 'abab'.repeat(100), 'ab'],
    ['escapes', 's3cret', '%2541'],
    ['escapes of escapes', 's3cret', '\\'],
    ['a secret of escapes', '\\\\\\\\', '\\\\u005c'],
    ['white space', 's3 cr et', ' s'],
  ])('look for secrets in proportion to the text: %s', (_, secret, unit) => {
    expect(isLinear((text) => void redactor([secret])?.(text), filled(unit), 4096, SLACK_MS)).toBe(true);
  });

  it('look for a secret in proportion to the secret', () => {
    expect(isLinear((text) => void redactor([text])?.('aaaab'), filled('ab', 'c'), 4096, SLACK_MS)).toBe(true);
  });

  const headline = (status: string) => ({ type: 'headline', id: undefined, status }) as const;
  const configOf = (auths: object): void => {
    const file = parseDockerConfig(Buffer.from(JSON.stringify({ auths })), 'config.json');
    holdsSecrets(file);
    findCredentials({ registry: 'r.example', repository: 'a/b' }, { file });
  };
  const keys = (text: string): void => configOf(Object.fromEntries(text.split(' ').map((key) => [key, { auth: 'dTpw' }])));
  const digestsOf = (entries: ReadonlyArray<readonly [path: string, content: string, linkname?: string]>): void => {
    const digests = new ArchiveDigests((algorithm = 'sha256') => createHash(algorithm));
    for (const [path, content, linkname = ''] of entries) {
      digests.entry({ path, typeflag: linkname === '' ? '0' : '2', size: content.length, linkname });
      if (content !== '') digests.content(Buffer.from(content));
      digests.endEntry();
    }
    digests.finish();
  };
  const manifest = ['manifest.json', '[]'] as const;
  const pipelined = (text: string): void => {
    const parser = new RecordedResponseParser();
    const asked = { method: 'GET', target: '/', minorVersion: 1, fields: new Fields() };
    for (let i = 0; i < text.length; i++) parser.asked(asked as never);
    parser.push(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'.repeat(text.length)));
  };

  const globalHeaders = (text: string): void => {
    const block = new Uint8Array(512);
    encodeHeader(block, 0, { path: 'p', typeflag: 'g', mode: 0, uid: 0, gid: 0, size: 0, mtime: 0, linkname: '', devmajor: 0, devminor: 0 });
    const scan = new ArchiveScan();
    for (let i = 0; i < text.length; i++) scan.push(block);
  };
  const names = (list: readonly string[]): void => void readImage({ Id: 'i', RepoTags: list, RepoDigests: list });
  const usage = (tags: readonly string[]): void => {
    imageDiskUsage({ LayersSize: 1, Images: tags.map((tag) => ({ Id: 'i', RepoTags: [tag], RepoDigests: [], Size: 1, SharedSize: 1, Containers: 0 })) });
  };

  it.each<[string, (text: string) => void, (length: number) => string]>([
    ['names that were loaded', (text) => new LoadResultBuilder().take({ type: 'stream', text: `Loaded image: ${text}` }), filled('a,')],
    ['blanks behind a loaded name', (text) => new LoadResultBuilder().take({ type: 'stream', text: `Loaded image: ${text}x` }), filled(' ')],
    ['a pull', (text) => new PullResultBuilder(false).take(headline(text)), filled('Digest: sha256:')],
    ['a push', (text) => new PushResultBuilder('1').take(headline(text)), filled('digest: sha256:')],
    ['an import', (text) => new ImportResultBuilder().take(headline(text)), filled('sha256:0')],
    ['the keys of config.json', keys, numbered((i) => `k${i}.example/ `, 12)],
    ['a long key of config.json', (text) => keys(`${text}x`), filled('/')],
    ['a login of config.json', (auth) => configOf({ 'r.example': { auth } }), filled('AAAA')],
    ['DOCKER_AUTH_CONFIG', (text) => void parseAuthVariable(text), filled('a/')],
    ['the files of an archive', (text) => digestsOf(text.split(' ').map((path) => [path, ''])), numbered((i) => `f${i} `, 32)],
    ['links to links', (text) => digestsOf([manifest, ...text.split(' ').map((_, i) => [`l${i}`, '', `l${i + 1}`] as const)]), filled('0123456 ')],
    ['a document in an archive', (text) => digestsOf([['manifest.json', `{"a":"${text}`]]), filled('[')],
    ['a path in an archive', (text) => digestsOf([[text, '']]), filled('a/../')],
    ['a cell of a table', (text) => void fit(printable(text), 80), filled('\u0000a')],
    ['a cell that is cut at its beginning', (text) => void fitEnd(printable(text), 80), filled('\u0000a')],
    ['global headers of an archive', globalHeaders, (length) => 'x'.repeat(length / 4)],
    ['names among the tags of an image', (text) => names(text.split(' ')), numbered((i) => `${i}@x `, 4)],
    ['the tags of one image in the disk usage', (text) => usage(text.split(' ')), numbered((i) => `t:${i} `, 16)],
    ['answers to pipelined requests', pipelined, (length) => 'x'.repeat(length / 8)],
  ])('take no longer than in proportion to %s', (_, read, textOf) => {
    expect(isLinear((text) => quietly(() => read(text)), textOf, QUARTER, SLACK_MS)).toBe(true);
  });

  it('are distinguished from a function whose time grows with the cube', () => {
    expect(isLinear((text) => void /a+a+$/.test(text), (length) => `${'a'.repeat(length / 512)}b`)).toBe(false);
  });

  it('take time in proportion to the number of items in a queue', () => {
    const drain = (count: number): number => timeOf(() => {
      const queue = new Queue<number>();
      for (let i = 0; i < count; i++) queue.add(i);
      while (queue.take() !== undefined);
    });
    const ratios = Array.from({ length: 8 }, () => drain(400_000) / (drain(100_000) + 1));
    expect(Math.min(...ratios)).toBeLessThan(MOST_RATIO);
  });

  // An engine may send any number of images with thousands of layers each, and each layer may be complete at once.
  it('take the same time for an event about a new layer, however many layers its image has', () => {
    const take = (layers: number): number => timeOf(() => {
      const totals = new ProgressTotals();
      for (let event = 0; event < 16_384; event++) {
        if (event % layers === 0) totals.take(headline('Pulling from library/x'));
        totals.take({ type: 'layer', id: `${event}`, status: 'Download complete', current: undefined, total: undefined, units: undefined });
      }
    });
    const ratios = Array.from({ length: 8 }, () => take(4096) / (take(64) + 1));
    expect(Math.min(...ratios)).toBeLessThan(MOST_RATIO);
  });
});
