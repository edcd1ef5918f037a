// Many calls, slow calls, broken calls, a full disk, an engine that changes its version. Afterwards no connection or file is left,
// memory has not grown, and the same client still works.

import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { readdirSync, readlinkSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError, FileError, ImageClient, VersionError } from '../../src/index.ts';
import { parseAddress } from '../../src/config/engine-address.ts';
import {
  ENGINE, HOST, LABEL, LIBRARY, cleanUp, collect, connect, failure, makeImage, repository, serve, temporaryFolder,
} from './support.ts';

const docker = connect();
afterAll(() => cleanUp(docker));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let small: { name: string; id: string };
const MIB = 1024 * 1024;
beforeAll(async () => {
  folder = await temporaryFolder();
  small = await makeImage(docker, 'endurance');
});

/** Imports an image of one file, made as it is sent. */
async function importLarge(what: string, size: number): Promise<string> {
  const name = repository(what);
  const block = randomBytes(MIB); // some stores compress; repeating one block is different enough
  async function* content(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < size; at += block.length) {
      block.writeUInt32BE(at);
      for (let byte = 4; byte < block.length; byte += 4096) block[byte] = (block[byte] ?? 0) ^ (at >> 20);
      yield block;
    }
  }
  await docker.importImageFromData([{ path: 'large', size, content: content() }], {
    repository: name,
    changes: [`LABEL ${LABEL}`],
  });
  return name;
}
afterAll(() => folder.remove());

async function worksAgain(client = docker): Promise<void> {
  expect((await client.inspectImage(small.name)).Id).toBe(small.id);
  const named = `${repository('endurance')}:again`;
  await client.tag(small.name, named);
  expect(await client.exists(named)).toBe(true);
}

/** The sockets that this process has open. */
function openSockets(): number {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the descriptor of the folder itself
    }
  });
  return targets.filter((target) => target.startsWith('socket:')).length;
}

describe.runIf(process.platform === 'linux')('many calls', () => {
  // covers: fault 3.26
  it('200 at once on one client all succeed, and leave six connections', async () => {
    await using client = connect();
    const before = openSockets();
    const calls = Array.from({ length: 200 }, (_, index) => {
      if (index % 4 === 0) return client.inspectImage(small.name).then(({ Id }) => Id);
      if (index % 4 === 1) return client.history(small.name).then((items) => items.length > 0);
      if (index % 4 === 2) return failure(client.inspectImage(repository('nothing'))).then((error) => (error as ApiError).status);
      return client.images({ quiet: true, filters: { label: LABEL } }).then((ids) => ids.includes(small.id));
    });
    const expected = Array.from({ length: 200 }, (_, index) => [small.id, true, 404, true][index % 4]);
    expect(await Promise.all(calls)).toEqual(expected);
    expect(openSockets() - before).toBeLessThanOrEqual(6);
    await worksAgain(client);
  });

  // covers: fault 3.15
  it('1,000 aborted saves leave no connection and no file', async () => {
    await using client = connect();
    await client.ping();
    const room = join(folder.path, 'broken-off');
    await mkdir(room);
    const before = openSockets();
    let begun = 0;
    const reason = new Error('enough');
    const breakOff = async (index: number): Promise<void> => {
      if (index % 2 === 0) {
        for await (const _ of client.getImage(small.name, { chunkSize: 512 })) return;
      }
      const controller = new AbortController();
      const file = join(room, `${index}.tar`);
      const writing = client.getImage(small.name, { signal: controller.signal }).toFile(file);
      setTimeout(() => controller.abort(reason), index % 20); // in a different phase each time; some calls finish before
      await writing.then(() => rm(file), (error: unknown) => expect(error).toBe(reason));
    };
    const worker = async (): Promise<void> => {
      while (begun < 1000) await breakOff(begun++);
    };
    await Promise.all(Array.from({ length: 10 }, worker));
    expect(await readdir(room)).toEqual([]);
    expect(openSockets() - before).toBeLessThanOrEqual(6);
    await worksAgain(client);
  });
});

describe.runIf(process.platform === 'linux')('a loop that takes 1 MiB a second', () => {
  const title = 'for 15 seconds out of 1 GiB, and then breaks off, makes the engine wait: memory stays as it was';
  it(title, { timeout: 300_000 }, async () => {
    const large = await importLarge('endurance-large', 1024 * MIB);
    const program = `
      import * as longshore from ${JSON.stringify(LIBRARY)};
      import { readFileSync } from 'node:fs';
      const resident = () => Number(/^VmRSS:\\s*(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
      const docker = new longshore.ImageClient({ host: ${JSON.stringify(HOST)} });
      let seconds = 0;
      let [first, most] = [0, 0];
      for await (const chunk of docker.getImage(${JSON.stringify(large)}, { chunkSize: ${MIB} })) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        if (++seconds === 1) first = resident();
        most = Math.max(most, resident());
        if (seconds === 15) break;
      }
      const works = await docker.exists(${JSON.stringify(small.name)});
      console.log(JSON.stringify({ seconds, works, grown: most - first }));`;
    const { NODE_V8_COVERAGE: _, ...env } = process.env;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [text] = await Promise.all([collect(child.stdout), once(child, 'exit')]);
    const { seconds, works, grown } = JSON.parse(text.toString()) as { seconds: number; works: boolean; grown: number };
    expect([seconds, works]).toEqual([15, true]);
    // MiB: chunks that were read and are not yet garbage-collected. Without back-pressure it would be 1009.
    expect(grown).toBeLessThan(40);
  });
});

