// What the engine says of itself, of logins, of events and of the room that images take. `@since` and `@until` are as in
// image-types.ts.

import type { ImageSummary } from './image.ts';

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
