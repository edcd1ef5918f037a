// One run of one contender, in a separate process; prints one line of JSON. With `check`, hashes what it reads.
import { readFileSync } from 'node:fs';

const run = JSON.parse(process.argv[2]);

/** The work that is prepared before the clock starts. */
const PREPARED = { loadBuffer: 'prepareBuffer', loadStream: 'prepareStream' };

/** The time and the processor time of `work`, and what it counted. */
async function measured(work) {
  const before = process.cpuUsage();
  const began = performance.now();
  const count = await work();
  const wall = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: (user + system) / 1e6, count };
}

/** Counts the bytes; hashes them only in a run that is not measured. */
async function observer() {
  const hash = run.check ? (await import('node:crypto')).createHash('sha256') : undefined;
  const seen = { bytes: 0, sha256: () => hash?.digest('hex') };
  const count = (chunk) => void (seen.bytes += chunk.length);
  const hashed = (chunk) => {
    hash.update(chunk);
    count(chunk);
  };
  return Object.assign(seen, { see: hash === undefined ? count : hashed });
}

/** The work on an archive, ready to start. */
async function archiveWork(peer, told) {
  const prepare = peer[PREPARED[run.operation]];
  return prepare === undefined ? () => peer[run.operation](told) : prepare(told);
}

async function archives(peer) {
  // A warm-up of half as many bytes lets V8 compile the code before the measurement. After only 3 MiB, V8 had not yet
  // compiled it: the first 64 MiB of longshore then took five times the processor time of the sixth.
  for (let times = run.warmUp === undefined ? 0 : 4; times > 0; times--) {
    await (await archiveWork(peer, { ...run, ...run.warmUp, see: () => {} }))();
  }
  const seen = await observer();
  const work = await archiveWork(peer, { ...run, see: seen.see });
  globalThis.gc?.(); // frees the memory of the warm-up, up to hundreds of MiB of Buffers, before the clock starts
  const result = await measured(work);
  return { ...result, count: seen.bytes, sha256: seen.sha256() };
}

/** Makes a number of calls, with `atOnce` of them running at any time. */
async function calls(call) {
  const latencies = [];
  let left = run.calls;
  const loop = async (note) => {
    for (; left > 0;) {
      left--;
      const began = performance.now();
      const id = await call();
      if (!id.startsWith('sha256:4444')) throw new Error(`inspecting gave ${id}`);
      note((performance.now() - began) / 1000);
    }
  };
  const atOnce = (note) => Promise.all(Array.from({ length: run.atOnce ?? 1 }, () => loop(note)));
  left = run.check ? 1 : (run.warmUpCalls ?? Math.max(500, run.calls)); // usually, the warm-up has as many calls
  await atOnce(() => {});
  left = run.calls;
  const result = await measured(() => atOnce((latency) => latencies.push(latency)));
  latencies.sort((a, b) => a - b);
  const at = (part) => latencies[Math.floor(latencies.length * part)];
  return { ...result, count: latencies.length, p50: at(0.5), p99: at(0.99) };
}

/** Exit code 64 means that this contender does not support the scenario. */
const NO_SUCH_THING = 64;

async function withPeer() {
  const { connect } = await import(`./peers/${run.peer}.mjs`);
  const peer = await connect(run);
  if (peer[PREPARED[run.operation] ?? run.operation] === undefined) process.exit(NO_SUCH_THING);
  if (run.operation === 'progress') {
    if (!run.check) await peer.progress({ ...run, lines: Math.max(1000, Math.floor(run.lines / 4 / 1000) * 1000) });
    return measured(() => peer.progress(run));
  }
  return run.operation.startsWith('call') ? calls(peer[run.operation]) : archives(peer);
}

const result = run.program === undefined ? await withPeer() : await (await import('./in-process.mjs')).measure(run, measured);
/** In bytes. Not `maxRSS`, if possible: that starts with the value of the parent process. */
function peakMemory() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

console.log(JSON.stringify({ ...result, rss: peakMemory() }));
process.exit(0);
