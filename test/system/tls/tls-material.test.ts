import * as crypto from 'node:crypto';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TlsOptions } from '../../../src/config/engine-address.ts';
import { ArgumentError, ConfigError } from '../../../src/errors.ts';
import { readTlsMaterial } from '../../../src/system/tls/tls-material.ts';
import { checkTlsOptions } from '../../../src/system/tls/tls-options.ts';
import { pathOf, pem } from '../../support/tls-daemon.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-tls-'));
});
afterAll(() => rm(folder, { recursive: true }));

const client = { cert: pathOf('client.pem'), key: pathOf('client-key.pem') };
const warned: string[] = [];
const read = (options: TlsOptions) => readTlsMaterial(options, ({ message }) => warned.push(message), crypto);

describe('certificates and keys', () => {
  const both = pem('client.pem') + pem('client-key.pem');
  it.each<[string, TlsOptions]>([
    ['files', client],
    ['text', { cert: pem('client.pem'), key: pem('client-key.pem') }],
    ['bytes', { cert: Buffer.from(pem('client.pem')), key: new Uint8Array(Buffer.from(pem('client-key.pem'))) }],
    ['text with CRLF line ends', { cert: pem('client.pem').replaceAll('\n', '\r\n'), key: pem('client-key.pem') }],
    ['both in each of two files', { cert: both, key: both }],
    ['a key behind a block of parameters', { ...client, key: pathOf('client-key-sec1.pem') }],
    ['text around the blocks', { cert: `Subject: me\n-----\n${pem('client.pem')}\nbye`, key: `\n${pem('client-key.pem')}` }],
  ])('are accepted as %s', async (_, options) => {
    const { client: found } = await read(options);
    expect(new X509Certificate(found?.cert ?? '').subject).toContain('CN=client');
    const [expected, given] = [pem('client-key.pem'), found?.key ?? ''].map((key) => createPrivateKey(key));
    expect(given?.export({ format: 'jwk' })).toEqual(expected?.export({ format: 'jwk' }));
  });

  it('keep all certificates of a bundle, and the order of a chain', async () => {
    const bundle = pem('other-ca.pem') + pem('ca.pem');
    const { ca, client: found } = await read({ ...client, ca: bundle, cert: pem('client.pem') + pem('ca.pem') });
    const subjects = (text = ''): string[] =>
      text.split(/(?<=-----END CERTIFICATE-----\n)/).map((one) => /CN=.*/.exec(new X509Certificate(one).subject)?.[0] ?? '');
    expect(subjects(ca)).toEqual(['CN=other-ca', 'CN=ca']);
    expect(subjects(found?.cert)).toEqual(['CN=client', 'CN=ca']);
  });

  it('are undefined without options', async () => {
    expect(await read({})).toEqual({ ca: undefined, client: undefined });
  });

  const text = pem('client-key.pem');
  const fixtures = readdirSync(pathOf('.')).filter((name) => name.endsWith('.pem'));
  /** Whatever stands in any of the files: an error may show none of it. */
  const contents = fixtures.flatMap((name) => pem(name).split('\n').filter((line) => /^[A-Za-z0-9+/=]{16,}$/.test(line)));
  const cut = (name: string): string => pem(name).slice(0, -30);
  /** The first bytes are changed, so that OpenSSL can read neither a certificate nor a key. */
  const garbled = (name: string): string => pem(name).replace(/(-----\n).{12}/, '$1AAAAAAAAAAAA');
  // what is wrong, the options, what the error says
  // covers: fault 0.12, fault 3.22, complaint js-35
  it.each<[string, TlsOptions, RegExp]>([
    ['a missing ca', { ca: '/nowhere/ca.pem' }, /^tls\.ca \(\/nowhere\/ca\.pem\): the file does not exist$/],
    ['a missing cert', { ...client, cert: '/nowhere/cert.pem' }, /^tls\.cert \(\/nowhere\/cert\.pem\): the file does not exist$/],
    ['a missing key', { ...client, key: '/nowhere/key.pem' }, /^tls\.key \(\/nowhere\/key\.pem\): the file does not exist$/],
    ['a folder', { ca: pathOf('.') }, /fixtures\/tls\/: it is a directory, not a regular file/],
    ['a key as ca', { ca: text }, /^tls\.ca has no certificate in PEM/],
    ['a file without PEM', { ca: pathOf('README.md') }, /^tls\.ca \(.*README\.md\) has no certificate in PEM/],
    ['DER', { ca: new X509Certificate(pem('ca.pem')).raw }, /^tls\.ca has no certificate in PEM/],
    ['a certificate as key', { ...client, key: pem('client.pem') }, /^tls\.key has no private key in PEM/],
    ['a public key as key', { ...client, key: text.replaceAll('PRIVATE', 'PUBLIC') }, /^tls\.key has no private key in PEM/],
    ['a ca that was cut off', { ca: cut('ca.pem') }, /^tls\.ca has a PEM block without an end/],
    [
      'a second ca that was cut off',
      { ca: pem('ca.pem') + cut('other-ca.pem') },
      /^tls\.ca has a PEM block without an end/,
    ],
    ['a key that was cut off', { ...client, key: cut('client-key.pem') }, /^tls\.key has a PEM block without an end/],
    ['a ca that is garbled', { ca: garbled('ca.pem') }, /^tls\.ca has a certificate that cannot be read$/],
    [
      'a second ca that is garbled',
      { ca: pem('ca.pem') + garbled('other-ca.pem') },
      /^tls\.ca has a certificate that cannot be read$/,
    ],
    [
      'a key that is garbled',
      { ...client, key: garbled('client-key.pem') },
      /^tls\.key has a private key that cannot be read$/,
    ],
    [
      'the key of another',
      { ...client, key: pathOf('server-key.pem') },
      /^tls\.key \(.*server-key\.pem\) is not the key of tls\.cert \(.*client\.pem\)$/,
    ],
    [
      'an encrypted key',
      { ...client, key: pathOf('client-key-encrypted.pem') },
      /^tls\.key \(.*encrypted\.pem\) is encrypted.*docker command/,
    ],
    ['a key encrypted as of old', { ...client, key: pem('client-key-encrypted-traditional.pem') }, /^tls\.key is encrypted/],
    [
      'a certificate that is over',
      { ...client, cert: pathOf('client-expired.pem') },
      /client-expired\.pem\) expired on 2020-12-31/,
    ],
    ['a certificate of the future', { ...client, cert: pem('client-future.pem') }, /^tls\.cert is not valid before 2099-01-01/],
  ])('are rejected: %s', async (_, options, said) => {
    const error = await read(options).then(
      () => expect.unreachable(),
      (reason: unknown) => reason as ConfigError,
    );
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(said);
    for (const line of contents) expect(inspect(error)).not.toContain(line);
  });

  it('cause a warning if others can read the key, and no other warning', async () => {
    const key = join(folder, 'key.pem');
    await writeFile(key, text);
    for (const [mode, warnings] of [[0o600, []], [0o640, [expect.stringContaining(key)]]] as const) {
      await chmod(key, mode);
      warned.length = 0;
      await read({ ca: pathOf('ca.pem'), cert: pathOf('client.pem'), key });
      expect(warned).toEqual(process.platform === 'win32' ? [] : warnings);
    }
  });
});

