// A tape as an engine for any client: Node's own, curl, and raw sockets.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { ImageClient } from '../../src/index.ts';
import { encodeTape, replay } from '../../src/testing.ts';
import type { Replay, ReplayOptions, Tape, TapeRecord } from '../../src/testing.ts';
import { lacking, titled } from '../support/installed.ts';

/** A tape in short: `> 1 text`, `< 1 text`, `= 1 eof`. */
function tapeOf(...lines: string[]): Tape {
  const records = lines.map((line): TapeRecord => {
    const [, kind, number, text = ''] = /^(.) (\d) (.*)$/s.exec(line) ?? [];
    const connection = Number(number);
    if (kind === '=') return { type: 'over', connection, how: text as 'eof' | 'reset' };
    return { type: kind === '>' ? 'sent' : 'received', connection, bytes: Buffer.from(text, 'latin1') };
  });
  return { header: { engine: 'Docker', version: '28.5.2', command: 'a test', date: '2026-01-31' }, records };
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: d\r\n\r\n`;
const post = (target: string, body: string): string =>
  `POST ${target} HTTP/1.1\r\nHost: d\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const ok = (body: string, fields = ''): string =>
  `HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

let engine: Replay;
const agent = new Agent({ keepAlive: true });
afterEach(async () => {
  agent.destroy();
  await engine.close();
});

async function start(tape: Tape, options?: ReplayOptions): Promise<void> {
  engine = await replay(tape, options);
}

interface Answer {
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request with Node's own client, which keeps its connection. */
async function ask(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Answer> {
  const asking = request({ socketPath: engine.socketPath, method, path, headers, agent }).end(body);
  const [answer] = await once(asking, 'response');
  let text = '';
  for await (const bytes of answer) text += String(bytes);
  return { status: answer.statusCode, reason: answer.statusMessage, headers: answer.headers, body: text };
}

const bodyOf = async (...given: Parameters<typeof ask>): Promise<string> => (await ask(...given)).body;
const messageOf = async (...given: Parameters<typeof ask>): Promise<string> => JSON.parse(await bodyOf(...given)).message;

/** Sends the given bytes, and returns the response until the engine ends the connection. */
async function say(...pieces: string[]): Promise<string> {
  const socket = connect({ path: engine.socketPath, allowHalfOpen: true });
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
  let text = '';
  await once(socket.on('data', (bytes) => (text += String(bytes))), 'end');
  socket.destroy();
  return text;
}

describe('a recorded engine', () => {
  it('sends the recorded answers over reused connections', async () => {
    await start(tapeOf(`> 1 ${get('/a')}`, `< 1 ${ok('one')}`, `> 1 ${post('/b', 'x')}`, `< 1 ${ok('two')}`));
    expect(await bodyOf('GET', '/a')).toBe('one');
    expect(engine.remaining()).toEqual([{ method: 'POST', target: '/b' }]);
    expect(await bodyOf('POST', '/b', 'x', { 'Transfer-Encoding': 'chunked' })).toBe('two');
    engine.verify();
  });

  it('sends exactly the bytes of the tape', async () => {
    const odd = 'HTTP/1.1 299 As It Was\r\nx-ODD:  1 \r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\none\r\n0\r\n\r\n';
    await start(tapeOf(`> 1 ${get('/a')}`, `< 1 ${odd}`, '= 1 eof'));
    expect(await say(get('/a'))).toBe(odd);
  });

  it.each([['a file'], ['bytes'], ['a tape']])('plays %s', async (kind) => {
    const tape = tapeOf(`> 1 ${get('/a')}`, `< 1 ${ok('one')}`);
    const folder = await mkdtemp(join(tmpdir(), 'longshore-replay-'));
    const path = join(folder, 'a.tape');
    await writeFile(path, encodeTape(tape));
    engine = await replay(kind === 'a file' ? path : kind === 'bytes' ? encodeTape(tape) : tape);
    await rm(folder, { recursive: true });
    expect(await bodyOf('GET', '/a')).toBe('one');
  });

  it('serves several clients of this library at once', async () => {
    const list = ok('[]');
    const asked = get('/v1.51/images/json');
    await start(tapeOf(`> 1 ${asked}`, `< 1 ${list}`, `> 2 ${asked}`, `< 2 ${list}`));
    const clients = [0, 1].map(() => new ImageClient({ host: engine.host, version: '1.51' }));
    expect(await Promise.all(clients.map((client) => client.images()))).toEqual([[], []]);
    for (const client of clients) client.close();
    engine.verify();
  });

  it('listens at a given path, and at several paths in one process', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-replay-'));
    await start(tapeOf(), { socketPath: join(folder, 's') });
    expect(engine.host).toBe(`unix://${folder}/s`);
    const other = await replay(tapeOf());
    expect(other.socketPath).not.toBe(engine.socketPath);
    await other.close();
    await engine.close();
    await rm(folder, { recursive: true });
  });

  it.each([
    [{ order: 'strict' }, 'order must be "recorded" or "any"'],
    [{ content: 'none' }, 'content must be "recorded" or "any"'],
    [{ client: 'dockerode' }, 'client must be "recorded" or "any"'],
    [{ pieces: 'half' }, 'pieces must be'],
    [{ ordre: 'any' }, 'has no option "ordre"'],
  ])('refuses %o', async (options, message) => {
    await start(tapeOf());
    const refused = replay(tapeOf(), options as ReplayOptions);
    await expect(refused).rejects.toThrow(ArgumentError);
    await expect(refused).rejects.toThrow(message);
  });

  it('rejects if the file does not exist', async () => {
    await start(tapeOf());
    await expect(replay('/nowhere/a.tape')).rejects.toThrow('the tape /nowhere/a.tape does not exist');
  });
});

