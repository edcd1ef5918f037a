// The user's handle: one short method for each operation of the Engine API on images. What an operation means stands
// here; how it is written on the wire stands in docker/endpoints.ts.

import { ArchiveStream } from './archive-stream.ts';
import { utf8 } from './bytes.ts';
import { clientEngine } from './client-engine.ts';
import { isJsonObject } from './docker/answer.ts';
import type { JsonObject } from './docker/answer.ts';
import { encodeAuthConfig, mayGoTo, refuseForAnother, registryOf, sealed, serverAddress } from './docker/auth.ts';
import type { CredentialChoice, CredentialSource, Credentials, RegistryPlace } from './docker/auth.ts';
import { checkArguments, refuseUnknownOptions } from './docker/call.ts';
import { endpoints } from './docker/endpoints.ts';
import type { AuthResult, ImageDiskUsage, ImageEvent, InfoResult, PingResult, VersionResult } from './docker/engine-types.ts';
import { mergeFilters } from './docker/filters.ts';
import type { HistoryItem, ImageInspect, ImageSummary, PruneResult, RemoveItem, SearchResult } from './docker/image-types.ts';
import type { DistributionInspect, ImageAttestation } from './docker/manifest-types.ts';
import { historyItem, imageDiskUsage, removeItem, searchResult, withNames } from './docker/normalise.ts';
import { importOutcome, loadOutcome, pullOutcome, pushOutcome } from './docker/outcome.ts';
import type { EventsArguments } from './docker/podman-events.ts';
import { importedName, searchedHost, withDefaultTag, withoutDigest } from './docker/names.ts';
import type { ImportResult, LoadResult, PullResult, PushResult } from './docker/outcome.ts';
import type { Platform } from './docker/platform.ts';
import { formatReference, parseImage, parseReference, repositoryName, withTag } from './docker/reference.ts';
import type { Engine, EngineCall, RegistryAccess } from './engine.ts';
import { ArgumentError, NotFoundError } from './errors.ts';
import { environmentOptions, explainEngine } from './from-environment.ts';
import type { EngineReport } from './from-environment.ts';
import type {
  CallOptions, DiskUsageOptions, EnvironmentOptions, EventsOptions, FromEnvironmentOptions, GetImageOptions, HistoryOptions,
  ImageAttestationsOptions, ImageClientOptions, ImagesOptions, ImportFromImageOptions, ImportOptions,
  InspectImageOptions, LoadImageOptions, PruneImagesOptions, PullOptions, PushOptions, RegistryOptions,
  RemoveImageOptions, SearchOptions, TagOptions,
} from './options.ts';
import { eventStream } from './event-stream.ts';
import { importing, listening, pulling, pushing } from './follow-up.ts';
import { localOf } from './local.ts';
import { ProgressStream } from './progress-stream.ts';
import type { StartCall } from './progress-stream.ts';
import { rawRequest } from './raw-request.ts';
import type { RawAnswer, RequestOptions } from './raw-request.ts';
import { outside } from './system/outside.ts';
import { packTar } from './tar/pack.ts';
import type { TarEntries } from './tar/pack.ts';
import { bodySource, chunksSource, isAsyncIterable, watchedSource } from './upload.ts';
import type { UploadData } from './upload.ts';
import type { Warn } from './warnings.ts';

const CALL = ['signal', 'timeouts'] as const;
const REGISTRY = [...CALL, 'credentials'] as const;

/** A client of one engine. Making one does no I/O; the first call negotiates the API version. */
export class ImageClient {
  readonly #engine: Engine;
  readonly #credentials: CredentialChoice | CredentialSource;
  readonly #defaultPlatform: Platform | undefined;
  readonly #warn: Warn;
  readonly #beforeCredentials: (() => void) | undefined;

  constructor(options: ImageClientOptions) {
    const { engine, warn, beforeCredentials } = clientEngine(options, outside);
    this.#engine = engine;
    this.#warn = warn;
    this.#beforeCredentials = beforeCredentials;
    this.#credentials = sealed(options.credentials);
    this.#defaultPlatform = options.defaultPlatform;
  }

