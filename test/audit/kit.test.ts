import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as surface from '../../src/index.ts';
import { HELPER_OUTPUT_LIMIT, HELPER_TIMEOUT_MS } from '../../src/system/programs/credential-helper.ts';
import { JSON_VALUE_LIMIT } from '../../src/api/progress/json-stream.ts';
import { ERROR_BODY_LIMIT, JSON_RESPONSE_LIMIT } from '../../src/client/error-response.ts';
import { CONNECT_MS, FAST_HEAD_MS } from '../../src/connection/engine-request.ts';
import { RESPONSE_LIMITS } from '../../src/http/response-parser.ts';
import { CLIENT } from '../../src/client/arguments.ts';
import { SMALL_FILE_LIMIT } from '../../src/system/files/read-small-file.ts';
import { TAPE_LIMIT } from '../../src/testing/tape.ts';
import { section } from '../support/documents.ts';
import { effects } from '../support/effects.ts';
import { lacking, titled } from '../support/installed.ts';
import { obedientDaemon } from '../support/obedient-daemon.ts';
import { bundledFiles } from '../support/regions.ts';
import { countLines, importsOf } from './document.mjs';
import { makeKit, readSources } from './kit.mjs';
import { limitsOf, optionsOf } from './limits.mjs';
import { billOfMaterials } from './sbom.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'longshore-audit-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const kit = new Map((await makeKit()).map(({ path, text }) => [path, text]));
const text = (path: string): string => kit.get(path) ?? '';
const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');

/** Copies the files of the clone that the kit is made of, installed packages included. */
function makeClone(folder: string): void {
  const bundler = ['rolldown', '@rolldown', '@oxc-project'].map((name) => `node_modules/${name}`);
  for (const path of ['src', 'build', 'test/audit', 'test/package/make-dist.mjs', 'package.json', ...bundler]) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
}

/** Whether an unprivileged user can start this Node. */
const nobody = { uid: 65534, gid: 65534 };
const isRoot = process.getuid?.() === 0;
const mayBeNobody = isRoot && spawnSync(process.execPath, ['--version'], nobody).status === 0;

const clone = join(temporary, 'another clone, of ünknown origin/deep/down');
const output = join(temporary, 'output');
const elsewhere = `when made from a second clone${mayBeNobody ? ' by another user' : ''}, in another time zone and language`;
beforeAll(() => {
  chmodSync(temporary, 0o755);
  makeClone(clone);
  mkdirSync(output);
  chmodSync(output, 0o777);
}, 180_000); // it copies hundreds of files, and the machine may be slow

/** Runs a program in the second clone. */
function runElsewhere(...argv: string[]): void {
  const made = spawnSync('sh', ['-c', 'umask 077 && exec "$0" "$@"', process.execPath, ...argv], {
    cwd: clone,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      TZ: 'Pacific/Kiritimati',
      LANG: 'tr_TR.UTF-8',
      HOME: '/nowhere',
      USER: 'somebody',
      NODE_V8_COVERAGE: undefined, // Node would pass it on, and the other user may not write there
    },
    ...(mayBeNobody ? nobody : {}),
  });
  expect(made.stderr).toBe('');
  expect(made.status).toBe(0);
}

describe('the published bundle', () => {
  it(`has the same bytes ${elsewhere}`, () => {
    const program = `import { makeDist } from './test/package/make-dist.mjs'; await makeDist(process.cwd(), { build: 'build', output: process.argv[1] });`;
    runElsewhere('--input-type=module', '-e', program, output);
    for (const [name, text] of bundledFiles()) expect(readFileSync(join(output, 'dist', name), 'utf8'), name).toBe(text);
  });
});

