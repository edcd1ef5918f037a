// Creates the `Engine` of a client from the client's options, without any I/O: checks the options, and creates the dialer, the
// transport and the defaults of every call.

import { take } from './arguments.ts';
import { ConnectionPool } from '../connection/connection-pool.ts';
import { CONNECT_MS } from '../connection/engine-request.ts';
import { warner } from '../connection/diagnostics.ts';
import { parseAddress, requestOrigin } from '../config/engine-address.ts';
import type { Address } from '../config/engine-address.ts';
import { checkHeaders } from '../config/custom-headers.ts';
import { parsePinnedVersion } from '../api/api-version.ts';
import { Engine } from './engine.ts';
import { ArgumentError } from '../errors.ts';
import type { ImageClientOptions } from './options.ts';
import { plaintextGuard } from './plaintext-credentials.ts';
import { observe } from '../system/diagnostics.ts';
import { dialerFor } from '../system/net/dialer.ts';

/**
 * Creates a client's engine, and returns it with the checked copy of the options. `beforeCredentials` must be called before a call
 * uses credentials; if it throws, the call rejects. Throws an `ArgumentError` or a `ConfigError` that names the wrong option.
 */
export function clientEngine(given: ImageClientOptions | undefined) {
  if (given === undefined || typeof given === 'string') throw new ArgumentError(NEEDS_HOST);
  const options = take('ImageClient', given);
  const { host, dialer, version, timeouts = {}, maxIdle, wire, tls } = options;
  if ((host === undefined) === (dialer === undefined)) throw new ArgumentError(NEEDS_HOST);
  if (dialer !== undefined && tls !== undefined) throw new ArgumentError('tls is for a host: a dialer encrypts by itself');
  const warn = warner(options.onWarning);
  const address = host === undefined ? undefined : parseAddress(host);
  const dial = dialer ?? dialerFor(address as Address, { tls, warn, hint: options.connectHint });
  const beforeCredentials = plaintextGuard({ address, tls }, options.plaintextCredentials ?? 'warn', warn);
  const { connectMs = CONNECT_MS } = dial.traits ?? {};
  const engine = new Engine({
    transport: new ConnectionPool(dial, { maxIdle, http: wire }),
    address: dial.address,
    ...requestOrigin(address),
    version: version === undefined ? undefined : parsePinnedVersion(version),
    timeouts: { connectMs, ...timeouts },
    userAgent: options.userAgent,
    headers: checkHeaders(Object.entries(options.headers ?? {}), 'headers'),
    observe,
    beforeCredentials,
  });
  return { engine, warn, options, beforeCredentials };
}

const NEEDS_HOST =
  'ImageClient needs a host, as in new ImageClient({ host: "unix:///var/run/docker.sock" }), or a dialer instead; ' +
  'ImageClient.fromEnvironment() finds the engine that the environment names';
