// An image archive on its way out of the engine: iterate it, or have it written to a file. Nothing is sent before that.

import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { take } from './arguments.ts';
import { hashMaker } from '../bytes.ts';
import type { ArchiveFiles } from '../connection/files.ts';
import type { ContentSink } from '../connection/transport.ts';
import { ArchiveDigests } from '../api/saved-image/verify-digests.ts';
import type { VerifiedContent } from '../api/saved-image/verify-digests.ts';
import { ArchivePlatforms } from '../api/saved-image/platforms.ts';
import { isSeveral } from '../api/platform.ts';
import type { Platform } from '../api/platform.ts';
import { ArgumentError, callersCall } from '../errors.ts';
import { AsyncQueue } from '../async/async-queue.ts';
import { FUNCTION, OBJECT, check } from '../kinds.ts';
import { parseDecimal } from '../http/grammar.ts';
import type { ResponseHead } from '../http/response-parser.ts';
import type { SendCall } from './progress-stream.ts';
import { withAnySignal } from '../async/abort.ts';
import { ArchiveScan } from '../tar/scan-archive.ts';

/** How an archive is read. */
export interface ArchiveOptions {
  /** The size of the chunks that iterating gives, in bytes; the last may be smaller. Default 256 KiB. */
  readonly chunkSize?: number | undefined;
  /**
   * `"structure"` walks the tar as it passes, and a missing end or an error behind it is a `TruncatedError`;
   * `"digests"` also hashes it, and what is not what its digest says, or is not there, is a `DigestError`; `false`
   * takes what comes. Default `"structure"`.
   */
  readonly verify?: 'digests' | 'structure' | false | undefined;
}

/** How far a save is. */
export interface SaveProgress {
  /** Bytes of the archive so far. */
  readonly bytes: number;
  /** The archive's length; undefined where the engine does not announce it, as Docker and Podman do not. */
  readonly total: number | undefined;
}

/** How an archive is written to a file. */
export interface ToFileOptions {
  /** Called after each piece of the archive, many times a second. If it throws, the save rejects with that error. */
  readonly onProgress?: ((progress: SaveProgress) => void) | undefined;
}

/** What was read. */
export interface ArchiveResult {
  /** The archive's length. */
  readonly bytes: number;
  /** Its entries; undefined where it was not verified. */
  readonly entries: number | undefined;
  /** What its digests vouch for; undefined without `verify: "digests"`. */
  readonly verified: VerifiedContent | undefined;
}

/** What `getImage` gives. It can be read once, in one of its ways. */
export class ArchiveStream implements AsyncIterable<Uint8Array> {
  readonly #start: SendCall;
  readonly #files: ArchiveFiles;
  readonly #signal: AbortSignal | undefined;
  readonly #chunkSize: number;
  readonly #verify: ArchiveOptions['verify'];
  readonly #platforms: ArchivePlatforms | undefined;
  #digests: ArchiveDigests | undefined;
  #scan: ArchiveScan | undefined;
  #begun = false;
  #bytes = 0;
  #onProgress: ToFileOptions['onProgress'];
  #verified: VerifiedContent | undefined;

  constructor(
    start: SendCall,
    files: ArchiveFiles,
    options: ArchiveOptions,
    signal?: AbortSignal,
    platform?: Platform | readonly Platform[],
  ) {
    check(start, FUNCTION, 'ArchiveStream', 'start');
    check(files, OBJECT, 'ArchiveStream', 'files');
    const { chunkSize = 256 * 1024, verify = 'structure' } = check(options, OBJECT, 'ArchiveStream', 'options');
    this.#start = (reader, left) => withAnySignal(signal, left, (either) => start(reader, either));
    this.#files = files;
    this.#signal = signal;
    this.#chunkSize = chunkSize;
    this.#verify = verify;
    // Of one platform alone, an engine itself says that it does not have it.
    if (isSeveral(platform)) this.#platforms = new ArchivePlatforms(platform);
  }

  /** Chunks of `chunkSize` bytes that are yours to keep; leaving the loop early makes the engine stop. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    const left = new AbortController();
    const chunks = new AsyncQueue<Uint8Array>(() => left.abort(new ArgumentError('the archive was not read to its end')));
    this.#run(chunkingSink(chunks, this.#chunkSize), left.signal).then(
      () => chunks.end(),
      (error: unknown) => chunks.fail(error),
    );
    return chunks;
  }

  /**
   * Calls `use` with each piece as it lies in the read buffer: the fastest way. The view is valid during the call, or
   * until the promise that it returns settles, which makes the engine wait.
   */
  async each(use: (view: Uint8Array) => void | Promise<void>): Promise<ArchiveResult> {
    check(use, FUNCTION, 'each', 'use');
    return this.#run({ write: (view) => callersCall(() => use(view)) });
  }

  /** Writes it to a file, which is whole or as it was before: a temporary file beside it is renamed at the end. */
  async toFile(path: string | URL, options?: ToFileOptions): Promise<ArchiveResult> {
    const { onProgress } = take('toFile', options);
    const target = this.#files.absolutePath(path, 'toFile: path');
    this.#begin();
    this.#onProgress = onProgress;
    this.#signal?.throwIfAborted();
    const file = await this.#files.createFile(target);
    try {
      const result = await this.#runBegun(file);
      await file.commit(this.#signal);
      return result;
    } catch (error) {
      await file.discard();
      throw error;
    }
  }

  /** As a stream of Node's. */
  toNode(): Readable {
    return Readable.from(this, { objectMode: false, highWaterMark: this.#chunkSize });
  }

  /** As a stream of the web's. */
  toWeb(): ReadableStream<Uint8Array> {
    return Readable.toWeb(this.toNode()) as ReadableStream<Uint8Array>;
  }

  #begin(): void {
    if (this.#begun) throw new ArgumentError('this archive has been read already; call getImage again');
    this.#begun = true;
  }

  #run(sink: ContentSink, left?: AbortSignal): Promise<ArchiveResult> {
    this.#begin();
    return this.#runBegun(sink, left);
  }

  async #runBegun(sink: ContentSink, left = new AbortController().signal): Promise<ArchiveResult> {
    if (this.#verify === 'digests') this.#digests = new ArchiveDigests(await hashMaker());
    const listeners = [this.#digests, this.#platforms].filter((listener) => listener !== undefined);
    if (this.#verify !== false) this.#scan = new ArchiveScan(...listeners);
    await this.#start((head) => this.#watched(sink, head), left);
    return { bytes: this.#bytes, entries: this.#scan?.finish().entries, verified: this.#verified };
  }

  /** Counts and verifies what passes. */
  #watched(sink: ContentSink, head: ResponseHead): ContentSink {
    const scan = this.#scan;
    const onProgress = this.#onProgress;
    const total = onProgress && parseDecimal(head.fields.get('content-length') ?? '');
    return {
      write: (view) => {
        this.#bytes += view.length;
        scan?.push(view);
        if (onProgress !== undefined) callersCall(() => onProgress({ bytes: this.#bytes, total }));
        return sink.write(view);
      },
      flush: () => sink.flush?.(),
      memory: () => sink.memory?.(),
      end: () => {
        scan?.finish(); // throws for what is not whole
        if (scan !== undefined) this.#platforms?.finish();
        this.#verified = this.#digests?.finish();
        sink.end?.();
      },
    };
  }
}

/** Copies borrowed views into chunks of equal size. */
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
