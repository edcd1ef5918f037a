// The grammar of image references. The expected values come from the tests of distribution/reference, and from what `docker tag` 28.2
// accepts and rejects; a table names other sources.

import { describe, expect, test } from 'vitest';
import { ArgumentError, InvalidReferenceError } from '../../src/errors.ts';
import {
  encodePath, familiarName, familiarReference, formatReference, parseImage, parseReference, repositoryName, withTag,
} from '../../src/api/reference.ts';

const HEX = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a';
const SHA256 = `sha256:${'f'.repeat(64)}`;
const SHA384 = `sha384:${'e'.repeat(96)}`;
const SHA512 = `sha512:${'d'.repeat(128)}`;

/** The message of the InvalidReferenceError that a call throws. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidReferenceError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('a name', () => {
  // text as typed | domain | path | familiar name
  test.each([
    ['fooo/bar', 'docker.io', 'fooo/bar', 'fooo/bar'],
    ['index.docker.io/fooo/bar', 'docker.io', 'fooo/bar', 'fooo/bar'],
    ['ubuntu', 'docker.io', 'library/ubuntu', 'ubuntu'],
    ['library/ubuntu', 'docker.io', 'library/ubuntu', 'ubuntu'],
    ['docker.io/ubuntu', 'docker.io', 'library/ubuntu', 'ubuntu'],
    ['docker.io/library/ubuntu', 'docker.io', 'library/ubuntu', 'ubuntu'],
    ['index.docker.io/library/ubuntu', 'docker.io', 'library/ubuntu', 'ubuntu'],
    ['index.docker.io/ubuntu-12.04-base', 'docker.io', 'library/ubuntu-12.04-base', 'ubuntu-12.04-base'],
    ['library/foo/bar', 'docker.io', 'library/foo/bar', 'library/foo/bar'],
    ['docker.io/library/foo/bar', 'docker.io', 'library/foo/bar', 'library/foo/bar'],
    ['nonlibrary/ubuntu', 'docker.io', 'nonlibrary/ubuntu', 'nonlibrary/ubuntu'],
    ['other/library', 'docker.io', 'other/library', 'other/library'],
    ['test_com/foo', 'docker.io', 'test_com/foo', 'test_com/foo'],
    ['localhost/fooo/bar', 'localhost', 'fooo/bar', 'localhost/fooo/bar'],
    ['localhost/x', 'localhost', 'x', 'localhost/x'],
    ['LOCALDOMAIN/x', 'LOCALDOMAIN', 'x', 'LOCALDOMAIN/x'],
    ['Foo/bar', 'Foo', 'bar', 'Foo/bar'],
    ['DOCKER.IO/x', 'DOCKER.IO', 'x', 'DOCKER.IO/x'],
    ['example.com/privatebase', 'example.com', 'privatebase', 'example.com/privatebase'],
    ['example.com:8000/private/moonbase', 'example.com:8000', 'private/moonbase', 'example.com:8000/private/moonbase'],
    ['127.0.0.1:8000/privatebase', '127.0.0.1:8000', 'privatebase', '127.0.0.1:8000/privatebase'],
    ['test:5000/repo', 'test:5000', 'repo', 'test:5000/repo'],
    ['test-com:8080/foo', 'test-com:8080', 'foo', 'test-com:8080/foo'],
    ['xn--n3h.com:18080/foo', 'xn--n3h.com:18080', 'foo', 'xn--n3h.com:18080/foo'],
    ['sub-dom1.foo.com/bar/baz/quux', 'sub-dom1.foo.com', 'bar/baz/quux', 'sub-dom1.foo.com/bar/baz/quux'],
    ['[::1]:5000/x', '[::1]:5000', 'x', '[::1]:5000/x'],
    ['[2001:db8::]/repo', '[2001:db8::]', 'repo', '[2001:db8::]/repo'],
    ['[fc00:1:2:3:4:5:6:7]:5000/library/debian', '[fc00:1:2:3:4:5:6:7]:5000', 'library/debian',
      '[fc00:1:2:3:4:5:6:7]:5000/library/debian'],
    ['registry.io/foo/project--id.module--name.ver---sion--name', 'registry.io',
      'foo/project--id.module--name.ver---sion--name', 'registry.io/foo/project--id.module--name.ver---sion--name'],
  ])('%s is in the registry %s the repository %s', (text, domain, path, familiar) => {
    const reference = parseReference(text);
    expect(reference).toEqual({ domain, path, tag: undefined, digest: undefined });
    expect(familiarName(reference)).toBe(familiar);
    expect(repositoryName(reference)).toBe(`${domain}/${path}`);
    expect(parseReference(familiar)).toEqual(reference);
    expect(parseReference(`${domain}/${path}`)).toEqual(reference);
  });

  test.each([
    'localhost', 'example.com', '192.168.0.1', 'docker---rules/docker', 'dock__er/docker', 'd/docker', 'a/a/a/a',
    'foo/foo_bar.com', '0101.com/a', 'ab.c-om/a', `docker.io/${HEX}`, `${HEX.slice(1)}`, `${HEX}0`, 'dbcc1',
    'thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev', 'b.gcr.io/test.example.com/my-app',
  ])('%s is valid', (text) => {
    expect(formatReference(parseReference(text)).endsWith(text.slice(text.lastIndexOf('/') + 1))).toBe(true);
  });

  test.each([
    'https://github.com/docker/docker', 'docker/Docker', 'Uppercase', 'test:5000/Uppercase/lowercase', 'Foo/FarB',
    '-docker', '-docker/docker', 'docker-/docker', '-docker-/docker', '-docker.io/docker/docker', 'docker///docker',
    'docker.io/docker/Docker', 'docker.io/docker///docker', '[fc00::1]', '[fc00::1]:5000', 'fc00::1:5000/debian',
    '[fe80::1%eth0]:5000/debian', '[2001:db8:3:4::192.0.2.33]:5000/debian', '[fd00:1:2::3]75050/x',
    '[fd00:1:2::3]::75050/x', HEX, '____/____', '_docker/_docker', 'docker_/docker_', 'dock..er/docker',
    'dock_.er/docker', 'dock-.er/docker', 'dock___er/docker', 'docker/', 'docker.io/', '/docker', '/', 'a//b',
    'docker./docker', '.docker/docker', 'foo.com:http/bar', 'foo_bar.com:8080/app', 'do__cker:8080/docker',
    'example.com/..dots/myimage', 'foo.com/a-/a/a', 'foo/-bar', 'foo/bar-', 'aa/asdf$$^/aa', 'a^a', 'a/b:c/d',
  ])('%s is not valid', (text) => {
    expect(() => parseReference(text)).toThrow(InvalidReferenceError);
  });

  // distribution/reference counts the path without its domain; on the Docker Hub it includes "library/", 8 characters.
  test.each([
    ['example.com/', 255],
    ['user/', 250],
    ['', 247],
  ])('after "%s" has at most %i characters', (before, most) => {
    const longest = before + 'a'.repeat(most);
    expect(parseReference(`${longest}:tag`).tag).toBe('tag');
    expect(refusal(() => parseReference(`${longest}a:tag`))).toContain('256 characters, more than 255');
  });

  test('that begins with a dotted part that is not a host has no registry (docker tag 28.2 accepts it)', () => {
    const reference = parseReference('foo_bar.com/x:1');
    expect(reference).toEqual({ domain: '', path: 'foo_bar.com/x', tag: '1', digest: undefined });
    expect(formatReference(reference)).toBe('foo_bar.com/x:1');
    expect(familiarReference(reference)).toBe('foo_bar.com/x:1');
  });

  // The docker command prints "localhost/x" for docker.io/localhost/x: two images under one name.
  test.each([
    'docker.io/localhost/x', 'docker.io/foo.bar/x', 'docker.io/docker.io/x', 'docker.io/a.b/c/d',
  ])('%s is not shortened to another name', (text) => {
    expect(familiarName(parseReference(text))).toBe(text);
  });

  test('that would be an image ID without "library/" keeps it', () => {
    expect(familiarName(parseReference(`docker.io/${HEX}`))).toBe(`library/${HEX}`);
  });
});

describe('a tag and a digest', () => {
  // text | tag | digest | canonical text
  test.each([
    ['alpine:3.20', '3.20', undefined, 'docker.io/library/alpine:3.20'],
    ['test.com:5000', '5000', undefined, 'docker.io/library/test.com:5000'],
    ['localhost:8080', '8080', undefined, 'docker.io/library/localhost:8080'],
    ['test:5000/repo:tag', 'tag', undefined, 'test:5000/repo:tag'],
    ['192.168.1.1:5000/repo:5050', '5050', undefined, '192.168.1.1:5000/repo:5050'],
    ['[2001:db8::1]:5000/repo:tag', 'tag', undefined, '[2001:db8::1]:5000/repo:tag'],
    ['lowercase:Uppercase', 'Uppercase', undefined, 'docker.io/library/lowercase:Uppercase'],
    ['foo:_', '_', undefined, 'docker.io/library/foo:_'],
    ['foo:1.-_', '1.-_', undefined, 'docker.io/library/foo:1.-_'],
    ['sha256:abc', 'abc', undefined, 'docker.io/library/sha256:abc'],
    [`${HEX}:tag`, 'tag', undefined, `docker.io/library/${HEX}:tag`],
    [`localhost@${SHA256}`, undefined, SHA256, `docker.io/library/localhost@${SHA256}`],
    [`test:5000/repo@${SHA256}`, undefined, SHA256, `test:5000/repo@${SHA256}`],
    [`test:5000/repo:tag@${SHA256}`, 'tag', SHA256, `test:5000/repo:tag@${SHA256}`],
    [`localhost:8080@${SHA256}`, '8080', SHA256, `docker.io/library/localhost:8080@${SHA256}`],
    [`a@${SHA384}`, undefined, SHA384, `docker.io/library/a@${SHA384}`],
    [`a@${SHA512}`, undefined, SHA512, `docker.io/library/a@${SHA512}`],
  ])('of %s are parsed', (text, tag, digest, canonical) => {
    const reference = parseReference(text);
    expect(reference).toMatchObject({ tag, digest });
    expect(formatReference(reference)).toBe(canonical);
    expect(parseReference(canonical)).toEqual(reference);
    expect(parseReference(familiarReference(reference))).toEqual(reference);
  });

  test('are in the familiar form of "busybox:latest@sha256:…"', () => {
    const text = `busybox:latest@${SHA256}`;
    expect(familiarReference(parseReference(text))).toBe(text);
  });

  test.each([
    ':justtag', 'x:', 'x:1:2', 'x:.a', 'x:-a', 'x:a~b', 'x:ä', 'x: ', 'x:1 ', `x:${'a'.repeat(129)}`, 'x@',
    `@${SHA256}`, `x@${SHA256}@${SHA256}`, 'x@bad', 'x@2bad', 'x@sha256:', `x@sha256:${'f'.repeat(63)}`,
    `x@sha256:${'f'.repeat(65)}`, `x@sha256:${'F'.repeat(64)}`, `x@sha256:${'g'.repeat(64)}`,
    `x@SHA256:${'f'.repeat(64)}`, `x@sha384:${'f'.repeat(64)}`, `x@sha512:${'f'.repeat(64)}`,
    `x@md5:${'f'.repeat(32)}`, `x@constructor:${'f'.repeat(64)}`, `x@${SHA256}:tag`,
  ])('of %s are rejected', (text) => {
    expect(() => parseReference(text)).toThrow(InvalidReferenceError);
  });

  test('a tag has 128 characters at most', () => {
    expect(parseReference(`x:${'a'.repeat(128)}`).tag).toHaveLength(128);
  });
});

describe('withTag', () => {
  // reference | tag given apart | canonical text
  test.each([
    ['a', undefined, 'docker.io/library/a'],
    ['a', '2', 'docker.io/library/a:2'],
    ['a:2', '2', 'docker.io/library/a:2'],
    ['a:2', undefined, 'docker.io/library/a:2'],
    ['a', SHA256, `docker.io/library/a@${SHA256}`],
    [`a@${SHA256}`, SHA256, `docker.io/library/a@${SHA256}`],
    [`a:2@${SHA256}`, '2', `docker.io/library/a:2@${SHA256}`],
  ])('of %s and %s is one reference', (text, tag, expected) => {
    expect(formatReference(withTag(parseReference(text), tag))).toBe(expected);
  });

  test.each([
    ['a:1', '2'],
    ['a:1', SHA256],
    [`a@${SHA256}`, '2'],
    [`a@${SHA256}`, SHA384],
  ])('of %s and %s is rejected as a contradiction', (text, tag) => {
    const call = (): unknown => withTag(parseReference(text), tag);
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow('contradict');
    expect(call).not.toThrow(InvalidReferenceError);
  });

  test.each(['', '.a', '-a', 'a/b', 'a\r\n', 'a:b', 'sha256:abc', 'a'.repeat(129)])('rejects the tag %j', (tag) => {
    expect(refusal(() => withTag(parseReference('a'), tag))).toContain('is not a valid tag');
  });

  test('rejects a tag that is not a string', () => {
    expect(() => withTag(parseReference('a'), 5 as never)).toThrow(InvalidReferenceError);
  });

  test('does not change the given reference', () => {
    const reference = Object.freeze(parseReference('a'));
    expect(withTag(reference, '1')).not.toBe(reference);
    expect(reference.tag).toBeUndefined();
  });
});

/** Texts that must never reach a request path, and how the message shows them. */
const hostile: readonly (readonly [text: string, shown: string])[] = [
  ['', '""'],
  ['..', '".."'],
  ['.', '"."'],
  ['../containers/prod-db', '"../containers/prod-db"'],
  ['a/../../containers/x', 'containers/x'],
  ['a/./b', 'a/./b'],
  ['%2e%2e/containers/x', '%2e%2e'],
  ['..%2fcontainers', '..%2f'],
  ['a?force=1', 'a?force=1'],
  ['a#b', 'a#b'],
  ['a\\b', 'a\\b'],
  ['..\\containers', '..\\containers'],
  ['a b', 'a b'],
  [' a', '" a"'],
  ['a\t', 'a\\u{9}'],
  ['a\n', 'a\\u{a}'],
  ['a\r\nHost: evil', 'a\\u{d}\\u{a}Host: evil'],
  ['a\0', 'a\\u{0}'],
  ['a\x7f', 'a\\u{7f}'],
  ['a\u202eb', 'a\\u{202e}b'],
  ['\ud800', '\\u{d800}'],
  ['a\udc00:1', 'a\\u{dc00}:1'],
  ['älpine', 'älpine'],
  ['ALPINE', 'ALPINE'],
  ['//a', '//a'],
  ['a//b', 'a//b'],
  ['/a', '/a'],
  ['a/', 'a/'],
  ['http://a/b', 'http://a/b'],
];

