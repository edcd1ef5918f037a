// Which compressed archives an engine decompresses. The table was observed on 2026-11-30: an archive of each form was loaded and imported
// on Docker 20.10.24, 26.1.5, 28.5.2 with both image stores, and Podman 4.3.1, 5.4.2 and 6.1.1 (test/live/compressed.test.ts repeats it).
// Docker starts a program for xz, which the engine's machine may lack: the engine then reports an error that names the program, so the
// table does not count that as a refusal.

import { compareVersions, majorMinor } from './api-version.ts';
import type { EngineFacts } from './encode-call.ts';
import type { Compression } from './media-types.ts';

/** The operations that upload an archive. */
export type ArchiveUpload = 'loadImage' | 'importImage';

/** The observed releases, from new to old. A release between two of them counts as the older one. */
const OBSERVED = { Docker: ['28.5', '26.1', '20.10'], Podman: ['6.1', '5.4', '4.3'] } as const;

/** The releases that fail with an archive of a form, or make an image that other engines reject. */
type Refusals = Partial<Record<Compression, ReadonlyArray<`Docker ${string}` | `Podman ${string}`>>>;

const NO_SKIPPABLE = ['Docker 20.10', 'Podman 4.3', 'Podman 5.4', 'Podman 6.1'] as const;
const HASHES_COMPRESSED = ['Podman 4.3', 'Podman 5.4'] as const;

const REFUSED: Readonly<Record<ArchiveUpload, Refusals>> = {
  // Podman 4.3 finds no manifest.json in its own archives after gzip.
  loadImage: { gzip: ['Podman 4.3'], zstd: ['Docker 20.10'], skippable: NO_SKIPPABLE },
  // Podman makes a config with the digest of the compressed layer. 5.4 then rejects it: "does not match config's DiffID"; 4.3 does not, but
  // no Docker pulls the image: "layers from manifest don't match image configuration".
  importImage: { zstd: ['Docker 20.10', ...HASHES_COMPRESSED], skippable: NO_SKIPPABLE, bzip2: HASHES_COMPRESSED, xz: HASHES_COMPRESSED },
};

/** Returns the engine, for a message, if it does not decompress a form; undefined if it does, or if nothing is known about it. */
export function refusingEngine(operation: ArchiveUpload, form: Compression, identity: EngineFacts['identity']): string | undefined {
  const kind = identity?.isPodman === true ? 'Podman' : 'Docker';
  const release = kind === 'Podman' ? identity?.podmanVersion : /^Docker\/(\S{1,64})/i.exec(identity?.server ?? '')?.[1];
  if (release === undefined) return undefined;
  const spoken = majorMinor(release);
  const same = OBSERVED[kind].find((each) => compareVersions(each, spoken) <= 0) ?? OBSERVED[kind][2];
  return REFUSED[operation][form]?.includes(`${kind} ${same}`) === true ? `${kind} ${spoken}` : undefined;
}
