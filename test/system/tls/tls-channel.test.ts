import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import type { TLSSocket, TlsOptions as ServerOptions } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConnectionPool } from '../../../src/connection/connection-pool.ts';
import type { EngineRequest } from '../../../src/connection/engine-request.ts';
import type { ContentSink } from '../../../src/connection/transport.ts';
import { parseAddress, requestOrigin } from '../../../src/config/engine-address.ts';
import type { TlsOptions } from '../../../src/config/engine-address.ts';
import {
  ArgumentError,
  BadRequestError,
  ConfigError,
  ConnectError,
  ProtocolError,
  TimeoutError,
  TruncatedError,
} from '../../../src/errors.ts';
import { ImageClient } from '../../../src/index.ts';
import { dialerFor } from '../../../src/system/net/dialer.ts';
import { packTar } from '../../../src/tar/pack.ts';
import { Kept, answer, fakeDaemon, onRequest, request, until } from '../../support/fake-daemon.ts';
import { titled } from '../../support/installed.ts';
import { noLocalhost } from '../../support/localhost.ts';
import { pathOf, pem, tlsDaemon } from '../../support/tls-daemon.ts';
import type { TlsDaemon } from '../../support/tls-daemon.ts';

const ca = pathOf('ca.pem');
const client: TlsOptions = { ca, cert: pathOf('client.pem'), key: pathOf('client-key.pem') };

/** Ended after each test, in reverse. */
const ends: Array<() => unknown> = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(onConnection: (socket: TLSSocket, index: number) => void, options?: ServerOptions): Promise<TlsDaemon> {
  const daemon = await tlsDaemon(onConnection, options);
  ends.push(() => daemon.close());
  return daemon;
}

/** Sends every request the same response. */
const answering = (text: string) => (socket: TLSSocket) => onRequest(socket, () => socket.write(text, 'latin1'));

function poolTo(daemon: TlsDaemon, options?: TlsOptions, host?: string): ConnectionPool {
  const pool = new ConnectionPool(daemon.dialer(options, host));
  ends.push(() => pool.close());
  return pool;
}

async function get(pool: ConnectionPool, changes: Partial<EngineRequest> = {}): Promise<Kept> {
  const kept = new Kept();
  await pool.send(request(changes), kept.reader);
  return kept;
}

async function failure(call: Promise<unknown>): Promise<Error> {
  return call.then(
    (value) => expect.unreachable(`it gave ${JSON.stringify(value)}`),
    (error: unknown) => error as Error,
  );
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-tls-'));
  ends.push(() => rm(folder, { recursive: true }));
  return folder;
}

/** The client's side of every new connection. */
function clientSockets(): { socket(): TLSSocket } {
  const made = vi.spyOn(tls, 'connect');
  syncBuiltinESMExports();
  ends.push(() => {
    made.mockRestore();
    syncBuiltinESMExports();
  });
  return { socket: () => made.mock.results.at(-1)?.value };
}

