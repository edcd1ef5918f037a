// `npm run record`: records the cases of support/tape-cases.mjs on the engine that DOCKER_HOST names (or the
// default socket) into fixtures/tapes/<engine>-<version>[-containerd]/<case>.tape. It makes its own tiny images and
// removes them again, also when it fails. The engine should have no other images and containers, because the tapes of
// `disk-usage` and the events would contain them. `npm run record -- pull save` records only those cases.
//
// REGISTRY=host:port names a registry that needs no login, REGISTRY_LOGIN=host:port one that needs that of
// REGISTRY_USER and REGISTRY_PASSWORD; without them the cases that need them are left out. This machine and the engine
// reach both by plain HTTP. For Podman, registries.conf must list them, and also 127.0.0.1:5009, where the recorder
// itself responds to searches. Pushed images stay in the registries: longshore/*, a few kilobytes.

import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseAddress } from '../build/config/engine-address.js';
import { ImageClient, NotFoundError, packTar } from '../build/index.js';
import { dialerFor } from '../build/system/net/dialer.js';
import { encodeTape, recorder } from '../build/testing.js';
import { LABEL, LABELLED, SERVED, cases } from './support/tape-cases.mjs';

const { DOCKER_HOST, REGISTRY, REGISTRY_LOGIN, REGISTRY_USER = '', REGISTRY_PASSWORD = '' } = process.env;
const dialer = dialerFor(parseAddress(DOCKER_HOST || 'unix:///var/run/docker.sock', 'DOCKER_HOST'));
const login = { registry: REGISTRY_LOGIN, username: REGISTRY_USER, password: REGISTRY_PASSWORD };
const env = { registry: REGISTRY, login: REGISTRY_LOGIN ? login : undefined, packTar };
const admin = new ImageClient({ dialer });

const wanted = new Set(process.argv.slice(2));
const info = await admin.info();
const { header, folder } = await describeEngine();
mkdirSync(folder, { recursive: true });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => removeOurs().finally(() => process.exit(130)));
try {
  for (const each of cases.filter(({ name }) => wanted.size === 0 || wanted.has(name))) {
    const reason = await lacking(each);
    const file = `${folder}/${each.name}.tape`;
    if (reason === undefined) await removeOurs();
    const tape = reason === undefined ? await recordCase(each) : undefined;
    if (tape !== undefined) writeFileSync(file, encodeTape(withoutMachine(tape)));
    const without = reason ?? 'early refusal';
    console.log(tape === undefined ? `left out ${each.name}: there is no ${without}` : `recorded ${each.name}`);
  }
} finally {
  await removeOurs();
  admin.close();
}

/** What a case needs and is missing. */
async function lacking({ needs = [], podman, registry, login }) {
  if (podman && !header.engine.startsWith('Podman')) return 'Podman';
  if (registry && env.registry === undefined) return 'REGISTRY';
  if (login && env.login === undefined) return 'REGISTRY_LOGIN';
  for (const subject of [needs].flat()) if (!(await admin.supports(subject))) return subject;
  return undefined;
}

async function recordCase({ images = {}, client = {}, serve, prepare, cleanUp, run }) {
  for (const [name, entries] of Object.entries(images)) {
    await admin.importImageFromData(entries, { repository: name, changes: LABELLED });
  }
  await prepare?.(admin, env);
  const server = serve && (await serving(typeof serve === 'function' ? await serve(env) : serve));
  const recording = recorder(dialer, header);
  const docker = new ImageClient({ ...client, dialer: recording.dialer });
  try {
    await run(docker, env);
  } catch (error) {
    if (error?.code === 'LONGSHORE_UPLOAD') return undefined; // see SlowBlob: the engine read the whole upload
    if (typeof error?.code !== 'string' || !error.code.startsWith('LONGSHORE_')) throw error; // no case expects this
  } finally {
    docker.close();
    server?.closeAllConnections();
    server?.close();
    await cleanUp?.(admin);
  }
  return recording.tape();
}

/** Sends the responses of a case, from its table of paths. */
async function serving(routes) {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, `http://${SERVED}`);
    const body = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
    if (body === undefined) response.writeHead(404).end('not found\n');
    else response.end(typeof body === 'function' ? body(searchParams) : body);
  });
  const [host, port] = SERVED.split(':');
  await new Promise((resolve, reject) => server.once('error', reject).listen(Number(port), host, resolve));
  return server;
}

