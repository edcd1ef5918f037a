// Makes a fresh clone ready: installs the development packages if they are missing or older than the lock file, then
// builds `dist/` with source maps, which tests and coverage need. `node test/setup.mjs typecheck` also checks the types of
// the tests. `node test/setup.mjs package` builds what is published, without source maps
// (see package/trim-build.mjs).
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { trimBuild } from './package/trim-build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (path) => `${root}${path}`;

function run(program, argv, options = {}) {
  const { status, error } = spawnSync(program, argv, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** npm writes this file last, so its time is the time of the installation. */
const installed = at('node_modules/.package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(at('package-lock.json')).mtimeMs) {
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], { shell: process.platform === 'win32' });
}

const tsc = at('node_modules/typescript/bin/tsc');
rmSync(at('dist'), { recursive: true, force: true });
run(process.execPath, process.argv.includes('package') ? [tsc] : [tsc, '--sourceMap']);
if (process.argv.includes('package')) trimBuild(root);
if (process.argv.includes('typecheck')) run(process.execPath, [tsc, '-p', 'test/tsconfig.json']);
