// Aborts every method in each of its phases: it rejects with the signal's own reason, and leaves no listener, connection,
// program or file; the source of an upload is closed; and the next call succeeds.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dockerConfig } from '../../src/client/docker-credentials.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import type { Dialer } from '../../src/connection/channel.ts';
import type { CallOptions, ImageClientOptions } from '../../src/client/options.ts';
import { dialerFor } from '../../src/system/net/dialer.ts';
import { parseAddress } from '../../src/config/engine-address.ts';
import { files } from '../../src/system/files/archive-files.ts';
import { until } from '../support/fake-daemon.ts';
import { runs } from '../support/fake-ssh.ts';
import { makeFifo, noFifo } from '../support/fifo.ts';
import { titled } from '../support/installed.ts';
import { makeProgram } from '../support/make-program.ts';
import { TAR, obedientDaemon } from '../support/obedient-daemon.ts';
import type { ObedientDaemon } from '../support/obedient-daemon.ts';

/** One way to use a method, to its end. */
interface Row {
  readonly method: Exclude<keyof ImageClient, symbol>;
  /** How its result is used, if there are several ways. */
  readonly how?: string;
  readonly run: (client: ImageClient, options: CallOptions) => PromiseLike<unknown>;
  /** Whether it requests the credentials of a registry. */
  readonly asks?: true;
  /** For uploads: the call with that content. */
  readonly upload?: (client: ImageClient, options: CallOptions, data: AsyncIterable<Uint8Array>) => PromiseLike<unknown>;
}

let folder: string;
const file = (): string => join(folder, 'image.tar');
const credentials = { username: 'u', password: 'p' };

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

