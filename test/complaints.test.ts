// What users of other clients complain of, and where engines do not do as their documents say: what this client does
// instead, each point with the assertion that holds it, or the name of the test that does.
//
// `py` counts the complaints about docker-py, `js` those about the clients in JavaScript, and `api` the differences
// between the documents of the Engine API and the engines.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ApiError, ArgumentError, BadRequestError, DecodeError, ImageClient, InvalidReferenceError, LongshoreError,
  NotFoundError, ProgressTotals, ServerError, TruncatedError, UnauthorizedError, UploadError, VersionError,
  decodeJsonValues, encodeRegistryAuth, packTar,
} from '../src/index.ts';
import type { CallOptions, Credentials, ImageClientOptions } from '../src/index.ts';
import { allCovered } from './support/covers.ts';
import { answer, fakeDaemon, onRequest } from './support/fake-daemon.ts';
import { fakeEngine } from './support/fake-engine.ts';
import type { Answering, Asked, FakeEngine } from './support/fake-engine.ts';

let engine: FakeEngine;
let client: ImageClient;
/** What a test has made is undone in reverse order. */
const undo: Array<() => unknown> = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const step of undo.splice(0).reverse()) await step();
});

interface StartOptions extends ImageClientOptions {
  /** The newest API version of the engine. */
  readonly newest?: string;
}

async function start(answering: Answering, { newest = '1.55', ...rest }: StartOptions = {}): Promise<void> {
  engine = await fakeEngine(answering, newest);
  client = new ImageClient({ ...rest, host: engine.host });
  undo.push(engine.close, () => client.close());
}

