// Which layers a copy leaves out. The rules are those of README.md in the folder of the source file, which were observed on engines.

import { describe, expect, it } from 'vitest';
import { plainContent } from '../../../src/api/saved-image/image-content.ts';
import type { ImageContent } from '../../../src/api/saved-image/image-content.ts';
import { planImage } from '../../../src/api/saved-image/plan-copy.ts';
import type { LayerStore } from '../../../src/api/layer-inventory.ts';
import type { CopyTarget } from '../../../src/api/saved-image/plan-copy.ts';
import { ApiError } from '../../../src/errors.ts';

const id = (letter: string): string => `sha256:${letter.repeat(64)}`;
const ids = (letters: string): string[] => [...letters].map(id);
const AMD = { Os: 'linux', Architecture: 'amd64' };
const target = (store: LayerStore, ...chains: string[]): CopyTarget => ({ store, chains: chains.map(ids), platform: 'linux/amd64' });
const plain = (letters: string): ImageContent => plainContent(id('f'), ids(letters), AMD);
/** An image of a containerd store; the blob of layer `a` is called `1`, and so on. */
const blobs = (letters: string, platforms = [AMD]): ImageContent => {
  const layers = [...letters].map((letter) => ({
    digest: id(String('abcde'.indexOf(letter) + 1)), diffId: id(letter), mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', size: 10,
  }));
  const root = { digest: id('9'), mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 1, platform: undefined, annotations: {} };
  const variants = platforms.map((platform, i) => ({ platform, config: id('f'), layers, manifest: id(String(9 - i)) }));
  return { variants, kept: { root, others: variants.map(({ manifest }) => ({ digest: manifest, of: manifest })) } };
};
const reasons = (content: ImageContent, to: CopyTarget, full = false): string[] => {
  return planImage('x', content, to, { full, platform: undefined }).variants[0].layers.map(({ reason, sent }) => `${reason}${sent ? ', sent' : ''}`);
};
const [PRESENT, ABSENT] = ['present', 'absent, sent'];

// Columns: the layers of the image, the chains of the target, the decisions.
it.each([
  ['abc', [], [ABSENT, ABSENT, ABSENT]],
  ['abc', ['ab'], [PRESENT, PRESENT, ABSENT]],
  ['abc', ['a', 'abd'], [PRESENT, PRESENT, ABSENT]],
  ['abc', ['abc'], [PRESENT, PRESENT, PRESENT]],
  ['abc', ['abcde'], [PRESENT, PRESENT, PRESENT]],
  ['abc', ['bc', 'c'], [ABSENT, ABSENT, ABSENT]], // the same layers on another base are another chain
  ['aba', ['ab'], ['repeated, sent', PRESENT, ABSENT]],
  ['aba', ['aba'], [PRESENT, PRESENT, PRESENT]],
  ['', ['ab'], []],
])('an image with the layers "%s" for a graph driver or a Podman that has %j', (letters, chains, expected) => {
  for (const store of ['graphdriver', 'podman'] as const) {
    expect(reasons(plain(letters), target(store, ...chains))).toEqual(expected);
    expect(reasons(blobs(letters), target(store, ...chains))).toEqual(expected);
  }
  expect(reasons(blobs(letters), target('containerd', ...chains))).toEqual(expected);
});

it('sends everything from another store to a containerd store, and says why', () => {
  expect(reasons(plain('abc'), target('containerd', 'ab'))).toEqual(['containerd, sent', 'containerd, sent', ABSENT]);
});

it('sends everything if that is requested, and says which layers the target has', () => {
  expect(reasons(plain('abc'), target('podman', 'ab'), true)).toEqual(['full, sent', 'full, sent', ABSENT]);
});

it('names a layer that is left out by its diff ID, unless the manifest is kept', () => {
  const digests = (store: LayerStore): string[] => planImage('x', blobs('ab'), target(store, 'a'), { full: false, platform: undefined }).variants[0].layers.map(({ digest }) => digest);
  expect(digests('podman')).toEqual([id('a'), id('2')]);
  expect(digests('containerd')).toEqual([id('1'), id('2')]);
});

describe('the platform', () => {
  const ARM = { Os: 'linux', Architecture: 'arm64', Variant: 'v8' };
  const chosen = (content: ImageContent, to: CopyTarget, platform?: string): unknown[] => {
    return [...planImage('x', content, to, { full: false, platform }).wanted.keys()].filter((digest) => /9|8/.test(digest)).map((digest) => digest[7]);
  };
  const failure = (content: ImageContent, to: CopyTarget, platform?: string): unknown => {
    try {
      return chosen(content, to, platform);
    } catch (error) {
      return error;
    }
  };

  it('is every one for a containerd store, or the requested one', () => {
    expect(chosen(blobs('ab', [AMD, ARM]), target('containerd'))).toEqual(['9', '8']);
    expect(planImage('x', blobs('ab', [AMD, ARM]), target('containerd'), { full: false, platform: 'linux/arm64' }).variants[0].manifest).toBe(id('8'));
  });

  it('is one for other targets: the requested one, or their own', () => {
    const main = (platform?: string): unknown => planImage('x', blobs('ab', [AMD, ARM]), target('podman'), { full: false, platform }).variants[0].platform;
    expect(main()).toBe(AMD);
    expect(main('linux/arm64')).toBe(ARM);
  });

  it('is the only one of an image if none is requested', () => {
    expect(planImage('x', plainContent(id('f'), [], ARM), target('podman'), { full: false, platform: undefined }).variants[0].platform).toBe(ARM);
  });

  it('causes an ApiError of reason "platform" if the source does not have it', () => {
    for (const error of [
      failure(plainContent(id('f'), [], ARM), target('podman'), 'linux/amd64'),
      failure(blobs('ab', [ARM, ARM]), target('podman')),
      failure(blobs('ab', []), target('containerd')),
    ]) {
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ reason: 'platform' });
    }
    expect(String(failure(blobs('ab', [ARM, ARM]), target('podman')))).toContain('the source has x for linux/arm64/v8, linux/arm64/v8, and not for linux/amd64');
  });
});
