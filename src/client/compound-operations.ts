// Methods of `ImageClient` that may make more than one call: `removeImage`, `search` and `diskUsage`.

import { encodeCall } from '../api/encode-call.ts';
import type { Arguments } from '../api/endpoints.ts';
import { withSearchedHost } from '../api/image-names.ts';
import { refuseAbsentVariant, refuseListName } from '../api/inspected-image.ts';
import { imageDiskUsage, withListedNames, readSearchResults, readImage, readImages, readRemoveItems } from '../api/normalize.ts';
import { isDigest, parseImage } from '../api/reference.ts';
import type { ImageDiskUsage } from '../api/types/engine.ts';
import type { ImageInspect, RemoveItem, SearchResult } from '../api/types/image.ts';
import { NotFoundError, isCallerError } from '../errors.ts';
import type { Engine } from './engine.ts';
import type { CallOptions, DiskUsageOptions, RemoveImageOptions, SearchOptions } from './options.ts';
import type { RegistryAccess } from './registry-access.ts';

/** Inspects an image. Throws a `NotFoundError` if the engine does not have the variant for the platform. */
export function inspectImage(engine: Engine, image: string, args: Arguments<'inspectImage'>, options: CallOptions): Promise<ImageInspect> {
  const inspected = engine.json(encodeCall('inspectImage', args, parseImage(image)), options, readImage);
  return inspected.then((found) => {
    refuseAbsentVariant(found, image, args);
    return found;
  });
}

/** Removes an image, after two checks that the engine does not make. */
export async function removeImage(engine: Engine, image: string, { signal, timeouts, ...args }: RemoveImageOptions): Promise<RemoveItem[]> {
  const options = { signal, timeouts };
  const call = encodeCall('removeImage', args, parseImage(image));
  if (Array.isArray(args.platforms) && args.platforms.length > 1) {
    // An engine removes one variant after the other, and stops at the first missing one.
    await engine.assertSupported(call, options);
    for (const platform of args.platforms) await inspectImage(engine, image, { platform }, options);
  }
  if (!isDigest(image) && (await engine.facts.isPodman(options)) === true) {
    await engine.assertSupported(call, options);
    // If the image cannot be inspected, the removal itself reports the error.
    const shown = await inspectImage(engine, image, {}, options).catch(() => signal?.throwIfAborted());
    if (shown !== undefined) refuseListName(shown, image);
  }
  return engine.json(call, options, readRemoveItems);
}

/** Searches a registry. Podman gets the term with the registry's host, and reports an empty result as a 404. */
export async function searchImages(engine: Engine, term: string, own: SearchOptions, registry: RegistryAccess): Promise<SearchResult[]> {
  const { signal, timeouts, credentials: _, ...args } = own;
  const options = { signal, timeouts };
  const hasCredentials = registry.credentials !== undefined && registry.credentials !== 'anonymous';
  const isPodman = await (hasCredentials ? engine.facts.isPodmanNow(options) : engine.facts.isPodman(options));
  // If the kind of engine is unknown, the host is sent, too: Docker accepts both forms.
  const call = encodeCall('search', { ...args, term: isPodman === false ? term : withSearchedHost(term) });
  try {
    return await engine.json(call, { registry, ...options }, readSearchResults);
  } catch (error) {
    if (error instanceof NotFoundError && !isCallerError(error, signal) && (await engine.facts.isPodman(options)) === true) return [];
    throw error;
  }
}

/** Returns the disk usage of images. Podman omits the repositories of tags, so a list of the images supplies them. */
export async function diskUsage(engine: Engine, { signal, timeouts, ...args }: DiskUsageOptions): Promise<ImageDiskUsage> {
  const options = { signal, timeouts };
  // Engines without these parameters compute the usage of all objects, which is slow, and always list the images.
  const call = encodeCall('diskUsage', { ...args, type: 'image' }, undefined, ['type', 'verbose']);
  const usage = await engine.json(call, options, (value) => imageDiskUsage(value, args.verbose === true));
  const isComplete = usage.images === undefined || usage.images.every(({ RepoTags }) => RepoTags.every((name) => name.includes(':')));
  return isComplete ? usage : withListedNames(usage, await engine.json(encodeCall('images', { all: true }), options, readImages));
}
