// What is recorded, one tape a case, and done again when a tape is replayed: `run` therefore asks the same each time.
//
//   name      the tape's file
//   images    what there must be before: `{ name: file system }`, imported, labelled, and removed afterwards
//   client    options of the client
//   registry  true where a registry without login is needed (REGISTRY=host:port)
//   prepare   what else must be done before, unrecorded
//   run       the operation; what it gives, or its error, is what the tests compare
//
// `env` has `registry` and, so that this file imports nothing of longshore's, `packTar`.

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { demo } from '../demo.mjs';

/** Everything that a case makes has this label, by which it is found and removed. */
export const LABEL = 'longshore.tape';
/** What labels an image on import. */
export const LABELLED = [`LABEL ${LABEL}=1`];

const labelled = { label: LABEL };
const hello = { 'etc/hello': Buffer.from('hello from longshore\n') };
const other = { 'etc/hello': Buffer.from('another hello\n') };

/** An upload of three million bytes that an engine refuses after the first few: the rest is never asked for. */
class SlowBlob extends Blob {
  get size() {
    return 3_000_000;
  }
  stream() {
    return (async function* () {
      yield Buffer.from('no tar, but a long upload\n'.repeat(40));
      // Longer than any engine takes to refuse; on its refusal the upload is stopped, and nobody waits for this.
      await new Promise((resolve) => setTimeout(resolve, 10_000).unref());
      throw new Error('the engine did not refuse the upload early');
    })();
  }
}

/** An image archive as `docker save` makes it, with ids that are the same everywhere. */
async function imageArchive(env, tags, text) {
  const layer = await collect(env.packTar({ 'etc/hello': Buffer.from(text) }));
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      created: '2020-01-01T00:00:00Z',
      config: { Labels: { [LABEL]: '1' } },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created: '2020-01-01T00:00:00Z', created_by: 'longshore' }],
    }),
  );
  const manifest = [{ Config: `${sha256(config)}.json`, RepoTags: tags, Layers: ['layer.tar'] }];
  return collect(
    env.packTar({
      [`${sha256(config)}.json`]: config,
      'layer.tar': layer,
      'manifest.json': Buffer.from(JSON.stringify(manifest)),
    }),
  );
}

export const cases = [
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
  { name: 'version-not-spoken', client: { version: '1.55' }, run: (docker) => docker.images() },
  {
    name: 'request-version-not-spoken',
    run: async (docker) => {
      const { status, body } = await docker.request({ path: '/v1.99/images/json', versioned: false });
      return { status, text: (await collect(body)).toString() };
    },
  },

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

  { name: 'inspect', images: { 'longshore/tape:1': hello }, run: (docker) => docker.inspectImage('longshore/tape:1') },
  { name: 'inspect-missing', run: (docker) => docker.inspectImage('longshore/tape:missing') },
  { name: 'history', images: { 'longshore/tape:1': hello }, run: (docker) => docker.history('longshore/tape:1') },
  { name: 'history-missing', run: (docker) => docker.history('longshore/tape:missing') },

  {
    name: 'tag',
    images: { 'longshore/tape:1': hello },
    run: async (docker) => {
      await docker.tag('longshore/tape:1', 'longshore/tape-b', { tag: '2' });
      return (await docker.inspectImage('longshore/tape-b:2')).RepoTags;
    },
  },
  { name: 'tag-missing', run: (docker) => docker.tag('longshore/tape:missing', 'longshore/tape:2') },

  { name: 'remove', images: { 'longshore/tape:1': hello }, run: (docker) => docker.removeImage('longshore/tape:1') },
  { name: 'remove-missing', run: (docker) => docker.removeImage('longshore/tape:missing') },
  {
    name: 'remove-conflict', // by its id, and it has two names
    images: { 'longshore/tape:1': hello },
    prepare: (admin) => admin.tag('longshore/tape:1', 'longshore/tape-b:1'),
    run: async (docker) => {
      const { Id } = await docker.inspectImage('longshore/tape:1');
      return docker.removeImage(Id);
    },
  },
  {
    name: 'prune',
    images: { 'longshore/tape:1': hello },
    prepare: (admin) => admin.importImageFromData(other, { changes: LABELLED }),
    run: (docker) => docker.pruneImages({ filters: labelled }),
  },
  { name: 'prune-nothing', run: (docker) => docker.pruneImages({ filters: labelled }) },

  {
    name: 'import',
    run: (docker) => docker.importImageFromData(hello, { repository: 'longshore/tape', tag: '1', changes: LABELLED }),
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
    name: 'save',
    images: { 'longshore/tape:1': hello },
    run: (docker) => collect(docker.getImage('longshore/tape:1')),
  },
  {
    name: 'save-many',
    images: { 'longshore/tape-a:1': hello, 'longshore/tape-b:1': other },
    run: (docker) => collect(docker.getImage(['longshore/tape-a:1', 'longshore/tape-b:1'])),
  },
  { name: 'save-missing', run: (docker) => collect(docker.getImage('longshore/tape:missing')) },

  {
    name: 'load',
    run: async (docker, env) => {
      return docker.loadImage(await imageArchive(env, ['longshore/tape:1', 'longshore/tape-b:1'], 'loaded\n'));
    },
  },
  { name: 'load-untagged', run: async (docker, env) => docker.loadImage(await imageArchive(env, null, 'nameless\n')) },
  {
    name: 'load-quiet',
    run: async (docker, env) => {
      return docker.loadImage(await imageArchive(env, ['longshore/tape:1'], 'quietly\n'), { quiet: true });
    },
  },
  { name: 'load-garbage', run: (docker) => docker.loadImage(Buffer.from('no tar at all\n')) },

  { name: 'pull-refused', run: (docker) => docker.pull('127.0.0.1:1/longshore/tape:1') },
  {
    name: 'push-missing', // with credentials, which must not be on the tape
    run: (docker) => {
      return docker.push('127.0.0.1:1/longshore/tape:1', { credentials: { username: 'u', password: 'secretpw' } });
    },
  },
  { name: 'search-refused', run: (docker) => docker.search('127.0.0.1:1/tape') },
  { name: 'distribution-refused', run: (docker) => docker.inspectDistribution('127.0.0.1:1/longshore/tape:1') },

  {
    name: 'push',
    registry: true,
    prepare: async (admin, env) => {
      await admin.loadImage(await imageArchive(env, ['longshore/tape:1'], 'pushed\n'));
      await admin.tag('longshore/tape:1', `${env.registry}/longshore/tape:1`);
    },
    run: (docker, env) => docker.push(`${env.registry}/longshore/tape:1`),
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
    name: 'distribution',
    registry: true,
    prepare: push,
    run: (docker, env) => docker.inspectDistribution(`${env.registry}/longshore/tape:1`),
  },
];

/** Puts an image into the registry and leaves none on the engine. */
async function push(admin, env) {
  const name = `${env.registry}/longshore/tape:1`;
  await admin.loadImage(await imageArchive(env, [name], 'pushed\n'));
  await admin.push(name);
  await admin.removeImage(name);
}

/** All bytes of a stream. */
export async function collect(chunks) {
  const blocks = [];
  for await (const block of chunks) blocks.push(block);
  return Buffer.concat(blocks);
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
