// Packing: what other programs read in our archives, what is rejected, and how sources are closed.

import { describe, expect, it } from 'vitest';
import { concat } from '../../src/bytes.ts';
import { TarError } from '../../src/errors.ts';
import { packTar } from '../../src/tar/pack.ts';
import type { TarEntries, TarEntry } from '../../src/tar/pack.ts';
import { paxRecord } from '../../src/tar/pax.ts';
import { ArchiveScan } from '../../src/tar/scan-archive.ts';
import { gnuTar, noGnuTar, readers, sha256 } from '../support/foreign-tar.ts';
import type { ForeignEntry } from '../support/foreign-tar.ts';
import { titled } from '../support/installed.ts';
import { integer, random } from '../support/random.ts';

async function blocksOf(entries: TarEntries): Promise<Uint8Array[]> {
  const blocks: Uint8Array[] = [];
  for await (const block of packTar(entries)) blocks.push(block);
  return blocks;
}

async function pack(entries: TarEntries): Promise<Uint8Array> {
  return concat(await blocksOf(entries));
}

/** What a reader should report for an entry. The defaults are repeated here on purpose. */
function reported(entry: TarEntry): ForeignEntry {
  const { path, type = 'file', uid = 0, gid = 0, mtime = 0, linkname = '', content = '' } = entry;
  const mode = entry.mode ?? { file: 0o644, directory: 0o755, symlink: 0o777 }[type as string] ?? 0o644;
  const digest = type === 'file' ? sha256(content as Uint8Array | string) : '';
  return { path, type, mode, uid, gid, mtime, linkname, sha256: digest };
}

const byPath = (entries: ForeignEntry[]): ForeignEntry[] => entries.sort((a, b) => (a.path < b.path ? -1 : 1));

/** Packs the entries and reads them with every installed program. */
function readBackBy(describeWhat: string, entries: readonly TarEntry[], expected = entries): void {
  for (const { name, lack, read } of readers) {
    it.skipIf(lack)(titled(`${name} reads ${describeWhat}`, lack), async () => {
      expect(byPath(await read(await pack(entries)))).toEqual(byPath(expected.map(reported)));
    });
  }
}

/** Makers of paths with a given length in bytes. */
const PATHS: Readonly<Record<string, (length: number) => string>> = {
  'in one segment': (length) => `${length}`.padEnd(length, 'n'),
  'in short segments': (length) => `s${length}/`.padEnd(length - 1, 'abc/').concat('z'),
  'with one slash, at 155 or before its last letter': (length) =>
    `d${length}`.padEnd(Math.min(155, length - 2), 'p').concat('/').padEnd(length, 'n'),
  'beyond ASCII': (length) => filled(length, 'é'),
  'with four bytes a character': (length) => filled(length, '😀'),
};

/** The length in digits, filled up with whole characters. */
function filled(length: number, character: string): string {
  const size = Buffer.byteLength(character);
  const count = Math.floor((length - 4) / size);
  return `${length}`.padEnd(length - count * size, 'x') + character.repeat(count);
}

/** Segments above 255 bytes cannot be made on most systems, but can be listed. */
const LENGTHS = [99, 100, 101, 102, 154, 155, 156, 157, 158, 254, 255, 256, 257, 258, 999, 1000, 1001];

