// `npm run matrix`: tests longshore on every runtime and with every engine, one cell after another. It takes about an hour.
// `npm run matrix -- --seconds=120` runs the parts that fit into that time, and reports which parts it skips.
//
//   --only=a,b     only these parts: runtimes, package, audit-kit, suite, unbuilt, live
//   --nodes=20,24  only these versions of Node
//   --hosts=...    the engines of the live tests, separated by commas (or ENGINES_UNDER_TEST). Default: test/live/engine.sh
//                  starts a Docker and a Podman of the system's packages. It also starts registries, unless REGISTRY,
//                  REGISTRY_AUTH, REGISTRY_USER and REGISTRY_PASSWORD name some. The engines must be configured to use
//                  them without TLS; Podman has a separate list for that
//   --seconds=N    the time limit: parts that do not fit are skipped, cells that take longer are stopped; neither is a failure
//
// Runtimes are installed in this folder at first use, in the versions of package-lock.json, without their install scripts.
// The output of each cell is in results/. The exit code is 0 if no cell failed and, without --seconds, none was skipped.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { VERSION } from '../../build/connection/package-version.js';
import { bundle, complaintOf, install, makeProject, packPackage, vendor } from '../package/project.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const root = at('../..');
const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, nodes: { type: 'string' }, hosts: { type: 'string' }, seconds: { type: 'string' } },
});
const list = (text) => text?.split(',').filter(Boolean);
const began = performance.now();
const secondsLeft = () => Number(flags.seconds ?? Infinity) - (performance.now() - began) / 1000;

/** Thrown if a cell cannot run because something is not installed. */
class Missing extends Error {}
/** Thrown if a cell was stopped by the time limit or by Ctrl-C. */
class Ended extends Error {}

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interrupt.abort());

const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'));
const nodes = Object.keys(manifest.optionalDependencies)
  .map((name) => name.replace('node-', ''))
  .filter((version) => list(flags.nodes)?.includes(version) ?? true);
const nodeProgram = (version) => at(`node_modules/node-${version}/bin/node`);
const bun = at('node_modules/@oven/bun-linux-x64/bin/bun');
const deno = at('node_modules/@deno/linux-x64-glibc/deno');

/** Installs Bun and Deno, which are small, and with `withNodes` all versions of Node, which are 1 GB together. */
function installRuntimes({ withNodes }) {
  const isThere = (path) => spawnSync(path, ['--version']).status === 0;
  const wanted = withNodes ? nodes.map(nodeProgram) : [bun, deno];
  if (wanted.every(isThere)) return;
  const argv = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=0', ...(withNodes ? [] : ['--omit=optional'])];
  spawnSync('npm', argv, { cwd: at('.'), stdio: 'ignore', timeout: Math.ceil(1000 * Math.max(1, Math.min(600, secondsLeft()))) });
  const absent = wanted.filter((path) => !isThere(path));
  if (absent.length > 0) throw new Missing(`cannot be installed: ${absent.map((path) => path.slice(at('node_modules/').length)).join(', ')}`);
}

/** Runs a program with its output in the cell's log. Returns the last line, or throws it if the program fails. */
async function run(log, command, argv, environment = {}) {
  const env = { ...process.env, NODE_V8_COVERAGE: undefined, ...environment };
  const child = spawn(command, argv, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let last = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (bytes) => {
      log.write(bytes);
      last = `${last}${bytes}`.slice(-4096);
    });
  }
  let why;
  const end = (reason) => {
    why ??= reason;
    process.kill(-child.pid, 'SIGKILL'); // the whole process group
  };
  const onInterrupt = () => end('it was interrupted');
  interrupt.signal.addEventListener('abort', onInterrupt);
  const timer = Number.isFinite(secondsLeft()) ? setTimeout(end, secondsLeft() * 1000, 'it did not finish in time') : undefined;
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  interrupt.signal.removeEventListener('abort', onInterrupt);
  if (why !== undefined) throw new Ended(why);
  const line = last.trimEnd().split('\n').at(-1);
  if (code !== 0) throw new Error(`${line} (${signal ?? `exit code ${code}`})`);
  return line;
}

