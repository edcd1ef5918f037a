// What the engine has and is, for those who must look before or after a call.

import type { Engine } from './engine.ts';
import type { RegistryAccess } from './engine.ts';
import { encodeCall } from '../api/encode-call.ts';
import type { CallOptions } from './options.ts';
import type { ArgumentsOf } from '../api/parameters.ts';
import type { OperationName, endpoints } from '../api/endpoints.ts';
import type { ImageInspect, ImageSummary } from '../api/types/image.ts';
import { readDistribution, readImage, readImages, readInfo } from '../api/normalize.ts';
import { fullPlatform } from '../api/platform.ts';
import type { Platform } from '../api/platform.ts';
import { isDigest, parseImage } from '../api/reference.ts';
import { DecodeError, NotFoundError, isCallersOwn } from '../errors.ts';

/** What may be asked; undefined: there is no such image, or the engine does not say. */
export interface EngineQueries {
  inspect(image: string, left: AbortSignal): Promise<ImageInspect | undefined>;
  /** Whether there is that platform's variant of an image beside the one that `inspect` shows; undefined: not known. */
  hasVariant(image: string, platform: Platform, left: AbortSignal): Promise<boolean | undefined>;
  /** The ids of all images. */
  ids(left: AbortSignal): Promise<ReadonlySet<string>>;
  /** The digest by which the list of images has one: Podman's only. */
  listedDigest(image: string, left: AbortSignal): Promise<string | undefined>;
  /** What a registry has under a name, where the engine can be asked for it: Docker's. */
  inRegistry(image: string, registry: RegistryAccess, left: AbortSignal): Promise<RegistryManifest>;
  /** Undefined where a pinned version makes it needless to ask, and the engine does not tell. */
  isPodman(left: AbortSignal): Promise<boolean | undefined>;
  /** What is known of that by now, without asking. */
  readonly knownPodman: boolean | undefined;
  /** What the engine's clock says, in seconds since 1970. */
  now(left: AbortSignal): Promise<number | undefined>;
}

/** A manifest that a registry has. */
export interface RegistryManifest {
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  /** Of an index or of a manifest. */
  readonly mediaType: string | undefined;
}

/**
 * How long an engine may be silent about a question, in milliseconds, where the call says nothing else: an operation that
 * has finished must not wait for ever for a detail.
 */
const SILENCE_MS = 30_000;

/** Asks that engine, within the limits of time of the call that it is asked for. */
export function engineQueriesOf(engine: Engine, own: CallOptions['timeouts']): EngineQueries {
  const timeouts = { idleMs: SILENCE_MS, ...engine.timeouts, ...own };
  const inspect = async (image: string, signal: AbortSignal, args: Arguments<'inspectImage'> = {}): Inspected => {
    try {
      return await engine.json(encodeCall('inspectImage', args, parseImage(image)), { signal, timeouts }, readImage);
    } catch (error) {
      if (error instanceof NotFoundError && !isCallersOwn(error, signal)) return undefined;
      throw error;
    }
  };
  const list = (args: Arguments<'images'>, signal: AbortSignal): Promise<readonly ListedImage[]> =>
    engine.json(encodeCall('images', args), { signal, timeouts }, readImages);
  return {
    inspect,
    ids: async (left) => new Set((await list({ all: true }, left)).map(({ Id }) => Id)),
    async hasVariant(image, platform, left) {
      if ((await engine.facts.imageStore({ signal: left, timeouts })) === 'graphdriver') return false;
      // Below API 1.49 this store shows the variant that it likes best, and cannot be asked for another.
      if (!(await engine.facts.supports('inspectImage.platform', { signal: left, timeouts: own }))) return undefined;
      const asked = fullPlatform(platform);
      if (asked === undefined) return undefined;
      // Docker 29 answers 200, and tells nothing, of one that the index names and the engine does not have.
      return Boolean((await inspect(image, left, { platform: asked }))?.Architecture);
    },
    async listedDigest(image, left) {
      const [found, ...more] = await list({ filters: { reference: image } }, left);
      return more.length > 0 ? undefined : found?.Digest || undefined;
    },
    async inRegistry(image, registry, left) {
      const call = encodeCall('inspectDistribution', {}, image);
      const { digest, size, mediaType } = (await engine.json(call, { registry, signal: left, timeouts }, readDistribution)).Descriptor;
      if (isDigest(digest) && Number.isSafeInteger(size)) return { digest, size, mediaType };
      throw new DecodeError('the Descriptor has a digest or a size that is not one', { offset: 0 });
    },
    isPodman: (left) => engine.facts.isPodman({ signal: left, timeouts: own }),
    get knownPodman() {
      return engine.facts.knownPodman;
    },
    async now(left) {
      const { SystemTime } = await engine.json(encodeCall('info'), { signal: left, timeouts }, readInfo);
      const time = Date.parse(String(SystemTime)) / 1000;
      return Number.isNaN(time) ? undefined : time;
    },
  };
}

type ListedImage = Pick<ImageSummary, 'Id'> & { readonly Digest?: string };
type Inspected = Promise<ImageInspect | undefined>;
type Arguments<Name extends OperationName> = ArgumentsOf<(typeof endpoints)[Name]>;
