// The JSON documents inside a saved image: what each of them says of other entries, and nothing else of it.

import { decodeUtf8 } from '../bytes.ts';
import { isJsonObject } from './answer.ts';
import type { JsonObject } from './answer.ts';

/** A reference by digest: OCI image-spec, "OCI Content Descriptors". */
export interface ContentReference {
  readonly digest: string;
  /** In small letters and without parameters, as RFC 6838 has types compared. */
  readonly mediaType: string;
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
  /** As `manifest.json`. */
  readonly images: readonly SavedImage[] | undefined;
}

/** Reads a document; undefined where the text is no JSON, or no document of an image. */
export function readDocument(text: Uint8Array): ArchiveDocument | undefined {
  const value = parse(text);
  const object: JsonObject = isJsonObject(value) ? value : {};
  const document = {
    manifests: listOf(reference, object['manifests']),
    content: contentOf(object),
    diffIds: diffIdsOf(object),
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
  const config = reference(object['config']);
  const layers = listOf(reference, object['layers']);
  return config === undefined || layers === undefined ? undefined : { config, layers };
}

function diffIdsOf({ rootfs }: JsonObject): readonly string[] | undefined {
  // Docker leaves an empty list out.
  return isJsonObject(rootfs) ? listOf(text, rootfs['diff_ids'] ?? null) : undefined;
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
  const { digest, mediaType } = value;
  if (typeof digest !== 'string' || typeof mediaType !== 'string') return undefined;
  const [type = ''] = mediaType.split(';', 1);
  return { digest, mediaType: type.trim().toLowerCase() };
}

function savedImage(value: unknown): SavedImage | undefined {
  if (!isJsonObject(value)) return undefined;
  const config = text(value['Config']);
  const layers = listOf(text, value['Layers']);
  return config === undefined || layers === undefined ? undefined : { config, layers };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
