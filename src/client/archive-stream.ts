// `ArchiveStream`, which `getImage` returns: an archive of images that can be iterated, written to a file or read in borrowed views.
// It is verified while it is read. The request is sent when reading begins, and the archive can be read once.

import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { take } from './arguments.ts';
import { loadCreateHash } from '../bytes.ts';
import type { ArchiveFiles } from '../system/files/write-archive.ts';
import type { ContentSink } from '../connection/transport.ts';
import type { ArchiveDigests } from '../api/saved-image/verify-digests.ts';
import type { VerifiedContent } from '../api/types/verified-content.ts';
import type { ArchivePlatforms } from '../api/saved-image/platforms.ts';
import { isPlatformList } from '../api/platform.ts';
import type { Platform } from '../api/platform.ts';
import { ArgumentError, runCallback } from '../errors.ts';
import { produceInto } from '../async/async-queue.ts';
import type { AsyncQueue } from '../async/async-queue.ts';
import { FUNCTION, OBJECT, check } from '../kinds.ts';
import { parseDecimal } from '../http/grammar.ts';
import { Fields } from '../http/fields.ts';
import type { ResponseHead } from '../http/response-parser.ts';

/** Supplies an archive: calls `reader` once, and writes the archive to the sink that it returns. */
export type ArchiveSource = (reader: (head: Pick<ResponseHead, 'fields'>) => ContentSink, signal: AbortSignal | undefined) => Promise<void>;

/** Options for reading an archive. */
export interface ArchiveOptions {
  /** The size of the chunks that iterating yields, in bytes; the last chunk may be smaller. Default 262,144 (256 KiB). */
  readonly chunkSize?: number | undefined;
  /**
   * What is verified while the archive is read. `"structure"`: the tar is complete and no error message follows it;
   * otherwise the read fails with a `TruncatedError`. `"digests"`: in addition, each blob matches its digest and none is missing;
   * otherwise the read fails with a `DigestError`. `false`: nothing. Default `"structure"`.
   */
  readonly verify?: 'digests' | 'structure' | false | undefined;
}

/** The progress of a save. */
export interface SaveProgress {
  /** Bytes received so far. */
  readonly bytes: number;
  /** The length of the archive in bytes; undefined if the engine does not announce it. Docker and Podman do not. */
  readonly total: number | undefined;
}

/** Options of `toFile`. */
export interface ToFileOptions {
  /** Compresses the file. `"zstd"` needs Node 22.15 or later. Default: the file is not compressed, whatever its name. */
  readonly compress?: 'gzip' | 'zstd' | undefined;
  /** Called after each piece of the archive, many times a second. If it throws, the save rejects with that error. */
  readonly onProgress?: ((progress: SaveProgress) => void) | undefined;
}

/** The result of reading an archive. */
export interface ArchiveResult {
  /** The length of the archive in bytes, before it is compressed. */
  readonly bytes: number;
  /** The length of the compressed file in bytes; undefined without `compress`. */
  readonly fileBytes?: number | undefined;
  /** The number of its entries; undefined with `verify: false`. */
  readonly entries: number | undefined;
  /** The names of its images, as the docker command shows them; undefined with `verify: false`, and if it lists no image. */
  readonly references?: readonly string[] | undefined;
  /** The content that the digests have verified; undefined without `verify: "digests"`. */
  readonly verified: VerifiedContent | undefined;
}

/**
 * An archive of images. Read it once, in one of these ways: `for await`, `each`, `toFile`, `toNode` or `toWeb`. Reading it a
 * second time causes an `ArgumentError`. Each way fails with the errors that `ArchiveOptions.verify` describes.
 */
export class ArchiveStream implements AsyncIterable<Uint8Array> {
  readonly #start: ArchiveSource;
  readonly #files: ArchiveFiles;
  readonly #signal: AbortSignal | undefined;
  readonly #chunkSize: number;
  readonly #verify: ArchiveOptions['verify'];
  /** The platforms that the archive must have, if several were requested. */
  readonly #platforms: readonly Platform[] | undefined;
  #isRead = false;

  constructor(
    start: ArchiveSource,
    files: ArchiveFiles,
    options: ArchiveOptions,
    signal?: AbortSignal,
    platform?: Platform | readonly Platform[],
  ) {
    check(start, FUNCTION, 'ArchiveStream', 'start');
    check(files, OBJECT, 'ArchiveStream', 'files');
    const { chunkSize = 256 * 1024, verify = 'structure' } = check(options, OBJECT, 'ArchiveStream', 'options');
    this.#start = start;
    this.#files = files;
    this.#signal = signal;
    this.#chunkSize = chunkSize;
    this.#verify = verify;
    // If a single requested platform is missing, the engine itself reports it.
    if (isPlatformList(platform)) this.#platforms = platform;
  }

  /** Yields chunks of `chunkSize` bytes, which belong to the caller. Leaving the loop early closes the connection. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    this.#begin();
    const leftEarly = (): Error => new ArgumentError('the archive was not read to its end');
    return produceInto(this.#signal, leftEarly, (chunks: AsyncQueue<Uint8Array>, signal) =>
      this.#run(chunkingSink(chunks, this.#chunkSize), signal),
    );
  }

  /**
   * Calls `use` with a view of each piece in the read buffer, which is the fastest way to read an archive. The view is valid during
   * the call, or until the promise that `use` returns settles; the engine waits for that promise. An error that `use` throws
   * ends the read.
   */
  async each(use: (view: Uint8Array) => void | Promise<void>): Promise<ArchiveResult> {
    check(use, FUNCTION, 'each', 'use');
    this.#begin();
    return this.#run({ write: (view) => runCallback(() => use(view)) }, this.#signal);
  }

