// Hashes a saved image while it passes, and holds each part to the digest that the archive gives for it.

import { escapeText } from '../bytes.ts';
import type { MakeSha256 } from '../bytes.ts';
import { DecodeError, DigestError } from '../errors.ts';
import { readDocument } from './archive-document.ts';
import type { ArchiveDocument, ContentReference } from './archive-document.ts';

/** The longest JSON that is read: what the OCI distribution-spec wants registries to take, "Pushing Manifests". */
const DOCUMENT_LIMIT = 4 * 1024 * 1024;
/** The most that paths and references may take in memory, by a rough count: some 200,000 entries. */
const MEMORY_LIMIT = 64 * 1024 * 1024;
/** What an entry takes beside its texts. */
const ENTRY_COST = 256;
/** Links to links; Linux follows as many (path_resolution(7)). */
const LINK_LIMIT = 40;

/** What was found to be what its digest says. */
export interface VerifiedContent {
  /** The bytes of all files whose SHA-256 is what their name, a manifest or a config says. */
  readonly bytes: number;
  /**
   * The files for which the archive has no digest. In an engine's archives these are its tables of contents
   * (`index.json`, `manifest.json`, `repositories`, `oci-layout`), and from Docker before 25 and from Podman each
   * layer's `VERSION` and `json`, which only Docker before 1.10 reads; nothing of an image's content is among them.
   */
  readonly unverified: readonly string[];
  /**
   * What a multi-platform index names and the engine does not have, and layers that must not be handed on: entries
   * that are lawfully not there.
   */
  readonly absent: readonly string[];
}

/** What is asked of an entry's header; the scan tells more. */
interface EntryHeader {
  readonly path: string;
  readonly typeflag: string;
  readonly size: number;
  readonly linkname: string;
}

/** The entry under way. */
interface Passing {
  readonly path: string;
  readonly size: number;
  readonly hash: ReturnType<MakeSha256>;
  received: number;
  /** Its text, if it may be a document. */
  text: Uint8Array | undefined;
}

interface HeldFile {
  readonly digest: string;
  readonly size: number;
  readonly document: ArchiveDocument | undefined;
  /** Whether something that is no table of contents gives this digest for it. */
  vouched: boolean;
}

/** A symbolic or a hard link, by the path in the archive that it leads to. */
interface HeldLink {
  readonly target: string;
}

/**
 * Listens to the scan of an archive. Two layouts are known, and an archive can have both: the OCI layout (Docker 25 and
 * later; both stores) names each blob by its digest; the older one (Docker before 25, Podman) names the config so, and
 * the config has the digests of the layers, which come before it or after it. So every file is hashed as it passes,
 * and `finish` compares what could not be compared at once.
 */
export class ArchiveDigests {
  readonly #sha256: MakeSha256;
  readonly #files = new Map<string, HeldFile>();
  readonly #links = new Map<string, HeldLink>();
  readonly #absent = new Set<string>();
  #passing: Passing | undefined;
  #memory = 0;

  constructor(sha256: MakeSha256) {
    this.#sha256 = sha256;
  }

  entry({ path: given, typeflag, size, linkname }: EntryHeader): void {
    const path = normal(given);
    if (typeflag === '1') this.#holdLink(path, normal(linkname));
    else if (typeflag === '2') this.#holdLink(path, normal(`${path}/../${linkname}`));
    // POSIX pax, "ustar Interchange Format": a type that is not known is a regular file.
    else if (!'3456'.includes(typeflag)) this.#passing = { path, size, hash: this.#sha256(), received: 0, text: undefined };
  }

  content(view: Uint8Array): void {
    const file = this.#passing;
    if (file === undefined) return;
    file.hash.update(view);
    const isDocument = file.received === 0 && file.size <= DOCUMENT_LIMIT && beginsLikeJson(view);
    if (isDocument) file.text = new Uint8Array(file.size);
    file.text?.set(view, file.received);
    file.received += view.length;
  }

