// Decides which layers of an image are sent to a target, before the first byte.
//
// An engine keeps layers in chains: a layer together with all layers below it. So a layer may be left out when the image's layers up
// to it are the lowest layers of some image of the target. What each kind of target needs is in README.md of this folder.

import { NotFoundError } from '../../errors.ts';
import { escapeText } from '../../bytes.ts';
import type { LayerReason } from '../types/copy.ts';
import type { LayerStore } from '../layer-inventory.ts';
import { platformName, runsOn, samePlatform } from '../platform.ts';
import type { ImagePlatform, Platform } from '../platform.ts';
import { PLAIN_LAYER, plainDigest } from './image-content.ts';
import type { ImageContent, ImageVariant, SourceLayer } from './image-content.ts';

/** What is known about a target. */
export interface CopyTarget {
  readonly store: LayerStore;
  /** The diff IDs of each image, from the lowest layer to the highest. */
  readonly chains: readonly (readonly string[])[];
  /** The target's own platform; undefined if it is not known. */
  readonly platform: Platform | undefined;
}

/** A layer, and whether it is sent. */
export interface PlannedLayer extends SourceLayer {
  readonly sent: boolean;
  readonly reason: LayerReason;
}

/** A blob that is looked for in the archive that the source saves. */
export interface WantedBlob {
  readonly sent: boolean;
  /** The digest that its content must have if it is not compressed; undefined if it is not a layer, or encrypted. */
  readonly plain: string | undefined;
  /** Whether the copy fails if the source does not have it. */
  readonly required: boolean;
}

/** An image as it is sent. */
export interface ImagePlan {
  /** The layers of all planned variants, each once, sent or not. */
  readonly layers: readonly PlannedLayer[];
  /** The platforms that are sent. The first one is that of `manifest.json`. */
  readonly variants: readonly [PlannedVariant, ...PlannedVariant[]];
  /** The index or manifest that is kept; undefined if a manifest of the first variant is written. */
  readonly root: { readonly digest: string; readonly mediaType: string; readonly size: number | undefined } | undefined;
  /** All that is looked for in the source, by its digest. */
  readonly wanted: ReadonlyMap<string, WantedBlob>;
}

/** An image for one platform as it is sent. */
export interface PlannedVariant extends Omit<ImageVariant, 'layers'> {
  readonly layers: readonly PlannedLayer[];
}

/** Options of a plan. */
export interface PlanOptions {
  readonly full: boolean;
  /** The platform to send. Default: the only one; of several, all to a containerd store that keeps them, otherwise the target's own. */
  readonly platform: Platform | undefined;
}

/** Plans one image. Throws a `NotFoundError` of reason `platform` if the source does not have the platform. */
export function planImage(name: string, content: ImageContent, target: CopyTarget, options: PlanOptions): ImagePlan {
  const keepsManifests = content.kept !== undefined && target.store === 'containerd'; // index and manifests stay as they are
  const chosen = chooseVariants(name, content, options, target, keepsManifests);
  const planned = chosen.map((variant) => ({ ...variant, layers: planLayers(variant.layers, target, keepsManifests, options.full) }));
  const wanted = wantedBlobs(planned);
  if (keepsManifests) addOthers(wanted, content, chosen, options.platform !== undefined);
  const variants = planned as [PlannedVariant, ...PlannedVariant[]]; // `chooseVariants` never returns an empty list
  return { layers: distinctLayers(planned), variants, root: keepsManifests ? content.kept?.root : undefined, wanted };
}

/** The layers of the variants. A layer that one variant sends and another leaves out is sent. */
function distinctLayers(variants: readonly PlannedVariant[]): readonly PlannedLayer[] {
  const layers = new Map<string, PlannedLayer>();
  for (const layer of variants.flatMap((variant) => variant.layers)) {
    if (layers.get(layer.digest)?.sent !== true) layers.set(layer.digest, layer);
  }
  return [...layers.values()];
}

/** The configs and layers of the variants. Those of the first variant are required. */
function wantedBlobs(variants: readonly PlannedVariant[]): Map<string, WantedBlob> {
  const wanted = new Map<string, WantedBlob>();
  variants.forEach(({ config, layers }, i) => {
    if (!wanted.has(config)) wanted.set(config, { sent: true, plain: undefined, required: i === 0 });
    for (const layer of layers) addWanted(wanted, layer, i === 0);
  });
  return wanted;
}

function addWanted(wanted: Map<string, WantedBlob>, layer: PlannedLayer, required: boolean): void {
  const earlier = wanted.get(layer.digest);
  const sent = layer.sent || earlier?.sent === true; // a variant may need a layer that another one may leave out
  wanted.set(layer.digest, { sent, plain: plainDigest(layer), required: required || earlier?.required === true });
}

