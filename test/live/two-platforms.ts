// An image of two platforms, made by hand: as an archive of OCI's layout, or put into a registry by its own API.

import { createHash } from 'node:crypto';
import { packTar } from '../../src/index.ts';
import { LABEL, RUN, collect } from './support.ts';

const OCI = 'application/vnd.oci.image';
/** The two; no engine under test runs on a machine of the second. */
export const PLATFORMS = ['linux/amd64', 'linux/s390x'] as const;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** The image, and what it is made of. */
export interface TwoPlatforms {
  /** Of the index. */
  readonly digest: string;
  /** Of each platform's manifest. */
  readonly manifests: Readonly<Record<(typeof PLATFORMS)[number], string>>;
  /** As `loadImage` takes it. */
  archive(name: string): AsyncIterable<Uint8Array>;
  /** Makes a registry have it under a name, as docker would push it, had it an index. */
  putInto(registry: string, name: string, tag: string): Promise<void>;
}

/** Makes it; no two that are told different things have anything in common. */
export async function makeTwoPlatforms(what: string): Promise<TwoPlatforms> {
  const blobs = new Map<string, Buffer>();
  const put = (kind: string, value: Buffer | object): Descriptor => {
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    blobs.set(digest, bytes);
    return { mediaType: `${OCI}.${kind}`, digest, size: bytes.length };
  };
  const manifests = [];
  for (const name of PLATFORMS) {
    const [os = '', architecture = ''] = name.split('/');
    const platform = { os, architecture };
    const layer = put('layer.v1.tar', await collect(packTar({ platform: `${name} ${what} ${RUN}\n` })));
    const [key = '', value] = LABEL.split('=');
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const history = [{ created: '2026-01-01T00:00:00Z', created_by: `made for ${name}` }];
    const config = put('config.v1+json', { ...platform, config: { Labels: { [key]: value } }, rootfs, history });
    const manifest = { schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, config, layers: [layer] };
    manifests.push({ name, ...put('manifest.v1+json', manifest), platform });
  }
  const entries = manifests.map(({ name: _, ...entry }) => entry);
  const index = put('index.v1+json', { schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests: entries });
  const digests = Object.fromEntries(manifests.map(({ name, digest }) => [name, digest]));
  return {
    digest: index.digest,
    manifests: digests as TwoPlatforms['manifests'],
    archive: (name) => archive(name, index, blobs),
    putInto: (registry, name, tag) => putInto(`http://${registry}/v2/${name}`, tag, [...entries, index], blobs),
  };
}

function archive(name: string, index: Descriptor, blobs: ReadonlyMap<string, Buffer>): AsyncIterable<Uint8Array> {
  const named = { 'io.containerd.image.name': `docker.io/${name}`, 'org.opencontainers.image.ref.name': name };
  const entries = [...blobs].map(([digest, bytes]) => [`blobs/${digest.replace(':', '/')}`, bytes]);
  return packTar({
    'oci-layout': JSON.stringify({ imageLayoutVersion: '1.0.0' }),
    'index.json': JSON.stringify({ schemaVersion: 2, manifests: [{ ...index, annotations: named }] }),
    ...Object.fromEntries(entries),
  });
}

async function putInto(
  repository: string,
  tag: string,
  manifests: readonly Descriptor[],
  blobs: ReadonlyMap<string, Buffer>,
): Promise<void> {
  for (const [digest, bytes] of blobs) {
    const begun = await fetch(`${repository}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(begun.headers.get('location') ?? '', repository);
    place.searchParams.set('digest', digest);
    await send(place, 'application/octet-stream', bytes);
  }
  // What is in the index comes before it.
  for (const { digest, mediaType } of manifests) {
    await send(new URL(`${repository}/manifests/${digest}`), mediaType, blobs.get(digest));
  }
  const { digest = '', mediaType = '' } = manifests.at(-1) ?? {};
  await send(new URL(`${repository}/manifests/${tag}`), mediaType, blobs.get(digest));
}

async function send(place: URL, type: string, bytes: Buffer | undefined): Promise<void> {
  const { status } = await fetch(place, { method: 'PUT', body: bytes ?? null, headers: { 'Content-Type': type } });
  if (status !== 201) throw new Error(`the registry answered ${status} to ${place.pathname}`);
}
