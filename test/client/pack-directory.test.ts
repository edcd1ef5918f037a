// Packed directories, read by other tar programs.

import { chmod, link, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArgumentError, UploadError, packDirectory } from '../../src/index.ts';
import type { PackDirectoryOptions } from '../../src/index.ts';
import { makeFifo, noFifo } from '../support/fifo.ts';
import { readers, sha256 } from '../support/foreign-tar.ts';
import { titled } from '../support/installed.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'longshore-folder-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const at = (path: string): string => join(root, path);

const reader = readers.find(({ lack }) => lack === undefined);
const noReader = reader === undefined ? readers.map(({ lack }) => lack).join(', ') : undefined;

async function pack(path = root, options?: PackDirectoryOptions): Promise<Buffer> {
  const blocks: Uint8Array[] = [];
  for await (const block of packDirectory(path, options)) blocks.push(block);
  return Buffer.concat(blocks);
}

/** One entry of each kind; names that sort differently by locale and in UTF-16. */
async function makeTree(within = root, reversed = false): Promise<void> {
  const put = (path: string): string => join(within, path);
  for (const folder of ['etc', 'empty', 'etc/deep']) await mkdir(put(folder), { recursive: true });
  const files = [['etc/motd', 'hello\n'], ['B', 'upper'], ['a', 'lower'], ['\u{ff5e}', 'bmp'], ['\u{1f433}', 'astral'], ['etc/deep/x', '']];
  for (const [path = '', content = ''] of reversed ? files.toReversed() : files) await writeFile(put(path), content);
  await link(put('etc/motd'), put('etc/zz'));
  await symlink('../../outside', put('etc/out'));
  await symlink('deep', put('etc/within'));
  await chmod(put('etc/motd'), 0o4751);
  await chmod(put('empty'), 0o1777);
  for (const path of ['B', 'a', '\u{ff5e}', '\u{1f433}', 'etc/deep/x']) await chmod(put(path), 0o640);
  for (const folder of ['etc', 'etc/deep']) await chmod(put(folder), 0o755);
}

const owner = { uid: 0, gid: 0, mtime: 0 };
const folder = (path: string, mode = 0o755) => ({ path, type: 'directory', mode, ...owner, linkname: '', sha256: '' });
const fileOf = (path: string, content: string, mode = 0o640) => ({ path, type: 'file', mode, ...owner, linkname: '', sha256: sha256(content) });

const byPath = <Entry extends { readonly path: string }>(entries: readonly Entry[]): Entry[] => entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));

