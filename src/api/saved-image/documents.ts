// Reads the JSON documents inside a saved image: indexes, manifests, configs and manifest.json. Only their references to other
// entries and their platforms are kept.

import { decodeUtf8 } from '../../bytes.ts';
import { COUNT } from '../../kinds.ts';
import { isJsonObject } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { ImagePlatform } from '../platform.ts';

/** The longest document, in bytes: registries should accept this size (OCI distribution-spec, "Pushing Manifests"). */
export const DOCUMENT_LIMIT = 4 * 1024 * 1024;

/** The fields of an entry's header that a verification uses. */
export interface EntryHeader {
  readonly path: string;
  readonly typeflag: string;
  readonly size: number;
  readonly linkname: string;
}

/** A reference by digest: OCI image-spec, "OCI Content Descriptors". */
export interface ContentReference {
  readonly digest: string;
  /** In lower case and without parameters: RFC 6838 compares types without regard to case. */
  readonly mediaType: string;
  /** In bytes; undefined if it is missing or not a size. */
  readonly size: number | undefined;
  /** The platform that an index gives for a manifest. */
  readonly platform: ImagePlatform | undefined;
  readonly annotations: JsonObject;
}

/** What a manifest refers to: the config, and the layers from the lowest to the highest. */
export interface ManifestContent {
  readonly config: ContentReference;
  readonly layers: readonly ContentReference[];
}

/** An image in `manifest.json`, by the paths of its parts in the archive. */
export interface SavedImage {
  readonly names: readonly string[];
  readonly config: string;
  readonly layers: readonly string[];
}

/**
 * All possible readings of a document. One text can be an index and a manifest at once (CVE-2021-41190), so the
 * document that refers to it decides which reading counts, never its own fields.
 */
export interface ArchiveDocument {
  /** As an OCI index or Docker manifest list: the manifests. */
  readonly manifests: readonly ContentReference[] | undefined;
  /** As a manifest. */
  readonly content: ManifestContent | undefined;
  /** As an image's config: the digests of its layers as uncompressed tar, from the lowest to the highest. */
  readonly diffIds: readonly string[] | undefined;
  /** As an image's config: its platform. */
  readonly platform: ImagePlatform | undefined;
  /** As an image's config: when it was made. */
  readonly created: string | undefined;
  /** As `manifest.json`. */
  readonly images: readonly SavedImage[] | undefined;
}

/** Collects one entry of the archive, if it begins like JSON and is not too long, and reads it as a document. */
export class DocumentReader {
  readonly #size: number;
  #text: Uint8Array | undefined;
  #received = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Copies the next bytes of the entry. */
  push(view: Uint8Array): void {
    const mayBeDocument = this.#received === 0 && this.#size <= DOCUMENT_LIMIT && beginsLikeJson(view);
    if (mayBeDocument) this.#text = new Uint8Array(this.#size);
    this.#text?.set(view, this.#received);
    this.#received += view.length;
  }

  /** Returns the document at the end of the entry; undefined if the entry is not JSON or has none of the readings. */
  end(): ArchiveDocument | undefined {
    return this.#text && readDocument(this.#text);
  }
}

/** An object or an array, perhaps with white space before it. */
function beginsLikeJson(view: Uint8Array): boolean {
  return '{[ \t\r\n'.includes(String.fromCharCode(view[0] as number));
}

function readDocument(text: Uint8Array): ArchiveDocument | undefined {
  const value = parse(text);
  const object: JsonObject = isJsonObject(value) ? value : {};
  const [config, layers] = [referenceOf(member(object, 'config')), listOf(referenceOf, member(object, 'layers'))];
  const rootfs = member(object, 'rootfs');
  const document = {
    manifests: listOf(referenceOf, member(object, 'manifests')),
    content: config === undefined || layers === undefined ? undefined : { config, layers },
    // Docker omits an empty list.
    diffIds: isJsonObject(rootfs) ? listOf(textOf, member(rootfs, 'diff_ids') ?? null) : undefined,
    platform: platformOf(object),
    created: isJsonObject(rootfs) ? textOf(object['created']) : undefined,
    images: listOf(savedImageOf, Array.isArray(value) ? value : undefined),
  };
  return Object.values(document).some((each) => each !== undefined) ? document : undefined;
}

function parse(text: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(text));
  } catch {
    return undefined; // usually not a fault: a layer or an attestation that begins like JSON
  }
}

/**
 * The member of that name. Returns false, which no reading accepts, if another name differs only in case: Go reads both and
 * keeps the last one, so an engine would read another document.
 */
function member(object: JsonObject, name: string): unknown {
  const folded = foldedCase(name);
  return Object.keys(object).some((key) => key !== name && foldedCase(key) === folded) ? false : object[name];
}

/** Folds case as Go does for the names of members: U+017F is an s, U+212A a k. */
function foldedCase(name: string): string {
  return name.toUpperCase().toLowerCase();
}

/** Reads a list; undefined if an item cannot be read. Go writes null for an empty list, as in Docker 25.0's `index.json` (moby#47210). */
function listOf<Item>(read: (value: unknown) => Item | undefined, value: unknown): readonly Item[] | undefined {
  if (value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const items = value.map(read);
  return items.every((item) => item !== undefined) ? items : undefined;
}

function referenceOf(value: unknown): ContentReference | undefined {
  if (!isJsonObject(value)) return undefined;
  const { platform, annotations } = value;
  const [digest, mediaType] = [member(value, 'digest'), member(value, 'mediaType')];
  if (typeof digest !== 'string' || typeof mediaType !== 'string') return undefined;
  const [type = ''] = mediaType.split(';', 1);
  return {
    digest,
    mediaType: type.trim().toLowerCase(),
    size: COUNT.test(value['size']) ? (value['size'] as number) : undefined,
    platform: isJsonObject(platform) ? platformOf(platform) : undefined,
    annotations: isJsonObject(annotations) ? annotations : {},
  };
}

function platformOf({ os, architecture, variant }: JsonObject): ImagePlatform | undefined {
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  return { Os: os, Architecture: architecture, Variant: textOf(variant) };
}

function savedImageOf(value: unknown): SavedImage | undefined {
  if (!isJsonObject(value)) return undefined;
  const [config, layers] = [textOf(member(value, 'Config')), listOf(textOf, member(value, 'Layers'))];
  const names = listOf(textOf, member(value, 'RepoTags') ?? null) ?? [];
  return config === undefined || layers === undefined ? undefined : { names, config, layers };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
