// `checkForUpdate`: compares the digests under which the engine knows an image with the digest that its registry has under the
// same name. Docker records the digest of what it pulled: of the index, if the registry has one. Nothing is pulled.

import { encodeCall } from '../api/encode-call.ts';
import type { EncodedCall } from '../api/encode-call.ts';
import { readDistribution, readImage } from '../api/normalize.ts';
import { formatReference } from '../api/reference.ts';
import type { Reference } from '../api/reference.ts';
import type { ImageInspect, UpdateCheck } from '../api/types/image.ts';
import { InvalidReferenceError, NotFoundError, VersionError, isCallerError } from '../errors.ts';
import type { Engine } from './engine.ts';
import type { CallOptions } from './options.ts';
import { digestsIn } from './progress-operations.ts';
import type { RegistryAccess } from './registry-access.ts';

/** Compares an image with its registry. The reference has a tag or a digest. */
export async function checkForUpdate(
  engine: Engine,
  reference: Reference,
  registry: RegistryAccess,
  options: CallOptions,
): Promise<UpdateCheck> {
  refuseShortId(reference);
  const name = formatReference(reference);
  const call = encodeCall('inspectDistribution', undefined, name);
  await assertRegistryCanBeAsked(engine, call, options);
  const image = await engine.json(encodeCall('inspectImage', {}, name), options, readImage);
  const digests = isOnlyBuilt(image) ? [] : digestsIn(image, reference);
  const localDigest = reference.digest ?? digests[0];
  if (reference.digest !== undefined || localDigest === undefined) return { isCurrent: undefined, localDigest, remoteDigest: undefined };
  const remoteDigest = await digestInRegistry(engine, call, registry, options);
  if (remoteDigest === undefined) return { isCurrent: undefined, localDigest, remoteDigest };
  const isCurrent = digests.includes(remoteDigest);
  return { isCurrent, localDigest: isCurrent ? remoteDigest : localDigest, remoteDigest };
}

/** Throws for a shortened image ID. It looks like a name of the Docker Hub, so another image would be compared. */
function refuseShortId({ domain, path, tag }: Reference): void {
  const id = /^library\/([0-9a-f]{12,})$/.exec(path)?.[1];
  if (domain !== 'docker.io' || id === undefined || tag !== 'latest') return;
  throw new InvalidReferenceError(`"${id}" is an image ID, and a registry knows only names: give a name, as in "alpine:3.20"`);
}

/** Throws a `VersionError` if the engine cannot ask a registry for a digest. */
async function assertRegistryCanBeAsked(engine: Engine, call: EncodedCall, options: CallOptions): Promise<void> {
  try {
    await engine.assertSupported(call, options);
  } catch (error) {
    if (!(error instanceof VersionError) || error.subject === undefined || isCallerError(error, options.signal)) throw error;
    const { message, needed, spoken } = error;
    const remedy = 'To compare, use the digest that "skopeo inspect docker://NAME" shows, or pull the image';
    throw new VersionError(`cannot check for an update: ${message}. ${remedy}`, { subject: 'checkForUpdate', needed, spoken });
  }
}

/** The containerd store lists a digest for each name of an image that was built here, too. API 1.53 says where the image is from. */
function isOnlyBuilt({ Identity: origin }: ImageInspect): boolean {
  return (origin?.Build?.length ?? 0) > 0 && (origin?.Pull?.length ?? 0) === 0;
}

/** Returns the digest that the registry has under a name; undefined if it does not have the name. */
async function digestInRegistry(engine: Engine, call: EncodedCall, registry: RegistryAccess, options: CallOptions) {
  try {
    return (await engine.json(call, { registry, ...options }, readDistribution)).Descriptor.digest;
  } catch (error) {
    const isAbsent = error instanceof NotFoundError && error.reason === 'not-found' && !isCallerError(error, options.signal);
    if (!isAbsent) throw error; // a 404 without a reason is from an engine that does not have this endpoint
    return undefined;
  }
}
