// The archives that copies and deltas send, made from archives that engines have saved. GNU tar reads them; the digests are computed
// by Node. The live tests load such archives into the engines.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { plainContent, readContent } from '../../../src/api/saved-image/image-content.ts';
import type { ImageContent } from '../../../src/api/saved-image/image-content.ts';
import { planImage } from '../../../src/api/saved-image/plan-copy.ts';
import type { CopyTarget } from '../../../src/api/saved-image/plan-copy.ts';
import { writeArchive } from '../../../src/api/saved-image/copy-archive.ts';
import type { ArchivePart, WrittenImage } from '../../../src/api/saved-image/copy-archive.ts';
import type { CreateHash } from '../../../src/bytes.ts';
import { DigestError, TruncatedError } from '../../../src/errors.ts';
import { packTar } from '../../../src/tar/pack.ts';
import { readEntries } from '../../../src/tar/read-entries.ts';
import { noGnuTar } from '../../support/foreign-tar.ts';
import { titled } from '../../support/installed.ts';
import { collected, filesIn, partsOf, savedArchive, savedBy, sha256Of, source } from '../../support/saved.ts';
import { splits, whole } from '../../support/splits.ts';

const createSha: CreateHash = (algorithm = 'sha256') => createHash(algorithm);
const NAME = 'docker.io/team/app:2';
const LINUX = { Os: 'linux', Architecture: 'amd64' };
const graphDriver = (...chains: readonly (readonly string[])[]): CopyTarget => ({ store: 'graphdriver', chains, platform: 'linux/amd64' });
const containerd = (...chains: readonly (readonly string[])[]): CopyTarget => ({ store: 'containerd', chains, platform: 'linux/amd64' });

const isContainerd = (engine: string): boolean => engine.endsWith('containerd');
const contentOf = (engine: string, archive: Buffer): Promise<ImageContent> => {
  const { config, diffIds } = partsOf(archive);
  return isContainerd(engine) ? contentIn(archive) : Promise.resolve(plainContent(config, diffIds, LINUX));
};
const contentIn = (archive: Buffer): Promise<ImageContent> => {
  return readContent(readEntries(source(whole(archive))), { root: undefined, available: undefined }, createSha);
};

const plan = (content: ImageContent, target: CopyTarget, platform?: string) => planImage(NAME, content, target, { full: false, platform });
const write = (...parts: ArchivePart[]): Promise<Buffer> => collected(writeArchive(parts, createSha));
const part = (content: ImageContent, target: CopyTarget, pieces: Iterable<Uint8Array>, ...references: string[]): ArchivePart => {
  return { plan: plan(content, target), references, open: () => readEntries(source(pieces)) };
};
const json = (files: ReadonlyMap<string, Buffer>, path: string): any => JSON.parse(String(files.get(path)));
const blob = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
const blobsIn = (files: ReadonlyMap<string, Buffer>): string[] => [...files.keys()].filter((path) => path.startsWith('blobs/')).sort();
const expectNamedByDigest = (files: ReadonlyMap<string, Buffer>): void => {
  for (const path of blobsIn(files)) expect(path).toBe(blob(sha256Of(files.get(path) as Buffer)));
};

