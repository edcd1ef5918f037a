import { PassThrough, Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readableChunks } from '../src/readable-chunks.ts';

/** A stream that makes `count` chunks as fast as it is asked for them, and counts how many it was asked for. */
function counting(count: number): { stream: Readable; made: () => number } {
  let made = 0;
  const read = function (this: Readable): void {
    this.push(made < count ? Buffer.alloc(1000, made++) : null);
  };
  return { stream: new Readable({ highWaterMark: 3000, read }), made: () => made };
}

async function all(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (let next; (next = await chunks.next()).done !== true; ) found.push(next.value);
  return found;
}

describe('the chunks of a stream', () => {
  it('are those that were pushed, each by itself and in their order, whatever the reader\'s pace', async () => {
    const chunks = readableChunks(counting(10).stream);
    const found: Uint8Array[] = [];
    for (let next; (next = await chunks.next()).done !== true; found.push(next.value)) {
      await turn(); // the stream gathers more meanwhile
      await turn();
    }
    expect(found.map((chunk) => [chunk.length, chunk[0]])).toEqual(Array.from({ length: 10 }, (_, at) => [1000, at]));
  });

  it('are the stream\'s own memory, not copies', async () => {
    const pushed = [Buffer.from('one'), Buffer.from('two')];
    const found = await all(readableChunks(Readable.from(pushed, { objectMode: false })));
    expect(found.map((chunk, at) => chunk === pushed[at])).toEqual([true, true]);
  });

  it('are held back by a reader who takes none', async () => {
    const { stream, made } = counting(1000);
    const chunks = readableChunks(stream);
    await chunks.next();
    for (let turns = 0; turns < 20; turns++) await turn();
    const before = made();
    expect(before).toBeLessThan(10);
    for (let turns = 0; turns < 20; turns++) await turn();
    expect(made()).toBe(before);
    expect(await all(chunks)).toHaveLength(999);
  });

  it('come from a stream that was paused, too', async () => {
    const { stream } = counting(2);
    stream.pause();
    expect(await all(readableChunks(stream))).toHaveLength(2);
  });

  it('end with the stream\'s own error, after the chunks before it', async () => {
    const stream = new PassThrough();
    const chunks = readableChunks(stream);
    stream.write('good');
    await turn();
    stream.destroy(new Error('torn'));
    await turn();
    expect(String((await chunks.next()).value)).toBe('good');
    await expect(chunks.next()).rejects.toThrow('torn');
  });

  it.each([['before', true], ['after', false]])('fail where the stream was destroyed %s they are asked for', async (_, before) => {
    const stream = new PassThrough();
    if (before) stream.destroy();
    const chunks = readableChunks(stream);
    stream.destroy();
    await expect(chunks.next()).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  });

  it('destroy the stream where they are not read to their end', async () => {
    const { stream } = counting(1000);
    const chunks = readableChunks(stream);
    await chunks.next();
    await chunks.return?.();
    expect(stream.destroyed).toBe(true);
  });
});
