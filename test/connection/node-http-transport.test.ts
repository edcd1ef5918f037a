import { EventEmitter } from 'node:events';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import type { EngineRequest, ExchangeStats } from '../../src/connection/engine-request.ts';
import type { ResponseReader, Transport } from '../../src/connection/transport.ts';
import { parseAddress } from '../../src/config/engine-address.ts';
import { ConfigError, ConnectError, ProtocolError, TimeoutError, TruncatedError } from '../../src/errors.ts';
import { dialerFor } from '../../src/system/net/dialer.ts';
import { Kept, answer, fakeDaemon, onRequest, request, until } from '../support/fake-daemon.ts';
import { fakeSsh, runs } from '../support/fake-ssh.ts';
import type { FakeSshOptions } from '../support/fake-ssh.ts';
import { MemoryChannel, memoryDialer } from '../support/memory-channel.ts';
import { splits } from '../support/splits.ts';
import { tlsDaemon } from '../support/tls-daemon.ts';
import { Account, wireCases } from '../support/wire-cases.ts';
import type { WireCase } from '../support/wire-cases.ts';
import { mendedDisagreements, wireDisagreements } from '../support/wire-disagreements.ts';
import { makeWire, wireNames } from '../support/wires.ts';
import type { WireName } from '../support/wires.ts';

/** The reader's account of an exchange over the second wire; `slow`: it makes each read wait. */
async function run({ method, end }: WireCase, pieces: readonly Uint8Array[], slow = false): Promise<string[]> {
  const [channel, account] = [new MemoryChannel(), new Account()];
  const wire = makeWire('node:http', memoryDialer(channel));
  const reader: ResponseReader = (head) => {
    account.head(head);
    if (slow) return { write: async (view) => (await turn(), account.content(view)) };
    return { synchronous: true, write: (view) => account.content(view) };
  };
  let outcome: { error?: unknown } | undefined;
  const call = wire.send(request({ method }), reader).then(
    () => void (outcome = {}),
    (error: unknown) => void (outcome = { error }),
  );
  await until(() => channel.written.length > 0);
  await feed(channel, pieces, end);
  if (outcome === undefined) account.say('waiting');
  else if ('error' in outcome) account.error(outcome.error);
  else account.say(`end ${closed(channel) ? 'close' : 'reusable'}`);
  wire.close();
  await call;
  return account.lines;
}

/** Gives the pieces one read after the other, and then the end. */
async function feed(channel: MemoryChannel, pieces: readonly Uint8Array[], end: WireCase['end']): Promise<void> {
  for (const piece of pieces) {
    if (piece.length === 0 || closed(channel)) continue; // a channel never reads nothing
    channel.calls.length = 0;
    const ready = channel.read(piece);
    do await turn();
    while (!ready && !closed(channel) && !channel.calls.includes('resume'));
  }
  if (end === 'eof' && !closed(channel)) channel.owner.onEnd();
  if (end === 'reset' && !closed(channel)) channel.owner.onError(new Error('read ECONNRESET'));
  for (let turns = 0; turns < 5; turns++) await turn(); // all is in this process: more turns bring nothing more
}

const closed = ({ calls }: MemoryChannel): boolean => calls.includes('destroy');

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The events of a case as they are seen through this wire, whose parser does not tell by our sections what it refuses. */
const due = ({ events }: WireCase): string[] => withoutSection(events.filter((line) => !line.startsWith('interim ')));
const withoutSection = (lines: string[]): string[] => lines.map((line) => line.replace(/^(error ProtocolError) .*/, '$1'));

const files = wireCases();

/** What README says of the second wire is of llhttp 9.3; 9.2 refuses RTSP, and 8, of Node 20.19.0 and 20.19.1, takes much more. */
const [major = 0, minor = 0, patch = 0] = (process.versions['llhttp'] ?? '').split('.').map(Number);
const isOld = major < 9 || (major === 9 && minor < 3);
const isMended = major > 9 || (major === 9 && (minor > 4 || (minor === 4 && patch >= 3)));

