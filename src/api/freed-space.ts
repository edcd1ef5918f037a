// How much space the removal of images frees at most. Engines report the size of each image, with all of its layers, and how much of it
// other images share, but not the size of each layer. Images form a tree by their layers: two images share the layers of the path that
// they have in common. The size of such a path is known where an image ends, and where an image leaves the last other one.

/** An image with its layers and sizes. */
export interface SizedImage {
  readonly id: string;
  /** The layers, from the lowest to the highest; empty if they are unknown. */
  readonly chain: readonly string[];
  /** Size in bytes. */
  readonly size: number;
  /** Size in bytes of the layers that other images have, too; 0 or less if it is unknown. */
  readonly shared: number;
}

/** A layer on top of those below it. */
interface Node {
  readonly above: Map<string, Node>;
  /** How many images have it. */
  images: number;
  /** Whether an image has it that stays or was counted already. */
  isCounted: boolean;
  /** The least size of this layer and those below it. */
  size: number;
}

/**
 * Returns how many bytes are freed at most if the images in `gone` are removed from all `images`. No layer is counted twice, if its size
 * is known. `sizesAreOfLayers`: whether the size of an image has nothing but its layers.
 */
export function freedAtMost(images: readonly SizedImage[], gone: ReadonlySet<string>, sizesAreOfLayers: boolean): number {
  const root = newNode();
  const paths = images.map(({ chain }) => pathOf(chain, root));
  images.forEach(({ size, shared }, index) => {
    const path = paths[index] ?? [];
    const lastShared = path.filter((node) => node.images > 1).at(-1);
    if (lastShared !== undefined) lastShared.size = Math.max(lastShared.size, shared);
    const top = path.at(-1);
    if (sizesAreOfLayers && top !== undefined) top.size = Math.max(top.size, size);
  });
  const count = (path: readonly Node[]): void => path.forEach((node) => { node.isCounted = true; });
  images.forEach(({ id }, index) => gone.has(id) || count(paths[index] ?? []));
  let freed = 0;
  images.forEach(({ id, size }, index) => {
    if (!gone.has(id)) return;
    const path = paths[index] ?? [];
    const counted = path.reduce((most, node) => (node.isCounted ? Math.max(most, node.size) : most), 0);
    freed += Math.max(size - counted, 0);
    count(path);
  });
  return freed;
}

function newNode(): Node {
  return { above: new Map(), images: 0, isCounted: false, size: 0 };
}

/** The nodes of an image's layers, from the lowest to the highest. Adds those that are missing. */
function pathOf(chain: readonly string[], root: Node): readonly Node[] {
  let at = root;
  return chain.map((layer) => {
    const next = at.above.get(layer) ?? newNode();
    at.above.set(layer, next);
    next.images++;
    return (at = next);
  });
}
