// The package as it would be published: what is in it, and that it works for those who install it.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { section } from '../support/documents.ts';
import { bundle, complaintOf, install, makeProject, packPackage, vendor } from './project.mjs';
import type { Packed } from './project.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const vendoring = section('Vendoring');
const folder = mkdtempSync(join(tmpdir(), 'longshore-package-'));
const consumer = makeProject(join(folder, 'consumer'));
const installed = join(consumer, 'node_modules/longshore');
let packed: Packed;

beforeAll(() => {
  packed = packPackage(folder);
  install(consumer, packed.path);
}, 60_000); // npm, twice, on a machine that may be slow
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (path: string): string => readFileSync(join(installed, path), 'utf8');
const ending = (suffix: RegExp): string[] => packed.files.map(({ path }) => path).filter((path) => suffix.test(path));

describe('the tarball', () => {
  it('has what was built of each source, and nothing else: no sources and no maps', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const built = sources.flatMap((source) => {
      const name = source.replace(/\.ts$/, '');
      const declarations = name.startsWith('cli/') ? [] : [`dist/${name}.d.ts`]; // nobody can import these
      return [`dist/${name}.js`, ...declarations];
    });
    const all = ['LICENSE', 'README.md', 'package.json', ...built];
    expect(packed.files.map(({ path }) => path).sort()).toEqual(all.sort());
  });

  it('names no source map, for none is in it', () => {
    expect(ending(/\.(?:js|ts)$/).filter((path) => read(path).includes('sourceMappingURL'))).toEqual([]);
  });

  it('is as large as README says, and not larger than 350 kB, and 1.2 MB when unpacked', () => {
    const [, packedKb, unpackedMb] = /^\*\*The package\*\* has (\d+) kB, and ([\d.]+) MB when unpacked/m.exec(vendoring) ?? [];
    expect(Math.abs(packed.size / 1000 / Number(packedKb) - 1)).toBeLessThan(0.05);
    expect(Math.abs(packed.unpackedSize / 1e6 / Number(unpackedMb) - 1)).toBeLessThan(0.05);
    expect(packed.size).toBeLessThan(350_000);
    expect(packed.unpackedSize).toBeLessThan(1_200_000);
  });

  it('has declarations that TypeScript before 5.7 can read, which has no generic typed arrays', () => {
    expect(ending(/\.d\.ts$/).filter((path) => /\b(?:Uint8Array|Buffer)</.test(read(path)))).toEqual([]);
  });

  it('has types first in every way to import it, and leads to files that are there', () => {
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

  // `npm run test:package` compiles with it; TypeScript 7, which is here, has no such resolution any more.
  it('is found by `moduleResolution: node10`, which reads no exports: each of them is there a second time', () => {
    const { main, types, typesVersions, exports } = JSON.parse(read('package.json'));
    expect(exports['.']).toEqual({ types, default: main });
    const subpaths = Object.entries<{ types?: string }>(exports).filter(([path, { types }]) => path !== '.' && types !== undefined);
    expect(typesVersions).toEqual({ '*': Object.fromEntries(subpaths.map(([path, { types }]) => [path.slice(2), [types]])) });
  });

  it('has declarations that a project with an older `lib` can check', () => {
    writeFileSync(join(consumer, 'older.mts'), "export * from 'longshore';\nexport * as testing from 'longshore/testing';\n");
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2018', '--lib', 'es2018', '--skipLibCheck', 'false'];
    const argv = [join(root, 'node_modules/typescript/bin/tsc'), ...flags, ...types, 'older.mts'];
    expect(spawnSync(process.execPath, argv, { cwd: consumer, encoding: 'utf8' }).stdout).toBe('');
  });

  it('has nothing that npm would run, and no dependencies', () => {
    const own = JSON.parse(read('package.json'));
    expect(own.dependencies ?? own.peerDependencies ?? own.optionalDependencies ?? own.bundleDependencies).toBeUndefined();
    expect(readdirSync(join(consumer, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['longshore']);
  });
});

describe('what is installed from it in an empty folder, with an empty home', () => {
  it('does its work as an ES module, subpaths included', async () => {
    expect(await complaintOf(process.execPath, ['esm.mjs'], consumer)).toBeUndefined();
  });

  // covers: complaint js-45
  it('does its work by require()', async () => {
    expect(await complaintOf(process.execPath, ['cjs.cjs'], consumer)).toBeUndefined();
  });

  it('does its work in a bundle', async () => {
    await bundle(consumer, join(folder, 'bundle/program.mjs'));
    expect(await complaintOf(process.execPath, ['program.mjs'], join(folder, 'bundle'))).toBeUndefined();
  });

  it('has the command', () => {
    const run = spawnSync(join(consumer, 'node_modules/.bin/longshore'), ['--version'], { encoding: 'utf8' });
    expect(run).toMatchObject({ status: 0, stdout: `longshore ${manifest.version}\n`, stderr: '' });
  });

  it('has types that a program compiles with, those of the library included', () => {
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--target', 'es2022', '--noEmit'];
    const argv = [join(root, 'node_modules/typescript/bin/tsc'), ...strict, ...types, '--module', 'nodenext', 'consumer.mts', 'consumer.cts'];
    const { stdout, status } = spawnSync(process.execPath, argv, { cwd: consumer, encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});

const strips = Boolean(Reflect.get(process.features, 'typescript')); // newer than the types of Node 20

describe('a project that has copied src/', () => {
  it.skipIf(!strips)('runs it as it is (Node 22.18 and later, which strip types)', async () => {
    const project = makeProject(join(folder, 'vendored'));
    vendor(project);
    expect(await complaintOf(process.execPath, ['--no-warnings', 'vendored.mjs'], project)).toBeUndefined();
  });

  it('compiles it by a plain tsc with either flag that README names, and by none without', () => {
    const project = makeProject(join(folder, 'compiled'));
    vendor(project);
    writeFileSync(join(project, 'main.ts'), "import { ImageClient } from './vendor/longshore/index.ts';\nnew ImageClient({});\n");
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    const argv = [join(root, 'node_modules/typescript/bin/tsc'), '--strict', '--module', 'nodenext', '--target', 'es2022', ...types, 'main.ts'];
    const compile = (...flags: string[]): string => spawnSync(process.execPath, [...argv, ...flags], { cwd: project, encoding: 'utf8' }).stdout;
    const flags = { emits: '--rewriteRelativeImportExtensions', checks: '--allowImportingTsExtensions' };
    expect(vendoring).toContain('(`nodenext`, `es2022`, `strict`, `@types/node`)'); // as in argv
    for (const flag of Object.values(flags)) expect(vendoring).toContain(`\`${flag.slice(2)}\``);
    expect(compile(flags.emits, '--outDir', 'out')).toBe('');
    expect(existsSync(join(project, 'out/vendor/longshore/index.js'))).toBe(true);
    expect(compile(flags.checks, '--noEmit')).toBe('');
    expect(compile('--noEmit')).toContain('error TS5097');
  });
});
