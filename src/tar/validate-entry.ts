// Checks the entries that a caller gives to the packer, and sets their defaults.

import { ELLIPSIS, escapeText, isWellFormed, isDetached, utf8 } from '../bytes.ts';
import { TarError } from '../errors.ts';
import { MAX_ID } from './header.ts';
import type { TarHeader } from './header.ts';

/** The content of a file: bytes, text that is written as UTF-8, or chunks of bytes, which need the entry's `size`. */
export type TarContent = Uint8Array | string | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Entries in the order of the archive, or files as an object from path to content, in the order of its keys. */
export type TarEntries = Iterable<TarEntry> | AsyncIterable<TarEntry> | Readonly<Record<string, Uint8Array | string>>;

/** One entry of an archive. All defaults are fixed values: the same entries always give the same bytes. */
export interface TarEntry {
  /** A relative path with slashes. A directory's path may end in a slash. */
  readonly path: string;
  /** The type of the entry. Default `"file"`. */
  readonly type?: TarEntryType | undefined;
  /** Permission bits. Default 0o644; 0o755 for a directory, 0o777 for a symlink. */
  readonly mode?: number | undefined;
  /** The owner's user ID. Default 0. */
  readonly uid?: number | undefined;
  /** The owner's group ID. Default 0. */
  readonly gid?: number | undefined;
  /** The time of the last change, in seconds since 1970; may have a fraction. Default 0. */
  readonly mtime?: number | undefined;
  /** The length of the content in bytes. Required for chunks only. */
  readonly size?: number | undefined;
  /** The target. For a symlink, any text; for a link, the path of an earlier entry. Required for both. */
  readonly linkname?: string | undefined;
  /** The content of a file. Default none. */
  readonly content?: TarContent | undefined;
  /** The major number of a device, at most 2,097,151. Default 0. */
  readonly devmajor?: number | undefined;
  /** The minor number of a device, at most 2,097,151. Default 0. */
  readonly devminor?: number | undefined;
}

/** The type of an entry: `"file"`, `"directory"`, `"symlink"`, `"link"` (hard link), `"char"`, `"block"` or `"fifo"`. */
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

/** The keys of an entry, and which types may have them. */
const KEYS: Readonly<Record<keyof TarEntry, readonly TarEntryType[] | 'all'>> = {
  path: 'all',
  type: 'all',
  mode: 'all',
  uid: 'all',
  gid: 'all',
  mtime: 'all',
  size: 'all', // must be 0 for anything but a file
  linkname: ['link', 'symlink'],
  content: ['file'],
  devmajor: ['char', 'block'],
  devminor: ['char', 'block'],
};

/** A valid entry with all its defaults. */
export interface CheckedEntry extends TarHeader {
  /** The content, if it is in memory. */
  readonly bytes: Uint8Array | undefined;
  /** The content, if it comes in chunks. */
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined;
}

/** The largest user or group ID: Linux stores them in 32 bits, and tar programs cut larger ones. */
const LARGEST_ID = 2 ** 32 - 1;

/** Checks everything that can be checked before the first byte is written. Throws a `TarError` for an invalid entry. */
export function checkEntry(entry: TarEntry): CheckedEntry {
  if (typeof entry !== 'object' || entry === null) throw new TarError('tar: an entry must be an object with a path');
  const type = entry.type ?? 'file';
  if (!Object.hasOwn(TYPES, type)) throw entryError(entry, `unknown type ${quote(type)}`);
  checkKeys(entry, type);
  const { content } = entry;
  const bytes = typeof content === 'string' ? utf8(checkText(entry, 'content', content)) : content;
  const inMemory = bytes instanceof Uint8Array;
  return {
    path: checkPath(entry, type),
    typeflag: TYPES[type].typeflag,
    mode: (entry.mode === undefined ? TYPES[type].mode : checkInteger(entry, 'mode')) & 0o7777, // drops the type bits of stat
    uid: entry.uid === undefined ? 0 : checkInteger(entry, 'uid', LARGEST_ID),
    gid: entry.gid === undefined ? 0 : checkInteger(entry, 'gid', LARGEST_ID),
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
    if (!Object.hasOwn(KEYS, key)) throw entryError(entry, `unknown key ${quote(key)}`);
    const types = KEYS[key as keyof TarEntry];
    if (types === 'all' || types.includes(type) || entry[key as keyof TarEntry] === undefined) continue;
    throw entryError(entry, `${key} is not allowed for type "${type}"`);
  }
}

