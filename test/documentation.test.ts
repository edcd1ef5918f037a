import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { endpoints } from '../src/docker/endpoints.ts';
import type { Endpoint } from '../src/docker/endpoint.ts';
import { effects } from './support/effects.ts';

const root = new URL('../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

/** The rows of the first table below a heading, without its head, as cells. */
function table(heading: string): string[][] {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) => row.split('|').slice(1, -1).map((cell) => cell.trim()));
}

describe('README', () => {
  it('has npm start and npm test as its first two shell commands', () => {
    const commands = [...readme.matchAll(/```sh\n(.*?)```/gs)].flatMap((match) => (match[1] ?? '').trim().split('\n'));
    expect(commands.slice(0, 2)).toEqual(['npm start', 'npm test']);
  });

  it('lists every operation with its request and version', () => {
    const rows = Object.entries<Endpoint>(endpoints).map(([name, { method, path, since, versioned }]) => [
      `\`${name}\``,
      `\`${method} ${path}\``,
      versioned === false ? 'any' : (since ?? '1.24'),
    ]);
    expect(table('The operations').slice(0, rows.length).sort()).toEqual(rows.sort());
  });

  it('lists every error in the words of its docstring', () => {
    const source = readFileSync(new URL('src/errors.ts', root), 'utf8');
    const documented = [...source.matchAll(/\/\*\* Thrown (?:when )?(.*?)\. \*\/\nexport class (\w+)/g)];
    const rows = documented.map(([, words, name]) => [`\`${name}\``, words]).filter(([name]) => name !== '`LongshoreError`');
    expect(table('Errors')).toEqual(rows);
  });

  it('lists the files that touch the world', () => {
    expect(table('What it touches').map(([file]) => file)).toEqual(Object.keys(effects).map((file) => `\`${file}\``));
  });

  it('names files that exist', () => {
    const named = [...readme.matchAll(/`((?:src|test|fixtures)\/[\w./-]+)`/g)].map((match) => match[1] ?? '');
    expect(named.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
  });
});
