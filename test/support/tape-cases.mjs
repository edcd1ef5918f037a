// The cases of the tapes: one tape is recorded for each, and `run` runs again when the tape is replayed, with the same requests.
//
//   name      the tape's file
//   needs     what the engine must have, in the words of `client.supports`: one, or several
//   podman    true where only Podman has what `prepare` makes
//   registry  true where a registry without login is needed (REGISTRY=host:port)
//   login     true where a registry with a login is needed (REGISTRY_LOGIN=host:port)
//   serve     what a server on SERVED must answer while the case is recorded: `{ '/path': body }`, or what gives that
//   images    what there must be before: `{ name: file system }`, imported, labelled, and removed afterwards
//   client    options of the client
//   prepare   what else must be done before, unrecorded
//   cleanUp   undoes the parts of it that have no label
//   overlaps  true where one answer is still coming while the next request is sent
//   run       the operation; the tests compare its result or its error
//
// `env` has `registry`, `login` and, so that this file imports nothing of longshore's, `packTar`. Nothing here knows
// one engine from another: what an engine lacks is what `needs` asks for, and what it refuses is recorded, too.

import { demo } from '../demo.mjs';
import { LABEL, archiveOf, multiArchive, sendMulti } from './tape-images.mjs';

export { LABEL };
/** The import change that labels an image. */
export const LABELLED = [`LABEL ${LABEL}=1`];
/** Where the server of a case listens. An engine that needs a list of plain-HTTP registries must have it in its list. */
export const SERVED = '127.0.0.1:5009';

const labelled = { label: LABEL };
const hello = { 'etc/hello': Buffer.from('hello from longshore\n') };
const other = { 'etc/hello': Buffer.from('another hello\n') };
const NAME = 'longshore/tape:1';

/** An upload of three million bytes that an engine rejects after the first few; the rest is never read. */
class SlowBlob extends Blob {
  get size() {
    return 3_000_000;
  }
  stream() {
    return (async function* () {
      yield Buffer.from('no tar, but a long upload\n'.repeat(40));
      // Longer than any engine needs to reject the upload; the rejection stops the upload and this wait.
      await new Promise((resolve) => setTimeout(resolve, 10_000).unref());
      throw new Error('the engine did not refuse the upload early');
    })();
  }
}

const system = [
  {
    name: 'demo', // what `npm start` falls back on
    run: async (docker) => {
      const steps = [];
      await demo(docker, { step: (name) => steps.push(name), progress: () => {} });
      return steps;
    },
  },
  { name: 'ping', run: (docker) => docker.ping() },
  { name: 'negotiate', run: (docker) => docker.apiVersion() },
  { name: 'version', run: (docker) => docker.version() },
  { name: 'version-not-spoken', client: { version: '1.55' }, run: (docker) => docker.images({ filters: labelled }) },
  {
    name: 'request-version-not-spoken',
    run: async (docker) => {
      const { status, body } = await docker.request({ path: '/v1.99/images/json', versioned: false });
      return { status, text: (await collect(body)).toString() };
    },
  },
  { name: 'info', run: (docker) => docker.info() },
  { name: 'disk-usage', images: { [NAME]: hello, 'longshore/tape-b:1': other }, run: (docker) => docker.diskUsage() },
  {
    name: 'supports',
    run: async (docker) => {
      const answers = {};
      for (const subject of [...Object.keys(gated), 'images', 'pull', 'removeImage.force']) {
        answers[subject] = await docker.supports(subject);
      }
      return answers;
    },
  },
  { name: 'gates', run: (docker) => refusals(docker) }, // features that the engine has are not called
  { name: 'gates-pinned', client: { version: '1.24' }, run: (docker) => refusals(docker) },

  { name: 'auth-refused', run: (docker) => docker.checkAuth('127.0.0.1:1', { username: 'u', password: 'secretpw' }) },
  { name: 'auth', login: true, run: (docker, { login }) => docker.checkAuth(login.registry, right(login)) },
  { name: 'auth-wrong', login: true, run: (docker, { login }) => docker.checkAuth(login.registry, wrong(login)) },
  // The only registry that Podman logs in to by plain HTTP.
  { name: 'auth-local', login: true, run: (docker, { login }) => docker.checkAuth(local(login), right(login)) },
  { name: 'auth-local-wrong', login: true, run: (docker, { login }) => docker.checkAuth(local(login), wrong(login)) },

  {
    name: 'events',
    prepare: (admin) => happenings(admin),
    run: async (docker) => {
      const now = await clock(docker);
      return all(docker.events({ since: now - 1, until: now + 1 }));
    },
  },
  {
    name: 'events-filters',
    prepare: (admin) => happenings(admin),
    run: async (docker) => {
      const now = await clock(docker);
      return all(docker.events({ since: now - 1, until: now + 1, filters: { event: ['tag', 'untag'] } }));
    },
  },
  {
    name: 'events-past',
    prepare: (admin) => happenings(admin),
    run: async (docker) => {
      const now = await clock(docker);
      return all(docker.events({ since: now - 1, until: now }));
    },
  },
  {
    name: 'events-none',
    run: async (docker) => {
      const now = await clock(docker);
      return all(docker.events({ since: now - 1, until: now, filters: { event: 'tag', image: 'longshore/nowhere' } }));
    },
  },
  {
    name: 'events-until', // a time in the future: something happens meanwhile
    overlaps: true,
    prepare: (admin) => happenings(admin),
    run: async (docker) => {
      const now = await clock(docker);
      const seen = [];
      for await (const event of docker.events({ since: now - 1, until: now + 2, filters: { event: 'tag' } })) {
        if (seen.push(event) === 1) await docker.tag(NAME, 'longshore/tape-c', { tag: '1' });
      }
      return seen;
    },
  },
];

