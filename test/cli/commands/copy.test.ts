// longshore copy, layers, and save --without-layers-of, with engines that answer over HTTP.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeEngine } from '../../support/fake-engine.ts';
import type { FakeEngine } from '../../support/fake-engine.ts';
import { noGnuTar } from '../../support/foreign-tar.ts';
import { titled } from '../../support/installed.ts';
import { filesIn, partsOf, savedArchive } from '../../support/saved.ts';
import { longshore } from '../fake-io.ts';

const archive = savedArchive('docker-20.10', 'app');
const { config, diffIds } = noGnuTar === undefined ? partsOf(archive) : { config: '', diffIds: [] };
const OTHER = `sha256:${'e'.repeat(64)}`;

/** An engine with the graph driver, which has these layers under OTHER, and the image if it is the source or has loaded it. */
async function engineWith(layers: readonly string[], hasImage: boolean, failing = '', onLoaded = (): void => {}, saved: Uint8Array = archive): Promise<FakeEngine> {
  let isLoaded = hasImage;
  const image = (id: string, chain: readonly string[]): object => {
    return { Id: id, RootFS: { Type: 'layers', Layers: chain }, Os: 'linux', Architecture: 'amd64', Size: 512e6, RepoTags: [], RepoDigests: [] };
  };
  return fakeEngine(({ method, target }, response) => {
    const path = decodeURIComponent(target.replace(/^\/v1\.\d+|\?.*$/g, ''));
    if (failing !== '' && path.includes(failing)) {
      response.writeHead(500, { 'Content-Type': 'application/json' });
      return { message: 'write /var/lib/docker/tmp/x: no space left on device' };
    }
    if (path === '/version') return { Os: 'linux', Arch: 'amd64', ApiVersion: '1.41', Version: '20.10' };
    if (path === '/info') return {};
    if (path === '/images/json') return layers.length > 0 ? [{ Id: OTHER, RepoTags: ['team/base:1'], RepoDigests: [], Created: 0, Size: 1, SharedSize: -1, Containers: -1, Labels: null, ParentId: '' }] : [];
    if (path === '/images/get') return void response.end(saved);
    if (path === '/images/load') {
      isLoaded = true;
      return void response.end('{"stream":"Loaded image: x:1\\n"}', onLoaded);
    }
    if (path.endsWith('/tag')) return void response.writeHead(201).end();
    if (method === 'DELETE') return [{ Untagged: 'x' }];
    if (path === `/images/${OTHER}/json`) return image(OTHER, layers);
    const isHere = isLoaded && (hasImage || path.includes('longshore-copy') || path.includes(config));
    if (isHere) return image(config, diffIds);
    response.writeHead(404, { 'Content-Type': 'application/json', 'Api-Version': '1.41' });
    return { message: 'no such image' };
  });
}

let source: FakeEngine;
let folder: string;
const engines: FakeEngine[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-copy-'));
  engines.push((source = await engineWith([], true)));
});
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  rmSync(folder, { recursive: true });
});
const target = async (...given: Parameters<typeof engineWith>): Promise<FakeEngine> => {
  const engine = await engineWith(...given);
  engines.push(engine);
  return engine;
};
const asked = (engine: FakeEngine): string[] => engine.asked.map(({ method, target: to }) => `${method} ${to.replace(/\?.*/, '').replace(/^\/v1\.\d+/, '')}`);

