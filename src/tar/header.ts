// Encodes and parses header blocks: the 512 bytes before each entry (POSIX.1-2017 pax, "ustar Interchange Format").

import { asBuffer, latin1 } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';
import { BYTES, COUNT, TEXT, check, kind } from '../kinds.ts';
import type { Kind } from '../kinds.ts';

/** The size of a block, in bytes. Headers and contents fill whole blocks. */
export const BLOCK_SIZE = 512;

interface Field {
  readonly offset: number;
  readonly size: number;
}

/** The place of each field. Texts end at a NUL or with the field; numbers are octal digits and a NUL. */
const FIELDS = {
  name: { offset: 0, size: 100 },
  mode: { offset: 100, size: 8 },
  uid: { offset: 108, size: 8 },
  gid: { offset: 116, size: 8 },
  size: { offset: 124, size: 12 },
  mtime: { offset: 136, size: 12 },
  chksum: { offset: 148, size: 8 },
  typeflag: { offset: 156, size: 1 },
  linkname: { offset: 157, size: 100 },
  magic: { offset: 257, size: 6 },
  version: { offset: 263, size: 2 },
  uname: { offset: 265, size: 32 }, // always empty: user names differ between machines
  gname: { offset: 297, size: 32 }, // always empty
  devmajor: { offset: 329, size: 8 },
  devminor: { offset: 337, size: 8 },
  prefix: { offset: 345, size: 155 },
} as const satisfies Record<string, Field>;

const NUMBERS = ['mode', 'uid', 'gid', 'size', 'mtime', 'devmajor', 'devminor'] as const;

/** The largest user ID, group ID or device number that fits into seven octal digits: 2,097,151. */
export const MAX_ID: number = maximum(FIELDS.uid);
/** The largest size (8 GiB minus one byte) and time (in the year 2242) that fit into eleven octal digits. */
export const MAX_SIZE: number = maximum(FIELDS.size);

/** The fields of a header block. */
export interface TarHeader {
  readonly path: string;
  readonly typeflag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly linkname: string;
  readonly devmajor: number;
  readonly devminor: number;
}

/** Accepts an object whose members have the types of `TarHeader`. */
export const TAR_HEADER: Kind = kind('a tar header', (value) => {
  const { path, typeflag, linkname, mode, uid, gid, size, mtime, devmajor, devminor } = value as TarHeader;
  return (
    typeof path === 'string' && typeof typeflag === 'string' && typeof linkname === 'string' && typeof mode === 'number' &&
    typeof uid === 'number' && typeof gid === 'number' && typeof size === 'number' && typeof mtime === 'number' &&
    typeof devmajor === 'number' && typeof devminor === 'number'
  );
});

/** Whether a path fits into `name`, or into `prefix` and `name`. Only ASCII fits: programs do not agree on another encoding. */
export function fitsPath(path: string): boolean {
  if (typeof path !== 'string') check(path, TEXT, 'fitsPath', 'path');
  return isAscii(path) && (path.length <= FIELDS.name.size || prefixLength(path) > 0);
}

/** Whether a link's target fits into `linkname`. */
export function fitsLinkname(linkname: string): boolean {
  if (typeof linkname !== 'string') check(linkname, TEXT, 'fitsLinkname', 'linkname');
  return linkname === '' || (isAscii(linkname) && linkname.length <= FIELDS.linkname.size); // most entries have none
}

/**
 * Encodes a header block into `into`, from offset `at` on. A value that does not fit its field is cut or clamped; `paxRecords`
 * then returns a record with the real value. Throws an `ArgumentError` if there is no room for a block.
 */
export function encodeHeader(into: Uint8Array, at: number, header: TarHeader): void {
  check(header, TAR_HEADER, 'encodeHeader', 'header');
  check(at, COUNT, 'encodeHeader', 'at');
  check(into, BYTES, 'encodeHeader', 'into');
  if (into.length - at < BLOCK_SIZE) throw new ArgumentError(`encodeHeader: into must have ${BLOCK_SIZE} bytes from offset at on`);
  into.set(TEMPLATE, at);
  const cut = prefixLength(header.path);
  let sum = TEMPLATE_SUM;
  if (cut > 0) sum += putText(into, at, FIELDS.prefix, header.path.slice(0, cut));
  sum += putText(into, at, FIELDS.name, cut > 0 ? header.path.slice(cut + 1) : header.path);
  sum += putText(into, at, FIELDS.typeflag, header.typeflag);
  sum += putText(into, at, FIELDS.linkname, header.linkname);
  // One by one: a loop over the names of the fields would take a third of the time of packing.
  sum += putOctal(into, at, FIELDS.mode, header.mode);
  sum += putOctal(into, at, FIELDS.uid, header.uid);
  sum += putOctal(into, at, FIELDS.gid, header.gid);
  sum += putOctal(into, at, FIELDS.size, header.size);
  sum += putOctal(into, at, FIELDS.mtime, header.mtime);
  sum += putOctal(into, at, FIELDS.devmajor, header.devmajor);
  sum += putOctal(into, at, FIELDS.devminor, header.devminor);
  putOctal(into, at, CHECKSUM_DIGITS, sum);
}

/** The checksum ends in a NUL and a space, after six digits. */
const CHECKSUM_DIGITS: Field = { offset: FIELDS.chksum.offset, size: 7 };

/** A header block whose numbers are all zero. A checksum starts with its sum, and each written field adds to it. */
const TEMPLATE = template();
/** The sum of its bytes, with the checksum field counted as eight spaces, as POSIX defines it. */
const TEMPLATE_SUM = sumOf(TEMPLATE, 8 * 0x20);

