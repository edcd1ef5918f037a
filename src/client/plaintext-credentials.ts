// Warns about registry credentials that would be sent over a network without encryption, or refuses to send them.

import { crossesNetworkInPlain } from '../config/engine-address.ts';
import type { Address, TlsOptions } from '../config/engine-address.ts';
import { ArgumentError, CredentialError } from '../errors.ts';
import type { Warn } from '../connection/diagnostics.ts';

/** How to handle credentials that would be sent to an engine on another machine without encryption. */
export type PlaintextCredentials = 'warn' | 'refuse';

/**
 * Returns the function to call before credentials are sent, or `undefined` if the connection is local or encrypted. The
 * function warns, or throws a `CredentialError`.
 */
export function plaintextGuard(
  { address, tls }: { readonly address: Address | undefined; readonly tls?: TlsOptions | undefined },
  policy: PlaintextCredentials,
  warn: Warn,
): (() => void) | undefined {
  if (address === undefined && policy === 'refuse') {
    throw new ArgumentError('plaintextCredentials: "refuse" needs a host: only a dialer knows whether its connections are encrypted');
  }
  if (address === undefined || tls !== undefined || !crossesNetworkInPlain(address)) return undefined;
  const subject = address.text;
  return () => {
    const message = `registry credentials are sent to ${subject} unencrypted: anyone on the network can read them`;
    if (policy === 'warn') return warn({ kind: 'plaintext-credentials', subject, message });
    throw new CredentialError(
      `registry credentials would be sent to ${subject} unencrypted: use TLS or ssh, or allow it with plaintextCredentials: "warn"`,
      {},
    );
  };
}