const listing = [
  { name: 'images-empty', run: (docker) => docker.images({ filters: labelled }) },
  {
    name: 'images-all',
    images: { 'longshore/tape-a:1': hello, 'longshore/tape-b:1': other },
    run: (docker) => docker.images({ all: true, filters: labelled }),
  },
  {
    name: 'images-by-name',
    images: { 'longshore/tape-a:1': hello, 'longshore/tape-a:2': other, 'longshore/tape-b:1': { a: Buffer.from('b') } },
    run: (docker) => docker.images({ name: 'longshore/tape-a' }),
  },
  {
    name: 'images-filters',
    images: { 'longshore/tape-a:1': hello },
    prepare: (admin) => admin.importImageFromData(other, { changes: LABELLED }),
    run: (docker) => docker.images({ filters: { dangling: true, label: `${LABEL}=1` } }),
  },
  {
    name: 'images-quiet',
    images: { 'longshore/tape-a:1': hello, 'longshore/tape-b:1': other },
    run: (docker) => docker.images({ quiet: true, filters: { reference: ['longshore/tape-*'] } }),
  },
  {
    name: 'images-before',
    images: { 'longshore/tape-a:1': hello, 'longshore/tape-b:1': other },
    run: (docker) => docker.images({ filters: { ...labelled, before: 'longshore/tape-b:1' } }),
  },
  {
    name: 'images-since',
    images: { 'longshore/tape-a:1': hello, 'longshore/tape-b:1': other },
    run: (docker) => docker.images({ filters: { ...labelled, since: 'longshore/tape-a:1' } }),
  },
  {
    name: 'images-until', // which Docker has since 25
    images: { 'longshore/tape-a:1': hello },
    run: (docker) => docker.images({ filters: { ...labelled, until: '24h' } }),
  },
  {
    name: 'images-unknown-filter',
    images: { [NAME]: hello },
    run: (docker) => docker.images({ filters: { colour: 'red' } }),
  },
  {
    name: 'images-shared-size',
    needs: 'images.sharedSize',
    images: { 'longshore/tape-a:1': hello },
    run: (docker) => docker.images({ sharedSize: true, filters: labelled }),
  },
  {
    name: 'images-manifests',
    needs: 'images.manifests',
    prepare: loadMulti,
    run: (docker) => docker.images({ manifests: true, filters: labelled }),
  },

  { name: 'inspect', images: { [NAME]: hello }, run: (docker) => docker.inspectImage(NAME) },
  {
    name: 'inspect-id',
    images: { [NAME]: hello },
    run: async (docker) => docker.inspectImage((await docker.inspectImage(NAME)).Id),
  },
  { name: 'inspect-missing', run: (docker) => docker.inspectImage('longshore/tape:missing') },
  {
    name: 'inspect-platform',
    needs: 'inspectImage.platform',
    prepare: loadMulti,
    run: (docker) => docker.inspectImage(NAME, { platform: 'linux/amd64' }),
  },
  {
    name: 'inspect-platform-other', // which a graphdriver store did not keep
    needs: 'inspectImage.platform',
    prepare: loadMulti,
    run: (docker) => docker.inspectImage(NAME, { platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }),
  },
  {
    name: 'inspect-platform-missing',
    needs: 'inspectImage.platform',
    prepare: loadMulti,
    run: (docker) => docker.inspectImage(NAME, { platform: 'linux/s390x' }),
  },
  {
    name: 'inspect-manifests',
    needs: 'inspectImage.manifests',
    prepare: loadMulti,
    run: (docker) => docker.inspectImage(NAME, { manifests: true }),
  },
  {
    name: 'exists',
    images: { [NAME]: hello },
    run: async (docker) => [await docker.exists('longshore/tape:missing'), await docker.exists(NAME)],
  },
  { name: 'history', images: { [NAME]: hello }, run: (docker) => docker.history(NAME) },
  { name: 'history-missing', run: (docker) => docker.history('longshore/tape:missing') },
  {
    name: 'history-platform',
    needs: 'history.platform',
    prepare: loadMulti,
    run: (docker) => docker.history(NAME, { platform: 'linux/amd64' }),
  },
  {
    name: 'history-platform-missing',
    needs: 'history.platform',
    prepare: loadMulti,
    run: (docker) => docker.history(NAME, { platform: 'linux/s390x' }),
  },
];