function template(): Uint8Array {
  const block = new Uint8Array(BLOCK_SIZE);
  for (const { offset, size } of NUMBERS.map((name) => FIELDS[name])) block.fill(0x30, offset, offset + size - 1);
  block.set(latin1('ustar\0'), FIELDS.magic.offset);
  block.set(latin1('00'), FIELDS.version.offset);
  block.set(latin1('000000\0 '), FIELDS.chksum.offset);
  return block;
}

/** The sum of a block's bytes, with the checksum field counted as `checksum`. */
function sumOf(block: Uint8Array, checksum: number): number {
  const { offset, size } = FIELDS.chksum;
  let sum = checksum;
  for (let i = 0; i < offset; i++) sum += block[i] as number;
  for (let i = offset + size; i < BLOCK_SIZE; i++) sum += block[i] as number;
  return sum;
}

/** The length of the part of a long path that goes into `prefix`: up to the last slash that fits; 0 if there is none. */
function prefixLength(path: string): number {
  if (path.length <= FIELDS.name.size) return 0;
  // The last character is excluded: after a directory's own slash, the name would be empty.
  const cut = path.lastIndexOf('/', Math.min(FIELDS.prefix.size, path.length - 2));
  return cut > 0 && path.length - cut - 1 <= FIELDS.name.size && isAscii(path) ? cut : 0;
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

function maximum(field: Field): number {
  return 8 ** (field.size - 1) - 1;
}

/** Writes as much of a text as fits, and returns the sum of its bytes. */
function putText(into: Uint8Array, at: number, field: Field, text: string): number {
  const start = at + field.offset;
  const length = Math.min(text.length, field.size);
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return putUtf8(into.subarray(start, start + field.size), text);
    into[start + i] = code;
    sum += code;
  }
  return sum;
}

/** `encodeInto` never writes a part of a character: a cut text is still valid UTF-8. */
function putUtf8(target: Uint8Array, text: string): number {
  const { written } = encoder.encodeInto(text, target);
  let sum = 0;
  for (const byte of target.subarray(0, written)) sum += byte;
  return sum;
}
const encoder = new TextEncoder();

/** Writes octal digits over the zeros of the template, and returns the change of the sum. */
function putOctal(into: Uint8Array, at: number, field: Field, value: number): number {
  if (value <= 0) return 0;
  let remaining = Math.min(Math.floor(value), field.size === FIELDS.mtime.size ? MAX_SIZE : MAX_ID);
  let sum = 0;
  for (let i = at + field.offset + field.size - 2; remaining > 0; i--) {
    const digit = remaining % 8;
    into[i] = 0x30 + digit;
    sum += digit;
    remaining = (remaining - digit) / 8;
  }
  return sum;
}

/** The fields that a scan reads. `typeflag` is one character, `"0"` for a file even if an old tar left the field empty. */
export type ParsedHeader = Pick<TarHeader, 'path' | 'typeflag' | 'size' | 'linkname'>;

/** Parses a header block; undefined if its checksum or its size is wrong. */
export function parseHeader(block: Uint8Array): ParsedHeader | undefined {
  check(block, BYTES, 'parseHeader', 'block');
  const size = numberIn(block, FIELDS.size);
  if (!hasChecksum(block) || size === undefined) return undefined;
  const name = textIn(block, FIELDS.name);
  // GNU tar's own format has a space after "ustar", and other fields in the place of the prefix.
  const prefix = textIn(block, FIELDS.magic) === 'ustar' ? textIn(block, FIELDS.prefix) : '';
  const path = prefix === '' ? name : `${prefix}/${name}`;
  const linkname = textIn(block, FIELDS.linkname);
  return { path, typeflag: textIn(block, FIELDS.typeflag) || '0', size, linkname };
}

/** Old tar programs added signed bytes. GNU tar and Go accept either sum, and so do we. */
function hasChecksum(block: Uint8Array): boolean {
  const checksum = numberIn(block, FIELDS.chksum);
  return checksum === sumOf(block, 8 * 0x20) || checksum === sumOf(block, 8 * 0x20) - 256 * highBytes(block);
}

/** The number of bytes above 0x7f, which are negative as signed bytes, without the checksum field. */
function highBytes(block: Uint8Array): number {
  const { offset, size } = FIELDS.chksum;
  let count = 0;
  for (let i = 0; i < BLOCK_SIZE; i++) if ((block[i] as number) > 0x7f && (i < offset || i >= offset + size)) count++;
  return count;
}

function textIn(block: Uint8Array, { offset, size }: Field): string {
  const field = asBuffer(block).subarray(offset, offset + size);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? size : end);
}

/** A number in octal digits with spaces or NULs around them, or in base 256, in which GNU tar writes large numbers. */
function numberIn(block: Uint8Array, field: Field): number | undefined {
  const bytes = block.subarray(field.offset, field.offset + field.size);
  if ((bytes[0] as number) >= 0x80) return base256(bytes);
  const digits = /^[ \0]*([0-7]*)(?:[ \0]|$)/.exec(asBuffer(bytes).toString('latin1'))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits || '0', 8);
}

/** Reads a big-endian number; its highest bit only marks base 256. Negative numbers are rejected: their next bit makes them too large. */
function base256(bytes: Uint8Array): number | undefined {
  let value = (bytes[0] as number) & 0x7f;
  for (const byte of bytes.subarray(1)) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? value : undefined;
}
