// A stream that is not a file: 64 KiB at a time from memory, as from a socket or a pipe.
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';

const PIECE = 64 * 1024;

export function memoryStream(file) {
  const bytes = readFileSync(file);
  let at = 0;
  return new Readable({
    highWaterMark: PIECE,
    read() {
      this.push(at < bytes.length ? bytes.subarray(at, (at += PIECE)) : null);
    },
  });
}
