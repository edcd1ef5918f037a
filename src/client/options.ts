// What the client and its methods may be given.

import type { ArchiveOptions } from './archive-stream.ts';
import type { Dialer } from '../connection/channel.ts';
import type { Timeouts } from '../connection/engine-request.ts';
import type { TlsOptions } from '../config/engine-address.ts';
import type { CredentialChoice, CredentialSource } from '../api/credentials.ts';
import type { ArgumentsOf } from '../api/parameters.ts';
import type { endpoints } from '../api/endpoints.ts';
import type { Platform } from '../api/platform.ts';
import type { PlaintextCredentials } from './plaintext-credentials.ts';
import type { Warn } from '../connection/warnings.ts';

/** What every method takes. */
export interface CallOptions {
  /** Ends the call, in whatever phase it is; the method rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** In place of the client's, one by one. */
  readonly timeouts?: Partial<Timeouts> | undefined;
}

/** What the methods that lead an engine to a registry take. */
export interface RegistryOptions extends CallOptions {
  /** In place of the client's. A `serverAddress` that is not that of the call's registry is an `ArgumentError`. */
  readonly credentials?: CredentialChoice | CredentialSource;
}

/** What a client is made with. */
export interface ImageClientOptions {
  /** `"unix:///var/run/docker.sock"`, `"tcp://host:2375"`, `"ssh://user@host"`, `"npipe:////./pipe/docker_engine"`. */
  readonly host?: string | undefined;
  /** In place of `host`: makes the connections itself, as a recorder or a replayer does. */
  readonly dialer?: Dialer | undefined;
  /** Speaks this API version, `"1.43"`, instead of asking the engine. 1.24 to 1.56. */
  readonly version?: string | undefined;
  /**
   * For registries: some for all of them, or with a `serverAddress` for that one alone, or a function that is asked for
   * each; `dockerConfig()` is one. Default: none are sent.
   */
  readonly credentials?: CredentialChoice | CredentialSource;
  /** Default: `connectMs` 10,000, over ssh 30,000; `headMs` 30,000 for calls that an engine answers at once; none else. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Idle connections that are kept. Default 6; 0 turns reuse off. */
  readonly maxIdle?: number | undefined;
  /** Who speaks HTTP: we (`"own"`, the default), or Node's own client; README says what that one cannot promise. */
  readonly wire?: 'own' | 'node:http' | undefined;
  /** For a port: encrypts the connection, which is verified unless `verify` is false. */
  readonly tls?: TlsOptions | undefined;
  /** Go along with every request; those that the client writes itself cannot be set. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The platform of a pull or an import that names none. Default: the engine's own. */
  readonly defaultPlatform?: Platform | undefined;
  /** What a `ConnectError` advises where nothing is at `host`. Default: a general advice. */
  readonly connectHint?: string | undefined;
  /**
   * Told of what a person should know though nothing failed; default: nobody is. What it throws ends the call during
   * which it was told, with that error.
   */
  readonly onWarning?: Warn | undefined;
  /**
   * What is done about credentials that would go to another machine unencrypted, over `tcp://`: `"warn"` sends them, as the
   * docker command does, and warns; `"refuse"` is a `CredentialError`, and nothing is sent. Default `"warn"`.
   */
  readonly plaintextCredentials?: PlaintextCredentials | undefined;
}

/** Which engine is meant. */
export interface EnvironmentOptions {
  /** This one, whatever the environment says. */
  readonly host?: string | undefined;
  /** That of this context of the docker command, `"default"` for DOCKER_HOST or the default socket. */
  readonly context?: string | undefined;
  /** In place of the process's own variables. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What `fromEnvironment` takes: whatever is given here goes before what the environment says. */
export interface FromEnvironmentOptions extends EnvironmentOptions, Omit<ImageClientOptions, 'dialer' | 'connectHint'> {}

/** The arguments of an operation, as its row has them. */
type Args<Name extends keyof typeof endpoints> = ArgumentsOf<(typeof endpoints)[Name]>;

/** What `images` takes: its filters, and what a list is to tell beside them. */
export interface ImagesOptions extends CallOptions, Args<'images'> {
  /** Only images of that name; `*` stands for anything but a slash. Joins `filters.reference`. */
  readonly name?: string | undefined;
}

/** What `pull` takes. */
export interface PullOptions extends RegistryOptions, Pick<Args<'pull'>, 'platform'> {
  /** Default: that of the reference, or `latest`. May be a digest. */
  readonly tag?: string | undefined;
  /** Every tag of the repository. Default false. */
  readonly allTags?: boolean | undefined;
  /** `"missing"` asks the registry only for what the engine does not have. Default `"always"`. */
  readonly policy?: 'always' | 'missing' | undefined;
}

/** What `push` takes. */
export interface PushOptions extends RegistryOptions, Pick<Args<'push'>, 'platform'> {
  /** Default: that of the reference, or `latest`. */
  readonly tag?: string | undefined;
  /** Every local tag of the repository. Default false. */
  readonly allTags?: boolean | undefined;
}

/** What `importImage` takes, and each `importImageFrom...` but that of an image. */
export interface ImportOptions extends CallOptions, Omit<Args<'importImage'>, 'fromSrc' | 'repo'> {
  /** The new image's name; without it, it has an id only. */
  readonly repository?: string | undefined;
  /** Default: that of `repository`, or `latest`. */
  readonly tag?: string | undefined;
}

/** What `importImageFromImage` takes: it is a pull. */
export interface ImportFromImageOptions extends RegistryOptions, Pick<Args<'pull'>, 'platform'> {
  /** Default: that of the reference, or `latest`. */
  readonly tag?: string | undefined;
}

/** What `getImage` takes: of the request, and of how the archive is read. */
export interface GetImageOptions extends CallOptions, ArchiveOptions, Omit<Args<'getImage'>, 'names'> {}

/** What `loadImage` takes. */
export interface LoadImageOptions extends CallOptions, Args<'loadImage'> {}

/** What `inspectImage` takes. */
export interface InspectImageOptions extends CallOptions, Args<'inspectImage'> {}

/** What `history` takes. */
export interface HistoryOptions extends CallOptions, Args<'history'> {}

/** What `removeImage` takes. */
export interface RemoveImageOptions extends CallOptions, Args<'removeImage'> {}

/** What `pruneImages` takes. */
export interface PruneImagesOptions extends CallOptions, Args<'pruneImages'> {}

/** What `search` takes. */
export interface SearchOptions extends RegistryOptions, Omit<Args<'search'>, 'term'> {}

/** What `tag` takes. */
export interface TagOptions extends CallOptions {
  /** Default: that of the repository, or `latest`. */
  readonly tag?: string | undefined;
}

/** What `imageAttestations` takes. */
export interface ImageAttestationsOptions extends CallOptions, Args<'imageAttestations'> {}

/** What `diskUsage` takes. */
export interface DiskUsageOptions extends CallOptions {
  /** Tells of each image, too. Default false. */
  readonly verbose?: boolean | undefined;
}

/** What `events` takes. */
export interface EventsOptions extends CallOptions, Args<'events'> {}
