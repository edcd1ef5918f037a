// The media types of what an image consists of, and how compressed content begins. Types are in small letters, and without
// parameters.

/** Of indexes: OCI image-spec, "OCI Image Media Types", and Docker's "Image Manifest Version 2, Schema 2". */
export const INDEX_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);
/** Whether a descriptor is that of an index. */
export function isIndex(descriptor: { readonly mediaType?: string | undefined } | undefined): boolean {
  const [type = ''] = (descriptor?.mediaType ?? '').split(';', 1);
  return INDEX_TYPES.has(type.trim().toLowerCase());
}

/** Of manifests, from the same two. */
export const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);
/** Of the configs of images, from the same two. */
export const CONFIG_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

/** How gzip, Zstandard (its skippable frames too), bzip2 and xz begin: what engines unpack, whatever a type says. */
const compressed = /^(?:\x1f\x8b|\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18|BZh|\xfd7zX)/;

/** Whether a file that begins so (Latin-1) is compressed. */
export function isCompressedStart(start: string): boolean {
  return compressed.test(start);
}

/** Layers of a file system; all others are for programs other than engines. */
export function isTar(mediaType: string): boolean {
  return /[.-]tar(?:$|[.+])/.test(mediaType);
}

/** Layers that only the owner of a key can read (containers/ocicrypt). */
export function isEncrypted(mediaType: string): boolean {
  return mediaType.endsWith('+encrypted');
}

/** Layers whose licence forbids to hand them on: Windows' own. Docker leaves them out of what it saves. */
export function isWithheld(mediaType: string): boolean {
  return /\.(?:foreign|nondistributable)\./.test(mediaType);
}
