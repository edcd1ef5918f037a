// The expected outcome of each case in tape-cases.mjs, computed from the bytes on its tape as recorded.ts reads them. One function
// serves all engines; where engines differ, it says how and why.

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import {
  ApiError, BadRequestError, ConflictError, NotFoundError, UnauthorizedError, VersionError,
} from '../../src/index.ts';
import type { Recorded } from './recorded.ts';
import { gated } from './tape-cases.mjs';

/** The outcome of a case. */
export interface Outcome {
  value?: unknown;
  error?: unknown;
}

/** The expected outcome of a case. */
export type Expectation =
  | { readonly value: unknown }
  | { readonly apiError: { status: number; daemonMessage: string; inStream: boolean } }
  | { readonly check: (outcome: Outcome) => void };

/** The content of a tape, and its engine. */
export interface Facts {
  /** The exchange that the case tests; usually the last. */
  readonly last: Recorded;
  readonly all: readonly Recorded[];
  /** The last exchange whose `METHOD /target` matches. */
  at(pattern: RegExp): Recorded;
  readonly podman: boolean;
  /** `docker-20.10` */
  readonly folder: string;
  /** The version that the engine speaks. */
  readonly apiVersion: string;
  readonly containerd: boolean;
}

/** The exchanges of a tape in the form that the expectations use. */
export function factsOf(folder: string, all: readonly Recorded[], apiVersion: string): Facts {
  const at = (pattern: RegExp): Recorded => {
    const found = all.findLast(({ method, target }) => pattern.test(`${method} ${target}`));
    if (found === undefined) throw new Error(`nothing on the tape is like ${pattern}`);
    return found;
  };
  const last = all.at(-1);
  if (last === undefined) throw new Error('the tape is empty');
  const [podman, containerd] = [folder.startsWith('podman'), folder.endsWith('containerd')];
  return { last, all, at, podman, folder, apiVersion, containerd };
}

const named = (list: string[] | null): string[] => (list ?? []).filter((name) => !/^<none>[:@]<none>$/.test(name));

/** The answer's JSON, with `[]` where an engine says null for an empty list, or `<none>` for an absent name. */
const imageOf = (image: any): any => ({
  ...image,
  RepoTags: named(image.RepoTags),
  RepoDigests: named(image.RepoDigests),
});
const imagesOf = ({ json }: Recorded): any[] => json().map(imageOf);

/** Podman leaves `sha256:` out of what a removal deleted; a prune that deleted nothing says null, or `[]`. */
const removedOf = (items: Array<{ Deleted?: string; Untagged?: string }> | null): unknown[] =>
  (items ?? []).map((item) =>
    /^[0-9a-f]{64}$/.test(item.Deleted ?? '') ? { ...item, Deleted: `sha256:${item.Deleted}` } : item,
  );

/** An answer of 400 and more, and the message in it. */
function refused(exchange: Recorded): Expectation {
  expect(exchange.status).toBeGreaterThanOrEqual(400);
  const body = exchange.json();
  const daemonMessage = (body.message ?? body.errorDetail.message).trim();
  return { apiError: { status: exchange.status, daemonMessage, inStream: false } };
}

/** A failure, in the status or, after a status of 200, in the stream. */
function failed(exchange: Recorded): Expectation {
  if (exchange.status !== 200) return refused(exchange);
  const { errorDetail } = exchange.lines().at(-1);
  return { apiError: { status: 200, daemonMessage: errorDetail.message, inStream: true } };
}