const changing = [
  {
    name: 'tag',
    images: { [NAME]: hello },
    run: async (docker) => {
      await docker.tag(NAME, 'longshore/tape-b', { tag: '2' });
      return (await docker.inspectImage('longshore/tape-b:2')).RepoTags;
    },
  },
  { name: 'tag-missing', run: (docker) => docker.tag('longshore/tape:missing', 'longshore/tape:2') },

  { name: 'remove', images: { [NAME]: hello }, run: (docker) => docker.removeImage(NAME) },
  { name: 'remove-missing', run: (docker) => docker.removeImage('longshore/tape:missing') },
  { name: 'remove-noprune', needs: 'removeImage.noprune', images: { [NAME]: hello }, run: (docker) => docker.removeImage(NAME, { noprune: true }) },
  {
    name: 'remove-name', // one of two: the image stays
    images: { [NAME]: hello },
    prepare: (admin) => admin.tag(NAME, 'longshore/tape-b:1'),
    run: async (docker) => [await docker.removeImage(NAME), await docker.exists('longshore/tape-b:1')],
  },
  {
    name: 'remove-conflict', // by its id, and it has two names
    images: { [NAME]: hello },
    prepare: (admin) => admin.tag(NAME, 'longshore/tape-b:1'),
    run: async (docker) => docker.removeImage((await docker.inspectImage(NAME)).Id),
  },
  {
    name: 'remove-force',
    images: { [NAME]: hello },
    prepare: (admin) => admin.tag(NAME, 'longshore/tape-b:1'),
    run: async (docker) => docker.removeImage((await docker.inspectImage(NAME)).Id, { force: true }),
  },
  {
    name: 'remove-list-name', // of a manifest list, as which Podman shows an image in it
    podman: true,
    images: { [NAME]: hello },
    prepare: (admin) => manifestList(admin, 'POST', `?images=containers-storage:docker.io/${NAME}`),
    cleanUp: (admin) => manifestList(admin, 'DELETE'),
    run: (docker) => docker.removeImage('localhost/longshore/list:1'),
  },
  {
    name: 'remove-platforms', // one of two, on the containerd store; a graphdriver store takes it as a condition
    needs: 'removeImage.platforms',
    prepare: loadMulti,
    run: async (docker) => [
      await docker.removeImage(NAME, { platforms: ['linux/arm64/v8'], force: true }),
      await docker.exists(NAME),
    ],
  },
  {
    name: 'remove-platforms-missing',
    needs: 'removeImage.platforms',
    prepare: loadMulti,
    run: (docker) => docker.removeImage(NAME, { platforms: ['linux/s390x'], force: true }),
  },
  {
    name: 'remove-platforms-unforced',
    needs: 'removeImage.platforms',
    prepare: loadMulti,
    run: (docker) => docker.removeImage(NAME, { platforms: 'linux/amd64' }),
  },

  {
    name: 'prune',
    images: { [NAME]: hello },
    prepare: (admin) => admin.importImageFromData(other, { changes: LABELLED }),
    run: (docker) => docker.pruneImages({ filters: labelled }),
  },
  { name: 'prune-nothing', run: (docker) => docker.pruneImages({ filters: labelled }) },
  {
    name: 'prune-unused', // those with names as well
    images: { [NAME]: hello, 'longshore/tape-b:1': other },
    run: (docker) => docker.pruneImages({ filters: { ...labelled, dangling: false } }),
  },
  {
    name: 'prune-until', // they are not that old
    images: { [NAME]: hello },
    run: (docker) => docker.pruneImages({ filters: { ...labelled, dangling: false, until: '24h' } }),
  },
  {
    name: 'prune-label-not',
    images: { [NAME]: hello },
    run: (docker) => docker.pruneImages({ filters: { ...labelled, dangling: false, 'label!': `${LABEL}=1` } }),
  },
  {
    name: 'prune-unknown-filter',
    images: { [NAME]: hello },
    run: (docker) => docker.pruneImages({ filters: { ...labelled, colour: 'red' } }),
  },
];

