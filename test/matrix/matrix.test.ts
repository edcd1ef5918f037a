// Of the matrix itself, that it says what it leaves out; its cells are run by `npm run matrix`.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const matrix = fileURLToPath(new URL('matrix.mjs', import.meta.url));
const run = (...argv: string[]) => spawnSync(process.execPath, [matrix, ...argv], { encoding: 'utf8' });
const parts = ['runtimes', 'package', 'audit-kit', 'suite', 'unbuilt', 'live'];

describe('the matrix', () => {
  it('without time left skips every part, says so, and has not failed', () => {
    const { status, stdout, stderr } = run('--seconds=-3');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => /^skipped {2}([\w-]+): all of it: it takes some \d+ s, and 0 are left$/.exec(line)?.[1])).toEqual([
      ...parts,
      undefined,
    ]);
    expect(lines.at(-1)).toBe(`0 cells passed, 0 failed, ${parts.length} skipped`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('refuses a part that there is not, and names those that there are', () => {
    const { status, stderr } = run('--only=suite,sweet');
    expect(stderr).toContain(`there is no part sweet: ${parts.join(', ')}`);
    expect(status).toBe(1);
  });
});
