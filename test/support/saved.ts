// The archives of fixtures/saved: images as engines save them, and what GNU tar finds in an archive.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { gnuTar } from './foreign-tar.ts';

const folder = fileURLToPath(new URL('../../fixtures/saved/', import.meta.url));

/** The engines, one folder each. */
export const savedBy: readonly string[] = readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory());

/** An archive that an engine has saved. */
export function savedArchive(engine: string, image: 'app' | 'zipped' | 'multi'): Buffer {
  return gunzipSync(readFileSync(join(folder, engine, `${image}.tar.gz`)));
}

/** The files in an archive by their paths, also those that are links to others, extracted by GNU tar. */
export function filesIn(archive: Uint8Array): Map<string, Buffer> {
  const into = mkdtempSync(join(tmpdir(), 'longshore-saved-'));
  try {
    gnuTar(['-xf', '-', '-C', into], archive);
    const entries = readdirSync(into, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
    const paths = entries.map((entry) => join(entry.parentPath, entry.name));
    return new Map(paths.sort().map((path) => [path.slice(into.length + 1), readFileSync(path)]));
  } finally {
    rmSync(into, { recursive: true });
  }
}

export const sha256Of = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** What an image consists of, read from its saved archive without longshore. */
export interface SavedParts {
  readonly config: string;
  readonly diffIds: readonly string[];
  /** The layers by their diff IDs, as they are in the archive. */
  readonly layers: ReadonlyMap<string, Buffer>;
  readonly files: ReadonlyMap<string, Buffer>;
}

export function partsOf(archive: Uint8Array): SavedParts {
  const files = filesIn(archive);
  const [{ Config, Layers }] = JSON.parse(String(files.get('manifest.json'))) as [{ Config: string; Layers: string[] }];
  const config = files.get(Config) as Buffer;
  const { diff_ids: diffIds } = JSON.parse(String(config)).rootfs as { diff_ids: string[] };
  const layers = new Map(Layers.map((path, i) => [diffIds[i] as string, files.get(path) as Buffer]));
  return { config: sha256Of(config), diffIds, layers, files };
}

/** The pieces as a source yields them. */
export async function* source(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield* pieces;
}

export async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
