// `retry`: which errors are repeated, the delays between the attempts, and what ends them.

import { Readable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArgumentError, ConnectError, ImageClient, RateLimitError, TruncatedError, retry } from '../../src/index.ts';
import type { RetryEvent, RetryOptions } from '../../src/index.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { Answering, FakeEngine } from '../support/fake-engine.ts';
import { whileTimePasses } from '../support/fake-time.ts';

const refused = (message = 'refused'): ConnectError => new ConnectError(message, { address: 'unix:///x', errno: 'ECONNREFUSED' });
/** Fails with these errors, one after the other, and then succeeds. */
function failing(...errors: unknown[]): { call: (attempt: number) => Promise<string>; attempts: number[] } {
  const attempts: number[] = [];
  return {
    attempts,
    call: async (attempt) => {
      attempts.push(attempt);
      if (attempt <= errors.length) throw errors[attempt - 1];
      return 'done';
    },
  };
}
/** What `retry` rejects with or resolves to, and the delays; the random number is 1. */
async function outcomeOf(call: (attempt: number) => unknown, options: RetryOptions = {}): Promise<{ end: unknown; delays: number[] }> {
  const delays: number[] = [];
  const onRetry = ({ delayMs }: RetryEvent): void => void delays.push(delayMs);
  const end = await whileTimePasses(() => retry(call, { random: () => 1, onRetry, ...options }).catch((error: unknown) => error));
  return { end, delays };
}

describe('retry', () => {
  it('repeats a call after transient errors, with growing delays, and passes it the number of the attempt', async () => {
    const { call, attempts } = failing(refused(), refused(), refused());
    expect(await outcomeOf(call)).toEqual({ end: 'done', delays: [500, 1000, 2000] });
    expect(attempts).toEqual([1, 2, 3, 4]);
  });

  it('makes five attempts by default, and rejects with the error of the last one', async () => {
    const errors = [1, 2, 3, 4, 5, 6].map((number) => refused(`${number}`));
    expect(await outcomeOf(failing(...errors).call)).toEqual({ end: errors[4], delays: [500, 1000, 2000, 4000] });
    expect(await outcomeOf(failing(...errors).call, { attempts: 1 })).toEqual({ end: errors[0], delays: [] });
    expect((await outcomeOf(failing(...errors).call, { attempts: Infinity, factor: 1, firstDelayMs: 1 })).end).toBe('done');
  });

  it.each<[string, unknown]>([
    ['an error that is not transient', new ConnectError('x', { address: 'x', errno: 'EACCES' })],
    ['an error of the caller', new Error('mine')],
    ['the error of an aborted call', new DOMException('aborted', 'AbortError')],
    ['a value that is not an error', undefined],
  ])('does not repeat a call after %s', async (_, error) => {
    const { call, attempts } = failing(error);
    expect(await outcomeOf(call)).toEqual({ end: error, delays: [] });
    expect(attempts).toEqual([1]);
  });

  it('tells onRetry the error, the attempt and the delay, and rejects with an error that it throws', async () => {
    const error = refused();
    const onRetry = vi.fn(() => Promise.reject(new Error('mine')));
    const { end } = await outcomeOf(failing(error).call, { onRetry, attempts: 3, firstDelayMs: 10 });
    expect(end).toEqual(new Error('mine'));
    expect(onRetry.mock.calls).toEqual([[{ error, attempt: 1, attempts: 3, delayMs: 10 }]]);
    expect((await outcomeOf(failing(error).call, { onRetry: () => { throw refused('mine'); } })).end).toMatchObject({ message: 'mine' });
  });

  it('waits for onRetry before the delay', async () => {
    const order: string[] = [];
    const call = (attempt: number): string => {
      order.push(`attempt ${attempt}`);
      if (attempt === 1) throw refused();
      return 'done';
    };
    const onRetry = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('told');
    };
    await outcomeOf(call, { onRetry });
    expect(order).toEqual(['attempt 1', 'told', 'attempt 2']);
  });

  it('makes delays from the random number, and refuses another value of random', async () => {
    expect((await outcomeOf(failing(refused()).call, { random: () => 0 })).delays).toEqual([250]);
    expect((await outcomeOf(failing(refused()).call, { random: () => 2 })).end).toBeInstanceOf(ArgumentError);
    const { delays: [delay = 0] } = await outcomeOf(failing(refused()).call, { random: undefined });
    expect(delay).toBeGreaterThanOrEqual(250);
    expect(delay).toBeLessThan(500);
  });
});

it('refuses a stream or a promise in place of the call', async () => {
  const wrong = Promise.resolve(1);
  await expect(retry(wrong as never)).rejects.toThrow('retry: call must be a function, as in retry(() => docker.pull("alpine")), not a Promise');
});

describe('an abort', () => {
  it('before the first attempt prevents it', async () => {
    const { call, attempts } = failing();
    expect((await outcomeOf(call, { signal: AbortSignal.abort('enough') })).end).toBe('enough');
    expect(attempts).toEqual([]);
  });

  it('ends a delay, even a long one', async () => {
    const controller = new AbortController();
    const onRetry = (): void => void setImmediate(() => controller.abort('enough'));
    const end = await retry(failing(refused()).call, { signal: controller.signal, firstDelayMs: 2 ** 31 - 1, maxDelayMs: 2 ** 31 - 1, onRetry })
      .catch((error: unknown) => error);
    expect(end).toBe('enough');
  });

  it('during an attempt prevents the next one', async () => {
    const controller = new AbortController();
    const call = async (): Promise<void> => {
      controller.abort('enough');
      throw refused();
    };
    expect(await outcomeOf(call, { signal: controller.signal })).toEqual({ end: 'enough', delays: [] });
  });

  it('does not end a running attempt by itself', async () => {
    const controller = new AbortController();
    const call = async (): Promise<string> => {
      controller.abort('enough');
      return 'done';
    };
    expect(await outcomeOf(call, { signal: controller.signal })).toEqual({ end: 'done', delays: [] });
  });
});

