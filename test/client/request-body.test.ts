// Content of requests, and what can happen before it is sent: it fails, it was read before, its memory is transferred to
// another thread, the working directory changes.

import { EventEmitter, once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, PassThrough, Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { createGunzip } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArgumentError, ImageClient, TarError, UploadError, dockerConfig, packDirectory, packTar } from '../../src/index.ts';
import type { UploadData } from '../../src/index.ts';
import { filledSource } from '../../src/client/request-body.ts';
import { record, replay } from '../../src/testing.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { wireNames } from '../support/wires.ts';

const answer = `{"stream":"Loaded image: a:1"}{"status":"sha256:${'a'.repeat(64)}"}`;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function failure(run: () => PromiseLike<unknown>): Promise<unknown> {
  return (async () => run())().then(() => undefined, (error: unknown) => error);
}

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'longshore-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe.each(wireNames)('over the wire %s', (wire) => {
  let engine: FakeEngine;
  let client: ImageClient;
  beforeEach(async () => {
    engine = await fakeEngine(({ target }, response) => (target.includes('/get') ? void response.end(Buffer.alloc(1024)) : answer));
    client = new ImageClient({ wire, host: engine.host });
  });
  afterEach(async () => {
    client.close();
    await engine.close();
  });

  // An unhandled `error` event ends the process: vitest fails the run for it.
  describe('a stream that fails', () => {
    class OldStream extends EventEmitter {
      async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
        yield Buffer.from('x');
      }
    }
    const failing: Readonly<Record<string, () => AsyncIterable<Uint8Array>>> = {
      'a file that is not there': () => createReadStream('/nope/x.tar'),
      'what gunzip is given is not gzip': () => Readable.from([Buffer.from('not gzip')]).pipe(createGunzip()),
      'a refused connection': () => connect('/nope/x.sock'),
      'a generator that throws': () =>
        Duplex.from(async function* () {
          throw new Error('mine');
        }) as Duplex,
      'a stream that is destroyed': () => new PassThrough().destroy(new Error('mine')),
      'a stream of another library': () => {
        const stream = new OldStream();
        setImmediate(() => stream.emit('error', new Error('mine')));
        return stream;
      },
    };
    it.each(Object.entries(failing))('rejects with an UploadError: %s', async (_, make) => {
      for (const give of [(data: AsyncIterable<Uint8Array>) => client.loadImage(data), (data: AsyncIterable<Uint8Array>) => client.importImageFromStream(data)]) {
        const loading = give(make());
        for (let turns = 0; turns < 20; turns++) await turn();
        const error = await failure(() => loading);
        expect(error).toBeInstanceOf(UploadError);
        expect((error as Error).cause).toBeInstanceOf(Error);
      }
    });

    it('causes no unhandled error if the call is never made', async () => {
      void client.loadImage(createReadStream('/nope/x.tar'));
      void client.request;
      void packTar([{ path: 'a', size: 1, content: createReadStream('/nope/x.tar') }]);
      void client.importImageFromData([{ path: 'a', size: 1, content: createReadStream('/nope/x.tar') }]);
      for (let turns = 0; turns < 20; turns++) await turn();
      expect(engine.asked).toEqual([]);
    });

    it('causes no unhandled error if it fails after an abort', async () => {
      const controller = new AbortController();
      const stream = new Readable({
        read() {
          this.push(Buffer.alloc(10));
          setImmediate(() => controller.abort(new Error('enough')));
        },
        destroy(_, done) {
          setImmediate(() => done(new Error('late')));
        },
      });
      const error = await failure(() => client.loadImage(stream, { signal: controller.signal }));
      expect((error as Error).message).toBe('enough');
      for (let turns = 0; turns < 10; turns++) await turn();
    });

    it('as the content of a tar entry is an error of that entry, before and after its turn', async () => {
      const entries = [{ path: 'a', content: 'x' }, { path: 'b', size: 1, content: createReadStream('/nope/x.tar') }];
      const importing = client.importImageFromData(entries);
      for (let turns = 0; turns < 20; turns++) await turn();
      const error = await failure(() => importing);
      expect(error).toBeInstanceOf(TarError);
      expect(error).toMatchObject({ path: 'b', cause: { code: 'ENOENT' } });
    });
  });

  describe('a stream that was read before', () => {
    async function ended(): Promise<Readable> {
      const stream = Readable.from([Buffer.from('x')]);
      for await (const _ of stream);
      return stream;
    }
    async function partly(): Promise<Readable> {
      const stream = createReadStream(import.meta.filename);
      await once(stream, 'readable');
      stream.read(10);
      return stream;
    }
    async function web(): Promise<AsyncIterable<Uint8Array>> {
      const stream = new Blob(['x']).stream();
      for await (const _ of stream as unknown as AsyncIterable<Uint8Array>);
      return stream as unknown as AsyncIterable<Uint8Array>;
    }
    async function locked(): Promise<AsyncIterable<Uint8Array>> {
      const stream = new Blob(['x']).stream();
      stream.getReader();
      return stream as unknown as AsyncIterable<Uint8Array>;
    }
    async function used(): Promise<Response> {
      const response = new Response('x');
      await response.text();
      return response;
    }
    it.each([['to its end', ended], ['in part', partly], ['of the web', web], ['of the web, and is locked', locked], ['as a Response', used]])(
      '%s is refused at the call',
      async (_, make) => {
        const stream = (await make()) as AsyncIterable<Uint8Array>;
        expect(() => client.loadImage(stream)).toThrow(ArgumentError);
        expect(() => client.importImageFromStream(stream)).toThrow(/has been read|locked/);
        expect(() => client.importImage(stream)).toThrow(ArgumentError);
        expect(engine.asked).toEqual([]);
        if (stream instanceof Readable) stream.destroy();
      },
    );

    it('between the call and the upload is refused by the upload', async () => {
      const stream = Readable.from([Buffer.from('x')]);
      const importing = client.importImageFromStream(stream);
      for await (const _ of stream);
      expect(await failure(() => importing)).toBeInstanceOf(ArgumentError);
    });

    const entries = (): { path: string; content: string }[] => [{ path: 'a', content: 'x' }];
    it.each<[string, () => Iterator<unknown> & Iterable<unknown>]>([
      ['a generator', () => (function* () { yield* entries(); })()],
      ['the iterator of a list', () => entries().values()],
      ['the iterator of a Map', () => new Map(entries().map((entry) => [entry.path, entry])).values()],
      ['the iterator of a Set', () => new Set(entries())[Symbol.iterator]()],
    ])('is not an empty image if it was %s of entries', async (_, make) => {
      const used = make();
      for (const __ of used);
      expect(await failure(() => client.importImageFromData(used as never))).toMatchObject({
        name: 'UploadError',
        message: expect.stringContaining('importImageFromData: data gave no entries: make a new iterator for each call, or give a list'),
      });
      expect(engine.asked).toEqual([]);
      await failure(() => client.importImageFromData(make() as never));
      expect(engine.asked).toHaveLength(1);
    });

    it('is not an empty image if it was an async generator of entries, in the second of two calls', async () => {
      const generator = (async function* () { yield* entries(); })();
      await failure(() => client.importImageFromData(generator));
      expect(engine.asked).toHaveLength(1);
      expect(await failure(() => client.importImageFromData(generator))).toBeInstanceOf(UploadError);
      expect(engine.asked).toHaveLength(1);
    });

    it('is not an empty image either if this cannot be detected before: a generator', async () => {
      const generator = (async function* () {
        yield Buffer.from('x');
      })();
      for await (const _ of generator);
      expect(await failure(() => client.importImageFromStream(generator))).toBeInstanceOf(UploadError);
      expect(await failure(() => client.importImageFromData(new Uint8Array(0)))).toBeInstanceOf(UploadError);
      await writeFile(join(folder, 'empty.tar'), '');
      expect(await failure(() => client.importImageFromFile(join(folder, 'empty.tar')))).toBeInstanceOf(UploadError);
      expect(engine.asked).toEqual([]);
    });
  });

  describe('bytes whose memory is transferred', () => {
    const transfer = (bytes: Uint8Array<ArrayBuffer>): void => void structuredClone(bytes, { transfer: [bytes.buffer] });
    it('before the call are refused by the call', () => {
      const bytes = new Uint8Array(8);
      transfer(bytes);
      expect(() => client.loadImage(bytes)).toThrow(ArgumentError);
    });

    it.each([8, 3 * 1024 * 1024])('before the upload are an UploadError: %d of them', async (length) => {
      const bytes = new Uint8Array(length);
      const loading = client.loadImage(bytes);
      transfer(bytes);
      expect(await failure(() => loading)).toBeInstanceOf(UploadError);
      const more = new Uint8Array(length);
      const asking = client.request({ method: 'POST', path: '/x', body: more });
      transfer(more); // during the negotiation of the version
      expect(await failure(() => asking)).toBeInstanceOf(UploadError);
      expect(engine.asked).toEqual([]);
    });
  });

  it('a stream with a readable listener is refused by the call, because it would never flow', () => {
    const stream = Readable.from([Buffer.from('x')]);
    stream.on('readable', () => {});
    expect(() => client.loadImage(stream)).toThrow('loadImage: data is a stream with a "readable" listener: remove it first');
    expect(() => client.importImageFromStream(stream)).toThrow(ArgumentError);
    stream.removeAllListeners('readable').destroy();
  });

  it('a chunk whose memory was transferred is an error', async () => {
    const detached = (): Uint8Array => {
      const bytes = new Uint8Array(8);
      structuredClone(bytes, { transfer: [bytes.buffer] });
      return bytes;
    };
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
      yield detached();
    }
    for (const source of [chunks, () => Readable.from(chunks()), () => ReadableStream.from(chunks()) as never]) {
      expect(await failure(() => client.loadImage(source()))).toBeInstanceOf(UploadError);
      expect(await failure(() => client.importImageFromStream(source()))).toBeInstanceOf(UploadError);
    }
    expect(await failure(() => client.importImageFromData({ a: detached() }))).toBeInstanceOf(TarError);
    expect(await failure(() => client.importImageFromData([{ path: 'a', size: 0, content: [detached()] }]))).toBeInstanceOf(TarError);
  });

  describe('a form of upload data', () => {
    it('can be a Response, and a file by its URL', async () => {
      const path = join(folder, 'x.tar');
      await writeFile(path, 'a tar');
      const sources: UploadData[] = [new Response('a tar') as UploadData, { path: pathToFileURL(path) }, { path }];
      for (const data of sources) await client.loadImage(data);
      await client.importImage(new Response('a tar') as UploadData);
      await client.importImageFromStream(new Response('a tar') as never);
      await client.importImage(pathToFileURL(path) as never);
      await client.importImageFromFile(pathToFileURL(path));
      expect(engine.asked.map(({ body }) => body.toString())).toEqual(Array.from({ length: 7 }, () => 'a tar'));
    });

    // As those of the package fetch-blob, which node-fetch returns, or of Node itself where jsdom replaces the global Blob.
    it('can be a Blob that is not of the global class', async () => {
      class OtherBlob {
        readonly size = 5;
        readonly [Symbol.toStringTag] = 'Blob';
        stream(): ReadableStream {
          return new Blob(['a tar']).stream() as never;
        }
      }
      await client.loadImage(new OtherBlob() as never);
      await client.importImage(new OtherBlob() as never);
      expect(engine.asked.map(({ body }) => body.toString())).toEqual(['a tar', 'a tar']);
      expect(() => client.importImageFromStream(new OtherBlob() as never)).toThrow(/: importImage takes it$/);
      // The Blob of jsdom has no stream().
      const withoutStream = Object.assign(new OtherBlob(), { stream: undefined });
      expect(() => client.loadImage(withoutStream as never)).toThrow(ArgumentError);
    });

    it('can be a URL from which the engine fetches', async () => {
      await client.importImage(new URL('http://h.example/x.tar'));
      await client.importImageFromUrl(new URL('https://h.example/x.tar'));
      const froms = engine.asked.map(({ target }) => new URL(target, 'http://d').searchParams.get('fromSrc'));
      expect(froms).toEqual(['http://h.example/x.tar', 'https://h.example/x.tar']);
    });

    it('is refused if it is a failed Response', () => {
      expect(() => client.loadImage(new Response('not found', { status: 404 }) as UploadData)).toThrow('a Response with status 404');
    });

    it.each([
      ['a path', 'x.tar', 'give { path }'],
      ['a promise', Promise.resolve(Buffer.from('x')), 'await the promise first'],
      ['an ArrayBuffer', new ArrayBuffer(1), 'new Uint8Array(buffer)'],
      ['a list', [Buffer.from('x')], 'Readable.from'],
      ['a file URL', new URL('file:///x.tar'), 'give { path: url }'],
      ['a web URL', new URL('http://h/x.tar'), 'fetch it, and give the Response'],
      ['a function', () => Buffer.from('x'), 'give what it returns'],
      ['{ file }', { file: 'x.tar' }, 'give { path }'],
      ['a file URL as text', { path: 'file:///x.tar' }, 'give new URL(text)'],
      ['a web URL as text', { path: 'http://h/x.tar' }, 'fetch(url) gives a Response'],
      ['another URL as text', { path: 'ftp://h/x.tar' }, 'not another URL'],
    ] as const)('is named where another was given: %s', (_, data, remedy) => {
      expect(() => client.loadImage(data as never)).toThrow(ArgumentError);
      expect(() => client.loadImage(data as never)).toThrow(remedy);
    });

    it.each([
      ['a path', 'x.tar'],
      ['a Blob', new Blob(['x'])],
      ['a file URL', new URL('file:///x.tar')],
      ['{ path }', { path: 'x.tar' }],
      ['bytes', new Uint8Array(1)],
    ])('is named by the error if a more specific import was given %s', (what, data) => {
      expect(() => client.importImageFromStream(data as never)).toThrow(/: importImage takes it$/);
      if (what !== 'bytes' && what !== '{ path }') expect(() => client.importImageFromData(data as never)).toThrow(/: importImage takes it$/);
    });

    it.each(['file:///x.tar', 'ftp://h/x.tar'])('is named by the error for an import of %s', (text) => {
      expect(() => client.importImage(text)).toThrow(ArgumentError);
      expect(() => client.importImageFromFile(text)).toThrow(/file: URL, not a/);
    });

    it('is named by the error for a directory', async () => {
      const error = await failure(() => client.importImage(folder));
      expect(String(error)).toContain(`cannot read ${folder}: it is a directory; give an archive, or packDirectory(path) to importImage`);
    });
  });
});

