// What Node and OpenSSL say of a failed handshake, and what it means for whoever wants to reach an engine.

import { ELLIPSIS, escapeText } from '../../bytes.ts';
import { ConnectError } from '../../errors.ts';
import { day } from './tls-material.ts';

/** What is read of a certificate, in the form that Node gives it; all of it was written by whoever showed it. */
export interface ShownCertificate {
  readonly subject?: { readonly CN?: string | string[] };
  readonly issuer?: { readonly CN?: string | string[] };
  /** `"DNS:engine.example, IP Address:192.0.2.1"` */
  readonly subjectaltname?: string | undefined;
  /** `"Dec 31 00:00:00 2020 GMT"` */
  readonly valid_from: string;
  readonly valid_to: string;
  /** Itself where it ends the chain. */
  readonly issuerCertificate?: ShownCertificate;
}

/** The other side of a handshake, and what this side came with. */
export interface Peer {
  /** The engine's address, `"tcp://localhost:2376"`. */
  readonly address: string;
  /** The name that its certificate must be for. */
  readonly name: string;
  /** Whether CAs were given, and a client certificate. */
  readonly hasCa: boolean;
  readonly hasCert: boolean;
  /** What it has shown of itself. */
  certificate: ShownCertificate | undefined;
}

type Meaning = readonly [what: string, hint: string];

/**
 * By the code of the error: those of a failed check (https://nodejs.org/api/tls.html#x509-certificate-error-codes), and
 * OpenSSL's reasons, by their ends: SSLV3_ALERT_BAD_CERTIFICATE in 3.0 (Node 20) is SSL/TLS_ALERT_... in 3.5 (Node 24).
 */
const meanings: ReadonlyArray<readonly [code: RegExp, meaning: (peer: Peer, code: string) => Meaning]> = [
  [/SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF/, unknownIssuer],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, otherNames],
  [/^INVALID_PURPOSE$/, () => ["the engine's certificate is not for servers", 'It needs one with extendedKeyUsage=serverAuth']],
  [/^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/, wrongTime],
  [/ALERT_CERTIFICATE_|ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/, refusedCertificate],
  [/ALERT_HANDSHAKE_FAILURE$/, refusedHandshake],
  [/ALERT_PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$/, tooOld],
  [/WRONG_VERSION_NUMBER$/, noTls],
  [/^(?:ECONNRESET|EPIPE)$/, closed],
  [/^ERR_SSL_/, (_, code) => [`the TLS handshake failed (${code})`, 'The log of the engine may say more']],
];

/** The error of a handshake as a person can act on it, or undefined where TLS has nothing to do with it. */
export function tlsError(cause: unknown, peer: Peer): ConnectError | undefined {
  const errno = (cause as NodeJS.ErrnoException).code;
  const [, meaning] = meanings.find(([code]) => code.test(errno ?? '')) ?? [];
  if (errno === undefined || meaning === undefined) return undefined;
  const { address } = peer;
  const [what, hint] = meaning(peer, errno);
  return new ConnectError(`cannot connect to ${address}: ${what}`, { address, errno, hint, cause });
}

/** OpenSSL's own messages are of several lines, with the name of a source file. */
export function shortened(error: NodeJS.ErrnoException): Error {
  return error.code?.startsWith('ERR_SSL_') === true ? new Error(`TLS failed: ${error.code}`, { cause: error }) : error;
}

function unknownIssuer({ certificate, hasCa }: Peer): Meaning {
  const issuer = certificate === undefined ? 'somebody' : `"${shown(certificate.issuer?.CN)}"`;
  const hint = hasCa ? 'tls.ca (ca.pem) must be the CA that signed it' : 'Give the CA that signed it as tls.ca (ca.pem)';
  return [`the engine's certificate was signed by ${issuer}, who is not trusted here`, hint];
}

function otherNames({ certificate, name }: Peer): Meaning {
  const names = certificate === undefined ? ['other names'] : namesOf(certificate);
  const kind = /:|^[0-9.]+$/.test(name) ? 'IP' : 'DNS';
  const needed = `he engine needs a certificate with subjectAltName=${kind}:${name}`;
  let hint = names.length === 0 ? `T${needed}` : 'Use such a name as the host; or as tls.serverName, where the host only leads there';
  if ([certificate?.subject?.CN].flat().includes(name)) hint = `The name in its subject (CN) does not count; t${needed}`;
  else if (names.includes(name)) hint = `An address counts as an address, and not as a DNS name; t${needed}`;
  return [`the engine's certificate is for ${shown(names.join(', ') || 'no host at all')}, and not for ${name}`, hint];
}

/** Those that count; the one in the subject, where names stood of old, does not, nor does one that is no host's. */
function namesOf({ subjectaltname = '' }: ShownCertificate): string[] {
  return subjectaltname.split(', ').flatMap((each) => /^(?:DNS|IP Address):(.*)$/s.exec(each)?.[1] ?? []);
}

function wrongTime({ certificate }: Peer, code: string): Meaning {
  const expired = code === 'CERT_HAS_EXPIRED';
  const hint = `${expired ? 'It needs a new one' : 'It must wait'}, or the clock of this machine is wrong`;
  for (const [one, whose] of chainOf(certificate)) {
    const time = expired ? one.valid_to : one.valid_from;
    if (expired !== Date.parse(time) < Date.now()) continue;
    return [`${whose} ${expired ? 'expired on' : 'is not valid before'} ${day(time)}`, hint];
  }
  return [`the engine's certificate ${expired ? 'has expired' : 'is not valid yet'}`, hint];
}

/** More have no use in a chain; Node ends one by a certificate that is its own issuer. */
const CHAIN_LIMIT = 10;

function* chainOf(leaf: ShownCertificate | undefined): Generator<[ShownCertificate, whose: string]> {
  let one = leaf;
  for (let depth = 0; one !== undefined && depth < CHAIN_LIMIT; depth++) {
    yield [one, depth === 0 ? "the engine's certificate" : `the certificate of the engine's CA "${shown(one.subject?.CN)}"`];
    one = one.issuerCertificate === one ? undefined : one.issuerCertificate;
  }
}

function refusedCertificate({ hasCert }: Peer, code: string): Meaning {
  if (!hasCert) return ['the engine wants a client certificate', 'Give tls.cert and tls.key (cert.pem and key.pem)'];
  const why = code.replace(/^.*ALERT_/, '').toLowerCase().replaceAll('_', ' ');
  const hint = 'The CA that the engine trusts (its --tlscacert) must have signed it';
  return [`the engine refuses the client certificate (${why})`, hint];
}

function refusedHandshake({ hasCert }: Peer): Meaning {
  if (hasCert) return ['the engine refused the TLS handshake', 'Does it trust the CA of the client certificate?'];
  const hint = 'Give tls.cert and tls.key (cert.pem and key.pem)';
  return ['the engine refused the TLS handshake, as engines do which want a client certificate', hint];
}

function tooOld(): Meaning {
  return ['the engine speaks no TLS from 1.2 on', 'Older versions are not safe: it, or what stands before it, needs an update'];
}

function noTls(): Meaning {
  return ['this port does not speak TLS', 'By custom that is port 2376; for one without TLS, write tcp:// and give no tls'];
}

function closed(): Meaning {
  return ['the engine closed the connection during the TLS handshake', 'Is this the port where it speaks TLS?'];
}

/** What a stranger wrote into a certificate. */
function shown(text: string | string[] | undefined): string {
  const escaped = escapeText(String(text ?? 'without a name'));
  return escaped.length > 300 ? escaped.slice(0, 300) + ELLIPSIS : escaped;
}
