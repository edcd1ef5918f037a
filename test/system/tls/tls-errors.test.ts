import { describe, expect, it } from 'vitest';
import { concise, tlsError } from '../../../src/system/tls/tls-errors.ts';
import type { Peer, ShownCertificate } from '../../../src/system/tls/tls-errors.ts';

const leaf: ShownCertificate = {
  subject: { CN: 'leaf' },
  issuer: { CN: 'root' },
  subjectaltname: 'DNS:engine.example, IP Address:192.0.2.1',
  valid_from: 'Jan  1 00:00:00 2020 GMT',
  valid_to: 'Jan  1 00:00:00 2099 GMT',
};
const peer: Peer = { address: 'tcp://h:2376', name: 'h', hasCa: true, hasCert: false, certificate: leaf };
const said = (code: string, changes: Partial<Peer> = {}): string | undefined =>
  tlsError(Object.assign(new Error('words of OpenSSL'), { code }), { ...peer, ...changes })?.message;

describe('the error of a failed handshake', () => {
  // The codes of failed checks are those of https://nodejs.org/api/tls.html#x509-certificate-error-codes; those of the
  // alerts are what Node 20 (OpenSSL 3.0) and Node 24 (OpenSSL 3.5) make of them.
  it.each<[string, Partial<Peer>, RegExp]>([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', { hasCa: false }, /signed by "root", which is not trusted\. Give the CA .* as tls\.ca/],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', {}, /not trusted\. tls\.ca \(ca\.pem\) must be the CA that signed it/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', { certificate: undefined }, /signed by an unknown CA, which is not trusted/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', {}, /is for engine\.example, 192\.0\.2\.1, and not for h\b/],
    [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      { certificate: { ...leaf, subjectaltname: undefined } },
      /is for no host at all, and not for h\b/,
    ],
    ...([
      // The names of the certificate, the one in its subject, the host, and what is said: RFC 9525 §6.3 and §6.5
      [undefined, 'h', 'h', 'is for no host at all, and not for h. The name in its subject (CN) does not count; the engine needs a certificate with subjectAltName=DNS:h'],
      [undefined, '192.0.2.1', '192.0.2.1', 'and not for 192.0.2.1. The name in its subject (CN) does not count; the engine needs a certificate with subjectAltName=IP:192.0.2.1'],
      ['IP Address:192.0.2.2', '2001:db8::1', '2001:db8::1', 'is for 192.0.2.2, and not for 2001:db8::1. The name in its subject (CN) does not count; the engine needs a certificate with subjectAltName=IP:2001:db8::1'],
      ['DNS:192.0.2.1', 'x', '192.0.2.1', 'An address counts as an address, and not as a DNS name; the engine needs a certificate with subjectAltName=IP:192.0.2.1'],
      ['email:root@h', 'x', 'h', 'is for no host at all, and not for h. The engine needs a certificate with subjectAltName=DNS:h'],
      ['URI:https://h/, DNS:i', 'x', 'h', 'is for i, and not for h. Use such a name as the host'],
      ['othername:<unsupported>', 'x', 'h', 'is for no host at all, and not for h. The engine needs'],
    ] as const).map(([subjectaltname, CN, name, words]): [string, Partial<Peer>, RegExp] =>
      ['ERR_TLS_CERT_ALTNAME_INVALID', { name, certificate: { ...leaf, subject: { CN }, subjectaltname } }, new RegExp(words.replace(/[.()]/g, '\\$&'))]),
    ['INVALID_PURPOSE', {}, /certificate is not for servers\. It needs one with extendedKeyUsage=serverAuth/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', {}, /requires a client certificate\. Give tls\.cert and tls\.key/],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', {}, /requires a client certificate/],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', {}, /requires a client certificate/],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', { hasCert: true }, /refuses the client certificate \(unknown ca\)\. .*--tlscacert/],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', { hasCert: true }, /refuses the client certificate \(certificate expired\)/],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', {}, /refused the TLS handshake, probably because it requires a client certificate/],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', { hasCert: true }, /refused the TLS handshake\. Does it trust the CA/],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', {}, /does not support TLS 1\.2 or later/],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', {}, /does not support TLS 1\.2 or later/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', {}, /this port does not speak TLS/],
    ['ECONNRESET', {}, /closed the connection during the TLS handshake/],
    ['ERR_SSL_SOMETHING_NEW', {}, /the TLS handshake failed \(ERR_SSL_SOMETHING_NEW\)/],
  ])('explains %s (%j)', (code, changes, expected) => {
    const message = said(code, changes);
    expect(message).toMatch(/^cannot connect to tcp:\/\/h:2376: /);
    expect(message).toMatch(expected);
    expect(message).not.toContain('OpenSSL');
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'ENOENT', 'EACCES', 'ETIMEDOUT'])('is undefined for %s, which is not a TLS error', (code) => {
    expect(said(code)).toBeUndefined();
  });

  it('names the certificate of the chain that has expired, and the day', () => {
    const root: ShownCertificate = { ...leaf, subject: { CN: 'root' }, valid_to: 'Dec 31 00:00:00 2020 GMT' };
    expect(said('CERT_HAS_EXPIRED', { certificate: { ...leaf, issuerCertificate: root } })).toMatch(
      /the certificate of the engine's CA "root" expired on 2020-12-31/,
    );
    expect(said('CERT_HAS_EXPIRED', { certificate: root })).toMatch(/the engine's certificate expired on 2020-12-31/);
    expect(said('CERT_NOT_YET_VALID', { certificate: { ...leaf, valid_from: 'Jan  1 00:00:00 2098 GMT' } })).toMatch(
      /the engine's certificate is not valid before 2098-01-01/,
    );
  });

  it('is found even if the chain is circular', () => {
    const one: ShownCertificate & { issuerCertificate?: ShownCertificate } = { ...leaf };
    one.issuerCertificate = { ...leaf, issuerCertificate: one };
    expect(said('CERT_HAS_EXPIRED', { certificate: one })).toMatch(/the engine's certificate has expired/);
  });

  it('escapes and shortens text from a certificate', () => {
    const certificate = { ...leaf, issuer: { CN: 'a\u001b[2J\u202eb' }, subjectaltname: `DNS:${'x'.repeat(5000)}` };
    expect(said('SELF_SIGNED_CERT_IN_CHAIN', { certificate })).toContain('"a\\u{1b}[2J\\u{202e}b"');
    expect(said('ERR_TLS_CERT_ALTNAME_INVALID', { certificate })?.length).toBeLessThan(600);
  });
});

describe('an error of an open connection', () => {
  it('loses the source file names of OpenSSL; other errors do not change', () => {
    const openssl = Object.assign(new Error('80DC:error:0A00:SSL routines:f:bad record mac:ssl/record/x.c:1:\n'), {
      code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
    });
    expect(concise(openssl).message).toBe('TLS failed: ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC');
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    expect(concise(reset)).toBe(reset);
  });
});