const rows: readonly Row[] = [
  { method: 'ping', run: (c, o) => c.ping(o) },
  { method: 'waitUntilReady', run: (c, { signal }) => c.waitUntilReady({ signal }) },
  { method: 'version', run: (c, o) => c.version(o) },
  { method: 'info', run: (c, o) => c.info(o) },
  { method: 'checkAuth', run: (c, o) => c.checkAuth('r.example', credentials, o) },
  { method: 'events', run: (c, o) => all(c.events({ ...o, until: 2 })) },
  { method: 'diskUsage', run: (c, o) => c.diskUsage(o) },
  { method: 'supports', run: (c, { signal }) => c.supports('images.manifests', { signal }) },
  { method: 'apiVersion', run: (c, { signal }) => c.apiVersion({ signal }) },
  { method: 'images', run: (c, o) => c.images(o) },
  { method: 'inspectImage', run: (c, o) => c.inspectImage('a', o) },
  { method: 'exists', run: (c, o) => c.exists('a', o) },
  { method: 'history', run: (c, o) => c.history('a', o) },
  { method: 'tag', run: (c, o) => c.tag('a', 'b', o) },
  { method: 'removeImage', run: (c, o) => c.removeImage('a', o) },
  { method: 'layers', run: (c, o) => c.layers(o) },
  { method: 'copyImage', how: 'awaited', run: (c, o) => c.copyImage('a', { ...o, to: otherClient() }) },
  { method: 'copyImage', how: 'iterated', run: (c, o) => all(c.copyImage('a', { ...o, to: otherClient() })) },
  { method: 'pruneImages', run: (c, o) => c.pruneImages(o) },
  { method: 'prunePlan', run: (c, o) => c.prunePlan(o) },
  { method: 'search', asks: true, run: (c, o) => c.search('x', o) },
  { method: 'inspectDistribution', asks: true, run: (c, o) => c.inspectDistribution('a', o) },
  { method: 'checkForUpdate', run: (c, o) => c.checkForUpdate('a', o) },
  { method: 'imageAttestations', run: (c, o) => c.imageAttestations('a', o) },
  { method: 'pull', how: 'awaited', asks: true, run: (c, o) => c.pull('a', o) },
  { method: 'pull', how: 'iterated', asks: true, run: (c, o) => all(c.pull('a', o)) },
  { method: 'pull', how: 'as bytes', asks: true, run: (c, o) => all(c.pull('a', o).bytes()) },
  {
    method: 'pull',
    how: 'where it is missing',
    asks: true,
    run: (c, o) => c.pull('a', { ...o, policy: 'missing', platform: 'linux/arm64' }),
  },
  { method: 'push', how: 'awaited', asks: true, run: (c, o) => c.push('a', o) },
  { method: 'push', how: 'iterated', asks: true, run: (c, o) => all(c.push('a', o)) },
  { method: 'getImage', how: 'iterated', run: (c, o) => all(c.getImage('a', o)) },
  { method: 'getImage', how: 'by each', run: (c, o) => c.getImage('a', o).each(() => {}) },
  { method: 'getImage', how: 'by each, slowly', run: (c, o) => c.getImage('a', o).each(async () => {}) },
  { method: 'getImage', how: 'to a file', run: (c, o) => c.getImage('a', o).toFile(file()) },
  { method: 'getImage', how: 'as a stream of Node\'s', run: (c, o) => all(c.getImage('a', o).toNode()) },
  {
    method: 'getImage',
    how: 'as a stream of the web\'s',
    run: (c, o) => all(c.getImage('a', o).toWeb() as AsyncIterable<unknown>),
  },
  {
    method: 'loadImage',
    how: 'from a source',
    run: (c, o) => c.loadImage(source(TAR), o),
    upload: (c, o, data) => c.loadImage(data, o),
  },
  { method: 'loadImage', how: 'from bytes', run: (c, o) => c.loadImage(TAR, o) },
  { method: 'loadImage', how: 'from a Blob', run: (c, o) => all(c.loadImage(new Blob([TAR]), o)) },
  { method: 'loadImage', how: 'from a file', run: (c, o) => c.loadImage({ path: join(folder, 'given.tar') }, o) },
  { method: 'importImage', run: (c, o) => c.importImage(join(folder, 'given.tar'), o) },
  { method: 'importImageFromData', run: (c, o) => c.importImageFromData({ a: TAR }, o) },
  { method: 'importImageFromFile', run: (c, o) => c.importImageFromFile(join(folder, 'given.tar'), { ...o, repository: 'a' }) },
  {
    method: 'importImageFromStream',
    run: (c, o) => c.importImageFromStream(source(TAR), o),
    upload: (c, o, data) => all(c.importImageFromStream(data, o)),
  },
  { method: 'importImageFromUrl', run: (c, o) => c.importImageFromUrl('http://h.example/x', o) },
  { method: 'importImageFromImage', asks: true, run: (c, o) => c.importImageFromImage('a', o) },
  {
    method: 'request',
    run: async (c, o) => all((await c.request({ ...o, path: '/x' })).body),
    upload: async (c, o, body) => all((await c.request({ ...o, method: 'POST', path: '/x', body })).body),
  },
];
const title = ({ method, how }: Row): string => (how === undefined ? method : `${method} ${how}`);
const cases = (some: readonly Row[]): Array<[string, Row]> => some.map((row) => [title(row), row]);

