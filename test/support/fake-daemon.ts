// A fake daemon: a raw server on its own Unix socket. The test writes the bytes of its answers.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dialer } from '../../src/connection/channel.ts';
import { EngineRequest } from '../../src/connection/engine-request.ts';
import type { ResponseReader, ContentSink } from '../../src/connection/transport.ts';
import { parseAddress } from '../../src/config/engine-address.ts';
import { dialerFor } from '../../src/system/net/dialer.ts';

export interface FakeDaemon {
  readonly host: string;
  readonly dialer: Dialer;
  /** Every connection so far, including closed ones. */
  readonly sockets: readonly Socket[];
  /** Everything received on each connection. */
  readonly received: readonly string[];
  close(): Promise<void>;
}

/** Starts a daemon. It calls `onConnection` with each connection and its index, from 0. */
export async function fakeDaemon(onConnection: (socket: Socket, index: number) => void): Promise<FakeDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-'));
  const path = join(folder, 'd.sock');
  const sockets: Socket[] = [];
  const received: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const index = sockets.push(socket) - 1;
    received.push('');
    socket.on('error', () => {});
    socket.on('data', (data) => (received[index] += data.toString('latin1')));
    onConnection(socket, index);
  });
  server.listen(path);
  await once(server, 'listening');
  const host = `unix://${path}`;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { host, dialer: dialerFor(parseAddress(host)), sockets, received, close };
}

/** Calls back with the head of each request on a connection. The caller reads the bodies. */
export function onRequest(socket: Socket, listener: (head: string, count: number) => void): void {
  let text = '';
  let count = 0;
  socket.on('data', (data) => {
    text += data.toString('latin1');
    for (let end; (end = text.indexOf('\r\n\r\n')) !== -1; ) {
      const head = text.slice(0, end + 4);
      text = text.slice(end + 4);
      listener(head, count++);
    }
  });
}

/** An answer with a Content-Length. */
export function answer(body: string, fields = '', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\n${fields}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** A GET of `/x`, changed as the test wants. */
export function request(changes: Partial<EngineRequest> = {}): EngineRequest {
  const defaultTimeouts = { connectMs: 5000, headMs: undefined, idleMs: undefined };
  const { method = 'GET', target = '/x', fields = [['Host', 'd']], timeouts = defaultTimeouts, body, signal, longLived, stats } = changes;
  const made = new EngineRequest({ address: 'd', host: 'd' }, method, target, fields, timeouts, body, signal, longLived);
  if (stats !== undefined) made.stats = stats;
  return made;
}

/** A sink that keeps everything it receives. */
export class Kept {
  status = 0;
  ended = false;
  readonly #blocks: Buffer[] = [];
  readonly reader: ResponseReader = (head) => {
    this.status = head.status;
    return this.sink;
  };
  readonly sink: ContentSink = {
    synchronous: true,
    write: (view) => void this.#blocks.push(Buffer.from(view)),
    end: () => void (this.ended = true),
  };
  get text(): string {
    return Buffer.concat(this.#blocks).toString('latin1');
  }
}

/** Resolves when the condition is true. If it never is, the test's timeout ends the wait. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
