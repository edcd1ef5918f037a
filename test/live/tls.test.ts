// A real engine behind TLS: a server in this process that takes client certificates only, and passes everything on.

import { connect as connectSocket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseAddress } from '../../src/docker/address.ts';
import { ConnectError, ImageClient, NotFoundError } from '../../src/index.ts';
import { pathOf, tlsDaemon } from '../support/tls-daemon.ts';
import type { TlsDaemon } from '../support/tls-daemon.ts';
import { HOST, cleanUp, collect, connect, failure, fileOf, makeImage, temporaryFolder } from './support.ts';

const options = { ca: pathOf('ca.pem'), cert: pathOf('client.pem'), key: pathOf('client-key.pem') };
const address = parseAddress(HOST);
const direct = connect();
let daemon: TlsDaemon;
let docker: ImageClient;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  const { host = '', port = 0, path } = address as { host?: string; port?: number; path?: string };
  const target = path === undefined ? { host, port } : { path };
  daemon = await tlsDaemon(
    (outer) => {
      const inner = connectSocket({ ...target, allowHalfOpen: true });
      inner.on('error', () => outer.destroy()).on('close', () => outer.destroySoon());
      outer.on('close', () => inner.destroy());
      outer.pipe(inner);
      inner.pipe(outer);
    },
    { requestCert: true, rejectUnauthorized: true },
  );
  docker = new ImageClient({ dialer: daemon.dialer(options, 'localhost') });
});
afterAll(async () => {
  docker.close();
  daemon.close();
  await folder.remove();
  await cleanUp(direct);
});

it('answers over TLS what it answers without', async () => {
  expect(await docker.ping()).toEqual(await direct.ping());
  expect(await docker.version()).toEqual(await direct.version());
  const { id } = await makeImage(docker, 'tls-list');
  expect(await docker.images({ quiet: true })).toContain(id);
  expect(await docker.inspectImage(id)).toEqual(await direct.inspectImage(id));
  expect(await failure(docker.inspectImage(`${id.slice(0, -4)}beef`))).toBeInstanceOf(NotFoundError);
  expect(daemon.raw).toHaveLength(1);
});

it('gives an image whole, loop and file, and takes it back', async () => {
  const { name, id } = await makeImage(docker, 'tls-trip');
  const archive = await collect(docker.getImage(name, { verify: 'digests' }));
  expect(fileOf(archive, 'what')).toMatch(/^tls-trip v1/);
  const path = `${folder.path}/image.tar`;
  const { bytes, verified } = await docker.getImage(name, { verify: 'digests' }).toFile(path);
  expect(bytes).toBe(archive.length);
  expect(verified).toBeDefined();
  await docker.removeImage(name);
  await docker.loadImage({ path });
  expect((await docker.inspectImage(name)).Id).toBe(id);
  await docker.removeImage(name);
  await docker.loadImage(archive);
  expect((await docker.inspectImage(name)).Id).toBe(id);
});

it('refuses whoever has no certificate, before the engine hears of it', async () => {
  const stranger = new ImageClient({ dialer: daemon.dialer({ ca: pathOf('ca.pem') }, 'localhost') });
  const error = await failure(stranger.ping());
  expect(error).toBeInstanceOf(ConnectError);
  expect(String(error)).toMatch(/the engine wants a client certificate/);
});
