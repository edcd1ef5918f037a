// Images in the engine's store: listing, inspecting, tagging and removing them.

import { afterAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  BadRequestError,
  ConflictError,
  InvalidReferenceError,
  NotFoundError,
  ServerError,
  packTar,
} from '../../src/index.ts';
import type { ApiError } from '../../src/index.ts';
import {
  ENGINE,
  LABEL,
  PODMAN_4,
  PODMAN_5_8,
  RUN,
  cleanUp,
  collect,
  connect,
  failure,
  makeImage,
  repository,
  shown,
} from './support.ts';

const docker = connect();
afterAll(() => cleanUp(docker));

/** Two images by the engine's own builder: the lower one has no name, and is the parent of the other. */
async function buildOnTop(base: string, name: string): Promise<void> {
  const Dockerfile = `FROM ${base}\nLABEL first=1\nLABEL second=2\n`;
  const { status, body } = await docker.request({
    method: 'POST',
    path: '/build',
    query: { t: name, version: '1', networkmode: 'none' },
    headers: { 'Content-Type': 'application/x-tar' },
    body: packTar({ Dockerfile }),
  });
  expect(status, (await collect(body)).toString()).toBe(200);
}

describe('images', () => {
  it('lists an image by its name, with all members', async () => {
    const { name, id } = await makeImage(docker, 'list');
    const [image, ...more] = await docker.images({ name });
    expect(more).toEqual([]);
    expect(image).toMatchObject({ Id: id, RepoTags: [shown(name)], SharedSize: ENGINE.isPodman && !PODMAN_5_8 ? 0 : -1 });
    expect(image?.Labels).toMatchObject({ 'longshore.live': RUN });
    expect(image?.Size).toBeGreaterThan(0);
    expect(image?.Created).toBeGreaterThan(Date.now() / 1000 - 3600);
  });

  it('matches "*" in a name with anything but a slash; on Podman, also with a slash', async () => {
    await makeImage(docker, 'glob-a');
    await makeImage(docker, 'glob-b');
    const names = async (name: string): Promise<string[]> =>
      (await docker.images({ name })).flatMap((image) => image.RepoTags);
    const found = [`${repository('glob-a')}:v1`, `${repository('glob-b')}:v1`].map(shown);
    expect((await names(`longshore-live/glob-*-${RUN}`)).sort()).toEqual(found);
    expect(await names(`longshore-live/glob-a-${RUN}:*`)).toEqual(found.slice(0, 1));
    expect((await names(`*glob-*-${RUN}`)).sort()).toEqual(ENGINE.isPodman ? found : []);
  });

  it('adds the name to the filters without changing the given object', async () => {
    const { name, id } = await makeImage(docker, 'filters');
    const filters = Object.freeze({ label: Object.freeze([LABEL]), dangling: false });
    expect(await docker.images({ name, filters, quiet: true })).toEqual([id]);
    expect(await docker.images({ name, filters: { label: `${LABEL}-no` }, quiet: true })).toEqual([]);
    expect(filters).toEqual({ label: [LABEL], dangling: false });
  });

  it('returns only ids with quiet', async () => {
    const { name, id } = await makeImage(docker, 'quiet');
    expect(await docker.images({ name, quiet: true })).toEqual([id]);
  });

  it('distinguishes before from since', async () => {
    const older = await makeImage(docker, 'older');
    // Engines order images by whole seconds.
    const second = Math.floor(Date.now() / 1000);
    while (Math.floor(Date.now() / 1000) === second) await new Promise((resolve) => setTimeout(resolve, 20));
    const newer = await makeImage(docker, 'newer');
    const ids = (filters: Record<string, string>) =>
      docker.images({ filters: { label: LABEL, ...filters }, quiet: true });
    expect(await ids({ before: newer.name })).toContain(older.id);
    expect(await ids({ before: older.name })).not.toContain(newer.id);
    expect(await ids({ since: older.name })).toContain(newer.id);
    expect(await ids({ since: newer.name })).not.toContain(older.id);
  });

  it('shows an image without a name as dangling, and without names', async () => {
    const { id } = await docker.importImageFromData({ nameless: RUN }, { changes: [`LABEL ${LABEL}`] });
    const [image, ...more] = await docker.images({ filters: { label: LABEL, dangling: true } });
    expect(more).toEqual([]);
    expect(image).toMatchObject({ Id: id, RepoTags: [], RepoDigests: [] });
    await docker.removeImage(id);
  });

  it('shows intermediate layers with all', async () => {
    const base = await makeImage(docker, 'all-base');
    const name = `${repository('all-top')}:v1`;
    await buildOnTop(base.name, name);
    const top = await docker.inspectImage(name);
    const few = await docker.images({ filters: { label: LABEL }, quiet: true });
    const all = await docker.images({ filters: { label: LABEL }, quiet: true, all: true });
    expect(few).toContain(top.Id);
    expect(few).not.toContain(top.Parent);
    expect(all).toEqual(expect.arrayContaining([...few, top.Parent]));
  });

  // covers: complaint api-8
  it('has the engine\'s message about an unknown filter', async () => {
    const error = await failure(docker.images({ filters: { 'longshore-no-filter': 1 } }));
    expect(error).toBeInstanceOf(ENGINE.isPodman ? ServerError : BadRequestError);
    expect(error).toMatchObject({ status: ENGINE.isPodman ? 500 : 400, inStream: false, method: 'GET' });
    expect((error as ApiError).daemonMessage).toContain('longshore-no-filter');
  });
});

