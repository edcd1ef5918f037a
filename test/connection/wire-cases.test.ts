// The wire cases over a whole connection: what the caller gets, and whether the connection lives on.

import { describe, expect, it } from 'vitest';
import { Connection } from '../../src/connection/connection.ts';
import type { ContentSink } from '../../src/connection/transport.ts';
import { answer, request } from '../support/fake-daemon.ts';
import { MemoryChannel } from '../support/memory-channel.ts';
import { splits } from '../support/splits.ts';
import { Account, wireCases } from '../support/wire-cases.ts';
import type { WireCase } from '../support/wire-cases.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Gives the pieces one read after the other, waiting where the connection asks for it, and then the end. */
async function feed(channel: MemoryChannel, connection: Connection, pieces: readonly Uint8Array[], end: WireCase['end']) {
  for (const piece of pieces) {
    if (piece.length === 0 || !connection.alive) continue; // a channel never reads nothing
    const ready = channel.read(piece);
    while (!ready && connection.alive && channel.calls.at(-1) !== 'resume') await turn();
    channel.calls.length = 0;
  }
  if (end === 'eof') channel.owner.onEnd();
  if (end === 'reset') channel.owner.onError(new Error('read ECONNRESET'));
}

/** The reader's account of an exchange; `slow`: it makes each read wait. */
async function exchange(wireCase: WireCase, pieces: readonly Uint8Array[], slow: boolean) {
  const [channel, account, stop] = [new MemoryChannel(), new Account(), new AbortController()];
  const connection = new Connection(channel);
  const sink: ContentSink = slow
    ? { write: async (view) => (await turn(), account.content(view)) }
    : { synchronous: true, write: (view) => account.content(view) };
  const taken = connection.send(request({ method: wireCase.method, signal: stop.signal }), (head) => {
    account.head(head);
    return sink;
  });
  let outcome: { error?: unknown } | undefined;
  taken.then(
    () => (outcome = {}),
    (error: unknown) => (outcome = { error }),
  );
  await feed(channel, connection, pieces, wireCase.end);
  await turn();
  await turn();
  if (outcome === undefined) account.say('waiting');
  else if ('error' in outcome) account.error(outcome.error);
  else account.say(`end ${connection.alive ? 'reusable' : 'close'}`);
  stop.abort(); // which means nothing to an exchange that is over
  return { account, connection, channel };
}

const files = wireCases();

describe.each(files)('the wire cases of $file, over a connection', ({ cases }) => {
  it.each(cases.filter(({ idle }) => !idle))('$title', async (wireCase) => {
    const { wire, events, offset } = wireCase;
    const expected = events.filter((line) => !line.startsWith('interim '));
    for (const [way, pieces] of splits(wire, 2)) {
      for (const slow of [false, true]) {
        const { account, connection, channel } = await exchange(wireCase, pieces, slow);
        expect(account.lines, way).toEqual(expected);
        if (offset !== undefined) expect(account.offset, way).toBe(offset);
        expect(connection.alive, way).toBe(events.at(-1) === 'end reusable');
        if (connection.alive) await carriesAnother(connection, channel);
      }
    }
  });

  it.each(cases.filter(({ idle }) => idle))('$title', async ({ wire, end }) => {
    for (const [way, pieces] of splits(wire, 2)) {
      for (const used of [false, true]) {
        const channel = new MemoryChannel();
        const connection = new Connection(channel);
        if (used) await carriesAnother(connection, channel);
        await feed(channel, connection, pieces, end);
        expect(connection.alive, way).toBe(false);
      }
    }
  });
});

/** Nothing of what came before is taken for the next answer. */
async function carriesAnother(connection: Connection, channel: MemoryChannel): Promise<void> {
  const account = new Account();
  const done = connection.send(request(), (head) => {
    account.head(head);
    return { synchronous: true, write: (view) => account.content(view) };
  });
  channel.read(answer('another'));
  await done;
  account.say('end');
  expect(account.lines).toEqual(['head 1.1 200 "OK" length 7', 'content "another"', 'end']);
  expect(connection.alive).toBe(true);
}