describe('packTar', () => {
  describe('entries of every type', () => {
    readBackBy('them', [
      { path: 'file', content: 'text: é' },
      { path: 'empty' },
      { path: 'directory', type: 'directory' },
      { path: 'directory/bytes', content: Uint8Array.of(0, 255, 10) },
      { path: 'symlink', type: 'symlink', linkname: '/any thing/../at all' },
      { path: 'link', type: 'link', linkname: 'directory/bytes' },
      { path: 'fifo', type: 'fifo' },
      { path: 'char', type: 'char', devmajor: 1, devminor: 3 },
      { path: 'block', type: 'block', devmajor: 2 ** 21 - 1, devminor: 2 ** 21 - 1 },
      { path: 'setuid', mode: 0o4755, uid: 1, gid: 2, mtime: 1700000000 },
      { path: 'sticky', type: 'directory', mode: 0o1777 },
      { path: 'mode 0', mode: 0 },
    ]);
  });

  for (const [shape, path] of Object.entries(PATHS)) {
    describe(`paths ${shape}`, () => {
      const paths = LENGTHS.map(path);
      // covers: fault 3.24.1
      it('have the stated lengths in bytes', () => {
        expect(paths.map((path) => Buffer.byteLength(path))).toEqual(LENGTHS);
      });
      readBackBy('files', paths.map((path) => ({ path, content: path })));
      const deep = paths.filter((path) => path.length < 999); // GNU tar lists directories only up to PATH_MAX
      readBackBy('directories', deep.map((path) => ({ path, type: 'directory' })));
    });
  }

  describe('unusual paths', () => {
    const paths = ['new\nline', 'a=b', 'two words ', '-rf', '10 path=x', 'tab\there', 'back\\slash', '"quote"', '🐳'];
    readBackBy('them', paths.map((path) => ({ path, content: path })));
  });

  describe('long link targets', () => {
    const targets = [99, 100, 101, 255, 1000].flatMap((length) => ['t'.repeat(length), 'é'.repeat(length / 2)]);
    readBackBy('symlinks', targets.map((linkname, i) => ({ path: `s${i}`, type: 'symlink', linkname })));
    readBackBy('links', targets.map((linkname, i) => ({ path: `h${i}`, type: 'link', linkname })));
  });

  describe('IDs and times at their limits', () => {
    const ids = [0, 2 ** 18 - 1, 2 ** 18, 2 ** 21 - 1, 2 ** 21, 3e6, 2 ** 31 - 1, 2 ** 32 - 1];
    readBackBy('ids', ids.map((id) => ({ path: `id ${id}`, uid: id, gid: id })));
    const times = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 33 - 1, 2 ** 33, 2 ** 34, 0.5, 1.25, 1e-7, 1700000000.125, -1, -5];
    readBackBy('times', times.map((mtime) => ({ path: `time ${mtime}`, mtime })));
    readBackBy('times before 1970, rounded down', [-0.5, -1.5].map((mtime) => ({ path: `${mtime}`, mtime })), [
      { path: '-0.5', mtime: -1 },
      { path: '-1.5', mtime: -2 },
    ]);
    readBackBy('a mode without its type bits', [{ path: 'stat', mode: 0o100640 }], [{ path: 'stat', mode: 0o640 }]);
  });

  describe('contents around the sizes of a block, a copied piece and a slab', () => {
    const sizes = [0, 1, 511, 512, 513, 16384, 16385, 131071, 131072, 131073, 1e6];
    const contents = sizes.map((size) => new Uint8Array(size).fill(size));
    readBackBy('bytes', contents.map((content, i) => ({ path: `${i}`, content })));
    for (const { name, lack, read } of readers) {
      it.skipIf(lack)(titled(`${name} reads streams of any chunks`, lack), async () => {
        const files = contents.map((content, i) => ({ path: `${i}`, content }));
        const streams = files.map(({ path, content }) => ({ path, content: chunks(content), size: content.length }));
        expect(byPath(await read(await pack(streams)))).toEqual(byPath(files.map(reported)));
      });
    }
  });

  it.skipIf(noGnuTar)(titled('keeps the order of its entries', noGnuTar), async () => {
    const paths = ['b', 'é', 'a', 'c/b', 'c/a', '0'];
    const archive = await pack(paths.map((path) => ({ path })));
    expect(gnuTar(['-tf', '-', '--quoting-style=literal'], archive).toString()).toBe(`${paths.join('\n')}\n`);
  });

  it('packs an object of files in the order of its keys', async () => {
    const bytes = Uint8Array.of(1, 2);
    const files = { b: 'text', a: bytes };
    expect(await pack(files)).toEqual(await pack([{ path: 'b', content: 'text' }, { path: 'a', content: bytes }]));
  });

  it('packs entries of iterables and of async iterables', async () => {
    const entries: TarEntry[] = [{ path: 'b', content: 'b' }, { path: 'a', type: 'directory' }];
    async function* later(): AsyncGenerator<TarEntry> {
      yield* entries;
    }
    expect(await pack(later())).toEqual(await pack(entries));
    expect(await pack(new Set(entries))).toEqual(await pack(entries));
  });

  it('gives the same bytes for the same entries', async () => {
    const entries = [{ path: 'é', content: 'x', mtime: 0.5 }];
    expect(await pack(entries)).toEqual(await pack(entries));
  });

  // covers: fault 3.24.10
  it('ends the archive with two blocks of zeros', async () => {
    expect(await pack([])).toEqual(new Uint8Array(1024));
    const archive = await pack({ a: 'x' });
    expect(archive.length).toBe(512 + 512 + 1024);
    expect(archive.subarray(-1024)).toEqual(new Uint8Array(1024));
  });

  it('keeps "./" and "." in paths', async () => {
    const roots = ['./', '.'].map((path) => ({ path, type: 'directory' as const }));
    const archive = Buffer.from(await pack([...roots, { path: './a' }]));
    expect([0, 512, 1024].map((at) => archive.toString('latin1', at, at + 4))).toEqual(['./\0\0', './\0\0', './a\0']);
  });

  it('writes a pax header only for the entry that needs it', async () => {
    const archive = Buffer.from(await pack([{ path: 'a' }, { path: 'é' }, { path: 'b' }]));
    const flags = Array.from({ length: archive.length / 512 }, (_, i) => archive[i * 512 + 156]);
    expect(Buffer.from(flags as number[]).toString()).toBe('0x\0' + '00\0\0');
  });

  // covers: fault 3.24.3
  it('streams 9 GiB without keeping them, with the size in a pax record', async () => {
    const chunk = new Uint8Array(4 * 1024 * 1024).fill(1);
    const size = 9 * 1024 ** 3;
    const source = endless(chunk);
    const archive = packTar([{ path: 'huge', size, content: source }]);
    const { value: head } = await archive.next();
    expect(Buffer.from(head as Uint8Array).toString('latin1')).toContain('19 size=9663676416\n');
    expect(Buffer.from(head as Uint8Array).toString('latin1', 1024 + 124, 1024 + 136)).toBe('77777777777\0');
    for (let i = 0; i < 200; i++) expect((await archive.next()).value).toBe(chunk);
    await archive.return();
    expect(source).toMatchObject({ taken: 200, returned: 1 });
  });

  it('yields long contents without copying them', async () => {
    const content = new Uint8Array(100_000).fill(7);
    const blocks = await blocksOf([{ path: 'a', content }, { path: 'b', content: [content], size: 100_000 }]);
    expect(blocks.filter((block) => block === content)).toHaveLength(2);
    expect(content.every((byte) => byte === 7)).toBe(true);
  });

  it('collects small files in blocks, and does not reuse yielded memory', async () => {
    const next = random(1);
    const content = (fill: number): Uint8Array => new Uint8Array(integer(next, 0, 3000)).fill(fill);
    const files = Array.from({ length: 3000 }, (_, i) => ({ path: `${i}`, content: content(i) }));
    const copies: Uint8Array[] = [];
    const blocks: Uint8Array[] = [];
    for await (const block of packTar(files)) {
      blocks.push(block);
      copies.push(block.slice());
    }
    expect(blocks.length).toBeLessThan(3000 * 2000 / 100_000);
    expect(blocks.every((block) => block.length > 0)).toBe(true);
    expect(Buffer.compare(concat(blocks), concat(copies))).toBe(0);
  });
});

