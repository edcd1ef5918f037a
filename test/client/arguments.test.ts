// Every public function with values that its types forbid, as programs in JavaScript or with external data pass them.
// Each value must be rejected with an error of ours, or be documented as accepted.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as api from '../../src/index.ts';
import { ArgumentError, ImageClient, LongshoreError } from '../../src/index.ts';
import * as testing from '../../src/testing.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const throwing = (): object =>
  new Proxy({ a: 1 }, {
    get: () => { throw new Error('a trap'); },
    has: () => { throw new Error('a trap'); },
    ownKeys: () => { throw new Error('a trap'); },
    getPrototypeOf: () => { throw new Error('a trap'); },
  });

/** Each value is made anew for each call, so that no call sees the changes of another. */
const odd: Readonly<Record<string, () => unknown>> = {
  'undefined': () => undefined,
  'null': () => null,
  '0': () => 0,
  '-1': () => -1,
  'NaN': () => Number.NaN,
  '5': () => 5,
  '1.5': () => 1.5,
  'true': () => true,
  'an empty string': () => '',
  'a string': () => 'x',
  'an empty array': () => [],
  'an array with null': () => [null],
  'an empty object': () => ({}),
  'an object with a stray name': () => ({ stray: 1 }),
  'a symbol': () => Symbol('s'),
  'a bigint': () => 5n,
  'a function': () => () => {},
  'a Date': () => new Date(0),
  'a Map': () => new Map(),
  'a proxy': () => new Proxy({}, {}),
  'a proxy whose traps throw': throwing,
  'a revoked proxy': revoked,
  'an object without a prototype': () => Object.create(null) as object,
  'an object whose getters throw': () => ({
    get path() { throw new Error('a getter'); },
    get image() { throw new Error('a getter'); },
    get host() { throw new Error('a getter'); },
    get signal() { throw new Error('a getter'); },
    get header() { throw new Error('a getter'); },
  }),
  'an object whose text throws': () => ({ toString: () => { throw new Error('toString'); } }),
  'what only has the prototype of a signal': () => Object.create(AbortSignal.prototype) as object,
  'detached bytes': () => {
    const bytes = new Uint8Array(8);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    return bytes;
  },
};

let engine: FakeEngine;
let client: ImageClient;
beforeAll(async () => {
  engine = await fakeEngine(({ target }, response) => {
    if (target.includes('/images/create') || target.includes('/load')) return `{"stream":"Loaded image: a:1"}{"status":"sha256:${'a'.repeat(64)}"}`;
    if (target.includes('/images/get')) return void response.end(Buffer.alloc(1024));
    return target.includes('/json') || target.includes('search') || target.includes('history') ? '[]' : '{}';
  });
  client = new ImageClient({ host: engine.host });
});
afterAll(async () => {
  client.close();
  await engine.close();
});

/** The outcome of a call; a stream is read to its end. */
async function outcome(call: () => unknown): Promise<unknown> {
  try {
    const result = call();
    if (result instanceof api.ArchiveStream) return void (await result.each(() => {}));
    if (result instanceof testing.replayDialer) return undefined;
    await result;
    return undefined;
  } catch (error) {
    return error;
  }
}
function expectOurs(error: unknown): void {
  if (error === undefined) return;
  if (error instanceof LongshoreError) return;
  throw new Error('not an error of ours', { cause: error });
}

const bytes = (): Uint8Array => Buffer.from('x');
const credentials = { username: 'u', password: 'p' };

/** Valid positional arguments of each method before its options. */
const methods: Readonly<Record<string, readonly (() => unknown)[]>> = {
  ping: [], waitUntilReady: [], version: [], info: [], events: [], diskUsage: [], apiVersion: [], images: [], pruneImages: [], prunePlan: [],
  checkAuth: [() => 'h.example', () => credentials],
  supports: [() => 'pull'],
  inspectImage: [() => 'a'], exists: [() => 'a'], history: [() => 'a'], removeImage: [() => 'a'],
  inspectDistribution: [() => 'a'], checkForUpdate: [() => 'a'], imageAttestations: [() => 'a'], pull: [() => 'a'], push: [() => 'a'], getImage: [() => 'a'],
  tag: [() => 'a', () => 'b'],
  layers: [], copyImage: [() => 'a'],
  search: [() => 'x'],
  loadImage: [bytes], importImage: [bytes], importImageFromData: [bytes],
  importImageFromFile: [() => import.meta.filename],
  importImageFromStream: [() => new Blob(['x']).stream()],
  importImageFromUrl: [() => 'http://h.example/x'],
  importImageFromImage: [() => 'a'],
};
const promising = new Set([
  'ping', 'waitUntilReady', 'version', 'info', 'checkAuth', 'diskUsage', 'supports', 'apiVersion', 'images', 'inspectImage', 'exists', 'history', 'tag',
  'removeImage', 'pruneImages', 'prunePlan', 'search', 'inspectDistribution', 'checkForUpdate', 'imageAttestations', 'layers', 'request',
]);
const method = (name: string) => (client as unknown as Record<string, (...given: unknown[]) => unknown>)[name]?.bind(client);

