// Pull, push, load and import: the queries before the call, the check that the operation has finished, and its result.
//
// The stream of an operation ends in one of three ways:
//
//  1. The engine reports success.
//  2. The engine reports an error. It is thrown while the stream is read.
//  3. The stream just ends. HTTP cannot distinguish this from success: a proxy that speaks HTTP/1.0 to the engine ends its own
//     response properly when the engine dies (portainer#4276). So the call rejects with a `TruncatedError`. A pull or a push of one
//     image succeeds nevertheless if a query shows that the engine, or the registry, has the new result.
//
// api/progress/results.ts decides what a report of success is. It requires no exact text, because engines word success
// differently (docker-java#845, docker-java#2010, socktainer#359).
//
// A failed query never fails an operation that has finished: the result then lacks a detail, and a warning says so. If the
// result contradicts the request (another platform or another name), the operation fails.

import type { ArchiveUpload } from '../api/compressed-archives.ts';
import type { EncodedCall } from '../api/encode-call.ts';
import type { ImageInspect } from '../api/types/image.ts';
import { meaningOf, saysLayerIsMissing } from '../api/error-table.ts';
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
import type { RequestBody } from '../connection/engine-request.ts';
import type { EngineFactCache } from './engine-facts.ts';
import type { EngineQueries, RegistryManifest } from './engine-queries.ts';
import type { CallOptions } from './options.ts';
import type { RegistryAccess } from './registry-access.ts';
import type { BodySource } from './request-body.ts';
import type { Send } from './progress-stream.ts';

/** The arguments of a pull. The reference has a tag or a digest, unless all tags are pulled. */
export interface Pull {
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly policy: 'always' | 'missing' | 'never';
  readonly registry: RegistryAccess;
}

/** The images of the engine before a pull. */
interface Before {
  /** The ID of the image under the name; undefined if there was none. */
  readonly id: string | undefined;
  /** The IDs of all images, on Podman. */
  readonly allIds?: ReadonlySet<string>;
}

/** Pulls an image. Unless the policy is `always`, sends nothing if the engine has the image for the platform already. */
export async function pullImage(send: Send, pull: Pull, queries: EngineQueries): Promise<PullResult> {
  const { reference, policy, platform } = pull;
  const allTags = (reference.tag ?? reference.digest) === undefined;
  const name = formatReference(reference);
  const present = policy === 'always' ? undefined : await queries.inspect(name);
  if (present !== undefined && (await isForPlatform(present, name, platform, queries))) {
    return { reference: name, digest: registryDigest(present, reference), status: 'up-to-date', warnings: [] };
  }
  if (policy === 'never') throw neverPulledError(name, platform, present !== undefined);
  const isPodman = await queries.isPodman();
  if (isPodman === true && allTags) throw allTagsError('pull');
  // The images before the pull: with the policy "missing" this is known; Podman is asked, because its stream reports neither the digest
  // nor whether the image is new; otherwise undefined, and only the stream counts.
  let before: Before | undefined = policy === 'missing' ? { id: present?.Id } : undefined;
  if (isPodman === true) before = { id: (await queries.inspect(name))?.Id, allIds: await queries.imageIds() };
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

/** Returns the error for the policy `never` and an image that the engine does not have for the platform. */
function neverPulledError(name: string, platform: Platform | undefined, isThere: boolean): NotFoundError {
  const what = platform === undefined ? name : `${name} for ${platformName(platform)}`;
  const message = `no such image: the engine does not have ${what}, and the policy "never" does not pull it. Use the policy "missing", or load the image`;
  const fields = { method: 'GET', target: `/images/${name}/json`, status: isThere ? 200 : 404, daemonMessage: '' };
  return new NotFoundError(escapeText(message), { ...fields, reason: isThere ? 'platform' : 'not-found' });
}

/** Whether an image, or another variant of it, is for a platform. */
async function isForPlatform(image: ImageInspect, name: string, platform: Platform | undefined, queries: EngineQueries) {
  if (platform === undefined) return true;
  const isSame = samePlatform(image, platform);
  // Older builds for arm/v6 have no variant in their config, and arm without a variant means arm/v7. If the image is from an index,
  // the engine knows the variant of the index, so ask it.
  if (isSame && (image.Variant || !isIndex(image.Descriptor))) return true;
  return (await queries.hasVariant(name, platform)) ?? isSame;
}

/** Whether the pull has given this image its name. Each of the three facts proves it. */
function isPulled(image: ImageInspect, pull: Pull, before: Before | undefined, report: PullResultBuilder, isPodman: boolean | undefined) {
  if (before !== undefined && before.id !== image.Id) return true;
  if (pull.reference.digest !== undefined) return true; // it was inspected by the pulled digest, which no other image has
  // The last blob that Podman reports is the config of the image, whose digest is the image's ID. An unknown engine may be Podman.
  const id = report.lastBlobId;
  return isPodman !== false && id.length >= SHORT_ID_LENGTH && image.Id.startsWith(`sha256:${id}`);
}

/** The characters of a shortened ID. */
const SHORT_ID_LENGTH = 12;

/** Returns the registry's digest of an image whose pull did not report it; Podman never reports it. */
async function digestOfPulled(image: ImageInspect, reference: Reference, before: Before | undefined, queries: EngineQueries) {
  const digest = registryDigest(image, reference);
  if (digest !== undefined || before?.allIds === undefined) return digest;
  // Podman lists the digest of the first pull of an image, and none for an image that was built locally. So the listed digest is that
  // of this pull only if the image is new.
  if (before.allIds.has(image.Id)) return undefined;
  const name = formatReference(reference);
  return queries.detail(name, `the digest of ${name}`, () => queries.listedDigest(name));
}

/** Throws if an image of the pulled names is for another platform. */
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
  if (lacksVariant(image, platform) && (await mayLackVariant(image, name, registry, queries))) return undefined;
  if (!Architecture && Os) return undefined; // the config of an old image lacks the architecture
  const found = [Os, Architecture, Variant].filter(Boolean).join('/');
  // The engine may have shown another variant, so ask for the requested one. If it cannot say, only an artifact is an error.
  const isArtifact = found === '';
  const isThere = (await queries.hasVariant(name, platform)) ?? !isArtifact;
  if (isThere) return undefined;
  const what = isArtifact ? `${name}, which is for no platform (an artifact, not an image)` : `${name} for ${found}`;
  const message = `the engine pulled ${what}: the registry has none for ${platformName(platform)}`;
  return resultError(ApiError, '/images/create', message, { reason: 'platform' });
}

