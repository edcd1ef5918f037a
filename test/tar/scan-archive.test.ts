// Scanning: archives by every installed program, complete, in pieces, truncated everywhere, and with a daemon's error.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { concat } from '../../src/bytes.ts';
import { TruncatedError } from '../../src/errors.ts';
import { packTar } from '../../src/tar/pack.ts';
import type { TarEntry } from '../../src/tar/pack.ts';
import { paxRecord } from '../../src/tar/pax.ts';
import { ArchiveScan } from '../../src/tar/scan-archive.ts';
import type { ScanResult } from '../../src/tar/scan-archive.ts';
import { gnuTar, noBsdtar, noGnuTar, noPython, python, run, sha256 } from '../support/foreign-tar.ts';
import { titled } from '../support/installed.ts';
import { integer, random } from '../support/random.ts';
import { splits } from '../support/splits.ts';

async function pack(entries: Iterable<TarEntry>): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  for await (const block of packTar(entries)) blocks.push(block);
  return concat(blocks);
}

function scan(pieces: Iterable<Uint8Array>): ScanResult {
  const archive = new ArchiveScan();
  for (const piece of pieces) archive.push(piece);
  return archive.finish();
}

/** Scans with a listener that collects the entries. */
function listing(pieces: Iterable<Uint8Array>): { path: string; typeflag: string; size: number; sha256: string }[] {
  const entries: { path: string; typeflag: string; size: number; sha256: string }[] = [];
  let content: Uint8Array[] = [];
  const archive = new ArchiveScan({
    entry: ({ path, typeflag, size }) => entries.push({ path, typeflag, size, sha256: '' }),
    content: (view) => content.push(view.slice()),
    endEntry: () => {
      Object.assign(entries.at(-1) ?? {}, { sha256: sha256(concat(content)) });
      content = [];
    },
  });
  for (const piece of pieces) archive.push(piece);
  archive.finish();
  return entries;
}

function failure(pieces: Iterable<Uint8Array>): TruncatedError {
  try {
    scan(pieces);
  } catch (error) {
    if (error instanceof TruncatedError) return error;
    throw error;
  }
  throw new Error('scanned to the end');
}

/** The longest path and link target that every implementation of the format supports. */
const longest = (format: string): number => (/gnu|pax/.test(format) ? 200 : 99);

/** A directory for GNU tar and bsdtar to pack. */
function makeTree(length: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-'));
  folders.push(folder);
  mkdirSync(join(folder, 'tree', 'sub'), { recursive: true });
  writeFileSync(join(folder, 'tree', 'empty'), '');
  writeFileSync(join(folder, 'tree', 'one block'), 'x'.repeat(512));
  writeFileSync(join(folder, 'tree', 'sub', 'odd'), 'y'.repeat(3001));
  writeFileSync(join(folder, 'tree', 'sub', 'n'.repeat(length - 'tree/sub/'.length)), 'long');
  symlinkSync('t'.repeat(length), join(folder, 'tree', 'symlink'));
  return folder;
}
const TREE_ENTRIES = 7;
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

const PYTHON_WRITER = `
import io, sys, tarfile
out = io.BytesIO()
archive = tarfile.open(fileobj=out, mode='w', format=tarfile.FORMAT)
for name, size in [('a', 0), ('b' * 100, 1), ('p' * 90 + '/' + 'c' * 90, 512), ('d', 3001)]:
  member = tarfile.TarInfo(name)
  member.size = size
  archive.addfile(member, io.BytesIO(b'x' * size))
archive.close()
sys.stdout.buffer.write(out.getvalue())`;

/** the writer, why it cannot be used (if so), the archive, the number of its entries */
const ARCHIVES: readonly (readonly [string, string | undefined, () => Promise<Uint8Array> | Uint8Array, number])[] = [
  ...['v7', 'oldgnu', 'gnu', 'ustar', 'pax'].map((format) => [
    `GNU tar --format=${format}`,
    noGnuTar,
    () => gnuTar(['-cf', '-', `--format=${format}`, 'tree'], undefined, makeTree(longest(format))),
    TREE_ENTRIES,
  ] as const),
  ...['v7', 'gnutar', 'ustar', 'pax'].map((format) => [
    `bsdtar --format=${format}`,
    noBsdtar,
    () => run('bsdtar', ['-cf', '-', `--format=${format}`, 'tree'], undefined, makeTree(longest(format))),
    TREE_ENTRIES,
  ] as const),
  ...['USTAR_FORMAT', 'GNU_FORMAT', 'PAX_FORMAT'].map((format) => [
    `Python ${format}`,
    noPython,
    () => python(PYTHON_WRITER.replace('FORMAT', format)),
    4,
  ] as const),
  ['packTar', undefined, () => pack(OURS), 4],
];

