// Complaints about the package.

import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { describe, expect } from 'vitest';
import { temporaryFolder, point } from '../support/complaint-tests.ts';

describe('the package', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const run = (program: string, argv: readonly string[], cwd: string): string => {
    const { status, stdout, stderr } = spawnSync(program, argv, { cwd, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    return stdout.trim();
  };

  point('js-44', 'A bundler makes one file of it that runs.', async () => {
    const folder = await temporaryFolder();
    const bundle = await rolldown({ input: join(root, 'src/index.ts'), platform: 'node', logLevel: 'silent' });
    const { output } = await bundle.write({ file: join(folder, 'one.mjs'), format: 'esm', codeSplitting: false });
    await bundle.close();
    expect(output.map(({ fileName }) => fileName)).toEqual(['one.mjs']);
    await writeFile(join(folder, 'a.mjs'), `import { ImageClient } from './one.mjs'; console.log(ImageClient.name);`);
    expect(run(process.execPath, ['a.mjs'], folder)).toBe('ImageClient');
  });
});
