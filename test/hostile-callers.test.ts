// Callers that change or share their arguments after the call, or pass a source that is never read.

import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ConnectionPool } from '../src/connection/connection-pool.ts';
import { EngineRequest } from '../src/connection/engine-request.ts';
import { ArgumentError, ConnectError, TruncatedError } from '../src/errors.ts';
import { encodeRequestHead } from '../src/http/request-encoder.ts';
import { ImageClient } from '../src/client/image-client.ts';
import { fakeEngine } from './support/fake-engine.ts';
import type { FakeEngine } from './support/fake-engine.ts';
import { MemoryChannel, memoryDialer } from './support/memory-channel.ts';

let engine: FakeEngine;
let client: ImageClient;
async function start(): Promise<void> {
  engine = await fakeEngine(() => []);
  client = new ImageClient({ host: engine.host });
}
afterEach(async () => {
  client?.close();
  await engine?.close();
});

// Two lengths on one request are how one is smuggled inside another (RFC 9112 §11.2).
describe('a request whose headers and query are changed after the call', () => {
  // covers: fault 3.16
  it('is sent as it was at the call', async () => {
    await start();
    const headers: Record<string, string> = { 'X-Given': '1' };
    const query: Record<string, string> = { given: '1' };
    const asking = client.request({ method: 'POST', path: '/x', headers, query, body: Buffer.from('hello') });
    Object.assign(headers, { 'Content-Length': '0', 'Transfer-Encoding': 'chunked' });
    query['added'] = '2';
    await asking;
    expect(engine.asked[0]?.target).toBe('/v1.41/x?given=1');
    expect(engine.asked[0]?.headers).toMatchObject({ 'x-given': '1', 'content-length': '5' });
    expect(engine.asked[0]?.headers).not.toHaveProperty('transfer-encoding');
    expect(engine.asked[0]?.body.toString()).toBe('hello');
  });
});

describe('a request head', () => {
  it.each([
    [['Content-Length', '1'], ['Content-Length', '1']],
    [['Content-Length', '1'], ['transfer-encoding', 'chunked']],
    [['Host', 'a'], ['HOST', 'a']],
  // covers: fault 3.16
  ] as const)('with %j and %j is refused', (...fields) => {
    expect(() => encodeRequestHead({ method: 'POST', target: '/', fields })).toThrow(ArgumentError);
  });

  // Obs-text is for reading alone (RFC 9110 §5.5): a byte from 0x80 is Latin-1 to one reader and half a character to another.
  // covers: fault 3.16
  it.each(['\r\nX: 1', '\n', '\r', '\0', '\x1b', '\x7f', '\x80', 'ÿ', 'Ā', '€', '\ud800', ' a', 'a\t'])(
    'with the value %j is refused, and the value not shown',
    (value) => {
      const encode = (): unknown => encodeRequestHead({ method: 'GET', target: '/', fields: [['X-A', value === ' a' ? value : `hunter2${value}`]] });
      expect(encode).toThrow(ArgumentError);
      expect(encode).toThrow(/^the value of the header "X-A" contains characters that HTTP does not allow$/);
    },
  );

  it('with every character that is allowed in a value is sent unchanged', () => {
    const value = `!${String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 0x20 + index))}\t~`;
    const head = encodeRequestHead({ method: 'GET', target: '/', fields: [['X-A', value]] });
    expect(head.toString('latin1')).toBe(`GET / HTTP/1.1\r\nX-A: ${value}\r\n\r\n`);
  });
});

describe('a signal that several calls share', () => {
  it('has a listener of each call, and Node prints no warning about a leak', async () => {
    await start();
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 100 }, () => client.images({ signal })));
    await Promise.all(Array.from({ length: 30 }, () => client.loadImage(Buffer.from('x'), { signal }).then(undefined, () => {})));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});

describe('a source that was not read', () => {
  const nowhere = (): ImageClient => new ImageClient({ host: 'unix:///nowhere/longshore.sock' });

  it('is closed', async () => {
    let told = false;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => expect.unreachable(),
        return: async () => ({ done: true, value: (told = true) }),
      }),
    };
    await using docker = nowhere();
    await expect(docker.loadImage(source)).rejects.toBeInstanceOf(ConnectError);
    expect(told).toBe(true);
  });

  it('closes its file if it is a file stream', async () => {
    const stream = createReadStream(fileURLToPath(import.meta.url));
    await once(stream, 'open');
    await using docker = nowhere();
    await expect(docker.loadImage(stream)).rejects.toBeInstanceOf(ConnectError);
    if (!stream.closed) await once(stream, 'close');
    expect(stream.destroyed).toBe(true);
  });
});

describe('the end of a connection after a failed write', () => {
  // what came before the end
  // covers: fault 0.2, fault 3.11.3
  it.each(['', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', 'HTTP/1.1 200 OK\r\n\r\nab'])('gives an error with the failed write as its cause: %j', async (came) => {
    const channel = new MemoryChannel();
    const pool = new ConnectionPool(memoryDialer(channel));
    const timeouts = { connectMs: undefined, headMs: undefined, idleMs: undefined };
    const request = new EngineRequest({ address: 'x', host: 'x' }, 'POST', '/', [['Host', 'x']], timeouts, { bytes: Buffer.from('x') });
    const exchange = pool.send(request, () => ({ synchronous: true, write() {} }));
    while (channel.written.length === 0) await new Promise((resolve) => setImmediate(resolve));
    channel.writeError = new Error('EPIPE');
    if (came !== '') channel.read(came);
    channel.owner.onEnd();
    const error = await exchange.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TruncatedError);
    expect((error as Error).cause).toBe(channel.writeError);
  });
});
