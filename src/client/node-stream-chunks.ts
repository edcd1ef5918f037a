// The chunks of one of Node's streams, as they came, those that came at once together.

import { finished } from 'node:stream';
import type { Readable } from 'node:stream';
import { AsyncQueue } from '../async/async-queue.ts';

/** A group is given when it has so many bytes, twice what a socket takes at once: half was a tenth slower, more no faster. */
const GROUP_BYTES = 512 * 1024;
/** Or so many chunks, which then are small, and as dear as large ones. */
const GROUP_CHUNKS = 64;

/**
 * What its own iterator gives is all that has gathered meanwhile, copied together: of chunks of 64 KiB, two at a time.
 * Sending them took twice as long, and three times the memory that is let go of. And sent one by one, 256 MiB of them
 * took 114 ms where undici took 104; in groups 92 where it took 109.
 */
export function readableGroups(stream: Readable): AsyncIterator<readonly Uint8Array[]> {
  const groups = new AsyncQueue<readonly Uint8Array[]>(() => stream.destroy());
  let group: Uint8Array[] = [];
  let bytes = 0;
  const give = (): void => {
    if (group.length === 0) return;
    groups.push(group);
    group = [];
    bytes = 0;
    const drained = groups.drained();
    if (drained === undefined) return;
    stream.pause(); // at most one group waits here; the rest is the stream's own to hold back
    void drained.then(() => stream.resume());
  };
  stream.on('data', (chunk: Uint8Array | undefined) => {
    group.push(chunk as Uint8Array); // a stream of objects may give anything: who sends it will look
    bytes += chunk?.length ?? 0;
    if (bytes >= GROUP_BYTES || group.length === GROUP_CHUNKS) give();
    else if (group.length === 1) queueMicrotask(give); // with what else comes at once
  });
  finished(stream, { writable: false }, (error) => {
    give();
    if (error) groups.fail(error);
    else groups.end();
  });
  stream.resume(); // a listener alone does not, where somebody has paused it
  return groups;
}
