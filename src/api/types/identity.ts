// What the engine's JSON answers say of where an image is from: who signed it, who built it, and whence it was pulled.

/** Where an image is from, as the engine itself has verified. */
export interface ImageIdentity {
  readonly Signature?: readonly SignatureIdentity[];
  /** Where it was pulled from, and pushed to. */
  readonly Pull?: readonly PullIdentity[];
  readonly Build?: readonly BuildIdentity[];
}

/** One signature of an image. */
export interface SignatureIdentity {
  /** What kind of signature it is, in words. */
  readonly Name?: string;
  readonly Timestamps?: readonly SignatureTimestamp[];
  /** A signer that engines know: `DHI`. */
  readonly KnownSigner?: string;
  /** The image's name as it was signed; old signatures. */
  readonly DockerReference?: string;
  readonly Signer?: SignerIdentity;
  /** `bundle-v0.3`, `simplesigning-v1`. */
  readonly SignatureType?: string;
  /** Why it could not be verified; then there is nothing else. */
  readonly Error?: string;
  readonly Warnings?: readonly string[];
}

/** When an image was signed, as others witness. */
export interface SignatureTimestamp {
  /** `Tlog`, `TimestampAuthority`. */
  readonly Type: string;
  readonly URI: string;
  /** RFC 3339. */
  readonly Timestamp: string;
}

/** What the certificate of a signer says, in the names of Fulcio. */
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

/** Where an image was pulled from. */
export interface PullIdentity {
  readonly Repository?: string;
}

/** Which build an image is of. */
export interface BuildIdentity {
  /** The build's, in the history of BuildKit. */
  readonly Ref?: string;
  /** RFC 3339. */
  readonly CreatedAt?: string;
}
