// Lists of images: names, digests, variants and their order. Engines and docker 28.2.2 gave the responses and the expected lines; docker
// pads each column to 10 characters.

import { afterEach, describe, expect, it } from 'vitest';
import { cannedDaemon, json } from './canned-daemon.ts';
import type { CannedDaemon } from './canned-daemon.ts';
import { longshore } from './fake-io.ts';

let daemon: CannedDaemon;
afterEach(() => daemon.close());

/** The lines of `longshore ls`, each split into its cells. */
async function listed(images: readonly object[], argv: readonly string[], apiVersion?: string): Promise<string[][]> {
  daemon = await cannedDaemon({
    'GET /images/json': json(images),
    'GET /info': json({ DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] }),
  }, apiVersion);
  const { code, stdout, stderr } = await longshore(daemon.host, ['ls', ...argv]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout.trimEnd().split('\n').map((line) => line.split(/ {3,}/));
}

const ID = 'sha256:5bd3bd009056b41204cee31a76f99e7fa5fb940de3dbe1e5b13f23b00f66f879';
const PUSHED = 'sha256:52efa7fffb5d734377f29109174ac35ab922604108921ab0fb70e7c497835080';
/** As Docker 20.10 sent it after a push to a registry. */
const image = {
  Id: ID, Containers: -1, Created: 1767225590, Labels: null, ParentId: '', SharedSize: -1, Size: 614_690, VirtualSize: 614_690,
  RepoTags: ['127.0.0.1:5000/team/base:1', 'team/base:1', 'team/base:2'],
  RepoDigests: [`127.0.0.1:5000/team/base@${PUSHED}`],
};
const bare = { ...image, RepoTags: null, RepoDigests: null, Size: 1 };

describe('ls --digests', () => {
  it('has the digest of each name, as docker images --digests has', async () => {
    expect(await listed([image, bare], ['--digests'])).toEqual([
      ['REPOSITORY', 'TAG', 'DIGEST', 'IMAGE ID', 'CREATED', 'SIZE'],
      ['127.0.0.1:5000/team/base', '1', PUSHED, '5bd3bd009056', '10 seconds ago', '615kB'],
      ['team/base', '1', '<none>', '5bd3bd009056', '10 seconds ago', '615kB'],
      ['team/base', '2', '<none>', '5bd3bd009056', '10 seconds ago', '615kB'],
      ['<none>', '<none>', '<none>', '5bd3bd009056', '10 seconds ago', '1B'],
    ]);
  });

  it('has a line for each digest of a repository, also of one without a tag', async () => {
    const several = { ...image, RepoTags: ['a:1'], RepoDigests: [`a@${ID}`, `b@${ID}`, `a@${PUSHED}`] };
    expect((await listed([several], ['--digests'])).slice(1).map((cells) => cells.slice(0, 3))).toEqual([
      ['a', '1', ID],
      ['a', '1', PUSHED],
      ['b', '<none>', ID],
    ]);
  });

  it.each([[[]], [['a:1']]])('does not take a digest without a repository for a name of an image with the tags %j', async (RepoTags) => {
    const dangling = { ...image, RepoTags, RepoDigests: [PUSHED] }; // as Docker 28.5 with the containerd store sent it
    expect((await listed([dangling], ['--digests'])).slice(1).map((cells) => cells.slice(0, 3))).toEqual([
      RepoTags.length > 0 ? ['a', '1', '<none>'] : ['<none>', '<none>', '<none>'],
    ]);
  });
});

describe('ls --format', () => {
  it.each([
    ['{{.ID}} {{.Repository}}:{{.Tag}}', '5bd3bd009056 127.0.0.1:5000/team/base:1'],
    ['{{.Digest}}', PUSHED],
    ['{{.CreatedAt}}|{{.CreatedSince}}', '2025-12-31 23:59:50 +0000 UTC|10 seconds ago'],
    ['{{.Size}}|{{.VirtualSize}}|{{.SharedSize}}|{{.UniqueSize}}|{{.Containers}}', '615kB|614.7kB|N/A|N/A|N/A'],
  ])('%s has docker\'s fields', async (format, first) => {
    expect((await listed([image], ['--format', format]))[0]).toEqual([first]);
  });

  it('accepts --digests, as docker images does', async () => {
    expect(await listed([image], ['--digests', '--format', '{{.Repository}}@{{.Digest}}'])).toEqual([
      [`127.0.0.1:5000/team/base@${PUSHED}`], ['team/base@<none>'], ['team/base@<none>'],
    ]);
  });

  it('has all of them in {{json .}}, and full IDs with --no-trunc', async () => {
    const [[text = '']] = await listed([image], ['--no-trunc', '--format', '{{json .}}']) as [[string]];
    expect(JSON.parse(text)).toEqual({
      Containers: 'N/A', CreatedAt: '2025-12-31 23:59:50 +0000 UTC', CreatedSince: '10 seconds ago', Digest: PUSHED, ID,
      Repository: '127.0.0.1:5000/team/base', SharedSize: 'N/A', Size: '615kB', Tag: '1', UniqueSize: 'N/A', VirtualSize: '614.7kB',
    });
  });

  it('has the sizes and containers that an engine computed', async () => {
    const computed = { ...image, SharedSize: 500_000, Containers: 2 };
    expect((await listed([computed], ['--format', '{{.SharedSize}} {{.UniqueSize}} {{.Containers}}']))[0]).toEqual(['500kB 114.7kB 2']);
  });

  it('has the headings of docker in a table', async () => {
    const format = 'table {{.ID}}\\t{{.VirtualSize}}\\t{{.SharedSize}}\\t{{.UniqueSize}}\\t{{.Containers}}\\t{{.CreatedAt}}\\t{{.CreatedSince}}';
    const [heading] = await listed([image], ['--format', format]);
    expect(heading).toEqual(['IMAGE ID', 'SIZE', 'SHARED SIZE', 'UNIQUE SIZE', 'CONTAINERS', 'CREATED AT', 'CREATED']);
  });
});

