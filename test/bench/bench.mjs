// `npm run bench`: compares longshore with Node's own client, undici and a plain C client, on this machine, in two minutes
// if it is idle.
//
//   --full         all contenders, larger images, growth, real engines: up to half an hour
//   --smoke        one round with tiny sizes, to check that everything still runs
//   --only=a,b     only these scenarios
//   --against=a,b  only these peers, such as undici,floor
//   --rounds=N     instead of 3
//   --no-growth    --full without the growth
//   --engines=...  the sockets of real engines, separated by commas, for --full (three rounds at most); with two or more, also
//                  copies from the first to each of the others: --only=copy measures these alone, --only=copy-all one of them
//
// Contenders run in turn, each in a fresh process, in several rounds. Only results of the same round are compared,
// because the machine may be busier in the next round. Before the measurement, every contender must prove that it does
// the work: by the SHA-256 of what it saved, a comparison of each byte that it sent, and the count of its operations.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MIB, inspectBody, listBody, makeArchive } from './archive.mjs';
import { commandOf, isHere, runCommand } from './contenders.mjs';
import { copies, copyPlans } from './copy.mjs';
import { growth } from './growth.mjs';
import { writeGrowthPlot, writeSpeedPlot } from './plot.mjs';
import { realEngines } from './real.mjs';
import { scenarios } from './scenarios.mjs';
import { startServer } from './server.mjs';
import { formatGates, formatScenario, summarise } from './table.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values: flags } = parseArgs({
  options: {
    full: { type: 'boolean' },
    smoke: { type: 'boolean' },
    only: { type: 'string' },
    against: { type: 'string' },
    rounds: { type: 'string' },
    engines: { type: 'string' },
    'no-growth': { type: 'boolean' },
  },
});
/** The sizes of all measurements. */
const scale = flags.smoke
  ? { mib: 4, calls: 50, lines: 1000, entries: 1000, rounds: 1 }
  : flags.full
    ? { mib: 1024, calls: 5000, lines: 300_000, entries: 100_000, rounds: 3 }
    : { mib: 128, calls: 1000, lines: 30_000, entries: 30_000, rounds: 3 };
if (flags.rounds !== undefined) scale.rounds = Number(flags.rounds);
const CHECK = { mib: 3, calls: 20, lines: 1000, entries: 1000 };

/** Installs the peers, without their install scripts. If the registry cannot be reached, fewer peers take part. */
function installPeers() {
  if (existsSync(at('node_modules'))) return;
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=0'], {
    cwd: at('.'),
    stdio: 'ignore',
  });
  if (status !== 0) console.log('The peers could not be installed: only what is here takes part.\n');
}

/** All of dist/ as one file, if the bundler of the development packages is installed. */
function buildOneFile(folder) {
  const [bundler, file] = [at('../../node_modules/.bin/rolldown'), join(folder, 'longshore.mjs')];
  const argv = [at('../../dist/index.js'), '--file', file, '--format', 'esm', '--platform', 'node'];
  if (spawnSync(bundler, argv, { stdio: 'ignore' }).status === 0) process.env.LONGSHORE_ONE_FILE = file;
}

