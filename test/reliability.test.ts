// Faults between a client and an engine, by number (test/support/faults.ts): checks that each is covered by the wire cases and
// tests that its row names, and tests those that no other file covers.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ApiError, ConnectError, DecodeError, ImageClient, ServerError, TruncatedError, UnauthorizedError,
} from '../src/index.ts';
import { parseAddress } from '../src/config/engine-address.ts';
import { dialerFor } from '../src/system/net/dialer.ts';
import { allCovered } from './support/covers.ts';
import { Kept, answer, fakeDaemon, onRequest, request, until } from './support/fake-daemon.ts';
import type { FakeDaemon } from './support/fake-daemon.ts';
import { faults, outcomes } from './support/faults.ts';
import { wireCases } from './support/wire-cases.ts';
import { makeWire, wireNames } from './support/wires.ts';

const cases = new Map(wireCases().flatMap((file) => file.cases).map((wireCase) => [wireCase.title, wireCase]));

describe('the row of the fault', () => {
  it.each(Object.entries(faults).map(([id, fault]) => [id, fault.claim, fault] as const))('%s: %s', (_id, _claim, fault) => {
    const { wire = {}, tests = {} } = fault;
    for (const [outcome, titles] of Object.entries(wire)) {
      for (const title of titles) {
        expect(cases.get(title)?.events.at(-1), title).toMatch(outcomes[outcome as keyof typeof outcomes]);
      }
    }
    expect(Object.keys({ ...wire, ...tests }).length).toBeGreaterThan(0);
  });
});

it('each fault is covered by exactly the tests that its row counts', () => {
  const rows = Object.entries(faults).flatMap(([id, { tests = {} }]) => {
    return Object.entries(tests).map(([file, count]) => `${file}: fault ${id} ${count}`);
  });
  expect(allCovered('fault')).toEqual(rows.sort());
});

it('the list of faults has every number once', () => {
  const rows = (section: string, count: number): string[] => Array.from({ length: count }, (_, row) => `${section}.${row + 1}`);
  expect(Object.keys(faults).sort(byNumbers)).toEqual([
    ...rows('0', 15), '2', ...rows('3.1', 11), ...rows('3.2', 11), '3.3', '3.4', ...rows('3.5', 10), '3.6', '3.7', '3.8', '3.9',
    ...rows('3.10', 6), ...rows('3.11', 7), '3.12', ...rows('3.13', 6), '3.14', '3.15', '3.16', '3.17', '3.18',
    ...rows('3.19', 7), ...rows('3.20', 7), '3.21', '3.22', '3.23', ...rows('3.24', 10), ...rows('3.25', 9), '3.26', '6',
  ]);
});

function byNumbers(one: string, other: string): number {
  const [a, b] = [one, other].map((id) => id.split('.').map(Number));
  for (let at = 0; at < 3; at++) if (a?.[at] !== b?.[at]) return (a?.[at] ?? 0) - (b?.[at] ?? 0);
  return 0;
}

let daemon: FakeDaemon;
const undo: Array<() => unknown> = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});
async function start(onConnection: Parameters<typeof fakeDaemon>[0]): Promise<void> {
  daemon = await fakeDaemon(onConnection);
  undo.push(daemon.close);
}
const failure = async (call: PromiseLike<unknown>): Promise<unknown> =>
  call.then((value) => expect.unreachable(`it gave ${JSON.stringify(value)}`), (error: unknown) => error);

