// Types of the engine's responses about images, from the API's documentation and recorded responses. In these files, a field that
// some engines omit is optional; results also keep fields without a type here. `@since` is the first API version with a field,
// `@until` the first version without it. Podman ignores the requested version, and always sends old fields.

import type { ImageIdentity } from './identity.ts';
import type { Descriptor, ImageManifestSummary } from './manifest.ts';

/** One image in the result of `images`. */
export interface ImageSummary {
  /** The ID, `sha256:...`: the digest of the configuration; on the containerd store, of the index or manifest. */
  readonly Id: string;
  /** The ID of the image that this one was built from; empty if it was not built on this engine. */
  readonly ParentId: string;
  /** Names with tags, `alpine:3.20`; `[]` for an untagged image. */
  readonly RepoTags: readonly string[];
  /** Names with digests, `alpine@sha256:...`. */
  readonly RepoDigests: readonly string[];
  /** Seconds since 1970. */
  readonly Created: number;
  /** In bytes. */
  readonly Size: number;
  /** Size in bytes of layers that other images have, too; -1 without the option `sharedSize`, 0 on Podman 4. */
  readonly SharedSize: number;
  /** How many containers use the image; -1 below API 1.51. */
  readonly Containers: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** The same as `Size`. @until API 1.44 */
  readonly VirtualSize?: number;
  /** The index or manifest. Containerd store. @since API 1.48 */
  readonly Descriptor?: Descriptor;
  /** Only with the option `manifests`. Containerd store. @since API 1.47 */
  readonly Manifests?: readonly ImageManifestSummary[];
  /** The same as `RepoTags`. Podman. */
  readonly Names?: readonly string[];
  /** The digest of the manifest. Podman. */
  readonly Digest?: string;
  /** Earlier names of the image. Podman. */
  readonly History?: readonly string[];
  /** Whether the image has no name. Podman. */
  readonly Dangling?: boolean;
  /** Whether the image is in a read-only store. Podman. */
  readonly ReadOnly?: boolean;
  /** Whether the image is a manifest list. Podman 5. */
  readonly IsManifestList?: boolean;
  /** The architecture. Podman 5. */
  readonly Arch?: string;
  /** The operating system. Podman 5. */
  readonly Os?: string;
}

/** The result of `inspectImage`. */
export interface ImageInspect {
  /** The ID, `sha256:...`: the digest of the configuration; on the containerd store, of the index, or with `platform` of the manifest. */
  readonly Id: string;
  /** Names with tags, `alpine:3.20`. */
  readonly RepoTags: readonly string[];
  /** Names with digests, `alpine@sha256:...`. */
  readonly RepoDigests: readonly string[];
  /** The time of creation, RFC 3339; from API 1.44, left out if it is unknown. */
  readonly Created?: string;
  /** `amd64`, `arm64`; empty for an artifact. */
  readonly Architecture: string;
  /** `linux`, `windows`; empty for an artifact. */
  readonly Os: string;
  /** The variant of the architecture: `v7`. @since API 1.39 */
  readonly Variant?: string;
  /** The version of Windows; on Podman, by mistake, of the Docker that built the image. @since API 1.28 */
  readonly OsVersion?: string;
  /** In bytes. */
  readonly Size: number;
  /** The same as `Size`. @until API 1.44 */
  readonly VirtualSize?: number;
  /** The ID of the image that this one was built from. From API 1.52, left out if empty, as are the next three fields. */
  readonly Parent?: string;
  readonly Comment?: string;
  /** The version of Docker that built the image. */
  readonly DockerVersion?: string;
  readonly Author?: string;
  /** The container that was committed. @until API 1.45 */
  readonly Container?: string;
  /** The configuration of that container. @until API 1.45 */
  readonly ContainerConfig?: ImageConfig | null;
  readonly Config: ImageConfig | null;
  /** From API 1.52, left out on the containerd store. */
  readonly GraphDriver?: GraphDriver | null;
  readonly RootFS: RootFileSystem;
  /** What the engine records about the image. @since API 1.31 */
  readonly Metadata?: ImageMetadata;
  /** The index or manifest. Containerd store. @since API 1.48 */
  readonly Descriptor?: Descriptor;
  /** Only with the option `manifests`. Containerd store. @since API 1.48 */
  readonly Manifests?: readonly ImageManifestSummary[];
  /** The origin of the image. Containerd store. @since API 1.53 */
  readonly Identity?: ImageIdentity | null;
}

