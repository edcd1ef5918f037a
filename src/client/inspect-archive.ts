// `inspectArchive`: which images an archive has, without an engine. The code that reads archives is loaded when it is first used.

import { take } from './arguments.ts';
import { abortable } from '../async/abort.ts';
import type { ArchiveInspection } from '../api/types/archive.ts';
import { loadCreateHash } from '../bytes.ts';
import { LongshoreError, TruncatedError, UploadError } from '../errors.ts';
import { bodySource } from './request-body.ts';
import type { UploadData } from './request-body.ts';

/** Options of `inspectArchive`. */
export interface InspectArchiveOptions {
  /** Ends the reading, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads an archive of images, as `docker save`, `podman save` and other programs write it, and returns what it says about itself: formats,
 * names, IDs, platforms, layers, sizes, and what is missing. Needs no engine. The archive is read once to its end, never unpacked, and may be
 * compressed with gzip or zstd (Node 22.15). Layers are not verified: `getImage` with `verify: "digests"` does that.
 *
 * Rejects with a `TruncatedError` if the archive is incomplete or not a tar, a `DigestError` if it is not an archive of images or a document in
 * it is wrong, an `UploadError` if the source fails or cannot be decompressed, and an `ArgumentError` for wrong arguments.
 */
export async function inspectArchive(source: UploadData, options?: InspectArchiveOptions): Promise<ArchiveInspection> {
  const { signal } = take('inspectArchive', options);
  const archive = bodySource(source, 'inspectArchive: source');
  signal?.throwIfAborted();
  const [{ chunksOf, unpackedBody }, { ArchiveContents }, { ArchiveScan }, createHash] = await Promise.all([
    import('./unpacked-body.ts'), import('../api/saved-image/archive-contents.ts'), import('../tar/scan-archive.ts'), loadCreateHash(),
  ]);
  const { body, compression, close } = await unpackedBody(await archive.open(), undefined, signal);
  const contents = new ArchiveContents(createHash);
  const scan = new ArchiveScan(contents);
  const chunks = chunksOf(body);
  try {
    for (let next; (next = await abortable(chunks.next().catch(sourceError), signal)).done !== true; ) scanned(() => scan.push(next.value));
    const { bytes, entries } = scanned(() => scan.finish());
    const { format, images } = contents.finish();
    const shown = compression === 'skippable' ? 'zstd' : compression;
    return { format, compression: shown as ArchiveInspection['compression'], bytes, entries, images };
  } finally {
    close();
    void chunks.return().catch(() => {}); // not awaited: the source may hang
  }
}

/** Runs a step of the scan. What the source has given stays damaged, unlike the response of an engine, so its error is not transient. */
function scanned<Result>(step: () => Result): Result {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof TruncatedError)) throw error;
    const { message, phase, received, expected } = error;
    const remedy = 'It is incomplete, damaged or not a tar: check it with tar -tf FILE';
    throw new TruncatedError(`${message}. ${remedy}`, { phase, received, expected, transient: false });
  }
}

function sourceError(cause: unknown): never {
  throw cause instanceof LongshoreError ? cause : new UploadError(`cannot read the archive: ${String(cause)}`, { cause });
}
