// What may go into an archive: the entries as a caller gives them, their defaults, and what is refused.

import { ELLIPSIS, escapeText, hasUtf8, isDetached, utf8 } from '../bytes.ts';
import { TarError } from '../errors.ts';
import { MAX_ID } from './header.ts';
import type { TarHeader } from './header.ts';

/** An entry's bytes. Text is written as UTF-8; chunks that come one after another need the entry's `size`. */
export type TarContent = Uint8Array | string | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** One entry of an archive. What is left out has a fixed value, so that the same entries give the same bytes. */
export interface TarEntry {
  /** Relative, with slashes. A directory's may end in one. */
  readonly path: string;
  /** `"file"` if left out. */
  readonly type?: TarEntryType | undefined;
  /** Permission bits; 0o644 if left out, 0o755 for directories, 0o777 for symlinks. */
  readonly mode?: number | undefined;
  /** 0 if left out. */
  readonly uid?: number | undefined;
  /** 0 if left out. */
  readonly gid?: number | undefined;
  /** Seconds since 1970, fractions too; 0 if left out. */
  readonly mtime?: number | undefined;
  /** Length of the content in bytes; only chunks need it. */
  readonly size?: number | undefined;
  /** A symlink's text, or the path of the earlier entry that a link is another name of. */
  readonly linkname?: string | undefined;
  /** A file's bytes; none if left out. */
  readonly content?: TarContent | undefined;
  /** A device's numbers; 0 if left out. */
  readonly devmajor?: number | undefined;
  readonly devminor?: number | undefined;
}

/** What an entry can be. */
export type TarEntryType = keyof typeof TYPES;

const TYPES = {
  file: { typeflag: '0', mode: 0o644 },
  link: { typeflag: '1', mode: 0o644 },
  symlink: { typeflag: '2', mode: 0o777 },
  char: { typeflag: '3', mode: 0o644 },
  block: { typeflag: '4', mode: 0o644 },
  directory: { typeflag: '5', mode: 0o755 },
  fifo: { typeflag: '6', mode: 0o644 },
} as const;

/** The keys of an entry, and the only types that take them where not all do. */
const KEYS: Readonly<Record<keyof TarEntry, readonly TarEntryType[] | 'all'>> = {
  path: 'all',
  type: 'all',
  mode: 'all',
  uid: 'all',
  gid: 'all',
  mtime: 'all',
  size: 'all', // anything but a file has none, and may say so
  linkname: ['link', 'symlink'],
  content: ['file'],
  devmajor: ['char', 'block'],
  devminor: ['char', 'block'],
};

/** An entry found good, with nothing left open. */
export interface CheckedEntry extends TarHeader {
  /** The content where it is in memory; else `chunks` brings it. */
  readonly bytes: Uint8Array | undefined;
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined;
}

/** Checks all that can be known before the first byte is written, and throws `TarError` at what cannot be meant. */
export function checkEntry(entry: TarEntry): CheckedEntry {
  if (typeof entry !== 'object' || entry === null) throw new TarError('tar: an entry is an object with a path');
  const type = entry.type ?? 'file';
  if (!Object.hasOwn(TYPES, type)) throw refusal(entry, `no type is called ${quote(type)}`);
  checkKeys(entry, type);
  const { content } = entry;
  const bytes = typeof content === 'string' ? utf8(wellFormed(entry, 'content', content)) : content;
  const inMemory = bytes instanceof Uint8Array;
  return {
    path: checkPath(entry, type),
    typeflag: TYPES[type].typeflag,
    mode: (entry.mode === undefined ? TYPES[type].mode : checkInteger(entry, 'mode')) & 0o7777, // above are a stat's type bits
    uid: entry.uid === undefined ? 0 : checkInteger(entry, 'uid'),
    gid: entry.gid === undefined ? 0 : checkInteger(entry, 'gid'),
    size: inMemory ? sizeOfBytes(entry, bytes) : sizeOfChunks(entry, type),
    mtime: checkTime(entry),
    linkname: checkLinkname(entry, type),
    devmajor: entry.devmajor === undefined ? 0 : checkInteger(entry, 'devmajor', MAX_ID),
    devminor: entry.devminor === undefined ? 0 : checkInteger(entry, 'devminor', MAX_ID),
    bytes: inMemory ? bytes : undefined,
    chunks: inMemory ? undefined : bytes,
  };
}

function checkKeys(entry: TarEntry, type: TarEntryType): void {
  for (const key in entry) {
    if (!Object.hasOwn(KEYS, key)) throw refusal(entry, `an entry has no ${quote(key)}`);
    const types = KEYS[key as keyof TarEntry];
    if (types === 'all' || types.includes(type) || entry[key as keyof TarEntry] === undefined) continue;
    throw refusal(entry, `a ${type} has no ${key}`);
  }
}

