// One shape for each result, whatever the engine: null lists become empty ones, Podman's keys and ids become Docker's.

import { isJsonObject } from './answer.ts';
import type { JsonObject } from './answer.ts';
import type { ImageDiskUsage, ImageSummary, RemoveItem, SearchResult } from './types.ts';

/** `null` names, which Podman 4 has for an untagged image, become `[]`; so do Docker's `<none>:<none>` below API 1.43. */
export function withNames<Image extends { readonly RepoTags: readonly string[]; readonly RepoDigests: readonly string[] }>(
  image: Image,
): Image {
  return { ...image, RepoTags: names(image.RepoTags), RepoDigests: names(image.RepoDigests) };
}
function names(list: readonly string[] | null | undefined): readonly string[] {
  return (list ?? []).filter((name) => !name.startsWith('<none>'));
}

/** Podman says which image is gone without the `sha256:` before it. */
export function removeItem(item: RemoveItem): RemoveItem {
  return isBareId(item.Deleted) ? { ...item, Deleted: `sha256:${item.Deleted}` } : item;
}
function isBareId(id: string | undefined): boolean {
  return id !== undefined && /^[0-9a-f]{64}$/.test(id);
}

/** Podman has `Name`, with the Docker Hub's host in it, `Stars`, and `Official` as text, `"[OK]"` or empty. */
export function searchResult(item: JsonObject): SearchResult {
  if (typeof item['name'] === 'string') return item as unknown as SearchResult;
  return {
    name: String(item['Name'] ?? '').replace(/^docker\.io\/(?:library\/)?/, ''),
    description: String(item['Description'] ?? ''),
    star_count: Number(item['Stars'] ?? 0),
    is_official: item['Official'] === '[OK]' || item['Official'] === true,
    is_automated: item['Automated'] === '[OK]' || item['Automated'] === true,
  };
}

/** From API 1.52 on the engine sums up itself; before, as the docker command does from the list. */
export function imageDiskUsage(answer: unknown): ImageDiskUsage {
  const usage = isJsonObject(answer) ? answer : {};
  const summed = usage['ImageUsage'];
  if (isJsonObject(summed)) {
    return {
      totalSize: Number(summed['TotalSize'] ?? 0),
      reclaimable: Number(summed['Reclaimable'] ?? 0),
      totalCount: Number(summed['TotalCount'] ?? 0),
      activeCount: Number(summed['ActiveCount'] ?? 0),
    };
  }
  const images = (Array.isArray(usage['Images']) ? usage['Images'] : []) as ImageSummary[];
  const active = images.filter(({ Containers }) => Containers > 0);
  const used = active.reduce((sum, { Size, SharedSize }) => sum + Size - Math.max(SharedSize, 0), 0);
  const sum = images.reduce((total, { Size }) => total + Size, 0);
  const totalSize = Number(usage['LayersSize']) || sum; // Podman 4 says 0
  return { totalSize, reclaimable: Math.max(totalSize - used, 0), totalCount: images.length, activeCount: active.length };
}
