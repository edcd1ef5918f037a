// The registry of a search and its credentials: on every engine, both belong to the same registry.
//
// The attack: Podman searches a term without a host in the registries of its own configuration
// (unqualified-search-registries), and 5.4 and 6.1 send the credentials of the call to each of them that has a Basic
// challenge. A search of "alpine" with a login to the Docker Hub sent the Hub's password to another registry. Podman treats
// everything before the first slash as a registry: a search of "bitnami/redis" uses a host called bitnami.

import { afterEach, describe, expect, it } from 'vitest';
import { readSearchResults } from '../../src/api/normalize.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import type { SearchOptions } from '../../src/client/options.ts';
import { answer, fakeDaemon, onRequest } from '../support/fake-daemon.ts';
import { whileTimePasses } from '../support/fake-time.ts';
import type { FakeDaemon } from '../support/fake-daemon.ts';

const HUB = { username: 'hub', password: 'of-the-hub', serverAddress: 'https://index.docker.io/v1/' };
const LOGINS = new Map([['https://index.docker.io/v1/', HUB], ['reg.example:5000', { ...HUB, username: 'reg', serverAddress: 'reg.example:5000' }]]);

const PODMAN = 'Server: Libpod/6.1.1 (linux)\r\n';
const DOCKER = 'Server: Docker/28.5.2 (linux)\r\n';

let daemon: FakeDaemon;
let client: ImageClient;
afterEach(async () => {
  client.close();
  await daemon.close();
});

interface Engine {
  /** Undefined if a proxy rejects /_ping. */
  readonly ping: string | undefined;
  /** A field of all other responses. */
  readonly server: string;
  readonly version?: string;
}