/** Whether an image of the right platform may be shown without its variant. */
async function mayLackVariant(image: ImageInspect, name: string, registry: RegistryAccess, queries: EngineQueries): Promise<boolean> {
  // Podman never shows the variant.
  if ((await queries.isPodman()) === true) return true;
  // A graph driver shows the variant of the config. If the registry has an index, the engine took the variant from there, but older
  // builds for arm/v6 lack it in their configs.
  return image.Descriptor === undefined && isIndex(await queries.registryManifest(name, registry));
}

/** The arguments of a push. The reference has a tag, unless all tags are pushed. */
export interface Push {
  readonly reference: Reference;
  readonly registry: RegistryAccess;
}

/**
 * Pushes an image. With all tags, a stream that stops between two tags counts as finished, because Docker does not report how
 * many tags there are.
 */
export async function pushImage(send: Send, push: Push, queries: EngineQueries): Promise<PushResult> {
  const { reference } = push;
  const allTags = reference.tag === undefined;
  const name = formatReference(reference);
  if (allTags && (await queries.isPodman()) === true) throw allTagsError('push');
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

/** Podman inspects one image of a manifest list, which does not have the name of the list. */
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
    // Docker 28 with a graph driver sends only `{}` if it loaded nothing. A stream that it did not finish has no bytes.
    const wanted = [platform].flat().map(platformName).join(', ');
    const message = `the engine loaded nothing: the archive has no image for ${wanted}. Choose another platform, or leave it out`;
    throw resultError(NotFoundError, '/images/load', message, { reason: 'platform' });
  }
  // Docker 28.5 with the containerd store, for an archive that lacks a layer, or a full disk: the image is there, and no container can use it.
  if (report.unpackError !== undefined) throw unpackFailure(report.unpackError);
  if (!report.isComplete) throw stoppedError('the load', received, 'it did not report the loaded images');
  if (isPlatformList(platform)) await assertAllLoaded(platform, report.result, queries);
  return report.result;
}

