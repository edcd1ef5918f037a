// Pushing, inspecting and pulling images with a registry, with and without a login.

import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ApiError,
  ArgumentError,
  InvalidReferenceError,
  NotFoundError,
  Secret,
  UnauthorizedError,
} from '../../src/index.ts';
import type { CredentialSource, Credentials, LayerEvent, ProgressEvent } from '../../src/index.ts';
import {
  ENGINE,
  LOGIN,
  REGISTRY,
  REGISTRY_AUTH,
  cleanUp,
  collect,
  connect,
  failure,
  makeFor,
  makeImage,
  registryDigest,
  repository,
} from './support.ts';
import { makeTwoPlatforms } from './two-platforms.ts';

const docker = connect();
afterAll(() => cleanUp(docker));

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** A port on which no process listens. */
async function deadRegistry(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

/** The error for an operation, or a part of one, that Podman lacks. */
const onlyDocker = (subject: string) => ({ name: 'VersionError', subject, needed: 'Docker', spoken: 'Podman' });

const layers = (events: readonly ProgressEvent[]): LayerEvent[] => events.filter((event) => event.type === 'layer');

describe('push', () => {
  it('returns the digest in the registry, and the size', async () => {
    const { remote } = await makeFor(docker, REGISTRY, 'push');
    const pushed = await docker.push(remote);
    expect(pushed.reference).toBe(remote);
    expect(pushed.digest).toMatch(DIGEST);
    expect(pushed.size).toBeGreaterThan(100);
    expect(await registryDigest(REGISTRY, repository('push'), 'v1')).toBe(pushed.digest);
    // Podman has it after the next pull.
    if (ENGINE.isPodman) await docker.pull(remote);
    expect((await docker.inspectImage(remote)).RepoDigests).toContain(
      `${REGISTRY}/${repository('push')}@${pushed.digest}`,
    );
  });

  it('pushes only latest if no tag is named', async () => {
    const { name } = await makeFor(docker, REGISTRY, 'push-latest', 'other');
    const bare = `${REGISTRY}/${repository('push-latest')}`;
    await docker.tag(name, bare);
    expect((await docker.push(bare)).reference).toBe(`${bare}:latest`);
    expect(await registryDigest(REGISTRY, repository('push-latest'), 'latest')).toMatch(DIGEST);
    expect(await registryDigest(REGISTRY, repository('push-latest'), 'other')).toBe('none: 404');
  });

  it('pushes every tag with allTags; is rejected on Podman, which would push one', async () => {
    await makeFor(docker, REGISTRY, 'push-all', 'one');
    await makeFor(docker, REGISTRY, 'push-all', 'two');
    await makeFor(docker, REGISTRY, 'push-all', 'latest');
    const pushing = docker.push(`${REGISTRY}/${repository('push-all')}`, { allTags: true });
    if (ENGINE.isPodman) expect(await failure(pushing)).toMatchObject(onlyDocker('push.allTags'));
    else expect(await pushing).toMatchObject({ digest: undefined, size: undefined });
    for (const tag of ['one', 'two', 'latest']) {
      const digest = await registryDigest(REGISTRY, repository('push-all'), tag);
      expect(digest, tag).toMatch(ENGINE.isPodman ? /^none: 404$/ : DIGEST);
    }
  });

  it('reports progress: Docker for each layer, Podman only as text', async () => {
    const { remote } = await makeFor(docker, REGISTRY, 'push-events');
    const stream = docker.push(remote);
    const events: ProgressEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(events.find((event) => event.type === 'headline')).toBeDefined();
    const statuses = new Set(layers(events).map((event) => event.status));
    if (ENGINE.isPodman) expect(statuses).toEqual(new Set());
    else expect(statuses).toContain('Pushed');
    expect((await stream.result()).digest).toMatch(DIGEST);
  });

  it('is a NotFoundError for an absent image, which Docker reports inside the stream', async () => {
    const error = await failure(docker.push(`${REGISTRY}/${repository('nothing')}:v1`));
    expect(error).toBeInstanceOf(NotFoundError);
    // Docker starts the stream before it checks.
    const place = ENGINE.isPodman ? { inStream: false, status: 404 } : { inStream: true, status: 200 };
    expect(error).toMatchObject({ ...place, reason: 'not-found' });
  });

  it('rejects a digest, and allTags with a tag, before anything is sent', () => {
    expect(() => docker.push(`${REGISTRY}/x@sha256:${'0'.repeat(64)}`)).toThrow(InvalidReferenceError);
    expect(() => docker.push(`${REGISTRY}/x:v1`, { allTags: true })).toThrow(ArgumentError);
  });
});

describe.runIf(ENGINE.isPodman)('inspectDistribution on Podman, which does not support it', () => {
  it('is a VersionError before anything is sent', async () => {
    expect(await docker.supports('inspectDistribution')).toBe(false);
    const error = await failure(docker.inspectDistribution(`${REGISTRY}/${repository('nothing')}:v1`));
    expect(error).toMatchObject(onlyDocker('inspectDistribution'));
  });
});

describe.skipIf(ENGINE.isPodman)('inspectDistribution on Docker', () => {
  it('returns the digest and the platforms, although the engine does not have the image', async () => {
    const { remote, id } = await makeFor(docker, REGISTRY, 'distribution');
    const { digest } = await docker.push(remote);
    await docker.removeImage(id, { force: true });
    const found = await docker.inspectDistribution(remote);
    expect(found.Descriptor).toMatchObject({
      digest,
      mediaType: expect.stringContaining('manifest'),
      size: expect.any(Number),
    });
    // The containerd store pushes OCI manifests, from which Docker reads no platform.
    const { architecture, isContainerd } = ENGINE;
    expect(found.Platforms).toEqual(isContainerd ? [] : [expect.objectContaining({ os: 'linux', architecture })]);
    const byDigest = await docker.inspectDistribution(`${REGISTRY}/${repository('distribution')}@${digest}`);
    expect(byDigest.Descriptor.digest).toBe(digest);
  });

  it('is a NotFoundError for what the registry does not have', async () => {
    const error = await failure(docker.inspectDistribution(`${REGISTRY}/${repository('nothing')}:v1`));
    expect(error).toBeInstanceOf(NotFoundError);
  });
});

describe.runIf(ENGINE.isPodman)('checkForUpdate on Podman, which cannot ask a registry', () => {
  it('is a VersionError before anything is sent', async () => {
    const error = await failure(docker.checkForUpdate(`${REGISTRY}/${repository('nothing')}:v1`));
    expect(error).toMatchObject(onlyDocker('checkForUpdate'));
  });
});

describe.skipIf(ENGINE.isPodman)('checkForUpdate on Docker', () => {
  it('compares with the registry before and after another image gets the name', async () => {
    const { name, remote } = await makeFor(docker, REGISTRY, 'update');
    // The containerd store lists a digest for an image that was built here, and the registry does not have that name.
    const expected = { isCurrent: undefined, localDigest: ENGINE.isContainerd ? expect.any(String) : undefined, remoteDigest: undefined };
    expect(await docker.checkForUpdate(remote)).toEqual(expected);
    const { digest } = await docker.push(remote);
    expect(await docker.checkForUpdate(remote)).toEqual({ isCurrent: true, localDigest: digest, remoteDigest: digest });
    const other = await makeImage(docker, 'update', 'v2');
    await docker.tag(other.name, remote);
    await docker.push(remote);
    const newDigest = await registryDigest(REGISTRY, repository('update'), 'v1');
    await docker.tag(name, remote);
    expect(await docker.checkForUpdate(remote)).toEqual({ isCurrent: false, localDigest: digest, remoteDigest: newDigest });
  });

  it.each([undefined, 'linux/s390x'])('finds an image current that was pulled from an index, for the platform %s', async (platform) => {
    const index = await makeTwoPlatforms(`update ${platform}`);
    const [name, tag] = [repository('update-index'), platform === undefined ? 'own' : 'other'];
    await index.putInto(REGISTRY, name, tag);
    await docker.pull(`${REGISTRY}/${name}:${tag}`, { platform });
    expect(await docker.checkForUpdate(`${REGISTRY}/${name}:${tag}`)).toEqual({ isCurrent: true, localDigest: index.digest, remoteDigest: index.digest });
  });
});

describe('pull', () => {
  it('fetches by tag, reports each layer, and the second time that it is up to date', async () => {
    const { remote, id } = await makeFor(docker, REGISTRY, 'pull');
    const { digest } = await docker.push(remote);
    await docker.removeImage(id, { force: true });
    const stream = docker.pull(remote);
    const events: ProgressEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(await stream.result()).toEqual({ reference: remote, digest, status: 'downloaded', warnings: [] });
    // Podman lists the configuration as a layer.
    const [last, count] = ENGINE.isPodman ? ['Download complete', 2] : ['Pull complete', 1];
    expect(layers(events).map((event) => event.status)).toContain(last);
    expect(new Set(layers(events).map((event) => event.id)).size).toBe(count);
    expect((await docker.inspectImage(remote)).Id).toBe(id);
    expect(await docker.pull(remote)).toMatchObject({ digest, status: 'up-to-date' });
  });

  // Podman does not send the digest, and for an image that was made here it has a second one besides the registry's.
  it('returns the digest in the registry, or none, for an image that was made here', async () => {
    for (let round = 0; round < 4; round++) {
      const { remote } = await makeFor(docker, REGISTRY, 'pull-made', `v${round}`);
      const { digest } = await docker.push(remote);
      const pulled = await docker.pull(remote);
      expect(pulled.status).toBe('up-to-date');
      expect(ENGINE.isPodman ? [digest, undefined] : [digest]).toContain(pulled.digest);
    }
  });

  it('fetches only latest if no tag is named', async () => {
    const other = await makeFor(docker, REGISTRY, 'pull-latest', 'other');
    const latest = await makeFor(docker, REGISTRY, 'pull-latest', 'latest');
    const bare = `${REGISTRY}/${repository('pull-latest')}`;
    for (const { remote, id } of [other, latest]) {
      await docker.push(remote);
      await docker.removeImage(id, { force: true });
    }
    expect(await docker.pull(bare)).toMatchObject({ reference: `${bare}:latest`, status: 'downloaded' });
    expect((await docker.images({ name: bare })).flatMap((image) => image.RepoTags)).toEqual([`${bare}:latest`]);
  });

  it('fetches by digest, in the reference or as an option', async () => {
    const { remote, id } = await makeFor(docker, REGISTRY, 'pull-digest');
    const { digest = '' } = await docker.push(remote);
    const bare = `${REGISTRY}/${repository('pull-digest')}`;
    for (const again of [() => docker.pull(`${bare}@${digest}`), () => docker.pull(bare, { tag: digest })]) {
      await docker.removeImage(id, { force: true });
      expect(await again()).toMatchObject({ reference: `${bare}@${digest}`, digest });
      expect((await docker.inspectImage(`${bare}@${digest}`)).Id).toBe(id);
    }
  });

  it('fetches every tag with allTags; is rejected on Podman, which would fetch one', async () => {
    const bare = `${REGISTRY}/${repository('pull-all')}`;
    const tags = ['latest', 'one', 'two'];
    for (const tag of tags) {
      const { remote, id } = await makeFor(docker, REGISTRY, 'pull-all', tag);
      await docker.push(remote);
      await docker.removeImage(id, { force: true });
    }
    const pulling = docker.pull(bare, { allTags: true });
    if (ENGINE.isPodman) expect(await failure(pulling)).toMatchObject(onlyDocker('pull.allTags'));
    else await pulling;
    const found = (await docker.images({ name: bare })).flatMap((image) => image.RepoTags);
    expect(found.sort()).toEqual(ENGINE.isPodman ? [] : tags.map((tag) => `${bare}:${tag}`));
  });

  it('is a NotFoundError for what the registry does not have', async () => {
    const error = await failure(docker.pull(`${REGISTRY}/${repository('nothing')}:v1`));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ reason: 'not-found' });
  });

  it('has the reason "network" if the connection is refused', async () => {
    const registry = await deadRegistry();
    const error = await failure(docker.pull(`${registry}/${repository('nothing')}:v1`));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ reason: 'network' });
    // Podman 5 sends only the cause.
    expect((error as ApiError).daemonMessage).toMatch(/connection refused/);
    expect((error as ApiError).message).toContain(encodeURIComponent(registry));
  });

  it('stops after an early break', async () => {
    const { remote } = await makeFor(docker, REGISTRY, 'pull-break');
    await docker.push(remote);
    const stream = docker.pull(remote);
    for await (const event of stream) {
      expect(event).toBeDefined();
      break;
    }
    expect(await failure(stream.result())).toBeInstanceOf(ArgumentError);
  });
});

