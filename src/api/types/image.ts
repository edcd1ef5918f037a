// What the engine's JSON answers say of images, as the API's documents and recorded answers have it. In these files, every
// field that some engine leaves out is optional; unknown ones are kept. `@since` is the first API version that has a field,
// `@until` the first that has it no more; Podman, which overlooks the version, has those of old at any time.

import type { ImageIdentity } from './identity.ts';
import type { Descriptor, ImageManifestSummary } from './manifest.ts';

/** One image in a list. */
export interface ImageSummary {
  /** `sha256:...`: of the configuration, or of the index on the containerd store. */
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

/** One image. */
export interface ImageInspect {
  /** `sha256:...`: of the configuration; on the containerd store of the index, or with `platform` of the manifest. */
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
  /** `["CMD", "curl", "-f", "http://localhost"]`, `["CMD-SHELL", "..."]`, `["NONE"]`. */
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
  /** The `sha256:...` of each when unpacked, the lowest first. */
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