describe('parseImage', () => {
  test.each([
    SHA256, HEX, `sha256:${HEX}`, 'dc054e483e6b', 'sha256:dc054e48', 'alpine', 'alpine:3.20', `alpine:3.20@${SHA256}`,
    'docker.io/library/alpine', 'index.docker.io/alpine', 'localhost/x:1', 'host:5000/a/b', '[::1]:5000/x',
    'foo_bar.com/x',
  ])('returns %s unchanged', (text) => {
    expect(parseImage(text)).toBe(text);
  });

  test.each([
    `${'a'.repeat(99)}:1`, `${'a'.repeat(101)}:1`, 'a'.repeat(256), `a:${'b'.repeat(128)}`, `a:${'b'.repeat(129)}`, 'a/b:', 'a:1:2',
    'a..b', 'a-.b', '.a', 'a.', 'a/', 'a//b', 'library/', 'library', 'a_b/c', 'a-b.c/d', 'a\n', '\na', 'A', 'a:-', 'a:_', 'a/b:1/c',
  ])('accepts %s if parseReference does', (text) => {
    const takes = (read: (given: string) => unknown): boolean => {
      try {
        return read(text) !== undefined;
      } catch {
        return false;
      }
    };
    expect(takes(parseImage)).toBe(takes(parseReference));
  });

  // covers: fault 0.11
  test.each(hostile)('rejects %j, and shows it (CVE class: "image rm ../containers/x")', (text, shown) => {
    expect(refusal(() => parseImage(text))).toContain(shown);
    expect(refusal(() => parseReference(text))).toContain(shown);
  });

  test.each([undefined, null, 5, ['alpine'], { toString: () => HEX }])('rejects %j, which is not a string', (value) => {
    expect(refusal(() => parseImage(value as never))).toMatch(/must be a string, as in "alpine:3.20", not (?:undefined|null|5|an array: make one call for each image|an object)$/);
  });

  // Texts that make a careless expression backtrack: one long run, many parts, a wrong end.
  test.each([
    ['a', ''], ['a', '!'], ['a-', '!'], ['-', 'a'], ['a_', '!'], ['a.', '!'], ['a/', '!'], ['.', ''], [':', ''],
    ['@', ''], ['a:', ''], ['a@', ''], ['[', ''], ['[:', ''], ['A', ''], ['\0', ''], ['\ud800', ''], ['/', ''],
    ['../', 'x'], ['f', ''],
  ])('rejects 64 KiB of %j, then %j, at once and with a short message', (part, end) => {
    const text = part.repeat(65536 / part.length) + end;
    const begin = performance.now();
    for (const candidate of [text, `x/${text}`, `x.y/${text}`, `${text}.b/x`, `x:${text}`, `x@${text}`]) {
      expect(refusal(() => parseImage(candidate)).length).toBeLessThan(1200);
    }
    expect(performance.now() - begin).toBeLessThan(1000);
  });

  // Just below the length limit, so that the grammar itself is tested.
  test.each(['a', 'a-', 'a_', 'a.', 'a/', 'A.', '-', '1:'])('rejects 1 KiB of %j with a wrong end at once', (part) => {
    const text = part.repeat(Math.floor(1000 / part.length));
    const begin = performance.now();
    for (const end of ['!', '/!', '.!/x', ':!', '@!']) {
      expect(() => parseImage(text + end)).toThrow(InvalidReferenceError);
    }
    expect(performance.now() - begin).toBeLessThan(500);
  });
});

