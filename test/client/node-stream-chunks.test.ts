import { PassThrough, Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readableGroups } from '../../src/client/node-stream-chunks.ts';

/** A stream that makes up to `count` chunks without delay, and counts how many it has made. */
function counting(count: number, size = 1000): { stream: Readable; made: () => number } {
  let made = 0;
  const read = function (this: Readable): void {
    this.push(made < count ? Buffer.alloc(size, made++) : null);
  };
  return { stream: new Readable({ highWaterMark: 3 * size, read }), made: () => made };
}

async function all(groups: AsyncIterator<readonly Uint8Array[]>): Promise<(readonly Uint8Array[])[]> {
  const found: (readonly Uint8Array[])[] = [];
  for (let next; (next = await groups.next()).done !== true; ) found.push(next.value);
  return found;
}

describe('readableGroups', () => {
  it('yields the pushed chunks one by one and in order, at any pace of the reader', async () => {
    const groups = readableGroups(counting(200).stream);
    const found: Uint8Array[] = [];
    for (let next; (next = await groups.next()).done !== true; found.push(...next.value)) {
      await turn(); // the stream collects more meanwhile
      await turn();
    }
    expect(found.map((chunk) => [chunk.length, chunk[0]])).toEqual(Array.from({ length: 200 }, (_, at) => [1000, at]));
  });

  it('makes groups of 512 KiB or 64 chunks if so much is there', async () => {
    const large = await all(readableGroups(counting(18, 64 * 1024).stream));
    expect(large.map((group) => group.length)).toEqual([8, 8, 2]);
    const small = await all(readableGroups(counting(150, 10).stream));
    expect(small.map((group) => group.length)).toEqual([64, 64, 22]);
  });

  it('does not wait for a full group', async () => {
    const stream = new PassThrough();
    const groups = readableGroups(stream);
    for (const word of ['one', 'two']) {
      stream.write(word);
      expect(String(((await groups.next()).value as Uint8Array[])[0])).toBe(word);
    }
  });

  it('does not copy the chunks', async () => {
    const pushed = [Buffer.from('one'), Buffer.from('two')];
    const found = (await all(readableGroups(Readable.from(pushed, { objectMode: false })))).flat();
    expect(found.map((chunk, at) => chunk === pushed[at])).toEqual([true, true]);
  });

  it('pauses the stream while the reader takes nothing', async () => {
    const { stream, made } = counting(1000, 64 * 1024);
    const groups = readableGroups(stream);
    await groups.next();
    for (let turns = 0; turns < 20; turns++) await turn();
    const before = made();
    expect(before).toBeLessThan(8 + 8 + 5); // the current group, the next group, and the buffer of the stream
    for (let turns = 0; turns < 20; turns++) await turn();
    expect(made()).toBe(before);
    expect((await all(groups)).flat()).toHaveLength(992);
  });

  it.each([[undefined], [5], ['text']])('yields any value of a stream in object mode: %s', async (given) => {
    const stream = new Readable({ objectMode: true, read() {} });
    const groups = readableGroups(stream);
    stream.push(given);
    expect((await groups.next()).value).toEqual([given]);
  });

  it('resumes a stream that was paused', async () => {
    const { stream } = counting(2);
    stream.pause();
    expect((await all(readableGroups(stream))).flat()).toHaveLength(2);
  });

  it('throws the stream\'s own error after the chunks before it', async () => {
    const stream = new PassThrough();
    const groups = readableGroups(stream);
    stream.write('good');
    await turn();
    stream.destroy(new Error('torn'));
    await turn();
    expect(String((await groups.next()).value)).toBe('good'); // of one chunk
    await expect(groups.next()).rejects.toThrow('torn');
  });

  it.each([['before', true], ['after', false]])('throws if the stream was destroyed %s the first read', async (_, before) => {
    const stream = new PassThrough();
    if (before) stream.destroy();
    const groups = readableGroups(stream);
    stream.destroy();
    await expect(groups.next()).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  });

  it('destroys the stream if it is not read to its end', async () => {
    const { stream } = counting(1000);
    const groups = readableGroups(stream);
    await groups.next();
    await groups.return?.();
    expect(stream.destroyed).toBe(true);
  });
});