/** The bytes in chunks of pseudo-random lengths, some of them empty. */
async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const next = random(bytes.length);
  for (let start = 0; start < bytes.length; ) {
    const length = integer(next, 0, 100_000);
    yield bytes.subarray(start, start + length);
    start += length;
  }
}

/** An endless source of one chunk that counts its calls. */
function endless(chunk: Uint8Array) {
  return {
    taken: 0,
    returned: 0,
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      this.taken++;
      return { done: false as const, value: chunk };
    },
    async return() {
      this.returned++;
      return { done: true as const, value: undefined };
    },
  };
}

/** The error, and the number of bytes before it. */
async function failure(entries: TarEntries): Promise<{ error: unknown; bytes: number }> {
  let bytes = 0;
  try {
    for await (const block of packTar(entries)) bytes += block.length;
  } catch (error) {
    return { error, bytes };
  }
  throw new Error(`packed ${bytes} bytes`);
}

describe('packTar rejects, before any byte of the entry,', () => {
  // what is wrong, the entry, words of the message
  it.each<[string, object, string]>([
    // covers: fault 3.24.6
    ['an empty path', { path: '' }, 'path is empty'],
    ['no path', {}, 'path is not a string'],
    // covers: fault 3.24.6
    ['a path with a NUL', { path: 'a\0b' }, 'NUL'],
    // covers: fault 3.24.6
    ['a path with a lone surrogate', { path: 'a\ud800' }, 'unpaired surrogate'],
    // covers: fault 3.24.7
    ['an absolute path', { path: '/etc/passwd' }, 'absolute'],
    ['".."', { path: '..' }, '".." segment'],
    ['".." at the start', { path: '../a' }, '".." segment'],
    // covers: fault 3.24.7
    ['".." in the middle', { path: 'a/../../b' }, '".." segment'],
    // covers: fault 3.24.7
    ['".." at the end', { path: 'a/..', type: 'directory' }, '".." segment'],
    ['a file with a closing slash', { path: 'a/' }, 'must not end in "/" or "."'],
    ['a file named "."', { path: '.' }, 'must not end in "/" or "."'],
    ['a file named "a/."', { path: 'a/.' }, 'must not end in "/" or "."'],
    ['an unknown type', { path: 'a', type: 'socket' }, 'unknown type "socket"'],
    ['a type that every object has', { path: 'a', type: 'constructor' }, 'unknown type "constructor"'],
    ['an unknown key', { path: 'a', data: 'x' }, 'unknown key "data"'],
    ['a key that every object has', { path: 'a', toString: 'x' }, 'unknown key "toString"'],
    ['a symlink without a target', { path: 'a', type: 'symlink' }, 'linkname is not a string'],
    ['a symlink with an empty target', { path: 'a', type: 'symlink', linkname: '' }, 'linkname is empty'],
    // covers: fault 3.24.6
    ['a symlink with a NUL', { path: 'a', type: 'symlink', linkname: 'b\0' }, 'NUL'],
    ['a symlink with a lone surrogate', { path: 'a', type: 'symlink', linkname: '\udc00b' }, 'unpaired surrogate'],
    // covers: fault 3.24.7
    ['a link to an absolute path', { path: 'a', type: 'link', linkname: '/etc/passwd' }, 'absolute'],
    // covers: fault 3.24.7
    ['a link that leaves the tree', { path: 'a', type: 'link', linkname: 'b/../../c' }, '".." segment'],
    ['a linkname on a file', { path: 'a', linkname: 'b' }, 'linkname is not allowed for type "file"'],
    ['a device number on a file', { path: 'a', devmajor: 0 }, 'devmajor is not allowed for type "file"'],
    ['a device number on a fifo', { path: 'a', type: 'fifo', devminor: 1 }, 'devminor is not allowed for type "fifo"'],
    ['a device number beyond seven octal digits', { path: 'a', type: 'char', devmajor: 2 ** 21 }, 'devmajor'],
    // covers: fault 3.24.9
    ['content on a directory', { path: 'a', type: 'directory', content: '' }, 'content is not allowed for type "directory"'],
    ['content on a symlink', { path: 'a', type: 'symlink', linkname: 'b', content: 'x' }, 'content is not allowed for type "symlink"'],
    ['content on a link', { path: 'a', type: 'link', linkname: 'b', content: 'x' }, 'content is not allowed for type "link"'],
    ['content on a fifo', { path: 'a', type: 'fifo', content: 'x' }, 'content is not allowed for type "fifo"'],
    ['content on a device', { path: 'a', type: 'block', content: 'x' }, 'content is not allowed for type "block"'],
    ['a size on a directory', { path: 'a', type: 'directory', size: 1 }, 'size is 1'],
    ['a size without content', { path: 'a', size: 1 }, 'size is 1'],
    ['bytes longer than the size', { path: 'a', size: 2, content: 'abc' }, 'content has 3 bytes'],
    ['bytes shorter than the size', { path: 'a', size: 4, content: 'abc' }, 'content has 3 bytes'],
    ['text whose size counts characters', { path: 'a', size: 1, content: 'é' }, 'content has 2 bytes'],
    ['text with a lone surrogate', { path: 'a', content: '\ud800' }, 'unpaired surrogate'],
    ['chunks without a size', { path: 'a', content: [] }, 'needs a size'],
    ['content that is a number', { path: 'a', size: 1, content: 1 }, 'must be bytes, a string or chunks'],
    ['content that is null', { path: 'a', size: 0, content: null }, 'must be bytes, a string or chunks'],
    // covers: fault 3.24.5
    ['a negative size', { path: 'a', size: -1, content: [] }, 'size -1'],
    // covers: fault 3.24.5
    ['a fractional size', { path: 'a', size: 0.5, content: [] }, 'size 0.5'],
    // covers: fault 3.24.5
    ['a size above 2^53-1', { path: 'a', size: 2 ** 53, content: [] }, 'size'],
    ['a size that is text', { path: 'a', size: '1', content: 'x' }, 'size "1"'],
    ['a negative uid', { path: 'a', uid: -1 }, 'uid -1'],
    // covers: fault 3.24.5
    ['a uid of NaN', { path: 'a', uid: Number.NaN }, 'uid NaN'],
    ['a uid above 2^32-1', { path: 'a', uid: 2 ** 32 }, 'uid 4294967296 is not an integer from 0 to 4294967295'],
    ['a gid above 2^32-1', { path: 'a', gid: 2 ** 53 - 1 }, 'gid 9007199254740991 is not an integer from 0 to 4294967295'],
    // covers: fault 3.24.5
    ['a fractional gid', { path: 'a', gid: 1.5 }, 'gid 1.5'],
    ['a fractional mode', { path: 'a', mode: 0.5 }, 'mode 0.5'],
    ['a mode that is text', { path: 'a', mode: '644' }, 'mode "644"'],
    ['an mtime of NaN', { path: 'a', mtime: Number.NaN }, 'mtime NaN'],
    // covers: fault 3.24.5
    ['an infinite mtime', { path: 'a', mtime: Number.POSITIVE_INFINITY }, 'mtime Infinity'],
    ['an mtime beyond 2^53', { path: 'a', mtime: 1e300 }, 'mtime'],
    ['an mtime that is a Date', { path: 'a', mtime: new Date(0) }, 'mtime'],
    ['a path beyond what a pax header may have', { path: 'p'.repeat(2 ** 20) }, 'a pax header of 1048590 bytes'],
    ['a linkname beyond it', { path: 'a', type: 'symlink', linkname: 'l'.repeat(2 ** 20) }, 'a pax header of 1048594 bytes'],
    ['both beyond it together', { path: 'é'.repeat(2 ** 18), type: 'symlink', linkname: 'l'.repeat(2 ** 19) }, 'a pax header'],
  ])('%s', async (_, entry, words) => {
    const { error } = await failure([entry as TarEntry]);
    expect(error).toBeInstanceOf(TarError);
    expect((error as TarError).message).toContain(words);
    expect((error as TarError).path).toBe((entry as TarEntry).path);
    const first = { path: 'first', content: new Uint8Array(100_000) };
    expect((await failure([first, entry as TarEntry])).bytes).toBe(512 + 100_000);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['text', 'abc'],
    ['bytes', Uint8Array.of(1)],
    ['a list of texts', ['a']],
    ['a Map', new Map([['a', 'b']])],
    ['an object of numbers', { a: 1 }],
    ['an object with a path that leaves the tree', { '../a': 'x' }],
  ])('%s in place of entries', async (_, entries) => {
    expect((await failure(entries as TarEntries)).error).toBeInstanceOf(TarError);
  });

  it('and truncates a long path in the message', async () => {
    const { error } = await failure([{ path: `/${'p'.repeat(2 ** 20)}` }]);
    expect((error as Error).message.length).toBeLessThan(1000);
  });

  it('no path whose pax header has exactly 1 MiB, which the scan reads', async () => {
    const record = (path: string): number => paxRecord('path', path).length;
    const path = 'p'.repeat(2 ** 20 - record('p'.repeat(2 ** 20 - 30)) + (2 ** 20 - 30));
    expect(record(path)).toBe(2 ** 20);
    const walk = new ArchiveScan();
    for await (const block of packTar([{ path }])) walk.push(block);
    expect(walk.finish().entries).toBe(1);
    expect((await failure([{ path: `${path}p` }])).error).toBeInstanceOf(TarError);
  });

  it('and escapes control characters of a path in the message', async () => {
    const { error } = await failure([{ path: '\u001b[2J\u202e/..' }]);
    expect((error as Error).message).not.toMatch(/[\u001b\u202e]/);
  });
});

