// What copies ask an engine: its inventory, and the images that names stand for.

import { expect, it } from 'vitest';
import { groupImages, inventoryOf, ownPlatform, storeOf } from '../../../src/client/copy/engine-images.ts';
import { ConnectError } from '../../../src/errors.ts';
import { MemoryEngine, missing } from '../../support/memory-engine.ts';

const id = (letter: string): string => `sha256:${letter.repeat(64)}`;
const many = (store: 'graphdriver' | 'podman' | 'containerd'): MemoryEngine => {
  const engine = new MemoryEngine(store);
  for (const letter of 'abcdef') engine.add(id(letter), letter === 'f' ? [] : [id('0'), id(letter)], `docker.io/team/${letter}:1`);
  return engine.add(id('9'), [id('0'), id('a')]);
};

it.each(['graphdriver', 'podman', 'containerd'] as const)('an inventory of a store of kind %s lists the layers of each image once, and no names', async (store) => {
  expect(await inventoryOf(many(store), {})).toEqual({
    longshoreInventory: 1, store, apiVersion: '1.47', chains: [...'abcde'].map((letter) => [id('0'), id(letter)]),
  });
  expect(await storeOf(many(store), {})).toBe(store);
});

it('an inventory leaves out images that the engine does not show', async () => {
  const engine = many('podman');
  engine.hook = (call) => {
    if (call === `inspect ${id('b')}`) throw missing();
  };
  expect((await inventoryOf(engine, {})).chains).toHaveLength(4);
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
  const groups = await groupImages(engine, ['team/a:1', 'team/b:1', 'quay.io/x:2', 'docker.io/team/a:1', id('c')], 'podman', {});
  expect(groups.map(({ image, references }) => [image.Id, references])).toEqual([
    [id('a'), ['docker.io/team/a:1', 'quay.io/x:2']], [id('b'), ['docker.io/team/b:1']], [id('c'), []],
  ]);
});

// Docker and Podman look for a name first, and for the beginning of an ID only if there is none.
it.each(['cafe', 's', 'sha256'])('a name is no ID, even if an ID begins with it: %s', async (name) => {
  const engine = new MemoryEngine('graphdriver').add(`sha256:${'cafe'.repeat(16)}`, [], `${name}:latest`);
  expect((await groupImages(engine, [name], 'graphdriver', {})).map(({ references }) => references)).toEqual([[`docker.io/library/${name}:latest`]]);
});

it('a name is no ID on Podman, which shows its own images with localhost/', async () => {
  const engine = new MemoryEngine('podman').add(`sha256:${'cafe'.repeat(16)}`, [], 'localhost/cafe:latest');
  const inspect = engine.inspectImage.bind(engine);
  engine.inspectImage = (name, options) => inspect(`localhost/${name}`, options);
  expect((await groupImages(engine, ['cafe'], 'podman', {}))[0]?.references).toEqual(['docker.io/library/cafe:latest']);
});

it('the platform is undefined if the engine does not report it', async () => {
  const engine = many('podman');
  expect(await ownPlatform(engine, {})).toBe('linux/amd64');
  engine.platform = {} as never;
  expect(await ownPlatform(engine, {})).toBe(undefined);
});
