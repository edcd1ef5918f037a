// Reads the published bundle: its region comments name the source file of each part.

import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A part of a JavaScript file that comes from one source file, such as `http/fields.ts`. */
export interface Region {
  readonly source: string;
  readonly code: string;
}

/** The regions of the text of a JavaScript file. */
export function regionsOf(text: string): Region[] {
  const regions = text.matchAll(/^\/\/#region src\/(\S+)\n([^]*?)^\/\/#endregion$/gm);
  return [...regions].map(([, source = '', code = '']) => ({ source, code }));
}

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

/** The JavaScript files of `dist/`, by their paths below it. */
export function bundledFiles(): Map<string, string> {
  const names = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  return new Map(names.sort().map((name) => [name.replaceAll('\\', '/'), readFileSync(dist + name, 'utf8')]));
}
