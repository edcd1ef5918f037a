// Reads the JSON answers: each is checked against its shape, and then made the same whatever the engine: null lists become empty
// ones, Podman's keys and ids become Docker's.

import type { JsonObject } from './api-error.ts';
import type { AuthResult, ImageDiskUsage, ImageEvent, InfoResult, VersionResult } from './types/engine.ts';
import type { HistoryItem, ImageInspect, ImageSummary, PruneResult, RemoveItem, SearchResult } from './types/image.ts';
import type { DistributionInspect, ImageAttestation } from './types/manifest.ts';
import { DecodeError } from '../errors.ts';
import * as shapes from './answer-shapes.ts';
import { listOf, objectOf } from './answer-shapes.ts';
import type { Shape } from './answer-shapes.ts';

/** A value of that shape; what a type says beyond the shape, no program of ours relies on. */
function as<Value>(value: unknown, shape: Shape): Value {
  return objectOf(value, shape) as unknown as Value;
}
function asList<Item>(value: unknown, shape: Shape): readonly Item[] {
  return listOf(value, shape) as readonly unknown[] as readonly Item[];
}

/** `GET /images/json`. */
export function readImages(answer: unknown): ImageSummary[] {
  return asList<ImageSummary>(answer, shapes.imageSummary).map(withNames);
}

/** `GET /images/{image}/json`. */
export function readImage(answer: unknown): ImageInspect {
  return withNames(as<ImageInspect>(answer, shapes.imageInspect));
}

/** `GET /images/{image}/history`. */
export function readHistory(answer: unknown): HistoryItem[] {
  return asList<HistoryItem>(answer, shapes.historyStep).map(historyItem);
}

/** `DELETE /images/{image}`. */
export function readRemoved(answer: unknown): RemoveItem[] {
  return asList<RemoveItem>(answer, shapes.removal).map(removeItem);
}

/** `POST /images/prune`. */
export function readPruned(answer: unknown): PruneResult {
  const result = as<PruneResult>(answer, shapes.pruning);
  return { ...result, ImagesDeleted: (result.ImagesDeleted ?? []).map(removeItem) };
}

/** `GET /images/search`. */
export function readFound(answer: unknown): SearchResult[] {
  return listOf(answer, shapes.found).map(searchResult);
}

/** `GET /distribution/{image}/json`. */
export function readDistribution(answer: unknown): DistributionInspect {
  const result = as<DistributionInspect>(answer, shapes.distribution);
  return { ...result, Platforms: result.Platforms ?? [] };
}

/** `GET /images/{image}/attestations`. */
export function readAttestations(answer: unknown): ImageAttestation[] {
  return [...asList<ImageAttestation>(answer, shapes.attestation)];
}

/** `GET /version`. */
export function readVersion(answer: unknown): VersionResult {
  return as(answer, shapes.versions);
}

/** `GET /info`. */
export function readInfo(answer: unknown): InfoResult {
  return as(answer, shapes.information);
}

/** `POST /auth`: a yes has a Status; anything else of status 200 is a proxy's word. */
export function readLogin(answer: unknown): AuthResult {
  const login: AuthResult & { readonly error?: unknown; readonly errorDetail?: unknown; readonly message?: unknown } = as(answer, shapes.login);
  const complaint = login.error ?? login.errorDetail ?? login.message ?? undefined;
  if (login.Status !== '' && complaint === undefined) return login;
  throw new DecodeError('the answer to the login does not say that it succeeded', { offset: 0 });
}

/** `GET /events`, one event. */
export function readEvent(value: unknown): ImageEvent {
  return imageEvent(as(value, shapes.event));
}

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
    { RepoTags: tags(image.RepoTags), RepoDigests: digests(image) },
    Parent !== undefined && { Parent: withAlgorithm(Parent) },
    ParentId !== undefined && { ParentId: withAlgorithm(ParentId) },
  );
}
function names(list: readonly string[] | null | undefined): readonly string[] {
  return (list ?? []).filter((name) => !name.startsWith('<none>'));
}

