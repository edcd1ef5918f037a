// What the engine's JSON answers hold, as the API's documents and recorded answers have it. Every field that some
// engine leaves out is optional; unknown ones are kept. `@since` is the first API version that has a field, `@until`
// the first that has it no more; Podman, which overlooks the version, has those of old at any time.

import type { PlatformObject } from './platform.ts';

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

/** One image in a list. */
export interface ImageSummary {
  /** `sha256:…`: of the configuration, or of the index on the containerd store. */
  readonly Id: string;
  /** Empty for an image that was not built here. */
  readonly ParentId: string;
  /** `[]` for an untagged image. */
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  /** Seconds since 1970. */
  readonly Created: number;
  /** In bytes. */
  readonly Size: number;
  /** In bytes; -1 where it was not asked for (`sharedSize`), 0 on Podman 4. */
  readonly SharedSize: number;
  /** How many use it; -1 below API 1.51. */
  readonly Containers: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** As `Size`. @until API 1.44 */
  readonly VirtualSize?: number;
  /** Of the index or manifest; containerd store. @since API 1.48 */
  readonly Descriptor?: Descriptor;
  /** With `manifests`; containerd store. @since API 1.47 */
  readonly Manifests?: readonly ImageManifestSummary[];
  /** As `RepoTags`; Podman. */
  readonly Names?: readonly string[];
  /** Of the manifest; Podman. */
  readonly Digest?: string;
  /** The names that it had; Podman. */
  readonly History?: readonly string[];
  /** Whether it has no name; Podman. */
  readonly Dangling?: boolean;
  /** Whether it is in a store that cannot be written; Podman. */
  readonly ReadOnly?: boolean;
  /** Whether it is an index; Podman 5. */
  readonly IsManifestList?: boolean;
  /** Podman 5. */
  readonly Arch?: string;
  /** Podman 5. */
  readonly Os?: string;
}

