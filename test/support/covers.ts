// Reads which points a test covers. A test, or a row of its table, carries the ids in a comment above it:
//
//   // covers: fault 3.10.3, complaint js-31
//
// A fault is a row of support/faults.ts, a complaint a row of complaints.test.ts. The titles of tests may change freely.

import { readFileSync } from 'node:fs';
import { filesBelow } from './files-below.ts';

const TESTS = new URL('../', import.meta.url);

/** How many tests and table rows of a file below test/ carry each id. */
export function coveredIn(file: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [, ids = ''] of readFileSync(new URL(file, TESTS), 'utf8').matchAll(/^ *\/\/ covers: (.+)$/gm)) {
    for (const id of ids.split(', ')) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** `"FILE: ID COUNT"` for each id of the kind that any file below test/ carries, sorted. */
export function allCovered(kind: 'fault' | 'complaint'): string[] {
  const tests = filesBelow(TESTS).filter((file) => /^(?:.+\.test|support\/(?!covers)[^/]+)\.ts$/.test(file));
  return tests.flatMap((file) => {
    return [...coveredIn(file)].filter(([id]) => id.startsWith(`${kind} `)).map(([id, count]) => `${file}: ${id} ${count}`);
  }).sort();
}
