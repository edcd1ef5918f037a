// The images of fixtures/saved, and of the live tests of copies: archives in the OCI layout, made by hand. Run with the name of an
// image, it prints its archive.

import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { packTar } from '../../dist/index.js';

const OCI = 'application/vnd.oci.image';
const CREATED = '2026-01-01T00:00:00Z';
const json = (value) => Buffer.from(JSON.stringify(value));
const hex = (bytes) => createHash('sha256').update(bytes).digest('hex');
const describe = (bytes, kind) => ({ mediaType: kind, digest: `sha256:${hex(bytes)}`, size: bytes.length });

/** The bytes of a tar with these files. */
export async function pack(files) {
  const blocks = [];
  for await (const block of packTar(files)) blocks.push(block);
  return Buffer.concat(blocks);
}

/** One image for one platform: a layer for each object of files. `compress` compresses all layers. */
export async function variantOf(layers, { architecture = 'amd64', compress = false, label = 'longshore.copied' } = {}) {
  const plain = await Promise.all(layers.map(pack));
  const stored = compress ? plain.map((layer) => gzipSync(layer)) : plain;
  const config = json({
    architecture,
    os: 'linux',
    created: CREATED,
    config: { Env: ['TEXT=<a> & b'], Labels: { [label]: '1' } }, // Go escapes these characters in JSON
    rootfs: { type: 'layers', diff_ids: plain.map((layer) => `sha256:${hex(layer)}`) },
    history: plain.map(() => ({ created: CREATED, created_by: 'made by hand' })),
  });
  const kind = `${OCI}.layer.v1.tar${compress ? '+gzip' : ''}`;
  const manifest = json({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: describe(config, `${OCI}.config.v1+json`),
    layers: stored.map((layer) => describe(layer, kind)),
  });
  return { architecture, plain, stored, config, manifest, blobs: [config, manifest, ...stored] };
}

/** The archive of an image under a complete name: of one variant, or of several with an index, and with attestations on request. */
export async function archiveOf(name, variants, attested = false) {
  const blobs = variants.flatMap((variant) => variant.blobs);
  let root = describe(variants[0].manifest, `${OCI}.manifest.v1+json`);
  if (variants.length > 1 || attested) {
    const manifests = variants.map(({ manifest, architecture }) => {
      return { ...describe(manifest, `${OCI}.manifest.v1+json`), platform: { architecture, os: 'linux' } };
    });
    if (attested) for (const variant of variants) manifests.push(attest(variant, blobs));
    const index = json({ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests });
    blobs.push(index);
    root = describe(index, `${OCI}.index.v1+json`);
  }
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
  const path = (blob) => `blobs/sha256/${hex(blob)}`;
  const [{ config, stored }] = variants;
  return pack({
    ...Object.fromEntries(blobs.map((blob) => [path(blob), blob])),
    'index.json': json({ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests: [{ ...root, annotations }] }),
    'manifest.json': json([{ Config: path(config), RepoTags: [name], Layers: stored.map(path) }]),
    'oci-layout': json({ imageLayoutVersion: '1.0.0' }),
  });
}

/** An attestation as BuildKit adds one to an index; its blobs are added to `blobs`. */
function attest({ manifest }, blobs) {
  const statement = json({ _type: 'https://in-toto.io/Statement/v0.1', subject: [{ digest: { sha256: hex(manifest) } }] });
  const config = json({ architecture: 'unknown', os: 'unknown', config: {}, rootfs: { type: 'layers', diff_ids: [`sha256:${hex(statement)}`] } });
  const attestation = json({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: describe(config, `${OCI}.config.v1+json`),
    layers: [describe(statement, 'application/vnd.in-toto+json')],
  });
  blobs.push(statement, config, attestation);
  return {
    ...describe(attestation, `${OCI}.manifest.v1+json`),
    annotations: { 'vnd.docker.reference.digest': `sha256:${hex(manifest)}`, 'vnd.docker.reference.type': 'attestation-manifest' },
    platform: { architecture: 'unknown', os: 'unknown' },
  };
}

/** The layers of the image `app`: its first layer is there twice. */
export const APP_LAYERS = [{ 'etc/base': 'base\n' }, { 'etc/middle': 'middle\n' }, { 'etc/base': 'base\n' }, { 'etc/top': 'top\n' }];

const images = {
  app: async (name) => archiveOf(name, [await variantOf(APP_LAYERS)]),
  zipped: async (name) => archiveOf(name, [await variantOf(APP_LAYERS, { compress: true })]),
  multi: async (name) => {
    const arm = await variantOf([{ 'etc/base': 'arm\n' }, { 'etc/top': 'arm\n' }], { architecture: 'arm64', compress: true });
    return archiveOf(name, [await variantOf(APP_LAYERS, { compress: true }), arm], true);
  },
};

/** The archive of one of the images above. */
export const archiveNamed = (image, name = `docker.io/longshore-copied/${image}:1`) => images[image](name);

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(await archiveNamed(process.argv[2]));
