import { createHash } from 'node:crypto';
import { mkdtemp, open, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArgumentError, DigestError, NotFoundError, TruncatedError } from '../../src/errors.ts';
import { ArchiveStream } from '../../src/client/archive-stream.ts';
import type { ToFileOptions } from '../../src/client/archive-stream.ts';
import type { EngineRequest } from '../../src/connection/engine-request.ts';
import type { ResponseHead } from '../../src/http/response-parser.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import type { SendCall } from '../../src/client/progress-stream.ts';
import { files } from '../../src/system/files/archive-files.ts';
import { packTar } from '../../src/tar/pack.ts';
import { until } from '../support/fake-daemon.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { Answering, FakeEngine } from '../support/fake-engine.ts';
import { makeFifo, noFifo } from '../support/fifo.ts';
import { titled } from '../support/installed.ts';
import { integer, random } from '../support/random.ts';
import { wireNames } from '../support/wires.ts';

/** An archive of random content. It is made once, because a test takes less time than three million random numbers. */
const randomArchive = await (async (): Promise<Buffer> => {
  const next = random(7);
  const content = Buffer.from(Uint8Array.from({ length: 3_000_000 }, () => integer(next, 0, 255)));
  const blocks: Uint8Array[] = [];
  for await (const block of packTar({ 'layer.tar': content, 'manifest.json': '[]' })) blocks.push(block);
  return Buffer.concat(blocks);
})();