/** One manifest of an image: a platform's variant, or what was attached to one. */
export interface ImageManifestSummary {
  /** `sha256:…`, of the manifest. */
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

/** One image. */
export interface ImageInspect {
  /** `sha256:…`: of the configuration; on the containerd store of the index, or with `platform` of the manifest. */
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  /** RFC 3339; left out from API 1.44 where it is not known. */
  readonly Created?: string;
  readonly Architecture: string;
  readonly Os: string;
  /** @since API 1.39 */
  readonly Variant?: string;
  /** On Podman the version of Docker that built it, by mistake. @since API 1.28 */
  readonly OsVersion?: string;
  /** In bytes. */
  readonly Size: number;
  /** As `Size`. @until API 1.44 */
  readonly VirtualSize?: number;
  /** Left out from API 1.52 where it is empty, as are `Comment`, `DockerVersion` and `Author`. */
  readonly Parent?: string;
  readonly Comment?: string;
  /** What built it, long ago. */
  readonly DockerVersion?: string;
  readonly Author?: string;
  /** That in which it was committed. @until API 1.45 */
  readonly Container?: string;
  /** @until API 1.45 */
  readonly ContainerConfig?: ImageConfig | null;
  readonly Config: ImageConfig | null;
  /** Left out from API 1.52 on the containerd store. */
  readonly GraphDriver?: GraphDriver | null;
  readonly RootFS: RootFileSystem;
  /** @since API 1.31 */
  readonly Metadata?: ImageMetadata;
  /** Of the index or manifest; containerd store. @since API 1.48 */
  readonly Descriptor?: Descriptor;
  /** With `manifests`; containerd store. @since API 1.48 */
  readonly Manifests?: readonly ImageManifestSummary[];
  /** Containerd store. @since API 1.53 */
  readonly Identity?: ImageIdentity | null;
}

/** How a container of the image starts. From API 1.52 what is not set is left out; before, it is empty or null. */
export interface ImageConfig {
  readonly User?: string;
  /** `{ "80/tcp": {} }`. */
  readonly ExposedPorts?: Readonly<Record<string, unknown>> | null;
  /** `["NAME=value"]`. */
  readonly Env?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Entrypoint?: readonly string[] | null;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  /** `{ "/data": {} }`. */
  readonly Volumes?: Readonly<Record<string, unknown>> | null;
  readonly OnBuild?: readonly string[] | null;
  /** `SIGTERM`, `15`. */
  readonly StopSignal?: string | null;
  readonly Shell?: readonly string[] | null;
  readonly Healthcheck?: HealthCheck | null;
  /** Windows. */
  readonly ArgsEscaped?: boolean | null;
  // Of containers alone: empty in an image.
  /** @until API 1.50 */
  readonly Hostname?: string;
  /** @until API 1.50 */
  readonly Domainname?: string;
  /** @until API 1.50 */
  readonly AttachStdin?: boolean;
  /** @until API 1.50 */
  readonly AttachStdout?: boolean;
  /** @until API 1.50 */
  readonly AttachStderr?: boolean;
  /** @until API 1.50 */
  readonly Tty?: boolean;
  /** @until API 1.50 */
  readonly OpenStdin?: boolean;
  /** @until API 1.50 */
  readonly StdinOnce?: boolean;
  /** @until API 1.50 */
  readonly Image?: string;
  /** @until API 1.50 */
  readonly NetworkDisabled?: boolean | null;
  /** @until API 1.50 */
  readonly MacAddress?: string | null;
  /** In seconds. @until API 1.50 */
  readonly StopTimeout?: number | null;
}

/** How to see whether a container is well; times are in nanoseconds. */
export interface HealthCheck {
  /** `["CMD", "curl", "-f", "http://localhost"]`, `["CMD-SHELL", "…"]`, `["NONE"]`. */
  readonly Test?: readonly string[] | null;
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly Retries?: number;
  readonly StartPeriod?: number;
  /** @since API 1.44 */
  readonly StartInterval?: number;
}

/** Where the storage driver has the image. */
export interface GraphDriver {
  /** `overlay2`, `overlayfs`, `overlay`. */
  readonly Name: string;
  readonly Data: Readonly<Record<string, string>> | null;
}

/** The layers of an image. */
export interface RootFileSystem {
  /** `layers`. */
  readonly Type?: string;
  /** The `sha256:…` of each when unpacked, the lowest first. */
  readonly Layers?: readonly string[] | null;
}

/** What the engine knows of an image that is not in the image. */
export interface ImageMetadata {
  /** RFC 3339. */
  readonly LastTagTime?: string;
}

/** One step in an image's making, newest first. */
export interface HistoryItem {
  /** `<missing>` where the layer came from elsewhere. */
  readonly Id: string;
  /** Seconds since 1970. */
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Tags: readonly string[];
  /** In bytes. */
  readonly Size: number;
  readonly Comment: string;
}

/** One consequence of a removal: a name that is gone, or an image that is. */
export interface RemoveItem {
  readonly Untagged?: string;
  readonly Deleted?: string;
}

/** What a prune did. */
export interface PruneResult {
  readonly ImagesDeleted: readonly RemoveItem[];
  /** In bytes. */
  readonly SpaceReclaimed: number;
}

/** One repository that a search found. */
export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  /** @deprecated always false on engines of today */
  readonly is_automated?: boolean;
}

/** What a registry says of a reference. */
export interface DistributionInspect {
  readonly Descriptor: Descriptor;
  readonly Platforms: readonly PlatformObject[];
}

/** What an engine says of itself when pinged. */
export interface PingResult {
  /** The newest API version that it speaks. */
  readonly apiVersion: string;
  /** `linux`, `windows`; Podman 4 does not say. */
  readonly osType: string | undefined;
  readonly experimental: boolean;
  /** `1` the classic builder, `2` BuildKit. */
  readonly builderVersion: string | undefined;
  /** `Docker/28.5.2 (linux)`, `Libpod/4.3.1 (linux)`. */
  readonly server: string | undefined;
  /** Podman answers as Docker, but for what it has not. */
  readonly isPodman: boolean;
  /** `4.3.1`; undefined where the engine is none. */
  readonly podmanVersion: string | undefined;
}

/** An engine's versions. */
export interface VersionResult {
  readonly Version: string;
  readonly ApiVersion: string;
  /** @since API 1.25 */
  readonly MinAPIVersion?: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion?: string;
  readonly GitCommit?: string;
  readonly GoVersion?: string;
  readonly BuildTime?: string;
  /** Left out where it is false. */
  readonly Experimental?: boolean;
  /** @since API 1.35 */
  readonly Platform?: VersionPlatform;
  /** @since API 1.35 */
  readonly Components?: readonly VersionComponent[];
}