describe('ls --platforms', () => {
  const variant = (platform: object, Total: number, ID: string, Kind = 'image') => ({
    ID, Kind, Available: Total > 0, Size: { Content: 1, Total }, ImageData: { Platform: platform, Size: { Unpacked: 0 }, Containers: null },
  });
  const amd64 = { os: 'linux', architecture: 'amd64' };

  it('has a line for each variant, and says which are not on the engine', async () => {
    const Manifests = [
      variant(amd64, 10_900, `sha256:${'a'.repeat(64)}`),
      variant({ os: 'linux', architecture: 'arm64', variant: 'v8' }, 2723, `sha256:${'b'.repeat(64)}`),
      variant({ os: 'linux', architecture: 'arm', variant: 'v7' }, 0, `sha256:${'c'.repeat(64)}`),
      { ...variant(amd64, 5, `sha256:${'d'.repeat(64)}`, 'attestation'), ImageData: null },
    ];
    const single = { ...image, RepoTags: ['b:1'], Manifests: [variant(amd64, 614_690, PUSHED)] };
    expect(await listed([{ ...image, RepoTags: ['a:1'], Manifests }, single], ['--platforms'], '1.51')).toEqual([
      ['REPOSITORY', 'TAG', 'IMAGE ID', 'PLATFORM', 'CREATED', 'SIZE'],
      ['a', '1', 'aaaaaaaaaaaa', 'linux/amd64', '10 seconds ago', '10.9kB'],
      ['a', '1', 'bbbbbbbbbbbb', 'linux/arm64/v8', '10 seconds ago', '2.72kB'],
      ['a', '1', 'cccccccccccc', 'linux/arm/v7', '10 seconds ago', 'unavailable'],
      ['b', '1', '5bd3bd009056', 'linux/amd64', '10 seconds ago', '615kB'],
    ]);
    expect(daemon.requests).toContain('GET /images/json?manifests=1');
  });
});

describe('ls --platforms of an engine that does not list variants', () => {
  it('has the platform of each image that is still there', async () => {
    const gone = { ...image, Id: `sha256:9${'0'.repeat(63)}` };
    daemon = await cannedDaemon({
      'GET /images/json': json([{ ...image, RepoTags: ['a:1'], RepoDigests: null }, gone]),
      [`GET /images/${ID}/json`]: json({ Id: ID, Os: 'linux', Architecture: 'arm', Variant: 'v7' }),
    });
    const { code, stdout, stderr } = await longshore(daemon.host, ['ls', '--platforms']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trimEnd().split('\n').map((line) => line.split(/ {3,}/))).toEqual([
      ['REPOSITORY', 'TAG', 'IMAGE ID', 'PLATFORM', 'CREATED', 'SIZE'],
      ['a', '1', '5bd3bd009056', 'linux/arm/v7', '10 seconds ago', '615kB'],
    ]);
  });
});

describe('ls --sort', () => {
  const images = [
    { ...image, Id: `sha256:1${'0'.repeat(63)}`, RepoTags: null, RepoDigests: null, Size: 2, Created: 3 },
    { ...image, Id: `sha256:2${'0'.repeat(63)}`, RepoTags: ['b:2', 'a:9'], Size: 1, Created: 5 },
    { ...image, Id: `sha256:3${'0'.repeat(63)}`, RepoTags: ['b:1'], Size: 3, Created: 4 },
  ];

  it.each([
    ['size', ['b:1', '<none>:<none>', 'b:2', 'a:9'], ['3', '1', '2']],
    ['created', ['b:2', 'a:9', 'b:1', '<none>:<none>'], ['2', '3', '1']],
    ['name', ['a:9', 'b:1', 'b:2', '<none>:<none>'], ['2', '3', '1']],
  ])('%s also sorts IDs and JSON', async (order, names, ids) => {
    expect((await listed(images, ['--sort', order, '--format', '{{.Repository}}:{{.Tag}}'])).flat()).toEqual(names);
    const quiet = (await longshore(daemon.host, ['ls', '-q', '--sort', order])).stdout.trimEnd().split('\n');
    expect(quiet.map((id) => id[0])).toEqual(ids);
    const { stdout } = await longshore(daemon.host, ['ls', '--json', '--sort', order]);
    expect((JSON.parse(stdout) as Array<{ Id: string }>).map(({ Id }) => Id[7])).toEqual(ids);
    const printed = (await longshore(daemon.host, ['ls', '--names', '--sort', order])).stdout.trimEnd().split('\n');
    expect(printed).toEqual(names.filter((name) => !name.startsWith('<')));
  });
});