describe('a registry with a login', () => {
  let remote: string;
  let digest: string | undefined;
  beforeAll(async () => {
    const made = await makeFor(docker, REGISTRY_AUTH, 'login');
    remote = made.remote;
    digest = (await docker.push(remote, { credentials: LOGIN })).digest;
    // Podman has two digests for an image that was made here.
    await docker.removeImage(made.id, { force: true });
    await docker.pull(remote, { credentials: LOGIN });
  });

  it('has what was pushed with the right password', async () => {
    expect(digest).toMatch(DIGEST);
    expect(await registryDigest(REGISTRY_AUTH, repository('login'), 'v1', LOGIN)).toBe(digest);
    expect(await docker.pull(remote, { credentials: LOGIN })).toMatchObject({ digest });
    if (ENGINE.isPodman) return;
    expect((await docker.inspectDistribution(remote, { credentials: LOGIN })).Descriptor.digest).toBe(digest);
  });

  // The header's base64url ends with no "=", one or two. Without the padding, engines would ignore the credentials.
  // All three spellings of the address mean the same registry, also to engines that compare it.
  const spellings = ['', 'http://', 'https://'].map((scheme) => `${scheme}${REGISTRY_AUTH}`);
  it.each(spellings)('accepts credentials of any length: the address as %s', async (serverAddress) => {
    const credentials = { ...LOGIN, serverAddress };
    expect(await docker.push(remote, { credentials })).toMatchObject({ digest });
    expect(await docker.pull(remote, { credentials })).toMatchObject({ digest });
  });
  it('was tested with all three lengths', () => {
    const lengths = spellings.map((serveraddress) => JSON.stringify({ ...LOGIN, serveraddress }).length % 3);
    expect(lengths.sort()).toEqual([0, 1, 2]);
  });

  it('accepts the credentials of the client, as a Secret, or from a function of the registry', async () => {
    const asked: string[] = [];
    const source: CredentialSource = async (registry) => {
      asked.push(registry);
      return registry === REGISTRY_AUTH ? LOGIN : 'anonymous';
    };
    const secret: Credentials = { username: LOGIN.username, password: new Secret(LOGIN.password) };
    for (const credentials of [LOGIN, secret, source]) {
      await using client = connect({ credentials });
      expect(await client.pull(remote)).toMatchObject({ digest });
    }
    expect(asked).toEqual([REGISTRY_AUTH]);
  });

  // Its log then says "Host doesn't match". Docker's own store and Podman do not look at the address.
  it('does not receive the credentials of another address from the containerd store', async () => {
    const statusWith = async (serveraddress: string): Promise<string> => {
      const field = Buffer.from(JSON.stringify({ ...LOGIN, serveraddress })).toString('base64');
      const headers = { 'X-Registry-Auth': field.replaceAll('+', '-').replaceAll('/', '_') };
      const [fromImage, tag] = [remote.slice(0, remote.lastIndexOf(':')), 'v1'];
      const answer = await docker.request({ method: 'POST', path: '/images/create', query: { fromImage, tag }, headers });
      const words = (await collect(answer.body)).toString();
      return answer.status === 200 && !/"error/.test(words) ? 'pulled' : 'refused';
    };
    expect(await statusWith(REGISTRY_AUTH)).toBe('pulled');
    expect(await statusWith('registry.example')).toBe(ENGINE.isContainerd ? 'refused' : 'pulled');
  });

  const wrong = { username: LOGIN.username, password: `${LOGIN.password}x` };
  const refusals = [
    ['no credentials', 'anonymous'],
    ['a wrong password', wrong],
  ] as const;
  // A wrong password is a 401 only in Docker's inspectDistribution and in a pull by Podman 5. Otherwise engines send
  // 500, or 200 and then an error, so the message decides.
  // covers: complaint api-16
  it.each(refusals)('rejects %s', async (_, credentials) => {
    const calls = {
      push: failure(docker.push(remote, { credentials })),
      pull: failure(docker.pull(remote, { credentials })),
      ...(!ENGINE.isPodman && { inspectDistribution: failure(docker.inspectDistribution(remote, { credentials })) }),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await call;
      expect(error, name).toBeInstanceOf(UnauthorizedError);
      expect(error, name).toMatchObject({ reason: 'auth' });
      expect(String(error), name).not.toContain(wrong.password);
    }
  });
});
