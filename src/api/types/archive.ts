// The result of `inspectArchive`.

/** What an archive of images says about itself. */
export interface ArchiveInspection {
  /** Which tables of contents it has: `index.json` of an OCI layout, `manifest.json` of Docker, or both. */
  readonly format: 'oci' | 'docker' | 'oci+docker';
  /** How it is compressed; undefined if it is not. */
  readonly compression: 'gzip' | 'zstd' | undefined;
  /** The length of the archive in bytes, after it has been decompressed. */
  readonly bytes: number;
  /** The number of its entries. */
  readonly entries: number;
  readonly images: readonly ArchiveImage[];
}

/** An image in an archive. */
export interface ArchiveImage {
  /** Its names, as the docker command shows them: `alpine:3.20`. */
  readonly references: readonly string[];
  /** The digest of its index or manifest, which is its ID in a containerd store; undefined if only `manifest.json` lists it. */
  readonly digest: string | undefined;
  /** One for each platform. */
  readonly variants: readonly ArchiveVariant[];
  /** The digests of its attestations and other artifacts. */
  readonly artifacts: readonly string[];
}

/** An image for one platform. */
export interface ArchiveVariant {
  /** The digest of its config, which is its ID on a graph driver and on Podman; undefined if the archive does not have its manifest. */
  readonly id: string | undefined;
  /** `linux/arm64/v8`; undefined if the archive does not say it. */
  readonly platform: string | undefined;
  /** When it was made, as its config says it: a time as in RFC 3339. */
  readonly created: string | undefined;
  /** From the lowest to the highest. */
  readonly layers: readonly ArchiveLayer[];
  /** The size of its layers in the archive, in bytes, without those that are missing. */
  readonly size: number;
  /** The digests or paths of what it needs and the archive does not have: its manifest, its config, layers. */
  readonly missing: readonly string[];
}

/** A layer of an image in an archive. */
export interface ArchiveLayer {
  /** The digest of its content in the archive; undefined in Docker's older layout. */
  readonly digest: string | undefined;
  /** Its digest as an uncompressed tar; undefined if the config is missing. */
  readonly diffId: string | undefined;
  /** Undefined if only `manifest.json` lists it. */
  readonly mediaType: string | undefined;
  /** In bytes, as it is in the archive; undefined if it is missing and its size is not known. */
  readonly size: number | undefined;
}
