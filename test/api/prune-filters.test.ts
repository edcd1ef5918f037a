// The filters of a prune, by the source of moby (daemon/images/image_prune.go). Docker 20.10 and 28.5 were tried with one label, with one
// label! and with durations; several labels, and the forms of times, follow the source.

import { describe, expect, it } from 'vitest';
import { matchesFilters, parseUntil, pruneFilters } from '../../src/api/prune-filters.ts';
import type { Filters } from '../../src/api/filters.ts';
import { ArgumentError } from '../../src/errors.ts';

describe('the filters of a prune', () => {
  it('select images without a name unless dangling is false', () => {
    expect(pruneFilters(undefined)).toEqual({ onlyDangling: true, others: {} });
    expect(pruneFilters({ dangling: true, label: 'a' })).toEqual({ onlyDangling: true, others: { label: ['a'] } });
    expect(pruneFilters({ dangling: ['0', false], until: '1h' })).toEqual({ onlyDangling: false, others: { until: ['1h'] } });
  });

  it.each([{ dangling: 'yes' }, { dangling: [true, false] }, { until: ['1h', '2h'] }, { reference: 'a' }])('%j is refused', (filters) => {
    expect(() => pruneFilters(filters)).toThrow(ArgumentError);
  });

  it.each<[Filters, Record<string, string> | null, boolean]>([
    [{ label: 'a' }, { a: '1' }, true],
    [{ label: 'a=1' }, { a: '1' }, true],
    [{ label: 'a=2' }, { a: '1' }, false],
    [{ label: ['a', 'b'] }, { a: '1' }, false],
    [{ label: 'a' }, null, false],
    [{ 'label!': 'a' }, { a: '1' }, false],
    [{ 'label!': 'a=2' }, { a: '1' }, true],
    [{ 'label!': ['a', 'b'] }, { a: '1' }, true], // moby#40286
    [{ 'label!': ['a', 'b'] }, { a: '1', b: '1' }, false],
    [{ 'label!': 'a' }, null, true],
  ])('%j with the labels %j: %s', (filters, Labels, expected) => {
    expect(matchesFilters({ Created: 0, Labels }, pruneFilters(filters), undefined)).toBe(expected);
  });

  it('until selects images that were created before that second', () => {
    const test = (Created: number): boolean => matchesFilters({ Created, Labels: null }, pruneFilters({}), 100.7);
    expect([test(99), test(100), test(101)]).toEqual([true, false, false]);
  });
});

describe('until', () => {
  const now = '2026-01-02T12:00:00.5+02:00';
  const seconds = Date.parse('2026-01-02T10:00:00.5Z') / 1000;

  it.each<[string, number]>([
    ['24h', seconds - 86_400],
    ['1h30m', seconds - 5400],
    ['1.5h', seconds - 5400],
    ['500ms', seconds - 0.5],
    ['1767347200', 1_767_347_200],
    ['2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1) / 1000],
    ['2026-01-01T00:00', Date.UTC(2025, 11, 31, 22) / 1000], // in the zone of the engine
    ['2026-01-01', Date.UTC(2025, 11, 31, 22) / 1000],
  ])('%s', (text, expected) => {
    expect(parseUntil(text, now)).toBeCloseTo(expected, 6);
  });

  it.each(['', 'yesterday', '1d', 'h', '01/02/2026', '2026-13-01'])('"%s" is refused', (text) => {
    expect(() => parseUntil(text, now)).toThrow(/until must be a duration/);
  });
});
