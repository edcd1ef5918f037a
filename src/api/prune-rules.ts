// Which images a prune would remove. The API has no dry run, so this file follows the rules of each kind of engine, as moby
// (daemon/images, daemon/containerd) and Podman (libimage) have them, and as live tests compare them with real prunes:
//
//   graph drivers   An image goes if no container uses it, and all images that were built from it go. By default, only images without a
//                   tag go. With `dangling=false`, an image that stays keeps its last name only (in use), or none (images built from it).
//   containerd      Each name goes by itself. A container keeps the name that it was created with, and not the other names of the image;
//                   one that was created with an ID keeps the last name.
//   Podman          `dangling=false` removes images that have a name, and keeps the others. Untagged parents go with their children.

import { formatReference, parseReference } from './reference.ts';
import { withDefaultTag } from './image-names.ts';
import type { ImageSummary } from './types/image.ts';

/** How a container names its image: as it was created, and by ID. */
export interface ImageUse {
  readonly name: string;
  readonly id: string;
}

/** The state of the engine, and the filters. */
export interface PruneCase {
  /** All images of the engine, also those without a name from which others were built. */
  readonly images: readonly PrunableImage[];
  /** The IDs of the images that containers use. */
  readonly used: ReadonlySet<string>;
  /** The images of the containers. Only the rules for containerd need them. */
  readonly uses: readonly ImageUse[];
  /** Whether only images without a name may go: without a filter `dangling=false`. */
  readonly onlyDangling: boolean;
  /** Whether the filters `until`, `label` and `label!` select an image; with the containerd store, a name of it. */
  matches(image: PrunableImage, name?: string): boolean;
}

/** What the rules need to know of an image. */
export type PrunableImage = Pick<ImageSummary, 'Id' | 'ParentId' | 'RepoTags' | 'RepoDigests' | 'ReadOnly'>;

/** What a prune would do. */
export interface PrunedImages {
  /** The IDs of the images that would go. */
  readonly gone: ReadonlySet<string>;
  /** The names that images which stay would lose. */
  readonly untagged: readonly string[];
}

/** Docker with a graph driver. */
export function prunedByGraphDriver({ images, used, onlyDangling, matches }: PruneCase): PrunedImages {
  const children = childrenOf(images);
  const chosen = new Set<string>();
  const left = new Map(images.map((image) => [image.Id, namesOf(image)]));
  for (const image of images) {
    const isParent = children.has(image.Id);
    const names = namesOf(image);
    if (isParent && (names.length === 0 || onlyDangling)) continue;
    if ((onlyDangling && image.RepoTags.length > 0) || !matches(image)) continue;
    chosen.add(image.Id);
    left.set(image.Id, used.has(image.Id) ? keptNames(names) : []);
  }
  const gone = goneWithChildren(images, children, ({ Id: id }) => {
    const isPrunable = chosen.has(id) || children.has(id); // untagged parents go with their last child
    return isPrunable && !used.has(id) && left.get(id)?.length === 0;
  });
  const staying = images.filter(({ Id }) => !gone.has(Id));
  return { gone, untagged: staying.flatMap((image) => namesOf(image).filter((name) => left.get(image.Id)?.includes(name) === false)) };
}

/** Podman. */
export function prunedByPodman({ images, used, onlyDangling, matches }: PruneCase): PrunedImages {
  const children = childrenOf(images);
  const isDangling = (image: PrunableImage): boolean => namesOf(image).length === 0 && !children.has(image.Id);
  const mayGo = ({ Id, ReadOnly }: PrunableImage): boolean => !used.has(Id) && ReadOnly !== true;
  const gone = new Set(images.filter((image) => mayGo(image) && isDangling(image) === onlyDangling && matches(image)).map(({ Id }) => Id));
  const parents = goneWithChildren(images, children, (image) => gone.has(image.Id) || (mayGo(image) && namesOf(image).length === 0 && children.has(image.Id)));
  return { gone: new Set([...gone, ...parents]), untagged: [] };
}

