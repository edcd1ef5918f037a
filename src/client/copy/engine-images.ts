// What copies, and saves without layers, ask an engine: where it keeps its images, which layers it has, and what an image consists of.
// All of it goes through the public methods of the client.

import { withDefaultTag } from '../../api/image-names.ts';
import { imageStoreOf } from '../../api/engine-identity.ts';
import type { InventoryImage, LayerInventory, LayerStore } from '../../api/layer-inventory.ts';
import { runsOn } from '../../api/platform.ts';
import type { Platform } from '../../api/platform.ts';
import { formatReference, isDigest, parseReference } from '../../api/reference.ts';
import type { Reference } from '../../api/reference.ts';
import { plainContent, readContent } from '../../api/saved-image/image-content.ts';
import type { ImageContent } from '../../api/saved-image/image-content.ts';
import type { KeptEntries } from '../../api/saved-image/kept-entries.ts';
import type { LoadResult } from '../../api/progress/results.ts';
import type { InfoResult, PingResult, VersionResult } from '../../api/types/engine.ts';
import type { ImageInspect, ImageSummary, RemoveItem, RootFileSystem } from '../../api/types/image.ts';
import type { CreateHash } from '../../bytes.ts';
import { ApiError, DecodeError, NotFoundError, isCallerError } from '../../errors.ts';
import type { ArchiveStream } from '../archive-stream.ts';
import type { CallOptions, GetImageOptions, InspectImageOptions, LoadImageOptions, TagOptions } from '../options.ts';
import { lentChunks } from './lent-chunks.ts';

/** The methods of `ImageClient` that a copy uses. */
export interface CopyEngine {
  ping(options: CallOptions): Promise<PingResult>;
  info(options: CallOptions): Promise<InfoResult>;
  version(options: CallOptions): Promise<VersionResult>;
  apiVersion(options: Pick<CallOptions, 'signal'>): Promise<string>;
  supports(subject: string, options: Pick<CallOptions, 'signal'>): Promise<boolean>;
  images(options: CallOptions): Promise<ImageSummary[]>;
  inspectImage(image: string, options: InspectImageOptions): Promise<ImageInspect>;
  getImage(image: string, options: GetImageOptions): Pick<ArchiveStream, 'each'>;
  loadImage(data: AsyncIterable<Uint8Array>, options: LoadImageOptions): PromiseLike<LoadResult>;
  tag(image: string, repository: string, options: TagOptions): Promise<void>;
  removeImage(image: string, options: CallOptions): Promise<RemoveItem[]>;
}

/** How many times the images are listed if the engine says that one of them has been removed. */
const LISTED_AT_MOST = 5;
/** How many images or containers are inspected at the same time: fewer than the connections that a client keeps. */
const INSPECTED_AT_ONCE = 4;

/** What kind of engine it is. */
export interface EngineKind {
  /** Where it keeps its images. */
  readonly store: LayerStore;
  /** Equal for two addresses of one engine; undefined if it does not say who it is. Podman has another ID in each response. */
  readonly identity: string | undefined;
}

/** Determines what kind of engine it is. */
export async function engineKind(engine: CopyEngine, limits: CallOptions): Promise<EngineKind> {
  const { isPodman } = await engine.ping(limits);
  if (isPodman) return { store: 'podman', identity: undefined };
  const info = await engine.info(limits);
  const { ID, Name, DockerRootDir } = info as Partial<InfoResult>;
  // Copies of one virtual machine have the same ID, and usually other names; two Docker 20.10 on one host, too, in other folders.
  return { store: imageStoreOf(info), identity: ID ? `${ID} ${Name} ${DockerRootDir}` : undefined };
}

/** Lists the images that an engine has, with their names and layers. */
export async function inventoryOf(engine: CopyEngine, limits: CallOptions, kind?: EngineKind): Promise<LayerInventory> {
  const { store } = kind ?? (await engineKind(engine, limits));
  const apiVersion = await engine.apiVersion({ signal: limits.signal });
  const platform = await ownPlatform(engine, limits);
  const names = new Map<string, readonly string[]>();
  for (const { Id, RepoTags } of await listImages(engine, limits)) names.set(Id, [...(names.get(Id) ?? []), ...RepoTags]);
  const images = await inParallel([...names], async ([id, named]): Promise<InventoryImage | undefined> => {
    const layers = await layersOf(engine, id, limits);
    return layers && { id, names: named, layers };
  });
  const shown = images.filter((image): image is InventoryImage => image !== undefined);
  return { longshoreInventory: 2, store, apiVersion, platform, images: shown.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** Lists the images. Podman answers 500, "image not known", if one is removed meanwhile. */
async function listImages(engine: CopyEngine, limits: CallOptions): Promise<ImageSummary[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await engine.images(limits);
    } catch (error) {
      if (attempt === LISTED_AT_MOST || !(error instanceof NotFoundError) || isCallerError(error, limits.signal)) throw error;
    }
  }
}

/** Does the work for each item, some of them at the same time. Returns the results in the order of the items. */
export async function inParallel<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  const workNext = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: INSPECTED_AT_ONCE }, workNext));
  return results;
}

/** The layers of an image; undefined if the engine does not show it: it may have been removed, or be for other platforms only. */
export async function layersOf(engine: CopyEngine, id: string, limits: CallOptions): Promise<readonly string[] | undefined> {
  try {
    return diffIdsOf(await engine.inspectImage(id, limits));
  } catch (error) {
    if (!(error instanceof ApiError) || isCallerError(error, limits.signal)) throw error;
    return undefined;
  }
}

