// Archives that are decompressed, and files that are compressed. The programs gzip and zstd write the input and read the output.

import { afterEach, describe, expect, it } from 'vitest';
import { UploadError } from '../../src/errors.ts';
import { EXPANSION_LIMIT, FREE_BYTES, compressedFile, decompressed, isAvailable } from '../../src/system/compression.ts';
import type { Format } from '../../src/system/compression.ts';
import type { FileSink } from '../../src/system/files/write-archive.ts';
import { run } from '../support/foreign-tar.ts';
import { lacking, titled } from '../support/installed.ts';
import { integer, random } from '../support/random.ts';
import { source } from '../support/saved.ts';

const next = random(18);
/** Text that compresses, and is longer than the pieces that zlib gives. */
const content = Buffer.from(Array.from({ length: 700_000 }, () => integer(next, 97, 104)));
const zeros = (bytes: number): Buffer => Buffer.alloc(bytes);
const compress = (format: Format, bytes: Uint8Array): Buffer => run(format, ['-c'], bytes);

/** What the decompressed archive is: its bytes, or the message of its error. */
async function outcome(format: Format, pieces: Iterable<Uint8Array>): Promise<Buffer | string> {
  const received: Uint8Array[] = [];
  try {
    for await (const piece of decompressed(source(pieces), format, () => {})) received.push(Buffer.from(piece));
  } catch (error) {
    if (!(error instanceof UploadError)) throw error;
    return error.message;
  }
  return Buffer.concat(received);
}

/** The archive whole, in pieces whose memory is used again, and with its first and last bytes one by one. */
function* splits(archive: Buffer): Generator<Iterable<Uint8Array>> {
  yield [archive];
  yield (function* () {
    const memory = Buffer.alloc(9999);
    for (let at = 0; at < archive.length; at += memory.length) yield memory.subarray(0, archive.copy(memory, 0, at));
  })();
  const [first, last] = [Math.min(600, archive.length), Math.max(600, archive.length - 600)];
  yield [...archive.subarray(0, first), -1, ...archive.subarray(last)].map((byte) => {
    return byte === -1 ? archive.subarray(first, last) : Buffer.from([byte]);
  });
}

const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]); // RFC 8878 §3.1.2
const half = content.length / 2;
const DAMAGED = /^cannot decompress the archive: .*\. It is damaged or incomplete: check it with \w+ -t FILE$/;