describe('a path with a getter that returns another value each time', () => {
  it('is written as it was checked', async () => {
    const paths = ['a/b'];
    const entry = {
      content: 'x',
      get path(): string {
        return paths.shift() ?? '../etc/passwd';
      },
    };
    expect(Buffer.from(await pack([entry])).toString('latin1')).not.toContain('passwd');
  });
});

describe('packTar throws before the end of the archive', () => {
  it.each([
    // covers: fault 3.24.9
    ['content shorter than its size', 5, '3 bytes shorter'],
    // covers: fault 3.24.9
    ['content longer than its size', 1, 'longer'],
    ['any content where the size is 0', 0, 'longer'],
  ])('for %s', async (_, size, words) => {
    const { error, bytes } = await failure([{ path: 'a', size, content: [Uint8Array.of(1), Uint8Array.of(2)] }]);
    expect(error).toBeInstanceOf(TarError);
    expect((error as Error).message).toContain(words);
    expect(bytes).toBe(0);
  });

  // covers: fault 3.24.9
  it('for a source that throws, with its error as the cause', async () => {
    const cause = new Error('disk on fire');
    async function* content(): AsyncGenerator<Uint8Array> {
      yield Uint8Array.of(1);
      throw cause;
    }
    const { error } = await failure([{ path: 'a', size: 2, content: content() }]);
    expect(error).toMatchObject({ code: 'LONGSHORE_TAR', path: 'a', cause });
  });

  it('for a chunk that is not a Uint8Array, and for entries that throw', async () => {
    const content = ['text'] as unknown as Uint8Array[];
    expect((await failure([{ path: 'a', size: 4, content }])).error).toBeInstanceOf(TarError);
    const cause = new Error('no more');
    function* entries(): Generator<TarEntry> {
      yield { path: 'a' };
      throw cause;
    }
    expect((await failure(entries())).error).toBe(cause);
  });

  it('and closes its sources: content that is too long, and the remaining entries', async () => {
    const source = endless(new Uint8Array(10));
    let closed = false;
    function* entries(): Generator<TarEntry> {
      try {
        yield { path: 'a', size: 25, content: source };
      } finally {
        closed = true;
      }
    }
    expect((await failure(entries())).error).toBeInstanceOf(TarError);
    expect(source).toMatchObject({ taken: 3, returned: 1 });
    expect(closed).toBe(true);
  });

  it('and closes async entries when the reader stops', async () => {
    let closed = false;
    async function* entries(): AsyncGenerator<TarEntry> {
      try {
        for (;;) yield { path: 'a', content: new Uint8Array(100_000) };
      } finally {
        closed = true;
      }
    }
    for await (const block of packTar(entries())) if (block.length > 0) break;
    expect(closed).toBe(true);
  });
});
