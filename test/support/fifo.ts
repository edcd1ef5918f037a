// Makes FIFOs; Node has no function for that.

import { execFileSync } from 'node:child_process';
import { lacking } from './installed.ts';

/** Why tests that need a FIFO are skipped; `undefined` where one can be made. */
export const noFifo: string | undefined = process.platform === 'win32' ? 'Windows has no FIFOs' : lacking('mkfifo');

/** Makes a FIFO, and returns its path. */
export function makeFifo(path: string): string {
  execFileSync('mkfifo', [path]);
  return path;
}
