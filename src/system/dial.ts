// From an address to a dialer; and from the system's errors to what a person can act on.

import type { Dialer } from '../connection/channel.ts';
import type { Address, SshAddress } from '../docker/address.ts';
import { ConfigError, ConnectError } from '../errors.ts';
import { connectSocket } from './socket.ts';
import type { SocketTarget } from './socket.ts';
import { sshDialer } from './ssh.ts';

/** Makes the dialer for an address. */
export function dialerFor(address: Address): Dialer {
  if (address.scheme === 'ssh') return sshDialer(address);
  const target = socketTarget(address);
  return {
    address: address.text,
    async dial({ signal }) {
      try {
        return await connectSocket(target, signal);
      } catch (error) {
        throw isSystemError(error) ? connectError(address, error) : error;
      }
    },
  };
}

function socketTarget(address: Exclude<Address, SshAddress>): SocketTarget {
  if (address.scheme === 'unix' || address.scheme === 'npipe') return { path: address.path };
  if (address.scheme === 'tcp' && !address.tls) return { host: address.host, port: address.port };
  throw new ConfigError(`${address.text} needs TLS, which this version does not speak yet`);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}

/** What each of the system's errors means, and what to do about it. */
const meanings: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOENT: ['the socket does not exist', 'Is the engine running, and is this its address (DOCKER_HOST)?'],
  EACCES: ['permission denied', 'Add the user to the group that owns the socket (often "docker"), or use a rootless engine'],
  ECONNREFUSED: ['nobody listens there', 'Is the engine running?'],
  ENOTSOCK: ['this is a file, but no socket', 'Check the host (DOCKER_HOST)'],
  ENOTFOUND: ['there is no host of that name', 'Check the host (DOCKER_HOST)'],
  EAI_AGAIN: ['the name of the host cannot be resolved now', 'Check the network'],
  EHOSTUNREACH: ['the host cannot be reached', 'Check the network'],
  ETIMEDOUT: ['the host does not answer', 'Check the network'],
};

function connectError({ text }: Address, cause: NodeJS.ErrnoException): ConnectError {
  const [what, hint] = meanings[cause.code ?? ''] ?? [cause.message];
  return new ConnectError(`cannot connect to ${text}: ${what}`, { address: text, errno: cause.code, hint, cause });
}
