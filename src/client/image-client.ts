// `ImageClient`: one method for each operation of the Engine API on images. Most methods check their arguments, encode the
// call, and return a value (`engine.json`), a stream of progress (`#progress`) or an archive (`getImage`). Methods that return a promise
// start at once; those that return a stream send their request when it is read. api/endpoints.ts describes the requests, and engine.ts
// the steps from a method to its result.

import { ArchiveStream, pour, refuseWithInventory } from './archive-stream.ts';
import type { ArchiveSource } from './archive-stream.ts';
import { IMAGES, OWN_CREDENTIALS, SEARCH_TERM, take } from './arguments.ts';
import { utf8 } from '../bytes.ts';
import { diskUsage, inspectImage, removeImage, searchImages } from './compound-operations.ts';
import { clientEngine } from './create-engine.ts';
import { encodeAuthConfig, assertCredentialsMatch, registryOf, registryKey } from '../api/credentials.ts';
import type { CredentialChoice, CredentialSource, Credentials, RepositoryLocation } from '../api/credentials.ts';
import { encodeCall } from '../api/encode-call.ts';
import type { EncodedCall } from '../api/encode-call.ts';
import type { AuthResult, EventStream, ImageDiskUsage, ImageEvent, InfoResult, PingResult, ReconnectedEvent, VersionResult } from '../api/types/engine.ts';
import { imageEventFilters, mergeFilters, hasHubNames, withStoredNames } from '../api/filters.ts';
import type { HistoryItem, ImageInspect, ImageSummary, PrunePlan, PruneResult, RemoveItem, SearchResult, UpdateCheck } from '../api/types/image.ts';
import type { DistributionInspect, ImageAttestation } from '../api/types/manifest.ts';
import {
  readAttestations, readDistribution, readHistory, readImages, readInfo, readLogin, readPruneResult, readVersion,
} from '../api/normalize.ts';
import { importedName, searchedHost, warnOfLostName, withDefaultTag, withoutDigest } from '../api/image-names.ts';
import type { ImportResult, LoadResult, PullResult, PushResult } from '../api/progress/results.ts';
import type { Platform } from '../api/platform.ts';
import { formatReference, parseImage, parseReference, repositoryName, withTag } from '../api/reference.ts';
import type { Engine, SendOptions } from './engine.ts';
import { ArgumentError, NotFoundError, isCallerError } from '../errors.ts';
import { environmentOptions, explainEngine } from './from-environment.ts';
import type { EngineReport } from './from-environment.ts';
import type {
  CallOptions, CopyOptions, DiskUsageOptions, EnvironmentOptions, EventsOptions, FromEnvironmentOptions, GetImageOptions, HistoryOptions,
  ImageAttestationsOptions, ImageClientOptions, ImagesOptions, ImportFromImageOptions, ImportOptions, InspectImageOptions,
  LoadImageOptions, PruneImagesOptions, PullOptions, PushOptions, RawResponse, RegistryOptions, RemoveImageOptions, RequestOptions,
  SearchOptions, TagOptions, WaitUntilReadyOptions,
} from './options.ts';
import { eventStream } from './event-stream.ts';
import { importImage, loadImages, pullImage, pushImage, unpackedSource } from './progress-operations.ts';
import { FILLED_TEXT, check } from '../kinds.ts';
import { EngineQueries } from './engine-queries.ts';
import { ProgressStream } from './progress-stream.ts';
import type { Operation, Send, SendCall } from './progress-stream.ts';
import type { CopyResult } from '../api/types/copy.ts';
import type { CopySide } from './copy/transfer.ts';
import type { LayerInventory } from '../api/layer-inventory.ts';
import { rawRequest } from './raw-request.ts';
import { registryAccess } from './registry-access.ts';
import type { RegistryAccess } from './registry-access.ts';
import { files } from '../system/files/archive-files.ts';
import type { TarEntries } from '../tar/pack.ts';
import {
  WEB_ADDRESS, addressOf, bodySource, entriesSource, filledSource, imageOf, isUrl, streamSource,
  watchedSource,
} from './request-body.ts';
import type { BodySource, FetchedBody, UploadData } from './request-body.ts';
import type { Warn } from '../connection/diagnostics.ts';

