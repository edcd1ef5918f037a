// Hashes a saved image while it passes, and holds each part to the digest that the archive gives for it.

import { asBuffer, escapeText } from '../../bytes.ts';
import type { DigestAlgorithm, MakeHash } from '../../bytes.ts';
import { DecodeError, DigestError } from '../../errors.ts';
import { DOCUMENT_LIMIT, DocumentReader, ENTRY_COST, MEMORY_LIMIT } from './documents.ts';
import type { ArchiveDocument, ManifestContent } from './documents.ts';
import { blobPath, linkTarget, normal, promisedDigest, quote } from './paths.ts';
import { CONFIG_TYPES, INDEX_TYPES, MANIFEST_TYPES, isCompressedStart, isEncrypted, isTar, isWithheld } from '../media-types.ts';

/** Links to links; Linux follows as many (path_resolution(7)). */
const LINK_LIMIT = 40;

/** What was found to be what its digest says. */
export interface VerifiedContent {
  /** The bytes of all files whose digest is what their name, a manifest or a config says. */
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
  readonly hash: ReturnType<MakeHash>;
  /** In the algorithm of its name, where that is another. */
  readonly named: ReturnType<MakeHash> | undefined;
  readonly reader: DocumentReader;
  /** Its first bytes, in Latin-1: they tell whether it is compressed. */
  start: string;
}

interface HeldFile {
  /** Its SHA-256. */
  readonly digest: string;
  readonly isCompressed: boolean;
  readonly size: number;
  readonly document: ArchiveDocument | undefined;
  /** Whether something that is no table of contents gives this digest for it. */
  verified: boolean;
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
  readonly #makeHash: MakeHash;
  readonly #files = new Map<string, HeldFile>();
  readonly #links = new Map<string, HeldLink>();
  readonly #folders = new Set<string>();
  readonly #absent = new Set<string>();
  #passing: Passing | undefined;
  #memory = 0;

  constructor(makeHash: MakeHash) {
    this.#makeHash = makeHash;
  }

  entry({ path: given, typeflag, size, linkname }: EntryHeader): void {
    const path = normal(given);
    if (typeflag === '0' && path !== '' && !given.endsWith('/')) this.#pass(path, size);
    else if (typeflag === '1') this.#holdLink(path, normal(linkname));
    else if (typeflag === '2') this.#holdLink(path, linkTarget(path, linkname));
    else if (typeflag === '5') this.#holdFolder(path);
    else {
      // Docker refuses other types, containerd overlooks them, and POSIX takes those that are not known for files.
      const message = `the archive has an entry ${quote(given)} of the type "${escapeText(typeflag)}", which no saved image has`;
      throw new DigestError(message, { path, expected: undefined, actual: undefined });
    }
  }

