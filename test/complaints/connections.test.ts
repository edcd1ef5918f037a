// Complaints about connections, timeouts and aborts.

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ImageClient, LongshoreError, TruncatedError } from '../../src/index.ts';
import {
  client, undo, start, startDaemon, temporaryFolder, failure, turnsUntil, lines, digest, DAY_MS, methods, point,
} from '../support/complaint-tests.ts';
import { answer, onRequest } from '../support/fake-daemon.ts';

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

  point('py-41', 'A push may be silent for a day, before its response and in the middle of it.', async () => {
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

  point('py-46', 'Environment variables do not change a request, and a POST never becomes a GET.', async () => {
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

  point('js-7', 'Every failure rejects the call that it belongs to.', async () => {
    const daemon = await startDaemon((socket) => onRequest(socket, () => socket.destroy()));
    for (const [name, call] of Object.entries(methods)) {
      await using docker = new ImageClient({ host: daemon.host });
      expect(await failure(() => call(docker, {})), name).toBeInstanceOf(LongshoreError);
    }
  });

  point('js-12', 'An engine that dies during a response, or between two, causes no unhandled error.', async () => {
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
  it('js-26: The list above contains every method.', () => {
    const asksNothing = ['constructor', 'close', 'supports', 'apiVersion', 'waitUntilReady'];
    const all = Object.getOwnPropertyNames(ImageClient.prototype).filter((name) => !asksNothing.includes(name));
    expect(Object.keys(methods).sort()).toEqual(all.sort());
  });

  point('js-30', 'No timer ends a response that has begun: a pull may be silent for a day.', async () => {
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
