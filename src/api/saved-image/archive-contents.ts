// Collects which images an archive has, in any layout, while it is scanned. Documents are kept, and hashed where they must have the digest in
// their path; of layers, only paths and sizes are kept.

import type { CreateHash } from '../../bytes.ts';
import { DecodeError } from '../../errors.ts';
import { CONFIG_TYPES, INDEX_TYPES, isNonDistributable, isTar } from '../media-types.ts';
import type { ImagePlatform } from '../platform.ts';
import type { ArchiveImage, ArchiveInspection, ArchiveLayer, ArchiveVariant } from '../types/archive.ts';
import { annotatedName, namesIn } from './archive-names.ts';
import { DOCUMENT_LIMIT, DocumentReader } from './documents.ts';
import type { ArchiveDocument, ContentReference, EntryHeader, SavedImage } from './documents.ts';
import { digestError, digestInPath, linkTarget, normalizePath, quote } from './paths.ts';
import { ENTRY_COST, LINK_LIMIT, MEMORY_LIMIT, mismatch } from './saved-files.ts';

/** The most manifests and layers in all: many small indexes may list one large index again and again. */
const REFERENCES_LIMIT = 200_000;

/** A file of the archive. */
interface FoundFile {
  readonly size: number;
  /** The SHA-256 of its content; undefined if it is too long for a document. */
  readonly digest: string | undefined;
  readonly document: ArchiveDocument | undefined;
}

interface CurrentFile {
  readonly path: string;
  readonly size: number;
  readonly reader: DocumentReader;
  readonly hash: ReturnType<CreateHash> | undefined;
}

/** Listens to an `ArchiveScan`. */
export class ArchiveContents {
  readonly #createHash: CreateHash;
  readonly #files = new Map<string, FoundFile>();
  readonly #links = new Map<string, string>();
  #current: CurrentFile | undefined;
  #memory = 0;
  #references = 0;

  constructor(createHash: CreateHash) {
    this.#createHash = createHash;
  }

  entry({ path: written, typeflag, size, linkname }: EntryHeader): void {
    const path = normalizePath(written);
    this.#countMemory(path.length + linkname.length);
    if (typeflag === '1') this.#links.set(path, normalizePath(linkname));
    else if (typeflag === '2') this.#links.set(path, linkTarget(path, linkname));
    else if (typeflag === '0') {
      const hash = size <= DOCUMENT_LIMIT ? this.#createHash() : undefined;
      this.#current = { path, size, reader: new DocumentReader(size), hash };
    }
  }

  content(view: Uint8Array): void {
    this.#current?.reader.push(view);
    this.#current?.hash?.update(view);
  }

