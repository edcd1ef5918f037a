// Which platform an image is for: the index and the manifest decide, not a field that some engines leave out.

import { afterEach, describe, expect, it } from 'vitest';
import { ApiError, NotFoundError } from '../../src/errors.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';

const hex = (digit: string): string => `sha256:${digit.repeat(64)}`;
const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const ARM = { Id: hex('1'), RepoTags: ['h:1/a:1'], RepoDigests: [`h:1/a@${hex('a')}`, `h:1/a@${hex('b')}`], Os: 'linux', Architecture: 'arm' };
// The response of Docker 29 to an inspect of an image that it has only for another platform.
const ABSENT = {
  Id: hex('8'), RepoTags: ['h:1/a:1'], RepoDigests: [`h:1/a@${hex('8')}`], Config: {}, Architecture: '', Os: '', Size: 0, RootFS: {},
  Descriptor: { mediaType: INDEX, digest: hex('8'), size: 506 },
};
const CONTAINERD = { DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] };
const platformQuery = (architecture: string): string => `?platform={"architecture":"${architecture}","os":"linux"}`;

let engine: FakeEngine;
let client: ImageClient;
afterEach(async () => {
  client.close();
  await engine.close();
});

interface World {
  /** Answers by path below the version, without the query or with it. */
  readonly answers?: Record<string, object>;
  readonly podman?: string;
  readonly version?: string;
}
async function start({ answers = {}, podman, version = '1.51' }: World): Promise<void> {
  engine = await fakeEngine(({ method, target }, response) => {
    const path = decodeURIComponent(target.replace(/^\/v[^/]+/, ''));
    if (method === 'POST') return '{"status":"Status: Downloaded newer image for h:1/a:1"}';
    const found = answers[path] ?? (path.includes('?platform') ? undefined : answers[path.split('?')[0] ?? '']);
    if (found === undefined) response.statusCode = 404;
    return found ?? { message: 'No such image: h:1/a:1' };
  }, version, podman === undefined ? { Server: 'Docker/29.0.0 (linux)' } : { Server: `Libpod/${podman} (linux)` });
  client = new ImageClient({ host: engine.host });
}
const sent = (): string[] => engine.asked.map(({ method, target }) => `${method} ${decodeURIComponent(target).replace(/^\/v[^/]+/, '')}`);
const INSPECT = '/images/h:1/a:1/json';

describe('an inspect of a variant that the engine does not have', () => {
  it.each([
    ['an index', ABSENT],
    ['the manifest that the index names', { ...ABSENT, Descriptor: { mediaType: MANIFEST, digest: hex('9'), size: 1 } }],
    ['no descriptor', { ...ABSENT, Descriptor: undefined }],
  ])('is a NotFoundError, although the engine answers 200 with %s and empty texts', async (_, answer) => {
    await start({ answers: { [INSPECT + platformQuery('arm64')]: answer } });
    const error = await client.inspectImage('h:1/a:1', { platform: 'linux/arm64' }).then(undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ reason: 'platform', status: 200 });
    expect((error as Error).message).toContain('linux/arm64');
  });

  it('is a NotFoundError also without a platform, if no variant is for the platform of the engine', async () => {
    await start({ answers: { [INSPECT]: ABSENT } });
    const error = await client.inspectImage('h:1/a:1').then(undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ reason: 'platform', status: 200 });
    expect((error as Error).message).toMatch(/h:1\/a:1 .*other platforms.*platform/);
    expect(await client.exists('h:1/a:1')).toBe(true);
    expect(await client.exists('h:1/b:1')).toBe(false);
  });

  it('returns the manifests if they were requested: they list the variants', async () => {
    const Manifests = [{ ID: hex('9'), Descriptor: { mediaType: MANIFEST, digest: hex('9'), size: 1 }, Available: true, Kind: 'image' }];
    await start({ answers: { '/info': CONTAINERD, [INSPECT]: { ...ABSENT, Manifests } } });
    expect(await client.inspectImage('h:1/a:1', { manifests: true })).toMatchObject({ Architecture: '', Manifests });
  });

  it('accepts an artifact and an old image, which have no platform', async () => {
    const artifact = { ...ABSENT, Descriptor: { mediaType: MANIFEST, digest: hex('8'), size: 1 } };
    await start({ answers: { [INSPECT]: artifact, '/images/h:1/old/json': { Id: hex('1'), Os: '', Architecture: '' } } });
    expect(await client.inspectImage('h:1/a:1')).toMatchObject({ Id: hex('8'), Architecture: '' });
    expect(await client.inspectImage('h:1/old')).toMatchObject({ Id: hex('1'), Architecture: '' });
  });
});

