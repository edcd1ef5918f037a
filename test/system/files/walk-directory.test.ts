// A directory that is changed while it is packed. The attack: a user who may write to a directory that root packs replaces a
// file by a link to a secret, after it was listed and before it is opened, and finds the secret in the image.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UploadError } from '../../../src/errors.ts';
import { walkDirectory } from '../../../src/system/files/walk-directory.ts';
import type { DirectoryEntry } from '../../../src/system/files/walk-directory.ts';
import { makeFifo, noFifo } from '../../support/fifo.ts';
import { gnuTar, noGnuTar } from '../../support/foreign-tar.ts';
import { lacking, titled } from '../../support/installed.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'longshore-walk-'));
  await writeFile(join(root, 'a'), 'as it was');
});
afterEach(() => rm(root, { recursive: true }));

/** Reads the only file after a change. */
async function readAfter(change: () => Promise<void>): Promise<string> {
  const items = walkDirectory(root, () => false);
  try {
    const { value: item } = await items.next();
    await change();
    const chunks: Uint8Array[] = [];
    for await (const chunk of item?.content() ?? []) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } finally {
    await items.return(undefined);
  }
}

it('names a loop of symbolic links in place of the directory', async () => {
  const loop = join(root, 'loop');
  await symlink('loop', loop);
  const error = new UploadError(`cannot pack ${loop}: too many levels of symbolic links`);
  await expect(walkDirectory(loop, () => false).next()).rejects.toThrow(error);
});

describe('a file that was listed', () => {
  const refuses = async (change: () => Promise<void>, why: string): Promise<void> => {
    const reading = readAfter(async () => {
      await rename(join(root, 'a'), join(root, 'z'));
      await change();
    });
    await expect(reading).rejects.toThrow(new UploadError(`cannot pack ${join(root, 'a')}: ${why}`));
  };

  it.each<[string, () => Promise<void>, string]>([
    ['has become a link', async () => symlink('/etc/hostname', join(root, 'a')), 'it was replaced by a symbolic link while it was packed'],
    ['has become another file', async () => writeFile(join(root, 'a'), 'other'), 'the file was replaced while it was packed'],
    ['has gone', async () => {}, 'no such file or directory'],
  ])('and %s throws instead of reading what is there now', (_, change, why) => refuses(change, why));

  it.skipIf(noFifo)(titled('and has become a FIFO throws instead of reading what is there now', noFifo), () =>
    refuses(async () => void makeFifo(join(root, 'a')), 'the file was replaced while it was packed'));

  it('is read if nothing changed', async () => {
    expect(await readAfter(async () => {})).toBe('as it was');
  });
});

// The attack: a user who may write to the directory replaces a subdirectory by a link to a directory of secrets during the
// walk. Both ways to reach entries are tested: by descriptors, and by paths where descriptors are not available.
describe.each([
  ['through descriptors', '/proc/self/fd', process.platform === 'linux'],
  ['by paths, as without /proc', '/nowhere', true],
])('a directory that is replaced during the walk, %s', (_, descriptors, isPossible) => {
  const at = (path: string): string => join(root, 'packed', path);
  let items: AsyncGenerator<DirectoryEntry>;
  beforeEach(async () => {
    await mkdir(at('sub/deep'), { recursive: true });
    await mkdir(join(root, 'secrets/deep'), { recursive: true });
    for (const name of ['a', 'b', 'deep/c']) {
      await writeFile(at(`sub/${name}`), 'mine');
      await writeFile(join(root, 'secrets', name), 'secret');
    }
    items = walkDirectory(at(''), () => false, descriptors);
  });
  afterEach(async () => void (await items.return(undefined)));

  const replaceBy = async (what: 'link' | 'folder' | 'fifo', path = 'sub'): Promise<void> => {
    await rename(at(path), join(root, 'away'));
    if (what === 'link') await symlink(join(root, 'secrets'), at(path));
    else if (what === 'folder') await rename(join(root, 'secrets'), at(path));
    else makeFifo(at(path));
  };
  /** Walks to the entry with that path. */
  const walkTo = async (path: string): Promise<DirectoryEntry> => {
    for (;;) {
      const { value, done } = await items.next();
      if (done === true) throw new Error(`${path} does not come`);
      if (value.path === path) return value;
    }
  };
  /** The contents of `first` and of all remaining files, or the error. */
  const rest = async (first?: DirectoryEntry): Promise<string> => {
    let text = '';
    const add = async (item: DirectoryEntry): Promise<void> => {
      if (item.type === 'file') for await (const chunk of item.content()) text += String(chunk);
    };
    try {
      if (first !== undefined) await add(first);
      for await (const item of items) await add(item);
      return text;
    } catch (error) {
      return error instanceof UploadError ? `UploadError: ${error.message}` : String(error);
    }
  };
  const isDescriptor = descriptors !== '/nowhere';
  const lack = { link: undefined, folder: undefined, fifo: noFifo };

  for (const what of ['link', 'fifo'] as const) {
    it.skipIf(!isPossible || lack[what])(titled(`before it is opened, by a ${what}, throws`, lack[what]), async () => {
      await walkTo('sub');
      await replaceBy(what);
      expect(await rest()).toMatch(/^UploadError: cannot pack .*packed\/sub: /);
    });
  }

  for (const what of ['link', 'folder', 'fifo'] as const) {
    it.skipIf(!isPossible || lack[what])(titled(`after it was opened, by a ${what}, reveals no secret`, lack[what]), async () => {
      const first = await walkTo('sub/a');
      await replaceBy(what);
      // The descriptor still leads to the opened directory. A path does not, and that is noticed.
      expect(await rest(first)).toMatch(isDescriptor ? /^(mine){3}$/ : /^UploadError: cannot pack .*packed\/sub/);
    });
  }

  it.skipIf(!isPossible)('above the one that is read reveals no secret', async () => {
    const first = await walkTo('sub/deep/c');
    await replaceBy('link');
    expect(await rest(first)).toMatch(isDescriptor ? /^mine$/ : /^UploadError: cannot pack .*packed\/sub/);
  });

  it.skipIf(!isPossible)('is walked if nothing changed', async () => {
    await symlink('sub', at('link'));
    expect(await walkTo('link')).toMatchObject({ type: 'symlink', target: 'sub' });
    expect(await rest()).toBe('mine'.repeat(3));
  });

  it.skipIf(process.platform !== 'linux')('is closed when the walk ends or is left early', async () => {
    const opened = (): string[] => readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(at('')));
    await walkTo('sub/deep/c');
    expect(opened().length).toBe(3);
    await items.return(undefined);
    expect(opened()).toEqual([]);
    items = walkDirectory(at(''), () => false, descriptors);
    await rest();
    expect(opened()).toEqual([]);
  });
});

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // the descriptor of the listing itself
  }
}

