// Filters, encoded as the JSON that engines read.

import { describe, expect, test } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { encodeFilters, mergeFilters } from '../../src/api/filters.ts';
import type { Filters } from '../../src/api/filters.ts';

describe('encodeFilters', () => {
  // docker-py writes a boolean inside a list as "True", which dockerd refuses: case 2.
  // covers: complaint js-37
  test.each<[Filters, string | undefined]>([
    [{ dangling: true }, '{"dangling":["true"]}'],
    [{ dangling: [true, false] }, '{"dangling":["true","false"]}'],
    [{ label: ['a', 'b=c'] }, '{"label":["a","b=c"]}'],
    [{ label: ['a', 'a'] }, '{"label":["a"]}'],
    [{ until: 1700000000, 'is-official': false }, '{"until":["1700000000"],"is-official":["false"]}'],
    [{ stars: 0 }, '{"stars":["0"]}'],
    [{ reference: '' }, '{"reference":[""]}'],
    [{ reference: 'ä"\n' }, '{"reference":["ä\\"\\n"]}'],
    [{}, undefined],
  ])('encodes %j as %s', (filters, json) => {
    expect(encodeFilters(filters)).toBe(json);
  });

  test('reads an object without a prototype', () => {
    expect(encodeFilters(Object.assign(Object.create(null), { dangling: true }))).toBe('{"dangling":["true"]}');
  });

  test('treats a filter named __proto__ like any other', () => {
    expect(encodeFilters(JSON.parse('{"__proto__":["a"],"constructor":"b"}')))
      .toBe('{"__proto__":["a"],"constructor":["b"]}');
    expect(({} as Record<string, unknown>)['0']).toBeUndefined();
  });

  test('does not change the given object', () => {
    const filters = Object.freeze({ label: Object.freeze(['a']), dangling: true });
    encodeFilters(filters);
    mergeFilters(filters, { label: 'b' });
    expect(filters).toEqual({ label: ['a'], dangling: true });
  });

  // A filter that vanished would make a prune remove every image.
  test.each<[string, unknown]>([
    ['null', { label: null }],
    ['undefined', { label: undefined }],
    ['an object', { label: { a: true } }],
    ['a null in a list', { label: ['a', null] }],
    ['a list in a list', { label: [['a']] }],
    ['an empty list', { label: [] }],
    ['NaN', { until: Number.NaN }],
    ['a bigint', { until: 1n }],
    ['a function', { until: () => 1 }],
    ['a Map', new Map([['label', 'a']])],
    ['an array', ['label=a']],
    ['a string', 'label=a'],
    ['a Date', new Date(0)],
  ])('rejects %s', (_what, filters) => {
    expect(() => encodeFilters(filters as Filters)).toThrow(ArgumentError);
  });

  test('names the filter with the wrong value', () => {
    expect(() => encodeFilters({ 'la\nbel': null } as unknown as Filters)).toThrow('"la\\u{a}bel"');
  });
});

describe('mergeFilters', () => {
  test('joins the values of one key without duplicates', () => {
    expect(mergeFilters({ reference: 'a', dangling: true }, undefined, { reference: ['b', 'a'] }))
      .toEqual({ reference: ['a', 'b'], dangling: ['true'] });
  });

  test('of nothing is empty', () => {
    expect(mergeFilters()).toEqual({});
    expect(mergeFilters(undefined, {})).toEqual({});
  });
});