  /**
   * Writes the archive to a file: first to a temporary file beside it, which is renamed at the end. So a failure
   * leaves an existing file unchanged. Rejects with a `FileError` if the file cannot be written, and with an `ArgumentError` for
   * `compress: "zstd"` before Node 22.15; nothing is sent then.
   */
  async toFile(path: string | URL, options?: ToFileOptions): Promise<ArchiveResult> {
    const { compress, onProgress } = take('toFile', options);
    const target = this.#files.absolutePath(path, 'toFile: path');
    this.#begin();
    this.#signal?.throwIfAborted();
    const compressed = compress && (await this.#files.createCompressedFile(target, compress));
    const file = compressed ?? (await this.#files.createFile(target));
    try {
      const result = await this.#run(file, this.#signal, onProgress);
      await file.commit(this.#signal);
      return compressed === undefined ? result : { ...result, fileBytes: compressed.size };
    } catch (error) {
      await file.discard();
      throw error;
    }
  }

  /** Returns the archive as a Node stream of bytes. If reading the archive fails, the stream emits that error. */
  toNode(): Readable {
    return Readable.from(this, { objectMode: false, highWaterMark: this.#chunkSize });
  }

  /** Returns the archive as a web stream of bytes. If reading the archive fails, the stream fails with that error. */
  toWeb(): ReadableStream<Uint8Array> {
    return Readable.toWeb(this.toNode()) as ReadableStream<Uint8Array>;
  }

  #begin(): void {
    if (this.#isRead) throw new ArgumentError('this archive has been read already; call getImage again');
    this.#isRead = true;
  }

  async #run(sink: ContentSink, signal: AbortSignal | undefined, onProgress?: ToFileOptions['onProgress']): Promise<ArchiveResult> {
    const verifier = this.#verify === false ? undefined : await loadVerifier(this.#verify === 'digests', this.#platforms);
    let bytes = 0;
    let verified: VerifiedContent | undefined;
    await this.#start(({ fields }) => {
      const total = onProgress && parseDecimal(fields.get('content-length') ?? '');
      return {
        write: (view) => {
          bytes += view.length;
          verifier?.scan.push(view);
          if (onProgress !== undefined) runCallback(() => onProgress({ bytes, total }));
          return sink.write(view);
        },
        flush: () => sink.flush?.(),
        memory: () => sink.memory?.(),
        end: () => {
          verifier?.scan.finish(); // throws if the archive is incomplete
          verifier?.platforms?.finish();
          verified = verifier?.digests?.finish();
          sink.end?.();
        },
      };
    }, signal);
    return { bytes, entries: verifier?.scan.finish().entries, references: verifier?.names.references(), verified };
  }
}

/** Loads what reads an archive on the way: for its names, its structure, its digests (`withDigests`), and its platforms (`requested`). */
async function loadVerifier(withDigests: boolean, requested: readonly Platform[] | undefined) {
  const [{ ArchiveScan }, { ArchiveNames }] = await Promise.all([import('../tar/scan-archive.ts'), import('../api/saved-image/archive-names.ts')]);
  let digests: ArchiveDigests | undefined;
  let platforms: ArchivePlatforms | undefined;
  if (withDigests) {
    const { ArchiveDigests } = await import('../api/saved-image/verify-digests.ts');
    digests = new ArchiveDigests(await loadCreateHash());
  }
  if (requested !== undefined) {
    const { ArchivePlatforms } = await import('../api/saved-image/platforms.ts');
    platforms = new ArchivePlatforms(requested);
  }
  const names = new ArchiveNames();
  const scan = new ArchiveScan(names, ...[digests, platforms].filter((listener) => listener !== undefined));
  return { scan, names, digests, platforms };
}

/** A sink that copies borrowed views into chunks of equal size. */
function chunkingSink(chunks: AsyncQueue<Uint8Array>, chunkSize: number): ContentSink {
  let chunk: Uint8Array | undefined;
  let fill = 0;
  return {
    write(view) {
      for (let from = 0; from < view.length; ) {
        chunk ??= new Uint8Array(chunkSize);
        const part = view.subarray(from, from + chunkSize - fill);
        chunk.set(part, fill);
        from += part.length;
        fill += part.length;
        if (fill < chunkSize) break;
        chunks.push(chunk);
        chunk = undefined;
        fill = 0;
      }
      return chunks.drained();
    },
    end() {
      if (chunk !== undefined) chunks.push(chunk.subarray(0, fill));
    },
  };
}

/** Writes an archive that this client makes to the sink of an `ArchiveSource`. */
export async function pour(archive: AsyncIterable<Uint8Array>, reader: Parameters<ArchiveSource>[0]): Promise<void> {
  const sink = reader({ fields: new Fields() });
  for await (const chunk of archive) {
    await sink.write(chunk);
    await sink.flush?.();
  }
  sink.end?.();
}

/** Throws an `ArgumentError` for options of `getImage` that cannot be combined with `without`. */
export function refuseWithInventory(platform: Platform | readonly Platform[] | undefined, verify: ArchiveOptions['verify']): void {
  if (Array.isArray(platform)) throw new ArgumentError('getImage: without can be combined with one platform only, not with a list');
  if (verify !== 'digests') return;
  throw new ArgumentError('getImage: without cannot be combined with verify: "digests": each part that is saved is verified anyway');
}
