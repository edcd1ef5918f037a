// A stream ends in one of three ways: the engine reports success, the engine reports a failure, or the stream stops early.
// The streams are those of the tapes; each is cut after every one of its messages, in every way.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError, DecodeError, TruncatedError } from '../../src/errors.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import type { ImageClientOptions } from '../../src/client/options.ts';
import type { Warning } from '../../src/connection/diagnostics.ts';
import { fakeDaemon, onRequest } from '../support/fake-daemon.ts';
import type { FakeDaemon } from '../support/fake-daemon.ts';
import { recordedExchanges, tapesOf } from '../support/recorded.ts';
import type { Recorded } from '../support/recorded.ts';
import { wireNames } from '../support/wires.ts';

const NAME = '127.0.0.1:5000/longshore/tape:1';
const REPOSITORY = NAME.slice(0, NAME.lastIndexOf(':'));
const hex = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** The messages of an engine's stream on that tape. */
function streamOf(engine: string, tape: string): string[] {
  const [, bytes] = tapesOf(engine).find(([name]) => name === tape) ?? [];
  const isStream = ({ target, method }: Recorded): boolean => method === 'POST' && /\/images\/(create|load|.*\/push)/.test(target);
  const exchange = recordedExchanges(bytes ?? Buffer.alloc(0)).findLast(isStream);
  return exchange?.body.toString().split(/\r?\n/).filter(Boolean) ?? [];
}

/** How the response ends after the messages, and whether HTTP treats that as a normal end. */
const ends = {
  'the last chunk': { version: '1.1', fields: 'Transfer-Encoding: chunked\r\n', chunked: true, last: '0\r\n\r\n', inOrder: true },
  'the end of a chunked answer that lacks its last chunk': { version: '1.1', fields: 'Transfer-Encoding: chunked\r\n', chunked: true, last: '', inOrder: false },
  'the end of the connection': { version: '1.1', fields: 'Connection: close\r\n', chunked: false, last: '', inOrder: true },
  'a proxy that speaks HTTP/1.0': { version: '1.0', fields: 'Server: nginx/1.22.1\r\n', chunked: false, last: '', inOrder: true },
} as const;
type End = (typeof ends)[keyof typeof ends];

interface World {
  readonly stream: readonly string[];
  readonly end?: End;
  readonly podman?: boolean;
  /** The image with the name before the operation, and after it. */
  readonly before?: object | undefined;
  readonly after?: object | undefined;
  /** The content of the registry. */
  readonly registry?: string;
  /** The status of the response to each query, and to each ping. */
  readonly questions?: number | 'stop';
  /** Called when half of the response to a query has been sent. */
  readonly asking?: () => void;
  readonly pings?: number | 'never';
  readonly client?: Partial<ImageClientOptions>;
}

