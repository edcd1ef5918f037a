// Bad input and failures give a typed error that says what was attempted, where, what happened and what to do. Nothing hangs, no
// file is left, and no rejection is unhandled (vitest would fail the run).

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ApiError,
  BadRequestError,
  ConnectError,
  ImageClient,
  InvalidReferenceError,
  LongshoreError,
  NotFoundError,
  ProtocolError,
  ServerError,
  TruncatedError,
} from '../../src/index.ts';
import { parseAddress } from '../../src/config/engine-address.ts';
import { answer, fakeDaemon, onRequest } from '../support/fake-daemon.ts';
import {
  ENGINE,
  HOST,
  LABEL,
  LIBRARY,
  RUN,
  cleanUp,
  connect,
  failure,
  repository,
  serve,
  temporaryFolder,
} from './support.ts';

const docker = connect();
afterAll(() => cleanUp(docker));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder()));
afterAll(() => folder.remove());

/** Runs a program that has the library's names in scope, and gives what it printed, which is JSON. */
function child(program: string): Record<string, unknown> {
  const { NODE_V8_COVERAGE: _, ...env } = process.env; // coverage would change the measurements, and fails as another user
  const all = `import * as longshore from ${JSON.stringify(LIBRARY)};\n${program}`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', all], { env, timeout: 55_000 });
  if (done.status !== 0) throw new Error(`the child failed (${done.status}): ${done.stderr}`);
  return JSON.parse(done.stdout.toString()) as Record<string, unknown>;
}

/** The error of the first call of a client of another host. */
async function errorAt(host: string): Promise<LongshoreError> {
  await using client = new ImageClient({ host });
  const error = await failure(client.images());
  expect(error).toBeInstanceOf(LongshoreError);
  return error as LongshoreError;
}

describe('a socket that cannot be used', () => {
  // covers: fault 3.25.1
  it('is a ConnectError that asks whether the engine runs, if it does not exist', async () => {
    const path = join(folder.path, 'missing.sock');
    const error = await errorAt(`unix://${path}`);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: 'LONGSHORE_CONNECT', errno: 'ENOENT', address: `unix://${path}` });
    for (const said of [path, 'does not exist', 'DOCKER_HOST']) expect(error.message).toContain(said);
    expect(error.exchange).toMatchObject({ requestSent: false, method: 'HEAD', target: '/_ping' });
  });

  // covers: fault 3.25.2
  it('is a ConnectError that names the group to join, if permission is denied', async () => {
    const room = join(folder.path, 'room');
    await mkdir(room);
    const path = join(room, 'private.sock');
    const server = createServer((socket) => socket.end()).listen(path);
    await once(server, 'listening');
    try {
      await chmod(folder.path, 0o755);
      await chmod(path, 0o000);
      // Root may open everything, so root first becomes the user nobody.
      const error = child(`
        if (process.getuid() === 0) {
          process.setgroups([]);
          process.setgid(65534);
          process.setuid(65534);
        }
        const docker = new longshore.ImageClient({ host: ${JSON.stringify(`unix://${path}`)} });
        const error = await docker.images().catch((error) => error);
        console.log(JSON.stringify({ ...error, name: error.name, message: error.message }));`);
      expect(error).toMatchObject({ name: 'ConnectError', errno: 'EACCES', address: `unix://${path}` });
      for (const said of [path, 'permission denied', 'group']) expect(error['message']).toContain(said);
    } finally {
      server.close();
    }
  });

  // covers: fault 3.25.3
  it('is a ConnectError if the file is not a socket, or no process listens on it', async () => {
    const file = join(folder.path, 'file');
    await writeFile(file, '');
    const error = await errorAt(`unix://${file}`);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toContain(file);
    const { port, close } = await serve(() => {});
    close();
    const refused = await errorAt(`tcp://127.0.0.1:${port}`);
    expect(refused).toBeInstanceOf(ConnectError);
    expect(refused).toMatchObject({ errno: 'ECONNREFUSED' });
    expect(refused.message).toContain('connection refused');
  });
});

