// Copies between real engines: every ordered pair of those that COPY_ENGINES names, `unix:///a.sock unix:///b.sock`. GNU tar and
// Node's zlib read what the target saves afterwards. .ci/run starts Docker 20.10 and Podman 4.3 for it; others are run by hand.

import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError, ImageClient, LongshoreError, NotFoundError } from '../../src/index.ts';
import type { CopyResult, ImageInspect, Warning } from '../../src/index.ts';
import { archiveOf, variantOf } from '../support/copied-images.mjs';
import type { Files } from '../support/copied-images.mjs';
import { filesIn, sha256Of } from '../support/saved.ts';
import { collect, failure } from './support.ts';
import { noVictim, startVictim } from './victim.ts';
import type { Victim } from './victim.ts';

const hosts = (process.env['COPY_ENGINES'] ?? '').split(' ').filter(Boolean);
const why = hosts.length > 1 ? '' : ' (skipped: COPY_ENGINES names fewer than two engines)';
const RUN = randomBytes(4).toString('hex');

interface Place {
  readonly title: string;
  readonly host: string;
  readonly docker: ImageClient;
  readonly store: 'graphdriver' | 'containerd' | 'podman';
}
async function placeOf(host: string): Promise<Place> {
  const docker = new ImageClient({ host });
  const [{ store }, { Version }] = [await docker.layers(), await docker.version()];
  return { title: `${store === 'podman' ? 'Podman' : 'Docker'} ${Version} ${store}`, host, docker, store };
}
const places = await Promise.all(hosts.map(placeOf));
const pairs = places.flatMap((from) => places.filter((to) => to !== from).map((to) => [from.title, to.title, from, to] as const));

let number = 0;
/** Layers that no other test has. */
const layersOf = (...names: string[]): Files[] => names.map((name) => ({ [`data/${name}`]: `${name} ${RUN} ${'x'.repeat(9000)}\n` }));
const unique = (): string => `${RUN}-${number++}`;
const nameOf = (what: string): string => `docker.io/longshore-live/copy-${what}:${RUN}`;
const made = new Map<Place, Set<string>>(places.map((place) => [place, new Set<string>()]));

/** Loads an image that is made by hand; `compress` compresses its layers. */
async function make(place: Place, name: string, layers: readonly Files[], compress = false): Promise<void> {
  await place.docker.loadImage(await archiveOf(name, [await variantOf(layers, { compress })]));
  made.get(place)?.add(name);
}
async function copy(from: Place, to: Place, name: string, options: Parameters<ImageClient['copyImage']>[1] extends infer O ? Partial<O> : never = {}): Promise<CopyResult> {
  made.get(to)?.add(name);
  return from.docker.copyImage(name, { ...(options as object), to: to.docker });
}

/** The config and the layers, uncompressed, of what an engine saves. */
async function contentOf({ docker }: Place, name: string): Promise<{ config: string; layers: string[] }> {
  const files = filesIn(await collect(docker.getImage(name)));
  const [{ Config, Layers }] = JSON.parse(String(files.get('manifest.json'))) as [{ Config: string; Layers: string[] }];
  const plain = (bytes: Buffer): Buffer => (bytes.readUInt16BE(0) === 0x1f8b ? gunzipSync(bytes) : bytes);
  return { config: sha256Of(files.get(Config) as Buffer), layers: Layers.map((path) => sha256Of(plain(files.get(path) as Buffer))) };
}

/** Compares the image on both sides, also as it is saved there. */
async function expectSame(from: Place, to: Place, name: string): Promise<void> {
  const [one, two]: ImageInspect[] = await Promise.all([from.docker.inspectImage(name), to.docker.inspectImage(name)]) as [ImageInspect, ImageInspect];
  expect(two?.RootFS.Layers ?? []).toEqual(one?.RootFS.Layers ?? []);
  const [ours, theirs] = [await contentOf(from, name), await contentOf(to, name)];
  expect(theirs).toEqual(ours);
  expect(theirs.layers).toEqual(one?.RootFS.Layers ?? []);
  const isByConfig = (place: Place): boolean => place.store !== 'containerd';
  if (isByConfig(from) === isByConfig(to)) expect(two?.Id).toBe(one?.Id);
}
const leftOn = async ({ docker }: Pick<Place, 'docker'>): Promise<string[]> => {
  return (await docker.images()).flatMap(({ RepoTags }) => RepoTags).filter((name) => name.includes('longshore-copy/'));
};
const sent = ({ images }: CopyResult): string => images.flatMap(({ layers }) => layers.map((layer) => (layer.sent ? 'S' : '.'))).join('');

