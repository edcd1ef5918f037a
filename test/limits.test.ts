// Limits on input that no mirrored test file has: each is tested at the limit and one past it. The limits of a response's head,
// chunks and trailers are in http/response-parser.test.ts, that of a JSON value in api/progress/json-stream.test.ts.

import { afterEach, describe, expect, it } from 'vitest';
import { GrowingBytes, concat } from '../src/bytes.ts';
import { CollectingSink } from '../src/connection/collecting-sink.ts';
import { parseAddress } from '../src/config/engine-address.ts';
import { statusError } from '../src/api/api-error.ts';
import { parseReference } from '../src/api/reference.ts';
import { ERROR_BODY_LIMIT, JSON_RESPONSE_LIMIT } from '../src/client/error-response.ts';
import { ImageClient } from '../src/index.ts';
import { encodeHeader } from '../src/tar/header.ts';
import { paxRecord } from '../src/tar/pax.ts';
import { ArchiveScan } from '../src/tar/scan-archive.ts';
import { RequestParser } from '../src/testing/requests.ts';
import { answer, fakeDaemon, onRequest } from './support/fake-daemon.ts';
import type { FakeDaemon } from './support/fake-daemon.ts';

let daemon: FakeDaemon;
let client: ImageClient;
afterEach(async () => {
  client?.close();
  await daemon?.close();
});

/** A client of an engine that answers a listing with the body. */
async function listing(body: string, status: string): Promise<Promise<unknown>> {
  daemon = await fakeDaemon((socket) => {
    onRequest(socket, (head) => {
      const isPing = /^\S+ \/_ping /.test(head);
      // A response to HEAD has no content.
      socket.write(isPing ? 'HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: 0\r\n\r\n' : answer(body, '', status));
    });
  });
  client = new ImageClient({ host: daemon.host });
  return client.images();
}

describe('a JSON answer', () => {
  const list = (bytes: number): string => `[${' '.repeat(bytes - 2)}]`;

  // covers: fault 2
  it('of 64 MiB is read', async () => {
    expect(await listing(list(JSON_RESPONSE_LIMIT), '200 OK')).toEqual([]);
  });

  // covers: fault 2
  it('of 64 MiB and one byte is rejected', async () => {
    const error = await listing(list(JSON_RESPONSE_LIMIT + 1), '200 OK').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'LONGSHORE_DECODE', offset: JSON_RESPONSE_LIMIT });
  });
});

