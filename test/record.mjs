// What `npm run record` runs: records the cases of support/tape-cases.mjs on the engine that DOCKER_HOST names (or the
// default socket) into fixtures/tapes/<engine>/<case>.tape. It makes its own tiny images and removes them again, also
// when it fails. `npm run record -- pull save` records only those. REGISTRY=host:port names a registry that needs no
// login and that the engine reaches; without it the cases that need one are left out. What is pushed there stays there:
// longshore/tape:1, a few hundred bytes.

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAddress } from '../dist/docker/address.js';
import { ImageClient, packTar } from '../dist/index.js';
import { dialerFor } from '../dist/system/dial.js';
import { encodeTape, recorder } from '../dist/testing.js';
import { LABEL, LABELLED, cases, collect } from './support/tape-cases.mjs';

const dialer = dialerFor(parseAddress(process.env['DOCKER_HOST'] || 'unix:///var/run/docker.sock', 'DOCKER_HOST'));
const env = { registry: process.env['REGISTRY'], packTar };
const admin = new ImageClient({ dialer });

const wanted = new Set(process.argv.slice(2));
const isWanted = ({ name }) => wanted.size === 0 || wanted.has(name);
const chosen = cases.filter((each) => isWanted(each) && (!each.registry || env.registry));
const { header, folder } = await describeEngine();
const hidden = await machineNames();
mkdirSync(folder, { recursive: true });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => removeOurs().finally(() => process.exit(130)));
try {
  for (const each of chosen) {
    await removeOurs();
    writeFileSync(`${folder}/${each.name}.tape`, encodeTape(withoutMachine(await recordCase(each))));
    console.log(`recorded ${each.name}`);
  }
} finally {
  await removeOurs();
  admin.close();
}

async function recordCase({ images = {}, client = {}, prepare, run }) {
  for (const [name, entries] of Object.entries(images)) {
    await admin.importImageFromData(entries, { repository: name, changes: LABELLED });
  }
  await prepare?.(admin, env);
  const recording = recorder(dialer, header);
  const docker = new ImageClient({ ...client, dialer: recording.dialer });
  try {
    await run(docker, env);
  } catch (error) {
    if (typeof error?.code !== 'string' || !error.code.startsWith('LONGSHORE_')) throw error; // no case wants this
  } finally {
    docker.close();
  }
  return recording.tape();
}

async function describeEngine() {
  const { Version, Components } = await admin.version();
  const engine = Components?.some(({ Name }) => /podman/i.test(Name)) ? 'Podman' : 'Docker';
  const [, short] = /^([0-9]+\.[0-9]+)/.exec(Version);
  const folder = fileURLToPath(new URL(`../fixtures/tapes/${engine.toLowerCase()}-${short}`, import.meta.url));
  const command = `${env.registry ? `REGISTRY=${env.registry} ` : ''}npm run record`;
  return { header: { engine, version: Version, command, date: new Date().toISOString().slice(0, 10) }, folder };
}

/** What tells of this machine and stands in answers: where the engine keeps its files, and the kernel. */
async function machineNames() {
  const { body } = await admin.request({ path: '/info' });
  const { DockerRootDir, KernelVersion } = JSON.parse((await collect(body)).toString());
  return [DockerRootDir, KernelVersion].filter((text) => text?.length > 3);
}

/** The tape with as many x's in place of all that: lengths stay true. */
function withoutMachine({ header, records }) {
  const hide = (bytes) => {
    let text = Buffer.from(bytes).toString('latin1');
    for (const name of hidden) text = text.replaceAll(name, name.replace(/[^/]/g, 'x'));
    return Buffer.from(text, 'latin1');
  };
  const changed = records.map((record) => (record.type === 'over' ? record : { ...record, bytes: hide(record.bytes) }));
  return { header, records: changed };
}

/** Removes every image that has our label. */
async function removeOurs() {
  for (const { Id } of await admin.images({ all: true, filters: { label: LABEL } })) {
    await admin.removeImage(Id, { force: true });
  }
}