describe.skipIf(isOld).each(files)('over the wire node:http of llhttp 9.3 and later, $file', ({ cases }) => {
  const named = ({ title }: WireCase): boolean => wireDisagreements.has(title) && !(isMended && mendedDisagreements.has(title));
  const asked = cases.filter(({ idle }) => !idle);

  it.each(asked.filter((one) => !named(one)))('$title', async (one) => {
    for (const [way, pieces] of splits(one.wire, 1)) {
      for (const slow of [false, true]) expect(withoutSection(await run(one, pieces, slow)), way).toEqual(due(one));
    }
  });

  it.each(asked.filter(named))('not so: $title', async (one) => {
    for (const slow of [false, true]) {
      const lines = withoutSection(await run(one, [one.wire], slow));
      expect(lines).not.toEqual(due(one));
      expect(lines.at(-1)).toBe(wireDisagreements.get(one.title));
    }
  });

  it.each(cases.filter(({ idle }) => idle))('$title', async ({ wire: bytes, end }) => {
    for (const [way, pieces] of splits(bytes, 1)) {
      const channel = new MemoryChannel();
      const wire = makeWire('node:http', memoryDialer(channel));
      const call = get(wire);
      await until(() => channel.written.length > 0);
      channel.read(answer('x'));
      await call;
      expect(closed(channel), way).toBe(false);
      await feed(channel, pieces, end);
      expect(closed(channel), way).toBe(true);
    }
  });
});

it('content is not complete if the parser finds no end in it', async () => {
  // With a tab behind `chunked`, llhttp gives out the chunk lines as content, until the connection ends.
  const wire = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n2\r\n{}\r\n0\r\n\r\n');
  const one: WireCase = { title: '', method: 'GET', wire, end: 'eof', idle: false, offset: undefined, events: [] };
  expect((await run(one, [wire])).at(-1)).toBe('error ProtocolError RFC 9112 §6.3');
});

it('each disagreement has a wire case', () => {
  const titles = files.flatMap(({ cases }) => cases.map(({ title }) => title));
  expect([...wireDisagreements.keys()].filter((title) => !titles.includes(title))).toEqual([]);
});

/** What one exchange over that wire comes to, of bytes that come in reads of 8 KiB. */
async function outcome(wireName: WireName, wire: string) {
  const channel = new MemoryChannel();
  const kept = new Kept();
  const call = makeWire(wireName, memoryDialer(channel)).send(request(), kept.reader);
  const failure = call.then(() => undefined, (reason: unknown) => reason);
  while (channel.written.length === 0) await turn();
  for (let at = 0; at < wire.length && !closed(channel); at += 8192) {
    channel.read(wire.slice(at, at + 8192));
    await turn();
  }
  const error = await failure;
  return { status: kept.status, text: kept.text, error, closed: closed(channel) };
}

const ok = 'HTTP/1.1 200 OK\r\n';
const empty = 'Content-Length: 0\r\n\r\n';
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;
const many = (count: number, name = 'A'): string => `${name}: ${'a'.repeat(8000)}\r\n`.repeat(count);

describe.skipIf(isOld)('what only Node\'s parser could refuse, and takes (llhttp 9.3 and later)', () => {
  it.each([
    ['another protocol', `RTSP/1.1 200 OK\r\n${empty}`],
    ['a third protocol', `ICE/1.1 200 OK\r\n${empty}`],
    ['line ends before the answer', `\n\r\n${ok}${empty}`],
    ['a status line of 9 KiB', `HTTP/1.1 200 ${'a'.repeat(9000)}\r\n${empty}`],
    ['a chunk extension of 5 KiB', `${chunked}1;${'a'.repeat(5000)}\r\nx\r\n0\r\n\r\n`],
    ['extensions out of all proportion', `${chunked}${`1;${'a'.repeat(250)}\r\nx\r\n`.repeat(300)}0\r\n\r\n`],
    ['trailers of 24 KiB', `${chunked}0\r\n${many(3)}\r\n`],
  ])('is %s', async (_, wire) => {
    expect((await outcome('own', wire)).error).toBeInstanceOf(ProtocolError);
    expect(await outcome('node:http', wire)).toMatchObject({ status: 200, error: undefined });
  });
});

