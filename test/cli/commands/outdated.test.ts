// longshore outdated: the requests, the table, and the exit codes.

import { afterEach, describe, expect, it } from 'vitest';
import { cannedDaemon, json, status } from '../canned-daemon.ts';
import type { Answer, CannedDaemon } from '../canned-daemon.ts';
import { longshore } from '../fake-io.ts';
import type { Outcome } from '../fake-io.ts';

let daemon: CannedDaemon;
afterEach(() => daemon.close());

async function against(answers: Record<string, Answer>, argv: string[], apiVersion?: string): Promise<Outcome> {
  daemon = await cannedDaemon(answers, apiVersion);
  return longshore(daemon.host, argv);
}

const ID = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('outdated', () => {
  const NEW = `sha256:${'f'.repeat(64)}`;
  const image = (name: string, digests = [`${name.split(':')[0]}@${ID}`]) => json({ Id: ID, RepoTags: [name], RepoDigests: digests });
  const there = (digest: string) => json({ Descriptor: { mediaType: 'x', digest, size: 1 }, Platforms: [] });
  const answers = {
    'GET /images/json': json([{ Id: ID, RepoTags: ['a:1', 'b:1', 'built:1', 'gone:1', 'removed:1', 'a\x1b[2J'], RepoDigests: [], Created: 1, Size: 1, Labels: null }]),
    'GET /images/docker.io/library/a:1/json': image('a:1'),
    'GET /images/docker.io/library/b:1/json': image('b:1'),
    'GET /images/docker.io/library/built:1/json': image('built:1', []),
    'GET /images/docker.io/library/gone:1/json': image('gone:1'),
    'GET /distribution/docker.io/library/a:1/json': there(ID),
    'GET /distribution/docker.io/library/b:1/json': there(NEW),
    'GET /distribution/docker.io/library/gone:1/json': status(404, 'manifest unknown: manifest unknown'),
  };
  const away = { 'GET /distribution/docker.io/library/a:1/json': status(500, 'Get "https://registry-1.docker.io/v2/": dial tcp 1.2.3.4:443: connection refused') };

  it('shows all images that have a tag, and ends with 0', async () => {
    expect(await against(answers, ['outdated'])).toEqual({
      code: 0,
      stdout: [
        'IMAGE     STATUS     LOCAL          REGISTRY       DETAIL',
        'a:1       current    0123456789ab   0123456789ab',
        'b:1       outdated   0123456789ab   ffffffffffff',
        'built:1   unknown                                  not from this repository: built, loaded or tagged here',
        'gone:1    unknown    0123456789ab                  the registry does not have this name',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  it('asks once about names that mean the same image', async () => {
    const { stdout } = await against(answers, ['outdated', 'a:1', 'docker.io/library/a:1', `a:1@${ID}`]);
    expect(stdout.split('\n').slice(1).map((row) => row.split(/ {3,}/).slice(0, 2))).toEqual([['a:1', 'current'], [`a:1@${ID}`, 'failed'], ['']]);
    expect(daemon.requests.filter((request) => request.includes('/distribution/'))).toHaveLength(1);
  });

  it('says in one row that a registry is away, and goes on', async () => {
    const { code, stdout, stderr } = await against({ ...answers, ...away }, ['outdated', '--exit-code']);
    expect(code).toBe(1); // also with --exit-code: the result is not complete
    expect(stdout.split('\n').map((row) => row.split(/ {3,}/)[1])).toEqual(['STATUS', 'failed', 'outdated', 'unknown', 'unknown', undefined]);
    expect(stdout).not.toContain('connection refused'); // stderr says it
    expect(stderr).toMatch(/^longshore outdated: a:1: the engine answered 500: .*connection refused\nThe engine cannot reach the other server/);
  });

  it('reports a registry that is away once for all of its images', async () => {
    const both = { ...answers, ...away, 'GET /distribution/docker.io/library/b:1/json': away['GET /distribution/docker.io/library/a:1/json'] };
    const { stdout, stderr } = await against(both, ['outdated', '--json']);
    expect(stderr).toMatch(/^longshore outdated: a:1, b:1: the engine answered 500: .*\nThe engine cannot reach .*\n$/);
    expect(JSON.parse(stdout).slice(0, 2)).toEqual(['a:1', 'b:1'].map((name) => ({ image: name, status: 'failed', detail: expect.stringContaining('refused') })));
  });

  it.each<[string[], number, string]>([
    [['--exit-code', 'b:1', '-q'], 3, 'b:1\n'],
    [['--exit-code', 'a:1', '-q'], 0, ''],
    [['b:1', '-q', '--json'], 0, '[\n  "b:1"\n]\n'],
    [['b:1', '--json'], 0, `${JSON.stringify([{ image: 'b:1', status: 'outdated', localDigest: ID, remoteDigest: NEW }], null, 2)}\n`],
    [['b:1', '--no-trunc'], 0, `IMAGE   STATUS     LOCAL${' '.repeat(69)}REGISTRY\nb:1     outdated   ${ID}   ${NEW}\n`],
  ])('%j ends with %i and prints %j', async (flags, code, stdout) => {
    expect(await against(answers, ['outdated', ...flags])).toEqual({ code, stdout, stderr: '' });
  });

  it('is one error, not one for each image, if the engine cannot ask registries', async () => {
    const { code, stdout, stderr } = await against(answers, ['outdated'], '1.29');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^longshore outdated: cannot check for an update: inspectDistribution needs API version 1\.30, .*skopeo inspect.*\n$/);
  });

  it.each([ID, '0123456789ab'])('refuses the image ID %s before it sends anything', async (id) => {
    const { code, stderr } = await against(answers, ['outdated', 'a:1', id]);
    expect([code, daemon.requests]).toEqual([2, []]);
    expect(stderr).toMatch(/it is an image ID|is an image ID.*give a name/);
  });
});
