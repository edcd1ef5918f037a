// Copies between engines in memory, which keep images by the rules that were observed on real engines. What a source saves are the
// archives that real engines have saved. The live tests (test/live/copy.test.ts) do the same with engines.

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { LayerStore } from '../../../src/api/layer-inventory.ts';
import { copyImages } from '../../../src/client/copy/copy-images.ts';
import type { CopyOptions } from '../../../src/client/options.ts';
import type { CopyResult } from '../../../src/api/types/copy.ts';
import type { Warning } from '../../../src/connection/diagnostics.ts';
import type { ProgressEvent } from '../../../src/api/progress/progress-events.ts';
import { ApiError, ArgumentError, ConnectError, DigestError, TruncatedError } from '../../../src/errors.ts';
import { noGnuTar } from '../../support/foreign-tar.ts';
import { titled } from '../../support/installed.ts';
import { MemoryEngine, missing } from '../../support/memory-engine.ts';
import { packTar } from '../../../src/tar/pack.ts';
import { collected, partsOf, savedArchive, sha256Of } from '../../support/saved.ts';

const NAME = 'docker.io/team/app:2';
const OTHER = `sha256:${'e'.repeat(64)}`;
const archive = savedArchive('docker-20.10', 'app');
const { config, diffIds } = noGnuTar === undefined ? partsOf(archive) : { config: '', diffIds: [] };
const base = diffIds.slice(0, 3);

function makeSource(): MemoryEngine {
  const source = new MemoryEngine('graphdriver').add(config, diffIds, NAME, 'docker.io/team/app:latest');
  source.archive = archive;
  return source;
}

const warnings: Warning[] = [];
const events: ProgressEvent[] = [];
function copy(source: MemoryEngine, target: MemoryEngine, options: CopyOptions = {}, names = [NAME]): Promise<CopyResult> {
  warnings.length = events.length = 0;
  const sides = [{ engine: source, address: 'unix:///source' }, { engine: target, address: 'unix:///target' }] as const;
  return copyImages(...sides, names, options, (event) => void events.push(event), (warning) => void warnings.push(warning));
}
const failureOf = (copying: Promise<unknown>): Promise<any> => copying.then(() => expect.fail('it did not fail'), (error: unknown) => error);
const temporaryNames = (engine: MemoryEngine): string[] => engine.kept.flatMap(({ names }) => [...names]).filter((name) => name.includes('longshore-copy'));
const sent = ({ images }: CopyResult): string => images[0]?.layers.map((layer) => (layer.sent ? 'S' : '.')).join('') ?? '';

