// Patterns as described in https://docs.docker.com/build/concepts/context/#dockerignore-files.

import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { pathMatcher } from '../../src/client/ignore-patterns.ts';

describe('pathMatcher', () => {
  it.each<[string, string[], string[]]>([
    // the pattern, paths that match, paths that do not
    ['a', ['a'], ['b', 'a/b', 'x/a', 'ab']], // the content of an ignored folder is not tested
    ['/a/', ['a'], ['x/a']],
    ['./a', ['a'], ['x/a']],
    ['*/temp*', ['somedir/temporary.txt', 'somedir/temp'], ['temp', 'a/b/temp']],
    ['*/*/temp*', ['somedir/subdir/temporary.txt'], ['somedir/temporary.txt']],
    ['temp?', ['tempa', 'temp.'], ['temp', 'tempab', 'temp/']],
    ['**/*.go', ['a.go', 'x/a.go', 'x/y/a.go'], ['a.gox', 'x/a.go/b']],
    ['**/node_modules', ['node_modules', 'a/b/node_modules'], ['a/my_node_modules']],
    ['a/**', ['a/b', 'a/b/c'], ['a', 'ab/c']],
    ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['a/bz', 'z']],
    ['[ab].log', ['a.log', 'b.log'], ['c.log', 'ab.log']],
    ['[a-c]x', ['bx'], ['dx', '-x']],
    ['[^a]x', ['bx'], ['ax']],
    ['[^]', ['^'], ['a', '/']],
    ['[]a]', ['[]a]'], ['a', ']']], // empty brackets are literal
    ['[a-]', ['a', '-'], ['b']],
    ['[[[', ['[[['], ['[']],
    ['**/**/a', ['a', 'x/a', 'x/y/a'], ['xa', 'a/x']],
    ['a.b', ['a.b'], ['axb']], // a dot matches only a dot
    ['a+(b)|c{2}$', ['a+(b)|c{2}$'], ['aab', 'cc']],
    ['é*', ['é日本'], ['e']],
    ['*', ['a', '.git'], ['a/b']],
  ])('%s', (pattern, meant, other) => {
    const isMeant = pathMatcher([pattern]);
    expect(meant.map(isMeant)).toEqual(meant.map(() => true));
    expect(other.map(isMeant)).toEqual(other.map(() => false));
  });

  it.each(['', '.', '/', '!a', '[z-a]'])('rejects the pattern "%s"', (pattern) => {
    expect(() => pathMatcher(['a', pattern])).toThrow(ArgumentError);
  });

  it('accepts patterns of up to 4096 characters, the longest path', () => {
    expect(pathMatcher(['a'.repeat(4096)])('a'.repeat(4096))).toBe(true);
    expect(() => pathMatcher(['a'.repeat(4097)])).toThrow('an exclude pattern has 4097 characters; at most 4096 are allowed');
  });

  it('matches a path if one of several patterns does, and nothing without patterns', () => {
    expect(['a', 'b', 'c'].map(pathMatcher(['a', 'c']))).toEqual([true, false, true]);
    expect(pathMatcher([])('a')).toBe(false);
  });

  it.each(['a', 7, [[7]]])('rejects %j, which is not a list of strings', (patterns) => {
    expect(() => pathMatcher(patterns as never)).toThrow('exclude must be a list of patterns');
  });
});
