// What an image consists of: its platforms, and for each of them the config and the layers. A graph driver and Podman have one
// platform, and `inspectImage` says all about it. The containerd store may have several, and only the documents in a saved archive
// say which blob is which layer. Here they are read, until all of them have been found.

import type { CreateHash, DigestAlgorithm } from '../../bytes.ts';
import { DecodeError } from '../../errors.ts';
import type { ReadEntry } from '../../tar/read-entries.ts';
import { INDEX_TYPES, MANIFEST_TYPES, isEncrypted, isTar } from '../media-types.ts';
import type { ImagePlatform } from '../platform.ts';
import { DOCUMENT_LIMIT, DocumentReader } from './documents.ts';
import type { ArchiveDocument, ContentReference } from './documents.ts';
import { digestError, digestInPath, normalizePath, quote } from './paths.ts';
import { ENTRY_COST, MEMORY_LIMIT, mismatch } from './saved-files.ts';

/** A layer as its source has it. */
export interface SourceLayer {
  /** The digest under which the source saves it. */
  readonly digest: string;
  /** The digest of the layer as an uncompressed tar. */
  readonly diffId: string;
  readonly mediaType: string;
  /** In bytes, as the source saves it; undefined if the source does not say it in advance. */
  readonly size: number | undefined;
}

/** An image for one platform. */
export interface ImageVariant {
  readonly platform: ImagePlatform | undefined;
  /** The digest of the config. */
  readonly config: string;
  /** From the lowest to the highest. */
  readonly layers: readonly SourceLayer[];
  /** The digest of the manifest; undefined if the source has none that counts. */
  readonly manifest: string | undefined;
}

/** An image of a containerd store: an index or a manifest, and what it refers to. */
export interface KeptContent {
  /** The index or the manifest; its digest is the image's ID. */
  readonly root: ContentReference;
  /** Indexes, manifests, and the content of artifacts, such as attestations. */
  readonly others: readonly OtherBlob[];
}

/** A blob of an image that is neither a config nor a layer of a variant. */
export interface OtherBlob {
  readonly digest: string;
  /** The manifest of the variant that it describes; undefined if it belongs to all. */
  readonly of: string | undefined;
}

/** All that is known about an image before it is copied. */
export interface ImageContent {
  readonly variants: readonly ImageVariant[];
  /** Only of a containerd store. */
  readonly kept: KeptContent | undefined;
}

/** The content of an image on a graph driver or on Podman, by `inspectImage`. */
export function plainContent(config: string, diffIds: readonly string[], platform: ImagePlatform): ImageContent {
  const layers = diffIds.map((diffId) => ({ digest: diffId, diffId, mediaType: PLAIN_LAYER, size: undefined }));
  return { variants: [{ platform, config, layers, manifest: undefined }], kept: undefined };
}

/** The media type of a layer that is not compressed. */
export const PLAIN_LAYER = 'application/vnd.oci.image.layer.v1.tar';

/** What `readContent` looks for. */
export interface SoughtImage {
  /** The digest of the index or manifest; undefined: the first one that `index.json` lists. */
  readonly root: ContentReference | undefined;
  /** The manifests of which the engine has all content. If it does not say, reading stops early only if all platforms are found. */
  readonly available: ReadonlySet<string> | undefined;
}

/**
 * Reads the documents of one image from the entries of an archive of a containerd store. Stops reading as soon as all of them are there.
 * Throws a `DigestError` if a document is not what its name says, or if the image is not in the archive.
 */
export async function readContent(
  entries: AsyncIterable<ReadEntry>,
  sought: SoughtImage,
  createHash: CreateHash,
): Promise<ImageContent> {
  const documents = new Documents(sought, createHash);
  for await (const { path: written, typeflag, size, content } of entries) {
    const path = normalizePath(written);
    if (typeflag !== '0' || size > DOCUMENT_LIMIT) continue;
    await documents.read(path, size, content());
    if (documents.areComplete()) break;
  }
  return documents.content();
}

/** A manifest and what its documents say about it. */
interface FoundManifest extends ContentReference {
  readonly document: ArchiveDocument;
}

class Documents {
  readonly #sought: SoughtImage;
  readonly #createHash: CreateHash;
  readonly #found = new Map<string, ArchiveDocument>();
  #root: ContentReference | undefined;
  #memory = 0;

  constructor(sought: SoughtImage, createHash: CreateHash) {
    this.#sought = sought;
    this.#createHash = createHash;
    this.#root = sought.root;
  }

