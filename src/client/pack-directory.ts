// `packDirectory`: packs a directory into a tar archive. The same content gives the same bytes on every machine, at any time.
// It checks its arguments at the call; the code that reads the directory is loaded when the archive is iterated.

import { TarError, UploadError } from '../errors.ts';
import { COUNT, TEXT, kind, listOf, takeOptions } from '../kinds.ts';
import type { Kinds } from '../kinds.ts';
import { pathMatcher } from './ignore-patterns.ts';
import { absolutePath } from '../system/files/paths.ts';
import type { DirectoryEntry } from '../system/files/walk-directory.ts';
import { packTar } from '../tar/pack.ts';
import type { TarEntry } from '../tar/pack.ts';

/** The options of `packDirectory`. */
export interface PackDirectoryOptions {
  /**
   * Patterns of paths to leave out, as in `.dockerignore`: `"*.log"` in the directory itself, `"**\/*.log"` everywhere,
   * `"build"` with everything in it. Patterns that begin with `!` are refused. Default none.
   */
  readonly exclude?: readonly string[] | undefined;
  /** The time of every entry, in seconds since 1970. Default 0. */
  readonly mtime?: number | undefined;
}

/**
 * Packs the content of a directory into a tar archive, for an import. Entries are sorted by the bytes of their names, belong
 * to user 0 and group 0, and have one time; permission bits are kept. A symbolic link is packed as a link, and a further
 * name of a packed file as a hard link. Extended attributes are left out, because Node cannot read them. The directory is
 * read while the archive is iterated, and again for each iteration.
 *
 * Throws an `ArgumentError` for wrong arguments. Iterating throws an `UploadError` for a socket, a device, a name that is
 * not UTF-8, and anything that cannot be read.
 */
export function packDirectory(path: string | URL, options?: PackDirectoryOptions): AsyncIterable<Uint8Array> {
  const { exclude = [], mtime = 0 } = takeOptions('packDirectory', options, OPTIONS);
  const directory = absolutePath(path, 'packDirectory: path');
  const isExcluded = pathMatcher(exclude);
  return {
    async *[Symbol.asyncIterator]() {
      const { walkDirectory } = await import('../system/files/walk-directory.ts');
      try {
        yield* packTar(tarEntries(walkDirectory(directory, isExcluded), mtime));
      } catch (error) {
        // The packer wraps the error of a file that cannot be read; the caller gets that error itself.
        throw error instanceof TarError && error.cause instanceof UploadError ? error.cause : error;
      }
    },
  };
}

const OPTIONS: Kinds = {
  exclude: listOf(TEXT, 'a list of patterns'),
  mtime: kind('whole seconds since 1970', COUNT.test),
};

async function* tarEntries(entries: AsyncIterable<DirectoryEntry>, mtime: number): AsyncGenerator<TarEntry> {
  const firstPaths = new Map<string, string>();
  for await (const entry of entries) {
    const { path, mode, linkIdentity } = entry;
    const linkname = linkIdentity === undefined ? undefined : firstPaths.get(linkIdentity);
    if (linkIdentity !== undefined && linkname === undefined) firstPaths.set(linkIdentity, path);
    yield { path, mode, mtime, ...(linkname === undefined ? typeAndContent(entry) : { type: 'link', linkname }) };
  }
}

function typeAndContent({ path, type, target, size, content }: DirectoryEntry): Partial<TarEntry> {
  switch (type) {
    case 'file':
      return { type, size, content: content() };
    case 'symlink':
      return { type, linkname: target, mode: 0o777 }; // systems differ in the mode, and ignore it
    case 'directory':
    case 'fifo':
      return { type };
    default:
      throw new UploadError(`cannot pack ${path}: a ${type} cannot be in an image; leave it out with exclude`);
  }
}
