// Fuzzes the built library with a worker for each processor, after `npm run build`:
//
//   SEED=1 RUNS=100000 npm run fuzz [target…]       CASE=7 instead of RUNS runs only that case
//
// A failing case ends the run with exit code 1, and prints the command that repeats it. A case also fails if it never ends,
// if it leaves an unhandled rejection, or if its memory grows.

import { availableParallelism } from 'node:os';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { run, targets } from './targets.mjs';

/** The heap of a worker. The library needs no more for responses of a few kilobytes. */
const HEAP_MIB = 256;
/** The time limit of one case. */
const LONGEST_CASE_MS = 30_000;

if (!isMainThread) await work(workerData);
else {
  await main().catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}

async function work({ name, seed, runs, first, step, current }) {
  const target = targets.find((each) => each.name === name);
  const counts = await run(target, { seed, runs, first, step, onCase: (number) => Atomics.store(current, 0, number) });
  parentPort.postMessage(counts);
}

async function main() {
  const seed = Number(process.env['SEED'] ?? 1);
  const only = process.env['CASE'] === undefined ? undefined : Number(process.env['CASE']);
  const runs = only === undefined ? Number(process.env['RUNS'] ?? 100_000) : only + 1;
  const wanted = process.argv.slice(2);
  for (const name of wanted) if (!targets.some((target) => target.name === name)) throw new Error(`there is no target ${name}`);
  const chosen = targets.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  console.log(`seed ${seed}, node ${process.version}`);
  for (const { name, cost = 1 } of chosen) {
    const start = performance.now();
    const share = only === undefined ? Math.ceil(runs / cost) : runs;
    const counts = await fuzz(name, {
      seed,
      runs: share,
      first: only ?? 0,
      workers: only === undefined ? availableParallelism() : 1,
    });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const words = Object.entries(counts)
      .sort()
      .map(([outcome, count]) => `${count} ${outcome}`);
    console.log(`${name.padEnd(10)} ${seconds.padStart(6)} s  ${share - (only ?? 0)}: ${words.join(', ')}`);
  }
}

/** Runs all cases of a target, distributed over the workers. */
async function fuzz(name, { seed, runs, first, workers }) {
  const parts = await Promise.all(
    Array.from({ length: workers }, (_, index) => part({ name, seed, runs, first: first + index, step: workers })),
  );
  const counts = {};
  for (const each of parts)
    for (const [outcome, count] of Object.entries(each)) counts[outcome] = (counts[outcome] ?? 0) + count;
  return counts;
}

/** One worker's cases. */
function part(data) {
  const current = new Int32Array(new SharedArrayBuffer(4)).fill(-1);
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { ...data, current },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  const place = () => `${data.name}: at case ${Atomics.load(current, 0)} of seed ${data.seed}`;
  return new Promise((resolve, reject) => {
    let [seen, since] = [-1, performance.now()];
    const watch = setInterval(() => {
      const number = Atomics.load(current, 0);
      if (number !== seen) [seen, since] = [number, performance.now()];
      else if (performance.now() - since > LONGEST_CASE_MS) fail(new Error(`${place()}: it does not end`));
    }, 1000);
    const fail = (error) => {
      clearInterval(watch);
      void worker.terminate();
      reject(error);
    };
    worker.on('error', (error) => fail(new Error(`${place()}: ${error.message}`)));
    worker.on('message', (counts) => {
      clearInterval(watch);
      resolve(counts);
    });
    // The event loop is empty, but some cases have not ended.
    worker.on('exit', () => fail(new Error(`${place()}: a call never settled`)));
  });
}
