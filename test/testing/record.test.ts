// Records between a client and an engine on real sockets, and replays the tape.

import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArgumentError, ConfigError, ConnectError, FileError } from '../../src/errors.ts';
import { ImageClient } from '../../src/index.ts';
import { TAPE_LIMIT, parseTape, record, replay } from '../../src/testing.ts';
import type { RecordOptions, Recording, RecordingNote } from '../../src/testing.ts';
import { leaksIn, planted } from '../support/planted.ts';
import { splits } from '../support/splits.ts';

let folder: string;
let tapePath: string;
let server: Server;
let host: string;
let routes: Record<string, RequestListener>;
let recording: Recording | undefined;
let notes: RecordingNote[];

let version: object;
const VERSION = { Version: '28.5.2', ApiVersion: '1.51', MinAPIVersion: '1.24', Components: [{ Name: 'Engine', Version: '28.5.2' }] };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-record-'));
  tapePath = join(folder, 'a.tape');
  [routes, notes, version] = [{}, [], VERSION];
  server = createServer((request, response) => {
    response.setHeader('Api-Version', '1.51');
    const path = (request.url ?? '').replace(/^\/v1\.\d+|\?.*/g, '');
    if (path === '/_ping') response.end('OK');
    else if (path === '/version') response.end(JSON.stringify(version));
    else if (routes[path]) routes[path](request, response);
    else request.resume().on('end', () => response.writeHead(404).end('{"message":"not here"}'));
  });
  host = `unix://${join(folder, 'engine.sock')}`;
  server.listen(join(folder, 'engine.sock'));
  await once(server, 'listening');
});
afterEach(async () => {
  await recording?.discard();
  recording = undefined;
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

async function start(options: RecordOptions = {}): Promise<Recording> {
  recording = await record(tapePath, { host, onNote: (note) => notes.push(note), ...options });
  return recording;
}

/** Sends the given bytes, and returns the response up to this end. */
async function say(pieces: readonly Uint8Array[], end: string): Promise<string> {
  const socket = connect(recording?.socketPath ?? '');
  let text = '';
  socket.on('data', (bytes) => (text += String(bytes)));
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
  while (!text.endsWith(end)) await once(socket, 'data');
  socket.destroy();
  return text;
}

const tapeText = (): Promise<string> => readFile(tapePath, 'latin1');

describe('record', () => {
  it('writes a tape that can be replayed to the same client', async () => {
    routes['/images/json'] = (_, response) => response.end('[{"Id":"sha256:1","RepoTags":["a:1"]}]');
    const { host: front, engine } = await start();
    expect(engine).toBe(host);
    const ask = async (address: string): Promise<unknown> => {
      await using client = new ImageClient({ host: address });
      return [await client.images(), await client.history('x').catch((error: unknown) => (error as Error).name)];
    };
    const first = await ask(front);
    expect(recording?.requests()).toEqual([
      { method: 'HEAD', target: '/_ping' },
      { method: 'GET', target: '/v1.51/images/json' },
      { method: 'GET', target: '/v1.51/images/x/history' },
    ]);
    expect(notes.map(({ kind, message }) => `${kind} ${message}`)).toEqual([
      'request HEAD /_ping',
      'request GET /v1.51/images/json',
      'request GET /v1.51/images/x/history',
    ]);
    await recording?.close();
    const tape = parseTape(await readFile(tapePath));
    const today = new Date().toISOString().slice(0, 10);
    expect(tape.header).toEqual({ engine: 'Docker', version: '28.5.2', command: 'longshore record', date: expect.any(String) });
    expect([today, new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)]).toContain(tape.header.date);
    await using played = await replay(tapePath);
    expect(await ask(played.host)).toEqual(first);
    played.verify();
  });

  it('names Podman and the given command in the header', async () => {
    version = { ...VERSION, Components: [{ Name: 'Podman Engine', Version: '5.4' }] };
    await start({ command: 'npm run tapes' });
    await recording?.close();
    expect(parseTape(await readFile(tapePath)).header).toMatchObject({ engine: 'Podman', command: 'npm run tapes' });
  });

  it.each([
    [{}, 'unknown'],
    [{ Version: null, Components: null }, 'unknown'],
    [{ ApiVersion: '1.51', Version: ' 5\u{1b}[2J ü ' }, '5\\x1b[2J \\xc3\\xbc'],
    [{ ApiVersion: '1.51', Version: '1'.repeat(99) }, '1'.repeat(60)],
  ])('takes whatever version an engine says that it has: %j', async (said, expected) => {
    version = said;
    await start();
    await recording?.close();
    expect(parseTape(await readFile(tapePath)).header).toMatchObject({ engine: 'Docker', version: expected });
  });

  it('records an engine behind TCP', async () => {
    const port = await new Promise<number>((resolve) => {
      const other = createServer(server.listeners('request')[0] as RequestListener).listen(0, '127.0.0.1', () => {
        resolve((other.address() as AddressInfo).port);
      });
      server.once('close', () => void other.close());
    });
    await start({ host: `tcp://127.0.0.1:${port}` });
    await say([Buffer.from('GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n')], 'OK');
    await recording?.close();
    expect(await tapeText()).toContain('GET /_ping');
  });

  it('finds the engine as the command does', async () => {
    await start({ host: undefined, environment: { DOCKER_HOST: host } });
    expect(recording?.engine).toBe(host);
  });

  it('leaves no file except the tape, and writes it once', async () => {
    await start();
    await Promise.all([recording?.close(), recording?.close()]);
    await recording?.discard();
    expect((await readdir(folder)).sort()).toEqual(['a.tape', 'engine.sock']);
  });

  it('can be discarded, which writes no tape', async () => {
    await start();
    await recording?.discard();
    expect(await readdir(folder)).toEqual(['engine.sock']);
  });
});

describe('a recording that cannot start rejects at once:', () => {
  it.each<[string, RecordOptions, unknown, string]>([
    ['no engine', { host: 'unix:///nowhere.sock' }, ConnectError, 'the socket does not exist'],
    ['a prefix', { host: 'tcp://127.0.0.1:1/prefix' }, ConfigError, 'the recording passes bytes unchanged, so it cannot put /prefix before paths'],
    ['a socket that cannot be', { socketPath: '/nowhere/s' }, FileError, 'its directory does not exist'],
    ['a command that no tape can name', { command: 'ü' }, ArgumentError, 'expected "command: " and a value of printable ASCII'],
    ['an unknown option', { listen: 'x' } as RecordOptions, ArgumentError, 'record has no option "listen"'],
  ])('%s', async (_what, options, type, message) => {
    const refused = start(options);
    await expect(refused).rejects.toThrow(type as typeof Error);
    await expect(refused).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual(['engine.sock']);
  });

  it('a tape that cannot be written', async () => {
    await expect(record(join(folder, 'no', 'a.tape'), { host })).rejects.toThrow('its directory does not exist');
  });

  it('stops when the signal aborts', async () => {
    const reason = new Error('enough');
    await expect(start({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('while it is recorded', () => {
  it('traffic that exceeds the size of a tape is still forwarded; a note reports it at once, and close rejects', async () => {
    const large = `${'x'.repeat(4 * TAPE_LIMIT)}.`;
    routes['/large'] = (_, response) => response.end(large);
    await start();
    const answer = await say([Buffer.from('GET /large HTTP/1.1\r\nHost: d\r\n\r\n')], '.');
    expect(answer.length).toBeGreaterThan(large.length);
    expect(notes.at(-1)).toMatchObject({ kind: 'failure', message: expect.stringContaining('too many for a tape') });
    await expect(recording?.close()).rejects.toThrow('too many for a tape');
    expect(await readdir(folder)).toEqual(['engine.sock']);
  });

  it('an upgraded connection is forwarded but not recorded, and a note reports it', async () => {
    server.on('upgrade', (_request, socket, first) => {
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
      socket.unshift(first);
      socket.on('data', (bytes) => socket.write(String(bytes).toUpperCase()));
    });
    await start();
    const head = 'POST /v1.51/exec/1/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';
    await say([Buffer.from(head), Buffer.from('whoami')], 'WHOAMI');
    expect(notes).toEqual([{ kind: 'upgrade', message: expect.stringMatching(/^POST \/v1\.51\/exec\/1\/start upgrades its connection to another protocol, /) }]);
    await recording?.close();
    expect(parseTape(await readFile(tapePath)).records).toEqual([]);
  });

  it('an unreachable engine is reported', async () => {
    await start();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect(await say([Buffer.from('GET /x HTTP/1.1\r\n\r\n')], '}\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(notes).toEqual([{ kind: 'unreachable', message: expect.stringContaining('the socket does not exist') }]);
  });
});

// The recorded client may be any program, with any spelling of fields, and the system may split them anywhere.
describe('secrets of any client', () => {
  const auth = Buffer.from(JSON.stringify({ username: 'u', password: planted.password })).toString('base64');
  const head = [
    'POST /v1.51/images/create?fromImage=a&tag=1 HTTP/1.1',
    'host:d',
    `x-reGistry-AUTH:${auth}`,
    `X-Registry-Config: \t${auth}`,
    `Authorization: Bearer ${planted.registryToken}`,
    `COOKIE: a=${planted.sessionToken}`,
    'content-length: 0',
    '\r\n',
  ].join('\r\n');
  const body = JSON.stringify({ username: 'u', password: planted.password });
  const login = `POST /v1.51/auth HTTP/1.1\r\nHost: d\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

  it.each(splits(Buffer.from(head + login), 3))('reach the engine, and never the tape, sent %s', async (_name, pieces) => {
    const seen: string[] = [];
    routes['/images/create'] = (request, response) => {
      seen.push(JSON.stringify(request.headers));
      response.end('{}');
    };
    routes['/auth'] = (request, response) => {
      request.on('data', (bytes) => seen.push(String(bytes))).on('end', () => {
        const answer = JSON.stringify({ IdentityToken: planted.identityToken, Status: 'Login Succeeded' });
        response.setHeader('Content-Length', Buffer.byteLength(answer)).end(answer);
      });
    };
    await start();
    const answer = await say(pieces, 'Login Succeeded"}');
    expect(answer).toContain(planted.identityToken);
    expect(seen.join('\n')).toContain(auth);
    expect(seen.join('\n')).toContain(planted.registryToken);
    await recording?.close();
    const tape = await tapeText();
    expect(leaksIn(tape)).toEqual([]);
    expect(tape).toContain('x-reGistry-AUTH: [redacted]\r\n');
    expect(leaksIn(JSON.stringify(notes))).toEqual([]);
  });
});
