// Replaces a file completely or not at all: writes a temporary file in the same directory, and renames it at the end.

import { chmod, open, readlink, realpath, rename, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { ArgumentError, FileError } from '../../errors.ts';
import { NEW_FILE_TEXTS } from '../errno.ts';
import { LINKS_LIMIT } from './paths.ts';

/** How many temporary names are tried. They are random, so a name is almost never taken. */
const NAME_ATTEMPTS = 5;

/**
 * Opens a temporary file for an absolute path. If the path is a symbolic link, the file that it points to will be replaced, and
 * the link stays. Checks in advance what could prevent the rename. Throws an `ArgumentError` if the path is something other than
 * a regular file, and a `FileError` for errors of the system.
 */
export async function openReplacement(path: string) {
  const target = await orFileError(path, targetOf(path));
  const existing = await orFileError(path, stat(target).catch(unlessAbsent));
  if (existing !== undefined && !existing.isFile()) {
    throw new ArgumentError(`${path} exists and is not a regular file; give the path of a file`);
  }
  const { handle, temporary } = await orFileError(path, openTemporary(target));
  // Node's permission model forbids fchmod.
  const setMode = (mode: number): Promise<void> => (process.permission === undefined ? handle.chmod(mode) : chmod(temporary, mode));
  return {
    handle,
    /** Closes the temporary file and renames it. It gets the permission bits of the file that it replaces. */
    async commit() {
      // Without the set-ID bits: the new file may have another owner.
      if (existing !== undefined) await orFileError(path, setMode(existing.mode & 0o777));
      await orFileError(path, handle.close());
      await orFileError(path, rename(temporary, target));
    },
    async discard() {
      await handle.close().catch(() => {}); // already closed if the rename failed
      await unlink(temporary).catch(() => {});
    },
  };
}

/** Returns the file that open(2) would open or create. `realpath` fails for a link to a file that does not exist yet: it is followed here. */
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

/** The temporary name does not contain the target's name, which may already have the maximum length. */
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

/** Node's permission model may allow creating a file but not renaming it, which also needs the right to read it. */
function checkPermission(path: string): void {
  for (const [right, flag] of RIGHTS) {
    if (process.permission?.has(right, path) !== false) continue;
    const why = `Node's permission model refuses ${right} to ${path}; give node ${flag}=${dirname(path)}/*`;
    throw Object.assign(new Error(why), { code: 'ERR_ACCESS_DENIED' });
  }
}
const RIGHTS = [['fs.read', '--allow-fs-read'], ['fs.write', '--allow-fs-write']] as const;

/** Waits for a file operation. Turns its error into a `FileError`. */
function orFileError<Value>(path: string, done: Promise<Value>): Promise<Value> {
  return done.catch((cause: NodeJS.ErrnoException) => {
    throw cannotWrite(path, cause);
  });
}

/** Makes the error for a system error. It does not name the temporary file, which the caller does not know. */
export function cannotWrite(path: string, cause: NodeJS.ErrnoException): FileError {
  const { code = '', message } = cause;
  const why = code === 'ERR_ACCESS_DENIED' ? `${code}: ${message}` : (NEW_FILE_TEXTS[code] ?? (code || message));
  return new FileError(`cannot write ${path}: ${why}`, { path, errno: cause.code, cause });
}
