// Walks an archive as its bytes pass by, and tells whether it is whole.

import { asBuffer, escapeText } from '../bytes.ts';
import { TruncatedError } from '../errors.ts';
import { BLOCK_SIZE, parseHeader } from './header.ts';
import type { ParsedHeader } from './header.ts';
import { PAX_LIMIT, parsePaxRecords } from './pax.ts';
import { Tail, TAIL_SIZE } from './trailing-message.ts';
import { BYTES, check } from '../kinds.ts';

/** Types that have no content, whatever size they state: as Go, which wrote the archives that we read, takes them. */
const WITHOUT_CONTENT = '123456';

/** What an archive was found to hold. */
export interface ScanResult {
  readonly bytes: number;
  /** Files, directories, links and so on; not the pax headers and long names before them. */
  readonly entries: number;
}

/** What wants to see the entries pass; an `ArchiveScan` can do without. */
export interface ArchiveListener {
  entry(header: ParsedHeader): void;
  /** A piece of the entry's content, valid during the call. */
  content(view: Uint8Array): void;
  endEntry(): void;
}

/** A walk that pauses wherever it needs bytes that have not come yet. */
type Walk<T> = Generator<void, T, void>;

/**
 * Reads ustar, pax, GNU and v7 headers. Left out, since no engine writes them: archives in several volumes and
 * sparse files. Every fault is a `TruncatedError`: what came before it was valid.
 */
export class ArchiveScan {
  readonly #listeners: readonly ArchiveListener[];
  readonly #walk: Walk<void> = this.#archive();
  readonly #partial: Uint8Array = new Uint8Array(BLOCK_SIZE);
  readonly #tail = new Tail();
  #view: Uint8Array = this.#partial.subarray(0, 0);
  #offset = 0;
  #received = 0;
  #entries = 0;
  /** The entry under way, and where it ends. */
  #inside: { readonly path: string; readonly end: number } | undefined;
  /** Whether the end-of-archive marker came. */
  #ended = false;
  /** What is wrong, once something is. */
  #fault: string | undefined;
  #failure: TruncatedError | undefined;

  constructor(...listeners: readonly ArchiveListener[]) {
    this.#listeners = listeners;
  }