describe.skipIf(noGnuTar)(titled('a copy', noGnuTar), () => {
  it.each(['graphdriver', 'podman', 'containerd'] as const)('to a store of kind %s is loaded under a temporary name, looked at, tagged, and the name removed', async (store) => {
    const target = new MemoryEngine(store);
    const calls: string[] = [];
    target.hook = (call) => void calls.push(call.replace(/longshore-copy\/[\w-]+/, 'longshore-copy/X'));
    const result = await copy(makeSource(), target);
    const temporary = 'docker.io/longshore-copy/X:1';
    expect(calls.slice(calls.indexOf('load, all read'))).toEqual(['load, all read', `inspect ${temporary}`, `inspect ${NAME}`, `tag ${NAME}`, 'remove']);
    expect(target.kept).toHaveLength(1);
    expect(target.find(NAME)).toMatchObject({ diffIds, names: new Set([NAME]) });
    const [image] = result.images;
    expect(image).toMatchObject({ references: [NAME], id: target.find(NAME)?.id, replaced: [] });
    if (store !== 'containerd') expect(image?.id).toBe(config);
    expect(result).toMatchObject({ resent: false, warnings: [], bytesTotal: 3 * 2048 });
    expect(target.log).toContain(`read ${result.bytesSent}`);
  });

  it('leaves out the layers that the target has', async () => {
    const target = new MemoryEngine('graphdriver').add(OTHER, base, 'docker.io/team/base:1');
    const result = await copy(makeSource(), target);
    expect(sent(result)).toBe('..S');
    expect(result.images[0]?.layers.map(({ size }) => size)).toEqual([2048, 2048, 2048]);
    expect(target.find(NAME)?.id).toBe(config);
    expect(events.filter(({ type }) => type === 'layer')).toEqual(events);
    expect(new Set(events.map((event) => (event as { status: string }).status))).toEqual(new Set(['Layer already exists', 'Waiting', 'Pushed']));
  });

  it('shows how much of a large layer has been sent', async () => {
    const layer = randomBytes(3 * 2 ** 20);
    const document = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [sha256Of(layer)] } });
    const id = sha256Of(Buffer.from(document));
    const source = new MemoryEngine('graphdriver').add(id, [sha256Of(layer)], NAME);
    const path = (digest: string): string => `blobs/sha256/${digest.slice('sha256:'.length)}`;
    source.archive = await collected(packTar({ [path(sha256Of(layer))]: layer, [path(id)]: document }));
    expect((await copy(source, new MemoryEngine('graphdriver'))).images[0]?.id).toBe(id);
    const pushed = events.flatMap((event) => (event.type === 'layer' && event.status.startsWith('Push') ? [event] : []));
    expect(pushed.slice(0, -1).every(({ status, current = 0, total }) => status === 'Pushing' && current < layer.length && total === layer.length)).toBe(true);
    expect(pushed.at(-1)).toMatchObject({ status: 'Pushed', current: layer.length, total: layer.length });
    expect(pushed.length).toBeGreaterThan(3);
  });

  it('sends all layers with full', async () => {
    const target = new MemoryEngine('graphdriver').add(OTHER, base);
    expect(sent(await copy(makeSource(), target, { full: true }))).toBe('SSS');
    await copy(makeSource(), target, { full: true });
    expect(target.log.filter((entry) => entry === 'load')).toHaveLength(2);
  });

  it('changes nothing with dryRun, and gives the plan', async () => {
    const target = new MemoryEngine('graphdriver').add(OTHER, base, NAME);
    const result = await copy(makeSource(), target, { dryRun: true });
    expect(target.log).toEqual([]);
    expect(sent(result)).toBe('..S');
    expect(result).toMatchObject({ bytesSent: 0, bytesTotal: 4242, images: [{ id: config, replaced: [{ reference: NAME, id: OTHER }] }] });
    expect(result.images[0]?.layers.map(({ reason }) => reason)).toEqual(['present', 'present', 'absent']);
  });

  it('only tags an image that is there already', async () => {
    const target = new MemoryEngine('podman').add(config, diffIds, 'docker.io/team/app:1');
    const result = await copy(makeSource(), target);
    expect(target.log).toEqual([`tag ${NAME}`]);
    expect(sent(result)).toBe('...');
    expect(result.bytesSent).toBe(0);
  });

  it.each([{}, { full: true }, { dryRun: true }])('refuses a target that is the source under another address: %j', async (options) => {
    const [source, target] = [makeSource(), makeSource()];
    source.id = target.id = 'a2f5';
    const error = await failureOf(copy(source, target, options));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toBe('copyImage: options.to, unix:///target, is the same engine as unix:///source: use tag');
    expect(target.log).toEqual([]);
  });

  it('to a copy of the same virtual machine, which has the same ID and not the image, sends it', async () => {
    const [source, target] = [makeSource(), new MemoryEngine('graphdriver')];
    source.id = target.id = 'a2f5';
    expect(sent(await copy(source, target))).toBe('SSS');
  });

  it('to another Docker 20.10 of the same host, which has the same ID, tags the image', async () => {
    const [source, target] = [makeSource(), makeSource()];
    source.id = target.id = '4L6O:YTDI'; // from /etc/docker/key.json
    target.folder = '/srv/docker';
    expect((await copy(source, target)).bytesSent).toBe(0);
  });

  it('sends an image that is removed after it was found', async () => {
    const target = new MemoryEngine('podman').add(config, diffIds, 'docker.io/team/app:1');
    target.hook = (call) => {
      if (call.startsWith('tag') && !target.log.includes('load')) target.kept.length = 0;
    };
    const result = await copy(makeSource(), target);
    expect(sent(result)).toBe('SSS');
    expect(target.find(NAME)?.id).toBe(config);
    expect(temporaryNames(target)).toEqual([]);
  });

  it('reports the image that loses its name', async () => {
    const target = new MemoryEngine('podman').add(OTHER, base, NAME, 'docker.io/team/app:1');
    expect((await copy(makeSource(), target)).images[0]?.replaced).toEqual([{ reference: NAME, id: OTHER }]);
    expect(target.find('docker.io/team/app:1')?.id).toBe(OTHER);
    expect((await copy(makeSource(), target)).images[0]?.replaced).toEqual([]);
  });

  it('reports an image that has got the name during the transfer, and loses it', async () => {
    const target = new MemoryEngine('podman');
    target.hook = (call) => {
      if (call === 'load, all read') target.add(OTHER, base, NAME);
    };
    expect((await copy(makeSource(), target)).images[0]?.replaced).toEqual([{ reference: NAME, id: OTHER }]);
  });

  it('of an image with two names is one transfer', async () => {
    const target = new MemoryEngine('graphdriver');
    const result = await copy(makeSource(), target, {}, [NAME, 'team/app', 'team/app:2']);
    expect(result.images).toHaveLength(1);
    expect(result.images[0]?.references).toEqual([NAME, 'docker.io/team/app:latest']);
    expect(target.log.filter((entry) => entry === 'load')).toHaveLength(1);
    expect(target.find('docker.io/team/app:latest')?.id).toBe(config);
  });

  it.each([config, config.slice('sha256:'.length, 20), config.slice('sha256:'.length), config.slice(0, 'sha256:'.length + 12)])('of an image without a name, given as %s, leaves it without a name', async (id) => {
    const source = makeSource();
    const inspect = source.inspectImage.bind(source);
    source.inspectImage = (name, options) => inspect(name === id ? config : name, options);
    const target = new MemoryEngine('graphdriver');
    const result = await copy(source, target, {}, [id]);
    expect(result.images[0]).toMatchObject({ references: [], id: config });
    expect(target.kept.map(({ names }) => [...names])).toEqual([[]]);
  });

  it('warns if the image is for another platform', async () => {
    const target = new MemoryEngine('graphdriver');
    target.platform = { Os: 'linux', Arch: 'arm64' };
    const result = await copy(makeSource(), target);
    expect(warnings).toEqual([{ kind: 'platform', subject: 'unix:///target', message: expect.stringContaining('linux/amd64') }]);
    expect(result.warnings).toEqual(warnings.map(({ message }) => message));
  });

  it('of a platform that the source does not have is an ApiError of reason "platform"', async () => {
    const target = new MemoryEngine('graphdriver');
    const error = await failureOf(copy(makeSource(), target, { platform: 'linux/arm64' }));
    expect(error).toBeInstanceOf(ApiError);
    expect(error.reason).toBe('platform');
    expect(target.log).toEqual([]);
  });
});

