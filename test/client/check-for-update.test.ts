// checkForUpdate against an engine whose images and registry are written here. The forms of RepoDigests are those of Docker 20.10 and
// 28.5 with both stores; test/live/registry.test.ts does the same with engines.

import { afterEach, describe, expect, it } from 'vitest';
import { ApiError, ImageClient, InvalidReferenceError, NotFoundError, VersionError } from '../../src/index.ts';
import type { RegistryOptions, UpdateCheck } from '../../src/index.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const [OURS, INDEX, PLATFORM, OTHER] = ['a', 'b', 'c', 'd'].map(digest) as [string, string, string, string];

interface Image {
  readonly RepoDigests: readonly string[];
  readonly RepoTags?: readonly string[];
  readonly Identity?: object;
}

let engine: FakeEngine | undefined;
afterEach(() => engine?.close());

/** Checks a name against an engine with that image, whose registry has that digest, or answers with that status and message. */
async function check(
  name: string,
  image: Image | undefined,
  registry: string | readonly [number, string],
  options?: RegistryOptions & { readonly server?: string },
): Promise<UpdateCheck> {
  const { server, ...ofCall } = options ?? {};
  engine = await fakeEngine(({ target }, response) => {
    if (!target.includes('/distribution/')) {
      if (image !== undefined) return { Id: OURS, RepoTags: [], ...image };
      return void response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"message":"No such image: a:latest"}');
    }
    if (typeof registry === 'string') return { Descriptor: { digest: registry, size: 1, mediaType: 'x' }, Platforms: [] };
    return void response.writeHead(registry[0], { 'Content-Type': 'application/json' }).end(JSON.stringify({ message: registry[1] }));
  }, '1.41', { Server: server ?? 'Docker/20.10.24 (linux)' });
  const client = new ImageClient({ host: engine.host });
  try {
    return await client.checkForUpdate(name, ofCall);
  } finally {
    client.close();
  }
}
const failureOf = (call: Promise<unknown>): Promise<any> => call.then((value) => expect.fail(JSON.stringify(value)), (error: unknown) => error);
const targets = (): string[] => engine?.asked.map(({ target }) => target.replace(/^\/v1\.41/, '')) ?? [];

describe('checkForUpdate', () => {
  it.each<[string, string, Image, string, UpdateCheck]>([
    ['the same digest', 'alpine:3.20', { RepoDigests: [`alpine@${INDEX}`] }, INDEX, { isCurrent: true, localDigest: INDEX, remoteDigest: INDEX }],
    ['another digest', 'alpine:3.20', { RepoDigests: [`alpine@${INDEX}`] }, OTHER, { isCurrent: false, localDigest: INDEX, remoteDigest: OTHER }],
    ['the full name of the Docker Hub', 'docker.io/library/alpine', { RepoDigests: [`alpine@${INDEX}`] }, INDEX, { isCurrent: true, localDigest: INDEX, remoteDigest: INDEX }],
    ['the digest of the index among several', 'r.example/app:1', { RepoDigests: [`r.example/app@${PLATFORM}`, `r.example/app@${INDEX}`] }, INDEX,
      { isCurrent: true, localDigest: INDEX, remoteDigest: INDEX }],
    ['none of several digests', 'r.example/app:1', { RepoDigests: [`r.example/app@${PLATFORM}`, `r.example/app@${INDEX}`] }, OTHER,
      { isCurrent: false, localDigest: PLATFORM, remoteDigest: OTHER }],
    ['digests of other repositories, too', 'r.example/app:1', { RepoDigests: [`mirror.example/app@${OTHER}`, `r.example/app@${INDEX}`] }, OTHER,
      { isCurrent: false, localDigest: INDEX, remoteDigest: OTHER }],
  ])('with %s', async (_, name, image, registry, expected) => {
    expect(await check(name, image, registry)).toEqual(expected);
  });

  it.each<[string, string, Image, string | undefined]>([
    ['an image that was built here', 'demo/app:1', { RepoDigests: [] }, undefined],
    ['an image that has digests of other repositories only', 'demo/app:1', { RepoDigests: [`alpine@${INDEX}`] }, undefined],
    ['a name with a digest', `alpine@${PLATFORM}`, { RepoDigests: [`alpine@${PLATFORM}`] }, PLATFORM],
    ['a name with a tag and a digest', `alpine:3.20@${PLATFORM}`, { RepoDigests: [`alpine@${PLATFORM}`] }, PLATFORM],
    // Docker 29 with the containerd store: API 1.53 says that it was built here, and that it was not pulled.
    ['an image that has a digest only because of its store', 'demo/app:1', { RepoDigests: [`demo/app@${OURS}`], Identity: { Build: [{ Ref: 'x' }] } }, undefined],
  ])('does not ask the registry about %s', async (_, name, image, localDigest) => {
    expect(await check(name, image, OTHER)).toEqual({ isCurrent: undefined, localDigest, remoteDigest: undefined });
    expect(targets()).toHaveLength(1);
  });

  it('is undefined if the registry does not have the name', async () => {
    const found = await check('demo/app:1', { RepoDigests: [`demo/app@${INDEX}`] }, [404, 'manifest unknown: manifest unknown']);
    expect(found).toEqual({ isCurrent: undefined, localDigest: INDEX, remoteDigest: undefined });
  });

  it('asks for the complete name, with the credentials of the call', async () => {
    const credentials = { username: 'ada', password: 'secretpw' };
    await check('alpine', { RepoDigests: [`alpine@${INDEX}`] }, INDEX, { credentials });
    expect(targets()).toEqual(['/images/docker.io/library/alpine:latest/json', '/distribution/docker.io/library/alpine:latest/json']);
    const [inspecting, asking] = engine?.asked.map(({ headers }) => headers['x-registry-auth']) ?? [];
    expect(inspecting).toBeUndefined();
    expect(JSON.parse(Buffer.from(String(asking), 'base64url').toString())).toMatchObject({ username: 'ada' });
  });

  it('rejects with a NotFoundError if the engine does not have the image', async () => {
    expect(await failureOf(check('a', undefined, OTHER))).toBeInstanceOf(NotFoundError);
    expect(targets()).toHaveLength(1);
  });

  it.each([
    ['cannot be reached', [500, 'Get "http://r.example/v2/": dial tcp 10.0.0.1:80: connect: connection refused'], { reason: 'network' }],
    ['wants a login', [401, 'unauthorized: authentication required'], { reason: 'auth' }],
    ['is asked through an engine without that endpoint', [404, 'page not found'], { reason: undefined }],
  ] as const)('rejects if the registry %s', async (_, registry, fields) => {
    const error = await failureOf(check('r.example/a:1', { RepoDigests: [`r.example/a@${INDEX}`] }, registry));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject(fields);
  });

  it('on Podman, is a VersionError that says so, before anything is sent', async () => {
    const error = await failureOf(check('alpine', { RepoDigests: [] }, OTHER, { server: 'Libpod/6.1.0 (linux)' }));
    expect(error).toBeInstanceOf(VersionError);
    expect(error).toMatchObject({ subject: 'checkForUpdate', needed: 'Docker', spoken: 'Podman' });
    expect(error.message).toMatch(/^cannot check for an update: .*Podman.*skopeo inspect/);
    expect(targets()).toEqual([]);
  });

  it.each([digest('0'), '0'.repeat(64), '0123456789ab'])('refuses the image ID %s, which no registry knows', async (id) => {
    expect(await failureOf(check(id, { RepoDigests: [] }, OTHER))).toBeInstanceOf(InvalidReferenceError);
    expect(targets()).toEqual([]);
  });
});