describe.skipIf(noGnuTar)(titled('longshore copy', noGnuTar), () => {
  it('prints a line for each image, and sends only the layers that are missing', async () => {
    const other = await target(diffIds.slice(0, 3), false);
    const { code, stdout, stderr } = await longshore(source.host, ['copy', 'team/app:2', '--to', other.host]);
    expect(stderr).not.toContain('longshore copy:');
    const sent = other.asked.find(({ target: to }) => to.includes('/images/load'))?.body ?? Buffer.of();
    expect([...filesIn(sent).keys()].filter((path) => path.startsWith('blobs/'))).toHaveLength(3);
    expect(stdout).toBe(`team/app:2 -> ${other.host}: sent 1 of 3 layers, 2.05 kB of 6.14 kB\n`); // a layer has 2048 bytes
    expect(code).toBe(0);
  });

  it('prints progress for each layer', async () => {
    const other = await target(diffIds.slice(0, 3), false);
    const { stderr } = await longshore(source.host, ['copy', 'team/app:2', '--to', other.host]);
    const short = diffIds.map((id) => id.slice(7, 19));
    expect(stderr).toContain(`${short[0]}: Layer already exists`);
    expect(stderr).toContain(`${short[3]}: Pushed`);
  });

  it('shows the size of the layers as sent if all were sent, not that of the archive', async () => {
    const other = await target([], false);
    const { stdout } = await longshore(source.host, ['copy', 'team/app:2', '--to', other.host, '-q']);
    expect(stdout).toBe(`team/app:2 -> ${other.host}: sent 3 of 3 layers, 6.14 kB of 6.14 kB\n`);
  });

  it('shows with --dry-run what it would send, and sends nothing', async () => {
    const other = await target([], false);
    const { code, stdout } = await longshore(source.host, ['copy', 'team/app:2', '--to', other.host, '--dry-run', '-q']);
    expect([code, stdout]).toEqual([0, `team/app:2 -> ${other.host}: would send 3 of 3 layers; the image has 512 MB\n`]);
    expect(asked(other).every((line) => line.startsWith('GET '))).toBe(true);
  });

  it('prints JSON', async () => {
    const other = await target([], false);
    const { stdout } = await longshore(source.host, ['copy', 'team/app:2', '--to', other.host, '--json', '-q']);
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'result', resent: false, bytesTotal: 6144, images: [{ id: config, references: ['docker.io/team/app:2'], layers: [{ sent: true, reason: 'absent', size: 2048 }, {}, {}] }],
    });
  });

  it('copies to several targets at the same time, and exits with 1 if one of them failed', async () => {
    const [good, full] = [await target(diffIds.slice(0, 3), false), await target([], false, '/images/load')];
    const { code, stdout, stderr } = await longshore(source.host, ['copy', 'team/app:2', '--to', good.host, '--to', full.host]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ENGINE +RESULT +DETAIL\n/);
    expect(stdout).toMatch(/ done +team\/app:2 -> unix:\S+: sent 1 of 3 layers/);
    expect(stdout).toMatch(/ failed +team\/app:2: the target answered 500: write \S+: no space left on device\n/);
    expect(stderr).toContain('| longshore copy: team/app:2: the target answered 500');
  });

  it.each([
    [['copy', 'a'], 'missing target: give --to HOST or --to CONTEXT'],
    [['copy', '--to', 'x'], 'missing argument'],
    [['copy', 'a', '--to', 'x', '--to', 'x'], '--to x is given twice'],
    [['copy', 'a', '--to', 'x', '--platform', 'linux/amd64', '--platform', 'linux/arm64'], '--platform is given twice'],
    [['copy', 'a', '--to', 'ftp://x'], 'ftp'],
    [['copy', 'a', '--to', 'localhost:2375'], '--to "localhost:2375" is neither a host, such as tcp://HOST:PORT, nor the name of a context'],
    [['copy', 'a', '--to', ''], '--to "" is neither a host'],
    [['copy', 'a', '--to', 'x', '-H', 'unix:///a', '-H', 'unix:///b'], 'one engine at a time'],
    [['copy', 'a/B', '--to', 'unix:///nowhere.sock'], 'not a valid image reference'],
  ])('%j is an invalid command line', async (argv, message) => {
    const { code, stderr } = await longshore(source.host, argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(source.asked).toEqual([]);
  });

  it('of a platform that the source does not have says which it has', async () => {
    const other = await target([], false);
    const { code, stderr } = await longshore(source.host, ['copy', 'team/app:2', '--to', other.host, '--platform', 'linux/s390x', '-q']);
    expect([code, stderr]).toEqual([1,
      'longshore copy: the source has docker.io/team/app:2 for linux/amd64, and not for linux/s390x. Pull the platform there first, or choose another\n',
    ]);
  });

  it('of an archive that is damaged names the source, and no request of the target', async () => {
    const damaged = Buffer.from(archive);
    damaged[archive.lastIndexOf('top\n')] = 'T'.charCodeAt(0);
    const [wrong, other] = [await target([], true, '', undefined, damaged), await target([], false)];
    const { code, stderr } = await longshore(wrong.host, ['copy', 'team/app:2', '--to', other.host, '-q']);
    expect(code).toBe(1);
    expect(stderr).toContain(`longshore copy: the source of the copy, ${wrong.host}: digest mismatch in the archive: `);
    expect(stderr).not.toContain(other.host);
  });

  it('shows the whole command that removes what may be left on a target that has ended', async () => {
    const ended = await target(diffIds.slice(0, 3), false, '', () => void ended.close());
    const { code, stderr } = await longshore(source.host, ['copy', 'team/app:2', '--to', ended.host, '-q']);
    expect(code).toBe(1);
    const command = `remove it with longshore rm --host ${ended.host} docker\\.io/longshore-copy/[-0-9a-f]{36}:1\n`;
    expect(stderr).toMatch(new RegExp(`^longshore copy: warning: .*${command}`, 'm'));
    expect(stderr).toMatch(new RegExp(`^longshore copy: the target of the copy, ${ended.host}: cannot connect to .*${command}Is the engine running`, 'm'));
  });

  it('refuses the source as the target', async () => {
    const { code, stderr } = await longshore(source.host, ['copy', 'a', '--to', source.host]);
    expect([code, stderr.split('\n')[0]]).toEqual([2, `longshore copy: --to is the same engine, ${source.host}: use tag`]);
  });
});