async function* source(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The engines that need different requests before and after a call. */
const engines = {
  Docker: 'Api-Version: 1.55\r\n',
  Podman: 'Api-Version: 1.41\r\nLibpod-API-Version: 5.4.0\r\nServer: Libpod/5.4.0 (linux)\r\n',
} as const;
/** Methods that no Podman supports. */
const dockerOnly: readonly string[] = ['inspectDistribution', 'checkForUpdate', 'imageAttestations'];

/** Neither an error nor an object: the library can neither copy nor wrap it unnoticed. */
const reason = Symbol('enough of this');

let daemon: ObedientDaemon;
let client: ImageClient;
const clients: ImageClient[] = [];
/** The open sockets, pipes, servers and programs of this process. */
const handles = (): number => process.getActiveResourcesInfo().filter((kind) => kind.endsWith('Wrap')).length;
const handlesBefore = handles();
beforeAll(async () => {
  daemon = await obedientDaemon();
});
afterAll(async () => {
  await daemon.close();
  await until(() => handles() <= handlesBefore);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-'));
  await writeFile(join(folder, 'given.tar'), TAR);
});
afterEach(async () => {
  for (const each of clients.splice(0)) each.close();
  await until(() => daemon.open() === 0);
  await rm(folder, { recursive: true });
});

function make(options: Partial<ImageClientOptions> = {}): ImageClient {
  client = new ImageClient({ host: options.dialer === undefined ? daemon.host : undefined, ...options });
  clients.push(client);
  return client;
}

/** The target of a copy: the same daemon under another address. It keeps no idle connection. */
function otherClient(): ImageClient {
  const { dial } = dialerFor(parseAddress(daemon.host));
  const other = new ImageClient({ dialer: { address: 'the other engine', dial }, maxIdle: 0 });
  clients.push(other);
  return other;
}

/** Starts the call, aborts it in the phase, and checks its outcome and that nothing is left. */
async function abortIn(phase: () => Promise<unknown>, run: Row['run'], of: ImageClient = client): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const call = Promise.resolve(run(of, { signal })).then(
    () => expect.fail('it was not aborted'),
    (error: unknown) => error,
  );
  await Promise.race([phase(), call]);
  controller.abort(reason);
  expect(await call).toBe(reason);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect((await readdir(folder)).filter((name) => name.includes('image.tar'))).toEqual([]);
}

/** Checks that an ordinary call of the same client succeeds, over working connections. */
async function worksAgain(): Promise<void> {
  daemon.fallSilent(undefined);
  expect(await client.images()).toEqual([]);
  expect((await client.inspectImage('a')).Id).toContain('sha256:');
  await until(() => daemon.open() === 1); // the daemon notices an end later; a connection without an end stays open
}

it('the table has every method', () => {
  const others = ['constructor', 'close'];
  const methods = Object.getOwnPropertyNames(ImageClient.prototype).filter((name) => !others.includes(name));
  expect([...new Set(rows.map(({ method }) => method as string))].sort()).toEqual(methods.sort());
});

describe('an abort before the call', () => {
  // covers: fault 0.15, fault 3.14
  it.each(cases(rows))('of %s sends nothing', async (_, { run }) => {
    make();
    const connections = daemon.daemon.sockets.length;
    const signal = AbortSignal.abort(reason);
    await expect(Promise.resolve(run(client, { signal }))).rejects.toBe(reason);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(daemon.daemon.sockets).toHaveLength(connections);
    expect(await readdir(folder)).toEqual(['given.tar']);
  });

  it.each(cases(rows))('of %s is heard also where all that it needs is known', async (_, { run }) => {
    make();
    await client.diskUsage();
    daemon.fallSilent(undefined);
    const signal = AbortSignal.abort(reason);
    await expect(Promise.resolve(run(client, { signal }))).rejects.toBe(reason);
    expect(daemon.requests).toEqual([]);
  });
});

describe.each(Object.entries(engines))('on %s', (engine, fields) => {
  beforeAll(async () => {
    await daemon.close();
    daemon = await obedientDaemon(fields);
  });
  afterAll(async () => {
    await daemon.close();
    daemon = await obedientDaemon();
  });
  const ours = engine === 'Docker' ? rows : rows.filter(({ method }) => !dockerOnly.includes(method));

  describe.each(['before the answer', 'in the middle of the answer'] as const)('an abort %s', (where) => {
    // covers: fault 0.15, fault 3.14
    it.each(cases(ours))('to each request of %s', async (_, { method, run }) => {
      // When a copy is aborted at its target, the source has already answered, and its connection waits for the next call.
      const mayStay = method === 'copyImage' ? 1 : 0;
      make();
      daemon.fallSilent(undefined);
      await run(client, {}); // to count the requests, and to check that the call works
      const { length } = daemon.requests;
      expect(length).toBeGreaterThan(0);
      for (let request = 0; request < length; request++) {
        client.close();
        make();
        daemon.fallSilent({ request, where });
        await rm(file(), { force: true });
        await abortIn(() => daemon.silent().then(turns), run);
        await until(() => daemon.open() <= mayStay);
        await worksAgain();
      }
    });
  });
});

