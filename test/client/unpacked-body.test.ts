// Compressed archives that are loaded and imported: sent as they are, decompressed here, or refused before anything is sent.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { unpackedBody } from '../../src/client/unpacked-body.ts';
import type { Destination } from '../../src/client/unpacked-body.ts';
import { ImageClient, UploadError } from '../../src/index.ts';
import type { UploadData } from '../../src/index.ts';
import { isAvailable } from '../../src/system/compression.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { run } from '../support/foreign-tar.ts';
import { lacking, titled } from '../support/installed.ts';
import { collected, source } from '../support/saved.ts';

const PODMAN = { 'Libpod-Api-Version': '5.4.2', Server: 'Libpod/5.4.2 (linux)' };
const DOCKER = { Server: 'Docker/20.10.24 (linux)' };
const content = Buffer.from('an archive '.repeat(50_000));
const answer = `{"stream":"Loaded image: a:1"}{"status":"sha256:${'a'.repeat(64)}"}`;

let engine: FakeEngine;
let client: ImageClient;
const folder = mkdtempSync(join(tmpdir(), 'longshore-'));
afterEach(async () => {
  client?.close();
  await engine?.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
async function start(identity: Record<string, string>): Promise<void> {
  engine = await fakeEngine(() => answer, '1.41', identity);
  client = new ImageClient({ host: engine.host });
}
const bytewise = (bytes: Uint8Array): Iterable<Uint8Array> => (function* () {
  const memory = Buffer.alloc(1); // used again, as a file reader does
  for (const byte of bytes) yield memory.fill(byte);
})();

describe('an archive that the engine decompresses', () => {
  const archive = gzipSync(content);
  const forms: Readonly<Record<string, () => UploadData>> = {
    'bytes': () => archive,
    'a stream of Node': () => Readable.from([archive.subarray(0, 2), archive.subarray(2)]),
    'an iterable that gives one byte at a time': () => source(bytewise(archive.subarray(0, 700))),
    'a blob': () => new Blob([archive]),
    'less than four bytes': () => source([Buffer.from([0x1f]), Buffer.alloc(0), Buffer.from([0x8b])]),
    'a file': () => {
      writeFileSync(join(folder, 'x.tar.gz'), archive);
      return { path: join(folder, 'x.tar.gz') };
    },
  };
  it.each(Object.entries(forms))('is sent as it is: %s', async (name, make) => {
    await start(DOCKER);
    await client.loadImage(make());
    const expected = /one byte/.test(name) ? archive.subarray(0, 700) : /four/.test(name) ? Buffer.from([0x1f, 0x8b]) : archive;
    expect(engine.asked[0]?.body.equals(expected)).toBe(true);
  });
});

const why = isAvailable('zstd') ? lacking('zstd') : 'this Node has no zstd';
describe('a zstd archive', () => {
  it.skipIf(why).each([['loadImage', DOCKER], ['importImage', PODMAN]] as const)(titled('is decompressed here for %s', why), async (method, identity) => {
    const archive = run('zstd', ['-c'], content);
    await start(identity);
    for (const data of [archive, source(bytewise(archive)), Readable.from([archive.subarray(0, 3), archive.subarray(3)])]) await client[method](data);
    const uploads = engine.asked.filter(({ method: used }) => used === 'POST');
    expect(uploads).toHaveLength(3);
    for (const { body, headers } of uploads) {
      expect(body.equals(content)).toBe(true);
      expect(headers['transfer-encoding']).toBe('chunked');
    }
  });

  it.skipIf(why)(titled('that is damaged rejects the load', why), async () => {
    await start(DOCKER);
    await expect(client.loadImage(run('zstd', ['-c'], content).subarray(0, -20))).rejects.toThrow(/unexpected end of file.*zstd -t FILE/);
  });

  it.skipIf(isAvailable('zstd'))('is refused before anything is sent if neither the engine nor this Node decompresses it', async () => {
    await start(DOCKER);
    const loading = client.loadImage(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]));
    await expect(loading).rejects.toThrow(/^the archive is compressed with zstd, which Docker 20\.10 does not load and .*Node 22\.15.*: zstd -d FILE$/);
    expect(engine.asked).toEqual([]);
  });
});

it.each([['bzip2', 'BZh91AY'], ['xz', '\xfd7zXZ\0']])('refuses %s before anything is sent if the engine does not import it', async (name, magic) => {
  await start(PODMAN);
  const stream = Readable.from([Buffer.from(magic, 'latin1')]);
  const failed: unknown = await client.importImageFromStream(stream, { repository: 'a' }).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(UploadError);
  expect((failed as Error).message).toMatch(
    new RegExp(`^the archive is compressed with ${name}, which Podman 5\\.4 does not import and this client cannot decompress\\. .*: ${name} -d FILE$`),
  );
  expect(stream.destroyed).toBe(true);
  expect(engine.asked).toEqual([]);
});

describe('the first bytes', () => {
  const docker: Destination = { operation: 'loadImage', identity: async () => ({ apiVersion: '1.41', isPodman: false, podmanVersion: undefined, ...{ server: DOCKER.Server } }) };

  it('are not waited for after an abort, which closes the source', async () => {
    const slow = new PassThrough();
    const stop = new AbortController();
    await start(DOCKER);
    const loading = client.loadImage(slow, { signal: stop.signal });
    const failed = loading.catch((error: unknown) => error);
    await vi.waitFor(() => expect(engine.pings()).toBe(1));
    stop.abort(new Error('enough'));
    expect(await failed).toEqual(new Error('enough'));
    await vi.waitFor(() => expect(slow.destroyed).toBe(true));
  });

  it('leave an endless source of empty chunks to the upload', async () => {
    let given = 0;
    const empty = (async function* () {
      for (;;) yield Buffer.alloc(given++ * 0);
    })();
    const { compression, close } = await unpackedBody({ chunks: empty }, docker, undefined);
    expect([compression, given]).toEqual([undefined, 64]);
    close();
  });

  it('leave an error of the source to the upload', async () => {
    const failing = { [Symbol.asyncIterator]: (): never => { throw new TypeError('mine'); } };
    const { body } = await unpackedBody({ chunks: failing }, docker, undefined);
    await expect(collected('chunks' in body ? body.chunks : source([]))).rejects.toThrow(new TypeError('mine'));
  });
});
