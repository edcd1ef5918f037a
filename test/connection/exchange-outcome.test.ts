// Time limits: the defaults of each operation, which setting takes precedence, and that each ends a call where it applies.

import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Timeouts } from '../../src/connection/engine-request.ts';
import type { Transport } from '../../src/connection/transport.ts';
import { encodeCall } from '../../src/api/encode-call.ts';
import { endpoints } from '../../src/api/endpoints.ts';
import type { OperationName } from '../../src/api/endpoints.ts';
import { Engine } from '../../src/client/engine.ts';
import { TimeoutError } from '../../src/errors.ts';
import { Fields } from '../../src/http/fields.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import type { CallOptions, ImageClientOptions } from '../../src/client/options.ts';
import { answer, fakeDaemon, onRequest, until } from '../support/fake-daemon.ts';
import type { FakeDaemon } from '../support/fake-daemon.ts';

let daemon: FakeDaemon | undefined;
let client: ImageClient;
afterEach(async () => {
  client?.close();
  await daemon?.close();
  daemon = undefined;
});

/** The limits of each request, by its target. A ping gets a response; all others have no content. */
async function limitsOf(
  operation: OperationName,
  own: Partial<Timeouts>,
  ofCall?: Partial<Timeouts>,
): Promise<Record<string, Timeouts>> {
  const seen: Record<string, Timeouts> = {};
  const fields = new Fields();
  fields.append('Api-Version', '1.55');
  const status = operation === 'tag' ? 201 : 200;
  const transport: Transport = {
    async send(request, reader) {
      const { target, timeouts } = request;
      seen[target.replace(/\?.*/, '')] = timeouts;
      const head = { minorVersion: 1, reason: '', fields, framing: { kind: 'none' } as const };
      reader({ ...head, status: target === '/_ping' ? 200 : status }, request).end?.();
    },
    close() {},
  };
  const engine = new Engine({ transport, address: 'a', host: 'h', timeouts: own });
  await engine.makeCall(encodeCall(operation, {}, 'a'), { timeouts: ofCall }, () => ({ write() {} }));
  return seen;
}

const operations = Object.keys(endpoints).filter((name) => name !== 'ping') as OperationName[];
/** Targets that an engine responds to at once. All others may be silent for minutes, before their first byte or later. */
const prompt: readonly string[] = ['version', 'info', 'inspectImage', 'history', 'tag'];

describe('by default', () => {
  // covers: fault 3.14
  it.each(operations)('%s has the limits of a call that may be silent, or of a quick response', async (operation) => {
    const { '/_ping': ping, ...rest } = await limitsOf(operation, {});
    expect(ping).toEqual({ connectMs: 10_000, headMs: 30_000, idleMs: undefined });
    const headMs = prompt.includes(operation) ? 30_000 : undefined;
    expect(Object.values(rest)).toEqual([{ connectMs: 10_000, headMs, idleMs: undefined }]);
  });

  it.each(operations)('%s has those of the client instead, also for the negotiation', async (operation) => {
    const own = { connectMs: 1, headMs: 2, idleMs: 3 };
    expect(new Set(Object.values(await limitsOf(operation, own)).map((limits) => JSON.stringify(limits)))).toEqual(
      new Set([JSON.stringify(own)]),
    );
  });

  it.each(operations)('%s has those of the call before them, one by one, also for the negotiation', async (operation) => {
    const own = { connectMs: 1, headMs: 2, idleMs: 3 };
    const all = Object.values(await limitsOf(operation, own, { headMs: undefined, idleMs: 5 }));
    expect(new Set(all.map((limits) => JSON.stringify(limits)))).toEqual(new Set(['{"connectMs":1,"idleMs":5}']));
  });
});

const PING = 'HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\n';
const PODMAN = 'HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-API-Version: 5.4.0\r\nServer: Libpod/5.4.0\r\n\r\n';
const WORDS = '{"message":"client version 1.41 is too new. Maximum supported API version is 1.41"}';
const TOO_NEW = answer(WORDS, '', '400 Bad Request');