describe('a shortened image ID that looks like a repository called sha256', () => {
  const parts = ['0123456789ab', HEX.slice(0, 63), `${HEX}0`];
  test.each(parts.flatMap((hex) => [`sha256:${hex}`, `docker.io/sha256:${hex}`, `library/sha512:${hex}`, `sha256:${hex}@${SHA256}`]))(
    'is rejected: %s',
    (text) => {
      expect(refusal(() => parseReference(text))).toContain('is an image ID');
    },
  );

  test('is rejected if the tag is a separate argument', () => {
    expect(refusal(() => withTag(parseReference('sha256'), HEX))).toContain('is an image ID');
  });

  test('is accepted for an image, and a repository called sha256 in another registry stays one', () => {
    expect(parseImage('sha256:0123456789ab')).toBe('sha256:0123456789ab');
    expect(parseReference('h:1/sha256:0123456789ab')).toMatchObject({ path: 'sha256', tag: '0123456789ab' });
    expect(parseReference('sha256:latest')).toMatchObject({ path: 'library/sha256', tag: 'latest' });
  });
});

describe('an error says what to do', () => {
  test.each([
    ['', 'the repository name is empty'],
    ['https://ghcr.io/a/b', 'leave out the scheme'],
    ['docker/Docker', 'lower case'],
    ['a/../b', '".." are not allowed as names'],
    ['a//b', 'empty'],
    ['a b', 'only'],
    ['a..b', 'between letters or digits, one "."'],
    [HEX, 'is an image ID'],
    ['a:b~', 'a tag has'],
    ['a@sha256:1', 'a digest is'],
  ])('%s: %s', (text, words) => {
    expect(refusal(() => parseReference(text))).toContain(words);
  });
});

describe('encodePath', () => {
  // covers: fault 3.16
  test.each([
    ['alpine', 'alpine'],
    ['host:5000/a/b:1', 'host:5000/a/b:1'],
    [`a@${SHA256}`, `a@${SHA256}`],
    ['[::1]:5000/x', '%5B::1%5D:5000/x'],
    ['a b?c#d%e', 'a%20b%3Fc%23d%25e'],
    ['ä/\u{1f433}', '%C3%A4/%F0%9F%90%B3'],
    ['a\r\nb\0', 'a%0D%0Ab%00'],
    ['...', '...'],
  ])('of %j is %s', (image, expected) => {
    expect(encodePath(image)).toBe(expected);
    expect(encodePath(image)).toMatch(/^[\x21-\x7e]+$/);
    expect(decodeURIComponent(encodePath(image))).toBe(image);
  });

  test.each(['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/..', '../a', 'a/./b', '\ud800'])('rejects %j', (image) => {
    expect(() => encodePath(image)).toThrow(InvalidReferenceError);
  });
});
