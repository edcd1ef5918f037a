// The package as it would be published: its content, and that it works after an installation.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { section } from '../support/documents.ts';
import { bundle, complaintOf, install, makeProject, packPackage, vendor } from './project.mjs';
import type { Packed } from './project.mjs';
import { bundledFiles } from '../support/regions.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** The compiler. In one thread it needs two thirds of the processor time, and other tests run on the other processors. */
const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '--singleThreaded'];
const vendoring = section('Vendoring');
const thePackage = section('The package');
const folder = mkdtempSync(join(tmpdir(), 'longshore-package-'));
const consumer = makeProject(join(folder, 'consumer'));
const installed = join(consumer, 'node_modules/longshore');
let packed: Packed;

beforeAll(async () => {
  packed = await packPackage(folder);
  install(consumer, packed.path);
}, 180_000); // npm runs twice, and the machine may be slow
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (path: string): string => readFileSync(join(installed, path), 'utf8');
const ending = (suffix: RegExp): string[] => packed.files.map(({ path }) => path).filter((path) => suffix.test(path));

describe('the tarball', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

  it('contains the JavaScript of each entry, chunks, declarations, and nothing else: no sources and no maps', () => {
    const entries = sources.filter((source) => /^(?:index|testing|cli\/main|(?:http|tar)\/[^/]+)\.ts$/.test(source));
    const scripts = entries.map((source) => `dist/${source.replace(/\.ts$/, '')}.js`);
    const others = [...ending(/^dist\/chunks\/[\w-]+\.js$/), ...ending(/^dist\/.*\.d\.ts$/)];
    expect(packed.files.map(({ path }) => path).sort()).toEqual(['LICENSE', 'README.md', 'package.json', ...scripts, ...others].sort());
  });

  it('has the JavaScript of dist/', () => {
    const bundled = bundledFiles();
    expect(ending(/\.js$/).sort()).toEqual([...bundled.keys()].map((name) => `dist/${name}`).sort());
    for (const [name, text] of bundled) expect(read(`dist/${name}`), name).toBe(text);
  });

  it('contains the declarations that a program can reach, and no others', () => {
    const declarations = ending(/\.d\.ts$/);
    const entries = /^dist\/(?:index|testing|(?:http|tar)\/[^/]+)\.d\.ts$/;
    const internal = declarations.filter((path) => !entries.test(path));
    const named = new Map(
      declarations.map((path): [string, string[]] => {
        const specifiers = [...read(path).matchAll(/["'](\.{1,2}\/[^"']+)\.ts["']/g)].map(([, specifier = '']) => specifier);
        return [path, specifiers.map((specifier) => `${posix.join(posix.dirname(path), specifier)}.d.ts`)];
      }),
    );
    const targets = new Set([...named.values()].flat());
    expect([...targets].filter((path) => !declarations.includes(path))).toEqual([]);
    expect(internal.filter((path) => !targets.has(path))).toEqual([]);
    const published = sources.map((source) => `dist/${source.replace(/\.ts$/, '')}.d.ts`).filter((path) => entries.test(path));
    expect(declarations.filter((path) => entries.test(path)).sort()).toEqual(published.sort());
  });

  it('has doc comments in the declarations only', () => {
    expect(ending(/\.js$/).filter((path) => /^\s*\/\*\*/m.test(read(path)))).toEqual([]);
    expect(read('dist/index.d.ts') + read('dist/errors.d.ts')).toContain('/** Thrown when the engine forbids the request (403). */');
  });

  it('refers to no source map', () => {
    expect(ending(/\.(?:js|ts)$/).filter((path) => read(path).includes('sourceMappingURL'))).toEqual([]);
  });

  it('is as large as src/README.md says: at most 300 kB, and 1.05 MB unpacked', () => {
    const [, packedKb, unpackedMb] = /^\*\*The package\*\* has (\d+) kB, and ([\d.]+) MB when unpacked/m.exec(thePackage) ?? [];
    expect(Math.abs(packed.size / 1000 / Number(packedKb) - 1)).toBeLessThan(0.05);
    expect(Math.abs(packed.unpackedSize / 1e6 / Number(unpackedMb) - 1)).toBeLessThan(0.05);
    expect(packed.size).toBeLessThan(300_000);
    expect(packed.unpackedSize).toBeLessThan(1_050_000);
  });

  it('has declarations without generic typed arrays, which TypeScript before 5.7 does not have', () => {
    expect(ending(/\.d\.ts$/).filter((path) => /\b(?:Uint8Array|Buffer)</.test(read(path)))).toEqual([]);
  });

  it('has types first in every entry of "exports", and every target exists', () => {
    for (const [subpath, target] of Object.entries<string | Record<string, string>>(manifest.exports)) {
      if (typeof target === 'string') continue;
      expect(Object.keys(target), subpath).toEqual(['types', 'default']);
      for (const path of Object.values(target)) {
        const pattern = new RegExp(`^${path.slice(2).replaceAll('.', '\\.').replace('*', '.+')}$`);
        expect(ending(pattern).length, path).toBeGreaterThan(0);
      }
    }
    expect(read(manifest.bin.longshore)).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  // `npm run test:package` compiles with it. The TypeScript 7 of the development packages no longer supports it.
  it('repeats every entry of "exports" for `moduleResolution: node10`, which does not read "exports"', () => {
    const { main, types, typesVersions, exports } = JSON.parse(read('package.json'));
    expect(exports['.']).toEqual({ types, default: main });
    const subpaths = Object.entries<{ types?: string }>(exports).filter(([path, { types }]) => path !== '.' && types !== undefined);
    expect(typesVersions).toEqual({ '*': Object.fromEntries(subpaths.map(([path, { types }]) => [path.slice(2), [types]])) });
  });

  it('has declarations that compile with the older `lib` es2018', () => {
    writeFileSync(join(consumer, 'older.mts'), "export * from 'longshore';\nexport * as testing from 'longshore/testing';\n");
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2018', '--lib', 'es2018', '--skipLibCheck', 'false'];
    const argv = [...tsc, ...flags, ...types, 'older.mts'];
    expect(spawnSync(process.execPath, argv, { cwd: consumer, encoding: 'utf8' }).stdout).toBe('');
  });

  it('has no install scripts and no dependencies', () => {
    const own = JSON.parse(read('package.json'));
    expect(own.dependencies ?? own.peerDependencies ?? own.optionalDependencies ?? own.bundleDependencies).toBeUndefined();
    expect(readdirSync(join(consumer, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['longshore']);
  });
});

describe('the package, installed in an empty folder with an empty home folder', () => {
  it('works as an ES module, also its subpaths', async () => {
    expect(await complaintOf(process.execPath, ['esm.mjs'], consumer)).toBeUndefined();
  });

  // covers: complaint js-45
  it('works with require()', async () => {
    expect(await complaintOf(process.execPath, ['cjs.cjs'], consumer)).toBeUndefined();
  });

  it('works in a bundle', async () => {
    await bundle(consumer, join(folder, 'bundle/program.mjs'));
    expect(await complaintOf(process.execPath, ['program.mjs'], join(folder, 'bundle'))).toBeUndefined();
  });

  it('installs the command', () => {
    const run = spawnSync(join(consumer, 'node_modules/.bin/longshore'), ['--version'], { encoding: 'utf8' });
    expect(run).toMatchObject({ status: 0, stdout: `longshore ${manifest.version}\n`, stderr: '' });
  });

  it('has types that a program compiles with, also without skipLibCheck', () => {
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--target', 'es2022', '--noEmit'];
    const argv = [...tsc, ...strict, ...types, '--module', 'nodenext', 'consumer.mts', 'consumer.cts'];
    const { stdout, status } = spawnSync(process.execPath, argv, { cwd: consumer, encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});

const strips = Boolean(Reflect.get(process.features, 'typescript')); // the types of Node 20 do not have it

describe('a project with a copy of src/', () => {
  it.skipIf(!strips)('runs it unbuilt (Node 22.18 and later strip types)', async () => {
    const project = makeProject(join(folder, 'vendored'));
    vendor(project);
    expect(await complaintOf(process.execPath, ['--no-warnings', 'vendored.mjs'], project)).toBeUndefined();
  });

  it('compiles the whole of src/ under ES2022 with a plain tsc and either flag that src/README.md names, and not without one', () => {
    const project = makeProject(join(folder, 'compiled'));
    vendor(project);
    const files = readdirSync(join(project, 'vendor/longshore'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const importAll = (...names: string[]): void => {
      writeFileSync(join(project, 'main.ts'), names.map((name) => `import './vendor/longshore/${name.replaceAll('\\', '/')}';\n`).join(''));
    };
    importAll(...files.filter((file) => !/^cli\Wmain\.ts$/.test(file))); // which has an `await` at the top, as only ES modules may
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    const argv = [...tsc, '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022', ...types, 'main.ts'];
    const compile = (...flags: string[]): string => spawnSync(process.execPath, [...argv, ...flags], { cwd: project, encoding: 'utf8' }).stdout;
    const flags = { emits: '--rewriteRelativeImportExtensions', checks: '--allowImportingTsExtensions' };
    expect(vendoring).toContain('(`nodenext`, `es2022`, `strict`, `@types/node`)'); // as in argv
    for (const flag of Object.values(flags)) expect(vendoring).toContain(`\`${flag.slice(2)}\``);
    expect(compile(flags.emits, '--outDir', 'out')).toBe('');
    expect(existsSync(join(project, 'out/vendor/longshore/index.js'))).toBe(true);
    expect(compile(flags.checks, '--noEmit')).toBe('');
    expect(compile('--noEmit')).toContain('error TS5097');
    importAll(...files);
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    expect(compile(flags.checks, '--noEmit')).toBe('');
  });
});
