// The client: the engine's identity, API versions, raw requests, connections, closing.

import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  ConnectError,
  ImageClient,
  NEWEST_API_VERSION,
  OLDEST_API_VERSION,
  VersionError,
  packTar,
} from '../../src/index.ts';
import {
  ENGINE,
  HOST,
  LABEL,
  LIBRARY,
  RUN,
  cleanUp,
  collect,
  connect,
  curl,
  failure,
  makeImage,
  repository,
  watchedDialer,
} from './support.ts';

const docker = connect();
afterAll(() => cleanUp(docker));

const minor = (version: string): number => Number(version.split('.')[1]);

describe('ping and version', () => {
  it('return the same as curl', async () => {
    const said = JSON.parse(curl('/version').toString()) as Record<string, string>;
    const version = await docker.version();
    expect(version).toMatchObject({
      Version: said['Version'],
      ApiVersion: said['ApiVersion'],
      Os: 'linux',
      Arch: said['Arch'],
    });
    const ping = await docker.ping();
    expect(ping).toMatchObject({ apiVersion: said['ApiVersion'], experimental: ENGINE.isPodman });
    // Podman 4 does not report it.
    expect(ENGINE.isPodman ? ['linux', undefined] : ['linux']).toContain(ping.osType);
    expect(ping.server).toContain(said['Version']);
  });

  it('use the engine that DOCKER_HOST names', async () => {
    await using client = await ImageClient.fromEnvironment();
    expect(await client.version()).toEqual(await docker.version());
  });
});

describe('negotiation', () => {
  it('chooses the newest version that both support', async () => {
    const { ApiVersion: newest } = await docker.version();
    expect(await docker.apiVersion()).toBe(minor(newest) < minor(NEWEST_API_VERSION) ? newest : NEWEST_API_VERSION);
  });

  it('happens once for calls that begin at the same time', async () => {
    const { dialer, lines } = watchedDialer();
    await using client = new ImageClient({ dialer });
    // Not /version: for it, Podman searches the packages of its machine, and 50 requests took more than 30 s.
    const lists = await Promise.all(Array.from({ length: 50 }, () => client.images({ name: repository('none') })));
    expect(lists.flat()).toEqual([]);
    expect(lines.filter((line) => line.includes('_ping'))).toEqual(['HEAD /_ping HTTP/1.1']);
    expect(lines).toHaveLength(51);
  });

  it('does not happen with a pinned version', async () => {
    const pinned = (await docker.version()).ApiVersion;
    const { dialer, lines } = watchedDialer();
    await using client = new ImageClient({ dialer, version: pinned });
    await client.images({ name: repository('none') });
    expect(lines).toEqual([expect.stringContaining(`GET /v${pinned}/images/json?`)]);
  });

  // The API versions depend on the engine: Docker 20.10 supports 1.12 to 1.41, 29 supports 1.40 to 1.55. Podman
  // ignores the version in the path, and always uses its own.
  it.each([OLDEST_API_VERSION, '1.41', NEWEST_API_VERSION])(
    'speaks the pinned %s, or says which versions are spoken',
    async (pinned) => {
      const { MinAPIVersion: oldest = '1.12', ApiVersion: newest } = await docker.version();
      await using client = connect({ version: pinned });
      expect(await client.apiVersion()).toBe(pinned);
      if (!ENGINE.isPodman && (minor(pinned) < minor(oldest) || minor(pinned) > minor(newest))) {
        const error = await failure(client.images());
        expect(error).toBeInstanceOf(VersionError);
        expect(error).toMatchObject({ needed: pinned, spoken: `${oldest} to ${newest}` });
        for (const said of [pinned, oldest, newest, HOST]) expect((error as VersionError).message).toContain(said);
        return;
      }
      const { id } = await client.importImageFromData({ pinned }, { changes: [`LABEL ${LABEL}`] });
      expect(await client.images({ quiet: true, filters: { label: LABEL } })).toContain(id);
      const archive = await collect(client.getImage(id));
      await client.removeImage(id);
      expect(await client.loadImage(archive)).toEqual({ references: [], ids: [id] });
    },
  );

  it('rejects operations that the version lacks, after at most a ping', async () => {
    const { dialer, lines } = watchedDialer();
    await using client = new ImageClient({ dialer, version: '1.24' });
    const call = client.removeImage(repository('none'), { force: true, platforms: ['linux/arm64'] });
    expect(await failure(call)).toMatchObject({ subject: 'removeImage.platforms', needed: '1.50', spoken: '1.24' });
    expect(await failure(client.pruneImages())).toMatchObject({ subject: 'pruneImages', needed: '1.25' });
    expect(await failure(client.inspectDistribution('x'))).toMatchObject({ subject: 'inspectDistribution' });
    expect(lines.filter((line) => !line.includes(' /_ping '))).toEqual([]);
  });
});

