// Verifies a saved image while it is read: every part must have the digest that the archive states for it.
//
// There are two layouts, and an archive can have both. The OCI layout (Docker 25 and later) names each blob by its digest;
// index.json refers to manifests, and a manifest to a config and layers. The older layout (Docker before 25, Podman) has
// manifest.json, which names a config and layers by path; only the config's name is a digest, and the config lists the
// layers' digests. These lists may come before or after the layers. So every file is hashed while it is read, and
// `finish` compares the digests.

import { asBuffer, escapeText } from '../../bytes.ts';
import type { DigestAlgorithm, CreateHash } from '../../bytes.ts';
import { DecodeError } from '../../errors.ts';
import type { DigestError } from '../../errors.ts';
import { DOCUMENT_LIMIT, DocumentReader } from './documents.ts';
import type { ArchiveDocument, ContentReference, EntryHeader } from './documents.ts';
import { blobPath, digestError, digestInPath, linkTarget, normalizePath, quote } from './paths.ts';
import { SavedFiles, mismatch } from './saved-files.ts';
import type { SavedFile } from './saved-files.ts';
import type { VerifiedContent } from '../types/verified-content.ts';
import { CONFIG_TYPES, INDEX_TYPES, MANIFEST_TYPES, compressionOf, isEncrypted, isTar, isNonDistributable } from '../media-types.ts';

/** The file that is being read. */
interface CurrentFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: ReturnType<CreateHash>;
  /** The hash in the algorithm of the file's name, if that is not SHA-256. */
  readonly named: ReturnType<CreateHash> | undefined;
  readonly reader: DocumentReader;
  /** The first four bytes, in Latin-1. They show whether the file is compressed. */
  start: string;
}

/** A layer of an image, as a manifest refers to it. */
interface Layer {
  readonly path: string;
  readonly mediaType: string;
}
/** The type of all layers in manifest.json, which states no types. */
const TAR = 'application/x-tar';

/** Listens to an `ArchiveScan`. Throws a `DigestError` as soon as a blob differs from its name. */
export class ArchiveDigests {
  readonly #makeHash: CreateHash;
  readonly #files = new SavedFiles();
  /** Content below an index that may be missing: containerd omits content that was never pulled (`WithSkipMissing`). */
  readonly #absent = new Set<string>();
  /** Missing layers whose licence forbids their distribution. */
  readonly #nonDistributable = new Set<string>();
  #current: CurrentFile | undefined;

  constructor(makeHash: CreateHash) {
    this.#makeHash = makeHash;
  }

  entry({ path: written, typeflag, size, linkname }: EntryHeader): void {
    const path = normalizePath(written);
    if (typeflag === '0' && path !== '' && !written.endsWith('/')) this.#begin(path, size);
    else if (typeflag === '1') this.#files.addLink(path, normalizePath(linkname));
    else if (typeflag === '2') this.#files.addLink(path, linkTarget(path, linkname));
    else if (typeflag === '5') this.#files.addDirectory(path);
    // Docker refuses other types, containerd skips them, and POSIX reads unknown types as files.
    else throw digestError(`the archive has an entry ${quote(written)} of type ${quote(typeflag)}: saved images have no such entry`, path);
  }

