// Makes projects that use longshore, each in an empty folder: installed from the tarball that would be published, bundled,
// or with a copy of src/.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { replay } from '../../dist/testing.js';
import { makeDist } from './make-dist.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The environment of a program on a fresh machine: an empty home folder, and only PATH. */
function emptyEnvironment(folder) {
  const home = join(folder, '.home');
  mkdirSync(home, { recursive: true });
  const coverage = { NODE_V8_COVERAGE: undefined }; // Node would pass it on, and these programs are not measured
  return { PATH: process.env.PATH, HOME: home, npm_config_update_notifier: 'false', ...coverage };
}

/** Runs npm and returns its standard output. Throws an error with the output if npm fails. */
function npm(argv, options) {
  const { status, stdout, stderr } = spawnSync('npm', argv, { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`npm ${argv.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

/** Builds the package in a separate folder, as `npm pack` does in a clone, and packs it. Returns the tarball's path, size and files. */
export async function packPackage(folder) {
  const tree = join(folder, 'tree');
  for (const name of ['package.json', 'README.md', 'LICENSE']) cpSync(join(root, name), join(tree, name));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', root, '--emitDeclarationOnly', '--outDir', join(folder, 'build')], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tsc: ${stdout}`);
  await makeDist(root, { build: join(folder, 'build'), output: tree });
  const argv = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [{ filename, size, unpackedSize, files }] = JSON.parse(npm(argv, { cwd: tree, env: emptyEnvironment(folder) }));
  return { path: join(folder, filename), size, unpackedSize, files };
}

/** Makes a project with the programs of this folder, and nothing else yet. */
export function makeProject(folder) {
  cpSync(join(root, 'test/package/programs'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  cpSync(join(root, 'test/demo.mjs'), join(folder, 'demo.mjs'));
  return folder;
}

/** Installs the tarball into the project, without a network and with an empty home folder. */
export function install(folder, tarball) {
  const argv = ['install', '--offline', '--no-audit', '--no-fund', tarball];
  return npm(argv, { cwd: folder, env: emptyEnvironment(folder) });
}

/** Copies src/ into the project. */
export function vendor(folder) {
  cpSync(join(root, 'src'), join(folder, 'vendor/longshore'), { recursive: true });
}

/** Bundles the program with the parts of longshore that it uses, into one file. */
export async function bundle(folder, output) {
  const bundler = await rolldown({ input: join(folder, 'esm.mjs'), platform: 'node', cwd: folder });
  await bundler.write({ file: output, format: 'esm', codeSplitting: false });
  await bundler.close();
}

/** The steps of the demo, which every program here prints. */
export const STEPS = 'negotiate import list save remove load tidy up';

/** Runs a program of a project against a recorded Docker 20.10. Returns `undefined`, or a text that says what is wrong. */
export async function complaintOf(command, argv, folder) {
  const engine = await replay(join(root, 'fixtures/tapes/docker-20.10/demo.tape'));
  try {
    const env = { ...emptyEnvironment(folder), DOCKER_HOST: engine.host };
    const limits = { timeout: 60_000, killSignal: 'SIGKILL' }; // ends a program that hangs
    const child = spawn(command, argv, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], ...limits });
    const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    if (child.exitCode !== 0 || said.trim() !== STEPS) return `exit code ${child.exitCode}, output: ${said}\n${complained}`;
    engine.verify(); // the program made all requests of the tape, and no others
    return undefined;
  } catch (error) {
    return error.message;
  } finally {
    await engine.close();
  }
}
