// How the client recognizes an engine: a pinned version needs no /_ping, and a different Server field is a different engine.

import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Engine } from '../../src/client/engine.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import type { ImageClientOptions } from '../../src/client/options.ts';
import type { Timeouts } from '../../src/connection/engine-request.ts';
import { ConnectError, LongshoreError, TimeoutError, TruncatedError, VersionError } from '../../src/errors.ts';
import { answer, fakeDaemon, onRequest } from '../support/fake-daemon.ts';
import type { FakeDaemon } from '../support/fake-daemon.ts';
import { whileTimePasses } from '../support/fake-time.ts';
import { wireNames } from '../support/wires.ts';

const ID = `sha256:${'1'.repeat(64)}`;
const DIGEST = `sha256:${'d'.repeat(64)}`;

/** The responses of an engine to each request except /_ping; the first match counts. */
const answers: ReadonlyArray<readonly [request: RegExp, content: object | string, status?: string]> = [
  [/^POST \S+\/push/, { status: `1: digest: ${DIGEST} size: 5` }],
  [/^POST \S+\/images\/create\?\S*fromSrc/, { status: ID }],
  [/^POST \S+\/images\/create\?\S*podman/, { status: 'Download complete', progressDetail: {}, id: '1'.repeat(12) }],
  [/^POST \S+\/images\/create/, { status: `Digest: ${DIGEST}` }],
  [/^GET \S+\/distribution\//, { Descriptor: { digest: DIGEST, size: 5 }, Platforms: [] }],
  [/^GET \S+\/events/, ''],
  [/^GET \S+\/system\/df/, { LayersSize: 0, Images: [] }],
  [/^GET \S+\/images\/search\?term=nothing/, { message: 'nothing found' }, '404 Not Found'],
  [/^GET \S+\/images\/search/, []],
  [/^GET \S+\/images\/json/, []],
  [/^GET \S+\/info/, {}],
  [/^GET \S+\/images\/h%3A1\/otherwise|^GET \S+\/images\/h:1\/otherwise/, { Id: DIGEST, RepoTags: [], RepoDigests: [] }],
  [/^GET /, { Id: ID, RepoTags: [], RepoDigests: [`h:1/a@${DIGEST}`], Os: 'linux', Architecture: 'amd64' }],
  [/^DELETE /, []],
];

it.each<[string, Partial<Timeouts>, Partial<Timeouts> | undefined, Partial<Timeouts>]>([
  ['a second where nothing else is said', {}, undefined, { headMs: 1000, idleMs: 1000 }],
  ['a second where the client has longer limits', { headMs: 5000, idleMs: 6000 }, undefined, { headMs: 1000, idleMs: 1000 }],
  ['the shorter limits of the client', { headMs: 500, idleMs: 600 }, undefined, { headMs: 500, idleMs: 600 }],
  ['the shorter limits of the call', { headMs: 5000 }, { headMs: 50, idleMs: 60 }, { headMs: 50, idleMs: 60 }],
  ['one of each', { headMs: 5000 }, { idleMs: 60 }, { headMs: 1000, idleMs: 60 }],
])('a ping with a pinned version is given %s', async (_, timeouts, own, limits) => {
  const given: Partial<Timeouts>[] = [];
  const exchange = async (request: { readonly timeouts: Timeouts }): Promise<never> => {
    given.push(request.timeouts);
    throw new TimeoutError('no head', { limit: 'head', limitMs: 1 });
  };
  const engine = new Engine({ transport: { send: exchange, close: () => {} }, address: 'a', host: 'h', timeouts, version: '1.51' });
  expect(await engine.facts.isPodman({ timeouts: own })).toBeUndefined();
  expect(given).toEqual([expect.objectContaining(limits)]);
});

describe.each(wireNames)('over the wire %s', (wire) => {
  let daemon: FakeDaemon;
  let client: ImageClient;
  let asked: string[];
  afterEach(async () => {
    client?.close();
    await daemon.close();
  });

  type Ping = (head: string, socket: Socket) => string | 'cut' | 'silence';

  async function start(ping: Ping, server: () => string, version?: string, options: Partial<ImageClientOptions> = {}): Promise<void> {
    asked = [];
    daemon = await fakeDaemon((socket) =>
      onRequest(socket, (head) => {
        const [line = ''] = head.split(' HTTP/');
        if (line.endsWith('/_ping')) {
          const reply = ping(line, socket);
          if (reply === 'cut') return void socket.destroy();
          if (reply !== 'silence') socket.write(reply);
          return;
        }
        asked.push(line);
        const [, content = '', status] = answers.find(([request]) => request.test(line)) ?? [];
        socket.write(answer(typeof content === 'string' ? content : JSON.stringify(content), server(), status));
      }),
    );
    client = new ImageClient({ wire, host: daemon.host, ...(version === undefined ? {} : { version }), ...options });
  }
  const pong = (apiVersion: string, server: string): string => `HTTP/1.1 200 OK\r\nApi-Version: ${apiVersion}\r\n${server}Content-Length: 0\r\n\r\n`;
  const DOCKER = 'Server: Docker/28.5.2 (linux)\r\n';
  const PODMAN = 'Server: Libpod/4.3.1 (linux)\r\n';

  async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
    const list: Item[] = [];
    for await (const item of items) list.push(item);
    return list;
  }

  describe('with a pinned version', () => {
    const operations: Record<string, (c: ImageClient) => PromiseLike<unknown>> = {
      pull: (c) => c.pull('h:1/a:1'),
      'pull of a platform': (c) => c.pull('h:1/a:1', { platform: 'linux/amd64' }),
      'pull of what is missing': (c) => c.pull('h:1/a:2', { policy: 'missing' }),
      'named import': (c) => c.importImageFromData(Buffer.of(1), { repository: 'h:1/a', tag: '1' }),
      push: (c) => c.push('h:1/a'),
      events: (c) => all(c.events({ until: 5 })),
      diskUsage: (c) => c.diskUsage(),
      images: (c) => c.images({ sharedSize: true }),
      'images of a name on the Docker Hub': (c) => c.images({ name: 'docker.io/library/a' }),
      'inspect of a platform': (c) => c.inspectImage('a', { platform: 'linux/amd64' }),
      search: (c) => c.search('h:1/x'),
      supports: (c) => c.supports('inspectImage.platform'),
    };
    /** Methods that Podman does not have. */
    const ofDocker: typeof operations = {
      'push of all tags': (c) => c.push('h:1/a', { allTags: true }),
      inspectDistribution: (c) => c.inspectDistribution('h:1/a'),
      'removal of a name alone': (c) => c.removeImage('a', { noprune: true }),
      'removal of a platform': (c) => c.removeImage('a', { platforms: ['linux/amd64'], force: true }),
    };

    const pings: Record<string, Ping> = {
      'is refused by a proxy': () => answer('', 'Server: HAProxy\r\n', '403 Forbidden').replace(/\r\n\r\n.*$/s, '\r\n\r\n'),
      'is cut': () => 'cut',
      'is never answered': () => 'silence',
      'is answered by half': (line) => (line.startsWith('HEAD') ? answer('', '', '405 Method Not Allowed') : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'),
      'is answered by a page': () => answer('', 'Content-Type: text/html\r\n', '502 Bad Gateway'),
    };

    describe.each(Object.entries(pings))('an engine whose /_ping %s', (_, ping) => {
      it.each([
        ['that names itself', DOCKER],
        ['that does not say what it is', ''],
        ['behind a proxy that names itself', 'Server: nginx/1.22.1\r\n'],
      ])('is usable with every method: one %s', async (__, server) => {
        await start(ping, () => server, '1.51');
        for (const [name, run] of Object.entries({ ...operations, ...ofDocker })) {
          const before = asked.length;
          await expect((async () => run(client))(), name).resolves.toBeDefined();
          if (name !== 'supports') expect(asked.length, name).toBeGreaterThan(before);
        }
        await expect(client.search('h:1/nothing')).resolves.toEqual([]).catch((error: unknown) => expect(error).toBeInstanceOf(LongshoreError));
      });

      it('is recognized as Podman by its other answers', async () => {
        await start(ping, () => PODMAN, '1.51');
        await client.images();
        const [pulled] = [await client.pull('h:1/a:1')];
        expect(pulled).toMatchObject({ digest: DIGEST });
        expect(await client.search('h:1/nothing')).toEqual([]);
        const sent = asked.length;
        for (const [name, run] of Object.entries(ofDocker)) {
          await expect((async () => run(client))(), name).rejects.toBeInstanceOf(VersionError);
        }
        expect(asked).toHaveLength(sent);
      });
    });

    it('is not sent what Podman would ignore if it says that it is Podman', async () => {
      await start(() => pong('1.41', PODMAN), () => '', '1.51');
      for (const [name, run] of Object.entries(ofDocker)) {
        await expect((async () => run(client))(), name).rejects.toBeInstanceOf(VersionError);
      }
      expect(asked).toEqual([]);
    });

    it('is pinged again after a failed connection, when it was not running yet', async () => {
      await start(() => pong('1.41', PODMAN), () => PODMAN);
      const { dialer } = daemon;
      let isDown = true;
      const dial: typeof dialer.dial = (...given) => {
        if (isDown) throw new ConnectError('cannot connect', { address: dialer.address });
        return dialer.dial(...given);
      };
      client.close();
      client = new ImageClient({ wire, dialer: { ...dialer, dial }, version: '1.41' });
      await expect(client.removeImage('a', { noprune: true })).rejects.toBeInstanceOf(ConnectError);
      isDown = false;
      await expect(client.removeImage('a', { noprune: true })).rejects.toBeInstanceOf(VersionError);
      expect(asked).toEqual([]);
    });

    it('is given one second to answer the ping', async () => {
      const day = 24 * 60 * 60 * 1000;
      await start(() => 'silence', () => '', '1.51', { timeouts: { headMs: day, idleMs: day } });
      await whileTimePasses(() => client.removeImage('a', { noprune: true, timeouts: { headMs: day } }));
      expect(asked).toEqual([expect.stringMatching(/^DELETE /)]);
    });

    it('is not pinged any more after the caller has aborted', async () => {
      await start(() => 'silence', () => DOCKER, '1.51');
      const reason = new Error('mine');
      const controller = new AbortController();
      const call = client.removeImage('a', { noprune: true, signal: controller.signal });
      controller.abort(reason);
      await expect(call).rejects.toBe(reason);
      expect(asked).toEqual([]);
    });
  });

  describe('an engine that was replaced by another at the same address', () => {
    it.each([
      ['Docker', DOCKER],
      ['one that did not say what it was', ''],
    ])('%s, by Podman, is pinged again as soon as an answer shows it', async (_, first) => {
      let [api, server] = ['1.51', first];
      let count = 0;
      await start(() => (count++, pong(api, server)), () => server);
      await client.images();
      expect(count).toBe(1);
      await client.removeImage('a', { noprune: true });
      [api, server] = ['1.41', PODMAN];
      await client.images(); // uses the version of the first engine, and gets the response of the other
      const sent = asked.length;
      await expect(client.removeImage('a', { noprune: true })).rejects.toMatchObject({ subject: 'removeImage.noprune', spoken: 'Podman 4.3.1' });
      expect(asked).toHaveLength(sent);
      await client.images();
      expect(asked.at(-1)).toBe('GET /v1.41/images/json');
      expect(count).toBe(2);
    });

    it('is recognized as Podman during a pull, whose stream does not report success there', async () => {
      let server = DOCKER;
      await start(() => pong('1.41', server), () => server);
      await client.pull('h:1/a:1');
      server = PODMAN;
      expect(await client.pull('h:1/podman:1')).toMatchObject({ reference: 'h:1/podman:1', digest: undefined });
    });

    it('is recognized as Podman during an import, where it may ignore the name', async () => {
      let server = DOCKER;
      await start(() => pong('1.41', server), () => server, undefined, { maxIdle: 0 });
      expect(await client.importImageFromData(Buffer.of(1), { repository: 'h:1/otherwise', tag: '1' })).toEqual({ id: ID });
      server = PODMAN;
      await expect((async () => client.importImageFromData(Buffer.of(1), { repository: 'h:1/otherwise', tag: '1' }))())
        .rejects.toThrow(`the engine imported ${ID}, but did not give it the name h:1/otherwise:1`);
    });

    it('is pinged again if its ping was pending when the other engine responded', async () => {
      let server = DOCKER;
      let pinged: Socket | undefined;
      let begun = (): void => {};
      const half = new Promise<void>((resolve) => (begun = resolve));
      await start((line, socket) => {
        if (pinged !== undefined) return pong('1.41', server);
        if (line.startsWith('HEAD')) return answer('', '', '405 Method Not Allowed');
        pinged = socket;
        setImmediate(begun);
        return `HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\n${server}Content-Length: 2\r\n\r\nO`;
      }, () => server, '1.51');
      const call = client.removeImage('a', { noprune: true });
      await half;
      server = PODMAN;
      await client.images();
      pinged?.write('K');
      await expect(call).rejects.toMatchObject({ subject: 'removeImage.noprune', spoken: 'Podman 4.3.1' });
      expect(asked).toEqual(['GET /v1.51/images/json']);
    });

    it('is not pinged again while the Server field stays the same or is missing', async () => {
      const servers = [DOCKER, '', DOCKER, ''];
      let count = 0;
      await start(() => (count++, pong('1.51', DOCKER)), () => servers[asked.length % servers.length] ?? '');
      for (let round = 0; round < 8; round++) await client.images();
      expect(count).toBe(1);
    });

    it('is asked for its image store again', async () => {
      let server = DOCKER;
      await start(() => pong('1.51', server), () => server);
      await client.supports('inspectImage.manifests');
      server = 'Server: Docker/29.0.0 (linux)\r\n';
      await client.images();
      await client.supports('inspectImage.manifests');
      expect(asked.filter((line) => line.endsWith('/info'))).toHaveLength(2);
    });

    it('is asked for its image store again after a failed connection, because dockerd may have been restarted', async () => {
      const requests: string[] = [];
      let status: unknown = [];
      daemon = await fakeDaemon((socket) =>
        onRequest(socket, (head) => {
          const [line = ''] = head.split(' HTTP/');
          requests.push(line);
          if (line.startsWith('DELETE')) return void socket.destroy();
          socket.write(line.endsWith('/_ping') ? pong('1.51', DOCKER) : answer(JSON.stringify({ DriverStatus: status }), DOCKER));
        }),
      );
      client = new ImageClient({ wire, host: daemon.host });
      expect(await client.supports('inspectImage.manifests')).toBe(false);
      status = [['driver-type', 'io.containerd.snapshotter.v1']];
      await expect(client.removeImage('a')).rejects.toBeInstanceOf(TruncatedError);
      expect(await client.supports('inspectImage.manifests')).toBe(true);
      expect(requests.filter((line) => line.endsWith('/info'))).toHaveLength(2);
    });
  });
});
