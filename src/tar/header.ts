// The header block: 512 bytes before each entry, as POSIX.1-2017 pax, "ustar Interchange Format", lays them out.

import { asBuffer, latin1 } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';
import { BYTES, COUNT, TEXT, check, kind } from '../kinds.ts';
import type { Kind } from '../kinds.ts';

/** Everything in an archive comes in blocks of this many bytes. */
export const BLOCK_SIZE = 512;

interface Field {
  readonly offset: number;
  readonly size: number;
}

/** Where each field stands. Texts end at a NUL or with the field; numbers are octal digits and a NUL. */
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
  uname: { offset: 265, size: 32 }, // left empty: names belong to the machine that packs
  gname: { offset: 297, size: 32 }, // likewise
  devmajor: { offset: 329, size: 8 },
  devminor: { offset: 337, size: 8 },
  prefix: { offset: 345, size: 155 },
} as const satisfies Record<string, Field>;

const NUMBERS = ['mode', 'uid', 'gid', 'size', 'mtime', 'devmajor', 'devminor'] as const;

/** The largest user, group or device number that seven octal digits hold. */
export const MAX_ID: number = maximum(FIELDS.uid);
/** The largest size (8 GiB less one byte) and time (in the year 2242) that eleven octal digits hold. */
export const MAX_SIZE: number = maximum(FIELDS.size);

/** What a header block tells of its entry. */
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

/** A header whose members have their types. */
export const TAR_HEADER: Kind = kind('a tar header', (value) => {
  const { path, typeflag, linkname, mode, uid, gid, size, mtime, devmajor, devminor } = value as TarHeader;
  return (
    typeof path === 'string' && typeof typeflag === 'string' && typeof linkname === 'string' && typeof mode === 'number' &&
    typeof uid === 'number' && typeof gid === 'number' && typeof size === 'number' && typeof mtime === 'number' &&
    typeof devmajor === 'number' && typeof devminor === 'number'
  );
});

/** Whether `name`, or `prefix` and `name` together, hold the path. Other than ASCII has no agreed encoding there. */
export function fitsPath(path: string): boolean {
  if (typeof path !== 'string') check(path, TEXT, 'fitsPath', 'path');
  return isAscii(path) && (path.length <= FIELDS.name.size || prefixLength(path) > 0);
}

/** Whether the field holds a link's target. */
export function fitsLinkname(linkname: string): boolean {
  if (typeof linkname !== 'string') check(linkname, TEXT, 'fitsLinkname', 'linkname');
  return linkname === '' || (isAscii(linkname) && linkname.length <= FIELDS.linkname.size); // most entries have none
}

/** Writes the header block. What does not fit its field is cut or clamped: a pax record then carries the truth. */
export function encodeHeader(into: Uint8Array, at: number, header: TarHeader): void {
  check(header, TAR_HEADER, 'encodeHeader', 'header');
  check(at, COUNT, 'encodeHeader', 'at');
  check(into, BYTES, 'encodeHeader', 'into');
  if (into.length - at < BLOCK_SIZE) throw new ArgumentError(`encodeHeader: into must have ${BLOCK_SIZE} bytes behind at`);
  into.set(TEMPLATE, at);
  const cut = prefixLength(header.path);
  let sum = TEMPLATE_SUM;
  if (cut > 0) sum += putText(into, at, FIELDS.prefix, header.path.slice(0, cut));
  sum += putText(into, at, FIELDS.name, cut > 0 ? header.path.slice(cut + 1) : header.path);
  sum += putText(into, at, FIELDS.typeflag, header.typeflag);
  sum += putText(into, at, FIELDS.linkname, header.linkname);
  // One by one: looked up by name in a loop, they would take a third of packing's time.
  sum += putOctal(into, at, FIELDS.mode, header.mode);
  sum += putOctal(into, at, FIELDS.uid, header.uid);
  sum += putOctal(into, at, FIELDS.gid, header.gid);
  sum += putOctal(into, at, FIELDS.size, header.size);
  sum += putOctal(into, at, FIELDS.mtime, header.mtime);
  sum += putOctal(into, at, FIELDS.devmajor, header.devmajor);
  sum += putOctal(into, at, FIELDS.devminor, header.devminor);
  putOctal(into, at, CHECKSUM_DIGITS, sum);
}

/** Six digits, a NUL and a space: the one number field that every tar ends so. */
const CHECKSUM_DIGITS: Field = { offset: FIELDS.chksum.offset, size: 7 };

/** A header block whose numbers are all zero; the checksum starts from its sum, and grows with what is put in. */
const TEMPLATE = template();
/** The sum of its bytes, with eight spaces where the checksum goes, as the checksum is defined. */
const TEMPLATE_SUM = sumOf(TEMPLATE, 8 * 0x20);

