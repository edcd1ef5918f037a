// Decompresses archives, and compresses them while they are written to a file. Bytes stream through node:zlib: its back-pressure reaches
// from the reader to the source, and only a few chunks are in memory.

import zlib from 'node:zlib';
import type { Transform } from 'node:stream';
import { compressionOf } from '../api/media-types.ts';
import { asBuffer } from '../bytes.ts';
import { ArgumentError, UploadError } from '../errors.ts';
import type { CompressedFile, FileSink } from './files/write-archive.ts';

/** What node:zlib can read and write. */
export type Format = 'gzip' | 'zstd';

/** The size of the pieces that zlib gives, in bytes. With its default of 16 KiB, it works half as fast. */
const PIECE_BYTES = 256 * 1024;
/**
 * A decompressed archive may be this many times as long as the compressed bytes read so far: the limit of Apache POI (`ZipSecureFile`).
 * Images grow 2 to 10 times, and gzip cannot grow more than 1032 times. A decompression bomb would fill the engine's disk.
 */
export const EXPANSION_LIMIT = 100;
/** The first bytes, in any ratio: small archives may have long runs of zeros. */
export const FREE_BYTES: number = 64 * 1024 * 1024;

/** Members of node:zlib that Node has from 22.15 on. */
interface Zstd {
  readonly createZstdDecompress?: (options: zlib.ZlibOptions) => Decoder;
  readonly createZstdCompress?: (options: object) => Transform;
  readonly constants: { readonly ZSTD_c_checksumFlag?: number };
}
type Decoder = Transform & { readonly bytesWritten: number };
const { createZstdDecompress, createZstdCompress, constants } = zlib as unknown as Zstd;

/** Whether this Node can read and write a format. */
export function isAvailable(format: Format): boolean {
  return format === 'gzip' || createZstdDecompress !== undefined;
}

/**
 * Yields the decompressed bytes of an archive; several gzip members or zstd frames give one archive. Throws an `UploadError` for damaged or
 * incomplete data, for bytes after its end, and above `EXPANSION_LIMIT`. A chunk must stay unchanged until the next one is requested. Leaving
 * the loop early calls `closeSource`.
 */
export function decompressed(source: AsyncIterable<Uint8Array>, format: Format, closeSource: () => void): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const options = { chunkSize: PIECE_BYTES };
      const decoder = (format === 'gzip' ? zlib.createGunzip(options) : createZstdDecompress?.(options)) as Decoder;
      // The `return` of a generator would wait for a source that hangs.
      const close = (): void => {
        decoder.destroy();
        closeSource();
      };
      const pieces = decode(decoder, feed(source, decoder, format), format, close);
      return { next: () => pieces.next(), return: async () => (close(), { done: true, value: undefined }) };
    },
  };
}

async function* decode(decoder: Decoder, feeding: Promise<void>, format: Format, close: () => void): AsyncGenerator<Uint8Array, void, void> {
  feeding.catch((error: Error) => decoder.destroy(error));
  let bytes = 0;
  try {
    for await (const piece of decoder) {
      const again = bytes === 0 ? compressionOf(asBuffer(piece).toString('latin1', 0, 4)) : undefined;
      if (again !== undefined) throw new UploadError(`the archive is compressed twice, with ${again} inside ${format}. Decompress it once first: ${format} -d FILE`);
      bytes += piece.length;
      if (bytes > FREE_BYTES && bytes > EXPANSION_LIMIT * decoder.bytesWritten) throw new UploadError(`${GROWS}: ${format} -d FILE`);
      yield piece;
    }
    await feeding; // what follows the end
  } catch (error) {
    if (!isZlibError(error)) throw error;
    if (/too much memory/.test(error.message)) throw new UploadError(NEEDS_MEMORY, { cause: error });
    throw damaged(format, error.message, error);
  } finally {
    close();
  }
}

const GROWS =
  `the archive grows to more than ${EXPANSION_LIMIT} times its size when it is decompressed, as decompression bombs do. ` +
  'If you trust it, decompress it first';

const NEEDS_MEMORY =
  'cannot decompress the archive: it was compressed with --long, and needs more than 128 MiB of memory. Decompress it first: zstd -d --long=31 FILE';

function damaged(format: Format, why: string, cause?: unknown): UploadError {
  return new UploadError(`cannot decompress the archive: ${why}. It is damaged or incomplete: check it with ${format} -t FILE`, { cause });
}

function isZlibError(error: unknown): error is Error {
  return /^(?:Z_|ZSTD_)/.test(String((error as NodeJS.ErrnoException).code));
}

