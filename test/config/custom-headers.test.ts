import { describe, expect, it } from 'vitest';
import { checkHeaders, isUserAgent, parseCustomHeaders } from '../../src/config/custom-headers.ts';
import { ConfigError } from '../../src/errors.ts';

describe('DOCKER_CUSTOM_HEADERS', () => {
  it('is read as the docker command documents it (envOverrideHTTPHeaders in its cli/command/cli_options.go)', () => {
    const text = 'one=one-value,"two=two,value","three= a value with whitespace  ",four=,five=five=one,five=five-two';
    const headers = [['one', 'one-value'], ['two', 'two,value'], ['three', 'a value with whitespace'], ['five', 'five-two']];
    expect(parseCustomHeaders(text)).toEqual(headers);
  });

  it.each([
    ['X-A=1', [['X-A', '1']]],
    [' X-A =1,X-B=2\n', [['X-A', '1'], ['X-B', '2']]],
    ['"X-A=say ""hi"""', [['X-A', 'say "hi"']]],
    ['X-A=1,x-a=2', [['x-a', '2']]],
    ['X-A=1,X-A=', []],
    ['Authorization=Bearer a.b==', [['Authorization', 'Bearer a.b==']]],
  ])('%j', (text, headers) => {
    expect(parseCustomHeaders(text)).toEqual(headers);
  });

  it.each([
    ['hunter2', 'its part 1 is not of the form name=value'],
    ['X-A=1,hunter2', 'its part 2 '],
    ['X-A=1,', 'its part 2 '],
    ['=hunter2', 'its part 1 '],
    [' =hunter2', 'a name that HTTP does not allow'],
    ['X-A=say "hunter2"', 'must be comma-separated'],
    ['"X-A=hunter2', 'must be comma-separated'],
    ['"X-A=1"hunter2', 'must be comma-separated'],
    ['X-A=1\nX-B=hunter2', 'must be comma-separated'],
    ['X A=hunter2', 'the header "X A" has a name that HTTP does not allow'],
    ['"X-A=a\r\nX-B: hunter2"', 'the header "X-A" has a value that HTTP does not allow'],
    ['X-A=€hunter2', 'the header "X-A" has a value'],
    ['X-A=éhunter2', 'the header "X-A" has a value'],
  ])('rejects %j: %s', (text, words) => {
    expect(() => parseCustomHeaders(text)).toThrow(ConfigError);
    expect(() => parseCustomHeaders(text)).toThrow(words);
    expect(() => parseCustomHeaders(text)).toThrow(/^DOCKER_CUSTOM_HEADERS((?!hunter2).)*$/);
  });
});

// The examples and the grammar of RFC 9110 §10.1.5.
describe('a User-Agent', () => {
  it.each(['my-app/1.2', 'CERN-LineMode/2.15 libwww/2.17b3', 'my-app', 'my-app/1.2 (linux; amd64) other/3'])('may be "%s"', (text) => {
    expect(isUserAgent(text)).toBe(true);
  });

  it.each(['', ' a', 'a ', 'a  b', '(comment)', 'a/', 'a/1/2', 'a (b', 'a b\r\nX: y', 'é/1', 'a (\u20ac)'])('may not be %j', (text) => {
    expect(isUserAgent(text)).toBe(false);
  });
});

describe('a reserved header', () => {
  // covers: fault 3.21
  it.each([
    'Host', 'host', 'User-Agent', 'Content-Length', 'CONTENT-LENGTH', 'Content-Type', 'Transfer-Encoding', 'Connection',
    'Upgrade', 'Expect', 'TE', 'Trailer', 'X-Registry-Auth', 'X-Registry-Config',
  ])('%s cannot be set', (name) => {
    const check = (): unknown => checkHeaders([[name, 'x']], 'HttpHeaders in /c');
    expect(check).toThrow(ConfigError);
    expect(check).toThrow(`HttpHeaders in /c: the header "${name}" is the client's own`);
  });
});
