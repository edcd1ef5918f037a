// Pull, push, load and import: the queries before the call, the check that the operation has finished, and its result.
//
// The stream of an operation ends in one of three ways. The engine reports success; it reports an error, which is thrown while
// the stream is read; or the stream just stops. HTTP cannot distinguish success from a stop: a proxy that speaks HTTP/1.0 to the engine
// ends its own response properly when the engine dies (portainer#4276). So a stream that reports neither is a `TruncatedError`,
// unless a query shows that the engine has the new result. No fixed message is required, because engines word success
// differently (docker-java#845, docker-java#2010, socktainer#359).
//
// A failed query never fails an operation that has finished: the result then lacks a detail, and a warning says so. If the
// result contradicts the request (another platform or another name), the operation fails.

import type { ImageInspect } from '../api/types/image.ts';
import { escapeText } from '../bytes.ts';
import { ApiError, DecodeError, InvalidReferenceError, NotFoundError, TruncatedError, VersionError } from '../errors.ts';
import { formatReference, parseReference, repositoryName } from '../api/reference.ts';
import type { Reference } from '../api/reference.ts';
import { hasName } from '../api/inspected-image.ts';
import { isIndex } from '../api/media-types.ts';
import { isPlatformList, lacksVariant, platformName, runsOn, samePlatform } from '../api/platform.ts';
import type { Platform } from '../api/platform.ts';
import { ImportResultBuilder, LoadResultBuilder, PullResultBuilder, PushResultBuilder } from '../api/progress/results.ts';
import type { ImportResult, LoadResult, PullResult, PushResult } from '../api/progress/results.ts';
import type { RegistryAccess } from './registry-access.ts';
import type { EngineQueries, RegistryManifest } from './engine-queries.ts';
import type { Send } from './progress-stream.ts';

/** The arguments of a pull. The reference has a tag or a digest, unless all tags are pulled. */
export interface Pull {
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly policy: 'always' | 'missing';
  readonly registry: RegistryAccess;
}

interface Before {
  /** The ID of the image under the name; undefined if there was none. */
  readonly id: string | undefined;
  /** The IDs of all images, on Podman. */
  readonly allIds?: ReadonlySet<string>;
}

/** Pulls an image. With the policy `missing`, sends nothing if the engine has the image for the platform already. */
export async function pullImage(send: Send, pull: Pull, queries: EngineQueries): Promise<PullResult> {
  const { reference, policy, platform } = pull;
  const allTags = (reference.tag ?? reference.digest) === undefined;
  const name = formatReference(reference);
  let before: Before | undefined;
  if (policy === 'missing') {
    const present = await queries.inspect(name);
    if (present !== undefined && (await isForPlatform(present, name, platform, queries))) {
      return { reference: name, digest: registryDigest(present, reference), status: 'up-to-date', warnings: [] };
    }
    before = { id: present?.Id };
  }
  const isPodman = await queries.isPodman();
  if (isPodman === true) {
    if (allTags) throw latestTagOnly('pull');
    before = { id: (await queries.inspect(name))?.Id, allIds: await queries.imageIds() };
  }
  const report = new PullResultBuilder(allTags);
  const received = await send((event) => report.take(event));
  let { status, digest } = report;
  if (!report.isComplete) {
    const image = await prove(queries, `the pull of ${name}`, received, async () => {
      const found = allTags ? undefined : await queries.inspect(name);
      return found !== undefined && isPulled(found, pull, before, report, queries.knownPodman ?? isPodman) ? found : undefined;
    });
    status ??= before && (image.Id === before.id ? 'up-to-date' : 'downloaded');
    digest ??= await digestOfPulled(image, reference, before, queries);
  }
  const pulled = allTags ? report.tags.map((tag) => formatReference({ ...reference, tag })) : [name];
  if (platform !== undefined) await checkPlatform(pulled, platform, pull.registry, queries);
  const warnings = [...report.warnings, ...queries.warnings];
  return { reference: name, digest: allTags ? undefined : digest, status, warnings };
}

async function isForPlatform(image: ImageInspect, name: string, platform: Platform | undefined, queries: EngineQueries) {
  if (platform === undefined) return true;
  const isSame = samePlatform(image, platform);
  // The config of an image from an index may lack the variant: an older build for arm/v6 looks like arm/v7.
  if (isSame && (image.Variant || !isIndex(image.Descriptor))) return true;
  return (await queries.hasVariant(name, platform)) ?? isSame;
}

/** Whether the image under the name is the pulled one and not the previous one. */
function isPulled(image: ImageInspect, pull: Pull, before: Before | undefined, report: PullResultBuilder, isPodman: boolean | undefined) {
  if (before !== undefined && before.id !== image.Id) return true;
  if (pull.reference.digest !== undefined) return true; // inspected by that digest
  // The last blob that Podman fetches is the image's config, whose digest is the image's ID.
  const id = report.lastLayer;
  return isPodman !== false && id.length >= SHORT_ID_LENGTH && image.Id.startsWith(`sha256:${id}`);
}