describe('the body of an error', () => {
  const body = (bytes: number): string => `{"message":"told"${' '.repeat(bytes - 18)}}`;

  // covers: fault 2
  it('of 1 MiB is read', async () => {
    await expect(listing(body(ERROR_BODY_LIMIT), '409 Conflict')).rejects.toMatchObject({ status: 409, daemonMessage: 'told' });
    expect(daemon.sockets).toHaveLength(1);
    await client.ping();
    expect(daemon.sockets).toHaveLength(1); // the connection is intact, and is reused
  });

  it('of 1 MiB and one byte is read up to the limit, keeps its status, and closes the connection', async () => {
    const error = await listing(body(ERROR_BODY_LIMIT + 1), '409 Conflict').catch((reason: unknown) => reason);
    // Without its last brace it is not JSON: it is shown as text.
    expect(error).toMatchObject({ status: 409, daemonMessage: expect.stringMatching(/^\{"message":"told" *$/) });
    await client.ping();
    expect(daemon.sockets).toHaveLength(2);
  });
});

describe('an error body that is not JSON', () => {
  it('is shown up to 4096 characters', () => {
    const asked = { method: 'GET', target: '/x', address: 'unix:///d' };
    const page = (characters: number): Uint8Array => Buffer.alloc(characters, 'x');
    const shown = (characters: number): number => statusError(asked, { status: 502, reasonPhrase: '', body: page(characters) }).daemonMessage.length;
    expect([shown(4096), shown(4097)]).toEqual([4096, 4096]);
  });
});

describe('a collecting sink', () => {
  const enough = new Error('enough');

  it.each([1, 3, 10])('has the limit in bytes, in pieces of %i', (size) => {
    const sink = new CollectingSink(10, () => enough);
    for (let at = 0; at < 10; at += size) sink.write(new Uint8Array(Math.min(size, 10 - at)).fill(at + 1));
    expect(sink.bytes()).toHaveLength(10);
    const kept = [...sink.bytes()];
    expect(() => sink.write(Uint8Array.of(1))).toThrow(enough);
    expect([...sink.bytes()]).toEqual(kept);
  });

  it('keeps as much as fits', () => {
    const sink = new CollectingSink(5, () => enough);
    const borrowed = Uint8Array.of(1, 2, 3);
    sink.write(borrowed);
    borrowed.fill(9);
    expect(() => sink.write(Uint8Array.of(4, 5, 6))).toThrow(enough);
    expect([...sink.bytes()]).toEqual([1, 2, 3, 4, 5]);
  });

  // covers: fault 6
  it('takes little more memory than its bytes, also when they arrive in many pieces', () => {
    // The attack: an engine that sends one byte at a time. An object kept for each would take a hundred times the limit.
    const before = process.memoryUsage();
    const [bytes, piece] = [new GrowingBytes(), Uint8Array.of(7)];
    for (let i = 0; i < 2_000_000; i++) bytes.append(piece);
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    expect(heapUsed - before.heapUsed + arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 1024 * 1024);
    expect(bytes.view().every((byte) => byte === 7)).toBe(true);
    expect(bytes.view()).toHaveLength(2_000_000);
  });
});

describe('a string', () => {
  // Each part is as long as the grammar allows, except the part without a limit.
  const reference = (length: number): string => {
    const rest = `/${'p'.repeat(255)}:${'t'.repeat(128)}`;
    return `${'d'.repeat(length - rest.length)}.x:1${rest}`.replace(/^d{4}/, '');
  };
  const address = (length: number): string => `tcp://${'h'.repeat(length - 6)}`;

  it('that is a reference has at most 1024 characters', () => {
    expect(reference(1024)).toHaveLength(1024);
    expect(parseReference(reference(1024)).path).toHaveLength(255);
    expect(() => parseReference(reference(1025))).toThrow('more than 1024 characters');
  });

  it('that is an address has at most 4096 characters', () => {
    expect(parseAddress(address(4096)).scheme).toBe('tcp');
    expect(() => parseAddress(address(4097))).toThrow('more than 4096 characters');
  });
});

describe('a pax header or a long name of an archive', () => {
  const MIB = 1024 * 1024;
  const header = (typeflag: string, size: number): Uint8Array => {
    const block = new Uint8Array(512);
    const numbers = { mode: 0, uid: 0, gid: 0, mtime: 0, devmajor: 0, devminor: 0 };
    encodeHeader(block, 0, { path: 'a', typeflag, size, linkname: '', ...numbers });
    return block;
  };
  /** An archive of one file, and before it a header with that much content. */
  const archive = (typeflag: string, content: Uint8Array): Uint8Array =>
    concat([
      header(typeflag, content.length), content, new Uint8Array(-content.length & 511), header('0', 0),
      new Uint8Array(1024),
    ]);
  const record = (bytes: number): Uint8Array => Buffer.from(paxRecord('comment', 'x'.repeat(bytes - ' comment=\n'.length - 7)));

  // covers: fault 2
  it.each<[string, string, (bytes: number) => Uint8Array]>([
    ['pax header', 'x', record],
    ['long name', 'L', (bytes) => Buffer.alloc(bytes, 'n')],
    ['long link name', 'K', (bytes) => Buffer.alloc(bytes, 'n')],
  ])('%s has at most 1 MiB', (_, typeflag, content) => {
    const scan = (bytes: number): number => {
      expect(content(bytes)).toHaveLength(bytes);
      const walk = new ArchiveScan();
      walk.push(archive(typeflag, content(bytes)));
      return walk.finish().entries;
    };
    expect(scan(MIB)).toBe(1);
    expect(() => scan(MIB + 1)).toThrow(`an extended header of ${MIB + 1} bytes`);
  });
});

describe('a request that is recorded', () => {
  const head = (bytes: number): string => `GET /${'x'.repeat(bytes - 'GET / HTTP/1.1\r\n\r\n'.length)} HTTP/1.1\r\n\r\n`;
  const chunked = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunk = (bytes: number): string => `${chunked}1;${'x'.repeat(bytes - 4)}\r\n`;

  it.each<[string, number, (bytes: number) => string]>([
    ['head', 65536, head],
    ['chunk-size line', 4096, chunk],
  ])('has a %s of at most %i bytes', (_, limit, request) => {
    expect(new RequestParser().push(Buffer.from(request(limit)))[0]).toMatchObject({ type: 'head' });
    expect(() => new RequestParser().push(Buffer.from(request(limit + 1)))).toThrow(`more than ${limit} bytes`);
  });
});