  endEntry(): void {
    if (this.#current === undefined) return;
    const { path, size, reader, hash } = this.#current;
    this.#current = undefined;
    const digest = hash && `sha256:${hash.digest('hex')}`;
    const named = digestInPath(path);
    if (digest !== undefined && named?.startsWith('sha256:') && named !== digest) throw mismatch(path, named, digest);
    const document = reader.end();
    if (document !== undefined) this.#countMemory(size);
    const earlier = this.#files.get(path);
    // Some programs take the first of two entries with one path, others the last.
    if (earlier !== undefined && (earlier.digest !== digest || earlier.size !== size)) {
      throw digestError(`the archive has two different entries ${quote(path)}`, path, earlier.digest, digest);
    }
    this.#files.set(path, { size, digest, document });
  }

  /** Called after the scan's `finish`. Throws a `DigestError` if the archive has no table of contents. */
  finish(): Pick<ArchiveInspection, 'format' | 'images'> {
    const index = this.#find('index.json')?.document?.manifests;
    const saved = this.#find('manifest.json')?.document?.images;
    if (index === undefined && saved === undefined) throw digestError(this.#whyUnknown(), 'manifest.json');
    const images = [...this.#indexedImages(index ?? [])];
    const named = new Set(images.flatMap(({ references }) => [...references]));
    const byId = new Map<string | undefined, OpenImage>();
    for (const image of images) for (const { id } of image.variants) byId.set(id, byId.get(id) ?? image);
    for (const each of saved ?? []) {
      const variant = this.#savedVariant(each);
      let image = byId.get(variant.id);
      if (image === undefined) images.push((image = { references: new Set(), digest: undefined, variants: [variant], artifacts: [] }));
      if (variant.id !== undefined) byId.set(variant.id, image);
      for (const name of namesIn(each.names)) if (!named.has(name)) image.references.add(name);
    }
    const format = index === undefined ? 'docker' : saved === undefined ? 'oci' : 'oci+docker';
    return { format, images: images.map((image): ArchiveImage => ({ ...image, references: [...image.references] })) };
  }

  #whyUnknown(): string {
    const inner = [...this.#files.keys()].find((path) => /\.(?:tar|tgz|tar\.\w+)$/.test(path));
    const problem = 'the archive has neither manifest.json nor index.json, so it is not an archive of images';
    if (inner !== undefined) return `${problem}. It contains ${quote(inner)}: unpack it first (tar -xf)`;
    return `${problem}. A tar of a file system is for an import (importImage, longshore import)`;
  }

  /** The images of an OCI layout. An index lists an image once for each of its names. */
  #indexedImages(index: readonly ContentReference[]): Iterable<OpenImage> {
    const images = new Map<string, OpenImage>();
    for (const root of index) {
      if (ATTACHED in root.annotations) continue;
      const image = images.get(root.digest) ?? { references: new Set(), digest: root.digest, ...this.#contentOf(root) };
      images.set(root.digest, image);
      for (const name of namesIn([annotatedName(root.annotations)])) image.references.add(name);
    }
    return images.values();
  }

  /** The variants and the artifacts below an index or a manifest. Each is visited once, so an index that lists itself does no harm. */
  #contentOf(root: ContentReference): { variants: ArchiveVariant[]; artifacts: string[] } {
    const content = { variants: [] as ArchiveVariant[], artifacts: [] as string[] };
    const seen = new Set<string>();
    const queue = [root];
    for (const reference of queue) {
      if (seen.has(reference.digest)) continue;
      seen.add(reference.digest);
      const document = this.#blob(reference.digest)?.document;
      this.#countReferences(1 + (document?.content?.layers.length ?? 0));
      const children = INDEX_TYPES.has(reference.mediaType) ? document?.manifests : undefined;
      if (children !== undefined) for (const child of children) queue.push(child);
      else {
        const variant = this.#variantOf(reference, document);
        if (variant === undefined) content.artifacts.push(reference.digest);
        else content.variants.push(variant);
      }
    }
    return content;
  }

  /** The variant that a manifest describes; undefined for an artifact, such as an attestation. */
  #variantOf({ digest, platform, annotations }: ContentReference, document: ArchiveDocument | undefined): ArchiveVariant | undefined {
    const content = document?.content;
    if (content === undefined) {
      const isArtifact = 'vnd.docker.reference.type' in annotations;
      return isArtifact ? undefined : variant(undefined, platform, undefined, [], [digest]);
    }
    const config = this.#blob(content.config.digest);
    const diffIds = config?.document?.diffIds;
    const isImage = config === undefined ? CONFIG_TYPES.has(content.config.mediaType) : diffIds !== undefined;
    if (!isImage || content.layers.some(({ mediaType }) => !isTar(mediaType))) return undefined;
    const layers = content.layers.map(({ digest, mediaType, size }, i) => {
      return { digest, diffId: diffIds?.[i], mediaType, size: this.#blob(digest)?.size ?? size };
    });
    const absent = content.layers.filter(({ digest, mediaType }) => this.#blob(digest) === undefined && !isNonDistributable(mediaType));
    const missing = [...(config === undefined ? [content.config] : []), ...absent].map((each) => each.digest);
    return variant(content.config.digest, platform, config?.document, layers, missing);
  }

  /** The variant that `manifest.json` describes. */
  #savedVariant({ config: path, layers: paths }: SavedImage): ArchiveVariant {
    const config = this.#find(path);
    const id = config === undefined ? digestInPath(normalizePath(path)) : config.digest;
    const layers = paths.map((layer, i) => {
      return { digest: digestInPath(normalizePath(layer)), diffId: config?.document?.diffIds?.[i], mediaType: undefined, size: this.#find(layer)?.size };
    });
    const missing = [path, ...paths].filter((each) => this.#find(each) === undefined).map((each) => digestInPath(normalizePath(each)) ?? each);
    return variant(id, undefined, config?.document, layers, missing);
  }

  #blob(digest: string): FoundFile | undefined {
    return this.#find(`blobs/${digest.replace(':', '/')}`);
  }

  /** The file at a path; follows links. */
  #find(path: string): FoundFile | undefined {
    let at: string | undefined = normalizePath(path);
    for (let followed = 0; at !== undefined && followed <= LINK_LIMIT; followed++) {
      const file = this.#files.get(at);
      if (file !== undefined) return file;
      at = this.#links.get(at);
    }
    return undefined;
  }

  #countMemory(texts: number): void {
    this.#memory += ENTRY_COST + 2 * texts;
    if (this.#memory > MEMORY_LIMIT) throw new DecodeError('the archive has more entries than can be inspected', { offset: 0 });
  }

  #countReferences(more: number): void {
    this.#references += more;
    if (this.#references > REFERENCES_LIMIT) throw new DecodeError('the archive lists more manifests and layers than can be inspected', { offset: 0 });
  }
}

/** An image whose names are still collected. */
interface OpenImage extends Omit<ArchiveImage, 'references'> {
  readonly references: Set<string>;
}

function variant(
  id: string | undefined,
  stated: ImagePlatform | undefined,
  config: ArchiveDocument | undefined,
  layers: readonly ArchiveLayer[],
  missing: readonly string[],
): ArchiveVariant {
  const { Os, Architecture, Variant } = stated ?? config?.platform ?? {};
  const platform = [Os, Architecture, Variant].filter(Boolean).join('/') || undefined;
  const absent = new Set<string | undefined>(missing);
  const size = layers.reduce((sum, layer) => sum + (absent.has(layer.digest) ? 0 : (layer.size ?? 0)), 0);
  return { id, platform, created: config?.created, layers, size, missing };
}

/** containerd's annotation of signatures and the like (core/images/annotations.go). */
const ATTACHED = 'io.containerd.manifest.subject';