describe('a request without a response on the tape', () => {
  const tape = tapeOf(`> 1 ${get('/images/json')}`, `< 1 ${ok('[]')}`);

  it('gets status 500 with a message that names it and what was expected', async () => {
    await start(tape);
    const answer = await ask('DELETE', '/images/x?force=1');
    expect(answer).toMatchObject({ status: 500, reason: 'Not On The Tape', headers: { 'content-type': 'application/json' } });
    const message = 'the tape has no response to DELETE /images/x?force=1; it expects GET /images/json';
    expect(JSON.parse(answer.body)).toEqual({ message: `longshore replay: ${message}` });
    expect(engine.mismatches()).toEqual([message]);
    expect(() => engine.verify()).toThrow(
      `the program and the tape differ:\n- ${message}\n- GET /images/json was not requested\n`,
    );
  });

  it('does not affect later requests', async () => {
    await start(tape);
    await ask('GET', '/other');
    expect(await bodyOf('GET', '/images/json')).toBe('[]');
    expect(() => engine.verify()).toThrow('GET /other');
  });

  it('causes an error of the engine in our client', async () => {
    await start(tape);
    await using client = new ImageClient({ host: engine.host, version: '1.51' });
    await expect(client.history('x')).rejects.toMatchObject({
      status: 500,
      daemonMessage: expect.stringContaining('no response to GET /v1.51/images/x/history'),
    });
  });

  it('gets its response during an upload, which is read to its end', async () => {
    await start(tape);
    const large = 'x'.repeat(8 * 1024 * 1024);
    expect(await messageOf('POST', '/images/load', large)).toContain('no response to POST /images/load');
  });

  it('gets no content if it is a HEAD, but the reason phrase reports it', async () => {
    await start(tape);
    expect(await ask('HEAD', '/x')).toMatchObject({ status: 500, reason: 'Not On The Tape', body: '' });
  });

  it.each([['hello\r\n\r\n'], ['GET / HTTP/1.0\r\n\r\n'], ['GET /x HTTP/1.1\r\nA : b\r\n\r\n']])('may not be HTTP: %j', async (sent) => {
    await start(tape);
    expect(await say(sent)).toMatch(/^HTTP\/1\.1 400 [^]*the client sent bytes that are not an HTTP\/1\.1 request/);
    expect(engine.mismatches()).toHaveLength(1);
  });

  it('shows only a few of many expected requests', async () => {
    const many = Array.from({ length: 8 }, (_, index) => [`> 1 ${get(`/${index}`)}`, `< 1 ${ok('')}`]).flat();
    await start(tapeOf(...many), { order: 'any' });
    expect(await messageOf('GET', '/x')).toMatch(/expects GET \/0, or GET \/1, or .*GET \/4, or one of 3 more$/);
  });
});