  /** Throws at once for a blob that is not what it is called: the rest need not be fetched. */
  endEntry(): void {
    if (this.#passing === undefined) return;
    const { path, size, hash, text } = this.#passing;
    this.#passing = undefined;
    const digest = `sha256:${hash.digest('hex')}`;
    const promised = digestInName(path);
    if (promised !== undefined && promised !== digest) throw mismatch(path, promised, digest);
    const document = text && readDocument(text);
    this.#spend(path.length + (document === undefined ? 0 : size));
    this.#holdFile(path, { digest, size, document, vouched: promised !== undefined });
  }

  /** After the scan's own `finish`: everything that the archive refers to must be there, and be what it should be. */
  finish(): VerifiedContent {
    const isLayout = this.#files.has('index.json');
    const isSaved = this.#files.has('manifest.json');
    if (!isLayout && !isSaved) {
      const message = 'the archive has no manifest.json and no index.json: nothing says which images it should hold';
      throw new DigestError(message, { path: 'manifest.json', expected: undefined, actual: undefined });
    }
    const withheld = isLayout ? this.#checkLayout() : new Set<string>();
    if (isSaved) this.#checkSaved(withheld);
    return this.#summary();
  }

  /**
   * OCI image-spec, "OCI Image Layout": from `index.json` down through all manifests. Returns the layers that are
   * withheld. A manifest below the first index may be absent, and so may be what it refers to: containerd writes the
   * index of an image as it is, and leaves out what was never pulled of it (`WithSkipMissing`).
   */
  #checkLayout(): ReadonlySet<string> {
    const top = this.#document('index.json', 'manifests', 'index');
    const queue = top.map((reference) => ({ ...reference, below: false }));
    const seen = new Set<string>();
    const withheld = new Set<string>();
    let whole = 0;
    for (const { digest, mediaType, below } of queue) {
      const path = blobPath(digest);
      if (seen.has(path)) continue;
      seen.add(path);
      if (this.#find(path) === undefined) this.#miss(path, digest, below);
      else if (INDEX_TYPES.has(mediaType)) {
        for (const child of this.#document(path, 'manifests', 'index')) queue.push({ ...child, below: true });
      } else if (MANIFEST_TYPES.has(mediaType) && this.#hasContent(path, below, withheld)) whole++;
    }
    const [first] = this.#absent;
    if (whole === 0 && first !== undefined) throw missing(first, digestInName(first));
    for (const path of withheld) this.#absent.add(path);
    return withheld;
  }

  #hasContent(manifest: string, below: boolean, withheld: Set<string>): boolean {
    const content = this.#document(manifest, 'content', 'manifest');
    const gone = content.filter(({ digest }) => this.#find(blobPath(digest)) === undefined);
    const owed = gone.filter((reference) => !isWithheld(reference));
    for (const reference of gone) if (isWithheld(reference)) withheld.add(blobPath(reference.digest));
    for (const { digest } of owed) this.#miss(blobPath(digest), digest, below);
    return owed.length === 0;
  }

  #miss(path: string, digest: string, lawful: boolean): void {
    if (!lawful) throw missing(path, digest);
    this.#absent.add(path);
  }

  /**
   * `manifest.json`, of every engine (moby `image/spec/spec.md`, "Combined Image JSON + Filesystem Changeset Format").
   * Layers under `blobs/` may be compressed, and their names vouch for them; any other is what its config says.
   */
  #checkSaved(withheld: ReadonlySet<string>): void {
    for (const { config, layers } of this.#document('manifest.json', 'images', 'list of images')) {
      if (this.#find(config) === undefined) throw missing(config, digestInName(normal(config)));
      if (layers.every(isBlob)) this.#checkBlobs(layers, withheld);
      else this.#checkLayers(config, layers);
    }
  }

  #checkBlobs(layers: readonly string[], withheld: ReadonlySet<string>): void {
    const gone = layers.find((path) => this.#find(path) === undefined && !withheld.has(normal(path)));
    if (gone !== undefined) throw missing(gone, digestInName(normal(gone)));
  }

  #checkLayers(config: string, layers: readonly string[]): void {
    const diffIds = this.#document(config, 'diffIds', 'config');
    if (diffIds.length !== layers.length) {
      const message = `the archive has ${layers.length} layers for ${quote(config)}, which lists ${diffIds.length}`;
      throw new DigestError(message, { path: config, expected: diffIds[layers.length], actual: undefined });
    }
    layers.forEach((path, i) => {
      const expected = diffIds[i] as string;
      const layer = this.#find(path);
      if (layer === undefined) throw missing(path, expected);
      if (layer.digest !== expected) throw mismatch(path, expected, layer.digest);
      layer.vouched = true;
    });
  }

  #summary(): VerifiedContent {
    const unverified: string[] = [];
    let bytes = 0;
    for (const [path, { size, vouched }] of this.#files) {
      if (vouched) bytes += size;
      else unverified.push(path);
    }
    return { bytes, unverified, absent: [...this.#absent] };
  }

  /** The document at the path, as that which it is referred to as. */
  #document<As extends keyof ArchiveDocument>(path: string, as: As, what: string): NonNullable<ArchiveDocument[As]> {
    const file = this.#find(path);
    const found = file?.document?.[as];
    if (found !== undefined) return found;
    const why = (file?.size ?? 0) > DOCUMENT_LIMIT ? `has more than ${DOCUMENT_LIMIT} bytes` : `is no ${what} in JSON`;
    throw new DecodeError(`in the archive, ${quote(path)} ${why}`, { offset: 0 });
  }

  /** The file at a path, through links. */
  #find(given: string): HeldFile | undefined {
    let path = normal(given);
    for (let followed = 0; followed <= LINK_LIMIT; followed++) {
      const link = this.#links.get(path);
      if (link === undefined) return this.#files.get(path);
      path = link.target;
    }
    return undefined;
  }

