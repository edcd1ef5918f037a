import { afterEach, describe, expect, it } from 'vitest';
import { ArgumentError, NotFoundError, TruncatedError, UnauthorizedError } from '../../src/errors.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import { until } from '../support/fake-daemon.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { Answering, FakeEngine } from '../support/fake-engine.ts';
import { wireNames } from '../support/wires.ts';

describe.each(wireNames)('over the wire %s', (wire) => {
  let engine: FakeEngine;
  let client: ImageClient;
  afterEach(async () => {
    client.close();
    await engine.close();
  });
  async function start(answering: Answering): Promise<void> {
    engine = await fakeEngine(answering);
    client = new ImageClient({ wire, host: engine.host });
  }
  async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
    const all: Item[] = [];
    for await (const item of items) all.push(item);
    return all;
  }

  const digest = `sha256:${'a'.repeat(64)}`;
  const pulled = [
    { status: 'Pulling from library/x', id: '1' },
    { status: 'Pulling fs layer', progressDetail: {}, id: 'abc' },
    { status: `Digest: ${digest}` },
    { status: 'WARNING: old' },
    { status: 'Status: Downloaded newer image for x:1' },
  ];
  const lines = (values: object[]): string => values.map((value) => `${JSON.stringify(value)}\r\n`).join('');
  const denied = lines([...pulled.slice(0, 2), { errorDetail: { message: 'denied: no' }, error: 'denied: no' }]);

  describe('a progress stream', () => {
    // covers: complaint py-47
    it('that is awaited returns the result', async () => {
      await start(() => lines(pulled));
      expect(await client.pull('x:1')).toEqual({
        reference: 'docker.io/library/x:1',
        digest,
        status: 'downloaded',
        warnings: ['WARNING: old'],
      });
    });

    it('that is awaited twice makes one call', async () => {
      await start(() => lines(pulled));
      const stream = client.pull('x:1');
      expect(await stream).toBe(await stream.then((result) => result));
      expect(engine.asked).toHaveLength(1);
    });

    // covers: complaint py-27
    it('that is iterated yields each event, and then has the result', async () => {
      await start(() => lines(pulled));
      const stream = client.pull('x:1');
      const events = await collect(stream);
      expect(events.map(({ type }) => type)).toEqual(['headline', 'layer', 'headline', 'warning', 'headline']);
      expect((await stream.result()).digest).toBe(digest);
    });

    it('sends nothing before it is read', async () => {
      await start(() => lines(pulled));
      client.pull('x:1');
      await client.apiVersion();
      expect(engine.asked).toEqual([]);
    });

    it('yields the bytes of the engine unchanged', async () => {
      await start(() => lines(pulled));
      expect(Buffer.concat(await collect(client.pull('x:1').bytes())).toString()).toBe(lines(pulled));
    });

    // covers: fault 3.5.10, complaint py-7
    it('yields the events before an error in the stream, and then throws it', async () => {
      await start(() => denied);
      const stream = client.pull('x:1');
      const events: string[] = [];
      const error = await (async () => {
        for await (const event of stream) events.push(event.type);
      })().catch((reason: unknown) => reason);
      expect(events).toEqual(['headline', 'layer']);
      expect(error).toBeInstanceOf(UnauthorizedError);
      expect(error).toMatchObject({ inStream: true, status: 200, reason: 'auth', daemonMessage: 'denied: no' });
      await expect(stream.result()).rejects.toBe(error);
    });

    // covers: fault 0.10, complaint py-1, complaint js-2
    it.each([
      ['awaited', (c: ImageClient) => c.pull('x:1')],
      ['read as bytes', (c: ImageClient) => collect(c.pull('x:1').bytes())],
    ])('throws an error in the stream also if it is %s', async (_, call) => {
      await start(() => denied);
      await expect((async () => call(client))()).rejects.toBeInstanceOf(UnauthorizedError);
    });

    it('throws an error without a line end that has only the old key', async () => {
      await start(() => '{"error":"manifest unknown"}');
      await expect((async () => client.pull('x:1'))()).rejects.toBeInstanceOf(NotFoundError);
    });

    it('that ends inside a value is a TruncatedError', async () => {
      await start(() => '{"status":"ok"}\r\n{"status":');
      await expect((async () => client.pull('x:1'))()).rejects.toBeInstanceOf(TruncatedError);
    });

    it('that is read twice is an ArgumentError', async () => {
      await start(() => lines(pulled));
      const stream = client.pull('x:1');
      await stream;
      expect(() => stream[Symbol.asyncIterator]()).toThrow(ArgumentError);
      expect(() => stream.bytes()).toThrow('read already');
    });

    it('has no result before it is read', async () => {
      await start(() => '');
      await expect(client.pull('x:1').result()).rejects.toBeInstanceOf(ArgumentError);
    });

    // covers: fault 0.5
    it('that is left early closes the connection, and has no result', async () => {
      let closed = false;
      await start((_, response) => {
        response.write(lines(pulled.slice(0, 1)));
        response.on('close', () => (closed = true));
      });
      const stream = client.pull('x:1');
      for await (const event of stream) {
        expect(event.type).toBe('headline');
        break;
      }
      await until(() => closed);
      await expect(stream.result()).rejects.toBeInstanceOf(ArgumentError);
    });

    // covers: complaint js-25
    it('that is aborted in its middle rejects with the reason', async () => {
      await start((_, response) => void response.write(lines(pulled.slice(0, 1))));
      const controller = new AbortController();
      const reason = new Error('mine');
      const error = await (async () => {
        for await (const _ of client.pull('x:1', { signal: controller.signal })) controller.abort(reason);
      })().catch((thrown: unknown) => thrown);
      expect(error).toBe(reason);
    });

    it('makes the engine wait for a slow loop', async () => {
      let written = 0;
      await start((_, response) => {
        const line = lines([{ status: 'x'.repeat(1000) }]);
        const more = (): void => {
          while (written < 50_000_000 && !response.destroyed && response.write(line)) written += line.length;
          if (written < 50_000_000) response.once('drain', more);
          else response.end();
        };
        more();
      });
      for await (const _ of client.pull('x:1')) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        break;
      }
      expect(written).toBeLessThan(5_000_000);
    });
  });

  describe('the result of', () => {
    const load = async (...texts: string[]) => {
      await start(() => lines(texts.map((stream) => ({ stream }))));
      return client.loadImage(Buffer.from('x'));
    };
    // the lines of the engine, references, ids
    // covers: complaint js-3
    it.each<[string, string[], string[], string[]]>([
      ['Docker, two tags', ['Loaded image: a:1\n', 'Loaded image: h:1/b:2\n'], ['a:1', 'h:1/b:2'], []],
      ['Docker, no tag', [`Loaded image ID: ${digest}\n`], [], [digest]],
      ['Podman, two tags', ['Loaded image: localhost/a:1,localhost/b:2'], ['localhost/a:1', 'localhost/b:2'], []],
      ['Podman, no tag', [`Loaded image: ${digest}`], [], [digest]],
    ])('a load is read from the stream of %s', async (_, texts, references, ids) => {
      expect(await load(...texts)).toEqual({ references, ids });
    });

    it('a load without a message is an error', async () => {
      await expect(load()).rejects.toBeInstanceOf(TruncatedError);
    });

    it('a push is read from an aux message, or from the text', async () => {
      await start(() => lines([{ progressDetail: {}, aux: { Tag: '1', Digest: digest, Size: 528 } }]));
      expect(await client.push('h:1/x')).toEqual({ reference: 'h:1/x:latest', digest, size: 528, tags: undefined, warnings: [] });
      client.close();
      await engine.close();
      await start(() => lines([{ status: `latest: digest: ${digest} size: 528` }]));
      expect(await client.push('h:1/x')).toEqual({ reference: 'h:1/x:latest', digest, size: 528, tags: undefined, warnings: [] });
    });

    it('an import without an ID is an error', async () => {
      await start(() => lines([{ status: 'Importing' }]));
      await expect((async () => client.importImageFromData(Buffer.of(1)))()).rejects.toBeInstanceOf(TruncatedError);
    });
  });
});
