// The platform option of each operation, with images for one platform and for several. If an engine would ignore the option, no
// request is sent.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, ImageClient, NotFoundError, VersionError } from '../../src/index.ts';
import { gnuTar } from '../support/foreign-tar.ts';
import {
  ENGINE,
  LABEL,
  REGISTRY,
  RUN,
  cleanUp,
  collect,
  connect,
  failure,
  layerOf,
  makeImage,
  registryDigest,
  repository,
  shown,
  watchedDialer,
} from './support.ts';
import { PLATFORMS, makeTwoPlatforms } from './two-platforms.ts';
import type { TwoPlatforms } from './two-platforms.ts';

const docker = connect();
afterAll(() => cleanUp(docker));

const [OURS, OTHER] = PLATFORMS;
const own = `linux/${ENGINE.architecture}`;
const foreign = OTHER;
const majorOf = (version: string): number => Number.parseInt(version, 10);

describe('importImage with a platform', () => {
  it('makes an image for it; no request goes to Docker before 23, which would ignore the architecture', async () => {
    const options = { changes: [`LABEL ${LABEL}`], platform: foreign };
    const importing = docker.importImageFromData({ foreign: RUN }, options);
    if (await docker.supports('importImage.platform')) {
      expect(await docker.inspectImage((await importing).id)).toMatchObject({ Os: 'linux', Architecture: 's390x' });
    } else {
      expect(!ENGINE.isPodman && majorOf(ENGINE.version) < 23).toBe(true);
      expect(await failure(importing)).toMatchObject({ subject: 'importImage.platform', needed: 'Docker 23.0' });
    }
  });

  it('has the reason "platform" for an unknown platform, unless the engine accepts any', async () => {
    const options = { changes: [`LABEL ${LABEL}`], platform: 'longshore/longshore' };
    const call = docker.importImageFromData({ foreign: RUN }, options);
    if (ENGINE.isPodman || ENGINE.isContainerd) {
      expect(await docker.inspectImage((await call).id)).toMatchObject({ Os: 'longshore', Architecture: 'longshore' });
    } else {
      const error = await failure(call);
      if (!(await docker.supports('importImage.platform'))) return void expect(error).toBeInstanceOf(VersionError);
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ reason: 'platform' });
    }
  });
});

describe('pull with a platform', () => {
  let image: TwoPlatforms;
  let remote: string;
  const localId = async (): Promise<string> => (await docker.inspectImage(remote)).Id;
  beforeAll(async () => {
    image = await makeTwoPlatforms('pull');
    await image.putInto(REGISTRY, repository('pull-platform'), 'v1');
    remote = `${REGISTRY}/${repository('pull-platform')}:v1`;
  });
  beforeEach(async () => {
    for (const id of await docker.images({ filters: { label: LABEL }, quiet: true })) {
      await docker.removeImage(id, { force: true });
    }
  });

  it('fetches the variant of the engine by default, and returns the digest of the index', async () => {
    expect(await registryDigest(REGISTRY, repository('pull-platform'), 'v1')).toBe(image.digest);
    expect(await docker.pull(remote)).toMatchObject({ digest: image.digest, status: 'downloaded' });
    expect(await docker.inspectImage(remote)).toMatchObject({ Os: 'linux', Architecture: ENGINE.architecture });
  });

  it('fetches the named platform', async () => {
    expect(await docker.pull(remote, { platform: foreign })).toMatchObject({ digest: image.digest });
    const { Architecture } = await docker.inspectImage(remote);
    expect(Architecture).toBe('s390x');
    // The containerd store requires the variant of its own platform by default.
    const saving = docker.getImage(remote).each(() => {});
    if (ENGINE.isContainerd) expect(await failure(saving)).toMatchObject({ reason: 'platform' });
    else await saving;
    const archive = await collect(docker.getImage(remote, ENGINE.isContainerd ? { platform: foreign } : {}));
    expect(gnuTar(['-xOf', '-', 'platform'], layerOf(archive)).toString()).toContain(foreign);
  });

  it('has the reason "platform" if the index does not have it', async () => {
    const error = await failure(docker.pull(remote, { platform: 'linux/ppc64le' }));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ reason: 'platform' });
    expect(await docker.exists(remote)).toBe(false);
  });

  // 26.1 rejects it; 28.5 only warns; 20.10, the containerd store and Podman ignore it.
  it('has the reason "platform" if the image is only for another platform, on every engine', async () => {
    const single = `${REGISTRY}/${repository('pull-single')}:v1`;
    await docker.importImageFromData({ x: RUN }, { repository: single, changes: [`LABEL ${LABEL}`] });
    await docker.push(single);
    await docker.removeImage(single);
    const error = await failure(docker.pull(single, { platform: foreign }));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ reason: 'platform', status: 200, inStream: true });
    expect(await docker.pull(single, { platform: own })).toMatchObject({ reference: single });
  });

  it('uses the registry with the policy "missing" only if the platform is absent', async () => {
    const { dialer, lines } = watchedDialer();
    await using client = new ImageClient({ dialer });
    const pulls = (): number => lines.filter((line) => line.startsWith('POST ')).length;
    expect(await client.pull(remote, { policy: 'missing' })).toMatchObject({ status: 'downloaded' });
    expect(pulls()).toBe(1);
    const id = await localId();
    for (const platform of [undefined, own]) {
      const { status } = await client.pull(remote, { policy: 'missing', platform });
      expect([status, pulls()]).toEqual(['up-to-date', 1]);
    }
    await client.pull(remote, { policy: 'missing', platform: foreign });
    expect(pulls()).toBe(2);
    // The containerd store now has both, under the id of the index.
    expect((await localId()) === id).toBe(ENGINE.isContainerd);
  });
});

