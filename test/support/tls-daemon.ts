// A fake daemon behind TLS, on a free port; and the certificates of fixtures/tls.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { TLSSocket, TlsOptions as ServerOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { Dialer } from '../../src/connection/channel.ts';
import { parseAddress } from '../../src/config/engine-address.ts';
import type { TlsOptions } from '../../src/config/engine-address.ts';
import { dialerFor } from '../../src/system/net/dialer.ts';

/** The path of one of the certificates and keys. */
export function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
}

/** The text of one of these files. */
export function pem(name: string): string {
  return readFileSync(pathOf(name), 'latin1');
}

export interface TlsDaemon {
  readonly port: number;
  /** Every connection whose handshake succeeded. */
  readonly sockets: readonly TLSSocket[];
  /** The socket below every connection, also of failed handshakes. */
  readonly raw: readonly Socket[];
  dialer(tls?: TlsOptions, host?: string): Dialer;
  close(): void;
}

/** Starts a TLS daemon; the default certificate is `server.pem`. */
export async function tlsDaemon(
  onConnection: (socket: TLSSocket, index: number) => void,
  options: ServerOptions = {},
): Promise<TlsDaemon> {
  const sockets: TLSSocket[] = [];
  const raw: Socket[] = [];
  const identity = { cert: pem('server.pem'), key: pem('server-key.pem'), ca: pem('ca.pem') };
  const server = createServer({ ...identity, allowHalfOpen: true, ...options } as ServerOptions, (socket) => {
    const index = sockets.push(socket) - 1;
    socket.on('error', () => {});
    socket.setNoDelay(true); // otherwise a second write waits for the acknowledgement of the first, possibly until the next request
    onConnection(socket, index);
  });
  server.on('connection', (socket: Socket) => raw.push(socket.on('error', () => {})));
  server.on('tlsClientError', () => {});
  server.listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dialer = (tls: TlsOptions = { ca: pathOf('ca.pem') }, host = '127.0.0.1'): Dialer =>
    dialerFor(parseAddress(`tcp://${host}:${port}`), { tls });
  const close = (): void => {
    for (const socket of [...sockets, ...raw]) socket.destroy();
    server.close();
  };
  return { port, sockets, raw, dialer, close };
}