describe.skipIf(noGnuTar).each(savedBy)(titled('the archive made from what %s saves', noGnuTar), (engine) => {
  const archive = savedArchive(engine, 'app');
  const { config, diffIds, layers, files: saved } = partsOf(archive);
  const [base = '', middle = '', , top = ''] = diffIds;

  it('is an OCI layout with every part of the image, and nothing else', async () => {
    const files = filesIn(await write(part(await contentOf(engine, archive), graphDriver(), whole(archive), NAME)));
    const index = json(files, 'index.json');
    const [{ digest, size, annotations }] = index.manifests;
    expect(index.manifests).toHaveLength(1);
    expect(annotations).toEqual({ 'io.containerd.image.name': NAME, 'org.opencontainers.image.ref.name': NAME });
    expect(json(files, 'oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' });
    expect(blobsIn(files)).toEqual([config, digest, base, middle, top].map(blob).sort());
    expectNamedByDigest(files);
    expect(size).toBe(files.get(blob(digest))?.length);
    const manifest = json(files, blob(digest));
    expect(manifest.config).toMatchObject({ digest: config, size: files.get(blob(config))?.length });
    expect(manifest.layers.map((layer: { digest: string }) => layer.digest)).toEqual(diffIds);
    expect(manifest.layers.map((layer: { size: number }) => layer.size)).toEqual(diffIds.map((id) => layers.get(id)?.length));
    for (const [diffId, bytes] of layers) expect(files.get(blob(diffId))?.equals(bytes)).toBe(true);
  });

  it('has a manifest.json that points into the blobs', async () => {
    const files = filesIn(await write(part(await contentOf(engine, archive), graphDriver(), whole(archive), NAME)));
    expect(json(files, 'manifest.json')).toEqual([{ Config: blob(config), RepoTags: [NAME], Layers: diffIds.map(blob) }]);
  });

  it('has the manifest that Docker 28 writes for the same image', async () => {
    const files = filesIn(await write(part(await contentOf(engine, archive), graphDriver(), whole(archive), NAME)));
    const docker28 = partsOf(savedArchive('docker-28.5', 'app')).files;
    expect(json(files, 'index.json').manifests[0].digest).toBe(json(docker28, 'index.json').manifests[0].digest);
  });

  it('lacks the layers that the target has', async () => {
    const content = await contentOf(engine, archive);
    const files = filesIn(await write(part(content, graphDriver([base, middle, base, 'sha256:other']), whole(archive), NAME)));
    const [{ digest }] = json(files, 'index.json').manifests;
    expect(blobsIn(files)).toEqual([config, digest, top].map(blob).sort());
    expectNamedByDigest(files);
    const manifest = json(files, blob(digest));
    expect(manifest.layers.map((layer: { digest: string }) => layer.digest)).toEqual(diffIds);
  });

  it.each(splits(archive))('is the same when the source arrives %s', async (_, pieces) => {
    const content = await contentOf(engine, archive);
    const expected = await write(part(content, graphDriver([base]), whole(archive), NAME));
    const written = await write(part(content, graphDriver([base]), pieces, NAME));
    expect(written.equals(expected)).toBe(true);
  });

  it('is refused at its end if one bit of a layer or of the config is wrong', async () => {
    const content = await contentOf(engine, archive);
    for (const bytes of [...layers.values(), [...saved.values()].find((each) => sha256Of(each) === config) as Buffer]) {
      const damaged = Buffer.from(archive);
      const at = archive.indexOf(bytes);
      damaged[at + bytes.length - 3] = (damaged[at + bytes.length - 3] as number) ^ 1;
      await expect(write(part(content, graphDriver(), whole(damaged), NAME))).rejects.toThrow(DigestError);
    }
  });

  it('is refused if the source ends too early, at any block', async () => {
    const content = await contentOf(engine, archive);
    // What a containerd store saves after the last needed blob is not read.
    const needed = [...layers.values(), [...saved.values()].find((each) => sha256Of(each) === config) as Buffer];
    const last = Math.max(...needed.map((bytes) => archive.indexOf(bytes) + bytes.length));
    const end = isContainerd(engine) ? last : archive.length - 1024 - (archive.length % 512);
    for (let at = 512; at < end; at += 512) {
      const error = await write(part(content, graphDriver(), whole(archive.subarray(0, at)), NAME)).catch((reason: unknown) => reason);
      expect(error, `cut at ${at}`).toBeInstanceOf(TruncatedError);
    }
  });

  it('has all names of an image, or none', async () => {
    const content = await contentOf(engine, archive);
    const two = filesIn(await write(part(content, graphDriver(), whole(archive), NAME, 'quay.io/team/app:3')));
    expect(json(two, 'index.json').manifests).toHaveLength(2);
    expect(json(two, 'manifest.json')[0].RepoTags).toEqual([NAME, 'quay.io/team/app:3']);
    const none = filesIn(await write(part(content, graphDriver(), whole(archive))));
    expect(json(none, 'index.json').manifests[0]).not.toHaveProperty('annotations');
    expect(json(none, 'manifest.json')[0].RepoTags).toBe(null);
  });
});