describe('packDirectory', () => {
  for (const { name, lack, read } of readers) {
    it.skipIf(lack)(titled(`packs modes, links and names beyond ASCII, which ${name} reads`, lack), async () => {
      await makeTree();
      // For bsdtar, the unpacked files are listed, in another order.
      expect(byPath(await read(await pack()))).toEqual(byPath([
        fileOf('B', 'upper'),
        fileOf('a', 'lower'),
        folder('empty', 0o1777),
        folder('etc'),
        folder('etc/deep'),
        fileOf('etc/deep/x', ''),
        fileOf('etc/motd', 'hello\n', 0o4751),
        { path: 'etc/out', type: 'symlink', mode: 0o777, ...owner, linkname: '../../outside', sha256: '' },
        { path: 'etc/within', type: 'symlink', mode: 0o777, ...owner, linkname: 'deep', sha256: '' },
        { path: 'etc/zz', type: 'link', mode: 0o4751, ...owner, linkname: 'etc/motd', sha256: expect.any(String) as string },
        fileOf('\u{ff5e}', 'bmp'),
        fileOf('\u{1f433}', 'astral'),
      ]));
    });
  }

  it.skipIf(noReader)(titled('packs a directory before its content, and names in the order of their bytes', noReader), async () => {
    await makeTree();
    // The wide tilde is before the whale in UTF-8, and after it in UTF-16.
    const paths = ['B', 'a', 'empty', 'etc', 'etc/deep', 'etc/deep/x', 'etc/motd', 'etc/out', 'etc/within', 'etc/zz', '\u{ff5e}', '\u{1f433}'];
    expect((await reader?.read(await pack()))?.map(({ path }) => path)).toEqual(paths);
  });

  it('gives the same bytes for two equal directories that were made differently', async () => {
    const [one, two] = [at('one'), at('two')];
    await mkdir(one);
    await mkdir(two);
    await makeTree(one);
    await makeTree(two, true);
    await utimes(join(two, 'a'), 1, 1);
    expect((await pack(one)).equals(await pack(two))).toBe(true);
  });

  it.skipIf(noReader)(titled('gives every entry the time of the option mtime', noReader), async () => {
    await makeTree();
    const times = (await reader?.read(await pack(root, { mtime: 1_700_000_000 })))?.map(({ mtime }) => mtime);
    expect(new Set(times)).toEqual(new Set([1_700_000_000]));
  });

  it.skipIf(noReader)(titled('leaves out excluded paths and directories with their content; the first remaining name of a file gets its content', noReader), async () => {
    await makeTree();
    const entries = (await reader?.read(await pack(root, { exclude: ['etc/motd', '**/deep', '[Ba]', 'empty'] }))) ?? [];
    expect(entries.map(({ path, type }) => [path, type])).toEqual([
      ['etc', 'directory'],
      ['etc/out', 'symlink'],
      ['etc/within', 'symlink'],
      ['etc/zz', 'file'],
      ['\u{ff5e}', 'file'],
      ['\u{1f433}', 'file'],
    ]);
  });

  it('follows a link only if it is the given path itself', async () => {
    await mkdir(at('real'));
    await writeFile(at('real/a'), 'x');
    await symlink('real', at('shown'));
    expect((await pack(at('shown'))).equals(await pack(at('real')))).toBe(true);
  });

  const noPipe = noFifo ?? noReader;
  it.skipIf(noPipe)(titled('packs a FIFO without waiting for a writer', noPipe), async () => {
    makeFifo(at('pipe'));
    expect(await reader?.read(await pack())).toMatchObject([{ path: 'pipe', type: 'fifo' }]);
  });

  it('packs a file that is larger than one read', async () => {
    const content = Buffer.alloc(700_001, 'abcdefg');
    await writeFile(at('large'), content);
    const archive = await pack();
    expect(archive.subarray(512, 512 + content.length).equals(content)).toBe(true);
    expect(archive.length % 512).toBe(0);
  });

  it('rejects a socket, and suggests to exclude it', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at('s.sock'), resolve));
    await expect(pack()).rejects.toThrow(new UploadError('cannot pack s.sock: a socket cannot be in an image; leave it out with exclude'));
    await expect(pack(root, { exclude: ['*.sock'] })).resolves.toHaveLength(1024);
    await new Promise((resolve) => server.close(resolve));
  });

  it.skipIf(process.platform !== 'linux')('rejects a name that is not UTF-8, which would change', async () => {
    await writeFile(Buffer.concat([Buffer.from(at('')), Buffer.from([0x2f, 0x66, 0xff])]), 'x');
    await expect(pack()).rejects.toThrow(`cannot pack a name in ${root}: it is not UTF-8`);
  });

  it('rejects a file and a missing directory, when it is iterated', async () => {
    await writeFile(at('file'), 'x');
    await expect(pack(at('file'))).rejects.toThrow(new UploadError(`cannot pack ${at('file')}: not a directory`));
    await expect(pack(at('none'))).rejects.toThrow(new UploadError(`cannot pack ${at('none')}: no such file or directory`));
  });

  it.skipIf(process.getuid?.() === 0)('names a file without permission to read it (not tried as root)', async () => {
    await writeFile(at('secret'), 'x', { mode: 0 });
    await expect(pack()).rejects.toThrow(new UploadError(`cannot pack ${at('secret')}: permission denied`));
  });

  it.each<[string, object]>([
    ['no such option', { excludes: [] }],
    ['a time that is none', { mtime: 1.5 }],
    ['a time before 1970', { mtime: -1 }],
    ['a pattern that takes back', { exclude: ['!a'] }],
  ])('throws for %s at the call', (_, options) => {
    expect(() => packDirectory(root, options)).toThrow(ArgumentError);
  });

  it('reads nothing before it is iterated, and everything again each time', async () => {
    const archive = packDirectory(at('later'));
    await mkdir(at('later'));
    const lengths: number[] = [];
    for (const name of ['a', 'b']) {
      await writeFile(at(`later/${name}`), '');
      let length = 0;
      for await (const block of archive) length += block.length;
      lengths.push(length);
    }
    expect(lengths).toEqual([512 + 1024, 1024 + 1024]);
  });
});