  #begin(path: string, size: number): void {
    const algorithm = digestInPath(path)?.split(':')[0] as DigestAlgorithm | undefined;
    const named = algorithm === undefined || algorithm === 'sha256' ? undefined : this.#makeHash(algorithm);
    this.#current = { path, size, sha256: this.#makeHash(), named, start: '', reader: new DocumentReader(size) };
  }

  content(view: Uint8Array): void {
    const file = this.#current;
    if (file === undefined) return;
    file.sha256.update(view);
    file.named?.update(view);
    if (file.start.length < 4) file.start += asBuffer(view).toString('latin1', 0, 4 - file.start.length);
    file.reader.push(view);
  }

  endEntry(): void {
    if (this.#current === undefined) return;
    const { path, size, sha256, named, start, reader } = this.#current;
    this.#current = undefined;
    const digest = `sha256:${sha256.digest('hex')}`;
    const expected = digestInPath(path);
    const actual = named === undefined ? digest : `${expected?.split(':')[0]}:${named.digest('hex')}`;
    if (expected !== undefined && expected !== actual) throw mismatch(path, expected, actual);
    const isCompressed = compressionOf(start) !== undefined;
    this.#files.addFile(path, { digest, isCompressed, size, document: reader.end(), verified: expected !== undefined });
  }

  /** Called after the scan's `finish`. Checks that all content that the archive refers to is present and has the right digest. */
  finish(): VerifiedContent {
    const hasIndex = this.#files.has('index.json');
    const hasManifestJson = this.#files.has('manifest.json');
    if (!hasIndex && !hasManifestJson) {
      throw digestError('the archive has neither manifest.json nor index.json: it does not say which images it holds', 'manifest.json');
    }
    this.#files.check();
    const images = (hasIndex ? this.#checkLayout() : 0) + (hasManifestJson ? this.#checkSavedImages() : 0);
    // An empty manifest.json is an error even if index.json has images. The reverse is valid: Docker 25.0 wrote it (moby#47210).
    const isEmpty = hasManifestJson && this.#document('manifest.json', 'images').length === 0;
    if (images > 0 && !isEmpty) return this.#summary();
    const path = hasManifestJson ? 'manifest.json' : 'index.json';
    throw digestError(`the archive contains no image: ${quote(path)} lists none. The engine's log may have the reason`, path);
  }

  /**
   * Checks the OCI layout (OCI image-spec, "OCI Image Layout"), from `index.json` down through all indexes and manifests.
   * Returns the number of complete images and artifacts. Content that `index.json` itself refers to is required, and one image at least.
   */
  #checkLayout(): number {
    const seen = new Set<string>();
    const found = { image: 0, artifact: 0 };
    let level = this.#document('index.json', 'manifests');
    for (let depth = 0; level.length > 0; depth++) {
      const next: ContentReference[] = [];
      for (const { digest, mediaType } of level) {
        const path = blobPath(digest);
        if (seen.has(path)) continue;
        seen.add(path);
        if (this.#files.find(path) === undefined) this.#missing(path, digest, depth > 0);
        else if (INDEX_TYPES.has(mediaType)) for (const child of this.#document(path, 'manifests')) next.push(child);
        else if (MANIFEST_TYPES.has(mediaType)) {
          const kind = this.#checkManifest(path, depth > 0);
          if (kind !== undefined) found[kind]++;
        }
      }
      level = next;
    }
    const [first] = this.#absent;
    // An attestation of an image is an artifact: it does not replace the missing image.
    if (found.image === 0 && first !== undefined) throw missing(first, digestInPath(first));
    return found.image + found.artifact;
  }

  /**
   * Checks the content that a manifest refers to. Returns undefined if optional content is missing. An artifact has layers, and none of
   * them is a tar.
   */
  #checkManifest(manifest: string, isOptional: boolean): 'image' | 'artifact' | undefined {
    const { config, layers } = this.#document(manifest, 'content');
    const gone = [config, ...layers].filter(({ digest }) => this.#files.find(blobPath(digest)) === undefined);
    const required = gone.filter(({ mediaType }) => !isNonDistributable(mediaType));
    for (const { digest, mediaType } of gone) if (isNonDistributable(mediaType)) this.#nonDistributable.add(blobPath(digest));
    for (const { digest } of required) this.#missing(blobPath(digest), digest, isOptional);
    if (required.length > 0) return undefined;
    const hasTarLayers = layers.some(({ mediaType }) => isTar(mediaType));
    // The config of a signature has the type of an image's, and often lists no diff IDs.
    const diffIds = this.#files.find(blobPath(config.digest))?.document?.diffIds ?? [];
    if (diffIds.length > 0 || (hasTarLayers && CONFIG_TYPES.has(config.mediaType))) {
      this.#checkLayers(blobPath(config.digest), layers.map(({ digest, mediaType }) => ({ path: blobPath(digest), mediaType })));
    }
    return hasTarLayers || layers.length === 0 ? 'image' : 'artifact';
  }

  #missing(path: string, digest: string, isOptional: boolean): void {
    if (!isOptional) throw missing(path, digest);
    this.#absent.add(path);
  }

  /**
   * Checks `manifest.json` (moby `image/spec/spec.md`, "Combined Image JSON + Filesystem Changeset Format").
   * Returns the number of its images. containerd also lists charts and other artifacts there, which have no diff_ids.
   */
  #checkSavedImages(): number {
    const images = this.#document('manifest.json', 'images');
    for (const { config, layers } of images) {
      const file = this.#files.find(config);
      if (file === undefined) throw missing(config, digestInPath(normalizePath(config)));
      if (!file.verified) {
        const message = `the config ${quote(config)} in the archive cannot be verified: its name is not its digest`;
        throw digestError(message, config, undefined, file.digest);
      }
      // An artifact has no diff_ids. Its layers are named by their digests, and only need to be present.
      const areNamed = layers.length > 0 && layers.every((path) => digestInPath(normalizePath(path)) !== undefined);
      if (areNamed && file.document?.diffIds === undefined) for (const path of layers) this.#layer(path, undefined);
      else this.#checkLayers(config, layers.map((path) => ({ path, mediaType: TAR })));
    }
    return images.length;
  }

  /**
   * Compares an image's layers with those that its config lists. The config has digests of uncompressed layers; a layer
   * that is compressed or encrypted is verified by the digest in its name alone. Number and order are compared because Docker 25.0 saved
   * manifests without layers (moby#47065), and later with layers in another order (moby#47150).
   */
  #checkLayers(config: string, layers: readonly Layer[]): void {
    const diffIds = this.#document(config, 'diffIds');
    if (diffIds.length !== layers.length) {
      const message = `the archive has ${layers.length} layers for the config ${quote(config)}, which lists ${diffIds.length}`;
      throw digestError(message, config, diffIds[layers.length]);
    }
    layers.forEach(({ path, mediaType }, i) => {
      const expected = diffIds[i] as string;
      blobPath(expected); // throws if it is not a digest
      const layer = this.#layer(path, expected);
      if (layer === undefined) return;
      const named = digestInPath(normalizePath(path)); // compared with the content when it was read
      const isPlain = !isEncrypted(mediaType) && !layer.isCompressed;
      const isVerified = expected === named || layer.digest === expected || (!isPlain && named !== undefined);
      if (!isVerified) throw mismatch(path, expected, layer.digest);
      layer.verified = true;
    });
  }

  /** A layer's file; undefined if it is missing and must not be distributed. */
  #layer(path: string, expected: string | undefined): SavedFile | undefined {
    const layer = this.#files.find(path);
    const name = normalizePath(path);
    if (layer === undefined && !this.#nonDistributable.has(name)) throw missing(path, digestInPath(name) ?? expected);
    return layer;
  }

  #summary(): VerifiedContent {
    const unverified: string[] = [];
    let bytes = 0;
    for (const [path, { size, verified }] of this.#files) {
      if (verified) bytes += size;
      else unverified.push(path);
    }
    return { bytes, unverified, absent: [...new Set([...this.#absent, ...this.#nonDistributable])] };
  }

  /** The document at a path, in the reading in which another document refers to it. */
  #document<Reading extends keyof typeof READINGS>(path: string, reading: Reading): NonNullable<ArchiveDocument[Reading]> {
    const file = this.#files.find(path);
    const found = file?.document?.[reading];
    if (found !== undefined) return found;
    const why = (file?.size ?? 0) > DOCUMENT_LIMIT ? `has more than ${DOCUMENT_LIMIT} bytes` : `is not a valid ${READINGS[reading]}`;
    throw new DecodeError(`in the archive, ${quote(path)} ${why}`, { offset: 0 });
  }
}

/** The readings of a document, in words. */
const READINGS = { manifests: 'index', content: 'manifest', diffIds: 'config', images: 'list of images' } as const;

function missing(path: string, expected: string | undefined): DigestError {
  const isNamed = expected === undefined || expected === digestInPath(normalizePath(path));
  const what = isNamed ? '' : `, which should be ${escapeText(expected)}`;
  return digestError(`the archive has no ${quote(path)}${what}`, path, expected);
}