async function startDaemon(...[onConnection]: Parameters<typeof fakeDaemon>): ReturnType<typeof fakeDaemon> {
  const daemon = await fakeDaemon(onConnection);
  undo.push(daemon.close);
  return daemon;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The error of a call, whether it throws or rejects. */
async function failure(call: () => unknown): Promise<unknown> {
  return (async () => call())().then(
    (value) => expect.unreachable(`it gave ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Turns of the event loop until a condition holds, also while timers are not real. */
async function turnsUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const sent = (): string[] => engine.asked.map(({ method, target }) => `${method} ${decodeURIComponent(target)}`);
const lines = (...values: object[]): string => values.map((value) => `${JSON.stringify(value)}\r\n`).join('');
const failed = (message: string): object => ({ errorDetail: { message }, error: message });
const login: Credentials = { username: 'u', password: 'hunter2' };
const digest = `sha256:${'a'.repeat(64)}`;
const DAY_MS = 24 * 60 * 60 * 1000;
/** An engine that thinks, and never answers. */
const silent: Answering = () => undefined;

/** Every method that asks an engine, called in an ordinary way. */
const methods: Readonly<Record<string, (docker: ImageClient, options: CallOptions) => PromiseLike<unknown>>> = {
  ping: (docker, options) => docker.ping(options),
  version: (docker, options) => docker.version(options),
  info: (docker, options) => docker.info(options),
  checkAuth: (docker, options) => docker.checkAuth('docker.io', login, options),
  events: (docker, { signal }) => collect(docker.events({ signal })),
  diskUsage: (docker, options) => docker.diskUsage(options),
  images: (docker, options) => docker.images(options),
  inspectImage: (docker, options) => docker.inspectImage('a', options),
  exists: (docker, options) => docker.exists('a', options),
  history: (docker, options) => docker.history('a', options),
  tag: (docker, options) => docker.tag('a', 'b', options),
  removeImage: (docker, options) => docker.removeImage('a', options),
  pruneImages: (docker, options) => docker.pruneImages(options),
  search: (docker, options) => docker.search('a', options),
  inspectDistribution: (docker, options) => docker.inspectDistribution('a', options),
  imageAttestations: (docker, options) => docker.imageAttestations('a', options),
  pull: (docker, options) => docker.pull('a', options),
  push: (docker, options) => docker.push('a', options),
  getImage: (docker, options) => docker.getImage('a', options).each(() => {}),
  loadImage: (docker, options) => docker.loadImage(Buffer.of(1), options),
  importImage: (docker, options) => docker.importImage(Buffer.of(1), options),
  importImageFromData: (docker, options) => docker.importImageFromData({ a: 'b' }, options),
  importImageFromFile: (docker, options) => docker.importImageFromFile(fileURLToPath(import.meta.url), options),
  importImageFromStream: (docker, options) => docker.importImageFromStream(Readable.from([Buffer.of(1)]), options),
  importImageFromUrl: (docker, options) => docker.importImageFromUrl('http://h/x.tar', options),
  importImageFromImage: (docker, options) => docker.importImageFromImage('a', options),
  request: (docker, options) => docker.request({ path: '/x', ...options }),
};

/** Every number that is spoken of. */
const numbers: string[] = [];

/** One point, and the assertion that holds it. */
function point(id: string, claim: string, holds: () => Promise<void>): void {
  numbers.push(id);
  it(`${id}: ${claim}`, holds);
}

describe('errors in a stream of status 200', () => {
  point('py-2', 'A push that is denied in its stream rejects; another gives the digest and its size.', async () => {
    let reply = lines({ status: 'Preparing', progressDetail: {}, id: 'ab' }, failed('denied: requested access'));
    await start(() => reply);
    expect(await failure(() => client.push('h:1/x'))).toBeInstanceOf(UnauthorizedError);
    reply = lines({ progressDetail: {}, aux: { Tag: 'latest', Digest: digest, Size: 528 } });
    expect(await client.push('h:1/x')).toMatchObject({ reference: 'h:1/x:latest', digest, size: 528, warnings: [] });
  });

  point('py-3', 'A load that runs out of space rejects, whichever key the engine tells it under.', async () => {
    const message = 'write /x: no space left on device';
    let reply = '';
    await start(() => reply);
    for (const value of [{ error: message }, { errorDetail: { message } }, failed(message)]) {
      reply = lines({ stream: 'Loading layer' }, value);
      const error = await failure(() => client.loadImage(Buffer.of(1)));
      expect(error).toMatchObject({ inStream: true, reason: 'no-space', daemonMessage: message });
    }
  });

  point('py-4', 'The status is looked at before a stream begins, whatever framing the error has.', async () => {
    await start((_, response) => {
      response.statusCode = 500; // chunked, as nothing announces a length
      response.write('{"message":');
      response.end('"broken"}');
    });
    const loading = client.loadImage(Buffer.of(1));
    expect(await failure(() => collect(loading))).toBeInstanceOf(ServerError);
    expect(await failure(() => collect(client.getImage('x')))).toMatchObject({ status: 500, daemonMessage: 'broken' });
  });

  point('py-5', 'An import that fails in its stream rejects with all that a handler needs to know of it.', async () => {
    await start(() => lines({ status: 'Importing' }, failed('unexpected EOF')));
    const error = await failure(() => client.importImageFromData(Buffer.of(1)));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      code: 'LONGSHORE_API', status: 200, inStream: true, daemonMessage: 'unexpected EOF', method: 'POST',
      target: '/v1.55/images/create?fromSrc=-', exchange: { address: engine.host, requestSent: true },
    });
  });

  point('py-6', 'A pull that is awaited runs to its end unheard, and does not begin before.', async () => {
    let finished = false;
    await start((_, response) => {
      response.on('finish', () => (finished = true));
      return lines({ status: 'Downloading', progressDetail: {}, id: 'ab' }).repeat(5000) + lines({ status: `Digest: ${digest}` });
    });
    const pulling = client.pull('x');
    await client.apiVersion();
    expect(engine.asked).toEqual([]);
    await pulling;
    await turnsUntil(() => finished); // which an engine that was left alone never does
  });

  point('js-1', 'An awaited pull resolves when the engine has ended it, not when its answer begins.', async () => {
    let response: ServerResponse | undefined;
    const begun = lines({ status: 'Pulling from library/x', id: '1' });
    await start((_, outgoing) => void (response = outgoing).write(begun));
    let resolved = false;
    const pulling = client.pull('x:1').then((result) => ((resolved = true), result));
    await turnsUntil(() => response !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(resolved).toBe(false);
    response?.end(lines({ status: `Digest: ${digest}` }, { status: 'Status: Downloaded newer image for x:1' }));
    expect(await pulling).toMatchObject({ digest, status: 'downloaded' });
  });

  point('js-5', 'A line that is no JSON rejects the call, with its offset and a part of it.', async () => {
    await start(() => `${lines({ status: 'ok' })}<html>oops`);
    const error = await failure(() => client.pull('x'));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error).toMatchObject({ offset: 17, exchange: { method: 'POST', address: engine.host } });
    expect((error as Error).message).toContain('<html>oops');
  });

  point('js-6', 'The decoder of JSON values is exported, and takes bytes that are cut anywhere.', async () => {
    const text = lines({ status: 'Größe 20 €' }, { status: '😀' });
    const bytes = Buffer.from(text);
    const pieces = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect(await collect(decodeJsonValues(pieces))).toEqual([{ status: 'Größe 20 €' }, { status: '😀' }]);
  });

  point('js-9', 'Progress comes as typed events, and a class adds them up to bytes and a percentage.', async () => {
    const layer = (id: string, status: string, progressDetail: object): object => ({ id, status, progressDetail });
    await start(() => lines(
      { status: 'Pulling from library/x', id: '1' },
      layer('ab', 'Pulling fs layer', {}),
      layer('ab', 'Downloading', { current: 30, total: 100 }),
      layer('ab', 'Download complete', {}),
      layer('ab', 'Pull complete', {}),
      { status: 'Status: Downloaded newer image for x:1' },
    ));
    const totals = new ProgressTotals();
    const percentages: number[] = [];
    for await (const event of client.pull('x:1')) {
      totals.take(event);
      const { percentage } = totals.snapshot();
      if (percentage !== undefined) percentages.push(percentage);
    }
    expect(totals.snapshot()).toMatchObject({ bytes: { current: 100, total: 100, totalKnown: true }, percentage: 100 });
    expect(percentages).toEqual([...percentages].sort((a, b) => a - b));
  });

  point('js-10', 'An answer that is no JSON is an error with the request and the first bytes.', async () => {
    await start(() => '<html>a proxy says hello');
    const error = await failure(() => client.images());
    expect(error).toBeInstanceOf(DecodeError);
    expect(error).toMatchObject({ exchange: { method: 'GET', target: '/v1.55/images/json', address: engine.host } });
    expect((error as Error).message).toContain('<html>a proxy says hello');
  });

  it('js-10: An answer of another kind than is due is such an error, too.', async () => {
    let reply: object = {};
    await start(() => reply);
    expect(await failure(() => client.images())).toBeInstanceOf(DecodeError);
    reply = [];
    expect(await failure(() => client.inspectImage('x'))).toMatchObject({ exchange: { method: 'GET' } });
  });

  point('js-39', 'A pull fails alike whether an engine says so by its status or in its stream.', async () => {
    const words = 'dial tcp 127.0.0.1:1: connect: connection refused';
    let status = 500;
    await start((_, response) => {
      response.statusCode = status; // and no Content-Type, as Podman
      return status === 500 ? { message: words } : lines(failed(words));
    });
    const byStatus = await failure(() => client.pull('x'));
    status = 200;
    const inStream = await failure(() => client.pull('x'));
    for (const error of [byStatus, inStream]) {
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ reason: 'network', daemonMessage: words });
    }
  });
});

describe('archives', () => {
  point('py-10', 'A save waits for its first byte as long as it takes, a prompt call for 30 s.', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const waiting: ServerResponse[] = [];
    await start((_, response) => void waiting.push(response));
    const saved = client.getImage('x').each(() => {});
    await turnsUntil(() => waiting.length === 1);
    const inspected = failure(() => client.inspectImage('x'));
    await turnsUntil(() => waiting.length === 2);
    await vi.advanceTimersByTimeAsync(DAY_MS);
    expect(await inspected).toMatchObject({ code: 'LONGSHORE_TIMEOUT', limit: 'head', limitMs: 30_000 });
    waiting[0]?.end(Buffer.concat(await collect(packTar({ a: 'b' }))));
    expect(await saved).toMatchObject({ entries: 1 });
  });

  point('py-11', 'Several images are saved into one archive, by one request.', async () => {
    await start(silent);
    void failure(() => client.getImage(['a:1', 'h:5000/b:2']).each(() => {}));
    await turnsUntil(() => engine.asked.length > 0);
    expect(sent()).toEqual(['GET /v1.55/images/get?names=a:1&names=h:5000/b:2']);
  });

  point('py-13', 'A save of nothing fails where it is read; unread, it holds no connection.', async () => {
    const daemon = await startDaemon((socket) =>
      onRequest(socket, (head) => {
        if (head.startsWith('HEAD')) socket.write('HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\n');
        else socket.write(answer('{"message":"No such image: x"}', '', '404 Not Found'));
      }),
    );
    await using docker = new ImageClient({ host: daemon.host });
    const archive = docker.getImage('x');
    await new Promise((resolve) => setImmediate(resolve));
    expect(daemon.sockets).toEqual([]);
    expect(await failure(() => archive[Symbol.asyncIterator]().next())).toBeInstanceOf(NotFoundError);
  });

  point('py-14', 'A load takes bytes, streams, a Blob or a path; what yields text is an error.', async () => {
    await start(() => lines({ stream: 'Loaded image: x:1\n' }));
    const folder = await temporaryFolder();
    const path = join(folder, 'x.tar');
    const bytes = Buffer.from('\xff\x00\r\n'.repeat(50_000), 'latin1');
    await writeFile(path, bytes);
    const web = Readable.toWeb(createReadStream(path)) as AsyncIterable<Uint8Array>;
    for (const data of [bytes, createReadStream(path), web, new Blob([bytes]), { path }]) await client.loadImage(data);
    expect(engine.asked).toHaveLength(5);
    for (const { body } of engine.asked) expect(body.equals(bytes)).toBe(true);
    const daemon = await startDaemon(() => {});
    await using docker = new ImageClient({ host: daemon.host, version: '1.41' });
    const text = createReadStream(path, 'latin1');
    expect(await failure(() => docker.loadImage(text))).toBeInstanceOf(UploadError);
  });

  point('py-15', 'A load gives each reference and id once, in whatever form an engine tells them.', async () => {
    const names = [': a:1\n', ': a:1\n', '(s): b:1\n', ': c:1,a:1', ` ID: ${digest}\n`, `: ${digest}`];
    await start(() => lines(...names.map((name) => ({ stream: `Loaded image${name}` }))));
    expect(await client.loadImage(Buffer.of(1))).toEqual({ references: ['a:1', 'b:1', 'c:1'], ids: [digest] });
  });

  point('py-17', 'An import is framed once: by its length where that is known, else in chunks.', async () => {
    await start(() => lines({ status: digest }));
    const path = join(await temporaryFolder(), 'x.tar');
    await writeFile(path, 'a tar');
    await client.importImageFromFile(path);
    await client.importImageFromData(Buffer.from('a tar'));
    await client.importImageFromStream(Readable.from([Buffer.from('a tar')]));
    const framings = engine.asked.map(({ headers }) => [headers['content-length'], headers['transfer-encoding']]);
    expect(framings).toEqual([['5', undefined], ['5', undefined], [undefined, 'chunked']]);
  });

  point('py-18', 'A path is never sent to the engine as a URL, nor a file uploaded for a URL.', async () => {
    await start(() => lines({ status: digest }));
    const path = join(await temporaryFolder(), 'mistyped.tar');
    expect(await failure(() => client.importImage(path))).toBeInstanceOf(UploadError);
    await writeFile(path, 'x');
    expect(await failure(() => client.importImageFromUrl(path))).toBeInstanceOf(ArgumentError);
    expect(engine.asked).toEqual([]);
  });

  point('py-19', 'An import takes credentials from an image, a message and a platform from a tar.', async () => {
    await start(({ method }) => lines(method === 'GET' ? { Id: digest } : { status: digest }));
    await client.importImageFromImage('h:1/x', { credentials: login, platform: 'linux/arm64' });
    const changes = ['CMD a', 'ENV b=c'];
    await client.importImageFromData(Buffer.of(1), { message: 'm', platform: 'linux/arm64', changes });
    expect(engine.asked[0]?.headers['x-registry-auth']).toBe(encodeRegistryAuth(login, 'h:1'));
    expect(sent().filter((line) => line.startsWith('POST'))).toEqual([
      'POST /v1.55/images/create?fromImage=h:1/x&tag=latest&platform=linux/arm64',
      'POST /v1.55/images/create?fromSrc=-&message=m&changes=CMD+a&changes=ENV+b=c&platform=linux/arm64',
    ]);
  });

  point('py-20', 'An import gives the id of the new image.', async () => {
    await start(() => lines({ status: 'Importing', progressDetail: {}, id: 'ab' }, { status: digest }));
    expect(await client.importImageFromData(Buffer.of(1))).toEqual({ id: digest });
  });

  point('js-40', 'An import takes a file system, also files in memory; a load takes images only.', async () => {
    const imports = (target: string): boolean => target.includes('/create');
    await start(({ target }) => lines(imports(target) ? { status: digest } : { stream: 'Loaded image: x:1' }));
    await client.importImageFromData({ 'etc/motd': 'hello\n' });
    expect(engine.asked[0]?.body.toString('latin1', 0, 9)).toBe('etc/motd\0');
    expect(await failure(() => client.loadImage({ 'etc/motd': 'hello\n' } as never))).toBeInstanceOf(ArgumentError);
    await client.loadImage(Buffer.of(1));
    expect(sent().map((line) => line.split('?')[0])).toEqual(['POST /v1.55/images/create', 'POST /v1.55/images/load']);
  });
});

describe('names, parameters and lists', () => {
  point('py-24', 'A reference is parsed once: any digest passes, a tag given twice must be the same.', async () => {
    const sha512 = `sha512:${'b'.repeat(128)}`;
    await start(() => lines({ aux: { Digest: digest } }));
    await client.pull(`x@${sha512}`);
    await client.push('h:1/x:1', { tag: '1' });
    expect(await failure(() => client.push('h:1/x:1', { tag: '2' }))).toBeInstanceOf(ArgumentError);
    expect(sent()).toEqual([
      `POST /v1.55/images/create?fromImage=docker.io/library/x&tag=${sha512}`,
      'POST /v1.55/images/h:1/x/push?tag=1',
    ]);
  });

  point('py-25', 'No name leads to another endpoint, and redirects are never followed.', async () => {
    await start((_, response) => void response.writeHead(301, { Location: '/v1.55/containers/x/json' }).end());
    for (const name of ['../containers/x', 'a/../../x', '%2e%2e/containers/x', 'a//b', 'a?b', 'a#b', 'a b']) {
      expect(await failure(() => client.inspectImage(name)), name).toBeInstanceOf(InvalidReferenceError);
      expect(await failure(() => client.removeImage(name)), name).toBeInstanceOf(InvalidReferenceError);
    }
    expect(engine.asked).toEqual([]);
    expect(await failure(() => client.inspectImage('x'))).toMatchObject({ status: 301 });
    expect(engine.asked).toHaveLength(1);
  });

  point('py-26', 'Newer parameters are there, and refused before a byte goes to an older engine.', async () => {
    const platform = 'linux/arm64';
    const wire = '={"architecture":"arm64","os":"linux"}';
    // the last version without it, the call, how it is sent
    const newer: Array<[string, (docker: ImageClient) => PromiseLike<unknown>, string]> = [
      ['1.45', (docker) => docker.push('h:1/x', { platform }), `platform${wire}`],
      ['1.47', (docker) => docker.history('x', { platform }), `platform${wire}`],
      ['1.47', (docker) => docker.getImage('x', { platform }).each(() => {}), `platform${wire}`],
      ['1.47', (docker) => docker.loadImage(Buffer.of(1), { platform }), `platform${wire}`],
      ['1.48', (docker) => docker.inspectImage('x', { platform }), `platform${wire}`],
      ['1.49', (docker) => docker.removeImage('x', { platforms: [platform], force: true }), `platforms${wire}`],
      ['1.41', (docker) => docker.images({ sharedSize: true }), 'shared-size=1'],
      ['1.54', (docker) => docker.imageAttestations('x'), '/images/x/attestations'],
    ];
    await start((_, response) => ((response.statusCode = 400), { message: 'enough' }));
    for (const [last, call, sentAs] of newer) {
      await using older = new ImageClient({ host: engine.host, version: last });
      if (last !== '1.41') expect(await failure(() => call(older)), sentAs).toBeInstanceOf(VersionError);
      const before = engine.asked.length;
      expect(await failure(() => call(client))).toBeInstanceOf(BadRequestError);
      expect(sent().slice(before).join(), last).toContain(sentAs);
    }
    expect(engine.asked).toHaveLength(newer.length);
  });

  point('py-30', 'A list is one request, whatever becomes of the images meanwhile.', async () => {
    await start(() => [{ Id: digest, RepoTags: ['a:1'] }, { Id: `${digest}0`, RepoTags: [] }]);
    expect(await client.images({ all: true })).toHaveLength(2);
    expect(sent()).toEqual(['GET /v1.55/images/json?all=1']);
  });

  point('py-31', 'A prune of all unused images is a filter that is sent as it is meant.', async () => {
    await start(() => ({ ImagesDeleted: null, SpaceReclaimed: 0 }));
    const pruned = await client.pruneImages({ filters: { dangling: [false] } });
    expect(pruned).toEqual({ ImagesDeleted: [], SpaceReclaimed: 0 });
    await client.pruneImages();
    expect(sent()).toEqual(['POST /v1.55/images/prune?filters={"dangling":["false"]}', 'POST /v1.55/images/prune']);
  });

  point('js-38', 'A platform is a text or an object, and refused where the version lacks it.', async () => {
    await start(() => ({ Id: digest, status: `Digest: ${digest}`, Os: 'linux', Architecture: 'arm' }));
    await client.pull('x', { platform: 'linux/arm/v7' });
    await client.pull('x', { platform: { os: 'linux', architecture: 'arm', variant: 'v7' } });
    expect(new Set(sent().filter((line) => line.startsWith('POST'))).size).toBe(1);
    await using old = new ImageClient({ host: engine.host, version: '1.31' });
    const error = await failure(() => old.pull('x', { platform: 'linux/arm/v7' }));
    expect(error).toBeInstanceOf(VersionError);
    expect((error as Error).message).toContain('pull.platform needs API version 1.32, and 1.31 is spoken');
  });

  point('js-50', 'An option that there is not is refused by the types, and at run time.', async () => {
    await start(() => []);
    const calls: Array<(docker: ImageClient) => unknown> = [
      // @ts-expect-error there is no such option
      (docker) => docker.pull('x', { typo: 1 }),
      // @ts-expect-error it is called `signal`
      (docker) => docker.images({ abortSignal: new AbortController().signal }),
      // @ts-expect-error it is called `credentials`
      (docker) => docker.push('x', { authconfig: 'no' }),
      // @ts-expect-error a number where a flag is needed
      (docker) => docker.removeImage('x', { force: 1 }),
    ];
    for (const call of calls) expect(await failure(() => call(client))).toBeInstanceOf(ArgumentError);
    expect(engine.asked).toEqual([]);
  });

  point('js-51', 'Lengths are counted in bytes, and what goes into a URL is escaped once.', async () => {
    await start(({ method }) => (method === 'GET' ? [] : { Status: 'Login Succeeded', IdentityToken: '' }));
    await client.checkAuth('docker.io', { username: 'ü', password: '€😀' });
    const { headers, body } = engine.asked[0] ?? expect.unreachable('nothing was asked');
    expect(headers['content-length']).toBe(String(body.length));
    expect(JSON.parse(body.toString())).toMatchObject({ username: 'ü', password: '€😀' });
    await client.images({ filters: { label: 'a=%2F é+&' } });
    const query = new URL(`http://h${engine.asked[1]?.target}`).searchParams;
    expect([...query]).toEqual([['filters', '{"label":["a=%2F é+&"]}']]);
  });
});