/** A path may have "." or empty segments: all programs read it alike, so it is written unchanged. */
function checkPath(entry: TarEntry, type: TarEntryType): string {
  const value: unknown = entry.path; // read once: a getter could return another path later
  if (type === 'file' && typeof value === 'string' && plainPath.test(value)) return value;
  const path = checkRelative(entry, 'path', checkText(entry, 'path', value));
  if (type === 'directory') return path.endsWith('/') ? path : `${path}/`;
  if (/(?:^|\/)\.?$/.test(path)) throw entryError(entry, `the path of a ${type} must not end in "/" or "."`);
  return path;
}

/** Paths that need no other check; nearly all paths match. */
const plainPath = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/;

function checkLinkname(entry: TarEntry, type: TarEntryType): string {
  if (type !== 'link' && type !== 'symlink') return '';
  const linkname = checkText(entry, 'linkname', entry.linkname);
  if (linkname === '') throw entryError(entry, 'the linkname is empty');
  return type === 'link' ? checkRelative(entry, 'linkname', linkname) : linkname;
}

/** Text that can be written and read back: a NUL would end it, and an unpaired surrogate cannot be encoded. */
function checkText(entry: TarEntry, key: 'path' | 'linkname' | 'content', text: unknown): string {
  if (typeof text !== 'string') throw entryError(entry, `the ${key} is not a string`);
  if (key !== 'content' && text.includes('\0')) throw entryError(entry, `the ${key} contains a NUL`);
  if (!isWellFormed(text)) throw entryError(entry, `the ${key} contains an unpaired surrogate`);
  return text;
}

/** Checks that a path is inside the archive: another path could make a program overwrite files elsewhere. */
function checkRelative(entry: TarEntry, key: 'path' | 'linkname', path: string): string {
  if (path === '') throw entryError(entry, `the ${key} is empty`);
  if (path.startsWith('/')) throw entryError(entry, `the ${key} ${quote(path)} is absolute`);
  if (/(?:^|\/)\.\.(?:\/|$)/.test(path)) throw entryError(entry, `the ${key} ${quote(path)} has a ".." segment`);
  return path;
}

type IntegerKey = 'mode' | 'uid' | 'gid' | 'size' | 'devmajor' | 'devminor';

function checkInteger(entry: TarEntry, key: IntegerKey, limit = Number.MAX_SAFE_INTEGER): number {
  const value: unknown = entry[key];
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= limit) return value as number;
  throw entryError(entry, `the ${key} ${quote(value)} is not an integer from 0 to ${limit}`);
}

function checkTime(entry: TarEntry): number {
  const mtime = entry.mtime ?? 0;
  if (typeof mtime === 'number' && Math.abs(mtime) <= Number.MAX_SAFE_INTEGER) return mtime;
  throw entryError(entry, `the mtime ${quote(mtime)} is not a number of seconds`);
}

function sizeOfBytes(entry: TarEntry, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length === 0 && isDetached(bytes)) throw entryError(entry, 'the content is detached: its memory was transferred');
  if (entry.size === undefined || checkInteger(entry, 'size') === length) return length;
  throw entryError(entry, `the size is ${entry.size}, but the content has ${length} bytes`);
}

function sizeOfChunks(entry: TarEntry, type: TarEntryType): number {
  const { content } = entry;
  const size = entry.size === undefined ? 0 : checkInteger(entry, 'size');
  if (content === undefined && size === 0) return 0;
  if (content === undefined) throw entryError(entry, `the size is ${size}, but a ${type} without content has 0 bytes`);
  const isIterable = typeof content === 'object' && content !== null && (Symbol.asyncIterator in content || Symbol.iterator in content);
  if (!isIterable) throw entryError(entry, 'the content must be bytes, a string or chunks of bytes');
  if (entry.size === undefined) throw entryError(entry, 'content in chunks needs a size');
  return size;
}

/** How much of a value an error shows, in characters. A path may have a million. */
const SHOWN_CHARACTERS = 300;

/** Makes the error for an entry, with the entry's path in its message and its `path`. */
export function entryError({ path }: { readonly path: string }, why: string, cause?: unknown): TarError {
  const known = typeof path === 'string' ? path : undefined;
  return new TarError(`tar: entry ${quote(path)}: ${why}`, { path: known, cause });
}

function quote(value: unknown): string {
  const text = String(value);
  const shown = text.length > SHOWN_CHARACTERS ? text.slice(0, SHOWN_CHARACTERS) + ELLIPSIS : text;
  return escapeText(typeof value === 'string' ? JSON.stringify(shown) : shown);
}