/** Lets what the daemon has sent arrive. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('an abort in the middle of an error', () => {
  const asking = rows.filter(({ method }) => !['supports', 'apiVersion', 'ping', 'waitUntilReady'].includes(method));
  // covers: fault 0.15, fault 3.14
  it.each(cases(asking))('of %s', async (_, { run }) => {
    make();
    await client.diskUsage();
    const answer = `HTTP/1.1 500 Internal Server Error\r\nContent-Length: 100\r\n\r\n${'x'.repeat(100)}`;
    daemon.fallSilent({ request: 0, where: 'in the middle of the answer', answer });
    await abortIn(() => daemon.silent().then(turns), run);
    await until(() => daemon.open() === 0);
    await worksAgain();
  });
});

describe('an abort while a connection is made', () => {
  // covers: fault 0.15, fault 3.14
  it.each(cases(rows))('%s, which never ends, whatever the dialer does about it', async (_, { run }) => {
    let dials = 0;
    let silent = true;
    const { address, dial } = dialerFor(parseAddress(daemon.host));
    const dialer: Dialer = { address, dial: (options) => (dials++, silent ? new Promise(() => {}) : dial(options)) };
    make({ dialer });
    await abortIn(() => until(() => dials > 0), run);
    silent = false;
    await worksAgain();
  });

  it('closes a channel that is made too late', async () => {
    let give: (() => void) | undefined;
    const { address, dial } = dialerFor(parseAddress(daemon.host));
    const dialer: Dialer = {
      address,
      dial: async () => {
        await new Promise<void>((resolve) => (give ??= resolve));
        return dial({});
      },
    };
    make({ dialer });
    const connections = daemon.daemon.sockets.length;
    await abortIn(() => until(() => give !== undefined), (c, o) => c.images(o));
    give?.();
    await until(() => daemon.daemon.sockets.length > connections && daemon.open() === 0);
  });

  it('close() ends the making of a connection', async () => {
    make({ dialer: { address: 'nowhere', dial: () => new Promise(() => {}) } });
    const call = client.images().catch((error: unknown) => error);
    await turns();
    client.close();
    expect(await call).toMatchObject({ code: 'LONGSHORE_CONNECT', message: expect.stringContaining('has been closed') });
  });

  // While it is stopped, it accepts no connection; when the system's queue is full, more are neither made nor refused.
  describe.runIf(process.platform === 'linux')('a TCP port whose queue is full', () => {
    let child: ChildProcess;
    let port: number;
    const filling: Socket[] = [];
    beforeAll(async () => {
      const program =
        "const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {" +
        "require('node:fs').writeSync(1, `${server.address().port}\\n`); process.kill(process.pid, 'SIGSTOP'); })";
      child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = await once(child.stdout as NodeJS.ReadableStream, 'data');
      port = Number(line);
      await until(() => stateOf(child.pid) === 'T');
      for (let index = 0; index < 2; index++) {
        const socket = connect(port, '127.0.0.1');
        filling.push(socket);
        await once(socket, 'connect');
      }
    });
    afterAll(async () => {
      for (const socket of filling) socket.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    });

    it.each(cases(rows))('by %s', async (_, { run }) => {
      make({ host: `tcp://127.0.0.1:${port}` });
      await abortIn(() => until(() => connecting(port) > 0), run);
      await until(() => connecting(port) === 0);
    });
  });

  it.each(cases(rows))('%s, in the TLS handshake', async (_, { run }) => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket.on('error', () => {}).resume())).listen(0, '127.0.0.1');
    await once(server, 'listening');
    make({ host: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
    await abortIn(() => until(() => (sockets[0]?.bytesRead ?? 0) > 0), run);
    await until(() => sockets.every((socket) => socket.destroyed || socket.readableEnded));
    expect(sockets).toHaveLength(1);
    server.close();
  });
});

describe('an abort while waiting for one of a limited number of connections', () => {
  // covers: fault 0.15, fault 3.14
  it.each(cases(rows))('of %s', async (_, { run }) => {
    const { address, dial } = dialerFor(parseAddress(daemon.host));
    make({ dialer: { address, dial, traits: { connectMs: 30_000, idleMs: 60_000, maxBusy: 1 } } });
    daemon.fallSilent({ request: 0, where: 'before the answer' });
    const holder = new AbortController();
    const holding = client.ping({ signal: holder.signal }).catch((error: unknown) => error);
    await daemon.silent();
    await abortIn(turns, run);
    expect(daemon.requests).toEqual(['HEAD /_ping']);
    holder.abort(reason);
    expect(await holding).toBe(reason);
    await worksAgain();
  });
});

/** Puts a program first on PATH that writes its process id, and then waits. Returns the ids so far. */
async function waitingProgram(name: string): Promise<() => Promise<number[]>> {
  const log = join(folder, `${name}.log`);
  await writeFile(log, '');
  makeProgram(join(folder, name), `echo $$ >>'${log}'\nexec sleep 60`);
  const path = process.env['PATH'];
  process.env['PATH'] = `${folder}${delimiter}${path}`;
  restorePath = () => void (process.env['PATH'] = path);
  return async () => (await readFile(log, 'utf8')).split('\n').filter(Boolean).map(Number);
}
let restorePath: () => void = () => {};
afterEach(() => restorePath());

