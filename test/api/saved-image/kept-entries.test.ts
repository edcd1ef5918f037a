// Archives whose beginning is needed twice. The entries are compared with those that went into the archive.

import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { KeptEntries } from '../../../src/api/saved-image/kept-entries.ts';
import { TruncatedError } from '../../../src/errors.ts';
import { packTar } from '../../../src/tar/pack.ts';
import type { ReadEntry } from '../../../src/tar/read-entries.ts';
import { collected, sha256Of } from '../../support/saved.ts';

const MIB = 1024 * 1024;
const blobs = [100, 0, 13 * MIB, 5 * MIB, 9 * MIB, 7 * MIB].map((size) => randomBytes(size));
const [small, empty, huge, five, nine, seven] = blobs.map(sha256Of) as [string, string, string, string, string, string];
const archive = await collected(packTar(blobs.map((content) => ({ path: `blobs/${sha256Of(content).replace(':', '/')}`, content }))));

/** Lends the archive in memory that is overwritten afterwards, and counts the openings and closings. */
function lent(end = archive.length) {
  const counts = { opened: 0, closed: 0, chunks: 0 };
  const open = async function* (): AsyncGenerator<Uint8Array, void, void> {
    counts.opened++;
    try {
      for (let at = 0; at < end; at += 100_000, counts.chunks++) {
        const chunk = Uint8Array.from(archive.subarray(at, Math.min(end, at + 100_000)));
        yield chunk;
        chunk.fill(0xff);
      }
    } finally {
      counts.closed++;
    }
  };
  return { kept: new KeptEntries(open), counts };
}
const digestOf = async (entry: ReadEntry): Promise<string> => {
  const hash = createHash('sha256');
  for await (const piece of entry.content()) hash.update(piece);
  return `sha256:${hash.digest('hex')}`;
};
const readAll = async (entries: AsyncIterable<ReadEntry> | undefined): Promise<string[]> => {
  const digests: string[] = [];
  for await (const entry of entries ?? []) digests.push(await digestOf(entry));
  return digests;
};
/** Reads the first entries, also their content if it is asked for. */
async function begin(kept: KeptEntries, count: number, isRead = false): Promise<void> {
  for await (const entry of kept.begin()) {
    if (isRead) await digestOf(entry);
    if (--count === 0) return;
  }
}

it.each([
  // The blobs that are read in the first part, and whether their content is read; then all entries but those that are too large.
  [0, false, [small, empty, huge, five, nine, seven]],
  [1, true, [small, empty, huge, five, nine, seven]],
  [2, false, [small, empty, huge, five, nine, seven]],
  [3, false, [small, empty, five, nine, seven]],
  [3, true, [small, empty, five, nine, seven]],
  [5, false, [small, empty, five, seven]], // 5 MiB and 9 MiB are more than is kept
  [6, true, [small, empty, five]], // 5 MiB and 7 MiB and 100 bytes, too
])('all entries are given after the first %i (content read: %s), without those that were too large to keep', async (count, isRead, expected) => {
  const { kept, counts } = lent();
  if (count > 0) await begin(kept, count, isRead);
  expect(await readAll(kept.takeAll([small, empty]))).toEqual(expected);
  expect(counts).toMatchObject({ opened: 1, closed: 1 });
});

it('nothing is given if a needed blob was too large, or for a second time', async () => {
  const { kept } = lent();
  await begin(kept, 4);
  expect(kept.takeAll([small, huge])).toBeUndefined();
  expect(kept.takeAll([small, nine])).toBeDefined();
  expect(kept.takeAll([small])).toBeUndefined();
  await kept.close();
});

it('the archive is not opened before the first entry is read, and close ends it', async () => {
  const { kept, counts } = lent();
  await kept.close();
  expect(counts.opened).toBe(0);
  const other = lent();
  await begin(other.kept, 1);
  expect(other.counts).toMatchObject({ opened: 1, closed: 0 });
  await other.kept.close();
  expect(other.counts).toMatchObject({ opened: 1, closed: 1 });
  expect(other.kept.takeAll([])).toBeUndefined();
});

it('leaving the entries early ends the archive, also among those that were kept', async () => {
  const { kept, counts } = lent();
  await begin(kept, 2);
  for await (const entry of kept.takeAll([]) ?? []) if (entry.size === 100) break;
  expect(counts).toMatchObject({ opened: 1, closed: 1 });
});

it('an archive that breaks off is a TruncatedError, in both parts', async () => {
  await expect(begin(lent(50).kept, 9)).rejects.toThrow(TruncatedError);
  const { kept } = lent(archive.length - 5 * MIB);
  await begin(kept, 1);
  await expect(readAll(kept.takeAll([]))).rejects.toThrow(TruncatedError);
});
