import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../src/async/single-flight.ts';

/** A run whose end the test controls. */
class Run {
  readonly signals: AbortSignal[] = [];
  #settle: Array<{ resolve(value: string): void; reject(reason: unknown): void }> = [];
  readonly start = (signal: AbortSignal): Promise<string> => {
    this.signals.push(signal);
    return new Promise((resolve, reject) => this.#settle.push({ resolve, reject }));
  };
  resolve(value: string): void {
    this.#settle.at(-1)?.resolve(value);
  }
  reject(reason: unknown, which = -1): void {
    this.#settle.at(which)?.reject(reason);
  }
}

const settled = (promise: Promise<unknown>): Promise<unknown> => promise.catch((reason: unknown) => reason);

describe('a task', () => {
  it('runs once for simultaneous callers, and again for later callers', async () => {
    const [flights, run] = [new SingleFlight<string>(), new Run()];
    const both = Promise.all([flights.join('k', run.start), flights.join('k', run.start)]);
    run.resolve('first');
    expect(await both).toEqual(['first', 'first']);
    const later = flights.join('k', run.start);
    run.resolve('second');
    expect(await later).toBe('second');
    expect(run.signals).toHaveLength(2);
  });

  it('runs at the same time as one with another key', async () => {
    const [flights, a, b] = [new SingleFlight<string>(), new Run(), new Run()];
    const both = Promise.all([flights.join('a', a.start), flights.join('b', b.start)]);
    b.resolve('b');
    a.resolve('a');
    expect(await both).toEqual(['a', 'b']);
  });

  it('fails for all callers, and runs again after that', async () => {
    const [flights, run] = [new SingleFlight<string>(), new Run()];
    const both = Promise.all([settled(flights.join('k', run.start)), settled(flights.join('k', run.start))]);
    const reason = new Error('no');
    run.reject(reason);
    expect(await both).toEqual([reason, reason]);
    const later = flights.join('k', run.start);
    run.resolve('yes');
    expect(await later).toBe('yes');
  });
});

describe('an abort', () => {
  it('ends the wait of its own caller, and the run goes on for the others', async () => {
    const [flights, run, controller] = [new SingleFlight<string>(), new Run(), new AbortController()];
    const left = settled(flights.join('k', run.start, controller.signal));
    const stays = flights.join('k', run.start);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await left).toBe(reason);
    expect(run.signals[0]?.aborted).toBe(false);
    run.resolve('done');
    expect(await stays).toBe('done');
    expect(run.signals).toHaveLength(1);
  });

  it('of the last caller ends the run, which no other call can join then', async () => {
    const [flights, run] = [new SingleFlight<string>(), new Run()];
    const controllers = [new AbortController(), new AbortController()] as const;
    const waits = controllers.map(({ signal }) => settled(flights.join('k', run.start, signal)));
    controllers[0].abort('one');
    expect(run.signals[0]?.aborted).toBe(false);
    controllers[1].abort('two');
    expect(run.signals[0]).toMatchObject({ aborted: true, reason: 'two' });
    expect(await Promise.all(waits)).toEqual(['one', 'two']);
    const anew = flights.join('k', run.start);
    expect(run.signals).toHaveLength(2);
    run.resolve('anew');
    expect(await anew).toBe('anew');
  });

  it('before the call starts no run', async () => {
    const [flights, run] = [new SingleFlight<string>(), new Run()];
    await expect(flights.join('k', run.start, AbortSignal.abort('before'))).rejects.toBe('before');
    expect(run.signals).toEqual([]);
  });

  it('after the outcome has no effect, and an aborted run has no effect on the next run', async () => {
    const [flights, run, controller] = [new SingleFlight<string>(), new Run(), new AbortController()];
    const gone = settled(flights.join('k', run.start, controller.signal));
    controller.abort('gone');
    expect(await gone).toBe('gone');
    const after = new AbortController();
    const next = flights.join('k', run.start, after.signal);
    run.reject('the first has ended', 0);
    await new Promise((resolve) => setImmediate(resolve));
    const same = flights.join('k', run.start);
    run.resolve('next');
    expect(await Promise.all([next, same])).toEqual(['next', 'next']);
    after.abort('late');
    expect(run.signals[1]?.aborted).toBe(false);
    expect(run.signals).toHaveLength(2);
  });
});