/** Resolves when one runs, with its process id. */
async function oneOf(pids: () => Promise<number[]>): Promise<number> {
  for (;;) {
    const [pid] = await pids();
    if (pid !== undefined) return pid;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe.runIf(process.platform !== 'win32')('an abort while a program works for the call', () => {
  // covers: fault 0.15, fault 3.14
  it.each(cases(rows))('ends the ssh of %s', async (_, { run }) => {
    const pids = await waitingProgram('ssh');
    make({ host: 'ssh://u@h.example' });
    await abortIn(() => oneOf(pids), run);
    const [pid, ...more] = await pids();
    expect(more).toEqual([]);
    await until(() => !runs(pid));
  });

  // covers: fault 0.15, fault 3.14
  it.each(cases(rows.filter(({ asks }) => asks)))('ends the credential helper of %s', async (_, { run }) => {
    const pids = await waitingProgram('docker-credential-waiting');
    await writeFile(join(folder, 'config.json'), '{"credsStore":"waiting"}');
    make({ credentials: dockerConfig({ folder, environment: {} }) });
    await abortIn(() => oneOf(pids), run);
    const [pid, ...more] = await pids();
    expect(more).toEqual([]);
    await until(() => !runs(pid));
    await worksAgain();
  });

  it('ends only its own call if two calls share a credential helper', async () => {
    const pids = await waitingProgram('docker-credential-waiting');
    await writeFile(join(folder, 'config.json'), '{"credsStore":"waiting"}');
    make({ credentials: dockerConfig({ folder, environment: {} }) });
    const other = new AbortController();
    const going = Promise.resolve(client.push('a', { signal: other.signal })).catch((error: unknown) => error);
    const pid = await oneOf(pids);
    await abortIn(turns, (c, o) => c.push('b', o));
    expect([await pids(), runs(pid)]).toEqual([[pid], true]);
    other.abort(reason);
    expect(await going).toBe(reason);
    await until(() => !runs(pid));
  });
});

describe('an abort while the credentials function runs', () => {
  it.each(cases(rows.filter(({ asks }) => asks)))('by %s', async (_, { run }) => {
    const asked: Array<AbortSignal | undefined> = [];
    make({ credentials: (_, { signal }) => (asked.push(signal), new Promise(() => {})) });
    await abortIn(() => until(() => asked.length > 0), run);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.aborted).toBe(true);
    await worksAgain();
  });
});

describe('an abort of a shared negotiation', () => {
  it('ends only the wait of its own call', async () => {
    make();
    daemon.fallSilent({ request: 0, where: 'before the answer' });
    const other = Promise.resolve(client.images());
    const socket = await daemon.silent();
    await abortIn(turns, (c, o) => c.history('a', o));
    daemon.fallSilent(undefined);
    socket.write('HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\n');
    expect(await other).toEqual([]);
    expect(daemon.requests).toEqual(['GET /v1.41/images/json']);
  });

  it('ends the negotiation when no call waits for it, and the next call negotiates again', async () => {
    make();
    daemon.fallSilent({ request: 0, where: 'before the answer' });
    const controller = new AbortController();
    const other = client.images({ signal: controller.signal }).catch((error: unknown) => error);
    await daemon.silent();
    await abortIn(turns, (c, o) => c.history('a', o));
    controller.abort(reason);
    expect(await other).toBe(reason);
    await until(() => daemon.open() === 0);
    await worksAgain();
  });
});

describe('an abort of an upload', () => {
  const uploads = rows.filter(({ upload }) => upload).map((row) => [title(row), row.upload] as const);
  /** Yields blocks while `more` is true, and then waits; counts them, and records whether it was closed. */
  function watched(more: () => boolean) {
    const seen = { blocks: 0, returned: 0, waiting: false };
    const data: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          if (more()) return Promise.resolve({ done: false, value: Buffer.alloc(65536, ++seen.blocks) });
          seen.waiting = true;
          return new Promise(() => {});
        },
        return: () => (seen.returned++, Promise.resolve({ done: true, value: undefined })),
      }),
    };
    return { seen, data };
  }

  // covers: fault 0.15, fault 3.14
  it.each(uploads)('by %s that the engine does not accept', async (_, upload) => {
    make();
    await client.ping();
    await client.apiVersion();
    daemon.fallSilent({ request: 0, where: 'while reading the request' });
    const { seen, data } = watched(() => true);
    const stuck = async (): Promise<void> => {
      await daemon.silent();
      for (let blocks = -1; blocks !== seen.blocks; ) {
        blocks = seen.blocks;
        await new Promise((resolve) => setTimeout(resolve, 20)); // there is no event for a write that waits
      }
    };
    await abortIn(stuck, (c, o) => upload!(c, o, data));
    expect(seen.returned).toBe(1);
    const { blocks } = seen;
    (await daemon.silent()).resume();
    await until(() => daemon.open() === 0);
    await worksAgain();
    expect(seen.blocks).toBe(blocks);
  });

  // covers: fault 0.15, fault 3.14
  it.each(uploads)('by %s whose source yields nothing', async (_, upload) => {
    make();
    const { seen, data } = watched(() => seen.blocks < 3);
    await abortIn(() => until(() => seen.waiting), (c, o) => upload!(c, o, data));
    expect(seen).toMatchObject({ blocks: 3, returned: 1 });
    await until(() => daemon.open() === 0);
    await worksAgain();
  });

  it('ends the upload of a source that yields empty chunks without end', async () => {
    make();
    const controller = new AbortController();
    let chunks = 0;
    async function* empty(): AsyncGenerator<Uint8Array> {
      // If the loop did not yield to other work, it would never end, and no time limit could end the test.
      while (++chunks < 1_000_000) yield new Uint8Array(0);
    }
    setTimeout(() => controller.abort(reason), 5);
    await expect(Promise.resolve(client.loadImage(empty(), { signal: controller.signal }))).rejects.toBe(reason);
    expect(chunks).toBeLessThan(1_000_000);
  });

  it.skipIf(noFifo)(titled('from a FIFO that was not come to leaves it alone', noFifo), async () => {
    const body = await files.fileBody(makeFifo(join(folder, 'fifo')));
    expect(body).toHaveProperty('chunks');
    await turns();
    // Opening it would block one of Node's four threads for files until a writer comes; five calls would block all files.
    expect(process.getActiveResourcesInfo()).not.toContain('FSReqCallback');
  });
});

