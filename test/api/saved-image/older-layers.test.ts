// The folders of Docker's older layout, in an archive that Docker 20.10 has saved. GNU tar reads it, and its manifest.json says which
// folder is which layer.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { OlderLayers } from '../../../src/api/saved-image/older-layers.ts';
import { noGnuTar } from '../../support/foreign-tar.ts';
import { titled } from '../../support/installed.ts';
import { partsOf, savedArchive } from '../../support/saved.ts';

const createSha = (): ReturnType<typeof createHash> => createHash('sha256');

describe.skipIf(noGnuTar)(titled('the folder of a layer', noGnuTar), () => {
  const { diffIds, files } = noGnuTar === undefined ? partsOf(savedArchive('docker-20.10', 'app')) : { diffIds: [], files: new Map<string, Buffer>() };
  const [{ Layers }] = JSON.parse(String(files.get('manifest.json') ?? '[{"Layers":[]}]')) as [{ Layers: string[] }];
  const folders = Layers.map((path) => path.split('/')[0] as string);
  const jsonOf = (folder: string): string => String(files.get(`${folder}/json`));

  it('is told for all layers, in any order, also for a layer that is there twice', () => {
    for (const order of [folders, [...folders].reverse(), [...folders].sort()]) {
      const layers = new OlderLayers(diffIds, createSha);
      const told = new Map(order.map((folder) => [folder, layers.diffIdOf(folder, jsonOf(folder))]));
      expect(folders.map((folder) => told.get(folder))).toEqual(diffIds);
    }
  });

  it('is undefined if its document is not JSON', () => {
    const layers = new OlderLayers(diffIds, createSha);
    for (const text of ['', '[]', '{"id":', 'null']) expect(layers.diffIdOf(folders[0] as string, text)).toBe(undefined);
  });
});

it('the only layer of an image is the highest one', () => {
  expect(new OlderLayers(['sha256:only'], createSha).diffIdOf('any', '{"id":"any","os":"linux"}')).toBe('sha256:only');
});
