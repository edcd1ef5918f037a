// The images that a prune would remove. The results for IMAGES and USES without other arguments, of the moved name and of the pull by
// digest were observed: such images were pruned on Docker 20.10, on 28.5 with both stores and on Podman 6.1. The other cases follow the
// sources of moby (daemon/images, daemon/containerd) and of Podman (libimage), and were not tried with an engine.

import { describe, expect, it } from 'vitest';
import { prunedByContainerd, prunedByGraphDriver, prunedByPodman } from '../../src/api/prune-rules.ts';
import type { PrunableImage, PruneCase, PrunedImages } from '../../src/api/prune-rules.ts';

const image = (id: string, RepoTags: readonly string[], ParentId = '', RepoDigests: readonly string[] = []): PrunableImage =>
  ({ Id: `sha256:${id}`, RepoTags, RepoDigests, ParentId: ParentId && `sha256:${ParentId}` });

const DIGEST = `sha256:${'1'.repeat(64)}`;

const IMAGES: readonly PrunableImage[] = [
  image('dangling', []),
  image('plain', ['s/plain:1']),
  image('used', ['s/used:1']),
  image('two', ['a/other:1', 's/two:1', 's/two:2']),
  image('byid', ['s/byid:1', 's/byid:2']),
  image('useddangling', []),
  image('base', ['s/base:1']),
  image('step', [], 'base'), // between the base and the child
  image('child', ['s/child:1'], 'step'),
  image('base2', ['s/base2:1']),
  image('keptchild', ['s/kept-child:1'], 'base2'),
];
/** Containers of "used" and "two" by name, of "byid" and "useddangling" by ID, and of "keptchild". */
const USES = [
  { name: 's/used:1', id: 'sha256:used' },
  { name: 's/two:2', id: 'sha256:two' },
  { name: 'sha256:byid', id: 'sha256:byid' },
  { name: 'useddangling', id: 'sha256:useddangling' },
  { name: 's/kept-child:1', id: 'sha256:keptchild' },
];

function prune(rules: (given: PruneCase) => PrunedImages, given: Partial<PruneCase>): [gone: string, untagged: string] {
  const uses = given.uses ?? USES;
  const { gone, untagged } = rules({ images: IMAGES, used: new Set(uses.map(({ id }) => id)), uses, onlyDangling: false, matches: () => true, ...given });
  return [[...gone].map((id) => id.replace('sha256:', '')).sort().join(' '), [...untagged].sort().join(' ')];
}
const onlyDangling = { onlyDangling: true };

describe('a prune by Docker with a graph driver', () => {
  const rules = prunedByGraphDriver;

  it('removes images without a name that no container uses and from which none was built', () => {
    expect(prune(rules, onlyDangling)).toEqual(['dangling', '']);
  });

  it('with dangling=false, also takes names from images that stay, but not the last one of an image in use', () => {
    expect(prune(rules, {})).toEqual(['base child dangling plain step', 'a/other:1 s/base2:1 s/byid:1 s/two:1']);
  });

  it('counts an image with digests only as one without a name, if none was built from it', () => {
    const byDigest = [image('pulled', [], '', [`r/a@${DIGEST}`]), image('parent', [], '', [`r/b@${DIGEST}`]), image('kid', ['x:1'], 'parent')];
    expect(prune(rules, { ...onlyDangling, images: byDigest })).toEqual(['pulled', '']);
  });

  it('keeps the tag of an image in use with its digest, and takes the digests of other repositories', () => {
    const used = [image('used', ['a:1', 'b:1'], '', [`a@${DIGEST}`, `b@${DIGEST}`])];
    expect(prune(rules, { images: used })).toEqual(['', `a:1 a@${DIGEST}`]);
  });

  it('keeps a parent that the filters do not select, and removes untagged parents whatever the filters are', () => {
    expect(prune(rules, { matches: ({ Id }) => Id === 'sha256:child' })).toEqual(['child step', '']);
  });
});

describe('a prune by Docker with the containerd store', () => {
  const rules = prunedByContainerd;

  it('removes all images without a name that no container uses, also those between two others', () => {
    expect(prune(rules, onlyDangling)).toEqual(['dangling step', '']);
  });

  it('with dangling=false, keeps the name with which a container was created, and the last name if it was created with an ID', () => {
    expect(prune(rules, {})).toEqual(['base base2 child dangling plain step', 'a/other:1 s/byid:1 s/two:1']);
  });

  it('keeps another image that has got the name with which a container was created', () => {
    const images = [image('old', []), image('new', ['s/mv:1'])];
    expect(prune(rules, { images, uses: [{ name: 's/mv:1', id: 'sha256:old' }] })).toEqual(['', '']);
  });

  it('keeps an image that was pulled by digest unless dangling=false; the digest of a tag is not a name', () => {
    const images = [image('pulled', [], '', [`r/a@${DIGEST}`]), image('tagged', ['r/b:1'], '', [`r/b@${DIGEST}`])];
    expect(prune(rules, { ...onlyDangling, images })).toEqual(['', '']);
    expect(prune(rules, { images, uses: [{ name: 'r/b:1@sha256:tagged', id: 'sha256:tagged' }] })).toEqual(['pulled', '']);
  });

  it('asks the filters about each name', () => {
    expect(prune(rules, { matches: (_, name) => name === 's/byid:1' })).toEqual(['', 's/byid:1']);
  });
});

describe('a prune by Podman', () => {
  const rules = prunedByPodman;

  it('removes images without a name that no container uses', () => {
    expect(prune(rules, onlyDangling)).toEqual(['dangling', '']);
  });

  it('with dangling=false, keeps images without a name, and takes no names from images in use', () => {
    expect(prune(rules, {})).toEqual(['base base2 child plain step', '']);
  });

  it('keeps images in read-only stores', () => {
    expect(prune(rules, { images: [{ ...image('x', ['x:1']), ReadOnly: true }] })).toEqual(['', '']);
  });
});

it('a list of images that are parents of each other does not end in an endless recursion', () => {
  const images = [image('a', [], 'b'), image('b', [], 'a')];
  for (const rules of [prunedByGraphDriver, prunedByContainerd, prunedByPodman]) expect(prune(rules, { images })[1]).toBe('');
});
