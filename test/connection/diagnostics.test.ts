// What goes to onWarning, how often, and what happens to a call whose handler throws.

import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ArgumentError, CredentialError } from '../../src/errors.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import { warner } from '../../src/connection/diagnostics.ts';
import type { Warning } from '../../src/connection/diagnostics.ts';
import { answer } from '../support/fake-daemon.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { planted } from '../support/planted.ts';

let engine: FakeEngine | undefined;
let server: Server | undefined;
let client: ImageClient | undefined;
afterEach(async () => {
  client?.close();
  await engine?.close();
  server?.close();
  engine = server = client = undefined;
});

const credentials = { username: 'u', password: planted.password };
const digest = `sha256:${'0'.repeat(64)}`;
const old = { status: 'WARNING: this image is old' };

describe('a warning of the engine', () => {
  it('goes to the handler every time, and is also an event and a part of the result', async () => {
    engine = await fakeEngine(() => `${JSON.stringify(old)}\n${JSON.stringify({ status: `Digest: ${digest}` })}\n`);
    const told: Warning[] = [];
    client = new ImageClient({ host: engine.host, onWarning: (warning) => told.push(warning) });
    const { warnings } = await client.pull('a');
    const stream = client.pull('a');
    const types = [];
    for await (const { type } of stream) types.push(type);
    expect([warnings, types]).toEqual([[old.status], ['warning', 'headline']]);
    const warning = { kind: 'engine', subject: engine.host, message: old.status };
    expect(told).toEqual([warning, warning]);
  });

  it('is not printed without a handler', async () => {
    const print = vi.spyOn(console, 'warn');
    const write = vi.spyOn(process.stderr, 'write');
    engine = await fakeEngine(() => `${JSON.stringify(old)}\n${JSON.stringify({ status: `Digest: ${digest}` })}\n`);
    client = new ImageClient({ host: engine.host });
    await client.pull('a');
    expect([print.mock.calls, write.mock.calls]).toEqual([[], []]);
    vi.restoreAllMocks();
  });

  it('ends the call with the error of a handler that throws, and the client still works', async () => {
    engine = await fakeEngine((asked) => (asked.method === 'POST' ? old : []));
    const strict = new Error('no warnings here');
    client = new ImageClient({
      host: engine.host,
      onWarning: () => {
        throw strict;
      },
    });
    await expect(client.pull('a')).rejects.toBe(strict);
    await expect(client.images()).resolves.toEqual([]);
  });
});

describe('the memory of warnings', () => {
  const warning = { kind: 'readable-key', subject: '/key.pem', message: 'others may read it' } as const;

  it('has each kind once for each subject', () => {
    const told = vi.fn();
    const warn = warner(told);
    for (const subject of ['/a', '/b', '/a']) warn({ ...warning, subject });
    warn({ ...warning, kind: 'plaintext-credentials', subject: '/a' });
    expect(told.mock.calls.map(([{ kind, subject }]) => `${kind} ${subject}`)).toEqual([
      'readable-key /a', 'readable-key /b', 'plaintext-credentials /a',
    ]);
  });

  it('does not keep a warning that made the handler throw', () => {
    const told = vi.fn(() => {
      throw new Error('no');
    });
    const warn = warner(told);
    expect(() => warn(warning)).toThrow('no');
    expect(() => warn(warning)).toThrow('no');
  });
});

describe('credentials that would cross a network unencrypted', () => {
  // The name of another machine that leads to this one: 0.0.0.0 is not a loopback address, but connects to this machine.
  async function elsewhere(): Promise<{ host: string; connections: () => number }> {
    let connections = 0;
    server = createServer((socket) => {
      connections++;
      socket.on('error', () => {}).on('data', () => socket.end(answer('[]', 'Api-Version: 1.41\r\n')));
    });
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    return { host: `tcp://0.0.0.0:${port}`, connections: () => connections };
  }

  type Call = [string, (client: ImageClient) => PromiseLike<unknown>];
  const calls: readonly Call[] = [
    ['a pull', async (c) => c.pull('a')],
    ['a push', async (c) => c.push('a', { credentials })],
    ['a search', (c) => c.search('a')],
    ['a look at a registry', (c) => c.inspectDistribution('a')],
    ['a login', (c) => c.checkAuth('r.example', credentials)],
    ['a request', (c) => c.request({ path: '/x', versioned: false, headers: { 'X-Registry-Auth': 'eyJhIjoiYiJ9' } })],
  ];

  // covers: fault 3.19.7
  it.each(calls)('are refused before anything is sent, with that option: %s', async (_, call) => {
    const { host, connections } = await elsewhere();
    client = new ImageClient({ host, credentials, plaintextCredentials: 'refuse' });
    const error = await call(client).then(undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(CredentialError);
    expect((error as Error).message).toContain(`sent to ${host} unencrypted`);
    expect(connections()).toBe(0);
  });

  it('are refused when they are found during the call, and are not sent', async () => {
    const { host, connections } = await elsewhere();
    client = new ImageClient({ host, credentials: () => credentials, plaintextCredentials: 'refuse', version: '1.41' });
    await expect(client.push('a')).rejects.toBeInstanceOf(CredentialError);
    expect(connections()).toBe(0);
  });

  // covers: fault 3.19.7
  it.each(calls)('cause one warning, and are sent: %s', async (_, call) => {
    const { host, connections } = await elsewhere();
    const told: Warning[] = [];
    client = new ImageClient({ host, credentials, onWarning: (warning) => told.push(warning) });
    await call(client).then(undefined, () => {});
    await call(client).then(undefined, () => {});
    expect(told.map(({ kind, subject }) => [kind, subject])).toEqual([['plaintext-credentials', host]]);
    expect(connections()).toBeGreaterThan(0);
  });

  it.each<[string, object]>([
    ['are none', { credentials: 'anonymous' as const }],
    ['are none by a function', { credentials: () => undefined }],
    ['are not given', {}],
  ])('are not reported where they %s', async (_, options) => {
    const { host } = await elsewhere();
    client = new ImageClient({ host, ...options, plaintextCredentials: 'refuse', version: '1.41' });
    await expect(client.search('a')).resolves.toEqual([]);
  });

  // covers: fault 3.19.7
  it('cause no warning on the way to this machine', async () => {
    engine = await fakeEngine(() => []);
    const refusing = { credentials, plaintextCredentials: 'refuse', version: '1.41' } as const;
    client = new ImageClient({ host: engine.host, ...refusing });
    await expect(client.search('a')).resolves.toEqual([]);
    const { host } = await elsewhere();
    const near = new ImageClient({ host: host.replace('0.0.0.0', '127.0.0.1'), ...refusing });
    await expect(near.search('a')).resolves.toEqual([]);
    near.close();
  });

  it.each<[string, object]>([
    ['by another word', { host: 'unix:///x', plaintextCredentials: 'allow' }],
    ['of a dialer', { dialer: { address: 'x', dial: () => {} }, plaintextCredentials: 'refuse' }],
  ])('cannot be refused %s', (_, options) => {
    expect(() => new ImageClient(options)).toThrow(ArgumentError);
  });
});
