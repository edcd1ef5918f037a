// Reports of exchanges: lines on stderr with NODE_DEBUG, and messages to the subscribers of diagnostics channels.

import { execFile } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { AsyncLocalStorage } from 'node:async_hooks';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExchangeReport } from '../../src/index.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import { answer, fakeDaemon, onRequest } from '../support/fake-daemon.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { planted } from '../support/planted.ts';

const library = new URL('../../build/', import.meta.url).href;
const run = promisify(execFile);

let engine: FakeEngine;
beforeEach(async () => {
  engine = await fakeEngine((asked, response) => {
    if (asked.target.endsWith('/gone/json')) response.statusCode = 404;
    if (asked.target.includes('/cut/')) return void response.socket?.destroy();
    return [];
  });
});
afterEach(() => engine.close());

/** Runs a program of its own with a client called `docker`. */
async function program(body: string, debug: string): Promise<{ stdout: string; stderr: string }> {
  const code = `import { ImageClient } from '${library}index.js';
    const credentials = { username: 'u', password: ${JSON.stringify(planted.password)} };
    const docker = new ImageClient({ host: '${engine.host}', credentials });
    ${body}
    docker.close();`;
  return run(process.execPath, ['--input-type=module', '-e', code], { env: { ...process.env, NODE_DEBUG: debug } });
}

describe('NODE_DEBUG=longshore', () => {
  // covers: fault 3.19.5
  it('prints a line for each exchange: method, target, address, status, time, connection and bytes', async () => {
    const body = `await docker.images(); await docker.search('x'); await docker.inspectImage('gone').catch(() => {});
      await docker.history('cut').catch(() => {}); 
      await docker.importImageFromUrl('https://u:hunter2@h/x').then(() => {}, () => {});`;
    const { stdout, stderr } = await program(body, 'longshore');
    const lines = stderr.trim().split('\n').map((line) => line.replace(/^LONGSHORE \d+: /, ''));
    const known = lines.map((line) => line.replace(/\d+\.\d ms/, 'N ms').replace(/\d+ bytes sent, \d+ received/, 'bytes'));
    const on = `on ${engine.host}:`;
    expect(known).toEqual([
      `HEAD /_ping ${on} 200 in N ms, new connection, bytes`,
      `GET /v1.41/images/json ${on} 200 in N ms, reused connection, bytes`,
      `HEAD /_ping ${on} 200 in N ms, reused connection, bytes`, // a search hands on credentials
      `GET /v1.41/images/search?term=x ${on} 200 in N ms, reused connection, bytes`,
      `GET /v1.41/images/gone/json ${on} 404 in N ms, reused connection, bytes`,
      // a dead connection that was used before: asked again, on a new one
      `GET /v1.41/images/cut/history ${on} failed with TruncatedError in N ms, new connection, bytes`,
      `POST /v1.41/images/create?fromSrc=[redacted] ${on} 200, failed with DecodeError in N ms, new connection, bytes`,
    ]);
    expect(stdout + stderr).not.toMatch(/hunter2/);
  });

  // covers: fault 3.4
  it('counts the bytes after a response, which close the connection', async () => {
    const daemon = await fakeDaemon((socket) => onRequest(socket, () => socket.write(`${answer('[]')}extra`)));
    const code = `import { ImageClient } from '${library}index.js';
      const docker = new ImageClient({ host: '${daemon.host}', version: '1.41' });
      await docker.images();
      await docker.images();
      docker.close();`;
    const env = { ...process.env, NODE_DEBUG: 'longshore' };
    const { stderr } = await run(process.execPath, ['--input-type=module', '-e', code], { env });
    await daemon.close();
    const ends = stderr.trim().split('\n').map((line) => line.replace(/^.* ms, /, ''));
    const received = `${answer('[]')}extra`.length;
    const end = new RegExp(`^new connection, \\d+ bytes sent, ${received} received, 5 of them after the response$`);
    expect(ends).toEqual([expect.stringMatching(end), expect.stringMatching(end)]);
  });

  it.each(['', 'http', 'longshoreman'])('prints nothing for NODE_DEBUG=%j', async (debug) => {
    expect(await program('await docker.images();', debug)).toEqual({ stdout: '', stderr: '' });
  });

  it('observes nothing without NODE_DEBUG and without subscribers', async () => {
    const code = `const { observe } = await import('${library}system/diagnostics.js');
      const { subscribe, unsubscribe } = await import('node:diagnostics_channel');
      const asked = { method: 'GET', shownTarget: '/x' };
      const listener = () => {};
      const found = [observe(asked, 'a')];
      subscribe('longshore:request:error', listener);
      found.push(observe(asked, 'a'));
      unsubscribe('longshore:request:error', listener);
      found.push(observe(asked, 'a'));
      console.log(found.map((one) => typeof one).join());`;
    const env = { ...process.env, NODE_DEBUG: '' };
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { env });
    expect(stdout).toBe('undefined,object,undefined\n');
  });
});

