// JSON answers with one value of a wrong type. The call gives a result or a DecodeError, and never a TypeError, a RangeError or
// another error. It gives a DecodeError if a result must contain that value.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DecodeError, ImageClient } from '../src/index.ts';
import { fakeEngine } from './support/fake-engine.ts';
import type { FakeEngine } from './support/fake-engine.ts';

const id = `sha256:${'a'.repeat(64)}`;
const summary = {
  Id: id, ParentId: '', RepoTags: ['a:1'], RepoDigests: [`a@${id}`], Created: 1, Size: 1, SharedSize: -1, Containers: 0, Labels: { a: 'b' },
  Descriptor: { mediaType: 'm', digest: id, size: 1 },
};
const inspect = {
  Id: id, RepoTags: ['a:1'], RepoDigests: [`docker.io/library/a@${id}`], Created: '2026-01-01T00:00:00Z', Architecture: 'amd64', Os: 'linux',
  Size: 1, Config: { Env: ['A=b'], Cmd: ['c'], Labels: { a: 'b' } }, RootFS: { Type: 'layers', Layers: [id] }, Parent: '',
};

/** A method, the answer that it gets, and the paths of values without which its result is not what it promises. */
interface Case {
  readonly call: (client: ImageClient) => PromiseLike<unknown>;
  readonly answer: unknown;
  readonly needed: readonly string[];
}
const first = async (events: AsyncIterable<unknown>): Promise<unknown> => {
  for await (const event of events) return event;
  return undefined;
};
const cases: Readonly<Record<string, Case>> = {
  images: { call: (c) => c.images(), answer: [summary, { ...summary, Labels: null }], needed: ['', '0', '1', '0.Id', '0.RepoTags.0', '1.Descriptor.digest'] },
  'images({ quiet })': { call: (c) => c.images({ quiet: true }), answer: [summary], needed: ['', '0', '0.Id'] },
  inspectImage: { call: (c) => c.inspectImage('a'), answer: inspect, needed: ['', 'Id', 'RepoTags.0', 'RootFS.Layers.0', 'Config.Env.0'] },
  exists: { call: (c) => c.exists('a'), answer: inspect, needed: ['', 'Id'] },
  history: { call: (c) => c.history('a'), answer: [{ Id: id, Created: 1, CreatedBy: 'x', Tags: ['a:1'], Size: 0, Comment: '' }], needed: ['', '0', '0.Id', '0.Tags.0'] },
  removeImage: { call: (c) => c.removeImage('a'), answer: [{ Untagged: 'a:1' }, { Deleted: id }], needed: ['', '0', '1', '0.Untagged', '1.Deleted'] },
  pruneImages: { call: (c) => c.pruneImages(), answer: { ImagesDeleted: [{ Deleted: id }], SpaceReclaimed: 1 }, needed: ['', 'ImagesDeleted.0', 'ImagesDeleted.0.Deleted'] },
  'search, Docker': { call: (c) => c.search('a'), answer: [{ name: 'a', description: 'b', star_count: 1, is_official: true, is_automated: false }], needed: ['', '0', '0.name'] },
  'search, Podman': { call: (c) => c.search('a'), answer: [{ Name: 'docker.io/library/a', Description: 'b', Stars: 1, Official: '[OK]', Automated: '' }], needed: ['', '0', '0.Name'] },
  inspectDistribution: {
    call: (c) => c.inspectDistribution('a'),
    answer: { Descriptor: { mediaType: 'm', digest: id, size: 1 }, Platforms: [{ architecture: 'amd64', os: 'linux' }] },
    needed: ['', 'Descriptor', 'Descriptor.digest', 'Platforms.0'],
  },
  imageAttestations: { call: (c) => c.imageAttestations('a'), answer: [{ Descriptor: { mediaType: 'm', digest: id, size: 1 }, PredicateType: 'p' }], needed: ['', '0', '0.Descriptor', '0.PredicateType'] },
  version: { call: (c) => c.version(), answer: { Version: '29', ApiVersion: '1.55', Os: 'linux', Arch: 'amd64', Components: [{ Name: 'E', Version: '1', Details: { a: 'b' } }] }, needed: ['', 'Components.0'] },
  info: { call: (c) => c.info(), answer: { ID: 'x', Name: 'n', Images: 1, Driver: 'overlay2', DriverStatus: [['a', 'b']], Warnings: ['w'], SystemTime: 'x' }, needed: ['Name', 'Warnings'] },
  diskUsage: { call: (c) => c.diskUsage(), answer: { LayersSize: 1, Images: [summary] }, needed: ['', 'Images.0', 'Images.0.Id'] },
  'diskUsage, API 1.52': { call: (c) => c.diskUsage({ verbose: true }), answer: { ImageUsage: { TotalSize: 1, Reclaimable: 1, TotalCount: 1, ActiveCount: 0, Items: [summary] } }, needed: ['', 'ImageUsage.Items.0'] },
  events: { call: (c) => first(c.events()), answer: { Type: 'image', Action: 'pull', Actor: { ID: 'a:1', Attributes: { name: 'a' } }, time: 1, timeNano: 1e9, status: 'pull', id: 'a:1' }, needed: ['Action'] },
};

const odd: readonly unknown[] = [null, 5, -1, true, 'x', '', [], [5], [null], [[]], {}, { a: 1 }, { toString: 1, valueOf: 1 }, { length: 3 }];