function template(): Uint8Array {
  const block = new Uint8Array(BLOCK_SIZE);
  for (const { offset, size } of NUMBERS.map((name) => FIELDS[name])) block.fill(0x30, offset, offset + size - 1);
  block.set(latin1('ustar\0'), FIELDS.magic.offset);
  block.set(latin1('00'), FIELDS.version.offset);
  block.set(latin1('000000\0 '), FIELDS.chksum.offset);
  return block;
}

/** The sum of a block's bytes, where the checksum itself counts as `checksum`. */
function sumOf(block: Uint8Array, checksum: number): number {
  const { offset, size } = FIELDS.chksum;
  let sum = checksum;
  for (let i = 0; i < offset; i++) sum += block[i] as number;
  for (let i = offset + size; i < BLOCK_SIZE; i++) sum += block[i] as number;
  return sum;
}

/** Where to cut a path that is too long for `name`: at the last slash that `prefix` reaches, or nowhere (0). */
function prefixLength(path: string): number {
  if (path.length <= FIELDS.name.size) return 0;
  // A directory's own slash, the last character, is no place to cut: it would leave an empty name.
  const cut = path.lastIndexOf('/', Math.min(FIELDS.prefix.size, path.length - 2));
  return cut > 0 && path.length - cut - 1 <= FIELDS.name.size && isAscii(path) ? cut : 0;
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

function maximum(field: Field): number {
  return 8 ** (field.size - 1) - 1;
}

/** Puts as much of the text as fits, and returns the sum of its bytes. */
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

/** `encodeInto` writes whole characters only: a cut never leaves half a UTF-8 sequence. */
function putUtf8(room: Uint8Array, text: string): number {
  const { written } = encoder.encodeInto(text, room);
  let sum = 0;
  for (const byte of room.subarray(0, written)) sum += byte;
  return sum;
}
const encoder = new TextEncoder();

/** Puts the digits over the zeros of the template, and returns what they add to the sum. */
function putOctal(into: Uint8Array, at: number, field: Field, value: number): number {
  if (value <= 0) return 0;
  let rest = Math.min(Math.floor(value), field.size === FIELDS.mtime.size ? MAX_SIZE : MAX_ID);
  let sum = 0;
  for (let i = at + field.offset + field.size - 2; rest > 0; i--) {
    const digit = rest % 8;
    into[i] = 0x30 + digit;
    sum += digit;
    rest = (rest - digit) / 8;
  }
  return sum;
}

/** What is read back of a header block. */
export interface ParsedHeader {
  readonly path: string;
  /** One character; `"0"` for a file, also where an old tar left it empty. */
  readonly typeflag: string;
  readonly size: number;
  /** Where a link leads; `""` for all else. */
  readonly linkname: string;
}

/** Reads a header block, or returns undefined where the checksum or the size shows that it is none. */
export function parseHeader(block: Uint8Array): ParsedHeader | undefined {
  check(block, BYTES, 'parseHeader', 'block');
  const size = numberIn(block, FIELDS.size);
  if (!hasChecksum(block) || size === undefined) return undefined;
  const name = textIn(block, FIELDS.name);
  // GNU tar's own format ends the magic in a space, and keeps other things where POSIX has the prefix.
  const prefix = textIn(block, FIELDS.magic) === 'ustar' ? textIn(block, FIELDS.prefix) : '';
  const path = prefix === '' ? name : `${prefix}/${name}`;
  const linkname = textIn(block, FIELDS.linkname);
  return { path, typeflag: textIn(block, FIELDS.typeflag) || '0', size, linkname };
}

/** Old tars summed signed bytes; GNU tar and Go take either sum, and so do we. */
function hasChecksum(block: Uint8Array): boolean {
  const checksum = numberIn(block, FIELDS.chksum);
  return checksum === sumOf(block, 8 * 0x20) || checksum === sumOf(block, 8 * 0x20) - 256 * highBytes(block);
}

/** How many bytes are negative when signed, the checksum's own apart. */
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

/** A number in octal digits, amid spaces and NULs, or in base 256, as GNU tar writes what is too large for octal. */
function numberIn(block: Uint8Array, field: Field): number | undefined {
  const bytes = block.subarray(field.offset, field.offset + field.size);
  if ((bytes[0] as number) >= 0x80) return base256(bytes);
  const digits = /^[ \0]*([0-7]*)(?:[ \0]|$)/.exec(asBuffer(bytes).toString('latin1'))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits || '0', 8);
}

/** Big-endian, the highest bit only a mark; with the bit below it the number is negative, which no size is. */
function base256(bytes: Uint8Array): number | undefined {
  let value = (bytes[0] as number) & 0x7f;
  for (const byte of bytes.subarray(1)) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? value : undefined;
}
