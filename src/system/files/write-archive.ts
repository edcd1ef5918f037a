// Writes received archives to files.

import type { FileHandle } from 'node:fs/promises';
import type { ContentSink } from '../../connection/transport.ts';
import { cannotWrite, openReplacement } from './replaced-file.ts';

/** A sink that writes to a temporary file, which is renamed at the end. */
export interface FileSink extends ContentSink {
  /** Replaces the file. If the signal is aborted first, changes nothing and rejects with its reason. */
  commit(signal: AbortSignal | undefined): Promise<void>;
  discard(): Promise<void>;
}

/** A sink for a file whose content is compressed. */
export interface CompressedFile extends FileSink {
  /** The length of the file so far, in bytes. */
  readonly size: number;
}

/** The file access of an archive stream; archive-files.ts has it. */
export interface ArchiveFiles {
  absolutePath(path: string | URL, place: string): string;
  createFile(path: string): Promise<FileSink>;
  createCompressedFile(path: string, format: 'gzip' | 'zstd'): Promise<CompressedFile>;
}

/** The number of bytes in one write. Larger blocks are not faster; blocks of 64 KiB had a third of the speed. */
const BLOCK_BYTES = 1024 * 1024;
/** The number of blocks: one is filled while the others are written. */
const BLOCKS = 4;
/** A block with less free space than this, in bytes, is written before the next read. */
const LEAST_ROOM = 64 * 1024;

/** Opens a sink that creates or replaces the file at an absolute path. Throws the same errors as `openReplacement`. */
export async function createFile(path: string): Promise<FileSink> {
  const { handle, commit, discard } = await openReplacement(path);
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
 * Writes large blocks, several at a time, each at its own position. The connection reads directly into the free part of a block
 * (`memory`), so content is moved within the block only to close the gap of the chunk-size line before it.
 */
class BlockWriter {
  readonly #handle: FileHandle;
  readonly #onError: (error: unknown) => never;
  /** The block that is being filled, up to `#fill`. */
  #block: Buffer | undefined;
  #fill = 0;
  /** The position of the block in the file. */
  #position = 0;
  #made = 0;
  readonly #free: Buffer[] = [];
  readonly #writing = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(handle: FileHandle, onError: (error: unknown) => never) {
    this.#handle = handle;
    this.#onError = onError;
  }

  /** Returns the free space for the next read; undefined while all blocks are being written. */
  memory(): Uint8Array | undefined {
    if (this.#block !== undefined && BLOCK_BYTES - this.#fill < LEAST_ROOM) this.#submit();
    this.#block ??= this.#takeFree();
    return this.#block?.subarray(this.#fill);
  }

  write(view: Uint8Array): void | Promise<void> {
    if (this.#failure !== undefined) this.#onError(this.#failure.error);
    const block = this.#block;
    if (block === undefined || view.buffer !== block.buffer) return this.#copy(view);
    // The content is in the block already, perhaps behind a chunk-size line: it moves to the end of the content before it.
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

  /** Resolves when all started writes have ended. */
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

/** Writes all bytes: a single write may write only a part. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
