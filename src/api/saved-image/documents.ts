// The JSON documents inside a saved image: what each of them says of other entries and of its platform, and nothing else of it.

import { decodeUtf8 } from '../../bytes.ts';
import { isJsonObject } from '../api-error.ts';
import type { JsonObject } from '../api-error.ts';
import type { ImagePlatform } from '../platform.ts';

/** The longest JSON that is read: what the OCI distribution-spec wants registries to take, "Pushing Manifests". */
export const DOCUMENT_LIMIT = 4 * 1024 * 1024;
/** The most that paths and references may take in memory, by a rough count: some 200,000 entries. */
export const MEMORY_LIMIT = 64 * 1024 * 1024;
/** What an entry takes beside its texts. */
export const ENTRY_COST = 256;

/** A reference by digest: OCI image-spec, "OCI Content Descriptors". */
export interface ContentReference {
  readonly digest: string;
  /** In small letters and without parameters, as RFC 6838 has types compared. */
  readonly mediaType: string;
  /** The platform that an index gives for a manifest. */
  readonly platform: ImagePlatform | undefined;
  readonly annotations: JsonObject;
}

/** What a manifest refers to: the config, and the layers from the lowest. */
export interface ManifestContent {
  readonly config: ContentReference;
  readonly layers: readonly ContentReference[];
}

/** An image of `manifest.json`, by the paths of its parts in the archive. */
export interface SavedImage {
  readonly config: string;
  readonly layers: readonly string[];
}

/**
 * A document by all that it can be read as. A text may be an index and a manifest at once (CVE-2021-41190): what it is
 * meant as says the one who refers to it, never its own fields.
 */
export interface ArchiveDocument {
  /** As an OCI index or a manifest list: the manifests. */
  readonly manifests: readonly ContentReference[] | undefined;
  /** As a manifest. */
  readonly content: ManifestContent | undefined;
  /** As an image's config: the digests of its layers as plain tar, from the lowest. */
  readonly diffIds: readonly string[] | undefined;
  /** As an image's config: the platform that it is for. */
  readonly platform: ImagePlatform | undefined;
  /** As `manifest.json`. */
  readonly images: readonly SavedImage[] | undefined;
}

/** Reads an entry as a document while it passes. */
export class DocumentReader {
  readonly #size: number;
  #text: Uint8Array | undefined;
  #received = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Takes the next bytes of the entry, which are not kept. */
  push(view: Uint8Array): void {
    const mayBeDocument = this.#received === 0 && this.#size <= DOCUMENT_LIMIT && beginsLikeJson(view);
    if (mayBeDocument) this.#text = new Uint8Array(this.#size);
    this.#text?.set(view, this.#received);
    this.#received += view.length;
  }

  /** At the end of the entry: the document; undefined where it is none. */
  end(): ArchiveDocument | undefined {
    return this.#text && readDocument(this.#text);
  }
}

/** An object, a list, or white space before one. */
function beginsLikeJson(view: Uint8Array): boolean {
  return '{[ \t\r\n'.includes(String.fromCharCode(view[0] as number));
}

/** Reads a document; undefined if the text is not JSON or does not describe an image. */
export function readDocument(text: Uint8Array): ArchiveDocument | undefined {
  const value = parse(text);
  const object: JsonObject = isJsonObject(value) ? value : {};
  const document = {
    manifests: listOf(reference, member(object, 'manifests')),
    content: contentOf(object),
    diffIds: diffIdsOf(object),
    platform: platformOf(object),
    images: listOf(savedImage, Array.isArray(value) ? value : undefined),
  };
  return Object.values(document).some((each) => each !== undefined) ? document : undefined;
}

function parse(text: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(text));
  } catch {
    return undefined; // most often no fault, but a layer or an attestation that begins like JSON
  }
}

function contentOf(object: JsonObject): ManifestContent | undefined {
  const config = reference(member(object, 'config'));
  const layers = listOf(reference, member(object, 'layers'));
  return config === undefined || layers === undefined ? undefined : { config, layers };
}

function diffIdsOf(object: JsonObject): readonly string[] | undefined {
  const rootfs = member(object, 'rootfs');
  // Docker leaves an empty list out.
  return isJsonObject(rootfs) ? listOf(text, member(rootfs, 'diff_ids') ?? null) : undefined;
}

/**
 * The member of that name; false, which no member may be, where one of another case is there: Go takes both, and the last
 * of them, so that an engine would read another document.
 */
function member(object: JsonObject, name: string): unknown {
  const folded = foldedCase(name);
  return Object.keys(object).some((key) => key !== name && foldedCase(key) === folded) ? false : object[name];
}

/** As Go compares the names of members, with U+017F for s and U+212A for k. */
function foldedCase(name: string): string {
  return name.toUpperCase().toLowerCase();
}

/** A list, if each item can be read. Go writes null for an empty one, Docker 25.0 in `index.json` (moby#47210). */
function listOf<Item>(read: (value: unknown) => Item | undefined, value: unknown): readonly Item[] | undefined {
  if (value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const items = value.map(read);
  return items.every((item) => item !== undefined) ? items : undefined;
}

function reference(value: unknown): ContentReference | undefined {
  if (!isJsonObject(value)) return undefined;
  const { platform, annotations } = value;
  const [digest, mediaType] = [member(value, 'digest'), member(value, 'mediaType')];
  if (typeof digest !== 'string' || typeof mediaType !== 'string') return undefined;
  const [type = ''] = mediaType.split(';', 1);
  return {
    digest,
    mediaType: type.trim().toLowerCase(),
    platform: isJsonObject(platform) ? platformOf(platform) : undefined,
    annotations: isJsonObject(annotations) ? annotations : {},
  };
}

function platformOf({ os, architecture, variant }: JsonObject): ImagePlatform | undefined {
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  return { Os: os, Architecture: architecture, Variant: typeof variant === 'string' ? variant : undefined };
}

function savedImage(value: unknown): SavedImage | undefined {
  if (!isJsonObject(value)) return undefined;
  const config = text(member(value, 'Config'));
  const layers = listOf(text, member(value, 'Layers'));
  return config === undefined || layers === undefined ? undefined : { config, layers };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