describe('an abort during a slow read', () => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  const answer = `${head}20000\r\n${'x'.repeat(0x20000)}\r\n${'y'.repeat(0x20030)}`;

  // covers: fault 0.15, fault 3.14
  it('ends each() while its promise is pending', async () => {
    make();
    await client.apiVersion();
    daemon.fallSilent({ request: 0, where: 'in the middle of the answer', answer });
    let views = 0;
    const run: Row['run'] = (c, o) => c.getImage('a', { ...o, verify: false }).each(() => (views++, new Promise(() => {})));
    await abortIn(() => until(() => views > 0), run);
    expect(views).toBe(1);
    await until(() => daemon.open() === 0);
    await worksAgain();
  });

  it('ends a loop that is busy with a chunk', async () => {
    make();
    await client.apiVersion();
    daemon.fallSilent({ request: 0, where: 'in the middle of the answer', answer });
    let busy = false;
    let go = (): void => {};
    const run: Row['run'] = async (c, o) => {
      for await (const _ of c.getImage('a', { ...o, verify: false, chunkSize: 1000 })) {
        if (busy) continue;
        busy = true;
        await new Promise<void>((resolve) => (go = resolve));
      }
    };
    await abortIn(() => until(() => busy).then(() => setTimeout(() => go(), 20)), run);
    await until(() => daemon.open() === 0);
    await worksAgain();
  });

  it('ends a progress stream after the events that were yielded', async () => {
    make();
    await client.apiVersion();
    const event = `${JSON.stringify({ status: 'Downloading', id: 'a', progressDetail: { current: 1, total: 2 } })}\n`;
    const first = `${head}${event.length.toString(16)}\r\n${event}\r\n`;
    daemon.fallSilent({ request: 0, where: 'in the middle of the answer', answer: `${first}${' '.repeat(event.length + 10)}` });
    const events: unknown[] = [];
    const stream: { result?: () => Promise<unknown> } = {};
    const run: Row['run'] = async (c, o) => {
      const pulling = c.pull('a', o);
      stream.result = () => pulling.result();
      for await (const seen of pulling) events.push(seen);
    };
    await abortIn(() => until(() => events.length === 1), run);
    await expect(stream.result?.()).rejects.toBe(reason);
    await until(() => daemon.open() === 0);
    await worksAgain();
  });

  // covers: fault 3.15
  it('ends an answer to request() that is not read', async () => {
    make();
    await client.apiVersion();
    daemon.fallSilent({ request: 0, where: 'in the middle of the answer', answer });
    const controller = new AbortController();
    const { body } = await client.request({ path: '/x', signal: controller.signal });
    controller.abort(reason);
    await until(() => daemon.open() === 0);
    await expect(all(body)).rejects.toBe(reason);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await worksAgain();
  });
});

