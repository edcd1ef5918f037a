// Tests the script of the matrix: it reports what it skips. `npm run matrix` runs the cells.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const matrix = fileURLToPath(new URL('matrix.mjs', import.meta.url));
const run = (...argv: string[]) => spawnSync(process.execPath, [matrix, ...argv], { encoding: 'utf8' });
const parts = ['runtimes', 'package', 'audit-kit', 'suite', 'unbuilt', 'live'];

describe('the matrix', () => {
  it('skips every part if no time is left, says so, and does not fail', () => {
    const { status, stdout, stderr } = run('--seconds=-3');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => /^skipped {2}([\w-]+): all of it: it takes about \d+ s, and 0 s are left$/.exec(line)?.[1])).toEqual([
      ...parts,
      undefined,
    ]);
    expect(lines.at(-1)).toBe(`0 cells passed, 0 failed, ${parts.length} skipped`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('refuses an unknown part and names the known ones', () => {
    const { status, stderr } = run('--only=suite,sweet');
    expect(stderr).toContain(`unknown part sweet; the parts are ${parts.join(', ')}`);
    expect(status).toBe(1);
  });
});
