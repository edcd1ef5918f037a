// An image of several layers with random content, packed in the format that all engines load. The content of a layer is made from its
// name, each time it is read, so an image of 1 GiB needs neither disk nor memory.
import { createCipheriv, createHash } from 'node:crypto';
import { packTar } from '../../dist/index.js';

const MIB = 1024 * 1024;
const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const blobPath = (digest) => `blobs/${digest.replace(':', '/')}`;

/** A layer with one file of some MiB of random bytes, which are the same for the same name. */
export async function makeLayer(name, mib) {
  const hash = createHash('sha256');
  let size = 0;
  const content = () => packTar([{ path: `${name}.bin`, size: mib * MIB, content: randomPieces(name, mib) }]);
  for await (const chunk of content()) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size, content };
}

async function* randomPieces(name, mib) {
  const key = createHash('sha256').update(name).digest().subarray(0, 16);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  for (let count = 0; count < mib; count++) yield cipher.update(Buffer.alloc(MIB));
}

/** Yields the archive of an image with these layers, under a complete name such as `docker.io/library/alpine:3.20`. */
export function packImage(name, layers) {
  const json = (value) => Buffer.from(JSON.stringify(value));
  const config = json({
    architecture: { x64: 'amd64' }[process.arch] ?? process.arch,
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map((_, at) => ({ created_by: `layer ${at}` })),
  });
  const describe = (mediaType, digest, size) => ({ mediaType: `application/vnd.oci.image.${mediaType}`, digest, size });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: describe('config.v1+json', digestOf(config), config.length),
    layers: layers.map(({ digest, size }) => describe('layer.v1.tar', digest, size)),
  });
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
  const manifests = [{ ...describe('manifest.v1+json', digestOf(manifest), manifest.length), annotations }];
  const saved = [{ Config: blobPath(digestOf(config)), RepoTags: [name], Layers: layers.map(({ digest }) => blobPath(digest)) }];
  return packTar([
    ...layers.map(({ digest, size, content }) => ({ path: blobPath(digest), size, content: content() })),
    { path: blobPath(digestOf(config)), content: config },
    { path: blobPath(digestOf(manifest)), content: manifest },
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', content: json({ schemaVersion: 2, manifests }) },
    { path: 'manifest.json', content: json(saved) },
  ]);
}
