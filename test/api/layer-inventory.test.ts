// The check of an inventory, which may come from a file that was written by hand or by another version.

import { expect, it } from 'vitest';
import { checkInventory } from '../../src/api/layer-inventory.ts';
import { ArgumentError } from '../../src/errors.ts';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const image = { id: digest('1'), names: ['alpine:3.20'], layers: [digest('a'), digest('b')] };
const valid = { longshoreInventory: 2, store: 'podman', apiVersion: '1.41', images: [image, { id: digest('2'), names: [], layers: [] }] };

it('accepts what layers() returns, and copies it', () => {
  const given = structuredClone(valid);
  const checked = checkInventory(given);
  expect(checked).toEqual(valid);
  given.images[0]?.layers.push('x');
  given.images[0]?.names.push('x');
  expect(checked).toEqual(valid);
});

// Columns: the wrong inventory, a part of the message.
it.each([
  [null, 'it is not an inventory'],
  ['text', 'it is not an inventory'],
  [[], 'it is not an inventory'],
  [{}, 'it is not an inventory'],
  [{ ...valid, platform: 7 }, 'a platform that is not one such as "linux/amd64"'],
  [{ ...valid, platform: 'linux' }, 'a platform that is not one such as "linux/amd64"'],
  [{ ...valid, longshoreInventory: 1, chains: [] }, 'the inventory has version 1, and this longshore reads version 2: make it again'],
  [{ ...valid, longshoreInventory: 3 }, 'the inventory has version 3, and this longshore reads version 2'],
  [{ ...valid, longshoreInventory: '2' }, 'the inventory has version, and this longshore reads version 2'],
  [{ ...valid, store: 'other' }, 'no store of a known kind'],
  [{ ...valid, apiVersion: 1 }, 'no apiVersion'],
  [{ ...valid, images: undefined }, 'no list of images'],
  [{ ...valid, images: [image, []] }, 'images[1] has no id'],
  [{ ...valid, images: [{ ...image, id: 7 }] }, 'images[0] has no id'],
  [{ ...valid, images: [{ ...image, names: 'a' }] }, 'images[0] has no list of names'],
  [{ ...valid, images: [image, { ...image, layers: {} }] }, 'images[1] has no list of layers'],
  [{ ...valid, images: [{ ...image, layers: [1] }] }, 'images[0] has no list of layers'],
  [{ ...valid, images: [{ ...image, layers: [digest('a'), 'sha256:abc'] }] }, 'images[0].layers[1] is not a digest'],
])('rejects %j', (given, message) => {
  expect(() => checkInventory(given)).toThrow(ArgumentError);
  expect(() => checkInventory(given)).toThrow(message);
});