/** The names of the options of a method, from its error for an unknown option. */
async function optionsOf(name: string): Promise<string[]> {
  const given = (methods[name] ?? []).map((make) => make());
  const error = await outcome(() => method(name)?.(...given, { 'no such': 1 }));
  return /it has (.*)$/.exec(String(error))?.[1]?.split(', ') ?? [];
}

// Programs make errors of our classes in their tests, and throw them from their own functions.
describe('every error class', () => {
  const classes = Object.entries(api).filter(([, value]) => Object.prototype.isPrototypeOf.call(Error, value));
  type Make = new (...given: unknown[]) => LongshoreError;

  it('is a LongshoreError', () => {
    expect(classes.length).toBeGreaterThan(20);
    for (const [, Class] of classes) expect((Class as Make).prototype instanceof LongshoreError || Class === LongshoreError).toBe(true);
  });

  it.each(classes)('%s accepts odd values, or refuses them with an ArgumentError', async (_, Class) => {
    const Made = Class as unknown as Make;
    const members = ['address', 'errno', 'hint', 'transient', 'offset', 'section', 'excerpt', 'phase', 'path', 'limit', 'status', 'registry', 'code', 'method', 'target'];
    const failures: string[] = [];
    const note = async (what: string, call: () => unknown): Promise<void> => {
      const error = await outcome(call);
      if (error !== undefined && !(error instanceof ArgumentError)) failures.push(`${what}: ${String((error as Error).stack)}`);
    };
    for (const [what, make] of Object.entries(odd)) {
      const places: ReadonlyArray<readonly unknown[]> = [[make()], ['x', make()], ['x', {}, make()], ['X', 'x', make()], [make(), make(), make()]];
      // Any value may be a cause, and is kept unchanged.
      const given = [...places, ...members.map((name) => ['x', { [name]: make() }])];
      for (const values of given) await note(what, () => void new Made(...values));
      await note(`at ${what}`, () => void new Made('x', Made === LongshoreError ? 'x' : {}).at(make() as never));
    }
    expect(failures).toEqual([]);
  });
});

