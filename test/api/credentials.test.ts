// Encoding and checks of registry credentials. dockerd silently ignores a field value that Go's base64.URLEncoding does not decode,
// and pulls anonymously, so alphabet and padding are tested with values that need them.

import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ArgumentError, InvalidReferenceError } from '../../src/errors.ts';
import { Secret, encodeRegistryAuth, registryOf, wrapSecrets, registryKey } from '../../src/api/credentials.ts';
import { parseReference } from '../../src/api/reference.ts';
import type { Credentials } from '../../src/api/credentials.ts';

/** What Go's base64.URLEncoding accepts, and no more; decoded by the platform's strict `atob`. */
function decode(value: string): unknown {
  expect(value).toMatch(/^(?:[\w-]{4})*(?:[\w-]{2}==|[\w-]{3}=)?$/);
  const binary = atob(value.replaceAll('-', '+').replaceAll('_', '/'));
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (c) => c.charCodeAt(0))));
}

describe('encodeRegistryAuth', () => {
  // credentials | the JSON inside | Python's base64.urlsafe_b64encode of that JSON
  // covers: fault 0.14, fault 3.19.1, complaint py-32, complaint js-19
  test.each<[Credentials, unknown, string]>([
    // 0, 1 and 2 bytes above a multiple of 3: no, two and one "="
    [{ username: 'a', password: 'bcd' }, { username: 'a', password: 'bcd' },
      'eyJ1c2VybmFtZSI6ImEiLCJwYXNzd29yZCI6ImJjZCJ9'],
    [{ username: 'a', password: 'b' }, { username: 'a', password: 'b' },
      'eyJ1c2VybmFtZSI6ImEiLCJwYXNzd29yZCI6ImIifQ=='],
    [{ username: 'a', password: 'bc' }, { username: 'a', password: 'bc' },
      'eyJ1c2VybmFtZSI6ImEiLCJwYXNzd29yZCI6ImJjIn0='],
    // "-", then "_" where the standard alphabet has "+" and "/"
    [{ username: 'u', password: 's3cr3t?>~' }, { username: 'u', password: 's3cr3t?>~' },
      'eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InMzY3IzdD8-fiJ9'],
    [{ username: 'ü?~>>', password: 'pä~ß?🔑' }, { username: 'ü?~>>', password: 'pä~ß?🔑' },
      'eyJ1c2VybmFtZSI6IsO8P34-PiIsInBhc3N3b3JkIjoicMOkfsOfP_CflJEifQ=='],
    [{ username: 'u', password: 's3cr3t?>~ÿ' }, { username: 'u', password: 's3cr3t?>~ÿ' },
      'eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InMzY3IzdD8-fsO_In0='],
    [{ identityToken: 'it.~?' }, { identitytoken: 'it.~?' }, 'eyJpZGVudGl0eXRva2VuIjoiaXQufj8ifQ=='],
    [{ registryToken: 'ey?~>', serverAddress: 'r.example' }, { serveraddress: 'r.example', registrytoken: 'ey?~>' },
      'eyJzZXJ2ZXJhZGRyZXNzIjoici5leGFtcGxlIiwicmVnaXN0cnl0b2tlbiI6ImV5P34-In0='],
    [{ username: 'token', password: '' }, { username: 'token' }, 'eyJ1c2VybmFtZSI6InRva2VuIn0='],
  ])('encodes %j as %j', (credentials, json, expected) => {
    expect(encodeRegistryAuth(credentials)).toBe(expected);
    expect(decode(encodeRegistryAuth(credentials))).toEqual(json);
  });

  test.each([undefined, 'anonymous'] as const)('encodes %s as {}, without the server address', (credentials) => {
    expect(encodeRegistryAuth(credentials)).toBe('e30=');
    expect(encodeRegistryAuth(credentials, 'r.example')).toBe('e30=');
  });

  test('adds the server address, unless the credentials have one', () => {
    expect(decode(encodeRegistryAuth({ identityToken: 't' }, 'a.example')))
      .toEqual({ identitytoken: 't', serveraddress: 'a.example' });
    expect(decode(encodeRegistryAuth({ identityToken: 't', serverAddress: undefined }, 'a.example')))
      .toEqual({ identitytoken: 't', serveraddress: 'a.example' });
    expect(decode(encodeRegistryAuth({ identityToken: 't', serverAddress: 'b.example' }, 'a.example')))
      .toEqual({ identitytoken: 't', serveraddress: 'b.example' });
  });

  test('reveals a Secret', () => {
    const value = encodeRegistryAuth({ username: 'u', password: new Secret('p') });
    expect(decode(value)).toEqual({ username: 'u', password: 'p' });
  });

  test.each<[string, unknown]>([
    ['a text', 'HUNTER2'],
    ['null', null],
    ['an array', ['HUNTER2', 'HUNTER2']],
    ['nothing', {}],
    ['a server address alone', { serverAddress: 'HUNTER2' }],
    ['a user without a password', { username: 'HUNTER2' }],
    ['a password without a user', { password: 'HUNTER2' }],
    ['a password and a token', { username: 'HUNTER2', password: 'HUNTER2', identityToken: 'HUNTER2' }],
    ['two tokens', { identityToken: 'HUNTER2', registryToken: 'HUNTER2' }],
    ['an empty user', { username: '', password: 'HUNTER2' }],
    ['an empty token', { identityToken: '' }],
    ['an empty Secret', { identityToken: new Secret('') }],
    ['a password that is a list', { username: 'u', password: ['HUNTER2'] }],
    ['a null password', { username: 'u', password: null }],
    ['an unknown key', { username: 'u', password: 'HUNTER2', email: 'HUNTER2' }],
    ['the keys of config.json', { auth: 'HUNTER2' }],
    ['the keys of the wire', { identitytoken: 'HUNTER2' }],
    ['the keys of a helper', { Username: 'u', Secret: 'HUNTER2' }],
    ['a key that is everywhere', JSON.parse('{"__proto__":"HUNTER2","username":"u","password":"HUNTER2"}')],
  ])('rejects %s without showing a value', (_what, credentials) => {
    const error = thrown(() => encodeRegistryAuth(credentials as Credentials));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(inspect(error, { showHidden: true, depth: 10 })).not.toContain('HUNTER2');
  });

  test('names an unknown member', () => {
    expect(() => encodeRegistryAuth({ username: 'u', password: 'p', emial: 'x' } as Credentials)).toThrow('"emial"');
  });
});