describe.each(['gzip', 'zstd'] as const)('%s', (format) => {
  const why = isAvailable(format) ? lacking(format) : 'this Node has no zstd';
  const whole = (): Buffer => compress(format, content);
  const cases: ReadonlyArray<readonly [title: string, make: () => Buffer, expected: Buffer | RegExp]> = [
    ['one archive', whole, content],
    ['an archive of no bytes', () => compress(format, zeros(0)), zeros(0)],
    ['several members or frames one after the other', () => {
      return Buffer.concat([content.subarray(0, half), zeros(0), content.subarray(half)].map((part) => compress(format, part)));
    }, content],
    ['an archive that is cut in the middle', () => whole().subarray(0, 5000), DAMAGED],
    ['an archive without its last byte', () => whole().subarray(0, -1), DAMAGED],
    ['an archive that is cut in its second member', () => Buffer.concat([whole(), whole().subarray(0, 3)]), DAMAGED],
    ['an archive with other data after it', () => Buffer.concat([whole(), Buffer.from('text')]), DAMAGED],
    ['an archive with a wrong byte', () => {
      const wrong = whole();
      wrong.writeUInt8((wrong[70_000] as number) ^ 1, 70_000);
      return wrong;
    }, DAMAGED],
    ['no bytes at all', () => zeros(0), DAMAGED],
    ...(format === 'gzip'
      ? ([
          ['zeros after the archive, as on tapes', () => Buffer.concat([whole(), zeros(20_000)]), content],
          ['an archive after zeros', () => Buffer.concat([whole(), zeros(512), whole()]), DAMAGED],
        ] as const)
      : ([
          ['skippable frames before, between and after others', () => {
            return Buffer.concat([skippable, compress(format, content.subarray(0, half)), skippable, compress(format, content.subarray(half)), skippable]);
          }, content],
          ['long runs of one byte, and levels with other blocks', () => {
            return Buffer.concat([run(format, ['-c', '-19'], content.subarray(0, half)), run(format, ['-c', '-1'], content.subarray(half))]);
          }, content],
          ['an archive that was compressed with --long=31', () => run(format, ['-c', '--ultra', '--long=31'], content), /--long=31 FILE$/],
        ] as const)),
  ];
  it.skipIf(why).each(cases)(titled('decompresses %s, or rejects it', why), async (_, make, expected) => {
    for (const pieces of splits(make())) {
      const found = await outcome(format, pieces);
      if (expected instanceof RegExp) expect(found).toMatch(expected);
      else expect(Buffer.isBuffer(found) && found.equals(expected)).toBe(true);
    }
  });

  /** A short archive that becomes very long when it is decompressed fills the disk of the engine. */
  it.skipIf(why)(titled('rejects a decompression bomb soon after the limit', why), async () => {
    const bomb = compress(format, zeros(FREE_BYTES + 8 * 1024 * 1024));
    expect(bomb.length * EXPANSION_LIMIT).toBeLessThan(FREE_BYTES);
    let bytes = 0;
    const reading = (async () => {
      for await (const piece of decompressed(source([bomb]), format, () => {})) bytes += piece.length;
    })();
    await expect(reading).rejects.toThrow(/more than 100 times its size.* decompress it first: \w+ -d FILE$/);
    expect(bytes).toBeLessThanOrEqual(FREE_BYTES);
  });

  it.skipIf(why)(titled('allows any ratio in the first 64 MiB', why), async () => {
    const archive = compress(format, zeros(FREE_BYTES));
    let bytes = 0;
    for await (const piece of decompressed(source([archive]), format, () => {})) bytes += piece.length;
    expect(bytes).toBe(FREE_BYTES);
  });

  it.skipIf(why)(titled('requests the source only as fast as the result is read, and closes it when the loop is left', why), async () => {
    let given = 0;
    const archive = compress(format, Buffer.from(Array.from({ length: 3_000_000 }, () => integer(next, 0, 255))));
    const pieces = (function* () {
      for (let at = 0; at < archive.length; at += 50_000) yield archive.subarray(at, (given = at + 50_000));
    })();
    let closed = 0;
    for await (const piece of decompressed(source(pieces), format, () => void closed++)) {
      expect(piece.length).toBeLessThanOrEqual(256 * 1024);
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(given).toBeLessThan(1_500_000);
      break;
    }
    expect(closed).toBeGreaterThan(0);
  });

  it.skipIf(why)(titled('passes on the error of the source', why), async () => {
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield whole().subarray(0, 1000);
      throw new TypeError('mine');
    };
    const reading = (async () => {
      for await (const _ of decompressed(failing(), format, () => {}));
    })();
    await expect(reading).rejects.toThrow(new TypeError('mine'));
  });

  describe('a compressed file', () => {
    let written: Buffer[] = [];
    let ended = '';
    afterEach(() => void ([written, ended] = [[], '']));
    const file = (fails = false): FileSink => ({
      write: (view) => {
        if (fails) throw new Error('disk full');
        written.push(Buffer.from(view));
        return Promise.resolve();
      },
      commit: async () => void (ended = 'committed'),
      discard: async () => void (ended = 'discarded'),
    });

    it.skipIf(why)(titled('has the content for the program, also if its memory is used again', why), async () => {
      const sink = await compressedFile(async () => file(), format);
      const memory = Buffer.alloc(77_777);
      for (let at = 0; at < content.length; at += memory.length) await sink.write(memory.subarray(0, content.copy(memory, 0, at)));
      await sink.commit(undefined);
      const bytes = Buffer.concat(written);
      expect([sink.size, ended]).toEqual([bytes.length, 'committed']);
      expect(bytes.length).toBeLessThan(content.length / 2);
      expect(run(format, ['-dc'], bytes).equals(content)).toBe(true);
    });

    it.skipIf(why)(titled('fails as its file does, and is discarded', why), async () => {
      const sink = await compressedFile(async () => file(true), format);
      await Promise.resolve(sink.write(Buffer.alloc(1000))).catch(() => {});
      await expect(sink.commit(undefined)).rejects.toThrow('disk full');
      await sink.discard();
      expect(ended).toBe('discarded');
    });

    it.skipIf(why)(titled('gives the error of its file to the write after it', why), async () => {
      const sink = await compressedFile(async () => file(true), format);
      const writing = (async () => {
        for (let count = 0; count < 50; count++) await sink.write(content);
      })();
      await expect(writing).rejects.toThrow('disk full');
      await sink.discard();
    });

    it.skipIf(why)(titled('is discarded in the middle', why), async () => {
      const sink = await compressedFile(async () => file(), format);
      await sink.write(content);
      await sink.discard();
      expect(ended).toBe('discarded');
    });
  });
});

it.skipIf(isAvailable('zstd'))('refuses to write zstd without it, before a file is made', async () => {
  const create = (): never => expect.unreachable();
  await expect(compressedFile(create, 'zstd')).rejects.toThrow(/needs Node 22\.15 or later/);
});