describe('inspectImage', () => {
  it('finds an image by name, by id, with and without "sha256:", and by the beginning of its id', async () => {
    const { name, id } = await makeImage(docker, 'inspect');
    const hex = id.slice('sha256:'.length);
    for (const image of [name, id, hex, hex.slice(0, 12)]) {
      expect(await docker.inspectImage(image), image).toMatchObject({ Id: id, RepoTags: [shown(name)], Os: 'linux' });
    }
  });

  it('returns the configuration that the import has set', async () => {
    const { name } = await makeImage(docker, 'config');
    const image = await docker.inspectImage(name);
    expect(image.Config).toMatchObject({ Cmd: ['/what'], Labels: { 'longshore.live': RUN } });
    expect(image.RootFS).toMatchObject({ Type: 'layers', Layers: [expect.stringMatching(/^sha256:[0-9a-f]{64}$/)] });
    expect(image.Created).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('is a NotFoundError for an absent image, and exists returns false', async () => {
    const { name, id } = await makeImage(docker, 'exists');
    expect(await docker.exists(name)).toBe(true);
    expect(await docker.exists(id)).toBe(true);
    const unknown = `${repository('exists')}:v2`;
    expect(await docker.exists(unknown)).toBe(false);
    const error = await failure(docker.inspectImage(unknown));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ status: 404, reason: 'not-found', method: 'GET' });
    expect((error as NotFoundError).daemonMessage).toContain(unknown);
  });
});

describe('history', () => {
  it('returns the steps, newest first', async () => {
    const base = await makeImage(docker, 'history');
    const name = `${repository('history-top')}:v1`;
    await buildOnTop(base.name, name);
    const steps = await docker.history(name);
    expect(steps).toHaveLength(3);
    expect(steps.map((step) => step.Comment).at(-1)).toBe('made for history');
    expect(steps[0]?.CreatedBy).toContain('LABEL second=2');
    expect(steps[1]?.CreatedBy).toContain('LABEL first=1');
    // Podman 4 sends no names, and Podman 5 sends all names at each step.
    if (!ENGINE.isPodman) expect(steps[0]?.Tags).toEqual([name]);
    expect(steps.map((step) => step.Size > 0)).toEqual([false, false, true]);
  });

  it('is a NotFoundError for what is not there', async () => {
    expect(await failure(docker.history(repository('nothing')))).toBeInstanceOf(NotFoundError);
  });
});

