// Scans a tar archive while it is read, and checks that it is complete.
//
// A generator reads the archive and pauses where it needs more bytes; `push` passes the next bytes to it and resumes it. So the
// code below follows the format from top to bottom, however the stream is split.

import { asBuffer, escapeText } from '../bytes.ts';
import { TruncatedError } from '../errors.ts';
import { BLOCK_SIZE, parseHeader } from './header.ts';
import type { ParsedHeader } from './header.ts';
import { PAX_LIMIT, parsePaxRecords } from './pax.ts';
import { Tail, TAIL_SIZE } from './trailing-message.ts';
import { BYTES, check } from '../kinds.ts';

/** Types that have no content, regardless of the size in their header. Go, in which engines are written, does the same. */
const WITHOUT_CONTENT = '123456';

/** The result of a scan. */
export interface ScanResult {
  /** The length of the archive, in bytes. */
  readonly bytes: number;
  /** The number of files, directories, links and so on; pax headers and long names before them are not counted. */
  readonly entries: number;
}

/** Receives the entries of a scanned archive. */
export interface ArchiveListener {
  /** An entry begins. */
  entry(header: ParsedHeader): void;
  /** The next piece of the entry's content. The view is valid only during the call. */
  content(view: Uint8Array): void;
  /** The entry has ended. */
  endEntry(): void;
}

/** A part of the walk. */
type Walk<T> = Generator<void, T, void>;

/**
 * Scans an archive: call `push` with all of its bytes in order, then `finish`. Reads ustar, pax, GNU and v7 headers, and
 * rejects archives in several volumes and sparse files, which engines never write. Every fault throws a `TruncatedError`;
 * the entries before it are valid. After a fault, every call throws the same error.
 */
export class ArchiveScan {
  readonly #listeners: readonly ArchiveListener[];
  readonly #walk: Walk<void> = this.#archive();
  /** Collects a header block that is split between two pushes. */
  readonly #partial: Uint8Array = new Uint8Array(BLOCK_SIZE);
  readonly #tail = new Tail();
  #view: Uint8Array = this.#partial.subarray(0, 0);
  /** How much of `#view` the walk has read. */
  #offset = 0;
  #received = 0;
  #entries = 0;
  /** The entry that is being read, and the position where it ends. */
  #current: { readonly path: string; readonly end: number } | undefined;
  #ended = false;
  #fault: string | undefined;
  #failure: TruncatedError | undefined;

  constructor(...listeners: readonly ArchiveListener[]) {
    this.#listeners = listeners;
  }

