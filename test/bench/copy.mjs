// Measures a copy between two real engines, beside `docker save | docker load` (both by curl): an image of 1 GiB of which one layer of
// 10 MiB is new, whole and over a link of 100 Mbit/s. Usage: node test/bench/copy.mjs unix:///source.sock unix:///target.sock
// It makes and removes images called longshore-bench/..., and needs curl.

import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ImageClient, packTar } from '../../dist/index.js';

const MIB = 1024 * 1024;
const LAYERS = [400, 300, 200, 114, 10]; // in MiB; the last one is new
const RATE = 100e6 / 8; // bytes a second
const [, self, sourceHost, targetHost, mode] = process.argv;
const path = (host) => host.replace('unix://', '');

/** In a child: one copy, and what it took. */
async function copyOnce() {
  const [from, to] = [new ImageClient({ host: sourceHost }), new ImageClient({ host: targetHost })];
  const start = performance.now();
  const { bytesSent, resent, images } = await from.copyImage('longshore-bench/app:1', { to, full: mode === 'full' });
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ seconds, bytesSent, resent, sent: images[0].layers.filter((layer) => layer.sent).length, rss: process.resourceUsage().maxRSS * 1024 }));
  from.close();
  to.close();
}

/** Runs this file in a process of its own. */
async function child(...argv) {
  const made = spawn(process.execPath, [self, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  made.stdout.on('data', (data) => (text += data));
  await once(made, 'close');
  return JSON.parse(text);
}

function shell(command) {
  const start = performance.now();
  const { status, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command]);
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return (performance.now() - start) / 1000;
}
const save = (host) => `curl -sS --fail --unix-socket ${path(host)} 'http://engine/v1.41/images/get?names=longshore-bench/app:1'`;
const load = (host) => `curl -sS --fail --unix-socket ${path(host)} -H 'Content-Type: application/x-tar' -T - -X POST http://engine/v1.41/images/load`;

/** A relay to the target that takes at most RATE bytes a second from the client. */
async function slowRelay(socket, host) {
  const server = createServer((client) => {
    const engine = connect(path(host));
    let [start, passed] = [performance.now(), 0];
    client.on('data', (data) => {
      engine.write(data);
      passed += data.length;
      const due = start + (passed / RATE) * 1000 - performance.now();
      if (due < -100) [start, passed] = [performance.now(), 0]; // no credit for idle time
      if (due <= 1) return;
      client.pause();
      setTimeout(() => client.resume(), due);
    });
    engine.on('data', (data) => client.write(data));
    for (const [one, other] of [[client, engine], [engine, client]]) one.on('close', () => other.destroy()).on('end', () => other.end()).on('error', () => other.destroy());
  });
  server.listen(socket);
  await once(server, 'listening');
  return server;
}

async function layerOf(mib) {
  const content = randomBytes(mib * MIB);
  const blocks = [];
  for await (const block of packTar([{ path: `data-${mib}`, content }])) blocks.push(block);
  return Buffer.concat(blocks);
}

async function* archiveOf(name, layers) {
  const hex = (bytes) => createHash('sha256').update(bytes).digest('hex');
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${hex(layer)}`) } }));
  const describe = (bytes, kind) => ({ mediaType: `application/vnd.oci.image.${kind}`, digest: `sha256:${hex(bytes)}`, size: bytes.length });
  const manifest = Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: describe(config, 'config.v1+json'), layers: layers.map((layer) => describe(layer, 'layer.v1.tar')),
  }));
  const full = `docker.io/${name}`;
  const annotations = { 'io.containerd.image.name': full, 'org.opencontainers.image.ref.name': full };
  yield* packTar([
    ...[...layers, config, manifest].map((blob) => ({ path: `blobs/sha256/${hex(blob)}`, content: blob })),
    { path: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: [{ ...describe(manifest, 'manifest.v1+json'), annotations }] }) },
    { path: 'manifest.json', content: JSON.stringify([{ Config: `blobs/sha256/${hex(config)}`, RepoTags: [full], Layers: layers.map((layer) => `blobs/sha256/${hex(layer)}`) }]) },
    { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
  ]);
}

async function bench() {
  const [source, target] = [new ImageClient({ host: sourceHost }), new ImageClient({ host: targetHost })];
  const remove = (client, name) => client.removeImage(name, { force: true }).catch(() => {});
  const folder = mkdtempSync(join(tmpdir(), 'longshore-bench-'));
  const print = (what, seconds, more = '') => console.log(`${what.padEnd(46)} ${seconds.toFixed(2).padStart(7)} s  ${more}`);
  const told = ({ bytesSent, rss, sent, resent }) => `${(bytesSent / MIB).toFixed(1)} MiB sent, ${sent} layers${resent ? ', resent' : ''}, peak memory ${(rss / MIB).toFixed(0)} MiB`;
  try {
    const bare = spawnSync(process.execPath, ['-e', 'console.log(process.resourceUsage().maxRSS * 1024)']).stdout;
    console.log(`bare Node: ${(Number(bare) / MIB).toFixed(0)} MiB`);
    const layers = [];
    for (const mib of LAYERS) layers.push(await layerOf(mib));
    await source.loadImage(archiveOf('longshore-bench/app:1', layers));
    await target.loadImage(archiveOf('longshore-bench/base:1', layers.slice(0, -1)));
    layers.length = 0;
    shell(`${save(sourceHost)} > /dev/null`); // fills caches
    for (let round = 0; round < 3; round++) {
      print('save > /dev/null', shell(`${save(sourceHost)} > /dev/null`));
      const copied = await child(sourceHost, targetHost, 'copy');
      print('copy, only the new layer', copied.seconds, told(copied));
      await remove(target, 'longshore-bench/app:1');
    }
    const relay = await slowRelay(join(folder, 'slow.sock'), targetHost);
    const slow = `unix://${join(folder, 'slow.sock')}`;
    const overLink = await child(sourceHost, slow, 'copy');
    print('copy, only the new layer, 100 Mbit/s', overLink.seconds, told(overLink));
    await remove(target, 'longshore-bench/app:1');
    // In another process, because shell() blocks this one, which is the relay.
    const piped = spawn('bash', ['-o', 'pipefail', '-c', `${save(sourceHost)} | ${load(slow)}`], { stdio: 'ignore' });
    const start = performance.now();
    await once(piped, 'close');
    print('save | load, 100 Mbit/s', (performance.now() - start) / 1000);
    relay.close();
    for (let round = 0; round < 3; round++) {
      for (const name of ['longshore-bench/app:1', 'longshore-bench/base:1']) await remove(target, name);
      print('save | load, nothing there', shell(`${save(sourceHost)} | ${load(targetHost)}`));
      for (const name of ['longshore-bench/app:1', 'longshore-bench/base:1']) await remove(target, name);
      const whole = await child(sourceHost, targetHost, 'full');
      print('copy, nothing there', whole.seconds, told(whole));
    }
  } finally {
    for (const client of [source, target]) for (const name of ['longshore-bench/app:1', 'longshore-bench/base:1']) await remove(client, name);
    rmSync(folder, { recursive: true, force: true });
    source.close();
    target.close();
  }
}

if (self !== fileURLToPath(import.meta.url) || targetHost === undefined) throw new Error('give two engines: unix:///source.sock unix:///target.sock');
await (mode === undefined ? bench() : copyOnce());
