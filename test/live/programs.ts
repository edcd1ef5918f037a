// Runs the programs that the live tests need besides the engine.

import { spawnSync } from 'node:child_process';
import type { SpawnSyncOptions } from 'node:child_process';
import { find } from '../support/installed.ts';

/** Runs a program that must succeed, and returns its output. */
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