describe('a connection over TLS', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('carries one call after the other, with one handshake (%s)', async (maxVersion) => {
    const daemon = await start(answering(answer('x')), { maxVersion, requestCert: true });
    const pool = poolTo(daemon, client);
    for (let round = 0; round < 3; round++) expect((await get(pool)).text).toBe('x');
    expect(daemon.raw).toHaveLength(1);
    expect(daemon.sockets.map((socket) => socket.getProtocol())).toEqual([maxVersion]);
    expect(daemon.sockets[0]?.getPeerCertificate().subject.CN).toBe('client');
  });

  it('is not reused after unsolicited bytes', async () => {
    const daemon = await start((socket, index) => onRequest(socket, () => socket.write(answer(`${index}`))));
    const pool = poolTo(daemon);
    await get(pool);
    await new Promise((resolve) => daemon.sockets[0]?.write(answer('poison'), resolve));
    expect((await get(pool)).text).toBe('1');
  });

  const named = [
    ['the host', 'localhost', {}, 'localhost'],
    ['no IP address as serverName', 'localhost', { serverName: '127.0.0.1' }, false],
  ] as const;
  it.skipIf(noLocalhost).each(named)(titled('sends the engine as server name: %s', noLocalhost), namesTo);
  it.each([
    ['no IP address', '127.0.0.1', {}, false],
    ['no IPv6 address', '[::1]', {}, false],
    ['serverName in its place', '127.0.0.1', { serverName: 'localhost' }, 'localhost'],
    ['no final dot', '127.0.0.1', { serverName: 'localhost.' }, 'localhost'],
  ] as const)('sends the engine as server name: %s', namesTo);
  async function namesTo(_: string, host: string, options: TlsOptions, servername: string | false): Promise<void> {
    const daemon = await start(answering(answer('x')));
    await get(poolTo(daemon, { ca, ...options }, host));
    expect((daemon.sockets[0] as TLSSocket & { servername?: unknown }).servername).toBe(servername);
  }

  it.each([
    ['server-other-names.pem', '192.0.2.1', '192.0.2.2'],
    ['server.pem', '::1', '::2'],
    ['server.pem', '0:0::0:1', '::ffff:127.0.0.2'],
  ])('checks an IP address as serverName: %s is for %s, and not for %s', async (cert, right, wrong) => {
    const daemon = await start(answering(answer('x')), { cert: pem(cert) });
    expect((await get(poolTo(daemon, { ca, serverName: right }))).text).toBe('x');
    await expect(get(poolTo(daemon, { ca, serverName: wrong }))).rejects.toThrow(`and not for ${wrong}`);
  });

  // Without a DNS name, Node accepts the name in the subject; Go, curl and browsers do not (RFC 9525 §2).
  describe.each(['alone', 'address', 'email'])('rejects a certificate with the name only in its subject, server-cn-%s.pem', (kind) => {
    const cert = pem(`server-cn-${kind}.pem`);
    async function refused(options: TlsOptions, host?: string): Promise<void> {
      const daemon = await start(answering(answer('x')), { cert });
      const error = await failure(get(poolTo(daemon, { ca: cert, ...options }, host)));
      expect(error).toBeInstanceOf(ConnectError);
      expect(error).toMatchObject({ errno: 'ERR_TLS_CERT_ALTNAME_INVALID' });
      expect((error as Error).message).toMatch(/and not for localhost\. The name in its subject \(CN\) does not count; .*DNS:localhost/);
      expect(daemon.sockets).toHaveLength(0);
    }
    it('for serverName', () => refused({ serverName: 'localhost' }));
    it.skipIf(noLocalhost)(titled('for the host', noLocalhost), () => refused({}, 'localhost'));
  });

  // covers: fault 3.10.5
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('rejects bytes before the first request (%s)', async (maxVersion) => {
    const daemon = await start((socket) => socket.write('220 mail.example ESMTP\r\n'), { maxVersion });
    await expect(get(poolTo(daemon))).rejects.toThrow(ProtocolError);
  });

  it('offers HTTP/1.1 and no other protocol', async () => {
    const daemon = await start(answering(answer('x')), { ALPNProtocols: ['h2', 'http/1.1'] });
    await get(poolTo(daemon));
    expect(daemon.sockets[0]?.alpnProtocol).toBe('http/1.1');
  });

  it('has the address of the engine in the Host field, whatever name its certificate has', async () => {
    let head = '';
    const take = (socket: TLSSocket) => onRequest(socket, (text) => socket.write(answer((head = text) && '')));
    const daemon = await start(take, { cert: pem('server-other-names.pem') });
    const address = parseAddress(`tcp://127.0.0.1:${daemon.port}/base`);
    const { host } = requestOrigin(address);
    const pool = new ConnectionPool(dialerFor(address, { tls: { ca, serverName: 'engine.example' } }));
    ends.push(() => pool.close());
    await get(pool, { fields: [['Host', host]] });
    expect(head).toContain(`\r\nHost: 127.0.0.1:${daemon.port}\r\n`);
  });

  it('reads a response that comes byte by byte', async () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n4\r\n two\r\n0\r\n\r\n';
    const byteByByte = async (socket: TLSSocket): Promise<void> => {
      for (const byte of Buffer.from(chunked)) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
    };
    const daemon = await start((socket) => onRequest(socket, () => void byteByByte(socket)));
    const pool = poolTo(daemon);
    for (let round = 0; round < 2; round++) expect((await get(pool)).text).toBe('one two');
    expect(daemon.sockets).toHaveLength(1);
  });

  it('sends large content completely, in one block or in many', async () => {
    const content = randomBytes(11 * 1024 * 1024 + 1);
    const daemon = await start((socket) => {
      const hash = createHash('sha256');
      let missing = content.length;
      socket.once('data', (first) => {
        const take = (bytes: Buffer): void => {
          hash.update(bytes);
          if ((missing -= bytes.length) === 0) socket.end(answer(hash.digest('hex'), 'Connection: close\r\n'));
        };
        const end = first.indexOf('\r\n\r\n') + 4;
        take(first.subarray(end));
        socket.on('data', take);
      });
    });
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0, size = 1; at < content.length; at += size, size = size * 7 + 1) yield content.subarray(at, at + size);
    }
    const expected = createHash('sha256').update(content).digest('hex');
    const pool = poolTo(daemon);
    expect((await get(pool, { method: 'POST', body: { bytes: content } })).text).toBe(expected);
    const timeouts = { connectMs: undefined, headMs: undefined, idleMs: undefined };
    expect((await get(pool, { method: 'POST', body: { bytes: content }, timeouts })).text).toBe(expected);
    const body = { chunks: pieces(), length: content.length };
    expect((await get(pool, { method: 'POST', body })).text).toBe(expected);
  });

  it('keeps the order of writes that begin during another write', async () => {
    const came: Buffer[] = [];
    const daemon = await start((socket) => socket.pause().on('data', (bytes) => came.push(bytes)));
    const channel = await daemon.dialer().dial({});
    ends.push(() => channel.destroy());
    const content = randomBytes(9 * 1024 * 1024);
    const third = content.length / 3;
    const written = [0, 1, 2].map((at) => channel.write([content.subarray(at * third, (at + 1) * third)]));
    channel.end(); // the end comes after all writes
    await until(() => daemon.sockets.length === 1);
    daemon.sockets[0]?.resume();
    await Promise.all(written);
    await until(() => came.reduce((sum, { length }) => sum + length, 0) === content.length);
    expect(Buffer.concat(came).equals(content)).toBe(true);
    await until(() => daemon.sockets[0]?.readableEnded === true);
  });

  it('encrypts a large block in parts, as the engine takes it', async () => {
    const { socket } = clientSockets();
    const controller = new AbortController();
    const daemon = await start((inner) => inner.once('data', () => inner.pause()));
    const body = { bytes: Buffer.alloc(48 * 1024 * 1024) };
    const call = failure(get(poolTo(daemon), { method: 'POST', body, signal: controller.signal }));
    await until(() => daemon.sockets[0]?.isPaused() === true);
    expect(socket().writableLength).toBeLessThanOrEqual(2 * 1024 * 1024);
    controller.abort();
    expect(await call).toBe(controller.signal.reason);
  });

  it('does not keep the process alive while it is idle', async () => {
    const daemon = await start(answering(answer('x')));
    const kind = process.env['TEST_TARGET'] === 'src' ? ['src', 'ts'] : ['build', 'js'];
    const module = (name: string): string => new URL(`../../../${kind[0]}/${name}.${kind[1]}`, import.meta.url).href;
    const script = `
      const { dialerFor } = await import(${JSON.stringify(module('system/net/dialer'))});
      const { ConnectionPool } = await import(${JSON.stringify(module('connection/connection-pool'))});
      const { parseAddress } = await import(${JSON.stringify(module('config/engine-address'))});
      const tls = { ca: ${JSON.stringify(ca)} };
      const pool = new ConnectionPool(dialerFor(parseAddress('tcp://127.0.0.1:${daemon.port}'), { tls }), { idleMs: 2 ** 30 });
      const timeouts = { connectMs: undefined, headMs: undefined, idleMs: undefined };
      const request = { method: 'GET', target: '/', fields: [['Host', 'd']], timeouts, stats: {} };
      await pool.send(request, () => ({ write: (view) => void process.stdout.write(view), synchronous: true }));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    ends.push(() => child.kill());
    const [[printed], [status]] = await Promise.all([once(child.stdout, 'data'), once(child, 'exit')]);
    expect([String(printed), status]).toEqual(['x', 0]);
  });
});

describe('a large archive over TLS', { timeout: 20_000 }, () => {
  const MIB = 1024 * 1024;
  const SIZE = 16 * MIB;
  /** The most bytes that Node may read before the caller takes them: some records, not the archive. */
  const READ_AHEAD = 256 * 1024;

  interface OneImage {
    readonly docker: ImageClient;
    /** The client's side of its last connection. */
    socket(): TLSSocket;
    /** How many bytes Node has read from it. */
    arrived(): number;
    readonly digest: string;
    readonly length: number;
  }

  /** An engine with one image. */
  async function engine(framing: 'length' | 'chunked'): Promise<OneImage> {
    const { socket } = clientSockets();
    const arrived = (): number => socket().bytesRead;
    const blocks: Uint8Array[] = [];
    for await (const block of packTar({ 'manifest.json': '[]', layer: randomBytes(SIZE) })) blocks.push(Buffer.from(block));
    const archive = Buffer.concat(blocks);
    const save = async (socket: TLSSocket): Promise<void> => {
      const framed = framing === 'length' ? `Content-Length: ${archive.length}` : 'Transfer-Encoding: chunked';
      socket.write(`HTTP/1.1 200 OK\r\n${framed}\r\n\r\n`);
      for (let at = 0, size = 0; at < archive.length; at += size) {
        size = Math.min(1 + ((at * 7) % 100_000), archive.length - at);
        const part = archive.subarray(at, at + size);
        if (framing === 'chunked') socket.write(`${size.toString(16)}\r\n`);
        socket.write(part);
        const more = socket.write(framing === 'chunked' ? '\r\n' : '');
        if (!more) await once(socket, 'drain');
      }
      if (framing === 'chunked') socket.write('0\r\n\r\n');
    };
    const daemon = await start((socket) => {
      onRequest(socket, (head) => {
        if (head.includes('/_ping')) socket.write(answer('', 'Api-Version: 1.41\r\n'));
        else save(socket).catch(() => {});
      });
    });
    const docker = new ImageClient({ dialer: daemon.dialer() });
    ends.push(() => docker.close());
    const digest = createHash('sha256').update(archive).digest('hex');
    return { docker, socket, arrived, digest, length: archive.length };
  }

  /** A consumer that needs some turns of the event loop for each view, so the engine could send much more. */
  const slowly = async (): Promise<void> => {
    for (let turns = 0; turns < 8; turns++) await new Promise((resolve) => setImmediate(resolve));
  };

  it.each(['length', 'chunked'] as const)('waits for a slow reader of views, which do not change (%s)', async (framing) => {
    const { docker, arrived, digest, length } = await engine(framing);
    const hash = createHash('sha256');
    let taken = 0;
    let ahead = 0;
    await docker.getImage('a').each(async (view) => {
      await slowly(); // hashed only now: the content of the view must not have changed
      hash.update(view);
      ahead = Math.max(ahead, arrived() - taken);
      taken += view.length;
    });
    expect([taken, hash.digest('hex')]).toEqual([length, digest]);
    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThan(READ_AHEAD);
  });

  it('waits for a slow loop', async () => {
    const { docker, arrived, digest } = await engine('chunked');
    const hash = createHash('sha256');
    let taken = 0;
    let ahead = 0;
    for await (const chunk of docker.getImage('a', { chunkSize: 100_001 })) {
      for (let round = 0; round < 10; round++) await slowly();
      hash.update(chunk);
      ahead = Math.max(ahead, arrived() - taken);
      taken += chunk.length;
    }
    expect(hash.digest('hex')).toBe(digest);
    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThan(READ_AHEAD + 3 * 100_001); // with the chunk in hand, the next one, and one half made
  });

  it.each(['length', 'chunked'] as const)('is written to a file (%s)', async (framing) => {
    const { docker, digest, length } = await engine(framing);
    const path = join(await temporaryFolder(), 'image.tar');
    expect(await docker.getImage('a').toFile(path)).toMatchObject({ bytes: length, entries: 2 });
    expect(createHash('sha256').update(await readFile(path)).digest('hex')).toBe(digest);
  });

  it('is dropped when the loop ends early', async () => {
    const { docker, socket, arrived, length } = await engine('length');
    for await (const _ of docker.getImage('a')) break;
    expect(arrived()).toBeLessThan(length);
    expect(socket().destroyed).toBe(true);
  });
});

describe('a response over TLS is truncated', () => {
  const untilClose = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc';

  // what happens, the bytes before it, how it ends, the phase, the bytes of content that arrived
  it.each<[string, string, (socket: TLSSocket, raw: Socket | undefined) => void, string, number]>([
    ['an end after content that the end delimits', untilClose, (socket) => socket.end(), 'content', 3],
    ['an unauthenticated end', untilClose, (_, raw) => raw?.end(), 'content', 3],
    ['a reset in such content', untilClose, (_, raw) => raw?.resetAndDestroy(), 'content', 3],
    ['an end in content of a known length', answer('abc').replace('3', '5'), (socket) => socket.end(), 'content', 3],
    ['a reset in content of a known length', answer('abc').replace('3', '5'), (_, raw) => raw?.resetAndDestroy(), 'content', 3],
    [
      'an end in a chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc',
      (socket) => socket.end(),
      'content',
      3,
    ],
    ['a reset in the head', 'HTTP/1.1 2', (_, raw) => raw?.resetAndDestroy(), 'head', 10],
    ['an end before any byte', '', (socket) => socket.end(), 'head', 0],
  ])('by %s', async (_, bytes, end, phase, received) => {
    const daemon = await start((socket, index) => {
      onRequest(socket, () => socket.write(bytes, 'latin1', () => setImmediate(() => end(socket, daemon.raw[index]))));
    });
    let content = '';
    const sink: ContentSink = { synchronous: true, write: (view) => void (content += Buffer.from(view).toString('latin1')) };
    const error = (await failure(poolTo(daemon).send(request(), () => sink))) as TruncatedError;
    expect(error).toBeInstanceOf(TruncatedError);
    expect(error).toMatchObject({ phase, received });
    expect(content).toBe(phase === 'content' ? 'abc' : '');
  });

  // covers: fault 3.22
  it('with a message that says why the end proves nothing', async () => {
    const daemon = await start((socket) => onRequest(socket, () => socket.end(untilClose)));
    const said = /3 bytes of its content \(the TLS connection ended, which does not prove that everything was received\)/;
    await expect(get(poolTo(daemon))).rejects.toThrow(said);
  });

  it('by nothing if its framing says that it is complete', async () => {
    const daemon = await start((socket) => onRequest(socket, () => socket.end(answer('abc'))));
    expect((await get(poolTo(daemon))).text).toBe('abc');
  });
});

describe('a TLS connection that fails', () => {
  // why, the engine's options, our options, text of the error, text of its errno
  // covers: fault 3.22
  it.each<[string, ServerOptions, TlsOptions, RegExp, string]>([
    [
      'its CA is another',
      { ca: undefined },
      { ca: pathOf('other-ca.pem') },
      /signed by "ca", which is not trusted\. tls\.ca/,
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    [
      'its CA is unknown, and shown',
      {},
      {},
      /signed by "ca", which is not trusted\. Give the CA/,
      'SELF_SIGNED_CERT_IN_CHAIN',
    ],
    [
      'it signed itself',
      { cert: pem('server-self-signed.pem') },
      { ca },
      /signed by "self-signed", which is not trusted/,
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    ],
    [
      'it has other names',
      { cert: pem('server-other-names.pem') },
      { ca },
      /is for engine\.example, \*\.docker\.example, 192\.0\.2\.1, and not for 127\.0\.0\.1/,
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    [
      'it is not who is wanted',
      {},
      { ca, serverName: 'engine.example' },
      /is for localhost, 127\.0\.0\.1, .* and not for engine\.example/,
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    [
      'its certificate has expired',
      { cert: pem('server-expired.pem') },
      { ca },
      /the engine's certificate expired on 2020-12-31/,
      'CERT_HAS_EXPIRED',
    ],
    [
      'its certificate is not valid yet',
      { cert: pem('server-future.pem') },
      { ca },
      /the engine's certificate is not valid before 2099-01-01/,
      'CERT_NOT_YET_VALID',
    ],
    [
      'it speaks TLS 1.1',
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' },
      { ca },
      /does not support TLS 1\.2 or later/,
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    ],
    [
      'it speaks HTTP/2 alone',
      { ALPNProtocols: ['h2'] },
      { ca },
      /the TLS handshake failed/,
      'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    ],
    [
      'it requires a client certificate (TLS 1.3)',
      { requestCert: true },
      { ca },
      /requires a client certificate\. Give tls\.cert and tls\.key/,
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    ],
    [
      'it requires a client certificate (TLS 1.2)',
      { requestCert: true, maxVersion: 'TLSv1.2' },
      { ca },
      /requires a client certificate\. Give tls\.cert and tls\.key/,
      'ALERT_HANDSHAKE_FAILURE', // ERR_SSL_SSLV3_… with Node 20, ERR_SSL_SSL/TLS_… with Node 24
    ],
  ])('has a message that says that %s', async (_, server, options, said, errno) => {
    const daemon = await start(answering(answer('x')), server);
    const pool = poolTo(daemon, options);
    // Twice, because the second dial uses the files that the first has read; an upload fails with the same message.
    for (const changes of [{}, { method: 'POST', body: { bytes: Buffer.alloc(300_000) } }]) {
      const error = (await failure(get(pool, changes))) as ConnectError;
      expect(error).toBeInstanceOf(ConnectError);
      expect(error.message).toContain(`cannot connect to tcp://127.0.0.1:${daemon.port}: `);
      expect(error.message).toMatch(said);
      expect(error.errno).toContain(errno);
    }
  });

  it('succeeds with `verify: false`, which accepts any certificate', async () => {
    for (const cert of ['server-self-signed.pem', 'server-other-names.pem', 'server-expired.pem']) {
      const daemon = await start(answering(answer('x')), { cert: pem(cert) });
      expect((await get(poolTo(daemon, { verify: false }))).text).toBe('x');
    }
  });

  // covers: fault 3.22
  it('fails even with NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    vi.spyOn(process, 'emitWarning').mockReturnValue(); // Node's own warning about that variable
    ends.push(() => vi.unstubAllEnvs(), () => vi.restoreAllMocks());
    const daemon = await start(answering(answer('x')), { cert: pem('server-self-signed.pem') });
    await expect(get(poolTo(daemon))).rejects.toThrow(ConnectError);
  });

  // what the port does, text of the error
  // covers: fault 3.11.1, fault 3.22, fault 3.25.7
  it.each<[string, (socket: Socket) => void, RegExp]>([
    [
      'answers in plain HTTP',
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      /this port does not speak TLS\. .*write tcp:\/\/ and omit the option tls/,
    ],
    ['speaks first, and no TLS', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'), /this port does not speak TLS/],
    [
      'ends the connection',
      (socket) => socket.once('data', () => socket.end()),
      /closed the connection during the TLS handshake/,
    ],
    [
      'resets the connection',
      (socket) => socket.once('data', () => socket.resetAndDestroy()),
      /closed the connection during the TLS handshake/,
    ],
  ])('has a message for a port that %s', async (_, onConnection, said) => {
    const { pool } = await plainPort(onConnection);
    const error = await failure(get(pool));
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toMatch(said);
  });

  it('has a message for a refused connection', async () => {
    const { pool, server } = await plainPort(() => {});
    server.close();
    await expect(get(pool)).rejects.toThrow(/connection refused/);
  });

  it.each(['GET', 'POST'])('ends during the handshake if the call is aborted (%s)', async (method) => {
    const controller = new AbortController();
    const reason = Object.assign(new Error('enough'), { code: 'A_CODE_OF_ITS_OWN' });
    const { pool, sockets } = await plainPort((socket) => socket.once('data', () => controller.abort(reason)));
    expect(await failure(get(pool, { method, signal: controller.signal }))).toBe(reason);
    await expect(ended(sockets[0])).resolves.toBeUndefined();
  });

  it('ends if the call is aborted before the engine accepts', async () => {
    const daemon = await start(answering(answer('x')));
    const dialer = daemon.dialer();
    (await dialer.dial({})).destroy(); // everything is read now, and the next dial connects at once
    const controller = new AbortController();
    const dialling = failure(dialer.dial({ signal: controller.signal }));
    for (let step = 0; step < 20; step++) await undefined;
    controller.abort();
    expect(await dialling).toBe(controller.signal.reason);
    expect(daemon.raw).toHaveLength(1);
  });

  it('ends at the timeout for connecting, with its own error', async () => {
    const { pool, sockets } = await plainPort(() => {});
    const timeouts = { connectMs: 50, headMs: undefined, idleMs: undefined };
    const error = await failure(get(pool, { timeouts }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ limit: 'connect', limitMs: 50 });
    await expect(ended(sockets[0])).resolves.toBeUndefined();
  });

  interface PlainPort {
    readonly pool: ConnectionPool;
    readonly server: Server;
    readonly sockets: Socket[];
  }

  /** A port that does not speak TLS, and a pool that does. */
  async function plainPort(onConnection: (socket: Socket) => void): Promise<PlainPort> {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      onConnection(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const pool = new ConnectionPool(dialerFor(parseAddress(`tcp://127.0.0.1:${port}`), { tls: { ca } }));
    ends.push(
      () => server.close(),
      () => sockets.forEach((socket) => socket.destroy()),
      () => pool.close(),
    );
    return { pool, server, sockets };
  }

  async function ended(socket: Socket | undefined): Promise<void> {
    socket?.resume();
    if (socket?.closed === false) await once(socket, 'close');
  }
});

