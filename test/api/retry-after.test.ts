import { describe, expect, it } from 'vitest';
import { retryAfterInMessage, retryAfterOfFields } from '../../src/api/retry-after.ts';

describe('the field Retry-After', () => {
  // RFC 9110 §10.2.3 has the first example, §5.6.7 the three forms of one date.
  const date = 'Sun, 06 Nov 1994 08:49:00 GMT';
  it.each([
    ['120', undefined, 120_000],
    ['0', undefined, 0],
    ['Sun, 06 Nov 1994 08:49:37 GMT', date, 37_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', date, 37_000],
    ['Sun Nov  6 08:49:37 1994', date, 37_000],
    ['Sun, 06 Nov 1994 08:48:00 GMT', date, 0],
    ['Sun, 06 Nov 1994 08:49:37 GMT', undefined, undefined],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 'yesterday', undefined],
    [undefined, date, undefined],
    ['', date, undefined],
    ['-1', date, undefined],
    ['1.5', date, undefined],
    ['120, 120', date, undefined],
    ['1994', undefined, 1_994_000],
    ['May', date, undefined],
    ['99999999999999999999', date, undefined],
  ])('%j with the date %j is %j ms', (value, now, expected) => {
    expect(retryAfterOfFields(value, now)).toBe(expected);
  });
});

describe('a message', () => {
  // The first two are GHCR's (falcosecurity/plugins#1069, dependabot/cli#380); Go's time.Duration.String has the other units.
  it.each([
    ['toomanyrequests: retry-after: 1.16676ms, allowed: 44000/minute', 1.16676],
    ['toomanyrequests: retry-after: 880.092\u00b5s, allowed: 44000/minute', 0.880092],
    ['retry-after: 1m30.5s', 90_500],
    ['Retry-After: 1h0m10s', 3_610_000],
    ['retry-after: 12', 12_000],
    ['retry-after:12', 12_000],
    ['retry-after: 900ns', 9e-4],
    ['retry-after: soon', undefined],
    ['retry-after: 5 apples', 5000],
    ['retry-after: 5apples', undefined],
    ['You have reached your pull rate limit', undefined],
    [`retry-after: ${'1'.repeat(400)}`, undefined],
  ])('%j asks for %j ms', (message, expected) => {
    const found = retryAfterInMessage(message);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(expected, 9);
  });
});