describe('an abort while the complete file is written', () => {
  // covers: fault 0.15, fault 3.14
  it('leaves the old file and no temporary file', async () => {
    await writeFile(file(), 'as it was');
    const sink = await files.createFile(file());
    void sink.write(Buffer.alloc(3_000_000));
    const controller = new AbortController();
    const committing = sink.commit(controller.signal);
    controller.abort(reason);
    await expect(committing).rejects.toBe(reason);
    await sink.discard();
    expect((await readdir(folder)).sort()).toEqual(['given.tar', 'image.tar']);
    expect(await readFile(file(), 'utf8')).toBe('as it was');
  });
});

describe('a signal that many calls share', () => {
  // covers: fault 0.15, fault 3.14, fault 3.26
  it('keeps no listener of finished calls', async () => {
    make();
    const controller = new AbortController();
    const { signal } = controller;
    for (let round = 0; round < 3; round++) {
      for (const { run } of rows) await run(client, { signal });
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }
    // `AbortSignal.any` leaves an entry for each call. Only Node's internal sets show them.
    const sizes = Object.getOwnPropertySymbols(signal).map((key) => (Reflect.get(signal, key) as Set<unknown> | undefined)?.size);
    expect(sizes.filter((size) => size !== undefined && size > 0)).toEqual([]);
    controller.abort(reason);
    await worksAgain();
  });
});

/** `T` is stopped. */
function stateOf(pid: number | undefined): string | undefined {
  return /\) (\w) /.exec(procText(`/proc/${pid}/stat`))?.[1];
}

/** Connections of this machine to a port that are in the making (SYN_SENT). */
function connecting(port: number): number {
  const to = new RegExp(`^\\s*\\d+: \\S+ 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 02 `, 'gm');
  return procText('/proc/net/tcp').match(to)?.length ?? 0;
}

function procText(path: string): string {
  return readFileSync(path, 'latin1');
}
