// The user's handle: one short method for each operation of the Engine API on images. What an operation means stands
// here; how it is written on the wire stands in api/endpoints.ts.

import { ArchiveStream } from './archive-stream.ts';
import { CREDENTIALS, take } from './arguments.ts';
import { hasUtf8, utf8 } from '../bytes.ts';
import { clientEngine } from './create-engine.ts';
import { refuseAbsentVariant } from '../api/absent-variant.ts';
import { encodeAuthConfig, credentialsMatchRegistry, assertCredentialsMatch, registryOf, serverAddress } from '../api/credentials.ts';
import type { CredentialChoice, CredentialSource, Credentials, RegistryPlace } from '../api/credentials.ts';
import type { AuthResult, ImageDiskUsage, ImageEvent, InfoResult, PingResult, VersionResult } from '../api/types/engine.ts';
import { imageEventFilters, mergeFilters, namesHub, withComparedNames } from '../api/filters.ts';
import type { Filters } from '../api/filters.ts';
import type { HistoryItem, ImageInspect, ImageSummary, PruneResult, RemoveItem, SearchResult } from '../api/types/image.ts';
import { refuseListName } from '../api/manifest-lists.ts';
import type { DistributionInspect, ImageAttestation } from '../api/types/manifest.ts';
import {
  imageDiskUsage, namedAsListed, readAttestations, readDistribution, readFound, readHistory, readImage, readImages, readInfo, readLogin,
  readPruned, readRemoved, readVersion,
} from '../api/normalize.ts';
import type { EventsArguments } from '../api/podman-events.ts';
import { importedName, searchedHost, warnOfLostName, withDefaultTag, withSearchedHost, withoutDigest } from '../api/image-names.ts';
import type { ImportResult, LoadResult, PullResult, PushResult } from '../api/progress/results.ts';
import type { Platform } from '../api/platform.ts';
import { formatReference, isDigest, parseImage, parseReference, repositoryName, withTag } from '../api/reference.ts';
import type { Engine, RegistryAccess, SendOptions } from './engine.ts';
import { encodeCall } from '../api/encode-call.ts';
import type { EncodedCall } from '../api/encode-call.ts';
import { ArgumentError, NotFoundError, isCallersOwn } from '../errors.ts';
import { environmentOptions, explainEngine } from './from-environment.ts';
import type { EngineReport } from './from-environment.ts';
import type {
  CallOptions, DiskUsageOptions, EnvironmentOptions, EventsOptions, FromEnvironmentOptions, GetImageOptions, HistoryOptions,
  ImageAttestationsOptions, ImageClientOptions, ImagesOptions, ImportFromImageOptions, ImportOptions,
  InspectImageOptions, LoadImageOptions, PruneImagesOptions, PullOptions, PushOptions, RegistryOptions,
  RemoveImageOptions, SearchOptions, TagOptions,
} from './options.ts';
import { eventStream } from './event-stream.ts';
import { importing, listening, loading, pulling, pushing } from './engine-differences.ts';
import { FILLED_TEXT, OBJECT, check, copyOfList, kind } from '../kinds.ts';
import { engineQueriesOf } from './engine-queries.ts';
import { ProgressStream } from './progress-stream.ts';
import type { SendCall } from './progress-stream.ts';
import { rawRequest } from './raw-request.ts';
import type { RawAnswer, RequestOptions } from './raw-request.ts';
import { files } from '../system/files/archive-files.ts';
import type { TarEntries } from '../tar/pack.ts';
import { WEB_ADDRESS, addressOf, bodySource, entriesSource, filledSource, imageOf, isUrl, streamSource, watchedSource } from './request-body.ts';
import type { BodySource, FetchedBody, UploadData } from './request-body.ts';
import type { Warn } from '../connection/warnings.ts';

// An engine gives an empty archive for no image.
const IMAGES = kind('an image, or a list of images that is not empty', (value) => (value as unknown[]).length > 0, copyOfList);
const SEARCH_TERM = kind('a string that is not empty', (value) => FILLED_TEXT.test(value) && hasUtf8(value as string));
const OWN_CREDENTIALS = kind('an object such as { username, password }', OBJECT.test, CREDENTIALS.copy);

/** A client of one engine. Making one does no I/O; the first call negotiates the API version. */
export class ImageClient {
  readonly #engine: Engine;
  readonly #credentials: CredentialChoice | CredentialSource;
  readonly #defaultPlatform: Platform | undefined;
  readonly #warn: Warn;
  readonly #beforeCredentials: (() => void) | undefined;

