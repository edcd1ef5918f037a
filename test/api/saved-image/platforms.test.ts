// A save or a load of several platforms, of which one is not there.
//
// Docker 29 (API 1.52 and later) takes several platforms in one call, and says nothing of one that it does not have: it
// saves and loads the others, with status 200. It saves the whole index, the manifests of the wanted platforms that it has,
// and their content only where all of it is there (containerd v2 core/images/archive/exporter.go, WithSkipMissing).

import { createHash } from 'node:crypto';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotFoundError } from '../../../src/errors.ts';
import { ImageClient } from '../../../src/client/image-client.ts';
import { packTar } from '../../../src/tar/pack.ts';
import { fakeEngine } from '../../support/fake-engine.ts';
import type { FakeEngine } from '../../support/fake-engine.ts';

const failure = async (run: () => PromiseLike<unknown>): Promise<Error> =>
  Promise.resolve(run()).then(() => Promise.reject(new Error('it resolved')), (error: Error) => error);

const OCI = 'application/vnd.oci.image';
const DOCKER = 'application/vnd.docker';

interface PlatformObject {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}
const object = (text: string): PlatformObject => {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant !== undefined && { variant }) };
};

/** One manifest of an image, and what of it an archive lacks. */
interface Variant {
  readonly platform: string;
  readonly lacks?: 'manifest' | 'config' | 'layer';
  /** Whether the index says which platform it is for; if not, its config does. */
  readonly isTold?: boolean;
  readonly layerType?: string;
}

/** What is under way to an archive. */
class Blobs {
  readonly files: Record<string, Buffer> = {};
  /** What manifest.json says: containerd has the first platform of an index there. */
  readonly listed: object[] = [];
  put(value: object, mediaType: string, isHeld = true): { mediaType: string; digest: string; size: number } {
    const bytes = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(JSON.stringify(value));
    const hex = createHash('sha256').update(bytes).digest('hex');
    if (isHeld) this.files[`blobs/sha256/${hex}`] = bytes;
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  }
  variant({ platform, lacks, isTold = true, layerType = `${OCI}.layer.v1.tar+gzip` }: Variant): object {
    const layer = this.put(gzipSync(`layer of ${platform}`), layerType, lacks === undefined);
    const rootfs = { type: 'layers', diff_ids: [`sha256:${'d'.repeat(64)}`] };
    const config = this.put({ ...object(platform), rootfs }, `${OCI}.config.v1+json`, lacks === undefined || lacks === 'layer');
    const manifest = { schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, config, layers: [layer] };
    const pathOf = ({ digest }: { digest: string }): string => digest.replace('sha256:', 'blobs/sha256/');
    if (lacks === undefined && this.listed.length === 0) this.listed.push({ Config: pathOf(config), RepoTags: ['acme/two:1'], Layers: [pathOf(layer)] });
    const descriptor = this.put(manifest, manifest.mediaType, lacks !== 'manifest');
    return isTold ? { ...descriptor, platform: object(platform) } : descriptor;
  }
  index(manifests: readonly object[], mediaType = `${OCI}.index.v1+json`): object {
    return this.put({ schemaVersion: 2, mediaType, manifests }, mediaType);
  }
  async archive(top: readonly object[]): Promise<Buffer> {
    const files = {
      ...this.files,
      'index.json': Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests: top })),
      'manifest.json': Buffer.from(JSON.stringify(this.listed)),
      'oci-layout': Buffer.from('{"imageLayoutVersion":"1.0.0"}'),
    };
    // The order is that of containerd: by name.
    const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
    const blocks: Uint8Array[] = [];
    for await (const block of packTar(sorted)) blocks.push(block);
    return Buffer.concat(blocks);
  }
}
const named = (descriptor: object, name: string): object => ({ ...descriptor, annotations: { 'io.containerd.image.name': `docker.io/acme/${name}` } });

/** The archive of one image with these variants in its index. */
async function archiveOf(variants: readonly Variant[], mediaType?: string): Promise<Buffer> {
  const blobs = new Blobs();
  const index = blobs.index(variants.map((variant) => blobs.variant(variant)), mediaType);
  return blobs.archive([named(index, 'two:1')]);
}