describe.skipIf(noGnuTar)(titled('an inventory', noGnuTar), () => {
  it('of longshore layers makes longshore save leave out its layers', async () => {
    const other = await target(diffIds.slice(0, 3), false);
    const have = join(folder, 'have.json');
    const delta = join(folder, 'delta.tar');
    const { stdout } = await longshore(other.host, ['layers']);
    expect(JSON.parse(stdout)).toEqual({
      longshoreInventory: 2, store: 'graphdriver', apiVersion: '1.41', platform: 'linux/amd64',
      images: [{ id: OTHER, names: ['team/base:1'], layers: diffIds.slice(0, 3) }],
    });
    writeFileSync(have, stdout);
    const { code, stderr } = await longshore(source.host, ['save', 'team/app:2', '--without-layers-of', have, '-o', delta]);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`verified: 6 entries, complete but for the layers in ${have}\n`)]);
    const files = filesIn(readFileSync(delta));
    expect(JSON.parse(String(files.get('manifest.json')))[0].RepoTags).toEqual(['docker.io/team/app:2']);
    expect([...files.keys()].filter((path) => path.startsWith('blobs/'))).toHaveLength(3);
  });

  it.each([
    ['absent.json', undefined, /cannot read the inventory \S+absent\.json: no such file or directory\n/],
    ['text.json', 'no JSON', 'is not JSON: make it with longshore layers'],
    ['version.json', '{"longshoreInventory":1,"chains":[]}', /cannot use the inventory \S+version\.json: the inventory has version 1/],
    ['digest.json', '{"longshoreInventory":2,"store":"podman","apiVersion":"1.41","images":[{"id":"","names":[],"layers":["x"]}]}', /digest\.json: .*images\[0\]\.layers\[0\] is not a digest/],
  ])('in %s is refused', async (name, content, message) => {
    if (content !== undefined) writeFileSync(join(folder, name), content);
    const { code, stderr } = await longshore(source.host, ['save', 'a', '--without-layers-of', join(folder, name), '-o', join(folder, 'x.tar')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(source.asked).toEqual([]);
  });
});
