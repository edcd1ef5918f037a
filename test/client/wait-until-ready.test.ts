// `waitUntilReady`: which failures mean that the engine is starting, and what ends the wait.

import { afterEach, describe, expect, it } from 'vitest';
import { ConnectError, ImageClient, LongshoreError, TimeoutError } from '../../src/index.ts';
import type { Dialer } from '../../src/index.ts';
import { answer, fakeDaemon, onRequest } from '../support/fake-daemon.ts';
import type { FakeDaemon } from '../support/fake-daemon.ts';
import { whileTimePasses } from '../support/fake-time.ts';

const OK = answer('', 'Api-Version: 1.41\r\n');
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A client of an engine that treats one connection after the other like this: sends the text, or closes it. The last one remains. */
async function starting(...connections: ReadonlyArray<string | undefined>): Promise<{ client: ImageClient; daemon: FakeDaemon }> {
  const daemon = await fakeDaemon((socket, index) => {
    onRequest(socket, () => {
      const text = connections[Math.min(index, connections.length - 1)];
      if (text === undefined) socket.destroy();
      else socket.end(text);
    });
  });
  const client = new ImageClient({ host: daemon.host });
  closers.push(() => client.close(), () => daemon.close());
  return { client, daemon };
}

/** A client whose connections fail with this error, as often as `times` says; then the engine answers. */
async function failing(error: () => Error, times: number): Promise<ImageClient> {
  const { daemon } = await starting(OK);
  let left = times;
  const dialer: Dialer = { ...daemon.dialer, address: daemon.host, dial: async (options) => {
    if (left-- > 0) throw error();
    return daemon.dialer.dial(options);
  } };
  const client = new ImageClient({ dialer });
  closers.unshift(() => client.close());
  return client;
}
const connectError = (errno: string) => (): Error => new ConnectError('cannot connect', { address: 'unix:///x', errno, hint: 'Start it' });
const failure = (call: Promise<unknown>): Promise<unknown> => call.then((result) => expect.fail(`resolved with ${JSON.stringify(result)}`), (error: unknown) => error);

describe('waitUntilReady', () => {
  it('resolves with the ping of an engine that is ready', async () => {
    const { client, daemon } = await starting(OK);
    expect(await client.waitUntilReady()).toMatchObject({ apiVersion: '1.41', isPodman: false });
    expect(daemon.sockets).toHaveLength(1);
  });

  it.each(['ENOENT', 'ECONNREFUSED', 'EHOSTUNREACH', 'EAI_AGAIN', 'ENOTFOUND'])('waits while connections fail with %s', async (errno) => {
    const client = await failing(connectError(errno), 4);
    expect(await whileTimePasses(() => client.waitUntilReady())).toMatchObject({ apiVersion: '1.41' });
  });

  it.each<[string, string | undefined]>([
    ['503', answer('', '', '503 Service Unavailable')],
    ['502 of a proxy', answer('', '', '502 Bad Gateway')],
    ['a connection that is closed', undefined],
  ])('waits while the engine answers with %s', async (_, text) => {
    const { client } = await starting(text, text, text, text, OK);
    expect(await whileTimePasses(() => client.waitUntilReady())).toMatchObject({ apiVersion: '1.41' });
  });

  it.each<[string, string]>([
    ['500', answer('', '', '500 Internal Server Error')],
    ['401', answer('', '', '401 Unauthorized')],
    ['429', answer('', '', '429 Too Many Requests')],
    ['bytes that are not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['the page of another server', answer('<html>', 'Server: nginx\r\n')],
  ])('rejects at once for %s', async (_, text) => {
    const { client } = await starting(text, text, OK);
    const error = await failure(client.waitUntilReady());
    expect(error).toBeInstanceOf(LongshoreError);
    expect(error).not.toBeInstanceOf(TimeoutError);
  });

  it.each(['EACCES', 'CERT_HAS_EXPIRED'])('rejects at once for %s', async (errno) => {
    const client = await failing(connectError(errno), 1);
    expect(await failure(client.waitUntilReady())).toMatchObject({ errno });
  });

  it('rejects at once for a closed client', async () => {
    const { client } = await starting(OK);
    client.close();
    expect(await failure(client.waitUntilReady())).toBeInstanceOf(ConnectError);
  });

  it('rejects with a TimeoutError that says why the engine is not ready', async () => {
    const client = await failing(connectError('ENOENT'), Infinity);
    const error = await whileTimePasses(() => failure(client.waitUntilReady({ timeoutMs: 5000 })));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ limit: 'ready', limitMs: 5000, transient: true, cause: expect.objectContaining({ errno: 'ENOENT' }) as object });
    expect((error as Error).message).toMatch(/^the engine was not ready within 5000 ms: HEAD \/_ping on .*cannot connect\. Start it$/);
  });

  it('ends a ping that the engine does not answer, at the limit', async () => {
    const daemon = await fakeDaemon(() => {});
    const client = new ImageClient({ host: daemon.host });
    closers.push(() => client.close(), () => daemon.close());
    const error = await whileTimePasses(() => failure(client.waitUntilReady({ timeoutMs: 50 })));
    expect(error).toMatchObject({ limit: 'ready', message: 'the engine was not ready within 50 ms: it does not answer', cause: undefined });
  });

  it('ends when the signal aborts, during a delay too', async () => {
    const controller = new AbortController();
    const client = await failing(() => {
      setImmediate(() => controller.abort('enough'));
      return connectError('ENOENT')();
    }, Infinity);
    expect(await failure(client.waitUntilReady({ signal: controller.signal }))).toBe('enough');
    expect(await failure(client.waitUntilReady({ signal: AbortSignal.abort('before') }))).toBe('before');
  });
});
