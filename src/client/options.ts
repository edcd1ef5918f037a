// The types of the options of `ImageClient` and its methods. Options that become query parameters are typed, and documented, by
// the rows of api/endpoints.ts.

import type { ArchiveOptions } from './archive-stream.ts';
import type { Dialer } from '../connection/channel.ts';
import type { Timeouts } from '../connection/engine-request.ts';
import type { TlsOptions } from '../config/engine-address.ts';
import type { CredentialChoice, CredentialSource } from '../api/credentials.ts';
import type { Arguments } from '../api/endpoints.ts';
import type { LayerInventory } from '../api/layer-inventory.ts';
import type { Platform } from '../api/platform.ts';
import type { LongshoreError } from '../errors.ts';
import type { Fields } from '../http/fields.ts';
import type { PlaintextCredentials } from './plaintext-credentials.ts';
import type { Warn } from '../connection/diagnostics.ts';

/** Options of every method. */
export interface CallOptions {
  /** Ends the call in any phase; the method then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Timeouts in milliseconds; each of them replaces the client's. */
  readonly timeouts?: Partial<Timeouts> | undefined;
}

/** Options of the methods that make the engine contact a registry. */
export interface RegistryOptions extends CallOptions {
  /** Credentials for this call, in place of the client's. Their `serverAddress` must not name another registry (`ArgumentError`). */
  readonly credentials?: CredentialChoice | CredentialSource;
}

/** Options of `new ImageClient()`. It needs `host` or `dialer`. */
export interface ImageClientOptions {
  /** `"unix:///var/run/docker.sock"`, `"tcp://host:2375"`, `"ssh://user@host"` or `"npipe:////./pipe/docker_engine"`. */
  readonly host?: string | undefined;
  /** Makes the connections, in place of `host`: a recorder or a replayer, for example. */
  readonly dialer?: Dialer | undefined;
  /** The API version to use, `"1.43"`: 1.24 to 1.56. Default: negotiated with the engine. */
  readonly version?: string | undefined;
  /**
   * Credentials for registries: one object for all registries, or with `serverAddress` for one of them, or a function that is
   * called for each; `dockerConfig()` returns one. Default: no credentials are sent.
   */
  readonly credentials?: CredentialChoice | CredentialSource;
  /**
   * Timeouts in milliseconds. Defaults: `connectMs` 10,000, over ssh 30,000; `headMs` 30,000 for the endpoints that respond fast,
   * none for the others; `idleMs` none.
   */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** How many idle connections are kept for reuse. Default 6; 0 turns reuse off. */
  readonly maxIdle?: number | undefined;
  /** The HTTP client: `"own"`, or `"node:http"` for Node's, with the limits that src/connection/README.md lists. Default `"own"`. */
  readonly wire?: 'own' | 'node:http' | undefined;
  /** Encrypts the connection to a `tcp://` host. The engine's certificate is verified unless `verify` is false. */
  readonly tls?: TlsOptions | undefined;
  /** Appended to the `User-Agent` of every request, `"my-app/1.2"` (RFC 9110 §10.1.5). Docker passes it on to registries. Default: none. */
  readonly userAgent?: string | undefined;
  /** Header fields of every request. Fields that the client writes itself cannot be set. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * The platform of pulls and imports for which none is given. An import omits it if the engine does not support a platform there.
   * Default: the engine's own platform.
   */
  readonly defaultPlatform?: Platform | undefined;
  /** The remedy in a `ConnectError` if nothing listens at `host`. Default: a general remedy. */
  readonly connectHint?: string | undefined;
  /** Called for problems that make no call fail. If it throws, the call that caused the warning rejects with that error. Default: none. */
  readonly onWarning?: Warn | undefined;
  /**
   * How to handle credentials that would be sent to another machine over an unencrypted connection (`tcp://`). `"warn"` warns and sends
   * them, as the docker command does; `"refuse"` rejects with a `CredentialError` and sends nothing. Default `"warn"`.
   */
  readonly plaintextCredentials?: PlaintextCredentials | undefined;
}

