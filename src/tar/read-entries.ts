// Reads the entries of an archive one after the other, each with its content, from a source of bytes. Nothing is collected: the
// next piece of the source is requested only when the pieces before it have been used.

import { ArchiveScan } from './scan-archive.ts';
import type { ParsedHeader } from './header.ts';

/** An entry of an archive that is being read. */
export interface ReadEntry extends Pick<ParsedHeader, 'path' | 'typeflag' | 'size' | 'linkname'> {
  /**
   * Yields the content. It must be read before the next entry is requested; what is not read then is skipped. A piece is valid until
   * the next one is requested if the chunks of the source are.
   */
  content(): AsyncGenerator<Uint8Array, void, void>;
}

/** What the scan reports: a header, a piece of content, or the end of an entry. */
type Part = ParsedHeader | Uint8Array | undefined;

/**
 * Yields the entries of an archive. Throws a `TruncatedError` if the archive is damaged or incomplete, as `ArchiveScan` does, and
 * the errors of its source. A chunk must stay unchanged until the next one is requested.
 */
export async function* readEntries(source: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEntry, void, void> {
  const parts = partsOf(source);
  try {
    for (let part = await parts.next(); part.done !== true; part = await parts.next()) {
      // Pieces of content that were not read, and the end of their entry, are dropped here.
      if (part.value === undefined || part.value instanceof Uint8Array) continue;
      yield { ...part.value, content: () => entryContent(parts) };
    }
  } finally {
    await parts.return(); // closes the source if the caller left early
  }
}

/** The pieces up to the end of the entry. */
async function* entryContent(parts: AsyncGenerator<Part, void, void>): AsyncGenerator<Uint8Array, void, void> {
  for (let part = await parts.next(); part.done !== true && part.value instanceof Uint8Array; part = await parts.next()) yield part.value;
}

async function* partsOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Part, void, void> {
  let parts: Part[] = [];
  const keep = (part: Part): void => void parts.push(part);
  const scan = new ArchiveScan({ entry: keep, content: keep, endEntry: () => keep(undefined) });
  for await (const chunk of source) {
    scan.push(chunk);
    yield* parts;
    parts = [];
  }
  scan.finish();
}