const importing = [
  {
    name: 'import',
    run: (docker) => docker.importImageFromData(hello, { repository: 'longshore/tape', tag: '1', changes: LABELLED }),
  },
  {
    name: 'import-tag-in-repository',
    run: async (docker) => {
      const { id } = await docker.importImageFromData(hello, { repository: 'longshore/tape:7', changes: LABELLED });
      const { Id, RepoTags } = await docker.inspectImage('longshore/tape:7');
      return { same: Id === id, RepoTags };
    },
  },
  {
    name: 'import-changes',
    run: async (docker) => {
      const changes = [...LABELLED, 'ENV A="b c"', 'CMD ["/bin/app", "-x"]', 'WORKDIR /srv', 'EXPOSE 80/tcp'];
      const entries = [{ path: 'srv', type: 'directory' }, { path: 'bin/app', mode: 0o755, content: '#!\0' }];
      const { id } = await docker.importImageFromData(entries, { changes, message: 'made by longshore' });
      return (await docker.inspectImage(id)).Config;
    },
  },
  {
    name: 'import-message-platform',
    needs: 'importImage.platform',
    run: async (docker) => {
      const options = { repository: NAME, message: 'made by longshore', platform: 'linux/arm64', changes: LABELLED };
      await docker.importImageFromData(hello, options);
      const { Os, Architecture } = await docker.inspectImage(NAME);
      const [{ Comment }] = await docker.history(NAME);
      return { Os, Architecture, Comment };
    },
  },
  {
    name: 'import-bad-platform',
    needs: 'importImage.platform',
    run: (docker) => docker.importImageFromData(hello, { repository: NAME, platform: 'plan9/6502', changes: LABELLED }),
  },
  {
    name: 'import-bad-change',
    run: (docker) => docker.importImageFromData(hello, { repository: 'longshore/tape', changes: ['FROM x'] }),
  },
  {
    name: 'import-refused-early',
    run: (docker) => docker.importImage(new SlowBlob(), { repository: 'longshore/tape', changes: ['FROM x'] }),
  },
  {
    name: 'import-garbage',
    run: (docker) => docker.importImageFromData(Buffer.from('no tar at all\n'), { changes: LABELLED }),
  },
  { name: 'import-url-refused', run: (docker) => docker.importImageFromUrl('http://127.0.0.1:1/x.tar') },
  {
    name: 'import-url',
    serve: async (env) => ({ '/layer.tar': await collect(env.packTar(hello)) }),
    run: (docker) => docker.importImageFromUrl(`http://${SERVED}/layer.tar`, { repository: NAME, changes: LABELLED }),
  },
  {
    name: 'import-url-missing',
    serve: {},
    run: (docker) => docker.importImageFromUrl(`http://${SERVED}/nowhere.tar`, { repository: NAME, changes: LABELLED }),
  },
];

