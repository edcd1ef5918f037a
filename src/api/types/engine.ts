// Types of the engine's responses about itself, logins, events and disk usage. `@since` and `@until` are explained in image.ts.

import type { ImageSummary } from './image.ts';

/** The result of a ping, from the fields of the response's head. */
export interface PingResult {
  /** The newest API version that the engine supports: `1.51`. */
  readonly apiVersion: string;
  /** `linux` or `windows`; undefined on Podman 4. */
  readonly osType: string | undefined;
  /** Whether the daemon runs with experimental features. */
  readonly experimental: boolean;
  /** `1` for the classic builder, `2` for BuildKit; undefined if the engine does not report it. */
  readonly builderVersion: string | undefined;
  /** The Server field: `Docker/28.5.2 (linux)`, `Libpod/4.3.1 (linux)`; undefined if there is none. */
  readonly server: string | undefined;
  /** Whether the engine is Podman, which implements Docker's API with differences. */
  readonly isPodman: boolean;
  /** The version of Podman, `4.3.1`; undefined if the engine is not Podman. */
  readonly podmanVersion: string | undefined;
}

/** The versions of an engine and of its host. */
export interface VersionResult {
  /** The version of the engine: `28.5.2`. */
  readonly Version: string;
  /** The newest API version that it supports: `1.51`. */
  readonly ApiVersion: string;
  /** The oldest API version that it supports. @since API 1.25 */
  readonly MinAPIVersion?: string;
  /** `linux`, `windows`. */
  readonly Os: string;
  /** `amd64`, `arm64`. */
  readonly Arch: string;
  readonly KernelVersion?: string;
  readonly GitCommit?: string;
  readonly GoVersion?: string;
  readonly BuildTime?: string;
  /** Left out if it is false. */
  readonly Experimental?: boolean;
  /** The product. @since API 1.35 */
  readonly Platform?: VersionPlatform;
  /** The programs that the engine consists of. @since API 1.35 */
  readonly Components?: readonly VersionComponent[];
}

/** The product that contains an engine. */
export interface VersionPlatform {
  /** `Docker Engine - Community`; on Podman `linux/amd64/debian-12`. */
  readonly Name: string;
}

/** One program that an engine consists of. */
export interface VersionComponent {
  /** `Engine`, `containerd`, `runc`, `Podman Engine`, `Conmon`. */
  readonly Name: string;
  readonly Version: string;
  readonly Details?: Readonly<Record<string, string>> | null;
}

/** The state and settings of an engine. These fields are useful for images; the object also has the other fields of the response. */
export interface InfoResult {
  readonly ID: string;
  readonly Name: string;
  readonly ServerVersion: string;
  readonly OperatingSystem: string;
  readonly OSType: string;
  readonly Architecture: string;
  /** The number of images. */
  readonly Images: number;
  /** The storage driver: `overlay2`; `overlayfs` on the containerd store; `overlay` on Podman. */
  readonly Driver: string;
  /** Pairs of a name and a value. */
  readonly DriverStatus: readonly (readonly [string, string])[] | null;
  readonly Warnings?: readonly string[] | null;
  readonly [field: string]: unknown;
}

/** The result of a login that succeeded. */
export interface AuthResult {
  /** The registry's message: `Login Succeeded`. */
  readonly Status: string;
  /** A token to use instead of the password; empty or left out (Docker 29) if the registry returns none. */
  readonly IdentityToken?: string;
}

/** One event of an image. */
export interface ImageEvent {
  /** Never set: only a `ReconnectedEvent` has it, so it tells the two apart. */
  readonly type?: undefined;
  readonly Type: 'image';
  /** `create`, `delete`, `import`, `load`, `prune`, `pull`, `push`, `save`, `tag`, `untag`; Podman also has its own. */
  readonly Action: string;
  readonly Actor: EventActor;
  /** The time of the event, in seconds since 1970. Past events of Podman are not always sorted by it. */
  readonly time: number;
  /** The same time in nanoseconds since 1970. The value is above 2^53, so its last digits are not exact. */
  readonly timeNano: number;
  /** The scope: `local`. */
  readonly scope?: string;
  /** The same as `Action`. @until API 1.52 */
  readonly status?: string;
  /** The same as `Actor.ID`. @until API 1.52 */
  readonly id?: string;
  /** The image's name. @until API 1.52 */
  readonly from?: string;
}

/** Among the events of `events({ reconnect: true })`: the connection was lost, and the client is connected again. */
export interface ReconnectedEvent {
  readonly type: 'reconnected';
  /** The time without a connection, in milliseconds. The events of this time follow, as far as the engine has kept them. */
  readonly gapMs: number;
  /**
   * Whether the engine has kept all events of that time. False if events may be missing, so that images must be listed again: Docker keeps the
   * last 256 events of all kinds, and none when it is restarted.
   */
  readonly complete: boolean;
}

/** The subject of an event. */
export interface EventActor {
  /** The image's name or ID; empty for a load on Podman 4. */
  readonly ID: string;
  /** `name` and the image's labels. */
  readonly Attributes: Readonly<Record<string, string>> | null;
}

/** Disk usage of an engine's images, API 1.25. */
export interface ImageDiskUsage {
  /** Size of all layers in bytes, each counted once. */
  readonly totalSize: number;
  /** The part of it that no container needs, in bytes. */
  readonly reclaimable: number;
  /** The number of images. */
  readonly totalCount: number;
  /** The number of images that a container uses. */
  readonly activeCount: number;
  /** Each image with its sizes; undefined without the option `verbose`. */
  readonly images: readonly ImageSummary[] | undefined;
}

/** The events of an engine. Each loop over them makes a call; leaving the loop ends the call. */
export interface EventStream<Event> extends AsyncIterable<Event> {
  /**
   * Resolves when the engine has accepted the call of the first loop; rejects if the call fails before that. Reading it makes that call, and
   * events are kept for the loop from then on: read it, list the images, then loop, and no change is missed.
   */
  readonly ready: Promise<void>;
}