describe('plain text to a port that speaks TLS', () => {
  // What dockerd 20.10.24 sends with --tlsverify, and the title that ngx_http_special_response.c has.
  const words = [
    'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
    'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<title>400 The plain HTTP request was sent to HTTPS port</title>',
  ];

  // covers: fault 3.22, fault 3.25.7
  it.each(words)('causes a hint: %j', async (text) => {
    const daemon = await fakeDaemon((socket) => onRequest(socket, () => socket.end(text)));
    ends.push(() => daemon.close());
    const docker = new ImageClient({ host: daemon.host });
    const error = await failure(docker.ping());
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toMatch(/this port speaks TLS, and was sent plain text\. Set the option tls/);
    const pinned = new ImageClient({ host: daemon.host, version: '1.41' });
    const refused = await failure(pinned.images());
    expect(refused).toBeInstanceOf(BadRequestError);
    expect(refused.message).toMatch(/\(set the option tls, write https:\/\/, or set DOCKER_TLS_VERIFY\)$/);
  });
});

describe('the TLS files of a dialer', () => {
  it('are read once, with the first connection, and again only after a failure', async () => {
    const daemon = await start(answering(answer('x')));
    const folder = await temporaryFolder();
    const path = join(folder, 'ca.pem');
    const dialer = daemon.dialer({ ca: path });
    const error = await failure(dialer.dial({}));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain(path);
    expect(daemon.raw).toHaveLength(0);
    await copyFile(ca, path);
    (await dialer.dial({})).destroy();
    await rm(path);
    (await dialer.dial({})).destroy();
  });

  it('cause one warning for a key that others can read', async () => {
    const daemon = await start(answering(answer('x')));
    const key = join(await temporaryFolder(), 'key.pem');
    await copyFile(pathOf('client-key.pem'), key);
    await chmod(key, 0o644);
    const warnings: string[] = [];
    const address = parseAddress(`https://127.0.0.1:${daemon.port}`);
    const dialer = dialerFor(address, { tls: { ...client, key }, warn: ({ message }) => warnings.push(message) });
    for (let round = 0; round < 2; round++) (await dialer.dial({})).destroy();
    expect(warnings).toEqual(process.platform === 'win32' ? [] : [expect.stringContaining(key)]);
  });
});

describe('a dialer for an address', () => {
  it.each(['unix:///run/docker.sock', 'npipe:////./pipe/docker_engine', 'ssh://host'])('rejects tls for %s', (host) => {
    expect(() => dialerFor(parseAddress(host), { tls: {} })).toThrow(ArgumentError);
    expect(() => dialerFor(parseAddress(host), { tls: {} })).toThrow(`tls is for tcp:// and https://; ${host} has no TLS`);
  });

  it('checks the options at once', () => {
    const address = parseAddress('tcp://localhost:2376');
    expect(() => dialerFor(address, { tls: { cert: 'cert.pem' } })).toThrow(ConfigError);
    expect(() => dialerFor(address, { tls: { verifyServer: true } as TlsOptions })).toThrow(ArgumentError);
  });

  it('uses TLS for https:// without options, and trusts the CAs that Node trusts', async () => {
    const daemon = await start(answering(answer('x')));
    const dialer = dialerFor(parseAddress(`https://127.0.0.1:${daemon.port}`));
    await expect(dialer.dial({})).rejects.toThrow(/which is not trusted\. Give the CA that signed it as tls\.ca/);
  });
});
