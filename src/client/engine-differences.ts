// Pull, push, load and import as operations: what is asked of the engine before the call, and whether it has finished.
//
// An operation on a stream has three ends: the engine said that it finished; it said that it failed, which is thrown while
// the stream is read; or the stream stopped. HTTP cannot tell the first from the third: a proxy that speaks HTTP/1.0 to an
// engine ends its own answer in good order when the engine dies (portainer#4276). So what stopped is a `TruncatedError`,
// unless the engine, asked now, has the new result. No particular words are demanded: engines differ in them
// (docker-java#845, docker-java#2010, socktainer#359).
//
// A question about an operation that has finished never fails it when the question itself fails: the result lacks that
// detail, and a warning says so. An answer that is not what was asked for (another platform, another name) does fail it.

import type { ImageInspect } from '../api/types/image.ts';
import { withComparedNames } from '../api/filters.ts';
import { podmanArguments } from '../api/podman-events.ts';
import type { EventsArguments } from '../api/podman-events.ts';
import { escapeText } from '../bytes.ts';
import { ApiError, DecodeError, InvalidReferenceError, NotFoundError, TruncatedError, VersionError } from '../errors.ts';
import { formatReference, parseReference, repositoryName } from '../api/reference.ts';
import type { Reference } from '../api/reference.ts';
import { hasName } from '../api/manifest-lists.ts';
import { isIndex } from '../api/media-types.ts';
import { isSeveral, lacksVariant, platformName, runsOn, samePlatform } from '../api/platform.ts';
import type { Platform } from '../api/platform.ts';
import { ImportResultBuilder, LoadResultBuilder, PullResultBuilder, PushResultBuilder } from '../api/progress/results.ts';
import type { ImportResult, LoadResult, PullResult, PushResult } from '../api/progress/results.ts';
import type { RegistryAccess } from './engine.ts';
import type { EngineQueries, RegistryManifest } from './engine-queries.ts';
import type { Operation, SendCall } from './progress-stream.ts';
import type { Warn } from '../connection/warnings.ts';

/** What a pull is about; `reference` has a tag or a digest unless all tags are wanted. */
export interface Pull {
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly policy: 'always' | 'missing';
  readonly allTags: boolean;
  readonly registry: RegistryAccess;
  /** Throws for what the engine lacks. */
  assertSupported(left: AbortSignal): Promise<void>;
}

/** Of an answer that began well, and came to something else than was asked for. */
const CREATE = { method: 'POST', target: '/images/create', status: 200, inStream: true };
const LOAD = { ...CREATE, target: '/images/load' };

/** Pulls, under the policy "missing" only what is missing; finds out what Podman does not tell; and looks at what came. */
export function pulling(pull: Pull, local: EngineQueries, warn: Warn): Operation<PullResult> {
  const { reference, policy, platform, allTags } = pull;
  const name = formatReference(reference);
  return async (send, left) => {
    await pull.assertSupported(left);
    const report = new PullResultBuilder(allTags);
    const ask = asker(name, warn, report.warnings, left);
    let before: Before | undefined;
    if (policy === 'missing') {
      const present = await local.inspect(name, left);
      if (present !== undefined && (await isFor(present, name, platform, local, left))) {
        return { reference: name, digest: registryDigest(present, reference), status: 'up-to-date', warnings: [] };
      }
      before = { id: present?.Id };
    }
    const isPodman = await local.isPodman(left);
    if (isPodman === true) {
      if (allTags) throw latestOnly('pull');
      before = { id: (await local.inspect(name, left))?.Id, ids: await local.ids(left) };
    }
    const received = await send((event) => report.take(event));
    const stopped = { pull, report, before, received, isPodman: local.knownPodman ?? isPodman };
    const seen = report.isComplete ? undefined : await pulledImage(stopped, local, ask);
    if (platform !== undefined) {
      const names = allTags ? report.tags.map((tag) => formatReference({ ...reference, tag })) : [name];
      for (const each of names) {
        const error = await ask.detail(`the platform of ${each}`, () => wrongPlatform(pull, local, each, platform, left));
        if (error !== undefined) throw error;
      }
    }
    const status = report.status ?? (seen && before && (seen.image.Id === before.id ? 'up-to-date' : 'downloaded'));
    const digest = allTags ? undefined : (report.digest ?? seen?.digest);
    return { reference: name, digest, status, warnings: report.warnings };
  };
}

