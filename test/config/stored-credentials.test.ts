// The credentials in a config.json. "docker:" below is what the docker command does with the same file: versions 20.10.24 and
// 28.2.2 got the file, and a server that replaced the engine and decoded X-Registry-Auth.

import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/api/credentials.ts';
import type { Credentials } from '../../src/api/credentials.ts';
import { member } from '../../src/config/config-file.ts';
import { findCredentials, holdsSecrets, parseAuthVariable, parseDockerConfig } from '../../src/config/stored-credentials.ts';
import type { CredentialPlace } from '../../src/config/stored-credentials.ts';
import { ConfigError } from '../../src/errors.ts';

const HUB = 'https://index.docker.io/v1/';
const SOURCE = '/home/ada/.docker/config.json';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const fixture = (name: string): Buffer => readFileSync(new URL(`../../fixtures/config/${name}`, import.meta.url));

/** What is found, with its secrets in plain text; a helper by its name. */
function find(file: unknown, registry: string, repository?: string, variable?: unknown): unknown {
  const configs = {
    file: file === undefined ? undefined : parseDockerConfig(Buffer.isBuffer(file) ? file : bytes(file), SOURCE),
    variable: variable === undefined ? undefined : parseAuthVariable(JSON.stringify(variable)),
  };
  return plain(findCredentials({ registry, repository }, configs));
}

function plain(place: CredentialPlace): unknown {
  if ('helper' in place) return `${place.helper.name}, ${place.helper.configKey}`;
  return place.credentials && reveal(place.credentials);
}

function reveal(credentials: Credentials): unknown {
  const shown = Object.entries(credentials).map(([key, value]) => [key, value instanceof Secret ? value.reveal() : value]);
  return Object.fromEntries(shown);
}

function failure(call: () => unknown): ConfigError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  return expect.unreachable('it did not fail');
}

const ada = { username: 'ada', password: 'pass:word?>~' };
const grace = { username: 'grace', password: 'pass:word?>~' };
const linus = { username: 'linus', password: 'pass:word?>~' };

describe('a config.json that a real program wrote', () => {
  // covers: complaint py-38
  it.each<[file: string, registry: string, repository: string, expected: unknown]>([
    ['docker-20.10.json', 'registry.example', 'app', ada],
    ['docker-20.10.json', 'localhost:5000', 'app', ada],
    ['docker-20.10.json', HUB, 'library/alpine', grace],
    ['docker-20.10.json', 'other.example', 'app', undefined],
    ['docker-20.10.json', 'localhost', 'app', undefined],
    ['docker-20.10.json', 'localhost:50000', 'app', undefined],
    ['docker-20.10.json', 'xregistry.example', 'app', undefined],
    ['docker-20.10.json', 'registry.example.evil.example', 'app', undefined],
    ['docker-28.2-helper.json', 'registry.example', 'app', 'secretservice, credsStore'],
    // docker: username and token; engines take the token
    ['docker-28.2-identity-token.json', 'registry.example', 'app', { identityToken: 'an-identity-token' }],
    // Podman 4.3.1 sends just these with the same file.
    ['podman-4.3.json', '127.0.0.1:5055', 'team/app', linus],
    ['podman-4.3.json', '127.0.0.1:5055', 'team/app/deep', linus],
    ['podman-4.3.json', '127.0.0.1:5055', 'team/application', grace],
    ['podman-4.3.json', '127.0.0.1:5055', 'team/other', grace],
    ['podman-4.3.json', '127.0.0.1:5055', 'other', ada],
  ])('%s has for %s and %s: %j', (file, registry, repository, expected) => {
    expect(find(fixture(file), registry, repository)).toEqual(expected);
  });
});

