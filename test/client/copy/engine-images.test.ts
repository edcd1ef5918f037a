// What copies ask an engine: its inventory, and the images that names stand for.

import { expect, it } from 'vitest';
import { archiveOf, readImageContent, groupImages, inventoryOf, ownPlatform, engineKind } from '../../../src/client/copy/engine-images.ts';
import { platformName } from '../../../src/api/platform.ts';
import { KeptEntries } from '../../../src/api/saved-image/kept-entries.ts';
import { loadCreateHash } from '../../../src/bytes.ts';
import type { GetImageOptions } from '../../../src/client/options.ts';
import { ConnectError, NotFoundError } from '../../../src/errors.ts';
import { noGnuTar } from '../../support/foreign-tar.ts';
import { MemoryEngine, missing } from '../../support/memory-engine.ts';
import { filesIn, savedArchive } from '../../support/saved.ts';

const id = (letter: string): string => `sha256:${letter.repeat(64)}`;
const many = (store: 'graphdriver' | 'podman' | 'containerd'): MemoryEngine => {
  const engine = new MemoryEngine(store);
  for (const letter of 'abcdef') engine.add(id(letter), letter === 'f' ? [] : [id('0'), id(letter)], `docker.io/team/${letter}:1`);
  return engine.add(id('9'), [id('0'), id('a')]);
};

it.each(['graphdriver', 'podman', 'containerd'] as const)('an inventory of a store of kind %s lists the names and the layers of each image', async (store) => {
  expect(await inventoryOf(many(store), {})).toEqual({
    longshoreInventory: 2, store, apiVersion: '1.47', platform: 'linux/amd64',
    images: [
      { id: id('9'), names: [], layers: [id('0'), id('a')] },
      ...[...'abcde'].map((letter) => ({ id: id(letter), names: [`docker.io/team/${letter}:1`], layers: [id('0'), id(letter)] })),
      { id: id('f'), names: ['docker.io/team/f:1'], layers: [] },
    ],
  });
  expect((await engineKind(many(store), {})).store).toBe(store);
});

it('an inventory leaves out images that the engine does not show', async () => {
  const engine = many('podman');
  engine.hook = (call) => {
    if (call === `inspect ${id('b')}`) throw missing();
  };
  expect((await inventoryOf(engine, {})).images.map((image) => image.id)).toEqual([...'9acdef'].map(id));
});

// Podman 4.3 answers 500, "retrieving label for image: ... image not known", if an image is removed while it lists them.
it.each([[4, 'resolves'], [5, 'rejects']] as const)('an inventory asks again if an image has been removed while they were listed: %i times, it %s', async (times, outcome) => {
  const engine = many('podman');
  let count = 0;
  engine.hook = (call) => {
    if (call === 'images' && count++ < times) throw new NotFoundError('image not known', { method: 'GET', target: '/images/json', status: 500, daemonMessage: 'image not known' });
  };
  const made = inventoryOf(engine, {});
  if (outcome === 'resolves') expect((await made).images).toHaveLength(7);
  else await expect(made).rejects.toThrow(NotFoundError);
});

it('an inventory fails if the engine cannot be reached any more', async () => {
  const engine = many('podman');
  engine.hook = (call) => {
    if (call === `inspect ${id('b')}`) throw new ConnectError('connection refused', { address: 'unix:///x' });
  };
  await expect(inventoryOf(engine, {})).rejects.toThrow(ConnectError);
});

