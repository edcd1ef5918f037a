import { afterEach, beforeEach, expect, it } from 'vitest';
import { endpoints } from '../../src/api/endpoints.ts';
import type { OperationName } from '../../src/api/endpoints.ts';
import type { Endpoint, Parameter } from '../../src/api/parameters.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';

/** Every parameter of the endpoint table, sent through the client's method to an engine that supports all of them. */

type Options = Readonly<Record<string, unknown>>;
interface Method {
  readonly call: (client: ImageClient, options: Options) => PromiseLike<unknown>;
  /** The parameters that the method sends itself; every other parameter must be an option. */
  readonly filledIn?: readonly string[];
}

async function consume(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

const pull = { filledIn: ['fromImage', 'tag'] };
const bytes = new Uint8Array(1024);
const ofOperations: Record<OperationName, Method> = {
  ping: { call: (client, options) => client.ping(options) },
  version: { call: (client, options) => client.version(options) },
  info: { call: (client, options) => client.info(options) },
  checkAuth: { call: (client, options) => client.checkAuth('h:1', { username: 'user', password: 'word' }, options) },
  events: { call: (client, options) => consume(client.events(options)) },
  diskUsage: { call: (client, options) => client.diskUsage(options), filledIn: ['type'] },
  images: { call: (client, options) => client.images({ ...(options['identity'] === true && { manifests: true }), ...options }) },
  inspectImage: { call: (client, options) => client.inspectImage('a', options) },
  history: { call: (client, options) => client.history('a', options) },
  tag: { call: (client, options) => client.tag('a', 'b', options), filledIn: ['repo', 'tag'] },
  removeImage: { call: (client, options) => client.removeImage('a', options) },
  pruneImages: { call: (client, options) => client.pruneImages(options) },
  search: { call: (client, options) => client.search('a', options), filledIn: ['term'] },
  inspectDistribution: { call: (client, options) => client.inspectDistribution('a', options) },
  imageAttestations: { call: (client, options) => client.imageAttestations('a', options) },
  pull: { call: (client, options) => client.pull('a', options), ...pull },
  importImage: {
    call: (client, options) => client.importImageFromData(bytes, { repository: 'a', ...options }),
    filledIn: ['fromSrc', 'repo'],
  },
  push: { call: (client, options) => client.push('a', options), filledIn: ['tag'] },
  getImage: { call: (client, options) => consume(client.getImage('a', options)), filledIn: ['names'] },
  loadImage: { call: (client, options) => client.loadImage(bytes, options) },
};
const methods: readonly (readonly [method: string, operation: OperationName, Method])[] = [
  ...(Object.entries(ofOperations) as [OperationName, Method][]).map(([name, method]) => [name, name, method] as const),
  ['importImageFromImage', 'pull', { call: (client, options) => client.importImageFromImage('a', options), ...pull }],
];

/** One value of each type of parameter. */
const values = [true, 7, ['linux/arm64'], { label: 'a' }, 'linux/arm64'];

function valueFor({ kind, wire }: Parameter<any>): unknown {
  return values.find((value) => {
    try {
      return kind.test(kind.copy?.(value, 'test', wire) ?? value);
    } catch {
      return false;
    }
  });
}

const cases = methods.flatMap(([method, operation, { call, filledIn = [] }]) => {
  const endpoint: Endpoint = endpoints[operation];
  return Object.entries(endpoint.parameters).map(
    ([name, parameter]) => [`${method}.${name}`, endpoint, parameter, call, filledIn.includes(name) ? undefined : name] as const,
  );
});

const info = { ID: 'a', DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] };
let engine: FakeEngine;
let client: ImageClient;
beforeEach(async () => {
  engine = await fakeEngine(({ target }) => (target.endsWith('/info') ? info : {}), '1.56', { Server: 'Docker/29.7.0 (linux)' });
  client = new ImageClient({ host: engine.host });
});
afterEach(async () => {
  client.close();
  await engine.close();
});

it.each(cases)('%s reaches the request', async (_, { method, path }, parameter, call, option) => {
  const value = option === undefined ? undefined : valueFor(parameter);
  let failure: unknown; // the answer `{}` fits few operations; what was sent counts
  try {
    await call(client, option === undefined ? {} : { [option]: value });
  } catch (error) {
    failure = error;
  }
  const urls = engine.asked.filter((asked) => asked.method === method).map(({ target }) => new URL(target, 'http://docker'));
  const suffix = path.split('}').at(-1) ?? '';
  const sent = urls.filter(({ pathname }) => pathname.endsWith(suffix)).map(({ searchParams }) => searchParams.getAll(parameter.wire));
  expect(sent, String(failure)).not.toEqual([]);
  if (option === undefined) expect(sent.flat(), String(failure)).not.toEqual([]);
  else if (parameter.wire === 'filters') expect(JSON.parse(sent.flat()[0] ?? '{}')).toMatchObject({ label: ['a'] });
  else expect(sent).toContainEqual(parameter.encode(value));
});
