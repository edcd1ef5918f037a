import { describe, expect, it } from 'vitest';
import { currentContext, httpHeaders, parseSettings } from '../../src/config/config-file.ts';
import type { JsonObject } from '../../src/api/json.ts';
import { ConfigError } from '../../src/errors.ts';

const PATH = '/home/me/.docker/config.json';
const settings = (text: string): JsonObject => parseSettings(Buffer.from(text), PATH);
const headers = (text: string): unknown => httpHeaders(settings(text), PATH);

describe('config.json', () => {
  it.each(['', ' \r\n\t', 'null', '{}', '{"auths":{},"credsStore":7}'])('%j has no settings', (text) => {
    expect(currentContext(settings(text), PATH)).toBeUndefined();
    expect(headers(text)).toEqual([]);
  });

  const broken = ['{"auth":"aHVudGVyMg', '{"a":1}{"b":2}', '\ufeff{}', '[]', '"hunter2"', 'nullx', '{"a":\u00a01}'];
  // covers: fault 3.21
  it.each(broken)('rejects %j, and names only the path', (text) => {
    expect(() => settings(text)).toThrow(ConfigError);
    const reason = '(is not JSON|is JSON, but not an object|begins with a byte order mark: save it as UTF-8 without one)';
    expect(() => settings(text)).toThrow(new RegExp(`^/home/me/\\.docker/config\\.json ${reason}$`));
  });

  it('rejects a file that is not UTF-8', () => {
    expect(() => parseSettings(Buffer.from('{"a":"\xff"}', 'latin1'), PATH)).toThrow(`${PATH} is not JSON`);
  });
});

describe('currentContext', () => {
  it.each([
    ['{"currentContext":"lab"}', 'lab'],
    ['{"CurrentCONTEXT":"lab"}', 'lab'],
    ['{"currentContext":"a","currentcontext":"b"}', 'b'], // Go takes the last one that matches
    ['{"currentContext":""}', undefined],
    ['{"currentContext":null}', undefined],
  ])('of %s is %s', (text, name) => {
    expect(currentContext(settings(text), PATH)).toBe(name);
  });

  it('is rejected only when it is needed, if it has another type', () => {
    const text = '{"currentContext":["hunter2"],"HttpHeaders":{"X-A":"1"}}';
    expect(headers(text)).toEqual([['X-A', '1']]);
    expect(() => currentContext(settings(text), PATH)).toThrow(`${PATH}: "currentContext" must be a string`);
  });
});

describe('HttpHeaders', () => {
  it('returns names and values, without the User-Agent that older docker commands wrote', () => {
    const text = '{"HttpHeaders":{"User-Agent":"Docker-Client/18.09.1 (linux)","X-Meta":"a, b"}}';
    expect(headers(text)).toEqual([['X-Meta', 'a, b']]);
  });

  const wrong = ['{"HttpHeaders":"hunter2"}', '{"HttpHeaders":["hunter2"]}', '{"HttpHeaders":{"X-A":["hunter2"]}}'];
  it.each(wrong)('rejects %s', (text) => {
    expect(() => headers(text)).toThrow(ConfigError);
    expect(() => headers(text)).toThrow(/^((?!hunter2).)*"HttpHeaders"((?!hunter2).)*$/);
    expect(currentContext(settings(text), PATH)).toBeUndefined();
  });
});
