import { afterEach, describe, expect, it } from 'vitest';
import { CollectingSink } from '../../src/connection/collecting-sink.ts';
import type { PoolOptions } from '../../src/connection/connection-pool.ts';
import type { Transport } from '../../src/connection/transport.ts';
import { ArgumentError, ConnectError, ProtocolError, TimeoutError, TruncatedError } from '../../src/errors.ts';
import { Kept, answer, fakeDaemon, onRequest, request, until } from '../support/fake-daemon.ts';
import type { FakeDaemon } from '../support/fake-daemon.ts';
import { MemoryChannel } from '../support/memory-channel.ts';
import { makeWire, particulars, wireNames } from '../support/wires.ts';

describe.each(wireNames)('over the wire %s', (wire) => {
  let daemon: FakeDaemon;
  let pool: Transport;
  afterEach(async () => {
    pool.close();
    await daemon.close();
  });

  async function start(onConnection: Parameters<typeof fakeDaemon>[0], options: PoolOptions = {}): Promise<void> {
    daemon = await fakeDaemon(onConnection);
    pool = makeWire(wire, daemon.dialer, options);
  }

  /** Answers the n-th request of each connection with the n-th text. */
  function answering(...texts: string[]): (socket: import('node:net').Socket) => void {
    return (socket) => onRequest(socket, (_, count) => socket.write(texts[Math.min(count, texts.length - 1)] ?? '', 'latin1'));
  }

  async function get(changes: Parameters<typeof request>[0] = {}): Promise<Kept> {
    const kept = new Kept();
    await pool.send(request(changes), kept.reader);
    return kept;
  }

  describe('a connection is reused', () => {
    it('when the response ended where its framing says', async () => {
      await start(answering(answer('one'), answer('two')));
      expect((await get()).text).toBe('one');
      expect((await get()).text).toBe('two');
      expect(daemon.sockets).toHaveLength(1);
    });

    it('after a chunked response', async () => {
      await start(answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n'));
      expect((await get()).text).toBe('one');
      expect((await get()).text).toBe('one');
      expect(daemon.sockets).toHaveLength(1);
    });

    it('after a reader that was busy when the response ended', async () => {
      await start(answering(answer('one'), answer('two')));
      const flush = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));
      for (const text of ['one', 'two']) {
        const kept = new Kept();
        await pool.send(request(), (...all) => ({ ...kept.reader(...all), flush }));
        expect(kept.text).toBe(text);
      }
      expect(daemon.sockets).toHaveLength(1);
    });

    // covers: complaint js-31
    it('by the next call, and two calls at a time open two connections', async () => {
      await start(answering(answer('x')));
      await Promise.all([get(), get()]);
      await get();
      expect(daemon.sockets).toHaveLength(2);
    });
  });

  describe('idle connections', () => {
    /** Responds with the number of the connection, in the order of the requests, when the test says so. */
    async function startTold(options: PoolOptions = {}): Promise<Array<() => void>> {
      const told: Array<() => void> = [];
      await start((socket, index) => onRequest(socket, () => told.push(() => socket.write(answer(`${index}`)))), options);
      return told;
    }

    // covers: fault 3.9
    it('are taken last in, first out: the last one is the most likely to be alive', async () => {
      const told = await startTold();
      const both = [get(), get()];
      await until(() => told.length === 2);
      const [first, last] = told.splice(0);
      last?.();
      const [other] = await Promise.all([Promise.race(both), until(() => daemon.received.length === 2)]);
      first?.();
      const one = (await Promise.all(both)).map(({ text }) => text).find((text) => text !== other.text);
      const next = get();
      await until(() => told.length === 1);
      told.pop()?.();
      expect((await next).text).toBe(one);
    });

    // covers: fault 3.9
    it.each([[undefined, 6], [2, 2]])('with maxIdle %s: %i are kept and the others are closed', async (maxIdle, kept) => {
      const told = await startTold({ maxIdle });
      const calls = Array.from({ length: 8 }, () => get());
      await until(() => told.length === 8);
      for (const go of told) go();
      await Promise.all(calls);
      await until(() => daemon.sockets.filter(({ readableEnded }) => readableEnded).length >= 8 - kept);
      await new Promise((resolve) => setImmediate(resolve)); // no other connection is closed after them
      expect(daemon.sockets.filter(({ readableEnded }) => !readableEnded)).toHaveLength(kept);
    });
  });

  describe('a connection is not reused', () => {
    // why, the first answer
    // covers: fault 0.5
    it.each([
      ['the engine sends close', answer('x', 'Connection: close\r\n')],
      ['bytes follow the response', `${answer('x')}HTTP/1.1 500 Stray\r\n\r\n`],
      ['an HTTP/1.0 response does not ask for it', answer('x').replace('1.1', '1.0')],
    ])('when %s', async (_, first) => {
      await start((socket, index) => onRequest(socket, () => socket.write(index === 0 ? first : answer('fresh'))));
      expect((await get()).text).toBe('x');
      expect((await get()).text).toBe('fresh');
      expect(daemon.sockets).toHaveLength(2);
    });

    // covers: fault 0.6, fault 3.10.3
    it('when bytes arrive that no request asked for', async () => {
      await start((socket, index) => onRequest(socket, () => socket.write(answer(`${index}`))));
      await get();
      await new Promise((resolve) => daemon.sockets[0]?.write(answer('poison'), resolve));
      expect((await get()).text).toBe('1');
    });

    // covers: fault 0.6, fault 3.11.2
    it('when the engine has ended it', async () => {
      await start((socket, index) => onRequest(socket, () => socket.write(answer(`${index}`))));
      await get();
      daemon.sockets[0]?.end();
      expect((await get()).text).toBe('1');
    });

    // covers: fault 3.9
    it('when reuse is turned off', async () => {
      await start(answering(answer('x')), { maxIdle: 0 });
      await get();
      await get();
      expect(daemon.sockets).toHaveLength(2);
    });

    // covers: fault 3.9
    it('when it was idle for too long', async () => {
      await start(answering(answer('x')), { idleMs: 1 });
      await get();
      await until(() => daemon.sockets[0]?.readableEnded === true);
      await get();
      expect(daemon.sockets).toHaveLength(2);
    });
  });

  describe('a request over an idle connection that has died', () => {
    // The daemon answers the first request and, at the second on the same connection, ends it without a byte.
    const dying = (socket: import('node:net').Socket, index: number): void =>
      onRequest(socket, (_, count) => void (index === 0 && count === 1 ? socket.destroy() : socket.write(answer(`${index}`))));

    // covers: fault 0.8
    it.each([['GET', '1'], ['HEAD', '']])('is sent once more when it is a %s', async (method, text) => {
      await start(dying);
      await get();
      expect(await get({ method })).toMatchObject({ status: 200, text });
      expect(daemon.received.map((received) => received.split(`${method} /x `).length - 1)).toEqual(
        method === 'GET' ? [2, 1] : [1, 1],
      );
    });

    // covers: fault 0.8
    it('is sent once more, but not a third time if the new connection dies, too', async () => {
      await start((socket, index) =>
        onRequest(socket, (_, count) => void (index === 0 && count === 0 ? socket.write(answer('x')) : socket.destroy())),
      );
      await get();
      const error: unknown = await get().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'LONGSHORE_TRUNCATED', exchange: { reusedSocket: false, requestSent: true } });
      expect(daemon.sockets).toHaveLength(2);
    });

    // covers: fault 0.8, fault 3.12
    it.each([['POST'], ['DELETE']])('is not sent again when it is a %s', async (method) => {
      await start(dying);
      await get();
      const error: TruncatedError = await get({ method }).then(
        () => expect.unreachable(),
        (reason: unknown) => reason as TruncatedError,
      );
      expect(error).toBeInstanceOf(TruncatedError);
      expect(error.exchange).toMatchObject({ method, reusedSocket: true, requestSent: true });
      expect(daemon.sockets).toHaveLength(1);
    });

    // covers: fault 0.8
    it('is not sent again when a byte of the response has arrived', async () => {
      await start((socket) => onRequest(socket, (_, count) => void (count === 0 ? socket.write(answer('x')) : socket.end('H'))));
      await get();
      await expect(get()).rejects.toThrow(TruncatedError);
      expect(daemon.sockets).toHaveLength(1);
    });

    // covers: fault 0.8
    it('is not sent again when the connection was new', async () => {
      await start((socket) => onRequest(socket, () => socket.destroy()));
      await expect(get()).rejects.toThrow(TruncatedError);
      expect(daemon.sockets).toHaveLength(1);
    });
  });

  describe('exchanges without a limit for their number', () => {
    it('all run at the same time: no call over a socket waits for another', async () => {
      const waiting: Array<() => void> = [];
      await start((socket) => onRequest(socket, () => waiting.push(() => socket.write(answer('x')))));
      const calls = Array.from({ length: 20 }, () => get());
      await until(() => waiting.length === 20);
      for (const go of waiting) go();
      expect((await Promise.all(calls)).map(({ text }) => text)).toEqual(Array(20).fill('x'));
    });
  });

  describe('exchanges whose number is limited by the dialer', () => {
    /** Two at a time. The daemon responds to `/now` at once, closes for `/dies`, and waits for the test with other targets. */
    async function startTwo(traits = {}): Promise<{ targets: string[]; go: Map<string, () => void> }> {
      const targets: string[] = [];
      const go = new Map<string, () => void>();
      await start((socket) =>
        onRequest(socket, (head) => {
          const target = head.split(' ')[1] ?? '';
          targets.push(target);
          if (target === '/now') socket.write(answer('now'));
          else if (target === '/dies') socket.destroy();
          else go.set(target, () => socket.write(answer(target)));
        }),
      );
      pool = makeWire(wire, { ...daemon.dialer, traits: { connectMs: 1000, idleMs: 1000, maxBusy: 2, ...traits } });
      return { targets, go };
    }

    it('wait for their turn, first come, first served, and reuse the connections', async () => {
      const { targets, go } = await startTwo();
      const all = Array.from({ length: 7 }, (_, index) => `/${index}`);
      const calls = all.map((target) => get({ target }));
      for (const target of all) {
        await until(() => go.has(target));
        expect(targets.length).toBeLessThanOrEqual(Number(target.slice(1)) + 2);
        go.get(target)?.();
      }
      expect((await Promise.all(calls)).map(({ text }) => text)).toEqual(all);
      expect(targets.slice(2)).toEqual(all.slice(2));
      expect(daemon.sockets).toHaveLength(2);
    });

    it('do not wait for streams, and streams do not wait', async () => {
      const { targets, go } = await startTwo();
      const long = ['/long0', '/long1', '/long2'];
      const short = ['/short0', '/short1'];
      const streams = long.map((target) => get({ target, longLived: true }));
      await until(() => targets.length === 3);
      expect((await get({ target: '/now' })).text).toBe('now');
      const busy = short.map((target) => get({ target }));
      await until(() => short.every((target) => go.has(target)));
      const one = get({ target: '/long3', longLived: true });
      await until(() => go.has('/long3'));
      for (const target of [...long, ...short, '/long3']) go.get(target)?.();
      await Promise.all([...streams, ...busy, one]);
    });

    it('can be aborted while they wait; they send nothing and do not delay others', async () => {
      const { targets, go } = await startTwo();
      const busy = ['/a', '/b'].map((target) => get({ target }));
      const controller = new AbortController();
      const aborted = get({ target: '/aborted', signal: controller.signal });
      const next = get({ target: '/now' });
      await until(() => targets.length === 2);
      const reason = new Error('enough of this');
      controller.abort(reason);
      await expect(aborted).rejects.toBe(reason);
      go.get('/a')?.();
      expect((await next).text).toBe('now');
      go.get('/b')?.();
      await Promise.all(busy);
      await expect(get({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await Promise.all([get({ target: '/now' }), get({ target: '/now' })]);
      expect(targets).not.toContain('/aborted');
    });

    it.each(['connectMs', 'headMs', 'idleMs'] as const)('wait for their turn no longer than the shortest timeout, %s, and send nothing then', async (limit) => {
      const { targets, go } = await startTwo();
      const busy = ['/a', '/b'].map((target) => get({ target }));
      await until(() => targets.length === 2);
      const timeouts = { connectMs: 60_000, headMs: undefined, idleMs: undefined, [limit]: 40 };
      const error = await get({ target: '/late', timeouts }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'LONGSHORE_TIMEOUT', limit: limit.replace('Ms', ''), limitMs: 40 });
      expect((error as TimeoutError).exchange).toMatchObject({ target: '/late', requestSent: false });
      expect((error as Error).message).toContain('the maximum of 2 calls is running');
      for (const target of ['/a', '/b']) go.get(target)?.();
      await Promise.all(busy);
      expect((await get({ target: '/now', timeouts })).text).toBe('now');
      expect(targets).not.toContain('/late');
    });

    it('let the next one run when their connection dies', async () => {
      await startTwo();
      const dying = Array.from({ length: 4 }, () => get({ target: '/dies' }).catch((error: unknown) => error));
      expect((await get({ target: '/now' })).text).toBe('now');
      for (const error of await Promise.all(dying)) expect(error).toBeInstanceOf(TruncatedError);
    });

    it('let the next one run when the connection fails', async () => {
      await startTwo();
      await daemon.close();
      const errors = await Promise.all(Array.from({ length: 5 }, () => get().catch((error: unknown) => error)));
      for (const error of errors) expect(error).toBeInstanceOf(ConnectError);
    });

    it('end when the client is closed, also those that wait', async () => {
      const { targets } = await startTwo();
      const calls = Array.from({ length: 5 }, () => get({ target: '/x' }).catch((error: unknown) => error));
      await until(() => targets.length === 2);
      pool.close();
      const messages = (await Promise.all(calls)).map((error) => (error as Error).message);
      for (const message of messages) expect(message).toContain('this client has been closed');
      expect(targets).toHaveLength(2);
    });

    it('keep an idle connection as long as the dialer says', async () => {
      await startTwo({ idleMs: 1 });
      await get({ target: '/now' });
      await until(() => daemon.sockets[0]?.readableEnded === true);
    });
  });

  describe('responses that arrive in several reads', () => {
    it('stay intact while other connections read into the same memory', async () => {
      // Found by the first replay byte by byte: a Buffer's slice() is a view, and the next read wrote over it.
      await start((socket, index) => {
        onRequest(socket, async () => {
          const body = `"${String(index).repeat(40_000)}"`;
          const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`;
          for (const part of [head, body.slice(0, 17), body.slice(17, 20_000), body.slice(20_000)]) {
            socket.write(part);
            await new Promise((resolve) => setTimeout(resolve, 3)); // a separate read for each; simultaneous timers could change the order
          }
        });
      });
      const texts = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const sink = new CollectingSink(100_000, () => new Error('too large'));
          await pool.send(request(), () => sink);
          return Buffer.from(sink.bytes()).toString();
        }),
      );
      expect(texts.sort()).toEqual(Array.from({ length: 8 }, (_, index) => `"${String(index).repeat(40_000)}"`));
    });
  });

  describe('an engine that cannot be reached', () => {
    // covers: fault 3.11.1, fault 3.25.1
    it('is a ConnectError that names the address, the cause and what to do', async () => {
      await start(() => {});
      await daemon.close();
      const error = await get().catch((reason: unknown) => reason as ConnectError);
      expect(error).toMatchObject({ code: 'LONGSHORE_CONNECT', errno: 'ENOENT', address: daemon.host });
      expect((error as Error).message).toContain(`GET /x on ${daemon.host}: cannot connect`);
      expect((error as Error).message).toContain('does not exist');
    });

    // covers: fault 3.25.6
    it('is a TimeoutError when no one accepts the connection in time', async () => {
      daemon = await fakeDaemon(() => {});
      const { address } = daemon.dialer;
      const never = { address, dial: ({ signal }: { signal?: AbortSignal | undefined }) => new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))) };
      pool = makeWire(wire, never);
      const timeouts = { connectMs: 5, headMs: undefined, idleMs: undefined };
      await expect(get({ timeouts })).rejects.toMatchObject({ limit: 'connect', limitMs: 5 });
    });
  });

  describe('timeouts', () => {
    // covers: fault 0.15, fault 3.7, fault 3.14
    it('end a call whose head is not complete in time, however steadily bytes and interim responses arrive', async () => {
      await start((socket) => {
        socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(3));
        const dripping = setInterval(() => socket.write('H'), 5);
        socket.on('close', () => clearInterval(dripping));
        setTimeout(() => clearInterval(dripping), 0);
      });
      const timeouts = { connectMs: undefined, headMs: 30, idleMs: undefined };
      await expect(get({ timeouts })).rejects.toBeInstanceOf(TimeoutError);
    });

    // covers: complaint js-29
    it('end a response that stops arriving', async () => {
      await start(answering('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe'));
      const timeouts = { connectMs: undefined, headMs: undefined, idleMs: 20 };
      await expect(get({ timeouts })).rejects.toMatchObject({ code: 'LONGSHORE_TIMEOUT', limit: 'idle' });
    });

    // covers: fault 3.14
    it('do not count while the engine waits for the reader', async () => {
      await start(answering(answer('hello')));
      const timeouts = { connectMs: undefined, headMs: undefined, idleMs: 20 };
      let text = '';
      const slow = { write: (view: Uint8Array) => (text += Buffer.from(view), new Promise<void>((resolve) => setTimeout(resolve, 60))) };
      await pool.send(request({ timeouts }), () => slow);
      expect(text).toBe('hello');
    });
  });

  describe('an abort', () => {
    const reason = new Error('enough of this');

    it('before the call sends nothing', async () => {
      await start(answering(answer('x')));
      await expect(get({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(daemon.received.join('')).toBe('');
    });

    // covers: fault 0.5
    it.each([
      ['while the head is awaited', ''],
      ['in the middle of the head', 'HTTP/1.1 200 OK\r\nX-'],
      ['in the middle of the content', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe'],
    ])('%s rejects with the reason and closes the connection', async (_, sent) => {
      await start(answering(sent));
      const controller = new AbortController();
      const call = get({ signal: controller.signal });
      await until(() => daemon.received[0]?.endsWith('\r\n\r\n') === true);
      setTimeout(() => controller.abort(reason), 5);
      await expect(call).rejects.toBe(reason);
      await until(() => daemon.sockets[0]?.readableEnded === true);
    });

    // covers: fault 3.14
    it('after the call has no effect on the connection', async () => {
      await start(answering(answer('x')));
      const controller = new AbortController();
      await get({ signal: controller.signal });
      controller.abort(reason);
      await get();
      expect(daemon.sockets).toHaveLength(1);
    });
  });

  describe('close()', () => {
    // covers: fault 3.9
    it('ends running calls and refuses later ones', async () => {
      await start(() => {});
      const call = get();
      await until(() => daemon.received[0]?.endsWith('\r\n\r\n') === true);
      pool.close();
      await expect(call).rejects.toThrow(ConnectError);
      await expect(get()).rejects.toThrow('this client has been closed');
    });
  });

  describe('a connection that is opened after close()', () => {
    it('is closed, and the call fails', async () => {
      await start(() => {});
      const channel = new MemoryChannel();
      let connect: (() => void) | undefined;
      const dial = (): Promise<MemoryChannel> => new Promise((resolve) => (connect = () => resolve(channel)));
      pool = makeWire(wire, { address: 'memory://', dial });
      const call = get();
      await until(() => connect !== undefined);
      pool.close();
      connect?.();
      await expect(call).rejects.toThrow('this client has been closed');
      expect(channel.calls).toEqual(['destroy']);
      expect(channel.written).toEqual([]);
    });
  });

  describe('a request that cannot be sent', () => {
    it.each([
      ['a field value with a line end', { fields: [['X-Test', 'a\r\nX-Evil: 1']] }],
      ['a field name with a colon', { fields: [['X-Test:', 'a']] }],
      ['a target with a space', { target: '/a b' }],
      ['a target with a line end', { target: '/a\r\nHost: evil' }],
      ['a target with a fragment', { target: '/a#b' }],
      ['a method of one\'s own', { method: 'BREW' }],
    // covers: fault 3.16
    ] as Array<[string, Parameters<typeof request>[0]]>)('is refused before a byte of it: %s', async (_, changes) => {
      await start(answering(answer('x')));
      await expect(get(changes)).rejects.toBeInstanceOf(ArgumentError);
      expect(daemon.received.join('')).toBe('');
    });
  });

  describe('a response that is not HTTP', () => {
    it('is a ProtocolError that says where it happened', async () => {
      await start(answering('SSH-2.0-OpenSSH_9.2\r\n'));
      const error = await get().catch((reason: unknown) => reason as ProtocolError);
      expect(error).toBeInstanceOf(ProtocolError);
      expect((error as Error).message.startsWith(`GET /x on ${daemon.host}: `)).toBe(true);
      expect((error as Error).message).toMatch(particulars[wire].noHttp);
    });
  });
});
