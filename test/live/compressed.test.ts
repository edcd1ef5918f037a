// Which compressed archives the engine loads and imports, compared with the table in src/api/compressed-archives.ts. The archives are sent
// without longshore, so that nothing is decompressed on the way.

import { createHash, randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { refusingEngine } from '../../src/api/compressed-archives.ts';
import type { Compression } from '../../src/api/media-types.ts';
import { isAvailable } from '../../src/system/compression.ts';
import { pack, variantOf } from '../support/copied-images.mjs';
import { run } from '../support/foreign-tar.ts';
import { lacking, titled } from '../support/installed.ts';
import { LABEL, RUN, cleanUp, connect } from './support.ts';

const docker = connect();
afterAll(() => cleanUp(docker));
const identity = await docker.ping();

const SKIPPABLE = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0]); // RFC 8878 §3.1.2
const compress: Readonly<Record<Compression, (bytes: Uint8Array) => Buffer>> = {
  gzip: (bytes) => run('gzip', ['-c'], bytes),
  zstd: (bytes) => run('zstd', ['-c'], bytes),
  skippable: (bytes) => Buffer.concat([SKIPPABLE, run('zstd', ['-c'], bytes)]),
  bzip2: (bytes) => run('bzip2', ['-c'], bytes),
  xz: (bytes) => run('xz', ['-c'], bytes),
};
const forms = Object.keys(compress) as Compression[];
const why = lacking('gzip', 'zstd', 'bzip2', 'xz');
/** Docker starts a program for xz, which its machine may lack. */
const NO_PROGRAM = /executable file not found/;

/**
 * An archive, and the digest of its only layer. Images are in the layout of `docker save` before Docker 25: Podman 4.3 reads an archive
 * with `index.json` in another way.
 */
async function archiveFor(operation: 'loadImage' | 'importImage', name: string): Promise<{ archive: Buffer; diffId: string }> {
  const { plain, config } = await variantOf([{ [`${name}-${RUN}`]: randomBytes(2000) }], { label: LABEL.split('=')[0] ?? '' });
  const layer = plain[0] ?? Buffer.of();
  const manifest = Buffer.from(JSON.stringify([{ Config: 'config.json', RepoTags: [`docker.io/library/${name}:1`], Layers: ['layer.tar'] }]));
  const archive = operation === 'importImage' ? layer : await pack({ 'config.json': config, 'layer.tar': layer, 'manifest.json': manifest });
  return { archive, diffId: `sha256:${createHash('sha256').update(layer).digest('hex')}` };
}

/** Whether the engine has the image with this layer. Podman 4.3 gives an image the digest of the compressed layer if it does not know the form. */
async function hasImage(image: string, diffId: string): Promise<boolean> {
  return (await docker.exists(image)) && (await docker.inspectImage(image)).RootFS?.Layers?.[0] === diffId;
}

/** The response of the engine to the archive as it is. */
async function send(operation: 'loadImage' | 'importImage', name: string, body: Uint8Array): Promise<string> {
  const path = operation === 'loadImage' ? '/images/load' : '/images/create';
  const query = operation === 'loadImage' ? {} : { fromSrc: '-', repo: name, tag: '1' };
  const response = await docker.request({ method: 'POST', path, query, body, headers: { 'Content-Type': 'application/x-tar' } });
  let text = `${response.status} `;
  for await (const chunk of response.body) text += Buffer.from(chunk).toString();
  return text;
}

describe.each(['loadImage', 'importImage'] as const)('%s', (operation) => {
  it.skipIf(why).each(forms)(titled('does what the table says with %s', why), async (form) => {
    const name = `longshore-${form}-${operation.toLowerCase()}-${RUN}`;
    const { archive, diffId } = await archiveFor(operation, name);
    const response = await send(operation, name, compress[form](archive));
    if (form === 'xz' && NO_PROGRAM.test(response)) return;
    // Podman 4.3 gives an imported image a name with localhost/, so it is found by its ID.
    const image = operation === 'loadImage' ? `${name}:1` : (/sha256:[0-9a-f]{64}(?=")/.exec(response)?.[0] ?? name);
    expect(await hasImage(image, diffId), response).toBe(refusingEngine(operation, form, identity) === undefined);
    await docker.removeImage(image, { force: true }).catch(() => {});
  });

  it.skipIf(why).each(forms)(titled('works through longshore with %s, or names the command that helps', why), async (form) => {
    const name = `longshore-own-${form}-${operation.toLowerCase()}-${RUN}`;
    const { archive, diffId } = await archiveFor(operation, name);
    const body = compress[form](archive);
    const uploading = operation === 'loadImage' ? docker.loadImage(body) : docker.importImage(body, { repository: `${name}:1` });
    const isHere = form === 'gzip' || (form !== 'bzip2' && form !== 'xz' && isAvailable('zstd'));
    try {
      const result = await uploading;
      const image = 'id' in result ? result.id : `${name}:1`;
      expect(await hasImage(image, diffId)).toBe(true);
      await docker.removeImage(image, { force: true });
    } catch (error) {
      if (isHere) throw error;
      expect(String(error)).toMatch(/decompress it first/i);
    }
  });
});