/** Options of `ImageClient.explain`: which engine to find. */
export interface EnvironmentOptions {
  /** The engine's address. It takes precedence over the environment. */
  readonly host?: string | undefined;
  /** The name of a context of the docker command; `"default"` stands for DOCKER_HOST or the default socket. */
  readonly context?: string | undefined;
  /** Environment variables, in place of those of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Options of `ImageClient.fromEnvironment`. They take precedence over the environment. */
export interface FromEnvironmentOptions extends EnvironmentOptions, Omit<ImageClientOptions, 'dialer' | 'connectHint'> {}

/** Options of `images`: filters, and the details that the list has. */
export interface ImagesOptions extends CallOptions, Arguments<'images'> {
  /** Lists only images of this name; `*` matches any characters but a slash. Added to `filters.reference`. Default: all images. */
  readonly name?: string | undefined;
}

/** Options of `pull`. */
export interface PullOptions extends RegistryOptions, Omit<Arguments<'pull'>, 'fromImage' | 'tag'> {
  /** A tag or a digest. Default: that of the reference, or `latest`. */
  readonly tag?: string | undefined;
  /** Pulls every tag of the repository. Docker only. Default false. */
  readonly allTags?: boolean | undefined;
  /**
   * `"missing"` contacts the registry only if the engine does not have the image. `"never"` does not contact it, and an image that the
   * engine does not have is a `NotFoundError`. Both not with `allTags`. Default `"always"`.
   */
  readonly policy?: 'always' | 'missing' | 'never' | undefined;
}

/** Options of `push`. */
export interface PushOptions extends RegistryOptions, Omit<Arguments<'push'>, 'tag'> {
  /** The tag. Default: that of the reference, or `latest`. */
  readonly tag?: string | undefined;
  /** Pushes every local tag of the repository. Docker only. Default false. */
  readonly allTags?: boolean | undefined;
}

/** Options of `importImage` and of each `importImageFrom...` except `importImageFromImage`. */
export interface ImportOptions extends CallOptions, Omit<Arguments<'importImage'>, 'fromSrc' | 'repo'> {
  /** The name of the new image. Default: none; the image then has only an ID. */
  readonly repository?: string | undefined;
  /** The tag of the new image. Default: that of `repository`, or `latest`. */
  readonly tag?: string | undefined;
}

/** Options of `importImageFromImage`, which is a pull. */
export interface ImportFromImageOptions extends RegistryOptions, Omit<Arguments<'pull'>, 'fromImage' | 'tag'> {
  /** The tag. Default: that of the reference, or `latest`. */
  readonly tag?: string | undefined;
}

/** Options of `getImage`: of the request, and of reading the archive. */
export interface GetImageOptions extends CallOptions, ArchiveOptions, Omit<Arguments<'getImage'>, 'names'> {
  /**
   * Leaves out the layers in this inventory, which `layers` of another engine has returned. That engine loads the archive as any other.
   * Not with several platforms and not with `verify: "digests"`. Default: none is left out.
   */
  readonly without?: LayerInventory | undefined;
}

/** Options of `copyImage`, besides the target. */
export interface CopyOptions extends CallOptions {
  /**
   * Copies only the variant for this platform. Default: all that the source has, if both engines use the containerd store; otherwise
   * the target's own platform.
   */
  readonly platform?: Platform | undefined;
  /** Sends all layers, also those that the target has. Default false. */
  readonly full?: boolean | undefined;
  /** Sends nothing, and resolves with the plan. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** Options of `loadImage`. */
export interface LoadImageOptions extends CallOptions, Arguments<'loadImage'> {}

/** Options of `inspectImage`. */
export interface InspectImageOptions extends CallOptions, Arguments<'inspectImage'> {}

/** Options of `history`. */
export interface HistoryOptions extends CallOptions, Arguments<'history'> {}

/** Options of `removeImage`. */
export interface RemoveImageOptions extends CallOptions, Arguments<'removeImage'> {}

/** Options of `pruneImages`. */
export interface PruneImagesOptions extends CallOptions, Arguments<'pruneImages'> {}

/** Options of `search`. */
export interface SearchOptions extends RegistryOptions, Omit<Arguments<'search'>, 'term'> {}

/** Options of `waitUntilReady`. */
export interface WaitUntilReadyOptions extends Pick<CallOptions, 'signal'> {
  /** How long to wait, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number | undefined;
}

/** Options of `tag`. */
export interface TagOptions extends CallOptions, Omit<Arguments<'tag'>, 'repo' | 'tag'> {
  /** The new tag. Default: that of the repository, or `latest`. */
  readonly tag?: string | undefined;
}

/** Options of `imageAttestations`. */
export interface ImageAttestationsOptions extends CallOptions, Arguments<'imageAttestations'> {}

/** Options of `diskUsage`. */
export interface DiskUsageOptions extends CallOptions, Omit<Arguments<'diskUsage'>, 'type'> {}

/** Options of `events`. */
export interface EventsOptions extends CallOptions, Arguments<'events'> {
  /**
   * Makes a new call when the connection is lost, with growing delays, and continues from the last event; no event is repeated. After each
   * loss, the loop gets a `ReconnectedEvent`. Not for the first call. Default false.
   */
  readonly reconnect?: boolean | undefined;
}

/** A failed attempt of `retry` that will be repeated. */
export interface RetryEvent {
  /** The error of the attempt. */
  readonly error: LongshoreError;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The most attempts that are made. */
  readonly attempts: number;
  /** The delay before the next attempt, in milliseconds. */
  readonly delayMs: number;
}

/** Options of `retry`. */
export interface RetryOptions {
  /** The most attempts, with the first one; 1 or more, or `Infinity`. Default 5. */
  readonly attempts?: number | undefined;
  /** The delay before the second attempt, in milliseconds. Half of each delay is random. Default 500. */
  readonly firstDelayMs?: number | undefined;
  /** Each delay is this many times the one before it; 1 or more. Default 2. */
  readonly factor?: number | undefined;
  /** The longest delay, in milliseconds. If a registry asks to wait longer, the error is thrown at once. Default 30,000. */
  readonly maxDelayMs?: number | undefined;
  /** Ends a delay, and prevents further attempts. Pass it to the call, too: that ends a running attempt. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each delay, and awaited. If it throws, `retry` rejects with that error. */
  readonly onRetry?: ((event: RetryEvent) => void | PromiseLike<void>) | undefined;
  /** Returns the random part of a delay, a number from 0 to 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** The argument of `request`. */
export interface RequestOptions {
  /** The HTTP method. Default `"GET"`. */
  readonly method?: string | undefined;
  /** The path after the API version, `"/containers/json"`: percent-encoded, and without "." and ".." segments. */
  readonly path: string;
  /** The query parameters; each value of a list repeats the key. Default: none. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>> | undefined;
  /** Header fields, sent unchanged. `Content-Length`, `Transfer-Encoding`, `Host` and `Connection` cannot be set. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The body: bytes, an async iterable of bytes, a `Blob`, a `Response` or `{ path }`. Default: none. */
  readonly body?: unknown;
  /** Whether the API version, `/v1.41`, is put before the path. Default true. */
  readonly versioned?: boolean | undefined;
  /** Timeouts in milliseconds, each in place of the client's. `headMs` has no default here. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Ends the request in any phase; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The response to `request`, with any status. */
export interface RawResponse {
  readonly status: number;
  /** The header fields; names are in lower case, and `entries()` lists them all. */
  readonly headers: Fields;
  /** The body, to be read once; leaving the loop early closes the connection. */
  readonly body: AsyncIterableIterator<Uint8Array>;
}