describe('the kit', () => {
  it(`has the same bytes ${elsewhere}`, () => {
    runElsewhere('test/audit/kit.mjs', join(output, 'kit'));
    expect(readdirSync(join(output, 'kit')).sort()).toEqual([...kit.keys()].sort());
    for (const [path, here] of kit) {
      const there = readFileSync(join(output, 'kit', path), 'utf8');
      expect(there === here, `${path}: ${sha256(there)} there, ${sha256(here)} here`).toBe(true);
    }
  });

  it('contains no user, no path and no time', () => {
    for (const [path, content] of kit) {
      expect(content, path).not.toContain(root);
      expect(content, path).not.toMatch(/\/home\/|\/root\/|\/Users\/|\b20\d\d-\d\d-\d\dT\d\d:\d\d/);
    }
  });

  it('has the sums of all its files and of all of src/', () => {
    const sums = (path: string): string[] => text(path).trimEnd().split('\n');
    const own = [...kit].filter(([path]) => path !== 'SHA256SUMS').map(([path, content]) => `${sha256(content)}  ${path}`);
    expect(sums('SHA256SUMS')).toEqual(own);
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const sources = files.map((name) => [`src/${name}`, readFileSync(join(root, 'src', name), 'utf8')] as const);
    expect(sums('sources.sha256').sort()).toEqual(sources.map(([path, content]) => `${sha256(content)}  ${path}`).sort());
  });

  const noSums = lacking('sha256sum');
  it.skipIf(noSums)(titled('has sums that sha256sum accepts', noSums), () => {
    for (const path of kit.keys()) writeFileSync(join(temporary, path), text(path));
    const check = (path: string, cwd: string) => spawnSync('sha256sum', ['-c', path], { cwd, encoding: 'utf8' });
    expect(check('SHA256SUMS', temporary)).toMatchObject({ status: 0, stderr: '' });
    expect(check(join(temporary, 'sources.sha256'), root)).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('longshore.mjs', () => {
  const path = join(temporary, 'one', 'longshore.mjs');

  it('exports the same names as the package, and works', async () => {
    mkdirSync(join(temporary, 'one'));
    writeFileSync(path, text('longshore.mjs'));
    const oneFile: typeof surface = await import(/* @vite-ignore */ pathToFileURL(path).href);
    expect(Object.keys(oneFile).sort()).toEqual(Object.keys(surface).sort());
    const daemon = await obedientDaemon();
    const client = new oneFile.ImageClient({ host: daemon.host });
    expect(await client.inspectImage('a')).toMatchObject({ RepoTags: ['a:latest'] });
    expect(await client.getImage('a').toFile(join(temporary, 'a.tar'))).toMatchObject({ entries: 1 });
    client.close();
    await daemon.close();
  });

  it('imports only the built-ins of the effects table and harmless ones', () => {
    const { atOnce, later } = importsOf(text('longshore.mjs'));
    const library = Object.entries(effects).filter(([file]) => !file.startsWith('cli/'));
    const harmless = ['node:buffer', 'node:events', 'node:stream'];
    expect([...atOnce, ...later].sort()).toEqual([...new Set([...library.flatMap(([, names]) => names), ...harmless])].sort());
    expect(later).toEqual(['node:child_process', 'node:crypto', 'node:http', 'node:tls']);
    expect(() => importsOf('import x from "left-pad";\n')).toThrow('longshore.mjs imports left-pad');
    expect(() => importsOf("await import('./else.mjs');")).toThrow('longshore.mjs imports ./else.mjs');
  });

  it('keeps the comments of the sources', () => {
    expect(text('longshore.mjs')).toContain('\n//#region src/errors.ts\n// All error classes of longshore, ');
    expect(text('longshore.mjs')).toContain('/** Thrown when the engine forbids the request (403). */\nvar ForbiddenError = class');
  });
});

describe('the bill of materials', () => {
  it('has longshore, its licence, the sum of longshore.mjs, and no components', () => {
    const bill = JSON.parse(text('sbom.cdx.json'));
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [] });
    const purl = `pkg:npm/longshore@${surface.VERSION}`;
    expect(bill.metadata.component).toMatchObject({
      type: 'library',
      name: 'longshore',
      version: surface.VERSION,
      purl,
      'bom-ref': purl,
      licenses: [{ license: { id: 'MIT' } }],
      hashes: [{ alg: 'SHA-256', content: sha256(text('longshore.mjs')) }],
    });
    expect(bill.dependencies).toEqual([{ ref: purl, dependsOn: [] }]);
    expect(bill.serialNumber ?? bill.metadata.timestamp).toBeUndefined();
  });

  it('is not made if package.json has dependencies', () => {
    expect(() => billOfMaterials({ name: 'x', version: '1', dependencies: { y: '1' } }, '')).toThrow('there are dependencies, but this bill of materials lists none');
  });
});

describe('the list of limits', () => {
  const limits = limitsOf(readSources());

  it('has every named number of the library', () => {
    const named = readSources().flatMap(({ path, text: source }) =>
      path.startsWith('src/cli/') ? [] : [...source.matchAll(/^(?:export )?const ([A-Z][A-Z\d_]*)(?:: number)? = \d[\d_ *+-]*;/gm)],
    );
    const codes = /^(LF|CR|ZERO|QUOTE|BACKSLASH|OPEN|CLOSE)$/; // characters, in hexadecimal
    const own = named.map(([, name]) => name ?? '').filter((name) => !codes.test(name));
    expect(limits.filter(({ name }) => !name.includes('.')).map(({ name }) => name)).toEqual(own);
    expect(limits.length).toBeGreaterThan(60);
  });

  it('has a unit and a reason for each limit', () => {
    for (const { name, unit, comment } of limits) {
      expect(unit, name).toMatch(/^[a-z]+$/);
      expect(comment, name).toMatch(/\w+ .*[.)]$/);
      expect(text('audit.md')).toContain(comment);
    }
  });

  it('has the same values as the constants in the sources', () => {
    const constants = { ERROR_BODY_LIMIT, JSON_RESPONSE_LIMIT, FAST_HEAD_MS, HELPER_TIMEOUT_MS, HELPER_OUTPUT_LIMIT };
    const more = { JSON_VALUE_LIMIT, SMALL_FILE_LIMIT, TAPE_LIMIT };
    const members = Object.entries(RESPONSE_LIMITS).map(([name, value]) => [`RESPONSE_LIMITS.${name}`, value]);
    for (const [name, value] of [...Object.entries({ ...constants, ...more }), ...members]) {
      expect(limits.filter((each) => each.name === name).map((each) => each.value), `${name}`).toEqual([value]);
    }
    expect(limits).toContainEqual(expect.objectContaining({ file: 'src/connection/engine-request.ts', name: 'CONNECT_MS', value: CONNECT_MS, unit: 'ms' }));
  });

  it('has every option of the client', () => {
    const options = optionsOf(readSources()).filter(({ owner }) => owner === 'ImageClientOptions');
    expect(options.map(({ name }) => name).sort()).toEqual([...Object.keys(CLIENT)].sort());
  });
});

describe('audit.md', () => {
  it('has the effects table of src/README.md', () => {
    const table = section('What it touches').trim();
    expect(table.split('\n').length).toBeGreaterThan(10);
    expect(text('audit.md')).toContain(table);
  });

  it('counts lines of code, comments and empty lines', () => {
    const source = "// a\n\n/**\n * b\n */\nconst url = 'https://x'; // c\n\nf();\n";
    expect(countLines(source)).toEqual({ lines: 8, comments: 4, empty: 2, code: 2 });
    const all = /^\| all \| (\d+) \| ([\d,]+) \|/m.exec(text('audit.md'));
    const sources = readSources();
    expect(all?.slice(1).map((cell) => Number(cell.replace(',', '')))).toEqual([
      sources.length,
      sources.reduce((sum, each) => sum + each.text.split('\n').length - 1, 0),
    ]);
  });

  it('names tests that exist', () => {
    for (const [, path = ''] of text('audit.md').matchAll(/`(test\/[\w./]+)`/g)) expect(existsSync(join(root, path)), path).toBe(true);
  });
});