let engine: FakeEngine;
let client: ImageClient;
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'longshore-'))));
afterEach(async () => {
  client.close();
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

async function saving(archive: Buffer): Promise<void> {
  engine = await fakeEngine((_, response) => void response.setHeader('Content-Type', 'application/x-tar').end(archive), '1.52', { Server: 'Docker/29.0.0 (linux)' });
  client = new ImageClient({ host: engine.host });
}

const WANTED = ['linux/amd64', 'linux/s390x'];

describe('a save of several platforms', () => {
  it.each<[string, Variant[]]>([
    ['is not in the index', [{ platform: 'linux/amd64' }]],
    ['has no manifest there', [{ platform: 'linux/amd64' }, { platform: 'linux/s390x', lacks: 'manifest' }]],
    ['has a manifest there, and no content', [{ platform: 'linux/amd64' }, { platform: 'linux/s390x', lacks: 'config' }]],
    ['lacks a layer', [{ platform: 'linux/amd64' }, { platform: 'linux/s390x', lacks: 'layer' }]],
    ['is another variant', [{ platform: 'linux/amd64' }, { platform: 'linux/s390x/v2' }]],
  ])('is a NotFoundError, and the file is unchanged, if one %s', async (_, variants) => {
    await saving(await archiveOf(variants));
    const path = join(folder, 'x.tar');
    await writeFile(path, 'before');
    const error = await failure(() => client.getImage('acme/two:1', { platform: WANTED }).toFile(path));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ reason: 'platform', method: 'GET', status: 200 });
    expect(error.message).toContain('docker.io/acme/two:1');
    expect(error.message).toContain('linux/s390x');
    expect(error.message).not.toContain('linux/amd64');
    expect(await readFile(path, 'utf8')).toBe('before');
    await rm(path);
    await failure(() => client.getImage('acme/two:1', { platform: WANTED, verify: 'digests' }).toFile(path));
    await expect(access(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends each way of reading with that error', async () => {
    await saving(await archiveOf([{ platform: 'linux/amd64' }]));
    const save = (): ReturnType<ImageClient['getImage']> => client.getImage('acme/two:1', { platform: WANTED });
    const drain = async (chunks: AsyncIterable<unknown>): Promise<void> => {
      for await (const _ of chunks) continue;
    };
    const ways = [() => save().each(() => {}), () => drain(save()), () => drain(save().toNode()), () => drain(save().toWeb())];
    for (const way of ways) expect(await failure(way)).toMatchObject({ name: 'NotFoundError', reason: 'platform' });
  });

  it.each<[string, Variant[], string?]>([
    ['all are there', [{ platform: 'linux/amd64' }, { platform: 'linux/s390x' }]],
    ['others are absent', [{ platform: 'linux/amd64' }, { platform: 'linux/s390x' }, { platform: 'linux/arm64', lacks: 'manifest' }]],
    ['the index is a manifest list', [{ platform: 'linux/amd64' }, { platform: 'linux/s390x' }], `${DOCKER}.distribution.manifest.list.v2+json`],
    ['the index does not say it, and the configs do', [{ platform: 'linux/amd64', isTold: false }, { platform: 'linux/s390x', isTold: false }]],
    ['a layer must not be handed on', [{ platform: 'linux/amd64' }, { platform: 'linux/s390x', lacks: 'layer', layerType: `${OCI}.layer.nondistributable.v1.tar` }]],
  ])('resolves if %s', async (_, variants, mediaType) => {
    await saving(await archiveOf(variants, mediaType));
    await expect(client.getImage('acme/two:1', { platform: WANTED }).each(() => {})).resolves.toMatchObject({ verified: undefined });
    await expect(client.getImage('acme/two:1', { platform: WANTED, verify: 'digests' }).each(() => {})).resolves.toMatchObject({});
  });

  it.each([
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/v7', 'linux/arm'],
    ['linux/arm64', 'linux/arm64/v8'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
  ])('accepts %s for %s in the index', async (wanted, platform) => {
    await saving(await archiveOf([{ platform }, { platform: 'linux/s390x' }]));
    await expect(client.getImage('acme/two:1', { platform: ['linux/s390x', wanted] }).each(() => {})).resolves.toMatchObject({});
  });

  it.each([
    ['linux/arm/v6', 'linux/arm/v7'],
    ['linux/arm/v7', 'linux/arm/v6'],
    ['linux/amd64/v2', 'linux/amd64'],
    ['linux/amd64', 'linux/amd64/v3'],
    ['linux/arm64/v9', 'linux/arm64'],
  ])('does not accept %s for %s in the index, as engines do not', async (wanted, platform) => {
    await saving(await archiveOf([{ platform }, { platform: 'linux/s390x' }]));
    const error = await failure(() => client.getImage('acme/two:1', { platform: ['linux/s390x', wanted] }).each(() => {}));
    expect(error).toMatchObject({ name: 'NotFoundError', reason: 'platform' });
    expect(error.message).toContain(wanted);
  });

  it('checks each of several images, and names the one that lacks a platform', async () => {
    const blobs = new Blobs();
    const both = blobs.index(WANTED.map((platform) => blobs.variant({ platform })));
    const one = blobs.index([blobs.variant({ platform: 'linux/amd64' })]);
    await saving(await blobs.archive([named(both, 'both:1'), named(one, 'one:1')]));
    const { message } = await failure(() => client.getImage(['acme/both:1', 'acme/one:1'], { platform: WANTED }).each(() => {}));
    expect(message).toMatch(/acme\/one:1.*linux\/s390x/);
    expect(message).not.toContain('both:1');
  });

  it('names an image without a name by its digest; an image without an index has one platform', async () => {
    const blobs = new Blobs();
    const { digest } = blobs.variant({ platform: 'linux/amd64', isTold: false }) as { digest: string };
    await saving(await blobs.archive([{ mediaType: `${OCI}.manifest.v1+json`, digest, size: 1 }]));
    const { message } = await failure(() => client.getImage(digest, { platform: WANTED }).each(() => {}));
    expect(message).toContain(digest);
    expect(message).toContain('linux/s390x');
  });

  it('reads an index within an index, and stops at one that refers to itself', async () => {
    const blobs = new Blobs();
    const inner = blobs.index(WANTED.map((platform) => blobs.variant({ platform })));
    await saving(await blobs.archive([named(blobs.index([inner, inner]), 'nested:1')]));
    await expect(client.getImage('acme/nested:1', { platform: WANTED }).each(() => {})).resolves.toMatchObject({});
    client.close();
    await engine.close();
    const own = `sha256:${'a'.repeat(64)}`; // no digest of itself can be made; an engine may lie
    const loop = { mediaType: `${OCI}.index.v1+json`, digest: own, size: 1 };
    blobs.files[`blobs/sha256/${'a'.repeat(64)}`] = Buffer.from(JSON.stringify({ manifests: [loop, loop] }));
    await saving(await blobs.archive([named(loop, 'loop:1')]));
    expect(await failure(() => client.getImage('acme/loop:1', { platform: WANTED }).each(() => {}))).toMatchObject({ reason: 'platform' });
  });

  // containerd lists in index.json what is attached to an image, too: signatures, attestations.
  it('requires no platforms of attestations', async () => {
    const blobs = new Blobs();
    const index = blobs.index(WANTED.map((platform) => blobs.variant({ platform }))) as { digest: string };
    const attached = { ...blobs.put({ config: {}, layers: [] }, `${OCI}.manifest.v1+json`), annotations: { 'io.containerd.manifest.subject': index.digest } };
    await saving(await blobs.archive([named(index, 'two:1'), attached]));
    await expect(client.getImage('acme/two:1', { platform: WANTED }).each(() => {})).resolves.toMatchObject({});
  });

  it('checks nothing with verify: false or for one platform', async () => {
    await saving(await archiveOf([{ platform: 'linux/amd64' }]));
    await expect(client.getImage('acme/two:1', { platform: WANTED, verify: false }).each(() => {})).resolves.toMatchObject({});
    await expect(client.getImage('acme/two:1', { platform: 'linux/s390x' }).each(() => {})).resolves.toMatchObject({});
    await expect(client.getImage('acme/two:1', { platform: ['linux/s390x'] }).each(() => {})).resolves.toMatchObject({});
  });
});

describe('a load of several platforms', () => {
  const INDEX = { mediaType: `${OCI}.index.v1+json`, digest: `sha256:${'8'.repeat(64)}`, size: 506 };
  const image = { Id: INDEX.digest, RepoTags: ['acme/two:1'], RepoDigests: [], Os: 'linux', Architecture: 'amd64', Descriptor: INDEX };
  const absent = { ...image, Os: '', Architecture: '' };
  const CONTAINERD = { DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] };

  /** `held`: the platforms that the engine has of a name after the load; undefined: it does not let itself be asked. */
  async function loading(said: readonly string[], held: Readonly<Record<string, readonly string[]>> | undefined, empty: 'empty' | 'missing' = 'missing'): Promise<void> {
    engine = await fakeEngine(({ method, target }, response) => {
      if (method === 'POST') return said.map((stream) => JSON.stringify({ stream: `${stream}\n` })).join('\n');
      if (target.endsWith('/info')) return CONTAINERD;
      if (held === undefined) response.statusCode = 403;
      if (held === undefined) return { message: 'forbidden' };
      const [, name = ''] = /\/images\/(.*)\/json/.exec(decodeURIComponent(target)) ?? [];
      const platform = JSON.parse(new URL(target, 'http://h').searchParams.get('platform') ?? '{}') as PlatformObject;
      if (held[name]?.includes(`${platform.os}/${platform.architecture}`)) return image;
      if (empty === 'missing') response.statusCode = 404;
      return empty === 'missing' ? { message: `No such image: ${name}` } : absent;
    }, '1.52', { Server: 'Docker/29.0.0 (linux)' });
    client = new ImageClient({ host: engine.host });
  }
  const load = (platform: string | readonly string[] = WANTED): ReturnType<ImageClient['loadImage']> => client.loadImage(Buffer.from('tar'), { platform });

  it.each(['missing', 'empty'] as const)('is a NotFoundError if the engine then lacks one (its answer is %s)', async (empty) => {
    await loading(['Loaded image: acme/two:1'], { 'acme/two:1': ['linux/amd64'] }, empty);
    const error = await failure(() => load());
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ reason: 'platform', method: 'POST', status: 200 });
    expect(error.message).toMatch(/acme\/two:1.*linux\/s390x/);
    expect(error.message).not.toContain('linux/amd64');
  });

  it('queries each image, also one without a name', async () => {
    const id = `sha256:${'7'.repeat(64)}`;
    await loading(['Loaded image: acme/two:1', `Loaded image ID: ${id}`], { 'acme/two:1': WANTED, [id]: ['linux/s390x'] });
    const { message } = await failure(() => load());
    expect(message).toContain(id);
    expect(message).toContain('linux/amd64');
  });

  it('resolves if all are there, and makes no query for one platform', async () => {
    await loading(['Loaded image: acme/two:1'], { 'acme/two:1': WANTED });
    expect(await load()).toEqual({ references: ['acme/two:1'], ids: [] });
    const before = engine.asked.length;
    expect(await load('linux/amd64')).toEqual({ references: ['acme/two:1'], ids: [] });
    expect(engine.asked.length).toBe(before + 1);
  });

  it('keeps the result, with a warning, if the query fails', async () => {
    await loading(['Loaded image: acme/two:1'], undefined);
    const warnings: string[] = [];
    client.close();
    client = new ImageClient({ host: engine.host, onWarning: ({ message }) => void warnings.push(message) });
    expect(await load()).toEqual({ references: ['acme/two:1'], ids: [] });
    expect(warnings).toEqual([expect.stringContaining('acme/two:1'), expect.stringContaining('acme/two:1')]);
  });
});
