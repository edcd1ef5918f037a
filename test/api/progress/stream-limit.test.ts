// What an awaited call keeps of an endless stream: both sides of each limit of characters.

import { describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../../src/api/progress/progress-events.ts';
import type { EngineRequest } from '../../../src/connection/engine-request.ts';
import { DecodeError } from '../../../src/errors.ts';
import { ProgressStream } from '../../../src/client/progress-stream.ts';

const summary = { method: 'POST', target: '/images/create', address: 'unix:///x' };

/** The events that a result builder gets from these lines, and the number of reported warnings. */
async function keptOf(lines: Iterable<object>): Promise<{ events: ProgressEvent[]; told: number }> {
  const events: ProgressEvent[] = [];
  let told = 0;
  const stream = new ProgressStream(async (reader) => {
    const sink = reader(undefined as never, { summary } as EngineRequest); // the head is not read
    let [bytes, encoded] = [Buffer.alloc(0), {}];
    for (const line of lines) {
      if (line !== encoded) [bytes, encoded] = [Buffer.from(`${JSON.stringify(line)}\n`), line]; // many streams repeat one line
      await sink.write(bytes);
    }
    await sink.end?.();
  }, async (send) => void (await send((event) => events.push(event))), () => void told++);
  await stream;
  return { events, told };
}

const MIB = 1024 * 1024;

describe('what a call keeps of a stream', () => {
  it.each([
    ['short ones', 60, 20_000],
    ['long ones', 100_000, 20],
  ])('is at most 1 MiB of warnings, and the number of dropped ones: %s', async (_, length, count) => {
    const status = 'WARNING: '.padEnd(length, 'x');
    const { events, told } = await keptOf(Array.from({ length: count }, () => ({ status })));
    expect(told).toBe(count);
    const kept = events.length - 1;
    expect(kept * (length + 64)).toBeLessThanOrEqual(MIB);
    expect((kept + 1) * (length + 64)).toBeGreaterThan(MIB);
    expect(events.at(-1)).toEqual({ type: 'warning', text: `${count - kept} more warnings were dropped: one call keeps 1048576 characters of them` });
  });

  it('is every warning of a usual stream, and nothing else', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => ({ status: `WARNING: ${i} ${'long '.repeat(50)}` }));
    expect((await keptOf(lines)).events).toHaveLength(1000);
  });

  it.each<[string, object]>([
    ['names of a load', { stream: `Loaded image: ${'x'.repeat(MIB)}\n` }],
    ['names of a load behind a line end', { stream: `\nLoaded image: ${'x'.repeat(MIB)}\n` }],
    ['names of a load in the second line', { stream: `Loading\n  Loaded image: ${'x'.repeat(MIB)}` }],
    ['ids of a load', { stream: `Loaded image ID: ${'x'.repeat(MIB)}\n` }],
    ['names in one line', { stream: `Loaded image(s): ${'a,'.repeat(MIB / 2)}\n` }],
    ['tags of a pull', { id: 'x'.repeat(MIB), status: 'Pulling from library/x' }],
    ['tags of a push', { aux: { Tag: 'x'.repeat(MIB), Digest: 'sha256:1' } }],
    ['tags of a push, as text', { status: `${'x'.repeat(MIB)}: digest: sha256:1 size: 1` }],
  ])('is at most 64 MiB of %s; above that the call fails, because none may be lost', async (_, line) => {
    const lines = (count: number): object[] => Array.from({ length: count }, () => line);
    expect((await keptOf(lines(63))).events).toHaveLength(63);
    await expect(keptOf(lines(64))).rejects.toThrow(DecodeError);
  });

  it('is at most 64 MiB of warnings that a manifest was pushed instead of an index, each counted as 300 characters', async () => {
    const line = { aux: { manifestPushedInsteadOfIndex: true, originalIndex: {}, selectedManifest: {} } };
    const most = Math.floor((64 * MIB) / (300 + 64));
    const lines = (count: number): object[] => Array.from({ length: count }, () => line);
    expect((await keptOf(lines(most))).events).toHaveLength(most);
    await expect(keptOf(lines(most + 1))).rejects.toThrow(DecodeError);
  });

  it('may be 100,000 long names', async () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => ({ stream: `Loaded image: ${'x'.repeat(200)}:${i}\n` }));
    expect((await keptOf(lines)).events).toHaveLength(100_000);
  });
});
