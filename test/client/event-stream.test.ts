// `ready` of the events: when it resolves, what it sends, and that no event is missed after it.

import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { ForbiddenError, ImageClient } from '../../src/index.ts';
import type { ImageEvent } from '../../src/index.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';

let engine: FakeEngine;
let client: ImageClient;
let responses: ServerResponse[];
afterEach(async () => {
  client.close();
  await engine.close();
});

async function start(onEvents: (response: ServerResponse) => void = (response) => response.flushHeaders(), info: object | null = { SystemTime: '2026-01-02T03:04:05.678901234Z' }): Promise<void> {
  responses = [];
  engine = await fakeEngine(({ target }, response) => {
    if (target.includes('/info')) return info ?? void response.writeHead(500).end();
    responses.push(response);
    return void onEvents(response);
  });
  client = new ImageClient({ host: engine.host });
}
const targets = (): string[] => engine.asked.map(({ target }) => decodeURIComponent(target).replace('&filters={"type":["image"]}', ''));
const write = (index: number, ID: string): void => void responses[index]?.write(`${JSON.stringify({ Type: 'image', Action: 'tag', Actor: { ID }, time: 1 })}\n`);
const failure = (call: PromiseLike<unknown>): Promise<unknown> => Promise.resolve(call).then(() => undefined, (error: unknown) => error);
async function next(events: AsyncIterable<ImageEvent>): Promise<string | undefined> {
  for await (const { Actor } of events) return Actor.ID;
  return undefined;
}

describe('ready', () => {
  it('makes the call of the first loop, which gets the events from then on', async () => {
    await start();
    const events = client.events();
    await events.ready;
    write(0, 'before the loop');
    expect(await next(events)).toBe('before the loop');
    await events.ready;
    expect(responses).toHaveLength(1);
  });

  // moby sends the head of the response before it subscribes (daemon/server/router/system/system_routes.go, getEvents).
  it('sends the time of the engine\'s clock as since, so that no event before the subscription is missed', async () => {
    await start();
    await client.events().ready;
    expect(targets()).toEqual(['/v1.41/info', `/v1.41/events?since=${Date.UTC(2026, 0, 2, 3, 4, 5, 678) / 1000}`]);
  });

  it.each<[string, object]>([['since', { since: 5 }], ['until', { until: 5 }]])('does not change a call with %s', async (name, options) => {
    await start();
    await client.events(options).ready;
    expect(targets()).toEqual([`/v1.41/events?${name}=5`]);
  });

  it('does not ask for the time of the engine if it is not read', async () => {
    await start((response) => response.end());
    expect(await next(client.events())).toBeUndefined();
    expect(targets()).toEqual(['/v1.41/events?filters={"type":["image"]}']);
  });

  it('is that of a loop that has begun before, and a second loop makes its own call', async () => {
    await start();
    const events = client.events();
    const first = next(events);
    await events.ready;
    expect(targets()).toHaveLength(2);
    const second = next(events);
    while (responses.length < 2) await new Promise((resolve) => setImmediate(resolve));
    write(0, 'one');
    write(1, 'two');
    expect([await first, await second]).toEqual(['one', 'two']);
  });

  it('does not depend on the engine\'s clock', async () => {
    await start(undefined, null);
    await client.events().ready;
    expect(targets()).toEqual(['/v1.41/info', '/v1.41/events?filters={"type":["image"]}']);
  });

  it('rejects with the error of the call, as the loop does; an ignored rejection is not unhandled', async () => {
    await start((response) => void response.writeHead(403).end('{"message":"no"}'));
    const events = client.events();
    expect(await failure(events.ready)).toBeInstanceOf(ForbiddenError);
    expect(await failure(next(events))).toBeInstanceOf(ForbiddenError);
    void client.events().ready; // an unhandled rejection would end the process: vitest fails the run for it
    expect(await failure(next(client.events()))).toBeInstanceOf(ForbiddenError);
  });

  it('rejects with the reason of an abort, before the call and until the head', async () => {
    await start(() => {});
    expect(await failure(client.events({ signal: AbortSignal.abort('before') }).ready)).toBe('before');
    expect(engine.asked).toEqual([]);
    const controller = new AbortController();
    const ready = client.events({ signal: controller.signal }).ready;
    while (responses.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort('enough');
    expect(await failure(ready)).toBe('enough');
  });
});