  /** A client of the engine that is meant, by the docker command's rules; a `ConfigError` where what they name is wrong. */
  static async fromEnvironment(options: FromEnvironmentOptions = {}): Promise<ImageClient> {
    return new ImageClient(await environmentOptions(options, outside));
  }

  /** Which engine `fromEnvironment` would choose, by which rule, and what else there is; nothing is connected to. */
  static async explain(options: EnvironmentOptions = {}): Promise<EngineReport> {
    return explainEngine(options, outside);
  }

  /** What the engine says of itself. `HEAD /_ping`. */
  async ping(options: CallOptions = {}): Promise<PingResult> {
    refuseUnknownOptions('ping', options, CALL);
    return this.#engine.ping(options);
  }

  /** The engine's versions. `GET /version`. */
  async version(options: CallOptions = {}): Promise<VersionResult> {
    refuseUnknownOptions('version', options, CALL);
    return this.#object<VersionResult>({ operation: 'version', ...callOptions(options) });
  }

  /** What the engine says of itself at length. `GET /info`. */
  async info(options: CallOptions = {}): Promise<InfoResult> {
    refuseUnknownOptions('info', options, CALL);
    return this.#object<InfoResult>({ operation: 'info', ...callOptions(options) });
  }

  /** Has the engine log in to a registry, to see whether the credentials are right. `POST /auth`. */
  async checkAuth(registry: string, credentials: Credentials, options: CallOptions = {}): Promise<AuthResult> {
    refuseUnknownOptions('checkAuth', options, CALL);
    const key = serverAddress(registry);
    refuseForAnother(key, credentials);
    this.#beforeCredentials?.();
    const body = bodySource(utf8(encodeAuthConfig(credentials, key)), outside.files);
    const answer = await this.#engine.json({ operation: 'checkAuth', body, ...callOptions(options) });
    // The documents let an engine say yes by 204 alone.
    return { Status: 'Login Succeeded', IdentityToken: '', ...(answer as AuthResult | null) };
  }

