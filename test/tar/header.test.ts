// Header blocks: the places of the fields, the checksum, and the parsing of foreign and damaged blocks.

import { describe, expect, it } from 'vitest';
import { BLOCK_SIZE, encodeHeader, fitsLinkname, fitsPath, parseHeader } from '../../src/tar/header.ts';
import { MAX_ID, MAX_SIZE } from '../../src/tar/header.ts';
import type { TarHeader } from '../../src/tar/header.ts';
import { noPython, python } from '../support/foreign-tar.ts';
import { titled } from '../support/installed.ts';

const PLAIN: TarHeader = {
  path: 'a',
  typeflag: '0',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  linkname: '',
  devmajor: 0,
  devminor: 0,
};

function encode(fields: Partial<TarHeader>): Buffer {
  const block = Buffer.alloc(BLOCK_SIZE);
  encodeHeader(block, 0, { ...PLAIN, ...fields });
  return block;
}

const text = (block: Buffer, start: number, size: number): string => block.toString('latin1', start, start + size);

/** Overwrites bytes of a block and updates its checksum. */
function patched(offset: number, bytes: Buffer | string, block = encode({})): Buffer {
  block.set(Buffer.from(bytes), offset);
  block.fill(' ', 148, 156);
  block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

describe('encodeHeader', () => {
  // covers: fault 3.24.8
  it.each([
    // the field, its value, its offset in POSIX, its bytes
    ['name', { path: 'usr/bin/env' }, 0, 'usr/bin/env\0'],
    ['mode', { mode: 0o4755 }, 100, '0004755\0'],
    ['uid', { uid: MAX_ID }, 108, '7777777\0'],
    ['gid', { gid: 8 }, 116, '0000010\0'],
    ['size', { size: MAX_SIZE }, 124, '77777777777\0'],
    ['mtime', { mtime: 1700000000 }, 136, '14524770400\0'],
    ['typeflag', { typeflag: '5' }, 156, '5'],
    ['linkname', { linkname: '../b' }, 157, '../b\0'],
    ['magic and version', {}, 257, 'ustar\0' + '00'],
    ['uname and gname', {}, 265, '\0'.repeat(64)],
    ['devmajor and devminor', { devmajor: 8, devminor: 1 }, 329, '0000010\0' + '0000001\0'],
    ['prefix', { path: `${'p'.repeat(155)}/${'n'.repeat(100)}` }, 345, `${'p'.repeat(155)}\0`],
  ])('puts %s in its place', (_, fields, offset, bytes) => {
    expect(text(encode(fields), offset, bytes.length)).toBe(bytes);
  });

  it.skipIf(noPython)(titled('writes the same block as Python', noPython), () => {
    const theirs = python(`
import sys, tarfile
member = tarfile.TarInfo('p' * 60 + '/' + 'n' * 99)
member.mode, member.uid, member.gid, member.size, member.mtime = 0o4711, 1000, 2097151, 8589934591, 1700000000
member.type, member.devmajor, member.devminor = tarfile.CHRTYPE, 8, 1
sys.stdout.buffer.write(member.tobuf(tarfile.USTAR_FORMAT))`);
    const path = `${'p'.repeat(60)}/${'n'.repeat(99)}`;
    const numbers = { mode: 0o4711, uid: 1000, gid: 2097151, size: 8589934591, mtime: 1700000000 };
    expect(encode({ path, ...numbers, typeflag: '3', devmajor: 8, devminor: 1 })).toEqual(theirs);
  });

  it('sums the bytes with the checksum field as spaces', () => {
    const block = encode({ path: 'é/ü', uid: 4711, linkname: 'ß', mtime: 5 });
    const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
    expect(text(block, 148, 8)).toBe(`${sum.toString(8).padStart(6, '0')}\0 `);
  });

  it('overwrites the block at an offset, and nothing else', () => {
    const room = Buffer.alloc(3 * BLOCK_SIZE, 0xff);
    encodeHeader(room, BLOCK_SIZE, PLAIN);
    expect(room.subarray(BLOCK_SIZE, 2 * BLOCK_SIZE)).toEqual(encode({}));
    expect([room[BLOCK_SIZE - 1], room[2 * BLOCK_SIZE]]).toEqual([0xff, 0xff]);
  });

  // covers: fault 3.24.3, fault 3.24.4
  it('clamps numbers that do not fit, and rounds down', () => {
    const block = encode({ uid: MAX_ID + 1, size: 2 ** 53 - 1, mtime: -5 });
    expect(text(block, 108, 8)).toBe('7777777\0');
    expect(text(block, 124, 12)).toBe('77777777777\0');
    expect(text(block, 136, 12)).toBe('00000000000\0');
    expect(text(encode({ mtime: 7.9 }), 136, 12)).toBe('00000000007\0');
  });

  it('cuts a text between characters, never inside a UTF-8 sequence', () => {
    const cut = (path: string): string => encode({ path }).toString('utf8', 0, 100).replace(/\0+$/, '');
    expect(cut('é'.repeat(60))).toBe('é'.repeat(50));
    expect(cut(`a${'é'.repeat(60)}`)).toBe(`a${'é'.repeat(49)}`);
    expect(cut(`aaa${'😀'.repeat(60)}`)).toBe(`aaa${'😀'.repeat(24)}`);
  });
});

describe('fitsPath and fitsLinkname', () => {
  const slash = (prefix: number, name: number): string => `${'p'.repeat(prefix)}/${'n'.repeat(name)}`;
  // covers: fault 3.24.1
  it.each([
    ['a name of 100 bytes', 'n'.repeat(100), true],
    ['a name of 101 bytes', 'n'.repeat(101), false],
    ['a prefix of 155 bytes and a name of 100', slash(155, 100), true],
    ['a prefix of 156 bytes', slash(156, 99), false],
    ['a name of 101 bytes behind a prefix', slash(100, 101), false],
    ['a directory of 101 bytes with only its own slash', `${'n'.repeat(100)}/`, false],
    ['a directory of 256 bytes', `${slash(155, 99)}/`, true],
    ['a long path whose only slash comes first', `/${'n'.repeat(100)}`, false],
    ['one character beyond ASCII', 'é', false],
    ['a long path with one character beyond ASCII', slash(50, 99).replace('p', 'é'), false],
  ])('%s: %#', (_, path, fits) => {
    expect(fitsPath(path)).toBe(fits);
  });

  // covers: fault 3.24.2
  it('accept link targets of up to 100 bytes of ASCII', () => {
    expect(['n'.repeat(100), 'n'.repeat(101), 'é', ''].map(fitsLinkname)).toEqual([true, false, false, true]);
  });
});

describe('parseHeader', () => {
  it('reads the output of encodeHeader, and joins prefix and name', () => {
    const path = `${'p'.repeat(155)}/${'n'.repeat(100)}`;
    const header = { path, typeflag: '2', size: 4711, linkname: 'l'.repeat(100) };
    expect(parseHeader(encode(header))).toEqual(header);
  });

  it.each([
    ['octal with leading spaces', Buffer.from('       1750 '), 1000],
    ['octal in all twelve bytes', Buffer.from('000000001750'), 1000],
    ['an empty field', Buffer.alloc(12), 0],
    ['base 256', Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1]), 2 ** 33 + 1],
    ['base 256 of 2^53-1', Buffer.from('80000000001fffffffffffff', 'hex'), 2 ** 53 - 1],
  ])('reads a size in %s', (_, bytes, size) => {
    expect(parseHeader(patched(124, bytes))?.size).toBe(size);
  });

  it.each([
    ['base 256 above 2^53-1', Buffer.from('800000000020000000000000', 'hex')],
    ['negative base 256', Buffer.from('ffffffffffffffffffffffff', 'hex')],
    ['decimal digits', Buffer.from('00000000008\0')],
    ['a minus sign', Buffer.from('-0000000001\0')],
  ])('rejects a size in %s', (_, bytes) => {
    expect(parseHeader(patched(124, bytes))).toBeUndefined();
  });

  it('accepts a checksum of signed bytes, as old tars wrote it', () => {
    const block = encode({ path: 'é' });
    block.fill(' ', 148, 156);
    block.write(`${block.reduce((sum, byte) => sum + (byte << 24 >> 24), 0).toString(8).padStart(6, '0')}\0 `, 148);
    expect(parseHeader(block)?.path).toBe('é');
  });

  it('reads an empty typeflag as a file, and ignores the prefix if the magic is not that of POSIX', () => {
    const gnu = patched(345, 'atime', patched(257, 'ustar  \0'));
    expect(parseHeader(patched(156, '\0', gnu))).toEqual({ path: 'a', typeflag: '0', size: 0, linkname: '' });
  });

  it('rejects a block after a change of any byte', () => {
    const block = encode({ path: 'usr/bin/env', size: 4711 });
    for (let i = 0; i < BLOCK_SIZE; i++) {
      if (i >= 154 && i < 156) continue; // the end of the checksum field says nothing
      const damaged = Buffer.from(block);
      damaged[i] = (damaged[i] as number) ^ 1;
      expect(parseHeader(damaged), `byte ${i}`).toBeUndefined();
    }
  });
});
