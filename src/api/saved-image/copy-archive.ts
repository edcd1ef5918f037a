// Writes the archive of one image or several in the one format that all engines load: an OCI layout, and a manifest.json for
// Docker before 25 that points into its blobs. It is made from the archives that the source engines save, in whatever layout, while
// they are read: nothing is stored. Layers that the plan leaves out are dropped on the way.
//
// Every blob that is written is verified as it passes. The documents that name the images come last, so engines make no image of an
// archive that breaks off before a blob was verified.

import { asBuffer, concat, decodeUtf8, utf8 } from '../../bytes.ts';
import type { CreateHash, DigestAlgorithm } from '../../bytes.ts';
import { TarError } from '../../errors.ts';
import { packTar } from '../../tar/pack.ts';
import type { TarEntry } from '../../tar/pack.ts';
import type { ReadEntry } from '../../tar/read-entries.ts';
import { compressionOf } from '../media-types.ts';
import { DOCUMENT_LIMIT } from './documents.ts';
import { OlderLayers } from './older-layers.ts';
import { blobPath, digestError, digestInPath, normalizePath, quote } from './paths.ts';
import type { ImagePlan, WantedBlob } from './plan-copy.ts';
import { mismatch } from './saved-files.ts';

/** One image of the archive. */
export interface ArchivePart {
  readonly plan: ImagePlan;
  /** The complete names that the image gets, `docker.io/library/alpine:3.20`; none: it has only an ID. */
  readonly references: readonly string[];
  /** The entries of the archive that the source saves. It is opened when its turn has come. */
  readonly open: () => AsyncIterable<ReadEntry>;
}

/** Called before a piece of a blob is yielded: `bytes` of `size` with it. The digest of the blob is checked at its end. */
export type OnBlob = (digest: string, bytes: number, size: number) => void;

/** An image in the written archive. */
export interface WrittenImage {
  /** The digest of its index or manifest. A containerd store takes it as the ID. */
  readonly root: string;
  /** The size in bytes of each blob of the plan that the source has. */
  readonly sizes: ReadonlyMap<string, number>;
}

/**
 * Yields the archive. A chunk is valid until the next one is requested. Throws a `DigestError` for content that does not have the digest
 * in its name and for a missing blob that is required, and the errors of the sources. `onImage` is called for each image when all of it
 * has been read and verified.
 */
export async function* writeArchive(
  parts: readonly ArchivePart[],
  createHash: CreateHash,
  onBlob: OnBlob = () => {},
  onImage: (image: WrittenImage) => void = () => {},
): AsyncGenerator<Uint8Array, void, void> {
  const writer = new Writer(createHash, onBlob, onImage);
  try {
    yield* packTar(writer.entries(parts));
  } catch (error) {
    // `packTar` wraps an error of the source in a `TarError`: throw the source's own.
    throw error instanceof TarError && writer.failure !== undefined ? writer.failure.error : error;
  }
}

const OCI = 'application/vnd.oci.image';
const MANIFEST = `${OCI}.manifest.v1+json`;

/** A reference to content as it is written: OCI image-spec, "OCI Content Descriptors". */
interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

class Writer {
  /** The error of a source whose content was being packed. */
  failure: { readonly error: unknown } | undefined;
  readonly #createHash: CreateHash;
  readonly #onBlob: OnBlob;
  readonly #onImage: (image: WrittenImage) => void;
  /** The blobs that have been written, with their sizes: images may share layers. */
  readonly #written = new Map<string, number>();

  constructor(createHash: CreateHash, onBlob: OnBlob, onImage: (image: WrittenImage) => void) {
    this.#createHash = createHash;
    this.#onBlob = onBlob;
    this.#onImage = onImage;
  }

  async *entries(parts: readonly ArchivePart[]): AsyncGenerator<TarEntry, void, void> {
    const manifests: Descriptor[] = [];
    const saved: object[] = [];
    for (const { plan, references, open } of parts) {
      const sizes = new Map<string, number>();
      yield* this.#blobs(plan, open(), sizes);
      assertComplete(plan, sizes);
      const root = plan.root === undefined ? yield* this.#manifest(plan, sizes) : rootOf(plan.root, sizes);
      manifests.push(...namedDescriptors(root, references));
      saved.push(manifestItem(plan, references));
      this.#onImage({ root: root.digest, sizes });
    }
    yield { path: 'oci-layout', content: JSON.stringify({ imageLayoutVersion: '1.0.0' }) };
    yield { path: 'index.json', content: JSON.stringify({ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests }) };
    yield { path: 'manifest.json', content: JSON.stringify(saved) };
  }

