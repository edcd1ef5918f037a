// Reads a Node stream in groups of chunks: the chunks that arrive together form one group, without a copy.
//
// The stream's own async iterator copies all available chunks into one. Sending in groups takes about half of its time and memory,
// and is faster than sending chunk by chunk.

import { finished } from 'node:stream';
import type { Readable } from 'node:stream';
import { AsyncQueue } from '../async/async-queue.ts';

/** A group of this size is complete, in bytes. Twice what a socket accepts at once: half of this was slower, and more was not faster. */
const GROUP_BYTES = 512 * 1024;
/** A group of this many chunks is complete, too: each small chunk costs as much as a large one. */
const GROUP_CHUNKS = 64;

/** Yields the chunks of a stream in groups. If a group has not been taken yet, the stream is paused. */
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
