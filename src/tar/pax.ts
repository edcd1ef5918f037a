// Pax records: fields that do not fit into a header block (POSIX.1-2017 pax, "pax Extended Header").

import { asBuffer, utf8 } from '../bytes.ts';
import { fitsLinkname, fitsPath, MAX_ID, MAX_SIZE, TAR_HEADER } from './header.ts';
import type { TarHeader } from './header.ts';
import { BYTES, TEXT, check } from '../kinds.ts';

/** The longest pax header that is read or written, in bytes: the limit of Go's archive/tar (`maxSpecialFileSize`), which engines use. */
export const PAX_LIMIT: number = 1024 * 1024;

/** Encodes one record, `"27 mtime=1700000000.12345\n"`: key and value after the record's length in bytes, which counts its digits. */
export function paxRecord(key: string, value: string): string {
  check(key, TEXT, 'paxRecord', 'key');
  check(value, TEXT, 'paxRecord', 'value');
  const body = ` ${key}=${value}\n`;
  const { length } = utf8(body);
  const digits = String(length).length;
  // Adding the digits can make the number longer: 98 bytes and two digits are 100, which has three digits.
  const total = String(length + digits).length === digits ? length + digits : length + digits + 1;
  return `${total}${body}`;
}

/** Encodes the records that an entry needs; `""` if its header block holds everything, as for most entries. */
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
 * Seconds as a decimal. A time before 1970 is rounded down to whole seconds: GNU tar and libarchive read "-1.5" as -0.5.
 * JavaScript writes fractions below a millionth with an exponent, which pax does not have.
 */
function paxTime(mtime: number): string {
  const [digits, exponent] = String(mtime < 0 ? Math.floor(mtime) : mtime).split('e-') as [string, string?];
  return exponent === undefined ? digits : `0.${'0'.repeat(Number(exponent) - 1)}${digits.replace('.', '')}`;
}

/** The length of a record: decimal, above 0, perhaps with leading zeros. */
const recordLength = /^0{0,20}[1-9][0-9]{0,8}$/;

/** Parses records into a map from key to value; undefined if the bytes are not records. An empty value removes its key. */
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
    const value = buffer.toString('utf8', equals + 1, end - 1);
    if (value === '') records.delete(key);
    else records.set(key, value);
    start = end;
  }
  return records;
}