const archives = [
  { name: 'save', images: { [NAME]: hello }, run: (docker) => collect(docker.getImage(NAME)) },
  {
    name: 'save-many',
    images: { 'longshore/tape-a:1': hello, 'longshore/tape-b:1': other },
    run: (docker) => collect(docker.getImage(['longshore/tape-a:1', 'longshore/tape-b:1'])),
  },
  { name: 'save-missing', run: (docker) => collect(docker.getImage('longshore/tape:missing')) },
  {
    name: 'save-some-missing',
    images: { [NAME]: hello },
    run: (docker) => collect(docker.getImage([NAME, 'longshore/tape:missing'])),
  },
  {
    name: 'save-platform',
    needs: 'getImage.platform',
    prepare: loadMulti,
    run: (docker) => collect(docker.getImage(NAME, { platform: 'linux/amd64' })),
  },
  {
    name: 'save-platform-missing',
    needs: 'getImage.platform',
    prepare: loadMulti,
    run: (docker) => collect(docker.getImage(NAME, { platform: 'linux/s390x' })),
  },

  {
    name: 'load',
    run: async (docker, env) => {
      return docker.loadImage(await archiveOf(env, ['longshore/tape:1', 'longshore/tape-b:1'], 'loaded\n'));
    },
  },
  { name: 'load-untagged', run: async (docker, env) => docker.loadImage(await archiveOf(env, null, 'nameless\n')) },
  {
    name: 'load-quiet',
    run: async (docker, env) => docker.loadImage(await archiveOf(env, [NAME], 'quietly\n'), { quiet: true }),
  },
  { name: 'load-multi', run: async (docker, env) => docker.loadImage(await multiArchive(env, NAME)) },
  { name: 'load-garbage', run: (docker) => docker.loadImage(Buffer.from('no tar at all\n')) },
  {
    name: 'load-platform',
    needs: 'loadImage.platform',
    run: async (docker, env) => docker.loadImage(await multiArchive(env, NAME), { platform: 'linux/amd64' }),
  },
  {
    name: 'load-platform-missing',
    needs: 'loadImage.platform',
    run: async (docker, env) => docker.loadImage(await multiArchive(env, NAME), { platform: 'linux/s390x' }),
  },
];

