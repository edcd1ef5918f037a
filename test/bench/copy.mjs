// `longshore copy` beside `docker save | docker load`, from one real engine to others: an image of 1 GiB of which one layer of 10 MiB has
// changed, the same over a link of 100 Mbit/s, and an image of which the target has nothing. Both are measured as programs, from
// their start to their end.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ImageClient } from '../../dist/index.js';
import { runCommand } from './contenders.mjs';
import { makeLayer, packImage } from './layered-image.mjs';
import { startLink } from './slow-link.mjs';
import { formatScenario, summarise } from './table.mjs';

const MIB = 1024 * 1024;
const LINK_BYTES_PER_SECOND = 100e6 / 8;
const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
// With a domain: Podman would name what Docker has saved without one localhost/...
const OLD = 'bench.example/longshore/copy:old';
const NEW = 'bench.example/longshore/copy:new';

/** What the target has before each run, the other contender, and the required results as in scenarios.mjs. */
export const copyPlans = [
  {
    name: 'copy-changed',
    title: 'one of the layers has changed',
    against: 'docker save',
    has: [OLD],
    gates: [[['docker save'], 1 / 1.15]],
    memoryGate: 40,
  },
  {
    name: 'copy-link',
    title: 'one of the layers has changed, 100 Mbit/s',
    against: 'docker save | docker load',
    has: [OLD],
    isSlow: true,
    gates: [[['docker save | docker load'], 4]],
    extraMib: 1,
  },
  {
    name: 'copy-all',
    title: 'the target has no layer',
    against: 'docker save | docker load',
    has: [],
    gates: [[['docker save | docker load'], 1 / 1.15]],
    memoryGate: 40,
  },
];

/** The layers of the image before and after the change. */
async function makeImages({ mib, changedMib }) {
  const base = [];
  for (const name of ['base-1', 'base-2', 'base-3']) base.push(await makeLayer(name, Math.floor((mib - changedMib) / 3)));
  const [before, after] = [await makeLayer('before', changedMib), await makeLayer('after', changedMib)];
  return new Map([[OLD, [...base, before]], [NEW, [...base, after]]]);
}

/** Measures copies from the first engine to each of the others, and removes the images again. Returns the summaries. */
export async function copies([from, ...targets], plans, { folder, rounds, native, bare, scale }) {
  const images = await makeImages(scale);
  const source = new ImageClient({ host: `unix://${from}` });
  const summaries = [];
  try {
    await source.loadImage(packImage(NEW, images.get(NEW)));
    for (const socket of targets) {
      const target = new ImageClient({ host: `unix://${socket}` });
      const link = await startLink(join(folder, 'link.sock'), socket, LINK_BYTES_PER_SECOND);
      const versions = `${await versionOf(source)} to ${await versionOf(target)}`;
      const stage = { images, from, to: socket, target, link, linkSocket: join(folder, 'link.sock'), native, rounds, bare, scale };
      try {
        for (const plan of plans) {
          summaries.push(await runPlan({ ...plan, unit: 'bytes', title: `${versions}: ${plan.title}` }, stage));
          console.log(formatScenario(summaries.at(-1)));
        }
      } finally {
        link.stop();
        await removeImages(target);
        target.close();
      }
    }
  } finally {
    await removeImages(source);
    source.close();
  }
  return summaries;
}

async function removeImages(client) {
  for (const name of [OLD, NEW]) await client.removeImage(name, { force: true }).catch(() => {});
}

/** Such as "Docker 28.5.2, containerd". */
async function versionOf(client) {
  const [{ Version }, { isPodman }, info] = [await client.version(), await client.ping(), await client.info()];
  const isContainerd = JSON.stringify(info.DriverStatus ?? '').includes('io.containerd.snapshotter');
  return `${isPodman ? 'Podman' : 'Docker'} ${Version}${isContainerd ? ', containerd' : ''}`;
}

async function runPlan(plan, stage) {
  const runs = new Map([['longshore', []], [plan.against, []]]);
  const sent = [];
  for (let round = 0; round < stage.rounds; round++) {
    const order = round % 2 === 0 ? [...runs.keys()] : [...runs.keys()].reverse();
    for (const contender of order) {
      const result = await once(contender, plan, stage);
      runs.get(contender).push(result);
      if (contender === 'longshore') sent.push(result.sent);
    }
  }
  const summary = summarise(plan, runs, stage.bare);
  if (plan.isSlow) summary.gates.push(bytesGate(Math.max(...sent), stage.scale.changedMib + plan.extraMib));
  return summary;
}

function bytesGate(sent, most) {
  return { what: 'MiB sent', most, reached: sent / MIB, holds: sent <= most * MIB };
}

/** One run; afterwards the target must have the image with its layers, unless the contender only saves. */
async function once(contender, plan, stage) {
  const { target, images, native } = stage;
  await prepareTarget(plan, stage);
  const to = plan.isSlow ? stage.linkSocket : stage.to;
  spawnSync('sync'); // otherwise this run would wait for what the runs before it have written
  await stage.link.sent();
  const result = await runCommand([native, 'measure', ...commandOf(contender, stage.from, to)]);
  const sent = await stage.link.sent();
  if (contender !== 'docker save') {
    const { RootFS } = await target.inspectImage(NEW);
    const expected = images.get(NEW).map(({ digest }) => digest);
    if (RootFS.Layers.join() !== expected.join()) throw new Error(`${plan.name}: ${contender} copied other layers`);
  }
  const amount = images.get(NEW).reduce((sum, { size }) => sum + size, 0);
  return { ...result, sent, amount };
}

/** Removes the new image, and loads or removes the old one. */
async function prepareTarget({ has }, { target, images }) {
  await target.removeImage(NEW, { force: true }).catch(() => {});
  if (!has.includes(OLD)) await target.removeImage(OLD, { force: true }).catch(() => {});
  else if (!(await target.exists(OLD))) await target.loadImage(packImage(OLD, images.get(OLD)));
}

function commandOf(contender, from, to) {
  const [source, target] = [`unix://${from}`, `unix://${to}`];
  return {
    longshore: [process.execPath, COMMAND, 'copy', NEW, '--host', source, '--to', target],
    'docker save': ['docker', '--host', source, 'save', NEW],
    'docker save | docker load': ['sh', '-c', 'docker --host "$0" save "$1" | docker --host "$2" load', source, NEW, target],
  }[contender];
}