describe('every method of a client', () => {
  it('is in this list', () => {
    const names = Object.getOwnPropertyNames(ImageClient.prototype).filter((name) => !['constructor', 'close', 'request'].includes(name));
    expect(Object.keys(methods).toSorted()).toEqual(names.toSorted());
  });

  const places = Object.entries(methods).flatMap(([name, given]) => [...given.keys(), given.length].map((index) => [name, index] as const));
  it.each(places)('%s refuses odd values as argument %d with an ArgumentError, or accepts them', async (name, index) => {
    for (const [what, make] of Object.entries(odd)) {
      const given: unknown[] = (methods[name] ?? []).map((good) => good());
      given[index] = make();
      let result: unknown;
      let thrown = false;
      const error = await outcome(() => {
        try {
          return (result = method(name)?.(...given));
        } catch (reason) {
          thrown = true;
          throw reason;
        }
      });
      expect.soft(error === undefined || error instanceof LongshoreError, `${what}: ${String((error as Error)?.stack)}`).toBe(true);
      if (promising.has(name)) expect(thrown, what).toBe(false); // a promise rejects
      void result;
    }
  });

  it.each(Object.keys(methods))('%s refuses odd values as each of its options, or takes them', async (name) => {
    for (const option of await optionsOf(name)) {
      for (const [what, make] of Object.entries(odd)) {
        const given = (methods[name] ?? []).map((good) => good());
        const error = await outcome(() => method(name)?.(...given, { [option]: make() }));
        expect.soft(error === undefined || error instanceof LongshoreError, `${option}: ${what}: ${String((error as Error)?.stack)}`).toBe(true);
        if (['signal', 'timeouts', 'credentials'].includes(option) && /^(?:null|0|5|NaN|true|a symbol|a Date|a Map|an array with null)$/.test(what)) {
          expect.soft(error, `${name}.${option}: ${what}`).toBeInstanceOf(ArgumentError);
        }
      }
    }
  });

  it('request refuses odd values in every place with an ArgumentError, or accepts them', async () => {
    const run = async (options: unknown): Promise<void> => {
      for await (const _ of (await client.request(options as never)).body);
    };
    for (const [what, make] of Object.entries(odd)) {
      const whole = await outcome(() => run(make()));
      expect.soft(whole, what).toBeInstanceOf(ArgumentError);
      for (const option of ['method', 'path', 'query', 'headers', 'body', 'versioned', 'timeouts', 'signal']) {
        const error = await outcome(() => run({ path: '/x', [option]: make() }));
        expect.soft(error === undefined || error instanceof LongshoreError, `${option}: ${what}: ${String((error as Error)?.stack)}`).toBe(true);
      }
    }
  });

  it('has one form of message', async () => {
    const messages = [
      [() => client.images({ all: 'yes' } as never), 'images: options.all must be true or false, not a string'],
      [() => client.pull('a', { policy: 'Never' } as never), 'pull: options.policy must be "always", "missing" or "never", not another string'],
      [() => new ImageClient({ host: 'unix:///x', userAgent: 'my\napp' }), 'ImageClient: options.userAgent must be products such as "my-app/1.2", not another string'],
      [() => client.pull('a', null as never), 'pull: options must be an object with options, not null'],
      [() => client.ping({ timeouts: { headMs: Number.NaN } }), 'ping: options.timeouts.headMs must be a number of milliseconds, above 0 and up to 2147483647, not NaN'],
      [() => client.search(5 as never), 'search: term must be a string that is not empty, not 5'],
      [() => client.removeImage('a', { platforms: [] }), 'removeImage: options.platforms must be a platform such as "linux/arm64", or a list of them that is not empty, not an array'],
      [() => client.images({ get all(): boolean { throw new Error('mine'); } }), 'images: options.all cannot be read: its getter threw an error'],
    ] as const;
    for (const [call, message] of messages) expect(await outcome(call)).toMatchObject({ name: 'ArgumentError', message });
  });

  it('names the remedy for options that people try', async () => {
    await expect(client.pruneImages({ all: true } as never)).rejects.toThrow('pruneImages has no option "all": to remove all unused images, give filters: { dangling: false }');
    await expect(client.ping({ header: 1 } as never)).rejects.toThrow('ping has no option "header"; it has signal, timeouts');
  });

  const host = 'give host: "unix:///var/run/docker.sock" or "tcp://HOST:PORT"';
  const timeouts = 'give timeouts: { connectMs, headMs, idleMs }';
  const loop = 'iterate over what the method returns, as in for await (const event of client.pull("alpine"))';
  it.each<[string, string, () => unknown]>([
    ...['socketPath', 'port', 'url', 'dockerHost', 'DOCKER_HOST', 'base_url', 'baseURL', 'hostname', 'Host'].map((name): [string, string, () => unknown] => {
      return [`ImageClient has no option "${name}"`, name === 'Host' ? 'give host' : host, () => new ImageClient({ [name]: 'x' } as never)];
    }),
    ['ImageClient has no option "timeout"', timeouts, () => new ImageClient({ host: 'unix:///x', timeout: 5 } as never)],
    ['ImageClient has no option "ca"', 'give tls: { ca, cert, key }', () => new ImageClient({ host: 'tcp://x', ca: 'x' } as never)],
    ['ImageClient has no option "apiVersion"', 'give version: "1.43"', () => new ImageClient({ apiVersion: '1.41' } as never)],
    ['ImageClient has no option "auth"', 'give credentials: { username, password }', () => new ImageClient({ auth: {} } as never)],
    ['ImageClient has no option "platform"', 'give defaultPlatform: "linux/amd64"', () => new ImageClient({ platform: 'linux/amd64' } as never)],
    ['ImageClient has no option "context"', 'give it to ImageClient.fromEnvironment()', () => new ImageClient({ context: 'x' } as never)],
    ['ImageClient has no option "onwarning"', 'give onWarning', () => new ImageClient({ onwarning() {} } as never)],
    ['fromEnvironment has no option "socketPath"', host, () => ImageClient.fromEnvironment({ socketPath: '/x' } as never)],
    ['fromEnvironment has no option "env"', 'give environment', () => ImageClient.fromEnvironment({ env: {} } as never)],
    ['dockerConfig has no option "path"', 'give folder', () => api.dockerConfig({ path: 'x' } as never)],
    ['packDirectory has no option "ignore"', 'give exclude: ["PATTERN"]', () => api.packDirectory('x', { ignore: [] } as never)],
    ['pruneImages has no option "filter"', 'give filters: { KEY: VALUE }', () => client.pruneImages({ filter: {} } as never)],
    ['pruneImages has no option "force"', 'a prune never asks for confirmation: leave it out', () => client.pruneImages({ force: true } as never)],
    ['events has no option "type"', 'give filters: { KEY: VALUE }', () => client.events({ type: 'x' } as never)],
    ['removeImage has no option "f"', 'give force: true', () => client.removeImage('a', { f: true } as never)],
    ['pull has no option "onProgress"', loop, () => client.pull('a', { onProgress() {} } as never)],
    ['pull has no option "all_tags"', 'give allTags', () => client.pull('a', { all_tags: true } as never)],
    ['pull has no option "platforms"', 'give platform: "linux/amd64"', () => client.pull('a', { platforms: [] } as never)],
    ['removeImage has no option "platform"', 'give platforms: ["linux/amd64"]', () => client.removeImage('a', { platform: 'x' } as never)],
    ['pull has no option "abortSignal"', 'give signal: an AbortSignal', () => client.pull('a', { abortSignal: AbortSignal.abort() } as never)],
    ['ping has no option "timeout"', timeouts, () => client.ping({ timeout: 5 } as never)],
    ['importImage has no option "repo"', 'give repository: "NAME:TAG"', () => client.importImage('http://x/', { repo: 'x' } as never)],
    ['getImage has no option "output"', 'write the archive with toFile(path)', () => client.getImage('a', { output: 'x' } as never)],
    ['pull: options must be an object, not a function', 'use what the method returns, it takes no callback', () => client.pull('a', (() => {}) as never)],
    ['removeImage: options must be an object, not a string', 'each call removes one image', () => client.removeImage('a', 'b' as never)],
    ['request: options must be an object, not a string', 'give { method, path }', () => client.request('GET' as never)],
    ['an image reference must be a string, as in "alpine:3.20", not an array', 'make one call for each image', () => client.removeImage(['a', 'b'] as never)],
  ])('%s: %s', async (what, remedy, call) => {
    expect(await outcome(call)).toMatchObject({ message: `${what}: ${remedy}` });
    expect(await outcome(call)).toBeInstanceOf(ArgumentError);
  });

  it('names objects that are often passed in place of their content', async () => {
    const url = new URL('tcp://127.0.0.1:2375');
    const given = [
      [() => new ImageClient({ host: url } as never), 'ImageClient: options.host must be a string such as "unix:///var/run/docker.sock" or "tcp://HOST:PORT", not a URL'],
      [() => ImageClient.fromEnvironment({ host: url } as never), 'fromEnvironment: options.host must be a string such as "unix:///var/run/docker.sock" or "tcp://HOST:PORT", not a URL'],
      [() => client.pull({ image: 'a' } as never), 'an image reference must be a string, as in "alpine:3.20", not an object'],
      [() => client.pull(Promise.resolve('a') as never), 'an image reference must be a string, as in "alpine:3.20", not a Promise'],
      [() => client.ping(AbortSignal.abort() as never), 'ping: options must be an object with options, not an AbortSignal'],
      [() => client.ping({ signal: new AbortController() } as never), 'ping: options.signal must be an AbortSignal, not an AbortController'],
    ] as const;
    for (const [call, message] of given) expect(await outcome(call)).toMatchObject({ message });
  });

  it('names the right form if a string is passed in place of the options', async () => {
    const given = [
      [() => client.pull('a', '1.2' as never), 'pull: options must be an object, not a string: give { tag }'],
      [() => client.push('a', '1.2' as never), 'push: options must be an object, not a string: give { tag }'],
      [() => client.tag('a', 'b', 'latest' as never), 'tag: options must be an object, not a string: give { tag }'],
      [() => client.importImageFromImage('a', 'b' as never), 'importImageFromImage: options must be an object, not a string: give { tag }'],
      [() => client.getImage('a', 'b' as never), 'getImage: options must be an object, not a string: give several images as a list, ["a", "b"]'],
      [() => client.images('a' as never), 'images: options must be an object, not a string: give { name }'],
      [() => client.importImage('a.tar', 'b' as never), 'importImage: options must be an object, not a string: give { repository }'],
      [() => client.importImageFromData(bytes(), 'b' as never), 'importImage: options must be an object, not a string: give { repository }'],
      [() => client.removeImage('a', 'b' as never), 'removeImage: options must be an object, not a string: each call removes one image'],
      [() => client.exists('a', 'b' as never), 'exists: options must be an object, not a string; it has signal, timeouts'],
      [() => client.checkAuth('h', 'u' as never, 'p' as never), 'checkAuth: options must be an object, not a string: give credentials as one object, { username, password }'],
      [() => client.checkAuth('h', 'u' as never), 'checkAuth: credentials must be an object such as { username, password }, not a string'],
      [() => ImageClient.fromEnvironment('unix:///x' as never), 'fromEnvironment: options must be an object, not a string: give { host }'],
      [() => ImageClient.explain('unix:///x' as never), 'explain: options must be an object, not a string: give { host }'],
      [() => api.dockerConfig('/x' as never), 'dockerConfig: options must be an object, not a string: give { folder }'],
      [() => testing.record('/nope/x', 'unix:///x' as never), 'record: options must be an object, not a string: give { host }'],
    ] as const;
    for (const [call, message] of given) expect(await outcome(call)).toMatchObject({ name: 'ArgumentError', message });
    const names = Object.entries(methods).map(([name, own]) => [name, own.map((make) => make())] as const);
    for (const [name, own] of names) {
      const error = await outcome(() => method(name)?.(...own, 'x'));
      expect(String(error), name).toMatch(/^ArgumentError: \w+: options must be an object, not a string(?:: |; it has )/);
    }
  });

  it('sends nothing that it refuses', async () => {
    const before = engine.asked.length;
    for (const make of [odd['null'], odd['5'], odd['a Date'], odd['a revoked proxy']]) {
      for (const name of Object.keys(methods)) {
        const given = (methods[name] ?? []).map((good) => good());
        expect(await outcome(() => method(name)?.(...given, make?.()))).toBeInstanceOf(ArgumentError);
      }
    }
    expect(engine.asked.length).toBe(before);
  });
});

