// `npm run test:package`: what others say of the package. publint and are-the-types-wrong judge its manifest and its
// exports, and a program of a user's compiles with each TypeScript from 5.2 to 7, the declarations of ours included.
// These programs are installed here, beside this file, when they are first needed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, makeProject, packPackage } from './project.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'longshore-package-'));
let failures = 0;

/** Runs a check, and prints a line of what came of it; all that it said, where it failed. */
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
  if (status !== 0) throw new Error(`the programs that judge the package cannot be installed: ${stderr}`);
}

const NODE10 = ['--module', 'commonjs', '--moduleResolution', 'node10'];

/** Compiles as a user's project would; from 5.8 on, whose `nodenext` knows require() of an ES module, CommonJS too. */
function compile(project, version) {
  const tsc = at(`node_modules/typescript-${version}/bin/tsc`);
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--target', 'es2022', '--types', 'node'];
  const modern = Number(version) >= 5.8;
  const ways = [
    ['nodenext', ['--module', 'nodenext', 'consumer.mts', ...(modern ? ['consumer.cts'] : [])]],
    // TypeScript 6 wants to hear that it is known to be old, and 7 has it no more.
    ...(Number(version) < 7 ? [['node10', [...NODE10, ...(version === '6' ? ['--ignoreDeprecations', '6.0'] : []), 'node10.ts']]] : []),
    ['a bundler', ['--module', 'esnext', '--moduleResolution', 'bundler', 'consumer.mts']],
  ];
  for (const [name, argv] of ways) {
    check(`TypeScript ${version}, ${name}`, [tsc, ...strict, ...argv], { cwd: project });
  }
}

try {
  installTools();
  const { path, size, unpackedSize, files } = packPackage(folder);
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
