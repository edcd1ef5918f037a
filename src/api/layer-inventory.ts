// The inventory of an engine's layers: what `layers()` returns, and what `getImage` leaves out with the option `without`. It is plain JSON,
// so that it can be carried to another machine. It contains the names of images, digests and a platform: no name of a host.

import { ArgumentError } from '../errors.ts';
import { kind } from '../kinds.ts';
import type { Kind } from '../kinds.ts';
import { isJsonObject } from './json.ts';
import { isDigest } from './reference.ts';

/** Where an engine keeps its images: Docker's graph driver, Docker's containerd store, or Podman. */
export type LayerStore = 'graphdriver' | 'containerd' | 'podman';

/** The layers that an engine has. */
export interface LayerInventory {
  /** The version of this format. */
  readonly longshoreInventory: 2;
  /** Where the engine keeps its images. */
  readonly store: LayerStore;
  /** The API version in use when the inventory was made, `"1.47"`. */
  readonly apiVersion: string;
  /** The engine's own platform, `"linux/amd64"`: of an image with several, this one is saved. Missing if the engine does not report it. */
  readonly platform?: string | undefined;
  /** The images, sorted by their IDs. One that the engine lists and does not show is left out. */
  readonly images: readonly InventoryImage[];
}

/** One image of an inventory. */
export interface InventoryImage {
  readonly id: string;
  /** Its names as the engine shows them, `"alpine:3.20"`; none if it has only an ID. They are for people: `getImage` does not use them. */
  readonly names: readonly string[];
  /** Its layers as digests of uncompressed tars (diff IDs), from the lowest to the highest. */
  readonly layers: readonly string[];
}

const VERSION = 2 as const;
const STORES: readonly unknown[] = ['graphdriver', 'containerd', 'podman'] satisfies LayerStore[];

/** Returns a checked copy of an inventory. Throws an `ArgumentError` that says what is wrong with it. */
export function checkInventory(value: unknown): LayerInventory {
  if (!isJsonObject(value) || !('longshoreInventory' in value)) throw new ArgumentError('it is not an inventory that "layers" has made');
  const { longshoreInventory: version, store, apiVersion, platform, images } = value;
  if (version !== VERSION) {
    const shown = typeof version === 'number' ? ` ${version}` : '';
    throw new ArgumentError(`the inventory has version${shown}, and this longshore reads version ${VERSION}: make it again with the same version of longshore`);
  }
  if (!STORES.includes(store)) throw new ArgumentError('the inventory has no store of a known kind');
  if (typeof apiVersion !== 'string') throw new ArgumentError('the inventory has no apiVersion');
  if (platform !== undefined && !isPlatform(platform)) throw new ArgumentError('the inventory has a platform that is not one such as "linux/amd64"');
  if (!Array.isArray(images)) throw new ArgumentError('the inventory has no list of images');
  return { longshoreInventory: VERSION, store: store as LayerStore, apiVersion, ...(platform !== undefined && { platform }), images: images.map(checkImage) };
}

function isPlatform(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]+\/[\w.-]+(?:\/[\w.-]+)?$/.test(value);
}

function checkImage(image: unknown, index: number): InventoryImage {
  const { id, names, layers } = isJsonObject(image) ? image : {};
  const place = `in the inventory, images[${index}]`;
  if (typeof id !== 'string') throw new ArgumentError(`${place} has no id`);
  if (!isTextList(names)) throw new ArgumentError(`${place} has no list of names`);
  if (!isTextList(layers)) throw new ArgumentError(`${place} has no list of layers`);
  const wrong = layers.findIndex((digest) => !isDigest(digest));
  if (wrong < 0) return { id, names: [...names], layers: [...layers] };
  throw new ArgumentError(`${place}.layers[${wrong}] is not a digest such as "sha256:...": make the inventory again`);
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** An inventory of layers. */
export const INVENTORY: Kind = kind('an inventory that layers() has returned', () => true, checkInventory);