/** Whether an image that is there, or another variant of it, is for a platform. */
async function isFor(present: ImageInspect, name: string, platform: Platform | undefined, local: EngineQueries, left: AbortSignal): Promise<boolean> {
  if (platform === undefined) return true;
  const isSame = samePlatform(present, platform);
  // An image from an index need not say its variant: an older build for arm/v6 looks like arm/v7.
  if (isSame && (present.Variant || !isIndex(present.Descriptor))) return true;
  return (await local.hasVariant(name, platform, left)) ?? isSame;
}

/** What the engine had under the name before a pull, where it was asked. */
interface Before {
  readonly id: string | undefined;
  /** Those of all images. */
  readonly ids?: ReadonlySet<string>;
}

interface StoppedPull {
  readonly pull: Pull;
  readonly report: PullResultBuilder;
  readonly before: Before | undefined;
  readonly received: number;
  readonly isPodman: boolean | undefined;
}

/** What an engine has after a pull whose stream did not say that it finished; Podman's never does. */
interface PulledImage {
  readonly image: ImageInspect;
  readonly digest: string | undefined;
}

async function pulledImage(stopped: StoppedPull, local: EngineQueries, ask: Ask): Promise<PulledImage> {
  const { pull, received } = stopped;
  const name = formatReference(pull.reference);
  const image = await ask.proof(`the pull of ${name}`, received, async () => {
    const found = pull.allTags ? undefined : await local.inspect(name, ask.left);
    return found !== undefined && isNew(found, stopped) ? found : undefined;
  });
  return { image, digest: await digestOnPodman(image, stopped, local, ask) };
}

/** Whether an image is what the registry has, and not one that was here under that name before. */
function isNew(image: ImageInspect, { pull, report, before, isPodman }: StoppedPull): boolean {
  if (before !== undefined && before.id !== image.Id) return true;
  if (pull.reference.digest !== undefined) return true; // it was asked for by that
  // The last that Podman fetches is the image's config, whose digest is the image's id.
  const id = report.lastLayer;
  return isPodman !== false && id.length >= SHORT_ID && image.Id.startsWith(`sha256:${id}`);
}
/** The characters of the ids that engines show. */
const SHORT_ID = 12;

async function digestOnPodman(image: ImageInspect, { pull, before }: StoppedPull, local: EngineQueries, ask: Ask): Promise<string | undefined> {
  const { reference } = pull;
  const digest = registryDigest(image, reference);
  // It lists an image by the digest under which it came first; one that was made here, by none that a registry has.
  if (digest !== undefined || before?.ids === undefined || before.ids.has(image.Id)) return digest;
  const name = formatReference(reference);
  return ask.detail(`the digest of ${name}`, () => local.listedDigest(name, ask.left));
}

/**
 * Of an image that is no index, engines take what the registry has: Docker 20.10, both of the containerd store's and
 * Podman's without a word, 28.5 with a warning; 26.1 alone refuses. An artifact, such as a Helm chart,
 * has no platform at all: Docker 28's containerd store shows it with both texts empty, other engines refuse it.
 */
async function wrongPlatform(
  { registry }: Pull,
  local: EngineQueries,
  name: string,
  platform: Platform,
  left: AbortSignal,
): Promise<ApiError | undefined> {
  const image = await local.inspect(name, left);
  if (image === undefined || runsOn(image, platform)) return undefined;
  const { Os, Architecture, Variant } = image;
  // Out of an index, every engine takes the platform that was asked for, or fails; what the config says does not matter.
  if (isIndex(image.Descriptor)) return undefined;
  if (lacksVariant(image, platform)) {
    // Podman never tells it; elsewhere the index may have it and the config not, as of older builds for arm/v6.
    if ((await local.isPodman(left)) === true) return undefined;
    if (image.Descriptor === undefined && isIndex(await local.inRegistry(name, registry, left))) return undefined;
  }
  if (!Architecture && Os !== '') return undefined; // an old image does not say for which architecture it is
  const found = [Os, Architecture, Variant].filter(Boolean).join('/');
  // A store of several variants shows the one that it likes best; and whatever it shows, an artifact has none.
  if ((await local.hasVariant(name, platform, left)) ?? found !== '') return undefined;
  const what = found === '' ? `${name}, which is for no platform (an artifact, not an image)` : `${name} for ${found}`;
  const message = `the engine pulled ${what}: the registry has none for ${platformName(platform)}`;
  return new ApiError(escapeText(message), { ...CREATE, daemonMessage: message, reason: 'platform' });
}