  #pass(path: string, size: number): void {
    const algorithm = promisedDigest(path)?.split(':')[0] as DigestAlgorithm | undefined;
    const isOther = algorithm !== undefined && algorithm !== 'sha256';
    const named = isOther ? this.#makeHash(algorithm) : undefined;
    this.#passing = { path, size, hash: this.#makeHash(), named, start: '', reader: new DocumentReader(size) };
  }

  content(view: Uint8Array): void {
    const file = this.#passing;
    if (file === undefined) return;
    file.hash.update(view);
    file.named?.update(view);
    if (file.start.length < 4) file.start += asBuffer(view).toString('latin1', 0, 4 - file.start.length);
    file.reader.push(view);
  }

  /** Throws at once for a blob that is not what it is called: the rest need not be fetched. */
  endEntry(): void {
    if (this.#passing === undefined) return;
    const { path, size, hash, named, start, reader } = this.#passing;
    this.#passing = undefined;
    const digest = `sha256:${hash.digest('hex')}`;
    const promised = promisedDigest(path);
    const found = named === undefined ? digest : `${promised?.split(':')[0]}:${named.digest('hex')}`;
    if (promised !== undefined && promised !== found) throw mismatch(path, promised, found);
    const document = reader.end();
    this.#spend(path.length + (document === undefined ? 0 : size));
    this.#holdFile(path, { digest, isCompressed: isCompressedStart(start), size, document, verified: promised !== undefined });
  }

  /** After the scan's own `finish`: everything that the archive refers to must be there, and be what it should be. */
  finish(): VerifiedContent {
    const isLayout = this.#files.has('index.json');
    const isSaved = this.#files.has('manifest.json');
    if (!isLayout && !isSaved) {
      const message = 'the archive has no manifest.json and no index.json: nothing says which images it should hold';
      throw new DigestError(message, { path: 'manifest.json', expected: undefined, actual: undefined });
    }
    this.#checkPlaces();
    const nonDistributable = new Set<string>();
    const images = (isLayout ? this.#checkLayout(nonDistributable) : 0) + (isSaved ? this.#checkSaved(nonDistributable) : 0);
    // Of an index without images beside it, Docker 25.0 has made some (moby#47210).
    const isEmpty = isSaved && this.#document('manifest.json', 'images', 'list of images').length === 0;
    if (images > 0 && !isEmpty) return this.#summary();
    const path = isSaved ? 'manifest.json' : 'index.json';
    const message = `the archive holds no image: ${quote(path)} names none. The log of the engine may say why`;
    throw new DigestError(message, { path, expected: undefined, actual: undefined });
  }

  /** A link whose name is a digest must lead to that content, and no file and no link may be a folder, too. */
  #checkPlaces(): void {
    for (const path of this.#links.keys()) this.#find(path);
    const others = [...this.#files.keys(), ...this.#links.keys()];
    const paths = [...others, ...this.#folders].sort();
    for (const path of others) {
      const below = this.#folders.has(path) ? path : firstAtOrAfter(paths, `${path}/`);
      if (below !== path && !below?.startsWith(`${path}/`)) continue;
      const message = `the archive has ${quote(path)} as a ${this.#links.has(path) ? 'link' : 'file'}, and ${quote(below)} as if it were a folder`;
      throw new DigestError(message, { path: below, expected: undefined, actual: undefined });
    }
  }

  /**
   * OCI image-spec, "OCI Image Layout": from `index.json` down through all manifests. Returns the number of images that
   * are whole, and adds the layers that are withheld. A manifest below the first index may be absent, and so may be what
   * it refers to: containerd writes the index of an image as it is, and leaves out what was never pulled of it
   * (`WithSkipMissing`).
   */
  #checkLayout(nonDistributable: Set<string>): number {
    const top = this.#document('index.json', 'manifests', 'index');
    const queue = top.map((reference) => ({ ...reference, below: false }));
    const seen = new Set<string>();
    let images = 0;
    let others = 0;
    for (const { digest, mediaType, below } of queue) {
      const path = blobPath(digest);
      if (seen.has(path)) continue;
      seen.add(path);
      if (this.#find(path) === undefined) this.#miss(path, digest, below);
      else if (INDEX_TYPES.has(mediaType)) {
        for (const child of this.#document(path, 'manifests', 'index')) queue.push({ ...child, below: true });
      } else if (MANIFEST_TYPES.has(mediaType)) {
        const whole = this.#checkManifest(path, below, nonDistributable);
        if (whole === 'image') images++;
        else if (whole === 'other') others++;
      }
    }
    const [first] = this.#absent;
    // What was attested of an image is not the image.
    if (images === 0 && first !== undefined) throw missing(first, promisedDigest(first));
    for (const path of nonDistributable) this.#absent.add(path);
    return images + others;
  }

  /** What is whole by a manifest, undefined where its content is not there; an image must be what its config says. */
  #checkManifest(manifest: string, below: boolean, nonDistributable: Set<string>): 'image' | 'other' | undefined {
    const content = this.#document(manifest, 'content', 'manifest');
    const all = [content.config, ...content.layers];
    const gone = all.filter(({ digest }) => this.#find(blobPath(digest)) === undefined);
    const required = gone.filter((reference) => !isWithheld(reference.mediaType));
    for (const reference of gone) if (isWithheld(reference.mediaType)) nonDistributable.add(blobPath(reference.digest));
    for (const { digest } of required) this.#miss(blobPath(digest), digest, below);
    if (required.length > 0) return undefined;
    const { config, layers } = content;
    const hasFiles = layers.length === 0 || layers.some(({ mediaType }) => isTar(mediaType));
    if (this.#listsLayers(content)) {
      this.#checkLayers(blobPath(config.digest), layers.map(({ digest, mediaType }) => ({ path: blobPath(digest), mediaType })), nonDistributable);
    }
    return hasFiles ? 'image' : 'other';
  }

  /** Whether a config must agree with the layers. Signatures have an image's config, too, which often lists none. */
  #listsLayers({ config, layers }: ManifestContent): boolean {
    const diffIds = this.#find(blobPath(config.digest))?.document?.diffIds ?? [];
    return diffIds.length > 0 || (CONFIG_TYPES.has(config.mediaType) && layers.some(({ mediaType }) => isTar(mediaType)));
  }

  #miss(path: string, digest: string, lawful: boolean): void {
    if (!lawful) throw missing(path, digest);
    this.#absent.add(path);
  }

  /**
   * `manifest.json`, of every engine (moby `image/spec/spec.md`, "Combined Image JSON + Filesystem Changeset Format").
   * Returns the number of its images. containerd lists charts and other things there as well, without diff_ids.
   */
  #checkSaved(nonDistributable: ReadonlySet<string>): number {
    const images = this.#document('manifest.json', 'images', 'list of images');
    for (const { config, layers } of images) {
      const found = this.#find(config);
      if (found === undefined) throw missing(config, promisedDigest(normal(config)));
      if (!found.verified) throw nameless(config, found.digest);
      const areNamed = layers.length > 0 && layers.every((path) => promisedDigest(normal(path)) !== undefined);
      if (areNamed && found.document?.diffIds === undefined) for (const path of layers) this.#layer(path, undefined, nonDistributable);
      else this.#checkLayers(config, layers.map((path) => ({ path, mediaType: TAR })), nonDistributable);
    }
    return images.length;
  }

  /**
   * The layers of an image, against those that its config lists. A layer that is compressed, or encrypted, is vouched for
   * by the digest in its name alone. Docker 25.0 saved manifests without layers (moby#47065), and then with layers in
   * another order (moby#47150).
   */
  #checkLayers(config: string, layers: readonly Layer[], nonDistributable: ReadonlySet<string>): void {
    const diffIds = this.#document(config, 'diffIds', 'config');
    if (diffIds.length !== layers.length) {
      const message = `the archive has ${layers.length} layers for ${quote(config)}, which lists ${diffIds.length}`;
      throw new DigestError(message, { path: config, expected: diffIds[layers.length], actual: undefined });
    }
    layers.forEach(({ path, mediaType }, i) => {
      const expected = diffIds[i] as string;
      blobPath(expected); // throws for what is not a digest
      const layer = this.#layer(path, expected, nonDistributable);
      if (layer === undefined) return;
      const named = promisedDigest(normal(path));
      const isPlain = !isEncrypted(mediaType) && !layer.isCompressed;
      const actual = expected === named ? named : layer.digest;
      if ((isPlain || named === undefined) && actual !== expected) throw mismatch(path, expected, actual);
      layer.verified = true;
    });
  }

  /** A layer's file; undefined where it is withheld. */
  #layer(path: string, expected: string | undefined, nonDistributable: ReadonlySet<string>): HeldFile | undefined {
    const layer = this.#find(path);
    if (layer === undefined && !nonDistributable.has(normal(path))) throw missing(path, promisedDigest(normal(path)) ?? expected);
    return layer;
  }

  #summary(): VerifiedContent {
    const unverified: string[] = [];
    let bytes = 0;
    for (const [path, { size, verified }] of this.#files) {
      if (verified) bytes += size;
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

  /** The file at a path, through links; one that the path names by its digest must be that. */
  #find(given: string): HeldFile | undefined {
    const path = normal(given);
    const file = this.#files.get(path) ?? this.#follow(path);
    const promised = promisedDigest(path);
    // A file under its own name was compared when it passed.
    if (file === undefined || promised === undefined || this.#files.has(path) || promised === file.digest) return file;
    throw mismatch(path, promised, file.digest);
  }

  #follow(path: string): HeldFile | undefined {
    let at = path;
    for (let followed = 0; followed <= LINK_LIMIT; followed++) {
      const link = this.#links.get(at);
      if (link === undefined) return this.#files.get(at);
      at = link.target;
    }
    return undefined;
  }

  #holdFile(path: string, file: HeldFile): void {
    const earlier = this.#files.get(path);
    if (earlier !== undefined && earlier.digest === file.digest) return;
    this.#refuseSecond(path, earlier?.digest, file.digest);
    this.#files.set(path, file);
  }

  #holdFolder(path: string): void {
    if (this.#folders.has(path)) return;
    this.#spend(path.length);
    this.#folders.add(path);
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

/** What the layers of manifest.json are, which has no types. */
const TAR = 'application/x-tar';

/** A layer of an image: where it is, and what the manifest calls it. */
interface Layer {
  readonly path: string;
  readonly mediaType: string;
}

/** The first of the sorted texts that is the wanted one or comes behind it. */
function firstAtOrAfter(sorted: readonly string[], wanted: string): string | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) < wanted) low = middle + 1;
    else high = middle;
  }
  return sorted[low];
}

function mismatch(path: string, expected: string, actual: string): DigestError {
  const message = `in the archive, ${quote(path)} should be ${escapeText(expected)}, and is ${actual}`;
  return new DigestError(message, { path, expected, actual });
}

function nameless(path: string, actual: string): DigestError {
  const message = `in the archive, nothing says what the config ${quote(path)} should be: its name is not its digest`;
  return new DigestError(message, { path, expected: undefined, actual });
}

function missing(path: string, expected: string | undefined): DigestError {
  const told = expected === undefined || expected === promisedDigest(normal(path));
  const what = told ? '' : `, which should be ${escapeText(expected)}`;
  return new DigestError(`the archive has no ${quote(path)}${what}`, { path, expected, actual: undefined });
}
