// An engine may quote the request in its message. Secrets are redacted from it, in whatever form they are quoted.

import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { ApiError, ProtocolError } from '../../src/errors.ts';
import { carriesCredentials, redactError } from '../../src/api/request-secrets.ts';
import type { RequestWithSecrets } from '../../src/api/request-secrets.ts';
import { leaksIn } from '../support/planted.ts';
import { madeWritings, recordedWritings, written } from '../support/writings.ts';

const secret = 'hunter2-"\\?>~ü x';
const auth = Buffer.from(JSON.stringify({ username: 'ulla', password: secret })).toString('base64url');
const bearer = (...fields: RequestWithSecrets['fields']): RequestWithSecrets => ({ method: 'POST', target: '/x', fields });
const login = '{"username":"u","password":"hunter2"}';
const pull = bearer(['Host', 'docker'], ['X-Registry-Auth', auth]);

/** The message of an engine that said that, after the request. */
function told(words: string, request: RequestWithSecrets = pull): string {
  const error = new ApiError(`said: ${words}`, { status: 500, method: 'POST', target: '/x', daemonMessage: words });
  expect(error.stack).toContain(words); // V8 writes it when it is first looked at, others at once
  expect(redactError(error, request)).toBe(error);
  expect(error.message).toBe(`said: ${error.daemonMessage}`);
  expect(error.stack).not.toContain('hunter2');
  return error.daemonMessage;
}

describe('the message of an engine', () => {
  it.each([
    ['as it is', secret],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
    ['in a URL', encodeURIComponent(secret)],
    ['in a query', new URLSearchParams({ '': secret }).toString().slice(1)],
    ['as the field was', auth],
    ['padded', `${auth}==`.slice(0, Math.ceil(auth.length / 4) * 4)],
  ])('has [redacted] for a password %s', (_, quoted) => {
    expect(told(`bad login ${quoted}, try again`)).toMatch(/^bad login \[redacted\]=*, try again$/);
  });

  it.each(['', 'a', 'ab', 'u:', '{"x":"'])('has [redacted] for a password in base64, behind %j', (before) => {
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
    ['<p>hunter2-"\\?... (more)', '<p>[redacted]... (more)'],
  ])('has [redacted] for the beginning of a password at the end of a quotation: %s', (words, shown) => {
    expect(told(words)).toBe(shown);
  });

  it.each(['hunter is no user', 'hun', 'ulla may not', 'docker is down'])('is unchanged without a secret: %s', (words) => {
    expect(told(words)).toBe(words);
  });

  it('is unchanged if a secret is too short to be distinguished from other words', () => {
    const request = bearer(['Authorization', `Basic ${Buffer.from('ulla:a').toString('base64')}`]);
    expect(told('a bad request', request)).toBe('a bad request');
  });

  it.each<[string, RequestWithSecrets, string]>([
    ['Basic', bearer(['authorization', `Basic ${Buffer.from('u:hunter2').toString('base64')}`]), 'hunter2'],
    ['Bearer', bearer(['Authorization', 'Bearer hunter2']), 'hunter2'],
    ['a session', bearer(['Cookie', 'sid=hunter2']), 'hunter2'],
    ['another\'s own field', bearer(['X-Vault-Token', 'hunter2']), 'hunter2'],
    ['several registries', bearer(['X-Registry-Config', Buffer.from(`{"a":${login}}`).toString('base64')]), 'hunter2'],
    ['a login', { ...bearer(), target: '/v1.41/auth', body: { bytes: Buffer.from(login) } }, 'hunter2'],
    ['a URL', { ...bearer(), target: '/x?fromSrc=https%3A%2F%2Fu%3Ahunter2%40h' }, 'hunter2'],
    ['a signed URL', { ...bearer(), target: '/x?fromSrc=https%3A%2F%2Fh%2Fx%3Fsig%3Dhunter2' }, 'hunter2'],
    ['a URL with a password that is percent-encoded', { ...bearer(), target: `/x?fromSrc=${encodeURIComponent('https://u:hunter2%3C%2F%2F@h')}` }, Buffer.from('u:hunter2<//').toString('base64')],
    ['a session of a field', bearer(['X-Session-Id', 'hunter2']), 'hunter2'],
    ['a signature', bearer(['X-Amz-Signature', 'hunter2']), 'hunter2'],
    ['a change', { ...bearer(), target: '/x?changes=ENV+A%3D%22b+hunter2%22' }, 'b hunter2'],
    ['a change of the old form', { ...bearer(), target: '/x?changes=ENV+A+hunter2' }, 'hunter2'],
  ])('has [redacted] for the secrets in %s', (_, request, quoted) => {
    expect(told(`what is ${quoted} for?`, request)).toBe('what is [redacted] for?');
  });

  it('still names the URL that cannot be fetched, and the change that cannot be made', () => {
    const request = { ...bearer(), target: '/x?fromSrc=http%3A%2F%2Fh%2Fx.tar&changes=FROM+x' };
    const words = 'Get "http://h/x.tar": refused; invalid change "FROM x"';
    expect(told(words, request)).toBe(words);
  });
});