/** What a push is about; `reference` has a tag unless all tags are wanted. */
export interface Push {
  readonly reference: Reference;
  readonly registry: RegistryAccess;
}

/** Pushes. Docker never says how many tags there are: a stream that is cut between two of them looks whole. */
export function pushing(push: Push, local: EngineQueries, warn: Warn): Operation<PushResult> {
  const { reference } = push;
  const allTags = reference.tag === undefined;
  const name = formatReference(reference);
  return async (send, left) => {
    if (allTags && (await local.isPodman(left)) === true) throw latestOnly('push');
    const report = new PushResultBuilder(reference.tag);
    const received = await send((event) => report.take(event));
    const tellReplaced = (message: string): void => {
      report.warnings.push(message);
      warn({ kind: 'engine', subject: name, message });
    };
    if (report.replaced !== undefined) tellReplaced(report.replaced);
    if (allTags) {
      if (!report.isComplete) throw stoppedError(`the push of ${name}`, received, 'a tag or all of them may be missing in the registry');
      return { reference: name, digest: undefined, size: undefined, tags: report.tags, warnings: report.warnings };
    }
    const ask = asker(name, warn, report.warnings, left);
    const { digest, size } = report.last ?? (await ask.proof(`the push of ${name}`, received, () => pushedManifest(push, local, left)));
    if (local.knownPodman === true) {
      const isList = await ask.detail(`whether ${name} is a manifest list`, () => isManifestList(name, local, left));
      if (isList === true) tellReplaced(`Podman pushed one image of the manifest list ${name}; podman manifest push --all sends all of it`);
    }
    return { reference: name, digest, size, tags: undefined, warnings: report.warnings };
  };
}

/** What the registry has, if it is the image that was to be pushed. Podman cannot be asked what a registry has. */
async function pushedManifest({ reference, registry }: Push, local: EngineQueries, left: AbortSignal): Promise<RegistryManifest | undefined> {
  if (local.knownPodman === true) return undefined;
  const name = formatReference(reference);
  const image = await local.inspect(name, left);
  if (image === undefined) return undefined;
  const there = await local.inRegistry(name, registry, left);
  // On the containerd store, an image's id is the digest of its manifest or index.
  return [image.Id, ...digestsOf(image, reference)].includes(there.digest) ? there : undefined;
}

async function isManifestList(name: string, local: EngineQueries, left: AbortSignal): Promise<boolean> {
  const image = await local.inspect(name, left);
  return image !== undefined && !hasName(image, name);
}

/** Loads. Nothing but the stream tells what the archive held: a load that stopped is an error. */
export function loading(platform: Platform | readonly Platform[] | undefined, local: EngineQueries, warn: Warn): Operation<LoadResult> {
  return async (send, left) => {
    const report = new LoadResultBuilder();
    const received = await send((event) => report.take(event));
    if (platform !== undefined && report.isSilent && received > 0) throw absentError(platform);
    if (!report.isComplete) throw stoppedError('the load', received, 'it did not say what was loaded');
    if (isSeveral(platform)) await refuseAbsent(platform, report.result, local, warn, left);
    return report.result;
  };
}

/** Docker 28 with a graph driver ends such a load with `{}` alone, the line of an empty list; one that stopped has nothing. */
function absentError(platform: Platform | readonly Platform[]): NotFoundError {
  const shown = [platform].flat().map(platformName).join(', ');
  const message = `the engine loaded nothing: the archive has no image for ${shown}. Choose another platform, or leave it out`;
  return new NotFoundError(escapeText(message), { ...LOAD, daemonMessage: message, reason: 'platform' });
}

/** Docker 29 loads those of several platforms that the archive has, and does not tell that it lacks one. */
async function refuseAbsent(platforms: readonly Platform[], { references, ids }: LoadResult, local: EngineQueries, warn: Warn, left: AbortSignal): Promise<void> {
  for (const name of [...references, ...ids]) {
    const ask = asker(name, warn, [], left);
    for (const platform of platforms) {
      const shown = platformName(platform);
      if ((await ask.detail(`whether ${name} has ${shown}`, () => local.hasVariant(name, platform, left))) !== false) continue;
      const message = `the engine loaded ${name} without ${shown}, which the archive does not have. Leave that platform out`;
      throw new NotFoundError(escapeText(message), { ...LOAD, daemonMessage: message, reason: 'platform' });
    }
  }
}

