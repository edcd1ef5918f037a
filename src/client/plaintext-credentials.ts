// Credentials on their way over a network that anybody may listen to: told, or refused.

import { crossesNetworkInPlain } from '../config/engine-address.ts';
import type { Address, TlsOptions } from '../config/engine-address.ts';
import { ArgumentError, CredentialError } from '../errors.ts';
import type { Warn } from '../connection/warnings.ts';

/** What is done about credentials that would cross a network unencrypted. */
export type PlaintextCredentials = 'warn' | 'refuse';

/** What is to be called before credentials are sent; what it throws, the call rejects with. Undefined: no need to. */
export function plaintextGuard(
  { address, tls }: { readonly address: Address | undefined; readonly tls?: TlsOptions | undefined },
  policy: PlaintextCredentials,
  warn: Warn,
): (() => void) | undefined {
  if (address === undefined && policy === 'refuse') {
    throw new ArgumentError('plaintextCredentials: "refuse" needs a host: what a dialer\'s connections pass, only it knows');
  }
  if (address === undefined || tls !== undefined || !crossesNetworkInPlain(address)) return undefined;
  const subject = address.text;
  return () => {
    const message = `the credentials for a registry are sent to ${subject} unencrypted, for anybody on the way to read`;
    if (policy === 'warn') return warn({ kind: 'plaintext-credentials', subject, message });
    throw new CredentialError(
      `the credentials for a registry would be sent to ${subject} unencrypted: ` +
        'use TLS or ssh, or allow it with plaintextCredentials: "warn"',
      {},
    );
  };
}