/** What an engine is a build of: `Docker Engine - Community`, `linux/amd64/debian-12`. */
export interface VersionPlatform {
  readonly Name: string;
}

/** One program that an engine is made of. */
export interface VersionComponent {
  /** `Engine`, `containerd`, `runc`, `Podman Engine`, `Conmon`. */
  readonly Name: string;
  readonly Version: string;
  readonly Details?: Readonly<Record<string, string>> | null;
}

/** What an engine says of itself at length; of its many fields, those that matter to images. */
export interface InfoResult {
  readonly ID: string;
  readonly Name: string;
  readonly ServerVersion: string;
  readonly OperatingSystem: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly Images: number;
  /** The storage driver, `overlay2`, `overlayfs`, `overlay`. */
  readonly Driver: string;
  readonly DriverStatus: readonly (readonly [string, string])[] | null;
  readonly Warnings?: readonly string[] | null;
  readonly [field: string]: unknown;
}

/** What a registry said to credentials. */
export interface AuthResult {
  /** `Login Succeeded`. */
  readonly Status: string;
  /** A token to be used in place of the password; where the registry gives none, empty, or left out (Docker 29). */
  readonly IdentityToken?: string;
}

/** Something that happened to an image. */
export interface ImageEvent {
  readonly Type: 'image';
  /** `create`, `delete`, `import`, `load`, `prune`, `pull`, `push`, `save`, `tag`, `untag`; Podman has its own, too. */
  readonly Action: string;
  readonly Actor: EventActor;
  /** Seconds since 1970. */
  readonly time: number;
  /** Nanoseconds since 1970; above 2^53, so the last digits are not exact. */
  readonly timeNano: number;
  /** `local`. */
  readonly scope?: string;
  /** As `Action`. @until API 1.52 */
  readonly status?: string;
  /** As `Actor.ID`. @until API 1.52 */
  readonly id?: string;
  /** @until API 1.52 */
  readonly from?: string;
}

/** What an event happened to. */
export interface EventActor {
  /** The image's name or id; empty when Podman 4 has loaded some. */
  readonly ID: string;
  /** `name`, and the image's labels. */
  readonly Attributes: Readonly<Record<string, string>> | null;
}

/** How much the images of an engine take. */
export interface ImageDiskUsage {
  /** All layers, each counted once, in bytes. */
  readonly totalSize: number;
  /** What no container needs, in bytes. */
  readonly reclaimable: number;
  readonly totalCount: number;
  /** Images that a container uses. */
  readonly activeCount: number;
  /** Each image with its share, where `verbose` asked for them. */
  readonly images: readonly ImageSummary[] | undefined;
}

/** One attestation of an image. */
export interface ImageAttestation {
  readonly Descriptor: Descriptor;
  /** A URI, `https://slsa.dev/provenance/v1`. */
  readonly PredicateType: string;
  /** The in-toto statement, where it was asked for. */
  readonly Statement?: unknown;
}

/** What a pull came to. */
export interface PullResult {
  /** In canonical form, `docker.io/library/alpine:3.20`. */
  readonly reference: string;
  /** `sha256:…` of what the registry has under that name; undefined after `allTags`, or where Podman knows several. */
  readonly digest: string | undefined;
  /** Undefined where the engine does not tell. */
  readonly status: 'downloaded' | 'up-to-date' | undefined;
  readonly warnings: readonly string[];
}

/** What a push came to. */
export interface PushResult {
  /** In canonical form. */
  readonly reference: string;
  /** `sha256:…` of the manifest that the registry has now; undefined after `allTags`, which has many. */
  readonly digest: string | undefined;
  /** Of the manifest, in bytes. */
  readonly size: number | undefined;
}

/** What a load came to. */
export interface LoadResult {
  /** The names that the archive gave its images. */
  readonly references: readonly string[];
  /** The ids of the images that it gave no name. */
  readonly ids: readonly string[];
}

/** What an import came to. */
export interface ImportResult {
  /** The new image's, `sha256:…`. */
  readonly id: string;
}
