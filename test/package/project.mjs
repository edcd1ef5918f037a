// Projects that use longshore, each in an empty folder: installed from the tarball that would be published, bundled, or
// with src/ copied into it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { replay } from '../../dist/testing.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a program of a stranger has in its environment: a folder of its own as its home, with nothing in it. */
function emptyEnvironment(folder) {
  const home = join(folder, '.home');
  mkdirSync(home, { recursive: true });
  const coverage = { NODE_V8_COVERAGE: undefined }; // which Node would hand on: none of this is what is measured
  return { PATH: process.env.PATH, HOME: home, npm_config_update_notifier: 'false', ...coverage };
}

/** Runs npm; its standard output, or an error with what it said. */
function npm(argv, options) {
  const { status, stdout, stderr } = spawnSync('npm', argv, { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`npm ${argv.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

/** Builds the package in a folder of its own, as `npm pack` does in a clone, and packs it: the tarball's path, its size and its files. */
export function packPackage(folder) {
  const tree = join(folder, 'tree');
  for (const name of ['package.json', 'README.md', 'LICENSE']) cpSync(join(root, name), join(tree, name));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', root, '--outDir', join(tree, 'dist')], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tsc: ${stdout}`);
  const argv = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [{ filename, size, unpackedSize, files }] = JSON.parse(npm(argv, { cwd: tree, env: emptyEnvironment(folder) }));
  return { path: join(folder, filename), size, unpackedSize, files };
}

/** A project with the programs that are here, and nothing else yet. */
export function makeProject(folder) {
  cpSync(join(root, 'test/package/programs'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  cpSync(join(root, 'test/demo.mjs'), join(folder, 'demo.mjs'));
  return folder;
}

/** Installs the tarball into the project, without a network and with an empty home. */
export function install(folder, tarball) {
  const argv = ['install', '--offline', '--no-audit', '--no-fund', tarball];
  return npm(argv, { cwd: folder, env: emptyEnvironment(folder) });
}

/** Copies src/, and nothing beside it, into the project. */
export function vendor(folder) {
  cpSync(join(root, 'src'), join(folder, 'vendor/longshore'), { recursive: true });
}

/** Makes one file of the program and of all of longshore that it uses, in a folder of its own. */
export async function bundle(folder, output) {
  const bundler = await rolldown({ input: join(folder, 'esm.mjs'), platform: 'node', cwd: folder });
  await bundler.write({ file: output, format: 'esm', codeSplitting: false });
  await bundler.close();
}

/** The steps of the demo, which every program here goes through. */
export const STEPS = 'negotiate import list save remove load tidy up';

/** Runs a program of a project against a recorded Docker 20.10: `undefined`, or what is not as it should be. */
export async function complaintOf(command, argv, folder) {
  const engine = await replay(join(root, 'fixtures/tapes/docker-20.10/demo.tape'));
  try {
    const env = { ...emptyEnvironment(folder), DOCKER_HOST: engine.host };
    const limits = { timeout: 60_000, killSignal: 'SIGKILL' }; // for what hangs
    const child = spawn(command, argv, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], ...limits });
    const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    if (child.exitCode !== 0 || said.trim() !== STEPS) return `it exited with ${child.exitCode}, said: ${said}\n${complained}`;
    engine.verify(); // all of the tape, and nothing else
    return undefined;
  } catch (error) {
    return error.message;
  } finally {
    await engine.close();
  }
}
