// Packs entries into a tar archive: plain ustar blocks, with a pax header only before an entry that needs one.

import { isDetached, utf8 } from '../bytes.ts';
import { TarError } from '../errors.ts';
import { described, isBytes, isPlainObject } from '../kinds.ts';
import { watchErrors } from './stream-errors.ts';
import { checkEntry, refusal } from './validate-entry.ts';
import type { CheckedEntry, TarEntry } from './validate-entry.ts';
import { BLOCK_SIZE, encodeHeader } from './header.ts';
import type { TarHeader } from './header.ts';
import { PAX_LIMIT, paxRecords } from './pax.ts';

export type { TarContent, TarEntry, TarEntryType } from './validate-entry.ts';

/** Entries in their order, or files as an object whose keys are paths, in the order that JavaScript gives keys. */
export type TarEntries = Iterable<TarEntry> | AsyncIterable<TarEntry> | Readonly<Record<string, Uint8Array | string>>;

/** How much is gathered before it goes out; of 32 KiB to 1 MiB, this packs small files fastest. */
const SLAB_SIZE = 128 * 1024;
/** Longer pieces go out as the very memory they came in: one more write is then cheaper than the copy. */
const COPY_LIMIT = 16 * 1024;

/**
 * The archive in blocks that stay valid. An entry's faults throw `TarError` before any byte of it; content that is
 * not as long as its `size`, or whose source throws, does so when that shows. The archive then lacks its end.
 */
export function packTar(entries: TarEntries): AsyncGenerator<Uint8Array, void, void> {
  checkEntries(entries);
  return pack(entries);
}

/** The content of a list's entries waits until their turn: a stream among it may fail before. */
function checkEntries(entries: unknown): void {
  try {
    if (isAsync(entries) || (isIterable(entries) && !isBytes(entries)) || isPlainObject(entries)) {
      if (Array.isArray(entries)) for (const entry of entries) watchErrors(entry?.content);
      return;
    }
  } catch (cause) {
    throw unreadable(cause);
  }
  throw new TarError(`tar: entries are an object of files or an iterable of entries, not ${described(entries)}`);
}

function unreadable(cause: unknown): TarError {
  return new TarError('tar: the entries cannot be read: a getter or a proxy threw an error', { cause });
}

async function* pack(entries: TarEntries): AsyncGenerator<Uint8Array, void, void> {
  const output = new Output();
  for await (const batch of batches(entries)) {
    for (const given of batch) {
      const entry = checkEntry(given);
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

/** Many entries at a time where no wait lies between them: an `await` for each would be most of the work. */
async function* batches(entries: TarEntries): AsyncGenerator<Iterable<TarEntry>, void, void> {
  if (isAsync(entries)) for await (const entry of entries) yield [entry];
  else if (isIterable(entries)) yield entries;
  else yield filesOf(entries).map(([path, content]) => ({ path, content: fileBytes(path, content) }));
}

function filesOf(entries: Readonly<Record<string, unknown>>): [path: string, content: unknown][] {
  try {
    return Object.entries(entries);
  } catch (cause) {
    throw unreadable(cause);
  }
}

function isAsync(entries: unknown): entries is AsyncIterable<TarEntry> {
  return typeof entries === 'object' && entries !== null && Symbol.asyncIterator in entries;
}

function isIterable(entries: unknown): entries is Iterable<TarEntry> {
  return typeof entries === 'object' && entries !== null && Symbol.iterator in entries;
}

function fileBytes(path: string, content: unknown): Uint8Array | string {
  if (typeof content === 'string' || isBytes(content)) return content;
  throw refusal({ path }, 'the content is neither bytes nor text');
}

function putHeaders(output: Output, entry: CheckedEntry): void {
  const records = paxRecords(entry);
  if (records !== '') putPaxHeader(output, entry, utf8(records));
  output.putHeader(entry);
}

function putPaxHeader(output: Output, entry: CheckedEntry, records: Uint8Array): void {
  if (records.length > PAX_LIMIT) {
    throw refusal(entry, `its path and linkname need a pax header of ${records.length} bytes, and engines read at most ${PAX_LIMIT}`);
  }
  output.putHeader({ ...PAX_HEADER, size: records.length });
  output.put(records);
  output.putZeros(padding(records.length));
}

/** The name is Python's: readers that know pax never show it, and others write that file beside the entries. */
const PAX_HEADER: TarHeader = {
  path: '././@PaxHeader',
  typeflag: 'x',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  linkname: '',
  devmajor: 0,
  devminor: 0,
};

async function* putChunks(output: Output, entry: CheckedEntry): AsyncGenerator<Uint8Array, void, void> {
  let left = entry.size;
  for await (const chunk of chunksOf(entry)) {
    if (!isBytes(chunk)) throw refusal(entry, 'a chunk of the content is no bytes');
    if (chunk.length === 0 && isDetached(chunk)) throw refusal(entry, 'a chunk of the content has no bytes any more: its memory was transferred');
    left -= chunk.length;
    if (left < 0) throw refusal(entry, `the content is longer than its size, ${entry.size} bytes`);
    output.put(chunk);
    if (output.ready.length > 0) yield* output.take();
  }
  if (left > 0) throw refusal(entry, `the content is ${left} bytes shorter than its size, ${entry.size} bytes`);
}

/** Stands apart from the loop above, so that what it catches is the source's and not ours. */
async function* chunksOf(entry: CheckedEntry): AsyncGenerator<Uint8Array, void, void> {
  try {
    for await (const chunk of entry.chunks ?? []) yield chunk;
  } catch (cause) {
    throw refusal(entry, 'the source of the content failed', cause);
  }
}

/** How many zeros fill up the last block. */
function padding(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
}

/** Gathers what is small in slabs, which are never written again once they went out. */
class Output {
  /** What can go out, in order. */
  ready: Uint8Array[] = [];
  #slab = new Uint8Array(SLAB_SIZE);
  /** The slab up to here is in `ready` or gone. */
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

  /** A slab is all zeros until written to. */
  putZeros(length: number): void {
    this.#reserve(length);
  }

  /** Makes what was gathered ready. */
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

  /** Where in the slab, which may be a new one, the next `length` bytes go; at most `COPY_LIMIT` of them. */
  #reserve(length: number): number {
    if (this.#end + length > SLAB_SIZE) this.#renew();
    const offset = this.#end;
    this.#end += length;
    return offset;
  }

  #renew(): void {
    this.flush();
    this.#slab = new Uint8Array(SLAB_SIZE);
    this.#start = this.#end = 0;
  }
}