afterAll(async () => {
  await Promise.all([...made].map(async ([{ docker }, names]) => {
    for (const name of names) await docker.removeImage(name, { force: true }).catch(() => {});
    docker.close();
  }));
}, 300_000); // hundreds of images

describe.skipIf(why !== '')(`copies between ${places.map(({ title }) => title).join(', ')}${why}`, () => {
  describe.each(pairs)('from %s to %s', (_, __, from, to) => {
    it.each([false, true])('sends only the layers above a base that is there (the source has compressed ones: %s)', async (compress) => {
      const [base, one, two] = [unique(), unique(), unique()];
      await make(to, nameOf(base), layersOf(base, `${base}b`));
      await make(from, nameOf(one), layersOf(base, `${base}b`, one, two), compress);
      const plan = await copy(from, to, nameOf(one), { dryRun: true });
      const result = await copy(from, to, nameOf(one));
      // A containerd store needs the very same blobs.
      const expected = to.store !== 'containerd' ? '..SS' : from.store === 'containerd' && !compress ? '..SS' : 'SSSS';
      expect(sent(result)).toBe(expected);
      if (!result.resent) expect(sent(plan)).toBe(expected);
      await expectSame(from, to, nameOf(one));
      expect((await copy(from, to, nameOf(one))).images[0]?.replaced).toEqual([]);
      expect(await leftOn(to)).toEqual([]);
    });

    it('sends all layers if the base is not there', async () => {
      const name = nameOf(unique());
      await make(from, name, layersOf(unique(), unique()));
      expect(sent(await copy(from, to, name))).toBe('SS');
      await expectSame(from, to, name);
    });

    it.skipIf(to.store === 'containerd' && from.store !== 'containerd')('sends all layers again if the base is removed between plan and load', async () => {
      const [base, top] = [unique(), unique()];
      await make(to, nameOf(base), layersOf(base));
      await make(from, nameOf(top), layersOf(base, top));
      const target = new ImageClient({ host: to.host });
      const load = target.loadImage.bind(target);
      target.loadImage = ((data: AsyncIterable<Uint8Array>, options: object) =>
        to.docker.removeImage(nameOf(base)).catch(() => {}).then(() => load(data, options))) as unknown as typeof target.loadImage;
      made.get(to)?.add(nameOf(top));
      const result = await from.docker.copyImage(nameOf(top), { to: target });
      target.close();
      // A containerd store may still have the blobs of an image that was just removed.
      if (to.store !== 'containerd') expect([sent(result), result.resent]).toEqual(['SS', true]);
      await expectSame(from, to, nameOf(top));
      expect(await leftOn(to)).toEqual([]);
    });

    it('copies images that share layers, and reports a name that moves', async () => {
      const [base, one, two] = [unique(), unique(), unique()];
      await make(from, nameOf(one), layersOf(base, one));
      await make(from, nameOf(two), layersOf(base, two));
      await make(to, nameOf(two), layersOf(unique()));
      const old = (await to.docker.inspectImage(nameOf(two))).Id;
      made.get(to)?.add(nameOf(one));
      const result = await from.docker.copyImage([nameOf(one), nameOf(two)], { to: to.docker });
      if (to.store !== 'containerd' || from.store === 'containerd') expect(sent(result)).toBe('SS.S');
      expect(result.images[1]?.replaced).toEqual([{ reference: nameOf(two), id: old }]);
      for (const name of [nameOf(one), nameOf(two)]) await expectSame(from, to, name);
      // Podman keeps an image that has lost its name; Docker lists it, too.
      await to.docker.removeImage(old, { force: true }).catch(() => {});
    });

    // Docker's graph drivers take at most 125: "max depth exceeded".
    const most = [from, to].some(({ store }) => store === 'graphdriver') ? 125 : 127;
    it(`copies an image of ${most} layers, one of which occurs twice`, async () => {
      const base = unique();
      const names = Array.from({ length: most - 1 }, (_, i) => `${base}-${i}`);
      const name = nameOf(base);
      await make(from, name, layersOf(...names.slice(0, 100), names[0] as string, ...names.slice(100)));
      expect(sent(await copy(from, to, name)).length).toBe(most - 1);
      await expectSame(from, to, name);
    }, 180_000);

    // Docker's graph drivers refuse to save such an image: "empty export - not implemented".
    it('copies an image without layers, or gives the error of a source that cannot save it', async () => {
      const name = nameOf(unique());
      const isMade = await make(from, name, []).then(() => true, (error: unknown) => error);
      if (isMade !== true) return expect(isMade).toBeInstanceOf(LongshoreError);
      const outcome = await copy(from, to, name).catch((error: unknown) => error);
      if (outcome instanceof LongshoreError) expect(outcome).toMatchObject({ copySide: 'source', daemonMessage: expect.stringContaining('empty export') });
      else expect((await to.docker.inspectImage(name)).RootFS.Layers ?? []).toEqual([]);
      expect(await leftOn(to)).toEqual([]);
    });

    it('ends well if the same image is copied twice at the same time', async () => {
      const name = nameOf(unique());
      await make(from, name, layersOf(unique(), unique()));
      const results = await Promise.all([copy(from, to, name), copy(from, to, name)]);
      expect(results[0]?.images[0]?.id).toBe(results[1]?.images[0]?.id);
      await expectSame(from, to, name);
      expect(await leftOn(to)).toEqual([]);
    });

    it('saves an archive without the layers of the target, which its load accepts', async () => {
      const [base, top] = [unique(), unique()];
      await make(to, nameOf(base), layersOf(base));
      await make(from, nameOf(top), layersOf(base, top));
      const inventory = await to.docker.layers();
      const delta = await collect(from.docker.getImage(nameOf(top), { without: inventory }));
      const whole = await collect(from.docker.getImage(nameOf(top)));
      if (to.store !== 'containerd') expect(delta.length).toBeLessThan(whole.length);
      made.get(to)?.add(nameOf(top));
      await to.docker.loadImage(delta);
      await expectSame(from, to, nameOf(top));
    });

    it('leaves nothing when it is aborted, at any event', async () => {
      const name = nameOf(unique());
      await make(from, name, layersOf(unique(), unique(), unique()));
      for (const stop of ['Waiting', 'Pushing', 'Pushed'] as const) {
        const controller = new AbortController();
        const copying = from.docker.copyImage(name, { to: to.docker, signal: controller.signal });
        const read = async (): Promise<void> => {
          for await (const event of copying) if (event.type === 'layer' && event.status === stop) controller.abort(new Error('enough'));
        };
        const outcome = await read().catch((error: unknown) => error);
        if (controller.signal.aborted && outcome !== undefined) expect(String(outcome)).toBe('Error: enough');
        expect(await leftOn(to), stop).toEqual([]);
      }
      made.get(to)?.add(name);
    });

    it('of an image that is not there, or for a platform that it does not have, is a typed error that names the side', async () => {
      expect(await failure(copy(from, to, nameOf('absent')))).toMatchObject({ name: 'NotFoundError', copySide: 'source' });
      const name = nameOf(unique());
      await make(from, name, layersOf(unique()));
      const error = await failure(copy(from, to, name, { platform: 'linux/s390x' }));
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ reason: 'platform' });
    });
  });

  describe.each(places.filter(({ store }) => store === 'containerd').flatMap((from) => places.filter((to) => to !== from).map((to) => [from.title, to.title, from, to] as const)))(
    'of an image with two platforms and attestations from %s to %s',
    (_, __, from, to) => {
      it('keeps all of it, or copies the platform of the target', async () => {
        const name = nameOf(unique());
        const variants = [await variantOf(layersOf(unique()), { compress: true }), await variantOf(layersOf(unique()), { architecture: 's390x', compress: true })];
        await from.docker.loadImage(await archiveOf(name, variants, true));
        made.get(from)?.add(name);
        await copy(from, to, name);
        const [one, two] = [await from.docker.inspectImage(name), await to.docker.inspectImage(name)];
        expect(two.RootFS.Layers).toEqual(one.RootFS.Layers);
        if (to.store !== 'containerd') return;
        expect(two.Id).toBe(one.Id);
        const [saved, kept] = [filesIn(await collect(from.docker.getImage(name))), filesIn(await collect(to.docker.getImage(name)))];
        const blobs = (files: ReadonlyMap<string, Buffer>): string[] => [...files.keys()].filter((path) => path.startsWith('blobs/'));
        expect(blobs(kept)).toEqual(blobs(saved));
      });

      it('copies a platform that is requested', async () => {
        const name = nameOf(unique());
        const variants = [await variantOf(layersOf(unique())), await variantOf(layersOf(unique()), { architecture: 's390x' })];
        await from.docker.loadImage(await archiveOf(name, variants));
        made.get(from)?.add(name);
        const result = await copy(from, to, name, { platform: 'linux/s390x' });
        expect(result.images[0]?.layers.map(({ diffId }) => diffId)).toEqual(variants[1]?.plain.map(sha256Of));
      });
    },
  );
});