const OURS: readonly TarEntry[] = [
  { path: 'a', type: 'directory' },
  { path: 'a/é', content: 'x'.repeat(700), mtime: 0.5 },
  { path: 'b'.repeat(300), content: 'y'.repeat(512) },
  { path: 'c', type: 'symlink', linkname: 'ü' },
];

describe('ArchiveScan', () => {
  for (const [writer, lack, write, entries] of ARCHIVES) {
    let archive: Uint8Array | undefined;
    const make = async (): Promise<Uint8Array> => (archive ??= await write()); // both tests read the same

    it.skipIf(lack)(titled(`scans an archive by ${writer}, however it is cut into pieces`, lack), async () => {
      const archive = await make();
      for (const [name, pieces] of splits(archive)) {
        expect(scan(pieces), name).toEqual({ bytes: archive.length, entries });
      }
    });

    it.skipIf(lack)(titled(`rejects an archive by ${writer} that is truncated anywhere`, lack), async () => {
      const archive = Buffer.from(await make());
      const last = archive.findLastIndex((byte) => byte !== 0);
      const end = Math.ceil((last + 1) / 512) * 512 + 1024; // anything after it is padding
      const { stackTraceLimit } = Error;
      onTestFinished(() => void (Error.stackTraceLimit = stackTraceLimit));
      Error.stackTraceLimit = 0; // there are thousands of errors, and nothing reads their stacks
      for (let length = 0; length < archive.length; length += length < end ? 1 : 512) {
        const cut = [archive.subarray(0, length)];
        if (length >= end ? scan(cut).bytes === length : failure(cut).received === length) continue;
        expect.fail(`cut at ${length} of ${end}`);
      }
    });
  }

  it('gives listeners the same entries and contents, however the archive is cut into pieces', async () => {
    const archive = await pack(OURS);
    const expected = [
      { path: 'a/', typeflag: '5', size: 0, sha256: sha256('') },
      { path: 'a/é', typeflag: '0', size: 700, sha256: sha256('x'.repeat(700)) },
      { path: 'b'.repeat(300), typeflag: '0', size: 512, sha256: sha256('y'.repeat(512)) },
      { path: 'c', typeflag: '2', size: 0, sha256: sha256('') },
    ];
    for (const [name, pieces] of splits(archive)) expect(listing(pieces), name).toEqual(expected);
  });

  it.skipIf(noPython)(titled('reads names from GNU long names, prefixes and pax records', noPython), () => {
    for (const format of ['USTAR_FORMAT', 'GNU_FORMAT', 'PAX_FORMAT']) {
      const paths = listing([python(PYTHON_WRITER.replace('FORMAT', format))]).map(({ path }) => path);
      expect(paths).toEqual(['a', 'b'.repeat(100), `${'p'.repeat(90)}/${'c'.repeat(90)}`, 'd']);
    }
  });

  it('reads link targets from headers, pax records and GNU long links, each for its own entry only', async () => {
    const long = 'l'.repeat(200);
    const ours = await pack([
      { path: 'a', type: 'symlink', linkname: '../b' },
      { path: 'b', type: 'link', linkname: 'é' },
    ]);
    const archive = concat([
      ours.subarray(0, -1024),
      meta('L', 'c\0'),
      meta('K', `${long}\0`),
      header({ path: 'short', typeflag: '2' }),
      header({ path: 'd', typeflag: '2' }),
      new Uint8Array(1024),
    ]);
    const links: [string, string][] = [];
    const scan = new ArchiveScan({
      entry: ({ path, linkname }) => links.push([path, linkname]),
      content: () => expect.unreachable(),
      endEntry: () => {},
    });
    scan.push(archive);
    expect(scan.finish().entries).toBe(4);
    expect(links).toEqual([['a', '../b'], ['b', 'é'], ['c', long], ['d', '']]);
  });

  it('scans 9 GiB whose size is in a pax record, and notices one missing byte', async () => {
    const chunk = new Uint8Array(64 * 1024 * 1024);
    const size = 144 * chunk.length;
    const head = await headOf({ path: 'huge', size, content: [chunk] });
    const pieces = [head, ...new Array<Uint8Array>(144).fill(chunk)];
    expect(scan([...pieces, new Uint8Array(1024)])).toEqual({ bytes: head.length + size + 1024, entries: 1 });
    expect(failure([...pieces.slice(0, -1), chunk.subarray(1)])).toMatchObject({ expected: head.length + size });
  });

  it.skipIf(noPython)(titled('scans 8 GiB whose size is in base 256', noPython), () => {
    const chunk = new Uint8Array(64 * 1024 * 1024);
    const head = python(`
import sys, tarfile
member = tarfile.TarInfo('huge')
member.size = 2 ** 33
sys.stdout.buffer.write(member.tobuf(tarfile.GNU_FORMAT))`);
    const pieces = [head, ...new Array<Uint8Array>(128).fill(chunk)];
    expect(scan([...pieces, new Uint8Array(1024)]).entries).toBe(1);
    expect(failure([...pieces.slice(0, -1), chunk.subarray(1)]).message).toContain('inside "huge"');
  });

  describe.each([
    ['its size', paxRecord('size', `${'0'.repeat(30)}3`)],
    ['its length', '0012 size=3\n'],
  ])('a pax record with zeros before %s', (_, record) => {
    const file = concat([Buffer.from('abc'), new Uint8Array(509)]);
    const archive = concat([meta('x', record), header({ path: 'a', typeflag: '0', size: 0 }), file, new Uint8Array(1024)]);

    it('is read', () => {
      expect(listing([archive])).toEqual([{ path: 'a', typeflag: '0', size: 3, sha256: sha256('abc') }]);
    });

    it.skipIf(noGnuTar)(titled('is also read by GNU tar', noGnuTar), () => {
      expect(gnuTar(['-xOf', '-'], archive).toString()).toBe('abc');
    });
  });

  // The attack: programs that read extended headers differently see different entries in one archive (CVE-2026-53655).
  // Of a pax path and a GNU long name, Go uses the long name, others the later one. Of two pax headers, Go uses only the
  // second, and none that a global header follows. Go also assembles sparse files from their parts.
  const CONFLICT = 'conflicting extended headers for one entry at byte';
  const [paxPath, longName, ofAll] = [meta('x', paxRecord('path', 'a')), meta('L', 'b\0'), meta('g', paxRecord('comment', 'c'))];
  it.each([
    ['a pax header and a long name', [paxPath, longName], `${CONFLICT} 1024`],
    ['a long name and a pax header', [longName, paxPath], `${CONFLICT} 1024`],
    ['a long link between two long names', [longName, meta('K', 'k\0'), longName], `${CONFLICT} 2048`],
    ['two pax headers', [paxPath, meta('x', paxRecord('mtime', '1'))], `${CONFLICT} 1024`],
    ['a pax header and a global one', [paxPath, ofAll], `${CONFLICT} 1024`],
    ['a size for a long name or for a file', [meta('x', paxRecord('size', '1024')), longName], `${CONFLICT} 1024`],
    ['a sparse file by pax records', [meta('x', paxRecord('GNU.sparse.name', 'a'))], 'a sparse file at byte'],
    ['a path with a NUL', [meta('x', paxRecord('path', 'a\0b'))], 'a pax header with a NUL in a path at byte'],
    ['a link to a path with a NUL', [meta('x', paxRecord('linkpath', 'a\0b'))], 'a pax header with a NUL in a path at byte'],
  ])('rejects %s, which programs read differently', (_, before, words) => {
    const archive = concat([...before, header({ path: 'c', typeflag: '0', size: 0 }), new Uint8Array(1024)]);
    expect(failure([archive]).message).toContain(words);
  });

  it('ignores the size of types without content', () => {
    const entries = ['1', '2', '3', '4', '5', '6'].map((typeflag) => header({ path: 'a', typeflag, size: 512 }));
    expect(scan([concat([...entries, new Uint8Array(1024)])]).entries).toBe(6);
  });

  it('skips global pax headers and reads long link names', () => {
    const archive = concat([
      meta('g', paxRecord('size', '99999')),
      meta('K', `${'l'.repeat(200)}\0`),
      header({ path: 'a', typeflag: '2', size: 0 }),
      new Uint8Array(1024),
    ]);
    expect(scan([archive]).entries).toBe(1);
  });

  it.each([
    ['a long link of more than 1 MiB', () => header({ path: 'x', typeflag: 'K', size: 2 ** 20 + 1 }), '1048577 bytes'],
    ['a pax header of more than 1 MiB', () => header({ path: 'x', typeflag: 'x', size: 2 ** 20 + 1 }), '1048577 bytes'],
    ['a pax header that is none', () => meta('x', '99 path=a\n'), 'invalid pax header'],
    ['a pax size that is none', () => concat([meta('x', paxRecord('size', '0x10')), header({})]), 'pax header with an invalid size'],
    ['a lone block of zeros', () => concat([new Uint8Array(512), header({})]), 'single block of zeros'],
    ['bytes after the end', () => concat([new Uint8Array(1500), Uint8Array.of(1)]), 'data after its end at byte 1500'],
    ['text where a header should be', () => Buffer.alloc(512, 'text '), 'an invalid header block at byte 0'],
    // The checksum field counts as spaces in the sum of signed bytes, too. Found by fuzzing.
    ['zeros but for a high byte in the checksum', () => new Uint8Array(1536).fill(0x80, 148, 149), 'an invalid header block at byte 0'],
  ])('rejects %s, and throws again at each later call', (_, make, words) => {
    expect(failure([make()]).message).toContain(words);
    const archive = new ArchiveScan();
    archive.push(make());
    for (let i = 0; i < 2; i++) expect(() => archive.push(new Uint8Array(4096))).toThrow(words);
    for (let i = 0; i < 2; i++) expect(() => archive.finish()).toThrow(words);
  });

  it('rejects an empty stream as truncated', () => {
    expect(failure([])).toMatchObject({ phase: 'archive', received: 0 });
  });

  it('names the truncated entry and the position where it should end', async () => {
    const archive = await pack([{ path: 'a\u001b', content: 'x'.repeat(1000) }]);
    const { message, expected } = failure([archive.subarray(0, 600)]);
    expect(message).toBe('the archive is truncated after 600 bytes, inside "a\\u{1b}", which ends at byte 1536');
    expect(expected).toBe(1536);
  });

  it('throws a TruncatedError or nothing, if random bytes are damaged', async () => {
    const archive = await pack(OURS);
    for (let seed = 0; seed < 2000; seed++) {
      const next = random(seed);
      const damaged = archive.slice();
      const faults = integer(next, 1, 4);
      for (let i = 0; i < faults; i++) damaged[integer(next, 0, archive.length - 1)] = integer(next, 0, 255);
      try {
        scan([damaged]);
      } catch (error) {
        expect(error, `seed ${seed}`).toBeInstanceOf(TruncatedError);
      }
    }
  });
});

