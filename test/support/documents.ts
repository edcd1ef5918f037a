// The README files of the project: the one at the top, and one in each folder that needs one. Tests look up a section by
// its heading in all of them, so a section may move from one file to another.
import { readFileSync } from 'node:fs';
import { filesBelow } from './files-below.ts';

const root = new URL('../../', import.meta.url);

export interface ProjectDocument {
  /** From the top of the project, with slashes: `src/client/README.md`. */
  readonly path: string;
  readonly text: string;
}

const namesIn = (folder: string): string[] =>
  filesBelow(new URL(folder, root))
    .map((name) => `${folder}${name}`)
    .filter((path) => path.endsWith('/README.md'));

export const documents: readonly ProjectDocument[] = ['README.md', ...namesIn('src/').sort(), ...namesIn('test/').sort()].map((path) => ({
  path,
  text: readFileSync(new URL(path, root), 'utf8'),
}));

/** The text below a heading `## ...`, which exactly one document must have, up to the next heading of that level. */
export function section(heading: string): string {
  const found = documents.filter(({ text }) => text.includes(`\n## ${heading}\n`));
  const [document] = found;
  if (document === undefined || found.length > 1) {
    throw new Error(`"## ${heading}" is in ${found.map(({ path }) => path).join(', ') || 'none of the README files'}, and must be in one`);
  }
  return document.text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
}

/** The rows of the first table below a heading, without its head, as cells. `head` chooses a later one by its first cell. */
export function table(heading: string, head = ''): string[][] {
  const tables = section(heading).trim().split(/\n\n+/).filter((part) => part.startsWith(`| ${head}`));
  const rows = (tables[0] ?? '').split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) => row.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
}