/** Adds indexes, manifests and attestations; with a single platform, only those that belong to it. */
function addOthers(wanted: Map<string, WantedBlob>, { kept }: ImageContent, chosen: readonly ImageVariant[], single: boolean): void {
  const manifests = new Set(chosen.map(({ manifest }) => manifest));
  for (const { digest, of } of kept?.others ?? []) {
    if (single && of !== undefined && !manifests.has(of)) continue;
    if (!wanted.has(digest)) wanted.set(digest, { sent: true, plain: undefined, required: digest === kept?.root.digest });
  }
}

/** The variants to send. The first one is that of `manifest.json`. */
function chooseVariants(
  name: string,
  { variants }: ImageContent,
  { platform }: PlanOptions,
  target: CopyTarget,
  keepsManifests: boolean,
): readonly ImageVariant[] {
  // If no platform is requested, the only one goes to any target, which may emulate it.
  if (platform === undefined && variants.length === 1) return variants;
  const wanted = platform ?? (keepsManifests ? undefined : target.platform);
  if (wanted === undefined && variants.length > 0) return keepsManifests ? variants : variants.slice(0, 1);
  const first = (fits: typeof runsOn): ImageVariant | undefined => {
    return variants.find((variant) => variant.platform !== undefined && wanted !== undefined && fits(variant.platform, wanted));
  };
  const chosen = first(samePlatform) ?? first(runsOn);
  if (chosen !== undefined) return [chosen];
  throw lacksPlatform(name, variants, wanted);
}

function lacksPlatform(name: string, variants: readonly ImageVariant[], wanted: Platform | undefined): NotFoundError {
  const names = variants.map(({ platform }) => (platform === undefined ? 'an unknown platform' : imagePlatformName(platform)));
  const lacking = wanted === undefined ? '' : `, and not for ${platformName(wanted)}`;
  const message = `the source has ${name} for ${names.join(', ') || 'no platform'}${lacking}. Pull the platform there first, or choose another`;
  const fields = { method: 'GET', target: '/images/get', status: 200, daemonMessage: '', reason: 'platform' } as const;
  return new NotFoundError(escapeText(message), fields);
}

/** The platform of an image as text. */
export function imagePlatformName({ Os, Architecture, Variant }: ImagePlatform): string {
  return [Os, Architecture, Variant].filter(Boolean).join('/');
}

/** Decides for each layer of a variant. */
function planLayers(
  layers: readonly SourceLayer[],
  { store, chains }: CopyTarget,
  keepsManifests: boolean,
  full: boolean,
): readonly PlannedLayer[] {
  const present = commonLength(layers, chains);
  const above = new Set(layers.slice(present).map(({ diffId }) => diffId));
  return layers.map((layer, i) => {
    const reason = reasonOf(i < present, above.has(layer.diffId), store === 'containerd' && !keepsManifests, full);
    const sent = reason !== 'present';
    // A written manifest names a layer that is left out by its diff ID: Podman finds no compressed blob that it has never seen.
    if (!sent && !keepsManifests) return { ...layer, digest: layer.diffId, mediaType: PLAIN_LAYER, sent, reason };
    return { ...layer, sent, reason };
  });
}

function reasonOf(isPresent: boolean, isRepeated: boolean, isOtherBlob: boolean, full: boolean): LayerReason {
  if (!isPresent) return 'absent';
  if (full) return 'full';
  if (isOtherBlob) return 'containerd';
  return isRepeated ? 'repeated' : 'present';
}

/** How many of the lowest layers are the lowest layers of one of the chains, too. */
function commonLength(layers: readonly SourceLayer[], chains: CopyTarget['chains']): number {
  let longest = 0;
  for (const chain of chains) {
    const differs = layers.findIndex(({ diffId }, i) => chain[i] !== diffId);
    longest = Math.max(longest, differs < 0 ? layers.length : differs);
  }
  return longest;
}

/** The ID that the target will show. On a containerd store it is not known in advance if a manifest is written. */
export function expectedId({ root, variants }: ImagePlan, store: LayerStore): string | undefined {
  return store === 'containerd' ? root?.digest : variants[0].config;
}

/** Whether each layer of a variant was left out, or found in the source. `sizes`: the blobs that were found. */
export function isComplete({ layers }: PlannedVariant, sizes: ReadonlyMap<string, number>): boolean {
  return layers.every(({ digest, sent }) => !sent || sizes.has(digest));
}
