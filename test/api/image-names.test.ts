// Names that engines compare, list or lose, each as it was seen on Docker 20.10, 28 and 28 with containerd's store, and on Podman
// 4.3, 5 and 6: `docker.io/hargs/app` as a filter finds nothing on any Docker, and `index.docker.io/hargs/app` on no engine.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { ArgumentError, ImageClient, parseReference } from '../../src/index.ts';
import type { Warning } from '../../src/index.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';

const hex = 'a'.repeat(64);
let engine: FakeEngine;
let client: ImageClient;
afterEach(async () => {
  vi.unstubAllGlobals();
  client.close();
  await engine.close();
});
async function start(answer: string, pingHeaders: Readonly<Record<string, string>> = {}, warnings: Warning[] = []): Promise<void> {
  engine = await fakeEngine(({ target }) => (target.includes('/events') ? '' : answer), '1.41', pingHeaders);
  client = new ImageClient({ host: engine.host, onWarning: (warning) => warnings.push(warning) });
}
const sentFilters = (): unknown => JSON.parse(new URL(engine.asked.at(-1)?.target ?? '', 'http://d').searchParams.get('filters') ?? '{}');

describe('a name with the host of the Docker Hub', () => {
  // as given, as Docker compares it, as Podman does
  it.each([
    ['docker.io/team/app', 'team/app', 'docker.io/team/app'],
    ['index.docker.io/team/app:1', 'team/app:1', 'docker.io/team/app:1'],
    ['docker.io/library/alpine', 'alpine', 'docker.io/library/alpine'],
    ['docker.io/team/*', 'team/*', 'docker.io/team/*'],
    ['quay.io/library/x', 'quay.io/library/x', 'quay.io/library/x'],
  ])('%s is sent as the engine compares it', async (name, onDocker, onPodman) => {
    await start('[]');
    await client.images({ name });
    expect(sentFilters()).toEqual({ reference: [onDocker] });
    await client.images({ filters: { reference: [name, 'b'] } });
    expect(sentFilters()).toEqual({ reference: [onDocker, 'b'] });
    for await (const _ of client.events({ filters: { image: name } }));
    expect(sentFilters()).toEqual({ image: [onDocker], type: ['image'] });
    client.close();
    await engine.close();
    await start('[]', { 'Libpod-Api-Version': '5.4.2' });
    await client.images({ name });
    expect(sentFilters()).toEqual({ reference: [onPodman] });
  });
});

describe('a load message with several lines', () => {
  it('yields each name and each ID', async () => {
    await start(JSON.stringify({ stream: `Loaded image: a:1\nLoaded image: b:2\nLoaded image ID: sha256:${hex}\n` }));
    expect(await client.loadImage(Buffer.from('x'))).toEqual({ references: ['a:1', 'b:2'], ids: [`sha256:${hex}`] });
  });
});

describe('a digest among the tags of an image', () => {
  it('is left out of a list and of an inspection', async () => {
    const image = { Id: 'x', RepoTags: [`a@sha256:${hex}`, 'a:1'], RepoDigests: [`a@sha256:${hex}`] };
    await start(JSON.stringify([image]));
    expect(await client.images()).toMatchObject([{ RepoTags: ['a:1'], RepoDigests: [`a@sha256:${hex}`] }]);
  });
});

describe('an image ID in place of a name', () => {
  it.each([`sha256:${hex}`, `sha512:${hex}${hex}`, hex])('is refused: %s', async (id) => {
    await start('{}');
    expect(() => parseReference(id)).toThrow(ArgumentError);
    expect(() => client.pull(id)).toThrow('it is an image ID or a digest; give a name');
    expect(() => client.push(id)).toThrow(ArgumentError);
    expect(() => client.importImageFromData(Buffer.from('x'), { repository: id })).toThrow(ArgumentError);
    await expect(client.tag('a', id)).rejects.toBeInstanceOf(ArgumentError);
    await expect(client.inspectDistribution(id)).rejects.toBeInstanceOf(ArgumentError);
    expect(engine.asked).toEqual([]);
  });

  it('is accepted for looking up an image', async () => {
    await start(JSON.stringify({ Id: `sha256:${hex}` }));
    await client.inspectImage(`sha256:${hex}`);
    await client.inspectImage('sha256:abcdef');
    expect(engine.asked).toHaveLength(2);
  });
});

describe('an image that is saved by tag and digest', () => {
  it('causes a warning, because engines save it without its name', async () => {
    const warnings: Warning[] = [];
    await start('x', {}, warnings);
    client.getImage([`alpine:3.20@sha256:${hex}`, 'b:1', `c@sha256:${hex}`]);
    expect(warnings).toEqual([
      {
        kind: 'lost-name',
        subject: `alpine:3.20@sha256:${hex}`,
        message: `alpine:3.20@sha256:${hex} has a tag and a digest, so engines save it without its name. To keep the name, use docker.io/library/alpine:3.20`,
      },
    ]);
  });
});