describe('with an engine', () => {
  let engine: FakeEngine;
  let client: ImageClient;
  let answers: Answering[];
  const drop: Answering = (_, response) => void response.destroy();
  const loaded: Answering = () => '{"stream":"Loaded image: a:1"}';
  const limited = (fields: object, message = 'slow down'): Answering => (_, response: ServerResponse) => {
    response.writeHead(429, { ...fields }).end(JSON.stringify({ message }));
  };
  beforeEach(async () => {
    engine = await fakeEngine((asked, response) => (answers.shift() ?? loaded)(asked, response));
    client = new ImageClient({ host: engine.host });
  });
  afterEach(async () => {
    client.close();
    await engine.close();
  });

  it.each<[string, object, string, number[]]>([
    ['in seconds', { 'Retry-After': '7' }, '', [7000]],
    ['as a date', { 'Date': 'Sun, 06 Nov 1994 08:49:37 GMT', 'Retry-After': 'Sun, 06 Nov 1994 08:49:46 GMT' }, '', [9000]],
    ['in the message of a registry', {}, 'toomanyrequests: retry-after: 3s, allowed: 44000/minute', [3000]],
    ['shorter than the delay', { 'Retry-After': '0' }, '', [500]],
  ])('waits as long as the response asks: %s', async (_, fields, message, expected) => {
    answers = [limited(fields, message), () => '{"status":"Status: Image is up to date for a:1"}'];
    const { end, delays } = await outcomeOf(() => client.pull('a:1'));
    expect([delays, end]).toMatchObject([expected, { status: 'up-to-date' }]);
  });

  it('gives up at once if the response asks for more than maxDelayMs', async () => {
    answers = [limited({ 'Retry-After': '31' })];
    const { end, delays } = await outcomeOf(() => client.pull('a:1'));
    expect(end).toBeInstanceOf(RateLimitError);
    expect(end).toMatchObject({ retryAfterMs: 31_000, message: expect.stringMatching(/not repeated: the wait of 31000 ms that it asks for exceeds maxDelayMs/) as string });
    expect([delays, engine.asked.length]).toEqual([[], 1]);
  });

  it('uploads bytes and new streams again', async () => {
    answers = [drop];
    expect((await outcomeOf(() => client.loadImage(Buffer.from('tar')))).end).toMatchObject({ references: ['a:1'] });
    answers = [drop];
    expect((await outcomeOf(() => client.loadImage(Readable.from([Buffer.from('tar')])))).end).toMatchObject({ references: ['a:1'] });
    expect(engine.asked.map(({ body }) => body.toString())).toEqual(['tar', 'tar', 'tar', 'tar']);
  });

  it.each<[string, () => AsyncIterable<Uint8Array>]>([
    ['a stream', () => Readable.from([Buffer.from('tar')])],
    ['a web stream', () => new Blob(['tar']).stream()],
    ['a generator', async function* () { yield Buffer.from('tar'); }],
  ])('never uploads %s again, and rejects with the error of the upload', async (_, make) => {
    answers = [drop];
    const stream = make();
    const { end } = await outcomeOf(() => client.loadImage(stream));
    expect(end).toBeInstanceOf(TruncatedError);
    expect(end).toMatchObject({ message: expect.stringMatching(/not repeated: loadImage: data is .* make a new one for each call\)$/) as string });
    expect(engine.asked).toHaveLength(1);
  });

  it('never uploads a generator that a failed connection has closed: it would be empty', async () => {
    await engine.close();
    const data = (async function* () {
      yield Buffer.from('tar');
    })();
    const { end } = await outcomeOf(() => client.loadImage(data));
    expect(end).toBeInstanceOf(ConnectError);
    expect((end as Error).message).toMatch(/not repeated: loadImage: data is an iterator that has been read before/);
  });

  it('does not wait for the same promise or stream again, which would send nothing', async () => {
    answers = [drop, drop, drop, drop];
    const pulling = client.pull('a:1');
    const { end, delays } = await outcomeOf(() => pulling);
    expect([end, delays.length]).toMatchObject([{ message: expect.stringMatching(/not repeated: the call returned the same promise or stream/) as string }, 1]);
  });

  it('never uploads the entries of an iterator again', async () => {
    answers = [drop];
    const entries = [{ path: 'a', content: 'x' }].values();
    const { end } = await outcomeOf(() => client.importImageFromData(entries as never));
    expect(end).toBeInstanceOf(TruncatedError);
    expect(engine.asked.filter(({ body }) => body.length > 0)).toHaveLength(1);
  });

  it('refuses a call that returns an archive which it has not read', async () => {
    await expect(retry(() => client.getImage('a'))).rejects.toThrow('retry: the call returned an archive that it has not read');
  });

  it('does not repeat a call of a closed client', async () => {
    client.close();
    const { end, delays } = await outcomeOf(() => client.ping());
    expect([end instanceof ConnectError, delays]).toEqual([true, []]);
  });
});
