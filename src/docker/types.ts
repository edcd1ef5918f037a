// What the engine's JSON answers hold, as the API's documents and recorded answers have it. Every field that some
// engine leaves out is optional; unknown ones are kept.

import type { PlatformObject } from './platform.ts';

/** A content descriptor of OCI. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  readonly platform?: PlatformObject;
  readonly annotations?: Readonly<Record<string, string>> | null;
}

/** One image in a list. */
export interface ImageSummary {
  /** `sha256:…`: of the configuration, or of the index on the containerd store. */
  readonly Id: string;
  readonly ParentId: string;
  /** `[]` for an untagged image. */
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  /** Seconds since 1970. */
  readonly Created: number;
  /** In bytes. */
  readonly Size: number;
  /** In bytes; -1 where it was not asked for (`sharedSize`). */
  readonly SharedSize: number;
  /** -1 below API 1.51. */
  readonly Containers: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** Only below API 1.44. */
  readonly VirtualSize?: number;
  /** @since API 1.48 */
  readonly Descriptor?: Descriptor;
  /** @since API 1.47, with `manifests` */
  readonly Manifests?: readonly unknown[];
}

/** One image. */
export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  /** RFC 3339; left out from API 1.44 where it is not known. */
  readonly Created?: string;
  readonly Architecture: string;
  readonly Os: string;
  readonly Variant?: string;
  readonly OsVersion?: string;
  /** In bytes. */
  readonly Size: number;
  /** Only below API 1.44. */
  readonly VirtualSize?: number;
  readonly Parent?: string;
  readonly Comment?: string;
  readonly DockerVersion?: string;
  readonly Author?: string;
  readonly Config?: Readonly<Record<string, unknown>> | null;
  readonly GraphDriver?: Readonly<Record<string, unknown>> | null;
  readonly RootFS?: { readonly Type: string; readonly Layers?: readonly string[] };
  readonly Metadata?: { readonly LastTagTime?: string };
  /** @since API 1.48 */
  readonly Descriptor?: Descriptor;
  /** @since API 1.48, with `manifests` */
  readonly Manifests?: readonly unknown[];
}

/** One step in an image's making, newest first. */
export interface HistoryItem {
  /** `<missing>` where the layer came from elsewhere. */
  readonly Id: string;
  /** Seconds since 1970. */
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Tags: readonly string[] | null;
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
}

/** An engine's versions. */
export interface VersionResult {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion?: string;
  readonly GitCommit?: string;
  readonly GoVersion?: string;
  readonly BuildTime?: string;
  readonly Platform?: { readonly Name: string };
  readonly Components?: ReadonlyArray<{
    readonly Name: string;
    readonly Version: string;
    readonly Details?: Readonly<Record<string, string>>;
  }>;
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
  readonly DriverStatus: ReadonlyArray<readonly [string, string]> | null;
  readonly Warnings?: readonly string[] | null;
  readonly [field: string]: unknown;
}

/** What a registry said to credentials. */
export interface AuthResult {
  /** `Login Succeeded`. */
  readonly Status: string;
  /** A token to be used in place of the password; empty where the registry gives none. */
  readonly IdentityToken: string;
}

/** Something that happened to an image. */
export interface ImageEvent {
  readonly Type: 'image';
  /** `create`, `delete`, `import`, `load`, `pull`, `push`, `save`, `tag`, `untag`, `prune`; Podman has some of its own. */
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> | null };
  /** Seconds since 1970. */
  readonly time: number;
  /** Nanoseconds since 1970; above 2^53, so the last digits are not exact. */
  readonly timeNano: number;
  readonly scope?: string;
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
  /** `sha256:…` of what the registry has under that name; Podman does not tell. */
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