// A message may quote JSON that contains a URL, in an HTML page: so every encoding is also tested inside every other.
describe('every encoding of a secret', () => {
  const writings = [...recordedWritings, ...madeWritings];
  const request = bearer(['X-Registry-Auth', Buffer.from(JSON.stringify({ username: 'u', password: written })).toString('base64')]);
  const entities = (text: string): string => text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);

  // The last line of the secret is "hunter2", which is redacted alone: the check of planted words does not see what is between.
  const inBase64 = (text: string): string => {
    const runs = text.match(/[\w+/-]{8,}/g) ?? [];
    return runs.flatMap((run) => [0, 1, 2, 3].map((start) => Buffer.from(run.slice(start), 'base64').toString('latin1'))).join('\n');
  };
  const middle = /\?~|%3F~/i;

  it.each(writings)('is redacted: %s', (_, text) => {
    for (const quote of [String, JSON.stringify, encodeURIComponent, entities, (t: string) => entities(JSON.stringify(t))]) {
      const shown = told(`bad login |${quote(text)}|, try again`, request);
      expect(shown).toMatch(/^bad login \|.*\[redacted\].*\|, try again$/s);
      expect(leaksIn(shown)).toEqual([]);
      expect(shown).not.toMatch(/[<>~]/);
      expect(inBase64(shown)).not.toMatch(middle);
    }
  });

  it.each(writings)('is redacted if an excerpt is truncated within it: %s', (_, text) => {
    const cuts = Array.from({ length: text.length - 8 }, (_, index) => text.slice(0, index + 8));
    for (let at = 0; at < cuts.length; at += 40) {
      const shown = told(cuts.slice(at, at + 40).map((cut) => `bad login ${cut}\u2026`).join(' '), request);
      expect(leaksIn(shown)).toEqual([]);
      expect(shown).not.toMatch(/hunt.|~|%7e|&#126;|&#x7e;|\\u007e/i);
      expect(inBase64(shown)).not.toMatch(middle);
    }
  });

  // Its end looks like an escape, or like the half of one.
  it.each(['hunter2&hunter2', 'hunter2&#1', 'hunter2%41', 'hunter2%4', 'hunter2\\u00', 'hunter2\\', 'hunter2\u00c3'])('is redacted: %s', (odd) => {
    const token = bearer(['X-Api-Token', odd]);
    for (const quote of [String, JSON.stringify, encodeURIComponent, entities]) {
      for (const behind of ['', ' y', '"', 'n', '41;', '\u2026']) {
        expect(told(`bad login ${quote(odd)}${behind}`, token)).toMatch(/^bad login "?\[redacted\]/);
      }
    }
  });

  it('is redacted line by line, if each line of a secret is quoted alone', () => {
    const key = { ...bearer(['X-Key-Password', '']), fields: [['X-Api-Token', 'hunter2-one\r\nhunter2-two\nhunter2-three']] as const };
    expect(told('"hunter2-two" and hunter2-three', key)).toBe('"[redacted]" and [redacted]');
  });
});

describe('a secret of a request', () => {
  const basic = (text: string): string => Buffer.from(text).toString('base64');
  // what it stood in | the request | what is quoted of it
  it.each<[string, RequestWithSecrets, string[]]>([
    ['the first of two cookies', bearer(['Cookie', 'a=hunter2-1; b=hunter2-2']), ['hunter2-1', 'hunter2-2']],
    ['a cookie in quotes', bearer(['Cookie', 'a="hunter2-1"; b=c']), ['hunter2-1']],
    ['Digest', bearer(['Authorization', 'Digest username="ulla", realm="my registry", response="hunter2-1", cnonce="hunter2,2"']),
      ['hunter2-1', 'hunter2,2']],
    ['Basic with two blanks', bearer(['Authorization', `basic  ${basic('u:hunter2')}`]), ['hunter2', basic('u:hunter2')]],
    ['Basic in tabs', bearer(['Authorization', `BASIC\t${basic('u:hunter2')}`]), ['hunter2']],
    ['a login for a proxy', bearer(['Proxy-Authorization', `Basic ${basic('u:hunter2:x')}`]), ['hunter2:x']],
    ['a token for a proxy', bearer(['Proxy-Authorization', 'Bearer hunter2-1']), ['hunter2-1']],
    ['a scheme of its own', bearer(['Authorization', 'AWS4-HMAC-SHA256 Credential=hunter2-1, Signature=hunter2-2']),
      ['hunter2-1', 'hunter2-2']],
    ['a token without a scheme', bearer(['Authorization', 'hunter2-1']), ['hunter2-1']],
    ['the name of a user without a password', bearer(['Authorization', `Basic ${basic('hunter2-1:')}`]), ['hunter2-1']],
    ['the name of a user without a password, in JSON',
      bearer(['X-Registry-Auth', basic('{"username":"hunter2-1","password":"","serveraddress":"r.example"}')]), ['hunter2-1']],
    ['the name of a user alone', bearer(['X-Registry-Auth', basic('{"username":"hunter2-1"}')]), ['hunter2-1']],
    ['the auth of an entry', bearer(['X-Registry-Auth', basic(`{"auth":"${basic('ulla:hunter2-1')}"}`)]), ['hunter2-1']],
    ['the name of a user in a login', { ...bearer(), target: '/auth', body: { bytes: Buffer.from('{"username":"hunter2-1"}') } }, ['hunter2-1']],
    ['a login that is not JSON', { ...bearer(), target: '/auth', body: { bytes: Buffer.from('hunter2-1') } }, ['hunter2-1']],
    ['the user information of a URL', { ...bearer(), target: '/x?fromSrc=http%3A%2F%2Fu%3Ahunter2%252F1%40h%2Fx' },
      ['hunter2%2F1', 'hunter2/1', 'u:hunter2/1']],
    ['a token in a URL', { ...bearer(), target: '/x?fromSrc=https%3A%2F%2Fhunter2-1%3A%40h%2Fx' }, ['hunter2-1']],
    ['a query, quoted decoded', { ...bearer(), target: '/x?fromSrc=http%3A%2F%2Fh%2Fx%3Fa%3Dv1%26sig%3Dhunter2%252B1%253D' },
      ['hunter2%2B1%3D', 'hunter2+1=']],
    ['a fragment', { ...bearer(), target: '/x?fromSrc=http%3A%2F%2Fh%2Fx%23token%3Dhunter2-1' }, ['hunter2-1']],
    ['a query with an @', { ...bearer(), target: '/x?fromSrc=http%3A%2F%2Fh%2Fx%3Fsig%3Dhunter2%40hunter2' }, ['hunter2@hunter2']],
    ['a URL of another parameter', { ...bearer(), target: '/build?remote=https%3A%2F%2Fu%3Ahunter2-1%40h%3Fs%3Dhunter2-2' },
      ['hunter2-1', 'hunter2-2']],
    ['JSON of another parameter', { ...bearer(), target: '/build?buildargs=%7B%22T%22%3A%22hunter2-1%22%7D' }, ['hunter2-1']],
    ['a change with a backslash', { ...bearer(), target: `/x?changes=${encodeURIComponent('ENV A=hunter2\\ 1 B="hunter2\\"2"')}` },
      ['hunter2\\ 1', 'hunter2 1', 'hunter2\\"2', 'hunter2"2']],
    ['a change in single quotes', { ...bearer(), target: `/x?changes=${encodeURIComponent("LABEL a='hunter2 \"1'")}` }, ['hunter2 "1']],
    ['a change with a quote that is never closed', { ...bearer(), target: `/x?changes=${encodeURIComponent('ENV A="hunter2 1')}` },
      ['hunter2 1', '"hunter2 1']],
  ])('is distinguished from the rest: %s', (_, request, quotes) => {
    for (const quoted of quotes) expect(told(`what is |${quoted}| for?`, request)).toBe('what is |[redacted]| for?');
  });

  it('leaves the words beside it unchanged', () => {
    const request = bearer(
      ['Authorization', 'Digest username="ulla", realm="my registry", algorithm=MD5, qop=auth, uri="/v2/", response="hunter2"'],
      ['Proxy-Authorization', `Basic ${basic('ulla:hunter2')}`],
    );
    const words = 'Digest authentication of ulla at my registry with MD5 failed for /v2/: Basic realm="my registry"';
    expect(told(words, request)).toBe(words);
  });

  // A plain search takes quadratic time for these, and holds the event loop for minutes.
  it.each(['a', 'ab', '%25', '&amp;', '\\\\', '\\u0061', '://', '@', '\u00fc', '" ', '\0'])('is searched in linear time: %j', (part) => {
    const long = part.repeat(60_000 / part.length);
    const requests = [
      bearer(['X-Api-Token', `${long.slice(0, 6_000)}!`]),
      { ...bearer(), target: `/x?changes=${long.slice(0, 6_000)}&fromSrc=${long.slice(0, 6_000)}&remote=${long.slice(0, 6_000)}` },
      { ...bearer(), target: `/x/${long}` },
    ];
    for (const request of requests) {
      expect(redactError(new ProtocolError(long, { offset: 0, section: 'x' }), request)).toBeInstanceOf(ProtocolError);
    }
  });
});

describe('an error', () => {
  it('has no secret in its excerpt, or in that of its cause', () => {
    const cause = new ProtocolError('bad', { offset: 0, section: 'RFC 9112', excerpt: 'hunter2-\\x22\\x5c' });
    const error = new ApiError('x', { status: 200, method: 'GET', target: '/', daemonMessage: '' });
    error.cause = cause;
    redactError(error, pull);
    expect([cause.excerpt, cause.message]).toEqual(['[redacted]', 'bad "[redacted]" at byte 0 (RFC 9112)']);
  });

  // The title of a page is cut, and the message says more behind it.
  it('has no secret in its message if the message of the engine is truncated within it', () => {
    const daemonMessage = 'bad login hunter2-"\\?>~';
    const fields = { status: 502, method: 'GET', target: '/', daemonMessage };
    const error = redactError(new ApiError(`answered 502: ${daemonMessage} (a page of HTML)`, fields), pull);
    expect(error).toMatchObject({ message: 'answered 502: bad login [redacted] (a page of HTML)', daemonMessage: 'bad login [redacted]' });
    expect((error as Error).stack).not.toContain('hunter2');
  });

  it('that is not of our classes is unchanged', () => {
    const error = new Error(secret);
    expect(redactError(error, pull)).toBe(error);
    expect(error.message).toBe(secret);
  });
});

describe('a request', () => {
  it.each<[string, RequestWithSecrets, boolean]>([
    ['with credentials', pull, true],
    ['with none, said so', bearer(['X-Registry-Auth', 'e30=']), false],
    ['with none', bearer(['Host', 'docker'], ['User-Agent', 'x'], ['Content-Type', 'y']), false],
    ['that logs in', { ...bearer(), target: '/v1.41/auth' }, true],
    ['with a login for a proxy', bearer(['proxy-authorization', 'x']), true],
  ])('%s carries credentials: %s', (_, request, carries) => {
    expect(carriesCredentials(request)).toBe(carries);
  });
});
