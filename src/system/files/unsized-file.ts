// Files without a size that are read to be sent: FIFOs (`mkfifo`, `<(command)` of a shell, /dev/stdin behind a pipe),
// terminals and other devices.
//
// They are opened with O_NONBLOCK, and asked again after a pause where they have nothing to give. A read that waits in a
// thread, as `createReadStream` has it, cannot be ended, and four of them are all the threads that a process has for files.
// (A socket of node:net would be told by the kernel. But it closes a descriptor that it did not open, and a worker
// thread closes that number once more at its end, whatever file has it by then.)

import { constants } from 'node:fs';
import { open, readlink, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { LINKS_LIMIT } from './paths.ts';

/** Read at most this much at a time. A pipe of Linux holds 64 KiB. */
const BLOCK_BYTES = 1024 * 1024;
/** Asked so often without a pause: a writer that has a full pipe goes on as soon as there is room. */
const EAGER_READS = 16;
/** The longest pause. It is how late a writer is noticed that came late, and 20 reads a second take no processor time. */
const LONGEST_PAUSE_MS = 50;

/**
 * Yields what the file gives, to its end: for a FIFO, until its last writer has closed it, or for the first writer to
 * come. Opens the file at the first step. A chunk's memory is used again for the next chunk. `return` ends a step that waits.
 */
export function readUnsized(path: string, isFifo: boolean): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const stop = new AbortController();
      const chunks = chunksOf(path, isFifo, stop.signal);
      return {
        next: () => chunks.next(),
        return() {
          stop.abort(); // a generator alone would go on to its next `yield` first
          return chunks.return(undefined);
        },
      };
    },
  };
}

async function* chunksOf(path: string, isFifo: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const handle = await openNow(path);
  try {
    const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    // A FIFO gives no bytes, as at its end, while no writer has come (fifo(7)).
    let hasBegun = !isFifo || (await isDescriptor(path));
    for (let idle = 0; !signal.aborted; ) {
      const bytesRead = await readNow(handle, block);
      if (bytesRead === 0 && hasBegun) return;
      if (bytesRead !== 0) hasBegun = true;
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

/** Whether a regular file has content, whatever its size is: it is 0 for files below /proc, and for some of FUSE. */
export async function hasContent(path: string): Promise<boolean> {
  const handle = await openNow(path);
  try {
    return (await readNow(handle, Buffer.alloc(1))) !== 0;
  } finally {
    await handle.close();
  }
}

function openNow(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
}

/** Names of open files: `<(command)` is `/dev/fd/63`. */
const NAMES_OF_DESCRIPTORS = /^\/(?:dev\/(?:fd\/|stdin$)|proc\/)/;

/** Whether the path is, or leads by links to, the name of a file that is open already: a pipe there has had a writer. */
async function isDescriptor(path: string): Promise<boolean> {
  let link: string | undefined = path;
  for (let links = 0; links < LINKS_LIMIT && link !== undefined; links++) {
    if (NAMES_OF_DESCRIPTORS.test(link)) return true;
    const folder: string = await realpath(dirname(link)).catch(() => '');
    const place = join(folder, basename(link));
    if (NAMES_OF_DESCRIPTORS.test(place)) return true;
    const target: string | undefined = await readlink(place).catch(() => undefined); // not a link
    link = target === undefined || isAbsolute(target) ? target : `${folder}/${target}`;
  }
  return false;
}

/** The number of bytes; 0 at the end, -1 where there are none now. */
async function readNow(handle: FileHandle, block: Buffer): Promise<number> {
  try {
    return (await handle.read(block, 0, block.length, null)).bytesRead;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return -1;
    throw error;
  }
}
