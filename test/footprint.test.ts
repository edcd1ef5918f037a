// The library leaves nothing in the process that uses it: no timer, no handle, no changed global.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './support/fake-daemon.ts';
import { obedientDaemon } from './support/obedient-daemon.ts';
import type { ObedientDaemon } from './support/obedient-daemon.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'longshore-footprint-'));
let daemon: ObedientDaemon;
beforeAll(async () => void (daemon = await obedientDaemon()));
afterAll(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the program footprint.mjs, which ends when nothing keeps it alive. */
async function run(...rest: string[]): Promise<unknown> {
  const program = join(root, 'test/support/footprint.mjs');
  const argv = [program, join(root, 'dist/index.js'), daemon.host, join(folder, 'a.tar'), ...rest];
  // In a process that can neither compile text to code nor reach a prototype by a name in data.
  const strict = ['--disallow-code-generation-from-strings', '--disable-proto=throw'];
  const child = spawn(process.execPath, [...strict, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect(child.exitCode).toBe(0);
  return JSON.parse(said);
}

describe('a process that has used the library', () => {
  it('has no timer and no handle after the client is closed, and all globals are unchanged', async () => {
    expect(await run('close')).toEqual({ looked: expect.any(Number), changed: [], left: [] });
  });

  it('ends by itself when the client and its connections were not closed', async () => {
    expect(await run()).toMatchObject({ changed: [] });
    await until(() => daemon.open() === 0);
  });
});