describe('a response from a server that is not a daemon', () => {
  it('is an ApiError with the status if a web server listens on the socket', async () => {
    const path = join(folder.path, 'web.sock');
    const server = await serve((_, response) => {
      response.setHeader('Server', 'SomeWebServer/1.0');
      response.writeHead(404, { 'Content-Type': 'text/html' }).end('<html>not here</html>');
    }, path);
    try {
      const error = await errorAt(`unix://${path}`);
      expect(error).toBeInstanceOf(ApiError);
      expect(error).not.toBeInstanceOf(NotFoundError);
      for (const said of [path, '404', 'Is this the address of a container engine (DOCKER_HOST)?'])
        expect(error.message).toContain(said);
    } finally {
      server.close();
    }
  });

  it('is a ProtocolError if the server does not use HTTP', async () => {
    const daemon = await fakeDaemon((socket) => void socket.write('SSH-2.0-OpenSSH_9.2p1\r\n'));
    try {
      const error = await errorAt(daemon.host);
      expect(error).toBeInstanceOf(ProtocolError);
      for (const said of [daemon.host, 'SSH-2.0', 'RFC 9112']) expect(error.message).toContain(said);
    } finally {
      await daemon.close();
    }
  });

  it('is a TruncatedError if the server closes the connection', async () => {
    const daemon = await fakeDaemon((socket) => void socket.end());
    try {
      const error = await errorAt(daemon.host);
      expect(error).toBeInstanceOf(TruncatedError);
      expect(error).toMatchObject({ phase: 'head', received: 0 });
      expect(error.message).toContain(daemon.host);
    } finally {
      await daemon.close();
    }
  });

  // Docker 28 and 29 send status 200 for this tag call, but do not tag anything.
  // covers: complaint js-11
  it('is an ApiError for a tag that has no effect despite status 200', async () => {
    const daemon = await fakeDaemon((socket) =>
      onRequest(socket, (head) => {
        socket.write(head.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\n' : answer(''));
      }),
    );
    try {
      await using client = new ImageClient({ host: daemon.host });
      const error = await failure(client.tag('a', 'b'));
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ status: 200, inStream: false });
    } finally {
      await daemon.close();
    }
  });
});

describe('an image that does not exist', () => {
  const unknown = repository('nothing');
  const calls: Readonly<Record<string, () => PromiseLike<unknown>>> = {
    inspectImage: () => docker.inspectImage(unknown),
    history: () => docker.history(unknown),
    tag: () => docker.tag(unknown, repository('other')),
    removeImage: () => docker.removeImage(unknown),
    getImage: () => docker.getImage(unknown).each(() => {}),
    push: () => docker.push(unknown),
  };
  it.each(Object.entries(calls))('is a NotFoundError of %s, which names it', async (_, call) => {
    const error = await failure(call());
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ reason: 'not-found' });
    expect((error as NotFoundError).message).toContain(HOST);
    expect((error as NotFoundError).daemonMessage).toContain(unknown);
  });
});

describe('an upload that is not a tar archive', () => {
  const noTar: ReadonlyArray<readonly [string, Uint8Array]> = [
    ['text', Buffer.from('this is no archive\n'.repeat(100))],
    ['nothing at all', new Uint8Array(0)],
    ['the first half of an archive', Buffer.concat([Buffer.from('half'.padEnd(512, '\0')), Buffer.alloc(100, 7)])],
  ];

  it.each(noTar)('does not load: %s', async (_, bytes) => {
    const error = await failure(docker.loadImage(bytes));
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).daemonMessage).not.toBe('');
    expect((error as ApiError).message).toContain(HOST);
  });

  // Docker treats an empty upload as an image without files.
  it.each(noTar.filter(([what]) => what !== 'nothing at all'))('is not imported: %s', async (_, bytes) => {
    const name = repository('no-tar');
    const error = await failure(docker.importImageFromData(bytes, { repository: name, changes: [`LABEL ${LABEL}`] }));
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).daemonMessage).not.toBe('');
    // The containerd store unpacks an image after it has got its name.
    expect(await docker.exists(name)).toBe(ENGINE.isContainerd);
    if (ENGINE.isContainerd) await docker.removeImage(name);
  });
});

