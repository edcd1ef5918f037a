// Types of the engine's responses about manifests: the manifests of an image in the engine's store, their attestations, and the
// manifests in a registry. `@since` and `@until` are explained in image.ts.

import type { ImageIdentity } from './identity.ts';
import type { PlatformObject } from '../platform.ts';

/** A content descriptor (OCI image-spec, "OCI Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string;
  /** The digest of the content, `sha256:...`. */
  readonly digest: string;
  /** Size of the content in bytes. */
  readonly size: number;
  /** Other addresses of the content. */
  readonly urls?: readonly string[] | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
  /** The content itself in base64, if it is short. */
  readonly data?: string | null;
  /** The platform, if the descriptor is part of an index. */
  readonly platform?: PlatformObject | null;
  readonly artifactType?: string | null;
}

/** One manifest of an image: the image for one platform, or an attestation of it. Containerd store. */
export interface ImageManifestSummary {
  /** The digest of the manifest, `sha256:...`. */
  readonly ID: string;
  readonly Descriptor: Descriptor;
  /** Whether the engine has all of the manifest's content. */
  readonly Available: boolean;
  readonly Size: ImageManifestSize;
  /** The kind of the manifest: one of the next two fields is set, except for `unknown`. */
  readonly Kind: 'image' | 'attestation' | 'unknown';
  readonly ImageData?: ImageManifestImage | null;
  readonly AttestationData?: ImageManifestAttestation | null;
}

/** How much of a manifest's content the engine has, in bytes. */
export interface ImageManifestSize {
  /** Configuration and layers as they were pulled, in bytes. */
  readonly Content: number;
  /** The same together with unpacked layers, in bytes. */
  readonly Total: number;
}

/** Data of a manifest of the kind `image`. */
export interface ImageManifestImage {
  readonly Platform: PlatformObject;
  readonly Size: ImageUnpackedSize;
  /** IDs of the containers that use it. */
  readonly Containers: readonly string[] | null;
  /** Only in `images` with the option `identity`. @since API 1.54 */
  readonly Identity?: ImageIdentity | null;
}

/** The size of an unpacked image. */
export interface ImageUnpackedSize {
  /** In bytes. */
  readonly Unpacked: number;
}

/** Data of a manifest of the kind `attestation`. */
export interface ImageManifestAttestation {
  /** The digest of the manifest that is attested. */
  readonly For: string;
}

/** One attestation of an image, API 1.55. */
export interface ImageAttestation {
  readonly Descriptor: Descriptor;
  /** The type of the statement, a URI: `https://slsa.dev/provenance/v1`. */
  readonly PredicateType: string;
  /** The in-toto statement; only with the option `statement`. */
  readonly Statement?: unknown;
}

/** The result of `inspectDistribution`: the manifest or index of a reference in its registry, API 1.30. */
export interface DistributionInspect {
  /** The descriptor of the manifest or index. */
  readonly Descriptor: Descriptor;
  /** The platforms of the index; one for a manifest. */
  readonly Platforms: readonly PlatformObject[];
}