const SHORT_ID_LENGTH = 12;

/** Returns the registry's digest of an image whose pull did not report it; Podman never reports it. */
async function digestOfPulled(image: ImageInspect, reference: Reference, before: Before | undefined, queries: EngineQueries) {
  const digest = registryDigest(image, reference);
  // Podman lists an image under the digest of its first pull, and a locally built image under no digest of a registry.
  if (digest !== undefined || before?.allIds === undefined || before.allIds.has(image.Id)) return digest;
  const name = formatReference(reference);
  return queries.detail(name, `the digest of ${name}`, () => queries.listedDigest(name));
}

async function checkPlatform(names: readonly string[], platform: Platform, registry: RegistryAccess, queries: EngineQueries) {
  for (const name of names) {
    const error = await queries.detail(name, `the platform of ${name}`, () => platformError(name, platform, registry, queries));
    if (error !== undefined) throw error;
  }
}

/**
 * Returns the error if the pulled image is for another platform. If the registry has no index but a single image, engines pull it
 * for any platform. Docker 20.10, the containerd store and Podman do so silently, Docker 28.5 warns, and only 26.1 refuses. An artifact,
 * such as a Helm chart, has no platform: Docker 28's containerd store shows it with empty texts, other engines refuse it.
 */
async function platformError(name: string, platform: Platform, registry: RegistryAccess, queries: EngineQueries) {
  const image = await queries.inspect(name);
  if (image === undefined || runsOn(image, platform)) return undefined;
  const { Os, Architecture, Variant } = image;
  // From an index, every engine takes the requested platform or fails; the image's config may be wrong.
  if (isIndex(image.Descriptor)) return undefined;
  if (lacksVariant(image, platform)) {
    // Podman never shows the variant. On Docker, the config may lack it although the index has it, as in older builds for arm/v6.
    if ((await queries.isPodman()) === true) return undefined;
    if (image.Descriptor === undefined && isIndex(await queries.registryManifest(name, registry))) return undefined;
  }
  if (!Architecture && Os) return undefined; // the config of an old image lacks the architecture
  const found = [Os, Architecture, Variant].filter(Boolean).join('/');
  // The containerd store chooses the variant that it shows. An artifact has none, even if the store shows one.
  if ((await queries.hasVariant(name, platform)) ?? found !== '') return undefined;
  const what = found === '' ? `${name}, which is for no platform (an artifact, not an image)` : `${name} for ${found}`;
  const message = `the engine pulled ${what}: the registry has none for ${platformName(platform)}`;
  return resultError(ApiError, '/images/create', message, 'platform');
}

/** The arguments of a push. The reference has a tag, unless all tags are pushed. */
export interface Push {
  readonly reference: Reference;
  readonly registry: RegistryAccess;
}

/** Pushes an image. With all tags, a stream that stops between two tags looks finished, because Docker does not report their number. */
export async function pushImage(send: Send, push: Push, queries: EngineQueries): Promise<PushResult> {
  const { reference } = push;
  const allTags = reference.tag === undefined;
  const name = formatReference(reference);
  if (allTags && (await queries.isPodman()) === true) throw latestTagOnly('push');
  const report = new PushResultBuilder(reference.tag);
  const received = await send((event) => report.take(event));
  for (const message of report.replaced) queries.warn('engine', name, message);
  if (allTags) {
    if (!report.isComplete) throw stoppedError(`the push of ${name}`, received, 'a tag or all of them may be missing in the registry');
    return { reference: name, digest: undefined, size: undefined, tags: report.tags, warnings: [...report.warnings, ...queries.warnings] };
  }
  const { digest, size } = report.last ?? (await prove(queries, `the push of ${name}`, received, () => pushedManifest(push, queries)));
  if (queries.knownPodman === true) {
    const isList = await queries.detail(name, `whether ${name} is a manifest list`, () => isManifestList(name, queries));
    const message = `Podman pushed one image of the manifest list ${name}; podman manifest push --all sends all of it`;
    if (isList === true) queries.warn('engine', name, message);
  }
  return { reference: name, digest, size, tags: undefined, warnings: [...report.warnings, ...queries.warnings] };
}

/** Returns the registry's manifest of a name if it belongs to the local image; undefined on Podman, which cannot query a registry. */
async function pushedManifest({ reference, registry }: Push, queries: EngineQueries): Promise<RegistryManifest | undefined> {
  if (queries.knownPodman === true) return undefined;
  const name = formatReference(reference);
  const image = await queries.inspect(name);
  if (image === undefined) return undefined;
  const manifest = await queries.registryManifest(name, registry);
  // In the containerd store, the ID of an image is the digest of its manifest or index.
  return [image.Id, ...digestsIn(image, reference)].includes(manifest.digest) ? manifest : undefined;
}

async function isManifestList(name: string, queries: EngineQueries): Promise<boolean> {
  const image = await queries.inspect(name);
  return image !== undefined && !hasName(image, name);
}

