// The two transports, for tests that both must pass.

import { ConnectionPool } from '../../src/connection/connection-pool.ts';
import type { PoolOptions } from '../../src/connection/connection-pool.ts';
import type { Dialer } from '../../src/connection/channel.ts';
import type { Transport } from '../../src/connection/transport.ts';

export type WireName = 'own' | 'node:http';

/** Their names, as the client's option `wire` has them. */
export const wireNames: readonly WireName[] = ['own', 'node:http'];

export function makeWire(name: WireName, dialer: Dialer, options: PoolOptions = {}): Transport {
  return new ConnectionPool(dialer, { ...options, http: name });
}

/** The allowed differences between the two. */
export const particulars: Readonly<Record<WireName, {
  /** Fields that are sent in addition to the requested fields and the framing fields. */
  readonly ownFields: Readonly<Record<string, string>>;
  /** Whether reads go into memory that a sink offers. */
  readonly readsInPlace: boolean;
  /** The error message for an SSH banner. */
  readonly noHttp: RegExp;
}>> = {
  own: {
    ownFields: {},
    readsInPlace: true,
    noHttp: /: the response is not HTTP\/1 "SSH-2.0-OpenSSH_9.2\\x0d\\x0a" at byte 0 \(RFC 9112 §2.3\)$/,
  },
  'node:http': {
    ownFields: { connection: 'keep-alive' }, // Node would write `close`
    readsInPlace: false, // the parser returns views of its input
    // The reason differs from one version of llhttp to the next.
    noHttp: /: Node's parser refuses the response: HPE_INVALID_CONSTANT, .* "SSH-2.0-OpenSSH_9.2\\x0d\\x0a" at byte 0 /,
  },
};
