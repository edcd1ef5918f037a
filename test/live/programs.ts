// The programs that the live tests want besides the engine: where they are, what they say, and what to do without one.

import { spawnSync } from 'node:child_process';
import type { SpawnSyncOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program is; Debian keeps some where only root looks. */
export function find(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find(existsSync);
}

/** Why tests that want these programs are not tried, for their title, or undefined. */
export function lacking(...names: readonly string[]): string | undefined {
  const missing = names.filter((name) => find(name) === undefined);
  return missing.length === 0 ? undefined : notTried(`there is no ${missing.join(', no ')}`);
}

/** The same for another reason. Where everything must be there, as in CI, it is an error: nothing is left out unnoticed. */
export function notTried(why: string): string {
  if (process.env['LIVE_TESTS'] === 'all') throw new Error(`with LIVE_TESTS=all everything must be tried, and ${why}`);
  return why;
}

/** The title of tests that are not tried, and why. */
export function titled(title: string, lack: string | undefined): string {
  return lack === undefined ? title : `${title}: not tried, for ${lack}`;
}

/** Runs a program that goes well, and gives what it says. */
export function run(name: string, argv: readonly string[], options: SpawnSyncOptions = {}): string {
  const { error, status, stdout, stderr } = spawnSync(find(name) ?? name, argv, options);
  if (error) throw error;
  if (status !== 0) throw new Error(`${name} (${status}): ${stderr}`);
  return stdout.toString();
}

/** The processes that pgrep finds. */
export function pids(...criteria: readonly string[]): number[] {
  return spawnSync('pgrep', criteria).stdout.toString().split('\n').filter(Boolean).map(Number);
}
