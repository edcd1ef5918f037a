// Makes a fresh clone ready: installs the development packages if they are missing or older than the lock file, then
// builds every module in `build/` with tsc, for tests of internals, and the bundle in `dist/`, which is published (see
// package/make-dist.mjs). Only `build/` has source maps, so coverage counts the tests of `build/`: from the map of a bundle, c8
// counts lines as covered that did not run. `node test/setup.mjs typecheck` also checks the types of the tests.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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
rmSync(at('build'), { recursive: true, force: true });
run(process.execPath, [tsc, '--sourceMap']);
const { makeDist } = await import('./package/make-dist.mjs'); // here, because it imports a development package
await makeDist(root, { build: at('build') });
if (process.argv.includes('typecheck')) run(process.execPath, [tsc, '-p', 'test/tsconfig.json']);
