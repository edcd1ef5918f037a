// The cases of the survey: for each operation and each parameter, a call without it and one with it, and what it promises.
// The cases do not depend on the engine, except if a registry that suits the engine is needed.

import { randomBytes } from 'node:crypto';
import { packTar } from '../../src/index.ts';
import type { Filters, ImageAttestationsOptions, ImageClient, ImageEvent, LoadImageOptions } from '../../src/index.ts';
import type { Observation } from '../support/survey.ts';
import { outcome } from '../support/survey.ts';
import { multiArchive } from '../support/tape-images.mjs';
import { ENGINE, LABEL, LOGIN, REGISTRY, REGISTRY_AUTH, RUN, collect, makeFor, makeImage, manifestOf, registryDigest, repository, serve, shown } from './support.ts';
import { PLATFORMS, makeTwoPlatforms } from './two-platforms.ts';
import type { TwoPlatforms } from './two-platforms.ts';

/** Observes one subject. */
export interface SurveyCase {
  /** Whether the engine must reach the registry without a login, or the one with a login. */
  readonly needs?: 'registry';
  readonly see: (docker: ImageClient) => Promise<readonly Observation[]>;
}

const [OWN, OTHER] = PLATFORMS;
const changes = [`LABEL ${LABEL}`];

/** A subject with a single comparison. */
function compare(see: (docker: ImageClient) => Promise<Observation>, needs?: 'registry'): SurveyCase {
  return { ...(needs && { needs }), see: async (docker) => [await see(docker)] };
}

/** An operation that works if the call returns a value that passes the check. */
function fits<Value>(call: (docker: ImageClient) => PromiseLike<Value>, check: (value: Value) => boolean, needs?: 'registry'): SurveyCase {
  const see = async (docker: ImageClient): Promise<Observation> => {
    const value = await outcome(call(docker));
    return { with: typeof value === 'string' || check(value) || 'another answer', promised: true };
  };
  return compare(see, needs);
}