  /** Takes the next bytes, split anywhere. The view is not kept. */
  push(view: Uint8Array): void {
    check(view, BYTES, 'push', 'view');
    if (this.#failure !== undefined) throw this.#failure;
    this.#tail.keep(view);
    this.#received += view.length;
    this.#view = view;
    this.#offset = 0;
    this.#walk.next();
  }

  /** Says that no more bytes come. */
  finish(): ScanResult {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#fault !== undefined || !this.#ended) throw this.#fail(this.#fault ?? this.#cut());
    return { bytes: this.#received, entries: this.#entries };
  }

  /** POSIX.1-2017 pax, "ustar Interchange Format": entries, pax headers before theirs, then two blocks of zeros. */
  *#archive(): Walk<void> {
    let overrides = NO_OVERRIDES;
    let before = '';
    for (;;) {
      const at = this.#position();
      const header = yield* this.#header();
      if (header === undefined) break;
      const { typeflag, size } = header;
      const isMeta = 'xgLK'.includes(typeflag);
      before = isMeta ? before + typeflag : '';
      if (isMeta && !BEFORE_ENTRY.test(before)) yield* this.#broken('headers of two kinds for one entry', at);
      if (typeflag === 'x') overrides = yield* this.#paxOverrides(yield* this.#kept(size), overrides);
      else if (typeflag === 'L') overrides = { ...overrides, path: longName(yield* this.#kept(size)) };
      else if (typeflag === 'K') overrides = { ...overrides, linkname: longName(yield* this.#kept(size)) };
      else if (typeflag === 'g') yield* this.#skip(padded(size));
      else {
        // Only here: a size meant for the file, applied to a header on the way to it, would hide entries.
        yield* this.#entry(header, overrides);
        overrides = NO_OVERRIDES;
      }
    }
    this.#ended = true;
    yield* this.#zeros();
  }

  /** The next header, or undefined at the end-of-archive marker. */
  *#header(): Walk<ParsedHeader | undefined> {
    const at = this.#position();
    const block = yield* this.#block();
    if (!isZero(block)) return parseHeader(block) ?? (yield* this.#broken('no header block', at));
    if (!isZero(yield* this.#block())) yield* this.#broken('a lone block of zeros', at);
    return undefined;
  }

  *#entry(header: ParsedHeader, overrides: Overrides): Walk<void> {
    const { typeflag } = header;
    const { path = header.path, size: stated = header.size, linkname = header.linkname } = overrides;
    const size = WITHOUT_CONTENT.includes(typeflag) ? 0 : stated;
    this.#inside = { path, end: this.#position() + padded(size) };
    for (const each of this.#listeners) each.entry({ path, typeflag, size, linkname });
    for (let left = size; left > 0; ) {
      const view = yield* this.#some(left);
      for (const each of this.#listeners) each.content(view);
      left -= view.length;
    }
    for (const each of this.#listeners) each.endEntry();
    yield* this.#skip(padded(size) - size);
    this.#inside = undefined;
    this.#entries++;
  }

  /** After the end: GNU tar and Python fill up to 10,240 bytes with zeros. */
  *#zeros(): Walk<void> {
    for (;;) {
      const at = this.#position();
      const view = yield* this.#some(Number.POSITIVE_INFINITY);
      if (!isZero(view)) yield* this.#broken('bytes after its end', at + view.findIndex((byte) => byte !== 0));
    }
  }

  *#paxOverrides(bytes: Uint8Array, earlier: Overrides): Walk<Overrides> {
    const at = this.#position() - padded(bytes.length);
    const records = parsePaxRecords(bytes) ?? (yield* this.#broken('a faulty pax header', at));
    const size = records.get('size');
    if (size !== undefined && !isSize(size)) yield* this.#broken('a faulty pax size', at);
    if (records.get('path')?.includes('\0') || records.get('linkpath')?.includes('\0')) yield* this.#broken('a pax path with a NUL', at);
    if ([...records.keys()].some((key) => key.startsWith('GNU.sparse.'))) yield* this.#broken('a sparse file', at);
    return {
      path: records.get('path') ?? earlier.path,
      size: size === undefined ? earlier.size : Number(size),
      linkname: records.get('linkpath') ?? earlier.linkname,
    };
  }

  /** The content of a pax header or a long name, in memory. */
  *#kept(size: number): Walk<Uint8Array> {
    if (size > PAX_LIMIT) yield* this.#broken(`a pax header or long name of ${size} bytes`, this.#position());
    const content = yield* this.#filled(new Uint8Array(size));
    yield* this.#skip(padded(size) - size);
    return content;
  }

  /** One block, in place where it came whole. */
  *#block(): Walk<Uint8Array> {
    if (this.#view.length - this.#offset < BLOCK_SIZE) return yield* this.#filled(this.#partial);
    return yield* this.#some(BLOCK_SIZE);
  }

  *#filled(target: Uint8Array): Walk<Uint8Array> {
    for (let filled = 0; filled < target.length; ) {
      const view = yield* this.#some(target.length - filled);
      target.set(view, filled);
      filled += view.length;
    }
    return target;
  }

  *#skip(length: number): Walk<void> {
    for (let left = length; left > 0; ) left -= (yield* this.#some(left)).length;
  }

  /** What is at hand, at least one byte and at most `limit`. */
  *#some(limit: number): Walk<Uint8Array> {
    while (this.#offset === this.#view.length) yield;
    const view = this.#view.subarray(this.#offset, this.#offset + limit);
    this.#offset += view.length;
    return view;
  }

  /** Nothing after a fault can be trusted, but it may be a daemon's message: let that come. */
  *#broken(what: string, at: number): Walk<never> {
    this.#fault = `the archive has ${what} at byte ${at}`;
    yield* this.#skip(TAIL_SIZE);
    throw this.#fail(this.#fault);
  }

  #position(): number {
    return this.#received - this.#view.length + this.#offset;
  }

  #cut(): string {
    const place = `the archive ends after ${this.#received} bytes`;
    if (this.#inside === undefined) return `${place} without its end-of-archive marker`;
    return `${place}, inside "${escapeText(this.#inside.path)}", which goes on to byte ${this.#inside.end}`;
  }

  #fail(fault: string): TruncatedError {
    const words = this.#tail.daemonMessage();
    const message = words === undefined ? fault : `${fault}; the daemon says: ${escapeText(words)}`;
    this.#failure = new TruncatedError(message, {
      phase: 'archive',
      received: this.#received,
      expected: this.#inside?.end,
    });
    return this.#failure;
  }
}

/** What the headers before a header say in place of its own fields. */
interface Overrides {
  readonly path: string | undefined;
  readonly size: number | undefined;
  readonly linkname: string | undefined;
}

/**
 * The headers that may stand before one entry's: behind global ones, a pax header or GNU's long names. Of several, readers
 * take different ones.
 */
const BEFORE_ENTRY = /^g*(?:x|LK?|KL?)?$/;
const NO_OVERRIDES: Overrides = { path: undefined, size: undefined, linkname: undefined };

/** Decimal digits, zeros before them too: POSIX sets no length, and Go and GNU tar read them so. */
function isSize(text: string): boolean {
  return /^[0-9]+$/.test(text) && Number.isSafeInteger(Number(text));
}

/** GNU tar ends a long name with a NUL. */
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
