// Reads the JSON responses: checks each against its shape, which stands before its reader, and makes the responses of all engines
// alike. Lists that are null become empty, and Podman's keys and ids become Docker's.

import { DecodeError } from '../errors.ts';
import { checkList, checkObject } from './response-shapes.ts';
import type { Shape } from './response-shapes.ts';
import type { AuthResult, ImageDiskUsage, ImageEvent, InfoResult, VersionResult } from './types/engine.ts';
import type { HistoryItem, ImageInspect, ImageSummary, PruneResult, RemoveItem, SearchResult } from './types/image.ts';
import type { DistributionInspect, ImageAttestation } from './types/manifest.ts';

const descriptor: Shape = {
  required: ['digest'],
  members: { mediaType: 'text', digest: 'digest', size: 'size', urls: 'texts', annotations: 'map', platform: 'object' },
};
const platform: Shape = { required: ['architecture', 'os'], members: { architecture: 'text', os: 'text', variant: 'text' } };
const manifest: Shape = {
  required: ['ID'],
  members: { ID: 'name', Descriptor: descriptor, Available: 'flag', Kind: 'text', Size: 'object', ImageData: 'object' },
};
const config: Shape = {
  members: { User: 'text', Env: 'texts', Cmd: 'texts', Entrypoint: 'texts', WorkingDir: 'text', Labels: 'map' },
};

const imageSummary: Shape = {
  required: ['Id'],
  members: {
    Id: 'name', ParentId: 'text', RepoTags: 'texts', RepoDigests: 'texts', Created: 'number', Size: 'number',
    SharedSize: 'number', VirtualSize: 'number', Containers: 'number', Labels: 'map', Descriptor: descriptor,
    Manifests: [manifest], Names: 'texts', Digest: 'text', History: 'texts',
  },
};
/** `GET /images/json`. */
export function readImages(response: unknown): ImageSummary[] {
  return checkList<ImageSummary>(response, imageSummary).map(normalizeNames);
}

const imageInspect: Shape = {
  required: ['Id'],
  members: {
    Id: 'name', Parent: 'text', RepoTags: 'texts', RepoDigests: 'texts', Created: 'text', Architecture: 'text', Os: 'text',
    Variant: 'text', OsVersion: 'text', Size: 'number', VirtualSize: 'number', Comment: 'text', DockerVersion: 'text',
    Author: 'text', Config: config, GraphDriver: { members: { Name: 'text', Data: 'object' } },
    RootFS: { members: { Type: 'text', Layers: 'texts' } }, Metadata: 'object', Descriptor: descriptor, Manifests: [manifest],
  },
};
/** `GET /images/{image}/json`. */
export function readImage(response: unknown): ImageInspect {
  return normalizeNames(checkObject<ImageInspect>(response, imageInspect));
}

const historyItem: Shape = {
  required: ['Id'],
  members: { Id: 'name', Created: 'number', CreatedBy: 'text', Tags: 'texts', Size: 'number', Comment: 'text' },
};
/** `GET /images/{image}/history`. */
export function readHistory(response: unknown): HistoryItem[] {
  const items = checkList<HistoryItem>(response, historyItem);
  return items.map((item) => ({ ...item, Id: withAlgorithm(item.Id), Tags: tagsIn(item.Tags) }));
}

const removeItem: Shape = { oneOf: ['Untagged', 'Deleted'], members: { Untagged: 'name', Deleted: 'name' } };
/** `DELETE /images/{image}`. */
export function readRemoveItems(response: unknown): RemoveItem[] {
  return checkList<RemoveItem>(response, removeItem).map(normalizeRemoveItem);
}

const pruneResult: Shape = {
  oneOf: ['ImagesDeleted', 'SpaceReclaimed'],
  members: { ImagesDeleted: [removeItem], SpaceReclaimed: 'size' },
};
/** `POST /images/prune`. */
export function readPruneResult(response: unknown): PruneResult {
  const result = checkObject<PruneResult>(response, pruneResult);
  return { ...result, ImagesDeleted: (result.ImagesDeleted ?? []).map(normalizeRemoveItem) };
}

/** A container in `GET /containers/json`. */
interface ContainerSummary {
  readonly Id: string;
  /** The image as the container was created with it; its ID if another image has that name now. */
  readonly Image: string;
  readonly ImageID: string;
}

const containerSummary: Shape = { required: ['Id', 'Image', 'ImageID'], members: { Id: 'name', Image: 'text', ImageID: 'text' } };
/** `GET /containers/json`. */
export function readContainers(response: unknown): ContainerSummary[] {
  return checkList(response, containerSummary);
}

const container: Shape = { required: ['Config'], members: { Config: { required: ['Image'], members: { Image: 'text' } } } };
/** `GET /containers/{id}/json`. */
export function readContainer(response: unknown): { readonly Config: { readonly Image: string } } {
  return checkObject(response, container);
}

