// Listens on a Unix socket. For each connection of a client, opens one with a dialer, and passes the bytes in both directions.

import type { Duplex } from 'node:stream';
import type { Channel, ChannelOwner, Dialer } from '../connection/channel.ts';
import { concat, latin1, utf8 } from '../bytes.ts';
import { ConnectError } from '../errors.ts';
import { listen } from './listen.ts';

/** A running relay. */
export interface Relay {
  /** The address in the form of DOCKER_HOST. */
  readonly host: string;
  readonly socketPath: string;
  /** Closes all connections, stops listening and removes the socket. */
  close(): Promise<void>;
}

/** Options of a relay. */
export interface RelayOptions {
  /** Where to listen. Default: in a new folder that only this user can enter. */
  readonly socketPath?: string | undefined;
  /** Called for each connection for which the dialer failed. */
  readonly onUnreachable?: ((error: Error) => void) | undefined;
}

/** Starts to listen, and calls the dialer for each connection of a client. */
export async function relay(dialer: Dialer, { socketPath, onUnreachable }: RelayOptions): Promise<Relay> {
  const connections = new Set<RelayedConnection>();
  const listener = await listen(socketPath, (client) => {
    const connection = new RelayedConnection(client, onUnreachable);
    connections.add(connection);
    client.once('close', () => connections.delete(connection));
    void connection.start(dialer);
  });
  return {
    host: listener.host,
    socketPath: listener.path,
    close() {
      const closed = listener.close(); // first, so that no client connects in between
      for (const connection of connections) connection.destroy();
      return closed;
    },
  };
}

/** How long the client's bytes are still read after the end, in milliseconds. Go's server uses the same time. */
const LINGER_MS = 500;

/** The size of one read from the engine, in bytes. A connection uses two such buffers. */
const READ_BYTES = 64 * 1024;

/**
 * Passes bytes, pauses and ends in both directions independently. It reads from one side only after the other side has accepted
 * the previous read. A side that has ended still receives from the other side.
 */
class RelayedConnection implements ChannelOwner {
  readonly #client: Duplex;
  readonly #onUnreachable: ((error: Error) => void) | undefined;
  readonly #gone = new AbortController();
  #channel: Channel | undefined;
  /** The buffers: one is filled by a read while the other is written. */
  readonly #blocks = [new Uint8Array(READ_BYTES), new Uint8Array(READ_BYTES)] as const;
  #turn: 0 | 1 = 0;
  #hasClientSent = false;
  #hasEngineSent = false;
  #hasEngineEnded = false;
  #finished = false;

  constructor(client: Duplex, onUnreachable: ((error: Error) => void) | undefined) {
    this.#client = client;
    this.#onUnreachable = onUnreachable;
    client.on('error', () => {}); // "close" follows
    client.on('close', () => {
      this.#gone.abort();
      this.#channel?.destroy();
    });
  }

  /** Dials, and starts to pass bytes. Never rejects. */
  async start(dialer: Dialer): Promise<void> {
    try {
      this.#channel = await dialer.dial({ signal: this.#gone.signal });
    } catch (error) {
      if (!this.#gone.signal.aborted) this.#refuse(error as Error);
      return;
    }
    if (this.#gone.signal.aborted) return this.#channel.destroy();
    this.#channel.owner = this;
    this.#client.on('data', (bytes: Uint8Array) => void this.#send(bytes));
    this.#client.on('end', () => this.#channel?.end());
  }

  destroy(): void {
    this.#client.destroy();
  }

  async #send(bytes: Uint8Array): Promise<void> {
    this.#hasClientSent = true;
    this.#client.pause();
    await this.#channel?.write([bytes]);
    if (this.#channel?.writeError === undefined) this.#client.resume();
    // An engine that refuses an upload still responds, but no more bytes of the client are passed on.
    else if (this.#hasEngineEnded) this.#finish();
  }

  memory(): Uint8Array {
    return this.#blocks[this.#turn];
  }

  onData(bytes: Uint8Array): boolean {
    this.#hasEngineSent = true;
    this.#turn = this.#turn === 0 ? 1 : 0;
    this.#client.write(bytes, () => this.#channel?.resume());
    return false;
  }

  onEnd(): void {
    this.#hasEngineEnded = true;
    if (this.#channel?.writeError === undefined) this.#client.end();
    else this.#finish();
  }

  onError(error: Error): void {
    // Over ssh, the connection is known to work only after the first byte.
    if (error instanceof ConnectError && !this.#hasEngineSent) this.#refuse(error);
    else this.#finish();
  }

  /**
   * Sends the remaining bytes to the client, then closes both directions. Until then it reads and drops the client's bytes: closing
   * a socket with unread bytes resets the connection, and the client may lose the response (Node 24).
   */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#client.removeAllListeners('data').resume().end();
    const timer = setTimeout(() => this.#client.destroy(), LINGER_MS);
    this.#client.once('close', () => clearTimeout(timer));
  }

  /** Responds with an error. Waits for the request, because clients ignore a response that arrives before it. */
  #refuse(error: Error): void {
    this.#onUnreachable?.(error);
    const response = messageResponse('502 Bad Gateway', `longshore: ${error.message}`);
    if (this.#hasClientSent) this.#client.end(response);
    else this.#client.once('data', () => this.#client.end(response));
  }
}

/** Returns a response with a JSON message, as engines send errors. */
export function messageResponse(status: string, message: string): Uint8Array {
  const body = utf8(`${JSON.stringify({ message })}\n`);
  const fields = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  return concat([latin1(`HTTP/1.1 ${status}\r\n${fields}`), body]);
}
