// Shared by the live tests: the engine that the environment names, images made for one run, and the view of other
// programs (curl, GNU tar, a registry's own API).

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { ConflictError, ImageClient, NotFoundError, formatReference, parseReference } from '../../src/index.ts';
import type { Credentials, Dialer, ImageClientOptions } from '../../src/index.ts';
import { parseAddress } from '../../src/config/engine-address.ts';
import { compareVersions, majorMinor } from '../../src/api/api-version.ts';
import { dialerFor } from '../../src/system/net/dialer.ts';
import { gnuTar } from '../support/foreign-tar.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(
    `the live tests need ${name} in the environment; "bash test/live/engine.sh start" prints all they need`,
  );
}

/** The engine under test. */
export const HOST: string = setting('DOCKER_HOST');
/** A registry without a login, `"127.0.0.1:5000"`, as the engine reaches it. */
export const REGISTRY: string = setting('REGISTRY');
/** A registry with a login. */
export const REGISTRY_AUTH: string = setting('REGISTRY_AUTH');
/** Its user. */
export const LOGIN: Extract<Credentials, { username: string }> & { password: string } = {
  username: setting('REGISTRY_USER'),
  password: setting('REGISTRY_PASSWORD'),
};

/** What the engine under test reports about itself. Engines differ, and each test says how. */
export interface EngineUnderTest {
  readonly isPodman: boolean;
  /** Whether images are in containerd's own store: ids are those of manifests, and one image has several platforms. */
  readonly isContainerd: boolean;
  /** The architecture of its images, `"amd64"`. */
  readonly architecture: string;
  /** `"28.5.2"`. */
  readonly version: string;
}
export const ENGINE: EngineUnderTest = await engineUnderTest();

async function engineUnderTest(): Promise<EngineUnderTest> {
  await using docker = connect();
  const [{ isPodman }, { DriverStatus }, { Arch, Version }] = await Promise.all([
    docker.ping(),
    docker.info(),
    docker.version(),
  ]);
  const isContainerd = (DriverStatus ?? []).some(([, value]) => value === 'io.containerd.snapshotter.v1');
  return { isPodman, isContainerd, architecture: Arch, version: Version };
}

/** Podman 4 lacks some of what Podman 5 has. */
export const PODMAN_4: boolean = ENGINE.isPodman && ENGINE.version.startsWith('4.');

/** From 5.8 on, Podman supports API 1.44: it omits more fields, and sends -1 for sizes that it did not compute. */
export const PODMAN_5_8: boolean = ENGINE.isPodman && compareVersions(majorMinor(ENGINE.version), '5.8') >= 0;

/** A name as the engine shows it: Podman adds `docker.io/` to a name without a host. */
export function shown(name: string): string {
  return ENGINE.isPodman ? formatReference(parseReference(name)) : name;
}

/** A part of every name and label of a test file, so that runs and files do not disturb each other. */
export const RUN: string = randomBytes(5).toString('hex');
/** The label of every image, so that `cleanUp` also finds images without a name. */
export const LABEL = `longshore.live=${RUN}`;

/** A repository of this run. */
export function repository(what: string): string {
  return `longshore-live/${what}-${RUN}`;
}

/** A client of the engine under test; `WIRE=node:http` in the environment selects the node:http transport. */
export function connect(options: Omit<ImageClientOptions, 'host' | 'dialer'> = {}): ImageClient {
  const wire = process.env['WIRE'] === 'node:http' ? 'node:http' : 'own';
  return new ImageClient({ host: HOST, wire, ...options });
}

/** The built library, or its source, as a child process loads it. */
export const LIBRARY: string = new URL(
  process.env['TEST_TARGET'] === 'src' ? '../../src/index.ts' : '../../dist/index.js',
  import.meta.url,
).href;
/** The command, likewise. */
export const COMMAND: string = fileURLToPath(new URL(LIBRARY.replace(/index(?=\.\w+$)/, 'cli/main')));

/** An image with one file, `/what`, and the label of this run. */
export async function makeImage(docker: ImageClient, what: string, tag = 'v1'): Promise<{ name: string; id: string }> {
  const name = `${repository(what)}:${tag}`;
  const options = { repository: name, changes: [`LABEL ${LABEL}`, 'CMD ["/what"]'], message: `made for ${what}` };
  const { id } = await docker.importImageFromData({ what: `${what} ${tag} ${RUN}\n` }, options);
  return { name, id };
}

/** An image with the name of a registry; it is not yet in the registry. */
export async function makeFor(
  docker: ImageClient,
  registry: string,
  what: string,
  tag = 'v1',
): Promise<{ name: string; remote: string; id: string }> {
  const { name, id } = await makeImage(docker, what, tag);
  const remote = `${registry}/${name}`;
  await docker.tag(name, remote);
  return { name, remote, id };
}