/** Options of `copyImage`. */
export interface CopyImageOptions extends CopyOptions {
  /** The engine to copy to. */
  readonly to: ImageClient;
}

/**
 * A client for the images of one engine, Docker or Podman. The constructor does not connect; the first call negotiates the API
 * version. Throws an `ArgumentError` or a `ConfigError` for wrong options.
 *
 * Every operation takes `signal` and `timeouts`. A wrong argument causes an `ArgumentError`. Any call can fail with a `ConnectError`,
 * a `TimeoutError`, a `TruncatedError`, a `ProtocolError`, a `DecodeError`, an `ApiError` for an error that the engine reports, and a
 * `VersionError` for an argument that the engine does not support. In the last case, the operation is not sent.
 */
export class ImageClient {
  readonly #engine: Engine;
  readonly #credentials: CredentialChoice | CredentialSource;
  readonly #defaultPlatform: Platform | undefined;
  readonly #warn: Warn;
  readonly #beforeCredentials: (() => void) | undefined;

  constructor(options: ImageClientOptions) {
    const { engine, warn, beforeCredentials, options: checked } = clientEngine(options);
    this.#engine = engine;
    this.#warn = warn;
    this.#beforeCredentials = beforeCredentials;
    this.#credentials = checked.credentials;
    this.#defaultPlatform = checked.defaultPlatform;
  }

  /**
   * Returns a client of the engine that the environment names, by the rules of the docker command: `DOCKER_HOST`, `DOCKER_CONTEXT`,
   * the current context, the default socket. Rejects with a `ConfigError` for a variable or a file that cannot be used.
   */
  static async fromEnvironment(options?: FromEnvironmentOptions): Promise<ImageClient> {
    return new ImageClient(await environmentOptions(options));
  }

  /** Reports which engine `fromEnvironment` chooses, by which rule, and which contexts and sockets there are. Does not connect. */
  static async explain(options?: EnvironmentOptions): Promise<EngineReport> {
    return explainEngine(options);
  }

  /** Returns the engine's newest API version and whether it is Podman. `HEAD /_ping`, then `GET /_ping` if needed. */
  async ping(options?: CallOptions): Promise<PingResult> {
    return this.#engine.facts.ping(take('ping', options));
  }