describe('a pull for a platform', () => {
  it.each(['4.3.1', '5.4.2', '6.1.1'])('treats a missing variant as unknown on Podman %s, which never shows it', async (podman) => {
    await start({ answers: { [INSPECT]: ARM, '/info': {}, '/images/json': [] }, podman });
    for (const platform of ['linux/arm/v5', 'linux/arm/v6', 'linux/armel', 'linux/arm/v7']) {
      expect(await client.pull('h:1/a:1', { platform }), platform).toMatchObject({ warnings: [] });
    }
    await expect(client.pull('h:1/a:1', { platform: 'linux/arm64' })).rejects.toMatchObject({ reason: 'platform' });
  });

  // An older build of arm/v6 has no variant in its config; the index alone has it (seen on Docker 20.10 and 28.5).
  it.each([INDEX, 'application/vnd.docker.distribution.manifest.list.v2+json'])('queries the registry, on Docker, for %s', async (mediaType) => {
    const Descriptor = { mediaType, digest: hex('a'), size: 1 };
    await start({ answers: { [INSPECT]: ARM, '/info': {}, '/distribution/h:1/a:1/json': { Descriptor, Platforms: [] } }, version: '1.41' });
    expect(await client.pull('h:1/a:1', { platform: 'linux/arm/v6' })).toMatchObject({ warnings: [] });
  });

  it('is an error if the registry has a single manifest whose config has no variant, which means v7', async () => {
    const Descriptor = { mediaType: MANIFEST, digest: hex('a'), size: 1 };
    await start({ answers: { [INSPECT]: ARM, '/info': {}, '/distribution/h:1/a:1/json': { Descriptor, Platforms: [] } }, version: '1.41' });
    const error = await client.pull('h:1/a:1', { platform: 'linux/arm/v6' }).then(undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ reason: 'platform' });
  });

  it('warns if the query of the registry fails', async () => {
    await start({ answers: { [INSPECT]: ARM, '/info': {} }, version: '1.41' });
    const { warnings } = await client.pull('h:1/a:1', { platform: 'linux/arm/v6' });
    expect(warnings).toEqual([expect.stringContaining('cannot determine the platform of h:1/a:1')]);
  });

  // The engine chooses the platform from the index, or fails: tape "pull-platform" of Docker 29.
  it('is right if the image is an index, although the engine does not show the variant', async () => {
    await start({ answers: { [INSPECT]: ABSENT } });
    expect(await client.pull('h:1/a:1', { platform: 'linux/arm64' })).toMatchObject({ status: 'downloaded', warnings: [] });
    expect(sent()).toEqual(['POST /images/create?fromImage=h:1/a&tag=1&platform=linux/arm64', `GET ${INSPECT}`]);
  });
});

describe('a pull for an architecture alone', () => {
  it('is an error if an artifact came, which is for no platform', async () => {
    const artifact = { ...ABSENT, Descriptor: { mediaType: MANIFEST, digest: hex('8'), size: 1 } };
    await start({ answers: { '/info': CONTAINERD, [INSPECT]: artifact } });
    const error = await client.pull('h:1/a:1', { platform: 'arm64' }).then(undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ reason: 'platform' });
  });
});