/** The term and the credentials that an engine received. */
async function searched(engine: Engine, term: string, options: SearchOptions = {}): Promise<{ term: string | null; login: unknown }> {
  let sent: { term: string | null; login: unknown } = { term: null, login: undefined };
  daemon = await fakeDaemon((socket) =>
    onRequest(socket, (head) => {
      const [line = ''] = head.split(' HTTP/');
      if (line.endsWith('/_ping')) {
        const pong = `HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\n${engine.ping}Content-Length: 0\r\n\r\n`;
        return void socket.write(engine.ping === undefined ? 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n' : pong);
      }
      if (line.includes('/search')) {
        const auth = /^X-Registry-Auth: (.*)$/im.exec(head)?.[1];
        const login: unknown = auth === undefined ? undefined : JSON.parse(Buffer.from(auth, 'base64url').toString());
        sent = { term: new URL(`http://h${line.split(' ')[1]}`).searchParams.get('term'), login };
      }
      socket.write(answer('[]', engine.server));
    }),
  );
  client = new ImageClient({ host: daemon.host, version: engine.version });
  if (engine.ping === undefined && engine.server !== '') await client.images();
  await client.search(term, options);
  return sent;
}

const inDoubt: Record<string, Engine> = {
  Podman: { ping: PODMAN, server: PODMAN },
  'Podman, with a pinned version': { ping: PODMAN, server: '', version: '1.41' },
  'Podman, known by its answers alone': { ping: undefined, server: PODMAN, version: '1.41' },
  'an engine that does not say what it is': { ping: undefined, server: '', version: '1.41' },
  'an engine behind a proxy that names itself': { ping: undefined, server: 'Server: nginx/1.22.1\r\n', version: '1.41' },
};

describe.each(Object.entries(inDoubt))('on %s', (_, engine) => {
  it.each([
    ['alpine', 'docker.io/alpine'],
    ['bitnami/redis', 'docker.io/bitnami/redis'],
    ['library/alpine', 'docker.io/library/alpine'],
    ['EVIL/x', 'docker.io/EVIL/x'],
    ['evil.example', 'docker.io/evil.example'],
    ['evil.example:5000', 'docker.io/evil.example:5000'],
    ['localhost', 'docker.io/localhost'],
    ['/x', 'docker.io//x'],
    ['a b/\u{e9}', 'docker.io/a b/\u{e9}'],
    ['docker.io/alpine', 'docker.io/alpine'],
  ])('a search for %j with credentials of the Docker Hub searches the Docker Hub: %j', async (term, sent) => {
    expect(await searched(engine, term, { credentials: HUB })).toMatchObject({ term: sent, login: { password: HUB.password } });
  });

  it.each(['reg.example:5000/x', 'reg.example:5000/x/y'])('a search for %j keeps its host and sends the credentials of that host', async (term) => {
    const credentials = (key: string): typeof HUB => LOGINS.get(key) as typeof HUB;
    expect(await searched(engine, term, { credentials })).toMatchObject({ term, login: { username: 'reg' } });
  });

  it('names the registry also without credentials, so that the result does not depend on them', async () => {
    expect(await searched(engine, 'alpine')).toEqual({ term: 'docker.io/alpine', login: undefined });
  });
});

describe('on Docker', () => {
  it.each([
    ['Docker', { ping: DOCKER, server: DOCKER }],
    ['Docker, with a pinned version', { ping: DOCKER, server: '', version: '1.41' }],
    ['Docker, known by its answers alone', { ping: undefined, server: DOCKER, version: '1.41' }],
  ])('the term is sent unchanged, on %s', async (_, engine) => {
    expect(await searched(engine, 'bitnami/redis', { credentials: HUB })).toMatchObject({ term: 'bitnami/redis' });
  });
});

it('a search with credentials ends although neither /_ping nor /version is answered', async () => {
  let isHanging = false;
  let sent: string | undefined;
  daemon = await fakeDaemon((socket) =>
    onRequest(socket, (head) => {
      const [line = ''] = head.split(' HTTP/');
      if (line.includes('/search')) sent = line;
      if (isHanging && /\/(?:_ping|version)$/.test(line)) return;
      socket.write(answer('[]', DOCKER));
    }),
  );
  const day = 24 * 60 * 60 * 1000;
  client = new ImageClient({ host: daemon.host, version: '1.41', timeouts: { headMs: day, idleMs: day } });
  await client.images();
  isHanging = true;
  await whileTimePasses(() => client.search('x/y', { credentials: HUB }));
  expect(sent).toContain('term=docker.io%2Fx%2Fy');
});

// Podman replaces Docker at the socket, and the next call is a search.
describe('an engine that was Docker at the previous call', () => {
  const asked: string[] = [];
  async function swapped(version: string | undefined, isPingRefused: boolean, options: SearchOptions): Promise<string[]> {
    asked.length = 0;
    let server = DOCKER;
    daemon = await fakeDaemon((socket) =>
      onRequest(socket, (head) => {
        const [line = ''] = head.split(' HTTP/');
        asked.push(line);
        if (!line.endsWith('/_ping')) return void socket.write(answer(line.includes('/version') ? '{}' : '[]', server));
        if (isPingRefused) return void socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
        socket.write(`HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n${server}Content-Length: 0\r\n\r\n`);
      }),
    );
    client = new ImageClient({ host: daemon.host, version });
    await client.images();
    await client.search('first', options);
    server = PODMAN;
    await client.search('alpine', options);
    return asked.filter((line) => line.includes('/search')).map((line) => new URL(`http://h${line.split(' ')[1]}`).searchParams.get('term') ?? '');
  }
  const login = (): typeof HUB => HUB;

  it.each([
    ['with a negotiated version', undefined, false],
    ['with a pinned version', '1.41', false],
    ['with a pinned version, and pings refused', '1.41', true],
  ])('is pinged again before credentials are sent, %s', async (_, version, isPingRefused) => {
    expect(await swapped(version, isPingRefused, { credentials: HUB })).toEqual(['first', 'docker.io/alpine']);
    client.close();
    await daemon.close();
    expect(await swapped(version, isPingRefused, { credentials: login })).toEqual(['first', 'docker.io/alpine']);
  });

  it.each([{}, { credentials: 'anonymous' as const }])('is not pinged again if no credentials are sent: %j', async (options) => {
    await swapped(undefined, false, options);
    expect(asked.filter((line) => line.endsWith('/_ping'))).toHaveLength(1);
  });
});

// As Podman 5.4.2 and 6.1.1 answer to docker.io/alpine.
it('returns names of the Docker Hub as Docker does', () => {
  const five = { Index: 'docker.io', Description: 'd', Stars: 3, Official: '', Automated: '', Tag: '' };
  const six = { star_count: 3, is_official: false, is_automated: false, description: 'd' };
  const found = [
    { ...five, Name: 'docker.io/library/alpine' }, { ...five, Name: 'docker.io/acme/alpine' },
    { ...six, name: 'docker.io/library/alpine' }, { ...six, name: 'docker.io/acme/alpine' }, { ...six, name: 'h:1/docker.io/a' },
  ];
  const names = ['alpine', 'acme/alpine', 'alpine', 'acme/alpine', 'h:1/docker.io/a'];
  expect(readSearchResults(found)).toEqual(names.map((name) => ({ ...six, name })));
});