// Docker's members, then Podman's.
const searchResult: Shape = {
  oneOf: ['name', 'Name'],
  members: {
    name: 'name', description: 'text', star_count: 'number', is_official: 'flag', is_automated: 'flag',
    Name: 'name', Description: 'text', Stars: 'number',
  },
};
/** `GET /images/search`. */
export function readSearchResults(response: unknown): SearchResult[] {
  return checkList<SearchResult | PodmanSearchResult>(response, searchResult).map(normalizeSearchResult);
}

const distribution: Shape = { required: ['Descriptor'], members: { Descriptor: descriptor, Platforms: [platform] } };
/** `GET /distribution/{image}/json`. */
export function readDistribution(response: unknown): DistributionInspect {
  const result = checkObject<DistributionInspect>(response, distribution);
  return { ...result, Platforms: result.Platforms ?? [] };
}

const attestation: Shape = {
  required: ['Descriptor', 'PredicateType'],
  members: { Descriptor: descriptor, PredicateType: 'text' },
};
/** `GET /images/{image}/attestations`. */
export function readAttestations(response: unknown): ImageAttestation[] {
  return checkList(response, attestation);
}

const versionShape: Shape = {
  required: ['ApiVersion'],
  members: {
    Version: 'text', ApiVersion: 'version', MinAPIVersion: 'text', Os: 'text', Arch: 'text', KernelVersion: 'text', GitCommit: 'text',
    Platform: { members: { Name: 'text' } },
    Components: [{ required: ['Name'], members: { Name: 'text', Version: 'text', Details: 'map' } }],
  },
};
/** `GET /version`. */
export function readVersion(response: unknown): VersionResult {
  return checkObject(response, versionShape);
}

const infoShape: Shape = {
  members: {
    ID: 'text', Name: 'text', ServerVersion: 'text', OperatingSystem: 'text', OSType: 'text', Architecture: 'text',
    Images: 'number', Driver: 'text', Warnings: 'texts', SystemTime: 'text',
  },
};
/** `GET /info`. */
export function readInfo(response: unknown): InfoResult {
  return checkObject(response, infoShape);
}

const loginShape: Shape = { required: ['Status'], members: { Status: 'name', IdentityToken: 'text' } };
/** `POST /auth`. A successful response has a `Status` and no error; any other response with status 200 comes from a proxy. */
export function readLogin(response: unknown): AuthResult {
  const login = checkObject<AuthResult & LoginError>(response, loginShape);
  if ((login.error ?? login.errorDetail ?? login.message ?? undefined) === undefined) return login;
  throw new DecodeError('invalid response: it does not say that the login succeeded', { offset: 0 });
}
type LoginError = { readonly [name in 'error' | 'errorDetail' | 'message']?: unknown };

const eventShape: Shape = {
  required: ['Action'],
  members: {
    Type: 'text', Action: 'text', Actor: { members: { ID: 'text', Attributes: 'map' } }, time: 'number', timeNano: 'number',
    scope: 'text', status: 'text', id: 'text', from: 'text',
  },
};
/** `GET /events`, one event. Podman uses another name for a load. */
export function readEvent(value: unknown): ImageEvent {
  const event = checkObject<ImageEvent>(value, eventShape);
  const { Actor, Action, id, status } = event;
  return {
    ...event,
    Action: actionName(Action),
    Actor: { ...Actor, ID: withAlgorithm(Actor?.ID ?? ''), Attributes: Actor?.Attributes ?? {} },
    ...(id !== undefined && { id: withAlgorithm(id) }),
    ...(status !== undefined && { status: actionName(status) }),
  };
}
function actionName(action: string): string {
  return action === 'loadfromarchive' ? 'load' : action;
}

/** The names of an image, which engines write in different ways. */
interface ImageNames {
  RepoTags: readonly string[];
  RepoDigests: readonly string[];
  Parent?: string;
  ParentId?: string;
}

/**
 * Gives an image of a response the names that Docker writes from API 1.43 on, and returns the same object: a copy would take a tenth
 * of the memory of a small call. An image without names gets `[]`; older versions of Docker send `<none>:<none>`, and Podman 4 sends
 * null. The id of the parent gets `sha256:`, which Podman omits.
 */
export function normalizeNames<Image extends Readonly<ImageNames>>(image: Image): Image {
  const names: ImageNames = image;
  const { Parent, ParentId, RepoTags, RepoDigests } = image;
  if (!areUsual(RepoTags, '@') || !areUsual(RepoDigests, '<')) {
    names.RepoTags = tagsIn(RepoTags);
    names.RepoDigests = digestsIn(RepoTags, RepoDigests);
  }
  if (Parent !== undefined) names.Parent = withAlgorithm(Parent);
  if (ParentId !== undefined) names.ParentId = withAlgorithm(ParentId);
  return image;
}

