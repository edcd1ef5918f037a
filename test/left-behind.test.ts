// A run of the tests leaves no temporary folder and no process, also when a signal ends it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from './support/fake-daemon.ts';
import { runs } from './support/fake-ssh.ts';

const module = new URL('support/left-behind.mjs', import.meta.url).href;

/** A test: it makes a folder, starts a program that ends only when it is killed, and does not end itself. */
const test = `
  const { spawn } = require('node:child_process');
  const folder = require('node:fs').mkdtempSync(require('node:path').join(require('node:os').tmpdir(), 'test-'));
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore', detached: true });
  require('node:worker_threads').parentPort.postMessage({ folder, pid: child.pid });
  setInterval(() => {}, 1000);`;
/** As vitest does it: tests run in a thread, and a signal calls process.exit(). */
const runner = `
  import { Worker } from 'node:worker_threads';
  import { leaveNothingBehind } from ${JSON.stringify(module)};
  leaveNothingBehind();
  const worker = new Worker(${JSON.stringify(test)}, { eval: true, execArgv: [] });
  worker.once('message', (message) => {
    if (process.argv[1] !== 'ends') return void process.stdout.write(JSON.stringify(message));
    process.stdout.write(JSON.stringify(message), () => process.exit());
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));`;

describe.skipIf(process.platform !== 'linux')('a run of tests', () => {
  let pid: number | undefined;
  afterEach(() => {
    if (pid !== undefined && runs(pid)) process.kill(pid, 'SIGKILL');
  });

  it.each(['SIGTERM', 'SIGINT', 'ends'])('leaves no folder and no process: %s', async (how) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', runner, how], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    const line = await Promise.race([once(child.stdout, 'data'), ended]);
    const left = JSON.parse(String(line)) as { folder: string; pid: number };
    pid = left.pid;
    if (how === 'ends') await ended;
    else {
      expect([existsSync(left.folder), runs(pid)]).toEqual([true, true]);
      child.kill(how as NodeJS.Signals);
      await ended;
    }
    expect(existsSync(left.folder)).toBe(false);
    await until(() => !runs(left.pid));
  });
});