  /**
   * The blobs of one image, in the order of the source. Entries that the image does not need are skipped. A containerd store is left when
   * the last needed one has been read: gigabytes may be to come.
   */
  async *#blobs(plan: ImagePlan, entries: AsyncIterable<ReadEntry>, sizes: Map<string, number>): AsyncGenerator<TarEntry, void, void> {
    const names = new BlobDetector(plan, this.#createHash);
    const sought = soughtBlobs(plan);
    for await (const entry of entries) {
      const digest = await names.digestOf(entry);
      const wanted = digest === undefined ? undefined : plan.wanted.get(digest);
      if (digest === undefined || wanted === undefined) continue;
      sizes.set(digest, entry.size);
      sought?.delete(digest);
      if (wanted.sent && !this.#written.has(digest)) {
        this.#written.set(digest, entry.size);
        yield { path: blobPath(digest), size: entry.size, content: this.#verified(entry, digest, wanted) };
      }
      if (sought?.size === 0) return;
    }
  }

  /** Yields the content of an entry. Throws at its end if it does not have the digest. */
  async *#verified(entry: ReadEntry, digest: string, wanted: WantedBlob): AsyncGenerator<Uint8Array, void, void> {
    const algorithm = digest.split(':')[0] as DigestAlgorithm;
    const hash = this.#createHash(algorithm);
    let start = '';
    let bytes = 0;
    try {
      for await (const piece of entry.content()) {
        hash.update(piece);
        if (start.length < 4) start += asBuffer(piece).toString('latin1', 0, 4 - start.length);
        bytes += piece.length;
        this.#onBlob(digest, bytes, entry.size);
        yield piece;
      }
      const actual = `${algorithm}:${hash.digest('hex')}`;
      if (actual !== digest) throw mismatch(entry.path, digest, actual);
      const { plain = digest } = wanted;
      if (plain !== digest && compressionOf(start) === undefined) throw mismatch(entry.path, plain, actual);
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }

  /** Writes the manifest of an image whose source has none that counts. */
  async *#manifest({ variants: [main] }: ImagePlan, sizes: ReadonlyMap<string, number>): AsyncGenerator<TarEntry, Descriptor, void> {
    const config = { mediaType: `${OCI}.config.v1+json`, digest: main.config, size: sizes.get(main.config) ?? 0 };
    const layers = main.layers.map(({ mediaType, digest, size }) => ({
      mediaType: ociType(mediaType), digest, size: sizes.get(digest) ?? size ?? 0,
    }));
    const bytes = utf8(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers }));
    const digest = `sha256:${this.#createHash().update(bytes).digest('hex')}`;
    if (!this.#written.has(digest)) yield { path: blobPath(digest), content: bytes };
    this.#written.set(digest, bytes.length);
    return { mediaType: MANIFEST, digest, size: bytes.length };
  }
}

/** Tells which blob an entry of a source's archive is, in all layouts. */
class BlobDetector {
  readonly #older: OlderLayers;
  /** The document that stands before a layer in Docker's older layout, and its folder. */
  #json = { folder: '', text: '' };

  constructor({ variants: [main] }: ImagePlan, createHash: CreateHash) {
    this.#older = new OlderLayers(main.layers.map(({ diffId }) => diffId), createHash);
  }

  /** The digest of the entry, if it is a blob. Links, directories and tables of contents have none. */
  async digestOf({ path: written, typeflag, size, content }: ReadEntry): Promise<string | undefined> {
    const path = normalizePath(written);
    if (typeflag !== '0' || written.endsWith('/')) return undefined;
    const [, folder = '', name] = /^([0-9a-f]{64})\/(json|layer\.tar)$/.exec(path) ?? [];
    if (name === undefined) return digestInPath(path);
    if (name === 'layer.tar') return this.#older.diffIdOf(folder, this.#json.folder === folder ? this.#json.text : '');
    if (size <= DOCUMENT_LIMIT) this.#json = { folder, text: await textOf(content()) };
    return undefined;
  }
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(Uint8Array.from(piece)); // copied: its memory is used again
  return decodeUtf8(concat(pieces));
}

/**
 * The blobs after which the source may be left, and no more: with all layers known, those that are sent. Of a graph driver and of Podman, only
 * the archive tells the sizes of the layers that are left out, and little comes after them; it is read to its end.
 */
function soughtBlobs({ wanted, variants: [main] }: ImagePlan): Set<string> | undefined {
  if (main.manifest === undefined) return undefined;
  return new Set([...wanted].filter(([, { sent }]) => sent).map(([digest]) => digest));
}

function assertComplete({ wanted }: ImagePlan, sizes: ReadonlyMap<string, number>): void {
  for (const [digest, { sent, required, plain }] of wanted) {
    if (!sent || !required || sizes.has(digest)) continue;
    const kind = plain === undefined ? 'blob' : 'layer';
    throw digestError(`the source saved the image without the ${kind} ${quote(digest)}`, blobPath(digest), digest);
  }
}

function rootOf({ digest, mediaType, size }: NonNullable<ImagePlan['root']>, sizes: ReadonlyMap<string, number>): Descriptor {
  return { mediaType, digest, size: sizes.get(digest) ?? size ?? 0 };
}

/** One descriptor for each name: containerd reads the first annotation, Podman the second. */
function namedDescriptors(root: Descriptor, references: readonly string[]): readonly Descriptor[] {
  if (references.length === 0) return [root];
  return references.map((name) => {
    return { ...root, annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name } };
  });
}

/** The entry of manifest.json: moby `image/spec/spec.md`, "Combined Image JSON + Filesystem Changeset Format". */
function manifestItem({ variants: [main] }: ImagePlan, references: readonly string[]): object {
  const layers = main.layers.map(({ digest }) => blobPath(digest));
  return { Config: blobPath(main.config), RepoTags: references.length === 0 ? null : references, Layers: layers };
}

/** The media type of a layer in an OCI manifest: Podman refuses Docker's types there. */
function ociType(mediaType: string): string {
  const [, compression = ''] = /[.+](gzip|zstd)$/.exec(mediaType) ?? [];
  return compression === '' ? `${OCI}.layer.v1.tar` : `${OCI}.layer.v1.tar+${compression}`;
}
