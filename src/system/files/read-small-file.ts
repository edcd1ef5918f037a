// Reads small files as a whole: configurations, contexts, certificates, keys and tapes.

import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { ConfigError } from '../../errors.ts';
import { ERRNO_TEXTS } from '../errno.ts';

/** The maximum size of a file, in bytes. A bundle of all public root certificates has 230 kB. */
export const SMALL_FILE_LIMIT: number = 1024 * 1024;

/** The size of one read, in bytes. Most of these files are shorter. */
const READ_BYTES = 64 * 1024;

/**
 * Reads a regular file; undefined if it does not exist. Throws a `ConfigError` for a directory, a device, a FIFO (which would
 * block until a process writes to it), a file above the limit, and a file that cannot be read. The error names the file and
 * never shows its content.
 */
export async function readSmallFile(path: string) {
  try {
    // The open file is checked and not its path, which may be replaced before it is opened. O_NONBLOCK: do not wait for a FIFO.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw notRegular(path, found);
      if (found.size > SMALL_FILE_LIMIT) throw tooLarge(path);
      // Whether the file's group or other users may read it.
      const readableByOthers = process.platform !== 'win32' && (found.mode & 0o044) !== 0;
      return { bytes: await readAll(handle, path), readableByOthers };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    return undefinedIfAbsent(path, cause);
  }
}

/** Reads until the file ends and ignores its size: files below /proc have size 0, and some of them never end. */
async function readAll(handle: FileHandle, path: string): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  for (let total = 0; ; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES);
    if (bytesRead === 0) return blocks.length === 1 ? (blocks[0] as Uint8Array) : Buffer.concat(blocks);
    total += bytesRead;
    if (total > SMALL_FILE_LIMIT) throw tooLarge(path);
    blocks.push(buffer.subarray(0, bytesRead));
  }
}

function notRegular(path: string, found: Stats): ConfigError {
  const kind = found.isDirectory() ? 'a directory' : found.isFIFO() ? 'a FIFO' : 'a device';
  return new ConfigError(`cannot read ${path}: it is ${kind}, not a regular file; give the path of a regular file`);
}

function tooLarge(path: string): ConfigError {
  return new ConfigError(`cannot read ${path}: it has more than ${SMALL_FILE_LIMIT} bytes`);
}

/** Returns the sorted names in a directory; an empty list if the directory does not exist. */
export async function namesInFolder(path: string): Promise<string[]> {
  return readdir(path).then(
    (names) => names.sort(),
    (cause: unknown) => undefinedIfAbsent(path, cause) ?? [],
  );
}

function undefinedIfAbsent(path: string, cause: unknown): undefined {
  if (cause instanceof ConfigError) throw cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  // Such a path may be the content of a file, passed by mistake. The error shows neither the path nor the system's message.
  if (code === 'ENAMETOOLONG') {
    throw new ConfigError(`cannot read a path of ${path.length} characters: it is too long for a path (ENAMETOOLONG)`);
  }
  throw new ConfigError(`cannot read ${path}: ${TEXTS[code] ?? (code || message)}`, { cause });
}

const TEXTS: Readonly<Record<string, string>> = {
  ...ERRNO_TEXTS,
  ENXIO: 'it is a socket or a device, not a regular file; give the path of a regular file',
};