const registries = [
  { name: 'pull-refused', run: (docker) => docker.pull('127.0.0.1:1/longshore/tape:1') },
  {
    name: 'push-refused',
    images: { '127.0.0.1:1/longshore/tape:1': hello },
    run: (docker) => docker.push('127.0.0.1:1/longshore/tape:1'),
  },
  {
    name: 'push-missing', // with credentials, which must not be on the tape
    run: (docker) => {
      return docker.push('127.0.0.1:1/longshore/tape:1', { credentials: { username: 'u', password: 'secretpw' } });
    },
  },
  {
    name: 'distribution-refused',
    needs: 'inspectDistribution',
    run: (docker) => docker.inspectDistribution('127.0.0.1:1/longshore/tape:1'),
  },

  {
    name: 'push',
    registry: true,
    prepare: (admin, env) => loadFor(admin, env, env.registry),
    run: (docker, env) => docker.push(`${env.registry}/longshore/tape:1`),
  },
  {
    name: 'push-all-tags',
    registry: true,
    prepare: async (admin, { registry, ...env }) => {
      const names = [1, 2].map((tag) => `${registry}/longshore/tape-all:${tag}`);
      await admin.loadImage(await archiveOf(env, names, 'pushed\n'));
    },
    run: (docker, env) => docker.push(`${env.registry}/longshore/tape-all`, { allTags: true }),
  },
  {
    name: 'push-platform',
    needs: 'push.platform',
    registry: true,
    prepare: (admin, env) => loadMulti(admin, env, `${env.registry}/longshore/tape-platform:1`),
    run: (docker, env) => docker.push(`${env.registry}/longshore/tape-platform:1`, { platform: 'linux/amd64' }),
  },
  {
    name: 'push-platform-missing',
    needs: 'push.platform',
    registry: true,
    prepare: (admin, env) => loadMulti(admin, env, `${env.registry}/longshore/tape-platform:1`),
    run: (docker, env) => docker.push(`${env.registry}/longshore/tape-platform:1`, { platform: 'linux/s390x' }),
  },
  {
    name: 'push-multi', // all of it, where the store keeps more than one platform
    registry: true,
    prepare: (admin, env) => loadMulti(admin, env, `${env.registry}/longshore/tape-multi:1`),
    run: (docker, env) => docker.push(`${env.registry}/longshore/tape-multi:1`),
  },
  {
    name: 'pull',
    registry: true,
    prepare: push,
    run: (docker, env) => docker.pull(`${env.registry}/longshore/tape:1`),
  },
  {
    name: 'pull-up-to-date',
    registry: true,
    prepare: async (admin, env) => {
      await push(admin, env);
      await admin.pull(`${env.registry}/longshore/tape:1`);
    },
    run: (docker, env) => docker.pull(`${env.registry}/longshore/tape:1`),
  },
  { name: 'pull-missing', registry: true, run: (docker, env) => docker.pull(`${env.registry}/longshore/tape:missing`) },
  {
    name: 'pull-repository-missing',
    registry: true,
    run: (docker, env) => docker.pull(`${env.registry}/longshore/nowhere:1`),
  },
  {
    name: 'pull-digest',
    registry: true,
    prepare: sendMulti,
    run: async (docker, env) => docker.pull(`${env.registry}/longshore/multi@${await sendMulti.digest(env, '1')}`),
  },
  {
    name: 'pull-digest-missing',
    registry: true,
    prepare: sendMulti,
    run: (docker, env) => docker.pull(`${env.registry}/longshore/multi@sha256:${'0'.repeat(64)}`),
  },
  {
    name: 'pull-all-tags',
    registry: true,
    prepare: sendMulti,
    run: (docker, env) => docker.pull(`${env.registry}/longshore/multi`, { allTags: true }),
  },
  {
    name: 'pull-platform',
    registry: true,
    prepare: sendMulti,
    run: async (docker, env) => {
      const name = `${env.registry}/longshore/multi:1`;
      const pulled = await docker.pull(name, { platform: 'linux/arm64' });
      return { ...pulled, architecture: (await docker.inspectImage(name)).Architecture };
    },
  },
  {
    name: 'pull-platform-missing',
    registry: true,
    prepare: sendMulti,
    run: (docker, env) => docker.pull(`${env.registry}/longshore/multi:1`, { platform: 'linux/s390x' }),
  },
  {
    name: 'pull-platform-other', // of what is no index
    registry: true,
    prepare: push,
    run: (docker, env) => docker.pull(`${env.registry}/longshore/tape:1`, { platform: 'linux/s390x' }),
  },
  {
    name: 'save-platform-absent', // only another platform's variant is there
    needs: 'inspectImage.manifests',
    registry: true,
    prepare: async (admin, env) => {
      await sendMulti(admin, env);
      await admin.pull(`${env.registry}/longshore/multi:1`, { platform: 'linux/arm64' });
    },
    run: (docker, env) => collect(docker.getImage(`${env.registry}/longshore/multi:1`)),
  },
  {
    name: 'pull-policy-absent',
    registry: true,
    prepare: sendMulti,
    run: (docker, env) => docker.pull(`${env.registry}/longshore/multi:1`, { policy: 'missing' }),
  },
  {
    name: 'pull-policy-present',
    registry: true,
    prepare: async (admin, env) => {
      await sendMulti(admin, env);
      await admin.pull(`${env.registry}/longshore/multi:1`);
    },
    run: (docker, env) => docker.pull(`${env.registry}/longshore/multi:1`, { policy: 'missing' }),
  },
  {
    name: 'distribution',
    needs: 'inspectDistribution',
    registry: true,
    prepare: push,
    run: (docker, env) => docker.inspectDistribution(`${env.registry}/longshore/tape:1`),
  },
  {
    name: 'distribution-multi',
    needs: 'inspectDistribution',
    registry: true,
    prepare: sendMulti,
    run: (docker, env) => docker.inspectDistribution(`${env.registry}/longshore/multi:1`),
  },
  {
    name: 'distribution-missing',
    needs: 'inspectDistribution',
    registry: true,
    run: (docker, env) => docker.inspectDistribution(`${env.registry}/longshore/tape:missing`),
  },
];

