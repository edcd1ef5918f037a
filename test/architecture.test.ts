// Rules for the files of src/ as a whole: which folder imports which, what is loaded on demand, and which files touch the
// machine. They are read from the import statements.

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { effects } from './support/effects.ts';
import { folderLevels, folderOf, folders } from './support/folders.ts';
import { isOnDemand, roomsOnDemand } from './support/rooms.ts';

const source = fileURLToPath(new URL('../src/', import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/'));
const textOf = (file: string): string => readFileSync(join(source, file), 'utf8');
const codeOf = (file: string): string => textOf(file).replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
/** A file of ours by its path below src/, a built-in by its name. */
const resolveName = (file: string, name: string): string =>
  name.startsWith('.') ? normalize(join(dirname(file), name)).replaceAll('\\', '/') : name;

/** The imports of a file, including `import()` and type imports. */
function importsOf(file: string): string[] {
  const statements = /^(?:import|export) [^;']* from '([^']+)';|^import '([^']+)';|\bimport\('([^']+)'\)/gm;
  const found = [...textOf(file).matchAll(statements)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
  return found.map((name) => resolveName(file, name));
}

/** The files that are loaded together with a file: its imports except type imports and `import()`. */
function loadedWith(file: string): string[] {
  const statements = /^(?:import|export) (?!type )[^;']* from '([^']+)';|^import '([^']+)';/gm;
  return [...textOf(file).matchAll(statements)].map((match) => resolveName(file, match[1] ?? match[2] ?? ''));
}

const harmless = new Set(['node:buffer', 'node:events', 'node:stream', 'node:stream/web', 'node:util']);

describe('the source', () => {
  it.each(files)('src/%s imports only from the folders below its own', (file) => {
    const ours = importsOf(file).filter((name) => !name.startsWith('node:'));
    const allowed = folders[folderOf(file)];
    expect(allowed, `no rule for ${file}`).toBeDefined();
    expect(ours.filter((name) => folderOf(name) !== folderOf(file) && !allowed?.includes(folderOf(name)))).toEqual([]);
    expect(ours.filter((name) => !files.includes(name))).toEqual([]);
  });

  it('has at most five files in its root, and at most eight levels of folders', () => {
    expect(files.filter((file) => !file.includes('/')).sort()).toEqual(['bytes.ts', 'errors.ts', 'index.ts', 'kinds.ts', 'testing.ts']);
    expect(folderLevels(files)).toBeLessThanOrEqual(8);
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
    if (['cli/program.ts', 'testing/listen.ts'].includes(file) || file.startsWith('system/')) return;
    expect(codeOf(file)).not.toMatch(/\bprocess\.|\bconsole\.|\bDate\.now\b|\bMath\.random\b|\bfetch\(|\beval\(/);
  });

  it.each(files)('src/%s compiles no text to code, and names what it loads later', (file) => {
    const code = codeOf(file);
    // The entry point of the command turns on Node's cache of compiled code.
    const checked = file === 'cli/main.ts' ? code.replace("'node:module'", '') : code;
    expect(checked).not.toMatch(/\beval\b|\bFunction\(|\bcreateRequire\b|\bgetBuiltinModule\b|\bimport\.meta\b|node:(?:vm|module|worker_threads)/);
    const later = [...code.matchAll(/(?<![#.\w])import\(([^)]*)\)/g)].map(([, name = '']) => name);
    // A literal: a file that is loaded on demand, a built-in of the effects table, or a file of the command.
    const isAllowed = (name: string): boolean => files.includes(name) && (file.startsWith('cli/') || isOnDemand(name));
    const builtins = ['node:child_process', 'node:crypto', 'node:http', 'node:tls'].filter((name) => effects[file]?.includes(name));
    const refused = later.filter((literal) => {
      const [, name] = /^'(\.\.?\/[\w./-]+\.ts|node:\w+)'$/.exec(literal) ?? [];
      return name === undefined || !(builtins.includes(name) || isAllowed(resolveName(file, name)));
    });
    expect(refused).toEqual([]);
  });

  it('loads no file on demand together with another file', () => {
    for (const name of Object.values(roomsOnDemand).flat()) expect(files.filter((file) => file.startsWith(name)), name).not.toEqual([]);
    const outside = files.filter((file) => !isOnDemand(file));
    expect(outside.flatMap((file) => loadedWith(file).filter(isOnDemand).map((name) => `${file} loads ${name}`))).toEqual([]);
  });

  it('has no default exports, no enums, and no index.ts inside folders', () => {
    for (const file of files) {
      expect(textOf(file), file).not.toMatch(/^export default|^(export )?(const )?enum |^(export )?namespace /m);
      expect(file).not.toMatch(/\/index\.ts$/);
    }
  });

  it('has only Latin-1 outside the command: other characters make V8 store a file with two bytes per character, and read it slower', () => {
    for (const file of files.filter((name) => !name.startsWith('cli/'))) expect(textOf(file), file).not.toMatch(/[^\0-\xff]/);
  });

  it.each(files)('src/%s begins with a sentence that says what it is', (file) => {
    const lines = textOf(file).split('\n').filter((line) => !line.startsWith('#!'));
    expect(lines[0]).toMatch(/^\/\/ \S.{20,}/);
  });
});
