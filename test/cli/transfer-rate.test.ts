// The rate of a transfer and its remaining time, as text.

import { describe, expect, it } from 'vitest';
import { shortDuration, TransferRate } from '../../src/cli/transfer-rate.ts';

function rateOf(samples: ReadonlyArray<readonly [atMs: number, bytes: number]>): number | undefined {
  const rate = new TransferRate();
  for (const [atMs, bytes] of samples) rate.take(bytes, atMs);
  return rate.bytesPerSecond;
}

describe('the rate', () => {
  it.each<[string, ReadonlyArray<readonly [number, number]>, number | undefined]>([
    ['is not known before the first byte', [], undefined],
    ['is not known of one moment', [[0, 100]], undefined],
    ['is not known within half a second', [[0, 0], [499, 100]], undefined],
    ['is that of the time between', [[1000, 0], [3000, 5000]], 2500],
    ['is that of the last five seconds', [[0, 0], [5000, 5_000_000], [6000, 5_000_000], [10_000, 5_001_000]], 200],
    ['goes down to zero where nothing comes', [[0, 0], [1000, 9000], [2000, 9000], [3000, 9000], [4000, 9000], [5000, 9000], [6000, 9000], [7000, 9000]], 0],
    ['does not count the wait for the first byte', [[0, 0], [60_000, 0], [60_050, 100], [62_000, 4000]], 2000],
    ['begins anew where there are less bytes than before: a retry', [[0, 0], [2000, 10_000], [2100, 0], [4100, 1000]], 500],
  ])('%s', (_, samples, expected) => {
    expect(rateOf(samples)).toBe(expected);
  });

  it('does not depend on the number of samples', () => {
    const often = Array.from({ length: 2001 }, (_, index) => [index * 5, index * 50] as const); // 10 bytes a millisecond
    expect(rateOf(often)).toBeCloseTo(10_000, -2);
  });
});

describe('the remaining time', () => {
  it.each([
    [0.2, '1s'],
    [59, '59s'],
    [59.5, '1m00s'],
    [70, '1m10s'],
    [3599, '59m59s'],
    [3600, '1h00m'],
    [7500, '2h05m'],
    [86_399, '23h59m'],
    [86_400, '>1d'],
    [Infinity, '>1d'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(shortDuration(seconds)).toBe(text);
  });
});