describe('tag', () => {
  it('adds a name: with latest, the tag in the name, or the separate tag', async () => {
    const { name, id } = await makeImage(docker, 'tag');
    expect(await docker.tag(name, repository('tag-2'))).toBeUndefined();
    await docker.tag(id, `${repository('tag-2')}:inside`);
    await docker.tag(name, repository('tag-2'), { tag: 'beside' });
    const { RepoTags } = await docker.inspectImage(id);
    const others = ['beside', 'inside', 'latest'].map((tag) => `${repository('tag-2')}:${tag}`);
    expect([...RepoTags].sort()).toEqual([name, ...others].map(shown).sort());
  });

  it('removes the name from the image that had it', async () => {
    const [first, second] = [await makeImage(docker, 'owner'), await makeImage(docker, 'claimant')];
    await docker.tag(second.name, first.name);
    expect((await docker.inspectImage(first.name)).Id).toBe(second.id);
    expect((await docker.inspectImage(first.id)).RepoTags).toEqual([]);
  });

  it('is a NotFoundError for an absent image', async () => {
    expect(await failure(docker.tag(repository('nothing'), repository('nowhere')))).toBeInstanceOf(NotFoundError);
  });

  it('rejects a digest, and two tags, before anything is sent', async () => {
    const { name } = await makeImage(docker, 'tag-refused');
    const digest = `${repository('tag-refused')}@sha256:${'0'.repeat(64)}`;
    expect(await failure(docker.tag(name, digest))).toBeInstanceOf(InvalidReferenceError);
    expect(await failure(docker.tag(name, name, { tag: 'v2' }))).toBeInstanceOf(ArgumentError);
  });
});

describe('removeImage', () => {
  it('removes one name, and with the last name the image', async () => {
    const { name, id } = await makeImage(docker, 'remove');
    const other = `${repository('remove')}:v2`;
    await docker.tag(name, other);
    expect(await docker.removeImage(other)).toEqual([{ Untagged: shown(other) }]);
    expect(await docker.exists(id)).toBe(true);
    const items = await docker.removeImage(name);
    expect(items).toEqual(expect.arrayContaining([{ Untagged: shown(name) }, { Deleted: id }]));
    expect(await docker.exists(id)).toBe(false);
  });

  it('is a ConflictError for an id with names in two repositories, unless forced', async () => {
    const { name, id } = await makeImage(docker, 'conflict');
    const other = `${repository('conflict-2')}:v1`;
    await docker.tag(name, other);
    const error = await failure(docker.removeImage(id));
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ status: ENGINE.isPodman ? 500 : 409, method: 'DELETE' });
    expect(await docker.exists(id)).toBe(true);
    const items = await docker.removeImage(id, { force: true });
    const untagged = [name, other].map((each) => ({ Untagged: shown(each) }));
    expect(items).toEqual(expect.arrayContaining([...untagged, { Deleted: id }]));
    expect(await docker.exists(id)).toBe(false);
  });

  it('also removes parents without a name, unless noprune keeps them; Podman before 4.6 does not support it', async () => {
    const base = await makeImage(docker, 'parents');
    const name = `${repository('parents-top')}:v1`;
    await buildOnTop(base.name, name);
    const { Parent: parent = '' } = await docker.inspectImage(name);
    const removing = docker.removeImage(name, { noprune: true });
    if (PODMAN_4) {
      expect(await failure(removing)).toMatchObject({ subject: 'removeImage.noprune', needed: 'Podman 4.6' });
      expect(await docker.exists(name)).toBe(true);
    } else {
      await removing;
      await buildOnTop(base.name, name); // the same parent, because the builder's cache has kept it
    }
    expect(await docker.exists(parent)).toBe(true);
    expect((await docker.inspectImage(name)).Parent).toBe(parent);
    expect(await docker.removeImage(name)).toContainEqual({ Deleted: parent });
    expect(await docker.exists(parent)).toBe(false);
    expect(await docker.exists(base.id)).toBe(true);
  });

  it.runIf(ENGINE.isPodman)('does not remove an image of a manifest list instead of its name', async () => {
    const { name, id } = await makeImage(docker, 'member');
    const list = `localhost/${repository('manifest-list')}:v1`;
    const manifests = async (method: 'POST' | 'DELETE', query = {}): Promise<void> => {
      const path = `/v4.0.0/libpod/manifests/${encodeURIComponent(list)}`;
      const { status, body } = await docker.request({ method, path, query, versioned: false });
      expect(status, (await collect(body)).toString()).toBeLessThan(300);
    };
    await manifests('POST', { images: `containers-storage:${shown(name)}` });
    try {
      await docker.tag(list, `localhost/${repository('manifest-list')}:v2`);
      for (const tag of ['v1', 'v2']) {
        expect(await failure(docker.removeImage(list.replace(/v1$/, tag)))).toBeInstanceOf(ConflictError);
      }
      expect(await docker.inspectImage(id)).toMatchObject({ RepoTags: [shown(name)] });
    } finally {
      await manifests('DELETE');
    }
    await docker.removeImage(name);
  });

  it('is a NotFoundError for what is not there', async () => {
    expect(await failure(docker.removeImage(repository('nothing')))).toBeInstanceOf(NotFoundError);
  });
});