// The name goes into a path: "remove the image ../containers/db" would be "remove the container db".
describe('a name that would change the path', () => {
  const names = [
    '../containers/db',
    'a/../../containers/db',
    '..',
    './a',
    'a//b',
    '',
    'a?force=1',
    'a#b',
    'a b',
    '%2e%2e/a',
    'a\r\nX: y',
  ];

  // covers: fault 0.11
  it.each(names)('is rejected before a byte is sent: %j', async (name) => {
    const daemon = await fakeDaemon(() => {});
    try {
      await using client = new ImageClient({ host: daemon.host, version: '1.41' });
      const calls = [
        () => client.inspectImage(name),
        () => client.history(name),
        () => client.removeImage(name, { force: true }),
        () => client.tag(name, 'x'),
        () => client.tag('x', name),
        () => client.inspectDistribution(name),
        () => client.pull(name),
        () => client.push(name),
        () => client.getImage(name).each(() => {}),
        () => client.getImage(['x', name]).each(() => {}),
        () => client.importImageFromData({}, { repository: name }),
      ];
      for (const call of calls) {
        const error = await failure((async () => call())());
        expect(error, String(call)).toBeInstanceOf(InvalidReferenceError);
      }
      expect(daemon.received).toEqual([]);
    } finally {
      await daemon.close();
    }
  });
});

/** A proxy that ends the content of a save after a number of bytes: with a normal end, or by closing the connection. */
async function cuttingProxy(path: string, after: number, how: 'politely' | 'abruptly'): Promise<{ close(): void }> {
  const address = parseAddress(HOST);
  const target =
    address.scheme === 'tcp' ? { host: address.host, port: address.port } : { socketPath: new URL(HOST).pathname };
  return serve((request, response) => {
    const { method, url = '', headers } = request;
    const onward = httpRequest({ ...target, method, path: url, headers }, (upstream) => {
      response.writeHead(upstream.statusCode ?? 500, upstream.headers);
      if (!url.includes('/images/get')) return void upstream.pipe(response);
      let passed = 0;
      upstream.on('data', (chunk: Buffer) => {
        if (passed >= after) return;
        const part = chunk.subarray(0, after - passed);
        passed += part.length;
        const isLast = passed === after;
        response.write(part, () => {
          if (!isLast) return;
          upstream.destroy();
          if (how === 'politely') response.end();
          else response.socket?.destroy();
        });
      });
      upstream.on('error', () => {});
    });
    onward.on('error', () => {});
    request.pipe(onward);
  }, path);
}

describe('a truncated save', () => {
  let image: { name: string; id: string };
  beforeAll(async () => {
    const options = { repository: repository('cut'), changes: [`LABEL ${LABEL}`] };
    // Some stores compress.
    const { id } = await docker.importImageFromData({ content: randomBytes(3_000_000), run: RUN }, options);
    image = { name: repository('cut'), id };
  });

  const cuts = [
    ['abruptly', 1_000_000, 'content'],
    ['abruptly', 100, 'content'],
    ['politely', 1_000_000, 'archive'],
    ['politely', 1024, 'archive'],
  ] as const;
  it.each(cuts)('%s after %i bytes is a TruncatedError, and leaves no file', async (how, after, phase) => {
    const room = join(folder.path, `cut-${how}-${after}`);
    await mkdir(room);
    const socket = join(room, 'proxy.sock');
    const proxy = await cuttingProxy(socket, after, how);
    try {
      await using client = new ImageClient({ host: `unix://${socket}` });
      const error = await failure(client.getImage(image.name).toFile(join(room, 'image.tar')));
      expect(error).toBeInstanceOf(TruncatedError);
      expect(error).toMatchObject({ phase, received: after });
      expect((error as TruncatedError).message).toContain(socket);
      expect(await readdir(room)).toEqual(['proxy.sock']);

      await writeFile(join(room, 'image.tar'), 'as it was');
      expect(await failure(client.getImage(image.name).toFile(join(room, 'image.tar')))).toBeInstanceOf(TruncatedError);
      expect((await readdir(room)).sort()).toEqual(['image.tar', 'proxy.sock']);
      expect(await readFile(join(room, 'image.tar'), 'utf8')).toBe('as it was');
    } finally {
      proxy.close();
    }
  });

  it('is a typed error also in a loop and in each way of reading', async () => {
    const socket = join(folder.path, 'proxy.sock');
    const proxy = await cuttingProxy(socket, 1_000_000, 'abruptly');
    try {
      await using client = new ImageClient({ host: `unix://${socket}` });
      let received = 0;
      const loop = async (): Promise<void> => {
        for await (const chunk of client.getImage(image.name, { chunkSize: 1000 })) received += chunk.length;
      };
      expect(await failure(loop())).toBeInstanceOf(TruncatedError);
      expect(received).toBe(1_000_000);
      expect(await failure(client.getImage(image.name).each(() => {}))).toBeInstanceOf(TruncatedError);
    } finally {
      proxy.close();
    }
  });
});

