// Archives for an engine that cannot be reached: without the layers in its inventory. GNU tar reads them.

import { describe, expect, it } from 'vitest';
import type { LayerInventory } from '../../../src/api/layer-inventory.ts';
import { saveDelta } from '../../../src/client/copy/save-delta.ts';
import { ImageClient } from '../../../src/client/image-client.ts';
import { ArgumentError, DigestError } from '../../../src/errors.ts';
import { fakeEngine } from '../../support/fake-engine.ts';
import { noGnuTar } from '../../support/foreign-tar.ts';
import { titled } from '../../support/installed.ts';
import { MemoryEngine } from '../../support/memory-engine.ts';
import { collected, filesIn, partsOf, savedArchive } from '../../support/saved.ts';

const NAME = 'docker.io/team/app:2';
const archive = savedArchive('docker-20.10', 'app');
const { config, diffIds } = noGnuTar === undefined ? partsOf(archive) : { config: '', diffIds: [] };
const have: LayerInventory = {
  longshoreInventory: 2, store: 'graphdriver', apiVersion: '1.41', images: [{ id: `sha256:${'e'.repeat(64)}`, names: [], layers: diffIds.slice(0, 3) }],
};
const blob = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
const json = (files: ReadonlyMap<string, Buffer>, path: string): any => JSON.parse(String(files.get(path)));

function source(): MemoryEngine {
  const engine = new MemoryEngine('graphdriver').add(config, diffIds, NAME, 'docker.io/team/app:latest');
  engine.archive = archive;
  return engine;
}

describe.skipIf(noGnuTar)(titled('an archive without the layers of an inventory', noGnuTar), () => {
  it('has the other layers, the config, and the names of the images', async () => {
    const files = filesIn(await collected(saveDelta(source(), [NAME, 'team/app'], have, undefined, {})));
    expect(json(files, 'manifest.json')).toEqual([{ Config: blob(config), RepoTags: [NAME, 'docker.io/team/app:latest'], Layers: diffIds.map(blob) }]);
    const [{ digest }] = json(files, 'index.json').manifests;
    expect([...files.keys()].filter((path) => path.startsWith('blobs/'))).toEqual([config, diffIds[3] ?? '', digest].map(blob).sort());
  });

  it('has everything for a containerd store, whose blobs it cannot know', async () => {
    const files = filesIn(await collected(saveDelta(source(), [NAME], { ...have, store: 'containerd' }, undefined, {})));
    expect(diffIds.every((diffId) => files.has(blob(diffId)))).toBe(true);
  });

  it('is what another engine with these layers loads', async () => {
    const target = new MemoryEngine('podman').add(`sha256:${'e'.repeat(64)}`, diffIds.slice(0, 3));
    await target.loadImage(saveDelta(source(), [NAME], have, undefined, {}), {});
    expect(target.find(NAME)?.id).toBe(config);
  });
});

describe.skipIf(noGnuTar)(titled('several names for Podman, which loads only one from an archive that lacks layers,', noGnuTar), () => {
  const podman: LayerInventory = { ...have, store: 'podman' };
  const both = [NAME, 'team/app'];
  it('are an ArgumentError before the first byte', async () => {
    const engine = source();
    await expect(collected(saveDelta(engine, both, podman, undefined, {}))).rejects.toThrow(ArgumentError);
    await expect(collected(saveDelta(engine, both, podman, undefined, {}))).rejects.toThrow('save each name by itself');
  });
  it('are saved if no layer is left out', async () => {
    const files = filesIn(await collected(saveDelta(source(), both, { ...podman, images: [] }, undefined, {})));
    expect(json(files, 'manifest.json')[0].RepoTags).toEqual([NAME, 'docker.io/team/app:latest']);
  });
});

