// A real engine behind TLS, with new certificates: dockerd's own TLS port, if the engine has one, and a server in this process that
// requires client certificates and passes everything on.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/config/engine-address.ts';
import { ConfigError, ConnectError, ImageClient, NotFoundError } from '../../src/index.ts';
import { tlsDaemon } from '../support/tls-daemon.ts';
import type { TlsDaemon } from '../support/tls-daemon.ts';
import { lacking, notTried } from '../support/installed.ts';
import { authority } from './certificates.ts';
import type { Authority, Identity } from './certificates.ts';
import { run } from './programs.ts';
import { ENGINE, HOST, cleanUp, collect, connect, failure, fileOf, makeImage, temporaryFolder } from './support.ts';

const direct = connect();
const { DOCKER_TLS_HOST, DOCKER_TLS_CERTS } = process.env;
const { path: folder, remove } = await temporaryFolder();
const ours = authority(await mkdtemp(join(folder, 'ours-')), 'longshore live');
const stranger = authority(await mkdtemp(join(folder, 'stranger-')), 'a stranger');
const daemons: TlsDaemon[] = [];
const clients: ImageClient[] = [];

/** A server before the engine's own socket or port. */
async function serverWith({ cert, key }: Identity): Promise<TlsDaemon> {
  const { host = '', port = 0, path } = parseAddress(HOST) as { host?: string; port?: number; path?: string };
  const read = (file: string): string => readFileSync(file, 'latin1');
  const server = await tlsDaemon(
    (outer) => {
      const inner = connectSocket({ ...(path === undefined ? { host, port } : { path }), allowHalfOpen: true });
      inner.on('error', () => outer.destroy()).on('close', () => outer.destroySoon());
      outer.on('close', () => inner.destroy());
      outer.pipe(inner);
      inner.pipe(outer);
    },
    { cert: read(cert), key: read(key), ca: read(ours.ca), requestCert: true, rejectUnauthorized: true },
  );
  daemons.push(server);
  return server;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  for (const daemon of daemons) daemon.close();
  await remove();
  await cleanUp(direct);
});

interface Files extends Partial<Identity> {
  readonly ca: string;
}

/** Where the engine is, and what this side comes with. */
interface Place {
  readonly host: string;
  readonly files: Files;
}

/** The files as DOCKER_CERT_PATH has them. */
async function certPath(files: Files): Promise<string> {
  const at = await mkdtemp(join(folder, 'certificates-'));
  await Promise.all(Object.entries(files).map(([name, path]) => copyFile(path as string, join(at, `${name}.pem`))));
  return at;
}

const CONTEXT = 'a context that the docker command wrote';
const DOCKERD = 'dockerd with --tlsverify';
/** What this machine lacks, and why. */
const untried: Readonly<Record<string, string | undefined>> = {
  [CONTEXT]: lacking('docker'),
  [DOCKERD]: ENGINE.isPodman || DOCKER_TLS_HOST ? undefined : notTried('DOCKER_TLS_HOST does not name its port'),
};
const isTried = ([what]: readonly [string, unknown]): boolean => untried[what] === undefined;
it.skip.each(Object.entries(untried).filter((entry) => !isTried(entry)))('%s is not tried, for %s', () => {});

type Way = (place: Place) => ImageClient | Promise<ImageClient>;
const ways = ([
  ['the options of ImageClient', ({ host, files }) => new ImageClient({ host, tls: files })],
  ['DOCKER_TLS_VERIFY and DOCKER_CERT_PATH', async ({ host, files }) => {
    const path = await certPath(files);
    const environment = { DOCKER_HOST: host, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: path, DOCKER_CONFIG: path };
    return ImageClient.fromEnvironment({ environment });
  }],
  [CONTEXT, async ({ host, files }) => {
    const environment = { DOCKER_CONFIG: await mkdtemp(join(folder, 'docker-')), DOCKER_CONTEXT: 'live' };
    const settings = Object.entries({ host, ...files }).map(([name, value]) => `${name}=${value}`);
    const { DOCKER_HOST: _, ...others } = process.env;
    const env = { ...others, DOCKER_CONFIG: environment.DOCKER_CONFIG };
    run('docker', ['context', 'create', 'live', '--docker', settings.join(',')], { env });
    return ImageClient.fromEnvironment({ environment });
  }],
] as ReadonlyArray<readonly [what: string, way: Way]>).filter(isTried);

/** Whether the docker command, given the same, reaches the engine. */
async function dockerReaches({ host, files }: Place): Promise<boolean> {
  const path = await certPath(files);
  const env = { ...process.env, DOCKER_HOST: host, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: path, DOCKER_CONFIG: path };
  return promisify(execFile)('docker', ['version'], { env }).then(() => true, () => false);
}

interface Server {
  /** By the one name that its certificate is for. */
  readonly host: string;
  readonly authority: Authority;
}

