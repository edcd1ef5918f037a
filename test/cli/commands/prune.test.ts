// longshore prune --dry-run: what it prints, and that it removes nothing.

import { afterEach, describe, expect, it } from 'vitest';
import { cannedDaemon, json } from '../canned-daemon.ts';
import type { CannedDaemon } from '../canned-daemon.ts';
import { longshore } from '../fake-io.ts';
import type { Outcome } from '../fake-io.ts';

let daemon: CannedDaemon;
afterEach(() => daemon.close());

const USED = `sha256:${'0123456789abcdef'.repeat(4)}`;
const UNUSED = `sha256:${'fedcba9876543210'.repeat(4)}`;
const CREATED = Date.UTC(2026, 0, 1) / 1000 - 21 * 24 * 3600;
const image = (Id: string, RepoTags: string[], Containers: number) =>
  ({ Id, ParentId: '', RepoTags, RepoDigests: [], Created: CREATED, Size: 7_329_000, SharedSize: 0, Containers, Labels: null });
const images = [image(USED, ['a:1', 'b:1'], 1), image(UNUSED, ['c:1'], 0)];

async function dryRun(...flags: string[]): Promise<Outcome> {
  daemon = await cannedDaemon({
    'GET /images/json': json(images),
    'GET /system/df': json({ LayersSize: 1, Images: images }),
    'GET /info': json({}),
    [`GET /images/${USED}/json`]: json({ Id: USED, RootFS: { Layers: [USED] } }),
    [`GET /images/${UNUSED}/json`]: json({ Id: UNUSED, RootFS: { Layers: [UNUSED] } }),
  });
  return longshore(daemon.host, ['prune', '--dry-run', ...flags], { stdin: '' });
}

describe('prune --dry-run', () => {
  it('prints the images, the names that other images lose, and the space, without a question', async () => {
    expect(await dryRun('-a')).toEqual({
      code: 0,
      stdout: [
        'REPOSITORY   TAG   IMAGE ID       CREATED       SIZE',
        'c            1     fedcba987654   3 weeks ago   7.33MB',
        'Would untag: a:1 (its image stays)',
        'Would remove 1 image and free at most 7.329MB',
        '',
      ].join('\n'),
      stderr: '',
    });
    expect(daemon.requests.filter((request) => !request.startsWith('GET '))).toEqual([]);
  });

  it('says that nothing would be removed', async () => {
    expect(await dryRun()).toEqual({ code: 0, stdout: 'Would remove 0 images and free at most 0B\n', stderr: '' });
  });

  it('prints IDs with --quiet, and the plan with --json', async () => {
    expect((await dryRun('-a', '-q')).stdout).toBe('fedcba987654\n');
    await daemon.close();
    expect(JSON.parse((await dryRun('-a', '--json')).stdout)).toMatchObject({ images: [{ Id: UNUSED }], untagged: ['a:1'], freesAtMost: 7_329_000 });
  });

  it('has one row of headings for several engines', async () => {
    const { stdout } = await dryRun('-a', '--context', 'one', '--context', 'two');
    expect(stdout.match(/^ENGINE/gm)).toHaveLength(1);
    expect(stdout).toMatch(/^one +done +c +1 +fedcba987654 +3 weeks ago +7\.33MB\none +done +Would untag: a:1/m);
    expect(stdout).not.toContain('REPOSITORY');
  });
});
