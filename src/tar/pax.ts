// Pax records: what a header block has no room for, as POSIX.1-2017 pax, "pax Extended Header", writes it.

import { asBuffer, utf8 } from '../bytes.ts';
import { fitsLinkname, fitsPath, MAX_ID, MAX_SIZE, TAR_HEADER } from './header.ts';
import type { TarHeader } from './header.ts';
import { BYTES, TEXT, check } from '../kinds.ts';

/**
 * The longest pax header, in bytes: what Go's archive/tar, by which engines read, takes (`maxSpecialFileSize`). It holds for
 * what is read and for what is written.
 */
export const PAX_LIMIT: number = 1024 * 1024;

/** One record, `"27 mtime=1700000000.12345\n"`: its length in bytes, the length's own digits counted, key and value. */
export function paxRecord(key: string, value: string): string {
  check(key, TEXT, 'paxRecord', 'key');
  check(value, TEXT, 'paxRecord', 'value');
  const body = ` ${key}=${value}\n`;
  const { length } = utf8(body);
  const digits = String(length).length;
  // The digits can push the length over one power of ten: 98 bytes and two digits are 100, which has three.
  const total = String(length + digits).length === digits ? length + digits : length + digits + 1;
  return `${total}${body}`;
}

/** The records that an entry needs: none where ustar holds it all, so that most archives are plain ustar. */
export function paxRecords(header: TarHeader): string {
  check(header, TAR_HEADER, 'paxRecords', 'header');
  let records = '';
  if (!fitsPath(header.path)) records += paxRecord('path', header.path);
  if (!fitsLinkname(header.linkname)) records += paxRecord('linkpath', header.linkname);
  if (header.size > MAX_SIZE) records += paxRecord('size', String(header.size));
  if (header.uid > MAX_ID) records += paxRecord('uid', String(header.uid));
  if (header.gid > MAX_ID) records += paxRecord('gid', String(header.gid));
  if (!fitsTime(header.mtime)) records += paxRecord('mtime', paxTime(header.mtime));
  return records;
}

function fitsTime(mtime: number): boolean {
  return mtime >= 0 && mtime <= MAX_SIZE && Number.isInteger(mtime);
}

/**
 * Seconds as a decimal. Before 1970 whole seconds, rounded down: GNU tar and libarchive read "-1.5" as -0.5.
 * JavaScript writes fractions below a millionth with an exponent, which pax does not know.
 */
function paxTime(mtime: number): string {
  const [digits, exponent] = String(mtime < 0 ? Math.floor(mtime) : mtime).split('e-') as [string, string?];
  return exponent === undefined ? digits : `0.${'0'.repeat(Number(exponent) - 1)}${digits.replace('.', '')}`;
}

// Zeros may stand before it, as before any decimal; it is above 0, or the walk would not move on.
const recordLength = /^0{0,20}[1-9][0-9]{0,8}$/;
/** The records by their keys, or undefined where the bytes are none. An empty value stands for an absent key. */
export function parsePaxRecords(bytes: Uint8Array): Map<string, string> | undefined {
  check(bytes, BYTES, 'parsePaxRecords', 'bytes');
  const records = new Map<string, string>();
  const buffer = asBuffer(bytes);
  for (let start = 0; start < buffer.length; ) {
    const space = buffer.indexOf(' ', start, 'latin1');
    const equals = buffer.indexOf('=', space, 'latin1');
    const digits = buffer.toString('latin1', start, space);
    const end = start + Number(digits);
    if (space < 0 || equals < 0 || !recordLength.test(digits)) return undefined;
    if (equals >= end || end > buffer.length || buffer[end - 1] !== 0x0a) return undefined;
    const key = buffer.toString('utf8', space + 1, equals);
    records.set(key, buffer.toString('utf8', equals + 1, end - 1));
    if (records.get(key) === '') records.delete(key);
    start = end;
  }
  return records;
}