describe('two processes', () => {
  it('that load the same archive at once both succeed', async () => {
    const path = join(folder.path, 'both.tar');
    await docker.getImage(small.name).toFile(path);
    await docker.removeImage(small.id, { force: true });
    const program = `
      import * as longshore from ${JSON.stringify(LIBRARY)};
      const docker = new longshore.ImageClient({ host: ${JSON.stringify(HOST)} });
      console.log(JSON.stringify((await docker.loadImage({ path: ${JSON.stringify(path)} })).references));`;
    const { NODE_V8_COVERAGE: _, ...env } = process.env;
    const run = async (): Promise<unknown> => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      const [text] = await Promise.all([collect(child.stdout), once(child, 'exit')]);
      return JSON.parse(text.toString());
    };
    const [one, other] = (await Promise.all([run(), run()])) as [string[], string[]];
    expect(one).toEqual(other);
    expect(one.join()).toContain(repository('endurance'));
    await worksAgain();
  });
});

/** Mounts a small file system; undefined where that is not allowed. */
function smallDisk(path: string): (() => void) | undefined {
  if (process.getuid?.() !== 0 || process.platform !== 'linux') return undefined;
  spawnSync('mkdir', ['-p', path]);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', path]).status !== 0) return undefined;
  return () => void spawnSync('umount', [path]);
}
const mayMount = ((): boolean => {
  const path = `/tmp/longshore-mount-trial-${process.pid}`; // the tests of another engine may run at the same time
  const unmount = smallDisk(path);
  unmount?.();
  spawnSync('rmdir', [path]);
  return unmount !== undefined;
})();

describe.skipIf(!mayMount)(`a disk that is full${mayMount ? '' : ' (skipped: it takes root to mount a small one)'}`, () => {
  it('ends toFile with a FileError, and an existing file is unchanged', async () => {
    const large = await importLarge('endurance-disk', 16 * MIB);
    const path = join(folder.path, 'disk');
    const unmount = smallDisk(path);
    try {
      const file = join(path, 'image.tar');
      await writeFile(file, 'as it was');
      const error = await failure(docker.getImage(large).toFile(file));
      expect(error).toBeInstanceOf(FileError);
      expect(error).toMatchObject({ errno: 'ENOSPC', path: file });
      expect((error as Error).message).toContain('no space left');
      expect(await readdir(path)).toEqual(['image.tar']);
      expect(await readFile(file, 'utf8')).toBe('as it was');
      // The space is free again.
      expect((await docker.getImage(small.name).toFile(file)).bytes).toBeGreaterThan(1024);
    } finally {
      unmount?.();
    }
    await worksAgain();
  });
});

describe('a load for a platform that the archive does not contain', () => {
  it('is an error, and the next call succeeds', async () => {
    const archive = await collect(docker.getImage(small.name));
    const error = await failure(docker.loadImage(archive, { platform: 'linux/s390x' }));
    const knows = await docker.supports('loadImage.platform');
    expect(error).toBeInstanceOf(knows ? ApiError : VersionError);
    await worksAgain();
  });
});

// Only Docker checks the version in the path.
describe.skipIf(ENGINE.isPodman)('an engine that is replaced by an older one at the same address', () => {
  it('rejects the earlier version, and the client uses the older one', async () => {
    const address = parseAddress(HOST);
    const target = address.scheme === 'tcp' ? { host: address.host, port: address.port } : { socketPath: new URL(HOST).pathname };
    let isNew = true;
    const lines: string[] = [];
    const path = join(folder.path, 'exchanged.sock');
    // A proxy makes the engine claim a newer version; the rejection is the engine's own.
    const server = await serve((request, response) => {
      const { method, url = '', headers } = request;
      lines.push(`${method} ${url.replace(/\?.*/, '')}`);
      const onward = httpRequest({ ...target, method, path: isNew ? url.replace(/^\/v1\.\d+/, '') : url, headers }, (upstream) => {
        const fields = isNew && url === '/_ping' ? { ...upstream.headers, 'api-version': '1.55' } : upstream.headers;
        response.writeHead(upstream.statusCode ?? 500, fields);
        upstream.pipe(response);
      });
      request.pipe(onward);
    }, path);
    try {
      await using client = new ImageClient({ host: `unix://${path}` });
      expect(await client.exists(small.name)).toBe(true);
      isNew = false;
      lines.length = 0;
      await client.tag(small.name, `${repository('endurance')}:exchanged`);
      const { apiVersion } = await docker.ping();
      const tag = `/images/${small.name}/tag`;
      expect(lines).toEqual([`POST /v1.55${tag}`, 'HEAD /_ping', `POST /v${apiVersion}${tag}`]);
      await worksAgain(client);
    } finally {
      server.close();
    }
  });
});
