// Paths as callers give them. A relative one means a place below the working directory of the moment at which it is given:
// a program may change that directory while a call is under way.

import { isAbsolute, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArgumentError, FileError } from '../../errors.ts';

/** As many symbolic links as Linux follows in one path (path_resolution(7)). */
export const LINKS_LIMIT: number = 40;

/** The absolute path of a path or a `file:` URL; an `ArgumentError` if it is neither. `place` is for messages. */
export function absolutePath(given: string | URL, place: string): string {
  const path = pathOf(given, place);
  if (isAbsolute(path)) return path;
  try {
    // Not `resolve` where it can be helped: it takes "link/.." for the folder that the link is in.
    return sep === '/' ? `${process.cwd()}/${path}` : resolve(path);
  } catch (cause) {
    throw new FileError(`cannot find ${path}: the working directory is not there any more; give an absolute path`, { path, cause });
  }
}

/** A URL as text, which would be looked for as a folder called `file:`. */
const urlGrammar = /^[a-z][a-z0-9+.-]{1,20}:\/\//i;

function remedyFor(given: unknown): string {
  if (typeof given !== 'string' || !urlGrammar.test(given)) return '';
  if (/^file:/i.test(given)) return ', not a URL as text: give new URL(text)';
  return `, not another URL${/^https?:/i.test(given) ? ': fetch(url) gives a Response, which uploads take' : ''}`;
}

function pathOf(given: unknown, place: string): string {
  let cause: unknown;
  try {
    const path = typeof given === 'object' && given instanceof URL ? fileURLToPath(given) : given;
    if (typeof path === 'string' && path !== '' && !path.includes('\0') && !urlGrammar.test(path)) return path;
  } catch (error) {
    cause = error;
  }
  throw new ArgumentError(`${place} must be a path (a string without NUL that is not empty) or a file: URL${remedyFor(given)}`, { cause });
}
