// Channels over TLS: as over TCP, but that Node hands out copies, and that no end proves to be the end.

import { isIP } from 'node:net';
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls';
import { noopOwner } from '../../connection/channel.ts';
import type { Channel, ChannelOwner } from '../../connection/channel.ts';
import type { TcpAddress, TlsOptions } from '../../config/engine-address.ts';
import { ConfigError } from '../../errors.ts';
import { Queue } from '../../async/queue.ts';
import type { Warn } from '../../connection/warnings.ts';
import { KEEP_ALIVE_MS, TolerantWrites, connected, writeTogether } from '../net/socket-channel.ts';
import { shortened, tlsError } from './tls-errors.ts';
import type { Peer } from './tls-errors.ts';
import { isForAddress, readTlsMaterial } from './tls-material.ts';
import type { Crypto } from './tls-material.ts';

/** Node encrypts at once all that one write is given, in memory of its own: no more than this may go together. */
const WRITE_BYTES = 1024 * 1024;
/** The most that an owner is given at once. A record has 16 KiB, and Node gives each by itself; others join them. */
const PIECE_BYTES = 64 * 1024;

/** What all connections of a dialer share; the built-ins are loaded with the first of them. */
interface TlsContext {
  readonly tls: typeof import('node:tls');
  readonly crypto: Crypto;
  readonly context: SecureContext;
}

/**
 * Makes the function that connects to one engine. The TLS context is made with the first connection, from options that
 * `checkTlsOptions` has returned, and used for all connections.
 */
export function tlsConnector(
  address: TcpAddress,
  options: TlsOptions,
  warn: Warn,
): (signal: AbortSignal | undefined) => Promise<Channel> {
  let context: Promise<TlsContext> | undefined;
  return async (signal) => {
    signal?.throwIfAborted();
    context ??= makeContext(options, warn).catch((error: unknown) => {
      context = undefined; // a file that is missing now may exist at the next call
      throw error;
    });
    const made = await context;
    signal?.throwIfAborted();
    return connectTls(made, address, options, signal);
  };
}

async function makeContext(options: TlsOptions, warn: Warn): Promise<TlsContext> {
  const [tls, crypto] = await Promise.all([import('node:tls'), import('node:crypto')]);
  const { ca, client } = await readTlsMaterial(options, warn, crypto);
  try {
    return { tls, crypto, context: tls.createSecureContext({ ca, ...client, minVersion: 'TLSv1.2' }) };
  } catch (cause) {
    // OpenSSL can parse the key or certificate, and refuses it: the key is too short, or the digest is too old.
    throw new ConfigError(`OpenSSL refuses the client certificate: ${(cause as NodeJS.ErrnoException).code}`, { cause });
  }
}

async function connectTls(
  { tls, crypto, context }: TlsContext,
  { host, port, text }: TcpAddress,
  { ca, cert, serverName = host, verify = true }: TlsOptions,
  signal: AbortSignal | undefined,
): Promise<Channel> {
  const name = serverName.replace(/\.$/, '');
  const peer: Peer = { address: text, name, hasCa: ca !== undefined, hasCert: cert !== undefined, certificate: undefined };
  const connection: ConnectionOptions & { allowHalfOpen: boolean } = {
    host,
    port,
    secureContext: context,
    servername: isIP(name) === 0 ? name : '', // only names may be sent (RFC 6066 §3)
    // Without its subject: Node falls back on the name there where the certificate has no DNS name (RFC 9525 §2 forbids it).
    checkServerIdentity: (_, certificate) =>
      isIP(name) === 6 && isForAddress(certificate.raw, name, crypto)
        ? undefined
        : tls.checkServerIdentity(name, { ...certificate, subject: {} as typeof certificate.subject }),
    rejectUnauthorized: verify, // said in any case: NODE_TLS_REJECT_UNAUTHORIZED shall not decide
    ALPNProtocols: ['http/1.1'],
    // No session is resumed: connections are kept anyway, a local dockerd was as fast without (2.4 ms, 2.3 with), and the
    // certificate would not be checked again.
    allowHalfOpen: true, // as in socket.ts
  };
  const socket = tls.connect(connection);
  // Before Node checks it: when the check has failed, the socket is destroyed, and the certificate gone with it.
  socket.prependListener('secure', () => (peer.certificate = socket.getPeerCertificate(true)));
  const channel = new TlsChannel(socket, peer);
  try {
    await connected(socket, 'secureConnect', signal);
  } catch (error) {
    throw (signal?.aborted === true ? undefined : tlsError(error, peer)) ?? error;
  }
  setImmediate(() => channel.resume()); // when it has an owner
  return channel;
}

