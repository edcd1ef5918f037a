// The files, links and directories of a saved image by their paths, with checks that every path has only one meaning.

import { escapeText } from '../../bytes.ts';
import { DecodeError } from '../../errors.ts';
import type { DigestError } from '../../errors.ts';
import type { ArchiveDocument } from './documents.ts';
import { digestError, digestInPath, normalizePath, quote } from './paths.ts';

/** The most memory for paths and documents, in bytes, by a rough count: some 200,000 entries. */
export const MEMORY_LIMIT = 64 * 1024 * 1024;
/** The memory that an entry takes in addition to its texts, in bytes. */
export const ENTRY_COST = 256;
/** The most links that are followed to one file. Linux follows as many (path_resolution(7)). */
export const LINK_LIMIT = 40;

/** A file of the archive; its content is not kept. */
export interface SavedFile {
  /** The SHA-256 of its content. */
  readonly digest: string;
  readonly isCompressed: boolean;
  readonly size: number;
  readonly document: ArchiveDocument | undefined;
  /** Whether a path, a manifest or a config states this digest for the file. */
  verified: boolean;
}

/** All entries of one archive. Paths are normalized. */
export class SavedFiles {
  readonly #files = new Map<string, SavedFile>();
  /** Symbolic and hard links, with the paths that they lead to. */
  readonly #links = new Map<string, string>();
  readonly #directories = new Set<string>();
  #memory = 0;

  addFile(path: string, file: SavedFile): void {
    this.#countMemory(path.length + (file.document === undefined ? 0 : file.size));
    const earlier = this.#files.get(path);
    if (earlier?.digest === file.digest) return;
    this.#refuseSecond(path, earlier?.digest, file.digest);
    this.#files.set(path, file);
  }

  addDirectory(path: string): void {
    if (this.#directories.has(path)) return;
    this.#countMemory(path.length);
    this.#directories.add(path);
  }

  addLink(path: string, target: string): void {
    if (this.#links.get(path) === target) return;
    this.#refuseSecond(path, this.#files.get(path)?.digest, undefined);
    this.#countMemory(path.length + target.length);
    this.#links.set(path, target);
  }

  /** Whether there is a file at a path; does not follow links. */
  has(path: string): boolean {
    return this.#files.has(path);
  }

  [Symbol.iterator](): IterableIterator<[path: string, file: SavedFile]> {
    return this.#files.entries();
  }

  /** Returns the file at a path; follows links. Throws if the path contains another digest. */
  find(anyPath: string): SavedFile | undefined {
    const path = normalizePath(anyPath);
    const own = this.#files.get(path);
    if (own !== undefined) return own; // its digest was compared when its content was read
    const file = this.#follow(path);
    const expected = digestInPath(path);
    if (file !== undefined && expected !== undefined && expected !== file.digest) throw mismatch(path, expected, file.digest);
    return file;
  }

  /** Checks at the end of the archive: each link must lead to the content that its name states; files and links are not directories. */
  check(): void {
    for (const path of this.#links.keys()) this.find(path);
    const leaves = new Set([...this.#files.keys(), ...this.#links.keys()]);
    // With a slash at its end, each path is sorted directly before the paths below it.
    const paths = [...leaves, ...this.#directories].map((path) => `${path}/`).sort();
    paths.forEach((start, i) => {
      const [path, below] = [start.slice(0, -1), paths[i + 1]];
      if (below === undefined || !below.startsWith(start) || !leaves.has(path)) return;
      const kind = this.#links.has(path) ? 'a link' : 'a file';
      const other = below.slice(0, -1);
      throw digestError(`the archive has ${quote(path)} both as ${kind} and as a directory (${quote(other)})`, other);
    });
  }

  #follow(path: string): SavedFile | undefined {
    let at = path;
    for (let followed = 0; followed <= LINK_LIMIT; followed++) {
      const target = this.#links.get(at);
      if (target === undefined) return this.#files.get(at);
      at = target;
    }
    return undefined;
  }

  /** Some programs take the first of two entries with one path, others the last: they would load different images. */
  #refuseSecond(path: string, expected: string | undefined, actual: string | undefined): void {
    if (!this.#files.has(path) && !this.#links.has(path)) return;
    throw digestError(`the archive has two different entries ${quote(path)}`, path, expected, actual);
  }

  #countMemory(texts: number): void {
    this.#memory += ENTRY_COST + 2 * texts;
    if (this.#memory <= MEMORY_LIMIT) return;
    throw new DecodeError('the archive has more entries than can be verified', { offset: 0 });
  }
}

/** The error for content that does not match its digest. */
export function mismatch(path: string, expected: string, actual: string): DigestError {
  const message = `digest mismatch in the archive: ${quote(path)} should be ${escapeText(expected)} but is ${actual}`;
  return digestError(message, path, expected, actual);
}
