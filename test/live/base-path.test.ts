// An engine with a base path, as behind a reverse proxy: a Node server forwards requests whose path begins with /engine,
// without that prefix.

import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseAddress } from '../../src/config/engine-address.ts';
import { ApiError, ImageClient, NotFoundError } from '../../src/index.ts';
import { HOST, cleanUp, collect, connect, failure, fileOf, makeImage, serve, timeless } from './support.ts';

const direct = connect();
let docker: ImageClient;
let port: number;
let close: () => void;
/** The requests so far. */
const targets: string[] = [];

beforeAll(async () => {
  const { host, port: enginePort, path: socketPath } = parseAddress(HOST) as { host?: string; port?: number; path?: string };
  const place = socketPath === undefined ? { host, port: enginePort } : { socketPath };
  ({ port, close } = await serve((asked, answer) => {
    const { method, headers, url = '' } = asked;
    targets.push(url);
    if (!url.startsWith('/engine/')) return void answer.writeHead(418).end('{"message":"the engine is not here"}');
    const inner = request({ ...place, method, headers, path: url.slice('/engine'.length) }, (got) => {
      answer.writeHead(got.statusCode ?? 0, got.headers);
      got.pipe(answer);
    });
    inner.on('error', () => answer.destroy());
    answer.on('close', () => inner.destroy());
    asked.pipe(inner);
  }));
  docker = new ImageClient({ host: `tcp://127.0.0.1:${port}/engine` });
});
afterAll(async () => {
  docker.close();
  close();
  await cleanUp(direct);
});

it('gives the same responses as without the base path', async () => {
  expect(await docker.ping()).toEqual(await direct.ping());
  expect(await docker.version()).toEqual(await direct.version());
  expect(await failure(docker.inspectImage('longshore-live/nothing'))).toBeInstanceOf(NotFoundError);
});

it('imports an image, saves it byte for byte, and loads it again', async () => {
  const { name, id } = await makeImage(docker, 'base-path');
  const archive = await collect(docker.getImage(name, { verify: 'digests' }));
  expect(fileOf(archive, 'what')).toMatch(/^base-path v1/);
  expect(timeless(archive).equals(timeless(await collect(direct.getImage(name))))).toBe(true);
  await docker.removeImage(name);
  await docker.loadImage(archive);
  expect((await direct.inspectImage(name)).Id).toBe(id);
});

it('works with a DOCKER_HOST that ends with a slash', async () => {
  const environment = { DOCKER_HOST: `tcp://127.0.0.1:${port}/engine/`, DOCKER_CONFIG: '/nowhere' };
  await using found = await ImageClient.fromEnvironment({ environment });
  expect(await found.ping()).toEqual(await direct.ping());
});

it('receives no request outside of the base path', async () => {
  expect(targets.length).toBeGreaterThan(5);
  expect(targets.filter((target) => !/^\/engine\/(_ping|v1\.\d+\/)/.test(target))).toEqual([]);
  await using astray = new ImageClient({ host: `tcp://127.0.0.1:${port}/engin`, version: '1.41' });
  const error = await failure(astray.version());
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 418, daemonMessage: 'the engine is not here' });
});
