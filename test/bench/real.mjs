// The same with real engines, which are the limit: saves an image of random bytes, and loads it again.
import { randomBytes } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ImageClient } from '../../dist/index.js';
import { commandOf, isHere, runCommand } from './contenders.mjs';
import { formatScenario, summarise } from './table.mjs';

const MIB_SAVED = 256;
const CONTENDERS = ['longshore', 'floor', 'curl', 'docker', 'docker-py', 'node-http', 'undici', 'dockerode', 'docker-node-sdk'];
const PLANS = [
  { name: 'save-sink', title: 'save', operation: 'saveToSink', unit: 'bytes' },
  { name: 'save-file', title: 'save to a file', operation: 'saveToFile', unit: 'bytes' },
  { name: 'load-file', title: 'load from a file', operation: 'loadFile', unit: 'bytes' },
];

/** Measures with each engine, and removes the image again. Returns the summaries. */
export async function realEngines(sockets, { folder, rounds, native }) {
  const summaries = [];
  for (const socket of sockets) {
    const client = new ImageClient({ host: `unix://${socket}` });
    const image = 'longshore-bench/real:1';
    const file = join(folder, 'real.tar');
    const pieces = Object.fromEntries(Array.from({ length: MIB_SAVED }, (_, at) => [`piece-${at}`, randomBytes(2 ** 20)]));
    try {
      await client.importImageFromData(pieces, { repository: 'longshore-bench/real', tag: '1' });
      const { bytes } = await client.getImage(image).toFile(file);
      const { Version } = await client.version();
      for (const plan of PLANS) {
        const measure = (contender) => once(client, contender, plan, { socket, image, source: file, folder, native, bytes });
        const summary = await runPlan(plan, measure, { rounds, native });
        summaries.push({ ...summary, title: `Engine ${Version}: ${plan.title}`, name: `real-${plan.name}` });
        console.log(formatScenario(summaries.at(-1)));
      }
    } finally {
      await client.removeImage(image, { force: true }).catch(() => {});
      client.close();
      rmSync(file, { force: true });
    }
  }
  return summaries;
}

async function runPlan(plan, measure, { rounds, native }) {
  const runs = new Map();
  for (const contender of CONTENDERS.filter((name) => isHere(name, native))) {
    // It does not read the response to a load: its promise resolves at the head, before the image is loaded.
    if (contender === 'docker-node-sdk' && plan.operation === 'loadFile') continue;
    if ((await measure(contender)) !== undefined) runs.set(contender, []);
  }
  for (let round = 0; round < rounds; round++) for (const [contender, all] of runs) all.push(await measure(contender));
  return summarise(plan, runs);
}

/** One run; afterwards a loaded image must exist, and a saved archive must have the same length as before. */
async function once(client, contender, plan, { socket, image, source, folder, native, bytes }) {
  const isLoad = plan.operation === 'loadFile';
  const file = isLoad ? source : join(folder, 'real-saved.tar');
  if (isLoad) await client.removeImage(image, { force: true }).catch(() => {});
  else rmSync(file, { force: true });
  const result = await runCommand(commandOf(contender, plan, { socket, operation: plan.operation, image, file }, native));
  if (result === undefined) return undefined;
  if (isLoad && !(await client.exists(image))) throw new Error(`${plan.name}: what ${contender} loaded is not there`);
  const saved = plan.operation === 'saveToFile' ? statSync(file).size : isLoad ? bytes : (result.count ?? bytes);
  if (saved !== bytes) throw new Error(`${plan.name}: ${contender} did ${saved} of ${bytes} bytes`);
  return { ...result, amount: bytes };
}
