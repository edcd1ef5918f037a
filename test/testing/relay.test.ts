// A relay between real sockets: forwarded bytes, back-pressure, and how the end of each side reaches the other.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dialer } from '../../src/connection/channel.ts';
import { parseAddress } from '../../src/config/engine-address.ts';
import { ConnectError } from '../../src/errors.ts';
import { dialerFor } from '../../src/system/net/dialer.ts';
import { listen } from '../../src/testing/listen.ts';
import type { Listener } from '../../src/testing/listen.ts';
import { relay } from '../../src/testing/relay.ts';
import type { Relay } from '../../src/testing/relay.ts';
import { until } from '../support/fake-daemon.ts';
import { fakeSsh } from '../support/fake-ssh.ts';
import { tlsDaemon } from '../support/tls-daemon.ts';
import { MemoryChannel, memoryDialer } from '../support/memory-channel.ts';

/** A raw engine, the relay in front of it, and a client that is connected. */
let engine: Listener;
let front: Relay;
let onEngine: (socket: Duplex) => void;
let atEngine: Duplex[];
let clients: Socket[];

beforeEach(async () => {
  [atEngine, clients, onEngine] = [[], [], () => {}];
  engine = await listen(undefined, (socket) => {
    atEngine.push(socket.on('error', () => {}));
    onEngine(socket);
  });
  front = await relay(dialerFor(parseAddress(engine.host)), {});
});
afterEach(async () => {
  for (const socket of [...clients, ...atEngine]) socket.destroy();
  await front.close();
  await engine.close();
});

function connectTo({ socketPath }: Relay): Socket {
  const client = connect({ path: socketPath, allowHalfOpen: true });
  clients.push(client.on('error', () => {}));
  return client;
}

/** A client, and its other end at the engine. */
async function pair(): Promise<[client: Socket, engine: Duplex]> {
  const count = atEngine.length;
  const client = connectTo(front);
  await until(() => atEngine.length > count);
  return [client, atEngine[count] as Duplex];
}

/** Reads a socket to its end; iterating would also close the other direction. */
async function textOf(socket: Duplex): Promise<string> {
  let text = '';
  await once(socket.on('data', (bytes) => (text += String(bytes))), 'end');
  return text;
}

const MIB = 1024 * 1024;

/** Sends a number of bytes in different blocks, and ends; `sent` is the number that the system has accepted. */
function send(socket: Duplex, bytes: number): { sent: number; digest: Promise<string> } {
  const stream = { sent: 0, digest: Promise.resolve('') };
  const run = async (): Promise<string> => {
    const hash = createHash('sha256');
    for (let block = 0; stream.sent < bytes; block++) {
      const chunk = Buffer.alloc(64 * 1024, `block ${block} `);
      hash.update(chunk);
      await new Promise((resolve) => socket.write(chunk, resolve));
      stream.sent += chunk.length;
    }
    socket.end();
    return hash.digest('hex');
  };
  stream.digest = run();
  return stream;
}

async function digestOf(socket: Duplex): Promise<string> {
  const hash = createHash('sha256');
  await once(socket.on('data', (bytes: Uint8Array) => hash.update(bytes)), 'end');
  return hash.digest('hex');
}

describe('bytes', () => {
  it('of any kind are forwarded in both directions at the same time', async () => {
    const [client, socket] = await pair();
    const [up, down] = [send(client, 6 * MIB), send(socket, 8 * MIB)];
    const [received, sent] = [await Promise.all([digestOf(client), digestOf(socket)]), await Promise.all([down.digest, up.digest])];
    expect(received).toEqual(sent);
  });

  it('of two clients use two connections', async () => {
    const [[one, first], [two, second]] = [await pair(), await pair()];
    first.end('to one');
    second.end('to two');
    expect([await textOf(one), await textOf(two)]).toEqual(['to one', 'to two']);
  });

  it('that come before the connection is made wait for it', async () => {
    const channel = new MemoryChannel();
    let connected!: () => void;
    const hanging = new Promise<void>((resolve) => (connected = resolve));
    const { dial, address } = memoryDialer(channel);
    const slow = await relay({ address, dial: (options) => hanging.then(() => dial(options)) }, {});
    const client = connectTo(slow);
    await new Promise((resolve) => client.write('GET ', resolve));
    connected();
    await until(() => channel.written.join('') === 'GET ');
    await slow.close();
    expect(channel.calls).toContain('destroy');
  });
});

it('memory that is being written to a client is not used for reads', async () => {
  const channel = new MemoryChannel();
  const other = await relay(memoryDialer(channel), {});
  connectTo(other);
  await until(() => channel.owner.memory().length > 1);
  const first = channel.owner.memory();
  expect(channel.owner.onData(first.subarray(0, 3))).toBe(false);
  expect(channel.owner.memory().buffer).not.toBe(first.buffer); // on Windows, the system may fill it at any time
  await other.close();
});

describe('a side that does not read makes the other wait, and loses no bytes:', () => {
  /** Much more than the system buffers for a connection, and a small part of what is sent. */
  const MOST = 4 * MIB;
  const ALL = 16 * MIB;

  /** After this many bytes have been forwarded, the system has accepted all that it will accept. */
  async function muchElsewhere(): Promise<void> {
    const [client, socket] = await pair();
    const [down, up] = [send(socket, ALL).digest, send(client, ALL).digest];
    expect(await Promise.all([digestOf(client), digestOf(socket)])).toEqual(await Promise.all([down, up]));
  }

  it.each(['client', 'engine'] as const)('the %s', async (slow) => {
    const [client, socket] = await pair();
    const [reader, writer] = slow === 'client' ? [client, socket] : [socket, client];
    const stream = send(writer, ALL);
    await muchElsewhere();
    expect(stream.sent).toBeGreaterThan(0);
    expect(stream.sent).toBeLessThan(MOST);
    expect(await digestOf(reader)).toBe(await stream.digest);
  });
});