/** A path with "." or empty segments means the same to every reader, and goes in as it is. */
function checkPath(entry: TarEntry, type: TarEntryType): string {
  const given: unknown = entry.path; // read once: what is checked is what is written
  if (type === 'file' && typeof given === 'string' && plainPath.test(given)) return given;
  const path = insideTree(entry, 'path', wellFormed(entry, 'path', given));
  if (type === 'directory') return path.endsWith('/') ? path : `${path}/`;
  if (/(?:^|\/)\.?$/.test(path)) throw refusal(entry, `the path of a ${type} ends like a directory's`);
  return path;
}

// What nearly all paths are, and nothing that any of the rules here and below refuses.
const plainPath = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/;

/** A symlink's target is free text, and no reader needs it to exist; a link's is a path in the archive. */
function checkLinkname(entry: TarEntry, type: TarEntryType): string {
  if (type !== 'link' && type !== 'symlink') return '';
  const linkname = wellFormed(entry, 'linkname', entry.linkname);
  if (linkname === '') throw refusal(entry, 'the linkname is empty');
  return type === 'link' ? insideTree(entry, 'linkname', linkname) : linkname;
}

/** Text that its bytes tell whole: a NUL would end it early, and a lone surrogate has no UTF-8. */
function wellFormed(entry: TarEntry, key: 'path' | 'linkname' | 'content', text: unknown): string {
  if (typeof text !== 'string') throw refusal(entry, `the ${key} is no text`);
  if (key !== 'content' && text.includes('\0')) throw refusal(entry, `the ${key} has a NUL in it`);
  if (!hasUtf8(text)) throw refusal(entry, `the ${key} has a lone surrogate in it`);
  return text;
}

/** An entry or a link that leaves the tree would write over the reader's own files. */
function insideTree(entry: TarEntry, key: 'path' | 'linkname', path: string): string {
  if (path === '') throw refusal(entry, `the ${key} is empty`);
  if (path.startsWith('/')) throw refusal(entry, `the ${key} ${quote(path)} is absolute`);
  if (/(?:^|\/)\.\.(?:\/|$)/.test(path)) throw refusal(entry, `the ${key} ${quote(path)} has a ".." segment`);
  return path;
}

type IntegerKey = 'mode' | 'uid' | 'gid' | 'size' | 'devmajor' | 'devminor';

function checkInteger(entry: TarEntry, key: IntegerKey, limit = Number.MAX_SAFE_INTEGER): number {
  const value: unknown = entry[key];
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= limit) return value as number;
  throw refusal(entry, `the ${key} ${quote(value)} is no integer from 0 to ${limit}`);
}

function checkTime(entry: TarEntry): number {
  const mtime = entry.mtime ?? 0;
  if (typeof mtime === 'number' && Math.abs(mtime) <= Number.MAX_SAFE_INTEGER) return mtime;
  throw refusal(entry, `the mtime ${quote(mtime)} is no time in seconds`);
}

function sizeOfBytes(entry: TarEntry, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length === 0 && isDetached(bytes)) throw refusal(entry, 'the content has no bytes any more: its memory was transferred');
  if (entry.size === undefined || checkInteger(entry, 'size') === length) return length;
  throw refusal(entry, `the size is ${entry.size}, but the content has ${length} bytes`);
}

function sizeOfChunks(entry: TarEntry, type: TarEntryType): number {
  const { content } = entry;
  const size = entry.size === undefined ? 0 : checkInteger(entry, 'size');
  if (content === undefined && size === 0) return 0;
  if (content === undefined) throw refusal(entry, `the size is ${size}, but a ${type} without content has 0 bytes`);
  if (!isIterable(content)) throw refusal(entry, 'the content is neither bytes, nor text, nor chunks of bytes');
  if (entry.size === undefined) throw refusal(entry, 'content that comes in chunks needs its size');
  return size;
}

function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** How much of a value an error shows, in characters; a path may have a million. */
const SHOWN_CHARACTERS = 300;

/** The error, with the entry's path in its text and beside it. */
export function refusal({ path }: { readonly path: string }, why: string, cause?: unknown): TarError {
  const known = typeof path === 'string' ? path : undefined;
  return new TarError(`tar: entry ${quote(path)}: ${why}`, { path: known, cause });
}

function quote(value: unknown): string {
  const text = String(value);
  const shown = text.length > SHOWN_CHARACTERS ? text.slice(0, SHOWN_CHARACTERS) + ELLIPSIS : text;
  return escapeText(typeof value === 'string' ? JSON.stringify(shown) : shown);
}
