// Types of the engine's responses about the origin of an image: its signatures, its build, and the repositories it came from.
// They are part of `ImageInspect` (API 1.53) and `ImageManifestImage` (API 1.54), on the containerd store.

/** The origin of an image, as the engine itself has verified it. Each list is left out if it is empty. */
export interface ImageIdentity {
  /** Signatures of the image. */
  readonly Signature?: readonly SignatureIdentity[];
  /** Repositories from which the image was pulled, or to which it was pushed. */
  readonly Pull?: readonly PullIdentity[];
  /** Builds that made the image. */
  readonly Build?: readonly BuildIdentity[];
}

/** One signature of an image. */
export interface SignatureIdentity {
  /** The kind of signature, in words. */
  readonly Name?: string;
  /** Proofs of the time of the signature. */
  readonly Timestamps?: readonly SignatureTimestamp[];
  /** The name of a signer that the engine knows: `DHI`. */
  readonly KnownSigner?: string;
  /** The image's name in the signature; only in old formats of signatures. */
  readonly DockerReference?: string;
  /** The signer, from the certificate. */
  readonly Signer?: SignerIdentity;
  /** The format: `bundle-v0.3`, `simplesigning-v1`. */
  readonly SignatureType?: string;
  /** Why the signature could not be verified; the other fields are then left out. */
  readonly Error?: string;
  readonly Warnings?: readonly string[];
}

/** A proof of when an image was signed. */
export interface SignatureTimestamp {
  /** `Tlog` or `TimestampAuthority`. */
  readonly Type: string;
  /** Address of the log or authority. */
  readonly URI: string;
  /** The time of the signature, RFC 3339. */
  readonly Timestamp: string;
}

/** What the signer's certificate says. The fields are extensions of Fulcio certificates, all of them optional. */
export interface SignerIdentity {
  readonly CertificateIssuer?: string;
  readonly SubjectAlternativeName?: string;
  readonly Issuer?: string;
  readonly BuildSignerURI?: string;
  readonly BuildSignerDigest?: string;
  readonly RunnerEnvironment?: string;
  readonly SourceRepositoryURI?: string;
  readonly SourceRepositoryDigest?: string;
  readonly SourceRepositoryRef?: string;
  readonly SourceRepositoryIdentifier?: string;
  readonly SourceRepositoryOwnerURI?: string;
  readonly SourceRepositoryOwnerIdentifier?: string;
  readonly BuildConfigURI?: string;
  readonly BuildConfigDigest?: string;
  readonly BuildTrigger?: string;
  readonly RunInvocationURI?: string;
  readonly SourceRepositoryVisibilityAtSigning?: string;
}

/** A repository from which an image was pulled. */
export interface PullIdentity {
  /** The repository: `docker.io/library/alpine`. */
  readonly Repository?: string;
}

/** A build that made an image. */
export interface BuildIdentity {
  /** The reference of the build in BuildKit's history. */
  readonly Ref?: string;
  /** The time of the build, RFC 3339. */
  readonly CreatedAt?: string;
}
