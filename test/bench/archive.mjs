// The archive that the synthetic engine sends and receives: a real one, of an image with one layer of some MiB, in
// three parts. The middle repeats one block of 1 MiB, so that 8 GiB of it need neither disk nor memory.
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { packTar } from '../../dist/index.js';

export const MIB = 1024 * 1024;
/** Larger layers have no digest: hashing 8 GiB would take longer than the measurement. */
const HASHED_MIB = 1024;

/** 1 MiB without repetitions, the same on every machine. */
const block = Buffer.concat(Array.from({ length: MIB / 32 }, (_, at) => createHash('sha256').update(`part ${at}`).digest()));

/** The parts of an archive: `head`, `mib` times the block, and `tail`. */
export class Archive {
  constructor(mib, head, tail) {
    Object.assign(this, { mib, head, tail, bytes: head.length + mib * MIB + tail.length });
  }

  *chunks() {
    yield this.head;
    for (let count = 0; count < this.mib; count++) yield block;
    yield this.tail;
  }

  sha256() {
    const hash = createHash('sha256');
    for (const chunk of this.chunks()) hash.update(chunk);
    return hash.digest('hex');
  }

  /** Writes the parts for the engine. */
  writeParts(folder) {
    writeFileSync(join(folder, 'block'), block);
    writeFileSync(join(folder, `${this.mib}.head`), this.head);
    writeFileSync(join(folder, `${this.mib}.tail`), this.tail);
  }

  /** Writes the whole archive. */
  writeFile(path) {
    const file = openSync(path, 'w');
    for (const chunk of this.chunks()) writeSync(file, chunk);
    closeSync(file);
  }
}

/** Packs entries, one of which has the blocks as its content. They are passed by reference, so they can be recognized. */
async function packAround(mib, entries) {
  const [head, tail] = [[], []];
  let blocks = 0;
  for await (const part of packTar(entries)) {
    if (part === block) blocks++;
    else (blocks === 0 ? head : tail).push(part);
  }
  if (blocks !== mib) throw new Error(`${blocks} of ${mib} blocks passed by reference`);
  return new Archive(mib, Buffer.concat(head), Buffer.concat(tail));
}

async function* streamed(archive) {
  yield* archive.chunks();
}

/** The archive of an image in the layout of Docker 25 and later: blobs by digest, two indexes. */
export async function makeArchive(mib) {
  const content = (async function* () {
    for (let count = 0; count < mib; count++) yield block;
  })();
  const layer = await packAround(mib, [{ path: 'data.bin', size: mib * MIB, content }]);
  const layerDigest = mib > HASHED_MIB ? '0'.repeat(64) : layer.sha256();
  const json = (value) => Buffer.from(JSON.stringify(value));
  const digestOf = (bytes) => createHash('sha256').update(bytes).digest('hex');
  const describe = (mediaType, digest, size) => ({
    mediaType: `application/vnd.oci.image.${mediaType}`,
    digest: `sha256:${digest}`,
    size,
  });
  const config = json({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: describe('config.v1+json', digestOf(config), config.length),
    layers: [describe('layer.v1.tar', layerDigest, layer.bytes)],
  });
  const blob = (digest) => `blobs/sha256/${digest}`;
  return packAround(mib, [
    { path: blob(layerDigest), size: layer.bytes, content: streamed(layer) },
    { path: blob(digestOf(config)), content: config },
    { path: blob(digestOf(manifest)), content: manifest },
    {
      path: 'index.json',
      content: json({ schemaVersion: 2, manifests: [describe('manifest.v1+json', digestOf(manifest), manifest.length)] }),
    },
    {
      path: 'manifest.json',
      content: json([{ Config: blob(digestOf(config)), RepoTags: ['bench:1'], Layers: [blob(layerDigest)] }]),
    },
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
  ]);
}

/** The response to a list: ten images, as Docker 20.10 lists them. */
export const listBody = JSON.stringify(
  Array.from({ length: 10 }, (_, at) => ({
    Containers: -1,
    Created: 1_790_000_000 - at,
    Id: `sha256:${String(at).repeat(64)}`,
    Labels: { 'org.opencontainers.image.title': 'bench' },
    ParentId: '',
    RepoDigests: [`bench@sha256:${'5'.repeat(64)}`],
    RepoTags: [`bench:${at}`],
    SharedSize: -1,
    Size: 12_345_678,
    VirtualSize: 12_345_678,
  })),
);

/** The response to an inspect: a document like that of Docker 20.10, of usual length. */
export const inspectBody = JSON.stringify({
  Id: `sha256:${'4'.repeat(64)}`,
  RepoTags: ['bench:1'],
  RepoDigests: [`bench@sha256:${'5'.repeat(64)}`],
  Parent: '',
  Comment: 'buildkit.dockerfile.v0',
  Created: '2026-10-02T11:20:31.527112041Z',
  DockerVersion: '',
  Author: '',
  Config: {
    Hostname: '',
    Domainname: '',
    User: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    Cmd: ['/bin/sh'],
    Image: '',
    Volumes: null,
    WorkingDir: '/',
    Entrypoint: null,
    OnBuild: null,
    Labels: { 'org.opencontainers.image.title': 'bench', 'org.opencontainers.image.version': '1' },
  },
  Architecture: 'amd64',
  Os: 'linux',
  Size: 73108480,
  GraphDriver: { Data: { MergedDir: `/var/lib/docker/overlay2/${'6'.repeat(64)}/merged` }, Name: 'overlay2' },
  RootFS: { Type: 'layers', Layers: Array.from({ length: 8 }, (_, at) => `sha256:${String(at).repeat(64)}`) },
  Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
});
