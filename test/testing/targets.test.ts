import { describe, expect, it } from 'vitest';
import { comparableTarget, isPing } from '../../src/testing/targets.ts';

const same = (one: string, other: string, anyVersion = false): boolean =>
  comparableTarget(one, anyVersion) === comparableTarget(other, anyVersion);

describe('two targets ask for the same', () => {
  it.each([
    ['/images/json', '/images/json'],
    ['/images/json?', '/images/json'],
    ['/images/create?fromImage=a&tag=1', '/images/create?tag=1&fromImage=a'],
    ['/images/a%3A1/json', '/images/a:1/json'],
    ['/images/h%2fa/json', '/images/h/a/json'], // engines decode before they route
    ['/x?a=b%20c%2F', '/x?a=b+c/'],
    ['/x?filters=%7B%22a%22%3A1%7D', '/x?filters={"a":1}'],
    ['/x?a=', '/x?a'],
    ['/%zz', '/%zz'],
  ])('%s and %s', (one, other) => {
    expect(same(one, other)).toBe(true);
  });

  it.each([
    ['/images/json', '/images/jso'],
    ['/images/json', '/Images/json'],
    ['/x?a=1', '/x?a=2'],
    ['/x?a=1', '/x'],
    ['/x?a=1&a=2', '/x?a=2&a=1'], // a list has an order
    ['/x?a=1', '/x?a=1&a=1'],
    ['/x?a=b%26c=d', '/x?a=b&c=d'],
    ['/x%3Fa=1', '/x?a=1'],
    ['/x?a=%2B', '/x?a=+'],
    ['/v1.41/images/json', '/v1.42/images/json'],
    ['/v1.41/images/json', '/images/json'],
  ])('but not %s and %s', (one, other) => {
    expect(same(one, other)).toBe(false);
  });

  it.each([
    ['/v1.41/images/json', '/v1.55/images/json', true],
    ['/v1.41/images/json', '/images/json', true],
    ['/v1.41/images/json', '/v2.0/images/json', false],
    ['/v4.3.1/libpod/info', '/libpod/info', false], // another API, whose routes depend on the version
    ['/v1.41/images/json', '/images/v1.41/json', false],
  ])('with any version %s and %s: %s', (one, other, expected) => {
    expect(same(one, other, true)).toBe(expected);
  });
});

describe('a ping', () => {
  it.each([
    ['GET', '/_ping', true],
    ['HEAD', '/_ping', true],
    ['HEAD', '/v1.41/_ping', true],
    ['POST', '/_ping', false],
    ['GET', '/x/_ping', false],
    ['GET', '/_pings', false],
  ])('%s %s: %s', (method, target, expected) => {
    expect(isPing({ method, target })).toBe(expected);
  });
});
