// `events({ reconnect: true })`: what comes after a lost connection, and what ends it. The events have times of the engine's clock.

import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { ConnectError, ForbiddenError, ImageClient, TruncatedError } from '../../src/index.ts';
import type { EventsOptions, ImageEvent, ReconnectedEvent } from '../../src/index.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { whileTimePasses } from '../support/fake-time.ts';

type Seen = ImageEvent | ReconnectedEvent;
type Answer = (response: ServerResponse) => void;

let engine: FakeEngine;
let client: ImageClient;
afterEach(async () => {
  client.close();
  await engine.close();
});

const event = (seconds: number, name = 'a', Action = 'tag') => ({ Type: 'image', Action, Actor: { ID: name, Attributes: { name } }, time: Math.floor(seconds), timeNano: seconds * 1e9 });
/** Sends these events; then the connection breaks, or the response ends properly, or it stays open. */
const sends = (then: 'broken' | 'ended' | 'open', ...events: object[]): Answer => (response) => {
  const text = events.map((each) => `${JSON.stringify(each)}\n`).join('');
  response.writeHead(200).write(text, () => {
    if (then === 'broken') response.destroy();
    if (then === 'ended') response.end();
  });
  response.flushHeaders();
};
const broken: Answer = (response) => void response.destroy();