/** Imports; Podman 4.3 overlooks a tag that it does not like without a word. */
export function importing(name: string | undefined, local: EngineQueries, warn: Warn): Operation<ImportResult> {
  return async (send, left) => {
    const isPodman = name !== undefined && (await local.isPodman(left));
    const report = new ImportResultBuilder();
    const received = await send((event) => report.take(event));
    const { id } = report;
    if (id === undefined) throw stoppedError('the import', received, 'it did not say the id of the image');
    if (name === undefined || (local.knownPodman ?? isPodman) !== true) return { id };
    const ask = asker(name, warn, [], left);
    const found = await ask.detail(`whether it is called ${name}`, async () => (await local.inspect(name, left))?.Id ?? 'absent');
    if (found === undefined || found === id) return { id };
    const message = `the engine imported ${id}, and did not call it ${name}`;
    throw new ApiError(message, { ...CREATE, daemonMessage: message });
  };
}

/** Questions about an operation whose stream has ended. */
interface Ask {
  readonly left: AbortSignal;
  /** What the engine has to prove that an operation finished whose stream stopped; a `TruncatedError` where it has not. */
  proof<Proof>(operation: string, received: number, question: () => Promise<Proof | undefined>): Promise<Proof>;
  /** A detail of an operation that has finished; undefined, and a warning, where the question fails. */
  detail<Detail>(what: string, question: () => Promise<Detail>): Promise<Detail | undefined>;
}

function asker(subject: string, warn: Warn, warnings: string[], left: AbortSignal): Ask {
  return {
    left,
    async proof(operation, received, question) {
      let cause: unknown;
      const proof = await question().catch((error: unknown) => void (cause = error));
      left.throwIfAborted();
      if (proof !== undefined) return proof;
      const why = cause === undefined ? 'the engine does not have the new result' : 'asking the engine for the result failed';
      throw stoppedError(operation, received, why, cause);
    },
    async detail(what, question) {
      try {
        return await question();
      } catch (error) {
        left.throwIfAborted();
        const message = `${what} could not be found out: ${(error as Error).message}`;
        warnings.push(message);
        warn({ kind: 'unchecked', subject, message });
        return undefined;
      }
    },
  };
}

/** The error of an operation whose stream ended before it said that it finished. */
function stoppedError(operation: string, received: number, why: string, cause?: unknown): TruncatedError {
  const remedy = 'The engine, or a proxy before it, may have been stopped: repeat the call';
  const message = `the stream of ${operation} ended before the engine said that it finished, and ${why}. ${remedy}`;
  return new TruncatedError(message, { phase: 'stream', received, cause });
}

/** Ends at a time of the past, too, and takes Docker's names of actions; see `podmanArguments`. */
export function listening(start: (args: EventsArguments) => SendCall, local: EngineQueries, args: EventsArguments): SendCall {
  return async (reader, left) => {
    if ((await local.isPodman(left)) !== true) {
      const filters = args.filters && withComparedNames(args.filters, 'image', false);
      return start({ ...args, filters })(reader, left);
    }
    const isBounded = args.until !== undefined;
    return start(podmanArguments(args, isBounded ? await local.now(left) : undefined))(reader, left);
  };
}

/** Podman takes a call without a tag for one with `latest`. */
function latestOnly(operation: 'pull' | 'push'): VersionError {
  const subject = `${operation}.allTags`;
  const message = `${subject} needs Docker, and this engine is Podman, which takes "latest" alone`;
  return new VersionError(message, { subject, needed: 'Docker', spoken: 'Podman' });
}

/**
 * The digest under which the registry has a local image; undefined where the engine knows several. Podman knows an image
 * by the index, by the manifest of its platform in there, and by the one that it made itself of an image from here, in
 * no order that tells which is which.
 */
function registryDigest(image: ImageInspect, reference: Reference): string | undefined {
  if (reference.digest !== undefined) return reference.digest;
  const known = digestsOf(image, reference);
  return known.length === 1 ? known[0] : undefined;
}

/** The digests that an image has in the repository of a reference. */
function digestsOf({ RepoDigests }: ImageInspect, reference: Reference): string[] {
  const repository = repositoryName(reference);
  const known = RepoDigests.map(parseAnswered).filter((each) => repositoryName(each) === repository);
  return known.flatMap(({ digest }) => digest ?? []);
}

function parseAnswered(name: string): Reference {
  try {
    return parseReference(name);
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    throw new DecodeError(`the engine gives the image a name that is not a reference: ${escapeText(name)}`, { offset: 0 });
  }
}
