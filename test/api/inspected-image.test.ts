// Removals on Podman, which shows a manifest list as the image in it that is for its own platform, and removes that image in
// place of a name of the list (seen on 4.3, 5.4 and 6.1: the DELETE of the second name of a list answered
// `[{"Deleted":<the image in the list>},{"Untagged":"localhost/member:1"}]`, and the list kept both of its names).

import { afterEach, describe, expect, it } from 'vitest';
import { ConflictError } from '../../src/errors.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';

const ID = `sha256:${'7f'.repeat(32)}`;
const DIGEST = `sha256:${'de'.repeat(32)}`;

let engine: FakeEngine;
let client: ImageClient;
afterEach(async () => {
  client.close();
  await engine.close();
});

interface Shown {
  readonly Id?: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
}
/** An engine that shows that image for any name; undefined: it does not let itself be asked. */
async function start(shown: Shown | undefined, server = 'Libpod/6.1.1 (linux)', status = 403): Promise<void> {
  engine = await fakeEngine(({ method }, response) => {
    if (method === 'DELETE') return [{ Untagged: 'x:1' }];
    if (shown === undefined) response.statusCode = status;
    return shown === undefined ? { message: 'no' } : { Id: ID, RepoTags: [], RepoDigests: [], ...shown };
  }, '1.41', { Server: server });
  client = new ImageClient({ host: engine.host });
}
const methods = (): string[] => engine.asked.map(({ method }) => method);
const MEMBER = { RepoTags: ['localhost/member:1'], RepoDigests: [`localhost/member@${DIGEST}`] };

describe('a removal on Podman', () => {
  it.each<[string, Shown]>([
    ['localhost/list:1', MEMBER],
    ['list:1', MEMBER],
    ['localhost/member', MEMBER], // the list of another tag
    ['localhost/member:10', MEMBER],
    ['localhost/list:1', { RepoTags: [] }],
    ['localhost/list:1', { RepoTags: null, RepoDigests: null }],
    [`localhost/list@sha256:${'20'.repeat(32)}`, MEMBER],
    ['app:1', { RepoTags: ['quay.io/acme/app:1'] }],
    ['quay.io/acme/app:1', { RepoTags: ['localhost/acme/app:1'] }],
    ['7e7e7e7e7e7e', MEMBER],
  ])('of %s is a ConflictError, and nothing is removed, if an inspect shows %j', async (name, shown) => {
    await start(shown);
    for (const options of [{}, { force: true }]) {
      const error = await client.removeImage(name, options).then(undefined, (reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConflictError);
      expect((error as Error).message).toMatch(/manifest list.*podman untag/);
      expect((error as Error).message).toContain(name);
    }
    expect(methods()).toEqual(['GET', 'GET']);
  });

  it.each<[string, Shown]>([
    ['localhost/member:1', MEMBER],
    ['member:1', MEMBER], // Podman finds it under localhost
    ['alpine', { RepoTags: ['docker.io/library/alpine:latest'] }],
    ['docker.io/alpine', { RepoTags: ['docker.io/library/alpine:latest'] }],
    ['index.docker.io/acme/x:1', { RepoTags: ['docker.io/acme/x:1'] }],
    ['acme/x:1', { RepoTags: ['quay.io/other:1', 'quay.io/acme/x:1'] }],
    ['127.0.0.1:5000/a/b:1', { RepoTags: ['127.0.0.1:5000/a/b:1'] }],
    [`localhost/member@${DIGEST}`, MEMBER],
    [`localhost/member:1@${DIGEST}`, MEMBER],
    [`127.0.0.1:5000/a@${DIGEST}`, { RepoTags: [`127.0.0.1:5000/a@${DIGEST}`], RepoDigests: [] }],
    [ID.slice('sha256:'.length), {}],
    [ID.slice('sha256:'.length, 19), {}],
  ])('of %s removes it if an inspect shows %j', async (name, shown) => {
    await start(shown);
    expect(await client.removeImage(name)).toEqual([{ Untagged: 'x:1' }]);
    expect(methods()).toEqual(['GET', 'DELETE']);
  });

  it('of a full ID makes no query, because lists have no ID', async () => {
    await start(MEMBER);
    expect(await client.removeImage(ID)).toEqual([{ Untagged: 'x:1' }]);
    expect(methods()).toEqual(['DELETE']);
  });

  it.each([403, 404, 500])('continues if the query is answered with %d', async (status) => {
    await start(undefined, 'Libpod/4.3.1 (linux)', status);
    expect(await client.removeImage('localhost/list:1')).toEqual([{ Untagged: 'x:1' }]);
  });
});

it('makes no query on Docker', async () => {
  await start(MEMBER, 'Docker/28.5.2 (linux)');
  expect(await client.removeImage('localhost/list:1')).toEqual([{ Untagged: 'x:1' }]);
  expect(methods()).toEqual(['DELETE']);
});
