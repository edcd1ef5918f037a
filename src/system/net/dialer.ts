// Makes the dialer for an engine's address. It opens sockets itself, and loads the code for TLS or ssh when a connection first
// needs it. Errors of the system become a `ConnectError` with a remedy.

import type { Channel, Dialer, DialOptions } from '../../connection/channel.ts';
import type { Address, SshAddress, TcpAddress, TlsOptions } from '../../config/engine-address.ts';
import { ArgumentError, ConnectError, LongshoreError } from '../../errors.ts';
import type { Warn } from '../../connection/diagnostics.ts';
import type { TlsContext } from '../tls/tls-channel.ts';
import { checkTlsOptions } from '../tls/tls-options.ts';
import { connectSocket } from './socket-channel.ts';

/** The options of a dialer. */
export interface DialerOptions {
  /** Encrypts connections to `tcp://`, and configures those to `https://`. Not allowed for other schemes. */
  readonly tls?: TlsOptions | undefined;
  /** Called with warnings, such as a private key that other users can read. */
  readonly warn?: Warn | undefined;
  /** The hint of the `ConnectError` for a socket that does not exist. */
  readonly hint?: string | undefined;
}

/** Opens a channel; rejects with the system's own error. */
type Connect = (options: DialOptions) => Promise<Channel>;

/** The time limit for a connection over ssh, in milliseconds; the docker command has the same ConnectTimeout. */
const SSH_CONNECT_MS = 30_000;
/**
 * How long an idle ssh connection is kept, in milliseconds. A new one costs a key exchange, a login and a docker command on the
 * other machine, which may take seconds. Firewalls do not close an ssh connection after so short a pause.
 */
const SSH_IDLE_MS = 60_000;
/** The maximum number of short calls over ssh at a time: sshd may refuse connections above 10 that have not logged in (MaxStartups). */
const SSH_MAX_BUSY = 6;

/** Makes the dialer for an address. Throws an `ArgumentError` for TLS options that are invalid or do not fit the address. */
export function dialerFor(address: Address, options: DialerOptions = {}): Dialer {
  // TLS options for a socket are an error, because the caller expects an effect. (TLS variables of the environment may be set
  // for any host, as with the docker command; this function gets them only for TCP.)
  if (options.tls !== undefined && address.scheme !== 'tcp') {
    throw new ArgumentError(`tls is for tcp:// and https://; ${address.text} has no TLS`);
  }
  if (address.scheme === 'ssh') return sshDialer(address);
  const connect = connectorFor(address, options);
  return {
    address: address.text,
    async dial(given) {
      try {
        return await connect(given);
      } catch (error) {
        throw given.signal?.aborted !== true && isSystemError(error) ? connectError(address, error, options.hint) : error;
      }
    },
  };
}

function sshDialer(address: SshAddress): Dialer {
  return {
    address: address.text,
    traits: { connectMs: SSH_CONNECT_MS, idleMs: SSH_IDLE_MS, maxBusy: SSH_MAX_BUSY },
    async dial({ signal, connectMs = SSH_CONNECT_MS }) {
      const { dialSsh } = await import('../programs/ssh-dialer.ts');
      return dialSsh(address, connectMs, signal);
    },
  };
}

function connectorFor(address: Exclude<Address, SshAddress>, { tls, warn = () => {} }: DialerOptions): Connect {
  if (address.scheme !== 'tcp') return (given) => connectSocket({ path: address.path }, given);
  if (tls !== undefined || address.tls) return connectOverTls(address, checkTlsOptions(tls ?? {}), warn);
  return (given) => connectSocket({ host: address.host, port: address.port }, given);
}

/** All connections share one TLS context. After an error it is created again, because a missing file may exist at the next call. */
function connectOverTls(address: TcpAddress, options: TlsOptions, warn: Warn): Connect {
  let context: Promise<TlsContext> | undefined;
  return async ({ signal }) => {
    const { connectTls, makeContext } = await import('../tls/tls-channel.ts');
    context ??= makeContext(options, warn).catch((error: unknown) => {
      context = undefined;
      throw error;
    });
    return connectTls(await context, address, options, signal);
  };
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || error instanceof LongshoreError) return false;
  return typeof (error as NodeJS.ErrnoException).code === 'string';
}

/** The meaning of each error of the system, and a remedy. */
const meanings: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOENT: ['the socket does not exist', 'Is the engine running, and is this its address (DOCKER_HOST)?'],
  EACCES: ['permission denied', 'Add the user to the group that owns the socket (often "docker"), or use a rootless engine'],
  ECONNREFUSED: ['connection refused', 'Is the engine running?'],
  ENOTSOCK: ['the file is not a socket', 'Check the host (DOCKER_HOST)'],
  ENOTFOUND: ['host not found', 'Check the host (DOCKER_HOST)'],
  EAI_AGAIN: ['the host name cannot be resolved at the moment', 'Check the network'],
  EHOSTUNREACH: ['no route to host', 'Check the network; HTTP proxies (HTTPS_PROXY) are not used'],
  ETIMEDOUT: ['connection timed out', 'Check the network; HTTP proxies (HTTPS_PROXY) are not used'],
};

function connectError({ text }: Address, cause: NodeJS.ErrnoException, socketHint: string | undefined): ConnectError {
  const [what, general] = meanings[cause.code ?? ''] ?? [cause.message];
  const hint = cause.code === 'ENOENT' ? (socketHint ?? general) : general;
  return new ConnectError(`cannot connect to ${text}: ${what}`, { address: text, errno: cause.code, hint, cause });
}
