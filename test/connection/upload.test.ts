import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Upload, splitBytes } from '../../src/connection/upload.ts';
import type { StreamedBody } from '../../src/connection/upload.ts';
import type { RequestBody, Timeouts } from '../../src/connection/engine-request.ts';

const MIB = 1024 * 1024;
const NO_LIMITS: Timeouts = { connectMs: undefined, headMs: undefined, idleMs: undefined };

/** An upload whose chunks are accepted when `take` is called, and its progress. */
function slowly(body: (asked: () => void) => StreamedBody) {
  const state = { asked: 0, sent: [] as string[], done: false };
  const taken: (() => void)[] = [];
  const send = (blocks: readonly Uint8Array[], size: number): Promise<void> => {
    state.sent.push(`${Buffer.concat(blocks)}:${size}`);
    return new Promise((resolve) => taken.push(resolve));
  };
  const upload = new Upload(body(() => void state.asked++), { send, writeFailed: () => false, setWaitingForSource: () => {} });
  void upload.run().then(() => (state.done = true));
  const settle = async () => {
    for (let turns = 0; turns < 5; turns++) await turn();
  };
  return { state, settle, take: () => void taken.shift()?.() };
}

async function* counted<Item>(items: readonly Item[], asked: () => void): AsyncGenerator<Item> {
  for (const item of items) {
    asked();
    yield item;
  }
}
const bytes = (...texts: string[]): Uint8Array[] => texts.map((text) => Buffer.from(text));

describe('an upload', () => {
  it('asks for a chunk when the previous one has been sent, because they may share memory', async () => {
    const { state, settle, take } = slowly((asked) => ({ chunks: counted(bytes('a', 'b', 'c'), asked) }));
    for (const count of [1, 2, 3]) {
      await settle();
      expect([state.asked, state.sent.length]).toEqual([count, count]);
      take();
    }
    await settle();
    expect(state).toEqual({ asked: 3, sent: ['a:1', 'b:1', 'c:1'], done: true });
  });

  it('queues one group of blocks behind the one that is being sent, and ends when all are sent', async () => {
    const groups = [bytes('a', 'bc'), bytes('d'), bytes('e'), bytes('f')];
    const { state, settle, take } = slowly((asked) => ({ groups: counted(groups, asked) }));
    for (const count of [2, 3, 4]) {
      await settle();
      expect([state.asked, state.sent.length, state.done]).toEqual([count, count, false]);
      take();
    }
    await settle();
    expect(state.done).toBe(false);
    take();
    await settle();
    expect(state).toEqual({ asked: 4, sent: ['abc:3', 'd:1', 'e:1', 'f:1'], done: true });
  });
});

describe('a stopped upload', () => {
  /** A source that can be iterated more than once: each iterator gives the same block for ever. */
  function repeatable(block: Uint8Array) {
    const count = { opened: 0, read: 0, ended: 0 };
    const next = async () => (count.read++, { done: false, value: block });
    const end = async () => (count.ended++, { done: true as const, value: undefined });
    const chunks = { [Symbol.asyncIterator]: () => (count.opened++, { next, return: end }) };
    return { count, chunks: chunks as AsyncIterable<Uint8Array> };
  }

  it('does not open its source again if it was stopped in a turn of the event loop that is made for reading', async () => {
    const { count, chunks } = repeatable(new Uint8Array(4 * MIB)); // one block of the size after which the turn is made
    const waiting: boolean[] = [];
    // Runs in that turn, because it was queued before the upload waits for the turn.
    const onSent = () => void setImmediate(() => upload.stop());
    const owner = { send: async () => {}, writeFailed: () => false, setWaitingForSource: (is: boolean) => void waiting.push(is) };
    const upload = new Upload({ chunks, onSent }, owner);
    expect(await upload.run()).toBe(false);
    expect(count).toEqual({ opened: 1, read: 1, ended: 1 });
    expect(waiting).toEqual([true, false]);
  });

  it('does not open its source if it was stopped before it started', async () => {
    const { count, chunks } = repeatable(new Uint8Array(1));
    const upload = new Upload({ chunks }, { send: async () => {}, writeFailed: () => false, setWaitingForSource: () => {} });
    upload.stop();
    expect(await upload.run()).toBe(false);
    expect(count).toEqual({ opened: 0, read: 0, ended: 0 });
  });
});

describe('large bytes', () => {
  const partsOf = async (body: RequestBody, idleMs?: number): Promise<number[] | undefined> => {
    const content = splitBytes(body, { ...NO_LIMITS, idleMs });
    if (!('groups' in content)) return undefined;
    const sizes = [];
    for await (const blocks of content.groups) sizes.push(...blocks.map((block) => block.length));
    expect(content.length).toBe(sizes.reduce((sum, size) => sum + size));
    return sizes;
  };

  it('are sent in parts of 4 MiB, and of 1 MiB with an idle timeout', async () => {
    expect(await partsOf({ bytes: new Uint8Array(MIB) })).toBeUndefined();
    expect(await partsOf({ bytes: new Uint8Array(MIB + 1) })).toEqual([MIB + 1]);
    expect(await partsOf({ bytes: new Uint8Array(9 * MIB) })).toEqual([4 * MIB, 4 * MIB, MIB]);
    expect(await partsOf({ bytes: new Uint8Array(2 * MIB + 5) }, 1000)).toEqual([MIB, MIB, 5]);
  });
});
