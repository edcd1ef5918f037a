// The media types of the parts of an image, in lower case and without parameters; and how to recognize compressed content.

/** Media types of indexes: OCI image-spec, "OCI Image Media Types", and Docker's "Image Manifest Version 2, Schema 2". */
export const INDEX_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);
/** Whether a descriptor describes an index. */
export function isIndex(descriptor: { readonly mediaType?: string | undefined } | undefined): boolean {
  const [type = ''] = (descriptor?.mediaType ?? '').split(';', 1);
  return INDEX_TYPES.has(type.trim().toLowerCase());
}

/** Media types of manifests, from the same two documents. */
export const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);
/** Media types of image configs, from the same two documents. */
export const CONFIG_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

/** How an archive or a layer can be compressed. `skippable` is a zstd file that begins with a skippable frame, as pzstd writes it. */
export type Compression = 'gzip' | 'zstd' | 'skippable' | 'bzip2' | 'xz';

/** The first bytes of each, in Latin-1. Engines decompress by them, regardless of names and types. */
const COMPRESSED: ReadonlyArray<readonly [Compression, RegExp]> = [
  ['gzip', /^\x1f\x8b/],
  ['zstd', /^\x28\xb5\x2f\xfd/],
  ['skippable', /^[\x50-\x5f]\x2a\x4d\x18/],
  ['bzip2', /^BZh/],
  ['xz', /^\xfd7zX/],
];

/** How a file is compressed, by its first four bytes as Latin-1; undefined if it is not. */
export function compressionOf(start: string): Compression | undefined {
  return COMPRESSED.find(([, magic]) => magic.test(start))?.[0];
}

/** Whether a layer is a file system. Engines do not use other layers. */
export function isTar(mediaType: string): boolean {
  return /[.-]tar(?:$|[.+])/.test(mediaType);
}

/** Whether a layer is encrypted for the owner of a key (containers/ocicrypt). */
export function isEncrypted(mediaType: string): boolean {
  return mediaType.endsWith('+encrypted');
}

/** Whether the licence of a layer forbids its distribution, as for layers of Windows. Docker omits such layers from a save. */
export function isNonDistributable(mediaType: string): boolean {
  return /\.(?:foreign|nondistributable)\./.test(mediaType);
}
