// A folder that is to be packed: what is in it, in an order that is the same everywhere. No link is followed.

import { constants } from 'node:fs';
import { lstat, open, readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { UploadError } from '../errors.ts';

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

/** Everything but what `isLeftOut`, a folder before what is in it, names in the order of their bytes. */
export async function* walkFolder(folder: string, isLeftOut: (path: string) => boolean): AsyncGenerator<FolderItem> {
  const root = await reading(folder, realpath(folder));
  if (!(await reading(folder, lstat(root))).isDirectory()) throw new UploadError(`cannot pack ${folder}: it is no folder`);
  yield* walk(root, '', isLeftOut);
}

async function* walk(root: string, within: string, isLeftOut: (path: string) => boolean): AsyncGenerator<FolderItem> {
  for (const name of await namesIn(join(root, within))) {
    const path = within === '' ? name : `${within}/${name}`;
    if (isLeftOut(path)) continue;
    const item = await itemAt(root, path);
    yield item;
    if (item.type === 'directory') yield* walk(root, path, isLeftOut);
  }
}

/** As bytes, for a name that is no UTF-8 would become another, and locales sort otherwise. */
async function namesIn(folder: string): Promise<string[]> {
  const names = await reading(folder, readdir(folder, { encoding: 'buffer' }));
  return names.sort(Buffer.compare).map((name) => text(name, `a name in ${folder}`));
}

async function itemAt(root: string, path: string): Promise<FolderItem> {
  const place = join(root, path);
  const found = await reading(place, lstat(place));
  const type = typeOf(found);
  return {
    path,
    type,
    mode: found.mode & 0o7777,
    size: type === 'file' ? found.size : 0,
    sharedIdentity: type === 'file' && found.nlink > 1 ? `${found.dev}:${found.ino}` : undefined,
    target: type === 'symlink' ? text(await reading(place, readlink(place, 'buffer')), `the target of ${place}`) : '',
    content: () => contentOf(place, found.ino),
  };
}

function typeOf(found: Awaited<ReturnType<typeof lstat>>): FolderItem['type'] {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'directory';
  if (found.isSymbolicLink()) return 'symlink';
  if (found.isFIFO()) return 'fifo';
  return found.isSocket() ? 'socket' : 'device';
}

/** Read this much at a time, or less where the file is smaller: most files of an image are. */
const BLOCK_BYTES = 256 * 1024;

/** A link that has taken the file's place in the meantime is not followed, and a pipe not waited for. */
async function* contentOf(place: string, inode: number): AsyncGenerator<Uint8Array> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const handle = await reading(place, open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  try {
    const { ino, size } = await handle.stat();
    if (ino !== inode) throw new UploadError(`cannot pack ${place}: it became another file meanwhile`);
    for (;;) {
      // The memory goes out as it is, so each block has its own.
      const block = Buffer.allocUnsafeSlow(Math.max(1, Math.min(size, BLOCK_BYTES)));
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

const MEANINGS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  ENOTDIR: 'it is no folder',
  ELOOP: 'it became a link meanwhile',
};

async function reading<Value>(place: string, promise: Promise<Value>): Promise<Value> {
  return promise.catch((cause: NodeJS.ErrnoException) => {
    throw new UploadError(`cannot pack ${place}: ${MEANINGS[cause.code ?? ''] ?? cause.message}`, { cause });
  });
}