/** The C program, or undefined without a compiler. */
function buildNative(folder) {
  const program = join(folder, 'native');
  const built = spawnSync('cc', ['-O2', '-pthread', '-o', program, at('native.c')], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (built.status === 0) return program;
  console.log('There is no C compiler: no floor, no curl, no docker, and Node as the server, which then is the limit.\n');
  return undefined;
}

/** The synthetic engine, on a socket in the folder or `tcp`; `compare` is the archive that each upload must be equal to. */
async function startEngine({ native, folder, archives, name, compare }) {
  const socket = name === 'tcp' ? name : join(folder, name);
  if (native === undefined) {
    const server = await startServer({ archives, compare: compare?.sha256() }, { path: socket });
    return { socket, stop: () => void server.closeAllConnections() ?? server.close() };
  }
  const argv = ['serve', socket, folder, ...(compare === undefined ? [] : ['compare', String(compare.mib)])];
  const engine = spawn(native, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(engine.stdout, 'data');
  return { socket, port: Number(port), stop: () => engine.kill() };
}

/** The number of bytes in the last upload to the engine. */
function uploaded(socketPath) {
  return new Promise((resolve, reject) => {
    http
      .get({ socketPath, path: '/uploaded', agent: false }, (answer) =>
        answer.setEncoding('utf8').on('data', (text) => resolve(Number(text))),
      )
      .on('error', reject);
  });
}

const isLoad = ({ operation }) => operation?.startsWith('load') === true;

/** What was done, from the best source: the engine, the file, or else the contender itself. */
async function witness({ name, operation }, contender, { result, run, due }) {
  if (isLoad({ operation })) return uploaded(run.socket);
  if (operation === 'saveToFile') return statSync(run.file).size;
  // Programs that save to /dev/null cannot be checked; the scenario that saves to a file checks that they save everything.
  return result.count ?? due;
}

/** One run of one contender, which must have done its work; undefined if it does not support the scenario. */
async function runOnce(contender, scenario, stage, amounts) {
  const { place, archives, sources, folder, native, check } = stage;
  const archive = archives.get(Math.max(CHECK.mib, Math.ceil(amounts.mib * (check ? 1 : (scenario.size ?? 1)))));
  const file = isLoad(scenario) ? sources.get(archive.mib) : join(folder, 'saved.tar');
  const calls = Math.min(scenario.mostCalls ?? Infinity, Math.ceil(amounts.calls * (scenario.calls ?? 1)));
  const { operation, atOnce, unit, warmUpCalls } = scenario;
  const image = `${scenario.image ?? 'bench'}:${archive.mib}`;
  const { lines, entries } = amounts;
  const run = {
    ...place,
    operation,
    image,
    file,
    source: sources.get(archive.mib),
    calls,
    atOnce,
    warmUpCalls,
    lines,
    entries,
    kib: 1024,
    check,
  };
  if (!check) {
    const small = Math.max(CHECK.mib, Math.ceil(amounts.mib / 8));
    run.warmUp = { image: `${scenario.image ?? 'bench'}:${small}`, file: isLoad(scenario) ? sources.get(small) : `${file}.small` };
  }
  if (operation === 'saveToFile') rmSync(file, { force: true }); // writing to an existing file is faster
  const result = await runCommand(commandOf(contender, scenario, run, native));
  if (result === undefined) return undefined;
  const due = { bytes: archive.bytes, calls, lines: lines + 2, entries, values: 1, imports: 1, answers: 1 }[unit];
  const done = await witness(scenario, contender, { result, run, due });
  if (done !== due) throw new Error(`${scenario.name}: ${contender} did ${done} of ${due} ${unit}`);
  if (check && unit === 'bytes' && !isLoad(scenario)) checkDigest(contender, scenario, { archive, file, result });
  return { ...result, amount: due };
}

/** The SHA-256 of what was saved; programs that save to /dev/null leave no file to hash. */
function checkDigest(contender, { name, operation }, { archive, file, result }) {
  const sha256 = operation === 'saveToFile' ? sha256Of(file) : result.sha256;
  if (sha256 !== undefined && sha256 !== archive.sha256()) throw new Error(`${name}: ${contender} got other bytes`);
}

const sha256Of = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** The contenders of a scenario: installed, able to do it, and correct. */
async function checked(scenario, stage) {
  const right = [];
  // In two minutes, there is only time for the fastest ones.
  const distant = flags.full || flags.smoke ? [] : ['curl', 'docker', 'docker-py', 'dockerode', 'docker-node-sdk'];
  const against = flags.against?.split(',');
  const isWanted = (name) => name.startsWith('longshore') || (against?.includes(name) ?? !distant.includes(name));
  for (const contender of scenario.contenders.filter((name) => isWanted(name) && isHere(name, stage.native))) {
    if ((await runOnce(contender, scenario, { ...stage, check: true }, CHECK)) !== undefined) right.push(contender);
  }
  return right;
}

/** All rounds of a scenario: for each contender, its runs in the order of the rounds. */
async function runRounds(scenario, contenders, stage) {
  const runs = new Map(contenders.map((name) => [name, []]));
  for (let round = 0; round < scale.rounds; round++) {
    // No contender is always first, or always after the same one.
    const order = contenders.map((_, index) => contenders[(index + round) % contenders.length]);
    for (const contender of order) runs.get(contender).push(await runOnce(contender, scenario, stage, scale));
  }
  return runs;
}

async function prepare(folder, native) {
  const [archives, sources] = [new Map(), new Map()];
  for (const mib of new Set([CHECK.mib, scale.mib, scale.mib / 4, scale.mib / 8].map((mib) => Math.max(CHECK.mib, Math.ceil(mib))))) {
    const archive = await makeArchive(mib);
    archives.set(mib, archive);
    archive.writeParts(folder);
    sources.set(mib, join(folder, `${mib}.tar`));
    archive.writeFile(sources.get(mib));
  }
  writeFileSync(join(folder, 'inspect.json'), inspectBody);
  writeFileSync(join(folder, 'list.json'), listBody);
  const engine = await startEngine({ native, folder, archives, name: 'engine.sock' });
  const doubter = await startEngine({ native, folder, archives, name: 'doubter.sock', compare: archives.get(CHECK.mib) });
  const pem = (name) => readFileSync(at(`../../fixtures/tls/${name}`), 'latin1');
  const overTls = await startServer(
    { identity: { cert: pem('server.pem'), key: pem('server-key.pem') } },
    { port: 0, host: '127.0.0.1' },
  );
  const { port } = overTls.address();
  const tls = { host: `tcp://127.0.0.1:${port}`, port, tls: { ca: pem('ca.pem') } };
  const places = {
    tls: { check: tls, measure: tls },
    socket: { check: { socket: doubter.socket }, measure: { socket: engine.socket } },
  };
  if (native !== undefined) {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'ssh'), `#!/bin/sh\nexec ${native} bridge ${engine.socket}\n`, { mode: 0o755 });
    process.env.PATH = `${join(folder, 'bin')}:${process.env.PATH}`;
    const { port, stop } = await startEngine({ native, folder, archives, name: 'tcp' });
    const tcp = { host: `tcp://127.0.0.1:${port}`, port };
    places.tcp = { check: tcp, measure: tcp, stop };
    places.process = places.socket; // for programs that native measures
    places.ssh = { check: { host: 'ssh://bench' }, measure: { host: 'ssh://bench' } };
  }
  const stop = () => {
    engine.stop();
    doubter.stop();
    places.tcp?.stop();
    overTls.closeAllConnections();
    overTls.close();
  };
  return { archives, sources, folder, native, places, engine, stop };
}

