// Archives that are inspected without an engine: those of fixtures/saved, and incomplete and odd ones. What they contain is read by GNU tar.

import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { ArgumentError, DigestError, TruncatedError, UploadError, inspectArchive, packTar } from '../../src/index.ts';
import type { ArchiveInspection } from '../../src/index.ts';
import { noGnuTar } from '../support/foreign-tar.ts';
import { titled } from '../support/installed.ts';
import { collected, filesIn, partsOf, savedArchive, savedBy, sha256Of, source } from '../support/saved.ts';

const pathOf = (engine: string): string => fileURLToPath(new URL(`../../fixtures/saved/${engine}/app.tar.gz`, import.meta.url));
const pack = async (files: Record<string, string | Uint8Array>): Promise<Buffer> => collected(packTar(files));
const platformsOf = ({ images }: ArchiveInspection): Array<string | undefined> => images.flatMap(({ variants }) => variants.map(({ platform }) => platform));

/** The archive without the files whose paths match. */
async function without(archive: Buffer, paths: RegExp): Promise<Buffer> {
  return pack(Object.fromEntries([...filesIn(archive)].filter(([path]) => !paths.test(path))));
}

describe.each(savedBy)('an archive of %s', (engine) => {
  it.skipIf(noGnuTar)(titled('is described as its documents say, whole and byte by byte, compressed or not', noGnuTar), async () => {
    const archive = savedArchive(engine, 'app');
    const { config, diffIds, layers, files } = partsOf(archive);
    const bytewise = source([...archive].map((byte) => Buffer.from([byte])));
    const format = files.has('index.json') ? 'oci+docker' : 'docker';
    for (const [data, compression] of [[archive, undefined], [bytewise, undefined], [{ path: pathOf(engine) }, 'gzip'], [createReadStream(pathOf(engine)), 'gzip']] as const) {
      const found = await inspectArchive(data);
      expect(found).toMatchObject({ format, compression, bytes: archive.length });
      expect(found.images).toHaveLength(1);
      const [image] = found.images;
      expect(image?.references).toEqual(['longshore-copied/app:1']);
      expect(image?.variants).toMatchObject([{ id: config, platform: 'linux/amd64', created: '2026-01-01T00:00:00Z', missing: [] }]);
      const [variant] = image?.variants ?? [];
      expect(variant?.layers.map((layer) => layer.diffId)).toEqual(diffIds);
      expect(variant?.layers.map((layer) => layer.size)).toEqual(diffIds.map((id) => layers.get(id)?.length));
      expect(variant?.size).toBe(diffIds.reduce((sum, id) => sum + (layers.get(id)?.length ?? 0), 0));
      if (files.has('index.json')) expect([...files].some(([path, file]) => path.startsWith('blobs/') && sha256Of(file) === image?.digest)).toBe(true);
      else expect(image?.digest).toBeUndefined();
    }
  });

  it.skipIf(noGnuTar)(titled('of which layers are missing says which', noGnuTar), async () => {
    const archive = savedArchive(engine, 'app');
    const [{ Layers }] = JSON.parse(String(filesIn(archive).get('manifest.json'))) as [{ Layers: [string, string] }];
    const path = Layers[1];
    const { images } = await inspectArchive(await without(archive, new RegExp(`^${path.replaceAll('.', '\\.')}$`)));
    const hex = /(?:^|\/)([0-9a-f]{64})(?:\.tar)?$/.exec(path)?.[1];
    expect(images[0]?.variants[0]?.missing).toEqual([hex === undefined ? path : `sha256:${hex}`]);
  });
});

describe('an archive of a containerd store', () => {
  const multi = savedArchive('docker-28.5-containerd', 'multi');

  it('lists each platform, and the attestations apart', async () => {
    const found = await inspectArchive(multi);
    expect(platformsOf(found)).toEqual(['linux/amd64', 'linux/arm64']);
    expect(found.images[0]?.artifacts).toHaveLength(2);
  });

  it.skipIf(noGnuTar)(titled('without the parts of a platform says which are missing', noGnuTar), async () => {
    const [whole] = (await inspectArchive(multi)).images;
    const arm = whole?.variants[1];
    const lost = new Set([arm?.id, ...(arm?.layers ?? []).map(({ digest }) => digest)]);
    const paths = [...lost].map((digest) => digest?.slice('sha256:'.length)).join('|');
    const [found] = (await inspectArchive(await without(multi, new RegExp(paths)))).images;
    expect(found?.variants[0]).toEqual(whole?.variants[0]);
    expect(found?.variants[1]).toMatchObject({ id: arm?.id, platform: 'linux/arm64', size: 0, missing: [...lost] });
    // Without its manifest, only the index says that there is such a platform.
    const manifests = JSON.parse(String(filesIn(multi).get(`blobs/sha256/${whole?.digest?.slice(7)}`))).manifests as Array<{ digest: string }>;
    const manifest = manifests[1]?.digest ?? '';
    const [bare] = (await inspectArchive(await without(multi, new RegExp(manifest.slice(7))))).images;
    expect(bare?.variants[1]).toEqual({ id: undefined, platform: 'linux/arm64', created: undefined, layers: [], size: 0, missing: [manifest] });
  });
});

it.skipIf(noGnuTar)(titled('an OCI layout without manifest.json has the names that are names', noGnuTar), async () => {
  const files = filesIn(savedArchive('docker-28.5', 'app'));
  const index = JSON.parse(String(files.get('index.json'))) as { manifests: Array<{ annotations: Record<string, string> }> };
  const entries = [{ 'org.opencontainers.image.ref.name': 'latest' }, { 'org.opencontainers.image.ref.name': 'docker.io/library/b:2' }, {}];
  index.manifests = entries.map((annotations) => ({ ...index.manifests[0], annotations }));
  files.delete('manifest.json');
  const found = await inspectArchive(await pack({ ...Object.fromEntries(files), 'index.json': JSON.stringify(index) }));
  expect(found.format).toBe('oci');
  expect(found.images.map(({ references }) => references)).toEqual([['b:2']]);
});

