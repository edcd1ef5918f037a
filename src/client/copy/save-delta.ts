// Saves images without the layers that an inventory lists: `getImage` with the option `without`.

import type { LayerInventory } from '../../api/layer-inventory.ts';
import type { Platform } from '../../api/platform.ts';
import { planImage } from '../../api/saved-image/plan-copy.ts';
import { writeArchive } from '../../api/saved-image/copy-archive.ts';
import type { ArchivePart } from '../../api/saved-image/copy-archive.ts';
import { KeptEntries } from '../../api/saved-image/kept-entries.ts';
import { loadCreateHash } from '../../bytes.ts';
import { ArgumentError } from '../../errors.ts';
import { readEntries } from '../../tar/read-entries.ts';
import type { CallOptions } from '../options.ts';
import { readImageContent, groupImages, ownPlatform, archiveOf, engineKind } from './engine-images.ts';
import type { CopyEngine } from './engine-images.ts';

/** Yields the archive. Images with the same ID become one image with all of their names. */
export async function* saveDelta(
  engine: CopyEngine,
  images: readonly string[],
  inventory: LayerInventory,
  platform: Platform | undefined,
  limits: CallOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const createHash = await loadCreateHash();
  const { store } = await engineKind(engine, limits);
  const chains = inventory.images.map(({ layers }) => layers);
  const target = { store: inventory.store, chains, platform: inventory.platform ?? (await ownPlatform(engine, limits)) };
  const parts: ArchivePart[] = [];
  for (const group of await groupImages(engine, images, store, platform, limits)) {
    const { image, references } = group;
    const archive = new KeptEntries(() => archiveOf(engine, group, limits));
    const content = await readImageContent(group, store, archive, createHash).finally(() => archive.close());
    const plan = planImage(references[0] ?? image.Id, content, target, { full: false, platform });
    parts.push({ plan, references, open: () => readEntries(archiveOf(engine, group, limits)) });
  }
  if (inventory.store === 'podman') refuseSeveralNames(parts);
  yield* writeArchive(parts, createHash);
}

/**
 * Podman reads an archive that lacks layers only as an OCI archive, and from that only one image with one name ("more than one image
 * in oci, choose an image"). It reads manifest.json, which lists them all, only if no layer is missing.
 */
function refuseSeveralNames(parts: readonly ArchivePart[]): void {
  const names = parts.flatMap(({ references }) => (references.length === 0 ? [''] : references));
  const lacksLayers = parts.some(({ plan }) => plan.layers.some(({ sent }) => !sent));
  if (names.length < 2 || !lacksLayers) return;
  throw new ArgumentError('getImage: Podman loads only one image with one name from an archive that lacks layers: save each name by itself');
}