const vitest = join(root, 'node_modules/vitest/vitest.mjs');
/** A PATH with that version of Node first, for programs that tests start by name. */
const pathOf = (version) => `${join(nodeProgram(version), '..')}${delimiter}${process.env.PATH}`;
const suite = (version, target) => (log) =>
  run(log, nodeProgram(version), [vitest, 'run', '--config', 'test/vitest.config.ts'], { PATH: pathOf(version), TEST_TARGET: target });

/** Whether this Node runs TypeScript without a build. 22.18 is the first that does; it is in the list only for that. */
const strips = (version) => !version.startsWith('20');
const FIRST_TO_STRIP = '22.18';

function* suiteCells() {
  for (const version of nodes.filter((each) => each !== FIRST_TO_STRIP)) yield [`Node ${version}`, suite(version, 'build')];
}

function* unbuiltCells() {
  for (const version of nodes.filter(strips)) yield [`Node ${version}`, suite(version, 'src')];
}

/** Checks that every Node makes the same audit kit and the same tarball. */
function* auditCells() {
  let first;
  for (const version of nodes) {
    yield [
      `Node ${version}`,
      async (log) => {
        const folder = mkdtempSync(join(tmpdir(), 'longshore-audit-kit-'));
        try {
          await run(log, nodeProgram(version), ['test/audit/kit.mjs', folder]);
          await run(log, 'npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { PATH: pathOf(version) });
          const tarball = readFileSync(join(folder, `longshore-${VERSION}.tgz`));
          const packed = createHash('sha256').update(tarball).digest('hex');
          const sums = `${readFileSync(join(folder, 'SHA256SUMS'), 'utf8')}${packed}  tarball\n`;
          first ??= sums;
          if (sums !== first) throw new Error(`its files differ from those of Node ${nodes[0]}:\n${sums}${first}`);
          return `longshore.mjs ${sums.slice(0, 12)}, tarball ${packed.slice(0, 12)}`;
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      },
    ];
  }
}

async function* runtimeCells() {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-runtimes-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const project = makeProject(join(folder, 'project'));
  install(project, (await packPackage(folder)).path);
  vendor(project);
  const bundled = join(folder, 'bundled');
  const permissions = ['--allow-read', '--allow-write', '--allow-env', '--allow-sys', '--allow-net']; // all permissions except starting programs
  const runtimes = [
    [`Bun ${manifest.dependencies['@oven/bun-linux-x64']}`, bun, []],
    [`Deno ${manifest.dependencies['@deno/linux-x64-glibc']}`, deno, ['run', '--no-prompt', ...permissions]],
  ];
  const programs = [
    ['installed, as an ES module', 'esm.mjs', project],
    ['installed, by require()', 'cjs.cjs', project],
    ['src/ copied', 'vendored.mjs', project],
    ['bundled', 'program.mjs', bundled],
  ];
  for (const [name, program, argv] of runtimes) {
    for (const [way, file, place] of programs) {
      yield [
        `${name}, ${way}`,
        async (log) => {
          if (place === bundled && !existsSync(bundled)) await bundle(project, join(bundled, 'program.mjs'));
          const complaint = await complaintOf(program, [...argv, file], place);
          if (complaint === undefined) return 'the demo, against a recorded Docker 20.10';
          log.write(complaint);
          throw new Error(complaint);
        },
      ];
    }
  }
}

function* packageCells() {
  yield [
    'publint, are the types wrong, TypeScript 5.2 to 7',
    async (log) => {
      const folder = mkdtempSync(join(tmpdir(), 'longshore-judged-')); // removed here, because the program cannot clean up if it is killed
      try {
        return await run(log, process.execPath, [at('../package/check.mjs')], { TMPDIR: folder });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  ];
}

const live = [vitest, 'run', '--config', 'test/live/vitest.config.ts'];

/** Runs the live tests with an engine and registries that engine.sh starts, or with `registries` only. */
async function runLive(log, what, environment = {}) {
  if (process.getuid?.() !== 0) throw new Missing('starting engines and registries needs root');
  const env = { ...environment, LONGSHORE_ENGINE: join(tmpdir(), `longshore-matrix-${what}`) };
  const script = 'settings=$(bash test/live/engine.sh start "$0"); set -a; eval "$settings"; exec "$@"';
  try {
    return await run(log, 'bash', ['-ec', script, what, process.execPath, ...live], env);
  } finally {
    spawnSync('bash', ['test/live/engine.sh', 'stop'], { cwd: root, env: { ...process.env, ...env }, stdio: 'ignore' });
  }
}

function* liveCells() {
  const hosts = list(flags.hosts ?? process.env.ENGINES_UNDER_TEST);
  const hasRegistries = process.env.REGISTRY !== undefined;
  for (const host of hosts ?? []) {
    const environment = { DOCKER_HOST: host };
    yield [host, (log) => (hasRegistries ? run(log, process.execPath, live, environment) : runLive(log, 'registries', environment))];
  }
  if (hosts !== undefined) return;
  for (const engine of ['docker', 'podman']) yield [`${engine} of this system's packages`, (log) => runLive(log, engine)];
}

/** The parts, in this order. `seconds` is the time that a part takes on two cores, with the installation. */
const parts = {
  runtimes: { cells: runtimeCells, seconds: 40, runtimes: { withNodes: false } },
  package: { cells: packageCells, seconds: 95 },
  'audit-kit': { cells: auditCells, seconds: 90, runtimes: { withNodes: true } },
  suite: { cells: suiteCells, seconds: 300 * nodes.length, runtimes: { withNodes: true } },
  unbuilt: { cells: unbuiltCells, seconds: 300 * nodes.length, runtimes: { withNodes: true } },
  live: { cells: liveCells, seconds: 300 },
};

const count = { passed: 0, FAILED: 0, skipped: 0 };
function tell(verdict, part, cell, detail, seconds) {
  count[verdict]++;
  console.log(`${verdict}  ${part}: ${cell}${detail ? `: ${detail}` : ''}${seconds === undefined ? '' : ` (${seconds} s)`}`);
}

async function runCell(part, [cell, work]) {
  const log = createWriteStream(join(at('results'), `${part} ${cell}.log`.replace(/[^\w.,-]+/g, '-')));
  const start = performance.now();
  const took = () => Math.round((performance.now() - start) / 1000);
  try {
    tell('passed', part, cell, await work(log), took());
  } catch (error) {
    const isLeftOut = error instanceof Missing || error instanceof Ended;
    tell(isLeftOut ? 'skipped' : 'FAILED', part, cell, error.message, took());
  } finally {
    log.end();
  }
}

async function runPart(name, { cells, seconds, runtimes }) {
  if (secondsLeft() < seconds) {
    return tell('skipped', name, 'all of it', `it takes about ${seconds} s, and ${Math.max(0, Math.round(secondsLeft()))} s are left`);
  }
  try {
    if (runtimes !== undefined) installRuntimes(runtimes);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    return tell('skipped', name, 'all of it', error.message);
  }
  for await (const cell of cells()) if (!interrupt.signal.aborted) await runCell(name, cell);
}

const chosen = list(flags.only) ?? Object.keys(parts);
for (const name of chosen) if (!Object.hasOwn(parts, name)) throw new Error(`unknown part ${name}; the parts are ${Object.keys(parts).join(', ')}`);
mkdirSync(at('results'), { recursive: true });
for (const name of chosen) if (!interrupt.signal.aborted) await runPart(name, parts[name]);
console.log(`${count.passed} cells passed, ${count.FAILED} failed, ${count.skipped} skipped`);
if (interrupt.signal.aborted) process.exitCode = 130;
else process.exitCode = count.FAILED > 0 || (count.skipped > 0 && flags.seconds === undefined) ? 1 : 0;