// The label excludes all other images of the engine.
describe('pruneImages', () => {
  const label = `longshore.prune=${RUN}`;
  const make = (name?: string) =>
    docker.importImageFromData(
      { prune: name ?? 'nameless' },
      { repository: name, changes: [`LABEL ${label}`, `LABEL ${LABEL}`] },
    );

  it('removes images without a name, and with dangling: false unused images, except on Podman 4', async () => {
    const [dangling, tagged] = [await make(), await make(repository('prune'))];
    const first = await docker.pruneImages({ filters: { label } });
    expect(first.ImagesDeleted).toContainEqual({ Deleted: dangling.id });
    expect(first.ImagesDeleted).not.toContainEqual({ Deleted: tagged.id });
    expect(first.SpaceReclaimed).toBeGreaterThan(0);
    expect(await docker.exists(tagged.id)).toBe(true);
    const pruning = docker.pruneImages({ filters: { label, dangling: false } });
    if (PODMAN_4) return void expect((await failure(pruning) as ApiError).daemonMessage).toContain('"dangling"');
    const second = await pruning;
    expect(second.ImagesDeleted).toContainEqual({ Deleted: tagged.id });
    expect(await docker.exists(tagged.id)).toBe(false);
  });

  it('removes what prunePlan has said before, and frees at most that', async () => {
    const filters = { label, dangling: PODMAN_4 };
    await make();
    const kept = await make(repository('planned'));
    await docker.tag(kept.id, repository('planned'), { tag: 'v2' });
    const container = `planned-${RUN}`;
    await docker.request({ method: 'POST', path: '/containers/create', query: { name: container }, headers: { 'Content-Type': 'application/json' },
      body: Buffer.from(JSON.stringify({ Image: `${repository('planned')}:v2`, Cmd: ['/x'] })) });
    await make(repository('planned-too'));
    const before = await docker.images({ all: true, filters: { label } });
    const { images, untagged, freesAtMost } = await docker.prunePlan({ filters });
    const { SpaceReclaimed } = await docker.pruneImages({ filters });
    await docker.request({ method: 'DELETE', path: `/containers/${container}`, query: { force: true } });
    const after = await docker.images({ all: true, filters: { label } });
    const left = new Set(after.map(({ Id }) => Id));
    expect(images.map(({ Id }) => Id).sort()).toEqual(before.map(({ Id }) => Id).filter((id) => !left.has(id)).sort());
    const tagsOf = (list: typeof after): string[] => list.filter(({ Id }) => left.has(Id)).flatMap(({ RepoTags }) => RepoTags);
    expect(untagged).toEqual(tagsOf(before).filter((name) => !tagsOf(after).includes(name)));
    if (!ENGINE.isPodman) expect(SpaceReclaimed).toBeLessThanOrEqual(freesAtMost); // Podman counts shared layers for each image
  });

  it('returns an empty list if no image can be removed', async () => {
    expect(await docker.pruneImages({ filters: { label: `${label}-no` } })).toEqual({
      ImagesDeleted: [],
      SpaceReclaimed: 0,
    });
  });
});