/** What a call throws, without its stack, whose lines quote this file. */
function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    (error as Error).stack = String(error);
    return error;
  }
  return undefined;
}

describe('a Secret', () => {
  const secret = new Secret('HUNTER2');

  // covers: fault 3.19.4, complaint js-22
  test.each<[string, (value: unknown) => string]>([
    ['a template', (value) => `${value}`],
    ['a sum', (value) => '' + value],
    ['JSON', (value) => JSON.stringify({ value })],
    ['inspect', (value) => inspect(value, { showHidden: true, depth: 10 })],
    ['inspect of an object around it', (value) => inspect({ value }, { showHidden: true, getters: true })],
    ['its keys', (value) => Reflect.ownKeys(value as object).map(String).join()],
    ['a spread', (value) => JSON.stringify({ ...(value as object) })],
    ['a clone', (value) => inspect(structuredClone(value))],
  ])('is not shown by %s', (_what, show) => {
    expect(show(secret)).not.toContain('HUNTER2');
  });

  // covers: fault 3.19.4
  test('is shown as [redacted], and revealed by reveal()', () => {
    expect(`${secret}`).toBe('[redacted]');
    expect(JSON.stringify([secret])).toBe('["[redacted]"]');
    expect(inspect([secret])).toBe('[ [redacted] ]');
    expect(secret.reveal()).toBe('HUNTER2');
  });
});

describe('credentials with wrapped secrets', () => {
  test.each<[Credentials, object]>([
    [{ username: 'u', password: 'HUNTER2' }, { username: 'u', password: 'HUNTER2' }],
    [{ username: 'u', password: new Secret('HUNTER2') }, { username: 'u', password: 'HUNTER2' }],
    [{ identityToken: 'HUNTER2', serverAddress: 's' }, { identitytoken: 'HUNTER2', serveraddress: 's' }],
    [{ registryToken: 'HUNTER2' }, { registrytoken: 'HUNTER2' }],
    // a token as the user's name
    [{ username: 'HUNTER2', password: '' }, { username: 'HUNTER2' }],
    [{ username: 'HUNTER2', password: new Secret('') }, { username: 'HUNTER2' }],
  ])('show no secret, and are encoded as before: %#', (credentials, json) => {
    const copy = wrapSecrets(credentials);
    expect(inspect(copy, { showHidden: true, depth: Infinity }) + JSON.stringify(copy)).not.toContain('HUNTER2');
    expect(decode(encodeRegistryAuth(copy))).toEqual(json);
  });

  test('do not change with the original object', () => {
    const given = { username: 'u', password: 'p' };
    const copy = wrapSecrets(given);
    given.password = 'q';
    expect(decode(encodeRegistryAuth(copy))).toEqual({ username: 'u', password: 'p' });
  });

  test('are unchanged if they are not an object, and rejected later', () => {
    const source = (): 'anonymous' => 'anonymous';
    for (const value of [undefined, null, 'anonymous', source, 'HUNTER2']) expect(wrapSecrets(value)).toBe(value);
    const wrong = JSON.parse('{"__proto__":"x","password":5,"username":"u"}') as object;
    expect(Object.keys(wrapSecrets(wrong))).toEqual(['__proto__', 'password', 'username']);
  });
});

describe('a registry', () => {
  // image | host | the key of its credentials, as the docker command stores them
  test.each([
    ['alpine', 'docker.io', 'https://index.docker.io/v1/'],
    ['index.docker.io/a/b', 'docker.io', 'https://index.docker.io/v1/'],
    ['localhost:5000/x', 'localhost:5000', 'localhost:5000'],
    ['registry-1.docker.io/a/b', 'registry-1.docker.io', 'registry-1.docker.io'],
    ['docker.io.evil.example/a', 'docker.io.evil.example', 'docker.io.evil.example'],
  ])('of %s is %s, and its key %s', (image, host, key) => {
    expect(registryOf(parseReference(image)).host).toBe(host);
    expect(registryKey(host)).toBe(key);
  });

  // covers: fault 3.19.2
  test('of index.docker.io has the key of Docker Hub', () => {
    expect(registryKey('index.docker.io')).toBe('https://index.docker.io/v1/');
  });

  test('is missing if a name does not begin with a valid host name', () => {
    expect(() => registryOf(parseReference('foo_bar.com/x'))).toThrow(InvalidReferenceError);
  });
});