interface Engine {
  /** The answers to one call after the other. */
  readonly calls: Answer[];
  /** Answers the query for the events that Docker has kept; it is without `since`. */
  readonly kept?: Answer;
  readonly clock?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function start({ calls, kept = sends('ended'), clock = '1970-01-01T00:16:40.5Z', headers = {} }: Engine): Promise<void> {
  engine = await fakeEngine(({ target }, response) => {
    if (target.includes('/info')) return { SystemTime: clock };
    const isQuery = target.includes('until=') && !target.includes('since=') && !target.includes('filters=');
    (isQuery ? kept : (calls.shift() ?? sends('open')))(response);
    return undefined;
  }, '1.41', headers);
  client = new ImageClient({ host: engine.host });
}
const sinces = (): Array<string | null> =>
  engine.asked.filter(({ target }) => target.includes('filters=')).map(({ target }) => new URLSearchParams(target.split('?')[1]).get('since'));

/** Everything up to the event of that name, or to the end. */
async function until(name: string, options: EventsOptions = {}): Promise<Seen[]> {
  const seen: Seen[] = [];
  await whileTimePasses(async () => {
    for await (const each of client.events({ reconnect: true, ...options })) {
      seen.push(each);
      if ('Actor' in each && each.Actor.ID === name) break;
    }
  });
  return seen;
}
const failure = (call: Promise<unknown>): Promise<unknown> => call.then((result) => expect.fail(`resolved with ${JSON.stringify(result)}`), (error: unknown) => error);
const reconnected = (complete: boolean): object => ({ type: 'reconnected', gapMs: expect.any(Number) as number, complete });

describe('after a lost connection', () => {
  it('the events continue from the time of the last one, and none is repeated', async () => {
    const [one, two, three] = [event(1000.25, 'a'), event(1000.25, 'b'), event(1001, 'c')];
    await start({ calls: [sends('broken', one, two), sends('open', one, two, three)], kept: sends('ended', one) });
    expect(await until('c', { since: 1000 })).toEqual([one, two, reconnected(true), three].map((each) => expect.objectContaining(each) as object));
    expect(sinces()).toEqual(['1000', '995.25']);
  });

  it('the gap is in whole milliseconds, which programs print', async () => {
    await start({ calls: [sends('broken'), sends('open', event(1001, 'end'))], kept: sends('ended') });
    const [told] = await until('end', { since: 1000 });
    expect((told as { gapMs: number }).gapMs).toSatisfy(Number.isInteger);
  });

  it('an event that happened twice at the same time is passed on twice', async () => {
    const [one, end] = [event(1000.25), event(1001, 'end')];
    await start({ calls: [sends('broken', one), sends('broken', one, one), sends('open', one, one, end)], kept: sends('ended', one) });
    const seen = await until('end', { since: 1000 });
    expect(seen.map((each) => (each.type === 'reconnected' ? each.type : each.Actor.ID))).toEqual(['a', 'reconnected', 'a', 'reconnected', 'end']);
  });

  it.each<[string, boolean, Answer]>([
    ['has kept the last event', true, sends('ended', event(1000.25))],
    ['has kept an earlier event of another kind', true, sends('ended', { ...event(900, 'c', 'exec_die'), Type: 'container' })],
    ['was restarted and has kept none', false, sends('ended')],
    ['has kept only later events', false, sends('ended', event(1000.2505))],
    ['does not answer the query', false, broken],
  ])('complete says whether nothing is missing: an engine that %s', async (_, complete, kept) => {
    await start({ calls: [sends('broken', event(1000.25)), sends('open', event(1001, 'end'))], kept });
    expect((await until('end', { since: 1000 }))[1]).toEqual(reconnected(complete));
    const query = engine.asked.find(({ target }) => !/info|filters/.test(target))?.target;
    expect(query).toBe('/v1.41/events?until=1000.251');
  });

  it('Podman, which keeps its events in a log, is not queried, and may send a whole second again', async () => {
    const events = [event(1000.125, 'a'), event(1000.5, 'b')];
    const calls = [sends('broken', ...events), sends('open', ...events, event(1000.75, 'end'))];
    await start({ calls, headers: { 'Libpod-Api-Version': '5.4.2' } });
    const seen = await until('end', { since: 1000 });
    expect(seen.map((each) => (each.type === 'reconnected' ? each.complete : each.Actor.ID))).toEqual(['a', 'b', true, 'end']);
    expect(engine.asked.filter(({ target }) => target.includes('until='))).toEqual([]);
  });

  it('without an event so far, they continue from the time of the first call by the engine\'s clock; earlier ones are left out', async () => {
    const calls = [sends('broken'), sends('open', event(1000.4999, 'early'), event(1000.6, 'end'))];
    await start({ calls, kept: sends('ended', event(1000.5, 'x')) });
    expect(await until('end')).toMatchObject([reconnected(true), { Actor: { ID: 'end' } }]);
    expect(sinces()).toEqual(['1000.5', '995.5']);
  });

  it('an event that is older than the one before it is not missed', async () => {
    const [one, two] = [event(1000.25), event(1000, 'b')];
    await start({ calls: [sends('broken', one), sends('open', two, one, event(1001, 'end'))], kept: sends('ended', one) });
    expect(await until('end', { since: 900 })).toMatchObject([one, reconnected(true), two, { Actor: { ID: 'end' } }]);
  });

  it('a clock that was set back does not repeat or lose events', async () => {
    const [late, early] = [event(2000, 'late'), event(1000, 'early')];
    const calls = [sends('broken', late, early), sends('open', late, early, event(1001, 'end'))];
    await start({ calls, kept: sends('ended', early) });
    expect(await until('end', { since: 900 })).toMatchObject([late, early, reconnected(true), { Actor: { ID: 'end' } }]);
  });

  it('attempts go on until the engine answers again, and one reconnection is told', async () => {
    const unavailable: Answer = (response) => void response.writeHead(503).end();
    const calls = [sends('broken', event(1000)), broken, unavailable, broken, broken, sends('open', event(1001, 'end'))];
    await start({ calls, kept: sends('ended', event(1000)) });
    expect(await until('end', { since: 1000 })).toMatchObject([{ time: 1000 }, reconnected(true), { time: 1001 }]);
  });

  it('events that arrive before the query is answered come after the reconnection', async () => {
    let answerQuery = (): void => {};
    let end: ServerResponse | undefined;
    const kept: Answer = (response) => void (answerQuery = () => sends('ended', event(1000))(response));
    const second: Answer = (response) => {
      sends('open', event(1001, 'b'))(response);
      end = response;
      setImmediate(function ask() {
        if (engine.asked.some(({ target }) => target.includes('until='))) answerQuery();
        else setImmediate(ask);
      });
    };
    await start({ calls: [sends('broken', event(1000)), second], kept });
    expect(await until('b', { since: 1000 })).toMatchObject([{ time: 1000 }, reconnected(true), { time: 1001 }]);
    end?.destroy();
  });
});

describe('a response that ends properly', () => {
  it('without until is a lost connection: the engine has stopped', async () => {
    await start({ calls: [sends('ended', event(1000)), sends('open', event(1001, 'end'))] });
    expect(await until('end', { since: 1000 })).toMatchObject([{ time: 1000 }, reconnected(false), { time: 1001 }]);
  });

  it('is the end if the engine\'s clock has reached until', async () => {
    await start({ calls: [sends('ended', event(1000))] });
    expect(await until('', { since: 1000, until: 1000.5 })).toMatchObject([{ time: 1000 }]);
  });

  it('before until is a lost connection', async () => {
    await start({ calls: [sends('ended', event(1000)), sends('open', event(1001, 'end'))] });
    expect(await until('end', { since: 1000, until: 2000 })).toHaveLength(3);
  });
});

describe('what ends the events', () => {
  it('an error that is not transient', async () => {
    await start({ calls: [sends('broken'), (response) => void response.writeHead(403).end('{"message":"no"}')] });
    expect(await failure(until(''))).toBeInstanceOf(ForbiddenError);
  });

  it('any error of the first call', async () => {
    await start({ calls: [broken, broken] }); // a GET on a connection that was idle is sent again once
    expect(await failure(until(''))).toBeInstanceOf(TruncatedError);
    expect(sinces()).toHaveLength(2);
  });

  it('an abort during the delay', async () => {
    const controller = new AbortController();
    const aborting: Answer = (response) => {
      response.on('close', () => setImmediate(() => controller.abort('enough')));
      sends('broken')(response);
    };
    await start({ calls: [aborting] });
    const loop = (async () => {
      for await (const _ of client.events({ reconnect: true, signal: controller.signal }));
    })();
    expect(await failure(loop)).toBe('enough');
  });

  it('closing the client', async () => {
    await start({ calls: [(response) => {
      response.on('close', () => client.close());
      sends('broken')(response);
    }] });
    expect(await failure(until(''))).toBeInstanceOf(ConnectError);
  });
});
