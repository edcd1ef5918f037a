// prunePlan against an engine whose images and containers are written here: what it asks, and what it makes of the responses. The rules
// have tests of their own; test/live/images.test.ts compares plans with real prunes.

import { afterEach, describe, expect, it } from 'vitest';
import { ArgumentError, ImageClient, VersionError } from '../../src/index.ts';
import type { Filters, PrunePlan } from '../../src/index.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';

const id = (digit: string): string => `sha256:${digit.repeat(64)}`;
const layers = (...digits: string[]): string[] => digits.map(id);

interface Image {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly Size: number;
  readonly SharedSize: number;
  readonly Containers: number;
  readonly layers: readonly string[];
}

/** A base that is in use, two images on it, and one without a name. */
const IMAGES: readonly Image[] = [
  { Id: id('1'), RepoTags: ['base:1'], Size: 100, SharedSize: 100, Containers: 1, layers: layers('a') },
  { Id: id('2'), RepoTags: ['app:1'], Size: 120, SharedSize: 100, Containers: 0, layers: layers('a', 'b') },
  { Id: id('3'), RepoTags: ['app:2'], Size: 103, SharedSize: 100, Containers: 0, layers: layers('a', 'c') },
  { Id: id('4'), RepoTags: [], Size: 7, SharedSize: 0, Containers: 0, layers: layers('d') },
];

interface Setting {
  readonly server?: string;
  readonly store?: 'containerd';
  readonly containers?: readonly object[];
}

let engine: FakeEngine | undefined;
afterEach(() => engine?.close());

async function plan(filters: Filters | undefined, { server = 'Docker/20.10.24 (linux)', store, containers = [] }: Setting = {}): Promise<PrunePlan> {
  const known = IMAGES.map(({ layers: _, ...image }) => ({ ...image, RepoDigests: [], ParentId: '', Created: 1000, Labels: null }));
  engine = await fakeEngine(({ target }) => {
    const path = target.replace(/^\/v[\d.]+/, '');
    if (path.startsWith('/images/json')) return known.map((image) => ({ ...image, SharedSize: -1, Containers: -1 }));
    if (path.startsWith('/system/df')) return { LayersSize: 130, Images: known };
    if (path.startsWith('/containers/json')) return containers;
    if (path.startsWith('/containers/')) return { Config: { Image: 'app:2' } };
    if (path === '/info') return { SystemTime: '2026-01-01T00:00:00Z', ...(store && { DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] }) };
    const found = IMAGES.find(({ Id }) => path === `/images/${Id}/json`);
    return { Id: found?.Id, RootFS: { Layers: found?.layers } };
  }, '1.41', { Server: server });
  const client = new ImageClient({ host: engine.host });
  try {
    return await client.prunePlan({ filters });
  } finally {
    client.close();
  }
}
const failureOf = (call: Promise<unknown>): Promise<any> => call.then((value) => expect.fail(JSON.stringify(value)), (error: unknown) => error);
const idsOf = ({ images }: PrunePlan): string[] => images.map(({ Id }) => Id);
const requests = (): string[] => engine?.asked.map(({ method, target }) => `${method} ${target.replace(/^\/v[\d.]+/, '')}`) ?? [];

describe('prunePlan', () => {
  it('has the images without a name, with the space of their layers, and only reads', async () => {
    expect(await plan(undefined)).toMatchObject({ images: [{ Id: id('4') }], untagged: [], freesAtMost: 7 });
    expect(requests().filter((request) => !request.startsWith('GET '))).toEqual([]);
  });

  it('does not count the layers of images that stay', async () => {
    const found = await plan({ dangling: false });
    expect(idsOf(found)).toEqual([id('2'), id('3'), id('4')]);
    expect(found.freesAtMost).toBe(20 + 3 + 7);
  });

  it('asks for no layers if no image goes', async () => {
    expect(await plan({ label: 'a' })).toEqual({ images: [], untagged: [], freesAtMost: 0 });
    expect(requests().filter((request) => request.includes('sha256:'))).toEqual([]);
  });

  it('compares with the clock of the engine', async () => {
    const age = Date.UTC(2026, 0, 1) / 1000 - 1000;
    expect(idsOf(await plan({ until: `${age - 10}s` }))).toEqual([id('4')]);
    expect(idsOf(await plan({ until: `${age + 10}s` }))).toEqual([]);
  });

  it('asks the containerd store which images match, and with which names containers were created', async () => {
    const containers = [{ Id: 'c1', Image: 'base:1', ImageID: id('1') }, { Id: 'c2', Image: id('4'), ImageID: id('4') }];
    expect(idsOf(await plan({ dangling: false, label: 'a' }, { store: 'containerd', containers }))).toEqual([id('2')]);
    expect(requests()).toContain('GET /containers/json?all=1');
    expect(requests()).toContain('GET /containers/c2/json'); // the list shows the ID, because another image has the name now
    expect(requests()).toContain(`GET /images/json?${new URLSearchParams({ all: '1', filters: '{"label":["a"]}' })}`);
  });

  it.each<[Filters, string]>([
    [{ dangling: false }, 'Libpod/4.3.1 (linux)'],
    [{ label: ['a', 'b'] }, 'Libpod/4.3.1 (linux)'],
  ])('refuses what a prune would refuse: %j on %s', async (filters, server) => {
    expect(await failureOf(plan(filters, { server }))).toBeInstanceOf(VersionError);
  });

  it('refuses filters that a prune does not have', async () => {
    expect(await failureOf(plan({ reference: 'a' }))).toBeInstanceOf(ArgumentError);
    expect(requests()).toEqual([]);
  });
});
