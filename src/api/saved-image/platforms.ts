// Finds which of several wanted platforms a saved archive lacks, while it passes.
//
// Docker 29 saves the wanted platforms that it has, and says nothing of the others: the index in the archive names all
// platforms of the image, manifests are there only of those that the engine has, and a manifest whose content is incomplete
// stands there alone (containerd v2 core/images/archive/exporter.go, WithSkipMissing).

import { escapeText } from '../../bytes.ts';
import { DecodeError, NotFoundError } from '../../errors.ts';
import { DocumentReader, ENTRY_COST, MEMORY_LIMIT } from './documents.ts';
import type { ArchiveDocument, ContentReference, ManifestContent } from './documents.ts';
import { normal } from './paths.ts';
import { INDEX_TYPES, isWithheld } from '../media-types.ts';
import { platformName, samePlatform } from '../platform.ts';
import type { Platform } from '../platform.ts';

/** Indexes within indexes. Engines and builders write one level. */
const NESTING_LIMIT = 8;

/** What is asked of an entry's header; the scan tells more. */
interface EntryHeader {
  readonly path: string;
  readonly size: number;
}

/** Listens to the scan of an archive in the OCI layout. */
export class ArchivePlatforms {
  readonly #wanted: readonly Platform[];
  /** The entries so far, with those that are documents. */
  readonly #entries = new Map<string, ArchiveDocument | undefined>();
  /** The wanted platforms of each index that was looked at. */
  readonly #provided = new Map<string, ReadonlySet<Platform>>();
  /** Whether each manifest that was looked at is there with all of its content. */
  readonly #whole = new Map<string, boolean>();
  #passing: { readonly path: string; readonly size: number; readonly reader: DocumentReader } | undefined;
  #memory = 0;

  constructor(wanted: readonly Platform[]) {
    this.#wanted = wanted;
  }

  entry({ path, size }: EntryHeader): void {
    this.#passing = { path: normal(path), size, reader: new DocumentReader(size) };
  }

  content(view: Uint8Array): void {
    this.#passing?.reader.push(view);
  }

  endEntry(): void {
    if (this.#passing === undefined) return;
    const { path, size, reader } = this.#passing;
    const document = reader.end();
    this.#memory += ENTRY_COST + 2 * (path.length + (document === undefined ? 0 : size));
    if (this.#memory > MEMORY_LIMIT) {
      throw new DecodeError('the archive has more entries than can be searched for platforms', { offset: 0 });
    }
    this.#entries.set(path, document);
  }

  /** After the scan's own `finish`: throws for the first image that lacks a wanted platform. */
  finish(): void {
    for (const image of this.#entries.get('index.json')?.manifests ?? []) {
      // What is attached to an image, such as a signature, is listed beside it.
      if (ATTACHED in image.annotations) continue;
      const provided = this.#platformsOf(image, 0);
      const absent = this.#wanted.filter((platform) => !provided.has(platform)).map(platformName);
      if (absent.length > 0) throw unsupportedError(String(image.annotations[NAME] ?? image.digest), absent);
    }
  }

  /** The wanted platforms of an index or a manifest. */
  #platformsOf({ digest, mediaType, platform: told }: ContentReference, depth: number): ReadonlySet<Platform> {
    const path = blobPath(digest);
    if (INDEX_TYPES.has(mediaType)) return this.#platformsOfIndex(path, depth);
    const manifest = this.#entries.get(path)?.content;
    if (manifest === undefined || !this.#isWhole(path, manifest)) return NONE;
    const platform = told ?? this.#entries.get(blobPath(manifest.config.digest))?.platform;
    return platform === undefined ? NONE : new Set(this.#wanted.filter((each) => samePlatform(platform, each)));
  }

  #platformsOfIndex(path: string, depth: number): ReadonlySet<Platform> {
    const known = this.#provided.get(path);
    if (known !== undefined) return known;
    this.#provided.set(path, NONE); // for an index that refers to itself
    const children = depth < NESTING_LIMIT ? (this.#entries.get(path)?.manifests ?? []) : [];
    const provided = new Set(children.flatMap((child) => [...this.#platformsOf(child, depth + 1)]));
    this.#provided.set(path, provided);
    return provided;
  }

  #isWhole(path: string, { config, layers }: ManifestContent): boolean {
    const known = this.#whole.get(path);
    if (known !== undefined) return known;
    const isThere = ({ digest, mediaType }: ContentReference): boolean => isWithheld(mediaType) || this.#entries.has(blobPath(digest));
    const isWhole = [config, ...layers].every(isThere);
    this.#whole.set(path, isWhole);
    return isWhole;
  }
}

const NONE: ReadonlySet<Platform> = new Set();

/** Annotations of containerd, core/images/annotations.go. */
const NAME = 'io.containerd.image.name';
const ATTACHED = 'io.containerd.manifest.subject';

/** Where the OCI layout has it. It is only looked up, so that it may lead anywhere. */
function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function unsupportedError(image: string, absent: readonly string[]): NotFoundError {
  const message = `the engine saved ${image} without ${absent.join(', ')}: it does not have it for that platform. Pull that platform first, or leave it out`;
  const fields = { method: 'GET', target: '/images/get', status: 200, daemonMessage: '', inStream: true, reason: 'platform' } as const;
  return new NotFoundError(escapeText(message), fields);
}
