// Reading the entries of an archive with their contents. GNU tar writes the archives.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TruncatedError } from '../../src/errors.ts';
import { readEntries } from '../../src/tar/read-entries.ts';
import { gnuTar, noGnuTar } from '../support/foreign-tar.ts';
import { titled } from '../support/installed.ts';
import { collected, source } from '../support/saved.ts';
import { splits, whole } from '../support/splits.ts';

const FILES: Readonly<Record<string, string>> = { a: 'first\n', empty: '', [`${'long/'.repeat(30)}name`.replaceAll('/', '-')]: 'x'.repeat(5000), z: 'last' };

function archive(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-entries-'));
  try {
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    return gnuTar(['-cf', '-', '-C', folder, ...Object.keys(FILES)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(noGnuTar)(titled('the entries of an archive', noGnuTar), () => {
  const bytes = noGnuTar === undefined ? archive() : Buffer.alloc(0);

  it.each(noGnuTar === undefined ? splits(bytes) : [])('are read with their contents when it arrives %s', async (_, pieces) => {
    const found: Record<string, string> = {};
    for await (const { path, size, content } of readEntries(source(pieces))) {
      found[path] = String(await collected(content()));
      expect(found[path]).toHaveLength(size);
    }
    expect(found).toEqual(FILES);
  });

  it('may be skipped, whole or after a part of the content', async () => {
    const paths: string[] = [];
    for await (const { path, content } of readEntries(source(splits(bytes)[1]?.[1] ?? []))) {
      paths.push(path);
      if (path !== 'a') for await (const _ of content()) break;
    }
    expect(paths).toEqual(Object.keys(FILES));
  });

  it('end with the error of an archive that ends too early', async () => {
    const read = async (): Promise<void> => {
      for await (const { content } of readEntries(source(whole(bytes.subarray(0, 3000))))) await collected(content());
    };
    await expect(read()).rejects.toThrow(TruncatedError);
  });

  it('are requested from the source only when they are needed', async () => {
    let requested = 0;
    async function* counting(): AsyncGenerator<Uint8Array, void, void> {
      for (let at = 0; at < bytes.length; at += 512) {
        requested++;
        yield bytes.subarray(at, at + 512);
      }
    }
    const entries = readEntries(counting());
    expect((await entries.next()).value?.path).toBe('a');
    expect(requested).toBe(1);
    await entries.return();
  });
});
