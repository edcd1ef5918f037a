// Compares the queue with an array, for any sequence of operations.

import { describe, expect, it } from 'vitest';
import { Queue } from '../../src/async/queue.ts';
import { integer, random } from '../support/random.ts';

describe('a queue', () => {
  it('returns the same items as an array, in the same order', () => {
    const queue = new Queue<number>();
    const array: number[] = [];
    const next = random(1);
    for (let round = 0, item = 0; round < 300; round++) {
      for (let count = integer(next, 0, 900); count > 0; count--) array.push(queue.add(item) ?? item++);
      for (let count = integer(next, 0, 900); count > 0; count--) expect([queue.first, queue.take()]).toEqual([array[0], array.shift()]);
      expect(queue.length).toBe(array.length);
      if (round % 50 === 49) array.length = queue.clear() ?? 0;
    }
  });

  it('does not treat undefined as its end', () => {
    const queue = new Queue<undefined | 1>();
    queue.add(undefined);
    queue.add(1);
    expect([queue.take(), queue.take(), queue.length]).toEqual([undefined, 1, 0]);
  });
});
