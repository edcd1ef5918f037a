// Reads certificates and private keys for TLS, and checks them before a connection is opened. Errors never show their content.

import type * as crypto from 'node:crypto';
import { asBuffer } from '../../bytes.ts';
import type { TlsOptions } from '../../config/engine-address.ts';
import { ConfigError } from '../../errors.ts';
import type { Warn } from '../../connection/diagnostics.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { PEM_OPTIONS, isPath } from './tls-options.ts';

/** The built-in module, loaded with the first TLS connection. */
export type Crypto = typeof crypto;

/** Reads and checks certificates and key; returns PEM. Throws a `ConfigError` that names the option, and the file if there is one. */
export async function readTlsMaterial(options: TlsOptions, warn: Warn, crypto: Crypto) {
  const [ca, cert, key] = await Promise.all(PEM_OPTIONS.map((name) => readText(`tls.${name}`, options[name])));
  const roots = ca && readCertificates(ca, crypto).pem;
  if (cert === undefined || key === undefined) return { ca: roots, client: undefined };
  const { pem, first } = readCertificates(cert, crypto);
  checkDates(cert, first);
  const privateKey = readPrivateKey(key, crypto);
  if (!first.checkPrivateKey(privateKey.object)) throw new ConfigError(`${key.name} is not the key of ${cert.name}`);
  const message = `${key.name} can be read by other users of this machine; chmod 600 makes it private`;
  if (key.readableByOthers) warn({ kind: 'readable-key', subject: key.name, message });
  return { ca: roots, client: { cert: pem, key: privateKey.pem } };
}

/** The text of an option or of its file. */
interface PemText {
  /** For errors: `"tls.ca (/path/ca.pem)"`, or `"tls.ca"` without a file. */
  readonly name: string;
  readonly text: string;
  readonly readableByOthers: boolean;
}

async function readText(option: string, value: string | Uint8Array | undefined): Promise<PemText | undefined> {
  if (value === undefined) return undefined;
  if (!isPath(value)) {
    const text = typeof value === 'string' ? value : asBuffer(value).toString('latin1');
    return { name: option, text, readableByOthers: false };
  }
  const name = `${option} (${value})`;
  const file = await readSmallFile(value);
  if (file === undefined) throw new ConfigError(`${name}: the file does not exist`);
  return { name, text: asBuffer(file.bytes).toString('latin1'), readableByOthers: file.readableByOthers };
}

// textual-encoding = preeb [ headers ] base64text posteb, with any text between two of them (RFC 7468 §2, §3)
const pemGrammar = /-----BEGIN ([A-Z0-9 ]+)-----((?:(?!-----)[^])*)-----END \1-----/g;

/** The PEM blocks of a text; `pem` includes the first and last line. */
function pemBlocks({ name, text }: PemText) {
  const blocks = [...text.matchAll(pemGrammar)].map(([pem, label = '', content = '']) => ({ label, content, pem: `${pem}\n` }));
  // OpenSSL would silently ignore a truncated block.
  if (text.split('-----BEGIN ').length - 1 === blocks.length) return blocks;
  throw new ConfigError(`${name} has a PEM block without an end: was it copied completely?`);
}

function readCertificates(text: PemText, { X509Certificate }: Crypto): { pem: string; first: crypto.X509Certificate } {
  const blocks = pemBlocks(text).filter(({ label }) => label === 'CERTIFICATE');
  const [first] = blocks.map(({ pem }) => parsed(text, 'certificate', () => new X509Certificate(pem)));
  if (first === undefined) throw new ConfigError(`${text.name} has no certificate in PEM, "-----BEGIN CERTIFICATE-----"`);
  return { pem: blocks.map(({ pem }) => pem).join(''), first };
}

function parsed<Value>({ name }: PemText, what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch {
    throw new ConfigError(`${name} has a ${what} that cannot be read`);
  }
}

/** Checks the dates here, because the engine's error is less precise, and the clock of this machine may be wrong. */
function checkDates({ name }: PemText, { validFrom, validTo }: crypto.X509Certificate): void {
  const now = Date.now();
  if (Date.parse(validTo) < now) throw new ConfigError(`${name} expired on ${day(validTo)}: a new certificate is needed`);
  if (Date.parse(validFrom) > now) {
    throw new ConfigError(`${name} is not valid before ${day(validFrom)}: is the clock of this machine right?`);
  }
}

/** The day of a time in OpenSSL's format: `"2020-12-31"` for `"Dec 31 00:00:00 2020 GMT"`. */
export function day(time: string): string {
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? time : new Date(milliseconds).toISOString().slice(0, 10);
}

function readPrivateKey(text: PemText, { createPrivateKey }: Crypto): { pem: string; object: crypto.KeyObject } {
  // The output of `openssl ecparam` has a block with the parameters of the curve before the key.
  const block = pemBlocks(text).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) throw new ConfigError(`${text.name} has no private key in PEM, "-----BEGIN PRIVATE KEY-----"`);
  const { label, content, pem } = block;
  if (label.startsWith('ENCRYPTED') || content.includes('Proc-Type: 4,ENCRYPTED')) {
    const reason = 'is encrypted, which the docker command does not accept either';
    throw new ConfigError(`${text.name} ${reason}; "openssl pkey -in FILE" decrypts it`);
  }
  return { pem, object: parsed(text, 'private key', () => createPrivateKey(pem)) };
}

/**
 * Whether a certificate is valid for an IP address, according to OpenSSL. Node's own check fails for every IPv6 address since
 * 22.23.0 and 24.17.0 (nodejs/node issue 64144; 22.23.3 still has the bug).
 */
export function isForAddress(certificate: Uint8Array, address: string, { X509Certificate }: Crypto): boolean {
  return new X509Certificate(certificate).checkIP(address) !== undefined;
}