describe("a daemon's error message in the archive", () => {
  const json = (message: string): Buffer =>
    Buffer.from(`${JSON.stringify({ errorDetail: { message }, error: message })}\r\n`); // moby's FormatError
  const message = 'open /var/lib/docker/é: "no such file"';

  it.each([
    ['in place of a header', (bytes: Uint8Array) => bytes.subarray(0, -1024)],
    ['in place of the whole archive', () => new Uint8Array()],
    ['amid an entry', (bytes: Uint8Array) => bytes.subarray(0, 1300)],
    ['amid the zeros that fill up its last block', (bytes: Uint8Array) => bytes.subarray(0, 1520)],
    ['amid a header', (bytes: Uint8Array) => bytes.subarray(0, 100)],
    ['right behind a header', (bytes: Uint8Array) => bytes.subarray(0, 512)],
    ['between the two blocks of zeros', (bytes: Uint8Array) => bytes.subarray(0, -512)],
    ['after the end', (bytes: Uint8Array) => bytes],
  ])('%s is part of the error, however the archive is cut into pieces', async (_, cut) => {
    const archive = await pack([{ path: 'a', content: 'x'.repeat(1000) }]);
    for (const length of [0, 600, 1900]) {
      const words = message.padEnd(length, '.');
      for (const [name, pieces] of splits(concat([cut(archive), json(words)]))) {
        expect(failure(pieces).message, name).toContain(`the daemon says: ${words}`);
      }
    }
  });

  it('is found if it has only "error" and no newline', () => {
    expect(failure([Buffer.from('{"error":"old words"}')]).message).toContain('the daemon says: old words');
  });

  it('is escaped in the error', () => {
    expect(failure([json('\u001b[2J')]).message).toContain('\\u{1b}[2J');
  });

  it.each([
    ['cut off', '{"errorDetail":{"message":"no sp'],
    ['no object of an error', '{"error":5}'],
    ['null inside', '{"errorDetail":null}'],
    ['JSON of another kind', '{"status":"ok"}'],
  ])('is not found in other text: %s', (_, text) => {
    expect(failure([Buffer.from(text)]).message).toBe(
      `the archive is truncated after ${text.length} bytes: it has no end-of-archive marker`,
    );
  });

  it('is waited for during 4 KiB', () => {
    const archive = new ArchiveScan();
    archive.push(Buffer.alloc(512 + 4095, '{'));
    expect(() => archive.push(Buffer.alloc(1, '{'))).toThrow('an invalid header block at byte 0');
  });

  it('may be the content of a file', async () => {
    expect(scan([await pack([{ path: 'a', content: json(message) }])]).entries).toBe(1);
  });
});

/** A header block, made without the encoder under test. */
function header({ path = 'a', typeflag = '0', size = 0 }): Uint8Array {
  const block = Buffer.alloc(512);
  block.write(path, 0);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write(`        ${typeflag}`, 148);
  block.write('ustar\0' + '00', 257);
  block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** An extended header with this text. */
function meta(typeflag: string, text: string): Uint8Array {
  const content = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512);
  content.write(text);
  return concat([header({ path: 'meta', typeflag, size: Buffer.byteLength(text) }), content]);
}

/** The archive up to the content of its first entry. */
async function headOf(entry: TarEntry): Promise<Uint8Array> {
  for await (const block of packTar([entry])) return block;
  throw new Error('no block');
}