/** Calls with a platform, by the parameter that the engine must support. */
type Calls = Readonly<Record<string, (name: string) => PromiseLike<unknown>>>;

describe('a platform that the engine would ignore', () => {
  const calls: Calls = {
    'inspectImage.platform': (name) => docker.inspectImage(name, { platform: own }),
    'inspectImage.manifests': (name) => docker.inspectImage(name, { manifests: true }),
    'history.platform': (name) => docker.history(name, { platform: own }),
    'images.manifests': (name) => docker.images({ name, manifests: true }),
    'push.platform': (name) => docker.push(name, { platform: own }),
    'getImage.platform': (name) => docker.getImage(name, { platform: own }).each(() => {}),
    'loadImage.platform': () => docker.loadImage(Buffer.alloc(1024), { platform: own }),
    'removeImage.platforms': (name) => docker.removeImage(name, { force: true, platforms: [own] }),
  };
  it.each(Object.entries(calls))('is a VersionError of %s, and otherwise is asked for', async (subject, call) => {
    const remote = `${REGISTRY}/${repository('gates')}:v1`;
    await docker.tag((await makeImage(docker, 'gates')).name, remote);
    const error = await Promise.resolve(call(remote)).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (await docker.supports(subject)) return void expect(error).not.toBeInstanceOf(VersionError);
    expect(error).toBeInstanceOf(VersionError);
    expect(error).toMatchObject({ subject });
    expect(await docker.exists(remote)).toBe(true);
    expect(await registryDigest(REGISTRY, repository('gates'), 'v1')).toBe('none: 404');
  });
});

describe('removeImage with a platform that the image is not of', () => {
  // Before API 1.50, and on Podman, the parameter is ignored, and the whole image would be removed.
  it('removes nothing on any engine', async () => {
    const { name, id } = await makeImage(docker, 'remove-platform');
    const error = await failure(docker.removeImage(name, { force: true, platforms: [foreign] }));
    expect(error).toBeInstanceOf((await docker.supports('removeImage.platforms')) ? NotFoundError : VersionError);
    expect(await docker.inspectImage(name)).toMatchObject({ Id: id, RepoTags: [shown(name)] });
  });

  it('removes nothing from an image of several platforms on any engine', async () => {
    const image = await makeTwoPlatforms('remove-none');
    const remote = `${REGISTRY}/${repository('remove-none')}:v1`;
    await image.putInto(REGISTRY, repository('remove-none'), 'v1');
    await docker.pull(remote);
    await failure(docker.removeImage(remote, { force: true, platforms: ['linux/ppc64le'] }));
    expect(await docker.exists(remote)).toBe(true);
  });
});

