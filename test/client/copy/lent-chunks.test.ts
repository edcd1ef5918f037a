// Chunks whose memory is used again: their bytes, how many there are at the same time, and leaving the loop early.

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { lentChunks } from '../../../src/client/copy/lent-chunks.ts';
import type { ReadViews } from '../../../src/client/copy/lent-chunks.ts';

/** Lends each part of the bytes in memory that is overwritten afterwards, as a connection does. */
const reading = (bytes: Uint8Array, size: number): ReadViews => async (use) => {
  for (let at = 0; at < bytes.length; at += size) {
    const view = Uint8Array.from(bytes.subarray(at, at + size));
    await use(view);
    view.fill(0xff);
  }
};

it.each([
  ['smaller than a chunk', 1000, 700],
  ['that divide a chunk', 3 * 2 ** 20, 2 ** 18],
  ['that do not divide a chunk', 3 * 2 ** 20 + 5, 100_003],
  ['larger than two chunks', 5 * 2 ** 20 + 5, 2 ** 21],
  ['of an empty archive', 0, 1],
])('chunks have the bytes of views %s', async (_, length, size) => {
  const bytes = randomBytes(length);
  const copies: Uint8Array[] = [];
  for await (const chunk of lentChunks(undefined, reading(bytes, size))) {
    await new Promise(setImmediate); // meanwhile, the reader goes on as far as it may
    copies.push(Uint8Array.from(chunk));
  }
  expect(Buffer.concat(copies).equals(bytes)).toBe(true);
});

it('an archive of any size needs the memory of two chunks', async () => {
  const memory = new Set<ArrayBufferLike>();
  for await (const chunk of lentChunks(undefined, reading(randomBytes(8 * 2 ** 20), 2 ** 18))) memory.add(chunk.buffer);
  expect(memory.size).toBe(2);
});

it('the reader waits while one chunk is used and the other one is full', async () => {
  let read = 0;
  const chunks = lentChunks(undefined, (use) => reading(randomBytes(8 * 2 ** 20), 2 ** 18)((view) => {
    read += view.length;
    return use(view);
  }, new AbortController().signal))[Symbol.asyncIterator]();
  const { value } = await chunks.next();
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(read).toBe(2 * (value as Uint8Array).length);
  await chunks.return?.();
});

it('the error of the reader follows the chunks that came before it', async () => {
  const chunks = lentChunks(undefined, async (use) => {
    await use(new Uint8Array(2 ** 20));
    throw new Error('the connection broke');
  });
  let bytes = 0;
  const reads = async (): Promise<void> => {
    for await (const chunk of chunks) bytes += chunk.length;
  };
  await expect(reads()).rejects.toThrow('the connection broke');
  expect(bytes).toBe(2 ** 20);
});

it('leaving the loop early aborts the read', async () => {
  let given: AbortSignal | undefined;
  for await (const _ of lentChunks(undefined, (use, signal) => reading(new Uint8Array(8 * 2 ** 20), 2 ** 18)(use, (given = signal)))) break;
  expect(given?.aborted).toBe(true);
});