describe('a key of auths', () => {
  const login = { auth: base64('u:p') };
  const found = { username: 'u', password: 'p' };

  // covers: complaint py-35
  it.each<[key: string, registry: string, repository: string | undefined, isFound: boolean]>([
    ['registry.example', 'registry.example', 'a/b', true],
    ['https://registry.example', 'registry.example', 'a/b', true],
    ['http://registry.example', 'registry.example', 'a/b', true],
    ['HTTPS://registry.example/', 'registry.example', 'a/b', true],
    ['https://registry.example/v1/', 'registry.example', 'a/b', true],
    ['https://registry.example/v2/', 'registry.example', 'a/b', true],
    ['https://registry.example/any/path', 'registry.example', 'a/b', true],
    ['registry.example/', 'registry.example', 'a/b', true],
    ['registry.example/v1/', 'registry.example', 'a/b', true],
    ['registry.example/v2', 'registry.example', 'a/b', true],
    ['https://registry.example:5000', 'registry.example:5000', 'a', true],
    ['[::1]:5000', '[::1]:5000', 'a', true],
    // docker: neither of these
    ['Registry.Example', 'registry.example', 'a/b', true],
    ['registry.example', 'Registry.Example', 'a/b', true],
    // A port is part of the registry, and so is every character.
    ['registry.example:443', 'registry.example', 'a/b', false],
    ['registry.example', 'registry.example:443', 'a/b', false],
    ['https://user@registry.example', 'registry.example', 'a/b', false],
    ['registry.example.', 'registry.example', 'a/b', false],
    ['ftp://registry.example', 'registry.example', 'a/b', false],
    // docker: found for any repository of the registry
    ['registry.example/a', 'registry.example', 'a/b', true],
    ['registry.example/a/', 'registry.example', 'a/b', true],
    ['registry.example/a/b', 'registry.example', 'a/b', true],
    ['registry.example/a', 'registry.example', 'ab', false],
    ['registry.example/a/b', 'registry.example', 'a', false],
    ['registry.example/other', 'registry.example', 'a/b', false],
    ['registry.example/a', 'registry.example', undefined, false],
    // The Hub, of which docker knows the first alone.
    [HUB, HUB, 'library/alpine', true],
    ['https://index.docker.io/v1', HUB, 'library/alpine', true],
    ['index.docker.io', HUB, 'library/alpine', true],
    ['docker.io', HUB, 'library/alpine', true],
    ['registry-1.docker.io', HUB, 'library/alpine', true],
    ['docker.io/library', HUB, 'library/alpine', true],
    ['docker.io/team', HUB, 'library/alpine', false],
    ['hub.docker.com', HUB, 'library/alpine', false],
    ['docker.io', 'docker.io.evil.example', 'a', false],
    [HUB, 'index.docker.io.evil.example', 'a', false],
    // Docker keeps a token there after a login in the browser, not a password.
    ['https://index.docker.io/v1/access-token', HUB, 'library/alpine', false],
    ['https://index.docker.io/v1/refresh-token', HUB, 'library/alpine', false],
  ])('%s matches %s and %s: %s', (key, registry, repository, isFound) => {
    expect(find({ auths: { [key]: login } }, registry, repository)).toEqual(isFound ? found : undefined);
  });

  it('in the spelling of docker takes precedence over others, and of those the first', () => {
    const spelled = (...keys: string[]): unknown =>
      find({ auths: Object.fromEntries(keys.map((key) => [key, { username: key }])) }, 'r.example');
    expect(spelled('https://r.example', 'r.example')).toEqual({ username: 'r.example', password: '' });
    expect(spelled('https://r.example/v2/', 'https://r.example')).toEqual({ username: 'https://r.example/v2/', password: '' });
    const hub = { 'docker.io': login, [HUB]: { auth: base64('hub:p') } };
    expect(find({ auths: hub }, HUB)).toEqual({ username: 'hub', password: 'p' });
  });

  it('that is more specific takes precedence over others, even if its entry is empty', () => {
    const auths = { 'r.example': login, 'r.example/team': {} };
    expect(find({ auths }, 'r.example', 'team/app')).toBeUndefined();
    expect(find({ auths }, 'r.example', 'other/app')).toEqual(found);
  });

  it.each(['__proto__', 'constructor', 'toString'])('is not a property that every object has: %s', (key) => {
    expect(find({ auths: {} }, key)).toBeUndefined();
    expect(find({ auths: {}, credHelpers: {} }, key)).toBeUndefined();
  });
});

