// Pax records: the length, which includes its own digits; the fields that need a record; parsing.

import { describe, expect, it } from 'vitest';
import { MAX_ID, MAX_SIZE } from '../../src/tar/header.ts';
import type { TarHeader } from '../../src/tar/header.ts';
import { parsePaxRecords, paxRecord, paxRecords } from '../../src/tar/pax.ts';

const PLAIN: TarHeader = {
  path: 'a',
  typeflag: '0',
  mode: 0o644,
  uid: MAX_ID,
  gid: MAX_ID,
  size: MAX_SIZE,
  mtime: MAX_SIZE,
  linkname: '',
  devmajor: 0,
  devminor: 0,
};

describe('paxRecord', () => {
  it('counts its own digits', () => {
    expect(paxRecord('path', 'a')).toBe('9 path=a\n');
    expect(paxRecord('uid', '2097152')).toBe('15 uid=2097152\n');
    expect(paxRecord('mtime', '1700000000.123456')).toBe('27 mtime=1700000000.123456\n');
  });

  // covers: fault 3.24.1
  it.each([
    ['10', 20],
    ['100', 120],
    ['1000', 1020],
    ['10000', 10020],
  ])('states its length in bytes around %s', (_, longest) => {
    for (let length = Math.max(0, longest - 50); length <= longest; length++) {
      for (const value of ['v'.repeat(length), 'é'.repeat(length / 2)]) {
        const record = paxRecord('k', value);
        expect(Number.parseInt(record, 10), record).toBe(Buffer.byteLength(record));
      }
    }
  });

  // covers: fault 3.24.1
  it('has 99 or 101 bytes, never 100: 98 bytes and three digits are 101', () => {
    const lengths = [90, 91, 92, 93, 94].map((length) => paxRecord('k', 'v'.repeat(length)).length);
    expect(lengths).toEqual([96, 97, 98, 99, 101]);
  });
});

describe('paxRecords', () => {
  // covers: fault 3.24.3
  it('is empty if every field fits exactly', () => {
    expect(paxRecords(PLAIN)).toBe('');
  });

  // covers: fault 3.24.2, fault 3.24.3, fault 3.24.4
  it.each<[string, Partial<TarHeader>, string]>([
    ['a path beyond ASCII', { path: 'é' }, '11 path=é\n'],
    ['a long linkname', { linkname: 'l'.repeat(101) }, `115 linkpath=${'l'.repeat(101)}\n`],
    ['8 GiB', { size: MAX_SIZE + 1 }, '19 size=8589934592\n'],
    ['a uid of eight octal digits', { uid: MAX_ID + 1 }, '15 uid=2097152\n'],
    ['a gid of eight octal digits', { gid: MAX_ID + 1 }, '15 gid=2097152\n'],
    ['a time after 2242', { mtime: MAX_SIZE + 1 }, '20 mtime=8589934592\n'],
    ['a fraction of a second', { mtime: 0.1 }, '13 mtime=0.1\n'],
    ['a fraction that has an exponent in JavaScript', { mtime: 1.5e-7 }, '20 mtime=0.00000015\n'],
    ['a time before 1970', { mtime: -1 }, '12 mtime=-1\n'],
    ['a fraction before 1970, rounded down', { mtime: -1.5 }, '12 mtime=-2\n'],
    ['two fields', { path: 'é', size: MAX_SIZE + 1 }, '11 path=é\n19 size=8589934592\n'],
  ])('has a record for %s', (_, fields, records) => {
    expect(paxRecords({ ...PLAIN, ...fields })).toBe(records);
  });
});

describe('parsePaxRecords', () => {
  const parse = (text: string): [string, string][] | undefined => {
    const records = parsePaxRecords(Buffer.from(text));
    return records && [...records];
  };

  it('reads records one after another, with "=", newlines and spaces in values', () => {
    const values: [string, string][] = [['path', 'a=b\nc d'], ['comment', 'ü'.repeat(99)], ['size', '12']];
    expect(parse(values.map(([key, value]) => paxRecord(key, value)).join(''))).toEqual(values);
    expect(parse('')).toEqual([]);
    expect(parse('10 path=a\n')).toEqual([['path', 'a']]); // as true as 9: with two digits, it is 10 bytes
  });

  it('keeps the last value of a key, and removes the key if that is empty', () => {
    expect(parse('9 path=a\n9 path=b\n')).toEqual([['path', 'b']]);
    expect(parse('9 path=a\n8 path=\n')).toEqual([]);
  });

  it.each([
    ['no length', ' path=a\n'],
    ['no space', '8path=a\n'],
    ['no number', 'ab path=a\n'],
    ['a length with a sign', '+9 path=a\n'],
    ['a length of 0', '0 path=a\n'],
    ['a length of zeros', '00 path=a\n'],
    ['a length too short', '8 path=a\n'],
    ['a length too long', '11 path=a\n'],
    ['no "="', '7 path\n'],
    ['a "=" that belongs to the next record', '7 path\n9 path=a\n'],
    ['no newline at the end', '9 path=ab'],
    ['zeros behind', '9 path=a\n\0\0'],
  ])('rejects %s', (_, text) => {
    expect(parse(text)).toBeUndefined();
  });
});
