// Checks that tests declare the programs that they start: not every machine has them.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { lacking, titled } from './support/installed.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts') && !/^(?:bench|examples|live)\/|node_modules\//.test(name));

/** Matches calls of node:child_process, also promisified ones, whose first argument is a literal. */
const START = /\b(?:spawn|spawnSync|execFile|execFileSync|exec|execSync)\)?\(\s*['"`]([\w./-]+)['"`]/g;
/** `npm test` itself needs these. */
const NEEDED = new Set(['npm', 'sh']);

describe('a program that a test starts', () => {
  it('is declared with lacking() in the same file, or is needed by `npm test`', () => {
    const unasked = files.flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const asked = [...text.matchAll(/\blacking\(([^)]*)\)/g)].map(([, names]) => names).join();
      const started = [...text.matchAll(START)].map(([, name = '']) => name);
      return started.filter((name) => !NEEDED.has(name) && !asked.includes(`'${name}'`)).map((name) => `${file}: ${name}`);
    });
    expect(unasked).toEqual([]);
  });
});

describe('a program that is not installed', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it('is named in the title of each skipped test', () => {
    vi.stubEnv('LIVE_TESTS', undefined);
    const why = lacking('sh', 'no-such-program', 'nor-this');
    expect(titled('the test', why)).toBe('the test (skipped: no-such-program, nor-this not installed)');
    expect(titled('the test', lacking('sh'))).toBe('the test');
  });

  it('is an error with LIVE_TESTS=all', () => {
    vi.stubEnv('LIVE_TESTS', 'all');
    expect(() => lacking('sh', 'no-such-program')).toThrow('LIVE_TESTS=all allows no test to be skipped: no-such-program not installed');
  });
});
