// The result of verifying the digests of a saved image.

/** The result of `verify: "digests"`. */
export interface VerifiedContent {
  /** The size, in bytes, of all files whose digest is stated by their name, a manifest or a config. */
  readonly bytes: number;
  /**
   * The paths of files for which the archive states no digest. In an engine's archives, these are the tables of contents
   * (`index.json`, `manifest.json`, `repositories`, `oci-layout`), and from Docker before 25 and Podman each layer's
   * `VERSION` and `json`, which only Docker before 1.10 reads. None of them is content of an image.
   */
  readonly unverified: readonly string[];
  /**
   * Missing paths that an index or a manifest refers to, and that are allowed to be missing: platforms of an index that the engine does
   * not have, and layers that must not be distributed.
   */
  readonly absent: readonly string[];
}