async function describeEngine() {
  const { Version, Components } = await admin.version();
  const engine = Components?.some(({ Name }) => /podman/i.test(Name)) ? 'Podman' : 'Docker';
  const [, short] = /^([0-9]+\.[0-9]+)/.exec(Version);
  const store = (await admin.supports('images.manifests')) ? '-containerd' : '';
  const path = `../fixtures/tapes/${engine.toLowerCase()}-${short}${store}`;
  const registries = Object.entries({ REGISTRY, REGISTRY_LOGIN }).filter(([, value]) => value);
  const command = [...registries.map((pair) => pair.join('=')), 'npm run record'].join(' ');
  const date = new Date().toISOString().slice(0, 10);
  return { header: { engine, version: Version, command, date }, folder: fileURLToPath(new URL(path, import.meta.url)) };
}

/**
 * The tape without data of this machine in responses: it is replaced by as many x's and ones, so that lengths stay
 * correct.
 */
function withoutMachine({ header, records }) {
  const hidden = new Map();
  for (const run of answers(records)) {
    const bytes = Buffer.concat(run.map((record) => record.bytes));
    hideInContent(bytes);
    let at = 0;
    for (const record of run) hidden.set(record, bytes.subarray(at, (at += record.bytes.length)));
  }
  return { header, records: records.map((each) => (hidden.has(each) ? { ...each, bytes: hidden.get(each) } : each)) };
}

/** The records of each response: those on one connection between two requests. */
function answers(records) {
  const runs = [];
  const open = new Map();
  for (const record of records) {
    if (record.type !== 'received') open.delete(record.connection);
    else if (open.has(record.connection)) open.get(record.connection).push(record);
    else {
      open.set(record.connection, [record]);
      runs.push(open.get(record.connection));
    }
  }
  return runs;
}

/** Changes the response in place. Chunked content is searched without its framing, which may be in the middle of a word. */
function hideInContent(answer) {
  const text = answer.toString('latin1');
  const start = text.indexOf('\r\n\r\n') + 4;
  const isChunked = /^transfer-encoding: chunked\r$/im.test(text.slice(0, start));
  const parts = isChunked ? chunks(text, start) : [[0, text.length]];
  let content = hide(parts.map(([from, to]) => text.slice(from, to)).join(''));
  for (const [from, to] of parts) {
    answer.write(content.slice(0, to - from), from, 'latin1');
    content = content.slice(to - from);
  }
}

/** The position of the data of each chunk. */
function chunks(text, start) {
  const found = [];
  for (let at = start; at < text.length; ) {
    const line = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!(size > 0)) break;
    found.push([line + 2, Math.min(line + 2 + size, text.length)]);
    at = line + 2 + size + 2;
  }
  return found;
}

function hide(text) {
  const { DockerRootDir, KernelVersion, ID } = info;
  let hidden = text.replace(/(?<="ID":")[0-9a-f]{8}-[0-9a-f-]{27}(?=")/g, blurred); // Podman's ID changes each time
  for (const fact of [DockerRootDir, KernelVersion, ID]) {
    if (fact?.length > 3) hidden = hidden.replaceAll(fact, blurred);
  }
  const host = `"Name":${JSON.stringify(info.Name)}`;
  hidden = hidden.replaceAll(host, (whole) => `"Name":${blurred(whole.slice('"Name":'.length))}`);
  const texts = /(?<="(?:Address|HttpProxy|HttpsProxy|NoProxy|Uptime)":)"[^"]*"/g;
  const numbers = /(?<="(?:NCPU|MemTotal|MemFree|SwapTotal|SwapFree)":)[0-9]+/g;
  return hidden.replace(texts, blurred).replace(numbers, (digits) => '1'.repeat(digits.length));
}

function blurred(text) {
  return text.replace(/[^/"]/g, 'x');
}

/** Removes every image that has our label. */
async function removeOurs() {
  for (const { Id } of await admin.images({ all: true, filters: { label: LABEL } })) {
    await admin.removeImage(Id, { force: true }).catch((error) => {
      if (!(error instanceof NotFoundError)) throw error; // it was removed with another one
    });
  }
}