describe('an entry of auths', () => {
  const entry = (value: unknown): unknown => find({ auths: { 'r.example': value } }, 'r.example');

  // covers: fault 3.21
  it.each<[what: string, value: unknown, expected: unknown]>([
    ['auth', { auth: 'YWRhOnBhc3M6d29yZD8+fg==' }, ada],
    ['auth with ends of lines, which Go skips', { auth: 'YWRhOnBhc3M6\r\nd29yZD8+fg==\n' }, ada],
    ['an empty password', { auth: base64('u:') }, { username: 'u', password: '' }],
    ['a password that begins with a colon', { auth: base64('u::p') }, { username: 'u', password: ':p' }],
    ['zeros at the end, which are trimmed', { auth: base64('u:p\0\0') }, { username: 'u', password: 'p' }],
    ['a zero within, which is not', { auth: base64('u:p\0q') }, { username: 'u', password: 'p\0q' }],
    ['spaces, which are kept', { auth: base64('u: p ') }, { username: 'u', password: ' p ' }],
    ['letters beyond ASCII', { auth: base64('ü:pä🔑') }, { username: 'ü', password: 'pä🔑' }],
    ['members in other letter case', { AUTH: base64('u:p') }, { username: 'u', password: 'p' }],
    ['username and password', { username: 'u', password: 'p' }, { username: 'u', password: 'p' }],
    ['username alone', { username: 'u' }, { username: 'u', password: '' }],
    ['auth and username: auth counts', { auth: base64('u:p'), username: 'x', password: 'y' }, { username: 'u', password: 'p' }],
    ['an empty auth beside username', { auth: '', username: 'u', password: 'p' }, { username: 'u', password: 'p' }],
    ['an identity token beside auth', { auth: base64('u:p'), identitytoken: 't' }, { identityToken: 't' }],
    ['an empty identity token', { auth: base64('u:p'), identitytoken: '' }, { username: 'u', password: 'p' }],
    ['a registry token beside all', { auth: base64('u:p'), identitytoken: 't', registrytoken: 'r' }, { registryToken: 'r' }],
    ['null in place of members', { auth: null, identitytoken: null, username: 'u' }, { username: 'u', password: '' }],
    ['an address and a mail', { auth: base64('u:p'), email: 'a@b', serveraddress: 'x' }, { username: 'u', password: 'p' }],
    ['nothing', {}, undefined],
    ['null', null, undefined],
    ['an empty auth', { auth: '' }, undefined],
  ])('may have %s', (_what, value, expected) => {
    expect(entry(value)).toEqual(expected);
  });

  // covers: fault 3.19.6
  it.each<[what: string, value: unknown, says: RegExp]>([
    ['is a text', 'HUNTER2', /not an object/],
    ['is a list', ['HUNTER2'], /not an object/],
    ['has a number for auth', { auth: 12345 }, /auth is not a string/],
    ['has a list for a username', { username: ['HUNTER2'] }, /username is not a string/],
    ['has an object for a token', { identitytoken: { HUNTER2: 1 } }, /identitytoken is not a string/],
    ['has no base64', { auth: 'HUNTER2!' }, /base64/],
    ['has base64 without its padding', { auth: base64('u:HUNTER2x').replace(/=+$/, '') }, /base64/],
    ['has the alphabet for URLs', { auth: base64('u:HUNTER2?>~ÿ').replace('/', '_').replace('+', '-') }, /base64/],
    ['has no colon', { auth: base64('HUNTER2') }, /user:password/],
    ['has no user', { auth: base64(':HUNTER2') }, /user:password/],
    ['is not UTF-8', { auth: Buffer.from('u:HUNTER2\xff', 'latin1').toString('base64') }, /UTF-8/],
    ['has a password alone', { password: 'HUNTER2' }, /no username/],
  ])('is rejected, with file and key in the message, if it %s', (_what, value, says) => {
    const error = failure(() => entry(value));
    expect(error.message).toContain(`auths["r.example"] in ${SOURCE}`);
    expect(error.message).toMatch(says);
    error.stack = '';
    for (const secret of ['HUNTER2', base64('HUNTER2'), '12345']) {
      expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain(secret);
    }
  });

  // docker: warns, and forgets all of the file
  // covers: fault 3.21, complaint py-37
  it('affects no other registry if it is broken', () => {
    const auths = { 'a.example': { auth: '!' }, 'b.example': 7, 'r.example/team': [], 'r.example': { auth: base64('u:p') } };
    expect(find({ auths }, 'r.example', 'app')).toEqual({ username: 'u', password: 'p' });
    expect(find({ auths }, 'c.example')).toBeUndefined();
    failure(() => find({ auths }, 'a.example'));
    failure(() => find({ auths }, 'r.example', 'team/app'));
  });
});

