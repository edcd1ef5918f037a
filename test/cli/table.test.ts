// Columns, sizes and ages: the expected values are those of go-units' own tests, and of `docker images`.

import { describe, expect, it } from 'vitest';
import { age, humanDuration, humanSize, table } from '../../src/cli/table.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const MONTH = 30 * DAY;
const YEAR = 365 * DAY;

describe('humanSize', () => {
  it.each([
    // bytes, 4 digits (progress), 3 digits (docker images)
    [0, '0B', '0B'],
    [999, '999B', '999B'],
    [1000, '1kB', '1kB'],
    [1024, '1.024kB', '1.02kB'],
    [1234, '1.234kB', '1.23kB'],
    [5_300_000, '5.3MB', '5.3MB'],
    [7_330_000, '7.33MB', '7.33MB'],
    [1024 * 1024, '1.049MB', '1.05MB'],
    [1_073_741_824, '1.074GB', '1.07GB'],
    [123_456_789, '123.5MB', '123MB'],
    [5_372_000_000_000, '5.372TB', '5.37TB'],
    [2.22e15, '2.22PB', '2.22PB'],
    [1e18, '1000PB', '1000PB'],
    // go-units says "1e+03kB" here
    [999_999, '1MB', '1MB'],
  ])('writes %d bytes as %s, and with 3 digits as %s', (bytes, four, three) => {
    expect([humanSize(bytes), humanSize(bytes, 3)]).toEqual([four, three]);
  });
});

describe('humanDuration', () => {
  it.each([
    [-5, 'Less than a second'], // the engine's clock may be ahead of ours
    [0.45, 'Less than a second'],
    [1, '1 second'],
    [1.9, '1 second'],
    [47, '47 seconds'],
    [MINUTE, 'About a minute'],
    [119, 'About a minute'],
    [3 * MINUTE, '3 minutes'],
    [35 * MINUTE + 40, '35 minutes'],
    [HOUR, 'About an hour'],
    [1.5 * HOUR, '2 hours'],
    [HOUR + 45 * MINUTE, '2 hours'],
    [3 * HOUR + 59 * MINUTE, '4 hours'],
    [DAY, '24 hours'],
    [1.5 * DAY, '36 hours'],
    [47.5 * HOUR, '2 days'],
    [2 * DAY, '2 days'],
    [13 * DAY + 5 * HOUR, '13 days'],
    [2 * WEEK, '2 weeks'],
    [2 * WEEK + 4 * DAY, '2 weeks'],
    [3 * WEEK, '3 weeks'],
    [MONTH, '4 weeks'],
    [MONTH + 2 * WEEK, '6 weeks'],
    [2 * MONTH, '2 months'],
    [5 * MONTH + 2 * WEEK, '5 months'],
    [24 * MONTH + WEEK, '24 months'],
    [2 * YEAR, '2 years'],
    [3 * YEAR + 2 * MONTH, '3 years'],
  ])('writes %d seconds as "%s"', (seconds, words) => {
    expect(humanDuration(seconds)).toBe(words);
  });
});

describe('age', () => {
  it('counts from the second since 1970 that engines give', () => {
    expect(age(1_700_000_000, (1_700_000_000 + 3 * WEEK) * 1000)).toBe('3 weeks ago');
  });

  it.each([0, -62135596800])('is not known where the engine says %d', (created) => {
    expect(age(created, 1_700_000_000_000)).toBe('N/A');
  });
});

describe('table', () => {
  it('puts cells below each other, three columns apart, without blanks at the end of a line', () => {
    const text = table([
      ['REPOSITORY', 'TAG'],
      ['alpine', '3.20'],
      ['x', ''],
    ]);
    expect(text).toBe('REPOSITORY   TAG\nalpine       3.20\nx\n');
  });

  it('counts wide characters as two columns and combining ones as none', () => {
    expect(table([['日本', 'a'], ['e\u0301bcd', 'b']])).toBe('日本   a\ne\u0301bcd   b\n');
  });

  it('escapes control characters', () => {
    expect(table([['a\x1b[2J\nb\u202ec\x9bd']])).toBe('a\\u{1b}[2J\\u{a}b\\u{202e}c\\u{9b}d\n');
  });
});
