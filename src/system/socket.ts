// Channels over `net.Socket`: Unix sockets, TCP connections, Windows named pipes.

import { Socket } from 'node:net';
import type { SocketConstructorOpts } from 'node:net';
import type { Channel, ChannelOwner } from '../connection/channel.ts';

/** Where a socket connects to: `{ path }` for Unix sockets and pipes, `{ host, port }` for TCP. */
export type SocketTarget = { readonly path: string } | { readonly host: string; readonly port: number };

/** A connected channel; rejects with the system's own error, or with the signal's reason. */
export function connectSocket(target: SocketTarget, signal: AbortSignal | undefined): Promise<Channel> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const channel = new SocketChannel();
    const { socket } = channel;
    const onAbort = (): void => settle(() => reject(signal?.reason), true);
    const onError = (error: Error): void => settle(() => reject(error), true);
    const onConnect = (): void => settle(() => resolve(channel), false);
    const settle = (how: () => void, failed: boolean): void => {
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('connect', onConnect);
      if (failed) channel.destroy();
      how();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onError).on('connect', onConnect);
    socket.connect(target);
  });
}

/**
 * A socket whose receiving side outlives its sending side. A plain socket is destroyed by EPIPE or ECONNRESET on a
 * write, and with it the answer that already lies in the receive buffer and says why: 85 to 90 of 100 early refusals
 * were lost that way, none with this (see test/connection/early-answer.test.ts).
 */
class PatientSocket extends Socket {
  writeError: Error | undefined;

  override _write(chunk: unknown, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.writeError !== undefined) return callback();
    super._write(chunk, encoding, this.#forgiving(callback));
  }

  override _writev(
    chunks: Array<{ chunk: unknown; encoding: BufferEncoding }>,
    callback: (error?: Error | null) => void,
  ): void {
    if (this.writeError !== undefined) return callback();
    super._writev?.(chunks, this.#forgiving(callback));
  }

  #forgiving(callback: (error?: Error | null) => void): (error?: Error | null) => void {
    return (error) => {
      if (error) this.writeError = error;
      callback();
    };
  }
}

class SocketChannel implements Channel {
  readonly socket: PatientSocket;
  readonly holdsMemory = process.platform === 'win32';
  owner: ChannelOwner = nobody;

  constructor() {
    // `onread` reads into memory that we choose and use again: half the processor time of 'data' events, which need
    // fresh memory for every read. Node asks for the next memory right after each callback, even when it said "pause".
    const onread = {
      buffer: () => this.owner.memory(),
      callback: (length: number, memory: Uint8Array) => this.owner.received(memory.subarray(0, length)),
    };
    // allowHalfOpen: Node must not end our side by itself when the engine ends its own in the middle of an upload.
    const options = { allowHalfOpen: true, onread } as SocketConstructorOpts;
    this.socket = new PatientSocket(options);
    this.socket.setNoDelay(true);
    this.socket.on('end', () => this.owner.ended());
    this.socket.on('error', (error) => this.owner.broken(error));
    this.socket.on('close', () => this.owner.broken(new Error('the connection was closed')));
  }

  get writeError(): Error | undefined {
    return this.socket.writeError;
  }

  write(blocks: readonly Uint8Array[]): Promise<void> {
    return new Promise((resolve) => {
      this.socket.cork();
      blocks.forEach((block, index) => {
        if (index === blocks.length - 1) this.socket.write(block, () => resolve());
        else this.socket.write(block);
      });
      this.socket.uncork();
    });
  }

  resume(): void {
    this.socket.resume();
  }

  keepAlive(value: boolean): void {
    if (value) this.socket.ref();
    else this.socket.unref();
  }

  destroy(): void {
    this.owner = nobody;
    this.socket.destroy();
  }
}

const spare = new Uint8Array(4096);
/** Who is told when nobody owns the channel: before it is handed over, and after it is destroyed. */
const nobody: ChannelOwner = {
  memory: () => spare,
  received: () => false,
  ended: () => {},
  broken: () => {},
};