describe('credentials', () => {
  point('py-33', 'Credentials that a call is given go before those of the client.', async () => {
    await start(() => lines({ aux: { Digest: digest } }), { credentials: { identityToken: 'of the client' } });
    await client.push('h:1/x', { credentials: login });
    await client.push('h:1/x', { credentials: 'anonymous' });
    await client.push('h:1/x');
    const expected = [login, 'anonymous', { identityToken: 'of the client' }] as const;
    expect(engine.asked.map(({ headers }) => headers['x-registry-auth'])).toEqual(
      expected.map((credentials) => encodeRegistryAuth(credentials, 'h:1')),
    );
  });

  point('py-36', 'No member of credentials is dropped: what an engine would drop is refused.', async () => {
    const decoded = JSON.parse(Buffer.from(encodeRegistryAuth({ identityToken: 't' }, 'h:1'), 'base64').toString());
    expect(decoded).toEqual({ identitytoken: 't', serveraddress: 'h:1' });
    const both = { username: 'u', password: 'p', identityToken: 't' };
    expect(await failure(() => encodeRegistryAuth(both))).toBeInstanceOf(ArgumentError);
  });

  point('js-14', 'Every call to a registry has the credentials, in one header and nowhere else.', async () => {
    const asks: Record<string, (docker: ImageClient) => PromiseLike<unknown>> = {
      pull: (docker) => docker.pull('h:1/x', { credentials: login }),
      push: (docker) => docker.push('h:1/x', { credentials: login }),
      importImageFromImage: (docker) => docker.importImageFromImage('h:1/x', { credentials: login }),
      inspectDistribution: (docker) => docker.inspectDistribution('h:1/x', { credentials: login }),
      search: (docker) => docker.search('h:1/x', { credentials: login }),
    };
    const isList = ({ method, target }: Asked): boolean => method === 'GET' && !target.includes('/distribution');
    await start((asked) => (isList(asked) ? [] : { Id: digest, Descriptor: { digest }, aux: { Digest: digest } }), { credentials: login });
    for (const [name, ask] of Object.entries(asks)) {
      await ask(client);
      const { headers, target } = engine.asked.at(-1) ?? expect.unreachable(name);
      expect(headers['x-registry-auth'], name).toBe(encodeRegistryAuth(login, 'h:1'));
      expect(JSON.stringify({ ...headers, target, 'x-registry-auth': '' }), name).not.toContain('hunter2');
    }
    const before = engine.asked.length;
    await client.images();
    await client.history('h:1/x');
    expect(engine.asked).toHaveLength(before + 2);
    for (const { headers } of engine.asked.slice(before)) expect(headers).not.toHaveProperty('x-registry-auth');
  });
});