/** Loads an archive. Only the stream reports the loaded images, so a stream that just stops is an error. */
export async function loadImages(
  send: Send,
  platform: Platform | readonly Platform[] | undefined,
  queries: EngineQueries,
): Promise<LoadResult> {
  const report = new LoadResultBuilder();
  const received = await send((event) => report.take(event));
  if (platform !== undefined && report.isSilent && received > 0) {
    // Docker 28 with a graph driver sends `{}`, an empty list. A stream that stopped has no bytes.
    const wanted = [platform].flat().map(platformName).join(', ');
    const message = `the engine loaded nothing: the archive has no image for ${wanted}. Choose another platform, or leave it out`;
    throw resultError(NotFoundError, '/images/load', message, 'platform');
  }
  if (!report.isComplete) throw stoppedError('the load', received, 'it did not report the loaded images');
  if (isPlatformList(platform)) await assertAllLoaded(platform, report.result, queries);
  return report.result;
}

/** Throws if a loaded image lacks one of several platforms. Docker 29 loads those that the archive has, and does not report the others. */
async function assertAllLoaded(platforms: readonly Platform[], { references, ids }: LoadResult, queries: EngineQueries) {
  for (const name of [...references, ...ids]) {
    for (const platform of platforms) {
      const shown = platformName(platform);
      const isLoaded = await queries.detail(name, `whether ${name} has ${shown}`, () => queries.hasVariant(name, platform));
      const message = `the engine loaded ${name} without ${shown}, which the archive does not have. Leave that platform out`;
      if (isLoaded === false) throw resultError(NotFoundError, '/images/load', message, 'platform');
    }
  }
}

/** Imports an image. Podman 4.3 ignores a tag that it does not accept, so the name is checked there. */
export async function importImage(send: Send, name: string | undefined, queries: EngineQueries): Promise<ImportResult> {
  const isPodman = name !== undefined && (await queries.isPodman());
  const report = new ImportResultBuilder();
  const received = await send((event) => report.take(event));
  const { id } = report;
  if (id === undefined) throw stoppedError('the import', received, 'it did not report the ID of the image');
  if (name === undefined || (queries.knownPodman ?? isPodman) !== true) return { id };
  const query = async (): Promise<string> => (await queries.inspect(name))?.Id ?? 'none';
  const found = await queries.detail(name, `whether the image is called ${name}`, query);
  if (found === undefined || found === id) return { id };
  throw resultError(ApiError, '/images/create', `the engine imported ${id}, but did not give it the name ${name}`);
}

/** Returns the proof, from a query, that an operation has finished although its stream did not report it. Throws without proof. */
async function prove<Proof>(queries: EngineQueries, operation: string, received: number, query: () => Promise<Proof | undefined>) {
  let cause: unknown;
  const proof = await query().catch((error: unknown) => void (cause = error));
  queries.signal?.throwIfAborted();
  if (proof !== undefined) return proof;
  const why = cause === undefined ? 'the engine does not have the new result' : 'the query for the new result failed';
  throw stoppedError(operation, received, why, cause);
}

function stoppedError(operation: string, received: number, why: string, cause?: unknown): TruncatedError {
  const remedy = 'The engine, or a proxy in front of it, may have been stopped: repeat the call';
  const message = `the stream of ${operation} ended before the engine reported success, and ${why}. ${remedy}`;
  return new TruncatedError(message, { phase: 'stream', received, cause });
}

function resultError<Failure extends ApiError>(
  Class: new (...all: ConstructorParameters<typeof ApiError>) => Failure,
  target: string,
  message: string,
  reason?: 'platform',
): Failure {
  return new Class(escapeText(message), { method: 'POST', target, status: 200, inStream: true, daemonMessage: message, reason });
}

/** Returns the error for `allTags` on Podman, which reads a missing tag as `latest`. */
function latestTagOnly(operation: 'pull' | 'push'): VersionError {
  const subject = `${operation}.allTags`;
  const message = `${subject} needs Docker, and this engine is Podman, which handles only "latest"`;
  return new VersionError(message, { subject, needed: 'Docker', spoken: 'Podman' });
}

/**
 * Returns the registry's digest of a local image; undefined if the image has several. Podman lists the digests of the index, of its
 * platform's manifest and of the manifest that it made itself, and their order does not show which is which.
 */
function registryDigest(image: ImageInspect, reference: Reference): string | undefined {
  if (reference.digest !== undefined) return reference.digest;
  const digests = digestsIn(image, reference);
  return digests.length === 1 ? digests[0] : undefined;
}

function digestsIn({ RepoDigests }: ImageInspect, reference: Reference): string[] {
  const repository = repositoryName(reference);
  const names = RepoDigests.map(parseAnswered).filter((each) => repositoryName(each) === repository);
  return names.flatMap(({ digest }) => digest ?? []);
}

function parseAnswered(name: string): Reference {
  try {
    return parseReference(name);
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    throw new DecodeError(`the engine gives the image a name that is not a reference: ${escapeText(name)}`, { offset: 0 });
  }
}