/** The outcome of each call on a registry with a login: with the right password, a wrong one, and none. */
const logins = [
  ['login', right],
  ['login-wrong', wrong],
  ['login-anonymous', () => 'anonymous'],
].flatMap(([what, credentialsOf]) => [
  {
    name: `push-${what}`,
    login: true,
    prepare: (admin, env) => loadFor(admin, env, env.login.registry),
    run: (docker, { login }) => {
      return docker.push(`${login.registry}/longshore/tape:1`, { credentials: credentialsOf(login) });
    },
  },
  {
    name: `pull-${what}`,
    login: true,
    prepare: async (admin, env) => {
      await loadFor(admin, env, env.login.registry);
      await admin.push(`${env.login.registry}/longshore/tape:1`, { credentials: right(env.login) });
      await admin.removeImage(`${env.login.registry}/longshore/tape:1`, { force: true });
    },
    run: (docker, { login }) => {
      return docker.pull(`${login.registry}/longshore/tape:1`, { credentials: credentialsOf(login) });
    },
  },
  {
    name: `distribution-${what}`,
    needs: 'inspectDistribution',
    login: true,
    prepare: async (admin, env) => {
      await loadFor(admin, env, env.login.registry);
      await admin.push(`${env.login.registry}/longshore/tape:1`, { credentials: right(env.login) });
    },
    run: (docker, { login }) => {
      const options = { credentials: credentialsOf(login) };
      return docker.inspectDistribution(`${login.registry}/longshore/tape:1`, options);
    },
  },
]);

const found = [
  { name: 'longshore/tape', description: 'A tape.', star_count: 7, is_official: true, is_automated: false },
  { name: 'other/tape', description: 'Another tape.', star_count: 3, is_official: false, is_automated: false },
  { name: 'third/tape', description: '', star_count: 0, is_official: false, is_automated: false },
];
/** A registry that can be searched, as the Docker Hub's first version could. */
const searchable = {
  '/v1/_ping': '{"standalone":true}',
  '/v2/': '{}',
  '/v1/search': (query) => {
    const results = found.slice(0, Number(query.get('n') ?? 25));
    return JSON.stringify({ query: query.get('q'), num_results: results.length, results });
  },
};

const searching = [
  { name: 'search-refused', run: (docker) => docker.search('127.0.0.1:1/tape') },
  { name: 'search', serve: searchable, run: (docker) => docker.search(`${SERVED}/tape`) },
  { name: 'search-limit', serve: searchable, run: (docker) => docker.search(`${SERVED}/tape`, { limit: 2 }) },
  {
    name: 'search-limit-refused',
    serve: searchable,
    run: (docker) => docker.search(`${SERVED}/tape`, { limit: 1000 }),
  },
  {
    name: 'search-filters',
    serve: searchable,
    run: (docker) => docker.search(`${SERVED}/tape`, { filters: { stars: 3, 'is-official': false } }),
  },
  {
    name: 'search-unknown-filter',
    serve: searchable,
    run: (docker) => docker.search(`${SERVED}/tape`, { filters: { colour: 'red' } }),
  },
];

export const cases = [
  ...system,
  ...listing,
  ...changing,
  ...importing,
  ...archives,
  ...registries,
  ...logins,
  ...searching,
];

