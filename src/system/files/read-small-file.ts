// Files that are read whole: configurations, contexts, certificates and keys.

import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { ConfigError } from '../../errors.ts';

/** The most that such a file may have, in bytes: a bundle of all the world's root certificates has 230 kB. */
export const SMALL_FILE_LIMIT: number = 1024 * 1024;

/** Most of these files are read at once. */
const READ_BYTES = 64 * 1024;

/** A file that was read whole. */
export interface SmallFile {
  readonly bytes: Uint8Array;
  /** Whether others than its owner may read it; false on Windows, which has no such bits. */
  readonly readableByOthers: boolean;
}

/**
 * Reads a regular file whole; returns `undefined` where there is none. A FIFO, which would keep the caller waiting for a
 * writer, a device and a folder are refused. A `ConfigError` names the file, and never what is in it.
 */
export async function readSmallFile(path: string): Promise<SmallFile | undefined> {
  try {
    // Opened before it is looked at: another file may take its place in between. O_NONBLOCK opens a FIFO without a writer.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw notRegular(path, found);
      if (found.size > SMALL_FILE_LIMIT) throw tooLarge(path);
      const readableByOthers = process.platform !== 'win32' && (found.mode & 0o044) !== 0;
      return { bytes: await readAll(handle, path), readableByOthers };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    return absent(path, cause);
  }
}

/** Reads to the end, not to the size: files below /proc have none, and some have no end either. */
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
  const kind = found.isDirectory() ? 'a folder' : found.isFIFO() ? 'a FIFO' : 'a device';
  return new ConfigError(`cannot read ${path}: it is ${kind}, not a regular file; give the path of a regular file`);
}

function tooLarge(path: string): ConfigError {
  return new ConfigError(`cannot read ${path}: it has more than ${SMALL_FILE_LIMIT} bytes`);
}

/** The names in a folder, sorted; none where there is no such folder. */
export async function namesInFolder(path: string): Promise<string[]> {
  return readdir(path).then(
    (names) => names.sort(),
    (cause: unknown) => absent(path, cause) ?? [],
  );
}

function absent(path: string, cause: unknown): undefined {
  if (cause instanceof ConfigError) throw cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  // Such a path may be the text of the file, so it is not shown; neither is the message of the system, which quotes it.
  if (code === 'ENAMETOOLONG') throw new ConfigError(`cannot read a path of ${path.length} characters: it is too long for a path (ENAMETOOLONG)`);
  const why = MEANINGS[code ?? ''] ?? code ?? message;
  throw new ConfigError(`cannot read ${path}: ${why}`, { cause });
}

const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ENXIO: 'it is a socket or a device, not a regular file; give the path of a regular file',
};
