import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Semaphore } from '../../src/connection/semaphore.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] }));
afterEach(() => void vi.useRealTimers());

describe('the wait for a semaphore', () => {
  it('has a time limit that starts again when the semaphore is released', async () => {
    const [places, late] = [new Semaphore(2), new Error('late')];
    const release = [await places.acquire(undefined), await places.acquire(undefined)];
    const taken: string[] = [];
    const wait = (name: string): Promise<unknown> =>
      places.acquire(undefined, { limitMs: 400, error: () => late }).then(
        (give) => (taken.push(name), give),
        (error: unknown) => error,
      );
    const [first, second] = [wait('first'), wait('second')];
    await vi.advanceTimersByTimeAsync(300);
    release[0]?.();
    await first;
    await vi.advanceTimersByTimeAsync(300); // 600 ms of waiting, 300 of them without a move
    expect(taken).toEqual(['first']);
    release[1]?.();
    await second;
    expect(taken).toEqual(['first', 'second']);
    const third = wait('third');
    await vi.advanceTimersByTimeAsync(410);
    expect(await third).toBe(late);
  });

  it('lets the next caller run after it has timed out', async () => {
    const places = new Semaphore(1);
    const release = await places.acquire(undefined);
    const late = places.acquire(undefined, { limitMs: 40, error: () => 'late' }).catch((error: unknown) => error);
    const patient = places.acquire(undefined);
    await vi.advanceTimersByTimeAsync(50);
    expect(await late).toBe('late');
    release();
    (await patient)();
    expect(vi.getTimerCount()).toBe(0);
  });
});
