// Programs that tests start and that may not be installed. A test that needs one calls `lacking`. It is skipped if the program is
// not installed, and its title names the program. With LIVE_TESTS=all, as in CI, that is an error instead.
// test/installed.test.ts checks every test. node, npm and sh need no check: `npm test` itself needs them.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a program, or `undefined`. Looks into /usr/sbin too, which Debian leaves out of the PATH of users. */
export function find(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find(existsSync);
}

/** Why tests that need these programs are skipped, for their title; `undefined` where all are installed. */
export function lacking(...names: readonly string[]): string | undefined {
  const missing = names.filter((name) => find(name) === undefined);
  return missing.length === 0 ? undefined : notTried(`${missing.join(', ')} not installed`);
}

/** Returns the reason for which tests are skipped. With LIVE_TESTS=all it throws: no test is skipped unnoticed. */
export function notTried(why: string): string {
  if (process.env['LIVE_TESTS'] === 'all') throw new Error(`LIVE_TESTS=all allows no test to be skipped: ${why}`);
  return why;
}

/** The title of a test, with the reason where the test is skipped. */
export function titled(title: string, why: string | undefined): string {
  return why === undefined ? title : `${title} (skipped: ${why})`;
}
