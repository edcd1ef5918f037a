// Complaints about saving, loading and importing archives.

import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, vi } from 'vitest';
import {
  ArgumentError, ImageClient, NotFoundError, UploadError, encodeRegistryAuth, packTar,
} from '../../src/index.ts';
import {
  engine, client, start, startDaemon, temporaryFolder, failure, collect, turnsUntil, sent, lines, login, digest, DAY_MS, silent, point,
} from '../support/complaint-tests.ts';
import { answer, onRequest } from '../support/fake-daemon.ts';

describe('archives', () => {
  point('py-10', 'A save waits without limit for its first byte, a quick call for 30 s.', async () => {
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

  point('py-13', 'A save of an absent image fails when it is read; unread, it uses no connection.', async () => {
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

  point('py-14', 'A load accepts bytes, streams, a Blob or a path; a source of text is an error.', async () => {
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

  point('py-15', 'A load returns each reference and id once, in whatever form an engine sends them.', async () => {
    const names = [': a:1\n', ': a:1\n', '(s): b:1\n', ': c:1,a:1', ` ID: ${digest}\n`, `: ${digest}`];
    await start(() => lines(...names.map((name) => ({ stream: `Loaded image${name}` }))));
    expect(await client.loadImage(Buffer.of(1))).toEqual({ references: ['a:1', 'b:1', 'c:1'], ids: [digest] });
  });

  point('py-17', 'An import has one framing: its length if that is known, else chunks.', async () => {
    await start(() => lines({ status: digest }));
    const path = join(await temporaryFolder(), 'x.tar');
    await writeFile(path, 'a tar');
    await client.importImageFromFile(path);
    await client.importImageFromData(Buffer.from('a tar'));
    await client.importImageFromStream(Readable.from([Buffer.from('a tar')]));
    const framings = engine.asked.map(({ headers }) => [headers['content-length'], headers['transfer-encoding']]);
    expect(framings).toEqual([['5', undefined], ['5', undefined], [undefined, 'chunked']]);
  });

  point('py-18', 'A path is never sent to the engine as a URL, and a URL is never uploaded as a file.', async () => {
    await start(() => lines({ status: digest }));
    const path = join(await temporaryFolder(), 'mistyped.tar');
    expect(await failure(() => client.importImage(path))).toBeInstanceOf(UploadError);
    await writeFile(path, 'x');
    expect(await failure(() => client.importImageFromUrl(path))).toBeInstanceOf(ArgumentError);
    expect(engine.asked).toEqual([]);
  });

  point('py-19', 'An import of an image accepts credentials; an import of a tar, a message and a platform.', async () => {
    await start(({ method }) => lines(method === 'GET' ? { Id: digest, Os: 'linux', Architecture: 'arm64' } : { status: digest }));
    await client.importImageFromImage('h:1/x', { credentials: login, platform: 'linux/arm64' });
    const changes = ['CMD a', 'ENV b=c'];
    await client.importImageFromData(Buffer.of(1), { message: 'm', platform: 'linux/arm64', changes });
    expect(engine.asked[0]?.headers['x-registry-auth']).toBe(encodeRegistryAuth(login, 'h:1'));
    expect(sent().filter((line) => line.startsWith('POST'))).toEqual([
      'POST /v1.55/images/create?fromImage=h:1/x&tag=latest&platform=linux/arm64',
      'POST /v1.55/images/create?fromSrc=-&message=m&changes=CMD+a&changes=ENV+b=c&platform=linux/arm64',
    ]);
  });

  point('py-20', 'An import returns the id of the new image.', async () => {
    await start(() => lines({ status: 'Importing', progressDetail: {}, id: 'ab' }, { status: digest }));
    expect(await client.importImageFromData(Buffer.of(1))).toEqual({ id: digest });
  });

  point('js-40', 'An import accepts a file system, also files in memory; a load accepts only images.', async () => {
    const imports = (target: string): boolean => target.includes('/create');
    await start(({ target }) => lines(imports(target) ? { status: digest } : { stream: 'Loaded image: x:1' }));
    await client.importImageFromData({ 'etc/motd': 'hello\n' });
    expect(engine.asked[0]?.body.toString('latin1', 0, 9)).toBe('etc/motd\0');
    expect(await failure(() => client.loadImage({ 'etc/motd': 'hello\n' } as never))).toBeInstanceOf(ArgumentError);
    await client.loadImage(Buffer.of(1));
    expect(sent().map((line) => line.split('?')[0])).toEqual(['POST /v1.55/images/create', 'POST /v1.55/images/load']);
  });
});
