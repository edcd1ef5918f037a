// An engine may quote in its words what it was sent. What of it is secret is hidden, whatever form it was quoted in.

import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { ApiError, ProtocolError } from '../../src/errors.ts';
import { carriesCredentials, withoutSecrets } from '../../src/docker/secrets.ts';
import type { SecretBearer } from '../../src/docker/secrets.ts';

const secret = 'hunter2-"\\?>~ü x';
const auth = Buffer.from(JSON.stringify({ username: 'ulla', password: secret })).toString('base64url');
const bearer = (...fields: SecretBearer['fields']): SecretBearer => ({ method: 'POST', target: '/x', fields });
const login = '{"username":"u","password":"hunter2"}';
const pull = bearer(['Host', 'docker'], ['X-Registry-Auth', auth]);

/** The message of an engine that said that, after the request. */
function told(words: string, request: SecretBearer = pull): string {
  const error = new ApiError(`said: ${words}`, { status: 500, method: 'POST', target: '/x', daemonMessage: words });
  expect(error.stack).toContain(words); // V8 writes it when it is first looked at, others at once
  expect(withoutSecrets(error, request)).toBe(error);
  expect(error.message).toBe(`said: ${error.daemonMessage}`);
  expect(error.stack).not.toContain('hunter2');
  return error.daemonMessage;
}

describe('the words of an engine', () => {
  it.each([
    ['as it is', secret],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
    ['in a URL', encodeURIComponent(secret)],
    ['in a query', new URLSearchParams({ '': secret }).toString().slice(1)],
    ['as the field was', auth],
    ['padded', `${auth}==`.slice(0, Math.ceil(auth.length / 4) * 4)],
  ])('have [redacted] for a password %s', (_, quoted) => {
    expect(told(`bad login ${quoted}, try again`)).toMatch(/^bad login \[redacted\]=*, try again$/);
  });

  it.each(['', 'a', 'ab', 'u:', '{"x":"'])('have it for a password in base64, behind %j', (before) => {
    for (const encoding of ['base64', 'base64url'] as const) {
      const shown = told(`bad: ${Buffer.from(`${before}${secret}`).toString(encoding)}`);
      expect(shown).toContain('[redacted]');
      expect(Buffer.from(shown, 'base64').toString('latin1')).not.toMatch(/unter|nter2/);
    }
  });

  it.each([
    ['"hunter2"', '"[redacted]"'],
    ['<p>hunter2-"\\?…', '<p>[redacted]…'],
    ['see hunt', 'see [redacted]'],
  ])('have it for the beginning of a password where a quotation ends: %s', (words, shown) => {
    expect(told(words)).toBe(shown);
  });

  it.each(['hunter is no user', 'hun', 'ulla may not', 'docker is down'])('are left as they are without one: %s', (words) => {
    expect(told(words)).toBe(words);
  });

  it('are left as they are where a secret is too short to be told from them', () => {
    const request = bearer(['Authorization', `Basic ${Buffer.from('ulla:a').toString('base64')}`]);
    expect(told('a bad request', request)).toBe('a bad request');
  });

  it.each<[string, SecretBearer, string]>([
    ['Basic', bearer(['authorization', `Basic ${Buffer.from('u:hunter2').toString('base64')}`]), 'hunter2'],
    ['Bearer', bearer(['Authorization', 'Bearer hunter2']), 'hunter2'],
    ['a session', bearer(['Cookie', 'sid=hunter2']), 'hunter2'],
    ['another\'s own field', bearer(['X-Vault-Token', 'hunter2']), 'hunter2'],
    ['several registries', bearer(['X-Registry-Config', Buffer.from(`{"a":${login}}`).toString('base64')]), 'hunter2'],
    ['a login', { ...bearer(), target: '/v1.41/auth', body: { bytes: Buffer.from(login) } }, 'hunter2'],
    ['a URL', { ...bearer(), target: '/x?fromSrc=https%3A%2F%2Fu%3Ahunter2%40h' }, 'hunter2'],
    ['a signed URL', { ...bearer(), target: '/x?fromSrc=https%3A%2F%2Fh%2Fx%3Fsig%3Dhunter2' }, 'hunter2'],
    ['a change', { ...bearer(), target: '/x?changes=ENV+A%3D%22b+hunter2%22' }, 'b hunter2'],
    ['a change of the old form', { ...bearer(), target: '/x?changes=ENV+A+hunter2' }, 'hunter2'],
  ])('have [redacted] for what stood in %s', (_, request, quoted) => {
    expect(told(`what is ${quoted} for?`, request)).toBe('what is [redacted] for?');
  });

  it('still name the URL that could not be fetched, and the change that could not be made', () => {
    const request = { ...bearer(), target: '/x?fromSrc=http%3A%2F%2Fh%2Fx.tar&changes=FROM+x' };
    const words = 'Get "http://h/x.tar": refused; invalid change "FROM x"';
    expect(told(words, request)).toBe(words);
  });
});

describe('an error', () => {
  it('has no secret in its excerpt, nor in that of its cause', () => {
    const cause = new ProtocolError('bad', { offset: 0, section: 'RFC 9112', excerpt: 'hunter2-\\x22\\x5c' });
    const error = new ApiError('x', { status: 200, method: 'GET', target: '/', daemonMessage: '' });
    error.cause = cause;
    withoutSecrets(error, pull);
    expect([cause.excerpt, cause.message]).toEqual(['[redacted]', 'bad "[redacted]" at byte 0 (RFC 9112)']);
  });

  it('that is not ours is its maker\'s', () => {
    const error = new Error(secret);
    expect(withoutSecrets(error, pull)).toBe(error);
    expect(error.message).toBe(secret);
  });
});

describe('a request', () => {
  it.each<[string, SecretBearer, boolean]>([
    ['with credentials', pull, true],
    ['with none, said so', bearer(['X-Registry-Auth', 'e30=']), false],
    ['with none', bearer(['Host', 'docker'], ['User-Agent', 'x'], ['Content-Type', 'y']), false],
    ['that logs in', { ...bearer(), target: '/v1.41/auth' }, true],
    ['with a login for a proxy', bearer(['proxy-authorization', 'x']), true],
  ])('%s carries credentials: %s', (_, request, carries) => {
    expect(carriesCredentials(request)).toBe(carries);
  });
});