describe.each(wireNames)('over the wire %s', (wireName) => {
  const clientOf = (options: object = {}): ImageClient => {
    const client = new ImageClient({ host: daemon.host, wire: wireName, version: '1.41', ...options });
    undo.push(() => client.close());
    return client;
  };

  // GHSA-35p6-xmwp-9g52: an unsolicited response in a reused connection is taken for the response to the next request.
  it('3.10.3: an answer that arrived before the request is never taken for its answer, in 200 attempts', async () => {
    await start((socket, index) => onRequest(socket, () => socket.write(answer(`${index}`))));
    const pool = makeWire(wireName, daemon.dialer);
    undo.push(() => pool.close());
    const get = async (): Promise<string> => {
      const kept = new Kept();
      await pool.send(request(), kept.reader);
      return kept.text;
    };
    for (let round = 0; round < 200; round++) {
      expect(await get()).toBe(`${round}`);
      await new Promise((resolve) => daemon.sockets[round]?.write(answer('poison'), resolve));
    }
    expect(await get()).toBe('200');
  });

  it('3.10.4: one answer too many gives a wrong result to one call, and to no call after it', async () => {
    await start((socket, index) =>
      onRequest(socket, (_, count) => {
        if (index === 0 && count === 1) setImmediate(() => socket.write(answer('{"Id":"right"}')));
        socket.write(index === 0 && count === 1 ? answer('{"Id":"not asked for"}') : answer(`{"Id":"${index}"}`));
      }),
    );
    const client = clientOf();
    const seen: unknown[] = [];
    for (let call = 0; call < 4; call++) seen.push((await client.inspectImage('x')).Id);
    expect(seen).toEqual(['0', 'not asked for', '1', '1']);
  });

  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  const denied = '{"errorDetail":{"code":403,"message":"denied: no"},"error":"denied: no"}';

  // The bytes after the error, and the end of the stream: neither may hide the engine's message.
  it.each<[string, string, string]>([
    ['its line end', `${denied}\r\n`, '0\r\n\r\n'],
    ['nothing', denied, '0\r\n\r\n'],
    ['more messages', `${denied}\r\n{"status":"Status: Downloaded newer image for x:1"}\r\n`, '0\r\n\r\n'],
    ['an end that cuts the content short', `${denied}\r\n`, ''],
    ['an end that cuts a message short', `${denied}\r\n{"status":"Dow`, ''],
    ['text that is not JSON', `${denied}\r\n<html>`, '0\r\n\r\n'],
    ['a malformed chunk', `${denied}\r\n`, 'zz\r\n'],
  ])('3.18: a call rejects with the error in its stream when that is followed by %s', async (_, text, end) => {
    const begun = chunk('{"status":"Pulling"}\r\n');
    await start((socket) => onRequest(socket, () => socket.end(`${chunked}${begun}${chunk(text)}${end}`)));
    for (const error of [await failure(clientOf().push('h.example/x:1')), await failure(clientOf().loadImage(Buffer.of(1)))]) {
      expect(error).toBeInstanceOf(UnauthorizedError);
      expect(error).toMatchObject({ inStream: true, daemonMessage: 'denied: no', detailCode: 403, status: 200 });
    }
  });

  it('3.18: a call whose stream has no error and is cut rejects with a TruncatedError', async () => {
    await start((socket) => onRequest(socket, () => socket.end(`${chunked}${chunk('{"status":"Pulling"}\r\n')}`)));
    expect(await failure(clientOf().push('h.example/x:1'))).toMatchObject({ code: 'LONGSHORE_TRUNCATED', phase: 'content' });
  });

  it.each<[string, string, string, new (...args: never[]) => Error]>([
    ['an HTML page instead of JSON', '200 OK', '<html>hello</html>', DecodeError],
    ['a cut JSON answer, by its own length', '200 OK', '{"Id":"sha256:4', DecodeError],
    ['a JSON list instead of an object', '200 OK', '[]', DecodeError],
    ['an empty 500, as of Podman', '500 Internal Server Error', '', ServerError],
    ['an unregistered status', '299 Odd', '{}', ApiError],
  ])('3.17: %s is an error, not a result', async (_, status, body, Class) => {
    await start((socket) => onRequest(socket, () => socket.write(answer(body, '', status))));
    const error = await failure(clientOf().inspectImage('x'));
    expect(error).toBeInstanceOf(Class);
    expect((error as Error).message.startsWith(`GET /v1.41/images/x/json on ${daemon.host}`)).toBe(true); // 3.25.8
  });

  it('3.16: each request has one Host and one framing, contains only visible ASCII, and asks for no feature that longshore lacks', async () => {
    await start((socket) =>
      onRequest(socket, (head) => {
        // Every operation sends one request, and treats this as a failure.
        socket.write(head.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\n' : answer('{}', '', '418 No'));
      }),
    );
    const client = clientOf({ credentials: { username: 'u', password: 'p\u00e4ss w\u00f6rd' }, maxIdle: 0 });
    async function* oneByte(): AsyncGenerator<Uint8Array> {
      yield Buffer.of(1);
    }
    const calls: Array<() => PromiseLike<unknown>> = [
      () => client.images({ filters: { reference: 'a b/\u20ac?#%2e' } }), () => client.history('x'), () => client.tag('x', 'y'),
      () => client.removeImage(`h.example:5000/a/b@sha256:${'a'.repeat(64)}`),
      () => client.search('\u20ac #&\r\n'), () => client.pruneImages(),
      () => client.push('h.example/x:1'), () => client.pull('x:1'), () => client.loadImage(Buffer.of(1)),
      () => client.importImageFromUrl('http://h/\u00e4'), () => client.importImageFromStream(oneByte()),
    ];
    for (const call of calls) expect(await failure(call())).toBeInstanceOf(ApiError);
    const heads = daemon.received
      .map((received) => received.slice(0, received.indexOf('\r\n\r\n') + 2))
      .filter((head) => !head.startsWith('HEAD'));
    expect(heads).toHaveLength(calls.length);
    for (const head of heads) {
      expect(head).toMatch(/^(GET|POST|DELETE) \/v1\.41\/[\x21\x22\x24-\x7e]+ HTTP\/1\.1\r\n([!-~]+: [ -~]*\r\n)+$/);
      expect(head).not.toMatch(/^(expect|te|accept-encoding|upgrade|trailer):/im);
      expect(head.match(/^host: docker\r$/gim)).toHaveLength(1);
      const framings = head.match(/^(content-length|transfer-encoding):/gim) ?? [];
      expect(framings).toHaveLength(head.startsWith('GET') ? 0 : 1);
    }
  });

  it('3.26: a hundred concurrent calls to a broken engine all fail with our errors, and the process ends', async () => {
    const wrongs = [
      '', 'SSH-2.0-x\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{', `${chunked}5\r\n{"a"`, `${chunked}-1\r\n`,
      answer('<html>'),
    ];
    await start((socket, index) => socket.once('data', () => socket.end(wrongs[index % wrongs.length] ?? '')));
    const program = `
      process.on('warning', (warning) => console.log('warning', warning.message));
      process.on('uncaughtException', (error) => console.log('uncaught', error));
      process.on('unhandledRejection', (error) => console.log('unhandled', error));
      const { ImageClient, LongshoreError } = await import('${new URL('../dist/index.js', import.meta.url).href}');
      const client = new ImageClient({ host: '${daemon.host}', version: '1.41', wire: '${wireName}' });
      const signal = new AbortController().signal; // one for all, as in programs
      const run = [
        () => client.images({ signal }),
        () => client.pull('x', { signal }),
        () => client.getImage('x', { signal }).each(() => {}),
        () => client.loadImage(Buffer.alloc(200_000), { signal }),
        async () => { for await (const _ of client.push('h.example/x', { signal })); },
      ];
      const all = await Promise.allSettled(Array.from({ length: 100 }, async (_, index) => run[index % run.length]()));
      console.log(all.filter(({ reason }) => reason instanceof LongshoreError).length);`;
    const { NODE_V8_COVERAGE: _, ...env } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env });
    expect(stdout).toBe('100\n');
  });
});