class TlsChannel implements Channel {
  readonly holdsMemory = false;
  owner: ChannelOwner = noopOwner;
  readonly #socket: TLSSocket;
  readonly #patience: TolerantWrites;
  readonly #peer: Peer;
  /** What came and has not been told: while we are paused, Node may still have a record or two to give. */
  readonly #pieces = new Queue<Uint8Array>();
  #fault: Error | undefined;
  /** What is being written: nothing of another `write` may come between its batches, and no end before them. */
  #writing: Promise<void> | undefined;
  #paused = true;
  #heard = false;

  constructor(socket: TLSSocket, peer: Peer) {
    this.#socket = socket;
    this.#patience = new TolerantWrites(socket);
    this.#peer = peer;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.pause();
    socket.on('data', (bytes) => this.#came(bytes));
    // Node tells an end that the engine has vouched for (close_notify) and one that anybody on the way has made by the
    // same events, so that content which the end delimits cannot be known to be whole (RFC 9112 §9.8).
    socket.on('end', () => this.#over(new Error('the TLS connection ended, which does not prove that all has come')));
    socket.on('error', (error) => this.#over(this.#explained(error)));
    socket.on('close', () => this.#over(new Error('the connection was closed')));
  }

  get writeError(): Error | undefined {
    return this.#patience.writeError;
  }

  write(blocks: readonly Uint8Array[]): Promise<void> {
    const written = this.#writing?.then(() => this.#writeAll(blocks)) ?? this.#writeAll(blocks);
    this.#writing = written;
    void written.then(() => {
      if (this.#writing === written) this.#writing = undefined;
    });
    return written;
  }

  async #writeAll(blocks: readonly Uint8Array[]): Promise<void> {
    for (const batch of batches(blocks)) await writeTogether(this.#socket, batch);
  }

  resume(): void {
    this.#paused = false;
    this.#tell();
    if (!this.#paused) this.#socket.resume();
  }

  keepProcessAlive(value: boolean): void {
    if (value) this.#socket.ref();
    else this.#socket.unref();
  }

  end(): void {
    if (this.#writing === undefined) this.#socket.end();
    else void this.#writing.then(() => this.#socket.end());
  }

  destroy(): void {
    this.owner = noopOwner;
    this.#socket.destroy();
  }

  #came(bytes: Uint8Array): void {
    this.#heard = true;
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) this.#pieces.add(bytes.subarray(at, at + PIECE_BYTES));
    this.#tell();
  }

  #over(fault: Error): void {
    this.#fault ??= fault;
    this.#tell();
  }

  /** Tells the owner what there is, in its order, as far as it wants to hear it. */
  #tell(): void {
    for (let piece; !this.#paused && (piece = this.#pieces.take()) !== undefined; ) {
      this.#paused = !this.owner.onData(piece);
    }
    if (this.#paused) this.#socket.pause();
    else if (this.#fault !== undefined) this.owner.onError(this.#fault);
  }

  /** With TLS 1.3 the engine looks at our certificate after our handshake is over, and refuses it instead of answering. */
  #explained(error: NodeJS.ErrnoException): Error {
    const refused = !this.#heard && error.code?.startsWith('ERR_SSL_') === true;
    return (refused ? tlsError(error, this.#peer) : undefined) ?? shortened(error);
  }
}

/** The blocks in batches of at most twice `WRITE_BYTES`; small ones stay with their neighbours. */
function* batches(blocks: readonly Uint8Array[]): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = [];
  let length = 0;
  for (const block of blocks) {
    for (let at = 0; at < block.length; at += WRITE_BYTES) {
      const part = block.subarray(at, at + WRITE_BYTES);
      if (length + part.length > 2 * WRITE_BYTES) {
        yield batch;
        [batch, length] = [[], 0];
      }
      batch.push(part);
      length += part.length;
    }
  }
  if (length > 0) yield batch;
}
