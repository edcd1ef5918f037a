// Finds which of several requested platforms a saved image lacks, while the archive is read.
//
// Docker 29 saves the requested platforms that it has, and does not report the others. The index in the archive still names
// all platforms of the image, but the archive contains only the manifests that the engine has. If the engine lacks content
// of a manifest, the archive contains the manifest without that content (containerd v2 core/images/archive/exporter.go, WithSkipMissing).

import { escapeText } from '../../bytes.ts';
import { DecodeError, NotFoundError } from '../../errors.ts';
import { DocumentReader } from './documents.ts';
import type { ArchiveDocument, ContentReference, EntryHeader, ManifestContent } from './documents.ts';
import { normalizePath } from './paths.ts';
import { ENTRY_COST, MEMORY_LIMIT } from './saved-files.ts';
import { INDEX_TYPES, isNonDistributable } from '../media-types.ts';
import { platformName, samePlatform } from '../platform.ts';
import type { Platform } from '../platform.ts';

/** The deepest nesting of indexes that is followed. Engines and builders write one level. */
const NESTING_LIMIT = 8;

/** Listens to an `ArchiveScan` of an archive in the OCI layout. */
export class ArchivePlatforms {
  readonly #requested: readonly Platform[];
  /** The entries so far, by their paths, with the document in each. */
  readonly #entries = new Map<string, ArchiveDocument | undefined>();
  /** The requested platforms that each visited index has. */
  readonly #provided = new Map<string, ReadonlySet<Platform>>();
  /** Whether each visited manifest has all of its content in the archive. */
  readonly #complete = new Map<string, boolean>();
  #current: { readonly path: string; readonly size: number; readonly reader: DocumentReader } | undefined;
  #memory = 0;

  constructor(requested: readonly Platform[]) {
    this.#requested = requested;
  }

  entry({ path, size }: Pick<EntryHeader, 'path' | 'size'>): void {
    this.#current = { path: normalizePath(path), size, reader: new DocumentReader(size) };
  }

  content(view: Uint8Array): void {
    this.#current?.reader.push(view);
  }

  endEntry(): void {
    if (this.#current === undefined) return;
    const { path, size, reader } = this.#current;
    const document = reader.end();
    this.#memory += ENTRY_COST + 2 * (path.length + (document === undefined ? 0 : size));
    if (this.#memory > MEMORY_LIMIT) {
      throw new DecodeError('the archive has more entries than can be searched for platforms', { offset: 0 });
    }
    this.#entries.set(path, document);
  }

  /** Called after the scan's `finish`. Throws a `NotFoundError` for the first image that lacks a requested platform. */
  finish(): void {
    for (const image of this.#entries.get('index.json')?.manifests ?? []) {
      // Attachments of an image, such as signatures, are listed beside it.
      if (ATTACHED in image.annotations) continue;
      const provided = this.#platformsOf(image, 0);
      const absent = this.#requested.filter((platform) => !provided.has(platform)).map(platformName);
      if (absent.length > 0) throw lackingError(String(image.annotations[NAME] ?? image.digest), absent);
    }
  }

  /** The requested platforms that an index or a manifest has. */
  #platformsOf({ digest, mediaType, platform: stated }: ContentReference, depth: number): ReadonlySet<Platform> {
    const path = uncheckedPath(digest);
    if (INDEX_TYPES.has(mediaType)) return this.#platformsOfIndex(path, depth);
    const manifest = this.#entries.get(path)?.content;
    if (manifest === undefined || !this.#isComplete(path, manifest)) return NONE;
    const platform = stated ?? this.#entries.get(uncheckedPath(manifest.config.digest))?.platform;
    return platform === undefined ? NONE : new Set(this.#requested.filter((each) => samePlatform(platform, each)));
  }

  #platformsOfIndex(path: string, depth: number): ReadonlySet<Platform> {
    const known = this.#provided.get(path);
    if (known !== undefined) return known;
    this.#provided.set(path, NONE); // an index may refer to itself
    const children = depth < NESTING_LIMIT ? (this.#entries.get(path)?.manifests ?? []) : [];
    const provided = new Set(children.flatMap((child) => [...this.#platformsOf(child, depth + 1)]));
    this.#provided.set(path, provided);
    return provided;
  }

  #isComplete(path: string, { config, layers }: ManifestContent): boolean {
    const known = this.#complete.get(path);
    if (known !== undefined) return known;
    const isThere = ({ digest, mediaType }: ContentReference): boolean => {
      return isNonDistributable(mediaType) || this.#entries.has(uncheckedPath(digest));
    };
    const isComplete = [config, ...layers].every(isThere);
    this.#complete.set(path, isComplete);
    return isComplete;
  }
}

const NONE: ReadonlySet<Platform> = new Set();

/** Annotations of containerd, core/images/annotations.go. */
const NAME = 'io.containerd.image.name';
const ATTACHED = 'io.containerd.manifest.subject';

/** The path of a digest's content in the OCI layout, without the check of `blobPath`: it is only looked up. */
function uncheckedPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function lackingError(image: string, absent: readonly string[]): NotFoundError {
  const list = absent.join(', ');
  const message = `the engine saved ${image} without ${list}, which it does not have. Pull that platform first, or leave it out`;
  const fields = { method: 'GET', target: '/images/get', status: 200, daemonMessage: '', inStream: true, reason: 'platform' } as const;
  return new NotFoundError(escapeText(message), fields);
}
