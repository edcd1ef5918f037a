// Checks the TLS options of a client without reading files, so that the constructor throws for a wrong option. The files are
// read and checked with the first connection (tls-material.ts).

import { escapeText } from '../../bytes.ts';
import type { TlsOptions } from '../../config/engine-address.ts';
import { ArgumentError, ConfigError } from '../../errors.ts';
import { FLAG, isBytes, kind } from '../../kinds.ts';
import type { Kind, Kinds } from '../../kinds.ts';
import { absolutePath } from '../files/paths.ts';

/** The options that contain PEM or the path of a PEM file. */
export const PEM_OPTIONS = ['ca', 'cert', 'key'] as const;

const PEM: Kind = kind('PEM, as text or bytes, or the path of a file', (value) => {
  return typeof value === 'string' ? value !== '' && !value.includes('\0') : isBytes(value);
});
const HOST: Kind = kind('a host name or an IP address', (value) => typeof value === 'string' && /^[\w.:-]+$/.test(value));
const OPTIONS: Kinds = { ca: PEM, cert: PEM, key: PEM, serverName: HOST, verify: FLAG };

/**
 * Checks the names and types of TLS options. Throws an `ArgumentError` or a `ConfigError`. Returns the options with absolute
 * paths, because the working directory may change before the files are read.
 */
export function checkTlsOptions(options: TlsOptions): TlsOptions {
  if (typeof options !== 'object' || options === null) throw new ArgumentError('tls must be an object');
  for (const [name, value] of Object.entries<unknown>({ ...options })) {
    if (value === undefined) continue;
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (option === undefined) throw new ArgumentError(`tls has no option "${escapeText(name)}"; it has ${Object.keys(OPTIONS).join(', ')}`);
    if (!option.test(value)) throw new ArgumentError(`tls.${name} must be ${option.expected}`);
  }
  const { cert, key } = options;
  if (cert !== undefined && key === undefined) throw new ConfigError('tls.cert is given without tls.key, its private key');
  if (key !== undefined && cert === undefined) throw new ConfigError('tls.key is given without tls.cert, its certificate');
  const paths = PEM_OPTIONS.flatMap((name) => {
    const value = options[name];
    return isPath(value) ? [[name, absolutePath(value, `tls.${name}`)] as const] : [];
  });
  return { ...options, ...Object.fromEntries(paths) };
}

/** Whether the value of an option is a path, and not PEM. */
export function isPath(value: string | Uint8Array | undefined): value is string {
  return typeof value === 'string' && !value.includes('-----BEGIN');
}
