import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { effects } from './support/effects.ts';

const source = fileURLToPath(new URL('../src/', import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/'));
const textOf = (file: string): string => readFileSync(join(source, file), 'utf8');

/** What a file imports, type imports included: files of ours by their path below src/, built-ins by their name. */
function importsOf(file: string): string[] {
  const statements = /^(?:import|export) [^;']* from '([^']+)';|^import '([^']+)';|\bimport\('([^']+)'\)/gm;
  const found = [...textOf(file).matchAll(statements)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
  return found.map((name) => (name.startsWith('.') ? normalize(join(dirname(file), name)).replaceAll('\\', '/') : name));
}

/**
 * The folders of src/, the lowest first, with what each may import of the others. The files of the root count as folders,
 * because everything stands on them: `kinds` checks arguments.
 */
const folders: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  bytes: [],
  kinds: ['bytes', 'errors'],
  async: [],
  tar: ['bytes', 'errors', 'kinds'],
  http: ['bytes', 'errors', 'kinds'],
  api: ['bytes', 'errors', 'kinds'],
  connection: ['api', 'http', 'async', 'bytes', 'errors', 'kinds'],
  config: ['connection', 'api', 'http', 'bytes', 'errors', 'kinds'],
  system: ['config', 'connection', 'api', 'http', 'tar', 'async', 'bytes', 'errors', 'kinds'],
  client: ['system', 'config', 'connection', 'api', 'http', 'tar', 'async', 'bytes', 'errors', 'kinds'],
  index: ['client', 'config', 'connection', 'api', 'tar', 'errors'],
  testing: ['client', 'system', 'config', 'connection', 'api', 'http', 'async', 'bytes', 'errors', 'kinds'],
  cli: ['index', 'testing'],
};
/** `client/engine.ts` lies in `client`; `testing.ts` and the files of `testing/` both count as `testing`. */
const folderOf = (file: string): string => file.replace(/\/.*|\.ts$/g, '');

const harmless = new Set(['node:buffer', 'node:events', 'node:stream', 'node:stream/web', 'node:util']);

describe('the house', () => {
  it.each(files)('src/%s imports only from the folders below its own', (file) => {
    const ours = importsOf(file).filter((name) => !name.startsWith('node:'));
    const allowed = folders[folderOf(file)];
    expect(allowed, `no rule for ${file}`).toBeDefined();
    expect(ours.filter((name) => folderOf(name) !== folderOf(file) && !allowed?.includes(folderOf(name)))).toEqual([]);
    expect(ours.filter((name) => !files.includes(name))).toEqual([]);
  });

  it('has at most five files in its root, and at most eight levels of folders', () => {
    expect(files.filter((file) => !file.includes('/')).sort()).toEqual(['bytes.ts', 'errors.ts', 'index.ts', 'kinds.ts', 'testing.ts']);
    const isFolder = (name: string): boolean => files.some((file) => file.startsWith(`${name}/`));
    const levelOf = (folder: string): number => 1 + Math.max(0, ...(folders[folder] ?? []).filter(isFolder).map(levelOf));
    expect(Math.max(...Object.keys(folders).map(levelOf))).toBeLessThanOrEqual(8);
  });

  it('has a README.md in each of its folders, which names each file and folder there', () => {
    for (const folder of readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
      const text = readFileSync(join(source, folder.name, 'README.md'), 'utf8');
      const table = text.split('\n\n').find((part) => part.startsWith('| file |')) ?? '';
      const named = [...table.matchAll(/^\| `([\w.-]+\/?)` \|/gm)].map(([, name]) => name);
      const entries = readdirSync(join(source, folder.name), { withFileTypes: true }).filter(({ name }) => name !== 'README.md');
      const there = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
      expect(named.sort(), folder.name).toEqual(there.sort());
    }
  });

  it('has no cycles, type imports included', () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) throw new Error([...path, file].join(' -> '));
      if (done.has(file)) return;
      for (const next of importsOf(file)) if (files.includes(next)) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  // covers: complaint js-49
  it.each(files)('src/%s touches the world only as the effects table says', (file) => {
    const builtins = importsOf(file).filter((name) => name.startsWith('node:') && !harmless.has(name));
    expect(builtins.filter((name) => !effects[file]?.includes(name))).toEqual([]);
    if (['cli/main.ts', 'testing/listen.ts'].includes(file) || file.startsWith('system/')) return;
    const code = textOf(file).replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
    expect(code).not.toMatch(/\bprocess\.|\bconsole\.|\bDate\.now\b|\bMath\.random\b|\bfetch\(|\beval\(/);
  });

  it.each(files)('src/%s makes no code out of text, and loads later what the effects table says, or the command\'s own files', (file) => {
    const code = textOf(file).replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
    expect(code).not.toMatch(/\beval\b|\bFunction\(|\bcreateRequire\b|\bgetBuiltinModule\b|\bimport\.meta\b|node:(?:vm|module|worker_threads)/);
    const later = [...code.matchAll(/(?<![#.\w])import\(([^)]*)\)/g)].map(([, name = '']) => name);
    const lazy = ['node:child_process', 'node:crypto', 'node:http', 'node:tls'].filter((name) => effects[file]?.includes(name));
    const isOwn = (name: string): boolean => file.startsWith('cli/') && /^'\.\.?\/[\w./-]+\.ts'$/.test(name);
    expect(later.filter((name) => !isOwn(name) && !lazy.includes(name.replaceAll("'", '')))).toEqual([]);
  });

  it('has no default exports, no enums, and no index.ts inside folders', () => {
    for (const file of files) {
      expect(textOf(file), file).not.toMatch(/^export default|^(export )?(const )?enum |^(export )?namespace /m);
      expect(file).not.toMatch(/\/index\.ts$/);
    }
  });

  it('has no character beyond Latin-1 outside the command: V8 would keep two bytes of each of a file, and read it at half the speed', () => {
    for (const file of files.filter((name) => !name.startsWith('cli/'))) expect(textOf(file), file).not.toMatch(/[^\0-\xff]/);
  });

  it.each(files)('src/%s opens with a sentence that says what it is', (file) => {
    const lines = textOf(file).split('\n').filter((line) => !line.startsWith('#!'));
    expect(lines[0]).toMatch(/^\/\/ \S.{20,}/);
  });
});