/** Docker with the containerd store. An image without a name is dangling. */
export function prunedByContainerd({ images, uses, onlyDangling, matches }: PruneCase): PrunedImages {
  const usedDigests = new Set(uses.filter(isById).map(({ id }) => id));
  const usedNames = new Set(uses.flatMap(({ name }) => namesKeptBy(name)));
  const usedIds = new Set(uses.map(({ id }) => id));
  const gone = new Set<string>();
  const untagged: string[] = [];
  for (const image of images) {
    const { Id: id } = image;
    const names = storedNames(image);
    if (names.length === 0) {
      if (!usedIds.has(id) && matches(image)) gone.add(id);
      continue;
    }
    const chosen = names.filter((name) => !onlyDangling && !usedNames.has(complete(name)) && matches(image, name)).sort(byCompleteName);
    if (chosen.length === names.length && usedDigests.has(id)) chosen.pop();
    if (chosen.length === names.length) gone.add(id);
    else untagged.push(...chosen);
  }
  return { gone, untagged };
}

/** The names in the containerd store. It lists a digest for the repository of each tag, too, and that is not a name. */
function storedNames({ RepoTags: tags, RepoDigests: digests }: PrunableImage): readonly string[] {
  const repositories = new Set(tags.map(repositoryOf));
  return [...tags, ...digests.filter((name) => !repositories.has(repositoryOf(name)))];
}

/** Whether a container was created with an ID, or with a digest. */
function isById({ name, id }: ImageUse): boolean {
  return id.startsWith(`sha256:${name.replace(/^sha256:/, '')}`) || name.endsWith(`@${id}`);
}

/** The names that a container keeps: that with which it was created; of a tag and a digest, also the tag alone. */
function namesKeptBy(name: string): string[] {
  const [tagged = '', digest] = name.split('@');
  return digest === undefined ? [complete(name)] : [complete(name), complete(tagged)];
}

/** The images for which `mayGo` holds and whose children all go. */
function goneWithChildren(
  images: readonly PrunableImage[],
  children: ReadonlyMap<string, readonly PrunableImage[]>,
  mayGo: (image: PrunableImage) => boolean,
): Set<string> {
  const known = new Map<string, boolean>();
  const isGone = (image: PrunableImage): boolean => {
    const result = known.get(image.Id);
    if (result !== undefined) return result;
    known.set(image.Id, false); // ends the recursion if an engine lists images that are parents of each other
    const isGoneNow = mayGo(image) && (children.get(image.Id) ?? []).every(isGone);
    known.set(image.Id, isGoneNow);
    return isGoneNow;
  };
  return new Set(images.filter(isGone).map(({ Id }) => Id));
}

/**
 * The names that an image in use keeps. moby removes one name after the other, and stops before the last one. With the last tag of a
 * repository, the image's digests in that repository go.
 */
function keptNames(names: readonly string[]): readonly string[] {
  let left = [...names].sort(byCompleteName);
  while (!areOneName(left)) {
    const [first = '', ...others] = left;
    const repository = repositoryOf(first);
    const isLastTag = !first.includes('@') && !others.some((name) => !name.includes('@') && repositoryOf(name) === repository);
    left = others.filter((name) => !isLastTag || repositoryOf(name) !== repository);
  }
  return left;
}

/** Whether names are at most one tag, and digests of the same repository. */
function areOneName(names: readonly string[]): boolean {
  const tags = names.filter((name) => !name.includes('@'));
  return names.length < 2 || (tags.length < 2 && new Set(names.map(repositoryOf)).size === 1);
}

function repositoryOf(name: string): string {
  const [tagged = ''] = complete(name).split('@');
  const colon = tagged.lastIndexOf(':');
  return colon > tagged.lastIndexOf('/') ? tagged.slice(0, colon) : tagged;
}

function byCompleteName(a: string, b: string): number {
  return complete(a) < complete(b) ? -1 : 1;
}

/** The complete form of a name; a text that is not a name is returned unchanged. */
function complete(name: string): string {
  try {
    return formatReference(withDefaultTag(parseReference(name)));
  } catch {
    return name;
  }
}

function namesOf({ RepoTags, RepoDigests }: PrunableImage): readonly string[] {
  return [...RepoTags, ...RepoDigests];
}

function childrenOf(images: readonly PrunableImage[]): Map<string, PrunableImage[]> {
  const children = new Map<string, PrunableImage[]>();
  for (const image of images) {
    if (!image.ParentId) continue;
    children.set(image.ParentId, [...(children.get(image.ParentId) ?? []), image]);
  }
  return children;
}
