// From an address to a dialer; and from the system's errors to what a person can act on.

import type { Channel, Dialer } from '../../connection/channel.ts';
import type { Address, SshAddress, TlsOptions } from '../../config/engine-address.ts';
import { ArgumentError, ConnectError, LongshoreError } from '../../errors.ts';
import { connectSocket } from './socket-channel.ts';
import type { Warn } from '../../connection/warnings.ts';
import { sshDialer } from '../programs/ssh-dialer.ts';
import { tlsConnector } from '../tls/tls-channel.ts';

/** What a dialer is made with besides the address. */
export interface DialerOptions {
  /** Makes a connection to tcp:// one over TLS, and says how one to https:// is checked. Refused for all else. */
  readonly tls?: TlsOptions | undefined;
  /** Told what works and is not as it should be: a key that others can read. */
  readonly warn?: Warn | undefined;
  /** What to advise where there is no such socket. */
  readonly hint?: string | undefined;
}

/** Makes connected channels, or fails with the system's own error. */
type Connect = (signal: AbortSignal | undefined) => Promise<Channel>;

/** Makes the dialer for an address. TLS that was asked for is TLS or nothing. */
export function dialerFor(address: Address, options: DialerOptions = {}): Dialer {
  // Whoever gives certificates for a socket thinks that they are used. (The environment's are for tcp:// alone: the
  // docker command has them set for any host, and passes them over where there is no TLS; so they are not passed here.)
  if (options.tls !== undefined && address.scheme !== 'tcp') {
    throw new ArgumentError(`tls is for tcp:// and https://; ${address.text} has no TLS`);
  }
  if (address.scheme === 'ssh') return sshDialer(address);
  const connect = connectorFor(address, options);
  return {
    address: address.text,
    async dial({ signal }) {
      try {
        return await connect(signal);
      } catch (error) {
        throw signal?.aborted !== true && isSystemError(error) ? connectError(address, error, options.hint) : error;
      }
    },
  };
}

function connectorFor(address: Exclude<Address, SshAddress>, { tls, warn = () => {} }: DialerOptions): Connect {
  if (address.scheme !== 'tcp') return (signal) => connectSocket({ path: address.path }, signal);
  if (tls !== undefined || address.tls) return tlsConnector(address, tls ?? {}, warn);
  return (signal) => connectSocket({ host: address.host, port: address.port }, signal);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || error instanceof LongshoreError) return false;
  return typeof (error as NodeJS.ErrnoException).code === 'string';
}

/** What each of the system's errors means, and what to do about it. */
const meanings: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOENT: ['the socket does not exist', 'Is the engine running, and is this its address (DOCKER_HOST)?'],
  EACCES: ['permission denied', 'Add the user to the group that owns the socket (often "docker"), or use a rootless engine'],
  ECONNREFUSED: ['nobody listens there', 'Is the engine running?'],
  ENOTSOCK: ['this is a file, but no socket', 'Check the host (DOCKER_HOST)'],
  ENOTFOUND: ['there is no host of that name', 'Check the host (DOCKER_HOST)'],
  EAI_AGAIN: ['the name of the host cannot be resolved now', 'Check the network'],
  EHOSTUNREACH: ['the host cannot be reached', 'Check the network; HTTP proxies (HTTPS_PROXY) are not used'],
  ETIMEDOUT: ['the host does not answer', 'Check the network; HTTP proxies (HTTPS_PROXY) are not used'],
};

function connectError({ text }: Address, cause: NodeJS.ErrnoException, advice: string | undefined): ConnectError {
  const [what, general] = meanings[cause.code ?? ''] ?? [cause.message];
  const hint = cause.code === 'ENOENT' ? (advice ?? general) : general;
  return new ConnectError(`cannot connect to ${text}: ${what}`, { address: text, errno: cause.code, hint, cause });
}