/** Features that only some engines have, each with a call that needs it; without the feature, the call sends no request. */
export const gated = {
  'images.sharedSize': (docker) => docker.images({ sharedSize: true }),
  'images.manifests': (docker) => docker.images({ manifests: true }),
  'images.identity': (docker) => docker.images({ manifests: true, identity: true }),
  'inspectImage.manifests': (docker) => docker.inspectImage(NAME, { manifests: true }),
  'inspectImage.platform': (docker) => docker.inspectImage(NAME, { platform: 'linux/amd64' }),
  'history.platform': (docker) => docker.history(NAME, { platform: 'linux/amd64' }),
  'removeImage.platforms': (docker) => docker.removeImage(NAME, { platforms: ['linux/arm64'], force: true }),
  'getImage.platform': (docker) => collect(docker.getImage(NAME, { platform: 'linux/amd64' })),
  'loadImage.platform': (docker) => docker.loadImage(Buffer.alloc(1024), { platform: 'linux/amd64' }),
  'push.platform': (docker) => docker.push(NAME, { platform: 'linux/amd64' }),
  'pull.platform': (docker) => docker.pull(NAME, { platform: 'linux/amd64' }),
  'importImage.platform': (docker) => docker.importImageFromData(hello, { platform: 'linux/amd64' }),
  inspectDistribution: (docker) => docker.inspectDistribution(NAME),
  imageAttestations: (docker) => docker.imageAttestations(NAME),
  'imageAttestations.statement': (docker) => docker.imageAttestations(NAME, { statement: true }),
  pruneImages: (docker) => docker.pruneImages({ filters: labelled }),
  diskUsage: (docker) => docker.diskUsage(),
};

/** The features that the engine lacks, with what the error says is needed and present; then a ping. */
async function refusals(docker) {
  const refused = {};
  for (const [subject, call] of Object.entries(gated)) {
    if (await docker.supports(subject)) continue;
    const error = await call(docker).then(() => 'not refused', (reason) => reason);
    refused[subject] = { code: error.code, subject: error.subject, needed: error.needed, spoken: error.spoken };
  }
  await docker.ping();
  return refused;
}

/** The time of the engine's clock, in whole seconds. It is on the tape, so a replay has the same time. */
async function clock(docker) {
  const { headers, body } = await docker.request({ path: '/_ping', versioned: false });
  await collect(body);
  return Date.parse(headers.get('date')) / 1000;
}

/** An import and a tag within one second of the engine's clock; then waits for the next second. */
async function happenings(admin) {
  await nextSecond(admin);
  await admin.importImageFromData(hello, { repository: NAME, changes: LABELLED });
  await admin.tag(NAME, 'longshore/tape-b', { tag: '1' });
  await nextSecond(admin);
}
async function nextSecond(admin) {
  const before = await clock(admin);
  while ((await clock(admin)) === before) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function loadMulti(admin, env, name = NAME) {
  await admin.loadImage(await multiArchive(env, name));
}

/** Makes or removes a list, by Podman's own API. */
async function manifestList(admin, method, query = '') {
  const path = `/v4.0.0/libpod/manifests/${encodeURIComponent('localhost/longshore/list:1')}${query}`;
  const { status, body } = await admin.request({ method, path, versioned: false });
  const said = await collect(body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${said}`);
}

async function loadFor(admin, env, registry) {
  await admin.loadImage(await archiveOf(env, [`${registry}/longshore/tape:1`], 'pushed\n'));
}

/** Puts an image into the registry, and removes it from the engine. */
async function push(admin, env) {
  await loadFor(admin, env, env.registry);
  await admin.push(`${env.registry}/longshore/tape:1`);
  await admin.removeImage(`${env.registry}/longshore/tape:1`);
}

function right({ username, password }) {
  return { username, password };
}
function wrong({ username, password }) {
  return { username, password: `${password}, but wrong` };
}

function local({ registry }) {
  return registry.replace('127.0.0.1', 'localhost');
}

async function all(items) {
  const list = [];
  for await (const item of items) list.push(item);
  return list;
}

/** All bytes of a stream. */
export async function collect(chunks) {
  return Buffer.concat(await all(chunks));
}