describe('the comparison of requests', () => {
  it.each([
    ['/v1.51/images/create?fromImage=a%3A1&tag=x', '/v1.51/images/create?tag=x&fromImage=a:1'],
    ['/images/host:5000/app/json', '/images/host%3A5000%2Fapp/json'],
  ])('depends on the meaning of a target, not on its spelling: %s', async (recorded, asked) => {
    await start(tapeOf(`> 1 ${get(recorded)}`, `< 1 ${ok('yes')}`));
    expect(await bodyOf('GET', asked)).toBe('yes');
  });

  it.each([
    ['the method', ['PUT', '/a', 'body']],
    ['the path', ['POST', '/b', 'body']],
    ['a parameter', ['POST', '/a?b=1', 'body']],
    ['the content', ['POST', '/a', 'bodY']],
    ['its length', ['POST', '/a', 'body!']],
  ] as const)('is %s', async (_what, asked) => {
    await start(tapeOf(`> 1 ${post('/a', 'body')}`, `< 1 ${ok('yes')}`));
    expect((await ask(...(asked as [string, string, string]))).status).toBe(500);
  });

  it('ignores content with content: any, because archives differ with each run', async () => {
    const tape = tapeOf(`> 1 ${post('/build', 'packed at noon')}`, `< 1 ${ok('built')}`, `> 1 ${get('/a')}`, `< 1 ${ok('a')}`);
    await start(tape, { content: 'any' });
    expect(await bodyOf('POST', '/build', 'x'.repeat(1024 * 1024))).toBe('built');
    expect(await bodyOf('GET', '/a')).toBe('a');
    engine.verify();
  });

  it('is the API version, unless the tape is of another client', async () => {
    const tape = tapeOf(`> 1 ${get('/v1.41/info')}`, `< 1 ${ok('yes')}`);
    await start(tape);
    expect(await messageOf('GET', '/info')).toContain('no response to GET /info; it expects GET /v1.41/info');
    await engine.close();
    await start(tape, { client: 'any' });
    expect(await bodyOf('GET', '/info')).toBe('yes');
    engine.verify();
  });
});

describe('a tape of another client', () => {
  const pinged = tapeOf(`> 1 ${get('/_ping')}`, `< 1 ${ok('OK', 'Server: Docker/28.5.2 (linux)\r\n')}`, `> 1 ${get('/a')}`, `< 1 ${ok('a')}`);
  const unpinged = tapeOf(`> 1 ${get('/a')}`, `< 1 ${ok('a', 'Server: Docker/28.5.2 (linux)\r\n')}`);

  it.each([['has pinged', pinged], ['has not', unpinged]])('that %s answers pings, as often as they come', async (_what, tape) => {
    await start(tape, { client: 'any' });
    const about = { 'api-version': '1.51', server: 'Docker/28.5.2 (linux)' };
    expect(await ask('HEAD', '/_ping')).toMatchObject({ status: 200, headers: about, body: '' });
    expect(await ask('GET', '/_ping')).toMatchObject({ status: 200, headers: about, body: 'OK' });
    expect(await bodyOf('GET', '/a')).toBe('a');
    expect(await bodyOf('GET', '/v1.51/_ping')).toBe('OK');
    engine.verify();
  });

  it('needs no ping, though it has one', async () => {
    await start(pinged, { client: 'any' });
    expect(await bodyOf('GET', '/a')).toBe('a');
    engine.verify();
  });

  it('has an answer for a client of ours that negotiates', async () => {
    await start(tapeOf(`> 1 ${get('/images/json')}`, `< 1 ${ok('[]')}`), { client: 'any' });
    await using client = new ImageClient({ host: engine.host });
    expect(await client.images()).toEqual([]);
    engine.verify();
  });

  it('has none where no answer tells the version', async () => {
    await start(tapeOf(`> 1 ${get('/a')}`, '< 1 HTTP/1.1 204 No Content\r\n\r\n'), { client: 'any' });
    expect(await messageOf('GET', '/_ping')).toContain('no response to GET /_ping');
  });
});