// overlayfs with xino=on stores the number of the layer in the upper bits of an inode, if its layers are on different file
// systems (kernel, overlayfs.rst, "Inode properties"). Above 2^53, different inodes are equal as doubles.
const MOUNT_OVERLAY = `
  mkdir lower top merged && mount -t tmpfs tmpfs lower && mount -t tmpfs tmpfs top && mkdir top/upper top/work &&
  for n in 1 2 3 4 5 6 7 8 9; do echo $n > lower/$n; ln lower/$n lower/$n-again; done &&
  mount -t overlay overlay -o xino=on,lowerdir=lower,upperdir=top/upper,workdir=top/work merged && exec "$@"`;
/** Runs a program in its own mount namespace, whose mounts end with it. */
function underOverlay(within: string, ...command: string[]): ReturnType<typeof spawnSync> {
  const limits = { maxBuffer: 64 * 1024 * 1024 };
  return spawnSync('unshare', ['--mount', 'sh', '-c', MOUNT_OVERLAY, 'sh', ...command], { cwd: within, ...limits });
}

function isMounted(): boolean {
  const trial = mkdtempSync(join(tmpdir(), 'longshore-overlay-'));
  const { status } = underOverlay(trial, process.execPath, '--version');
  rmSync(trial, { recursive: true });
  return status === 0;
}
const noOverlay = lacking('unshare', 'mount') ?? noGnuTar ?? (isMounted() ? undefined : 'no right to mount an overlayfs');

describe.skipIf(noOverlay)(titled('on an overlayfs with xino=on', noOverlay), () => {
  it('packDirectory takes no file for a hard link to another', () => {
    const program = `
      import { packDirectory } from ${JSON.stringify(new URL('../../../dist/index.js', import.meta.url).href)};
      import { statSync } from 'node:fs';
      const { ino } = statSync('merged/1', { bigint: true });
      if (BigInt.asUintN(64, ino) < 2n ** 53n) throw new Error('xino is not on: ' + ino);
      for await (const block of packDirectory('merged')) process.stdout.write(Buffer.from(block));`;
    const run = underOverlay(root, process.execPath, '--input-type=module', '-e', program);
    expect(String(run.stderr)).toBe('');
    const tar = (...argv: string[]): string => gnuTar(argv, Buffer.from(run.stdout ?? '')).toString();
    const links = [...tar('-tvf', '-').matchAll(/ (\S+) link to (\S+)$/gm)].map(([, name, target]) => `${name} ${target}`);
    const names = Array.from({ length: 9 }, (_, index) => String(index + 1));
    expect(links).toEqual(names.map((name) => `${name}-again ${name}`));
    for (const name of names) expect(tar('-xOf', '-', name)).toBe(`${name}\n`);
  });
});
