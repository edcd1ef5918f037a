// `packTar`: packs entries into a tar archive. It checks its argument when it is called; the code that writes the archive is
// loaded when the first block is read.

import { TarError } from '../errors.ts';
import { describeKind, isBytes, isPlainObject } from '../kinds.ts';
import { isAsyncIterable, isIterable, unreadableEntries, watchErrors } from './caller-input.ts';
import type { TarEntries } from './validate-entry.ts';

export type { TarContent, TarEntries, TarEntry, TarEntryType } from './validate-entry.ts';

/**
 * Packs entries into an archive, and yields it in blocks whose memory is not reused. The same entries always give the same
 * bytes. Throws a `TarError` for an invalid entry, before it yields any byte of that entry. Throws it later if the content
 * is shorter or longer than its `size`, or if its source fails. After an error, the archive is incomplete.
 */
export function packTar(entries: TarEntries): AsyncGenerator<Uint8Array, void, void> {
  checkEntries(entries);
  return pack(entries);
}

async function* pack(entries: TarEntries): AsyncGenerator<Uint8Array, void, void> {
  const { packEntries } = await import('./pack-entries.ts');
  yield* packEntries(entries);
}

/** Checks the type of `entries`, and listens for errors of streams among them: a stream may fail before it is read. */
function checkEntries(entries: unknown): void {
  try {
    if (isAsyncIterable(entries) || (isIterable(entries) && !isBytes(entries)) || isPlainObject(entries)) {
      if (Array.isArray(entries)) for (const entry of entries) watchErrors(entry?.content);
      return;
    }
  } catch (cause) {
    throw unreadableEntries(cause);
  }
  throw new TarError(`tar: entries must be an object of files or an iterable of entries, not ${describeKind(entries)}`);
}