describe('a helper', () => {
  const login = { auth: base64('u:p') };

  it.each<[what: string, file: unknown, registry: string, expected: unknown]>([
    ['for all', { credsStore: 'pass' }, 'r.example', 'pass, credsStore'],
    ['for one, before that for all', { credsStore: 'pass', credHelpers: { 'r.example': 'ecr-login' } }, 'r.example',
      'ecr-login, credHelpers["r.example"]'],
    ['for another', { credHelpers: { 'r.example': 'ecr-login' } }, 'o.example', undefined],
    ['for a path, which no registry host has', { credHelpers: { 'r.example/team': 'gcloud' } }, 'r.example', undefined],
    ['for the Hub', { credHelpers: { [HUB]: 'pass' } }, HUB, `pass, credHelpers["${HUB}"]`],
    // docker: none of these
    ['for the Hub by its name', { credHelpers: { 'docker.io': 'pass' } }, HUB, 'pass, credHelpers["docker.io"]'],
    ['with a scheme', { credHelpers: { 'https://r.example': 'pass' } }, 'r.example', 'pass, credHelpers["https://r.example"]'],
    // docker: all of these
    ['before what is stored', { credsStore: 'pass', auths: { 'r.example': login } }, 'r.example', 'pass, credsStore'],
    ['before what is stored and broken', { credsStore: 'pass', auths: { 'r.example': { auth: '!' } } }, 'r.example',
      'pass, credsStore'],
    ['before an identity token', { credsStore: 'pass', auths: { 'r.example': { identitytoken: 't' } } }, 'r.example',
      'pass, credsStore'],
    ['after a registry token, which beats all', { credsStore: 'pass', auths: { 'r.example': { registrytoken: 't' } } },
      'r.example', { registryToken: 't' }],
    ['that is switched off for one', { credsStore: 'pass', credHelpers: { 'r.example': '' }, auths: { 'r.example': login } },
      'r.example', { username: 'u', password: 'p' }],
    ['that is empty', { credsStore: '', auths: { 'r.example': login } }, 'r.example', { username: 'u', password: 'p' }],
    ['that is null', { credsStore: null, credHelpers: null, auths: { 'r.example': login } }, 'r.example',
      { username: 'u', password: 'p' }],
  ])('%s', (_what, file, registry, expected) => {
    expect(find(file, registry)).toEqual(expected);
  });

  it.each([['../pass'], ['a/b'], ['-x'], ['.x'], ['a b'], ['a\n'], ['pass;id'], ['C:pass'], [7], [['pass']], [{}], [false]])(
    'is rejected if its name is %j, but only for its own registries',
    (name) => {
      expect(failure(() => find({ credsStore: name }, 'r.example')).message).toContain(`credsStore in ${SOURCE}`);
      const credHelpers = { 'r.example': name, 'o.example': 'pass' };
      const { message } = failure(() => find({ credHelpers }, 'r.example'));
      expect(message).toContain(`credHelpers["r.example"] in ${SOURCE}`);
      expect(find({ credHelpers }, 'o.example')).toBe('pass, credHelpers["o.example"]');
      const another = { credsStore: name, credHelpers: { 'o.example': 'pass' } };
      expect(find(another, 'o.example')).toBe('pass, credHelpers["o.example"]');
    },
  );
});

describe('DOCKER_AUTH_CONFIG', () => {
  const given = { auths: { 'r.example': { auth: base64('env:p') }, 'e.example': {}, 'b.example': { auth: '!' } } };
  const file = { credsStore: 'pass', auths: { 'r.example/team': { registrytoken: 't' } } };

  it('takes precedence over a helper and an entry of the file', () => {
    expect(find(file, 'r.example', 'team/app', given)).toEqual({ username: 'env', password: 'p' });
    expect(find(undefined, 'r.example', 'x', given)).toEqual({ username: 'env', password: 'p' });
  });

  it('leaves registries that it does not have to the file', () => {
    expect(find(file, 'o.example', 'x', given)).toBe('pass, credsStore');
    expect(find(undefined, 'o.example', 'x', given)).toBeUndefined();
  });

  // docker: warns, and then uses the file
  it('is rejected for a registry whose entry is broken or empty', () => {
    expect(failure(() => find(file, 'b.example', 'x', given)).message).toContain('auths["b.example"] in DOCKER_AUTH_CONFIG');
    expect(failure(() => find(file, 'e.example', 'x', given)).message).toContain('auths["e.example"] in DOCKER_AUTH_CONFIG');
  });

  const login = { auth: base64('u:p') };
  it.each<[string, object, string]>([
    ['credsStore', { credsStore: 'pass' }, 'pass, credsStore'],
    ['CREDSSTORE', { CREDSSTORE: 'pass' }, 'pass, credsStore'],
    ['credHelpers', { credHelpers: { 'r.example': 'pass' } }, 'pass, credHelpers["r.example"]'],
    ['credsStore beside its own auths', { credsStore: 'pass', auths: { 'r.example': login } }, 'pass, credsStore'],
  ])('may name a helper, which takes precedence over the file: %s', (_, variable, helper) => {
    expect(find({ auths: { 'r.example': login } }, 'r.example', 'x', variable)).toBe(helper);
  });

  it('leaves a registry that its credHelpers do not name to the file', () => {
    const variable = { credHelpers: { 'o.example': 'pass' } };
    expect(find({ auths: { 'r.example': login } }, 'r.example', 'x', variable)).toEqual({ username: 'u', password: 'p' });
  });

  it.each(['HUNTER2', '{"auths":{}}{"HUNTER2":1}', '["HUNTER2"]', '"HUNTER2"', ' '])('is rejected if it is %j', (text) => {
    const error = failure(() => parseAuthVariable(text));
    expect(error.message).toContain('DOCKER_AUTH_CONFIG');
    expect(inspect({ ...error, message: error.message, cause: error.cause })).not.toContain('HUNTER2');
  });
});

