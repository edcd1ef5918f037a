// Files that are read whole: configurations, contexts, certificates and keys.

import { open, readdir } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';

/** The most that such a file may have, in bytes: a bundle of all the world's root certificates has 230 kB. */
export const SMALL_FILE_LIMIT: number = 1024 * 1024;

/** A file that was read whole. */
export interface SmallFile {
  readonly bytes: Uint8Array;
  /** Whether others than its owner may read it; false on Windows, which has no such bits. */
  readonly readableByOthers: boolean;
}

/** Reads a file whole; undefined where there is none. A `ConfigError` names the file, and never what is in it. */
export async function readSmallFile(path: string): Promise<SmallFile | undefined> {
  try {
    const handle = await open(path);
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw new ConfigError(`cannot read ${path}: it is no regular file`);
      const isLarge = found.size > SMALL_FILE_LIMIT;
      if (isLarge) throw new ConfigError(`cannot read ${path}: it has more than ${SMALL_FILE_LIMIT} bytes`);
      const readableByOthers = process.platform !== 'win32' && (found.mode & 0o044) !== 0;
      return { bytes: await handle.readFile(), readableByOthers };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    return absent(path, cause);
  }
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
  const why = code === 'EACCES' ? 'permission denied' : (code ?? message);
  throw new ConfigError(`cannot read ${path}: ${why}`, { cause });
}