/** Responds to the requests with these texts, in order, and then is silent. */
async function scripted(script: readonly string[], options: Partial<ImageClientOptions>): Promise<void> {
  let count = 0;
  daemon = await fakeDaemon((socket) => onRequest(socket, () => void socket.write(script[count++] ?? '')));
  client = new ImageClient({ host: daemon.host, ...options });
}

async function failure(call: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(call).then((value) => expect.fail(`it gave ${String(value)}`), (error: unknown) => error);
}
async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

type Run = (client: ImageClient, options: CallOptions) => PromiseLike<unknown>;
const images: Run = (c, o) => c.images(o);

describe('headMs ends', () => {
  it.each<[string, string[], Run, string]>([
    ['the negotiation', [], images, 'HEAD /_ping'],
    ['the negotiation by GET', ['HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n'], images, 'GET /_ping'],
    ['a ping', [], (c) => c.ping(), 'HEAD /_ping'],
    ['a call', [PING], images, 'GET /v1.41/images/json'],
    ['a call without an answer', [PING], (c) => c.tag('a', 'b'), 'POST /v1.41/images/a/tag'],
    ['the question what is spoken instead', [PING, TOO_NEW, PING], images, 'GET /version'],
    ['the negotiation anew', [PING, TOO_NEW], images, 'HEAD /_ping'],
    ['what is asked before a pull', [PODMAN], (c) => c.pull('a'), 'GET /v1.41/images/docker.io/library/a:latest/json'],
    ['a save', [PING], (c) => c.getImage('a').each(() => {}), 'GET /v1.41/images/get'],
    ['any request', [], (c) => c.request({ path: '/x', versioned: false }), 'GET /x'],
    ['events', [PING], (c) => all(c.events()), 'GET /v1.41/events'],
  ])('%s', async (_, script, run, request) => {
    await scripted(script, { timeouts: { headMs: 40 } });
    const error = await failure(run(client, {}));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ limit: 'head', limitMs: 40 });
    expect((error as Error).message).toContain(request);
  });

  it('also the query before a pull, by the limit of the pull', async () => {
    await scripted([PODMAN], {});
    expect(await failure(client.pull('a', { timeouts: { headMs: 40 } }))).toMatchObject({ limit: 'head', limitMs: 40 });
  });

  it.each<[string, string[], Run, string]>([
    ['the question for the version', [], images, 'HEAD /_ping'],
    ['that question of any request', [], (c, o) => c.request({ path: '/x', ...o }), 'HEAD /_ping'],
    ['that question of a report', [], (c, o) => c.diskUsage(o), 'HEAD /_ping'],
    ['that question of a pull', [], (c, o) => c.pull('a', o), 'HEAD /_ping'],
    ['that question of events', [], (c, o) => all(c.events(o)), 'HEAD /_ping'],
    ['the question what is spoken instead', [PING, TOO_NEW, PING], images, 'GET /version'],
    ['the negotiation anew', [PING, TOO_NEW], images, 'HEAD /_ping'],
  ])('%s, by the call\'s own limit', async (_, script, run, request) => {
    await scripted(script, {});
    const error = await failure(run(client, { timeouts: { headMs: 40 } }));
    expect(error).toMatchObject({ limit: 'head', limitMs: 40, exchange: expect.objectContaining({ requestSent: true }) });
    expect((error as Error).message).toContain(request);
  });

  it('a call by its own limit, although another with a longer one began the negotiation', async () => {
    await scripted([], {});
    const ending = new AbortController();
    const first = failure(client.images({ signal: ending.signal }));
    await until(() => daemon?.received[0]?.includes('/_ping') === true);
    expect(await failure(client.images({ timeouts: { headMs: 40 } }))).toMatchObject({ limit: 'head', limitMs: 40 });
    ending.abort(new Error('over'));
    expect(await first).toEqual(new Error('over'));
  });

  it('no upload that is still being sent, however large it is', async () => {
    daemon = await fakeDaemon((socket) => {
      let length = 0;
      socket.pause();
      setTimeout(() => socket.resume(), 500); // more than the limit; more than a socket buffers is waiting meanwhile
      socket.on('data', (data) => {
        if ((length += data.length) > 8_000_000) socket.write(answer('{"stream":"Loaded image: a:1\\n"}'));
      });
    });
    client = new ImageClient({ host: daemon.host, version: '1.41' });
    const loaded = await client.loadImage(Buffer.alloc(8_000_000), { timeouts: { headMs: 300 } });
    expect(loaded.references).toEqual(['a:1']);
  });
});

