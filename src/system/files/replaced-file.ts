// A file that is written as a whole or not at all: a temporary file beside it, which gets its name at the end.

import { chmod, open, readlink, realpath, rename, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { ArgumentError, FileError } from '../../errors.ts';
import { NEW_FILE_TEXTS } from '../errno.ts';
import { LINKS_LIMIT } from './paths.ts';

/** A temporary file, and what becomes of it. */
export interface ReplacedFile {
  /** Open for writing. */
  readonly handle: FileHandle;
  /** Closes the file and gives it its name and the permission bits of the file that it replaces. */
  commit(): Promise<void>;
  /** Closes and removes the file. */
  discard(): Promise<void>;
}

/** Temporary names that are tried: they are random, so that one is enough unless something else is wrong. */
const NAME_ATTEMPTS = 5;

/**
 * Opens a temporary file beside the path, or beside what the path's symbolic links lead to: the links stay. What would
 * keep the file from its name at the end is found now. Throws an `ArgumentError` where something else than a regular
 * file is there, and `cannotWrite`'s error for the rest.
 */
export async function replaceFile(path: string): Promise<ReplacedFile> {
  const target = await writing(path, targetOf(absolute(path)));
  const existing = await writing(path, stat(target).catch(unlessAbsent));
  if (existing !== undefined && !existing.isFile()) {
    throw new ArgumentError(`${path} exists and is not a regular file; give the path of a file`);
  }
  const { handle, temporary } = await writing(path, openTemporary(target));
  // Node's permission model has no fchmod at all.
  const setMode = (mode: number): Promise<void> => (process.permission === undefined ? handle.chmod(mode) : chmod(temporary, mode));
  return {
    handle,
    async commit() {
      // Not the set-ID bits: the new file may be another owner's, and no archive is a program.
      if (existing !== undefined) await writing(path, setMode(existing.mode & 0o777));
      await writing(path, handle.close());
      await writing(path, rename(temporary, target));
    },
    async discard() {
      await handle.close().catch(() => {}); // closed already when the rename failed
      await unlink(temporary).catch(() => {});
    },
  };
}

/** `path.resolve` would take `link/..` for the folder of the link; the file system takes it for the folder above its target. */
function absolute(path: string): string {
  if (process.platform === 'win32') return resolve(path);
  return isAbsolute(path) ? path : `${process.cwd()}/${path}`;
}

/** The file that open(2) would make or write: the last of the symbolic links may point to a file that is not there yet. */
async function targetOf(path: string, links = 0): Promise<string> {
  checkPermission(path);
  try {
    return await realpath(path);
  } catch (error) {
    unlessAbsent(error);
    if (path.endsWith('/') || links === LINKS_LIMIT) throw error;
    const text = await readlink(path).catch(() => undefined);
    if (text === undefined) return path;
    return targetOf(isAbsolute(text) ? text : `${dirname(path)}/${text}`, links + 1);
  }
}

function unlessAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/** A name of its own, for the limit of the file system may leave no room for more than the target's name. */
async function openTemporary(target: string): Promise<{ handle: FileHandle; temporary: string }> {
  for (let attempt = 1; ; attempt++) {
    const temporary = `${dirname(target)}/.longshore-${crypto.randomUUID()}.partial`;
    checkPermission(temporary);
    try {
      return { handle: await open(temporary, 'wx', 0o600), temporary };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === NAME_ATTEMPTS) throw error;
    }
  }
}

/** Node's permission model lets a file be made that may not be renamed: that needs the right to read it, too. */
function checkPermission(path: string): void {
  for (const [right, flag] of RIGHTS) {
    if (process.permission?.has(right, path) !== false) continue;
    const why = `Node's permission model refuses ${right} to ${path}; give node ${flag}=${dirname(path)}/*`;
    throw Object.assign(new Error(why), { code: 'ERR_ACCESS_DENIED' });
  }
}
const RIGHTS = [['fs.read', '--allow-fs-read'], ['fs.write', '--allow-fs-write']] as const;

function writing<Value>(path: string, done: Promise<Value>): Promise<Value> {
  return done.catch((cause: NodeJS.ErrnoException) => {
    throw cannotWrite(path, cause);
  });
}

/** Does not show the temporary file's name, which the caller has never seen. */
export function cannotWrite(path: string, cause: NodeJS.ErrnoException): FileError {
  const { code = '', message } = cause;
  const why = code === 'ERR_ACCESS_DENIED' ? `${code}: ${message}` : (NEW_FILE_TEXTS[code] ?? (code || message));
  return new FileError(`cannot write ${path}: ${why}`, { path, errno: cause.code, cause });
}