/** The layers that an engine shows, from the lowest to the highest. Throws a `DecodeError` if they are not digests. */
export function diffIdsOf({ RootFS }: ImageInspect): readonly string[] {
  const layers: unknown = (RootFS as Partial<RootFileSystem> | null | undefined)?.Layers ?? [];
  if (Array.isArray(layers) && layers.every((layer) => typeof layer === 'string' && isDigest(layer))) return layers;
  throw new DecodeError('the engine shows layers of an image that are not digests', { offset: 0 });
}

/** Inspects an image; on a containerd store with all of its manifests, from API 1.48 on. */
export async function inspectFully(engine: CopyEngine, image: string, store: LayerStore, limits: CallOptions): Promise<ImageInspect> {
  const manifests = store === 'containerd' && (await engine.supports('inspectImage.manifests', { signal: limits.signal }));
  return engine.inspectImage(image, manifests ? { manifests, ...limits } : limits);
}

/** What an inspected image consists of. From a containerd store, the documents are read from the archive that it saves. */
export async function readImageContent(
  { image, platform }: ImageGroup,
  store: LayerStore,
  archive: KeptEntries,
  createHash: CreateHash,
): Promise<ImageContent> {
  if (store !== 'containerd') return plainContent(image.Id, diffIdsOf(image), image);
  const { Descriptor: root, Manifests: manifests } = image;
  const available = manifests?.filter((manifest) => manifest.Available).map((manifest) => manifest.ID);
  const sought = {
    // With a platform, the archive has its manifest only, and not the index.
    root: platform === undefined && root !== undefined ? { ...root, mediaType: root.mediaType.toLowerCase(), platform: undefined, annotations: {} } : undefined,
    available: available && new Set(available),
  };
  return readContent(archive.begin(), sought, createHash);
}

/** The archive that an engine saves of an ID: the name may move between two reads. A chunk is valid until the next one is requested. */
export function archiveOf(engine: CopyEngine, { image, platform }: ImageGroup, limits: CallOptions): AsyncIterable<Uint8Array> {
  const options = { verify: false, timeouts: limits.timeouts, ...(platform !== undefined && { platform }) } as const;
  return lentChunks(limits.signal, (use, signal) => engine.getImage(image.Id, { ...options, signal }).each(use));
}

/** An image of the source, and the names under which it was given. */
export interface ImageGroup {
  readonly image: ImageInspect;
  /** Complete names, `docker.io/library/alpine:3.20`; none if the image was given by its ID or digest only. */
  readonly references: readonly string[];
  /** The only platform that the engine can save of it; undefined if it saves all that it has. */
  readonly platform: Platform | undefined;
}

/** Inspects images, and puts the names of the same image together. `platform` is the requested one. */
export async function groupImages(
  engine: CopyEngine,
  names: readonly string[],
  store: LayerStore,
  platform: Platform | undefined,
  limits: CallOptions,
): Promise<ImageGroup[]> {
  const groups = new Map<string, ImageGroup & { references: string[] }>();
  for (const name of names) {
    const image = await inspectFully(engine, name, store, limits);
    const group = groups.get(image.Id) ?? { image, references: [], platform: await platformToSave(engine, image, platform, limits) };
    groups.set(image.Id, group);
    const reference = nameOf(name, image);
    if (reference !== undefined && !group.references.includes(reference)) group.references.push(reference);
  }
  return [...groups.values()];
}

/**
 * The platform that must be named to save an image. Docker 28.5 does not save an image without it if the store does not have the variant
 * for the engine's own platform ("unable to create manifests file"). It saves one platform a call, so of several, one must be requested.
 */
async function platformToSave(
  engine: CopyEngine,
  { Manifests: manifests = [] }: ImageInspect,
  requested: Platform | undefined,
  limits: CallOptions,
): Promise<Platform | undefined> {
  const there = manifests.filter(({ Kind, Available }) => Kind === 'image' && Available).flatMap(({ ImageData: data }) => data?.Platform ?? []);
  const own = there.length === 0 ? undefined : await ownPlatform(engine, limits);
  const find = (wanted: Platform) => there.find(({ os: Os, architecture: Architecture, variant: Variant }) => runsOn({ Os, Architecture, Variant }, wanted));
  if (own === undefined || find(own) !== undefined) return undefined;
  return (requested && find(requested)) ?? (there.length === 1 ? there[0] : undefined);
}

/** The complete name, or undefined for an ID or a digest. */
function nameOf(name: string, image: ImageInspect): string | undefined {
  if (onlyId.test(name)) return undefined;
  const reference = parseReference(name);
  if (reference.digest !== undefined) return undefined;
  const complete = completeName(reference);
  return isIdOf(name, image) && !hasName(image, complete) ? undefined : complete;
}

/** Forms of an ID that no name has: `parseReference` refuses them. */
const onlyId = /^(?:sha256:[0-9a-f]{12,}|[0-9a-f]{64}|sha(?:384|512):[0-9a-f]{96,})$/;

/** Whether a text is the beginning of the image's ID. It may also be a name: `cafe`. */
function isIdOf(name: string, { Id: id }: ImageInspect): boolean {
  return /^[0-9a-f]+$/.test(name) && id.startsWith(`sha256:${name}`);
}

/** Whether an image has a name. Docker shows names without their defaults; Podman adds `localhost/` to its own images. */
function hasName({ RepoTags: names }: ImageInspect, complete: string): boolean {
  return names.some((name) => completeName(parseReference(name.replace(/^localhost\//, ''))) === complete);
}

function completeName(reference: Reference): string {
  return formatReference(withDefaultTag(reference));
}

/** The engine's own platform; undefined if it does not report it. */
export async function ownPlatform(engine: CopyEngine, limits: CallOptions): Promise<string | undefined> {
  const { Os, Arch } = await engine.version(limits);
  return typeof Os === 'string' && typeof Arch === 'string' ? `${Os}/${Arch}` : undefined;
}