describe.each(wireNames)('over the wire %s', (wire) => {
  let daemon: FakeDaemon | undefined;
  let world: World;
  let image: object | undefined;
  let client: ImageClient;
  let asked: string[];
  let warnings: Warning[];
  afterEach(async () => {
    client?.close();
    await daemon?.close();
    daemon = undefined;
  });

  /** An engine that responds to the operation with that stream, and to queries about the image and the registry. */
  async function start(given: World): Promise<void> {
    const json = (value: unknown, status = '200 OK'): string => {
      const body = JSON.stringify(value);
      return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    };
    daemon = await fakeDaemon((socket) =>
      onRequest(socket, (head) => {
        const server = world.podman ? 'Server: Libpod/5.4.2 (linux)\r\n' : 'Server: Docker/28.5.2 (linux)\r\n';
        const line = decodeURIComponent(head.split(' ').slice(0, 2).join(' '));
        if (line.endsWith('/_ping')) {
          if (world.pings === 'never') return;
          const status = world.pings === undefined ? '200 OK' : `${world.pings} No`;
          return void socket.write(`HTTP/1.1 ${status}\r\nApi-Version: 1.51\r\n${server}Content-Length: 0\r\n\r\n`);
        }
        asked.push(line.split('?')[0] ?? '');
        if (line.startsWith('POST')) {
          image = world.after;
          const { version, fields, chunked, last } = world.end ?? ends['the last chunk'];
          const body = world.stream.map((message) => (chunked ? `${(message.length + 2).toString(16)}\r\n${message}\r\n\r\n` : `${message}\r\n`));
          const field = fields.includes('Server') ? '' : server;
          socket.write(`HTTP/${version} 200 OK\r\n${field}${fields}\r\n${body.join('')}${last}`);
          if (!fields.startsWith('Transfer') || last === '') socket.end();
          return;
        }
        if (world.questions === 'stop') return void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{', world.asking);
        if (world.questions !== undefined) return void socket.write(json({ message: 'refused' }, `${world.questions} No`));
        if (line.includes('/distribution/')) {
          return void socket.write(world.registry === undefined ? json({ message: 'manifest unknown' }, '404 Not Found') : json({ Descriptor: { digest: world.registry, size: 528 } }));
        }
        if (line.includes('/images/json')) return void socket.write(json([]));
        if (line.endsWith('/info')) return void socket.write(json({}));
        socket.write(image === undefined ? json({ message: 'No such image' }, '404 Not Found') : json(image));
      }),
    );
    enter(given);
  }

  /** Replaces the state of the daemon, and makes a new client without knowledge of the old state. */
  function enter(given: World): void {
    world = given;
    image = given.before;
    asked = [];
    warnings = [];
    client = new ImageClient({ wire, host: daemon?.host, onWarning: (warning) => warnings.push(warning), ...given.client });
  }

  const outcome = async (run: () => PromiseLike<unknown>): Promise<unknown> => (async () => run())().catch((error: unknown) => error);
  async function settled<Result>(run: () => PromiseLike<Result>): Promise<Result> {
    const value = await outcome(run);
    if (value instanceof Error) throw value;
    return value as Result;
  }

  // The engine's names on the tapes; the digest and the size of the image come from its own stream.
  const dockers = ['docker-20.10', 'docker-26.1', 'docker-28.5', 'docker-28.5-containerd'];
  const podmans = ['podman-4.3', 'podman-5.4'];
  const old = { Id: hex('1'), RepoTags: [], RepoDigests: [`${REPOSITORY}@${hex('a')}`], Os: 'linux', Architecture: 'amd64' };

  describe.each(Object.entries(ends))('a stream that is cut by %s', (_, end) => {
    /** Runs it with the stream cut after each message. Returns whether it succeeded, by the number of messages. */
    async function cut(stream: readonly string[], whole: Omit<World, 'stream'>, run: () => PromiseLike<unknown>): Promise<boolean[]> {
      const results: boolean[] = [];
      for (let length = 0; length <= stream.length; length++) {
        const cutWorld = { ...whole, stream: stream.slice(0, length), end };
        if (daemon === undefined) await start(cutWorld);
        else enter(cutWorld);
        const result = await outcome(run);
        if (result instanceof Error) expect(result).toBeInstanceOf(TruncatedError);
        results.push(!(result instanceof Error));
        client.close();
      }
      return results;
    }
    const only = (stream: readonly string[], isEnough: (message: string) => boolean): boolean[] => {
      const first = stream.findIndex(isEnough);
      return [false, ...stream.map((__, index) => end.inOrder && first !== -1 && index >= first)];
    };

    describe.each(dockers)('%s', (engine) => {
      it('is a finished pull only after the digest', async () => {
        const stream = streamOf(engine, 'pull');
        const saidSo = only(stream, (message) => message.includes('Digest: sha256:'));
        expect(await cut(stream, {}, () => client.pull(NAME))).toEqual(saidSo);
        // an old image under that name does not prove anything
        expect(await cut(stream, { before: old, after: old }, () => client.pull(NAME))).toEqual(saidSo);
      });

      it('is a finished pull if the engine has the image of the requested digest, or one that was missing before', async () => {
        const stream = streamOf(engine, 'pull');
        const all = only(['', ...stream], () => true).slice(1);
        expect(await cut(stream, { after: old }, () => client.pull(`${REPOSITORY}@${hex('a')}`))).toEqual(all);
        expect(await cut(stream, { after: old }, () => client.pull(NAME, { policy: 'missing' }))).toEqual(all);
      });

      it('is a finished pull of all tags only after the status of the last tag', async () => {
        const stream = streamOf(engine, 'pull-all-tags');
        // The containerd store has a status for each tag; the others have one, at the end.
        const expected = [false, ...stream.map((__, index) => {
          const [begun, told] = ['Pulling from', 'Status: '].map((words) => stream.slice(0, index + 1).findLastIndex((message) => message.includes(words)));
          return end.inOrder && (told ?? -1) > (begun ?? -1);
        })];
        expect(await cut(stream, { before: old, after: old }, () => client.pull(REPOSITORY, { allTags: true }))).toEqual(expected);
      });

      it('is a finished push only after the digest', async () => {
        const stream = streamOf(engine, 'push');
        const saidSo = only(stream, (message) => message.includes('digest: sha256:'));
        expect(await cut(stream, { before: old, after: old }, () => client.push(NAME))).toEqual(saidSo);
        expect(await cut(stream, { before: old, after: old, registry: hex('f') }, () => client.push(NAME))).toEqual(saidSo);
      });

      it('is a finished push if the registry has the digest', async () => {
        const stream = streamOf(engine, 'push');
        const all = only(['', ...stream], () => true).slice(1);
        expect(await cut(stream, { before: old, after: old, registry: hex('a') }, () => client.push(NAME))).toEqual(all);
      });

      it('is a finished push of all tags only after the digest of the last tag', async () => {
        const stream = streamOf(engine, 'push-all-tags');
        const expected = [false, ...stream.map((message) => end.inOrder && /digest: sha256:|"aux"/.test(message))];
        expect(await cut(stream, { before: old, after: old, registry: hex('a') }, () => client.push(REPOSITORY, { allTags: true }))).toEqual(expected);
      });
    });

    describe.each(podmans)('%s', (engine) => {
      const pullStream = streamOf(engine, 'pull');
      const short = (JSON.parse(pullStream.at(-1) ?? '{}') as { id?: string }).id ?? '';
      const pulled = { ...old, Id: `sha256:${short.padEnd(64, '0')}` };

      it('is not a finished pull if the image is missing or old', async () => {
        const none = only(pullStream, () => false);
        expect(await cut(pullStream, { podman: true, before: old, after: old }, () => client.pull(NAME))).toEqual(none);
      });

      it('is a finished pull if the image has another ID than before', async () => {
        const all = only(['', ...pullStream], () => true).slice(1);
        expect(await cut(pullStream, { podman: true, before: old, after: pulled }, () => client.pull(NAME))).toEqual(all);
        expect(await cut(pullStream, { podman: true, after: pulled }, () => client.pull(NAME))).toEqual(all);
      });

      it('is a finished pull if the engine fetched the config of the image that it has', async () => {
        const stream = streamOf(engine, 'pull-up-to-date');
        const expected = only(stream, (message) => message.includes(short));
        expect(await cut(stream, { podman: true, before: pulled, after: pulled }, () => client.pull(NAME))).toEqual(expected);
      });

      it('is a finished push only after the digest, because Podman cannot query a registry', async () => {
        const stream = streamOf(engine, 'push');
        const saidSo = only(stream, (message) => message.includes('digest: sha256:'));
        expect(await cut(stream, { podman: true, before: old, after: old, registry: hex('a') }, () => client.push(NAME))).toEqual(saidSo);
        expect(asked.filter((line) => line.includes('/distribution/'))).toEqual([]);
      });
    });

    it.each([...dockers, ...podmans])('is a finished load only after the loaded names: %s', async (engine) => {
      for (const tape of ['load', 'load-quiet', 'load-untagged']) {
        const stream = streamOf(engine, tape);
        const podman = engine.startsWith('podman');
        const loaded = stream.map((message) => message.includes('Loaded image'));
        const expected = [false, ...loaded.map((is) => end.inOrder && is)];
        expect(await cut(stream, { podman, after: old }, () => client.loadImage(Buffer.from('x')))).toEqual(expected);
      }
    });

    it.each([...dockers, ...podmans])('is a finished import only after the ID: %s', async (engine) => {
      for (const tape of ['import', 'import-url']) {
        const stream = streamOf(engine, tape);
        const podman = engine.startsWith('podman');
        const expected = only(stream, (message) => message.includes('"status":"sha256:'));
        expect(await cut(stream, { podman, after: old }, () => client.importImageFromData(Buffer.from('x')))).toEqual(expected);
      }
    });
  });

  it.each([
    // docker-java#845: Docker 1.12 of RHEL ends with the digest
    ['RHEL', [{ status: 'Trying to pull repository' }, { status: `Digest: ${hex('b')}` }]],
    // socktainer#359
    ['socktainer', [{ status: `Trying to pull ${NAME}` }, { status: 'Unpacking image' }, { status: `Image digest: ${hex('b')}` }]],
    // balenahup#235: a total without a status, with the id of a layer that does not exist
    ['balenaEngine', [{ progressDetail: { current: 1, total: 2 }, id: 'Total' }, { status: `Digest: ${hex('b')}` }]],
  ])('a pull in the words of another engine has finished, without further queries: %s', async (_, messages) => {
    await start({ stream: messages.map((message) => JSON.stringify(message)) });
    expect(await settled(() => client.pull(NAME))).toMatchObject({ digest: hex('b') });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['Verifying digest', false, { status: `Verifying digest: ${hex('b')}` }],
    ['manifest of a digest', false, { status: `manifest of digest: ${hex('b')} is checked` }],
    ['a blob', true, { status: `Mounted from x digest: ${hex('b')}` }],
  ])('a digest in the middle of a sentence does not report success: %s', async (_, isPush, message) => {
    await start({ stream: [JSON.stringify(message)] });
    expect(await outcome(() => (isPush ? client.push(NAME) : client.pull(NAME)))).toBeInstanceOf(TruncatedError);
  });

  describe('a stream that stopped', () => {
    const stream = ['{"status":"Pulling from longshore/tape","id":"1"}'];

    it('is an error that says what stopped, after how many bytes, and what to do', async () => {
      await start({ stream });
      const error = await outcome(() => client.pull(NAME));
      expect(error).toBeInstanceOf(TruncatedError);
      expect(error).toMatchObject({ phase: 'stream', received: (stream[0] ?? '').length + 2 });
      expect((error as Error).message).toBe(
        `the stream of the pull of ${NAME} ended before the engine reported success, and the engine does not have the new result. ` +
          'The engine, or a proxy in front of it, may have been stopped: repeat the call',
      );
    });

    it('also fails a loop over its events', async () => {
      await start({ stream });
      const events: string[] = [];
      const pull = client.pull(NAME);
      await expect((async () => {
        for await (const event of pull) events.push(event.type);
      })()).rejects.toBeInstanceOf(TruncatedError);
      expect(events).toEqual(['headline']);
      await expect(pull.result()).rejects.toBeInstanceOf(TruncatedError);
    });

    it.each([
      ['a pull', () => client.pull(NAME)],
      ['a push', () => client.push(NAME)],
    ])('is an error whose cause is the failed query: %s', async (_, run) => {
      await start({ stream, questions: 403 });
      const error = await outcome(run);
      expect(error).toBeInstanceOf(TruncatedError);
      expect((error as Error).cause).toMatchObject({ status: 403 });
    });

    it('rejects with the reason of an abort during the query', async () => {
      const controller = new AbortController();
      const reason = new Error('mine');
      await start({ stream });
      daemon?.sockets.forEach((socket) => socket.destroy());
      await daemon?.close();
      daemon = await fakeDaemon((socket) =>
        onRequest(socket, (head) => {
          if (head.startsWith('POST')) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${stream[0]?.length}\r\n\r\n${stream[0]}`);
          else controller.abort(reason);
        }),
      );
      client = new ImageClient({ wire, host: daemon.host, version: '1.41' });
      asked = [];
      // The first query is /_ping, the second the image: each is aborted once.
      expect(await outcome(() => client.pull(NAME, { signal: controller.signal }))).toBe(reason);
    });
  });

  describe('an operation that finished', () => {
    const finishedPull = ['{"status":"Status: Downloaded newer image for x"}'];

    it('does not fail if a query is refused: a pull for a platform', async () => {
      await start({ stream: finishedPull, after: old, questions: 403 });
      const { warnings: told, ...result } = await settled(() => client.pull(NAME, { platform: 'linux/arm64' }));
      expect(result).toEqual({ reference: NAME, digest: undefined, status: 'downloaded' });
      expect(told).toEqual([expect.stringMatching(/^cannot determine the platform of 127\.0\.0\.1:5000\/longshore\/tape:1: .*403/)]);
      expect(warnings).toEqual([{ kind: 'unchecked', subject: NAME, message: told[0] }]);
    });

    it.each<[string, boolean, () => PromiseLike<{ readonly warnings: readonly string[] }>]>([
      ['a pull of a platform', false, () => client.pull(NAME, { platform: 'linux/arm64' })],
      ['a push to a registry', true, () => client.push(NAME)],
    ])('does not wait for a query whose answer stops inside: %s', async (_, podman, run) => {
      let asking = (): void => {};
      const stopped = new Promise<void>((resolve) => (asking = resolve));
      await start({ stream: [...finishedPull, `{"status":"1: digest: ${hex('b')} size: 528"}`], podman, questions: 'stop', asking });
      await client.apiVersion();
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      let ended = false;
      const result = settled(run).finally(() => (ended = true));
      await stopped;
      // Waits turns of the event loop until half of the response has come; then the time passes at once.
      for (let turn = 0; !ended && turn < 5000; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        vi.advanceTimersByTime(100);
      }
      vi.useRealTimers();
      expect(ended).toBe(true);
      expect((await result).warnings).toEqual([expect.stringContaining('sent nothing for 30000 ms')]);
    });

    it.each([{}, { Os: null, Architecture: null }, { Os: '', Architecture: '' }])('fails if it pulled an artifact with the platform %j', async (platform) => {
      await start({ stream: finishedPull, after: { Id: hex('1'), RepoTags: [], RepoDigests: [], ...platform } });
      expect(await outcome(() => client.pull(NAME, { platform: 'linux/arm64' }))).toMatchObject({ reason: 'platform' });
    });

    it('fails if the query shows another result than requested', async () => {
      await start({ stream: finishedPull, after: old });
      expect(await outcome(() => client.pull(NAME, { platform: 'linux/arm64' }))).toMatchObject({ reason: 'platform' });
    });

    it('does not fail if a query is refused: a push', async () => {
      await start({ stream: [`{"status":"1: digest: ${hex('b')} size: 528"}`], questions: 403 });
      expect(await settled(() => client.push(NAME))).toEqual({ reference: NAME, digest: hex('b'), size: 528, tags: undefined, warnings: [] });
      expect(asked).toHaveLength(1);
    });

    it('does not fail if a query is refused: an import on Podman', async () => {
      await start({ stream: [`{"status":"${hex('b')}"}`], podman: true, questions: 403 });
      expect(await settled(() => client.importImageFromData(Buffer.of(1), { repository: 'h:1/a', tag: '1' }))).toEqual({ id: hex('b') });
      expect(warnings).toEqual([expect.objectContaining({ kind: 'unchecked', subject: 'h:1/a:1' })]);
    });

    it('fails on Podman if the result is wrong or missing', async () => {
      await start({ stream: [`{"status":"${hex('b')}"}`], podman: true, after: old });
      expect(await outcome(() => client.importImageFromData(Buffer.of(1), { repository: 'h:1/a', tag: '1' }))).toBeInstanceOf(ApiError);
    });

    it('does not fail without onWarning', async () => {
      await start({ stream: finishedPull, after: old, questions: 500, client: { onWarning: undefined } });
      expect(await settled(() => client.pull(NAME, { platform: 'linux/arm64' }))).toMatchObject({ status: 'downloaded' });
    });
  });

  // The containerd store reports "up to date" for an index after it has fetched another platform's image of it.
  it('a pull that fetched layers has the status downloaded', async () => {
    const stream = ['{"status":"Pulling fs layer","progressDetail":{},"id":"ffb729e61999"}', '{"status":"Pull complete","progressDetail":{"hidecounts":true},"id":"ffb729e61999"}', `{"status":"Digest: ${hex('b')}"}`, '{"status":"Status: Image is up to date for x"}'];
    await start({ stream });
    expect(await settled(() => client.pull(NAME))).toMatchObject({ status: 'downloaded', digest: hex('b') });
    await daemon?.close();
    await start({ stream: [...stream.slice(2)] });
    expect(await settled(() => client.pull(NAME))).toMatchObject({ status: 'up-to-date' });
  });

  describe('a push', () => {
    it.each([
      { Digest: 'nonsense', Size: -5 },
      { Digest: 'nonsense' },
      { Digest: hex('b'), Size: -5 },
      { Digest: hex('b'), Size: 1.5 },
      { Digest: hex('b'), Size: '528' },
      { Digest: hex('b').toUpperCase(), Size: 528 },
      { Digest: 5, Size: 528 },
      { Digest: null, Size: 528 },
      { Tag: 5, Digest: hex('b'), Size: 528 },
      { Size: 528 },
    ])('with an invalid last message is a DecodeError: %j', async (aux) => {
      await start({ stream: [JSON.stringify({ progressDetail: {}, aux })] });
      expect(await outcome(() => client.push(NAME))).toBeInstanceOf(DecodeError);
    });

    it('accepts aux messages of other kinds', async () => {
      const others = [5, null, 'x', [], {}, { contentMissing: true, desc: {} }].map((aux) => JSON.stringify({ aux }));
      await start({ stream: [...others, `{"status":"1: digest: ${hex('b')} size: 528"}`] });
      expect(await settled(() => client.push(NAME))).toMatchObject({ digest: hex('b'), size: 528, warnings: [] });
    });

    // moby's daemon/containerd/image_push.go and auxprogress.ManifestPushedInsteadOfIndex (moby#48731)
    it('of one platform in place of the index warns', async () => {
      const aux = { manifestPushedInsteadOfIndex: true, originalIndex: { digest: hex('a'), size: 1 }, selectedManifest: { digest: hex('b'), size: 528 } };
      await start({ stream: [`{"status":"1: digest: ${hex('b')} size: 528"}`, JSON.stringify({ aux })] });
      const { warnings: told } = await settled(() => client.push(NAME));
      expect(told).toEqual([
        `only one platform was pushed: the manifest ${hex('b')} instead of the index ${hex('a')}, of which the engine lacks other platforms`,
      ]);
      expect(warnings).toEqual([{ kind: 'engine', subject: NAME, message: told[0] }]);
    });

    it('of all tags warns of each tag of which one platform was pushed in place of the index', async () => {
      const stream = ['1', '2', '3'].flatMap((tag) => {
        const aux = { manifestPushedInsteadOfIndex: true, originalIndex: { digest: hex(tag), size: 1 }, selectedManifest: { digest: hex('b'), size: 528 } };
        return [JSON.stringify({ aux }), JSON.stringify({ status: `${tag}: digest: ${hex('b')} size: 528` })];
      });
      await start({ stream });
      const { warnings: told } = await settled(() => client.push(REPOSITORY, { allTags: true }));
      expect(told).toEqual(['1', '2', '3'].map((tag) => expect.stringContaining(`instead of the index ${hex(tag)}`)));
      expect(warnings.map(({ message }) => message)).toEqual(told);
    });

    // The response of Podman 5.4 and 6.1 to an inspect of a manifest list: an image of the list, with its own names.
    it('of one image of a manifest list warns on Podman', async () => {
      const list = { Id: hex('c'), RepoTags: ['docker.io/longshore/other:1'], RepoDigests: [] };
      await start({ podman: true, stream: streamOf('podman-5.4', 'push'), after: list });
      const { warnings: told } = await settled(() => client.push(NAME));
      expect(told).toEqual([`Podman pushed one image of the manifest list ${NAME}; podman manifest push --all sends all of it`]);
      expect(warnings).toEqual([{ kind: 'engine', subject: NAME, message: told[0] }]);
    });

    it('of an image on Podman warns only of a query that failed', async () => {
      const image = { Id: hex('c'), RepoTags: ['docker.io/longshore/other:1', NAME], RepoDigests: [] };
      await start({ podman: true, stream: streamOf('podman-5.4', 'push'), after: image });
      expect((await settled(() => client.push(NAME))).warnings).toEqual([]);
      await daemon?.close();
      await start({ podman: true, stream: streamOf('podman-5.4', 'push'), questions: 403 });
      expect((await settled(() => client.push(NAME))).warnings).toEqual([expect.stringMatching(/^cannot determine whether .* is a manifest list: /)]);
      expect(warnings).toMatchObject([{ kind: 'unchecked' }]);
    });

    it('of all tags returns each tag with its digest', async () => {
      await start({ stream: streamOf('docker-20.10', 'push-all-tags') });
      const { tags, digest } = await settled(() => client.push(REPOSITORY, { allTags: true }));
      expect(digest).toBeUndefined();
      expect(tags).toEqual(['1', '2'].map((tag) => ({ tag, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), size: 523 })));
    });

    it.each(['WARNING: old', '[DEPRECATION NOTICE] registry v2 schema1 support will be removed in an upcoming release'])(
      'and a pull tell of %s',
      async (status) => {
        await start({ stream: [JSON.stringify({ status }), `{"status":"1: digest: ${hex('b')} size: 528"}`] });
        expect((await settled(() => client.push(NAME))).warnings).toEqual([status]);
        await daemon?.close();
        await start({ stream: [JSON.stringify({ status }), '{"status":"Status: Downloaded newer image for x"}'] });
        expect((await settled(() => client.pull(NAME))).warnings).toEqual([status]);
        expect(warnings.map(({ message }) => message)).toEqual([status]);
      },
    );
  });

  it('the total of all layers, which balenaEngine sends, is not a layer', async () => {
    const sum = '{"progressDetail":{"current":277614,"total":2754729},"progress":"[=====>  ]","id":"Total"}';
    await start({ stream: [sum, '{"status":"Status: Downloaded newer image for x"}'] });
    const events: string[] = [];
    for await (const event of client.pull(NAME)) events.push(event.type);
    expect(events).toEqual(['headline']);
  });

  it('several images in one message are separated, the last one without a name', async () => {
    const lines = [`Loaded image: a:1\nLoaded image: b:1\nLoaded image ID: ${hex('1')}\nLoaded image ID: ${hex('2')}\n`];
    await start({ stream: lines.map((stream) => JSON.stringify({ stream })) });
    expect(await settled(() => client.loadImage(Buffer.from('x')))).toEqual({ references: ['a:1', 'b:1'], ids: [hex('1'), hex('2')] });
  });

  // Docker 28.5 with the containerd store, for an archive without a layer that it does not have either: the whole response.
  it('a load whose image cannot be unpacked is an error, although its stream says that it was loaded', async () => {
    const unpacking =
      `Error unpacking image a:1: apply layer error for "docker.io/library/a:1": failed to extract layer ${hex('1')}: NotFound: ` +
      `failed to get reader from content store: content digest ${hex('1')}: not found\n`;
    await start({ stream: [JSON.stringify({ stream: 'Loaded image: a:1\n' }), JSON.stringify({ stream: unpacking })] });
    const error = await settled(() => client.loadImage(Buffer.from('x'))).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'ApiError', inStream: true, daemonMessage: expect.stringContaining(`content digest ${hex('1')}: not found`) });
    expect(String(error)).toContain('longshore layers');
  });

  // What Docker 28.5 said with the containerd store on a file system of 200 MB.
  it('a load whose image cannot be unpacked because the disk is full says so', async () => {
    const unpacking =
      `Error unpacking image a:1: apply layer error for "docker.io/library/a:1": failed to extract layer ${hex('1')}: mount callback failed on ` +
      '/var/lib/docker/containerd/daemon/tmpmounts/containerd-mount1: write /var/lib/docker/containerd/daemon/tmpmounts/containerd-mount1/f: no space left on device\n';
    await start({ stream: [JSON.stringify({ stream: 'Loaded image: a:1\n' }), JSON.stringify({ stream: unpacking })] });
    const error = await settled(() => client.loadImage(Buffer.from('x'))).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'ApiError', inStream: true, reason: 'no-space' });
    expect(String(error)).not.toContain('longshore layers');
  });

  it('an empty last line means that the archive lacks the platform', async () => {
    // The whole response of Docker 28.5 with a graph driver: fixtures/tapes/docker-28.5/load-platform-missing.tape.
    await start({ stream: ['{}'] });
    const loaded = settled(() => client.loadImage(Buffer.from('x'), { platform: 'linux/s390x' }));
    await expect(loaded).rejects.toMatchObject({ name: 'NotFoundError', reason: 'platform' });
    // An empty stream has stopped early, also if a platform was requested.
    await daemon?.close();
    await start({ stream: [] });
    const stopped = settled(() => client.loadImage(Buffer.from('x'), { platform: 'linux/s390x' }));
    await expect(stopped).rejects.toBeInstanceOf(TruncatedError);
  });
});