describe('an end', () => {
  it('of the client reaches the engine, and the response still arrives', async () => {
    const [client, socket] = await pair();
    client.end('all of it');
    expect(await textOf(socket)).toBe('all of it');
    socket.end('the answer');
    expect(await textOf(client)).toBe('the answer');
  });

  it('of the engine reaches the client, and the rest of the request still arrives', async () => {
    const [client, socket] = await pair();
    socket.end('early');
    expect(await textOf(client)).toBe('early');
    client.end('late');
    expect(await textOf(socket)).toBe('late');
    await until(() => client.closed && socket.closed);
  });

  it('of a disconnected client closes the connection to an engine that still sends', async () => {
    const [client, socket] = await pair();
    client.destroy();
    const more = setInterval(() => socket.write('more'), 1);
    await new Promise((resolve) => socket.resume().on('close', resolve));
    clearInterval(more);
  });

  it('of a client that disconnects before the connection is made stops the dialing', async () => {
    let given: AbortSignal | undefined;
    const dial = ({ signal }: { signal?: AbortSignal | undefined }): Promise<never> => {
      given = signal;
      return new Promise(() => {});
    };
    const waiting = await relay({ address: 'nowhere', dial }, {});
    const client = connectTo(waiting);
    await until(() => given !== undefined);
    expect(given?.aborted).toBe(false);
    await Promise.all([waiting.close(), once(client.resume(), 'end')]);
    expect(given?.aborted).toBe(true);
  });

  it('of an engine that rejects an upload follows its response, and the client cannot send more', async () => {
    const [client, socket] = await pair();
    socket.once('data', () => socket.end('refused', () => socket.destroy()));
    const answered = textOf(client);
    const failed = new Promise((resolve) => {
      const upload = (error?: Error | null): unknown => (error ? resolve(error) : client.write(Buffer.alloc(64 * 1024), upload));
      upload();
    });
    expect(await answered).toBe('refused');
    expect(await failed).toMatchObject({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) });
  });
});

describe('the end of the client reaches the engine, and the response still arrives,', () => {
  /** Responds when everything has arrived. */
  const answers = (socket: Duplex): void => {
    let asked = '';
    socket.on('data', (bytes) => (asked += String(bytes))).on('end', () => socket.end(`HTTP/1.1 200 OK\r\n\r\nto "${asked}"`));
  };
  async function expectResponse(dialer: Dialer): Promise<void> {
    const other = await relay(dialer, {});
    const client = connectTo(other).end('all of it');
    expect(await textOf(client)).toBe('HTTP/1.1 200 OK\r\n\r\nto "all of it"');
    await other.close();
  }

  it('over TLS', async () => {
    const daemon = await tlsDaemon(answers);
    await expectResponse(daemon.dialer()).finally(() => daemon.close());
  });

  it('over ssh', async () => {
    onEngine = answers;
    const ssh = fakeSsh();
    const host = `ssh://me@build.example.com${engine.host.slice('unix://'.length)}`;
    await expectResponse(dialerFor(parseAddress(host))).finally(() => ssh.restore());
  });
});

describe('an engine that cannot be reached', () => {
  const answered = (message: string): RegExp =>
    new RegExp(`^HTTP/1\\.1 502 Bad Gateway\\r\\n[^]*Connection: close\\r\\n\\r\\n\\{"message":"longshore: ${message}"\\}\\n$`);

  it('is reported in a response to the request, and not before', async () => {
    await engine.close();
    const told: string[] = [];
    const lost = await relay(dialerFor(parseAddress(engine.host)), { onUnreachable: ({ message }) => told.push(message) });
    const [early, client] = [connectTo(lost).resume(), connectTo(lost)];
    await until(() => told.length === 2);
    client.end('GET / HTTP/1.1\r\n\r\n');
    expect(await textOf(client)).toMatch(answered('cannot connect to unix://.*: the socket does not exist.*'));
    expect(early.bytesRead).toBe(0); // although the error was already known
    await lost.close();
  });

  it('is reported over ssh, where the error comes late', async () => {
    const channel = new MemoryChannel();
    const lost = await relay(memoryDialer(channel), {});
    const client = connectTo(lost);
    client.write('GET / HTTP/1.1\r\n\r\n');
    await until(() => channel.written.length > 0);
    channel.owner.onError(new ConnectError('cannot connect to ssh://h: ssh exited with 255', { address: 'ssh://h' }));
    expect(await textOf(client)).toMatch(answered('cannot connect to ssh://h: ssh exited with 255'));
    await lost.close();
  });

  it('counts as an end after the first byte', async () => {
    const channel = new MemoryChannel();
    const lost = await relay(memoryDialer(channel), {});
    const client = connectTo(lost);
    client.write('GET / HTTP/1.1\r\n\r\n');
    await until(() => channel.written.length > 0);
    channel.read('HTTP/1.1 200 OK\r\n');
    channel.owner.onError(new ConnectError('ssh exited with 255', { address: 'ssh://h' }));
    expect(await textOf(client)).toBe('HTTP/1.1 200 OK\r\n');
    await lost.close();
  });
});

describe('close', () => {
  it('ends every connection, and removes the socket', async () => {
    const [client, socket] = await pair();
    await Promise.all([front.close(), once(client.resume(), 'end'), once(socket.resume(), 'end')]);
    expect(existsSync(front.socketPath)).toBe(false);
  });
});
