// The inventory of an engine's layers: what `layers()` returns, and what `getImage` leaves out with the option `without`. It is plain JSON,
// so that it can be carried to another machine. It contains digests and a platform: no names of images, and no name of a host.

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
  readonly longshoreInventory: 1;
  /** Where the engine keeps its images. */
  readonly store: LayerStore;
  /** The API version in use when the inventory was made, `"1.47"`. */
  readonly apiVersion: string;
  /** The engine's own platform, `"linux/amd64"`: of an image with several, this one is saved. Missing if the engine does not report it. */
  readonly platform?: string | undefined;
  /** The layers of each image as digests of uncompressed tars, from the lowest to the highest. Equal lists are there once. */
  readonly chains: ReadonlyArray<readonly string[]>;
}

const VERSION = 1 as const;
const STORES: readonly unknown[] = ['graphdriver', 'containerd', 'podman'] satisfies LayerStore[];

/** Returns a checked copy of an inventory. Throws an `ArgumentError` that says what is wrong with it. */
export function checkInventory(value: unknown): LayerInventory {
  if (!isJsonObject(value) || !('longshoreInventory' in value)) throw new ArgumentError('it is not an inventory that "layers" has made');
  const { longshoreInventory: version, store, apiVersion, platform, chains } = value;
  if (version !== VERSION) {
    const shown = typeof version === 'number' ? ` ${version}` : '';
    throw new ArgumentError(`the inventory has version${shown}, and this longshore reads version ${VERSION}: make it with this version`);
  }
  if (!STORES.includes(store)) throw new ArgumentError('the inventory has no store of a known kind');
  if (typeof apiVersion !== 'string') throw new ArgumentError('the inventory has no apiVersion');
  if (platform !== undefined && !isPlatform(platform)) throw new ArgumentError('the inventory has a platform that is not one such as "linux/amd64"');
  if (!Array.isArray(chains)) throw new ArgumentError('the inventory has no list of chains');
  return { longshoreInventory: VERSION, store: store as LayerStore, apiVersion, ...(platform !== undefined && { platform }), chains: chains.map(checkChain) };
}

function isPlatform(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]+\/[\w.-]+(?:\/[\w.-]+)?$/.test(value);
}

function checkChain(chain: unknown, index: number): readonly string[] {
  if (!Array.isArray(chain)) throw new ArgumentError(`in the inventory, chains[${index}] is not a list`);
  const wrong = chain.findIndex((digest) => typeof digest !== 'string' || !isDigest(digest));
  if (wrong < 0) return [...chain];
  throw new ArgumentError(`in the inventory, chains[${index}][${wrong}] is not a digest such as "sha256:...": make the inventory again`);
}

/** An inventory of layers. */
export const INVENTORY: Kind = kind('an inventory that layers() has returned', () => true, checkInventory);
