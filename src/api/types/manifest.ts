// What the engine's JSON answers say of manifests: those that an image has here, what is attached to them, and what a
// registry has. `@since` and `@until` are as in image-types.ts.

import type { ImageIdentity } from './identity.ts';
import type { PlatformObject } from '../platform.ts';

/** A content descriptor of OCI. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  /** Where else the content can be had. */
  readonly urls?: readonly string[] | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
  /** The content itself, in base64, where it is short. */
  readonly data?: string | null;
  readonly platform?: PlatformObject | null;
  readonly artifactType?: string | null;
}

/** One manifest of an image: a platform's variant, or what was attached to one. */
export interface ImageManifestSummary {
  /** `sha256:...`, of the manifest. */
  readonly ID: string;
  readonly Descriptor: Descriptor;
  /** Whether all of its content is here. */
  readonly Available: boolean;
  readonly Size: ImageManifestSize;
  /** Which of the two below is there; neither for `unknown`. */
  readonly Kind: 'image' | 'attestation' | 'unknown';
  readonly ImageData?: ImageManifestImage | null;
  readonly AttestationData?: ImageManifestAttestation | null;
}

/** What of a manifest's content is here, in bytes. */
export interface ImageManifestSize {
  /** As it was pulled: configuration and layers. */
  readonly Content: number;
  /** With what is unpacked. */
  readonly Total: number;
}

/** What a manifest of the kind `image` has. */
export interface ImageManifestImage {
  readonly Platform: PlatformObject;
  readonly Size: ImageUnpackedSize;
  /** The ids of those that use it. */
  readonly Containers: readonly string[] | null;
  /** In a list, with `identity`. @since API 1.54 */
  readonly Identity?: ImageIdentity | null;
}

/** What a variant takes besides its content, in bytes. */
export interface ImageUnpackedSize {
  readonly Unpacked: number;
}

/** What a manifest of the kind `attestation` has. */
export interface ImageManifestAttestation {
  /** The digest of the manifest that it attests something of. */
  readonly For: string;
}

/** One attestation of an image. */
export interface ImageAttestation {
  readonly Descriptor: Descriptor;
  /** A URI, `https://slsa.dev/provenance/v1`. */
  readonly PredicateType: string;
  /** The in-toto statement, where it was asked for. */
  readonly Statement?: unknown;
}

/** What a registry says of a reference. */
export interface DistributionInspect {
  readonly Descriptor: Descriptor;
  readonly Platforms: readonly PlatformObject[];
}