describe('the TLS options', () => {
  it.each<[unknown, new (...given: never[]) => Error, RegExp]>([
    [{ cert: 'c' }, ConfigError, /tls\.cert is given without tls\.key/],
    [{ key: 'k' }, ConfigError, /tls\.key is given without tls\.cert/],
    [{ ca: '' }, ArgumentError, /tls\.ca must be PEM/],
    [{ ca: 'a\0b' }, ArgumentError, /tls\.ca must be PEM/],
    [{ ca: ['a'] }, ArgumentError, /tls\.ca must be PEM/],
    [{ ca: null }, ArgumentError, /tls\.ca must be PEM/],
    [{ verify: 'no' }, ArgumentError, /tls\.verify must be true or false/],
    [{ serverName: 'a b' }, ArgumentError, /tls\.serverName must be a host name/],
    [
      { rejectUnauthorized: false },
      ArgumentError,
      /tls has no option "rejectUnauthorized"; it has ca, cert, key, serverName, verify/,
    ],
    [true, ArgumentError, /tls must be an object/],
    [null, ArgumentError, /tls must be an object/],
  ])('%j are rejected', (options, kind, said) => {
    expect(() => checkTlsOptions(options as TlsOptions)).toThrow(kind);
    expect(() => checkTlsOptions(options as TlsOptions)).toThrow(said);
  });

  it.each<[TlsOptions]>([
    [{}],
    [{ ca: undefined, verify: false }],
    [{ serverName: '2001:db8::1' }],
    [{ cert: 'c', key: 'k' }],
  ])('%j are accepted', (options) => {
    expect(() => checkTlsOptions(options)).not.toThrow();
  });
});