it('at most four images are inspected at the same time', async () => {
  const engine = many('podman');
  let [running, most] = [0, 0];
  engine.hook = async (call) => {
    if (!call.startsWith('inspect')) return;
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  await inventoryOf(engine, {});
  expect(most).toBe(4);
});

it('the names of one image are put together, in complete form; an ID and a digest are no names', async () => {
  const engine = many('podman');
  engine.find(id('a'))?.names.add('quay.io/x:2');
  const groups = await groupImages(engine, ['team/a:1', 'team/b:1', 'quay.io/x:2', 'docker.io/team/a:1', id('c')], 'podman', undefined, {});
  expect(groups.map(({ image, references }) => [image.Id, references])).toEqual([
    [id('a'), ['docker.io/team/a:1', 'quay.io/x:2']], [id('b'), ['docker.io/team/b:1']], [id('c'), []],
  ]);
});

// Docker and Podman look for a name first, and for the beginning of an ID only if there is none.
it.each(['cafe', 's', 'sha256'])('a name is no ID, even if an ID begins with it: %s', async (name) => {
  const engine = new MemoryEngine('graphdriver').add(`sha256:${'cafe'.repeat(16)}`, [], `${name}:latest`);
  expect((await groupImages(engine, [name], 'graphdriver', undefined, {})).map(({ references }) => references)).toEqual([[`docker.io/library/${name}:latest`]]);
});

it('a name is no ID on Podman, which shows its own images with localhost/', async () => {
  const engine = new MemoryEngine('podman').add(`sha256:${'cafe'.repeat(16)}`, [], 'localhost/cafe:latest');
  const inspect = engine.inspectImage.bind(engine);
  engine.inspectImage = (name, options) => inspect(`localhost/${name}`, options);
  expect((await groupImages(engine, ['cafe'], 'podman', undefined, {}))[0]?.references).toEqual(['docker.io/library/cafe:latest']);
});

// Docker 28.5 does not save an image without its own platform, "unable to create manifests file", unless another platform is named.
it.each([
  ['its own platform', ['linux/amd64', 'linux/arm64'], undefined, undefined],
  ['its own platform, and another is requested', ['linux/amd64', 'linux/arm64'], 'linux/arm64', undefined],
  ['another platform', ['linux/arm64'], undefined, 'linux/arm64'],
  ['another platform, and its own is requested', ['linux/arm64'], 'linux/amd64', 'linux/arm64'],
  ['two others, and one is requested', ['linux/arm64', 'linux/s390x'], 'linux/s390x', 'linux/s390x'],
  ['two others', ['linux/arm64', 'linux/s390x'], undefined, undefined],
  ['nothing that it names', [], 'linux/arm64', undefined],
])('a platform is named to save an image of which a containerd store has %s', async (_, there, requested, expected) => {
  const engine = new MemoryEngine('containerd').add(id('a'), [], 'docker.io/team/a:1');
  engine.supports = async () => true;
  const inspect = engine.inspectImage.bind(engine);
  const manifest = (platform: string, Available: boolean) => {
    const [os = '', architecture = ''] = platform.split('/');
    return { ID: id('m'), Kind: 'image', Available, ImageData: { Platform: { os, architecture } } };
  };
  engine.inspectImage = async (name, options) => {
    const Manifests = [...there.map((each) => manifest(each, true)), manifest('linux/ppc64le', false)];
    return { ...(await inspect(name, options)), Manifests } as never;
  };
  const [group] = await groupImages(engine, ['team/a:1'], 'containerd', requested, {});
  expect(group?.platform && platformName(group.platform)).toBe(expected);
});

it.skipIf(noGnuTar)('the archive of one platform has no index, and its manifest is the image', async () => {
  const engine = new MemoryEngine('containerd');
  engine.archive = savedArchive('docker-28.5-containerd', 'zipped');
  const asked: unknown[] = [];
  const save = engine.getImage.bind(engine);
  engine.getImage = (name, options) => {
    asked.push((options as GetImageOptions).platform);
    return save(name, options);
  };
  const image = { Id: id('a'), Descriptor: { digest: id('b'), mediaType: 'application/vnd.oci.image.index.v1+json', size: 1 } };
  const group = { image: image as never, references: [], platform: 'linux/arm64' } as const;
  const saved = new KeptEntries(() => archiveOf(engine, group, {}));
  const { kept } = await readImageContent(group, 'containerd', saved, await loadCreateHash());
  const [first] = JSON.parse(String(filesIn(engine.archive).get('index.json'))).manifests as [{ digest: string }];
  expect([kept?.root.digest, asked]).toEqual([first.digest, ['linux/arm64']]);
});

it('the platform is undefined if the engine does not report it', async () => {
  const engine = many('podman');
  expect(await ownPlatform(engine, {})).toBe('linux/amd64');
  engine.platform = {} as never;
  expect(await ownPlatform(engine, {})).toBe(undefined);
});