  /**
   * Waits until the engine answers a ping, and returns the answer: connections that fail or break, and a 503, mean that it is starting. Any
   * other error is thrown at once. Rejects with a `TimeoutError` after `timeoutMs`, default 60,000. `HEAD /_ping`.
   */
  async waitUntilReady(options?: WaitUntilReadyOptions): Promise<PingResult> {
    const own = take('waitUntilReady', options);
    return (await import('./wait-until-ready.ts')).waitUntilReady(this.#engine.facts, own);
  }

  /** Returns the versions of the engine and of its components. `GET /version`. */
  async version(options?: CallOptions): Promise<VersionResult> {
    return this.#engine.json(encodeCall('version'), take('version', options), readVersion);
  }

  /** Returns the engine's configuration and state. `GET /info`. */
  async info(options?: CallOptions): Promise<InfoResult> {
    return this.#engine.json(encodeCall('info'), take('info', options), readInfo);
  }

  /**
   * Makes the engine log in to a registry with these credentials. Nothing is stored. `registry` is a host such as `ghcr.io` or
   * `docker.io`. Rejects with an `UnauthorizedError` if the registry rejects the credentials. `POST /auth`.
   */
  async checkAuth(registry: string, credentials: Credentials, options?: CallOptions): Promise<AuthResult> {
    const callOptions = take('checkAuth', options);
    const key = registryKey(check(registry, FILLED_TEXT, 'checkAuth', 'registry'));
    const own = check(credentials, OWN_CREDENTIALS, 'checkAuth', 'credentials');
    assertCredentialsMatch(key, own);
    this.#beforeCredentials?.();
    const body = bodySource(utf8(encodeAuthConfig(own, key)), 'checkAuth');
    const response = await this.#engine.json<AuthResult | null>(encodeCall('checkAuth'), { body, ...callOptions }, readLogin);
    // The API lets an engine report success with a 204 without content.
    return { Status: 'Login Succeeded', IdentityToken: '', ...response };
  }

  /**
   * Returns the engine's events about images only, as an async iterable. Each loop makes a call; leaving the loop ends it. `since` is a
   * `Date` or seconds since 1970, default now; without `until` the events end only when the connection is lost, and with `reconnect` not
   * even then. `ready` resolves when the engine has accepted the first call. `GET /events`.
   */
  events(options?: EventsOptions & { readonly reconnect?: false | undefined }): EventStream<ImageEvent>;
  events(options: EventsOptions): EventStream<ImageEvent | ReconnectedEvent>;
  events(options?: EventsOptions): EventStream<ImageEvent | ReconnectedEvent> {
    const own = take('events', options);
    return eventStream(this.#engine, { ...own, filters: imageEventFilters(own.filters) });
  }

  /** Returns how much disk space images take, in bytes; not containers, volumes and the build cache. `verbose` (default false) adds each image. `GET /system/df`, API 1.25. */
  async diskUsage(options?: DiskUsageOptions): Promise<ImageDiskUsage> {
    return diskUsage(this.#engine, take('diskUsage', options));
  }

  /**
   * Whether the engine supports an operation or a parameter, named as in this client: `"removeImage.platforms"`. Rejects with an
   * `ArgumentError` for an unknown name.
   */
  async supports(subject: string, options?: Pick<CallOptions, 'signal'>): Promise<boolean> {
    const callOptions = take('supports', options);
    return this.#engine.facts.supports(check(subject, FILLED_TEXT, 'supports', 'subject'), callOptions);
  }

  /** Returns the API version in use: the pinned one, or the negotiated one. Rejects with a `VersionError` if there is none. */
  async apiVersion(options?: Pick<CallOptions, 'signal'>): Promise<string> {
    return this.#engine.facts.version(take('apiVersion', options));
  }

  /** Lists images. `quiet` (default false) returns only their IDs. `GET /images/json`. */
  async images(options: ImagesOptions & { readonly quiet: true }): Promise<string[]>;
  async images(options?: ImagesOptions & { readonly quiet?: false | undefined }): Promise<ImageSummary[]>;
  async images(options?: ImagesOptions & { readonly quiet?: boolean | undefined }): Promise<ImageSummary[] | string[]> {
    const { name, quiet, signal, timeouts, ...args } = take('images', options);
    if (args.identity === true && args.manifests !== true) throw new ArgumentError('images: identity needs manifests: true');
    let filters = name === undefined ? args.filters : mergeFilters(args.filters, { reference: name });
    // A filter must have a name as the engine stores it: Podman stores the host of the Docker Hub, Docker does not.
    if (filters !== undefined && hasHubNames(filters, 'reference')) {
      filters = withStoredNames(filters, 'reference', (await this.#engine.facts.isPodman({ signal, timeouts })) === true);
    }
    const images = await this.#engine.json(encodeCall('images', { ...args, filters }), { signal, timeouts }, readImages);
    return quiet === true ? images.map((image) => image.Id) : images;
  }

  /**
   * Returns the details of an image. `image` is a name, a name with a digest, or an ID. Rejects with a `NotFoundError` if the engine
   * does not have it; its reason is `platform` if only the variant is missing. `GET /images/{image}/json`.
   */
  async inspectImage(image: string, options?: InspectImageOptions): Promise<ImageInspect> {
    const { signal, timeouts, ...args } = take('inspectImage', options);
    if (args.manifests === true && args.platform !== undefined) {
      throw new ArgumentError('inspectImage: manifests cannot be combined with platform');
    }
    return inspectImage(this.#engine, image, args, { signal, timeouts });
  }

  /** Whether the engine has an image, in any variant. `GET /images/{image}/json`. */
  async exists(image: string, options?: CallOptions): Promise<boolean> {
    const callOptions = take('exists', options);
    try {
      await inspectImage(this.#engine, image, {}, callOptions);
      return true;
    } catch (error) {
      if (!(error instanceof NotFoundError) || isCallerError(error, callOptions.signal)) throw error;
      return error.reason === 'platform'; // present, but not for the engine's own platform
    }
  }

  /** Returns the steps by which an image was built, newest first. `GET /images/{image}/history`. */
  async history(image: string, options?: HistoryOptions): Promise<HistoryItem[]> {
    const { signal, timeouts, ...args } = take('history', options);
    return this.#engine.json(encodeCall('history', args, parseImage(image)), { signal, timeouts }, readHistory);
  }

  /**
   * Gives an image another name. The tag is the one in `repository`, else `options.tag`, else `latest`. Another image that had that name
   * loses it. `POST /images/{image}/tag`.
   */
  async tag(image: string, repository: string, options?: TagOptions): Promise<void> {
    const { tag, signal, timeouts, ...others } = take('tag', options);
    const target = withoutDigest('tag', withTag(parseReference(repository), tag));
    const args = { ...others, repo: repositoryName(target), tag: target.tag ?? 'latest' };
    await this.#engine.json(encodeCall('tag', args, parseImage(image)), { signal, timeouts });
  }

  /**
   * Removes a name of an image, and with its last name the image. Returns the removed names and IDs. Rejects with a `ConflictError` if
   * a container uses the image and `force` (default false) is not set. On Podman, also rejects for the name of a manifest list, because
   * Podman could remove another image. With the containerd store, `repository@digest` removes all tags of that repository that lead to
   * the image. `DELETE /images/{image}`.
   */
  async removeImage(image: string, options?: RemoveImageOptions): Promise<RemoveItem[]> {
    return removeImage(this.#engine, image, take('removeImage', options));
  }

  /** Removes unused images: untagged ones, or all with `filters: { dangling: false }`. `POST /images/prune`, API 1.25. */
  async pruneImages(options?: PruneImagesOptions): Promise<PruneResult> {
    const { signal, timeouts, ...args } = take('pruneImages', options);
    return this.#engine.json(encodeCall('pruneImages', args), { signal, timeouts }, readPruneResult);
  }

  /**
   * Returns what `pruneImages` with these filters would remove now, and how much space that frees at most. Changes nothing. Asks the engine
   * for its images, their layers and its containers; the engine itself has no dry run. API 1.25.
   */
  async prunePlan(options?: PruneImagesOptions): Promise<PrunePlan> {
    const { filters, ...callOptions } = take('prunePlan', options);
    const { prunePlan } = await import('./prune-plan.ts');
    return prunePlan(this, this.#engine, filters, callOptions);
  }

  /** Searches the Docker Hub, or the registry whose host is at the start of the term: `"quay.io/podman"`. `GET /images/search`. */
  async search(term: string, options?: SearchOptions): Promise<SearchResult[]> {
    const own = take('search', options);
    check(term, SEARCH_TERM, 'search', 'term');
    return searchImages(this.#engine, term, own, this.#registry({ host: searchedHost(term) }, own.credentials));
  }

  /** Returns the manifest and platforms of a name in a registry; no pull. Docker only. `GET /distribution/{image}/json`, API 1.30. */
  async inspectDistribution(image: string, options?: RegistryOptions): Promise<DistributionInspect> {
    const { signal, timeouts, credentials } = take('inspectDistribution', options);
    const reference = parseReference(image);
    const registry = this.#registry(registryOf(reference), credentials);
    const call = encodeCall('inspectDistribution', undefined, formatReference(reference));
    return this.#engine.json(call, { registry, signal, timeouts }, readDistribution);
  }

  /**
   * Compares the engine's image with what its registry has under the same name, without a pull. The name `alpine` means `alpine:latest`.
   * `isCurrent` is undefined if the name has a digest, if the image has no digest of that repository (it was built or loaded here),
   * or if the registry does not have the name. Rejects with a `NotFoundError` if the engine does not have the image. Docker only.
   * `GET /images/{image}/json`, then `GET /distribution/{image}/json`, API 1.30; the Docker Hub counts it as a pull.
   */
  async checkForUpdate(image: string, options?: RegistryOptions): Promise<UpdateCheck> {
    const { credentials, ...callOptions } = take('checkForUpdate', options);
    const reference = withDefaultTag(parseReference(image));
    const registry = this.#registry(registryOf(reference), credentials);
    const { checkForUpdate } = await import('./check-for-update.ts');
    return checkForUpdate(this.#engine, reference, registry, callOptions);
  }

  /** Returns an image's attestations, such as its provenance. Needs the containerd store. `GET /images/{image}/attestations`, API 1.55. */
  async imageAttestations(image: string, options?: ImageAttestationsOptions): Promise<ImageAttestation[]> {
    const { signal, timeouts, ...args } = take('imageAttestations', options);
    return this.#engine.json(encodeCall('imageAttestations', args, parseImage(image)), { signal, timeouts }, readAttestations);
  }

  /**
   * Pulls an image from its registry; without a tag or a digest, the tag `latest`. Await the stream, or iterate it for the progress.
   * Rejects with a `NotFoundError` or an `UnauthorizedError` that the registry reports, and with an `ApiError` of reason `platform`
   * if the registry has the image for another platform only. `POST /images/create`.
   */
  pull(image: string, options?: PullOptions): ProgressStream<PullResult> {
    const { tag, allTags = false, policy = 'always', signal, timeouts, credentials, ...args } = take('pull', options);
    const platform = args.platform ?? this.#defaultPlatform;
    const parsed = withTag(parseReference(image), tag);
    if (allTags && (parsed.tag ?? parsed.digest) !== undefined) {
      throw new ArgumentError('pull: allTags cannot be combined with a tag or a digest');
    }
    if (allTags && policy !== 'always') throw new ArgumentError(`pull: policy: "${policy}" cannot be combined with allTags`);
    const reference = allTags ? parsed : withDefaultTag(parsed);
    const registry = this.#registry(registryOf(parsed), credentials);
    // If there are a tag and a digest, the digest is sent in `tag`: engines accept only one of them.
    const call = encodeCall('pull', { ...args, platform, fromImage: repositoryName(parsed), tag: reference.digest ?? reference.tag });
    return this.#progress(call, { registry, signal, timeouts }, async (send, queries) => {
      await this.#engine.assertSupported(call, { signal: queries.signal, timeouts });
      return pullImage(send, { reference, platform, policy, registry }, queries);
    });
  }

  /**
   * Pushes an image to its registry; without a tag, the tag `latest`. Await the stream, or iterate it for the progress. Rejects with
   * an `UnauthorizedError` that the registry reports. `POST /images/{image}/push`.
   */
  push(image: string, options?: PushOptions): ProgressStream<PushResult> {
    const { tag, allTags = false, signal, timeouts, credentials, ...args } = take('push', options);
    const parsed = withoutDigest('push', withTag(parseReference(image), tag));
    if (allTags && parsed.tag !== undefined) throw new ArgumentError('push: allTags cannot be combined with a tag');
    const reference = allTags ? parsed : withDefaultTag(parsed);
    const registry = this.#registry(registryOf(parsed), credentials);
    const call = encodeCall('push', { ...args, tag: reference.tag }, repositoryName(parsed));
    return this.#progress(call, { registry, signal, timeouts }, (send, queries) => pushImage(send, { reference, registry }, queries));
  }

  /** Saves one image or several as an archive, which `loadImage` accepts. It can be read once. `GET /images/get`. */
  getImage(image: string | readonly string[], options?: GetImageOptions): ArchiveStream {
    const { signal, timeouts, chunkSize, verify, without, ...args } = take('getImage', options);
    const names = (typeof image === 'string' ? [image] : check(image, IMAGES, 'getImage', 'image')).map(parseImage);
    for (const name of names) warnOfLostName(name, this.#warn);
    const call = encodeCall('getImage', { ...args, names });
    if (without !== undefined) refuseWithInventory(args.platform, verify);
    const start: ArchiveSource = async (reader, either) => {
      if (without === undefined) return this.#engine.makeCall(call, { signal: either, timeouts }, reader);
      const { saveDelta } = await import('./copy/save-delta.ts');
      const platform = args.platform as Platform | undefined;
      return pour(saveDelta(this, names, without, platform, { signal: either, timeouts }), reader);
    };
    return new ArchiveStream(start, files, { chunkSize, verify }, signal, args.platform);
  }

  /**
   * Loads the images of an archive, also of a compressed one (gzip, zstd, bzip2, xz). Returns their names and IDs. A missing platform is a
   * `NotFoundError`. `POST /images/load`.
   */
  loadImage(data: UploadData, options?: LoadImageOptions): ProgressStream<LoadResult> {
    const { signal, timeouts, quiet = false, ...args } = take('loadImage', options);
    const body = bodySource(data, 'loadImage: data');
    const call = encodeCall('loadImage', { ...args, quiet });
    return this.#progress(call, { body, signal, timeouts }, (send, queries) => loadImages(send, args.platform, queries));
  }

  /**
   * Copies one image or several from this engine to another one, and sends only the layers that the other one lacks. Await the stream, or
   * iterate it for the progress. An image is loaded under a temporary name, or by its ID if that was given, and gets its names after it has
   * been checked. `dryRun` sends nothing and resolves with the plan. Rejects with a `NotFoundError` of reason `platform` if this engine
   * lacks the platform.
   */
  copyImage(image: string | readonly string[], options: CopyImageOptions): ProgressStream<CopyResult> {
    const { to, signal, ...how } = take('copyImage', options);
    const names = (typeof image === 'string' ? [image] : check(image, IMAGES, 'copyImage', 'image')).map(parseImage);
    if (!(typeof to === 'object' && #engine in to)) throw new ArgumentError('copyImage: options.to must be an ImageClient, the target');
    const [source, target]: [CopySide, CopySide] = [this.#side(), to.#side()];
    if (source.address === target.address) throw new ArgumentError(`copyImage: options.to is the same engine, ${target.address}: use tag`);
    for (const name of names) warnOfLostName(name, this.#warn);
    const unused: SendCall = async () => {};
    const operate: Operation<CopyResult> = async (_, either, emit) => {
      const { copyImages } = await import('./copy/copy-images.ts');
      return copyImages(source, target, names, { ...how, signal: either }, emit, this.#warn);
    };
    return new ProgressStream(unused, operate, this.#warn, signal);
  }

  /**
   * Returns the images that the engine has, with their names and layers (diff IDs), as plain JSON. With it, `getImage` of another engine can
   * save an image for this one without these layers (option `without`), also on a machine that cannot reach this engine.
   */
  async layers(options?: CallOptions): Promise<LayerInventory> {
    const callOptions = take('layers', options);
    const { inventoryOf } = await import('./copy/engine-images.ts');
    return inventoryOf(this, callOptions);
  }

  /**
   * Imports the tar of a file system as an image with one layer. A string that begins with http:// or https:// is a URL that the
   * engine fetches; any other string is a path. `{ image }` is pulled instead. `POST /images/create`.
   */
  importImage(source: { readonly image: string }, options?: ImportFromImageOptions): ProgressStream<PullResult>;
  importImage(source: string | URL | UploadData, options?: ImportOptions): ProgressStream<ImportResult>;
  importImage(
    source: string | URL | UploadData | { readonly image: string },
    options: ImportOptions & ImportFromImageOptions = {},
  ): ProgressStream<ImportResult> | ProgressStream<PullResult> {
    const url = addressOf(source);
    if (url !== undefined) return this.importImageFromUrl(url, options);
    if (typeof source === 'string' || isUrl(source)) return this.importImageFromFile(source, options);
    const image = imageOf(source);
    if (image !== undefined) return this.importImageFromImage(image, options);
    return this.#import(bodySource(source, 'importImage: source'), options);
  }

  /** Imports bytes, or packs and imports entries: `{ "bin/app": bytes }`, or a list of `TarEntry`. See `importImage`. */
  importImageFromData(data: Uint8Array | TarEntries, options?: ImportOptions): ProgressStream<ImportResult> {
    return this.#import(entriesSource(data, 'importImageFromData: data'), options);
  }

  /** Imports a tar file. See `importImage`. */
  importImageFromFile(path: string | URL, options?: ImportOptions): ProgressStream<ImportResult> {
    return this.#import(bodySource({ path }, 'importImageFromFile: file'), options);
  }

  /** Imports the tar that a stream, or the body of a `Response`, yields. See `importImage`. */
  importImageFromStream(stream: AsyncIterable<Uint8Array> | FetchedBody, options?: ImportOptions): ProgressStream<ImportResult> {
    return this.#import(streamSource(stream, 'importImageFromStream: stream'), options);
  }

  /** Imports a tar that the engine fetches from a URL. See `importImage`. */
  importImageFromUrl(url: string | URL, options?: ImportOptions): ProgressStream<ImportResult> {
    return this.#import(check(url, WEB_ADDRESS, 'importImageFromUrl', 'url') as string, options);
  }

  /** Pulls an image, as `pull` does; docker-py has this name for it. */
  importImageFromImage(image: string, options?: ImportFromImageOptions): ProgressStream<PullResult> {
    return this.pull(image, take('importImageFromImage', options));
  }

  /**
   * Sends any other request. Resolves with the response, whatever its status; rejects only if the exchange fails. The API version
   * is put before the path unless `versioned` is false.
   */
  async request(options: RequestOptions): Promise<RawResponse> {
    return rawRequest(this.#engine, options);
  }

  /** Closes all connections. Calls that are running reject with a `ConnectError`, and so do later ones. */
  close(): void {
    this.#engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #import(source: BodySource | string, options: ImportOptions | undefined): ProgressStream<ImportResult> {
    const { signal, timeouts, repository, tag, ...args } = take('importImage', options);
    const name = importedName(repository, tag);
    const fromSrc = typeof source === 'string' ? source : '-';
    const body = typeof source === 'string' ? undefined : filledSource(source, 'importImage: the source');
    const optional = args.platform === undefined ? ['platform'] : undefined; // the client's default is left out if the engine lacks it
    const platform = args.platform ?? this.#defaultPlatform;
    const call = encodeCall('importImage', { ...args, platform, fromSrc, repo: name }, undefined, optional);
    return this.#progress(call, { body, signal, timeouts }, (send, queries) => importImage(send, name, queries));
  }

  #side(): CopySide {
    return { engine: this, address: this.#engine.address };
  }

  /** Makes a call whose response is a stream of progress. `operate` makes its queries, sends the call and returns the result. */
  #progress<Result>(
    call: EncodedCall,
    options: SendOptions,
    operate: (send: Send, queries: EngineQueries) => Promise<Result>,
  ): ProgressStream<Result> {
    const { body, signal: own, timeouts } = options;
    return new ProgressStream(
      (reader, signal, onUpload) => {
        const unpacked = body && unpackedSource(body, call, this.#engine.facts, { signal, timeouts });
        const watched = unpacked === undefined || onUpload === undefined ? unpacked : watchedSource(unpacked, onUpload);
        return this.#engine.makeCall(call, { ...options, body: watched, signal }, reader);
      },
      (send, signal) => operate(send, new EngineQueries(this.#engine, { signal, timeouts }, this.#warn)),
      this.#warn,
      own,
    );
  }

  /** Returns the registry with its credentials. Calls `beforeCredentials`, which warns or throws, before anything is sent. */
  #registry(place: RepositoryLocation, ofCall: CredentialChoice | CredentialSource): RegistryAccess {
    const registry = registryAccess(place, ofCall, this.#credentials);
    if (typeof registry.credentials === 'object') this.#beforeCredentials?.();
    return registry;
  }
}
