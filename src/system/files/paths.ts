// Checks the paths that callers pass. A relative path is made absolute when the call starts, because a program may change its
// working directory before the file is opened.

import { isAbsolute, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArgumentError, FileError } from '../../errors.ts';

/** The most symbolic links that are followed in one path, as many as Linux follows (path_resolution(7)). */
export const LINKS_LIMIT: number = 40;

/**
 * Returns the absolute path for a path or a `file:` URL. Throws an `ArgumentError` that begins with `place` for other values,
 * and a `FileError` for a relative path if the working directory does not exist any more.
 */
export function absolutePath(value: string | URL, place: string): string {
  const path = pathOf(value, place);
  if (isAbsolute(path)) return path;
  try {
    // Not normalized, as `resolve` would do: where `link/..` leads depends on the target of the link.
    return sep === '/' ? `${process.cwd()}/${path}` : resolve(path);
  } catch (cause) {
    throw new FileError(`cannot find ${path}: the working directory does not exist any more; give an absolute path`, { path, cause });
  }
}

/** Matches a URL passed as a string, which would otherwise be used as a path in a directory such as `file:`. */
const urlGrammar = /^[a-z][a-z0-9+.-]{1,20}:\/\//i;

function pathOf(value: unknown, place: string): string {
  let cause: unknown;
  try {
    const path = typeof value === 'object' && value instanceof URL ? fileURLToPath(value) : value;
    if (typeof path === 'string' && path !== '' && !path.includes('\0') && !urlGrammar.test(path)) return path;
  } catch (error) {
    cause = error;
  }
  throw new ArgumentError(`${place} must be a path (a string without NUL that is not empty) or a file: URL${remedyFor(value)}`, { cause });
}

function remedyFor(value: unknown): string {
  if (typeof value !== 'string' || !urlGrammar.test(value)) return '';
  if (/^file:/i.test(value)) return ', not a URL as text: give new URL(text)';
  return `, not another URL${/^https?:/i.test(value) ? ': fetch(url) gives a Response, which uploads take' : ''}`;
}
