// Channels over `net.Socket`: Unix sockets, TCP connections, named pipes of Windows.

import { Socket } from 'node:net';
import type { SocketConstructorOpts } from 'node:net';
import { noopOwner } from '../../connection/channel.ts';
import type { Channel, ChannelOwner, DialOptions } from '../../connection/channel.ts';
import { onceAborted } from '../../async/abort.ts';
import { TolerantWrites, writeTogether } from './tolerant-writes.ts';

/**
 * The idle time before TCP keep-alive probes, in milliseconds, as in the docker command: a NAT or firewall drops idle connections.
 */
export const KEEP_ALIVE_MS = 30_000;

/** `{ path }` of a Unix socket or a pipe, or `{ host, port }` for TCP. */
export type SocketTarget = { readonly path: string } | { readonly host: string; readonly port: number };

/** Opens a channel; rejects with the system's own error, or with the reason for which the attempt is given up. */
export function connectSocket(target: SocketTarget, options: DialOptions): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const channel = new SocketChannel();
    const stop = (reason: unknown): void => {
      channel.destroy();
      reject(reason);
    };
    channel.owner = { ...noopOwner, onError: stop };
    if ('host' in target) channel.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    channel.socket.connect(target, () => {
      channel.owner = noopOwner;
      resolve(channel);
    });
    // Only one of the two is read: to read `signal` of a `DialAttempt` makes an AbortController.
    if (options.onGivenUp !== undefined) return options.onGivenUp(stop);
    const { signal } = options;
    if (signal !== undefined) onceAborted(signal, () => stop(signal.reason));
  });
}

class SocketChannel implements Channel {
  readonly socket: Socket;
  readonly #writes: TolerantWrites;
  readonly holdsMemory = process.platform === 'win32';
  readonly hasHandle = true;
  owner: ChannelOwner = noopOwner;

  constructor() {
    // `onread` reads into reused memory and needs half the processor time of 'data' events, which allocate memory for each read.
    // Node requests the next memory right after each callback, even if that returned false to pause.
    const onread = {
      buffer: () => this.owner.memory(),
      callback: (length: number, memory: Uint8Array) => this.owner.onData(memory.subarray(0, length)),
    };
    // allowHalfOpen: if the engine ends its side during an upload, Node must not end ours.
    this.socket = new Socket({ allowHalfOpen: true, onread } as SocketConstructorOpts);
    this.#writes = new TolerantWrites(this.socket);
    this.socket.setNoDelay(true);
    this.socket.on('end', () => this.owner.onEnd());
    this.socket.on('error', (error) => this.owner.onError(error));
    this.socket.on('close', () => {
      // `destroy()` has replaced the owner. An error would have no receiver then, and its stack trace takes processor time.
      if (this.owner !== noopOwner) this.owner.onError(new Error('the connection was closed'));
    });
  }

  get writeError(): Error | undefined {
    return this.#writes.writeError;
  }

  write(blocks: readonly Uint8Array[]): Promise<void> {
    return writeTogether(this.socket, blocks);
  }

  resume(): void {
    this.socket.resume();
  }

  keepProcessAlive(value: boolean): void {
    this.socket[value ? 'ref' : 'unref']();
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.owner = noopOwner;
    this.socket.destroy();
  }
}