describe('over both wires', () => {
  describe.each(wireNames)('%s', (name) => {
    it.each([
      ['a head above 64 KiB', `${ok}${many(9)}${empty}`],
      ['257 field lines', `${ok}${'A: b\r\n'.repeat(257)}${empty}`],
      ['more field lines than Node keeps', `${ok}${'A: b\r\n'.repeat(2500)}${empty}`],
      ['33 interim answers', `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(33)}${ok}${empty}`],
      ['interim answers above 64 KiB', `HTTP/1.1 103 Early Hints\r\n${many(1, 'Link')}\r\n`.repeat(9)],
      ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
      ['an upgrade that names nothing', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
      ['TLS', '\x15\x03\x01\0\x02\x02F'],
      ['a control character in the reason phrase', `HTTP/1.1 200 O\0K\r\n${empty}`],
      ['HTTP/0.9', `HTTP/0.9 200 OK\r\n${empty}`],
      ['HTTP/2.0', `HTTP/2.0 200 OK\r\n${empty}`],
      ['status 600', `HTTP/1.1 600 Odd\r\n${empty}`],
    ])('refuse %s', async (_, wire) => {
      const { status, error, closed } = await outcome(name, wire);
      expect(error).toBeInstanceOf(ProtocolError);
      expect({ status, closed }).toEqual({ status: 0, closed: true });
    });

    // covers: fault 3.5.10
    it('deliver the content before an error', async () => {
      const { text, error } = await outcome(name, `${chunked}5\r\nhello\r\nXX\r\n`);
      expect(text).toBe('hello');
      expect(error).toMatchObject({ section: 'RFC 9112 §7.1', offset: chunked.length + '5\r\nhello\r\n'.length });
    });

    it('hint at TLS in the error', async () => {
      const { error } = await outcome(name, '\x15\x03\x01\0\x02\x02F');
      expect((error as Error).message).toContain('this looks like TLS');
    });
  });
});

/** Ended after each test, in reverse. */
const ends: Array<() => unknown> = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function get(wire: Transport, changes: Partial<EngineRequest> = {}): Promise<Kept> {
  const kept = new Kept();
  await wire.send(request(changes), kept.reader);
  return kept;
}

describe.each(wireNames)('over the wire %s', (name) => {
  it('the stats of an exchange count each byte in both directions', async () => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(70_000);
      yield Buffer.from('x');
    }
    const text = `HTTP/1.1 103 Early Hints\r\n\r\n${answer('hello')}`;
    const bodies = [undefined, { bytes: Buffer.from('abc') }, { chunks: chunks() }, { chunks: chunks(), length: 70_001 }];
    for (const body of bodies) {
      const channel = new MemoryChannel();
      const wire = makeWire(name, memoryDialer(channel));
      const stats: ExchangeStats = { reusedSocket: undefined, bytesSent: 0, bytesReceived: 0, trailingBytes: 0 };
      const call = get(wire, { method: 'POST', body, stats });
      const written = (): Buffer => Buffer.concat(channel.written);
      // The last of each: the empty line of the head, the content, the last chunk.
      const last = body === undefined ? '\r\n\r\n' : 'bytes' in body ? 'abc' : 'length' in body ? 'x' : '0\r\n\r\n';
      await until(() => written().toString('latin1').endsWith(last));
      channel.read(text);
      await call;
      expect(stats).toEqual({ reusedSocket: false, bytesSent: written().length, bytesReceived: text.length, trailingBytes: 0 });
      wire.close();
    }
  });

  describe('over TLS', () => {
    const untilClose = 'HTTP/1.1 200 OK\r\n\r\nall of it';

    async function start(text: string, then: 'stay' | 'end'): Promise<Transport> {
      const daemon = await tlsDaemon((socket) =>
        onRequest(socket, () => (then === 'stay' ? socket.write(text, 'latin1') : socket.end(text, 'latin1'))),
      );
      const wire = makeWire(name, daemon.dialer());
      ends.push(() => daemon.close(), () => wire.close());
      return wire;
    }

    it('a connection carries one exchange after the other', async () => {
      const wire = await start(answer('x'), 'stay');
      const reused: unknown[] = [];
      for (let round = 0; round < 3; round++) {
        const stats: ExchangeStats = { reusedSocket: undefined, bytesSent: 0, bytesReceived: 0, trailingBytes: 0 };
        expect((await get(wire, { stats })).text).toBe('x');
        reused.push(stats.reusedSocket);
      }
      expect(reused).toEqual([false, true, true]);
    });

    // covers: fault 3.22
    it('content that the end of the connection delimits is never complete', async () => {
      const kept = new Kept();
      const call = (await start(untilClose, 'end')).send(request(), kept.reader);
      await expect(call).rejects.toBeInstanceOf(TruncatedError);
      await expect(call).rejects.toMatchObject({ phase: 'content', received: 'all of it'.length });
      expect([kept.text, kept.ended]).toEqual(['all of it', false]);
    });
  });

  describe('over ssh', () => {
    async function start(onConnection: Parameters<typeof fakeDaemon>[0], options?: FakeSshOptions): Promise<Transport> {
      const daemon = await fakeDaemon(onConnection);
      const ssh = fakeSsh(options);
      const wire = makeWire(name, dialerFor(parseAddress(`ssh://h${daemon.host.slice('unix://'.length)}`)));
      ends.push(() => daemon.close(), () => ssh.restore(), () => until(() => ssh.starts().every(({ pid }) => !runs(pid))));
      ends.push(() => wire.close());
      return wire;
    }

    it('a response arrives in many reads, up to a clean exit of ssh', async () => {
      const content = 'y'.repeat(500_000);
      const wire = await start((socket) => onRequest(socket, () => socket.end(`HTTP/1.1 200 OK\r\n\r\n${content}`)));
      expect((await get(wire)).text).toBe(content);
    });

    it('the error of an ssh that cannot connect has the words of ssh', async () => {
      const wire = await start(() => {}, { says: 'Host key verification failed.\r\n', exits: 255 });
      const error = await get(wire).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConnectError);
      expect((error as Error).message).toContain('ssh exited with 255: Host key verification failed');
      expect(error).toMatchObject({ exchange: { method: 'GET', target: '/x', reusedSocket: false } });
    });

    it('the timeout for the head starts after the timeout for the connection', async () => {
      const wire = await start(() => {}, { hangs: true });
      const call = get(wire, { timeouts: { connectMs: 50, headMs: 30, idleMs: undefined } });
      await expect(call).rejects.toBeInstanceOf(TimeoutError);
      await expect(call).rejects.toMatchObject({ limit: 'head', limitMs: 80 });
    });
  });

  it('errors show the target without secrets', async () => {
    const channel = new MemoryChannel();
    const call = get(makeWire(name, memoryDialer(channel)), { target: '/x?token=abc', redactedTarget: '/x?token=[redacted]' });
    await until(() => channel.written.length > 0);
    channel.read('no answer\r\n');
    const error: Error = await call.then(() => expect.unreachable(), (reason: unknown) => reason as Error);
    expect(error.message).toContain('GET /x?token=[redacted] on memory://: ');
    expect(error.message).not.toContain('abc');
  });
});

describe('a runtime whose node:http makes its own connections', () => {
  const { request: original } = http;
  afterEach(() => {
    http.request = original;
    syncBuiltinESMExports();
  });

  it('is refused before a byte is sent', async () => {
    const idle = Object.assign(new EventEmitter(), { destroy: () => idle });
    http.request = (() => idle) as unknown as typeof original;
    syncBuiltinESMExports();
    const channel = new MemoryChannel();
    const call = makeWire('node:http', memoryDialer(channel)).send(request(), new Kept().reader);
    await expect(call).rejects.toBeInstanceOf(ConfigError);
    expect(channel.written).toEqual([]);
  });
});
