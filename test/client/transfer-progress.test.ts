// The progress of a transfer: events with the bytes of an upload, and `onProgress` with the bytes of a save.

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import type { ProgressEvent } from '../../src/api/progress/progress-events.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { wireNames } from '../support/wires.ts';

type UploadEvent = Extract<ProgressEvent, { type: 'upload' }>;

const MIB = 1024 * 1024;
const archive = randomBytes(3 * MIB + 5);

describe.each(wireNames)('over the wire %s', (wire) => {
  let folder: string;
  let engine: FakeEngine;
  let client: ImageClient;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-'));
    await writeFile(join(folder, 'a.tar'), archive);
    engine = await fakeEngine(({ target }) =>
      target.includes('/images/create') ? `{"status":"sha256:${'a'.repeat(64)}"}` : '{"stream":"Loaded image: a:1\\n"}');
    client = new ImageClient({ wire, host: engine.host });
  });
  afterEach(async () => {
    client.close();
    await engine.close();
    await rm(folder, { recursive: true });
  });

  async function uploads(stream: AsyncIterable<ProgressEvent>): Promise<UploadEvent[]> {
    const found: UploadEvent[] = [];
    for await (const event of stream) if (event.type === 'upload') found.push(event);
    return found;
  }
  async function* pieces(size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < archive.length; at += size) yield archive.subarray(at, at + size);
  }

  describe('an upload', () => {
    it.each([
      ['a file', () => ({ path: join(folder, 'a.tar') }), archive.length],
      ['bytes', () => archive, archive.length],
      ['a Blob', () => new Blob([archive]), archive.length],
      ['an iterable of unknown length', () => pieces(100_000), undefined],
    ] as const)('of %s yields events whose bytes grow up to the total', async (_, data, total) => {
      for (const stream of [client.loadImage(data()), client.importImage(data())]) {
        const events = await uploads(stream);
        const counts = events.map(({ bytes }) => bytes);
        expect(counts).toEqual(counts.toSorted((a, b) => a - b));
        expect(new Set(counts).size).toBe(counts.length);
        expect(events.at(-1)).toEqual({ type: 'upload', bytes: archive.length, total });
        expect(events.every((event) => event.total === total)).toBe(true);
      }
      for (const { body } of engine.asked) expect(body.equals(archive)).toBe(true);
    });

    it('of a small Buffer yields one event, before those of the engine', async () => {
      const events: ProgressEvent[] = [];
      for await (const event of client.loadImage(Buffer.from('abc'))) events.push(event);
      expect(events).toEqual([{ type: 'upload', bytes: 3, total: 3 }, { type: 'stream', text: 'Loaded image: a:1\n' }]);
    });

    // A slow loop must not have a long queue: each event replaces the one before.
    it('of many small pieces yields at most one event for each 256 KiB', async () => {
      const events = await uploads(client.loadImage(pieces(1000)));
      expect(events.length).toBeGreaterThan(0);
      expect(events.length).toBeLessThanOrEqual(Math.ceil(archive.length / (256 * 1024)) + 1);
    });

    it('queues only the latest event for a slow loop', async () => {
      const stream = client.loadImage(pieces(100_000))[Symbol.asyncIterator]();
      const first = stream.next(); // begins the call
      await first;
      while (engine.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const rest: ProgressEvent[] = [];
      for await (const event of stream) rest.push(event);
      const counts = rest.flatMap((event) => (event.type === 'upload' ? [event.bytes] : []));
      expect(counts.length).toBeLessThanOrEqual(2);
      expect(counts.at(-1)).toBe(archive.length);
    });

    it('that is awaited, or read as bytes, yields only what the engine sends', async () => {
      expect(await client.loadImage(archive)).toEqual({ references: ['a:1'], ids: [] });
      const blocks: Uint8Array[] = [];
      for await (const block of client.loadImage(archive).bytes()) blocks.push(block);
      expect(Buffer.concat(blocks).toString()).toBe('{"stream":"Loaded image: a:1\\n"}');
    });
  });
});

describe('toFile', () => {
  let folder: string;
  let engine: FakeEngine;
  let client: ImageClient;
  let announced: boolean;
  beforeEach(async () => {
    announced = false;
    folder = await mkdtemp(join(tmpdir(), 'longshore-'));
    engine = await fakeEngine((_, response) => {
      if (announced) response.setHeader('Content-Length', archive.length);
      response.write(archive); // without a length of Node's own
      response.end();
    });
    client = new ImageClient({ host: engine.host });
  });
  afterEach(async () => {
    client.close();
    await engine.close();
    await rm(folder, { recursive: true });
  });

  it.each([true, false])('calls onProgress with the bytes so far, and the total if the engine announces it: %j', async (isAnnounced) => {
    announced = isAnnounced;
    const told: { bytes: number; total: number | undefined }[] = [];
    await client.getImage('a', { verify: false }).toFile(join(folder, 'b.tar'), { onProgress: (progress) => void told.push(progress) });
    const counts = told.map(({ bytes }) => bytes);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    const total = isAnnounced ? archive.length : undefined;
    expect(told.every((progress) => progress.total === total)).toBe(true);
    expect(told.at(-1)).toEqual({ bytes: archive.length, total });
    expect((await readFile(join(folder, 'b.tar'))).equals(archive)).toBe(true);
  });

  it('rejects with the error that onProgress throws, and leaves no file', async () => {
    const mine = new Error('enough');
    const saving = client.getImage('a', { verify: false }).toFile(join(folder, 'b.tar'), {
      onProgress: () => {
        throw mine;
      },
    });
    await expect(saving).rejects.toBe(mine);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([5, 'x', {}, null])('refuses the onProgress %j before anything is sent', async (onProgress) => {
    const saving = client.getImage('a').toFile(join(folder, 'b.tar'), { onProgress } as never);
    await expect(saving).rejects.toBeInstanceOf(ArgumentError);
    await expect(client.getImage('a').toFile(join(folder, 'b.tar'), { progress: () => {} } as never)).rejects.toThrow('progress');
    expect(engine.asked).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });
});