describe.skipIf(noGnuTar)(titled('of an image with several platforms, an archive for another engine', noGnuTar), () => {
  const multi = savedArchive('docker-28.5-containerd', 'multi');
  const several = (): MemoryEngine => {
    const [{ digest }] = json(filesIn(multi), 'index.json').manifests as [{ digest: string }];
    const engine = new MemoryEngine('containerd').add(digest, [], NAME);
    engine.archive = multi;
    return engine;
  };
  const architecture = async (inventory: LayerInventory): Promise<string> => {
    const files = filesIn(await collected(saveDelta(several(), [NAME], inventory, undefined, {})));
    return json(files, json(files, 'manifest.json')[0].Config).architecture;
  };
  const bare: LayerInventory = { ...have, images: [] };

  it.each(['amd64', 'arm64'])('has the one of that engine: %s', async (expected) => {
    expect(await architecture({ ...bare, platform: `linux/${expected}` })).toBe(expected);
  });

  it('has that of the source if the inventory has none', async () => {
    expect(await architecture(bare)).toBe('amd64');
  });
});

/** An engine that serves the archive over HTTP. */
const served = (bytes: Uint8Array) => fakeEngine(({ target }, response) => {
  if (target.includes('/images/get')) return void response.end(bytes);
  if (target.includes('/version')) return { Os: 'linux', Arch: 'amd64', ApiVersion: '1.41', Version: '20.10' };
  if (target.includes('/images/')) return { Id: config, RootFS: { Type: 'layers', Layers: diffIds }, Os: 'linux', Architecture: 'amd64', RepoTags: [], RepoDigests: [] };
  return {};
});

describe.skipIf(noGnuTar)(titled('getImage with the option without', noGnuTar), () => {
  it.each(['iterated', 'each', 'toNode'] as const)('gives the archive, read by %s', async (way) => {
    const engine = await served(archive);
    await using client = new ImageClient({ host: engine.host });
    const stream = client.getImage(NAME, { without: have });
    const chunks: Uint8Array[] = [];
    if (way === 'each') {
      const { bytes, entries } = await stream.each((view) => void chunks.push(Buffer.from(view)));
      expect(bytes).toBe(Buffer.concat(chunks).length);
      expect(entries).toBe(6); // config, layer, manifest, oci-layout, index.json, manifest.json
    } else chunks.push(await collected(way === 'toNode' ? stream.toNode() : stream));
    expect(json(filesIn(Buffer.concat(chunks)), 'manifest.json')[0].RepoTags).toEqual([NAME]);
    await engine.close();
  });

  it('fails with the error of a damaged archive', async () => {
    const damaged = Buffer.from(archive);
    damaged[damaged.lastIndexOf('top\n')] = 'T'.charCodeAt(0);
    const engine = await served(damaged);
    await using client = new ImageClient({ host: engine.host });
    await expect(collected(client.getImage(NAME, { without: have }))).rejects.toThrow(DigestError);
    await engine.close();
  });

  it('refuses a wrong inventory, several platforms, and verify: "digests"', () => {
    const client = new ImageClient({ host: 'unix:///nowhere.sock' });
    expect(() => client.getImage('a', { without: { chains: [] } as never })).toThrow(ArgumentError);
    expect(() => client.getImage('a', { without: have, platform: ['linux/amd64', 'linux/arm64'] })).toThrow(/one platform only/);
    expect(() => client.getImage('a', { without: have, verify: 'digests' })).toThrow(/each part that is saved is verified anyway/);
  });
});

describe('copyImage', () => {
  it('refuses a target that is missing, no client, or the same engine', () => {
    const client = new ImageClient({ host: 'unix:///nowhere.sock' });
    const same = new ImageClient({ host: 'unix:///nowhere.sock' });
    for (const to of [undefined, {}, null, 'unix:///x']) expect(() => client.copyImage('a', { to: to as never })).toThrow(ArgumentError);
    for (const to of [client, same]) expect(() => client.copyImage('a', { to })).toThrow('is the same engine, unix:///nowhere.sock');
    expect(() => client.copyImage([], { to: new ImageClient({ host: 'unix:///other.sock' }) })).toThrow(ArgumentError);
  });
});