/** A containerd store with an image of compressed layers, and the digest of its manifest. */
function zippedSource(): { readonly source: MemoryEngine; readonly root: string } {
  const source = new MemoryEngine('containerd');
  source.archive = savedArchive('docker-28.5-containerd', 'zipped');
  const root = JSON.parse(String(partsOf(source.archive).files.get('index.json'))).manifests[0].digest as string;
  return { source: source.add(root, diffIds, NAME), root };
}

describe.skipIf(noGnuTar)(titled('an archive of a containerd store', noGnuTar), () => {
  const saves = async (source: MemoryEngine, target: MemoryEngine, options: CopyOptions = {}): Promise<number> => {
    let count = 0;
    source.hook = (call) => void (call.startsWith('save sha256') && count++);
    await copy(source, target, options);
    return count;
  };

  it('is requested once for the plan and the copy, if all that is sent is small or comes after the documents', async () => {
    const { source, root } = zippedSource();
    const target = new MemoryEngine('containerd');
    expect(await saves(source, target)).toBe(1);
    expect(target.find(NAME)).toMatchObject({ id: root, isBroken: false });
  });

  it('is requested again to send all layers after an attempt without some', async () => {
    const { source } = zippedSource();
    const target = new MemoryEngine('containerd').add(OTHER, base, 'docker.io/team/base:1');
    for (const diffId of base) target.pruned.add(diffId);
    expect(await saves(source, target)).toBe(2);
  });

  // The image, or its last part, is not needed: the source must not go on saving.
  it.each([{ dryRun: true }, { platform: 'linux/s390x' }, {}])('is ended with the copy: %j', async (options) => {
    const { source } = zippedSource();
    let isOpen = 0;
    const save = source.getImage.bind(source);
    source.getImage = (id, how) => ({
      each: async (use) => {
        isOpen++;
        return save(id, how).each(use as never).finally(() => isOpen--);
      },
    });
    await copy(source, new MemoryEngine('containerd'), options).catch(() => {});
    await new Promise(setImmediate);
    expect(isOpen).toBe(0);
  });

  it('of another kind is not requested for a plan', async () => {
    expect(await saves(makeSource(), new MemoryEngine('graphdriver'), { dryRun: true })).toBe(0);
  });
});

