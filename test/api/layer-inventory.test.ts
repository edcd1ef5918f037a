// The check of an inventory, which may come from a file that was written by hand or by another version.

import { expect, it } from 'vitest';
import { checkInventory } from '../../src/api/layer-inventory.ts';
import { ArgumentError } from '../../src/errors.ts';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const valid = { longshoreInventory: 1, store: 'podman', apiVersion: '1.41', chains: [[digest('a'), digest('b')], []] };

it('accepts what layers() returns, and copies it', () => {
  const given = structuredClone(valid);
  const checked = checkInventory(given);
  expect(checked).toEqual(valid);
  given.chains[0]?.push('x');
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
  [{ ...valid, longshoreInventory: 2 }, 'the inventory has version 2, and this longshore reads version 1'],
  [{ ...valid, longshoreInventory: '1' }, 'the inventory has version, and this longshore reads version 1'],
  [{ ...valid, store: 'other' }, 'no store of a known kind'],
  [{ ...valid, apiVersion: 1 }, 'no apiVersion'],
  [{ ...valid, chains: undefined }, 'no list of chains'],
  [{ ...valid, chains: [[], {}] }, 'chains[1] is not a list'],
  [{ ...valid, chains: [[digest('a'), 'sha256:abc']] }, 'chains[0][1] is not a digest'],
  [{ ...valid, chains: [[1]] }, 'chains[0][0] is not a digest'],
])('rejects %j', (given, message) => {
  expect(() => checkInventory(given)).toThrow(ArgumentError);
  expect(() => checkInventory(given)).toThrow(message);
});