/** The expectation for an operation that some engines do and others reject. */
const valueOr =
  (value: (facts: Facts) => unknown, pattern?: RegExp) =>
  (facts: Facts): Expectation => {
    const exchange = pattern === undefined ? facts.last : facts.at(pattern);
    const isFailure = exchange.status >= 400 || /^\{"errorDetail"/m.test(exchange.body.toString());
    return isFailure ? failed(exchange) : { value: value(facts) };
  };

const lastFailed = ({ last }: Facts): Expectation => failed(last);
const lastJson = ({ last }: Facts): Expectation => ({ value: last.json() });
/** The result for an `ImageUsage`, which the engine adds up itself; it leaves out a count of zero. */
const usageOf = ({ TotalSize, Reclaimable, TotalCount, ActiveCount = 0 }: Record<string, number>): object => ({
  totalSize: TotalSize,
  reclaimable: Reclaimable,
  totalCount: TotalCount,
  activeCount: ActiveCount,
});
/** Ids with their algorithm, and a list of names, where Podman has bare ids and engines have null. */
const lastHistory = ({ last }: Facts): Expectation => ({
  value: last.json().map((item: any) => ({ ...item, Id: withAlgorithm(item.Id), Tags: item.Tags ?? [] })),
});
const withAlgorithm = (id: string): string => (/^[0-9a-f]{64}$/.test(id) ? `sha256:${id}` : id);
const lastBody = ({ last }: Facts): Expectation => ({ value: last.body });
const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const CREATE = /^POST \S+\/images\/create/;
const PUSH = /^POST \S+\/push/;

/** The content of a load's archive. The digest of the configuration is the image ID, except on the containerd store. */
function idInArchive(archive: Buffer): string {
  const size = Number.parseInt(archive.toString('latin1', 124, 135), 8); // the first entry is the configuration
  return sha256(archive.subarray(512, 512 + size));
}

/** `Loaded image: name`, one line for each name. Podman uses commas, and adds a host to names without one. */
function loaded({ last, podman }: Facts, names: readonly string[]): Expectation {
  const text = last.lines().map(({ stream }) => stream ?? '').join('');
  const found = [...text.matchAll(/^Loaded image: (.*)$/gm)].flatMap((match) => (match[1] ?? '').split(/, ?/));
  const hosts = podman ? /^(?:localhost|docker\.io)\// : /^(?!)/;
  expect(found.map((name) => name.replace(hosts, ''))).toEqual(names);
  return { value: { references: found, ids: [] } };
}

/** The digest and the status: Docker sends them; for Podman they follow from the image's names before and after. */
function pulled({ all, at, podman }: Facts, tail: RegExp): Record<string, unknown> {
  const result = { reference: expect.stringMatching(tail), warnings: [] };
  if (!podman) {
    const said = (start: string): string | undefined =>
      at(CREATE).lines().map(({ status }) => status).find((status) => status?.startsWith(start))?.slice(start.length);
    const status = said('Status: ')?.startsWith('Downloaded') ? 'downloaded' : 'up-to-date';
    return { ...result, digest: said('Digest: '), status };
  }
  const inspects = all.filter(({ target }) => /\/images\/.*\/json$/.test(target));
  const [before, after] = [inspects[0], inspects.at(-1)];
  const now = after?.json();
  const asked = /@(sha256:.*)\/json$/.exec(after?.target ?? '')?.[1];
  const same = before?.status === 200 && before.json().Id === now.Id;
  return { ...result, digest: asked ?? digestOf(all, now), status: same ? 'up-to-date' : 'downloaded' };
}

/** Podman has two digests for an image of an index; it lists a new image under the digest of the index. */
function digestOf(all: Facts['all'], { RepoDigests }: { RepoDigests: readonly string[] }): string | undefined {
  const digests = RepoDigests.map((each) => each.split('@')[1]);
  if (digests.length === 1) return digests[0];
  const list = all.find(({ target }) => target.includes('/images/json?filters='));
  if (list === undefined) return undefined;
  const listed = list.json()[0].Digest;
  expect(digests).toContain(listed);
  return listed;
}

/** From `aux`, or else from the text. */
function pushed({ at }: Facts): Expectation {
  const lines = at(PUSH).lines();
  const aux = lines.find((line) => line.aux?.Digest !== undefined)?.aux;
  const [, digest, size] = /digest: (sha256:[0-9a-f]{64}) size: ([0-9]+)/.exec(JSON.stringify(lines)) ?? [];
  const [Digest, Size] = aux === undefined ? [digest, Number(size)] : [aux.Digest, aux.Size];
  expect(Digest).toMatch(/^sha256:/);
  return { value: { reference: expect.stringMatching(/:1$/), digest: Digest, size: Size, tags: undefined, warnings: [] } };
}

/** Podman treats a call without a tag as one with `latest`, so no request is sent. */
const allTags =
  (subject: string, otherwise: (facts: Facts) => Expectation) =>
  (facts: Facts): Expectation => {
    if (!facts.podman) return otherwise(facts);
    return {
      check({ error }) {
        expect(error).toBeInstanceOf(VersionError);
        expect(error).toMatchObject({ subject, needed: 'Docker', spoken: 'Podman' });
        expect(facts.all.filter(({ target }) => target !== '/_ping')).toEqual([]);
      },
    };
  };

/** Podman's search has other keys, and names with the registry's host. */
function found({ last }: Facts): unknown {
  return last.json().map((item: any) =>
    item.name !== undefined
      ? item
      : {
          name: item.Name,
          description: item.Description,
          star_count: item.Stars,
          is_official: item.Official === '[OK]',
          is_automated: item.Automated === '[OK]',
        },
  );
}

/** Features of some engines: since which API version, whether or since when only Docker has it, whether it needs the containerd store. */
const gates: Readonly<Record<string, { since?: string; docker?: true | number; containerd?: true }>> = {
  'images.sharedSize': { since: '1.42', docker: true },
  'images.manifests': { since: '1.47', containerd: true },
  'images.identity': { since: '1.54', containerd: true },
  'inspectImage.manifests': { since: '1.48', containerd: true },
  'inspectImage.platform': { since: '1.49' },
  'history.platform': { since: '1.48' },
  'removeImage.platforms': { since: '1.50' },
  'getImage.platform': { since: '1.48' },
  'loadImage.platform': { since: '1.48' },
  'push.platform': { since: '1.46' },
  'pull.platform': { since: '1.32' },
  'importImage.platform': { since: '1.32', docker: 23 },
  inspectDistribution: { since: '1.30', docker: true },
  imageAttestations: { since: '1.55', docker: true },
  pruneImages: { since: '1.25' },
  diskUsage: { since: '1.25' },
};

/** The requirements of a subject, in the order of the checks: an identity belongs to a manifest. */
const chains: Readonly<Record<string, readonly string[]>> = {
  'images.identity': ['images.manifests', 'images.identity'],
  'imageAttestations.statement': ['imageAttestations'],
};

/** The rejection of a subject, first for the version, then for the store; undefined if the engine supports it. */
function refusalOf(subject: string, { podman, containerd, all }: Facts, version: string): object | undefined {
  const code = 'LONGSHORE_VERSION';
  const chain = chains[subject] ?? [subject];
  for (const each of chain) {
    const docker = gates[each]?.docker;
    if (docker === true && podman) return { code, subject: each, needed: 'Docker', spoken: 'Podman' };
    const [, release = ''] = /^Docker\/(\S+)/.exec(all[0]?.fields.get('server') ?? '') ?? [];
    if (typeof docker === 'number' && !podman && Number.parseInt(release, 10) < docker) {
      return { code, subject: each, needed: `Docker ${docker}.0`, spoken: `Docker ${release}` };
    }
    const since = gates[each]?.since ?? '1.0';
    if (minor(version) < minor(since)) return { code, subject: each, needed: since, spoken: version };
  }
  const stored = chain.find((each) => gates[each]?.containerd);
  if (stored === undefined || containerd) return undefined;
  return { code, subject: stored, needed: 'containerd store', spoken: 'graphdriver store' };
}
const minor = (version: string): number => Number(version.split('.')[1]);

/** All rejections; checks that the only requests were about the engine itself. */
function refusals(facts: Facts, version: string): Expectation {
  const questions = facts.all.map(({ method, target }) => `${method} ${target.replace(/^\/v[0-9.]+/, '')}`);
  const allowed = ['HEAD /_ping', 'GET /_ping', 'GET /info'];
  expect(questions.filter((question) => !allowed.includes(question))).toEqual([]);
  const all = Object.keys(gated).map((subject) => [subject, refusalOf(subject, facts, version)] as const);
  return { value: Object.fromEntries(all.filter(([, refusal]) => refusal !== undefined)) };
}

/** The events on the tape up to a number of seconds after the case began, but at least those that the case made. */
function eventsWith(seconds: number, ...actions: readonly string[]) {
  return ({ at }: Facts): Expectation => {
    const end = Date.parse(at(/^GET \/_ping/).fields.get('date') ?? '') / 1000 + seconds;
    const events = at(/\/events\?/).lines().filter(({ timeNano }: any) => timeNano / 1e9 <= end);
    expect(events.map(({ Action }) => Action)).toEqual(expect.arrayContaining([...actions]));
    const value = events.map((event: any) => ({
      ...event,
      Actor: { ...event.Actor, ID: withAlgorithm(event.Actor.ID) },
      ...(event.id === undefined ? {} : { id: withAlgorithm(event.id) }),
    }));
    return { value };
  };
}

const listOf =
  (...tags: ReadonlyArray<readonly string[]>) =>
  ({ last }: Facts): Expectation => {
    const images = imagesOf(last);
    const found = images.map(({ RepoTags }) => RepoTags.map((name: string) => name.replace(/^docker\.io\//, '')));
    expect(found.sort()).toEqual([...tags]);
    return { value: images };
  };

/** The expected result of each case, computed from its tape. */
export const expectations: Readonly<Record<string, (facts: Facts) => Expectation>> = {
  demo: () => ({ value: ['negotiate', 'import', 'list', 'save', 'remove', 'load', 'tidy up'] }),
  ping: ({ last: { fields }, podman }) => ({
    value: {
      apiVersion: fields.get('api-version'),
      osType: fields.get('ostype'),
      experimental: fields.get('docker-experimental') === 'true',
      builderVersion: fields.get('builder-version') || undefined, // Podman has an empty one
      server: fields.get('server'),
      isPodman: podman,
      podmanVersion: fields.get('libpod-api-version'),
    },
  }),
  negotiate: ({ last }) => ({ value: last.fields.get('api-version') }),
  version: lastJson,
  'version-not-spoken': ({ last, all }) => {
    // Podman ignores the version in the path, and some Docker versions support it.
    if (all.every(({ status }) => status === 200)) return { value: imagesOf(last) };
    return {
      check({ error }) {
        expect(all[0]?.status).toBe(400);
        expect(error).toBeInstanceOf(VersionError);
        const { MinAPIVersion, ApiVersion } = last.json();
        expect(error).toMatchObject({ needed: '1.55', spoken: `${MinAPIVersion} to ${ApiVersion}` });
      },
    };
  },
  'request-version-not-spoken': ({ last: { status, body } }) => ({ value: { status, text: body.toString() } }),
  info: lastJson,
  'disk-usage': ({ last }) => {
    const { ImageUsage, LayersSize, Images } = last.json();
    if (ImageUsage !== undefined) return { value: usageOf(ImageUsage) }; // from API 1.52 on
    const totalSize = LayersSize || Images.reduce((sum: number, { Size }: { Size: number }) => sum + Size, 0);
    expect(totalSize).toBeGreaterThan(0);
    expect(Images.filter(({ Containers }: { Containers: number }) => Containers > 0)).toEqual([]);
    const totalCount = new Set(Images.map(({ Id }: { Id: string }) => Id)).size; // Podman lists an image once for each tag
    return { value: { totalSize, reclaimable: totalSize, totalCount, activeCount: 0 } };
  },
  supports: (facts) => {
    const known = [...Object.keys(gated), 'images', 'pull', 'removeImage.force'];
    const answers = known.map((subject) => [subject, refusalOf(subject, facts, facts.apiVersion) === undefined]);
    return { value: Object.fromEntries(answers) };
  },
  gates: (facts) => refusals(facts, facts.apiVersion),
  'gates-pinned': (facts) => refusals(facts, '1.24'),

  'auth-refused': lastFailed,
  auth: valueOr(({ last }) => ({ IdentityToken: '', ...last.json() })), // Docker 29 leaves an empty one out; Podman logs in to no registry by plain HTTP
  'auth-wrong': lastFailed,
  'auth-local': ({ last }) => ({ value: { IdentityToken: '', ...last.json() } }),
  'auth-local-wrong': lastFailed,

  events: (facts) => eventsWith(1, ...(facts.podman ? ['tag', 'tag'] : ['import', 'tag', 'tag']))(facts),
  'events-filters': eventsWith(1, 'tag', 'tag'),
  'events-past': eventsWith(0, 'tag', 'tag'),
  'events-none': () => ({ value: [] }),
  'events-until': eventsWith(2, 'tag', 'tag', 'tag'),

  'images-empty': () => ({ value: [] }),
  'images-all': listOf(['longshore/tape-a:1'], ['longshore/tape-b:1']),
  'images-by-name': listOf(['longshore/tape-a:1'], ['longshore/tape-a:2']),
  'images-filters': listOf([]),
  'images-quiet': ({ last }) => {
    expect(last.json()).toHaveLength(2);
    return { value: last.json().map(({ Id }: { Id: string }) => Id) };
  },
  'images-before': listOf(['longshore/tape-a:1']),
  'images-since': listOf(['longshore/tape-b:1']),
  'images-until': valueOr(({ last }) => imagesOf(last)),
  'images-unknown-filter': lastFailed,
  'images-shared-size': ({ last }) => {
    expect(last.json()[0].SharedSize).toBeGreaterThanOrEqual(0);
    return { value: imagesOf(last) };
  },
  'images-manifests': ({ last }) => {
    const platforms = last.json()[0].Manifests.map(({ ImageData }: any) => ImageData.Platform.architecture);
    expect(platforms).toEqual(['amd64', 'arm64']);
    return { value: imagesOf(last) };
  },

  inspect: ({ last }) => ({ value: imageOf(last.json()) }),
  'inspect-id': ({ last }) => ({ value: imageOf(last.json()) }),
  'inspect-missing': lastFailed,
  'inspect-platform': ({ last }) => ({ value: { ...imageOf(last.json()), Architecture: 'amd64' } }),
  'inspect-platform-other': valueOr(({ last }) => ({ ...imageOf(last.json()), Architecture: 'arm64', Variant: 'v8' })),
  'inspect-platform-missing': lastFailed,
  'inspect-manifests': ({ last }) => {
    expect(last.json().Manifests).toHaveLength(2);
    return { value: imageOf(last.json()) };
  },
  exists: () => ({ value: [false, true] }),
  history: lastHistory,
  'history-missing': lastFailed,
  'history-platform': lastHistory,
  'history-platform-missing': lastFailed,

  tag: ({ at, last }) => {
    expect(at(/^POST/).status).toBe(201);
    return { value: last.json().RepoTags };
  },
  'tag-missing': lastFailed,

  remove: ({ last }) => ({ value: removedOf(last.json()) }),
  'remove-missing': lastFailed,
  'remove-noprune': ({ last }) => ({ value: removedOf(last.json()) }),
  'remove-name': ({ at }) => ({ value: [removedOf(at(/^DELETE/).json()), true] }),
  'remove-conflict': lastFailed,
  'remove-list-name': ({ all }) => ({
    check: ({ error }) => {
      expect(error).toBeInstanceOf(ConflictError);
      expect((error as Error).message).toContain('docker.io/longshore/tape:1');
      expect(all.filter(({ method }) => method === 'DELETE')).toEqual([]);
    },
  }),
  'remove-force': ({ last }) => ({ value: removedOf(last.json()) }),
  'remove-platforms': valueOr(({ at }) => [removedOf(at(/^DELETE/).json()), true], /^DELETE/),
  'remove-platforms-missing': lastFailed,
  'remove-platforms-unforced': valueOr(({ last }) => removedOf(last.json())),
  prune: (facts) => prunedBy(facts),
  'prune-nothing': () => ({ value: { ImagesDeleted: [], SpaceReclaimed: 0 } }),
  'prune-unused': valueOr((facts) => prunedBy(facts).value), // Podman 4 does not support `dangling: false`
  'prune-until': valueOr(() => ({ ImagesDeleted: [], SpaceReclaimed: 0 })),
  'prune-label-not': valueOr(() => ({ ImagesDeleted: [], SpaceReclaimed: 0 })),
  'prune-unknown-filter': lastFailed,

  import: ({ at }) => ({ value: { id: at(CREATE).lines().at(-1).status } }),
  'import-tag-in-repository': ({ at, last }) => {
    expect(last.json().Id).toBe(at(CREATE).lines().at(-1).status);
    return { value: { same: true, RepoTags: [expect.stringMatching(/^(?:docker\.io\/)?longshore\/tape:7$/)] } };
  },
  'import-changes': ({ last }) => {
    expect(last.json().Config).toMatchObject({ Env: ['A=b c'], Cmd: ['/bin/app', '-x'], WorkingDir: '/srv' });
    return { value: last.json().Config };
  },
  'import-message-platform': () => ({ value: { Os: 'linux', Architecture: 'arm64', Comment: 'made by longshore' } }),
  'import-bad-platform': valueOr(({ at }) => ({ id: at(CREATE).lines().at(-1).status }), CREATE),
  'import-bad-change': lastFailed,
  'import-refused-early': lastFailed,
  'import-garbage': lastFailed,
  'import-url-refused': lastFailed,
  'import-url': ({ at }) => ({ value: { id: at(CREATE).lines().at(-1).status } }),
  'import-url-missing': lastFailed,

  save: lastBody,
  'save-many': lastBody,
  'save-missing': lastFailed,
  'save-some-missing': lastFailed,
  'save-platform': lastBody,
  'save-platform-missing': lastFailed,
  load: (facts) => {
    expect(facts.last.requestBody.length % 512).toBe(0);
    return loaded(facts, ['longshore/tape:1', 'longshore/tape-b:1']);
  },
  'load-untagged': ({ last, containerd }) => {
    const [id] = /sha256:[0-9a-f]{64}/.exec(last.body.toString()) ?? [];
    if (!containerd) expect(id).toBe(idInArchive(last.requestBody));
    return { value: { references: [], ids: [id] } };
  },
  'load-quiet': (facts) => loaded(facts, ['longshore/tape:1']),
  'load-multi': (facts) => loaded(facts, ['longshore/tape:1']),
  'load-garbage': lastFailed,
  'load-platform': (facts) => loaded(facts, ['longshore/tape:1']),
  'load-platform-missing': ({ last, containerd }) => {
    if (containerd) return failed(last);
    // A graphdriver store loads nothing, and ends with the line of an empty list: {"stream":""} without its empty field.
    expect(last.body.toString().trim()).toBe('{}');
    return { check: ({ error }) => expect(String(error)).toContain('loaded nothing: the archive has no image for linux/') };
  },

  'pull-refused': (facts) => failed(facts.at(CREATE)),
  'push-refused': lastFailed,
  'push-missing': lastFailed,
  'distribution-refused': lastFailed,
  push: pushed,
  'push-all-tags': allTags('push.allTags', ({ last }) => {
    expect(last.lines().filter(({ status }) => /^[12]: digest: sha256:/.test(status ?? ''))).toHaveLength(2);
    const reference = expect.stringMatching(/\/longshore\/tape-all$/);
    const told = [...last.body.toString().matchAll(/"([\w.]+): digest: (sha256:[0-9a-f]{64}) size: ([0-9]+)"/g)];
    const tags = told.map(([, tag, digest, size]) => ({ tag, digest, size: Number(size) }));
    return { value: { reference, digest: undefined, size: undefined, tags, warnings: [] } };
  }),
  'push-platform': pushed,
  'push-platform-missing': lastFailed,
  'push-multi': pushed,
  pull: (facts) => ({ value: { ...pulled(facts, /\/longshore\/tape:1$/), status: 'downloaded' } }),
  'pull-up-to-date': (facts) => ({ value: { ...pulled(facts, /\/longshore\/tape:1$/), status: 'up-to-date' } }),
  'pull-missing': (facts) => failed(facts.at(CREATE)),
  'pull-repository-missing': (facts) => failed(facts.at(CREATE)),
  'pull-digest': (facts) => {
    const value = pulled(facts, /\/longshore\/multi@sha256:[0-9a-f]{64}$/);
    const asked = /tag=sha256%3A([0-9a-f]{64})/.exec(facts.at(CREATE).target)?.[1];
    return { value: { ...value, digest: `sha256:${asked}` } };
  },
  'pull-digest-missing': (facts) => failed(facts.at(CREATE)),
  'pull-all-tags': allTags('pull.allTags', (facts) => ({
    value: { ...pulled(facts, /\/longshore\/multi$/), digest: undefined },
  })),
  'pull-platform': (facts) => {
    const value = { ...pulled(facts, /\/longshore\/multi:1$/), architecture: 'arm64' };
    // Docker 29 does not show an image that it has only for another platform.
    return facts.last.json().Architecture === 'arm64' ? { value } : { check: ({ error }) => expect(error).toBeInstanceOf(NotFoundError) };
  },
  'pull-platform-missing': (facts) => failed(facts.at(CREATE)),
  'pull-platform-other': (facts) => {
    // 26.1 reports it in the stream; with the others, the inspect that follows shows it.
    if (facts.at(CREATE).lines().at(-1)?.errorDetail !== undefined) return failed(facts.at(CREATE));
    return {
      check({ error }) {
        expect(error).toMatchObject({ status: 200, inStream: true });
        expect((error as ApiError).message).toMatch(/^the engine pulled \S+\/tape:1 for linux\/amd64: the registry has none for linux\/s390x$/);
      },
    };
  },
  'save-platform-absent': lastFailed,
  'pull-policy-absent': (facts) => ({ value: { ...pulled(facts, /\/longshore\/multi:1$/), status: 'downloaded' } }),
  'pull-policy-present': ({ all, at }) => {
    expect(all.filter(({ method }) => method === 'POST')).toEqual([]);
    const digest = digestOf([], at(/\/json$/).json());
    const reference = expect.stringMatching(/\/longshore\/multi:1$/);
    return { value: { reference, digest, status: 'up-to-date', warnings: [] } };
  },
  distribution: lastJson,
  'distribution-multi': lastJson,
  'distribution-missing': lastFailed,

  'push-login': pushed,
  'push-login-wrong': lastFailed,
  'push-login-anonymous': lastFailed,
  'pull-login': (facts) => ({ value: { ...pulled(facts, /\/longshore\/tape:1$/), status: 'downloaded' } }),
  'pull-login-wrong': (facts) => failed(facts.at(CREATE)),
  'pull-login-anonymous': (facts) => failed(facts.at(CREATE)),
  'distribution-login': lastJson,
  'distribution-login-wrong': lastFailed,
  'distribution-login-anonymous': lastFailed,

  'search-refused': lastFailed,
  search: (facts) => ({ value: found(facts) }),
  'search-limit': (facts) => {
    expect(found(facts)).toHaveLength(2);
    return { value: found(facts) };
  },
  'search-limit-refused': valueOr(found), // Podman accepts it
  'search-filters': (facts) => {
    expect(found(facts)).toMatchObject([{ star_count: 3, is_official: false }]);
    return { value: found(facts) };
  },
  'search-unknown-filter': lastFailed,
};

function prunedBy({ last }: Facts): { value: unknown } {
  const { ImagesDeleted, ...others } = last.json();
  expect(ImagesDeleted.length).toBeGreaterThan(0);
  return { value: { ...others, ImagesDeleted: removedOf(ImagesDeleted) } };
}

type Meaning = readonly [reason: ApiError['reason'], Class: typeof ApiError, except?: RegExp];

/**
 * The meaning of a failure, independent of message and status: the reason, and the class if it is the same for all engines.
 * For engines that match the last column, the case means something else; a comment says why.
 */
export const meanings: Readonly<Record<string, Meaning>> = {
  'auth-refused': ['network', ApiError],
  'auth-wrong': ['auth', UnauthorizedError, /^podman/], // which fails earlier: it requires HTTPS
  'auth-local-wrong': ['auth', UnauthorizedError],
  'images-unknown-filter': [undefined, ApiError],
  'inspect-missing': ['not-found', NotFoundError],
  'inspect-platform-other': ['platform', NotFoundError],
  'inspect-platform-missing': ['platform', NotFoundError],
  'history-missing': ['not-found', NotFoundError],
  'history-platform-missing': ['platform', NotFoundError],
  'tag-missing': ['not-found', NotFoundError],
  'remove-missing': ['not-found', NotFoundError],
  'remove-conflict': [undefined, ConflictError],
  'remove-platforms': ['platform', NotFoundError],
  'remove-platforms-missing': ['platform', NotFoundError],
  'remove-platforms-unforced': [undefined, BadRequestError],
  'import-bad-platform': ['platform', BadRequestError],
  'import-url-refused': ['network', ApiError],
  'import-url-missing': ['not-found', NotFoundError, /^podman/], // which reads the error page as a tar archive
  'save-missing': ['not-found', NotFoundError],
  'save-some-missing': ['not-found', NotFoundError],
  'save-platform-missing': ['platform', ApiError],
  'load-platform-missing': ['platform', ApiError],
  'pull-refused': ['network', ApiError],
  'push-refused': ['network', ApiError],
  'push-missing': ['not-found', NotFoundError],
  'push-platform-missing': ['platform', ApiError],
  'pull-missing': ['not-found', NotFoundError],
  'pull-repository-missing': ['not-found', NotFoundError],
  'pull-digest-missing': ['not-found', NotFoundError],
  'pull-platform': ['platform', NotFoundError],
  'pull-platform-missing': ['platform', ApiError],
  'pull-platform-other': ['platform', ApiError],
  'save-platform-absent': ['platform', NotFoundError],
  'distribution-refused': ['network', ApiError],
  'distribution-missing': ['not-found', NotFoundError],
  'push-login-wrong': ['auth', UnauthorizedError],
  'push-login-anonymous': ['auth', UnauthorizedError],
  'pull-login-wrong': ['auth', UnauthorizedError],
  'pull-login-anonymous': ['auth', UnauthorizedError],
  'distribution-login-wrong': ['auth', UnauthorizedError],
  'distribution-login-anonymous': ['auth', UnauthorizedError],
  'search-refused': ['network', ApiError],
};
