// Writes entries as a tar archive: POSIX ustar, with a pax header before an entry only if the entry needs one.

import { isDetached, utf8 } from '../bytes.ts';
import { isBytes } from '../kinds.ts';
import { isAsyncIterable, isIterable, unreadableEntries } from './caller-input.ts';
import { checkEntry, entryError } from './validate-entry.ts';
import type { CheckedEntry, TarEntries, TarEntry } from './validate-entry.ts';
import { BLOCK_SIZE, encodeHeader } from './header.ts';
import type { TarHeader } from './header.ts';
import { PAX_LIMIT, paxRecords } from './pax.ts';

/** How much is collected before it is yielded, in bytes. Between 32 KiB and 1 MiB, this size packs small files fastest. */
const SLAB_SIZE = 128 * 1024;
/** Longer pieces are yielded without a copy, in bytes: one more write then costs less than copying. */
const COPY_LIMIT = 16 * 1024;

/** Yields the archive; `packTar` has checked the type of `entries`. */
export async function* packEntries(entries: TarEntries): AsyncGenerator<Uint8Array, void, void> {
  const output = new Output();
  for await (const batch of batches(entries)) {
    for (const unchecked of batch) {
      const entry = checkEntry(unchecked);
      putHeaders(output, entry);
      if (entry.bytes !== undefined) output.put(entry.bytes);
      if (entry.chunks !== undefined) yield* putChunks(output, entry);
      output.putZeros(padding(entry.size));
      if (output.ready.length > 0) yield* output.take();
    }
  }
  output.putZeros(2 * BLOCK_SIZE);
  yield* output.flush().take();
}

/** Entries that can be read without waiting form one batch: an `await` for each entry would take most of the time. */
async function* batches(entries: TarEntries): AsyncGenerator<Iterable<TarEntry>, void, void> {
  if (isAsyncIterable(entries)) for await (const entry of entries) yield [entry];
  else if (isIterable(entries)) yield entries;
  else yield filesOf(entries).map(([path, content]) => ({ path, content: fileBytes(path, content) }));
}

function filesOf(entries: Readonly<Record<string, unknown>>): [path: string, content: unknown][] {
  try {
    return Object.entries(entries);
  } catch (cause) {
    throw unreadableEntries(cause);
  }
}

function fileBytes(path: string, content: unknown): Uint8Array | string {
  if (typeof content === 'string' || isBytes(content)) return content;
  throw entryError({ path }, 'the content must be bytes or a string');
}

function putHeaders(output: Output, entry: CheckedEntry): void {
  const text = paxRecords(entry);
  if (text !== '') {
    const records = utf8(text);
    if (records.length > PAX_LIMIT) {
      throw entryError(entry, `path and linkname need a pax header of ${records.length} bytes, but engines read at most ${PAX_LIMIT}`);
    }
    output.putHeader({ ...PAX_HEADER, size: records.length });
    output.put(records);
    output.putZeros(padding(records.length));
  }
  output.putHeader(entry);
}

/** Python uses the same path. Programs without pax support extract such a file beside the entries. */
const PAX_HEADER: TarHeader = {
  path: '././@PaxHeader', typeflag: 'x', mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0, linkname: '', devmajor: 0, devminor: 0,
};

async function* putChunks(output: Output, entry: CheckedEntry): AsyncGenerator<Uint8Array, void, void> {
  let remaining = entry.size;
  for await (const chunk of chunksOf(entry)) {
    if (!isBytes(chunk)) throw entryError(entry, 'a chunk of the content is not a Uint8Array');
    if (chunk.length === 0 && isDetached(chunk)) throw entryError(entry, 'a chunk of the content is detached: its memory was transferred');
    remaining -= chunk.length;
    if (remaining < 0) throw entryError(entry, `the content is longer than its size, ${entry.size} bytes`);
    output.put(chunk);
    if (output.ready.length > 0) yield* output.take();
  }
  if (remaining > 0) throw entryError(entry, `the content is ${remaining} bytes shorter than its size, ${entry.size} bytes`);
}

/** A separate generator, because it must catch only the errors of the source. */
async function* chunksOf(entry: CheckedEntry): AsyncGenerator<Uint8Array, void, void> {
  try {
    for await (const chunk of entry.chunks ?? []) yield chunk;
  } catch (cause) {
    throw entryError(entry, 'the source of the content failed', cause);
  }
}

/** The number of zeros to write after content of that size. */
function padding(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
}

/** Collects headers and small contents in slabs. Memory that was yielded is not written again. */
class Output {
  ready: Uint8Array[] = [];
  #slab = new Uint8Array(SLAB_SIZE);
  /** The start of the part of the slab that is not in `ready` yet. */
  #start = 0;
  #end = 0;

  putHeader(header: TarHeader): void {
    const offset = this.#reserve(BLOCK_SIZE);
    encodeHeader(this.#slab, offset, header);
  }

  put(bytes: Uint8Array): void {
    if (bytes.length > COPY_LIMIT) {
      this.flush().ready.push(bytes);
    } else {
      const offset = this.#reserve(bytes.length);
      this.#slab.set(bytes, offset);
    }
  }

  /** Only reserves the bytes, because a new slab is filled with zeros. */
  putZeros(length: number): void {
    this.#reserve(length);
  }

  flush(): this {
    if (this.#end > this.#start) this.ready.push(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
    return this;
  }

  take(): Uint8Array[] {
    const { ready } = this;
    this.ready = [];
    return ready;
  }

  /** Reserves the next `length` bytes, at most `COPY_LIMIT`, in this slab or a new one, and returns their offset. */
  #reserve(length: number): number {
    if (this.#end + length > SLAB_SIZE) {
      this.flush();
      this.#slab = new Uint8Array(SLAB_SIZE);
      this.#start = this.#end = 0;
    }
    const offset = this.#end;
    this.#end += length;
    return offset;
  }
}
