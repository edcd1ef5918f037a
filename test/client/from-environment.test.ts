// Clients of the engine that the environment names, and the requests that they send.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArgumentError, ConfigError, ConnectError } from '../../src/errors.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import type { FromEnvironmentOptions } from '../../src/client/options.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';

let engine: FakeEngine;
let client: ImageClient | undefined;
beforeEach(async () => {
  engine = await fakeEngine(() => '[]', '1.51');
});
afterEach(async () => {
  client?.close();
  await engine.close();
});

async function clientOf(environment: Record<string, string>, options: FromEnvironmentOptions = {}): Promise<ImageClient> {
  const all = { HOME: '/nowhere', DOCKER_HOST: engine.host, ...environment };
  client = await ImageClient.fromEnvironment({ environment: all, ...options });
  return client;
}
const targets = (): string[] => engine.asked.map(({ target }) => target);

describe('fromEnvironment', () => {
  it('uses DOCKER_HOST and DOCKER_API_VERSION', async () => {
    await (await clientOf({ DOCKER_API_VERSION: '1.43' })).images();
    expect(targets()).toEqual(['/v1.43/images/json']);
  });

  it('gives options precedence over the environment', async () => {
    const environment = { DOCKER_HOST: 'unix:///nowhere', DOCKER_API_VERSION: '1.43', DOCKER_CUSTOM_HEADERS: 'X-A=1' };
    const options = { host: engine.host, version: '1.44', headers: { 'X-B': '2' }, timeouts: undefined };
    await (await clientOf(environment, options)).images();
    expect(targets()).toEqual(['/v1.44/images/json']);
    expect(engine.asked[0]?.headers).toMatchObject({ 'x-b': '2' });
    expect(engine.asked[0]?.headers).not.toHaveProperty('x-a');
  });

  it('sends DOCKER_CUSTOM_HEADERS with every request, which may replace them', async () => {
    const docker = await clientOf({ DOCKER_CUSTOM_HEADERS: 'X-Meta=all,"X-List=a, b"' });
    await docker.images();
    await (await docker.request({ path: '/x', headers: { 'x-meta': 'own' } })).body.return?.();
    const sent = engine.asked.map(({ headers }) => [headers['x-meta'], headers['x-list']]);
    expect(sent).toEqual([['all', 'a, b'], ['own', 'a, b']]);
    expect(engine.asked[0]?.headers['user-agent']).toMatch(/^longshore\//);
  });

  it('uses DOCKER_DEFAULT_PLATFORM only for pulls and imports that name no platform', async () => {
    const docker = await clientOf({ DOCKER_DEFAULT_PLATFORM: 'linux/arm64' });
    // The response "[]" is not a progress event.
    const quiet = (call: PromiseLike<unknown>): Promise<unknown> => Promise.resolve(call).catch(() => undefined);
    await quiet(docker.pull('a'));
    await quiet(docker.pull('b', { platform: 'linux/amd64' }));
    await quiet(docker.importImage({ image: 'c' }));
    await quiet(docker.importImageFromData(Buffer.of(1)));
    await quiet(docker.push('d'));
    await quiet(docker.inspectImage('e'));
    await quiet(docker.history('f'));
    await quiet(docker.loadImage(Buffer.of(1)));
    await quiet(docker.removeImage('g'));
    await quiet(docker.getImage('h').each(() => {}));
    const platforms = engine.asked.map(({ target }) => new URL(target, 'http://h').searchParams.get('platform'));
    expect(platforms).toEqual(['linux/arm64', 'linux/amd64', 'linux/arm64', 'linux/arm64', null, null, null, null, null, null]);
  });

  it('passes warnings on', async () => {
    const warnings: string[] = [];
    const environment = { DOCKER_HOST: 'tcp://127.0.0.1:1', DOCKER_CERT_PATH: '/nowhere' };
    await clientOf(environment, { onWarning: ({ message }) => warnings.push(message) });
    expect(warnings).toEqual([expect.stringContaining('DOCKER_CERT_PATH alone')]);
  });

  it('has a hint with the source of the address', async () => {
    const docker = await clientOf({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    const error = await docker.images().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectError);
    expect((error as ConnectError).hint).toBe('Is the engine running, and is this its address (DOCKER_HOST)?');
    const environment = { DOCKER_CONFIG: 'fixtures/config/lab' };
    const context = await ImageClient.fromEnvironment({ context: 'sock', environment });
    await expect(context.images()).rejects.toThrow('is this its address (context "sock", context)?');
    context.close();
  });

  it.each<[string, FromEnvironmentOptions, new (...args: never[]) => Error]>([
    ['a host and a context', { host: 'unix:///x', context: 'lab' }, ArgumentError],
    ['an option that there is not', { socketPath: '/x' } as FromEnvironmentOptions, ArgumentError],
    ['a dialer', { dialer: {} } as FromEnvironmentOptions, ArgumentError],
    ['an empty host', { host: '' }, ConfigError],
    ['an empty context', { context: '' }, ConfigError],
  ])('rejects %s', async (_, options, Class) => {
    await expect(ImageClient.fromEnvironment({ environment: {}, ...options })).rejects.toBeInstanceOf(Class);
  });
});

describe('explain', () => {
  it('reports the engine that would be chosen, and does not connect', async () => {
    const environment = { DOCKER_CONFIG: 'fixtures/config/lab', DOCKER_CONTEXT: 'sock', DOCKER_API_VERSION: '1.43' };
    const report = await ImageClient.explain({ environment });
    expect(report).toMatchObject({ host: 'unix:///run/other.sock', rule: 'DOCKER_CONTEXT', context: 'sock', version: '1.43' });
    const names = ['a.b+c_d-1', 'ca-only', 'lab', 'no-host', 'over-ssh', 'plain', 'skip', 'sock', 'sock-tls'];
    expect(report.contexts.map(({ name }) => name)).toEqual(names);
    await ImageClient.explain({ host: engine.host, environment: {} });
    expect(engine.pings()).toBe(0);
  });

  it('rejects what fromEnvironment rejects', async () => {
    await expect(ImageClient.explain({ host: 'unix:///x', context: 'lab' })).rejects.toThrow(ArgumentError);
    await expect(ImageClient.explain({ version: '1.43' } as object)).rejects.toThrow('explain has no option "version"');
  });
});

describe('the constructor', () => {
  it.each<[string, object, new (...args: never[]) => Error]>([
    ['a header that is the client\'s own', { headers: { host: 'x' } }, ConfigError],
    ['a header with a line end', { headers: { 'X-A': 'a\r\nX-B: c' } }, ConfigError],
    ['a default platform that is none', { defaultPlatform: '?' }, ArgumentError],
    ['TLS with a dialer', { host: undefined, dialer: { address: 'x', dial: () => {} }, tls: {} }, ArgumentError],
  ])('rejects %s', (_, options, Class) => {
    expect(() => new ImageClient({ host: 'unix:///x', ...options })).toThrow(Class);
  });

  it('accepts headers and a platform', async () => {
    const defaultPlatform = { os: 'linux', architecture: 'arm64' };
    client = new ImageClient({ host: engine.host, headers: { 'X-A': '1' }, defaultPlatform });
    await Promise.resolve(client.pull('a')).catch(() => undefined);
    const target = expect.stringContaining('platform=linux%2Farm64');
    expect(engine.asked[0]).toMatchObject({ headers: { 'x-a': '1' }, target });
  });
});