describe.each(wireNames)('over the wire %s', (wire) => {
  let engine: FakeEngine;
  let client: ImageClient;
  let folder: string;
  let archive: Buffer;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-'));
    archive = Buffer.from(randomArchive);
  });
  afterEach(async () => {
    client.close();
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });
  async function start(answering: Answering): Promise<void> {
    engine = await fakeEngine(answering);
    client = new ImageClient({ wire, host: engine.host });
  }
  /** As an engine sends it: in chunks, here of odd sizes. */
  const whole: Answering = (_, response) => {
    const next = random(3);
    for (let at = 0; at < archive.length; ) {
      const size = integer(next, 1, 100_000);
      response.write(archive.subarray(at, at + size));
      at += size;
    }
    response.end();
  };
  const same = (got: Uint8Array): void => expect(Buffer.compare(got, archive)).toBe(0);

  describe('an archive', () => {
    // covers: complaint py-9
    it('is iterated in chunks of the requested size, which belong to the caller', async () => {
      await start(whole);
      const chunks: Uint8Array[] = [];
      for await (const chunk of client.getImage('x', { chunkSize: 70_000 })) chunks.push(chunk);
      expect(new Set(chunks.slice(0, -1).map(({ length }) => length))).toEqual(new Set([70_000]));
      same(Buffer.concat(chunks));
    });

    it.each([1000, 4_000_000])('is iterated in chunks of %i bytes', async (chunkSize) => {
      await start(whole);
      const chunks: Uint8Array[] = [];
      for await (const chunk of client.getImage('x', { chunkSize })) chunks.push(chunk);
      expect(chunks).toHaveLength(Math.ceil(archive.length / chunkSize));
      same(Buffer.concat(chunks));
    });

    // covers: fault 3.15
    it('makes the engine wait for a slow loop, also if a read ends in the middle of a chunk', async () => {
      await start(whole);
      let wait: void | Promise<void> = undefined;
      const giving: SendCall = async (reader) => {
        const sink = reader({} as ResponseHead, {} as EngineRequest);
        wait = sink.write(Buffer.alloc(150));
        await wait;
        sink.end?.();
      };
      const loop = new ArchiveStream(giving, files, { chunkSize: 100, verify: false })[Symbol.asyncIterator]();
      expect(wait).toBeInstanceOf(Promise);
      const lengths = [(await loop.next()).value, (await loop.next()).value].map((chunk) => chunk.length);
      expect(lengths).toEqual([100, 50]);
      expect((await loop.next()).done).toBe(true);
    });

    // covers: complaint py-8
    it('is read in borrowed views, and the engine waits for a promise', async () => {
      await start(whole);
      const views: Buffer[] = [];
      const result = await client.getImage('x').each(async (view) => {
        await new Promise((resolve) => setImmediate(resolve));
        views.push(Buffer.from(view));
      });
      same(Buffer.concat(views));
      expect(result).toEqual({ bytes: archive.length, entries: 2 });
    });

    it('is converted to a Node stream and to a web stream', async () => {
      await start(whole);
      for (const stream of [client.getImage('x').toNode(), client.getImage('x').toWeb()]) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of stream) chunks.push(chunk as Uint8Array);
        same(Buffer.concat(chunks));
      }
    });

    it('is written to a file that only its owner can read', async () => {
      await start(whole);
      const path = join(folder, 'x.tar');
      expect(await client.getImage('x').toFile(path)).toEqual({ bytes: archive.length, entries: 2 });
      same(await readFile(path));
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(await readdir(folder)).toEqual(['x.tar']);
    });

    it('is compressed into a file, and counted before and after that', async () => {
      await start(whole);
      const path = join(folder, 'x.tar.gz');
      const result = await client.getImage('x').toFile(path, { compress: 'gzip' });
      const file = await readFile(path);
      expect(result).toEqual({ bytes: archive.length, fileBytes: file.length, entries: 2 });
      same(gunzipSync(file));
      expect(await readdir(folder)).toEqual(['x.tar.gz']);
    });

    it('leaves no file if it breaks off while it is compressed, or cannot be compressed', async () => {
      await start((_, response) => void response.write(archive.subarray(0, 2_000_000), () => response.destroy()));
      await expect(client.getImage('x').toFile(join(folder, 'x.tar.gz'), { compress: 'gzip' })).rejects.toBeInstanceOf(TruncatedError);
      const wrong = { compress: 'xz' } as unknown as ToFileOptions;
      await expect(client.getImage('x').toFile(join(folder, 'x.tar.xz'), wrong)).rejects.toThrow('options.compress must be "gzip" or "zstd"');
      expect([await readdir(folder), engine.asked.length]).toEqual([[], 1]);
    });

    it('replaces a file, through a symbolic link, and keeps its mode', async () => {
      await start(whole);
      const target = join(folder, 'target.tar');
      const link = join(folder, 'link.tar');
      await writeFile(target, 'old', { mode: 0o640 });
      await symlink(target, link);
      await client.getImage('x').toFile(link);
      same(await readFile(target));
      expect((await stat(target)).mode & 0o777).toBe(0o640);
    });

    it('sends nothing before it is read, and can be read once', async () => {
      await start(whole);
      const stream = client.getImage('x');
      await client.apiVersion();
      expect(engine.asked).toEqual([]);
      await stream.each(() => {});
      await expect(stream.each(() => {})).rejects.toBeInstanceOf(ArgumentError);
      expect(() => stream[Symbol.asyncIterator]()).toThrow('read already');
    });

    // covers: fault 0.5
    it('that is left early closes the connection', async () => {
      let closed = false;
      await start((_, response) => {
        response.on('close', () => (closed = true));
        response.write(archive);
      });
      for await (const chunk of client.getImage('x')) {
        expect(chunk.length).toBe(256 * 1024);
        break;
      }
      await until(() => closed);
    });
  });

  describe('an existing file', () => {
    const untouched = async (path: string): Promise<void> => {
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(folder)).toEqual(['x.tar']);
    };

    // what goes wrong, the answer, the error
    // covers: fault 3.26
    it.each<[string, Answering, new (...args: never[]) => Error]>([
      ['the image does not exist', (_, response) => ((response.statusCode = 404), { message: 'No such image' }), NotFoundError],
      ['the connection breaks', (_, response) => void response.write(archive.subarray(0, 1_000_000), () => response.destroy()), TruncatedError],
      ['the archive has no end', (_, response) => void response.end(archive.subarray(0, -1024)), TruncatedError],
      ['an entry is cut', (_, response) => void response.end(archive.subarray(0, 1_000_000)), TruncatedError],
      ['the answer is empty', (_, response) => void response.end(), TruncatedError],
    ])('is unchanged if %s', async (_, answering, Class) => {
      await start(answering);
      const path = join(folder, 'x.tar');
      await writeFile(path, 'old');
      await expect(client.getImage('x').toFile(path)).rejects.toBeInstanceOf(Class);
      await untouched(path);
    });

    it('is unchanged if the call is aborted', async () => {
      await start((_, response) => void response.write(archive.subarray(0, 1_000_000)));
      const path = join(folder, 'x.tar');
      await writeFile(path, 'old');
      const controller = new AbortController();
      const call = client.getImage('x', { signal: controller.signal }).toFile(path);
      await until(() => engine.asked.length === 1);
      const reason = new Error('mine');
      controller.abort(reason);
      await expect(call).rejects.toBe(reason);
      await untouched(path);
    });

    it('that is a device or a directory is refused before anything is sent', async () => {
      await start(whole);
      await expect(client.getImage('x').toFile('/dev/null')).rejects.toBeInstanceOf(ArgumentError);
      await expect(client.getImage('x').toFile(folder)).rejects.toBeInstanceOf(ArgumentError);
      expect(engine.asked).toEqual([]);
    });

    it('is not created in a missing directory', async () => {
      await start(whole);
      await expect(client.getImage('x').toFile(join(folder, 'no', 'x.tar'))).rejects.toMatchObject({
        code: 'LONGSHORE_FILE',
        errno: 'ENOENT',
        message: `cannot write ${join(folder, 'no', 'x.tar')}: its directory does not exist`,
      });
      await expect(client.getImage('x').toFile('')).rejects.toBeInstanceOf(ArgumentError);
      expect(engine.asked).toEqual([]);
    });
  });

  describe('an error message after a broken archive', () => {
    it('is reported', async () => {
      const failure = '{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}\r\n';
      await start((_, response) => void response.end(Buffer.concat([archive.subarray(0, 512 * 100), Buffer.from(failure)])));
      await expect(client.getImage('x').each(() => {})).rejects.toThrow(/no space left on device/);
    });

    it('is ignored with verify: false', async () => {
      await start((_, response) => void response.end('no tar at all'));
      expect(await client.getImage('x', { verify: false }).each(() => {})).toEqual({ bytes: 13, entries: undefined });
    });
  });

  describe('verify: "digests"', () => {
    const layer = Buffer.alloc(2_000_000, 'layer');
    const hex = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
    const config = JSON.stringify({ rootfs: { type: 'layers', diff_ids: [`sha256:${hex(layer)}`] } });
    beforeEach(async () => {
      const manifest = JSON.stringify([{ Config: `${hex(config)}.json`, Layers: ['a/layer.tar'] }]);
      const blocks: Uint8Array[] = [];
      const image = { 'a/VERSION': '1.0', 'a/layer.tar': layer, [`${hex(config)}.json`]: config };
      for await (const block of packTar({ ...image, 'manifest.json': manifest })) blocks.push(block);
      archive = Buffer.concat(blocks);
    });
    const damage = (): void => {
      const at = archive.indexOf('layerlayer') + 1_000_000;
      archive[at] = (archive[at] as number) ^ 1;
    };

    it('reports how many bytes are verified, and what has no digest', async () => {
      await start(whole);
      const verified = { bytes: layer.length + config.length, unverified: ['a/VERSION', 'manifest.json'], absent: [] };
      const expected = { bytes: archive.length, entries: 4, references: [], verified };
      expect(await client.getImage('x', { verify: 'digests' }).each(() => {})).toEqual(expected);
      expect(await client.getImage('x', { verify: 'digests' }).toFile(join(folder, 'x.tar'))).toEqual(expected);
      expect(await client.getImage('x').each(() => {})).toEqual({ ...expected, verified: undefined });
    });

    it('finds one wrong bit inside a layer: the file is unchanged, and a loop ends with the error', async () => {
      damage();
      await start(whole);
      const path = join(folder, 'x.tar');
      await writeFile(path, 'old');
      const call = client.getImage('x', { verify: 'digests' }).toFile(path);
      const error = await call.then(() => undefined, (reason: unknown) => reason);
      expect(error).toBeInstanceOf(DigestError);
      expect(error).toMatchObject({ path: 'a/layer.tar', expected: `sha256:${hex(layer)}`, exchange: { method: 'GET' } });
      expect(await readFile(path, 'utf8')).toBe('old');
      const loop = async (): Promise<void> => {
        for await (const chunk of client.getImage('x', { verify: 'digests' })) expect(chunk.length).toBeGreaterThan(0);
      };
      await expect(loop()).rejects.toBeInstanceOf(DigestError);
    });

    it('is more than the default, which accepts such a bit', async () => {
      damage();
      await start(whole);
      expect((await client.getImage('x').each(() => {})).bytes).toBe(archive.length);
    });

    it('finds a missing end before it checks digests', async () => {
      await start((_, response) => void response.end(archive.subarray(0, -1024)));
      await expect(client.getImage('x', { verify: 'digests' }).each(() => {})).rejects.toBeInstanceOf(TruncatedError);
    });

    it('accepts three values', async () => {
      await start(whole);
      for (const verify of [true, 'digest', null]) {
        const words = 'verify must be "digests", "structure" or false';
        expect(() => client.getImage('x', { verify: verify as never })).toThrow(words);
      }
    });
  });

  describe('an upload from a file', () => {
    it('is sent with its length, byte for byte', async () => {
      await start(() => '{"stream":"Loaded image: x:1"}');
      const path = join(folder, 'x.tar');
      await writeFile(path, archive);
      await client.loadImage({ path });
      expect(engine.asked[0]?.headers['content-length']).toBe(String(archive.length));
      same(engine.asked[0]?.body ?? Buffer.of());
    });

    it.skipIf(noFifo)(titled('may be a FIFO, and is given up when the call is aborted, whether a writer came or not', noFifo), async () => {
      await start(() => '{"stream":"Loaded image: x:1"}');
      const path = makeFifo(join(folder, 'fifo'));
      const loaded = client.loadImage({ path }).then(() => {}); // it begins when it is waited for
      await writeFile(path, archive);
      await loaded;
      same(engine.asked[0]?.body ?? Buffer.of());
      for (const write of [false, true]) {
        const stop = new AbortController();
        const call = client.loadImage({ path }, { signal: stop.signal });
        const ended = call.then(() => expect.unreachable(), (reason: unknown) => reason);
        const writer = write ? await open(path, 'w') : undefined;
        await writer?.write(archive.subarray(0, 1000));
        await new Promise((resolve) => setImmediate(resolve));
        const reason = new Error('mine');
        stop.abort(reason);
        expect(await ended).toBe(reason);
        await writer?.close();
      }
    });

    it.each([['that is not there', 'no.tar', /no such file or directory/], ['that is a folder', '.', /is a directory/]])(
      '%s is an UploadError that names it, and nothing is asked',
      async (_, name, words) => {
        await start(() => '');
        const path = join(folder, name);
        const error = await client.loadImage({ path }).then(() => expect.unreachable(), (reason: unknown) => reason);
        expect(error).toMatchObject({ code: 'LONGSHORE_UPLOAD', message: expect.stringMatching(words) });
        expect((error as Error).message).toContain(path);
        expect(engine.asked).toEqual([]);
      },
    );
  });
});
