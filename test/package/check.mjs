// `npm run test:package`: checks the package with other people's programs. publint and are-the-types-wrong check its
// manifest and its exports. A user's program, with our declarations, is compiled by each TypeScript from 5.2 to 7. The
// programs are installed in this folder at first use.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, makeProject, packPackage } from './project.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'longshore-package-'));
let failures = 0;

/** Runs a check and prints one line with its result, and the whole output if it failed. */
function check(name, argv, options = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', ...options });
  console.log(`${status === 0 ? 'passed' : 'FAILED'}  ${name}`);
  if (status === 0) return;
  failures++;
  console.log(`${stdout}${stderr}`);
}

function installTools() {
  if (existsSync(at('node_modules'))) return;
  const argv = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=0'];
  const { status, stderr } = spawnSync('npm', argv, { cwd: at('.'), encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot install the programs that check the package: ${stderr}`);
}

const NODE10 = ['--module', 'commonjs', '--moduleResolution', 'node10'];

/** Compiles like a user's project. From 5.8 on, `nodenext` allows require() of an ES module, so CommonJS is compiled, too. */
function compile(project, version) {
  const tsc = at(`node_modules/typescript-${version}/bin/tsc`);
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--target', 'es2022', '--types', 'node'];
  const modern = Number(version) >= 5.8;
  const ways = [
    ['nodenext', ['--module', 'nodenext', 'consumer.mts', ...(modern ? ['consumer.cts'] : [])]],
    // `node10` is deprecated in TypeScript 6 and removed in 7.
    ...(Number(version) < 7 ? [['node10', [...NODE10, ...(version === '6' ? ['--ignoreDeprecations', '6.0'] : []), 'node10.ts']]] : []),
    ['a bundler', ['--module', 'esnext', '--moduleResolution', 'bundler', 'consumer.mts']],
  ];
  for (const [name, argv] of ways) {
    check(`TypeScript ${version}, ${name}`, [tsc, ...strict, ...argv], { cwd: project });
  }
}

try {
  installTools();
  const { path, size, unpackedSize, files } = await packPackage(folder);
  console.log(`${files.length} files, ${size} bytes packed, ${unpackedSize} unpacked`);
  check('publint', [at('node_modules/publint/src/cli.js'), path, '--strict']);
  check('are the types wrong', [at('node_modules/@arethetypeswrong/cli/dist/index.js'), path, '--profile', 'esm-only']);
  const project = makeProject(join(folder, 'consumer'));
  install(project, path);
  symlinkSync(at('node_modules/@types'), join(project, 'node_modules/@types'));
  for (const version of ['5.2', '5.4', '5.9', '6', '7']) compile(project, version);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
