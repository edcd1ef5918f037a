import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { files } from '../../src/system/files.ts';

const MIB = 1024 * 1024;
const content = randomBytes(9 * MIB + 12_345);
let folder = '';
const path = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-files-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The digest of each chunk's copy, made before the next is asked for: the chunk's memory is used again. */
async function read(chunks: AsyncIterable<Uint8Array>): Promise<{ lengths: number[]; sha256: string }> {
  const hash = createHash('sha256');
  const lengths: number[] = [];
  for await (const chunk of chunks) {
    // A turn in between, so that a read that came too early would have written over the chunk.
    await new Promise((resolve) => setImmediate(resolve));
    hash.update(chunk);
    lengths.push(chunk.length);
  }
  return { lengths, sha256: hash.digest('hex') };
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a file that is sent', () => {
  it.each([0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 4 * MIB, content.length])('gives its %i bytes in order', async (length) => {
    writeFileSync(path('archive'), content.subarray(0, length));
    const body = await files.openFile(path('archive'));
    if (!('chunks' in body)) throw new Error('no chunks');
    expect(body.length).toBe(length);
    const { lengths, sha256 } = await read(body.chunks);
    expect(sha256).toBe(digestOf(content.subarray(0, length)));
    expect(lengths.every((each) => each > 0)).toBe(true);
  });

  it('is closed when the rest of it is not wanted', async () => {
    writeFileSync(path('archive'), content);
    const body = await files.openFile(path('archive'));
    if (!('chunks' in body)) throw new Error('no chunks');
    const source = body.chunks[Symbol.asyncIterator]();
    expect((await source.next()).value).toHaveLength(MIB);
    expect(await source.return?.()).toMatchObject({ done: true });
    expect(await source.next()).toMatchObject({ done: true });
  });
});

describe('a stream of a file that is sent', () => {
  const stream = (options: Parameters<typeof createReadStream>[1]): ReadStream => {
    writeFileSync(path('archive'), content);
    return createReadStream(path('archive'), options);
  };
  const inLargeReads = (of: ReadStream): ReadStream => {
    files.inLargeReads(of);
    return of;
  };

  it.each([
    ['whole', {}, 0, content.length],
    ['from a start', { start: 5 }, 5, content.length],
    ['of a range', { start: 70_000, end: 2 * MIB + 99 }, 70_000, 2 * MIB + 100],
    ['of a range below one read', { start: 3, end: 9 }, 3, 10],
  ] as const)('gives the same bytes in larger reads, %s', async (_, options, start, end) => {
    const { lengths, sha256 } = await read(inLargeReads(stream(options)));
    expect(sha256).toBe(digestOf(content.subarray(start, end)));
    expect(Math.max(...lengths)).toBe(Math.min(MIB, end - start));
  });

  it('keeps the size of its reads where it was given one', async () => {
    const { lengths } = await read(inLargeReads(stream({ highWaterMark: 50_000 })));
    expect(Math.max(...lengths)).toBe(50_000);
  });

  it('loses nothing where somebody has begun to read it', async () => {
    const begun = stream({});
    await once(begun, 'readable');
    const first = begun.read(10) as Buffer;
    const { sha256 } = await read(inLargeReads(begun));
    expect(first).toEqual(content.subarray(0, 10));
    expect(sha256).toBe(digestOf(content.subarray(10)));
  });

  it('fails as it would by itself', async () => {
    await expect(read(inLargeReads(createReadStream(path('absent'))))).rejects.toMatchObject({ code: 'ENOENT' });
    const stop = new AbortController();
    const stopped = inLargeReads(stream({ signal: stop.signal }));
    stop.abort();
    await expect(read(stopped)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