/** By subject; a subject of the endpoint table that is not here fails the survey. */
export const surveyCases: Readonly<Record<string, SurveyCase>> = {
  ping: fits((docker) => docker.ping(), ({ apiVersion }) => /^1\.[0-9]+$/.test(apiVersion)),
  version: fits((docker) => docker.version(), ({ ApiVersion }) => /^1\.[0-9]+$/.test(ApiVersion)),
  info: fits((docker) => docker.info(), ({ Driver }) => typeof Driver === 'string'),
  checkAuth: {
    needs: 'registry',
    see: async (docker) => {
      const registry = REGISTRY_AUTH.replace(/^127\.0\.0\.1(?=:)/, 'localhost'); // the only host that Podman logs in to by plain HTTP
      const check = async (password: string): Promise<string> => {
        const answer = await outcome(docker.checkAuth(registry, { ...LOGIN, password }));
        return typeof answer === 'string' ? answer : answer.Status;
      };
      return [{ with: [await check(LOGIN.password), await check('wrong')], promised: ['Login Succeeded', 'fails with UnauthorizedError (auth)'] }];
    },
  },

  events: compare(async (docker) => {
    const { since, isOurs } = await happen(docker, 'events');
    return { with: (await all(docker.events({ since, until: justAfterNow() }))).some(isOurs), promised: true };
  }),
  'events.since': compare(async (docker) => {
    const { since, isOurs } = await happen(docker, 'events-since');
    const sees = async (from?: number): Promise<boolean> => (await all(docker.events({ since: from, until: now() + 2 }))).some(isOurs);
    const without = await sees(); // Docker then also sends past events
    return { without: [without, without], with: [await sees(since), await sees(now() + 1)], promised: [true, false] };
  }),
  'events.until': compare(async (docker) => {
    const { since, isOurs } = await happen(docker, 'events-until');
    const sees = async (until?: number): Promise<boolean> => {
      for await (const event of docker.events({ since: since - 10, until })) if (isOurs(event)) return true;
      return false;
    };
    return { without: await sees(), with: await sees(since - 5), promised: false };
  }),
  'events.filters': {
    see: async (docker) => {
      const cases: Readonly<Record<string, [filters: Filters, promised: boolean]>> = {
        event: [{ event: 'pull' }, false],
        image: [{ image: repository('another') }, false],
        label: [{ label: `${LABEL}-not` }, false],
        scope: [{ scope: 'swarm' }, false],
      };
      const { since, isOurs } = await happen(docker, 'events-filters');
      return observeEach(cases, async (filters) => (await all(docker.events({ since, until: justAfterNow(), filters }))).some(isOurs));
    },
  },

  diskUsage: fits((docker) => docker.diskUsage(), ({ totalCount }) => Number.isSafeInteger(totalCount)),
  // The client sends this parameter itself if the engine supports it; a raw request shows its effect.
  'diskUsage.type': compare(async (docker) => {
    if (!(await docker.supports('diskUsage.type'))) return { with: 'the client does not send it', promised: false };
    const tellsVolumes = async (query?: { type: string }): Promise<boolean> => {
      const { body } = await docker.request({ path: '/system/df', query });
      return Array.isArray(JSON.parse((await collect(body)).toString()).Volumes);
    };
    return { without: await tellsVolumes(), with: await tellsVolumes({ type: 'image' }), promised: false };
  }),
  'diskUsage.verbose': compare(async (docker) => {
    await makeImage(docker, 'usage');
    const hasImages = async (verbose: boolean): Promise<boolean> => (await docker.diskUsage({ verbose })).images !== undefined;
    return { without: await hasImages(false), with: await hasImages(true), promised: true };
  }),

  images: fits((docker) => docker.images(), Array.isArray),
  'images.all': compare(async (docker) => {
    const base = await makeImage(docker, 'all');
    const name = await buildOnTop(docker, base.name, 'all-top');
    const { Parent } = await docker.inspectImage(name);
    const lists = async (all?: boolean): Promise<boolean> => (await docker.images({ all, quiet: true })).includes(Parent ?? '');
    return { without: await lists(), with: await lists(true), promised: true };
  }),
  'images.filters': {
    see: async (docker) => {
      const { name } = await makeImage(docker, 'list-filters');
      const cases: Readonly<Record<string, [filters: Filters, promised: number]>> = {
        dangling: [{ dangling: true }, 0],
        label: [{ label: `${LABEL}-not` }, 0],
        before: [{ before: name }, 0],
        since: [{ since: name }, 0],
        reference: [{ reference: repository('another') }, 0],
        until: [{ until: '24h' }, 0],
      };
      return observeEach(cases, async (filters) => {
        const listed = await docker.images({ filters });
        return listed.filter(({ RepoTags }) => RepoTags.includes(shown(name))).length;
      });
    },
  },
  'images.sharedSize': compare(async (docker) => {
    const name = repository('shared');
    const files = { random: randomBytes(100_000) };
    for (const tag of ['v1', 'v2']) await docker.importImageFromData(files, { repository: name, tag, message: tag, changes });
    const shares = async (sharedSize?: boolean): Promise<boolean> => {
      const [image] = await docker.images({ name, sharedSize });
      return (image?.SharedSize ?? -1) > 0;
    };
    return { without: await shares(), with: await shares(true), promised: true };
  }),
  'images.manifests': compare(async (docker) => {
    const { name } = await makeImage(docker, 'list-manifests');
    const tells = async (manifests?: boolean): Promise<boolean> => (await docker.images({ name, manifests }))[0]?.Manifests !== undefined;
    return { without: await tells(), with: await tells(true), promised: true };
  }),
  'images.identity': compare(async (docker) => {
    const { name } = await makeImage(docker, 'identity');
    const tells = async (identity?: boolean): Promise<boolean> => {
      const [image] = await docker.images({ name, manifests: true, identity });
      return image?.Manifests?.some((manifest) => 'Identity' in (manifest.ImageData ?? {})) ?? false;
    };
    return { without: await tells(), with: await tells(true), promised: true };
  }),

  inspectImage: fits(async (docker) => docker.inspectImage((await makeImage(docker, 'inspect')).id), ({ Os }) => Os === 'linux'),
  'inspectImage.manifests': compare(async (docker) => {
    const { name } = await makeImage(docker, 'inspect-manifests');
    const tells = async (manifests?: boolean): Promise<boolean> => (await docker.inspectImage(name, { manifests })).Manifests !== undefined;
    return { without: await tells(), with: await tells(true), promised: true };
  }),
  'inspectImage.platform': compare(async (docker) => {
    const { name } = await both(docker, 'inspect-platform');
    const architecture = async (platform?: string): Promise<string> => (await docker.inspectImage(name, { platform })).Architecture;
    return { without: await outcome(architecture()), with: await outcome(architecture(OTHER)), promised: 's390x' };
  }, 'registry'),

  history: fits(async (docker) => docker.history((await makeImage(docker, 'history')).id), (steps) => steps.length === 1),
  'history.platform': compare(async (docker) => {
    const { name } = await both(docker, 'history-platform');
    const madeFor = async (platform?: string): Promise<string> => (await docker.history(name, { platform })).at(-1)?.CreatedBy ?? '';
    return { without: await outcome(madeFor()), with: await outcome(madeFor(OTHER)), promised: `made for ${OTHER}` };
  }, 'registry'),

  tag: compare(async (docker) => ({ with: await tagged(docker, 'tag', {}), promised: [true, false] })),
  'tag.repo': compare(async (docker) => ({ with: await tagged(docker, 'tag-repo', {}), promised: [true, false] })),
  'tag.tag': compare(async (docker) => ({
    without: await tagged(docker, 'tag-tag', {}),
    with: await tagged(docker, 'tag-tag', { tag: 'v2' }),
    promised: [false, true],
  })),

  removeImage: compare(async (docker) => {
    const { name, id } = await makeImage(docker, 'remove');
    await docker.removeImage(name);
    return { with: await docker.exists(id), promised: false };
  }),
  'removeImage.force': compare(async (docker) => {
    const remove = async (force?: boolean): Promise<string | boolean> => {
      const { name, id } = await makeImage(docker, 'force');
      await docker.tag(name, repository('force-2'));
      const error = await outcome(docker.removeImage(id, { force }));
      return typeof error === 'string' ? error : docker.exists(id);
    };
    return { without: await remove(), with: await remove(true), promised: false };
  }),
  'removeImage.noprune': compare(async (docker) => {
    const base = await makeImage(docker, 'noprune');
    const keeps = async (noprune?: boolean): Promise<boolean> => {
      const name = await buildOnTop(docker, base.name, 'noprune-top');
      const { Parent = '' } = await docker.inspectImage(name);
      await docker.removeImage(name, { noprune });
      return docker.exists(Parent);
    };
    return { without: await keeps(), with: await keeps(true), promised: true };
  }),
  'removeImage.platforms': compare(async (docker) => {
    const left = async (platforms?: string[]): Promise<string[] | string> => {
      const { name } = await both(docker, 'remove-platforms');
      const error = await outcome(docker.removeImage(name, { force: true, platforms }));
      return typeof error === 'string' ? error : variants(docker, name);
    };
    return { without: await left(), with: await left([OTHER]), promised: ['amd64'] };
  }, 'registry'),

  pruneImages: fits((docker) => docker.pruneImages({ filters: { label: `${LABEL}-none` } }), ({ ImagesDeleted }) => ImagesDeleted.length === 0),
  'pruneImages.filters': {
    see: async (docker) => {
      const label = `longshore.survey=${RUN}`;
      // Whether the image is pruned. The label excludes other images on this engine.
      const prunes = async (filters: Filters, repo: string | undefined): Promise<boolean | string> => {
        const options = { repository: repo, changes: [...changes, `LABEL ${label}`] };
        const { id } = await docker.importImageFromData({ prune: RUN }, options);
        const pruned = await outcome(docker.pruneImages({ filters: { label, ...filters } }));
        return typeof pruned === 'string' ? pruned : !(await docker.exists(id));
      };
      const nameless: Readonly<Record<string, [filters: Filters, promised: boolean]>> = {
        until: [{ until: '24h' }, false],
        label: [{ label: [label, `${LABEL}-not`] }, false],
        'label!': [{ 'label!': LABEL }, false],
      };
      return [
        ...(await observeEach(nameless, (filters) => prunes(filters, undefined))),
        ...(await observeEach({ dangling: [{ dangling: false }, true] }, (filters) => prunes(filters, repository('prune')))),
      ];
    },
  },

  search: compare(async (docker) => ({ with: (await found(docker, {})) as unknown, promised: 2 }), 'registry'),
  'search.term': compare(async (docker) => ({ without: await found(docker, {}), with: await found(docker, {}, 'none'), promised: 0 }), 'registry'),
  'search.limit': compare(async (docker) => ({ without: await found(docker, {}), with: await found(docker, { limit: 1 }), promised: 1 }), 'registry'),
  'search.filters': {
    needs: 'registry',
    see: async (docker) => {
      const cases: Readonly<Record<string, [filters: Filters, promised: number]>> = {
        stars: [{ stars: 5 }, 0],
        'is-official': [{ 'is-official': true }, 0],
        'is-automated': [{ 'is-automated': true }, 0],
      };
      return observeEach(cases, (filters) => found(docker, { filters }));
    },
  },

  inspectDistribution: compare(async (docker) => {
    const { digest, name } = await both(docker, 'distribution');
    return { with: (await docker.inspectDistribution(name)).Descriptor.digest === digest, promised: true };
  }, 'registry'),

  imageAttestations: attestations({}),
  'imageAttestations.platform': attestations({ platform: OWN }),
  'imageAttestations.type': attestations({ type: ['https://slsa.dev/provenance/v1'] }),
  'imageAttestations.statement': attestations({ statement: true }),

  pull: compare(async (docker) => ({ with: await pulled(docker, 'pull', {}), promised: [true, false] }), 'registry'),
  'pull.fromImage': compare(async (docker) => ({ with: await pulled(docker, 'pull-from', {}), promised: [true, false] }), 'registry'),
  'pull.tag': compare(async (docker) => ({
    without: await pulled(docker, 'pull-tag', {}),
    with: await pulled(docker, 'pull-tag', { tag: 'v2' }),
    promised: [false, true],
  }), 'registry'),
  'pull.platform': compare(async (docker) => {
    const image = await makeTwoPlatforms('pull-platform');
    const repo = repository('pull-platform');
    await image.putInto(REGISTRY, repo, 'v1');
    const name = `${REGISTRY}/${repo}:v1`;
    const got = async (platform?: string): Promise<string[] | string> => {
      await outcome(docker.removeImage(name, { force: true }));
      const error = await outcome(docker.pull(name, { platform }));
      return typeof error === 'string' ? error : variants(docker, name);
    };
    return { without: await got(), with: await got(OTHER), promised: ['s390x'] };
  }, 'registry'),

  importImage: fits((docker) => docker.importImageFromData({ a: RUN }, { changes }), ({ id }) => id.startsWith('sha256:')),
  'importImage.fromSrc': compare(async (docker) => {
    const tar = await collect(packTar({ url: RUN }));
    const server = await serve((_, response) => void response.end(tar));
    try {
      const id = async (source: string | Buffer): Promise<string> =>
        (await docker.importImage(source, { changes })).id.slice(0, 'sha256:'.length);
      return { with: await outcome(id(`http://127.0.0.1:${server.port}/x.tar`)), promised: 'sha256:' };
    } finally {
      server.close();
    }
  }),
  'importImage.repo': compare(async (docker) => {
    const names = async (repo?: string): Promise<number> => {
      const { id } = await docker.importImageFromData({ repo: RUN }, { repository: repo, changes });
      return (await docker.inspectImage(id)).RepoTags.length;
    };
    return { without: await names(), with: await names(repository('import')), promised: 1 };
  }),
  'importImage.message': compare(async (docker) => {
    const says = async (message?: string): Promise<boolean> => {
      const { id } = await docker.importImageFromData({ message: RUN }, { message, changes });
      return (await docker.history(id)).some(({ Comment }) => Comment.includes('a word of ours'));
    };
    return { without: await says(), with: await says('a word of ours'), promised: true };
  }),
  'importImage.changes': {
    see: async (docker) => {
      const instructions: Readonly<Record<string, [line: string, member: string]>> = {
        CMD: ['CMD ["/a"]', 'Cmd'],
        ENTRYPOINT: ['ENTRYPOINT ["/a"]', 'Entrypoint'],
        ENV: ['ENV A=b', 'Env'],
        EXPOSE: ['EXPOSE 80/tcp', 'ExposedPorts'],
        LABEL: ['LABEL a=b', 'Labels'],
        ONBUILD: ['ONBUILD USER 1', 'OnBuild'],
        USER: ['USER 7', 'User'],
        VOLUME: ['VOLUME /a', 'Volumes'],
        WORKDIR: ['WORKDIR /a', 'WorkingDir'],
      };
      const seen: Observation[] = [];
      for (const [of, [line, member]] of Object.entries(instructions)) {
        const has = async (lines: string[]): Promise<boolean> => {
          const { id } = await docker.importImageFromData({ [of]: RUN }, { changes: lines });
          const { Config } = await docker.inspectImage(id);
          await docker.removeImage(id, { force: true });
          const value = (Config as Record<string, unknown> | undefined)?.[member];
          return Object.keys(Object(value ?? '')).length > 0;
        };
        seen.push({ of, without: await has([]), with: await outcome(has([line])), promised: true });
      }
      return seen;
    },
  },
  'importImage.platform': compare(async (docker) => {
    const architecture = async (platform?: string): Promise<string> => {
      const { id } = await docker.importImageFromData({ platform: RUN }, { platform, changes });
      return (await docker.inspectImage(id)).Architecture;
    };
    return { without: await architecture(), with: await outcome(architecture(OTHER)), promised: 's390x' };
  }),

  push: compare(async (docker) => ({ with: await pushed(docker, 'push', {}), promised: [true, false] }), 'registry'),
  'push.tag': compare(async (docker) => ({
    without: await pushed(docker, 'push-tag', {}),
    with: await pushed(docker, 'push-tag', { tag: 'v2' }),
    promised: [false, true],
  }), 'registry'),
  'push.platform': compare(async (docker) => {
    const { name, manifests } = await both(docker, 'push-platform');
    const to = repository('push-platform-2');
    const digestOf = async (platform?: string): Promise<string> => {
      const remote = `${REGISTRY}/${to}:${platform === undefined ? 'v1' : 'v2'}`;
      await docker.tag(name, remote);
      await docker.push(remote, { platform });
      const digest = await registryDigest(REGISTRY, to, platform === undefined ? 'v1' : 'v2');
      return Object.entries(manifests).find(([, known]) => known === digest)?.[0] ?? 'another manifest';
    };
    return { without: await outcome(digestOf()), with: await outcome(digestOf(OTHER)), promised: OTHER };
  }, 'registry'),

  getImage: compare(async (docker) => ({ with: await saved(docker, ['save']), promised: 1 })),
  'getImage.names': compare(async (docker) => ({
    without: await saved(docker, ['save-a']),
    with: await saved(docker, ['save-a', 'save-b']),
    promised: 2,
  })),
  'getImage.platform': compare(async (docker) => {
    const { name, manifests } = await both(docker, 'save-platform');
    // Which of the two is in the archive: by manifest, or by configuration in archives without a manifest.
    const inside = async (platform?: string): Promise<string[]> => {
      const archive = (await collect(docker.getImage(name, { platform }))).toString('latin1');
      return PLATFORMS.filter((each) => {
        const path = `blobs/sha256/${manifests[each].slice('sha256:'.length)}\0`;
        return archive.includes(path) || archive.includes(`made for ${each}`);
      });
    };
    return { without: await outcome(inside()), with: await outcome(inside(OTHER)), promised: [OTHER] };
  }, 'registry'),

  loadImage: compare(async (docker) => ({ with: await loaded(docker, 'load', {}), promised: true })),
  'loadImage.quiet': compare(async (docker) => {
    const { name } = await makeImage(docker, 'quiet');
    const archive = await collect(docker.getImage(name));
    const reports = async (quiet?: boolean): Promise<boolean> => {
      await docker.removeImage(name);
      const kinds = new Set<string>();
      for await (const { type } of docker.loadImage(archive, { quiet })) kinds.add(type);
      return kinds.has('layer');
    };
    return { without: await reports(), with: await reports(true), promised: false };
  }),
  'loadImage.platform': compare(async (docker) => {
    // Each image has different content, because removed content may still exist for a while.
    const got = async (tag: string, platform?: string): Promise<string[] | string> => {
      const name = `${repository('load-platform')}:${tag}`;
      const error = await outcome(docker.loadImage(await multiArchive({ packTar }, name), { platform }));
      // A removal makes the containerd store collect unreferenced content, because a load first stores the whole archive.
      await docker.removeImage((await makeImage(docker, 'load-garbage')).name);
      const there = typeof error === 'string' ? error : await variants(docker, name);
      await outcome(docker.removeImage(name, { force: true }));
      return there;
    };
    const without = await got('both');
    const [one, absent] = [await got('one', 'linux/arm64/v8'), await got('absent', 'linux/s390x')];
    return { without: [without, without], with: one === absent ? one : [one, absent], promised: [['arm64'], 'fails with ApiError (platform)'] };
  }),
};