  /** Scans the next bytes, cut anywhere. The view is not kept. */
  push(view: Uint8Array): void {
    check(view, BYTES, 'push', 'view');
    if (this.#failure !== undefined) throw this.#failure;
    this.#tail.keep(view);
    this.#received += view.length;
    this.#view = view;
    this.#offset = 0;
    this.#walk.next();
  }

  /** Ends the archive. Throws if it is not complete. */
  finish(): ScanResult {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#fault !== undefined || !this.#ended) throw this.#fail(this.#fault ?? this.#truncation());
    return { bytes: this.#received, entries: this.#entries };
  }

  /** POSIX.1-2017 pax, "ustar Interchange Format": entries, each after its extended headers, then two blocks of zeros. */
  *#archive(): Walk<void> {
    let overrides = NO_OVERRIDES;
    let before = '';
    for (;;) {
      const at = this.#position();
      const header = yield* this.#header();
      if (header === undefined) break;
      const { typeflag, size } = header;
      const isExtended = 'xgLK'.includes(typeflag);
      // All leading global headers count as one; otherwise the text would grow with each of them.
      before = isExtended ? (before === 'g' ? '' : before) + typeflag : '';
      if (isExtended && !EXTENDED_HEADERS.test(before)) yield* this.#reject('conflicting extended headers for one entry', at);
      if (typeflag === 'x') overrides = yield* this.#paxOverrides(yield* this.#bytes(size), overrides);
      else if (typeflag === 'L') overrides = { ...overrides, path: longName(yield* this.#bytes(size)) };
      else if (typeflag === 'K') overrides = { ...overrides, linkname: longName(yield* this.#bytes(size)) };
      else if (typeflag === 'g') yield* this.#skip(padded(size));
      else {
        // Overrides apply to this header only. If a size were applied to an extended header, it could hide entries.
        yield* this.#entry(header, overrides);
        overrides = NO_OVERRIDES;
      }
    }
    this.#ended = true;
    yield* this.#padding();
  }

  /** The next header; undefined at the end-of-archive marker. */
  *#header(): Walk<ParsedHeader | undefined> {
    const at = this.#position();
    const block = yield* this.#block();
    if (!isZero(block)) return parseHeader(block) ?? (yield* this.#reject('an invalid header block', at));
    if (!isZero(yield* this.#block())) yield* this.#reject('a single block of zeros', at);
    return undefined;
  }

  *#entry(header: ParsedHeader, overrides: Overrides): Walk<void> {
    const { typeflag } = header;
    const { path = header.path, size: stated = header.size, linkname = header.linkname } = overrides;
    const size = WITHOUT_CONTENT.includes(typeflag) ? 0 : stated;
    this.#current = { path, end: this.#position() + padded(size) };
    for (const each of this.#listeners) each.entry({ path, typeflag, size, linkname });
    for (let remaining = size; remaining > 0; ) {
      const view = yield* this.#some(remaining);
      for (const each of this.#listeners) each.content(view);
      remaining -= view.length;
    }
    for (const each of this.#listeners) each.endEntry();
    yield* this.#skip(padded(size) - size);
    this.#current = undefined;
    this.#entries++;
  }

  /** After the end-of-archive marker: GNU tar and Python pad with zeros to a multiple of 10,240 bytes. */
  *#padding(): Walk<void> {
    for (;;) {
      const at = this.#position();
      const view = yield* this.#some(Number.POSITIVE_INFINITY);
      if (!isZero(view)) yield* this.#reject('data after its end', at + view.findIndex((byte) => byte !== 0));
    }
  }

  *#paxOverrides(bytes: Uint8Array, earlier: Overrides): Walk<Overrides> {
    const at = this.#position() - padded(bytes.length);
    const records = parsePaxRecords(bytes) ?? (yield* this.#reject('an invalid pax header', at));
    const [path, linkname, size] = ['path', 'linkpath', 'size'].map((key) => records.get(key));
    if (size !== undefined && !isSize(size)) yield* this.#reject('a pax header with an invalid size', at);
    if (path?.includes('\0') || linkname?.includes('\0')) yield* this.#reject('a pax header with a NUL in a path', at);
    if ([...records.keys()].some((key) => key.startsWith('GNU.sparse.'))) yield* this.#reject('a sparse file', at);
    return { path: path ?? earlier.path, size: size === undefined ? earlier.size : Number(size), linkname: linkname ?? earlier.linkname };
  }

  /** The content of an extended header, copied. */
  *#bytes(size: number): Walk<Uint8Array> {
    if (size > PAX_LIMIT) yield* this.#reject(`an extended header of ${size} bytes, more than ${PAX_LIMIT},`, this.#position());
    const content = yield* this.#fill(new Uint8Array(size));
    yield* this.#skip(padded(size) - size);
    return content;
  }

  /** The next block: a view of it if it is in one piece, else a copy in `#partial`. */
  *#block(): Walk<Uint8Array> {
    if (this.#view.length - this.#offset < BLOCK_SIZE) return yield* this.#fill(this.#partial);
    return yield* this.#some(BLOCK_SIZE);
  }

  *#fill(target: Uint8Array): Walk<Uint8Array> {
    for (let filled = 0; filled < target.length; ) {
      const view = yield* this.#some(target.length - filled);
      target.set(view, filled);
      filled += view.length;
    }
    return target;
  }

  *#skip(length: number): Walk<void> {
    for (let remaining = length; remaining > 0; ) remaining -= (yield* this.#some(remaining)).length;
  }

  /** The next bytes: as many as are available, at least one and at most `limit`. */
  *#some(limit: number): Walk<Uint8Array> {
    while (this.#offset === this.#view.length) yield;
    const view = this.#view.subarray(this.#offset, this.#offset + limit);
    this.#offset += view.length;
    return view;
  }

  /** Records a fault, and reads more before it throws: the wrong bytes may be the start of a daemon's error message. */
  *#reject(what: string, at: number): Walk<never> {
    this.#fault = `the archive has ${what} at byte ${at}`;
    yield* this.#skip(TAIL_SIZE);
    throw this.#fail(this.#fault);
  }

  #position(): number {
    return this.#received - this.#view.length + this.#offset;
  }

  #truncation(): string {
    const place = `the archive is truncated after ${this.#received} bytes`;
    if (this.#current === undefined) return `${place}: it has no end-of-archive marker`;
    return `${place}, inside "${escapeText(this.#current.path)}", which ends at byte ${this.#current.end}`;
  }

  #fail(fault: string): TruncatedError {
    const words = this.#tail.daemonMessage();
    const message = words === undefined ? fault : `${fault}; the daemon says: ${escapeText(words)}`;
    const fields = { phase: 'archive', received: this.#received, expected: this.#current?.end } as const;
    return (this.#failure = new TruncatedError(message, fields));
  }
}

/** Values from extended headers, which replace fields of the next header. */
interface Overrides {
  readonly path: string | undefined;
  readonly size: number | undefined;
  readonly linkname: string | undefined;
}
const NO_OVERRIDES: Overrides = { path: undefined, size: undefined, linkname: undefined };

/**
 * The extended headers that one entry may have, by their types: global pax headers first, then one pax header or one of each
 * of GNU's long names. Programs disagree about other sequences.
 */
const EXTENDED_HEADERS = /^g*(?:x|LK?|KL?)?$/;

/** Decimal digits, perhaps with leading zeros: POSIX sets no length, and Go and GNU tar read them. */
function isSize(text: string): boolean {
  return /^[0-9]+$/.test(text) && Number.isSafeInteger(Number(text));
}

/** The text up to a NUL, with which GNU tar ends a long name. */
function longName(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('utf8').replace(/\0.*$/s, '');
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE;
}

function isZero(view: Uint8Array): boolean {
  for (let i = 0; i < view.length; i++) if (view[i] !== 0) return false;
  return true;
}
