// Reads files to send them as the content of requests.

import { stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { RequestBody } from '../../connection/engine-request.ts';
import { UploadError } from '../../errors.ts';
import { ERRNO_TEXTS } from '../errno.ts';
import { hasContent, openNonBlocking, readUnsized } from './unsized-file.ts';

/** The number of bytes in one read. Larger blocks are not faster; blocks of 64 KiB had a third of the speed. */
const BLOCK_BYTES = 1024 * 1024;
/** The number of blocks: one is sent while the others are filled. With two, reading was a fifth slower. */
const READ_BLOCKS = 3;

/**
 * Returns a file as the content of a request. A regular file is sent with its length. A FIFO, a device, or a file of /proc that
 * has content but no size is sent without a length. Throws an `UploadError` for a directory, a socket, and a path that leads to no
 * file. The file is opened when the content is read, which then fails if it cannot be opened.
 */
export async function fileBody(path: string): Promise<RequestBody> {
  const cannotRead = (why: string, options?: { cause: unknown }): UploadError => new UploadError(`cannot read ${path}: ${why}`, options);
  const onError = (cause: NodeJS.ErrnoException): never => {
    throw cannotRead(ERRNO_TEXTS[cause.code ?? ''] ?? cause.message, { cause });
  };
  const found = await stat(path).catch(onError);
  if (found.isDirectory()) throw cannotRead('it is a directory; give an archive, or packDirectory(path) to importImage');
  if (found.isSocket()) throw cannotRead('it is a socket; give a stream of a connection to it');
  if (!found.isFile()) return { chunks: readUnsized(path, found.isFIFO()) };
  if (found.size === 0 && (await hasContent(path).catch(onError))) return { chunks: readUnsized(path, false) };
  return { chunks: readBlocks(path), length: found.size };
}

/** Yields the file in large blocks. The next blocks are read while one is in use; their memory is reused. */
async function* readBlocks(path: string): AsyncGenerator<Uint8Array> {
  const handle = await openNonBlocking(path); // if a FIFO has replaced the file, the read fails (ESPIPE) and does not hang
  const reading: Promise<Uint8Array>[] = [];
  let position = 0;
  const readNext = (block: Buffer): void => {
    const read = readBlock(handle, block, position);
    read.catch(() => {}); // awaited later, or never if the caller stops
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
      readNext(blocks[turn % READ_BLOCKS] as Buffer); // the caller has finished with this block
    }
  } finally {
    await Promise.allSettled(reading);
    await handle.close();
  }
}

/** Fills the block, unless the file ends first: a single read may return fewer bytes than requested. */
async function readBlock(handle: FileHandle, block: Buffer, position: number): Promise<Uint8Array> {
  let filled = 0;
  while (filled < block.length) {
    const { bytesRead } = await handle.read(block, filled, block.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return block.subarray(0, filled);
}