/** One observation for each key of the filters. */
async function observeEach<Value>(
  cases: Readonly<Record<string, readonly [filters: Filters, promised: Value]>>,
  see: (filters: Filters) => Promise<Value | string>,
): Promise<Observation[]> {
  const seen: Observation[] = [];
  const without = await see({});
  for (const [of, [filters, promised]] of Object.entries(cases)) seen.push({ of, without, with: await outcome(see(filters)), promised });
  return seen;
}

/** Tags a new image; returns the whole second before that, and the filter for its event. */
async function happen(docker: ImageClient, what: string): Promise<{ since: number; isOurs(event: ImageEvent): boolean }> {
  const since = Math.floor(now());
  const { name } = await makeImage(docker, what);
  const other = `${repository(what)}:other`;
  await docker.tag(name, other);
  return { since, isOurs: ({ Action, Actor }) => Action === 'tag' && JSON.stringify(Actor).includes(other) };
}

function now(): number {
  return Date.now() / 1000;
}

/** `Date.now()` drops the microseconds, and engines compare nanoseconds: an event of this millisecond would be after `now()`. */
function justAfterNow(): number {
  return (Date.now() + 1) / 1000;
}

async function all(events: AsyncIterable<ImageEvent>): Promise<ImageEvent[]> {
  const seen: ImageEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

/** An image on top of another one, with a nameless one between them, by the engine's own builder. */
async function buildOnTop(docker: ImageClient, base: string, what: string): Promise<string> {
  const name = `${repository(what)}:v1`;
  const { status, body } = await docker.request({
    method: 'POST',
    path: '/build',
    query: { t: name, version: '1', networkmode: 'none' },
    headers: { 'Content-Type': 'application/x-tar' },
    body: packTar({ Dockerfile: `FROM ${base}\nLABEL first=1\nLABEL second=2\n` }),
  });
  const said = (await collect(body)).toString();
  if (status !== 200) throw new Error(said);
  return name;
}

/** An image of two platforms that the engine has pulled: both of them, where its store keeps both. */
async function both(docker: ImageClient, what: string): Promise<Pick<TwoPlatforms, 'digest' | 'manifests'> & { name: string }> {
  const { digest, manifests, putInto } = await makeTwoPlatforms(what);
  await putInto(REGISTRY, repository(what), 'v1');
  const name = `${REGISTRY}/${repository(what)}:v1`;
  if (ENGINE.isContainerd) await docker.pull(name, { platform: OTHER });
  await docker.pull(name, { platform: OWN });
  return { name, digest, manifests };
}

/** The architectures for which the engine has an image. */
async function variants(docker: ImageClient, name: string): Promise<string[]> {
  if (!(await docker.exists(name))) return [];
  if (!ENGINE.isContainerd) return [(await docker.inspectImage(name)).Architecture];
  const { Manifests = [] } = await docker.inspectImage(name, { manifests: true });
  return Manifests.flatMap(({ Available, ImageData }) => (Available ? [ImageData?.Platform.architecture ?? ''] : []));
}

/** Whether tags of a new repository are there, `latest` and `v2`. */
async function tagged(docker: ImageClient, what: string, options: { tag?: string }): Promise<boolean[]> {
  const { name } = await makeImage(docker, what);
  const repo = repository(`${what}-new`);
  await docker.tag(name, repo, options);
  const there = [await docker.exists(`${repo}:latest`), await docker.exists(`${repo}:v2`)];
  await docker.removeImage(name);
  await docker.removeImage(options.tag === undefined ? repo : `${repo}:${options.tag}`);
  return there;
}

/** Which tags a pull brings, `latest` and `v2`. */
async function pulled(docker: ImageClient, what: string, options: { tag?: string }): Promise<boolean[]> {
  const tags = ['latest', 'v2'];
  for (const tag of tags) {
    const { remote, name } = await makeFor(docker, REGISTRY, what, tag);
    await docker.push(remote);
    await docker.removeImage(remote);
    await docker.removeImage(name);
  }
  const repo = `${REGISTRY}/${repository(what)}`;
  await docker.pull(repo, options);
  const there = [await docker.exists(`${repo}:latest`), await docker.exists(`${repo}:v2`)];
  await docker.removeImage(`${repo}:${options.tag ?? 'latest'}`);
  return there;
}

/** Which tags a push brings to the registry, `latest` and `v2`. */
async function pushed(docker: ImageClient, what: string, options: { tag?: string }): Promise<boolean[]> {
  const own = `${what}-${options.tag ?? 'default'}`;
  for (const tag of ['latest', 'v2']) await makeFor(docker, REGISTRY, own, tag);
  await docker.push(`${REGISTRY}/${repository(own)}`, options);
  const digests = await Promise.all(['latest', 'v2'].map((tag) => registryDigest(REGISTRY, repository(own), tag)));
  return digests.map((digest) => digest.startsWith('sha256:'));
}

/** How many images are in an archive of these. */
async function saved(docker: ImageClient, whats: readonly string[]): Promise<number> {
  const names: string[] = [];
  for (const what of whats) names.push((await makeImage(docker, what)).name);
  return manifestOf(await collect(docker.getImage(names))).length;
}

async function loaded(docker: ImageClient, what: string, options: LoadImageOptions): Promise<boolean> {
  const { name } = await makeImage(docker, what);
  const archive = await collect(docker.getImage(name));
  await docker.removeImage(name);
  await docker.loadImage(archive, options);
  return docker.exists(name);
}

/** How many repositories a search finds, of two; none has a star, or is official. */
async function found(docker: ImageClient, options: { limit?: number; filters?: Filters }, term?: string): Promise<number> {
  return ENGINE.isPodman ? foundInCatalogue(docker, options, term) : foundByOurs(docker, options, term);
}

/** Podman reads the catalogue of a registry. */
async function foundInCatalogue(docker: ImageClient, options: object, term = `survey-search-${RUN}`): Promise<number> {
  for (const what of ['a', 'b']) {
    const remote = `${REGISTRY}/longshore-live/survey-search-${RUN}-${what}`;
    await docker.tag((await makeImage(docker, 'search')).name, remote);
    await docker.push(remote);
    await docker.removeImage(remote);
  }
  return (await docker.search(`${REGISTRY}/longshore-live/${term}`, options)).length;
}

/** Docker asks a registry of the first version, which here is a few lines. */
async function foundByOurs(docker: ImageClient, options: object, term = 'x'): Promise<number> {
  const result = { description: '', star_count: 0, is_official: false, is_automated: false };
  const server = await serve((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://registry');
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('X-Docker-Registry-Standalone', 'true');
    if (pathname === '/v1/_ping') return void response.end('{"standalone":true}');
    const names = ['x/one', 'x/two'].filter((name) => name.includes(searchParams.get('q') ?? ''));
    const results = names.slice(0, Number(searchParams.get('n'))).map((name) => ({ name, ...result }));
    response.end(JSON.stringify({ query: term, num_results: results.length, results }));
  });
  try {
    return (await docker.search(`127.0.0.1:${server.port}/${term}`, options)).length;
  } finally {
    server.close();
  }
}

function attestations(options: ImageAttestationsOptions): SurveyCase {
  return fits(async (docker) => docker.imageAttestations((await makeImage(docker, 'attest')).name, options), Array.isArray);
}