const whyNone = noVictim === undefined ? why : ` (skipped: ${noVictim})`;
describe.skipIf(whyNone !== '')(`a copy whose engine is killed${whyNone}`, () => {
  let victim: Victim;
  let docker: ImageClient;
  const warnings: Warning[] = [];
  const name = nameOf(`large-${unique()}`);
  beforeAll(async () => {
    victim = startVictim();
    docker = new ImageClient({ host: victim.host, onWarning: (warning) => warnings.push(warning) });
  });
  afterAll(() => {
    docker?.close();
    victim?.remove();
  });
  /** Makes an image with a large layer that no engine has. */
  const importInto = (client: ImageClient): PromiseLike<unknown> => {
    return client.importImageFromData({ content: randomBytes(48 * 1024 * 1024) }, { repository: name.split(':')[0], tag: RUN });
  };

  /** When the victim is killed: after the plan, when a part of the layer has been sent, and when all of it has. */
  const phases = ['Waiting', 'Pushing', 'Pushed'] as const;

  /** Copies, kills the victim in that phase, starts it again, and returns the error; undefined if the copy was complete before. */
  async function killed(from: ImageClient, to: ImageClient, phase: (typeof phases)[number]): Promise<LongshoreError | undefined> {
    let isDead = false;
    const copying = from.copyImage(name, { to });
    const read = async (): Promise<void> => {
      for await (const event of copying) {
        if (isDead || event.type !== 'layer' || event.status !== phase || (phase === 'Pushing' && (event.current ?? 0) < 10e6)) continue;
        isDead = true;
        victim.kill('SIGKILL');
      }
    };
    const error = await read().catch((reason: unknown) => reason);
    expect(isDead).toBe(true);
    victim.restart();
    if (phase !== 'Pushed' || error !== undefined) expect(error, phase).toBeInstanceOf(LongshoreError);
    return error as LongshoreError | undefined;
  }

  it.each(places.map((place) => [place.title, place] as const))('as the source leaves nothing on %s, and the error names the source', async (_, to) => {
    await importInto(docker);
    for (const phase of phases) {
      const error = await killed(docker, to.docker, phase);
      expect(await leftOn(to), phase).toEqual([]);
      // The few bytes after the layer may have arrived before the source was killed.
      if (error === undefined) await to.docker.removeImage(name);
      else expect(error).toMatchObject({ copySide: 'source', message: expect.stringContaining(victim.host) });
      expect(await failure(to.docker.inspectImage(name)), phase).toBeInstanceOf(NotFoundError);
    }
  });

  it.each(places.map((place) => [place.title, place] as const))('as the target of a copy from %s is an error that says what may be left', async (_, from) => {
    await docker.removeImage(name).catch(() => {});
    await importInto(from.docker);
    made.get(from)?.add(name);
    for (const phase of phases) {
      const error = await killed(from.docker, docker, phase);
      expect(error, phase).toMatchObject({ copySide: 'target' });
      const left = await leftOn({ docker });
      // Docker removes what it had received only in part; an image that is complete is named.
      if (phase !== 'Pushed') expect(left).toEqual([]);
      for (const image of left) expect(error?.message).toContain(`${image} may be left on ${victim.host}: remove it with longshore rm --host`);
      if (phase === 'Pushing') expect(error?.message).toMatch(/The image docker\.io\/longshore-copy\/\S+ may be left on unix:\S+: remove it with longshore rm --host/);
      for (const image of left) await docker.removeImage(image);
      expect(await failure(docker.inspectImage(name)), phase).toBeInstanceOf(NotFoundError);
    }
    await from.docker.removeImage(name, { force: true });
  });
});