describe('events of other objects than images', () => {
  it('are refused', async () => {
    await start('');
    expect(() => client.events({ filters: { type: 'container' } })).toThrow('events: options.filters.type must be "image"');
    expect(() => client.events({ filters: { type: ['image', 'network'] } })).toThrow(ArgumentError);
    expect(() => client.events({ filters: { type: 'image' } })).not.toThrow();
  });

  // Docker and Podman send nothing for these beside type=image: such a filter matches no event of an image.
  it.each(['config', 'container', 'daemon', 'network', 'node', 'plugin', 'pod', 'secret', 'service', 'volume'])('are refused if the filter "%s" selects them', async (key) => {
    await start('');
    const message = `events: options.filters.${key} matches no image event. Leave it out, or filter by "image", "event" or "label"`;
    expect(() => client.events({ filters: { [key]: 'x' } })).toThrow(new ArgumentError(message));
    expect(() => client.events({ filters: { [key]: ['x', 'y'], event: 'tag' } })).toThrow(message);
  });

  it('are not selected by the filters for images', async () => {
    await start('');
    expect(() => client.events({ filters: { image: 'a', event: 'tag', label: 'a=b', scope: 'local' } })).not.toThrow();
  });
});

describe('a signal that is not of Node', () => {
  /** As jsdom and polyfills have one: an object of its own. */
  class ForeignSignal {
    aborted = false;
    reason: unknown = undefined;
    readonly #listeners: (() => void)[] = [];
    addEventListener(_: 'abort', listener: () => void): void {
      this.#listeners.push(listener);
    }
    get listening(): number {
      return this.#listeners.length;
    }
    abort(reason: unknown): void {
      [this.aborted, this.reason] = [true, reason];
      for (const listener of this.#listeners) listener();
    }
  }

  it('ends calls with its reason, and gets one listener', async () => {
    engine = await fakeEngine(({ target }) => (target.includes('/info') ? undefined : '[]')); // an answer that never comes
    client = new ImageClient({ host: engine.host });
    const signal = new ForeignSignal();
    for (let calls = 0; calls < 20; calls++) await client.images({ signal: signal as never });
    expect(signal.listening).toBe(1);
    const asking = client.info({ signal: signal as never });
    while (engine.asked.length < 21) await new Promise((resolve) => setImmediate(resolve));
    const reason = new Error('mine');
    signal.abort(reason);
    await expect(asking).rejects.toBe(reason);
    await expect(client.images({ signal: signal as never })).rejects.toBe(reason);
    await expect(client.pull('a', { signal: signal as never })).rejects.toBe(reason);
  });

  // The environment jsdom of Vitest and Jest replaces these globals. The signals are then of jsdom everywhere, also in this library.
  it.each(['own', 'node:http'] as const)('may be the one of jsdom, which replaces the global AbortController: wire %s', async (wire) => {
    class ReplacedSignal extends ForeignSignal {
      removeEventListener(): void {}
      throwIfAborted(): void {
        if (this.aborted) throw this.reason;
      }
    }
    class ReplacedController {
      readonly signal = new ReplacedSignal();
      abort(reason: unknown = new Error('aborted')): void {
        this.signal.abort(reason);
      }
    }
    const native = new AbortController();
    vi.stubGlobal('AbortSignal', ReplacedSignal);
    vi.stubGlobal('AbortController', ReplacedController);
    engine = await fakeEngine(({ target }) => (target.includes('/info') ? undefined : '[]'));
    client = new ImageClient({ host: engine.host, wire });
    expect(await client.images()).toEqual([]);
    for (const controller of [new AbortController(), native]) {
      const asking = client.info({ signal: controller.signal });
      const count = engine.asked.length;
      while (engine.asked.length === count) await new Promise((resolve) => setImmediate(resolve));
      const reason = new Error('mine');
      controller.abort(reason);
      await expect(asking).rejects.toBe(reason);
    }
  });
});

describe('a progress stream', () => {
  it('can be used as a promise: catch, finally, its tag', async () => {
    await start('{"errorDetail":{"message":"no"},"error":"no"}');
    const stream = client.loadImage(Buffer.from('x'));
    expect(Object.prototype.toString.call(stream)).toBe('[object ProgressStream]');
    expect(engine.asked).toEqual([]); // still lazy
    let settled = 0;
    const caught = await stream.catch((error: unknown) => error);
    expect(caught).toBeInstanceOf(Error);
    await expect(stream.finally(() => void settled++)).rejects.toBe(caught);
    expect(settled).toBe(1);
    expect(engine.asked).toHaveLength(1);
    const promise: Promise<unknown> = client.loadImage(Buffer.from('x'));
    expect(await Promise.allSettled([promise])).toMatchObject([{ status: 'rejected' }]);
  });
});