describe.skipIf(noGnuTar)(titled('a target that lacks a layer after all', noGnuTar), () => {
  const pruned = (store: LayerStore): MemoryEngine => {
    const target = new MemoryEngine(store).add(OTHER, base, 'docker.io/team/base:1');
    for (const diffId of base) target.pruned.add(diffId);
    return target;
  };

  it.each(['graphdriver', 'podman'] as const)('of kind %s gets everything, once', async (store) => {
    const target = pruned(store);
    const result = await copy(makeSource(), target);
    expect(result.resent).toBe(true);
    expect(sent(result)).toBe('SSS');
    expect(target.find(NAME)).toMatchObject({ id: config, diffIds, isBroken: false });
    expect(temporaryNames(target)).toEqual([]);
    expect(result.bytesSent).toBe(target.log.filter((entry) => entry.startsWith('read')).reduce((sum, entry) => sum + Number(entry.slice(5)), 0));
  });

  it.each([false, true])('that keeps a broken image gets everything (silently: %s)', async (isSilent) => {
    const { source, root } = zippedSource();
    const target = pruned('containerd');
    target.isSilent = isSilent;
    const result = await copy(source, target);
    expect(result.resent).toBe(true);
    expect(target.find(NAME)).toMatchObject({ id: root, isBroken: false });
    expect(temporaryNames(target)).toEqual([]);
    expect(target.kept.some((image) => image.isBroken)).toBe(false);
  });

  it('fails with the error of the second attempt if that fails, too', async () => {
    const target = pruned('graphdriver').add(`sha256:${'d'.repeat(64)}`, [], NAME);
    target.hook = (call) => {
      if (call === 'load, all read') throw missing();
    };
    const error = await failureOf(copy(makeSource(), target));
    expect(error).toBeInstanceOf(ApiError);
    expect(error.message).toContain('the target of the copy, unix:///target: ');
    expect(target.log).toEqual(['load', 'load']);
    expect(target.find(NAME)?.id).not.toBe(config); // the name still leads to the old image
  });

  it('gets everything if the image is removed before it has its name', async () => {
    const target = new MemoryEngine('podman').add(OTHER, base, 'docker.io/team/base:1');
    target.hook = (call) => {
      if (call.startsWith('tag') && target.log.filter((entry) => entry === 'load').length === 1) target.kept.length = 0;
    };
    expect(await copy(makeSource(), target)).toMatchObject({ resent: true });
    expect(target.find(NAME)?.id).toBe(config);
  });

  // Seen with docker image prune -a in a loop on Docker 28.5 with the containerd store.
  it('because a prune removes the image directly after a load of everything is an error that says so', async () => {
    const target = new MemoryEngine('podman');
    target.hook = (call) => {
      if (call.includes('longshore-copy')) target.kept.length = 0;
    };
    const error = await failureOf(copy(makeSource(), target));
    expect(error).toBeInstanceOf(ApiError);
    expect(error.message).toContain(`the target says that it has loaded ${NAME}, but it does not have it. A prune may have removed it: copy it again`);
    expect(target.log.filter((entry) => entry === 'load')).toHaveLength(1);
  });

  it('does not get everything if only the name is refused', async () => {
    const target = new MemoryEngine('podman').add(OTHER, base, 'docker.io/team/base:1');
    target.hook = (call) => {
      if (call.startsWith('tag')) throw new ApiError('read-only', { method: 'POST', target: '/tag', status: 500, daemonMessage: 'read-only' });
    };
    expect(await failureOf(copy(makeSource(), target))).toMatchObject({ daemonMessage: 'read-only' });
    expect(target.log.filter((entry) => entry === 'load')).toHaveLength(1);
    expect(temporaryNames(target)).toEqual([]);
  });

  it.each([
    ['it refuses the load', (target: MemoryEngine) => {
      target.hook = (call) => {
        if (call === 'load, all read') throw new ApiError('denied', { method: 'POST', target: '/images/load', status: 403, daemonMessage: 'denied' });
      };
    }],
    ['it shows another image', (target: MemoryEngine) => {
      const load = target.loadImage.bind(target);
      target.loadImage = async (data, options) => {
        const loaded = await load(data, options);
        target.kept.push({ ...target.kept.pop(), id: `sha256:${'f'.repeat(64)}` } as (typeof target.kept)[number]);
        return loaded;
      };
    }],
  ])('does not get everything if %s', async (_, prepare) => {
    const target = new MemoryEngine('graphdriver').add(OTHER, base, 'docker.io/team/base:1');
    prepare(target);
    expect(await failureOf(copy(makeSource(), target))).toBeInstanceOf(ApiError);
    expect(target.log.filter((entry) => entry === 'load')).toHaveLength(1);
    expect(temporaryNames(target)).toEqual([]);
  });

  it.each([false, true])('does not keep a broken image without a name (silently: %s)', async (isSilent) => {
    const { source, root } = zippedSource();
    const target = pruned('containerd');
    target.isSilent = isSilent;
    target.hook = (call) => {
      if (call === 'load, more' && target.log.filter((entry) => entry === 'load').length === 2) throw missing();
    };
    expect(await failureOf(copy(source, target, {}, [root]))).toBeInstanceOf(ApiError);
    expect(target.kept.map(({ id }) => id)).toEqual([OTHER]);
  });

  it.each([
    ['the target had it before', (target: MemoryEngine) => target.add(config, diffIds)],
    ['it has got a name meanwhile', (target: MemoryEngine) => {
      target.hook = (call) => {
        if (call === `inspect ${config}` && target.log.includes('load')) {
          target.find(config)?.names.add('docker.io/team/mine:1');
          target.hook = () => {};
          throw missing();
        }
      };
    }],
  ])('keeps an image without a name if %s', async (_, prepare) => {
    const target = new MemoryEngine('graphdriver');
    target.hook = (call) => {
      if (call === 'load, all read') throw missing();
    };
    prepare(target);
    expect(await failureOf(copy(makeSource(), target, { full: true }, [config]))).toBeInstanceOf(ApiError);
    expect(target.find(config)?.id).toBe(config);
  });

  it('does not get everything if its disk is full', async () => {
    const target = new MemoryEngine('graphdriver').add(OTHER, base);
    target.hook = (call) => {
      if (call !== 'load, all read') return;
      throw new ApiError('no space left on device', { method: 'POST', target: '/images/load', status: 200, daemonMessage: '', reason: 'no-space' });
    };
    expect(await failureOf(copy(makeSource(), target))).toMatchObject({ reason: 'no-space' });
    expect(target.log).toEqual(['load']);
  });

  it('keeps an image without a name that it had before, if a full copy of it fails', async () => {
    const target = new MemoryEngine('graphdriver').add(config, diffIds);
    target.hook = (call) => {
      if (call.startsWith('tag')) throw new ApiError('read-only', { method: 'POST', target: '/tag', status: 500, daemonMessage: 'read-only' });
    };
    expect(await failureOf(copy(makeSource(), target, { full: true }))).toMatchObject({ daemonMessage: 'read-only' });
    expect(target.log.filter((entry) => entry === 'load')).toHaveLength(1);
    expect(target.find(config)?.diffIds).toEqual(diffIds);
  });

  // Docker 29 shows no layers of an image that is for another platform only, so its manifest is all that can be looked at.
  it.each([false, true])('of kind containerd is an error if it shows neither layers nor a manifest that is available (a manifest: %s)', async (isShown) => {
    const target = new MemoryEngine('containerd');
    target.supports = async () => true;
    const inspect = target.inspectImage.bind(target);
    target.inspectImage = async (name, options) => {
      const found = await inspect(name, options);
      const Manifests = isShown ? [{ ID: found.Id, Kind: 'image', Available: false }] : [];
      return { ...found, RootFS: {}, Os: '', Architecture: '', Manifests } as never;
    };
    const error = await failureOf(copy(makeSource(), target));
    expect(error).toBeInstanceOf(ApiError);
    expect(error.message).toMatch(/but layers of its manifest sha256:[0-9a-f]{64} are missing/);
    expect(target.kept).toEqual([]);
  });

  it('is an error if it shows another image under the temporary name', async () => {
    const target = new MemoryEngine('graphdriver');
    const load = target.loadImage.bind(target);
    target.loadImage = async (data, options) => {
      const loaded = await load(data, options);
      const image = target.kept.pop();
      target.kept.push({ ...image, id: OTHER } as (typeof target.kept)[number]);
      return loaded;
    };
    const error = await failureOf(copy(makeSource(), target));
    expect(error).toBeInstanceOf(ApiError);
    expect(error.message).toContain(`the target says that it has loaded ${NAME}, but it has the ID ${OTHER} instead of ${config}`);
    expect(target.kept).toEqual([]);
  });
});

