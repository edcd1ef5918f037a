// The images of the tapes: archives and registry content with fixed digests.

import { createHash } from 'node:crypto';

/** Everything that a case makes has this label, by which it is found and removed. */
export const LABEL = 'longshore.tape';

const OCI = 'application/vnd.oci.image';
const CREATED = '2020-01-01T00:00:00Z';
const PLATFORMS = [
  { architecture: 'amd64', os: 'linux' },
  { architecture: 'arm64', os: 'linux', variant: 'v8' },
];

/** An image archive as `docker save` has made it up to version 24: one image, some names. */
export async function archiveOf(env, tags, text) {
  const { config, layer } = await imageOf(env, PLATFORMS[0], text);
  const manifest = [{ Config: `${hex(config)}.json`, RepoTags: tags, Layers: ['layer.tar'] }];
  return pack(env, { [`${hex(config)}.json`]: config, 'layer.tar': layer, 'manifest.json': json(manifest) });
}

/** An image archive as `docker save` makes it since 25, in OCI's layout, of an image for two platforms. */
export async function multiArchive(env, name) {
  const { index, blobs, images } = await multiOf(env, name);
  const full = canonical(name);
  const annotations = { 'io.containerd.image.name': full, 'org.opencontainers.image.ref.name': full };
  const manifests = [{ ...described(index), annotations }];
  const root = { schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests };
  const [{ config, layer }] = images; // for programs that do not read the OCI layout: the first platform
  const manifest = [{ Config: blobPath(config), RepoTags: [name], Layers: [blobPath(layer)] }];
  const files = blobs.map((blob) => [blobPath(blob), blob]);
  return pack(env, {
    ...Object.fromEntries(files),
    'index.json': json(root),
    'manifest.json': json(manifest),
    'oci-layout': json({ imageLayoutVersion: '1.0.0' }),
  });
}

/** Puts an image for two platforms into the registry, under two tags, without an engine. */
export async function sendMulti(_admin, env) {
  const base = `http://${env.registry}/v2/longshore/multi`;
  for (const tag of ['1', '2']) {
    const { index, images } = await multiOf(env, tag);
    for (const { config, layer, manifest } of images) {
      await sendBlob(base, config);
      await sendBlob(base, layer);
      await sendManifest(base, `sha256:${hex(manifest)}`, manifest, `${OCI}.manifest.v1+json`);
    }
    await sendManifest(base, tag, index, `${OCI}.index.v1+json`);
  }
}

/** The digest of that tag in the registry. */
sendMulti.digest = async (env, tag) => `sha256:${hex((await multiOf(env, tag)).index)}`;

async function sendBlob(base, blob) {
  const { headers } = await accepted(fetch(`${base}/blobs/uploads/`, { method: 'POST' }));
  const location = new URL(headers.get('location'), base);
  location.searchParams.set('digest', `sha256:${hex(blob)}`);
  await accepted(fetch(location, { method: 'PUT', body: blob }));
}

async function sendManifest(base, reference, body, type) {
  await accepted(fetch(`${base}/manifests/${reference}`, { method: 'PUT', body, headers: { 'content-type': type } }));
}

async function accepted(sent) {
  const answer = await sent;
  if (!answer.ok) throw new Error(`the registry answered ${answer.status}: ${await answer.text()}`);
  return answer;
}

/** An index of two images, and everything that it refers to. */
async function multiOf(env, text) {
  const images = [];
  for (const platform of PLATFORMS) images.push({ platform, ...(await imageOf(env, platform, `${text}\n`)) });
  const manifests = images.map(({ platform, manifest }) => ({
    ...described(manifest, `${OCI}.manifest.v1+json`),
    platform,
  }));
  const index = json({ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests });
  const blobs = [index, ...images.flatMap(({ manifest, config, layer }) => [manifest, config, layer])];
  return { index, blobs, images };
}

/** One layer with one file, its configuration, and the manifest of both. */
async function imageOf(env, platform, text) {
  const layer = await pack(env, { 'etc/hello': Buffer.from(`${platform.architecture} ${text}`) });
  const config = json({
    ...platform,
    created: CREATED,
    config: { Labels: { [LABEL]: '1' } },
    rootfs: { type: 'layers', diff_ids: [`sha256:${hex(layer)}`] },
    history: [{ created: CREATED, created_by: 'longshore' }],
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: described(config, `${OCI}.config.v1+json`),
    layers: [described(layer, `${OCI}.layer.v1.tar`)],
  });
  return { layer, config, manifest };
}

function described(blob, mediaType = `${OCI}.index.v1+json`) {
  return { mediaType, digest: `sha256:${hex(blob)}`, size: blob.length };
}

function blobPath(blob) {
  return `blobs/sha256/${hex(blob)}`;
}

/** As containerd writes it: with the registry's host. */
function canonical(name) {
  return /^[^/]*[.:][^/]*\//.test(name) ? name : `docker.io/${name}`;
}

async function pack(env, entries) {
  const blocks = [];
  for await (const block of env.packTar(entries)) blocks.push(block);
  return Buffer.concat(blocks);
}

function json(value) {
  return Buffer.from(JSON.stringify(value));
}

function hex(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