  constructor(given: ImageClientOptions) {
    const { engine, warn, beforeCredentials, options } = clientEngine(given);
    this.#engine = engine;
    this.#warn = warn;
    this.#beforeCredentials = beforeCredentials;
    this.#credentials = options.credentials;
    this.#defaultPlatform = options.defaultPlatform;
  }

  /** A client of the engine that is meant, by the docker command's rules; a `ConfigError` where what they name is wrong. */
  static async fromEnvironment(options?: FromEnvironmentOptions): Promise<ImageClient> {
    return new ImageClient(await environmentOptions(options));
  }

  /** Which engine `fromEnvironment` would choose, by which rule, and what else there is; nothing is connected to. */
  static async explain(options?: EnvironmentOptions): Promise<EngineReport> {
    return explainEngine(options);
  }

  /** What the engine says of itself. `HEAD /_ping`. */
  async ping(options?: CallOptions): Promise<PingResult> {
    return this.#engine.facts.ping(take('ping', options));
  }

  /** The engine's versions. `GET /version`. */
  async version(options?: CallOptions): Promise<VersionResult> {
    return this.#engine.json(encodeCall('version'), take('version', options), readVersion);
  }

  /** What the engine says of itself at length. `GET /info`. */
  async info(options?: CallOptions): Promise<InfoResult> {
    return this.#engine.json(encodeCall('info'), take('info', options), readInfo);
  }

  /** Has the engine log in to a registry, to see whether the credentials are right. `POST /auth`. */
  async checkAuth(registry: string, credentials: Credentials, options?: CallOptions): Promise<AuthResult> {
    const taken = take('checkAuth', options);
    const key = serverAddress(check(registry, FILLED_TEXT, 'checkAuth', 'registry'));
    const own = check(credentials, OWN_CREDENTIALS, 'checkAuth', 'credentials');
    assertCredentialsMatch(key, own);
    this.#beforeCredentials?.();
    const body = bodySource(utf8(encodeAuthConfig(own, key)), files, 'checkAuth');
    const answer = await this.#engine.json<AuthResult | null>(encodeCall('checkAuth'), { body, ...taken }, readLogin);
    // The documents let an engine say yes by 204 alone.
    return { Status: 'Login Succeeded', IdentityToken: '', ...answer };
  }