const STRANGER = 'one that another CA has signed';
const refused: ReadonlyArray<[what: string, place: (server: Server) => Place, error: Function, words: RegExp]> = [
  ['the CA of another', ({ host, authority }) => ({ host, files: { ...authority.issue('client'), ca: stranger.ca } }),
    ConnectError, /was signed by "longshore.live", which is not trusted\. tls\.ca \(ca\.pem\) must be/],
  ['another name of the same machine', ({ host, authority }) => ({
    host: host.replace('localhost', '127.0.0.1'), files: { ca: authority.ca, ...authority.issue('client') },
  }), ConnectError, /certificate is for localhost, and not for 127\.0\.0\.1/],
  ['no certificate of a client', ({ host, authority }) => ({ host, files: { ca: authority.ca } }),
    ConnectError, /the engine requires a client certificate\. Give tls\.cert and tls\.key/],
  ['one that has expired', ({ host, authority }) => ({
    host, files: { ca: authority.ca, ...authority.issue('client', 'expired') },
  }), ConfigError, /: tls\.cert \(.*cert\.pem\) expired on 2021-01-01: a new certificate is needed$/],
  [STRANGER, ({ host, authority }) => ({ host, files: { ca: authority.ca, ...stranger.issue('client') } }),
    ConnectError, /the engine refuses the client certificate \(.*\)\. The CA that the engine trusts \(its --tlscacert\) must/],
];

const OWN = 'a server before the engine';
const servers = ([
  [OWN, async () => {
    const { port } = await serverWith(ours.issue({ name: 'localhost' }));
    return { host: `tcp://localhost:${port}`, authority: ours };
  }],
  [DOCKERD, async () => {
    return { host: String(DOCKER_TLS_HOST), authority: authority(String(DOCKER_TLS_CERTS), 'its own', folder) };
  }],
] as ReadonlyArray<readonly [what: string, start: () => Promise<Server>]>)
  .filter(isTried)
  .filter(([what]) => what === OWN || !ENGINE.isPodman);

describe.each(servers)('%s', (what, start) => {
  // Node's own server says no word on a certificate that another CA has signed: it takes it, and hangs up.
  const cases = refused.filter(([wrong]) => what === DOCKERD || wrong !== STRANGER);
  let server: Server;
  let right: Place;
  beforeAll(async () => {
    server = await start();
    right = { host: server.host, files: { ca: server.authority.ca, ...server.authority.issue('client') } };
  });

  describe.each(ways)('by %s', (_how, way) => {
    it('answers what it answers without', async () => {
      const docker = await way(right);
      clients.push(docker);
      expect(await docker.ping()).toEqual(await direct.ping());
      expect(await docker.version()).toEqual(await direct.version());
      const { id } = await makeImage(docker, 'tls-list');
      expect(await docker.images({ quiet: true })).toContain(id);
      expect(await docker.inspectImage(id)).toEqual(await direct.inspectImage(id));
      expect(await failure(docker.inspectImage(`${id.slice(0, -4)}beef`))).toBeInstanceOf(NotFoundError);
    });

    // covers: fault 3.22
    it.each(cases)('is not reached with %s', async (_wrong, place, error, words) => {
      const docker = await way(place(server));
      clients.push(docker);
      const thrown = await failure(docker.ping());
      expect(thrown).toBeInstanceOf(error);
      expect(String(thrown)).toMatch(words);
    });
  });

  it.runIf(untried[CONTEXT] === undefined)('is reached or not by the docker command just so', async () => {
    expect(await dockerReaches(right)).toBe(true);
    for (const [wrong, place] of refused) expect(await dockerReaches(place(server)), wrong).toBe(false);
  });
});

describe(OWN, () => {
  const files = { ca: ours.ca, ...ours.issue('client') };

  it('gives an image whole, loop and file, and takes it back', async () => {
    const server = await serverWith(ours.issue({ name: 'localhost' }));
    const tls = { ...files, serverName: 'localhost' };
    await using docker = new ImageClient({ host: `tcp://127.0.0.1:${server.port}`, tls });
    const { name, id } = await makeImage(docker, 'tls-trip');
    const archive = await collect(docker.getImage(name, { verify: 'digests' }));
    expect(fileOf(archive, 'what')).toMatch(/^tls-trip v1/);
    const path = join(folder, 'image.tar');
    const { bytes, verified } = await docker.getImage(name, { verify: 'digests' }).toFile(path);
    expect(bytes).toBe(archive.length);
    expect(verified).toBeDefined();
    await docker.removeImage(name);
    await docker.loadImage({ path });
    expect((await docker.inspectImage(name)).Id).toBe(id);
    await docker.removeImage(name);
    await docker.loadImage(archive);
    expect((await docker.inspectImage(name)).Id).toBe(id);
    expect(server.raw).toHaveLength(1);
  });

  it.each(ways)('is not reached when its certificate has expired, by %s', async (_how, way) => {
    const server = await serverWith(ours.issue({ name: 'localhost' }, 'expired'));
    const docker = await way({ host: `tcp://localhost:${server.port}`, files });
    clients.push(docker);
    const error = await failure(docker.ping());
    expect(error).toBeInstanceOf(ConnectError);
    expect(String(error)).toMatch(/the engine's certificate expired on 2021-01-01\. It needs a new one, or correct the clock of this machine/);
  });
});