function describeMachine() {
  const [cpu] = cpus();
  const load = loadavg()[0].toFixed(2);
  return `${cpus().length} cores (${cpu?.model ?? 'unknown'}), Node ${process.versions.node}, load ${load} at the start`;
}

/** The peak memory of an idle Node process, in bytes. */
function bareMemory() {
  const script = "setTimeout(() => console.log(require('fs').readFileSync('/proc/self/status', 'latin1')), 200)";
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'latin1' });
  const found = /^VmHWM:\s+(\d+) kB/m.exec(stdout ?? '');
  return found === null ? undefined : Number(found[1]) * 1024;
}

/** The results and their plots. */
function write(results) {
  mkdirSync(at('results'), { recursive: true });
  writeFileSync(at('results/latest.json'), `${JSON.stringify(results, null, 1)}\n`);
  writeSpeedPlot(results, at('results/speed.svg'));
  if (results.growth !== undefined) writeGrowthPlot(results, at('results/growth.svg'));
}

async function main() {
  if (!existsSync(at('../../dist/index.js'))) execFileSync(process.execPath, [at('../setup.mjs')], { stdio: 'inherit' });
  installPeers();
  // A file system in memory, if there is one; otherwise the disk would be measured.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'longshore-bench-'));
  const native = buildNative(folder);
  buildOneFile(folder);
  const stage = await prepare(folder, native);
  const [machine, date, bare] = [describeMachine(), new Date().toISOString(), bareMemory()];
  const results = { machine, date, bare, scale, scenarios: [] };
  console.log(
    `${results.machine}\n${scale.rounds} rounds; ${scale.mib} MiB, ${scale.calls} calls, ${scale.lines} lines, ` +
      `${scale.entries} entries\n`,
  );
  try {
    const wanted = flags.only?.split(',');
    for (const scenario of scenarios.filter(({ name }) => wanted?.includes(name) ?? true)) {
      const place = stage.places[scenario.place ?? 'socket'];
      if (place === undefined) continue;
      const { check, measure } = place;
      const contenders = await checked(scenario, { ...stage, place: check });
      const runs = await runRounds(scenario, contenders, { ...stage, place: measure });
      const summary = summarise(scenario, runs, bare);
      results.scenarios.push(summary);
      console.log(formatScenario(summary));
    }
    if (!flags.smoke) console.log(formatGates(results.scenarios)); // with tiny sizes, the figures mean nothing
    write(results);
    const engines = flags.engines?.split(',') ?? [];
    if (flags.full) results.real = await realEngines(engines, { folder, rounds: Math.min(3, scale.rounds), native });
    const copied = copyPlans.filter(({ name }) => (wanted === undefined ? flags.full : wanted.includes('copy') || wanted.includes(name)));
    if (engines.length > 1 && copied.length > 0 && isHere('docker', native)) {
      const size = flags.smoke ? { mib: 8, changedMib: 2 } : { mib: 1024, changedMib: 10 };
      results.copies = await copies(engines, copied, { folder, rounds: Math.min(3, scale.rounds), native, bare, scale: size });
      if (!flags.smoke) console.log(formatGates(results.copies));
    }
    if (flags.full && wanted === undefined && !flags['no-growth']) results.growth = await growth({ ...stage, socket: stage.engine.socket });
    write(results);
  } finally {
    stage.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\nload ${loadavg()[0].toFixed(2)} at the end; figures and plots are in test/bench/results`);
}

await main();