type NameList = readonly string[] | null | undefined;
/** Whether no name begins with `<` or has the other character. Nearly all lists are like that, and stay as they are. */
function areUsual(list: NameList, other: string): boolean {
  if (list === null || list === undefined) return false;
  for (let index = 0; index < list.length; index++) if (list[index]?.startsWith('<') === true || list[index]?.includes(other) === true) return false;
  return true;
}
function namesIn(list: NameList): readonly string[] {
  return (list ?? []).filter((name) => !name.startsWith('<none>'));
}
/** After a pull by digest, Docker's containerd store and Podman 6 list `name@sha256:...` among the tags. */
function tagsIn(tags: NameList): readonly string[] {
  return namesIn(tags).filter((name) => !name.includes('@'));
}
function digestsIn(tags: NameList, digests: NameList): readonly string[] {
  const listed = namesIn(digests);
  const amongTags = tags?.filter((name) => name.includes('@') && !name.startsWith('<none>')) ?? [];
  return amongTags.length > 0 ? [...new Set([...listed, ...amongTags])] : listed;
}

/** Podman returns some ids without `sha256:`. */
function withAlgorithm(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? `sha256:${id}` : id;
}

function normalizeRemoveItem(item: RemoveItem): RemoveItem {
  return item.Deleted === undefined ? item : { ...item, Deleted: withAlgorithm(item.Deleted) };
}

/** A result of Podman below version 6. `Official` and `Automated` are `"[OK]"` or empty. */
interface PodmanSearchResult {
  readonly Name?: string | null;
  readonly Description?: string;
  readonly Stars?: number;
  readonly Official?: unknown;
  readonly Automated?: unknown;
}

/** The keys and the name as Docker returns them. All versions of Podman write the host of the Docker Hub in the name. */
function normalizeSearchResult(item: SearchResult | PodmanSearchResult): SearchResult {
  const { Name, Description = '', Stars = 0, Official, Automated } = item as PodmanSearchResult;
  if (Name === undefined || Name === null) return { ...(item as SearchResult), name: hubName((item as SearchResult).name) };
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

// `LayersSize` and `Images` below API 1.52, `ImageUsage` from API 1.52 on.
const diskUsage: Shape = {
  oneOf: ['LayersSize', 'Images', 'ImageUsage'],
  members: {
    LayersSize: 'size',
    Images: [imageSummary],
    ImageUsage: {
      members: { TotalSize: 'number', Reclaimable: 'number', TotalCount: 'number', ActiveCount: 'number', Items: [imageSummary] },
    },
  },
};
interface DiskUsage {
  readonly ImageUsage?: DiskUsageSummary | null;
  readonly Images?: readonly ImageSummary[] | null;
  readonly LayersSize?: number | null;
}
type DiskUsageSummary = { readonly Items?: readonly ImageSummary[] | null } & {
  readonly [name in 'TotalSize' | 'Reclaimable' | 'TotalCount' | 'ActiveCount']?: number | null;
};

/** `GET /system/df`. Below API 1.52, the response has no sums; they are computed from the list, as the docker command does. */
export function imageDiskUsage(response: unknown, verbose = false): ImageDiskUsage {
  const { ImageUsage: summary, Images, LayersSize } = checkObject<DiskUsage>(response, diskUsage);
  const images = mergeDuplicates((summary?.Items ?? Images ?? []).map(normalizeNames));
  const sums = summary === undefined || summary === null ? sumUp(images, LayersSize ?? 0) : {
    totalSize: summary.TotalSize ?? 0,
    reclaimable: summary.Reclaimable ?? 0,
    totalCount: summary.TotalCount ?? 0,
    activeCount: summary.ActiveCount ?? 0,
  };
  return { ...sums, images: verbose ? images : undefined };
}

/** Podman lists an image once for each tag. */
function mergeDuplicates(listed: readonly ImageSummary[]): ImageSummary[] {
  const images = new Map<string, { readonly image: ImageSummary; readonly tags: Set<string> }>();
  for (const image of listed) {
    const Id = withAlgorithm(image.Id);
    const tags = images.get(Id)?.tags ?? new Set();
    for (const tag of image.RepoTags) tags.add(tag);
    images.set(Id, { image, tags });
  }
  return [...images].map(([Id, { image, tags }]) => ({ ...image, Id, RepoTags: [...tags] }));
}

function sumUp(images: readonly ImageSummary[], layersSize: number): Omit<ImageDiskUsage, 'images'> {
  const active = images.filter(({ Containers }) => Containers > 0);
  // Engines may omit sizes, or send null.
  const used = active.reduce((sum, { Size, SharedSize }) => sum + (Size ?? 0) - Math.max(SharedSize ?? 0, 0), 0);
  const totalSize = layersSize || images.reduce((total, { Size }) => total + (Size ?? 0), 0); // Podman 4 sends 0
  return { totalSize, reclaimable: Math.max(totalSize - used, 0), totalCount: images.length, activeCount: active.length };
}

/** Takes the names of images from the list of images: in the disk usage, Podman omits the repository of a tag. */
export function withListedNames(usage: ImageDiskUsage, listed: readonly ImageSummary[]): ImageDiskUsage {
  const names = new Map(listed.map(({ Id, RepoTags, RepoDigests }) => [Id, { RepoTags, RepoDigests }]));
  return { ...usage, images: usage.images?.map((image) => ({ ...image, ...names.get(image.Id) })) };
}