it('3.14: 30 requests under one signal leave no listener with it', async () => {
  await start((socket) => onRequest(socket, () => socket.write(answer('[]'))));
  const client = new ImageClient({ host: daemon.host, version: '1.41' });
  undo.push(() => client.close());
  const { signal } = new AbortController();
  const [added, removed] = [[], []] as [unknown[], unknown[]];
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...all: Parameters<typeof add>) => (added.push(all[1]), add(...all));
  signal.removeEventListener = (...all: Parameters<typeof remove>) => (removed.push(all[1]), remove(...all));
  for (let call = 0; call < 30; call++) await client.images({ signal });
  expect(added.length).toBeGreaterThanOrEqual(30);
  expect(new Set(added)).toEqual(new Set(removed));
  expect(daemon.sockets).toHaveLength(1);
});

it('3.13.3: when the daemon dies during an upload without an answer, the failed write is the cause of the error', async () => {
  await start((socket) => socket.once('data', () => socket.destroy()));
  const client = new ImageClient({ host: daemon.host, version: '1.41' });
  undo.push(() => client.close());
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(65536);
  }
  const error = await failure(client.loadImage(endless()));
  expect(error).toBeInstanceOf(TruncatedError);
  expect(error).toMatchObject({ phase: 'head', received: 0, exchange: { requestSent: true, reusedSocket: false } });
  expect(((error as Error).cause as NodeJS.ErrnoException).code).toMatch(/^(EPIPE|ECONNRESET)$/);
  await until(() => daemon.sockets.length === 1); // it was tried once
});

describe('3.25.6: a host name without an address', () => {
  it('gives a ConnectError that contains the name', async () => {
    // RFC 6761 §6.4: no name below "invalid" is ever found; without a network the system may not know that.
    const dialer = dialerFor(parseAddress('tcp://engine.invalid:2375'));
    const error = await failure(dialer.dial({ connectMs: 10_000 }));
    expect(error).toBeInstanceOf(ConnectError);
    const words = '(host not found|the host name cannot be resolved at the moment)\\. Check the ';
    expect((error as Error).message).toMatch(new RegExp(`^cannot connect to tcp://engine\\.invalid:2375: ${words}`));
  });
});