describe('idleMs ends', () => {
  const begun = (content: string): string => `HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${content}`;
  // covers: fault 0.15
  it.each<[string, string[], Run]>([
    ['a list', [begun('[')], images],
    ['a progress stream', [begun('{"status":"x"}')], (c) => all(c.pull('a'))],
    ['a save', [begun('x'.repeat(600))], (c) => c.getImage('a').each(() => {})],
    ['events', [begun('{"Type":"image"}')], (c) => all(c.events())],
    ['the answer to any request', [begun('x')], async (c) => all((await c.request({ path: '/x' })).body)],
    ['a call without an answer', [], images],
  ])('%s that falls silent', async (_, script, run) => {
    await scripted(script, { version: '1.41', timeouts: { idleMs: 40 } });
    expect(await failure(run(client, {}))).toMatchObject({ code: 'LONGSHORE_TIMEOUT', limit: 'idle', limitMs: 40 });
  });

  it('a save to a file, which is removed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-'));
    await scripted([begun('x'.repeat(600))], { version: '1.41', timeouts: { idleMs: 40 } });
    expect(await failure(client.getImage('a').toFile(join(folder, 'a.tar')))).toBeInstanceOf(TimeoutError);
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  it.each<[string, () => Uint8Array | AsyncIterable<Uint8Array>]>([
    ['of bytes', () => Buffer.alloc(8_000_000)],
    ['from a source', async function* () {
      for (;;) yield Buffer.alloc(65536);
    }],
  ])('an upload %s that the engine does not take', async (_, data) => {
    daemon = await fakeDaemon((socket) => void socket.pause());
    client = new ImageClient({ host: daemon.host, version: '1.41', timeouts: { idleMs: 60 } });
    const error = await failure(client.loadImage(data()));
    expect(error).toMatchObject({ limit: 'idle' });
    expect((error as Error).message).toContain('neither sent nor accepted');
  });

  // covers: fault 0.15
  it('no upload with a slow source', async () => {
    async function* slow(): AsyncGenerator<Uint8Array> {
      for (let block = 0; block < 3; block++) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        yield Buffer.from('block');
      }
    }
    daemon = await fakeDaemon((socket) => {
      let text = '';
      socket.on('data', (data) => {
        text += data.toString('latin1');
        if (text.endsWith('\r\n0\r\n\r\n')) socket.write(answer('{"stream":"Loaded image: a:1\\n"}'));
      });
    });
    client = new ImageClient({ host: daemon.host, version: '1.41', timeouts: { idleMs: 80 } });
    expect((await client.loadImage(slow())).references).toEqual(['a:1']);
  });
});

describe('connectMs ends', () => {
  // covers: fault 3.25.6
  it('a dialer that ignores its signal', async () => {
    const dialer = { address: 'nowhere', dial: () => new Promise<never>(() => {}) };
    client = new ImageClient({ dialer, timeouts: { connectMs: 30 } });
    expect(await failure(client.images())).toMatchObject({ limit: 'connect', limitMs: 30 });
  });

  it('a TLS handshake without a response', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = new ImageClient({ host, timeouts: { connectMs: 200 } });
    expect(await failure(client.images())).toMatchObject({ limit: 'connect', limitMs: 200 });
    server.close();
  });
});