describe('request', () => {
  it('resolves with a version in the path, and without one', async () => {
    const name = repository('request');
    const versioned = await docker.request({
      path: '/images/json',
      query: { filters: JSON.stringify({ reference: [name] }) },
    });
    expect(versioned.status).toBe(200);
    expect(versioned.headers.get('content-type')).toContain('application/json');
    expect([...versioned.headers.entries()].map(([field]) => field)).toContain('api-version');
    expect(JSON.parse((await collect(versioned.body)).toString())).toEqual([]);
    const unversioned = await docker.request({ path: '/_ping', versioned: false });
    expect((await collect(unversioned.body)).toString()).toBe('OK');
  });

  it('sends content of any kind, and reads the response in pieces', async () => {
    const path = '/images/create';
    const query = {
      fromSrc: '-',
      repo: `${repository('request')}:raw`,
      changes: [`LABEL ${LABEL}`, `LABEL raw=${RUN}`],
    };
    const headers = { 'Content-Type': 'application/x-tar' };
    const answer = await docker.request({ method: 'POST', path, query, headers, body: packTar({ raw: RUN }) });
    const { status: id } = JSON.parse((await collect(answer.body)).toString()) as { status: string };
    expect((await docker.inspectImage(query.repo)).Id).toBe(id);
    const deleted = await docker.request({ method: 'DELETE', path: `/images/${query.repo}` });
    expect(deleted.status).toBe(200);
    await collect(deleted.body);
  });

  it('resolves also for a 404', async () => {
    const answer = await docker.request({ path: '/longshore/no/such/path' });
    expect(answer.status).toBe(404);
    expect((await collect(answer.body)).toString()).toMatch(/not found/i);
  });

  it('leaves the framing to the client', async () => {
    const call = docker.request({ path: '/version', headers: { 'Content-Length': '7' } });
    expect(await failure(call)).toBeInstanceOf(ArgumentError);
  });
});

describe('connections', () => {
  it('are reused by the next call', async () => {
    const { dialer, connections } = watchedDialer();
    await using client = new ImageClient({ dialer });
    for (let call = 0; call < 20; call++) await client.version();
    expect(connections()).toBe(1);
  });

  it('are not kept with maxIdle: 0', async () => {
    const { dialer, connections } = watchedDialer();
    await using client = new ImageClient({ dialer, maxIdle: 0, version: (await docker.version()).ApiVersion });
    for (let call = 0; call < 3; call++) await client.version();
    expect(connections()).toBe(3);
  });

  // Each response is longer than one read, and the reads of all connections use the same memory.
  it('do not mix long responses that come at the same time', async () => {
    const made = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const label = String(index).repeat(50_000);
        const which = `${index}-${RUN}`; // the containerd store does not find labels of more than 4096 characters
        const changes = [`LABEL ${LABEL}`, `LABEL longshore.which=${which}`, `LABEL longshore.long=${label}`];
        return { label, which, ...(await docker.importImageFromData({ index: `${index} ${RUN}` }, { changes })) };
      }),
    );
    const text = async (path: string): Promise<string> =>
      (await collect((await docker.request({ path })).body)).toString();
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        made.map(async ({ id, label, which }) => {
          const [image, listed, raw] = await Promise.all([
            docker.inspectImage(id),
            docker.images({ filters: { label: `longshore.which=${which}` } }),
            text(`/images/${id}/json`),
          ]);
          expect(image.Config?.['Labels']).toMatchObject({ 'longshore.long': label });
          expect(listed.map((each) => [each.Id, each.Labels?.['longshore.long']])).toEqual([[id, label]]);
          expect(JSON.parse(raw)).toMatchObject({ Id: id });
        }),
      );
    }
  });
});

describe('closing the client', () => {
  it('rejects running calls and later calls', async () => {
    const client = connect();
    const { name } = await makeImage(docker, 'close');
    const reading = failure(client.getImage(name).each(() => client.close()));
    expect(await reading).toBeInstanceOf(ConnectError);
    const later = await failure(client.version());
    expect(later).toBeInstanceOf(ConnectError);
    expect((later as ConnectError).message).toContain('closed');
  });

  it('happens at the end of an "await using" block', async () => {
    let kept: ImageClient;
    {
      await using client = (kept = connect());
      await client.version();
    }
    expect(await failure(kept.version())).toBeInstanceOf(ConnectError);
  });

  // covers: fault 3.9
  it('is not needed for the process to exit: an idle connection does not keep it alive', () => {
    const program = `
      import { ImageClient } from ${JSON.stringify(LIBRARY)};
      const docker = new ImageClient({ host: ${JSON.stringify(HOST)} });
      await docker.version();
      const from = Date.now();
      process.on('exit', () => console.log(Date.now() - from));`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program]);
    expect([status, stderr.toString()]).toEqual([0, '']);
    expect(Number(stdout.toString())).toBeLessThan(1000);
  });
});