/** Writes chunks to a decoder. The callback of a write comes when zlib has used the chunk, and its reader has taken the result. */
async function feed(source: AsyncIterable<Uint8Array>, decoder: Decoder, format: Format): Promise<void> {
  const frames = format === 'zstd' ? new ZstdFrames() : undefined;
  let given = 0;
  let hasEnded = false;
  for await (const chunk of source) {
    given += chunk.length;
    if (!hasEnded) for (const piece of frames?.split(chunk) ?? [chunk]) await written(decoder, piece);
    // Gunzip ignores what follows its last member. GNU gzip allows zeros there: tapes are padded with them.
    const rest: Uint8Array = hasEnded ? chunk : chunk.subarray(chunk.length - (given - decoder.bytesWritten));
    hasEnded ||= rest.length > 0;
    if (rest.some((byte) => byte !== 0)) throw damaged(format, TRAILING);
  }
  if (frames?.areComplete === false || given === 0) throw damaged(format, 'unexpected end of file');
  decoder.end();
}

/** Resolves when a transform has used a chunk. Rejects if it fails or is closed, in which case Node may not call back. */
function written(transform: Transform, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(transform.errored ?? new Error('closed'));
    transform.once('close', onClose);
    transform.write(chunk, (error) => {
      transform.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}

const TRAILING = 'other data follows its end';

/** A part of the walk through frames. */
type Walk<T> = Generator<void, T, void>;

/**
 * Splits a zstd file into frames: RFC 8878 §3.1. Reads only the headers of frames and blocks. Node drops what follows a frame in the same
 * write, and Node 22 accepts an incomplete frame.
 */
class ZstdFrames {
  readonly #walk: Walk<never> = this.#frames();
  #view: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #ends: number[] = [];
  /** Whether all frames that have begun have ended. */
  areComplete = true;

  /** The next bytes, cut where a frame ends. */
  split(view: Uint8Array): readonly Uint8Array[] {
    [this.#view, this.#offset, this.#ends] = [view, 0, []];
    this.#walk.next();
    const cuts = [0, ...this.#ends, view.length];
    return cuts.slice(1).map((end, i) => view.subarray(cuts[i], end)).filter(({ length }) => length > 0);
  }

  *#frames(): Walk<never> {
    for (;;) {
      const magic = yield* this.#number(4);
      if (magic >= 0x184d2a50 && magic <= 0x184d2a5f) yield* this.#skip(yield* this.#number(4));
      else if (magic === 0xfd2fb528) yield* this.#frame();
      else throw damaged('zstd', TRAILING);
      this.#ends.push(this.#offset);
      this.areComplete = true;
    }
  }

  /** A Zstandard frame after its magic number: §3.1.1. */
  *#frame(): Walk<void> {
    const descriptor = yield* this.#number(1);
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
    yield* this.#skip((isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] as number) + sizeBytes);
    for (let isLast = false; !isLast; ) {
      const header = yield* this.#number(3);
      isLast = (header & 1) === 1;
      const isRepeatedByte = ((header >> 1) & 3) === 1;
      yield* this.#skip(isRepeatedByte ? 1 : header >> 3);
    }
    yield* this.#skip((descriptor & 4) === 0 ? 0 : 4);
  }

  /** A number of some bytes, the lowest first. */
  *#number(length: number): Walk<number> {
    let value = 0;
    for (let i = 0; i < length; i++) {
      while (this.#offset === this.#view.length) yield;
      this.areComplete = false;
      value += (this.#view[this.#offset++] as number) * 256 ** i;
    }
    return value;
  }

  *#skip(length: number): Walk<void> {
    for (let remaining = length; remaining > 0; ) {
      while (this.#offset === this.#view.length) yield;
      const skipped = Math.min(remaining, this.#view.length - this.#offset);
      this.#offset += skipped;
      remaining -= skipped;
    }
  }
}

/** Returns a sink that compresses into a file, which `create` opens. Throws an `ArgumentError` if this Node cannot write the format. */
export async function compressedFile(create: () => Promise<FileSink>, format: Format): Promise<CompressedFile> {
  if (!isAvailable(format)) throw new ArgumentError(NEEDS_ZSTD);
  const file = await create();
  // The checksum is what the zstd command writes by default.
  const params = { [Number(constants.ZSTD_c_checksumFlag)]: 1 };
  const encoder = (format === 'gzip' ? zlib.createGzip({ chunkSize: PIECE_BYTES }) : createZstdCompress?.({ chunkSize: PIECE_BYTES, params })) as Transform;
  let size = 0;
  const writing = (async () => {
    for await (const piece of encoder) {
      size += piece.length;
      await file.write(piece);
    }
  })();
  writing.catch((error: Error) => encoder.destroy(error));
  return {
    get size() {
      return size;
    },
    write: (view) => written(encoder, view).catch(async (error: unknown) => {
      await writing; // rejects with the error of the file, for which the loop has closed the encoder
      throw error;
    }),
    async commit(signal) {
      encoder.end();
      await writing;
      await file.commit(signal);
    },
    async discard() {
      encoder.destroy();
      await writing.catch(() => {});
      await file.discard();
    },
  };
}

const NEEDS_ZSTD =
  'toFile: compress: "zstd" needs Node 22.15 or later. Use gzip (longshore save -o FILE.gz), or the zstd program: longshore save IMAGE | zstd > FILE';
