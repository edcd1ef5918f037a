// Platforms as text and as JSON. The texts are those that containerd/platforms parses.

import { describe, expect, test } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { parsePlatform, platformJson, platformText } from '../../src/api/platform.ts';
import type { Platform } from '../../src/api/platform.ts';

describe('a platform', () => {
  // given | as text | as JSON, its members in the order of Go's ocispec.Platform
  test.each<[Platform, string, string]>([
    ['linux/amd64', 'linux/amd64', '{"architecture":"amd64","os":"linux"}'],
    ['linux/arm64', 'linux/arm64', '{"architecture":"arm64","os":"linux"}'],
    ['linux/arm64/v8', 'linux/arm64/v8', '{"architecture":"arm64","os":"linux","variant":"v8"}'],
    ['linux/arm', 'linux/arm', '{"architecture":"arm","os":"linux"}'],
    ['linux/arm/v7', 'linux/arm/v7', '{"architecture":"arm","os":"linux","variant":"v7"}'],
    ['linux/x86_64', 'linux/amd64', '{"architecture":"amd64","os":"linux"}'],
    ['linux/x86-64', 'linux/amd64', '{"architecture":"amd64","os":"linux"}'],
    ['linux/aarch64', 'linux/arm64', '{"architecture":"arm64","os":"linux"}'],
    ['linux/armhf', 'linux/arm/v7', '{"architecture":"arm","os":"linux","variant":"v7"}'],
    ['linux/armhf/v7', 'linux/arm/v7', '{"architecture":"arm","os":"linux","variant":"v7"}'],
    ['linux/armel', 'linux/arm/v6', '{"architecture":"arm","os":"linux","variant":"v6"}'],
    ['linux/i386', 'linux/386', '{"architecture":"386","os":"linux"}'],
    ['macos/aarch64', 'darwin/arm64', '{"architecture":"arm64","os":"darwin"}'],
    ['Linux/ARM64', 'linux/arm64', '{"architecture":"arm64","os":"linux"}'],
    ['windows(10.0.17763)/amd64', 'windows(10.0.17763)/amd64',
      '{"architecture":"amd64","os":"windows","os.version":"10.0.17763"}'],
    [{ os: 'linux', architecture: 'aarch64', variant: 'v8' }, 'linux/arm64/v8',
      '{"architecture":"arm64","os":"linux","variant":"v8"}'],
    [{ os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763' }, 'windows(10.0.17763)/amd64',
      '{"architecture":"amd64","os":"windows","os.version":"10.0.17763"}'],
    [{ os: 'linux', architecture: 'amd64', variant: undefined }, 'linux/amd64',
      '{"architecture":"amd64","os":"linux"}'],
  ])('%j is the text %s and the JSON %s', (platform, text, json) => {
    expect(platformText(platform)).toBe(text);
    expect(platformJson(platform)).toBe(json);
    expect(parsePlatform(text)).toEqual(JSON.parse(json));
  });

  test('keeps its features in JSON, and is rejected as text, which cannot contain them', () => {
    const platform = { os: 'windows', architecture: 'amd64', 'os.features': ['win32k'] };
    expect(platformJson(platform)).toBe('{"architecture":"amd64","os":"windows","os.features":["win32k"]}');
    expect(() => platformText(platform)).toThrow(ArgumentError);
  });

  test.each(['linux', 'arm64', 'windows', 'x86_64', 'macos'])(
    'of the single word %s passes as text untouched, and is refused as JSON',
    (word) => {
      expect(platformText(word)).toBe(word);
      expect(() => platformJson(word)).toThrow('os/architecture');
      expect(() => parsePlatform(word)).toThrow(ArgumentError);
    },
  );

  test('does not change an object that it is given as', () => {
    const platform = Object.freeze({ os: 'macos', architecture: 'X86_64', 'os.features': Object.freeze(['a']) });
    expect(parsePlatform(platform)).toEqual({ os: 'darwin', architecture: 'amd64', 'os.features': ['a'] });
    expect(platform.os).toBe('macos');
  });
});

describe('rejected as text and as JSON is', () => {
  test.each<[string, unknown]>([
    ['an empty text', ''],
    ['an empty part', 'linux/'],
    ['an empty os', '/amd64'],
    ['a fourth part', 'linux/arm/v7/x'],
    ['a space', 'linux /amd64'],
    ['a line break', 'linux/amd64\n'],
    ['a version without its end', 'windows(10/amd64'],
    ['JSON as text', '{"os":"linux","architecture":"amd64"}'],
    ['64 KiB', `linux/${'a.'.repeat(32768)}!`],
    ['a variant against its alias', 'linux/armhf/v6'],
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['an array', ['linux/amd64']],
    ['an empty object', {}],
    ['an object without an architecture', { os: 'linux' }],
    ['an object without an os', { architecture: 'amd64' }],
    ['an empty member', { os: '', architecture: 'amd64' }],
    ['a null member', { os: 'linux', architecture: 'amd64', variant: null }],
    ['a member of a wrong type', { os: 'linux', architecture: 386 }],
    ['features that are a string', { os: 'linux', architecture: 'amd64', 'os.features': 'win32k' }],
    ['features that are not strings', { os: 'linux', architecture: 'amd64', 'os.features': [1] }],
    ['a list of variants', { os: 'linux', architecture: 'amd64', variant: ['v7'] }],
    ['a slash in a member', { os: 'linux', architecture: 'arm/v7' }],
    ['docker-py and Go spelling', { OS: 'linux', Architecture: 'amd64' }],
    ['a misspelt key', { os: 'linux', architecture: 'amd64', osVersion: '10' }],
  ])('%s', (_what, platform) => {
    expect(() => platformText(platform as Platform)).toThrow(ArgumentError);
    expect(() => platformJson(platform as Platform)).toThrow(ArgumentError);
  });

  test('an unknown member, by its name', () => {
    const platform = { os: 'linux', architecture: 'amd64', osVersion: '10' } as Platform;
    expect(() => platformJson(platform)).toThrow('"osVersion"');
  });
});

describe('an architecture name of Node or of others', () => {
  test.each([['linux/x64', 'linux/amd64'], ['windows/X64', 'windows/amd64'], ['linux/ia32', 'linux/386'], ['x64', 'amd64'], ['linux/arm64v8', 'linux/arm64'], ['linux/armv7l', 'linux/arm/v7'], ['i686', '386']])('is refused, with the right one: %s', (given, right) => {
    expect(() => platformText(given)).toThrow(ArgumentError);
    expect(() => platformText(given)).toThrow(`write "${right}"`);
  });
});
