// Writes blocks, and keeps a socket readable after a write error. After EPIPE or ECONNRESET on a write, Node destroys the socket, and
// with it the received response that explains the refusal. Without `TolerantWrites`, 85 to 90 of 100 early refusals were lost; with it,
// none (test/connection/early-response.test.ts).

import type { Writable } from 'node:stream';

/** The callback of `_write` and `_writev`. */
type Written = (error?: Error | null) => void;

/**
 * Replaces the socket's `_write` and `_writev`. After a write error, the error is in `writeError`, and further writes succeed
 * without sending.
 */
export class TolerantWrites {
  writeError: Error | undefined;

  constructor(socket: Writable) {
    const write = socket._write.bind(socket);
    const writev = socket._writev?.bind(socket);
    socket._write = (chunk, encoding, callback) => {
      if (this.writeError === undefined) write(chunk, encoding, this.#keepError(callback));
      else callback();
    };
    socket._writev = (chunks, callback) => {
      if (this.writeError === undefined) writev?.(chunks, this.#keepError(callback));
      else callback();
    };
  }

  #keepError(callback: Written): Written {
    return (error) => {
      if (error) this.writeError = error;
      callback();
    };
  }
}

/** Writes the blocks together; resolves when their memory may be reused. `onError` gets the error of a failed write. */
export function writeTogether(stream: Writable, blocks: readonly Uint8Array[], onError?: (error: Error) => void): Promise<void> {
  return new Promise((resolve) => {
    const onWritten = (error?: Error | null): void => {
      if (error) onError?.(error);
      resolve();
    };
    const last = blocks.length - 1;
    if (last > 0) stream.cork();
    for (let index = 0; index < last; index++) stream.write(blocks[index] as Uint8Array);
    stream.write(blocks[last] as Uint8Array, onWritten);
    if (last > 0) stream.uncork();
  });
}