describe('the order', () => {
  const two = tapeOf(`> 1 ${get('/a')}`, `< 1 ${ok('a')}`, `> 1 ${get('/b')}`, `< 1 ${ok('b')}`);

  it('is that of the tape', async () => {
    await start(two);
    expect(await messageOf('GET', '/b')).toContain('no response to GET /b; it expects GET /a');
  });

  it('may be any', async () => {
    await start(two, { order: 'any' });
    expect([await bodyOf('GET', '/b'), await bodyOf('GET', '/a')]).toEqual(['b', 'a']);
    engine.verify();
  });

  // The upload is still being sent during another request: it already has its place in the order.
  it('is that in which requests begin', async () => {
    await start(tapeOf(`> 1 ${post('/up', 'load')}`, `> 2 ${get('/a')}`, `< 2 ${ok('a')}`, `< 1 ${ok('loaded')}`));
    const headers = { Expect: '100-continue', 'Content-Length': '4' };
    const upload = request({ socketPath: engine.socketPath, method: 'POST', path: '/up', headers });
    upload.flushHeaders();
    await once(upload, 'continue');
    expect(await bodyOf('GET', '/a')).toBe('a');
    const [answer] = await once(upload.end('load'), 'response');
    expect(answer.statusCode).toBe(200);
    answer.resume();
    engine.verify();
  });
});

describe('other ways to ask', () => {
  it('a client that asks for the last answer on a connection gets its end, though that was not recorded', async () => {
    await start(tapeOf(`> 1 ${get('/a')}`, `< 1 ${ok('a')}`));
    expect(await say('GET /a HTTP/1.1\r\nConnection: foo, Close\r\n\r\n')).toBe(ok('a'));
  });

  it('a client that has said all gets its answer, and then the end', async () => {
    await start(tapeOf(`> 1 ${get('/a')}`, '< 1 HTTP/1.1 200 OK\r\n\r\nuntil the end'));
    const socket = connect({ path: engine.socketPath, allowHalfOpen: true }).end(get('/a'));
    let text = '';
    await once(socket.on('data', (bytes) => (text += String(bytes))), 'end');
    expect(text).toBe('HTTP/1.1 200 OK\r\n\r\nuntil the end');
  });

  it('an answer is cut as on the tape', async () => {
    await start(tapeOf(`> 1 ${get('/a')}`, '< 1 HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut', '= 1 reset'));
    await expect(ask('GET', '/a')).rejects.toThrow(/aborted/);
  });

  const continued = tapeOf(
    '> 1 POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
    '< 1 HTTP/1.1 100 Continue\r\n\r\n',
    '> 1 body',
    `< 1 ${ok('yes')}`,
  );

  it('a client that waits for "100 Continue" gets it', async () => {
    await start(tapeOf(`> 1 ${post('/a', 'body')}`, `< 1 ${ok('yes')}`));
    const asking = request({ socketPath: engine.socketPath, method: 'POST', path: '/a', headers: { Expect: '100-continue' }, agent });
    asking.flushHeaders();
    await once(asking, 'continue');
    const [answer] = await once(asking.end('body'), 'response');
    expect(answer.statusCode).toBe(200);
    answer.resume();
  });

  it('one that does not wait does not get it, though it was recorded', async () => {
    await start(continued);
    expect(await say(post('/a', 'body').replace('Host: d', 'Connection: close'))).toBe(ok('yes'));
  });

  it('one that is refused does not send its content at all', async () => {
    await start(continued);
    const head = 'POST /b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n';
    expect(await say(head)).toMatch(/^HTTP\/1\.1 500 /);
  });
});

const noCurl = lacking('curl');
describe.skipIf(noCurl)(titled('curl', noCurl), () => {
  const run = async (...argv: string[]): Promise<string> =>
    (await promisify(execFile)('curl', ['-sS', '--unix-socket', engine.socketPath, ...argv])).stdout;

  it('is answered, uploads with Expect and in chunks, and gets error messages', async () => {
    const body = 'x'.repeat(2000);
    const tape = tapeOf(`> 1 ${get('/images/json?all=1')}`, `< 1 ${ok('[]')}`, `> 2 ${post('/load', body)}`, `< 2 ${ok('in')}`, `> 2 ${post('/load', body)}`, `< 2 ${ok('again')}`);
    await start(tape);
    expect(await run('http://d/images/json?all=1')).toBe('[]');
    expect(await run('-H', 'Expect: 100-continue', '--data-binary', body, 'http://d/load')).toBe('in');
    expect(await run('-H', 'Transfer-Encoding: chunked', '--data-binary', body, 'http://d/load')).toBe('again');
    engine.verify();
    expect(await run('http://d/x')).toBe('{"message":"longshore replay: the tape has no response to GET /x; it expects nothing more"}\n');
  });
});
