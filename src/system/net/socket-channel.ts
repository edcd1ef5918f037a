// Channels over `net.Socket`: Unix sockets, TCP connections, Windows named pipes.

import { Socket } from 'node:net';
import type { SocketConstructorOpts } from 'node:net';
import { noopOwner } from '../../connection/channel.ts';
import type { Channel, ChannelOwner } from '../../connection/channel.ts';

/**
 * How long a TCP connection may be silent before the system asks whether the other side is still there, in milliseconds: a
 * NAT or firewall forgets one that is idle, and a pull may say nothing for minutes. The docker command has 30 s too.
 */
export const KEEP_ALIVE_MS = 30_000;

/** Where a socket connects to: `{ path }` for Unix sockets and pipes, `{ host, port }` for TCP. */
export type SocketTarget = { readonly path: string } | { readonly host: string; readonly port: number };

/** A connected channel; rejects with the system's own error, or with the signal's reason. */
export async function connectSocket(target: SocketTarget, signal: AbortSignal | undefined): Promise<Channel> {
  signal?.throwIfAborted();
  const channel = new SocketChannel();
  if ('host' in target) channel.socket.setKeepAlive(true, KEEP_ALIVE_MS);
  channel.socket.connect(target);
  await connected(channel.socket, 'connect', signal);
  return channel;
}

/** Resolves at the event; rejects with the socket's error or the signal's reason, and then the socket is destroyed. */
export function connected(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => fail(signal?.reason);
    const settle = (): void => {
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', fail).off(event, onConnect);
    };
    const fail = (reason: unknown): void => {
      settle();
      socket.destroy();
      reject(reason);
    };
    const onConnect = (): void => {
      settle();
      resolve();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('error', fail).on(event, onConnect);
  });
}

/** What `_write` and `_writev` call back. */
type Written = (error?: Error | null) => void;

/**
 * Makes a socket's receiving side outlive its sending side. A plain socket is destroyed by EPIPE or ECONNRESET on a
 * write, and with it the answer that already lies in the receive buffer and says why: 85 to 90 of 100 early refusals
 * were lost that way, none with this (see test/connection/early-answer.test.ts).
 */
export class TolerantWrites {
  writeError: Error | undefined;

  constructor(socket: Socket) {
    const write = socket._write.bind(socket);
    const writev = socket._writev?.bind(socket);
    socket._write = (chunk, encoding, callback) => {
      if (this.writeError === undefined) write(chunk, encoding, this.#forgiving(callback));
      else callback();
    };
    socket._writev = (chunks, callback) => {
      if (this.writeError === undefined) writev?.(chunks, this.#forgiving(callback));
      else callback();
    };
  }

  #forgiving(callback: Written): Written {
    return (error) => {
      if (error) this.writeError = error;
      callback();
    };
  }
}

/** Writes the blocks as one; resolves when their memory may be used again. */
export function writeTogether(socket: Socket, blocks: readonly Uint8Array[]): Promise<void> {
  return new Promise((resolve) => {
    const together = blocks.length > 1;
    if (together) socket.cork();
    blocks.forEach((block, index) => {
      if (index === blocks.length - 1) socket.write(block, () => resolve());
      else socket.write(block);
    });
    if (together) socket.uncork();
  });
}

class SocketChannel implements Channel {
  readonly socket: Socket;
  readonly #patience: TolerantWrites;
  readonly holdsMemory = process.platform === 'win32';
  owner: ChannelOwner = noopOwner;

  constructor() {
    // `onread` reads into memory that we choose and use again: half the processor time of 'data' events, which need
    // fresh memory for every read. Node asks for the next memory right after each callback, even when it said "pause".
    const onread = {
      buffer: () => this.owner.memory(),
      callback: (length: number, memory: Uint8Array) => this.owner.onData(memory.subarray(0, length)),
    };
    // allowHalfOpen: Node must not end our side by itself when the engine ends its own in the middle of an upload.
    const options = { allowHalfOpen: true, onread } as SocketConstructorOpts;
    this.socket = new Socket(options);
    this.#patience = new TolerantWrites(this.socket);
    this.socket.setNoDelay(true);
    this.socket.on('end', () => this.owner.onEnd());
    this.socket.on('error', (error) => this.owner.onError(error));
    this.socket.on('close', () => {
      // An error takes its stack along, which nobody would read of a connection that was let go.
      if (this.owner !== noopOwner) this.owner.onError(new Error('the connection was closed'));
    });
  }

  get writeError(): Error | undefined {
    return this.#patience.writeError;
  }

  write(blocks: readonly Uint8Array[]): Promise<void> {
    return writeTogether(this.socket, blocks);
  }

  resume(): void {
    this.socket.resume();
  }

  keepProcessAlive(value: boolean): void {
    if (value) this.socket.ref();
    else this.socket.unref();
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.owner = noopOwner;
    this.socket.destroy();
  }
}

