// A folder that is to be packed: what is in it, in an order that is the same everywhere. No link is followed.
//
// Somebody may put a link in the place of a folder while it is walked through. So each folder is opened once, without
// following links, and what is in it is reached through its descriptor: `/proc/self/fd/N/name`. Where there is no such
// path, everything is reached by its own path, and the folder must afterwards still be what was opened.

import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { lstat, open, readdir, readlink, realpath, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { UploadError } from '../../errors.ts';
import { ERRNO_TEXTS } from '../errno.ts';

/** One thing in a folder. */
export interface FolderItem {
  /** From the folder on, with slashes. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device';
  /** Permission bits. */
  readonly mode: number;
  /** Of a file, in bytes. */
  readonly size: number;
  /** The same for all names of one file; undefined where it has no other. */
  readonly sharedIdentity: string | undefined;
  /** A symlink's text. */
  readonly target: string;
  /** A file's bytes. */
  content(): AsyncIterable<Uint8Array>;
}

/** A folder that stays open while what is in it is read. */
interface OpenFolder {
  readonly handle: FileHandle;
  /** Its path, for messages, and to reach what is in it where its descriptor cannot. */
  readonly place: string;
  /** Its identity. */
  readonly found: BigIntStats;
  /** `"/proc/self/fd"`; undefined where that does not work. */
  readonly descriptors: string | undefined;
}

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_DIRECTORY = 0 } = constants;

/**
 * Yields everything but what `isLeftOut`, a folder before what is in it, names in the order of their bytes. An item's
 * content can be read until the next item is asked for.
 *
 * @param descriptors where the descriptors of this process can be used as folders
 */
export async function* walkFolder(
  folder: string,
  isLeftOut: (path: string) => boolean,
  descriptors = '/proc/self/fd',
): AsyncGenerator<FolderItem> {
  const place = await reading(folder, realpath(folder));
  const handle = await reading(folder, open(place, O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
  const found = await handle.stat({ bigint: true });
  const areUsable = await leadsTo(`${descriptors}/${handle.fd}/.`, found);
  yield* walk({ handle, place, found, descriptors: areUsable ? descriptors : undefined }, '', isLeftOut);
}

/** Not without /proc, and not without the right to read it, which is looked at first: see the permission model of Node. */
async function leadsTo(path: string, found: BigIntStats): Promise<boolean> {
  if (process.permission?.has('fs.read', path) === false) return false;
  return stat(path, { bigint: true }).then((there) => isSame(there, found), () => false);
}

async function* walk(folder: OpenFolder, within: string, isLeftOut: (path: string) => boolean): AsyncGenerator<FolderItem> {
  try {
    for (const name of await namesIn(folder)) {
      const path = within === '' ? name : `${within}/${name}`;
      if (isLeftOut(path)) continue;
      const item = await itemAt(folder, name, path);
      yield item;
      if (item.type === 'directory') yield* walk(await subfolder(folder, name), path, isLeftOut);
    }
  } finally {
    await folder.handle.close();
  }
}

async function subfolder(folder: OpenFolder, name: string): Promise<OpenFolder> {
  const handle = await openIn(folder, name, O_DIRECTORY);
  const found = await handle.stat({ bigint: true });
  return { handle, place: join(folder.place, name), found, descriptors: folder.descriptors };
}

/** Opens something in a folder for reading. It is closed again where the folder has become another. */
async function openIn(folder: OpenFolder, name: string, flags: number): Promise<FileHandle> {
  const handle = await reading(join(folder.place, name), open(wayTo(folder, name), O_RDONLY | O_NOFOLLOW | flags));
  try {
    await checkPlace(folder);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function wayTo({ handle, place, descriptors }: OpenFolder, name: string): string {
  return descriptors === undefined ? join(place, name) : `${descriptors}/${handle.fd}/${name}`;
}

/** After something was reached by its path: the folder on that path must be the one that was opened. */
async function checkPlace({ place, found, descriptors }: OpenFolder): Promise<void> {
  if (descriptors !== undefined || isSame(await reading(place, lstat(place, { bigint: true })), found)) return;
  throw new UploadError(`cannot pack ${place}: it became another folder meanwhile`);
}

/** By integers of 64 bits: as doubles, different inodes above 2^53 are equal (overlayfs with xino, some NFS). */
function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

/** As bytes, for a name that is no UTF-8 would become another, and locales sort otherwise. */
async function namesIn(folder: OpenFolder): Promise<string[]> {
  const names = await reading(folder.place, readdir(wayTo(folder, ''), { encoding: 'buffer' }));
  await checkPlace(folder);
  return names.sort(Buffer.compare).map((name) => text(name, `a name in ${folder.place}`));
}

async function itemAt(folder: OpenFolder, name: string, path: string): Promise<FolderItem> {
  const place = join(folder.place, name);
  const found = await reading(place, lstat(wayTo(folder, name), { bigint: true }));
  const type = typeOf(found);
  const target = type === 'symlink' ? await reading(place, readlink(wayTo(folder, name), 'buffer')) : undefined;
  await checkPlace(folder);
  return {
    path,
    type,
    mode: Number(found.mode & 0o7777n),
    size: type === 'file' ? Number(found.size) : 0,
    sharedIdentity: type === 'file' && found.nlink > 1n ? `${found.dev}:${found.ino}` : undefined,
    target: target === undefined ? '' : text(target, `the target of ${place}`),
    content: () => contentOf(folder, name, found),
  };
}

function typeOf(found: BigIntStats): FolderItem['type'] {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'directory';
  if (found.isSymbolicLink()) return 'symlink';
  if (found.isFIFO()) return 'fifo';
  return found.isSocket() ? 'socket' : 'device';
}

/** Read this much at a time, or less where the file is smaller: most files of an image are. */
const BLOCK_BYTES = 256 * 1024;

/** A link that has taken the file's place in the meantime is not followed, and a pipe not waited for. */
async function* contentOf(folder: OpenFolder, name: string, expected: BigIntStats): AsyncGenerator<Uint8Array> {
  const place = join(folder.place, name);
  const handle = await openIn(folder, name, O_NONBLOCK);
  try {
    const found = await handle.stat({ bigint: true });
    if (!isSame(found, expected)) throw new UploadError(`cannot pack ${place}: it became another file meanwhile`);
    for (;;) {
      // The memory goes out as it is, so each block has its own.
      const block = Buffer.allocUnsafeSlow(Math.max(1, Math.min(Number(found.size), BLOCK_BYTES)));
      const { bytesRead } = await reading(place, handle.read(block));
      if (bytesRead === 0) return;
      yield block.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function text(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UploadError(`cannot pack ${what}: it is no UTF-8`);
  }
}

const READ_TEXTS: Readonly<Record<string, string>> = { ...ERRNO_TEXTS, ELOOP: 'it was replaced by a symbolic link while it was packed' };

async function reading<Value>(place: string, promise: Promise<Value>): Promise<Value> {
  return promise.catch((cause: NodeJS.ErrnoException) => {
    throw new UploadError(`cannot pack ${place}: ${READ_TEXTS[cause.code ?? ''] ?? cause.message}`, { cause });
  });
}