describe('connections, time and aborts', () => {
  point('py-39', 'A client closes its connections at the end of its block, without waiting for anything.', async () => {
    const daemon = await startDaemon((socket) =>
      onRequest(socket, () => socket.write('HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 0\r\n\r\n')),
    );
    {
      await using docker = new ImageClient({ host: daemon.host });
      await docker.ping();
      expect(daemon.sockets[0]?.readableEnded).toBe(false);
    }
    await turnsUntil(() => daemon.sockets[0]?.readableEnded === true);
  });

  point('py-40', 'Calls with different paths share a connection.', async () => {
    const daemon = await startDaemon((socket) =>
      onRequest(socket, (head) => {
        const body = head.startsWith('HEAD') ? '' : `{"Id":"${digest}"}`;
        socket.write(`HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      }),
    );
    await using docker = new ImageClient({ host: daemon.host });
    for (let n = 0; n < 40; n++) await docker.inspectImage(`image-${n}`);
    expect(daemon.sockets).toHaveLength(1);
  });

  point('py-41', 'A push may be silent for a day, before its answer begins and in the middle of it.', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let response: ServerResponse | undefined;
    await start((_, outgoing) => void (response = outgoing));
    const events: string[] = [];
    const pushing = client.push('h:1/x');
    const done = (async () => {
      for await (const { type } of pushing) events.push(type);
    })();
    await turnsUntil(() => response !== undefined);
    await vi.advanceTimersByTimeAsync(DAY_MS);
    response?.write(lines({ status: 'The push refers to repository [h:1/x]' }));
    await turnsUntil(() => events.length === 1);
    await vi.advanceTimersByTimeAsync(DAY_MS);
    response?.end(lines({ aux: { Digest: digest } }));
    await done;
    expect(await pushing.result()).toMatchObject({ digest });
  });

  point('py-46', 'A request has nothing of the environment, and a POST never becomes a GET.', async () => {
    const asked: Array<{ line: string; headers: IncomingHttpHeaders }> = [];
    const server = createServer(({ method, url, headers }, response) => {
      asked.push({ line: `${method} ${url}`, headers });
      response.statusCode = method === 'POST' ? 302 : 200;
      response.setHeader('Api-Version', '1.41').setHeader('Location', '/elsewhere');
      response.end(method === 'HEAD' ? '' : `{"Id":"${digest}"}`);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.push(() => (server.closeAllConnections(), server.close()));
    const { port } = server.address() as AddressInfo;
    const folder = await temporaryFolder();
    await writeFile(join(folder, '.netrc'), `machine 127.0.0.1 login u password hunter2\n`);
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) vi.stubEnv(name, 'http://127.0.0.1:1');
    vi.stubEnv('HOME', folder).stubEnv('NETRC', join(folder, '.netrc'));
    undo.push(() => vi.unstubAllEnvs());
    await using docker = new ImageClient({ host: `tcp://127.0.0.1:${port}` });
    await docker.inspectImage('x');
    expect(await failure(() => docker.pull('x'))).toMatchObject({ status: 302 });
    expect(asked.map(({ line }) => line.split('?')[0])).toEqual([
      'HEAD /_ping', 'GET /v1.41/images/x/json', 'POST /v1.41/images/create',
    ]);
    for (const { headers } of asked) {
      const names = Object.keys(headers).filter((name) => name !== 'content-length');
      expect(names.sort()).toEqual(['host', 'user-agent']);
    }
  });

  point('js-7', 'Whatever goes wrong rejects the call that it belongs to.', async () => {
    const daemon = await startDaemon((socket) => onRequest(socket, () => socket.destroy()));
    for (const [name, call] of Object.entries(methods)) {
      await using docker = new ImageClient({ host: daemon.host });
      expect(await failure(() => call(docker, {})), name).toBeInstanceOf(LongshoreError);
    }
  });

  point('js-12', 'An engine that dies in the middle of an answer, or between two, is no unhandled error.', async () => {
    const daemon = await startDaemon((socket, index) =>
      onRequest(socket, (head) => {
        if (head.startsWith('HEAD')) socket.write('HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\n');
        else if (index > 0) socket.write(answer('[]'));
        else socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n', () => socket.destroy());
      }),
    );
    await using docker = new ImageClient({ host: daemon.host });
    expect(await failure(() => docker.pull('x'))).toBeInstanceOf(TruncatedError);
    await docker.images();
    daemon.sockets.at(-1)?.destroy(); // idle; an unhandled error fails the run
    expect(await docker.images()).toEqual([]);
  });

  for (const [when, version] of [['asks', '1.55'], ['negotiates', undefined]] as const) {
    it(`js-26: A signal ends every method with its own reason, here while it ${when}.`, async () => {
      const daemon = await startDaemon(() => {});
      for (const [name, call] of Object.entries(methods)) {
        await using docker = new ImageClient({ host: daemon.host, ...(version && { version }) });
        const controller = new AbortController();
        const before = daemon.received.length;
        const ended = failure(() => call(docker, { signal: controller.signal }));
        await turnsUntil(() => daemon.received[before]?.includes('\r\n\r\n') === true);
        const reason = new Error(`enough of ${name}`);
        controller.abort(reason);
        expect(await ended, name).toBe(reason);
      }
    });
  }
  numbers.push('js-26');

  it('js-26: There is no method that is not among those.', () => {
    const asksNothing = ['constructor', 'close', 'supports', 'apiVersion'];
    const all = Object.getOwnPropertyNames(ImageClient.prototype).filter((name) => !asksNothing.includes(name));
    expect(Object.keys(methods).sort()).toEqual(all.sort());
  });

  point('js-30', 'No timer ends an answer that is under way: a pull may be silent for a day.', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let response: ServerResponse | undefined;
    await start((_, outgoing) => void (response = outgoing).write(lines({ status: 'Pulling from library/x' })));
    const pulled = client.pull('x').then((result) => result);
    await turnsUntil(() => response !== undefined);
    await vi.advanceTimersByTimeAsync(DAY_MS);
    response?.end(lines({ status: `Digest: ${digest}` }));
    expect(await pulled).toMatchObject({ digest });
  });
});

describe('the package', () => {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const run = (program: string, argv: readonly string[], cwd: string): string => {
    const { status, stdout, stderr } = spawnSync(program, argv, { cwd, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    return stdout.trim();
  };

  point('js-44', 'A bundler makes one file of it that runs.', async () => {
    const folder = await temporaryFolder();
    const bundle = await rolldown({ input: join(root, 'src/index.ts'), platform: 'node', logLevel: 'silent' });
    const { output } = await bundle.write({ file: join(folder, 'one.mjs'), format: 'esm', codeSplitting: false });
    await bundle.close();
    expect(output.map(({ fileName }) => fileName)).toEqual(['one.mjs']);
    await writeFile(join(folder, 'a.mjs'), `import { ImageClient } from './one.mjs'; console.log(ImageClient.name);`);
    expect(run(process.execPath, ['a.mjs'], folder)).toBe('ImageClient');
  });
});

describe('what documents say and engines do', () => {
  point('api-2', 'A push names its tag apart from the repository, where every engine finds it.', async () => {
    await start(() => lines({ aux: { Digest: digest } }));
    await client.push('h:1/a:2');
    expect(sent()).toEqual(['POST /v1.55/images/h:1/a/push?tag=2']);
  });

  point('api-4', 'A list never asks for digests, and an answer of nothing is an error and no empty list.', async () => {
    await start(() => '');
    expect(await failure(() => client.images({ digests: true } as object))).toBeInstanceOf(ArgumentError);
    expect(engine.asked).toEqual([]);
    expect(await failure(() => client.images())).toBeInstanceOf(DecodeError);
  });

  point('api-6', 'The message and the changes of an import are sent to an engine of any version.', async () => {
    await start(() => lines({ status: digest }), { version: '1.24' });
    await client.importImageFromData(Buffer.of(1), { message: 'm', changes: ['CMD a'] });
    expect(sent()).toEqual(['POST /v1.24/images/create?fromSrc=-&message=m&changes=CMD+a']);
  });

  point('api-7', 'A list by name is a filter by reference on every version.', async () => {
    await start(() => [], { version: '1.24' });
    await client.images({ name: 'a/*' });
    expect(sent()).toEqual(['GET /v1.24/images/json?filters={"reference":["a/*"]}']);
  });

  point('api-9', 'A filter that some engines have is passed on, and the refusal of others told.', async () => {
    await start((_, response) => ((response.statusCode = 400), { message: "invalid filter 'label!'" }));
    const error = await failure(() => client.images({ filters: { 'label!': 'a=b' } }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ daemonMessage: "invalid filter 'label!'" });
    expect(sent()).toEqual(['GET /v1.55/images/json?filters={"label!":["a=b"]}']);
  });

  point('api-11', 'A tag needs a repository, and an answer other than 201 to it is an error.', async () => {
    await start((_, response) => void response.writeHead(200).end());
    expect(await failure(() => client.tag('a', ''))).toBeInstanceOf(InvalidReferenceError);
    expect(engine.asked).toEqual([]);
    expect(await failure(() => client.tag('a', 'b'))).toMatchObject({ code: 'LONGSHORE_API', status: 200 });
  });

  point('api-12', 'An answer of nothing to a search is an error and no empty list.', async () => {
    await start(() => '');
    expect(await failure(() => client.search('x', { limit: -1 }))).toBeInstanceOf(DecodeError);
  });

  point('api-18', 'Events are read alike under every content type.', async () => {
    const event = { Type: 'image', Action: 'tag', Actor: { ID: digest, Attributes: {} }, time: 1, timeNano: 1e9 };
    let type = '';
    await start((_, response) => (response.setHeader('Content-Type', type), lines(event, event)));
    for (type of ['application/json', 'application/x-ndjson', 'application/jsonl', 'text/plain']) {
      expect(await collect(client.events({ until: 2 })), type).toEqual([event, event]);
    }
  });

  point('api-20', 'A removal of platforms is not sent to an engine that would remove the whole image.', async () => {
    await start(() => [], { newest: '1.49' });
    const error = await failure(() => client.removeImage('a', { platforms: ['linux/arm64'], force: true }));
    expect(error).toMatchObject({ subject: 'removeImage.platforms', needed: '1.50', spoken: '1.49' });
    expect(engine.asked).toEqual([]);
  });
});

/** A complaint that a test in another file covers. */
interface Held {
  readonly id: string;
  readonly claim: string;
  /** Below test/. */
  readonly file: string;
}

const held: readonly Held[] = [
  { id: 'py-1', claim: 'A pull that fails in its stream rejects, also when it is awaited.', file: 'client/progress-stream.test.ts' },
  { id: 'py-7', claim: 'What the engine told before its error is given first, so that a caller sees how far it came.',
    file: 'client/progress-stream.test.ts' },
  { id: 'py-8', claim: 'A save is given as it comes, and the engine waits for a slow reader.', file: 'client/archive-stream.test.ts' },
  { id: 'py-9', claim: 'The chunks of a save have exactly the size asked for, but for the last.', file: 'client/archive-stream.test.ts' },
  { id: 'py-12', claim: 'A save by id is one without names, where the engine\'s store drops them.', file: 'live/archives.test.ts' },
  { id: 'py-16', claim: 'A load asks for progress unless it is told to be quiet.', file: 'client/image-client.test.ts' },
  { id: 'py-21', claim: 'A pull without a tag is one of "latest".', file: 'client/image-client.test.ts' },
  { id: 'py-22', claim: 'A push without a tag is one of "latest".', file: 'client/image-client.test.ts' },
  { id: 'py-23', claim: 'Of a tag and a digest in one reference the digest is pulled.', file: 'client/image-client.test.ts' },
  { id: 'py-27', claim: 'Progress can be iterated, and the result asked for afterwards.', file: 'client/progress-stream.test.ts' },
  { id: 'py-28', claim: 'A list by name is a filter by reference.', file: 'client/image-client.test.ts' },
  { id: 'py-29', claim: 'The filters that a caller gave are left alone, and a name joins them.', file: 'client/image-client.test.ts' },
  { id: 'py-32', claim: 'Credentials go in the alphabet and with the padding that engines read.', file: 'api/credentials.test.ts' },
  { id: 'py-34', claim: 'A missing helper breaks no client, and of its calls those alone for which it would be asked.',
    file: 'client/docker-credentials.test.ts' },
  { id: 'py-35', claim: 'A key of config.json counts in any spelling, for its own repositories, the most specific first.',
    file: 'config/stored-credentials.test.ts' },
  { id: 'py-37', claim: 'A broken entry of config.json is an error for its own registry alone.',
    file: 'config/stored-credentials.test.ts' },
  { id: 'py-38', claim: 'The files that real logins wrote are read as the programs that wrote them do.',
    file: 'config/stored-credentials.test.ts' },
  { id: 'py-43', claim: 'Nothing that is installed along can break it: nothing is.', file: 'package.test.ts' },
  { id: 'py-44', claim: 'A context that is not there is an error, and never the default socket.', file: 'system/find-engine.test.ts' },
  { id: 'py-45', claim: 'The version is asked of the engine once, by the first call.', file: 'client/engine.test.ts' },
  { id: 'py-47', claim: 'A method gives a promise, or what can be awaited and iterated.', file: 'client/progress-stream.test.ts' },
  { id: 'py-48', claim: 'An error body of any form becomes an error with the words in it.', file: 'api/api-error.test.ts' },
  { id: 'py-49', claim: 'Values are told apart by their own syntax, however lines and characters are cut by reads.',
    file: 'api/progress/json-stream.test.ts' },
  { id: 'py-50', claim: 'A look at a registry is refused on Podman, which has no such thing.', file: 'client/engine-differences.test.ts' },

  { id: 'js-2', claim: 'An error in the stream rejects in every way in which the stream can be read.',
    file: 'client/progress-stream.test.ts' },
  { id: 'js-3', claim: 'A load resolves to the references and ids that it loaded.', file: 'client/progress-stream.test.ts' },
  { id: 'js-4', claim: 'A load of what is no image rejects, though the engine has answered 200.', file: 'live/archives.test.ts' },
  { id: 'js-8', claim: 'No parser of others can change beneath it.', file: 'package.test.ts' },
  { id: 'js-11', claim: 'A tag succeeds with 201 alone, because engines answer 200 where they have tagged nothing.',
    file: 'live/faults.test.ts' },
  { id: 'js-13', claim: 'An option by another name, as other clients have it for credentials, is refused.',
    file: 'client/image-client.test.ts' },
  { id: 'js-15', claim: 'The manual shows how to give credentials for every kind of registry.', file: 'documentation.test.ts' },
  { id: 'js-16', claim: 'Who is logged in by the docker command need not log in again.', file: 'live/credentials.test.ts' },
  { id: 'js-17', claim: 'A credential helper is asked by its own protocol.', file: 'system/programs/credential-helper.test.ts' },
  { id: 'js-18', claim: 'A push without credentials sends the header that old engines want.', file: 'client/engine.test.ts' },
  { id: 'js-19', claim: 'The header has its padding and its alphabet for JSON of every length.', file: 'api/credentials.test.ts' },
  { id: 'js-22', claim: 'A password given as a secret shows itself in no log, message or JSON.', file: 'api/credentials.test.ts' },
  { id: 'js-23', claim: 'A helper that has nothing is no failure, and one that fails is an error and not silence.',
    file: 'client/docker-credentials.test.ts' },
  { id: 'js-24', claim: 'A helper is asked for the key that docker has for the registry, whatever address it answers with.',
    file: 'client/docker-credentials.test.ts' },
  { id: 'js-25', claim: 'A signal ends a call in its middle with its own reason.', file: 'client/progress-stream.test.ts' },
  { id: 'js-27', claim: 'An upload that an engine refuses stops, and the refusal is what the caller sees.',
    file: 'connection/early-answer.test.ts' },
  { id: 'js-28', claim: 'Files pass through without being held in memory, both ways.', file: 'live/faults.test.ts' },
  { id: 'js-29', claim: 'Silence in the middle of an answer has a limit of its own, where one is given.',
    file: 'connection/connection-pool.test.ts' },
  { id: 'js-31', claim: 'A connection that is free carries the next call.', file: 'connection/connection-pool.test.ts' },
  { id: 'js-32', claim: 'There is one option for where the engine is, and two answers to that question are refused.',
    file: 'client/image-client.test.ts' },
  { id: 'js-33', claim: 'Which engine is meant is found as the docker command finds it, contexts and their TLS included.',
    file: 'system/find-engine.test.ts' },
  { id: 'js-34', claim: 'DOCKER_CONFIG names a folder.', file: 'system/find-engine.test.ts' },
  { id: 'js-35', claim: 'Certificates are PEM or paths, and an error names the file that is at fault.',
    file: 'system/tls/tls-material.test.ts' },
  { id: 'js-41', claim: "ssh is the system's own, with its configuration and its agents.", file: 'system/programs/ssh-dialer.test.ts' },
  { id: 'js-42', claim: 'No ssh outlives its client.', file: 'system/programs/ssh-dialer.test.ts' },
  { id: 'js-36', claim: 'An engine whose oldest version is newer than ours is an error that has both ranges.',
    file: 'client/engine.test.ts' },
  { id: 'js-37', claim: 'Filters are an object of plain values, and their form on the wire is nobody\'s business.',
    file: 'api/filters.test.ts' },
  { id: 'js-43', claim: 'Nothing is compiled and nothing runs at installation.', file: 'package.test.ts' },
  { id: 'js-45', claim: 'What would be published can be installed and loaded, by import and by require.', file: 'package/tarball.test.ts' },
  { id: 'js-47', claim: 'No package of others comes with it that could need an update.', file: 'package.test.ts' },
  { id: 'js-49', claim: 'It reaches Unix sockets by sockets of its own, and uses no fetch.', file: 'architecture.test.ts' },

  { id: 'api-1', claim: 'A load always says whether it is to be quiet, because engines take silence for yes.',
    file: 'live/archives.test.ts' },
  { id: 'api-3', claim: 'A push always has a header for credentials, with an empty object where there are none.',
    file: 'client/engine.test.ts' },
  { id: 'api-8', claim: 'A filter that an engine does not know is the engine\'s to refuse, and its words are told.',
    file: 'live/images.test.ts' },
  { id: 'api-10', claim: 'Every status of failure is an error of its class.', file: 'api/api-error.test.ts' },
  { id: 'api-13', claim: 'A save of no image at all is refused.', file: 'client/image-client.test.ts' },
  { id: 'api-14', claim: 'A list that an engine calls null is an empty one.', file: 'client/image-client.test.ts' },
  { id: 'api-15', claim: 'Wrong credentials have the reason "auth", also where the engine calls them its own failure.',
    file: 'api/api-error.test.ts' },
  { id: 'api-16', claim: 'A registry that wants credentials has the reason "auth", whatever the status.', file: 'live/registry.test.ts' },
  { id: 'api-19', claim: 'Disk usage is the same, whether the engine sums it up or sends the lists that it came from.',
    file: 'api/normalize.test.ts' },
];

const BUILD = 'It is about building images, which this client does not do.';

/** What is not held, and why. */
const leftOut: ReadonlyArray<{ readonly id: string; readonly reason: string }> = [
  { id: 'py-42', reason: 'It is about named pipes, which need Windows, and about containers.' },
  { id: 'js-20', reason: 'It is about X-Registry-Config, which only builds send.' },
  { id: 'js-21', reason: BUILD },
  { id: 'js-46', reason: 'A budget of size comes with the work on the package; js-43 and js-47 hold its cause.' },
  { id: 'js-48', reason: 'Bun and Deno come with the work on the package; js-49 holds what lets them run it.' },
  { id: 'api-5', reason: BUILD },
  { id: 'api-17', reason: 'It is about the cache of builds, which this client leaves alone.' },
];

it('each complaint that another file covers is covered there, by one test', () => {
  expect(allCovered('complaint')).toEqual(held.map(({ id, file }) => `${file}: complaint ${id} 1`).sort());
});

describe('the points', () => {
  it('are all here, each once', () => {
    const all = [...numbers, ...[...held, ...leftOut].map(({ id }) => id)];
    const counted = (list: string, length: number): string[] => Array.from({ length }, (_, n) => `${list}-${n + 1}`);
    const due = [...counted('py', 50), ...counted('js', 51), ...counted('api', 20)];
    expect(all.sort()).toEqual(due.sort());
  });

  it('that are left out have a reason', () => {
    for (const { id, reason } of leftOut) expect(reason, id).toMatch(/^\S.{20,}\.$/);
  });
});