// Only the containerd store keeps several platforms of one image.
describe.runIf(ENGINE.isContainerd)('an image of two platforms in the containerd store', () => {
  let image: TwoPlatforms;
  const name = `${repository('two')}:v1`;
  beforeEach(async () => {
    image = await makeTwoPlatforms('two');
    expect(await docker.loadImage(image.archive(name))).toEqual({ references: [name], ids: [] });
  });

  it('has one id, the digest of its index, and one manifest per platform', async () => {
    const id = image.digest;
    expect(await docker.inspectImage(name)).toMatchObject({ Id: id, Architecture: ENGINE.architecture });
    const other = await docker.inspectImage(name, { platform: OTHER });
    expect(other).toMatchObject({ Id: image.manifests[OTHER], Os: 'linux', Architecture: 's390x' });
    const [listed] = await docker.images({ name, manifests: true });
    const inspected = await docker.inspectImage(name, { manifests: true });
    for (const { Id, Descriptor, Manifests } of [listed ?? inspected, inspected]) {
      expect([Id, Descriptor?.digest]).toEqual([id, id]);
      expect(Manifests?.map(({ ID, Available, Kind }) => ({ ID, Available, Kind }))).toEqual(
        PLATFORMS.map((platform) => ({ ID: image.manifests[platform], Available: true, Kind: 'image' })),
      );
    }
    expect((await docker.images({ name }))[0]).not.toHaveProperty('Manifests');
  });

  it('has a history for each platform', async () => {
    for (const platform of PLATFORMS) {
      const [step, ...more] = await docker.history(name, { platform });
      expect([step?.CreatedBy, more]).toEqual([`made for ${platform}`, []]);
    }
  });

  it('can be saved and loaded with one platform or with both', async () => {
    const sizes: number[] = [];
    for (const platform of [OURS, OTHER, undefined]) {
      const archive = await collect(docker.getImage(name, { platform, verify: 'digests' }));
      sizes.push(archive.length);
    }
    const [ours = 0, other = 0, both = 0] = sizes;
    expect(both).toBeGreaterThan(Math.max(ours, other));
    const onlyOther = await collect(docker.getImage(name, { platform: OTHER }));
    await docker.removeImage(name);
    await docker.loadImage(onlyOther, { platform: OTHER });
    expect(await docker.inspectImage(name, { platform: OTHER })).toMatchObject({ Architecture: 's390x' });
    expect(await failure(docker.inspectImage(name, { platform: OURS }))).toMatchObject({ reason: 'platform' });
    await docker.removeImage(name);
    const error = await failure(docker.loadImage(onlyOther, { platform: OURS }));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ reason: 'platform' });
  });

  it('can be saved with several platforms from API 1.52 on', async () => {
    const saving = docker.getImage(name, { platform: PLATFORMS }).each(() => {});
    if ((await docker.apiVersion()).localeCompare('1.52', 'en', { numeric: true }) < 0) {
      expect(await failure(saving)).toMatchObject({ subject: 'getImage.platform', needed: '1.52' });
    } else expect((await saving).bytes).toBeGreaterThan(0);
  });

  it('can be pushed with one platform, or with both', async () => {
    const remote = `${REGISTRY}/${name}`;
    await docker.tag(name, remote);
    expect(await docker.push(remote, { platform: OTHER })).toMatchObject({ digest: image.manifests[OTHER] });
    expect(await registryDigest(REGISTRY, repository('two'), 'v1')).toBe(image.manifests[OTHER]);
    expect(await docker.push(remote)).toMatchObject({ digest: image.digest });
    expect(await registryDigest(REGISTRY, repository('two'), 'v1')).toBe(image.digest);
    const { Platforms } = await docker.inspectDistribution(remote);
    const architectures = PLATFORMS.map((platform) => platform.slice('linux/'.length));
    expect(Platforms.map(({ architecture }) => architecture)).toEqual(architectures);
    await docker.removeImage(remote);
  });

  it('keeps its name and the other platform if one platform is removed', async () => {
    const removed = await docker.removeImage(name, { force: true, platforms: [OTHER] });
    expect(removed).toEqual([{ Deleted: image.manifests[OTHER] }]);
    expect(await failure(docker.inspectImage(name, { platform: OTHER }))).toBeInstanceOf(NotFoundError);
    expect(await docker.inspectImage(name, { platform: OURS })).toMatchObject({ Id: image.manifests[OURS] });
    expect(await docker.inspectImage(name)).toMatchObject({ Id: image.digest, RepoTags: [name] });
    const { Manifests = [] } = await docker.inspectImage(name, { manifests: true });
    expect(Manifests.map(({ Available }) => Available)).toEqual([true, false]);
    const isNew = (await docker.apiVersion()).localeCompare('1.52', 'en', { numeric: true }) >= 0;
    const refused = isNew ? { name: 'NotFoundError', reason: 'platform' } : { subject: 'getImage.platform' };
    expect(await failure(docker.getImage(name, { platform: PLATFORMS }).each(() => {}))).toMatchObject(refused);
  });
});