  #holdFile(path: string, file: HeldFile): void {
    const earlier = this.#files.get(path);
    if (earlier !== undefined && earlier.digest === file.digest) return;
    this.#refuseSecond(path, earlier?.digest, file.digest);
    this.#files.set(path, file);
  }

  #holdLink(path: string, target: string): void {
    if (this.#links.get(path)?.target === target) return;
    this.#refuseSecond(path, this.#files.get(path)?.digest, undefined);
    this.#spend(path.length + target.length);
    this.#links.set(path, { target });
  }

  /** Two entries of one name: some readers take the first, some the last, and then load another image. */
  #refuseSecond(path: string, expected: string | undefined, actual: string | undefined): void {
    if (!this.#files.has(path) && !this.#links.has(path)) return;
    throw new DigestError(`the archive has two entries ${quote(path)}, which differ`, { path, expected, actual });
  }

  #spend(texts: number): void {
    this.#memory += ENTRY_COST + 2 * texts;
    if (this.#memory <= MEMORY_LIMIT) return;
    throw new DecodeError('the archive has more entries than can be verified', { offset: 0 });
  }
}

/** OCI image-spec, "OCI Image Media Types", and what they came from: Docker's "Image Manifest Version 2, Schema 2". */
const INDEX_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);
const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);

/** Layers whose licence forbids to hand them on: Windows' own. Docker leaves them out of what it saves. */
function isWithheld({ mediaType }: ContentReference): boolean {
  return /\.(?:foreign|nondistributable)\./.test(mediaType);
}

/**
 * The digest that a name promises: `blobs/sha256/<hex>` (OCI image-spec, "OCI Image Layout"), `<hex>.json` for a
 * config, and `<hex>.tar` for a layer of Podman's (containers/image `docker/internal/tarfile/writer.go`).
 */
function digestInName(path: string): string | undefined {
  const [, blob, file] = /^(?:blobs\/sha256\/([0-9a-f]{64})|([0-9a-f]{64})\.(?:json|tar))$/.exec(path) ?? [];
  const hex = blob ?? file;
  return hex && `sha256:${hex}`;
}

function isBlob(path: string): boolean {
  return normal(path).startsWith('blobs/');
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** A path without what says nothing: `./`, `//`, `a/../`. Above its top an archive has nothing. */
function normal(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments.join('/');
}

/** An object, a list, or white space before one. */
function beginsLikeJson(view: Uint8Array): boolean {
  return '{[ \t\r\n'.includes(String.fromCharCode(view[0] as number));
}

function mismatch(path: string, expected: string, actual: string): DigestError {
  const message = `in the archive, ${quote(path)} should be ${escapeText(expected)}, and is ${actual}`;
  return new DigestError(message, { path, expected, actual });
}

function missing(path: string, expected: string | undefined): DigestError {
  const told = expected === undefined || expected === digestInName(normal(path));
  const what = told ? '' : `, which should be ${escapeText(expected)}`;
  return new DigestError(`the archive has no ${quote(path)}${what}`, { path, expected, actual: undefined });
}

function quote(path: string): string {
  return `"${escapeText(path)}"`;
}