/** The ids of all images of this run: by label, or by name. */
export async function ours(docker: ImageClient): Promise<string[]> {
  const globs = [repository('*'), `${REGISTRY}/${repository('*')}`, `${REGISTRY_AUTH}/${repository('*')}`];
  const [labelled, named] = await Promise.all([
    docker.images({ quiet: true, all: true, filters: { label: LABEL } }),
    docker.images({ quiet: true, filters: { reference: globs } }),
  ]);
  return [...new Set([...labelled, ...named])];
}

/** Restores the state of the engine before the tests. */
export async function cleanUp(docker: ImageClient): Promise<void> {
  // A parent can be removed only after its children, and its last child removes it if it has no name: so in rounds.
  for (let rounds = 3; rounds > 0; rounds--) {
    for (const id of await ours(docker)) {
      await docker.removeImage(id, { force: true }).catch((error: unknown) => {
        if (!(error instanceof ConflictError || error instanceof NotFoundError)) throw error;
      });
    }
  }
  const left = await ours(docker);
  docker.close();
  if (left.length > 0) throw new Error(`images are left behind: ${left.join(' ')}`);
}

/** The error that a call fails with. */
export async function failure(call: PromiseLike<unknown>): Promise<unknown> {
  return call.then(
    (value) => {
      throw new Error(`it did not fail, it gave ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}

/** All of a stream. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** The response of the engine under test to curl. */
export function curl(path: string): Buffer {
  const address = parseAddress(HOST);
  const argv =
    address.scheme === 'unix'
      ? ['--unix-socket', address.path, `http://engine${path}`]
      : [`${HOST.replace(/^tcp/, 'http')}${path}`];
  const done = spawnSync('curl', ['-sS', '--fail', ...argv], { maxBuffer: 2 ** 28 });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`curl (${done.status}): ${done.stderr}`);
  return done.stdout;
}

/** An archive without the times of its entries: from 25 on, Docker sets some of them to the time of the save. */
export function timeless(archive: Uint8Array): Buffer {
  const copy = Buffer.from(archive);
  for (let at = 0; at + 512 <= copy.length && copy[at] !== 0; ) {
    const size = Number.parseInt(copy.toString('latin1', at + 124, at + 136), 8);
    copy.fill(0, at + 136, at + 156); // the time, and the checksum that includes it
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return copy;
}

/** A file out of an image's only layer, by GNU tar. */
export function fileOf(archive: Uint8Array, path: string): string {
  return gnuTar(['-xOf', '-', path], layerOf(archive)).toString();
}

/** The only layer of an archive's only image, by GNU tar. */
export function layerOf(archive: Uint8Array): Buffer {
  const [image] = manifestOf(archive);
  const [layer, ...more] = image?.Layers ?? [];
  if (layer === undefined || more.length > 0) throw new Error('the image does not have one layer');
  const bytes = gnuTar(['-xOf', '-', layer], archive);
  return bytes.readUInt16BE(0) === 0x1f8b ? gunzipSync(bytes) : bytes; // the containerd store compresses
}

/** The content that an archive declares. */
export function manifestOf(
  archive: Uint8Array,
): Array<{ RepoTags: string[] | null; Layers: string[]; Config: string }> {
  return JSON.parse(gnuTar(['-xOf', '-', 'manifest.json'], archive).toString());
}

/** The digest of a tag, queried from the registry itself. */
export async function registryDigest(
  registry: string,
  name: string,
  tag: string,
  login?: typeof LOGIN,
): Promise<string> {
  const headers: Record<string, string> = {
    Accept: [
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.oci.image.index.v1+json',
    ].join(', '),
  };
  if (login)
    headers['Authorization'] = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const answer = await fetch(`http://${registry}/v2/${name}/manifests/${tag}`, { method: 'HEAD', headers });
  return answer.headers.get('docker-content-digest') ?? `none: ${answer.status}`;
}

/** A folder that is removed when the test, or all the file's tests, are over. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'longshore-live-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A server of Node's own, on a free port of 127.0.0.1 or on a Unix socket. */
export async function serve(listener: RequestListener, socket?: string): Promise<{ port: number; close(): void }> {
  const server: Server = createServer(listener);
  if (socket === undefined) server.listen(0, '127.0.0.1');
  else server.listen(socket);
  await once(server, 'listening');
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** A dialer for the engine under test, and the first line of every request to it. */
export function watchedDialer(): { dialer: Dialer; lines: string[]; connections(): number } {
  const { address, dial } = dialerFor(parseAddress(HOST));
  const lines: string[] = [];
  let count = 0;
  const dialer: Dialer = {
    address,
    async dial(options) {
      const channel = await dial(options);
      count++;
      const write = channel.write.bind(channel);
      channel.write = (blocks) => {
        const line = /^[A-Z]+ \S+ HTTP\/1\.1(?=\r\n)/.exec(Buffer.from(blocks[0] ?? []).toString('latin1'));
        if (line !== null) lines.push(line[0]);
        return write(blocks);
      };
      return channel;
    },
  };
  return { dialer, lines, connections: () => count };
}
