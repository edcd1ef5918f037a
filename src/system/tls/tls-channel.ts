// Opens TLS connections and makes channels from them. Unlike a TCP channel, a TLS channel passes on memory that Node allocates,
// and the end of a TLS connection never proves that all content has arrived.

import { once } from 'node:events';
import { isIP } from 'node:net';
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls';
import { Queue } from '../../async/queue.ts';
import type { TcpAddress, TlsOptions } from '../../config/engine-address.ts';
import { noopOwner } from '../../connection/channel.ts';
import type { Channel, ChannelOwner } from '../../connection/channel.ts';
import type { Warn } from '../../connection/diagnostics.ts';
import { ConfigError } from '../../errors.ts';
import { KEEP_ALIVE_MS } from '../net/socket-channel.ts';
import { TolerantWrites, writeTogether } from '../net/tolerant-writes.ts';
import { concise, tlsError } from './tls-errors.ts';
import type { Peer } from './tls-errors.ts';
import { isForAddress, readTlsMaterial } from './tls-material.ts';
import type { Crypto } from './tls-material.ts';

/** The maximum size of one write, in bytes, because Node encrypts all of it at once into new memory. */
const WRITE_BYTES = 1024 * 1024;
/** The maximum size of one read by an owner, in bytes. A record has up to 16 KiB; Node passes on each record separately. */
const PIECE_BYTES = 64 * 1024;

/** The built-in modules, loaded with the first TLS connection, and the context that all connections of a dialer share. */
export interface TlsContext {
  readonly tls: typeof import('node:tls');
  readonly crypto: Crypto;
  readonly context: SecureContext;
}

/** Reads the certificates and the key. Throws a `ConfigError` that names the file or option that cannot be used. */
export async function makeContext(options: TlsOptions, warn: Warn): Promise<TlsContext> {
  const [tls, crypto] = await Promise.all([import('node:tls'), import('node:crypto')]);
  const { ca, client } = await readTlsMaterial(options, warn, crypto);
  try {
    return { tls, crypto, context: tls.createSecureContext({ ca, ...client, minVersion: 'TLSv1.2' }) };
  } catch (cause) {
    // OpenSSL can parse the key and the certificate but rejects them, for example for a short key or an old digest.
    throw new ConfigError(`OpenSSL refuses the client certificate: ${(cause as NodeJS.ErrnoException).code}`, { cause });
  }
}

/** Opens a connection. Rejects with a `ConnectError` if the handshake fails, and with the signal's reason after an abort. */
export async function connectTls(
  { tls, crypto, context }: TlsContext,
  { host, port, text }: TcpAddress,
  { ca, cert, serverName = host, verify = true }: TlsOptions,
  signal: AbortSignal | undefined,
): Promise<Channel> {
  signal?.throwIfAborted();
  const name = serverName.replace(/\.$/, '');
  const peer: Peer = { address: text, name, hasCa: ca !== undefined, hasCert: cert !== undefined, certificate: undefined };
  // Sessions are not resumed: with a local dockerd that is hardly faster (2.3 instead of 2.4 ms), and skips verifying the certificate.
  const options: ConnectionOptions & { allowHalfOpen: boolean } = {
    host,
    port,
    secureContext: context,
    servername: isIP(name) === 0 ? name : '', // only host names may be sent (RFC 6066 §3)
    // The subject is removed: if a certificate has no DNS names, Node would accept the name in the subject (RFC 9525 §2 forbids it).
    checkServerIdentity: (_, certificate) =>
      isIP(name) === 6 && isForAddress(certificate.raw, name, crypto)
        ? undefined
        : tls.checkServerIdentity(name, { ...certificate, subject: {} as typeof certificate.subject }),
    rejectUnauthorized: verify, // always set, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect
    ALPNProtocols: ['http/1.1'],
    allowHalfOpen: true, // as in socket-channel.ts
  };
  const socket = tls.connect(options);
  // Read before Node verifies the certificate: after a failure the socket is destroyed, and the certificate is lost.
  socket.prependListener('secure', () => (peer.certificate = socket.getPeerCertificate(true)));
  const channel = new TlsChannel(socket, peer);
  try {
    await secured(socket, signal);
  } catch (error) {
    throw (signal?.aborted === true ? undefined : tlsError(error, peer)) ?? error;
  }
  setImmediate(() => channel.resume()); // after the caller has set an owner
  return channel;
}

/** Waits for the end of the handshake. After an error of the socket or an abort, destroys the socket and rejects. */
async function secured(socket: TLSSocket, signal: AbortSignal | undefined): Promise<void> {
  try {
    await once(socket, 'secureConnect', { signal });
  } catch (error) {
    socket.destroy();
    throw signal?.aborted === true ? signal.reason : error;
  }
}

class TlsChannel implements Channel {
  readonly holdsMemory = false;
  readonly hasHandle = true;
  owner: ChannelOwner = noopOwner;
  readonly #socket: TLSSocket;
  readonly #writes: TolerantWrites;
  readonly #peer: Peer;
  /** Received pieces for the owner. During a pause, Node may still pass on one or two records. */
  readonly #pieces = new Queue<Uint8Array>();
  #error: Error | undefined;
  /** The current write. Another write or an end must wait until all its batches are sent. */
  #writing: Promise<void> | undefined;
  #paused = true;
  #hasReceived = false;

  constructor(socket: TLSSocket, peer: Peer) {
    this.#socket = socket;
    this.#writes = new TolerantWrites(socket);
    this.#peer = peer;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.pause();
    socket.on('data', (bytes) => this.#receive(bytes));
    // Node emits the same events for an end by the engine (close_notify) and an end by an attacker on the network. Therefore
    // until-close content may be truncated (RFC 9112 §9.8).
    socket.on('end', () => this.#fail(new Error('the TLS connection ended, which does not prove that everything was received')));
    socket.on('error', (error) => this.#fail(this.#explain(error)));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  get writeError(): Error | undefined {
    return this.#writes.writeError;
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
    this.#deliver();
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

  #receive(bytes: Uint8Array): void {
    this.#hasReceived = true;
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) this.#pieces.add(bytes.subarray(at, at + PIECE_BYTES));
    this.#deliver();
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#deliver();
  }

  /** Passes the pieces to the owner until the owner pauses the channel, then the error. */
  #deliver(): void {
    for (let piece; !this.#paused && (piece = this.#pieces.take()) !== undefined; ) {
      this.#paused = !this.owner.onData(piece);
    }
    if (this.#paused) this.#socket.pause();
    else if (this.#error !== undefined) this.owner.onError(this.#error);
  }

  /** With TLS 1.3, an engine checks the client certificate after our handshake; it then sends an alert instead of a response. */
  #explain(error: NodeJS.ErrnoException): Error {
    const isRefusal = !this.#hasReceived && error.code?.startsWith('ERR_SSL_') === true;
    return (isRefusal ? tlsError(error, this.#peer) : undefined) ?? concise(error);
  }
}

/** Groups the blocks into batches of at most twice `WRITE_BYTES`; small blocks stay together. */
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
