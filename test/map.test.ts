// test/README.md as a map: it leads from each source file to its tests, and says what each test file and folder is for.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { filesBelow } from './support/files-below.ts';

const root = new URL('../', import.meta.url);
const readme = readFileSync(new URL('test/README.md', root), 'utf8');

/** The rows of a table of README: the names in code in each of the first two cells. */
function tableOf(heading: string): Array<readonly [first: string[], second: string[]]> {
  const [, section = ''] = readme.split(`\n## ${heading}\n`);
  const rows = section.split('\n## ')[0]?.split('\n').filter((line) => line.startsWith('| `')) ?? [];
  const namesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
  return rows.map((row) => [namesIn(row.split('|')[1]), namesIn(row.split('|')[2])]);
}

const sources = filesBelow(new URL('src/', root)).sort().filter((file) => file.endsWith('.ts'));
const tests = filesBelow(new URL('test/', root)).sort().filter((file) => file.endsWith('.test.ts'));
const isMirrored = (source: string): boolean => tests.includes(source.replace(/\.ts$/, '.test.ts'));
/** A pattern of the table: a path, or all files of a folder. */
const matches = (pattern: string, file: string): boolean =>
  pattern === file || (pattern.endsWith('/*.ts') && file.slice(0, file.lastIndexOf('/') + 1) === pattern.slice(0, -'*.ts'.length));

/** Whether anything of a source file is left when its types are removed. */
function hasCode(source: string): boolean {
  const built = readFileSync(new URL(`build/${source.replace(/\.ts$/, '.js')}`, root), 'utf8');
  return built.replace(/^\s*\/\/.*$|\/\*[^]*?\*\/|^export \{\};$/gm, '').trim() !== '';
}

it('each source file with code has a mirrored test file, or a row that says where it is tested', () => {
  const patterns = tableOf('Where a source file is tested').flatMap(([names]) => names);
  const without = sources.filter((file) => hasCode(file) && !isMirrored(file) && !patterns.some((pattern) => matches(pattern, file)));
  expect(without).toEqual([]);
  const unneeded = patterns.filter((pattern) => !sources.some((file) => matches(pattern, file) && !isMirrored(file)));
  expect(unneeded).toEqual([]);
});

it('each row names test files that are there', () => {
  for (const [names, where] of tableOf('Where a source file is tested')) {
    expect(where.length, names.join()).toBeGreaterThan(0);
    for (const file of where) expect(existsSync(new URL(`test/${file}`, root)), file).toBe(true);
  }
});

it('each test file mirrors a source file, or has a row that says what it tests', () => {
  const others = tests.filter((file) => !/^(?:live|tapes|complaints)\//.test(file) && !sources.includes(file.replace(/\.test\.ts$/, '.ts')));
  expect(tableOf('Tests of more than one file').flatMap(([names]) => names).sort()).toEqual(others);
});

it('each folder of test/ has a row that says what it is for', () => {
  const folders = readdirSync(new URL('test/', root), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const listed = tableOf('Folders').flatMap(([names]) => names.map((name) => name.replace(/\/$/, '')));
  expect(listed.sort()).toEqual(folders.map(({ name }) => name).filter((name) => name !== 'node_modules').sort());
});
