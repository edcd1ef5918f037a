// What an archive of a containerd store says about an image: the archives are those that Docker 28.5 has saved, and damaged ones.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readContent } from '../../../src/api/saved-image/image-content.ts';
import type { ImageContent, SoughtImage } from '../../../src/api/saved-image/image-content.ts';
import type { CreateHash } from '../../../src/bytes.ts';
import { DigestError, TruncatedError } from '../../../src/errors.ts';
import { packTar } from '../../../src/tar/pack.ts';
import { readEntries } from '../../../src/tar/read-entries.ts';
import { noGnuTar } from '../../support/foreign-tar.ts';
import { titled } from '../../support/installed.ts';
import { collected, filesIn, savedArchive, sha256Of, source } from '../../support/saved.ts';
import { splits, whole } from '../../support/splits.ts';

const createSha: CreateHash = (algorithm = 'sha256') => createHash(algorithm);
const ANY: SoughtImage = { root: undefined, available: undefined };
const read = (pieces: Iterable<Uint8Array>, sought = ANY): Promise<ImageContent> => readContent(readEntries(source(pieces)), sought, createSha);
const repacked = (files: ReadonlyMap<string, Uint8Array>): Promise<Buffer> => collected(packTar([...files].map(([path, content]) => ({ path, content }))));

describe.skipIf(noGnuTar)(titled('the content of an image of two platforms', noGnuTar), () => {
  const archive = savedArchive('docker-28.5-containerd', 'multi');
  const files = noGnuTar === undefined ? filesIn(archive) : new Map<string, Buffer>();
  const json = (path: string): any => JSON.parse(String(files.get(path) ?? '{"manifests":[{"digest":""},{"digest":""}]}'));
  const blob = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
  const [root] = json('index.json').manifests;
  const manifests: { digest: string }[] = json(blob(root.digest)).manifests;

  it.each(splits(archive))('is read from the documents when the archive arrives %s', async (_, pieces) => {
    const { variants, kept } = await read(pieces);
    expect(kept?.root.digest).toBe(root.digest);
    expect(variants.map(({ manifest }) => manifest)).toEqual(manifests.slice(0, 2).map(({ digest }) => digest));
    expect(variants.map(({ platform }) => platform?.Architecture)).toEqual(['amd64', 'arm64']);
    for (const { manifest = '', config, layers } of variants) {
      const document = json(blob(manifest));
      expect(config).toBe(document.config.digest);
      expect(layers.map(({ digest, size, mediaType }) => ({ digest, size, mediaType }))).toEqual(document.layers);
      expect(layers.map(({ diffId }) => diffId)).toEqual(json(blob(config)).rootfs.diff_ids);
    }
  });

  it('is complete without the end of the archive if the root is known', async () => {
    const order = [...files].filter(([path]) => path.startsWith('blobs/'));
    const last = order.findLastIndex(([, bytes]) => bytes[0] === '{'.charCodeAt(0));
    let requested = 0;
    async function* counting(bytes: Buffer): AsyncGenerator<Uint8Array, void, void> {
      for (let at = 0; at < bytes.length; at += 512) {
        requested = at + 512;
        yield bytes.subarray(at, at + 512);
      }
    }
    const more = new Map([...order.slice(0, last + 1), ['large', Buffer.alloc(1e6)] as const]);
    const { variants } = await readContent(readEntries(counting(await repacked(more))), { root: { ...root, annotations: {}, platform: undefined }, available: undefined }, createSha);
    expect(variants).toHaveLength(2);
    expect(requested).toBeLessThan(1e6);
  });

  it('has only the platforms that the engine has', async () => {
    const armManifest = manifests[1]?.digest ?? '';
    const { variants } = await read(whole(await repacked(new Map([...files].filter(([path]) => path !== blob(armManifest))))));
    expect(variants.map(({ platform }) => platform?.Architecture)).toEqual(['amd64']);
  });

  it('is refused if a document is not what its name says', async () => {
    const config = json(blob(manifests[0]?.digest ?? '')).config.digest as string;
    const changed = Buffer.from(String(files.get(blob(config))).replace('linux', 'Linux'));
    const error = await read(whole(await repacked(new Map([...files, [blob(config), changed]])))).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DigestError);
    expect(error).toMatchObject({ expected: config, actual: sha256Of(changed) });
  });

  it('is refused if the archive does not have the image', async () => {
    await expect(read(whole(await repacked(new Map([...files].filter(([path]) => path !== blob(root.digest))))))).rejects.toThrow(DigestError);
    await expect(read(whole(await repacked(new Map([...files].filter(([path]) => path !== 'index.json')))))).rejects.toThrow(/index\.json/);
    await expect(read(whole(archive.subarray(0, 2048)))).rejects.toThrow(TruncatedError);
  });

  it('is refused if the config lists another number of layers than the manifest', async () => {
    const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } }));
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: sha256Of(Buffer.from('x')), size: 1 };
    const manifest = Buffer.from(JSON.stringify({ config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256Of(config), size: 1 }, layers: [layer] }));
    const index = { manifests: [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: sha256Of(manifest), size: manifest.length }] };
    const bytes = await repacked(new Map([[blob(sha256Of(config)), config], [blob(sha256Of(manifest)), manifest], ['index.json', Buffer.from(JSON.stringify(index))]]));
    await expect(read(whole(bytes))).rejects.toThrow(/1 layers, and its config lists 0/);
  });
});
