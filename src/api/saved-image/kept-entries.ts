// An archive of which the beginning is needed twice: first to find the documents of an image, then for its blobs. Small blobs that pass
// in the first part are kept, so that the archive need not be requested again.

import type { ReadEntry } from '../../tar/read-entries.ts';
import { readEntries } from '../../tar/read-entries.ts';
import { digestInPath, normalizePath } from './paths.ts';

/** The most memory for kept blobs, in bytes: more than a small changed layer has, and little beside a Node process. */
const KEPT_BYTES = 12 * 1024 * 1024;

async function* opened(open: () => AsyncIterable<Uint8Array>): AsyncGenerator<ReadEntry, void, void> {
  yield* readEntries(open());
}

/** The entries of one archive. They are read in two parts: `begin`, then `takeAll`. */
export class KeptEntries {
  readonly #entries: AsyncGenerator<ReadEntry, void, void>;
  #kept: ReadEntry[] = [];
  /** The blobs that have passed and were too large. */
  readonly #passed = new Set<string>();
  #room = KEPT_BYTES;
  #isTaken = false;

  /** `open` is called when the first entry is read. A chunk must stay unchanged until the next one is requested. */
  constructor(open: () => AsyncIterable<Uint8Array>) {
    this.#entries = opened(open);
  }

  /** Yields the entries. Leaving the loop does not end the archive. */
  async *begin(): AsyncGenerator<ReadEntry, void, void> {
    for (let next = await this.#entries.next(); next.done !== true; next = await this.#entries.next()) yield await this.#keep(next.value);
  }

  async #keep(entry: ReadEntry): Promise<ReadEntry> {
    const { typeflag, size, path } = entry;
    const digest = typeflag === '0' ? digestInPath(normalizePath(path)) : undefined;
    if (digest === undefined) return entry;
    if (size > this.#room) {
      this.#passed.add(digest);
      return entry;
    }
    this.#room -= size;
    const bytes = new Uint8Array(size);
    let at = 0;
    for await (const piece of entry.content()) {
      bytes.set(piece, at);
      at += piece.length;
    }
    const kept = {
      ...entry,
      async *content(): AsyncGenerator<Uint8Array, void, void> {
        if (size > 0) yield bytes;
      },
    };
    this.#kept.push(kept);
    return kept;
  }

  /** Returns the kept entries and those to come, once; undefined if one of these blobs has passed and was not kept. */
  takeAll(digests: Iterable<string>): AsyncGenerator<ReadEntry, void, void> | undefined {
    if (this.#isTaken || [...digests].some((digest) => this.#passed.has(digest))) return undefined;
    this.#isTaken = true;
    return this.#all();
  }

  async *#all(): AsyncGenerator<ReadEntry, void, void> {
    try {
      for (let kept; (kept = this.#kept.shift()) !== undefined; ) yield kept;
      yield* this.#entries;
    } finally {
      await this.#entries.return(); // the caller may have left among the kept ones
    }
  }

  /** Ends the archive, and frees the kept blobs. */
  async close(): Promise<void> {
    this.#isTaken = true;
    this.#kept = [];
    await this.#entries.return();
  }
}