  async read(path: string, size: number, content: AsyncIterable<Uint8Array>): Promise<void> {
    const digest = digestInPath(path);
    if (digest === undefined && path !== 'index.json') return;
    const algorithm = (digest ?? 'sha256').split(':')[0] as DigestAlgorithm;
    const hash = this.#createHash(algorithm);
    const reader = new DocumentReader(size);
    for await (const piece of content) {
      hash.update(piece);
      reader.push(piece);
    }
    const actual = `${algorithm}:${hash.digest('hex')}`;
    if (digest !== undefined && actual !== digest) throw mismatch(path, digest, actual);
    const document = reader.end();
    if (document === undefined) return;
    this.#memory += ENTRY_COST + 2 * size;
    if (this.#memory > MEMORY_LIMIT) throw new DecodeError('the archive has more documents than can be read', { offset: 0 });
    if (digest === undefined) this.#root ??= document.manifests?.[0];
    else this.#found.set(digest, document);
  }

  /** Whether all needed documents have been read: the root, all indexes, and of each available manifest the config. */
  areComplete(): boolean {
    if (this.#root === undefined || !this.#found.has(this.#root.digest)) return false;
    const { available } = this.#sought;
    return this.#references().every(({ digest, mediaType }) => {
      if (INDEX_TYPES.has(mediaType)) return this.#found.has(digest);
      if (available?.has(digest) === false) return true;
      const config = this.#found.get(digest)?.content?.config;
      return config !== undefined && this.#found.has(config.digest);
    });
  }

  content(): ImageContent {
    const root = this.#root;
    if (root === undefined) throw digestError('the archive has no index.json that lists an image', 'index.json');
    const { digest } = root;
    if (!this.#found.has(digest)) throw digestError(`the archive has no ${quote(digest)}, which is the image`, digest, digest);
    const variants: ImageVariant[] = [];
    const others: OtherBlob[] = [];
    for (const reference of this.#references()) {
      const document = this.#found.get(reference.digest);
      const isManifest = MANIFEST_TYPES.has(reference.mediaType);
      // Skip what was not found, and manifests of platforms of which the engine has only a part.
      if (document === undefined || (isManifest && this.#sought.available?.has(reference.digest) === false)) continue;
      const variant = isManifest ? this.#variantOf({ ...reference, document }) : undefined;
      if (variant !== undefined) variants.push(variant);
      const of = variant?.manifest ?? describedManifest(reference);
      others.push({ digest: reference.digest, of });
      // The config and the layers of a variant are not among the others.
      const { content } = document;
      if (variant !== undefined || content === undefined) continue;
      for (const { digest } of [content.config, ...content.layers]) others.push({ digest, of });
    }
    return { variants, kept: { root, others } };
  }

  /** The root and all that indexes list, in their order. Each is visited once, so an index that lists itself does no harm. */
  #references(): ContentReference[] {
    const found = new Map<string, ContentReference>();
    const queue = this.#root === undefined ? [] : [this.#root];
    for (const reference of queue) {
      if (found.has(reference.digest)) continue;
      found.set(reference.digest, reference);
      if (INDEX_TYPES.has(reference.mediaType)) queue.push(...(this.#found.get(reference.digest)?.manifests ?? []));
    }
    return [...found.values()];
  }

  /** The variant that a manifest describes; undefined for an artifact, and if its config is not there. */
  #variantOf({ digest, platform, document }: FoundManifest): ImageVariant | undefined {
    const { config, layers } = document.content ?? { config: undefined, layers: [] };
    const image = config && this.#found.get(config.digest);
    const { diffIds } = image ?? {};
    if (config === undefined || diffIds === undefined || layers.some(({ mediaType }) => !isTar(mediaType))) return undefined;
    if (diffIds.length !== layers.length) {
      const message = `the manifest ${quote(digest)} has ${layers.length} layers, and its config lists ${diffIds.length}`;
      throw digestError(message, digest);
    }
    const all = layers.map((layer, i) => ({ ...layer, diffId: diffIds[i] as string }));
    return { platform: platform ?? image?.platform, config: config.digest, layers: all, manifest: digest };
  }
}

/** The manifest that an attestation describes: BuildKit's annotation in the index. */
function describedManifest({ annotations }: ContentReference): string | undefined {
  const digest = annotations['vnd.docker.reference.digest'];
  return typeof digest === 'string' ? digest : undefined;
}

/** The digest that the content of a layer must have if it is not compressed; undefined if that cannot be told. */
export function plainDigest({ diffId, mediaType }: Pick<SourceLayer, 'diffId' | 'mediaType'>): string | undefined {
  return isEncrypted(mediaType) ? undefined : diffId;
}