describe('a removal of several platforms', () => {
  const image = { ...ABSENT, Os: 'linux', Architecture: 'amd64' };
  it.each([
    ['shows nothing of', ABSENT],
    ['has no answer for', undefined],
  ])('removes none if there is one that the engine %s', async (_, absent) => {
    const answers = { [INSPECT + platformQuery('amd64')]: image, ...(absent && { [INSPECT + platformQuery('s390x')]: absent }) };
    await start({ answers });
    const removal = client.removeImage('h:1/a:1', { platforms: ['linux/amd64', 'linux/s390x'], force: true });
    await expect(removal).rejects.toBeInstanceOf(NotFoundError);
    expect(sent().filter((line) => line.startsWith('DELETE'))).toEqual([]);
  });

  it('removes them if all are there, and makes no query for one alone', async () => {
    const answers = { '/images/h:1/a:1': [], [INSPECT + platformQuery('amd64')]: image, [INSPECT + platformQuery('s390x')]: image };
    await start({ answers });
    expect(await client.removeImage('h:1/a:1', { platforms: ['linux/amd64', 'linux/s390x'], force: true })).toEqual([]);
    expect(sent().map((line) => line.split(' ')[0])).toEqual(['GET', 'GET', 'DELETE']);
    await client.removeImage('h:1/a:1', { platforms: ['linux/amd64'], force: true });
    expect(sent()).toHaveLength(4);
  });
});

describe('a pull with the policy missing, for a platform, on the containerd store', () => {
  const amd64 = { ...ABSENT, Os: 'linux', Architecture: 'amd64' };
  it('finds the variant beside the one that the engine shows, and does not pull', async () => {
    const arm64 = { ...ABSENT, Os: 'linux', Architecture: 'arm64', Variant: 'v8' };
    await start({ answers: { '/info': CONTAINERD, [INSPECT]: amd64, [INSPECT + platformQuery('arm64')]: arm64 } });
    const found = await client.pull('h:1/a:1', { policy: 'missing', platform: 'linux/arm64' });
    expect(found).toEqual({ reference: 'h:1/a:1', digest: hex('8'), status: 'up-to-date', warnings: [] });
    expect(sent().filter((line) => line.startsWith('POST'))).toEqual([]);
  });

  it.each([
    ['shows nothing of', ABSENT],
    ['has no answer for', undefined],
  ])('pulls a variant that the engine %s', async (_, variant) => {
    const answers = { '/info': CONTAINERD, [INSPECT]: amd64, ...(variant && { [INSPECT + platformQuery('arm64')]: variant }) };
    await start({ answers });
    await client.pull('h:1/a:1', { policy: 'missing', platform: 'linux/arm64' });
    expect(sent().filter((line) => line.startsWith('POST'))).toHaveLength(1);
  });

  it.each([
    ['has', true, 0],
    ['lacks', false, 1],
  ])('treats an architecture alone as that of Linux, if the engine %s it', async (_, has, pulls) => {
    const arm64 = { ...ABSENT, Os: 'linux', Architecture: 'arm64', Variant: 'v8' };
    await start({ answers: { '/info': CONTAINERD, [INSPECT]: amd64, ...(has && { [INSPECT + platformQuery('arm64')]: arm64 }) } });
    await client.pull('h:1/a:1', { policy: 'missing', platform: 'arm64' });
    expect(sent().filter((line) => line.startsWith('POST'))).toHaveLength(pulls);
  });

  // As Docker 28.5 answers after a pull of arm/v6 of an image whose configs have no variants: only its index has them.
  it('does not accept an image without a variant for the requested one', async () => {
    const v6 = { ...ABSENT, Os: 'linux', Architecture: 'arm' };
    await start({ answers: { '/info': CONTAINERD, [INSPECT]: v6 } });
    await client.pull('h:1/a:1', { policy: 'missing', platform: 'linux/arm/v7' });
    expect(sent().filter((line) => line.startsWith('POST'))).toHaveLength(1);
  });

  it.each([
    ['has it', { [`${INSPECT}?platform={"architecture":"arm","os":"linux","variant":"v7"}`]: { ...ABSENT, Os: 'linux', Architecture: 'arm' } }, '1.51'],
    ['cannot be asked for it', {}, '1.48'],
  ])('is up to date if the engine %s', async (_, answers, version) => {
    await start({ answers: { '/info': CONTAINERD, [INSPECT]: { ...ABSENT, Os: 'linux', Architecture: 'arm' }, ...answers }, version });
    expect(await client.pull('h:1/a:1', { policy: 'missing', platform: 'linux/arm/v7' })).toMatchObject({ status: 'up-to-date' });
    expect(sent().filter((line) => line.startsWith('POST'))).toEqual([]);
  });
});
