// Certificates and keys for TLS: read, and checked before anything is connected. No error ever shows what is in them.

import type * as crypto from 'node:crypto';
import { asBuffer } from '../../bytes.ts';
import type { TlsOptions } from '../../config/engine-address.ts';
import { ConfigError } from '../../errors.ts';
import type { Warn } from '../../connection/warnings.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { PEM_OPTIONS, isPath } from './tls-options.ts';

/** The built-in module, which is loaded with the first connection over TLS. */
export type Crypto = typeof crypto;

/** What was read, as PEM. */
export interface TlsMaterial {
  readonly ca: string | undefined;
  readonly client: { readonly cert: string; readonly key: string } | undefined;
}

/** Reads and checks them all; a `ConfigError` names the file, or the option that the text was given as. */
export async function readTlsMaterial(options: TlsOptions, warn: Warn, crypto: Crypto): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all(PEM_OPTIONS.map((part) => readPart(part, options[part])));
  const roots = ca && certificatesOf(ca, crypto);
  if (cert === undefined || key === undefined) return { ca: roots?.pem, client: undefined };
  const { pem, first } = certificatesOf(cert, crypto);
  checkDates(cert, first);
  const privateKey = privateKeyOf(key, crypto);
  if (!first.checkPrivateKey(privateKey.object)) throw new ConfigError(`${key.name} is not the key of ${cert.name}`);
  const message = `${key.name} can be read by other users of this machine; chmod 600 makes it private`;
  if (key.readableByOthers) warn({ kind: 'readable-key', subject: key.name, message });
  return { ca: roots?.pem, client: { cert: pem, key: privateKey.pem } };
}

/** One of the three, before it is looked at. */
interface Part {
  /** For errors: `"tls.ca (/path/ca.pem)"`, or `"tls.ca"` where no file is involved. */
  readonly name: string;
  readonly text: string;
  readonly readableByOthers: boolean;
}

async function readPart(part: (typeof PEM_OPTIONS)[number], given: string | Uint8Array | undefined): Promise<Part | undefined> {
  const option = `tls.${part}`;
  if (given === undefined) return undefined;
  if (!isPath(given)) {
    const text = typeof given === 'string' ? given : asBuffer(given).toString('latin1');
    return { name: option, text, readableByOthers: false };
  }
  const file = await readSmallFile(given);
  if (file === undefined) throw new ConfigError(`${option} (${given}): there is no such file`);
  const { bytes, readableByOthers } = file;
  return { name: `${option} (${given})`, text: asBuffer(bytes).toString('latin1'), readableByOthers };
}

/** A block of PEM, its two lines included. */
interface PemBlock {
  readonly label: string;
  readonly content: string;
  readonly pem: string;
}

// textual-encoding = preeb [ headers ] base64text posteb, and whatever stands between two of them (RFC 7468 §2, §3)
const pemGrammar = /-----BEGIN ([A-Z0-9 ]+)-----((?:(?!-----)[^])*)-----END \1-----/g;

function pemBlocks({ name, text }: Part): PemBlock[] {
  const blocks = [...text.matchAll(pemGrammar)].map(([pem, label = '', content = '']) => ({ label, content, pem: `${pem}\n` }));
  // OpenSSL leaves out a block that was cut off, without a word.
  const begun = text.split('-----BEGIN ').length - 1;
  if (begun !== blocks.length) throw new ConfigError(`${name} has a block of PEM that does not end: was it copied whole?`);
  return blocks;
}

function certificatesOf(part: Part, { X509Certificate }: Crypto): { pem: string; first: crypto.X509Certificate } {
  const blocks = pemBlocks(part).filter(({ label }) => label === 'CERTIFICATE');
  const [first] = blocks.map(({ pem }) => readable(part, 'certificate', () => new X509Certificate(pem)));
  if (first === undefined) throw new ConfigError(`${part.name} has no certificate in PEM, "-----BEGIN CERTIFICATE-----"`);
  return { pem: blocks.map(({ pem }) => pem).join(''), first };
}

function readable<Read>({ name }: Part, what: string, read: () => Read): Read {
  try {
    return read();
  } catch {
    throw new ConfigError(`${name} has a ${what} that cannot be read`);
  }
}

/** An engine would refuse it in words that say less; and the clock that matters may be this one. */
function checkDates({ name }: Part, { validFrom, validTo }: crypto.X509Certificate): void {
  const now = Date.now();
  if (Date.parse(validTo) < now) throw new ConfigError(`${name} expired on ${day(validTo)}: a new certificate is needed`);
  if (Date.parse(validFrom) > now) {
    throw new ConfigError(`${name} is not valid before ${day(validFrom)}: is the clock of this machine right?`);
  }
}

/** The day of a time as OpenSSL writes it: `"Dec 31 00:00:00 2020 GMT"` is `"2020-12-31"`. */
export function day(time: string): string {
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? time : new Date(milliseconds).toISOString().slice(0, 10);
}

function privateKeyOf(part: Part, { createPrivateKey }: Crypto): { pem: string; object: crypto.KeyObject } {
  // What `openssl ecparam` writes has the parameters of the curve in a block before it.
  const block = pemBlocks(part).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) throw new ConfigError(`${part.name} has no private key in PEM, "-----BEGIN PRIVATE KEY-----"`);
  const { label, content, pem } = block;
  if (label.startsWith('ENCRYPTED') || content.includes('Proc-Type: 4,ENCRYPTED')) {
    throw new ConfigError(
      `${part.name} is encrypted, which the docker command does not take either; "openssl pkey -in FILE" writes it plain`,
    );
  }
  return { pem, object: readable(part, 'private key', () => createPrivateKey(pem)) };
}

/**
 * Whether a certificate is for this IP address, as OpenSSL has it. Node's own check finds no IPv6 address in any certificate
 * from 22.23.0, 24.17.0 and some 26 on, until it was mended (nodejs/node issue 64144; 22.23.3 still has it so).
 */
export function isForAddress(certificate: Uint8Array, address: string, { X509Certificate }: Crypto): boolean {
  return new X509Certificate(certificate).checkIP(address) !== undefined;
}
