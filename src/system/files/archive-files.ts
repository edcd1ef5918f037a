// Files: archives that are read to be sent, and archives that are written.

import { ReadStream, constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { ArchiveFiles, FileSink } from '../../connection/files.ts';
import type { RequestBody } from '../../connection/engine-request.ts';
import { ArgumentError, UploadError } from '../../errors.ts';
import { ERRNO_TEXTS } from '../errno.ts';
import { absolutePath } from './paths.ts';
import { cannotWrite, replaceFile } from './replaced-file.ts';
import { hasContent, readUnsized } from './unsized-file.ts';

/** The files of this machine. */
export const files: ArchiveFiles = { absolutePath, openFile, inLargeReads, createFile };

/** Read and written this much at a time: larger blocks bring no more, 64 KiB were a third as fast in a prototype. */
const BLOCK_BYTES = 1024 * 1024;
/** Blocks in rotation: while one is filled, others are on their way to the disk. */
const BLOCKS = 4;
/**
 * The same for reading: one is being sent, the others being read. Two were slower, 190 ms for 512 MiB where three took
 * 155 and a C program that reads and sends 138; blocks of 4 MiB brought no more than these.
 */
const READ_BLOCKS = 3;
/** What `createReadStream` reads at once unless it is told. */
const DEFAULT_READ_BYTES = 64 * 1024;
/** Less room than this in a block is not worth a read. */
const LEAST_ROOM = 64 * 1024;

async function openFile(path: string): Promise<RequestBody> {
  const refuse = (cause: NodeJS.ErrnoException): never => {
    throw new UploadError(`cannot read ${path}: ${ERRNO_TEXTS[cause.code ?? ''] ?? cause.message}`, { cause });
  };
  const found = await stat(path).catch(refuse);
  if (found.isDirectory()) {
    throw new UploadError(`cannot read ${path}: it is a directory; give an archive, or packDirectory(path) to importImage`);
  }
  if (found.isSocket()) throw new UploadError(`cannot read ${path}: it is a socket; give a stream of a connection to it`);
  if (!found.isFile()) return { chunks: readUnsized(path, found.isFIFO()) };
  if (found.size === 0 && (await hasContent(path).catch(refuse))) return { chunks: readUnsized(path, false) };
  return { chunks: readBlocks(path), length: found.size };
}

/** The file in large blocks; the next ones are being read while one is used, and their memory is used again. */
async function* readBlocks(path: string): AsyncGenerator<Uint8Array> {
  // A FIFO that took its place in the meantime is not waited for: it cannot be read at a position (ESPIPE).
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const reading: Promise<Uint8Array>[] = [];
  let position = 0;
  const readNext = (block: Buffer): void => {
    const read = readBlock(handle, block, position);
    read.catch(() => {}); // it is awaited in its turn, or not at all when nobody wants the rest
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
      readNext(blocks[turn % READ_BLOCKS] as Buffer); // whoever comes for the next chunk has done with the last
    }
  } finally {
    await Promise.allSettled(reading);
    await handle.close();
  }
}

/** As much of the file as there is for the block: one read may give only a part. */
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
 * Larger reads for a file stream that nobody has read from or given a size of its own: asked for more than its high-water
 * mark, a stream of Node's raises it. 512 MiB were loaded in 285 ms, and in 565 without. (Its path is not opened in its
 * place: that would lose its range, its signal and its file system.)
 */
function inLargeReads(stream: Readable): void {
  if (stream instanceof ReadStream && isUntouched(stream)) stream.read(BLOCK_BYTES);
}

/** Nothing is there yet, so that what `read` gives is null. */
function isUntouched(stream: ReadStream): boolean {
  const { readableFlowing, readableLength, bytesRead, destroyed, readableHighWaterMark } = stream;
  const isNew = readableFlowing === null && readableLength === 0 && bytesRead === 0 && stream.listenerCount('readable') === 0;
  return isNew && !destroyed && readableHighWaterMark === DEFAULT_READ_BYTES;
}

async function createFile(path: string): Promise<FileSink> {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) throw new ArgumentError('a file needs a path');
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
 * Writes what it is given in large blocks, several at once, each at its place. Reads may land in the free part of a
 * block, where the frames between the chunks are squeezed out: then there is no copy but that.
 */
class BlockWriter {
  readonly #handle: FileHandle;
  readonly #failed: (error: unknown) => never;
  #block: Buffer | undefined;
  #fill = 0;
  #position = 0;
  #made = 0;
  readonly #free: Buffer[] = [];
  readonly #writing = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(handle: FileHandle, failed: (error: unknown) => never) {
    this.#handle = handle;
    this.#failed = failed;
  }

  /** Room for a read, or undefined while all blocks are being written. */
  memory(): Uint8Array | undefined {
    if (this.#block !== undefined && BLOCK_BYTES - this.#fill < LEAST_ROOM) this.#submit();
    this.#block ??= this.#takeFree();
    return this.#block?.subarray(this.#fill);
  }

  write(view: Uint8Array): void | Promise<void> {
    if (this.#failure !== undefined) this.#failed(this.#failure.error);
    const block = this.#block;
    if (block !== undefined && view.buffer === block.buffer) {
      block.copyWithin(this.#fill, view.byteOffset, view.byteOffset + view.length);
      this.#fill += view.length;
      return undefined;
    }
    return this.#copy(view);
  }

  /** Resolves when all is on its way into the file; rejects with the first thing that went wrong. */
  async finish(): Promise<void> {
    this.#submit();
    await this.settled();
    if (this.#failure !== undefined) this.#failed(this.#failure.error);
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #copy(view: Uint8Array): void | Promise<void> {
    for (let rest = view; rest.length > 0; ) {
      const block = (this.#block ??= this.#takeFree());
      if (block === undefined) return Promise.race(this.#writing).then(() => this.write(rest));
      const part = rest.subarray(0, BLOCK_BYTES - this.#fill);
      block.set(part, this.#fill);
      this.#fill += part.length;
      rest = rest.subarray(part.length);
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

/** One write may take only a part. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