describe('a config.json', () => {
  // covers: fault 3.21
  it.each(['', ' \r\n\t', '{}', 'null', '{"auths":null}'])('may be %j, and then has no credentials', (text) => {
    expect(find(Buffer.from(text), 'r.example')).toBeUndefined();
  });

  // covers: fault 3.19.6, fault 3.21
  it.each<[what: string, content: Buffer, says: RegExp]>([
    ['no JSON', Buffer.from('HUNTER2'), /is not JSON$/],
    ['JSON that is cut off', Buffer.from('{"auths":{"HUNTER2"'), /is not JSON$/],
    ['two JSON values', Buffer.from('{}{"HUNTER2":1}'), /is not JSON$/],
    ['not UTF-8', Buffer.from('{"HUNTER2\xff":1}', 'latin1'), /is not JSON$/],
    ['a list', Buffer.from('["HUNTER2"]'), /not an object$/],
    ['a text', Buffer.from('"HUNTER2"'), /not an object$/],
    ['JSON after a byte order mark', Buffer.from('\ufeff{"HUNTER2":1}'), /byte order mark/],
    ['UTF-16, as PowerShell writes it', Buffer.from('\ufeff{"HUNTER2":1}', 'utf16le'), /byte order mark/],
  ])('is rejected by its name if it is %s', (_what, content, says) => {
    const error = failure(() => parseDockerConfig(content, SOURCE));
    expect(error.message).toMatch(says);
    expect(error.message).toContain(SOURCE);
    error.stack = '';
    expect(inspect(error, { showHidden: true })).not.toContain('HUNTER2');
  });

  it.each([{ auths: [] }, { auths: 'HUNTER2' }, { credHelpers: 'HUNTER2' }])('is rejected with %j', (file) => {
    const error = failure(() => find(file, 'r.example'));
    expect(error.message).toContain(SOURCE);
    expect(error.message).not.toContain('HUNTER2');
  });

  it('has member names in any case, and the last match counts, as in Go', () => {
    expect(find({ Auths: { 'r.example': { Auth: base64('u:p') } } }, 'r.example')).toEqual({ username: 'u', password: 'p' });
    expect(find({ CREDSSTORE: 'pass' }, 'r.example')).toBe('pass, credsStore');
    expect(member({ a: 1, A: 2 }, 'a')).toBe(2);
    expect(member({ a: null }, 'a')).toBeUndefined();
  });

  it.each<[file: unknown, expected: boolean]>([
    [{ auths: { r: { auth: 'x' } } }, true],
    [{ auths: { r: {}, s: { identitytoken: 'x' } } }, true],
    [{ auths: { r: { registrytoken: 'x' } } }, true],
    [{ auths: { r: { username: 'u', password: 'x' } } }, true],
    [{ auths: { r: { username: 'u' }, s: {}, t: null } }, false],
    [{ auths: { r: { auth: '' } }, credsStore: 'pass' }, false],
    [{ auths: [] }, false],
    [{}, false],
  ])('contains secrets: %j, %s', (file, expected) => {
    expect(holdsSecrets(parseDockerConfig(bytes(file), SOURCE))).toBe(expected);
  });
});
