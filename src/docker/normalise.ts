// One shape for each result, whatever the engine: null lists become empty ones, Podman's keys and ids become Docker's.

import { isJsonObject } from './answer.ts';
import type { JsonObject } from './answer.ts';
import type { ImageDiskUsage, ImageEvent } from './engine-types.ts';
import type { HistoryItem, ImageSummary, RemoveItem, SearchResult } from './image-types.ts';

/** What an image may have that not all engines write alike. */
interface Named {
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly Parent?: string;
  readonly ParentId?: string;
}

/**
 * `null` names, which Podman 4 has for an untagged image, become `[]`; so do Docker's `<none>:<none>` below API 1.43.
 * Podman gives the parent's id without its algorithm. The image, which came out of JSON for nobody else, is changed: to
 * copy one of thirty members took longer than all of its request's head.
 */
export function withNames<Image extends Named>(image: Image): Image {
  const { Parent, ParentId } = image;
  return Object.assign(
    image,
    { RepoTags: names(image.RepoTags), RepoDigests: names(image.RepoDigests) },
    Parent !== undefined && { Parent: withAlgorithm(Parent) },
    ParentId !== undefined && { ParentId: withAlgorithm(ParentId) },
  );
}
function names(list: readonly string[] | null | undefined): readonly string[] {
  return (list ?? []).filter((name) => !name.startsWith('<none>'));
}

/** Podman gives some ids without the `sha256:` before them. */
function withAlgorithm(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? `sha256:${id}` : id;
}

/** One consequence of a removal. */
export function removeItem(item: RemoveItem): RemoveItem {
  return item.Deleted === undefined ? item : { ...item, Deleted: withAlgorithm(item.Deleted) };
}

/** One step of a history; a step without names has an empty list of them. */
export function historyItem(item: HistoryItem): HistoryItem {
  return { ...item, Id: withAlgorithm(item.Id), Tags: item.Tags ?? [] };
}

/** One event; Podman calls a load by another name than Docker. */
export function imageEvent(event: ImageEvent): ImageEvent {
  const { Actor, Action, id, status } = event;
  const actor = { ...Actor, ID: withAlgorithm(Actor?.ID ?? ''), Attributes: Actor?.Attributes ?? {} };
  const old = {
    ...(id !== undefined && { id: withAlgorithm(id) }),
    ...(status !== undefined && { status: actionName(status) }),
  };
  return { ...event, Action: actionName(Action), Actor: actor, ...old };
}
function actionName(action: string): string {
  return action === 'loadfromarchive' ? 'load' : action;
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
export function imageDiskUsage(answer: unknown, verbose = false): ImageDiskUsage {
  const usage = isJsonObject(answer) ? answer : {};
  const summed = isJsonObject(usage['ImageUsage']) ? usage['ImageUsage'] : undefined;
  const list = summed?.['Items'] ?? usage['Images'];
  const images = (Array.isArray(list) ? (list as ImageSummary[]) : []).map(withNames);
  const sums = summed === undefined ? sumUp(images, Number(usage['LayersSize'])) : engineSums(summed);
  return { ...sums, images: verbose ? images : undefined };
}

function engineSums(summed: JsonObject): Omit<ImageDiskUsage, 'images'> {
  return {
    totalSize: Number(summed['TotalSize'] ?? 0),
    reclaimable: Number(summed['Reclaimable'] ?? 0),
    totalCount: Number(summed['TotalCount'] ?? 0),
    activeCount: Number(summed['ActiveCount'] ?? 0),
  };
}

function sumUp(images: readonly ImageSummary[], layersSize: number): Omit<ImageDiskUsage, 'images'> {
  const active = images.filter(({ Containers }) => Containers > 0);
  const used = active.reduce((sum, { Size, SharedSize }) => sum + Size - Math.max(SharedSize, 0), 0);
  const totalSize = layersSize || images.reduce((total, { Size }) => total + Size, 0); // Podman 4 says 0
  return { totalSize, reclaimable: Math.max(totalSize - used, 0), totalCount: images.length, activeCount: active.length };
}
