// Images between the engine and a registry: pushed, looked at from afar, pulled; with a login and without.

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
  LOGIN,
  REGISTRY,
  REGISTRY_AUTH,
  cleanUp,
  connect,
  failure,
  makeImage,
  registryDigest,
  repository,
} from './support.ts';

const docker = connect();
afterAll(() => cleanUp(docker));

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** An image whose name says that it belongs to a registry; not there yet. */
async function makeFor(
  registry: string,
  what: string,
  tag = 'v1',
): Promise<{ name: string; remote: string; id: string }> {
  const { name, id } = await makeImage(docker, what, tag);
  const remote = `${registry}/${name}`;
  await docker.tag(name, remote);
  return { name, remote, id };
}

/** A port on which nobody listens. */
async function deadRegistry(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

const layers = (events: readonly ProgressEvent[]): LayerEvent[] => events.filter((event) => event.type === 'layer');

describe('push', () => {
  it('gives the digest that the registry then has, and its size', async () => {
    const { remote } = await makeFor(REGISTRY, 'push');
    const pushed = await docker.push(remote);
    expect(pushed.reference).toBe(remote);
    expect(pushed.digest).toMatch(DIGEST);
    expect(pushed.size).toBeGreaterThan(100);
    expect(await registryDigest(REGISTRY, repository('push'), 'v1')).toBe(pushed.digest);
    expect((await docker.inspectDistribution(remote)).Descriptor.digest).toBe(pushed.digest);
    expect((await docker.inspectImage(remote)).RepoDigests).toEqual([
      `${REGISTRY}/${repository('push')}@${pushed.digest}`,
    ]);
  });

  it('pushes latest where no tag is named, and nothing else', async () => {
    const { remote, name } = await makeFor(REGISTRY, 'push-latest', 'other');
    const bare = `${REGISTRY}/${repository('push-latest')}`;
    await docker.tag(name, bare);
    expect((await docker.push(bare)).reference).toBe(`${bare}:latest`);
    expect(await docker.inspectDistribution(bare)).toBeDefined();
    expect(await failure(docker.inspectDistribution(remote))).toBeInstanceOf(NotFoundError);
  });

  it('pushes every tag with allTags', async () => {
    const one = await makeFor(REGISTRY, 'push-all', 'one');
    const two = await makeFor(REGISTRY, 'push-all', 'two');
    const pushed = await docker.push(`${REGISTRY}/${repository('push-all')}`, { allTags: true });
    expect(pushed).toMatchObject({ digest: undefined, size: undefined });
    for (const { remote } of [one, two])
      expect((await docker.inspectDistribution(remote)).Descriptor.digest).toMatch(DIGEST);
  });

  it('reports each layer on the way', async () => {
    const { remote } = await makeFor(REGISTRY, 'push-events');
    const stream = docker.push(remote);
    const events: ProgressEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(events.find((event) => event.type === 'headline')).toBeDefined();
    expect(layers(events).map((event) => event.status)).toContain('Pushed');
    expect((await stream.result()).digest).toMatch(DIGEST);
  });

  it('is a NotFoundError inside the stream for an image that is not there', async () => {
    const error = await failure(docker.push(`${REGISTRY}/${repository('nothing')}:v1`));
    expect(error).toBeInstanceOf(NotFoundError);
    // Engines begin the stream before they look.
    expect(error).toMatchObject({ inStream: true, status: 200, reason: 'not-found' });
  });

  it('refuses a digest, and allTags beside a tag, before anything is sent', () => {
    expect(() => docker.push(`${REGISTRY}/x@sha256:${'0'.repeat(64)}`)).toThrow(InvalidReferenceError);
    expect(() => docker.push(`${REGISTRY}/x:v1`, { allTags: true })).toThrow(ArgumentError);
  });
});

describe('inspectDistribution', () => {
  it('tells the digest and the platforms, though the engine does not have the image', async () => {
    const { remote, id } = await makeFor(REGISTRY, 'distribution');
    const { digest } = await docker.push(remote);
    const { Arch: architecture } = await docker.version();
    await docker.removeImage(id, { force: true });
    const found = await docker.inspectDistribution(remote);
    expect(found.Descriptor).toMatchObject({
      digest,
      mediaType: expect.stringContaining('manifest'),
      size: expect.any(Number),
    });
    expect(found.Platforms).toContainEqual(expect.objectContaining({ os: 'linux', architecture }));
    const byDigest = await docker.inspectDistribution(`${REGISTRY}/${repository('distribution')}@${digest}`);
    expect(byDigest.Descriptor.digest).toBe(digest);
  });

  it('is a NotFoundError for what the registry does not have', async () => {
    const error = await failure(docker.inspectDistribution(`${REGISTRY}/${repository('nothing')}:v1`));
    expect(error).toBeInstanceOf(NotFoundError);
  });
});

describe('pull', () => {
  it('fetches by tag, tells each layer, and then that it is up to date', async () => {
    const { remote, id } = await makeFor(REGISTRY, 'pull');
    const { digest } = await docker.push(remote);
    await docker.removeImage(id, { force: true });
    const stream = docker.pull(remote);
    const events: ProgressEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(await stream.result()).toEqual({ reference: remote, digest, status: 'downloaded', warnings: [] });
    expect(layers(events).map((event) => event.status)).toContain('Pull complete');
    expect(new Set(layers(events).map((event) => event.id)).size).toBe(1);
    expect((await docker.inspectImage(remote)).Id).toBe(id);
    expect(await docker.pull(remote)).toMatchObject({ digest, status: 'up-to-date' });
  });

  it('fetches latest where no tag is named, and nothing else', async () => {
    const other = await makeFor(REGISTRY, 'pull-latest', 'other');
    const latest = await makeFor(REGISTRY, 'pull-latest', 'latest');
    const bare = `${REGISTRY}/${repository('pull-latest')}`;
    await docker.push(bare, { allTags: true });
    for (const { id } of [other, latest]) await docker.removeImage(id, { force: true });
    expect(await docker.pull(bare)).toMatchObject({ reference: `${bare}:latest`, status: 'downloaded' });
    expect((await docker.images({ name: bare })).flatMap((image) => image.RepoTags)).toEqual([`${bare}:latest`]);
  });

  it('fetches by digest, in the reference or beside it', async () => {
    const { remote, id } = await makeFor(REGISTRY, 'pull-digest');
    const { digest = '' } = await docker.push(remote);
    const bare = `${REGISTRY}/${repository('pull-digest')}`;
    for (const again of [() => docker.pull(`${bare}@${digest}`), () => docker.pull(bare, { tag: digest })]) {
      await docker.removeImage(id, { force: true });
      expect(await again()).toMatchObject({ reference: `${bare}@${digest}`, digest });
      expect((await docker.inspectImage(`${bare}@${digest}`)).Id).toBe(id);
    }
  });

  it('fetches every tag with allTags', async () => {
    const bare = `${REGISTRY}/${repository('pull-all')}`;
    const made = [await makeFor(REGISTRY, 'pull-all', 'one'), await makeFor(REGISTRY, 'pull-all', 'two')];
    await docker.push(bare, { allTags: true });
    for (const { id } of made) await docker.removeImage(id, { force: true });
    await docker.pull(bare, { allTags: true });
    const tags = (await docker.images({ name: bare })).flatMap((image) => image.RepoTags);
    expect(tags.sort()).toEqual([`${bare}:one`, `${bare}:two`]);
  });

  it('is a NotFoundError for what the registry does not have', async () => {
    const error = await failure(docker.pull(`${REGISTRY}/${repository('nothing')}:v1`));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ reason: 'not-found' });
  });

  it('has the reason "network" where nobody listens', async () => {
    const registry = await deadRegistry();
    const error = await failure(docker.pull(`${registry}/${repository('nothing')}:v1`));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ reason: 'network' });
    expect((error as ApiError).daemonMessage).toContain(registry);
  });

  it('stops when its loop is left', async () => {
    const { remote } = await makeFor(REGISTRY, 'pull-break');
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
    remote = (await makeFor(REGISTRY_AUTH, 'login')).remote;
    digest = (await docker.push(remote, { credentials: LOGIN })).digest;
  });

  it('has what was pushed with the right password', async () => {
    expect(digest).toMatch(DIGEST);
    expect(await registryDigest(REGISTRY_AUTH, repository('login'), 'v1', LOGIN)).toBe(digest);
    expect((await docker.inspectDistribution(remote, { credentials: LOGIN })).Descriptor.digest).toBe(digest);
    expect(await docker.pull(remote, { credentials: LOGIN })).toMatchObject({ digest });
  });

  // The header's base64url has no "=" at its end, one, or two: engines read it as "nobody" where padding is missing.
  // All three spellings of the address mean the same registry, also to engines that compare it.
  const spellings = ['', 'http://', 'https://'].map((scheme) => `${scheme}${REGISTRY_AUTH}`);
  it.each(spellings)('takes credentials of any length: the address as %s', async (serverAddress) => {
    const credentials = { ...LOGIN, serverAddress };
    expect((await docker.inspectDistribution(remote, { credentials })).Descriptor.digest).toBe(digest);
    expect(await docker.push(remote, { credentials })).toMatchObject({ digest });
    expect(await docker.pull(remote, { credentials })).toMatchObject({ digest });
  });
  it('has tried all three lengths', () => {
    const lengths = spellings.map((serveraddress) => JSON.stringify({ ...LOGIN, serveraddress }).length % 3);
    expect(lengths.sort()).toEqual([0, 1, 2]);
  });

  it('takes the credentials of the client, as a Secret, or from a function that is told the registry', async () => {
    const asked: string[] = [];
    const source: CredentialSource = async (registry) => {
      asked.push(registry);
      return registry === REGISTRY_AUTH ? LOGIN : 'anonymous';
    };
    const secret: Credentials = { username: LOGIN.username, password: new Secret(LOGIN.password) };
    for (const credentials of [LOGIN, secret, source]) {
      await using client = connect({ credentials });
      expect((await client.inspectDistribution(remote)).Descriptor.digest).toBe(digest);
    }
    expect(asked).toEqual([REGISTRY_AUTH]);
  });

  const wrong = { username: LOGIN.username, password: `${LOGIN.password}x` };
  const refusals = [
    ['nobody', 'anonymous'],
    ['a wrong password', wrong],
  ] as const;
  // A wrong password is a 401 of inspectDistribution alone; elsewhere Docker says 500, or 200 and then the error, so
  // that its words have to tell.
  it.each(refusals)('refuses %s', async (_, credentials) => {
    const calls = {
      push: failure(docker.push(remote, { credentials })),
      pull: failure(docker.pull(remote, { credentials })),
      inspectDistribution: failure(docker.inspectDistribution(remote, { credentials })),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await call;
      expect(error, name).toBeInstanceOf(ApiError);
      expect(error, name).toMatchObject({ reason: 'auth' });
      expect(String(error), name).not.toContain(wrong.password);
    }
    expect(await calls.push).toBeInstanceOf(UnauthorizedError);
    expect(await calls.push).toMatchObject({ inStream: true });
    if (credentials === wrong) expect(await calls.inspectDistribution).toBeInstanceOf(UnauthorizedError);
  });
});
