// Turns an archive that is read in views (`ArchiveStream.each`) into one that can be iterated in large chunks, whose memory is used
// again and again. New memory for each chunk would be freed late: a copy of 1 GiB then needed 75 MiB more than an idle process.

import { produceInto } from '../../async/async-queue.ts';
import { ArgumentError } from '../../errors.ts';

/** The size of a chunk in bytes: each chunk costs some promises, and reads have at most 32 KiB if the engine writes in such pieces. */
const CHUNK_BYTES = 512 * 1024;

/** Reads an archive: calls `use` with one view after the other, and waits for its promise. */
export type ReadViews = (use: (view: Uint8Array) => void | Promise<void>, signal: AbortSignal) => Promise<unknown>;

/**
 * Yields the archive in chunks. A chunk is valid until the next one is requested: one is used while the other one is filled. Leaving
 * the loop early aborts the read.
 */
export function lentChunks(signal: AbortSignal | undefined, read: ReadViews): AsyncIterable<Uint8Array> {
  const leftEarly = (): Error => new ArgumentError('the archive was not read to its end');
  return produceInto<Uint8Array>(signal, leftEarly, async (chunks, either) => {
    let [filling, other] = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)];
    let fill = 0;
    const use = (view: Uint8Array): void | Promise<void> => {
      const part = view.subarray(0, CHUNK_BYTES - fill);
      filling.set(part, fill);
      fill += part.length;
      if (fill < CHUNK_BYTES) return undefined;
      chunks.push(filling);
      [filling, other, fill] = [other, filling, 0];
      const rest = view.subarray(part.length);
      const taken = chunks.taken();
      return taken === undefined ? use(rest) : taken.then(() => use(rest));
    };
    await read(use, either);
    if (fill > 0) chunks.push(filling.subarray(0, fill));
  });
}
