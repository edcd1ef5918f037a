// Reads a Node stream in groups of chunks: each group has the chunks that came at one time, uncopied.
//
// The stream's own async iterator copies all that has come into one chunk. Sending in groups takes about half the time and
// memory of that, and is faster than sending chunk by chunk.

import { finished } from 'node:stream';
import type { Readable } from 'node:stream';
import { AsyncQueue } from '../async/async-queue.ts';

/** A group of this size is complete, in bytes. It is twice what a socket accepts at once: half was slower, more not faster. */
const GROUP_BYTES = 512 * 1024;
/** A group of so many chunks is complete: they are small, and each costs as much as a large one. */
const GROUP_CHUNKS = 64;

/** Yields the chunks of a stream in groups. At most one group waits here; then the stream is paused. */
export function readableGroups(stream: Readable): AsyncIterator<readonly Uint8Array[]> {
  const groups = new AsyncQueue<readonly Uint8Array[]>(() => stream.destroy());
  let group: Uint8Array[] = [];
  let bytes = 0;

  const pushGroup = (): void => {
    if (group.length === 0) return;
    groups.push(group);
    group = [];
    bytes = 0;
    const drained = groups.drained();
    if (drained === undefined) return;
    stream.pause();
    void drained.then(() => stream.resume());
  };

  stream.on('data', (chunk: Uint8Array | undefined) => {
    group.push(chunk as Uint8Array); // a stream in object mode may give anything; the sender checks it
    bytes += chunk?.length ?? 0;
    if (bytes >= GROUP_BYTES || group.length === GROUP_CHUNKS) pushGroup();
    else if (group.length === 1) queueMicrotask(pushGroup); // after the other chunks of the same read
  });
  finished(stream, { writable: false }, (error) => {
    pushGroup();
    if (error) groups.fail(error);
    else groups.end();
  });
  stream.resume(); // a `data` listener does not resume a stream that was paused before
  return groups;
}