describe('an upload that is rejected', () => {
  // Podman reads the whole upload before it checks the changes: an endless upload would fill its disk.
  const LONG = 64 * 1024 * 1024;

  it('has the message of the engine, and Docker stops it early', async () => {
    let sent = 0;
    let ended = false;
    async function* long(): AsyncGenerator<Uint8Array> {
      try {
        for (const block = Buffer.alloc(256 * 1024); sent < LONG; sent += block.length) yield block;
      } finally {
        ended = true;
      }
    }
    const call = docker.importImageFromStream(long(), { changes: ['LONGSHORE no instruction'] });
    const error = await failure(call);
    expect(error).toBeInstanceOf(ENGINE.isPodman ? ServerError : BadRequestError);
    expect(error).toMatchObject({ status: ENGINE.isPodman ? 500 : 400, inStream: false });
    expect((error as ApiError).daemonMessage).toMatch(/longshore/i);
    expect(ended).toBe(true);
    if (ENGINE.isPodman) expect(sent).toBe(LONG);
    else expect(sent).toBeLessThan(LONG);
    expect(await docker.ping()).toBeDefined();
  });

  it('ends with the reason of its signal, and the source is closed', async () => {
    let ended = false;
    const controller = new AbortController();
    const reason = new Error('no more of this');
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (let blocks = 0; ; blocks++) {
          if (blocks === 10) controller.abort(reason);
          yield Buffer.alloc(64 * 1024);
        }
      } finally {
        ended = true;
      }
    }
    expect(await failure(docker.importImageFromStream(endless(), { signal: controller.signal }))).toBe(reason);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(true);
  });
});

describe('memory', () => {
  // covers: complaint js-28
  it('stays below 100 MiB while 256 MiB are imported, saved to a file, and loaded again', async () => {
    const path = join(folder.path, 'large.tar');
    const name = repository('large');
    const { bytes, again, peak } = child(`
      import { randomFillSync } from 'node:crypto';
      import { readFileSync } from 'node:fs';
      const docker = new longshore.ImageClient({ host: ${JSON.stringify(HOST)} });
      // Repeats one block, so that the source itself uses no memory. Some stores compress.
      const block = Buffer.alloc(256 * 1024);
      async function* content() {
        for (let part = 0; part < 1024; part++) yield randomFillSync(block);
      }
      const entries = [{ path: 'large', size: 2 ** 28, content: content() }];
      const options = { repository: ${JSON.stringify(name)}, changes: ['LABEL ${LABEL}'] };
      const { id } = await docker.importImageFromData(entries, options);
      const { bytes } = await docker.getImage(${JSON.stringify(name)}).toFile(${JSON.stringify(path)});
      await docker.removeImage(id, { force: true });
      await docker.loadImage({ path: ${JSON.stringify(path)} });
      const again = (await docker.inspectImage(${JSON.stringify(name)})).Id === id;
      await docker.removeImage(id, { force: true });
      // Not resourceUsage().maxRSS: a child starts with the value of its parent.
      const [, peak] = /^VmHWM:\\s*(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
      console.log(JSON.stringify({ bytes, again, peak: Number(peak) * 1024 }));`);
    expect(bytes).toBeGreaterThan(2 ** 28);
    expect(again).toBe(true);
    // If Node strips the types itself, that takes about 45 MiB.
    const limitMiB = process.env['TEST_TARGET'] === 'src' ? 150 : 100;
    expect(peak).toBeLessThan(limitMiB * 1024 * 1024);
  });
});
