// Queries about images that an operation makes before or after its own call. They use the signal and the timeouts of the
// operation. A query fails if the engine is silent for the operation's idle timeout, or for 30 seconds if it has none.

import type { Engine } from './engine.ts';
import type { RegistryAccess } from './registry-access.ts';
import type { CallOptions } from './options.ts';
import { encodeCall } from '../api/encode-call.ts';
import type { Arguments } from '../api/endpoints.ts';
import type { ImageInspect, ImageSummary } from '../api/types/image.ts';
import { readDistribution, readImage, readImages, readInfo } from '../api/normalize.ts';
import { fullPlatform } from '../api/platform.ts';
import type { Platform } from '../api/platform.ts';
import { isDigest, parseImage } from '../api/reference.ts';
import type { Warn } from '../connection/diagnostics.ts';
import { DecodeError, NotFoundError, isCallerError } from '../errors.ts';

/** A manifest or an index in a registry. */
export interface RegistryManifest {
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  readonly mediaType: string | undefined;
}

/**
 * The default idle timeout of a query, in milliseconds. Operations have none, because an engine may be silent for minutes
 * while it works; but an operation that has finished must not wait forever for a detail.
 */
const QUERY_IDLE_MS = 30_000;

/** Queries for one operation. */
export class EngineQueries {
  readonly signal: AbortSignal | undefined;
  /** Warnings about the operation, for its result. */
  readonly warnings: string[] = [];
  readonly #engine: Engine;
  readonly #warn: Warn;
  /** The operation's own options: facts about the engine are fetched with its timeouts, without `QUERY_IDLE_MS`. */
  readonly #own: CallOptions;
  readonly #options: CallOptions;

  constructor(engine: Engine, own: CallOptions, warn: Warn = () => {}) {
    this.signal = own.signal;
    this.#engine = engine;
    this.#warn = warn;
    this.#own = own;
    this.#options = { signal: own.signal, timeouts: { idleMs: QUERY_IDLE_MS, ...engine.timeouts, ...own.timeouts } };
  }

  /** Inspects an image; undefined if the engine has none of that name. */
  async inspect(image: string, args: Arguments<'inspectImage'> = {}): Promise<ImageInspect | undefined> {
    try {
      return await this.#engine.json(encodeCall('inspectImage', args, parseImage(image)), this.#options, readImage);
    } catch (error) {
      if (error instanceof NotFoundError && !isCallerError(error, this.signal)) return undefined;
      throw error;
    }
  }

  /** Whether the engine has the variant of an image for a platform; undefined if the engine does not report it. */
  async hasVariant(image: string, platform: Platform): Promise<boolean | undefined> {
    if ((await this.#engine.facts.imageStore(this.#options)) === 'graphdriver') return false;
    // Before API 1.49, the containerd store chooses the variant that it shows.
    if (!(await this.#engine.facts.supports('inspectImage.platform', this.#own))) return undefined;
    const full = fullPlatform(platform);
    if (full === undefined) return undefined;
    // For a variant that is listed in the index but not stored, Docker 29 responds with 200 and an empty architecture.
    return Boolean((await this.inspect(image, { platform: full }))?.Architecture);
  }

  async imageIds(): Promise<ReadonlySet<string>> {
    return new Set((await this.#list({ all: true })).map(({ Id }) => Id));
  }

  /** The digest under which Podman lists an image; undefined on other engines. */
  async listedDigest(image: string): Promise<string | undefined> {
    const [found, ...more] = await this.#list({ filters: { reference: image } });
    return more.length > 0 ? undefined : found?.Digest || undefined;
  }

  /** Returns the manifest or index that the registry has under a name. Docker only: Podman has no such endpoint. */
  async registryManifest(image: string, registry: RegistryAccess): Promise<RegistryManifest> {
    const options = { ...this.#options, registry };
    const { Descriptor } = await this.#engine.json(encodeCall('inspectDistribution', undefined, image), options, readDistribution);
    const { digest, size, mediaType } = Descriptor;
    if (isDigest(digest) && Number.isSafeInteger(size)) return { digest, size, mediaType };
    throw new DecodeError('the Descriptor has an invalid digest or size', { offset: 0 });
  }

  isPodman(): Promise<boolean | undefined> {
    return this.#engine.facts.isPodman(this.#own);
  }

  get knownPodman(): boolean | undefined {
    return this.#engine.facts.knownPodman;
  }

  /** The time of the engine's clock, in seconds since 1970; undefined if the engine does not report it. */
  async clock(): Promise<number | undefined> {
    const { SystemTime } = await this.#engine.json(encodeCall('info'), this.#options, readInfo);
    const time = Date.parse(String(SystemTime)) / 1000;
    return Number.isNaN(time) ? undefined : time;
  }

  /** Returns a detail of a finished operation; if the query fails, warns and returns undefined. */
  async detail<Detail>(subject: string, what: string, query: () => Promise<Detail>): Promise<Detail | undefined> {
    try {
      return await query();
    } catch (error) {
      this.signal?.throwIfAborted();
      this.warn('unchecked', subject, `cannot determine ${what}: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** Adds a warning to the result, and passes it to `onWarning`. */
  warn(kind: 'engine' | 'unchecked', subject: string, message: string): void {
    this.warnings.push(message);
    this.#warn({ kind, subject, message });
  }

  #list(args: Arguments<'images'>): Promise<readonly (Pick<ImageSummary, 'Id'> & { readonly Digest?: string })[]> {
    return this.#engine.json(encodeCall('images', args), this.#options, readImages);
  }
}
