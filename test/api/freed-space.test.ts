// How much space a removal frees at most. In the examples each layer has the size that its name says, so that the expected values can
// be added up by hand.

import { describe, expect, it } from 'vitest';
import { freedAtMost } from '../../src/api/freed-space.ts';
import type { SizedImage } from '../../src/api/freed-space.ts';

/** Images with layers such as `a100`, with the sizes that an engine would report. */
function images(chains: Readonly<Record<string, string>>): SizedImage[] {
  const all = Object.entries(chains).map(([id, text]) => ({ id, chain: text.split(' ') }));
  const sizeOf = (layers: readonly string[]): number => layers.reduce((sum, layer) => sum + Number(layer.slice(1)), 0);
  return all.map(({ id, chain }) => {
    const depths = all.filter((other) => other.id !== id).map((other) => {
      const end = chain.findIndex((layer, at) => other.chain[at] !== layer);
      return end < 0 ? chain.length : end;
    });
    return { id, chain, size: sizeOf(chain), shared: sizeOf(chain.slice(0, Math.max(0, ...depths))) };
  });
}

describe('the freed space', () => {
  it.each<[string, Record<string, string>, string, number]>([
    ['an image with layers of its own', { x: 'a100 b20', y: 'c7' }, 'x', 120],
    ['an image on a base that stays', { x: 'a100 b20', base: 'a100' }, 'x', 20],
    ['a base that another image has', { x: 'a100 b20', base: 'a100' }, 'base', 0],
    ['two images on a base that goes, too', { x: 'a100 b20', y: 'a100 c3', base: 'a100' }, 'x y base', 123],
    ['two images on layers that only they have', { x: 'a100 b20', y: 'a100 c3', z: 'd9' }, 'x y', 123],
    ['two images of the same layers', { x: 'a100', y: 'a100' }, 'x y', 100],
    ['one of three images on the same layers', { x: 'a100 b20', y: 'a100 c3', z: 'a100 d4' }, 'y', 3],
  ])('of %s', (_, chains, gone, expected) => {
    for (const sizesAreOfLayers of [true, false]) expect(freedAtMost(images(chains), new Set(gone.split(' ')), sizesAreOfLayers)).toBe(expected);
  });

  it('is not less than what is freed if the engine does not report what is shared', () => {
    const unknown = images({ x: 'a100 b20', y: 'a100 c3', z: 'd9' }).map((image) => ({ ...image, shared: -1 }));
    expect(freedAtMost(unknown, new Set(['x', 'y']), false)).toBe(223);
    const base = images({ x: 'a100 b20', base: 'a100' }).map((image) => ({ ...image, shared: 0 }));
    expect(freedAtMost(base, new Set(['x']), true)).toBe(20);
  });

  it('counts the whole size of an image whose layers are unknown', () => {
    expect(freedAtMost([{ id: 'x', chain: [], size: 5, shared: 0 }], new Set(['x']), true)).toBe(5);
  });
});
