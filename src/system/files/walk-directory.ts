// Walks a directory for packing: yields all entries, in the same order on every machine. It does not follow symbolic links.
//
// During the walk, another process may replace a directory by a link, so that other files would be packed. Therefore each
// directory is opened once, without following links, and its entries are opened through its descriptor:
// `/proc/self/fd/N/name`. Without /proc, entries are opened by path, and then the directory is checked to be the same.

import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { lstat, open, readdir, readlink, realpath, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { UploadError } from '../../errors.ts';
import { ERRNO_TEXTS } from '../errno.ts';

/** One entry of a directory. */
export interface DirectoryEntry {
  /** Relative to the walked directory, with slashes. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device';
  /** Permission bits. */
  readonly mode: number;
  /** The size of a file in bytes; 0 for other types. */
  readonly size: number;
  /** The same text for all hard links to one file; undefined for a file with one name. */
  readonly linkIdentity: string | undefined;
  /** The text of a symlink; `""` for other types. */
  readonly target: string;
  /** Yields the bytes of a file. */
  content(): AsyncIterable<Uint8Array>;
}

/** A directory that stays open while its entries are read. */
interface OpenDirectory {
  readonly handle: FileHandle;
  /** Its path, for messages, and for opening its entries if descriptors cannot be used. */
  readonly place: string;
  readonly found: BigIntStats;
  /** `"/proc/self/fd"`; undefined if paths there do not work. */
  readonly descriptors: string | undefined;
}

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_DIRECTORY = 0 } = constants;

/**
 * Yields all entries that `isExcluded` does not exclude, sorted by the bytes of their names; a directory precedes its entries.
 * The content of a file can be read until the next entry is requested. Throws an `UploadError` if something cannot be read.
 *
 * @param descriptors the directory in which this process finds its own descriptors
 */