describe.skipIf(noGnuTar)(titled('a copy that fails', noGnuTar), () => {
  const truncated = (): TruncatedError => new TruncatedError('the connection broke', { phase: 'content', received: 1 });
  const connect = (): ConnectError => new ConnectError('connection refused', { address: 'unix:///target' });

  it('at the source names the source, and leaves nothing on the target', async () => {
    const source = makeSource();
    const target = new MemoryEngine('graphdriver');
    let pieces = 0;
    source.hook = (call) => {
      if (call === 'save, more' && ++pieces === 9) throw truncated();
    };
    const error = await failureOf(copy(source, target));
    expect(error).toBeInstanceOf(TruncatedError);
    expect(error.message).toBe('the source of the copy, unix:///source: the connection broke');
    expect(target.kept).toEqual([]);
  });

  it('because the archive of the source is wrong is a DigestError that names the source', async () => {
    const source = makeSource();
    source.archive = Buffer.from(archive);
    const at = archive.lastIndexOf('top\n');
    source.archive[at] = 'T'.charCodeAt(0);
    const target = new MemoryEngine('graphdriver').add(OTHER, base);
    const error = await failureOf(copy(source, target));
    expect(error).toBeInstanceOf(DigestError);
    expect(error.message).toContain('the source of the copy');
    expect(error.expected).toBe(diffIds[3]);
    expect(target.log).toEqual(['load']);
  });

  it('because an image is not there sends nothing', async () => {
    const target = new MemoryEngine('graphdriver');
    const error = await failureOf(copy(makeSource(), target, {}, ['absent']));
    expect(error.message).toBe('the source of the copy, unix:///source: no such image: absent');
    expect(target.log).toEqual([]);
  });

  // Each call of the target fails, one after the other. Then it can be reached again, or it cannot.
  it.each(['again', 'no more'] as const)('at any call of the target leaves no name there; it can be reached %s', async (reachable) => {
    for (let failing = 0; ; failing++) {
      const target = new MemoryEngine('podman').add(OTHER, base, 'docker.io/team/base:1').add(`sha256:${'d'.repeat(64)}`, [], NAME);
      let calls = 0;
      let hasFailed = false;
      target.hook = (call) => {
        if (calls++ === failing || (hasFailed && reachable === 'no more')) {
          hasFailed = true;
          throw call === 'remove' || call.startsWith('inspect') ? connect() : truncated();
        }
      };
      const outcome = await copy(makeSource(), target).then(() => undefined, (error: unknown) => error as Error);
      if (!hasFailed) break;
      const left = temporaryNames(target);
      if (reachable === 'again') expect(left, `call ${failing}`).toEqual(outcome === undefined ? left : []);
      const isNamed = warnings.some(({ kind, message }) => kind === 'left-behind' && message.includes('longshore-copy/') && message.includes('unix:///target'));
      if (left.length > 0) expect(isNamed, `call ${failing}`).toBe(true);
      if (left.length > 0 && outcome !== undefined) expect(outcome.message).toContain('may be left on unix:///target: remove it with longshore rm');
      const old = target.find(NAME);
      if (outcome !== undefined && old?.id === config) expect(target.log).toContain(`tag ${NAME}`);
      expect(old?.diffIds).toEqual(old?.id === config ? diffIds : []);
    }
  });
});