describe.skipIf(noGnuTar)(titled('an archive made from several', noGnuTar), () => {
  it('has layers that its images share once, from engines of any kind', async () => {
    const parts = await Promise.all(savedBy.map(async (engine, i) => {
      const archive = savedArchive(engine, 'app');
      return part(await contentOf(engine, archive), graphDriver(), whole(archive), `docker.io/team/app:${i}`);
    }));
    const bytes = await write(...parts);
    const files = filesIn(bytes);
    const { config, diffIds } = partsOf(savedArchive('docker-20.10', 'app'));
    const manifests: { digest: string }[] = json(files, 'index.json').manifests;
    expect(manifests).toHaveLength(savedBy.length);
    expect(blobsIn(files)).toEqual([...new Set([config, ...manifests.map(({ digest }) => digest), ...diffIds])].map(blob).sort());
    expect(json(files, 'manifest.json').map(({ RepoTags }: { RepoTags: string[] }) => RepoTags[0])).toEqual(parts.flatMap((each) => each.references));
  });
});

describe.skipIf(noGnuTar)(titled('the archive made from compressed layers of a containerd store', noGnuTar), () => {
  const engine = 'docker-28.5-containerd';
  const zipped = savedArchive(engine, 'zipped');
  const { config, diffIds, files: saved } = partsOf(zipped);
  const [base = '', middle = ''] = diffIds;
  const root: string = json(saved, 'index.json').manifests[0].digest;

  it('keeps the manifest and all blobs for another containerd store', async () => {
    const images: WrittenImage[] = [];
    const parts = [part(await contentIn(zipped), containerd(), whole(zipped), NAME)];
    const files = filesIn(await collected(writeArchive(parts, createSha, undefined, (image) => images.push(image))));
    expect(images.map((image) => image.root)).toEqual([root]);
    expect(json(files, 'index.json').manifests.map(({ digest }: { digest: string }) => digest)).toEqual([root]);
    expect(blobsIn(files)).toEqual(blobsIn(saved));
    for (const path of blobsIn(saved)) expect(files.get(path)?.equals(saved.get(path) as Buffer)).toBe(true);
  });

  it('leaves out the blobs of layers that another containerd store has', async () => {
    const files = filesIn(await write(part(await contentIn(zipped), containerd([base, middle, base]), whole(zipped), NAME)));
    const { layers } = json(saved, blob(root)) as { layers: { digest: string }[] };
    expect(blobsIn(files)).toEqual([config, root, layers[3]?.digest ?? ''].map(blob).sort());
  });

  // Observed with Podman 4.3, 5.4 and 6.1: a blob that is left out is found by the diff ID, and not by the digest of a compressed
  // blob that this Podman has never seen.
  it('names layers that are left out by their diff IDs for Podman, in OCI media types', async () => {
    const files = filesIn(await write(part(await contentIn(zipped), { ...graphDriver([base, middle, base]), store: 'podman' }, whole(zipped), NAME)));
    const [{ digest }] = json(files, 'index.json').manifests;
    const { layers } = json(files, blob(digest)) as { layers: { digest: string; mediaType: string }[] };
    expect(layers.slice(0, 3).map((layer) => layer.digest)).toEqual([base, middle, base]);
    expect(layers.map((layer) => layer.mediaType.replace('application/vnd.oci.image.layer.v1', ''))).toEqual(['.tar', '.tar', '.tar', '.tar+gzip']);
    expect(json(files, 'manifest.json')[0].Layers).toEqual(layers.map((layer) => blob(layer.digest)));
  });

  it('gets everything from another kind of source', async () => {
    const archive = savedArchive('podman-4.3', 'app');
    const files = filesIn(await write(part(await contentOf('podman-4.3', archive), containerd(diffIds), whole(archive), NAME)));
    expect(blobsIn(files)).toHaveLength(5);
  });
});

