// Turns the errors of a TLS handshake into a `ConnectError` with the cause and a remedy in plain words. Text from a certificate
// is not trusted: it is escaped and shortened.

import { ELLIPSIS, escapeText } from '../../bytes.ts';
import { ConnectError } from '../../errors.ts';
import { day } from './tls-material.ts';

/** The members of a certificate that are read, as Node returns them. */
export interface ShownCertificate {
  readonly subject?: { readonly CN?: string | string[] };
  readonly issuer?: { readonly CN?: string | string[] };
  /** `"DNS:engine.example, IP Address:192.0.2.1"` */
  readonly subjectaltname?: string | undefined;
  /** `"Dec 31 00:00:00 2020 GMT"` */
  readonly valid_from: string;
  readonly valid_to: string;
  /** At the end of the chain, the certificate itself. */
  readonly issuerCertificate?: ShownCertificate;
}

/** The facts about a handshake: the engine, and the client's settings. */
export interface Peer {
  /** The engine's address, `"tcp://localhost:2376"`. */
  readonly address: string;
  /** The name that the certificate must be valid for. */
  readonly name: string;
  /** Whether the client was given CAs, and (below) a certificate. */
  readonly hasCa: boolean;
  readonly hasCert: boolean;
  certificate: ShownCertificate | undefined;
}

type Explanation = readonly [what: string, hint: string];

/**
 * The explanations by error code: failed checks (https://nodejs.org/api/tls.html#x509-certificate-error-codes), and OpenSSL's
 * reasons, matched by the end of their names, because SSLV3_ALERT_BAD_CERTIFICATE of 3.0 is SSL/TLS_ALERT_BAD_CERTIFICATE in 3.5.
 */
const explanations: ReadonlyArray<readonly [code: RegExp, explanation: Explanation | ((peer: Peer, code: string) => Explanation)]> = [
  [/SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF/, unknownIssuer],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, otherNames],
  [/^INVALID_PURPOSE$/, ["the engine's certificate is not for servers", 'It needs one with extendedKeyUsage=serverAuth']],
  [/^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/, wrongTime],
  [/ALERT_CERTIFICATE_|ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/, refusedCertificate],
  [/ALERT_HANDSHAKE_FAILURE$/, refusedHandshake],
  [
    /ALERT_PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$/,
    ['the engine does not support TLS 1.2 or later', 'Older versions are not safe: update the engine, or the proxy in front of it'],
  ],
  [
    /WRONG_VERSION_NUMBER$/,
    ['this port does not speak TLS', 'The usual port for TLS is 2376; for a port without TLS, write tcp:// and omit the option tls'],
  ],
  [/^(?:ECONNRESET|EPIPE)$/, ['the engine closed the connection during the TLS handshake', 'Is this its port for TLS?']],
  [/^ERR_SSL_/, (_, code) => [`the TLS handshake failed (${code})`, 'The log of the engine may say more']],
];

/** Returns the error for a failed handshake; undefined if the cause is not TLS. */
export function tlsError(cause: unknown, peer: Peer): ConnectError | undefined {
  const errno = (cause as NodeJS.ErrnoException).code;
  const [, explanation] = explanations.find(([code]) => code.test(errno ?? '')) ?? [];
  if (errno === undefined || explanation === undefined) return undefined;
  const { address } = peer;
  const [what, hint] = typeof explanation === 'function' ? explanation(peer, errno) : explanation;
  return new ConnectError(`cannot connect to ${address}: ${what}`, { address, errno, hint, cause });
}

/** Replaces the message of an OpenSSL error by its code: the message has several lines and names a source file. */
export function concise(error: NodeJS.ErrnoException): Error {
  return error.code?.startsWith('ERR_SSL_') === true ? new Error(`TLS failed: ${error.code}`, { cause: error }) : error;
}

function unknownIssuer({ certificate, hasCa }: Peer): Explanation {
  const issuer = certificate === undefined ? 'an unknown CA' : `"${shown(certificate.issuer?.CN)}"`;
  const hint = hasCa ? 'tls.ca (ca.pem) must be the CA that signed it' : 'Give the CA that signed it as tls.ca (ca.pem)';
  return [`the engine's certificate was signed by ${issuer}, which is not trusted`, hint];
}

function otherNames({ certificate, name }: Peer): Explanation {
  const names = certificate === undefined ? ['other names'] : namesOf(certificate);
  const kind = /:|^[0-9.]+$/.test(name) ? 'IP' : 'DNS';
  const needed = `he engine needs a certificate with subjectAltName=${kind}:${name}`;
  let hint = names.length === 0 ? `T${needed}` : 'Use such a name as the host; or as tls.serverName, if the host leads to that engine';
  if ([certificate?.subject?.CN].flat().includes(name)) hint = `The name in its subject (CN) does not count; t${needed}`;
  else if (names.includes(name)) hint = `An address counts as an address, and not as a DNS name; t${needed}`;
  return [`the engine's certificate is for ${shown(names.join(', ') || 'no host at all')}, and not for ${name}`, hint];
}

/** Returns the names that are compared with the host: DNS names and IP addresses, but not the subject, mail addresses or URIs. */
function namesOf({ subjectaltname = '' }: ShownCertificate): string[] {
  return subjectaltname.split(', ').flatMap((each) => /^(?:DNS|IP Address):(.*)$/s.exec(each)?.[1] ?? []);
}

/** The maximum length of a chain of certificates that is searched. Our own limit: real chains have two to four. */
const CHAIN_LIMIT = 10;

/** Finds the certificate of the chain that has expired, or is not valid yet. */
function wrongTime({ certificate }: Peer, code: string): Explanation {
  const hasExpired = code === 'CERT_HAS_EXPIRED';
  const hint = `${hasExpired ? 'It needs a new one' : 'Wait until then'}, or correct the clock of this machine`;
  let each = certificate;
  for (let depth = 0; each !== undefined && depth < CHAIN_LIMIT; depth++) {
    const time = hasExpired ? each.valid_to : each.valid_from;
    if (hasExpired === Date.parse(time) < Date.now()) {
      const which = depth === 0 ? "the engine's certificate" : `the certificate of the engine's CA "${shown(each.subject?.CN)}"`;
      return [`${which} ${hasExpired ? 'expired on' : 'is not valid before'} ${day(time)}`, hint];
    }
    each = each.issuerCertificate === each ? undefined : each.issuerCertificate;
  }
  return [`the engine's certificate ${hasExpired ? 'has expired' : 'is not valid yet'}`, hint];
}

function refusedCertificate({ hasCert }: Peer, code: string): Explanation {
  if (!hasCert) return ['the engine requires a client certificate', GIVE_CERTIFICATE];
  const reason = code.replace(/^.*ALERT_/, '').toLowerCase().replaceAll('_', ' ');
  return [`the engine refuses the client certificate (${reason})`, 'The CA that the engine trusts (its --tlscacert) must have signed it'];
}

function refusedHandshake({ hasCert }: Peer): Explanation {
  if (hasCert) return ['the engine refused the TLS handshake', 'Does it trust the CA of the client certificate?'];
  return ['the engine refused the TLS handshake, probably because it requires a client certificate', GIVE_CERTIFICATE];
}

const GIVE_CERTIFICATE = 'Give tls.cert and tls.key (cert.pem and key.pem)';

/** Makes text from a certificate safe to print. */
function shown(text: string | string[] | undefined): string {
  const escaped = escapeText(String(text ?? 'without a name'));
  return escaped.length > 300 ? escaped.slice(0, 300) + ELLIPSIS : escaped;
}