// If a program changes its working directory during a call, a relative path still means the file at the time of the call.
describe('a relative path', () => {
  let engine: FakeEngine;
  let client: ImageClient;
  beforeAll(async () => {
    engine = await fakeEngine(({ target }, response) => {
      if (target.includes('/version')) return { Version: '1', ApiVersion: '1.41' };
      return target.includes('/get') ? void response.end(Buffer.alloc(1024)) : answer;
    });
    client = new ImageClient({ host: engine.host });
  });
  afterAll(async () => {
    client.close();
    await engine.close();
  });
  afterEach(() => void vi.restoreAllMocks());
  beforeEach(async () => {
    for (const name of ['here', 'there']) {
      await mkdir(join(folder, name, 'tree'), { recursive: true });
      await writeFile(join(folder, name, 'x.tar'), name);
      await writeFile(join(folder, name, 'tree', 'file'), name);
    }
    enter('here');
  });
  // Test workers cannot change their folder: a path that is resolved later would be another file, or none.
  const enter = (name: string): void => void vi.spyOn(process, 'cwd').mockReturnValue(join(folder, name));
  const leave = (): void => enter('there');

  it.each([
    ['of a load', () => client.loadImage({ path: 'x.tar' })],
    ['of an import', () => client.importImageFromFile('x.tar')],
    ['of an import, as text', () => client.importImage('x.tar')],
    ['of a folder', () => client.importImage(packDirectory('tree'))],
  ] as const)('%s refers to the working directory at the call', async (_, call) => {
    const calling = call();
    leave();
    await calling;
    expect(engine.asked.at(-1)?.body.toString()).toContain('here');
  });

  it('of a recording and of its socket refers to the working directory at the call', async () => {
    const recording = record('made.tape', { host: engine.host, socketPath: 'made.sock' });
    leave();
    await using recorded = await recording;
    expect(recorded.socketPath).toBe(join(folder, 'here', 'made.sock'));
    await recorded.close();
    expect(await readdir(join(folder, 'here'))).toEqual(['made.tape', 'tree', 'x.tar']);
    enter('here');
    const replaying = replay(await readFile(join(folder, 'here', 'made.tape')), { socketPath: 'played.sock' });
    leave();
    await using played = await replaying;
    expect(played.socketPath).toBe(join(folder, 'here', 'played.sock'));
  });

  it('of a certificate, or of the folder of config.json, refers to the working directory at the call', async () => {
    const tls = new ImageClient({ host: 'tcp://127.0.0.1:1', tls: { ca: 'ca.pem' } });
    const source = dockerConfig({ folder: 'config', environment: {} });
    await mkdir(join(folder, 'here', 'config'));
    const auths = { 'h.example': { auth: Buffer.from('u:p').toString('base64') } };
    await writeFile(join(folder, 'here', 'config', 'config.json'), JSON.stringify({ auths }), { mode: 0o600 });
    leave();
    await expect(tls.ping()).rejects.toThrow(`tls.ca (${join(folder, 'here', 'ca.pem')}): the file does not exist`);
    expect(await source('h.example', {})).toMatchObject({ username: 'u' });
    tls.close();
  });

  it('of a save refers to the working directory at the call, and no temporary file stays', async () => {
    const saving = client.getImage('a').toFile('saved.tar');
    leave();
    await saving;
    expect(await readdir(join(folder, 'here'))).toEqual(['saved.tar', 'tree', 'x.tar']);
    expect(await readdir(join(folder, 'there'))).toEqual(['tree', 'x.tar']);
    await client.getImage('a').toFile(pathToFileURL(join(folder, 'url.tar')));
    expect((await readFile(join(folder, 'url.tar'))).length).toBe(1024);
  });
});

describe('a source that must not be empty', () => {
  it('passes the sizes on to the source that it wraps', async () => {
    const sizes: [number, boolean][] = [];
    const body = { bytes: new Uint8Array(5), onSent: (bytes: number, isAll: boolean) => void sizes.push([bytes, isAll]) };
    const { onSent } = await filledSource({ open: () => body, repeatable: true }, 'data').open();
    onSent?.(2, false);
    onSent?.(5, true);
    expect(sizes).toEqual([[2, false], [5, true]]);
    expect(() => onSent?.(0, true)).toThrow('data gave no bytes');
  });
});