describe.skipIf(noGnuTar)(titled('the archive made from an index of two platforms with attestations', noGnuTar), () => {
  const multi = savedArchive('docker-28.5-containerd', 'multi');
  const saved = filesIn(multi);
  const root: string = json(saved, 'index.json').manifests[0].digest;
  const [amd, arm, ofAmd, ofArm] = (json(saved, blob(root)).manifests as { digest: string }[]).map(({ digest }) => digest) as [string, string, string, string];
  const partsOfManifest = (digest: string): string[] => {
    const { config, layers } = json(saved, blob(digest)) as { config: { digest: string }; layers: { digest: string }[] };
    return [digest, config.digest, ...layers.map((layer) => layer.digest)].map(blob);
  };
  const unique = (paths: readonly string[]): string[] => [...new Set(paths)].sort();

  it('keeps all of it byte for byte for another containerd store', async () => {
    const files = filesIn(await write(part(await contentIn(multi), containerd(), whole(multi), NAME)));
    expect(blobsIn(files)).toEqual(unique([blob(root), ...[amd, arm, ofAmd, ofArm].flatMap(partsOfManifest)]));
    for (const path of blobsIn(files)) expect(files.get(path)?.equals(saved.get(path) as Buffer)).toBe(true);
  });

  it('keeps the index, one platform and its attestation if one platform is requested', async () => {
    const single = { plan: plan(await contentIn(multi), containerd(), 'linux/arm64'), references: [NAME], open: () => readEntries(source(whole(multi))) };
    const files = filesIn(await write(single));
    expect(blobsIn(files)).toEqual(unique([blob(root), ...[arm, ofArm].flatMap(partsOfManifest)]));
  });

  it.each(['graphdriver', 'podman'] as const)('has only the platform of the target for a target of kind %s', async (store) => {
    const files = filesIn(await write(part(await contentIn(multi), { store, chains: [], platform: 'linux/arm64' }, whole(multi), NAME)));
    const [{ digest, mediaType }] = json(files, 'index.json').manifests;
    expect(mediaType).toBe('application/vnd.oci.image.manifest.v1+json');
    expect(blobsIn(files)).toEqual(unique([blob(digest), ...partsOfManifest(arm).slice(1)]));
  });
});

describe('a source that does not have what the plan expects', () => {
  it('is a DigestError that names the missing layer', async () => {
    const archive = savedArchive('podman-4.3', 'app');
    const { config, diffIds } = partsOf(archive);
    const absent = `sha256:${'0'.repeat(64)}`;
    const error = await write(part(plainContent(config, [...diffIds, absent], LINUX), graphDriver(), whole(archive), NAME)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DigestError);
    expect(error).toMatchObject({ expected: absent, path: blob(absent) });
    expect(String(error)).toContain(`without the layer "${absent}"`);
  });

  it('is the error of the source itself if the source fails in the middle of a layer', async () => {
    const archive = savedArchive('podman-4.3', 'app');
    const { config, diffIds } = partsOf(archive);
    const broken = new TruncatedError('the connection broke', { phase: 'content', received: 700 });
    async function* failing(): AsyncGenerator<Uint8Array, void, void> {
      yield archive.subarray(0, 700);
      throw broken;
    }
    const parts = [{ plan: plan(plainContent(config, diffIds, LINUX), graphDriver()), references: [NAME], open: () => readEntries(failing()) }];
    await expect(collected(writeArchive(parts, createSha))).rejects.toBe(broken);
  });

  it('is left when the last needed blob has been read, if the sizes of all layers are known', async () => {
    const archive = savedArchive('docker-28.5-containerd', 'zipped');
    const content = await contentIn(archive);
    let requested = 0;
    async function* long(): AsyncGenerator<Uint8Array, void, void> {
      const end = archive.findLastIndex((byte) => byte !== 0) + 1; // the end of the last entry, without the end of the archive
      yield archive.subarray(0, Math.ceil(end / 512) * 512);
      for (; ; requested++) yield* packTar({ [`blobs/sha256/${requested.toString(16).padStart(64, '0')}`]: Buffer.alloc(1) });
    }
    const files = filesIn(await write({ plan: plan(content, containerd()), references: [NAME], open: () => readEntries(long()) }));
    expect(files.size).toBe(filesIn(archive).size);
    expect(requested).toBeLessThan(2);
  });

  it('is closed when the reader of the archive stops', async () => {
    const archive = savedArchive('podman-4.3', 'app');
    const { config, diffIds } = partsOf(archive);
    let isClosed = false;
    async function* watched(): AsyncGenerator<Uint8Array, void, void> {
      try {
        for (let at = 0; at < archive.length; at += 512) yield archive.subarray(at, at + 512);
      } finally {
        isClosed = true;
      }
    }
    const parts = [{ plan: plan(plainContent(config, diffIds, LINUX), graphDriver()), references: [NAME], open: () => readEntries(watched()) }];
    for await (const _ of writeArchive(parts, createSha)) break;
    expect(isClosed).toBe(true);
  });
});