/** How a container of the image starts. A field that is not set is left out from API 1.52; before, it is empty or null. */
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
  /** Whether `Cmd` is escaped. Windows. */
  readonly ArgsEscaped?: boolean | null;
  // The following fields are for containers, and empty in an image.
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

/** The health check of a container. Times are in nanoseconds. */
export interface HealthCheck {
  /** `["CMD", "curl", "-f", "http://localhost"]`, `["CMD-SHELL", "..."]`, `["NONE"]`. */
  readonly Test?: readonly string[] | null;
  /** Time between two checks, in nanoseconds. */
  readonly Interval?: number;
  /** Time limit of one check, in nanoseconds. */
  readonly Timeout?: number;
  /** Failed checks in sequence that make a container unhealthy. */
  readonly Retries?: number;
  /** Time after the start in which failed checks do not count, in nanoseconds. */
  readonly StartPeriod?: number;
  /** Time between two checks during the start period, in nanoseconds. @since API 1.44 */
  readonly StartInterval?: number;
}

/** The image in the storage driver. */
export interface GraphDriver {
  /** `overlay2`, `overlayfs`, `overlay`. */
  readonly Name: string;
  readonly Data: Readonly<Record<string, string>> | null;
}

/** The layers of an image. */
export interface RootFileSystem {
  /** `layers`. */
  readonly Type?: string;
  /** The digest of each uncompressed layer, `sha256:...`, from the lowest to the highest. */
  readonly Layers?: readonly string[] | null;
}

/** What the engine records about an image. */
export interface ImageMetadata {
  /** When the image was last tagged on this engine, RFC 3339. */
  readonly LastTagTime?: string;
}

/** One step of an image's history; the newest comes first. */
export interface HistoryItem {
  /** The ID of the image of this step; `<missing>` if it was not made on this engine. */
  readonly Id: string;
  /** Seconds since 1970. */
  readonly Created: number;
  /** The command of the step. */
  readonly CreatedBy: string;
  readonly Tags: readonly string[];
  /** Size of the step's layer in bytes. */
  readonly Size: number;
  readonly Comment: string;
}

/** One effect of a removal; one of the two fields is set. */
export interface RemoveItem {
  /** A removed name. */
  readonly Untagged?: string;
  /** The ID of a removed image or layer. */
  readonly Deleted?: string;
}

/** The result of a prune, API 1.25. */
export interface PruneResult {
  readonly ImagesDeleted: readonly RemoveItem[];
  /** Freed space in bytes. */
  readonly SpaceReclaimed: number;
}

/** One repository in the result of a search. */
export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  /** @deprecated always false on current engines */
  readonly is_automated?: boolean;
}

/** The result of `prunePlan`. */
export interface PrunePlan {
  /** The images that a prune would remove, as the engine lists them. */
  readonly images: readonly ImageSummary[];
  /** The names that a prune would remove from other images, which stay: containers use them, or images were built from them. */
  readonly untagged: readonly string[];
  /**
   * The space that this frees at most, in bytes. Layers that other images have are not counted, as far as the engine reports their sizes,
   * nor are folders of its store.
   */
  readonly freesAtMost: number;
}

/** The result of `checkForUpdate`. If `isCurrent` is set, both digests are. */
export type UpdateCheck = DigestComparison<boolean, string> | DigestComparison<undefined, string | undefined>;

interface DigestComparison<IsCurrent, Digest> {
  /** Whether the engine has the image that the registry has under the name; undefined if there is nothing to compare. */
  readonly isCurrent: IsCurrent;
  /**
   * The digest that the image has in that repository, as the engine knows it. If it has several, the registry's, or else the first.
   * Undefined if it has none: it was built, loaded or imported, or it comes from another repository.
   */
  readonly localDigest: Digest;
  /** The digest that the registry has under the name. Undefined if it does not have the name, or was not asked. */
  readonly remoteDigest: Digest;
}
