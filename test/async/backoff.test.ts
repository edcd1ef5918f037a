import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Backoff, wait } from '../../src/async/backoff.ts';

describe('the delays of a series', () => {
  const delays = (random: number, firstDelayMs: number, factor: number, maxDelayMs: number): Backoff =>
    new Backoff({ firstDelayMs, factor, maxDelayMs, random: () => random });

  it.each([
    [1, [100, 200, 400, 800, 1000, 1000]],
    [0, [50, 100, 200, 400, 500, 500]],
    [0.5, [75, 150, 300, 600, 750, 750]],
  ])('grow up to the longest one; with the random number %f', (random, expected) => {
    const backoff = delays(random, 100, 2, 1000);
    expect(expected.map(() => backoff.next())).toEqual(expected);
  });

  it('are whole milliseconds, which programs print', () => {
    expect(delays(0.123, 101, 2, 1000).next()).toBe(57);
  });

  it('begin again after a restart', () => {
    const backoff = delays(1, 100, 3, 1000);
    expect([backoff.next(), backoff.next()]).toEqual([100, 300]);
    backoff.restart();
    expect([backoff.next(), backoff.next()]).toEqual([100, 300]);
  });

  it('stay 0 from a first delay of 0, and do not exceed the longest one from the first on', () => {
    expect(Array.from({ length: 2000 }, ((backoff) => () => backoff.next())(delays(1, 0, 1e300, 10))).every((delay) => delay === 0)).toBe(true);
    expect(delays(1, 500, 2, 10).next()).toBe(10);
  });
});

describe('a wait', () => {
  afterEach(() => vi.useRealTimers());

  it('ends at once when the signal aborts, with its reason, and leaves no timer and no listener', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const controller = new AbortController();
    const waiting = wait(1000, controller.signal).catch((reason: unknown) => reason);
    controller.abort('enough');
    expect([await waiting, vi.getTimerCount(), getEventListeners(controller.signal, 'abort').length]).toEqual(['enough', 0, 0]);
    expect([await wait(1000, controller.signal).catch((reason: unknown) => reason), vi.getTimerCount()]).toEqual(['enough', 0]);
  });

  it('leaves no listener when it has ended by itself', async () => {
    const { signal } = new AbortController();
    await wait(0, signal);
    await wait(0, undefined);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
