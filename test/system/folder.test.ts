// A folder that somebody changes while it is being packed. The attack: who may write to a folder that root packs puts a link
// to a secret in place of a file, after it was looked at and before it is opened, and finds the secret in the image.

import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UploadError } from '../../src/errors.ts';
import { walkFolder } from '../../src/system/folder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'longshore-walk-'));
  await writeFile(join(root, 'a'), 'as it was');
});
afterEach(() => rm(root, { recursive: true }));

/** Reads the one file, after something was done about it. */
async function readAfter(change: () => Promise<void>): Promise<string> {
  const { value: item } = await walkFolder(root, () => false).next();
  await change();
  const chunks: Uint8Array[] = [];
  for await (const chunk of item?.content() ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a file that was looked at', () => {
  const away = (): Promise<void> => rename(join(root, 'a'), join(root, 'z'));

  it.each<[string, () => Promise<void>, string]>([
    ['has become a link', async () => symlink('/etc/hostname', join(root, 'a')), 'it became a link meanwhile'],
    ['has become another file', async () => writeFile(join(root, 'a'), 'other'), 'it became another file meanwhile'],
    ['has become a pipe', async () => void execFileSync('mkfifo', [join(root, 'a')]), 'it became another file meanwhile'],
    ['has gone', async () => {}, 'there is no such file or folder'],
  ])('and %s is an error, not what is there now', async (_, change, why) => {
    const reading = readAfter(async () => {
      await away();
      await change();
    });
    await expect(reading).rejects.toThrow(new UploadError(`cannot pack ${join(root, 'a')}: ${why}`));
  });

  it('is read as it is else', async () => {
    expect(await readAfter(async () => {})).toBe('as it was');
  });
});