function unpackFailure(daemonMessage: string): ApiError {
  const lacksLayer = saysLayerIsMissing(daemonMessage);
  const reason = lacksLayer ? undefined : meaningOf(daemonMessage, 'archive')?.reason;
  const message = lacksLayer ? `${daemonMessage}. ${LAYERS_REMEDY}` : daemonMessage;
  return resultError(ApiError, '/images/load', message, { reason, daemonMessage });
}

const LAYERS_REMEDY =
  'If the archive was saved without layers that this engine lacks, save all layers, or make the inventory of this engine again (longshore layers)';

/** Throws if a loaded image lacks one of several platforms. Docker 29 loads those that the archive has, and does not report the others. */
async function assertAllLoaded(platforms: readonly Platform[], { references, ids }: LoadResult, queries: EngineQueries) {
  for (const name of [...references, ...ids]) {
    for (const platform of platforms) {
      const shown = platformName(platform);
      const isLoaded = await queries.detail(name, `whether ${name} has ${shown}`, () => queries.hasVariant(name, platform));
      const message = `the engine loaded ${name} without ${shown}, which the archive does not have. Leave that platform out`;
      if (isLoaded === false) throw resultError(NotFoundError, '/images/load', message, { reason: 'platform' });
    }
  }
}

/** Imports an image. On Podman, checks its name afterwards, because Podman 4.3 ignores a tag that it does not accept. */
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

/** Returns the error for a stream that ended before the engine reported success. */
function stoppedError(operation: string, received: number, why: string, cause?: unknown): TruncatedError {
  const remedy = 'The engine, or a proxy in front of it, may have been stopped: repeat the call';
  const message = `the stream of ${operation} ended before the engine reported success, and ${why}. ${remedy}`;
  return new TruncatedError(message, { phase: 'stream', received, cause });
}

/** Returns the error for a finished operation whose result is not the requested one; without `fields`, the engine has said nothing. */
function resultError<Failure extends ApiError>(
  Class: new (...all: ConstructorParameters<typeof ApiError>) => Failure,
  target: string,
  message: string,
  fields: Partial<Pick<ApiError, 'reason' | 'daemonMessage'>> = {},
): Failure {
  return new Class(escapeText(message), { method: 'POST', target, status: 200, inStream: true, daemonMessage: '', ...fields });
}

/** Returns the error for `allTags` on Podman, which reads a missing tag as `latest`. */
function allTagsError(operation: 'pull' | 'push'): VersionError {
  const subject = `${operation}.allTags`;
  const message = `${subject} needs Docker, and this engine is Podman, which handles only "latest"`;
  return new VersionError(message, { subject, needed: 'Docker', spoken: 'Podman' });
}

/**
 * Returns the digest that an image has in the registry: the one in the reference, or that of the local image if it has only one.
 * Podman lists up to three in any order: of the index, of its platform's manifest, and of the manifest that it made itself.
 */
function registryDigest(image: ImageInspect, reference: Reference): string | undefined {
  if (reference.digest !== undefined) return reference.digest;
  const digests = digestsIn(image, reference);
  return digests.length === 1 ? digests[0] : undefined;
}

/** The digests that an image has in the repository of a reference. */
export function digestsIn({ RepoDigests }: ImageInspect, reference: Reference): string[] {
  const repository = repositoryName(reference);
  const names = RepoDigests.map(parseImageName).filter((each) => repositoryName(each) === repository);
  return names.flatMap(({ digest }) => digest ?? []);
}

/** Parses a name that the engine gives an image. */
function parseImageName(name: string): Reference {
  try {
    return parseReference(name);
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    throw new DecodeError(`the engine gives the image a name that is not a reference: ${escapeText(name)}`, { offset: 0 });
  }
}

/** Decompresses an archive that the engine does not decompress itself; see unpacked-body.ts. */
export function unpackedSource(source: BodySource, { operation }: EncodedCall, facts: EngineFactCache, limits: CallOptions): BodySource {
  const to = { operation: operation as ArchiveUpload, identity: () => facts.identityForChecks(limits) };
  let close = (): void => {};
  const open = async (): Promise<RequestBody> => {
    const { unpackedBody } = await import('./unpacked-body.ts');
    const begun = await unpackedBody(await source.open(), to, limits.signal);
    close = begun.close;
    return begun.body;
  };
  const discard = (): void => {
    close();
    source.discard?.();
  };
  return { ...source, open, discard };
}