  /** What happens to images from now on, or from `since` on, without an end unless `until` sets one. `GET /events`. */
  events(options?: EventsOptions): AsyncIterable<ImageEvent> {
    const { since, until, signal, timeouts, filters } = take('events', options);
    const args = { since, until, filters: imageEventFilters(filters) };
    const start = (asked: EventsArguments): SendCall => this.#starter(encodeCall('events', asked), { timeouts });
    return eventStream(listening(start, engineQueriesOf(this.#engine, timeouts), args), { until, signal });
  }

  /** How much the images take. `GET /system/df`. */
  async diskUsage(options?: DiskUsageOptions): Promise<ImageDiskUsage> {
    const { signal, timeouts, verbose = false } = take('diskUsage', options);
    // Older engines gather everything, and are slow at it; and they list each image unasked.
    const call = encodeCall('diskUsage', { type: 'image', verbose }, undefined, ['type', 'verbose']);
    const usage = await this.#engine.json(call, { signal, timeouts }, (answer) => imageDiskUsage(answer, verbose));
    // Podman's have no repositories.
    if (usage.images === undefined || usage.images.every(({ RepoTags }) => RepoTags.every((name) => name.includes(':')))) return usage;
    return namedAsListed(usage, await this.images({ all: true, signal, timeouts }));
  }

  /** Whether the connected engine has an operation or a parameter, `"removeImage.platforms"`. */
  async supports(subject: string, options?: Pick<CallOptions, 'signal'>): Promise<boolean> {
    const taken = take('supports', options);
    return this.#engine.facts.supports(check(subject, FILLED_TEXT, 'supports', 'subject'), taken);
  }

  /** The API version that is spoken: pinned, or negotiated now if no call has done so. */
  async apiVersion(options?: Pick<CallOptions, 'signal'>): Promise<string> {
    return this.#engine.facts.version(take('apiVersion', options));
  }

  /** The images that the engine has. `GET /images/json`. */
  async images(options: ImagesOptions & { readonly quiet: true }): Promise<string[]>;
  async images(options?: ImagesOptions & { readonly quiet?: false | undefined }): Promise<ImageSummary[]>;
  async images(options?: ImagesOptions & { readonly quiet?: boolean | undefined }): Promise<ImageSummary[] | string[]> {
    const { name, quiet, filters, signal, timeouts, ...args } = take('images', options);
    if (args.identity === true && args.manifests !== true) throw new ArgumentError('images takes identity with manifests only');
    const named = name === undefined ? filters : mergeFilters(filters, { reference: name });
    const compared = await this.#compared(named, 'reference', { signal, timeouts });
    const images = await this.#engine.json(encodeCall('images', { ...args, filters: compared }), { signal, timeouts }, readImages);
    return quiet === true ? images.map((image) => image.Id) : images;
  }

  /** One image. `GET /images/{image}/json`; a `NotFoundError` where there is none. */
  async inspectImage(image: string, options?: InspectImageOptions): Promise<ImageInspect> {
    const { signal, timeouts, ...args } = take('inspectImage', options);
    if (args.manifests === true && args.platform !== undefined) {
      throw new ArgumentError('inspectImage takes manifests or platform, not both');
    }
    const found = await this.#engine.json(encodeCall('inspectImage', args, parseImage(image)), { signal, timeouts }, readImage);
    refuseAbsentVariant(found, image, args);
    return found;
  }

  /** Whether the engine has an image. */
  async exists(image: string, options?: CallOptions): Promise<boolean> {
    const taken = take('exists', options);
    return this.inspectImage(image, taken).then(
      () => true,
      (error: unknown) => {
        // Of an image that is there, no variant may be for the engine's own platform.
        if (error instanceof NotFoundError && !isCallersOwn(error, taken.signal)) return error.reason === 'platform';
        throw error;
      },
    );
  }

  /** The steps in an image's making, newest first. `GET /images/{image}/history`. */
  async history(image: string, options?: HistoryOptions): Promise<HistoryItem[]> {
    const { signal, timeouts, ...args } = take('history', options);
    return this.#engine.json(encodeCall('history', args, parseImage(image)), { signal, timeouts }, readHistory);
  }

  /** Gives an image another name, which another image may have lost by it. `POST /images/{image}/tag`. */
  async tag(image: string, repository: string, options?: TagOptions): Promise<void> {
    const { tag, signal, timeouts } = take('tag', options);
    const target = withoutDigest('tag', withTag(parseReference(repository), tag));
    const args = { repo: repositoryName(target), tag: target.tag ?? 'latest' };
    await this.#engine.json(encodeCall('tag', args, parseImage(image)), { signal, timeouts });
  }

  /**
   * Removes a name, and the image with its last name. `DELETE /images/{image}`. On the containerd store, `repository@digest`
   * removes all tags of that repository which lead to the image. A name of a manifest list is a `ConflictError` on Podman, which
   * may remove an image of it.
   */
  async removeImage(image: string, options?: RemoveImageOptions): Promise<RemoveItem[]> {
    const { signal, timeouts, ...args } = take('removeImage', options);
    const call = encodeCall('removeImage', args, parseImage(image));
    if (Array.isArray(args.platforms) && args.platforms.length > 1) {
      // An engine removes one after the other, and fails at the first that is not there.
      await this.#engine.assertSupported(call, { signal, timeouts });
      for (const platform of args.platforms) await this.inspectImage(image, { platform, signal, timeouts });
    }
    if (!isDigest(image) && (await this.#engine.facts.isPodman({ signal, timeouts })) === true) {
      await this.#engine.assertSupported(call, { signal, timeouts });
      // Where it cannot be inspected, the engine answers for itself.
      const shown = await this.inspectImage(image, { signal, timeouts }).catch(() => signal?.throwIfAborted());
      if (shown !== undefined) refuseListName(shown, image);
    }
    return this.#engine.json(call, { signal, timeouts }, readRemoved);
  }

  /** Removes what nothing uses: untagged images, or all unused ones with `dangling: false`. `POST /images/prune`. */
  async pruneImages(options?: PruneImagesOptions): Promise<PruneResult> {
    const { signal, timeouts, ...args } = take('pruneImages', options);
    return this.#engine.json(encodeCall('pruneImages', args), { signal, timeouts }, readPruned);
  }

  /** Repositories of a registry, the Docker Hub unless the term begins with a host. `GET /images/search`. */
  async search(term: string, options?: SearchOptions): Promise<SearchResult[]> {
    const { signal, timeouts, credentials, ...args } = take('search', options);
    check(term, SEARCH_TERM, 'search', 'term');
    const registry = this.#registry({ host: searchedHost(term) }, credentials);
    const limits = { signal, timeouts };
    const takesCredentials = registry.credentials !== undefined && registry.credentials !== 'anonymous';
    // Where it is not known what the engine is, too: Docker understands both forms.
    const isPodman = await (takesCredentials ? this.#engine.facts.isPodmanNow(limits) : this.#engine.facts.isPodman(limits));
    const sent = isPodman === false ? term : withSearchedHost(term);
    const call = encodeCall('search', { ...args, term: sent });
    return this.#engine.json(call, { registry, ...limits }, readFound).catch(async (error: unknown) => {
      if (error instanceof NotFoundError && !isCallersOwn(error, signal) && (await this.#engine.facts.isPodman(limits)) === true) return [];
      throw error; // Podman alone says 404 where nothing was found
    });
  }

  /** What the registry has under a name, without pulling it. `GET /distribution/{image}/json`, API 1.30. */
  async inspectDistribution(image: string, options?: RegistryOptions): Promise<DistributionInspect> {
    const { signal, timeouts, credentials } = take('inspectDistribution', options);
    const reference = parseReference(image);
    const registry = this.#registry(registryOf(reference), credentials);
    const call = encodeCall('inspectDistribution', {}, formatReference(reference));
    return this.#engine.json(call, { registry, signal, timeouts }, readDistribution);
  }

  /** What was attested of an image: its provenance, its parts. `GET /images/{image}/attestations`, API 1.55. */
  async imageAttestations(image: string, options?: ImageAttestationsOptions): Promise<ImageAttestation[]> {
    const { signal, timeouts, ...args } = take('imageAttestations', options);
    return this.#engine.json(encodeCall('imageAttestations', args, parseImage(image)), { signal, timeouts }, readAttestations);
  }

  /** Fetches an image from its registry. `POST /images/create`. */
  pull(image: string, given?: PullOptions): ProgressStream<PullResult> {
    const options = take('pull', given);
    const { tag, allTags = false, platform = this.#defaultPlatform, policy = 'always', signal, timeouts } = options;
    const parsed = withTag(parseReference(image), tag);
    if (allTags && (parsed.tag ?? parsed.digest) !== undefined) {
      throw new ArgumentError('pull takes allTags or one tag, not both');
    }
    if (allTags && policy === 'missing') throw new ArgumentError('what of all tags is missing, only the registry knows');
    const reference = allTags ? parsed : withDefaultTag(parsed);
    // A digest says more than a tag beside it, and engines take one of them; it goes in their `tag`.
    const args = { fromImage: repositoryName(parsed), tag: reference.digest ?? reference.tag, platform };
    const call = encodeCall('pull', args);
    const registry = this.#registry(registryOf(parsed), options.credentials);
    const assertSupported = (left: AbortSignal): Promise<void> => this.#engine.assertSupported(call, { signal: left, timeouts });
    const pull = { reference, platform, policy, allTags, registry, assertSupported };
    const operation = pulling(pull, engineQueriesOf(this.#engine, timeouts), this.#warn);
    return new ProgressStream(this.#starter(call, { registry, timeouts }), operation, this.#warn, signal);
  }

  /** Sends an image to its registry. `POST /images/{image}/push`. */
  push(image: string, options?: PushOptions): ProgressStream<PushResult> {
    const { tag, allTags = false, platform, signal, timeouts, credentials } = take('push', options);
    const parsed = withoutDigest('push', withTag(parseReference(image), tag));
    if (allTags && parsed.tag !== undefined) throw new ArgumentError('push takes allTags or one tag, not both');
    const reference = allTags ? parsed : withDefaultTag(parsed);
    const registry = this.#registry(registryOf(parsed), credentials);
    const call = encodeCall('push', { tag: reference.tag, platform }, repositoryName(parsed));
    const operation = pushing({ reference, registry }, engineQueriesOf(this.#engine, timeouts), this.#warn);
    return new ProgressStream(this.#starter(call, { registry, timeouts }), operation, this.#warn, signal);
  }

  /** One image, or several, as an archive that `loadImage` takes. `GET /images/get`. */
  getImage(image: string | readonly string[], options?: GetImageOptions): ArchiveStream {
    const { signal, timeouts, chunkSize, verify, ...args } = take('getImage', options);
    const given = typeof image === 'string' ? [image] : check(image, IMAGES, 'getImage', 'image');
    const names = given.map(parseImage);
    for (const name of names) warnOfLostName(name, this.#warn);
    const start = this.#starter(encodeCall('getImage', { ...args, names }), { timeouts });
    return new ArchiveStream(start, files, { chunkSize, verify }, signal, args.platform);
  }

  /** Takes in the images of an archive. `POST /images/load`. */
  loadImage(data: UploadData, options?: LoadImageOptions): ProgressStream<LoadResult> {
    const { signal, timeouts, quiet = false, ...args } = take('loadImage', options);
    const body = bodySource(data, files, 'loadImage: data');
    const start = this.#starter(encodeCall('loadImage', { ...args, quiet }), { body, timeouts });
    const operation = loading(args.platform, engineQueriesOf(this.#engine, timeouts), this.#warn);
    return new ProgressStream(start, operation, this.#warn, signal);
  }

  /**
   * Makes an image of one layer out of a file system's tar. A string is a URL if it begins with http:// or https://,
   * else a path; bytes and async iterables are uploaded; `{ image }` is pulled. `POST /images/create`.
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
    return this.#import(bodySource(source, files, 'importImage: source'), options);
  }

  /** `importImage` of bytes, or of entries that are packed here: `{ "bin/app": bytes }`, or a list of `TarEntry`. */
  importImageFromData(data: Uint8Array | TarEntries, options?: ImportOptions): ProgressStream<ImportResult> {
    return this.#import(entriesSource(data, 'importImageFromData: data'), options);
  }

  /** `importImage` of a file. */
  importImageFromFile(path: string | URL, options?: ImportOptions): ProgressStream<ImportResult> {
    return this.#import(bodySource({ path }, files, 'importImageFromFile: file'), options);
  }

  /** `importImage` of whatever yields the bytes of a tar. */
  importImageFromStream(stream: AsyncIterable<Uint8Array> | FetchedBody, options?: ImportOptions): ProgressStream<ImportResult> {
    return this.#import(streamSource(stream, files, 'importImageFromStream: stream'), options);
  }

  /** `importImage` of what the engine itself fetches from a URL. */
  importImageFromUrl(url: string | URL, options?: ImportOptions): ProgressStream<ImportResult> {
    return this.#import(check(url, WEB_ADDRESS, 'importImageFromUrl', 'url') as string, options);
  }

  /** Pulls: what docker-py calls an import from an image. */
  importImageFromImage(image: string, options?: ImportFromImageOptions): ProgressStream<PullResult> {
    return this.pull(image, take('importImageFromImage', options));
  }

  /** Any request at all, under the negotiated version unless `versioned: false`; every final status resolves. */
  async request(options: RequestOptions): Promise<RawAnswer> {
    return rawRequest(this.#engine, options, (data) => bodySource(data, files, 'request: options.body'));
  }

  /** Ends what is under way, with an error, and closes all connections. */
  close(): void {
    this.#engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #import(source: BodySource | string, options: ImportOptions | undefined): ProgressStream<ImportResult> {
    const { signal, timeouts, repository, tag, ...args } = take('importImage', options);
    const isUrl = typeof source === 'string';
    const repo = importedName(repository, tag);
    const all = { ...args, platform: args.platform ?? this.#defaultPlatform, fromSrc: isUrl ? source : '-', repo };
    const body = isUrl ? undefined : filledSource(source, 'importImage: the source');
    const optional = args.platform === undefined ? ['platform'] : undefined; // the client's own default
    const start = this.#starter(encodeCall('importImage', all, undefined, optional), { body, timeouts });
    return new ProgressStream(start, importing(repo, engineQueriesOf(this.#engine, timeouts), this.#warn), this.#warn, signal);
  }

  #registry({ host, repository }: RegistryPlace, own: CredentialChoice | CredentialSource): RegistryAccess {
    const key = serverAddress(host);
    assertCredentialsMatch(key, own);
    // Those of the client go along wherever they may, and leave the calls to other registries without any.
    const general = credentialsMatchRegistry(key, this.#credentials) ? this.#credentials : undefined;
    const credentials = own ?? general;
    // Now, and not only when they are sent: by then the engine has been asked for its version.
    if (typeof credentials === 'object') this.#beforeCredentials?.();
    return { key, repository, credentials };
  }

  #starter(call: EncodedCall, options: SendOptions): SendCall {
    const { body } = options;
    return (reader, left, onUpload) => {
      const told = body === undefined || onUpload === undefined ? body : watchedSource(body, onUpload);
      return this.#engine.exchange(call, { ...options, body: told, signal: left }, reader);
    };
  }

  /** An engine compares names as it shows them; which it is matters only for those with the Docker Hub's host. */
  async #compared(filters: Filters | undefined, key: string, limits: CallOptions): Promise<Filters | undefined> {
    if (filters === undefined || !namesHub(filters, key)) return filters;
    return withComparedNames(filters, key, (await this.#engine.facts.isPodman(limits)) === true);
  }
}
