// A Unix socket in front of a dialer: whoever connects to it talks with what the dialer reaches, byte by byte.

import type { Duplex } from 'node:stream';
import type { Channel, ChannelOwner, Dialer } from '../connection/channel.ts';
import { concat, latin1, utf8 } from '../bytes.ts';
import { ConnectError } from '../errors.ts';
import { listen } from './listen.ts';

/** A socket that passes on what comes. */
export interface Relay {
  /** As DOCKER_HOST has it. */
  readonly host: string;
  readonly socketPath: string;
  /** Ends every connection, listens no more, and removes the socket. */
  close(): Promise<void>;
}

/** Where a relay listens, and whom it tells what went wrong. */
export interface RelayOptions {
  /** Where it listens. Default: in a new folder that only this user can enter. */
  readonly socketPath?: string | undefined;
  /** Told of each connection that could not be passed on. */
  readonly onUnreachable?: ((error: Error) => void) | undefined;
}

/** Listens, and dials for each connection that is made to it. */
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
      const closed = listener.close(); // first, so that none comes while they are ended
      for (const connection of connections) connection.destroy();
      return closed;
    },
  };
}

/** How long a client that goes on sending is still listened to behind an end, in milliseconds: as long as by Go's server. */
const LINGER_MS = 500;

/** How much of what the engine says is on its way at once; twice that is what a connection takes in memory. */
const READ_BYTES = 64 * 1024;

/**
 * Passes on bytes, pauses and ends, each way by itself: nothing is read from one side before the other has taken what was
 * read before, and a side that has said all is still told what the other says.
 */
class RelayedConnection implements ChannelOwner {
  readonly #client: Duplex;
  readonly #onUnreachable: ((error: Error) => void) | undefined;
  readonly #gone = new AbortController();
  #channel: Channel | undefined;
  /** One is read into while the other is being written. */
  readonly #blocks = [new Uint8Array(READ_BYTES), new Uint8Array(READ_BYTES)] as const;
  #turn: 0 | 1 = 0;
  #clientSpoke = false;
  #engineSpoke = false;
  #engineOver = false;
  #finished = false;

  constructor(client: Duplex, onUnreachable: ((error: Error) => void) | undefined) {
    this.#client = client;
    this.#onUnreachable = onUnreachable;
    client.on('error', () => {}); // its end is told by "close", too
    client.on('close', () => {
      this.#gone.abort();
      this.#channel?.destroy();
    });
  }

  /** Never rejects. */
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
    this.#clientSpoke = true;
    this.#client.pause();
    await this.#channel?.write([bytes]);
    if (this.#channel?.writeError === undefined) this.#client.resume();
    // Who refuses an upload still answers; of its client nothing more is passed on.
    else if (this.#engineOver) this.#finish();
  }

  memory(): Uint8Array {
    return this.#blocks[this.#turn];
  }

  onData(bytes: Uint8Array): boolean {
    this.#engineSpoke = true;
    this.#turn = this.#turn === 0 ? 1 : 0;
    this.#client.write(bytes, () => this.#channel?.resume());
    return false;
  }

  onEnd(): void {
    this.#engineOver = true;
    if (this.#channel?.writeError === undefined) this.#client.end();
    else this.#finish();
  }

  onError(error: Error): void {
    // Over ssh it takes a first byte to know that there is a connection.
    if (error instanceof ConnectError && !this.#engineSpoke) this.#refuse(error);
    else this.#finish();
  }

  /**
   * What was said is still told, and then it is over both ways. What the client goes on to send is dropped meanwhile: a
   * close over bytes that nobody has read is a reset, and where it outruns the answer, Node 24 has the client lose that.
   */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#client.removeAllListeners('data').resume().end();
    const timer = setTimeout(() => this.#client.destroy(), LINGER_MS);
    this.#client.once('close', () => clearTimeout(timer));
  }

  /** A client takes an answer before its request for none at all: so it is not given before. */
  #refuse(error: Error): void {
    this.#onUnreachable?.(error);
    const answer = messageAnswer('502 Bad Gateway', `longshore: ${error.message}`);
    if (this.#clientSpoke) this.#client.end(answer);
    else this.#client.once('data', () => this.#client.end(answer));
  }
}

/** An answer with a message, as engines give their errors. */
export function messageAnswer(status: string, message: string): Uint8Array {
  const body = utf8(`${JSON.stringify({ message })}\n`);
  const fields = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  return concat([latin1(`HTTP/1.1 ${status}\r\n${fields}`), body]);
}