export async function* walkDirectory(
  directory: string,
  isExcluded: (path: string) => boolean,
  descriptors = '/proc/self/fd',
): AsyncGenerator<DirectoryEntry> {
  const place = await orUploadError(directory, realpath(directory), ERRNO_TEXTS);
  const handle = await orUploadError(directory, open(place, O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
  const found = await handle.stat({ bigint: true });
  const areUsable = await leadsTo(`${descriptors}/${handle.fd}/.`, found);
  yield* walk({ handle, place, found, descriptors: areUsable ? descriptors : undefined }, '', isExcluded);
}

/** Whether a path leads to that directory. Node's permission model may forbid `stat`, so the permission is checked first. */
async function leadsTo(path: string, found: BigIntStats): Promise<boolean> {
  if (process.permission?.has('fs.read', path) === false) return false;
  return stat(path, { bigint: true }).then((there) => isSame(there, found), () => false);
}

async function* walk(directory: OpenDirectory, prefix: string, isExcluded: (path: string) => boolean): AsyncGenerator<DirectoryEntry> {
  try {
    for (const name of await namesIn(directory)) {
      const path = prefix + name;
      if (isExcluded(path)) continue;
      const entry = await entryAt(directory, name, path);
      yield entry;
      if (entry.type === 'directory') yield* walk(await openSubdirectory(directory, name), `${path}/`, isExcluded);
    }
  } finally {
    await directory.handle.close();
  }
}

async function openSubdirectory(directory: OpenDirectory, name: string): Promise<OpenDirectory> {
  const handle = await openIn(directory, name, O_DIRECTORY);
  const found = await handle.stat({ bigint: true });
  return { handle, place: join(directory.place, name), found, descriptors: directory.descriptors };
}

/** Opens an entry for reading. If the directory has been replaced, closes it again and throws. */
async function openIn(directory: OpenDirectory, name: string, flags: number): Promise<FileHandle> {
  const handle = await orUploadError(join(directory.place, name), open(reach(directory, name), O_RDONLY | O_NOFOLLOW | flags));
  try {
    await checkDirectory(directory);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function reach({ handle, place, descriptors }: OpenDirectory, name: string): string {
  return descriptors === undefined ? join(place, name) : `${descriptors}/${handle.fd}/${name}`;
}

/** Checks, if entries are opened by path, that the path still leads to the directory that was opened. */
async function checkDirectory({ place, found, descriptors }: OpenDirectory): Promise<void> {
  if (descriptors !== undefined || isSame(await orUploadError(place, lstat(place, { bigint: true })), found)) return;
  throw new UploadError(`cannot pack ${place}: the directory was replaced while it was packed`);
}

/** Compares 64-bit integers: as doubles, different inodes above 2^53 can be equal (overlayfs with xino, some NFS). */
function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

/** Reads and sorts names as bytes: decoding would change a name that is not UTF-8, and locales sort differently. */
async function namesIn(directory: OpenDirectory): Promise<string[]> {
  const names = await orUploadError(directory.place, readdir(reach(directory, ''), { encoding: 'buffer' }));
  await checkDirectory(directory);
  return names.sort(Buffer.compare).map((name) => decode(name, `a name in ${directory.place}`));
}

async function entryAt(directory: OpenDirectory, name: string, path: string): Promise<DirectoryEntry> {
  const place = join(directory.place, name);
  const found = await orUploadError(place, lstat(reach(directory, name), { bigint: true }));
  const type = typeOf(found);
  const target = type === 'symlink' ? await orUploadError(place, readlink(reach(directory, name), 'buffer')) : undefined;
  await checkDirectory(directory);
  return {
    path,
    type,
    mode: Number(found.mode & 0o7777n),
    size: type === 'file' ? Number(found.size) : 0,
    linkIdentity: type === 'file' && found.nlink > 1n ? `${found.dev}:${found.ino}` : undefined,
    target: target === undefined ? '' : decode(target, `the target of ${place}`),
    content: () => fileContent(directory, name, found),
  };
}

function typeOf(found: BigIntStats): DirectoryEntry['type'] {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'directory';
  if (found.isSymbolicLink()) return 'symlink';
  if (found.isFIFO()) return 'fifo';
  return found.isSocket() ? 'socket' : 'device';
}

/** The maximum size of a read, in bytes. Smaller files get smaller blocks, because most files of an image are small. */
const BLOCK_BYTES = 256 * 1024;

/** Reads a file that was examined before. Throws if a link, a FIFO or another file has replaced it. */
async function* fileContent(directory: OpenDirectory, name: string, expected: BigIntStats): AsyncGenerator<Uint8Array> {
  const place = join(directory.place, name);
  const handle = await openIn(directory, name, O_NONBLOCK);
  try {
    const found = await handle.stat({ bigint: true });
    if (!isSame(found, expected)) throw new UploadError(`cannot pack ${place}: the file was replaced while it was packed`);
    for (;;) {
      // Each block is new, because the reader keeps the memory.
      const block = Buffer.allocUnsafeSlow(Math.max(1, Math.min(Number(found.size), BLOCK_BYTES)));
      const { bytesRead } = await orUploadError(place, handle.read(block));
      if (bytesRead === 0) return;
      yield block.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function decode(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UploadError(`cannot pack ${what}: it is not UTF-8`);
  }
}

const TEXTS: Readonly<Record<string, string>> = {
  ...ERRNO_TEXTS,
  ELOOP: 'it was replaced by a symbolic link while it was packed',
  EMFILE: 'too many open files: each level of directories needs one; raise the limit of this process (ulimit -n)',
};

/** Waits for a file operation. Turns its error into an `UploadError`. */
async function orUploadError<Value>(place: string, promise: Promise<Value>, texts = TEXTS): Promise<Value> {
  return promise.catch((cause: NodeJS.ErrnoException) => {
    throw new UploadError(`cannot pack ${place}: ${texts[cause.code ?? ''] ?? cause.message}`, { cause });
  });
}
