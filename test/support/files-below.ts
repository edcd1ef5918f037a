// Lists the files of a folder and of its subfolders. Skips `node_modules/` and links: a link there leads back to the project, and
// `readdirSync` with `recursive` would follow it half a million times.

import { readdirSync } from 'node:fs';

/** The paths below `folder`, which ends in a slash; with slashes on every system. */
export function filesBelow(folder: URL): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [entry.name];
    if (entry.name === 'node_modules') return [];
    return filesBelow(new URL(`${entry.name}/`, folder)).map((path) => `${entry.name}/${path}`);
  });
}
