import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { ContentSink, Transport } from '../../src/connection/transport.ts';
import { TruncatedError, UploadError } from '../../src/errors.ts';
import { Kept, answer, fakeDaemon, onRequest, request, until } from '../support/fake-daemon.ts';
import type { FakeDaemon } from '../support/fake-daemon.ts';
import { integer, random } from '../support/random.ts';
import { makeWire, particulars, wireNames } from '../support/wires.ts';

describe.each(wireNames)('over the wire %s', (wire) => {
  const { ownFields, readsInPlace } = particulars[wire];
  let daemon: FakeDaemon;
  let pool: Transport;
  afterEach(async () => {
    pool.close();
    await daemon.close();
  });

  async function start(onConnection: Parameters<typeof fakeDaemon>[0]): Promise<void> {
    daemon = await fakeDaemon(onConnection);
    pool = makeWire(wire, daemon.dialer);
  }

  const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
  async function* chunksOf(...texts: string[]): AsyncGenerator<Uint8Array> {
    for (const text of texts) yield bytes(text);
  }

  describe('the content of a request', () => {
    /** What Node's own parser makes of a request of ours. */
    async function asNodeReadsIt(changes: Parameters<typeof request>[0]): Promise<{ headers: object; body: string }> {
      const server = createServer();
      await start((socket) => server.emit('connection', socket));
      const read = once(server, 'request').then(async ([incoming, outgoing]) => {
        let body = '';
        for await (const chunk of incoming) body += chunk.toString('latin1');
        outgoing.end('ok');
        return { headers: incoming.headers, body };
      });
      const kept = new Kept();
      await pool.send(request(changes), kept.reader);
      expect(kept.text).toBe('ok');
      return read;
    }

    it('is announced by Content-Length when it is bytes', async () => {
      const read = await asNodeReadsIt({ method: 'POST', body: { bytes: bytes('hello') } });
      expect(read).toEqual({ headers: { ...ownFields, host: 'd', 'content-length': '5' }, body: 'hello' });
    });

    // covers: fault 3.16
    it('is chunked when its length is not known, without empty chunks', async () => {
      const read = await asNodeReadsIt({ method: 'POST', body: { chunks: chunksOf('he', '', 'llo', 'x'.repeat(300)) } });
      expect(read).toEqual({ headers: { ...ownFields, host: 'd', 'transfer-encoding': 'chunked' }, body: `hello${'x'.repeat(300)}` });
    });

    it('is announced by Content-Length when its source has a length', async () => {
      const read = await asNodeReadsIt({ method: 'POST', body: { chunks: chunksOf('he', 'llo'), length: 5 } });
      expect(read).toEqual({ headers: { ...ownFields, host: 'd', 'content-length': '5' }, body: 'hello' });
    });

    // covers: fault 3.16
    it('is announced as empty for a POST without content', async () => {
      expect(await asNodeReadsIt({ method: 'POST' })).toEqual({ headers: { ...ownFields, host: 'd', 'content-length': '0' }, body: '' });
    });

    it('is not announced for a GET without content', async () => {
      expect(await asNodeReadsIt({})).toEqual({ headers: { ...ownFields, host: 'd' }, body: '' });
    });
  });

  describe('a source that fails', () => {
    async function failing(body: { chunks: AsyncIterable<Uint8Array>; length?: number }): Promise<unknown> {
      await start(() => {});
      const error = await pool.send(request({ method: 'POST', body }), new Kept().reader).catch((reason: unknown) => reason);
      await until(() => daemon.sockets[0]?.readableEnded === true);
      return error;
    }

    // covers: fault 0.9
    it('ends the call with its own error as the cause, and the last chunk is not sent', async () => {
      const cause = new Error('disk on fire');
      async function* source(): AsyncGenerator<Uint8Array> {
        yield bytes('hello');
        throw cause;
      }
      const error = await failing({ chunks: source() });
      expect(error).toBeInstanceOf(UploadError);
      expect(error).toMatchObject({ cause });
      expect(daemon.received[0]).toMatch(/5\r\nhello\r\n$/);
    });

    // covers: fault 0.9
    it('because it supplies less than its length ends the call without padding', async () => {
      await expect(failing({ chunks: chunksOf('abc'), length: 5 })).resolves.toMatchObject({ code: 'LONGSHORE_UPLOAD' });
      expect(daemon.received[0]).toMatch(/\r\n\r\nabc$/);
    });

    // covers: fault 3.16
    it('because it supplies more than its length ends the call before the surplus is sent', async () => {
      await expect(failing({ chunks: chunksOf('abc', 'defg'), length: 5 })).resolves.toBeInstanceOf(UploadError);
      expect(daemon.received[0]).toMatch(/\r\n\r\nabc$/);
    });

    it.each([
      ['cannot be iterated', () => { throw new Error('no iterator'); }],
      ['throws instead of rejecting', () => ({ next: () => { throw new Error('no promise'); } })],
    ])('that %s ends the call', async (_, iterator) => {
      const chunks = { [Symbol.asyncIterator]: iterator as () => AsyncIterator<Uint8Array> };
      await expect(failing({ chunks })).resolves.toMatchObject({ code: 'LONGSHORE_UPLOAD', cause: { message: expect.stringMatching(/^no /) } });
    });

    it('because it supplies text ends the call', async () => {
      const chunks = chunksOf() as unknown as { [Symbol.asyncIterator](): AsyncIterator<Uint8Array> };
      chunks[Symbol.asyncIterator] = async function* () {
        yield 'text' as unknown as Uint8Array;
      };
      await expect(failing({ chunks })).resolves.toMatchObject({ message: expect.stringContaining('a string instead of bytes') });
    });
  });

  describe('a response before the end of the upload', () => {
    /** Gives for ever, and says whether it was told to stop. */
    function endless(): { chunks: AsyncIterable<Uint8Array>; stopped: boolean } {
      const source = {
        stopped: false,
        chunks: {
          [Symbol.asyncIterator]: () => ({
            next: async () => ({ done: false as const, value: Buffer.alloc(65536) }),
            return: async () => ((source.stopped = true), { done: true as const, value: undefined }),
          }),
        },
      };
      return source;
    }

    // what the daemon does after its answer
    // covers: fault 0.5, fault 3.13.1, fault 3.13.4
    it.each([
      ['and reads on', () => {}],
      ['and ends the connection', (socket: import('node:net').Socket) => socket.end()],
      ['and stops reading', (socket: import('node:net').Socket) => socket.pause()],
    ])('wins, %s', async (_, then) => {
      await start((socket, index) => {
        if (index > 0) return onRequest(socket, () => socket.write(answer('another')));
        socket.once('data', () => {
          socket.write(answer('no thanks', '', '400 Bad Request'));
          then(socket);
        });
      });
      const source = endless();
      const kept = new Kept();
      await pool.send(request({ method: 'POST', body: { chunks: source.chunks } }), kept.reader);
      expect([kept.status, kept.text]).toEqual([400, 'no thanks']);
      expect(source.stopped).toBe(true);
      // The rest of that upload is owed on this connection: the next call takes another.
      const again = new Kept();
      await pool.send(request(), again.reader);
      expect(again.text).toBe('another');
    });

    // covers: fault 3.13.1, fault 3.13.2
    it('does not stop the upload when it is a success', async () => {
      await start((socket) => {
        socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nstart\r\n'));
        let text = '';
        socket.on('data', (data) => {
          text += data;
          if (text.endsWith('0\r\n\r\n')) socket.write('3\r\nend\r\n0\r\n\r\n');
        });
      });
      async function* slow(): AsyncGenerator<Uint8Array> {
        for (let i = 0; i < 20; i++) {
          await new Promise((resolve) => setImmediate(resolve));
          yield Buffer.alloc(70000);
        }
      }
      const kept = new Kept();
      await pool.send(request({ method: 'POST', body: { chunks: slow() } }), kept.reader);
      expect(kept.text).toBe('startend');
    });

    it('wins over a source that fails when it is stopped', async () => {
      let failed = false;
      await start((socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nn');
          void until(() => failed).then(() => socket.write('o'));
        });
      });
      const kept = new Kept();
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield bytes('hello');
        await until(() => kept.status === 400); // behind the head, before the body's end
        failed = true;
        throw new Error('too late');
      }
      await pool.send(request({ method: 'POST', body: { chunks: failing() } }), kept.reader);
      expect([kept.status, kept.text]).toEqual([400, 'no']);
    });

    // covers: fault 3.13.4
    it('is not delayed by a source that hangs', async () => {
      await start((socket) => onRequest(socket, () => socket.write(answer('done'))));
      const chunks = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
      const kept = new Kept();
      await pool.send(request({ method: 'POST', body: { chunks } }), kept.reader);
      expect(kept.text).toBe('done');
    });
  });

  describe('a response that ends with a reset', () => {
    // covers: fault 0.2
    it('is truncated even if the end of the connection delimits it', async () => {
      // On Unix sockets a peer that closes with unread bytes resets the connection.
      await start((socket) => {
        socket.pause();
        socket.write('HTTP/1.1 200 OK\r\n\r\nhalf', () => socket.destroy());
      });
      const kept = new Kept();
      const body = { bytes: Buffer.alloc(4_000_000) };
      await expect(pool.send(request({ method: 'POST', body }), kept.reader)).rejects.toThrow(TruncatedError);
      expect(kept.ended).toBe(false);
    });
  });

  describe('a slow reader', () => {
    // covers: fault 3.15
    it('makes the engine wait', async () => {
      const total = 64 * 1024 * 1024;
      let sent = 0;
      await start((socket) =>
        onRequest(socket, () => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
          const more = (): void => {
            while (sent < total && socket.write(Buffer.alloc(65536))) sent += 65536;
            if (sent < total) socket.once('drain', more);
          };
          more();
        }),
      );
      let release = (): void => {};
      let got = 0;
      const sink: ContentSink = {
        write(view) {
          got += view.length;
          return new Promise((resolve) => (release = resolve));
        },
      };
      const call = pool.send(request(), () => sink);
      await until(() => got > 0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      // What one read brought, and what the kernel keeps for the two sides: nothing near 64 MiB.
      expect(sent).toBeLessThan(4 * 1024 * 1024);
      sink.write = () => undefined;
      release();
      await call;
    });

    it('owns its view until its promise settles, whatever other connections read', async () => {
      const content = (seed: number): Buffer => Buffer.alloc(3_000_000, seed + 1);
      await start((socket, index) => {
        onRequest(socket, () => {
          const next = random(index);
          const body = content(index);
          socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n`);
          for (let at = 0; at < body.length; ) {
            const size = integer(next, 1, 90_000);
            const part = body.subarray(at, at + size);
            socket.write(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]));
            at += part.length;
          }
          socket.write('0\r\n\r\n');
        });
      });
      const calls = Array.from({ length: 6 }, async () => {
        const got: Buffer[] = [];
        const sink: ContentSink = {
          async write(view) {
            await new Promise((resolve) => setImmediate(resolve));
            got.push(Buffer.from(view));
          },
        };
        await pool.send(request(), () => sink);
        return Buffer.concat(got);
      });
      for (const whole of await Promise.all(calls)) {
        expect(whole.length).toBe(3_000_000);
        expect(whole.equals(content((whole[0] ?? 0) - 1))).toBe(true);
      }
    });

    // covers: fault 3.15
    it('gets everything although the engine has ended the connection', async () => {
      await start((socket) => onRequest(socket, () => socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(500_000)}`)));
      let got = 0;
      const sink: ContentSink = {
        async write(view) {
          await new Promise((resolve) => setTimeout(resolve, 2));
          got += view.length;
        },
      };
      await pool.send(request(), () => sink);
      expect(got).toBe(500_000);
    });

    it('gets everything that arrived of a truncated response', async () => {
      const head = 'HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n';
      await start((socket) => onRequest(socket, () => socket.end(`${head}${'x'.repeat(300_000)}`)));
      let got = 0;
      const sink: ContentSink = {
        async write(view) {
          await new Promise((resolve) => setTimeout(resolve, 2));
          got += view.length;
        },
      };
      const call = pool.send(request(), () => sink);
      await expect(call).rejects.toMatchObject({ phase: 'content', received: 300_000, expected: 500_000 });
      expect(got).toBe(300_000);
    });

    // covers: fault 3.15
    it('that throws ends the call with its own error', async () => {
      await start((socket) => onRequest(socket, () => socket.write(answer('hello'))));
      const mine = new Error('mine');
      for (const write of [() => { throw mine; }, () => Promise.reject(mine)]) {
        await expect(pool.send(request(), () => ({ write }))).rejects.toBe(mine);
      }
    });
  });

  describe('a sink with memory of its own', () => {
    it('has reads go straight into it, and gets each byte once', async () => {
      await start((socket) => onRequest(socket, () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 800000\r\n\r\n${'y'.repeat(800_000)}`)));
      const block = Buffer.alloc(1024 * 1024);
      let inPlace = 0;
      let total = 0;
      const sink: ContentSink = {
        memory: () => block,
        write(view) {
          if (view.buffer === block.buffer) inPlace += view.length;
          total += view.length;
        },
      };
      await pool.send(request(), () => sink);
      expect(total).toBe(800_000);
      expect(inPlace > 0).toBe(readsInPlace);
    });
  });
});