describe('a client', () => {
  const make = (given: unknown): unknown => new ImageClient(given as never);
  it.each([[undefined], ['unix:///x'], [{}]])('made with %j throws an error that names the option host', (given) => {
    expect(() => make(given)).toThrow(/^ImageClient needs a host, as in new ImageClient\(\{ host: "unix:\/\/\/var\/run\/docker\.sock" \}\)/);
  });

  it.each(Object.entries(odd))('is not made with %s', async (_, value) => {
    expect(await outcome(() => make(value()))).toBeInstanceOf(ArgumentError);
    expectOurs(await outcome(async () => ImageClient.fromEnvironment(value() as never)));
    expectOurs(await outcome(async () => ImageClient.explain(value() as never)));
  });

  const options = [
    'host', 'dialer', 'version', 'credentials', 'timeouts', 'maxIdle', 'wire', 'tls', 'headers', 'defaultPlatform', 'connectHint',
    'onWarning', 'plaintextCredentials',
  ];
  it.each(options)('has its option %s checked when it is made', async (option) => {
    const host = option === 'dialer' ? undefined : 'tcp://localhost:1';
    for (const [what, value] of Object.entries(odd)) {
      for (const call of [() => make({ host, [option]: value() }), async () => ImageClient.fromEnvironment({ host, [option]: value() } as never)]) {
        const error = await outcome(async () => (await call()) as object && undefined);
        expect.soft(error === undefined || error instanceof LongshoreError, `${what}: ${String((error as Error)?.stack)}`).toBe(true);
      }
      if (/^(?:0|5|true|an empty string|a string|an empty object)$/.test(what)) continue; // valid for some options
      if (option === 'host' && what === 'undefined') continue;
      const refused = await outcome(() => make({ host, [option]: value() }));
      if (what !== 'undefined' && !(option === 'credentials' && what === 'a function') && !(option === 'onWarning' && what === 'a function')) {
        const looksLikeObject = /object|proxy/.test(what) && (option === 'tls' || option === 'headers' || option === 'timeouts');
        if (!looksLikeObject) expect.soft(refused, `${option}: ${what}`).toBeInstanceOf(LongshoreError);
      }
    }
  });

  it.each([
    { version: 1.41 }, { timeouts: 3 }, { headers: 'x' }, { maxIdle: '3' }, { credentials: 3 }, { onWarning: 3 }, { tls: true },
  ])('refuses %j', (options) => {
    expect(() => make({ host: 'unix:///x', ...options })).toThrow(ArgumentError);
  });

  it('copies its options', async () => {
    const headers: Record<string, string> = { 'X-Mine': '1' };
    const own = new ImageClient({ host: engine.host, headers });
    headers['X-Mine'] = '2';
    await own.ping();
    await own.images();
    expect(engine.asked.at(-1)?.headers['x-mine']).toBe('1');
    own.close();
  });
});

