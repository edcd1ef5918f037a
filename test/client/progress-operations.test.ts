import { afterEach, describe, expect, it } from 'vitest';
import { ApiError, ArgumentError, DecodeError, NotFoundError, VersionError } from '../../src/errors.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { Answering, FakeEngine } from '../support/fake-engine.ts';
import { wireNames } from '../support/wires.ts';

describe.each(wireNames)('over the wire %s', (wire) => {
  let engine: FakeEngine;
  let client: ImageClient;
  afterEach(async () => {
    client.close();
    await engine.close();
  });

  interface StartOptions {
    readonly podman?: boolean;
    readonly version?: string;
    readonly info?: object;
    readonly list?: object;
  }

  /** An engine with those images; the text is the response to a pull, push or import. */
  async function start(images: Record<string, object>, stream = '', options: StartOptions = {}): Promise<void> {
    const answering: Answering = ({ method, target }, response) => {
      if (method === 'POST') return stream;
      if (target.endsWith('/info')) return options.info ?? {};
      if (target.includes('/images/json?')) return options.list ?? [];
      const [, name = '', query = ''] = /^\/v1\.\d+\/images\/(.*)\/json(\?.*)?$/.exec(decodeURIComponent(target)) ?? [];
      const image = images[name + query];
      if (image === undefined) response.statusCode = 404;
      return image ?? { message: 'No such image' };
    };
    engine = await fakeEngine(answering, '1.51', options.podman ? { Server: 'Libpod/4.3.1 (linux)' } : {});
    client = new ImageClient({ wire, host: engine.host, ...(options.version ? { version: options.version } : {}) });
  }
  /** Podman's pull, as on its tapes: the last layer is the image's config, reported as complete twice. */
  const podmanPull = ['Pulling fs layer', 'Download complete', 'Download complete']
    .map((status) => JSON.stringify({ status, progressDetail: {}, id: '1'.repeat(12) }))
    .join('\n');
  const sent = (): string[] => engine.asked.map(({ method, target }) => `${method} ${target.split('?')[0]}`);
  const digest = `sha256:${'d'.repeat(64)}`;
  const local = { Id: `sha256:${'1'.repeat(64)}`, RepoTags: [], RepoDigests: [`other@sha256:${'0'.repeat(64)}`, `h:1/a@${digest}`], Os: 'linux', Architecture: 'amd64' };

  describe('a pull with the policy missing', () => {
    it('sends no pull if the engine has the image', async () => {
      await start({ 'h:1/a:1': local });
      expect(await client.pull('h:1/a:1', { policy: 'missing' })).toEqual({
        reference: 'h:1/a:1',
        digest,
        status: 'up-to-date',
        warnings: [],
      });
      expect(sent()).toEqual(['GET /v1.51/images/h:1/a:1/json']);
    });

    it('pulls an image that the engine does not have', async () => {
      await start({}, '{"status":"Status: Downloaded newer image for h:1/a:1"}');
      expect((await client.pull('h:1/a:1', { policy: 'missing' })).status).toBe('downloaded');
      expect(sent()).toEqual(['GET /v1.51/images/h:1/a:1/json', 'POST /v1.51/images/create']);
    });

    it.each([
      ['linux/amd64', false],
      ['linux/amd64/v1', false], // a missing variant means v1
      ['amd64', false],
      ['x86_64', false],
      ['linux/arm64', true],
      ['linux/amd64/v2', true],
      ['windows', true],
    ])('for platform %s pulls: %s', async (platform, pulls) => {
      await start({ 'h:1/a:1': local }, '{}');
      await client.pull('h:1/a:1', { policy: 'missing', platform }).then(undefined, () => {});
      expect(sent().includes('POST /v1.51/images/create')).toBe(pulls);
    });

    it('is rejected with allTags; an unknown policy is always rejected', async () => {
      await start({});
      expect(() => client.pull('a', { policy: 'missing', allTags: true })).toThrow(ArgumentError);
      expect(() => client.pull('a', { policy: 'newer' as 'missing' })).toThrow(ArgumentError);
    });
  });

  describe('a pull with the policy never', () => {
    const never = (platform?: string): Promise<unknown> => client.pull('h:1/a:1', { policy: 'never', platform }).then((result) => result, (error: unknown) => error);

    it('resolves if the engine has the image, and sends no pull', async () => {
      await start({ 'h:1/a:1': local });
      expect(await never('linux/amd64')).toEqual({ reference: 'h:1/a:1', digest, status: 'up-to-date', warnings: [] });
      expect(sent()).toEqual(['GET /v1.51/images/h:1/a:1/json']);
    });

    it.each([
      ['no such image', {}, undefined, { reason: 'not-found', status: 404 }],
      ['the image for another platform', { 'h:1/a:1': local }, 'linux/arm64', { reason: 'platform', status: 200 }],
    ])('rejects with a NotFoundError and a remedy if the engine has %s, and sends no pull', async (_, images, platform, fields) => {
      await start(images);
      const error = await never(platform);
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ ...fields, message: expect.stringMatching(/^no such image: the engine does not have h:1\/a:1.*policy "missing"/) });
      expect(sent().filter((request) => request.startsWith('POST'))).toEqual([]);
    });

    it('is rejected with allTags', async () => {
      await start({});
      expect(() => client.pull('a', { policy: 'never', allTags: true })).toThrow('policy: "never" cannot be combined with allTags');
    });
  });

  // Without an index, engines accept any image of the registry: 20.10, the containerd store and Podman without a warning.
  describe('a pull for a platform', () => {
    const pulled = '{"status":"Status: Downloaded newer image for h:1/a:1"}';
    const containerd = { DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] };

    // the image on the engine afterwards, the requested platform, whether they match
    it.each([
      ['linux/amd64', 'linux/amd64', true],
      ['linux/amd64', 'linux/arm64', false],
      ['linux/amd64', 'windows/amd64', false],
      ['linux/amd64', 'arm64', false],
      ['linux/amd64', 'amd64', true],
      ['linux/arm/v6', 'linux/arm/v7', true], // v7 runs v6
      ['linux/arm/v7', 'linux/arm/v6', false],
      ['linux/arm64/v8', 'linux/arm64', true],
      ['linux/arm64', 'linux/aarch64', true],
      ['linux/arm/v7', 'linux/armhf', true],
      ['linux/amd64/v3', 'linux/amd64', false],
      ['linux/s390x', 'linux/s390x', true],
      ['linux/', 'linux/s390x', true], // an old image has no architecture
    ])('that got %s for the requested %s is right: %s', async (is, platform, right) => {
      const [Os, Architecture, Variant] = is.split('/');
      await start({ 'h:1/a:1': { ...local, Os, Architecture, Variant } }, pulled);
      const pulling = client.pull('h:1/a:1', { platform });
      if (right) return void expect(await pulling).toMatchObject({ status: 'downloaded' });
      const error = await pulling.then(() => expect.unreachable(), (reason: unknown) => reason);
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ reason: 'platform', status: 200, inStream: true });
      expect((error as Error).message).toBe(`the engine pulled h:1/a:1 for ${is}: the registry has none for ${platform}`);
    });

    // A Helm chart or another artifact of OCI, as Docker 28.5 shows one that it has pulled into its containerd store.
    it('that got an artifact is an error', async () => {
      for (const info of [{}, containerd]) {
        await start({ 'h:1/a:1': { ...local, Os: '', Architecture: '', RootFS: {} } }, pulled, { info });
        const error = await client.pull('h:1/a:1', { platform: 'linux/arm64' }).then(() => expect.unreachable(), (reason: unknown) => reason);
        expect(error).toBeInstanceOf(ApiError);
        expect(error).toMatchObject({ reason: 'platform', status: 200 });
        expect((error as Error).message).toBe(
          'the engine pulled h:1/a:1, which is for no platform (an artifact, not an image): the registry has none for linux/arm64',
        );
        client.close();
        await engine.close();
      }
      await start({});
    });

    // Before API 1.49, the containerd store cannot be asked for a variant, and chooses the one that it shows.
    it('that got an artifact is an error although the engine cannot be asked for variants, and another variant is none', async () => {
      await start({ 'h:1/a:1': { ...local, Os: '', Architecture: '' }, 'h:1/a:2': local }, pulled, { info: containerd, version: '1.48' });
      const options = { platform: 'linux/arm64' };
      await expect(client.pull('h:1/a:1', options)).rejects.toMatchObject({ name: 'ApiError', reason: 'platform' });
      expect(await client.pull('h:1/a:2', options)).toMatchObject({ status: 'downloaded', warnings: [] });
    });

    it('is checked for every pulled tag and for no other', async () => {
      const stream = ['{"status":"Pulling from a","id":"1"}', '{"status":"Pulling from a","id":"2"}', pulled].join('\n');
      const arm = { ...local, Architecture: 'arm64' };
      await start({ 'h:1/a:1': arm, 'h:1/a:2': arm, 'h:1/a:old': local }, stream);
      await client.pull('h:1/a', { platform: 'linux/arm64', allTags: true });
      const failing = client.pull('h:1/a', { platform: 'linux/s390x', allTags: true });
      await expect(failing).rejects.toThrow('the engine pulled h:1/a:1 for linux/arm64: the registry has none for linux/s390x');
    });

    it('is right if the containerd store has the variant beside the one that it shows', async () => {
      const variant = 'h:1/a:1?platform={"architecture":"arm64","os":"linux"}';
      await start({ 'h:1/a:1': local, [variant]: { ...local, Architecture: 'arm64' } }, pulled, { info: containerd });
      expect(await client.pull('h:1/a:1', { platform: 'linux/arm64' })).toMatchObject({ status: 'downloaded' });
      await expect(client.pull('h:1/a:1', { platform: 'linux/s390x' })).rejects.toMatchObject({ reason: 'platform' });
    });
  });

  describe('on Podman, which reports less', () => {
    it('a pull of an index has the digest in the list of images, which is that of the index', async () => {
      const index = `sha256:${'e'.repeat(64)}`;
      const several = { ...local, RepoDigests: [`h:1/a@${digest}`, `h:1/a@${index}`] };
      await start({ 'h:1/a:1': several }, podmanPull, { podman: true, list: [{ Id: 'sha256:0', Digest: index }] });
      expect(await client.pull('h:1/a:1')).toMatchObject({ digest: index });
    });

    it('the result of a pull is made from the images before and after it', async () => {
      await start({ 'h:1/a:1': local }, podmanPull, { podman: true });
      expect(await client.pull('h:1/a:1')).toMatchObject({ digest, status: 'up-to-date' });
      const look = 'GET /v1.51/images/h:1/a:1/json';
      expect(sent()).toEqual([look, 'GET /v1.51/images/json', 'POST /v1.51/images/create', look]);
    });

    it('a pull of a present image with several digests has no digest', async () => {
      const made = { ...local, RepoDigests: [`h:1/a@sha256:${'0'.repeat(64)}`, `h:1/a@${digest}`] };
      const list = [{ Id: local.Id, Digest: `sha256:${'0'.repeat(64)}` }];
      await start({ 'h:1/a:1': made }, podmanPull, { podman: true, list });
      expect(await client.pull('h:1/a:1')).toMatchObject({ digest: undefined, status: 'up-to-date' });
    });

    it('an import whose name Podman ignored is an error', async () => {
      await start({ 'h:1/a:2': { ...local, Id: `sha256:${'2'.repeat(64)}` } }, `{"status":"${digest}"}`, { podman: true });
      const error = await client.importImageFromData(Buffer.of(1), { repository: 'h:1/a:2' }).then(
        () => expect.unreachable(),
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ApiError);
      expect((error as Error).message).toBe(`the engine imported ${digest}, but did not give it the name h:1/a:2`);
    });

    it('a removal of platforms is never sent, not even with a pinned version that has it', async () => {
      await start({}, '', { podman: true, version: '1.51' });
      engine.apiVersion = '1.41';
      await expect(client.removeImage('a', { platforms: ['linux/arm64'] })).rejects.toBeInstanceOf(VersionError);
      expect(sent()).toEqual([]);
    });

    it('a search without results is empty, although Podman answers 404', async () => {
      await start({}, '', { podman: true });
      expect(await client.search('h:1/nothing')).toEqual([]);
      client.close();
      await engine.close();
      await start({});
      await expect(client.search('h:1/nothing')).rejects.toMatchObject({ status: 404 });
    });

    // covers: complaint py-50
    it('inspectDistribution is refused', async () => {
      await start({}, '', { podman: true });
      await expect(client.inspectDistribution('a')).rejects.toMatchObject({ subject: 'inspectDistribution', spoken: 'Podman' });
      expect(sent()).toEqual([]);
    });
  });

  describe('what an engine supports', () => {
    /** An engine with that image store. */
    async function withStore(driverStatus: unknown): Promise<void> {
      engine = await fakeEngine(() => ({ DriverStatus: driverStatus }), '1.51');
      client = new ImageClient({ wire, host: engine.host });
    }
    const containerd = [['driver-type', 'io.containerd.snapshotter.v1']];

    // subject, on the containerd store, on another
    it.each([
      ['removeImage', true, true],
      ['removeImage.platforms', true, true],
      ['inspectImage.manifests', true, false],
      ['images.identity', false, false],
      ['imageAttestations', false, false],
    ])('%s: %s with the containerd store, %s with another', async (subject, withContainerd, withOther) => {
      await withStore(containerd);
      expect(await client.supports(subject)).toBe(withContainerd);
      client.close();
      await engine.close();
      await withStore([['Backing Filesystem', 'extfs']]);
      expect(await client.supports(subject)).toBe(withOther);
    });

    // Docker 29 with a graph driver sends 501.
    it('imageAttestations needs the containerd store', async () => {
      for (const [status, has] of [[containerd, true], [[['Backing Filesystem', 'extfs']], false]] as const) {
        engine = await fakeEngine(() => ({ DriverStatus: status }), '1.55');
        client = new ImageClient({ wire, host: engine.host });
        expect(await client.supports('imageAttestations')).toBe(has);
        if (has) await engine.close();
        if (has) client.close();
      }
    });

    it('images.sharedSize needs Docker: Podman 6.1, with API 1.44, reports 0 for every image', async () => {
      engine = await fakeEngine(() => [], '1.44', { Server: 'Libpod/6.1.1 (linux)' });
      client = new ImageClient({ wire, host: engine.host });
      await expect(client.images({ sharedSize: true })).rejects.toMatchObject({ subject: 'images.sharedSize', needed: 'Docker' });
    });

    it.each(['', 'nonsense', 'removeImage.nonsense', 'removeImage.force.x', '__proto__', 'constructor.name'])(
      'is refused for %j, which there is not',
      async (subject) => {
        await withStore(null);
        await expect(client.supports(subject)).rejects.toBeInstanceOf(ArgumentError);
      },
    );

    it('is queried once', async () => {
      await withStore(containerd);
      await Promise.all(['inspectImage.manifests', 'images.manifests'].map((subject) => client.supports(subject)));
      expect(engine.asked.map(({ target }) => target)).toEqual(['/v1.51/info']);
    });

    it('is checked before a call is sent', async () => {
      await withStore(null);
      await expect(client.inspectImage('a', { manifests: true })).rejects.toMatchObject({ spoken: 'graphdriver store' });
      expect(engine.asked.map(({ target }) => target)).toEqual(['/v1.51/info']);
    });
  });

  describe('events', () => {
    it('are those of images between two times, and end with the loop', async () => {
      let closed = false;
      engine = await fakeEngine((_, response) => {
        response.on('close', () => (closed = true));
        response.write('{"Type":"image","Action":"tag","Actor":{"ID":"a"},"time":1}\n{"Type":"image","Action":"del');
        return undefined;
      });
      client = new ImageClient({ wire, host: engine.host });
      for await (const event of client.events({ since: new Date(1500), until: 7, filters: { event: 'tag' } })) {
        expect(event.Action).toBe('tag');
        break;
      }
      expect(decodeURIComponent(engine.asked[0]?.target ?? '')).toBe(
        '/v1.41/events?since=1.5&until=7&filters={"event":["tag"],"type":["image"]}',
      );
      while (!closed) await new Promise((resolve) => setTimeout(resolve, 1));
    });

    // Podman stops reading its log at `until`; if that time is past, it stops before it begins.
    describe('on Podman', () => {
      const event = (action: string, time: number): string =>
        JSON.stringify({ Type: 'image', Action: action, status: action, Actor: { ID: 'a' }, time, timeNano: time * 1e9 });
      const query = (): URLSearchParams => new URLSearchParams(engine.asked.at(-1)?.target.split('?')[1]);
      async function startPodman(...lines: string[]): Promise<void> {
        const answering: Answering = ({ target }) =>
          target.includes('/info') ? { SystemTime: '1970-01-01T00:16:40.5Z' } : lines.join('\n');
        engine = await fakeEngine(answering, '1.41', { 'Libpod-Api-Version': '5.4.2' });
        client = new ImageClient({ wire, host: engine.host });
      }

      it('until a past time are requested until two seconds from now, and later ones are dropped', async () => {
        await startPodman(event('tag', 900.25), event('tag', 900.5), event('tag', 900.75));
        const times: number[] = [];
        for await (const { time } of client.events({ until: 900.5 })) times.push(time);
        expect(times).toEqual([900.25, 900.5]);
        expect(query().get('until')).toBe('1002.5');
      });

      it('until a future time, and without an end, are requested unchanged', async () => {
        await startPodman();
        for await (const _ of client.events({ until: new Date(2000_000) })) expect.unreachable();
        expect(query().get('until')).toBe('2000');
        for await (const _ of client.events({ since: 5 })) expect.unreachable();
        expect([query().get('since'), query().get('until')]).toEqual(['5', null]);
      });

      it('have Docker\'s names of actions, in filters and in events', async () => {
        await startPodman(event('loadfromarchive', 5), event('delete', 6));
        const actions: unknown[] = [];
        const filters = { event: ['load', 'delete', 'tag'], label: 'x' };
        for await (const { Action, status } of client.events({ filters })) actions.push([Action, status]);
        expect(actions).toEqual([['load', 'load'], ['delete', 'delete']]);
        expect(JSON.parse(query().get('filters') ?? '')).toEqual({ type: ['image'], label: ['x'], event: ['loadfromarchive', 'remove', 'tag'] });
      });
    });

    it('end with the reason of the signal', async () => {
      engine = await fakeEngine((_, response) => void response.write('\n'));
      client = new ImageClient({ wire, host: engine.host });
      const controller = new AbortController();
      const next = client.events({ signal: controller.signal })[Symbol.asyncIterator]().next();
      setTimeout(() => controller.abort(new Error('mine')), 10);
      await expect(next).rejects.toThrow('mine');
    });

    it.each([[-1], [Number.NaN], ['now' as never]])('since %j is refused', async (since) => {
      engine = await fakeEngine(() => '');
      client = new ImageClient({ wire, host: engine.host });
      expect(() => client.events({ since })).toThrow(ArgumentError);
    });
  });

  describe('inspectDistribution of a manifest without platforms', () => {
    it('returns an empty list', async () => {
      engine = await fakeEngine(() => ({ Descriptor: { digest }, Platforms: null }));
      client = new ImageClient({ wire, host: engine.host });
      expect((await client.inspectDistribution('h:1/a')).Platforms).toEqual([]);
    });
  });

  describe('checkAuth', () => {
    it('accepts a 204 without content as success', async () => {
      engine = await fakeEngine((_, response) => void response.writeHead(204).end());
      client = new ImageClient({ wire, host: engine.host });
      expect((await client.checkAuth('h:1', { identityToken: 't' })).Status).toBe('Login Succeeded');
    });

    it.each([[], 5, null, 'Login Succeeded', {}, { message: 'unauthorized' }, { Status: 5 }, { Status: null }, { Status: 'x', IdentityToken: 5 }, { Status: '' },
      ...['error', 'errorDetail', 'message'].map((name) => ({ Status: 'Login Succeeded', [name]: 'no' }))])(
      'is not a yes where a status 200 brings %j',
      async (answer) => {
        engine = await fakeEngine((_, response) => void response.end(JSON.stringify(answer)));
        client = new ImageClient({ wire, host: engine.host });
        await expect(client.checkAuth('h:1', { username: 'u', password: 'p' })).rejects.toBeInstanceOf(DecodeError);
      },
    );

    it.each(['{"message":""}', ''])('rejects with an error without a message: %j', async (body) => {
      engine = await fakeEngine((_, response) => void response.writeHead(401).end(body));
      client = new ImageClient({ wire, host: engine.host });
      const error = await client.checkAuth('h:1', { username: 'u', password: 'p' }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'UnauthorizedError', reason: 'auth', message: expect.stringMatching(/answered 401: no message$/) });
    });

    it('sends the credentials in the body, with their registry', async () => {
      engine = await fakeEngine(() => ({ Status: 'Login Succeeded', IdentityToken: '' }));
      client = new ImageClient({ wire, host: engine.host });
      expect(await client.checkAuth('h:1', { username: 'u', password: 'p' })).toEqual({ Status: 'Login Succeeded', IdentityToken: '' });
      expect(engine.asked[0]?.headers['content-type']).toBe('application/json');
      expect(JSON.parse(String(engine.asked[0]?.body))).toEqual({ username: 'u', password: 'p', serveraddress: 'h:1' });
    });
  });
});
