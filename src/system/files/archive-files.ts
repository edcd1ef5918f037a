// Reads archives from files to send them, and writes received archives to files.

import { ReadStream, constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { RequestBody } from '../../connection/engine-request.ts';
import type { ContentSink } from '../../connection/transport.ts';
import { UploadError } from '../../errors.ts';
import { ERRNO_TEXTS } from '../errno.ts';
import { absolutePath } from './paths.ts';
import { cannotWrite, replaceFile } from './replaced-file.ts';
import { hasContent, readUnsized } from './unsized-file.ts';

/** What archives need of the file system. */
export const files = { absolutePath, openFile, enlargeReads, createFile };
export type ArchiveFiles = typeof files;

/** A sink that writes to a temporary file, which gets its name at the end. */
export interface FileSink extends ContentSink {
  /** Replaces the file. Rejects with the signal's reason, and changes nothing, if the signal is aborted before. */
  commit(signal: AbortSignal | undefined): Promise<void>;
  /** Removes the temporary file. */
  discard(): Promise<void>;
}

/** How much is read or written at a time. Larger blocks are not faster; 64 KiB had a third of the speed. */
const BLOCK_BYTES = 1024 * 1024;
/** Blocks in rotation for writing: one is filled while others are on their way to the disk. */
const BLOCKS = 4;
/** Blocks in rotation for reading: one is sent while the others are read. Two were a fifth slower. */
const READ_BLOCKS = 3;
/** The high-water mark of `createReadStream` by default. */
const DEFAULT_READ_BYTES = 64 * 1024;
/** A block with less room than this is written before the next read. */
const LEAST_ROOM = 64 * 1024;

/**
 * Opens a file as the content of a request. A regular file is sent with its length; a FIFO, a device, and a file of /proc
 * that has content but no size, are sent without. Throws an `UploadError` for a directory, a socket, and a file that
 * cannot be read.
 */
async function openFile(path: string): Promise<RequestBody> {
  const cannotRead = (why: string, cause?: unknown): UploadError => new UploadError(`cannot read ${path}: ${why}`, { cause });
  const onError = (cause: NodeJS.ErrnoException): never => {
    throw cannotRead(ERRNO_TEXTS[cause.code ?? ''] ?? cause.message, cause);
  };
  const found = await stat(path).catch(onError);
  if (found.isDirectory()) throw cannotRead('it is a directory; give an archive, or packDirectory(path) to importImage');
  if (found.isSocket()) throw cannotRead('it is a socket; give a stream of a connection to it');
  if (!found.isFile()) return { chunks: readUnsized(path, found.isFIFO()) };
  if (found.size === 0 && (await hasContent(path).catch(onError))) return { chunks: readUnsized(path, false) };
  return { chunks: readBlocks(path), length: found.size };
}

/** Yields the file in large blocks. The next blocks are read while one is used, and their memory is reused. */
async function* readBlocks(path: string): AsyncGenerator<Uint8Array> {
  // O_NONBLOCK: a FIFO that has replaced the file is not waited for. It cannot be read at a position (ESPIPE).
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const reading: Promise<Uint8Array>[] = [];
  let position = 0;
  const readNext = (block: Buffer): void => {
    const read = readBlock(handle, block, position);
    read.catch(() => {}); // it is awaited in its turn, or never if the caller stops
    reading.push(read);
    position += BLOCK_BYTES;
  };
  try {
    const blocks = Array.from({ length: READ_BLOCKS }, () => Buffer.allocUnsafeSlow(BLOCK_BYTES));
    blocks.forEach(readNext);
    for (let turn = 0; ; turn++) {
      const bytes = (await reading.shift()) as Uint8Array;
      if (bytes.length > 0) yield bytes;
      if (bytes.length < BLOCK_BYTES) return;
      readNext(blocks[turn % READ_BLOCKS] as Buffer); // the caller asks for the next block when it has used this one
    }
  } finally {
    await Promise.allSettled(reading);
    await handle.close();
  }
}

/** Fills the block unless the file ends before: one read may return only a part. */
async function readBlock(handle: FileHandle, block: Buffer, position: number): Promise<Uint8Array> {
  let filled = 0;
  while (filled < block.length) {
    const { bytesRead } = await handle.read(block, filled, block.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return block.subarray(0, filled);
}

/**
 * Makes a file stream read in large blocks, if it is untouched and has the default high-water mark: a Node stream raises its
 * mark when it is asked for more. This halves the time of a load. Opening the stream's path again instead would lose its
 * range, its signal and its file system.
 */
function enlargeReads(stream: Readable): void {
  if (!(stream instanceof ReadStream)) return;
  const { readableFlowing, readableLength, bytesRead, destroyed, readableHighWaterMark } = stream;
  const isNew = readableFlowing === null && readableLength === 0 && bytesRead === 0 && stream.listenerCount('readable') === 0;
  if (isNew && !destroyed && readableHighWaterMark === DEFAULT_READ_BYTES) stream.read(BLOCK_BYTES); // returns null: nothing is read yet
}

/** Opens a sink that replaces the file at an absolute path, or makes it. Throws as `replaceFile` does. */
async function createFile(path: string): Promise<FileSink> {
  const { handle, commit, discard } = await replaceFile(path);
  const blocks = new BlockWriter(handle, (error) => {
    throw cannotWrite(path, error as NodeJS.ErrnoException);
  });
  return {
    write: (view) => blocks.write(view),
    memory: () => blocks.memory(),
    async commit(signal) {
      await blocks.finish();
      signal?.throwIfAborted();
      await commit();
    },
    async discard() {
      await blocks.settled();
      await discard();
    },
  };
}

/**
 * Writes in large blocks, several at a time, each at its position. The connection reads straight into the free part of a block
 * (`memory`). Only the framing between chunks then has to be removed, by moving the bytes within the block.
 */
class BlockWriter {
  readonly #handle: FileHandle;
  readonly #onError: (error: unknown) => never;
  /** The block that is filled, up to `#fill`. */
  #block: Buffer | undefined;
  #fill = 0;
  /** Where the block goes in the file. */
  #position = 0;
  #made = 0;
  readonly #free: Buffer[] = [];
  readonly #writing = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(handle: FileHandle, onError: (error: unknown) => never) {
    this.#handle = handle;
    this.#onError = onError;
  }

  /** Room for the next read; undefined while all blocks are being written. */
  memory(): Uint8Array | undefined {
    if (this.#block !== undefined && BLOCK_BYTES - this.#fill < LEAST_ROOM) this.#submit();
    this.#block ??= this.#takeFree();
    return this.#block?.subarray(this.#fill);
  }

  write(view: Uint8Array): void | Promise<void> {
    if (this.#failure !== undefined) this.#onError(this.#failure.error);
    const block = this.#block;
    if (block === undefined || view.buffer !== block.buffer) return this.#copy(view);
    block.copyWithin(this.#fill, view.byteOffset, view.byteOffset + view.length);
    this.#fill += view.length;
    return undefined;
  }

  /** Resolves when everything is written; throws the first error of a write. */
  async finish(): Promise<void> {
    this.#submit();
    await this.settled();
    if (this.#failure !== undefined) this.#onError(this.#failure.error);
  }

  /** Resolves when no write is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #copy(view: Uint8Array): void | Promise<void> {
    for (let remaining = view; remaining.length > 0; ) {
      const block = (this.#block ??= this.#takeFree());
      if (block === undefined) return Promise.race(this.#writing).then(() => this.write(remaining));
      const part = remaining.subarray(0, BLOCK_BYTES - this.#fill);
      block.set(part, this.#fill);
      this.#fill += part.length;
      remaining = remaining.subarray(part.length);
      if (this.#fill === BLOCK_BYTES) this.#submit();
    }
    return undefined;
  }

  #takeFree(): Buffer | undefined {
    const block = this.#free.pop();
    if (block !== undefined || this.#made === BLOCKS) return block;
    this.#made++;
    return Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  #submit(): void {
    const block = this.#block;
    const length = this.#fill;
    if (block === undefined || length === 0) return;
    this.#block = undefined;
    this.#fill = 0;
    const written = writeAll(this.#handle, block.subarray(0, length), this.#position)
      .catch((error: unknown) => void (this.#failure ??= { error }))
      .then(() => {
        this.#writing.delete(written);
        this.#free.push(block);
      });
    this.#position += length;
    this.#writing.add(written);
  }
}

/** Writes all bytes: one write may take only a part. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