describe('every other public function', () => {
  const decode = async (chunks: unknown): Promise<void> => {
    for await (const _ of api.decodeJsonValues(chunks as never));
  };
  const pack = async (entries: unknown): Promise<void> => {
    for await (const _ of api.packTar(entries as never));
  };
  const functions: Readonly<Record<string, (value: never) => unknown>> = {
    formatReference: (value) => api.formatReference(value),
    'formatReference, a member': (path) => api.formatReference({ domain: 'h.example', path, tag: undefined, digest: undefined }),
    familiarReference: (value) => api.familiarReference(value),
    parseReference: (value) => api.parseReference(value),
    encodeRegistryAuth: (value) => api.encodeRegistryAuth(value),
    'encodeRegistryAuth, a member': (username) => api.encodeRegistryAuth({ username, password: 'p' }),
    decodeJsonValues: decode,
    'ProgressTotals.take': (event) => new api.ProgressTotals().take(event),
    packTar: pack,
    'packTar, content': (content) => pack({ a: content }),
    'tls.ca': (ca) => new ImageClient({ host: 'tcp://localhost:1', tls: { ca } }),
    'tls.key': (key) => new ImageClient({ host: 'tcp://localhost:1', tls: { cert: 'x', key } }),
    packDirectory: (path) => api.packDirectory(path),
    dockerConfig: (options) => api.dockerConfig(options),
    inspectArchive: (source) => api.inspectArchive(source),
    'inspectArchive, options': (options) => api.inspectArchive(new Uint8Array(1024), options),
    retry: (call) => api.retry(call),
    'retry, options': (options) => api.retry(() => 1, options),
    ...Object.fromEntries(['attempts', 'firstDelayMs', 'factor', 'maxDelayMs', 'signal', 'onRetry', 'random'].map((name) => {
      return [`retry, ${name}`, (value: never) => api.retry(() => 1, { [name]: value })];
    })),
  };
  it.each(Object.keys(functions))('%s refuses odd values, or takes them', async (name) => {
    for (const [what, make] of Object.entries(odd)) {
      const error = await outcome(async () => {
        await functions[name]?.(make() as never);
        return undefined;
      });
      expect.soft(error === undefined || error instanceof LongshoreError, `${what}: ${String((error as Error)?.stack)}`).toBe(true);
    }
  });

  const strict: Readonly<Record<string, (value: never) => unknown>> = {
    formatReference: (value) => api.formatReference(value),
    familiarReference: (value) => api.familiarReference(value),
    decodeJsonValues: decode,
    retry: (call) => api.retry(call),
    'decodeJsonValues, a chunk': (chunk) => decode([chunk]),
    'ProgressTotals.take': (event) => new api.ProgressTotals().take(event),
    ArchiveStream: (options) => new api.ArchiveStream(async () => {}, {} as never, options),
  };
  it.each(Object.keys(strict))('%s refuses what it cannot work with', async (name) => {
    for (const value of [undefined, null, 5, 'x']) {
      expect(await outcome(async () => void (await strict[name]?.(value as never)))).toBeInstanceOf(ArgumentError);
    }
  });
});