describe.skipIf(noGnuTar)(titled('an abort of a copy', noGnuTar), () => {
  it.each(['source', 'target'] as const)('in any call of the %s rejects with the reason, and leaves nothing on the target', async (side) => {
    const reason = new Error('enough');
    for (let at = 0; ; at++) {
      const controller = new AbortController();
      const source = makeSource();
      const target = new MemoryEngine('containerd').add(OTHER, base, 'docker.io/team/base:1');
      let calls = 0;
      const hook = (): void => {
        if (calls++ === at) controller.abort(reason);
      };
      (side === 'source' ? source : target).hook = hook;
      const outcome = await copy(source, target, { signal: controller.signal }).then(() => undefined, (error: unknown) => error);
      if (!controller.signal.aborted) break;
      if (outcome !== undefined) expect(outcome).toBe(reason);
      expect(temporaryNames(target), `call ${at}`).toEqual([]);
      expect(target.find(OTHER)?.names).toEqual(new Set(['docker.io/team/base:1']));
    }
  });

  it('waits for a target that has the whole archive, and removes the image', async () => {
    const controller = new AbortController();
    const target = new MemoryEngine('graphdriver');
    let finish: (() => void) | undefined;
    target.hook = (call, { signal }) => {
      if (call !== 'load, all read') return undefined;
      controller.abort(new Error('enough'));
      expect(signal?.aborted).toBe(false); // the target would make the image even if nobody waited
      return new Promise<void>((resolve) => (finish = resolve));
    };
    const copying = failureOf(copy(makeSource(), target, { signal: controller.signal }));
    while (finish === undefined) await new Promise((resolve) => setImmediate(resolve));
    finish();
    expect((await copying).message).toBe('enough');
    expect(target.log.slice(-1)).toEqual(['remove']);
    expect(target.kept).toEqual([]);
  });
});

