import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArgumentError, ConfigError, InvalidReferenceError } from '../../src/errors.ts';
import { VERSION } from '../../src/connection/package-version.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { wireNames } from '../support/wires.ts';

describe.each(wireNames)('over the wire %s', (wire) => {
  let engine: FakeEngine;
  let client: ImageClient;
  let reply: unknown;
  beforeEach(async () => {
    reply = [];
    engine = await fakeEngine((asked, response) => {
      if (asked.target.includes('/tag?')) response.statusCode = 201;
      return JSON.stringify(reply);
    }, '1.55');
    client = new ImageClient({ wire, host: engine.host });
  });
  afterEach(async () => {
    client.close();
    await engine.close();
  });

  const sent = (): string[] => engine.asked.map(({ method, target }) => `${method} ${decodeURIComponent(target.replaceAll('+', ' '))}`);
  const id = `sha256:${'0'.repeat(64)}`;

  /** The last messages of a pull, and of the push of a tag. */
  const pulled = { status: 'Status: Downloaded newer image for x' };
  const pushed = { status: `1: digest: ${id} size: 5` };

  /** The query after a pull with a platform, which checks the platform of the image. */
  const LOOK = 'GET /v1.55/images/docker.io/library/a:latest/json';

  describe('a call sends', () => {
    // the call, the request; a name, a tag and a digest as the docker command sends them
    it.each<[string, (c: ImageClient) => PromiseLike<unknown>, string, unknown?]>([
      // covers: complaint py-28
      ['images by name', (c) => c.images({ name: 'a/*', filters: { dangling: true } }), 'GET /v1.55/images/json?filters={"dangling":["true"],"reference":["a/*"]}'],
      ['inspect by id', (c) => c.inspectImage(id), `GET /v1.55/images/${id}/json`, { Id: id }],
      ['inspect of a platform', (c) => c.inspectImage('a', { platform: 'linux/arm64' }), 'GET /v1.55/images/a/json?platform={"architecture":"arm64","os":"linux"}', { Id: id }],
      ['disk usage', (c) => c.diskUsage(), 'GET /v1.55/system/df?type=image', { Images: [] }],
      ['disk usage of each', (c) => c.diskUsage({ verbose: true }), 'GET /v1.55/system/df?type=image&verbose=1', { Images: [] }],
      ['history', (c) => c.history('host:5000/a/b@' + id), `GET /v1.55/images/host:5000/a/b@${id}/history`],
      ['tag without a tag', (c) => c.tag('a', 'b'), 'POST /v1.55/images/a/tag?repo=docker.io/library/b&tag=latest'],
      ['tag with the tag inside', (c) => c.tag('a', 'h:1/b:2'), 'POST /v1.55/images/a/tag?repo=h:1/b&tag=2'],
      ['tag with the tag beside', (c) => c.tag('a', 'h:1/b', { tag: '2' }), 'POST /v1.55/images/a/tag?repo=h:1/b&tag=2'],
      ['remove', (c) => c.removeImage('a:1', { force: true, noprune: false }), 'DELETE /v1.55/images/a:1?force=1'],
      ['prune', (c) => c.pruneImages({ filters: { dangling: false } }), 'POST /v1.55/images/prune?filters={"dangling":["false"]}', { SpaceReclaimed: 0 }],
      ['search', (c) => c.search('x', { limit: 5 }), 'GET /v1.55/images/search?term=x&limit=5'],
      ['distribution', (c) => c.inspectDistribution('alpine'), 'GET /v1.55/distribution/docker.io/library/alpine/json', { Descriptor: { digest: id } }],
      // covers: complaint py-21
      ['pull without a tag', (c) => c.pull('alpine'), 'POST /v1.55/images/create?fromImage=docker.io/library/alpine&tag=latest', pulled],
      ['pull by digest', (c) => c.pull(`a@${id}`), `POST /v1.55/images/create?fromImage=docker.io/library/a&tag=${id}`, pulled],
      // covers: complaint py-23
      ['pull by tag and digest', (c) => c.pull(`a:1@${id}`), `POST /v1.55/images/create?fromImage=docker.io/library/a&tag=${id}`, pulled],
      ['pull of all tags', (c) => c.pull('h:1/a', { allTags: true }), 'POST /v1.55/images/create?fromImage=h:1/a', pulled],
      ['pull of a platform', (c) => c.pull('a', { platform: 'linux/arm/v7' }), 'POST /v1.55/images/create?fromImage=docker.io/library/a&tag=latest&platform=linux/arm/v7', { ...pulled, Id: id, Os: 'linux', Architecture: 'arm', Variant: 'v7' }],
      // covers: complaint py-22
      ['push without a tag', (c) => c.push('h:1/a'), 'POST /v1.55/images/h:1/a/push?tag=latest', { aux: { Digest: id } }],
      ['push of all tags', (c) => c.push('h:1/a', { allTags: true }), 'POST /v1.55/images/h:1/a/push', pushed],
      // covers: complaint py-16
      ['load', (c) => c.loadImage(Buffer.from('x')), 'POST /v1.55/images/load?quiet=0', { stream: 'Loaded image: a:1' }],
      ['load, quiet', (c) => c.loadImage(new Blob(['x']), { quiet: true }), 'POST /v1.55/images/load?quiet=1', { stream: 'Loaded image: a:1' }],
      ['import', (c) => c.importImageFromData(Buffer.from('x'), { repository: 'h:1/a', tag: '2', message: 'm', changes: ['ENV a=b'] }), 'POST /v1.55/images/create?fromSrc=-&repo=h:1/a:2&message=m&changes=ENV a=b', { status: id }],
      ['import from a URL', (c) => c.importImage('http://h/x.tar'), 'POST /v1.55/images/create?fromSrc=http://h/x.tar', { status: id }],
      ['import from an image', (c) => c.importImage({ image: 'a:1' }), 'POST /v1.55/images/create?fromImage=docker.io/library/a&tag=1', pulled],
    ])('%s', async (_, call, wire, body = []) => {
      reply = body;
      await call(client);
      expect(sent().filter((line) => line !== LOOK)).toEqual([wire]);
    });

    it('a tar with its media type, byte for byte', async () => {
      reply = { status: id };
      await client.importImageFromData(Buffer.from('tar'));
      expect(engine.asked[0]?.headers).toMatchObject({ 'content-type': 'application/x-tar', 'content-length': '3' });
      expect(engine.asked[0]?.body.toString()).toBe('tar');
    });
  });

  describe('a list that an engine leaves out or sends as null', () => {
    // covers: complaint api-14
    it('is an empty list', async () => {
      reply = null;
      expect(await client.history('a')).toEqual([]);
      expect(await client.images()).toEqual([]);
      reply = [{ Id: id, RepoTags: null }];
      expect((await client.images())[0]).toMatchObject({ RepoTags: [], RepoDigests: [] });
      expect(await client.images({ quiet: true })).toEqual([id]);
      reply = { ImagesDeleted: null, SpaceReclaimed: 0 };
      expect(await client.pruneImages()).toEqual({ ImagesDeleted: [], SpaceReclaimed: 0 });
    });
  });

  describe('the filters of a caller', () => {
    // covers: complaint py-29
    it('are not changed', async () => {
      const filters = Object.freeze({ reference: Object.freeze(['a']) as readonly string[] });
      await client.images({ name: 'b', filters });
      expect(sent()).toEqual(['GET /v1.55/images/json?filters={"reference":["a","b"]}']);
    });
  });

  describe('a wrong argument is refused before anything is sent', () => {
    const calls: Array<[string, (c: ImageClient) => unknown, new (...args: never[]) => Error]> = [
      ['a path out of the endpoint', (c) => c.inspectImage('../containers/json'), InvalidReferenceError],
      ['a path out of the endpoint, encoded', (c) => c.removeImage('%2e%2e/containers/x'), InvalidReferenceError],
      ['an empty name', (c) => c.inspectImage(''), InvalidReferenceError],
      ['a query in a name', (c) => c.history('a?x=1'), InvalidReferenceError],
      ['a fragment in a name', (c) => c.tag('a#b', 'c'), InvalidReferenceError],
      ['a line end in a name', (c) => c.inspectImage('a\r\nX: y'), InvalidReferenceError],
      ['a name that is none', (c) => c.inspectImage(undefined as unknown as string), InvalidReferenceError],
      ['two tags', (c) => c.pull('a:1', { tag: '2' }), ArgumentError],
      ['a tag and all tags', (c) => c.pull('a:1', { allTags: true }), ArgumentError],
      ['a tag and all tags at push', (c) => c.push('a', { tag: '1', allTags: true }), ArgumentError],
      ['a digest at push', (c) => c.push(`a@${id}`), InvalidReferenceError],
      ['a digest as the new name', (c) => c.tag('a', `b@${id}`), InvalidReferenceError],
      ['an unknown option', (c) => c.images({ al: true } as object), ArgumentError],
      // covers: complaint js-13
      ['an unknown option of pull', (c) => c.pull('a', { authconfig: {} } as object), ArgumentError],
      ['an option that would be dropped', (c) => c.importImageFromImage('a', { changes: ['CMD x'] } as object), ArgumentError],
      ['manifests with platform', (c) => c.inspectImage('a', { manifests: true, platform: 'linux/amd64' }), ArgumentError],
      // covers: complaint api-13
      ['no image to save', (c) => c.getImage([]), ArgumentError],
      ['a platform that is none', (c) => c.pull('a', { platform: '?' }), ArgumentError],
      ['changes that are not a list', (c) => c.importImageFromData(Buffer.of(1), { changes: 'CMD x' as never }), ArgumentError],
      ['an empty search', (c) => c.search(''), ArgumentError],
      ['a tag without a repository', (c) => c.importImageFromData(Buffer.of(1), { tag: '1' }), ArgumentError],
      ['an empty list of platforms to remove', (c) => c.removeImage('a', { platforms: [] }), ArgumentError],
      ['text as data', (c) => c.loadImage('x.tar' as unknown as Uint8Array), ArgumentError],
      ['a URL that is none', (c) => c.importImageFromUrl('x.tar'), ArgumentError],
      ['a stream that is none', (c) => c.importImageFromStream(Buffer.of(1) as never), ArgumentError],
      ['a time limit that is not a number', (c) => c.images({ timeouts: { headMs: Number.NaN } }), ArgumentError],
      ['a limit of time that is none of ours', (c) => c.images({ timeouts: { timeout: 5 } as object }), ArgumentError],
      ['a chunk size of nothing', (c) => c.getImage('a', { chunkSize: 0 }), ArgumentError],
    ];
    it.each(calls)('%s', async (_, call, Class) => {
      // Those that return a promise reject; those that return a stream throw at the call.
      await expect((async () => call(client))()).rejects.toBeInstanceOf(Class);
      expect(sent()).toEqual([]);
    });
  });

  describe('the User-Agent', () => {
    it('begins with longshore, also if the caller appends to it', async () => {
      const named = new ImageClient({ host: engine.host, userAgent: 'my-app/1.2 (test)' });
      for (const each of [client, named]) await each.images();
      named.close();
      expect(engine.asked.map(({ headers }) => headers['user-agent'])).toEqual([`longshore/${VERSION}`, `longshore/${VERSION} my-app/1.2 (test)`]);
    });

    it.each(['', 'a\r\nX-B: c', 5])('cannot be extended by %j', (userAgent) => {
      expect(() => new ImageClient({ host: engine.host, userAgent: userAgent as string })).toThrow(/userAgent must be products such as "my-app\/1.2"/);
    });
  });

  describe('making a client', () => {
    it.each<[string, object, new (...args: never[]) => Error]>([
      ['without a host', {}, ArgumentError],
      // covers: complaint js-32
      ['with both', { host: 'unix:///x', dialer: { address: 'x', dial: () => {} } }, ArgumentError],
      ['with a host of unknown scheme', { host: 'ftp://x' }, ConfigError],
      ['with an option that there is not', { host: 'unix:///x', socketPath: '/x' }, ArgumentError],
      ['with a wire that there is not', { host: 'unix:///x', wire: 'undici' }, ArgumentError],
      ['with a version that we do not speak', { host: 'unix:///x', version: '1.2' }, ConfigError],
    ])('%s is refused', (_, options, Class) => {
      expect(() => new ImageClient(options)).toThrow(Class);
    });

    it('does no I/O', () => {
      new ImageClient({ host: 'unix:///nowhere.sock' }).close();
    });
  });

  describe('exists()', () => {
    it('is true for an image and false for none, and throws any other error', async () => {
      reply = { Id: id };
      expect(await client.exists('a')).toBe(true);
      const absent = await fakeEngine((asked, response) => {
        response.statusCode = asked.target.includes('broken') ? 500 : 404;
        return { message: asked.target.includes('broken') ? 'out of order' : 'No such image' };
      });
      const other = new ImageClient({ wire, host: absent.host });
      expect(await other.exists('a')).toBe(false);
      await expect(other.exists('broken')).rejects.toMatchObject({ status: 500 });
      other.close();
      await absent.close();
    });
  });

  describe('request()', () => {
    it('resolves with any final status, its headers and its body', async () => {
      const { status, headers, body } = await client.request({ path: '/x', query: { a: ['1', '2'], b: true }, headers: { 'X-Test': 'y' } });
      const text = [];
      for await (const chunk of body) text.push(Buffer.from(chunk).toString());
      expect([status, text.join('')]).toEqual([200, '[]']);
      expect([...headers.entries()].map(([name]) => name)).toContain('date');
      expect(sent()).toEqual(['GET /v1.55/x?a=1&a=2&b=true']);
      expect(engine.asked[0]?.headers['x-test']).toBe('y');
    });

    it('sends a body, and no version with versioned: false', async () => {
      const { body } = await client.request({ method: 'POST', path: '/y', versioned: false, body: Buffer.from('hi') });
      await body.return?.();
      expect(sent()).toEqual(['POST /y']);
      expect(engine.asked[0]?.body.toString()).toBe('hi');
    });

    it.each(['Content-Length', 'transfer-encoding', 'Host', 'Connection'])('refuses the header %s', async (name) => {
      await expect(client.request({ path: '/x', headers: { [name]: '1' } })).rejects.toBeInstanceOf(ArgumentError);
    });
  });
});
