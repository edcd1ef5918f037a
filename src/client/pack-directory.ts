// A folder as a tar: the same content gives the same bytes, whoever packs it, wherever and whenever.

import { TarError, UploadError } from '../errors.ts';
import { COUNT, TEXT, kind, listOf, takeOptions } from '../kinds.ts';
import type { Kinds } from '../kinds.ts';
import { pathMatcher } from './ignore-patterns.ts';
import { absolutePath } from '../system/files/paths.ts';
import { walkFolder } from '../system/files/walk-directory.ts';
import type { FolderItem } from '../system/files/walk-directory.ts';
import { packTar } from '../tar/pack.ts';
import type { TarEntry } from '../tar/pack.ts';

/** What of a folder is packed, and as of when. */
export interface PackDirectoryOptions {
  /**
   * What is left out, as `.dockerignore` writes it: `"*.log"` in the folder itself, `"**\/*.log"` everywhere, `"build"` with
   * all in it. Lines that begin with `!` are refused.
   */
  readonly exclude?: readonly string[] | undefined;
  /** The time of every entry, in seconds since 1970. Default 0. */
  readonly mtime?: number | undefined;
}

/**
 * Packs what is in a folder, for an import. Entries are sorted by the bytes of their names and belong to user and group 0,
 * all at one time; permission bits are those of the disk. A link stays a link and is never followed; another name of a
 * file that is there already is a hard link to it. Sockets and devices, and names that are no UTF-8, are an `UploadError`,
 * as is what cannot be read: nothing is left out but what `exclude` says. Extended attributes, which Node cannot read,
 * do not go along. Nothing is read before the iteration begins.
 */
export function packDirectory(path: string | URL, options?: PackDirectoryOptions): AsyncIterable<Uint8Array> {
  const { exclude = [], mtime = 0 } = takeOptions('packDirectory', options, OPTIONS);
  const folder = absolutePath(path, 'packDirectory: path');
  const isLeftOut = pathMatcher(exclude);
  return { [Symbol.asyncIterator]: () => pack(entriesOf(walkFolder(folder, isLeftOut), mtime)) };
}

const OPTIONS: Kinds = {
  exclude: listOf(TEXT, 'a list of patterns'),
  mtime: kind('whole seconds since 1970', COUNT.test),
};

/** To the packer a file that cannot be read is a source that failed; to whoever named the folder, it is that file. */
async function* pack(entries: AsyncIterable<TarEntry>): AsyncGenerator<Uint8Array> {
  try {
    yield* packTar(entries);
  } catch (error) {
    throw error instanceof TarError && error.cause instanceof UploadError ? error.cause : error;
  }
}

async function* entriesOf(items: AsyncIterable<FolderItem>, mtime: number): AsyncGenerator<TarEntry> {
  /** Files with several names, by what these share; no more than the folder has. */
  const seen = new Map<string, string>();
  for await (const item of items) {
    const { path, sharedIdentity } = item;
    const first = sharedIdentity === undefined ? undefined : seen.get(sharedIdentity);
    if (sharedIdentity !== undefined && first === undefined) seen.set(sharedIdentity, path);
    yield { path, mode: item.mode, mtime, ...(first === undefined ? ownEntry(item) : { type: 'link', linkname: first }) };
  }
}

function ownEntry({ path, type, target, size, content }: FolderItem): Partial<TarEntry> {
  switch (type) {
    case 'file':
      return { type, size, content: content() };
    case 'symlink':
      return { type, linkname: target, mode: 0o777 }; // systems differ, and none heeds it
    case 'directory':
    case 'fifo':
      return { type };
    default:
      throw new UploadError(`cannot pack ${path}: a ${type} cannot go into an image; leave it out with exclude`);
  }
}