describe('the diagnostics channels', () => {
  type Message = [event: string, report: ExchangeReport];
  const events = ['start', 'head', 'end', 'error'];

  /** What is published during the work, with what was known by then. */
  async function published(
    work: (client: ImageClient) => PromiseLike<unknown>,
  ): Promise<{ messages: Message[]; copies: ExchangeReport[] }> {
    const messages: Message[] = [];
    const copies: ExchangeReport[] = [];
    const listeners = events.map((event) => (message: unknown): void => {
      messages.push([event, message as ExchangeReport]);
      copies.push({ ...(message as ExchangeReport) });
    });
    events.forEach((event, index) => subscribe(`longshore:request:${event}`, listeners[index] as () => void));
    const client = new ImageClient({ host: engine.host, version: '1.41' });
    await work(client).then(undefined, () => {});
    client.close();
    events.forEach((event, index) => unsubscribe(`longshore:request:${event}`, listeners[index] as () => void));
    return { messages, copies };
  }

  it('publish one object on all channels of an exchange, filled in as it proceeds', async () => {
    const { messages, copies } = await published((client) => client.images());
    expect(messages.map(([event]) => event)).toEqual(['start', 'head', 'end']);
    expect(new Set(messages.map(([, report]) => report)).size).toBe(1);
    const asked = { method: 'GET', target: '/v1.41/images/json', address: engine.host };
    const unknown = { status: undefined, headMs: undefined, durationMs: undefined, reusedSocket: undefined, error: undefined };
    expect(copies[0]).toEqual({ ...asked, ...unknown, bytesSent: 0, bytesReceived: 0, trailingBytes: 0 });
    expect(copies[1]).toMatchObject({ status: 200, headMs: expect.any(Number), reusedSocket: false, durationMs: undefined });
    expect(copies[2]).toMatchObject({ status: 200, durationMs: expect.any(Number), error: undefined });
  });

  it('count all bytes of both directions', async () => {
    const { copies } = await published((client) => client.loadImage(new Blob(['x'.repeat(70_000)])));
    const head = engine.asked[0];
    const fields = Object.entries(head?.headers ?? {}).map(([name, value]) => `${name}: ${String(value)}\r\n`).join('').length;
    const line = `POST ${head?.target} HTTP/1.1\r\n\r\n`.length;
    const report = copies.find(({ durationMs }) => durationMs !== undefined);
    expect(report?.bytesSent).toBe(line + fields + 70_000);
    expect(report?.bytesReceived).toBeGreaterThan('HTTP/1.1 200 OK\r\n\r\n[]'.length);
  });

  it('publish the error of the call instead of an end', async () => {
    let thrown: unknown;
    const { messages } = await published((client) => client.history('cut').catch((error: unknown) => (thrown = error)));
    expect(messages.map(([event]) => event)).toEqual(['start', 'error']);
    expect(messages[1]?.[1].error).toBe(thrown);
    expect(thrown).toBeInstanceOf(Error);
  });

  it('publish the reason of an abort as the error', async () => {
    const signal = AbortSignal.abort('enough');
    const { messages } = await published((client) => client.ping({ signal }));
    expect(messages.map(([event]) => event)).toEqual(['start', 'error']);
    expect(messages[1]?.[1].error).toBe('enough');
  });

  it('publish an end for a response with an error status', async () => {
    const { messages } = await published((client) => client.inspectImage('gone'));
    expect(messages.map(([event]) => event)).toEqual(['start', 'head', 'end']);
    expect(messages[2]?.[1].status).toBe(404);
  });

  it('publish the start in the asynchronous context of the caller, so that a tracer finds its parent', async () => {
    const storage = new AsyncLocalStorage<string>();
    const found: Array<string | undefined> = [];
    const listener = (): void => void found.push(storage.getStore());
    subscribe('longshore:request:start', listener);
    const client = new ImageClient({ host: engine.host, version: '1.41' });
    await storage.run('a', () => client.images());
    await storage.run('b', async () => client.loadImage(Buffer.of(1)).then(undefined, () => {}));
    unsubscribe('longshore:request:start', listener);
    client.close();
    expect(found).toEqual(['a', 'b']);
  });
});
