// Checks the TLS options of a client without reading a file, so that a wrong option is an error of the constructor. The
// files are read and checked with the first connection (tls-material.ts).

import { escapeText } from '../../bytes.ts';
import type { TlsOptions } from '../../config/engine-address.ts';
import { ArgumentError, ConfigError } from '../../errors.ts';
import { absolutePath } from '../files/paths.ts';

/** The options that hold PEM, or the path of a file with PEM. */
export const PEM_OPTIONS = ['ca', 'cert', 'key'] as const;

const PEM_OR_PATH = 'PEM, as text or bytes, or the path of a file';
/** What each option must be. */
const kinds: Readonly<Record<string, string>> = {
  ca: PEM_OR_PATH,
  cert: PEM_OR_PATH,
  key: PEM_OR_PATH,
  serverName: 'a host name or an IP address',
  verify: 'true or false',
};

/**
 * Checks the names and types of TLS options; throws an `ArgumentError` or a `ConfigError`. Returns the options with absolute
 * paths, because the working directory may have changed when the files are read.
 */
export function checkTlsOptions(options: TlsOptions): TlsOptions {
  if (typeof options !== 'object' || options === null) throw new ArgumentError('tls must be an object');
  for (const [name, value] of Object.entries<unknown>({ ...options })) {
    if (value === undefined) continue;
    const kind = kinds[name];
    if (kind === undefined) {
      throw new ArgumentError(`tls has no option "${escapeText(name)}"; it has ${Object.keys(kinds).join(', ')}`);
    }
    if (!isValid(name, value)) throw new ArgumentError(`tls.${name} must be ${kind}`);
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

function isValid(name: string, value: unknown): boolean {
  if (name === 'verify') return typeof value === 'boolean';
  if (name === 'serverName') return typeof value === 'string' && /^[\w.:-]+$/.test(value);
  if (typeof value === 'string') return value !== '' && !value.includes('\0');
  try {
    return value instanceof Uint8Array;
  } catch {
    return false; // a revoked proxy
  }
}