  /** What happens to images from now on, or from `since` on, without an end unless `until` sets one. `GET /events`. */
  events(options: EventsOptions = {}): AsyncIterable<ImageEvent> {
    refuseUnknownOptions('events', options, ['since', 'until', 'filters', ...CALL]);
    const { since, until, signal, timeouts } = options;
    const filters = mergeFilters(options.filters, { type: 'image' });
    const args = { since, until, filters };
    checkArguments({ operation: 'events', args });
    const start = (asked: EventsArguments): StartCall => this.#starter({ operation: 'events', args: asked, timeouts });
    return eventStream(listening(start, localOf(this.#engine, timeouts), args), { until, signal });
  }

  /** How much the images take. `GET /system/df`. */
  async diskUsage(options: DiskUsageOptions = {}): Promise<ImageDiskUsage> {
    refuseUnknownOptions('diskUsage', options, ['verbose', ...CALL]);
    const { signal, timeouts, verbose = false } = options;
    const has = (name: string): Promise<boolean> => this.#engine.supports(`diskUsage.${name}`, { signal, timeouts });
    // Older engines gather everything, and are slow at it; and they list each image unasked.
    const args = { type: (await has('type')) ? 'image' : undefined, verbose: (verbose && (await has('verbose'))) || undefined };
    const answer = await this.#engine.json({ operation: 'diskUsage', args, signal, timeouts });
    return imageDiskUsage(answer, verbose);
  }

  /** Whether the connected engine has an operation or a parameter, `"removeImage.platforms"`. */
  async supports(subject: string, options: Pick<CallOptions, 'signal'> = {}): Promise<boolean> {
    refuseUnknownOptions('supports', options, ['signal']);
    return this.#engine.supports(subject, options);
  }

  /** The API version that is spoken: pinned, or negotiated now if no call has done so. */
  async apiVersion(options: Pick<CallOptions, 'signal'> = {}): Promise<string> {
    refuseUnknownOptions('apiVersion', options, ['signal']);
    return this.#engine.version(options);
  }

  /** The images that the engine has. `GET /images/json`. */
  async images(options: ImagesOptions & { readonly quiet: true }): Promise<string[]>;
  async images(options?: ImagesOptions & { readonly quiet?: false | undefined }): Promise<ImageSummary[]>;
  async images(options: ImagesOptions & { readonly quiet?: boolean | undefined } = {}): Promise<ImageSummary[] | string[]> {
    const { name, quiet, filters, signal, timeouts, ...args } = this.#known('images', options, ['name', 'quiet', ...CALL]);
    if (args.identity === true && args.manifests !== true) throw new ArgumentError('images takes identity with manifests only');
    const named = name === undefined ? filters : mergeFilters(filters, { reference: name });
    const call = { operation: 'images', args: { ...args, filters: named }, signal, timeouts } as const;
    const images = (await this.#list<ImageSummary>(call)).map(withNames);
    return quiet === true ? images.map((image) => image.Id) : images;
  }

  /** One image. `GET /images/{image}/json`; a `NotFoundError` where there is none. */
  async inspectImage(image: string, options: InspectImageOptions = {}): Promise<ImageInspect> {
    const { signal, timeouts, ...args } = this.#known('inspectImage', options, CALL);
    if (args.manifests === true && args.platform !== undefined) {
      throw new ArgumentError('inspectImage takes manifests or platform, not both');
    }
    const call = { operation: 'inspectImage', image: parseImage(image), args, signal, timeouts } as const;
    return withNames(await this.#object<ImageInspect>(call));
  }

  /** Whether the engine has an image. */
  async exists(image: string, options: CallOptions = {}): Promise<boolean> {
    refuseUnknownOptions('exists', options, CALL);
    return this.inspectImage(image, options).then(
      () => true,
      (error: unknown) => {
        if (error instanceof NotFoundError) return false;
        throw error;
      },
    );
  }

  /** The steps in an image's making, newest first. `GET /images/{image}/history`. */
  async history(image: string, options: HistoryOptions = {}): Promise<HistoryItem[]> {
    const { signal, timeouts, ...args } = this.#known('history', options, CALL);
    const call = { operation: 'history', image: parseImage(image), args, signal, timeouts } as const;
    return (await this.#list<HistoryItem>(call)).map(historyItem);
  }

  /** Gives an image another name, which another image may have lost by it. `POST /images/{image}/tag`. */
  async tag(image: string, repository: string, options: TagOptions = {}): Promise<void> {
    refuseUnknownOptions('tag', options, ['tag', ...CALL]);
    const target = withoutDigest('tag', withTag(parseReference(repository), options.tag));
    const args = { repo: repositoryName(target), tag: target.tag ?? 'latest' };
    await this.#engine.json({ operation: 'tag', image: parseImage(image), args, ...callOptions(options) });
  }

  /** Removes a name, and the image with its last name. `DELETE /images/{image}`. */
  async removeImage(image: string, options: RemoveImageOptions = {}): Promise<RemoveItem[]> {
    const { signal, timeouts, ...args } = this.#known('removeImage', options, CALL);
    const call = { operation: 'removeImage', image: parseImage(image), args, signal, timeouts } as const;
    return (await this.#list<RemoveItem>(call)).map(removeItem);
  }

  /** Removes what nothing uses: untagged images, or all unused ones with `dangling: false`. `POST /images/prune`. */
  async pruneImages(options: PruneImagesOptions = {}): Promise<PruneResult> {
    const { signal, timeouts, ...args } = this.#known('pruneImages', options, CALL);
    const result = await this.#object<PruneResult>({ operation: 'pruneImages', args, signal, timeouts });
    return { ...result, ImagesDeleted: (result.ImagesDeleted ?? []).map(removeItem) };
  }

  /** Repositories of a registry, the Docker Hub unless the term begins with a host. `GET /images/search`. */
  async search(term: string, options: SearchOptions = {}): Promise<SearchResult[]> {
    const { signal, timeouts, credentials, ...args } = this.#known('search', options, REGISTRY);
    if (typeof term !== 'string' || term === '') throw new ArgumentError('search needs a term');
    const registry = this.#registry({ host: searchedHost(term) }, credentials);
    const call = { operation: 'search', args: { ...args, term }, registry, signal, timeouts } as const;
    const found = this.#list<JsonObject>(call).catch(async (error: unknown) => {
      if (error instanceof NotFoundError && (await this.#engine.identity({ signal, timeouts })).isPodman) return [];
      throw error; // Podman alone says 404 where nothing was found
    });
    return (await found).map(searchResult);
  }

  /** What the registry has under a name, without pulling it. `GET /distribution/{image}/json`, API 1.30. */
  async inspectDistribution(image: string, options: RegistryOptions = {}): Promise<DistributionInspect> {
    refuseUnknownOptions('inspectDistribution', options, REGISTRY);
    const reference = parseReference(image);
    const registry = this.#registry(registryOf(reference), options.credentials);
    const call = { operation: 'inspectDistribution', image: formatReference(reference), registry } as const;
    const answer = await this.#object<DistributionInspect>({ ...call, ...callOptions(options) });
    return { ...answer, Platforms: answer.Platforms ?? [] };
  }

  /** What was attested of an image: its provenance, its parts. `GET /images/{image}/attestations`, API 1.55. */
  async imageAttestations(image: string, options: ImageAttestationsOptions = {}): Promise<ImageAttestation[]> {
    const { signal, timeouts, ...args } = this.#known('imageAttestations', options, CALL);
    return this.#list<ImageAttestation>({ operation: 'imageAttestations', image: parseImage(image), args, signal, timeouts });
  }

  /** Fetches an image from its registry. `POST /images/create`. */
  pull(image: string, options: PullOptions = {}): ProgressStream<PullResult> {
    refuseUnknownOptions('pull', options, ['tag', 'allTags', 'platform', 'policy', ...REGISTRY]);
    const { tag, allTags = false, platform = this.#defaultPlatform, policy = 'always', signal, timeouts } = options;
    const parsed = withTag(parseReference(image), tag);
    if (allTags && (parsed.tag ?? parsed.digest) !== undefined) {
      throw new ArgumentError('pull takes allTags or one tag, not both');
    }
    if (policy !== 'always' && policy !== 'missing') throw new ArgumentError('policy must be "always" or "missing"');
    if (allTags && policy === 'missing') throw new ArgumentError('what of all tags is missing, only the registry knows');
    const reference = allTags ? parsed : withDefaultTag(parsed);
    // A digest says more than a tag beside it, and engines take one of them; it goes in their `tag`.
    const args = { fromImage: repositoryName(parsed), tag: reference.digest ?? reference.tag, platform };
    const call = { operation: 'pull', args, registry: this.#registry(registryOf(parsed), options.credentials) } as const;
    const outcome = pullOutcome(formatReference(reference));
    const start = this.#starter({ ...call, timeouts });
    const passGates = (left: AbortSignal): Promise<void> => this.#engine.passGates({ ...call, signal: left, timeouts });
    const pull = { reference, platform, policy, allTags, passGates };
    const followed = pulling(start, localOf(this.#engine, timeouts), pull, outcome);
    return new ProgressStream(followed, outcome, this.#warn, signal);
  }

  /** Sends an image to its registry. `POST /images/{image}/push`. */
  push(image: string, options: PushOptions = {}): ProgressStream<PushResult> {
    refuseUnknownOptions('push', options, ['tag', 'allTags', 'platform', ...REGISTRY]);
    const { tag, allTags = false, platform, signal, timeouts } = options;
    const parsed = withoutDigest('push', withTag(parseReference(image), tag));
    if (allTags && parsed.tag !== undefined) throw new ArgumentError('push takes allTags or one tag, not both');
    const reference = allTags ? parsed : withDefaultTag(parsed);
    const registry = this.#registry(registryOf(parsed), options.credentials);
    const args = { tag: reference.tag, platform };
    const call = { operation: 'push', image: repositoryName(parsed), args, registry } as const;
    const outcome = pushOutcome(formatReference(reference), allTags);
    const start = pushing(this.#starter({ ...call, timeouts }), localOf(this.#engine, timeouts), reference, outcome);
    return new ProgressStream(start, outcome, this.#warn, signal);
  }

  /** One image, or several, as an archive that `loadImage` takes. `GET /images/get`. */
  getImage(image: string | readonly string[], options: GetImageOptions = {}): ArchiveStream {
    const { signal, timeouts, chunkSize, verify, ...args } = this.#known('getImage', options, ['chunkSize', 'verify', ...CALL]);
    const names = (typeof image === 'string' ? [image] : [...image]).map(parseImage);
    if (names.length === 0) throw new ArgumentError('getImage needs an image: an engine gives an empty archive for none');
    const start = this.#starter({ operation: 'getImage', args: { ...args, names }, timeouts });
    return new ArchiveStream(start, outside.files, { chunkSize, verify }, signal);
  }

  /** Takes in the images of an archive. `POST /images/load`. */
  loadImage(data: UploadData, options: LoadImageOptions = {}): ProgressStream<LoadResult> {
    const { signal, timeouts, quiet = false, ...args } = this.#known('loadImage', options, CALL);
    const body = bodySource(data, outside.files);
    const start = this.#starter({ operation: 'loadImage', args: { ...args, quiet }, body, timeouts });
    return new ProgressStream(start, loadOutcome(), this.#warn, signal);
  }

  /**
   * Makes an image of one layer out of a file system's tar. A string is a URL if it begins with http:// or https://,
   * else a path; bytes and async iterables are uploaded; `{ image }` is pulled. `POST /images/create`.
   */
  importImage(source: { readonly image: string }, options?: ImportFromImageOptions): ProgressStream<PullResult>;
  importImage(source: string | UploadData, options?: ImportOptions): ProgressStream<ImportResult>;
  importImage(
    source: string | UploadData | { readonly image: string },
    options: ImportOptions & ImportFromImageOptions = {},
  ): ProgressStream<ImportResult> | ProgressStream<PullResult> {
    if (typeof source === 'string') {
      const isUrl = /^https?:\/\//i.test(source);
      return isUrl ? this.importImageFromUrl(source, options) : this.importImageFromFile(source, options);
    }
    if ('image' in source) return this.importImageFromImage(source.image, options);
    return this.#import(bodySource(source, outside.files), options);
  }

  /** `importImage` of bytes, or of entries that are packed here: `{ "bin/app": bytes }`, or a list of `TarEntry`. */
  importImageFromData(data: Uint8Array | TarEntries, options: ImportOptions = {}): ProgressStream<ImportResult> {
    if (data instanceof Uint8Array) return this.#import(bodySource(data, outside.files), options);
    if (typeof data !== 'object' || data === null) throw new ArgumentError('importImageFromData needs bytes or entries');
    // Arrays and plain objects can be walked twice; an iterator cannot.
    const repeatable = Array.isArray(data) || !(Symbol.iterator in data || isAsyncIterable(data));
    return this.#import(chunksSource(() => packTar(data), repeatable), options);
  }

  /** `importImage` of a file. */
  importImageFromFile(path: string, options: ImportOptions = {}): ProgressStream<ImportResult> {
    return this.#import(bodySource({ path }, outside.files), options);
  }

  /** `importImage` of whatever yields the bytes of a tar. */
  importImageFromStream(stream: AsyncIterable<Uint8Array>, options: ImportOptions = {}): ProgressStream<ImportResult> {
    if (!isAsyncIterable(stream)) throw new ArgumentError('importImageFromStream needs an async iterable of bytes');
    return this.#import(bodySource(stream, outside.files), options);
  }

  /** `importImage` of what the engine itself fetches from a URL. */
  importImageFromUrl(url: string, options: ImportOptions = {}): ProgressStream<ImportResult> {
    const isUrl = URL.canParse(url) && /^https?:\/\//i.test(url);
    if (!isUrl) throw new ArgumentError('the URL must begin with http:// or https://');
    return this.#import(url, options);
  }

  /** Pulls: what docker-py calls an import from an image. */
  importImageFromImage(image: string, options: ImportFromImageOptions = {}): ProgressStream<PullResult> {
    refuseUnknownOptions('importImageFromImage', options, ['tag', 'platform', ...REGISTRY]);
    return this.pull(image, options);
  }

  /** Any request at all, under the negotiated version unless `versioned: false`; every final status resolves. */
  async request(options: RequestOptions): Promise<RawAnswer> {
    return rawRequest(this.#engine, options, (data) => bodySource(data, outside.files));
  }

  /** Ends what is under way, with an error, and closes all connections. */
  close(): void {
    this.#engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #import(source: EngineCall['body'] | string, options: ImportOptions): ProgressStream<ImportResult> {
    const own = ['repository', 'tag', ...CALL];
    const { signal, timeouts, repository, tag, ...args } = this.#known('importImage', options, own);
    const isUrl = typeof source === 'string';
    const repo = importedName(repository, tag);
    const all = { ...args, platform: args.platform ?? this.#defaultPlatform, fromSrc: isUrl ? source : '-', repo };
    const start = this.#starter({ operation: 'importImage', args: all, body: isUrl ? undefined : source, timeouts });
    const outcome = importOutcome();
    const followed = importing(start, localOf(this.#engine, timeouts), repo, outcome);
    return new ProgressStream(followed, outcome, this.#warn, signal);
  }

  /** The options, once none of them is unknown; what is left of `own` are arguments of the row. */
  #known<Options extends object>(operation: keyof typeof endpoints, options: Options, own: readonly string[]): Options {
    if (Object.keys(options).length === 0) return options; // as most calls have none
    const wireOnly = ['fromSrc', 'repo', 'names', 'term', 'fromImage'];
    const arguments_ = Object.keys(endpoints[operation].parameters).filter((name) => !wireOnly.includes(name));
    refuseUnknownOptions(operation, options, [...new Set([...arguments_, ...own])]);
    return options;
  }

  #registry({ host, repository }: RegistryPlace, own: CredentialChoice | CredentialSource): RegistryAccess {
    const key = serverAddress(host);
    refuseForAnother(key, own);
    // Those of the client go along wherever they may, and leave the calls to other registries without any.
    const general = mayGoTo(key, this.#credentials) ? this.#credentials : undefined;
    const credentials = sealed(own) ?? general;
    // Now, and not only when they are sent: by then the engine has been asked for its version.
    if (typeof credentials === 'object') this.#beforeCredentials?.();
    return { key, repository, credentials };
  }

  #starter(call: EngineCall): StartCall {
    checkArguments(call); // what is wrong with them is thrown at the call, not when the stream is read
    const { body } = call;
    return (reader, left, onUpload) => {
      const told = body === undefined || onUpload === undefined ? body : watchedSource(body, onUpload);
      return this.#engine.exchange({ ...call, body: told, signal: left }, reader);
    };
  }

  #object<Result>(call: EngineCall): Promise<Result> {
    return this.#engine.json(call, isJsonObject) as Promise<Result>;
  }

  /** `null`, which some engines send for an empty list, becomes `[]`. */
  async #list<Item>(call: EngineCall): Promise<Item[]> {
    const isList = (answer: unknown): boolean => answer === null || Array.isArray(answer);
    return ((await this.#engine.json(call, isList)) as Item[] | null) ?? [];
  }
}

function callOptions({ signal, timeouts }: CallOptions): CallOptions {
  return { signal, timeouts };
}