/** Every place in a value, `""` for itself. */
function placesIn(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, item]) => placesIn(item, at === '' ? key : `${at}.${key}`))];
}

/** A copy with another value at a place. */
function put(value: unknown, place: string, other: unknown): unknown {
  if (place === '') return other;
  const [key = '', ...rest] = place.split('.');
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = put(copy[key], rest.join('.'), other);
  return copy;
}

describe('an answer with one value of a wrong type', () => {
  let engine: FakeEngine;
  let client: ImageClient;
  let answer: unknown;
  beforeAll(async () => {
    engine = await fakeEngine((_, response) => void response.end(JSON.stringify(answer).replaceAll('"1e999"', '1e999')), '1.55');
    client = new ImageClient({ host: engine.host });
  });
  afterAll(async () => {
    client.close();
    await engine.close();
  });
  const outcome = async (call: Case['call'], given: unknown): Promise<unknown> => {
    answer = given;
    return (async () => call(client))().then(() => undefined, (error: unknown) => error);
  };

  it.each(Object.entries(cases))('gives a result or a DecodeError, wherever the value is: %s', async (_, { call, answer: right }) => {
    expect(await outcome(call, right)).toBeUndefined();
    for (const place of placesIn(right)) {
      for (const other of odd) {
        const error = await outcome(call, put(right, place, other));
        const what = `${place}: ${JSON.stringify(other)}`;
        if (error !== undefined) expect([what, (error as Error).name]).toEqual([what, 'DecodeError']);
      }
    }
  });

  it.each(Object.entries(cases).flatMap(([name, { needed, ...rest }]) => needed.map((place) => [name, place, rest] as const)))(
    'is a DecodeError where the result needs it: %s, "%s"',
    async (_, place, { call, answer: right }) => {
      for (const other of [5, true, [5], { a: 1 }]) {
        if (Array.isArray(other) && Array.isArray(right) && place === '') continue; // the list of a number is the next place
        const error = await outcome(call, put(right, place, other));
        expect(error).toBeInstanceOf(DecodeError);
        expect((error as DecodeError).exchange?.method).toMatch(/^(?:GET|POST|DELETE)$/);
      }
    },
  );

  // Of the right type in JSON, and not what the member means; JSON.parse makes Infinity of 1e999.
  const bad = { digest: ['nonsense', '', 'sha256:abc'], size: [-5, 1.5, '1e999'], number: ['1e999'], name: [''], version: ['', 'abc', '1'] } as const;
  it.each<[name: string, place: string, kind: keyof typeof bad]>([
    ['images({ quiet })', '0.Id', 'name'], ['images', '0.Size', 'number'], ['images', '0.Descriptor.digest', 'digest'], ['images', '0.Descriptor.size', 'size'],
    ['exists', 'Id', 'name'], ['inspectImage', 'Size', 'number'], ['history', '0.Id', 'name'], ['history', '0.Created', 'number'],
    ['removeImage', '0.Untagged', 'name'], ['removeImage', '1.Deleted', 'name'], ['pruneImages', 'SpaceReclaimed', 'size'],
    ['search, Docker', '0.name', 'name'], ['search, Podman', '0.Name', 'name'],
    ['inspectDistribution', 'Descriptor.digest', 'digest'], ['inspectDistribution', 'Descriptor.size', 'size'],
    ['imageAttestations', '0.Descriptor.digest', 'digest'], ['version', 'ApiVersion', 'version'], ['info', 'Images', 'number'],
    ['diskUsage', 'LayersSize', 'size'], ['diskUsage', 'Images.0.Size', 'number'], ['events', 'time', 'number'],
  ])('gives a DecodeError if a string or a number has the wrong form: %s, "%s"', async (name, place, kind) => {
    const { call, answer: right } = cases[name] as Case;
    for (const other of bad[kind]) expect([other, await outcome(call, put(right, place, other))]).toEqual([other, expect.any(DecodeError)]);
  });

  it('gives the sums of the disk usage without the sizes that an engine leaves out', async () => {
    for (const Size of [undefined, null]) {
      answer = { LayersSize: 0, Images: [{ Id: id, Containers: 1, Size, SharedSize: Size }, { ...summary, Id: 'sha256:other', Size: 5 }] };
      expect(await client.diskUsage()).toMatchObject({ totalSize: 5, reclaimable: 5, totalCount: 2 });
    }
  });

  it('gives an error that names the member and the expected type', async () => {
    expect(await outcome(cases['images']!.call, [summary, { ...summary, RepoTags: ['a:1', 5] }])).toMatchObject({
      message: expect.stringMatching(/: invalid response: "\[1\]\.RepoTags" is not a list of strings$/),
    });
    expect(await outcome(cases['exists']!.call, {})).toMatchObject({ message: expect.stringMatching(/: invalid response: "Id" is missing$/) });
  });

  it('gives a result or a DecodeError if it is nested 100,000 deep', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const text of [deep, `{"Id":${deep}}`, `[{"Id":"x","Labels":${deep}}]`]) {
      engine = await fakeEngine((_, response) => void response.end(text), '1.55');
      const other = new ImageClient({ host: engine.host });
      for (const { call } of Object.values(cases)) {
        const error = await (async () => call(other))().then(() => undefined, (reason: unknown) => reason as Error);
        if (error !== undefined) expect(error.name).toBe('DecodeError');
      }
      other.close();
      await engine.close();
    }
  });
});
