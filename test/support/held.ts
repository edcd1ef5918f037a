// Points that are held by tests elsewhere: whether those tests are there.

import { readFileSync } from 'node:fs';

/** A test, or a row of its table: in a file below test/, under that title or name. */
export interface HeldBy {
  readonly file: string;
  readonly title: string;
}

/** The titles of the tests in a file below test/, and the names of the rows of their tables. */
export function titlesOf(file: string): ReadonlySet<string> {
  const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  const literals = /(?:\b(?:it|test|titled)\(|\)\(|^\s*\[)\s*(['"`])((?:\\.|(?!\1)[^\\\n])*)\1/gm;
  return new Set([...text.matchAll(literals)].map((match) => (match[2] ?? '').replace(/\\(['"`])/g, '$1')));
}
