// From the options of a client to the engine that it calls.

import { take } from './arguments.ts';
import { nodeHttpWire } from '../connection/node-http-transport.ts';
import { ConnectionPool } from '../connection/connection-pool.ts';
import { parseAddress, requestOrigin } from '../config/engine-address.ts';
import type { Address } from '../config/engine-address.ts';
import { checkHeaders } from '../config/custom-headers.ts';
import { parsePinnedVersion } from '../api/api-version.ts';
import { Engine } from './engine.ts';
import { ArgumentError } from '../errors.ts';
import type { ImageClientOptions } from './options.ts';
import { plaintextGuard } from './plaintext-credentials.ts';
import { CONNECT_MS } from '../connection/engine-request.ts';
import type { Outside } from '../system/outside.ts';
import { warner } from '../connection/warnings.ts';
import type { Warn } from '../connection/warnings.ts';

/** An engine, and what its client does besides calling it. */
export interface ClientEngine {
  readonly engine: Engine;
  readonly warn: Warn;
  /** What the client was given, checked. */
  readonly options: ImageClientOptions;
  /** To be called before credentials are taken for a call; what it throws, the call rejects with. */
  readonly beforeCredentials: (() => void) | undefined;
}

/** Makes it, without any I/O. An `ArgumentError` or a `ConfigError` says which option cannot be meant. */
export function clientEngine(given: ImageClientOptions | undefined, outside: Outside): ClientEngine {
  if (given === undefined || typeof given === 'string') throw new ArgumentError(NEEDS_HOST);
  const options = take('ImageClient', given);
  const { host, dialer, version, timeouts = {}, maxIdle, wire = 'own', tls } = options;
  if ((host === undefined) === (dialer === undefined)) throw new ArgumentError(NEEDS_HOST);
  if (dialer !== undefined && tls !== undefined) throw new ArgumentError('tls is for a host: a dialer encrypts by itself');
  const warn = warner(options.onWarning);
  const address = host === undefined ? undefined : parseAddress(host);
  const dial = dialer ?? outside.dialerFor(address as Address, { tls, warn, hint: options.connectHint });
  const beforeCredentials = plaintextGuard({ address, tls }, options.plaintextCredentials ?? 'warn', warn);
  const { connectMs = CONNECT_MS } = dial.traits ?? {};
  const engine = new Engine({
    wire: wire === 'own' ? new ConnectionPool(dial, { maxIdle }) : nodeHttpWire(dial, { maxIdle }),
    address: dial.address,
    ...requestOrigin(address),
    version: version === undefined ? undefined : parsePinnedVersion(version),
    timeouts: { connectMs, ...timeouts },
    headers: checkHeaders(Object.entries(options.headers ?? {}), 'headers'),
    observe: outside.observe,
    beforeCredentials,
  });
  return { engine, warn, options, beforeCredentials };
}

const NEEDS_HOST =
  'ImageClient needs a host, as in new ImageClient({ host: "unix:///var/run/docker.sock" }), or a dialer in its place; ' +
  'ImageClient.fromEnvironment() finds the engine that the environment names';