/** After a pull by digest, Docker's containerd store and Podman 6 list `name@sha256:...` among the tags. */
function tags(list: readonly string[] | null | undefined): readonly string[] {
  return names(list).filter((name) => !name.includes('@'));
}
function digests({ RepoTags, RepoDigests }: Named): readonly string[] {
  const listed = names(RepoDigests);
  const among = names(RepoTags).filter((name) => name.includes('@'));
  return among.length > 0 ? [...new Set([...listed, ...among])] : listed;
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
  return { ...item, Id: withAlgorithm(item.Id), Tags: tags(item.Tags) };
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

/**
 * Podman below 6 has `Name`, `Stars`, and `Official` as text, `"[OK]"` or empty. All of its releases write the host of the
 * Docker Hub in the name.
 */
export function searchResult(item: JsonObject): SearchResult {
  if (item['Name'] === undefined) {
    const found = item as unknown as SearchResult;
    return { ...found, name: hubName(found.name) };
  }
  const { Name = '', Description = '', Stars = 0, Official, Automated } = item as unknown as FoundByPodman;
  return {
    name: hubName(Name),
    description: Description,
    star_count: Stars,
    is_official: Official === '[OK]' || Official === true,
    is_automated: Automated === '[OK]' || Automated === true,
  };
}
function hubName(name: string): string {
  return name.replace(/^docker\.io\/(?:library\/)?/, '');
}
interface FoundByPodman {
  readonly Name?: string;
  readonly Description?: string;
  readonly Stars?: number;
  readonly Official?: unknown;
  readonly Automated?: unknown;
}

/** `GET /system/df`. From API 1.52 on the engine sums up itself; before, as the docker command does from the list. */
export function imageDiskUsage(answer: unknown, verbose = false): ImageDiskUsage {
  const { ImageUsage: summed, Images, LayersSize } = as<DiskUsage>(answer, shapes.diskUsage);
  const images = onceEach((summed?.Items ?? Images ?? []).map(withNames));
  const sums = summed === undefined || summed === null ? sumUp(images, LayersSize ?? 0) : engineSums(summed);
  return { ...sums, images: verbose ? images : undefined };
}
/** Podman lists an image once for each tag, and gives ids without the algorithm. */
function onceEach(listed: readonly ImageSummary[]): ImageSummary[] {
  const images = new Map<string, { readonly image: ImageSummary; readonly tags: Set<string> }>();
  for (const image of listed) {
    const Id = withAlgorithm(image.Id);
    const tags = images.get(Id)?.tags ?? new Set();
    for (const tag of image.RepoTags) tags.add(tag);
    images.set(Id, { image, tags });
  }
  return [...images].map(([Id, { image, tags }]) => ({ ...image, Id, RepoTags: [...tags] }));
}

/** The same with the names that the list of images has: Podman gives tags without their repositories here. */
export function namedAsListed(usage: ImageDiskUsage, listed: readonly ImageSummary[]): ImageDiskUsage {
  const names = new Map(listed.map(({ Id, RepoTags, RepoDigests }) => [Id, { RepoTags, RepoDigests }]));
  return { ...usage, images: usage.images?.map((image) => ({ ...image, ...names.get(image.Id) })) };
}
interface DiskUsage {
  readonly ImageUsage?: SummedUsage | null;
  readonly Images?: readonly ImageSummary[] | null;
  readonly LayersSize?: number | null;
}
interface SummedUsage {
  readonly TotalSize?: number | null;
  readonly Reclaimable?: number | null;
  readonly TotalCount?: number | null;
  readonly ActiveCount?: number | null;
  readonly Items?: readonly ImageSummary[] | null;
}

function engineSums(summed: SummedUsage): Omit<ImageDiskUsage, 'images'> {
  return {
    totalSize: summed.TotalSize ?? 0,
    reclaimable: summed.Reclaimable ?? 0,
    totalCount: summed.TotalCount ?? 0,
    activeCount: summed.ActiveCount ?? 0,
  };
}

function sumUp(images: readonly ImageSummary[], layersSize: number): Omit<ImageDiskUsage, 'images'> {
  const active = images.filter(({ Containers }) => Containers > 0);
  // Sizes may be left out or null.
  const used = active.reduce((sum, { Size, SharedSize }) => sum + (Size ?? 0) - Math.max(SharedSize ?? 0, 0), 0);
  const totalSize = layersSize || images.reduce((total, { Size }) => total + (Size ?? 0), 0); // Podman 4 says 0
  return { totalSize, reclaimable: Math.max(totalSize - used, 0), totalCount: images.length, activeCount: active.length };
}
