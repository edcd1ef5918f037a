// `prunePlan`: what a prune would remove now, and how much it would free at most. The rules are in api/prune-rules.ts; this file asks the
// engine for what they need. Nothing is changed.

import { compareVersions, majorMinor } from '../api/api-version.ts';
import { encodeCall } from '../api/encode-call.ts';
import type { EncodedCall } from '../api/encode-call.ts';
import type { Filters } from '../api/filters.ts';
import { freedAtMost } from '../api/freed-space.ts';
import type { LayerStore } from '../api/layer-inventory.ts';
import { readContainer, readContainers } from '../api/normalize.ts';
import { flag } from '../api/parameters.ts';
import { matchesFilters, parseUntil, pruneFilters } from '../api/prune-filters.ts';
import type { PruneFilters } from '../api/prune-filters.ts';
import { prunedByContainerd, prunedByGraphDriver, prunedByPodman } from '../api/prune-rules.ts';
import type { ImageUse, PrunableImage, PruneCase } from '../api/prune-rules.ts';
import type { ImageDiskUsage } from '../api/types/engine.ts';
import type { ImageSummary, PrunePlan } from '../api/types/image.ts';
import { escapeText } from '../bytes.ts';
import { VersionError } from '../errors.ts';
import { engineKind, inParallel, layersOf } from './copy/engine-images.ts';
import type { CopyEngine } from './copy/engine-images.ts';
import type { Engine } from './engine.ts';
import type { CallOptions, DiskUsageOptions, ImagesOptions } from './options.ts';

/** The methods of `ImageClient` that a plan uses. */
export interface PlanEngine extends CopyEngine {
  images(options: ImagesOptions): Promise<ImageSummary[]>;
  diskUsage(options: DiskUsageOptions): Promise<ImageDiskUsage>;
}

const RULES = { graphdriver: prunedByGraphDriver, podman: prunedByPodman, containerd: prunedByContainerd } as const;

/** Plans a prune with these filters. Throws an `ArgumentError` or a `VersionError` for filters with which a prune would be refused. */
export async function prunePlan(client: PlanEngine, engine: Engine, filters: Filters | undefined, limits: CallOptions): Promise<PrunePlan> {
  const checked = pruneFilters(filters);
  await engine.assertSupported(encodeCall('pruneImages', { filters }), limits);
  const { store } = await engineKind(client, limits);
  if (store === 'podman' && !checked.onlyDangling) await refuseOldPodman(client, limits);
  const sharedSize = await client.supports('images.sharedSize', { signal: limits.signal });
  const images = await client.images({ all: true, ...(sharedSize && { sharedSize }), ...limits });
  const usage = await usageOf(client, limits);
  const used = new Set([...usage.values()].filter(({ Containers }) => Containers > 0).map(({ Id }) => Id));
  const uses = store === 'containerd' ? await usesOf(engine, limits) : [];
  const matches = await matcher(client, store, checked, limits);
  const { gone, untagged } = RULES[store]({ images, used, uses, onlyDangling: checked.onlyDangling, matches });
  const freesAtMost = gone.size === 0 ? 0 : await spaceOf(client, images, gone, usage, store, limits);
  return { images: images.filter(({ Id }) => gone.has(Id)), untagged, freesAtMost };
}

/** Podman below 4.8 refuses `dangling=false`, with an error about a filter that is given twice (podman#20469). */
async function refuseOldPodman(client: PlanEngine, limits: CallOptions): Promise<void> {
  const { podmanVersion = '' } = await client.ping(limits);
  if (compareVersions(majorMinor(podmanVersion), '4.8') >= 0) return;
  const message = `prunePlan with the filter dangling=false needs Podman 4.8, and this engine is Podman ${escapeText(podmanVersion)}, which refuses it`;
  throw new VersionError(message, { subject: 'pruneImages', needed: 'Podman 4.8', spoken: `Podman ${podmanVersion}` });
}

/** The images in `/system/df`, by ID. */
async function usageOf(client: PlanEngine, limits: CallOptions): Promise<ReadonlyMap<string, ImageSummary>> {
  const { images = [] } = await client.diskUsage({ verbose: true, ...limits });
  return new Map(images.map((image) => [image.Id, image]));
}

/** Returns the test for the filters `until`, `label` and `label!`. */
async function matcher(client: PlanEngine, store: LayerStore, filters: PruneFilters, limits: CallOptions): Promise<PruneCase['matches']> {
  const { others } = filters;
  if (Object.keys(others).length === 0) return () => true;
  if (store === 'graphdriver') {
    const [until] = others['until'] ?? [];
    const seconds = until === undefined ? undefined : parseUntil(until, String((await client.info(limits))['SystemTime']));
    return (image) => matchesFilters(image as ImageSummary, filters, seconds);
  }
  // These engines list by the same rules. The containerd store has a time for each name, which is not that of the image.
  const found = new Map((await client.images({ all: true, filters: others, ...limits })).map((image) => [image.Id, image]));
  return ({ Id }: PrunableImage, name) => {
    const image = found.get(Id);
    return image !== undefined && (name === undefined || [...image.RepoTags, ...image.RepoDigests].includes(name));
  };
}

/** How the containers name their images. The list shows an ID instead of the name if another image has the name now. */
async function usesOf(engine: Engine, limits: CallOptions): Promise<readonly ImageUse[]> {
  const containers = await engine.json(containerCall('/containers/json', true), limits, readContainers);
  return inParallel(containers, async ({ Id, Image, ImageID }) => {
    if (Image !== ImageID) return { name: Image, id: ImageID };
    const { Config } = await engine.json(containerCall(`/containers/${encodeURIComponent(Id)}/json`), limits, readContainer);
    return { name: Config.Image, id: ImageID };
  });
}

/** A call about containers, which the client has no method for. */
function containerCall(path: string, all = false): EncodedCall {
  const query = all ? [{ name: 'all', parameter: flag('all'), values: ['1'] }] : [];
  return { operation: 'diskUsage', endpoint: { method: 'GET', path, response: 'json', parameters: {} }, path, query, optional: [] };
}

async function spaceOf(
  client: PlanEngine,
  images: readonly ImageSummary[],
  gone: ReadonlySet<string>,
  usage: ReadonlyMap<string, ImageSummary>,
  store: LayerStore,
  limits: CallOptions,
): Promise<number> {
  const sized = await inParallel(images, async ({ Id: id, Size: size, SharedSize: shared }) => {
    const chain = (await layersOf(client, id, limits)) ?? [];
    return { id, chain, size, shared: Math.max(shared ?? 0, usage.get(id)?.SharedSize ?? 0) };
  });
  // The size of an image has documents, too, on the other engines.
  return freedAtMost(sized, gone, store === 'graphdriver');
}
