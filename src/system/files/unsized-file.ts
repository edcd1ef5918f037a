// Reads files without a size: FIFOs (`mkfifo`, `<(command)` of a shell, /dev/stdin after a pipe), terminals and devices.
//
// They are opened with O_NONBLOCK, and read again after a pause if no bytes are available. A blocking read, as in
// `createReadStream`, cannot be stopped and occupies one of the four threads that a process has for files.

import { constants } from 'node:fs';
import { open, readlink, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { LINKS_LIMIT } from './paths.ts';

/** The number of bytes in one read. A pipe of Linux holds 64 KiB. */
const BLOCK_BYTES = 1024 * 1024;
/** The number of empty reads before the first pause: a writer that waits for room in the pipe needs only a moment. */
const EAGER_READS = 16;
/** The longest pause: the delay until late bytes are noticed. 20 reads per second take no measurable processor time. */
const LONGEST_PAUSE_MS = 50;

/**
 * Yields the file's bytes to its end. A FIFO ends when its last writer has closed it; before the first writer opens it, the
 * iterator waits. The file is opened at the first `next()`. `return()` ends a `next()` that waits. The memory of a chunk is
 * reused for the next one.
 */
export function readUnsized(path: string, isFifo: boolean): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const stop = new AbortController();
      const chunks = chunksOf(path, isFifo, stop.signal);
      return {
        next: () => chunks.next(),
        return() {
          stop.abort(); // the generator would otherwise continue to its next `yield`
          return chunks.return(undefined);
        },
      };
    },
  };
}

async function* chunksOf(path: string, isFifo: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const handle = await openNonBlocking(path);
  try {
    const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    // A FIFO without a writer reads as if it had ended (fifo(7)), so an end counts only after a writer has come.
    let endCounts = !isFifo || (await isDescriptor(path));
    for (let idle = 0; !signal.aborted; ) {
      const bytesRead = await readNow(handle, block);
      if (bytesRead === 0 && endCounts) return;
      if (bytesRead !== 0) endCounts = true; // also if no bytes are available now (-1): there is a writer
      if (bytesRead > 0) {
        idle = 0;
        yield block.subarray(0, bytesRead);
      } else if (++idle > EAGER_READS) {
        await setTimeout(Math.min(idle - EAGER_READS, LONGEST_PAUSE_MS), undefined, { signal }).catch(() => {});
      }
    }
  } finally {
    await handle.close();
  }
}

/** Whether a regular file of size 0 has content, as files below /proc and some FUSE file systems do. */
export async function hasContent(path: string): Promise<boolean> {
  const handle = await openNonBlocking(path);
  try {
    return (await readNow(handle, Buffer.alloc(1))) !== 0;
  } finally {
    await handle.close();
  }
}

/** Opens a file for reading, and does not wait if it is a FIFO. */
export function openNonBlocking(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
}

/** The paths of open files, such as `/dev/fd/63` for `<(command)`; also all other paths below /proc. */
const DESCRIPTOR_NAMES = /^\/(?:dev\/(?:fd\/|stdin$)|proc\/)/;

/** Whether the path, or a symbolic link on its way, is that of an open file. An open pipe has already had a writer. */
async function isDescriptor(path: string): Promise<boolean> {
  let link: string | undefined = path;
  for (let links = 0; links < LINKS_LIMIT && link !== undefined; links++) {
    if (DESCRIPTOR_NAMES.test(link)) return true;
    const directory: string = await realpath(dirname(link)).catch(() => '');
    const place = join(directory, basename(link));
    if (DESCRIPTOR_NAMES.test(place)) return true;
    const target: string | undefined = await readlink(place).catch(() => undefined); // not a link
    link = target === undefined || isAbsolute(target) ? target : `${directory}/${target}`;
  }
  return false;
}

/** Reads the available bytes. Returns their number: 0 at the end of the file, -1 if none are available now. */
async function readNow(handle: FileHandle, block: Buffer): Promise<number> {
  try {
    return (await handle.read(block, 0, block.length, null)).bytesRead;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return -1;
    throw error;
  }
}