it('a layer that is not in the archive has the size that its descriptor states, unless that is none', async () => {
  const blobs: Record<string, string> = {};
  const add = (value: unknown): string => {
    const text = JSON.stringify(value);
    blobs[`blobs/${sha256Of(Buffer.from(text)).replace(':', '/')}`] = text;
    return sha256Of(Buffer.from(text));
  };
  const types = 'application/vnd.oci.image';
  const config = add({ os: 'linux', architecture: 'arm64', rootfs: { type: 'layers', diff_ids: ['1', '2', '3'].map((digit) => `sha256:${digit.repeat(64)}`) } });
  const layers = [5, -1, 1.5].map((size, at) => ({ mediaType: `${types}.layer.v1.tar+gzip`, digest: `sha256:${'abc'.charAt(at).repeat(64)}`, size }));
  const manifest = add({ mediaType: `${types}.manifest.v1+json`, config: { mediaType: `${types}.config.v1+json`, digest: config, size: 1 }, layers });
  const index = { manifests: [{ mediaType: `${types}.manifest.v1+json`, digest: manifest, size: 1, annotations: { 'io.containerd.image.name': 'docker.io/library/a:1' } }] };
  const { images } = await inspectArchive(await pack({ ...blobs, 'oci-layout': '{"imageLayoutVersion":"1.0.0"}', 'index.json': JSON.stringify(index) }));
  expect(images[0]?.variants[0]?.layers.map(({ size }) => size)).toEqual([5, undefined, undefined]);
});

it('an image without a name, and names that are none', async () => {
  const config = JSON.stringify({ os: 'linux', architecture: 'arm', variant: 'v6', rootfs: { diff_ids: null } });
  const images = [null, ['UPPER:1'], ['a:1', 'docker.io/library/a:1']].map((RepoTags) => ({ Config: 'config.json', RepoTags, Layers: null }));
  const found = await inspectArchive(await pack({ 'config.json': config, 'manifest.json': JSON.stringify(images) }));
  expect(found.images).toEqual([{
    references: ['UPPER:1', 'a:1'], digest: undefined, artifacts: [],
    variants: [{ id: sha256Of(Buffer.from(config)), platform: 'linux/arm/v6', created: undefined, layers: [], size: 0, missing: [] }],
  }]);
});

describe('is rejected:', () => {
  const saved = savedArchive('docker-26.1', 'app');
  const wrong: ReadonlyArray<readonly [string, () => Buffer | Promise<Buffer>, new (...all: never[]) => Error, RegExp]> = [
    ['an incomplete archive', () => saved.subarray(0, saved.length - 2000), TruncatedError, /truncated .*tar -tf FILE/],
    ['incomplete gzip', () => gzipSync(saved).subarray(0, -40), UploadError, /unexpected end of file.*gzip -t FILE/],
    ['text', () => Buffer.from('x'.repeat(600)), TruncatedError, /invalid header block at byte 0\. .*not a tar/],
    ['no bytes', () => Buffer.alloc(0), TruncatedError, /truncated after 0 bytes/],
    ['an archive that is compressed twice', () => gzipSync(gzipSync(saved)), UploadError, /compressed twice.* gzip -d FILE/],
    ['an archive in an archive', () => pack({ 'backup/app.tar': saved }), DigestError, /contains "backup\/app\.tar": unpack it first/],
    ['the tar of a file system', () => pack({ 'etc/motd': 'hello' }), DigestError, /neither manifest\.json nor index\.json.* is for an import/],
    ['xz', () => Buffer.from('\xfd7zXZ\0', 'latin1'), UploadError, /compressed with xz.*: xz -d FILE$/],
    ['a document that is not what its name says', () => pack({ [`blobs/sha256/${'0'.repeat(64)}`]: '{}', 'index.json': '{"manifests":[]}' }), DigestError, /digest mismatch/],
  ];
  it.each(wrong)('%s', async (_, make, type, message) => {
    const failed: unknown = await inspectArchive(await make()).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(type);
    expect((failed as Error).message).toMatch(message);
    expect(failed).toMatchObject({ transient: false });
  });

  it('a wrong argument, and a source that fails', async () => {
    await expect(inspectArchive('x.tar' as never)).rejects.toThrow(ArgumentError);
    await expect(inspectArchive(saved, { gzip: true } as never)).rejects.toThrow('inspectArchive has no option "gzip"');
    const failing = (async function* (): AsyncGenerator<Uint8Array> {
      yield saved.subarray(0, 700);
      throw new TypeError('mine');
    })();
    await expect(inspectArchive(failing)).rejects.toThrow(new UploadError('cannot read the archive: TypeError: mine'));
  });
});

it.each(['plain', 'gzip'])('an abort ends the reading of a %s stream that gives nothing more, and closes it', async (kind) => {
  const archive = savedArchive('docker-26.1', 'app');
  const stream = new PassThrough();
  stream.write((kind === 'plain' ? archive : gzipSync(archive)).subarray(0, 700));
  const stop = new AbortController();
  const failed = inspectArchive(stream, { signal: stop.signal }).catch((error: unknown) => error);
  await vi.waitFor(() => expect(stream.readableLength).toBe(0));
  stop.abort(new Error('enough'));
  expect(await failed).toEqual(new Error('enough'));
  await vi.waitFor(() => expect(stream.destroyed).toBe(true));
});
