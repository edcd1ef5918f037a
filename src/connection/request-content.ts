// The content of a request on its way out: read from its source chunk by chunk, held to its length, and stopped at any time.

import { LongshoreError, UploadError } from '../errors.ts';
import type { RequestBody } from './wire.ts';

/** Bytes sent after which reading gets a turn: local writes finish at once and would starve it. */
const BYTES_PER_TURN = 256 * 1024;

/** Content that comes from a source. */
export type StreamedBody = Extract<RequestBody, { chunks: unknown }>;

/** RFC 9112 §6: exactly one of Content-Length and Transfer-Encoding where there is content to be sent. */
export function framingFields(method: string, body: RequestBody | undefined): Array<readonly [string, string]> {
  if (body === undefined) return method === 'GET' || method === 'HEAD' ? [] : [['Content-Length', '0']];
  const length = 'bytes' in body ? body.bytes.length : body.length;
  return [length === undefined ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)]];
}

/** One walk through a source. */
export class Upload {
  readonly #body: StreamedBody;
  readonly #send: (chunk: Uint8Array) => Promise<void>;
  #source: AsyncIterator<Uint8Array> | undefined;
  #stopped = false;

  /** @param send sends a chunk, framed; the next one is asked for when it resolves */
  constructor(body: StreamedBody, send: (chunk: Uint8Array) => Promise<void>) {
    this.#body = body;
    this.#send = send;
  }

  /** Sends all chunks: true at the source's end, false where it was stopped. Rejects with an `UploadError`. */
  async run(): Promise<boolean> {
    const { length } = this.#body;
    let sent = 0;
    let sinceTurn = 0;
    for (;;) {
      const chunk = await this.#nextChunk();
      if (this.#stopped) return false;
      if (chunk === undefined) break;
      if (chunk.length === 0) continue; // a chunk of no bytes would be the last chunk
      sent += chunk.length;
      if (length !== undefined && sent > length) throw new UploadError(`the source gave more than its ${length} bytes`);
      await this.#send(chunk);
      if (this.#stopped) return false;
      if ((sinceTurn += chunk.length) < BYTES_PER_TURN) continue;
      sinceTurn = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#source = undefined; // at its end: there is nothing to be stopped any more
    if (length !== undefined && sent < length) throw new UploadError(`the source ended after ${sent} of ${length} bytes`);
    return true;
  }

  /** Sends no more, and tells the source so. */
  stop(): void {
    this.#stopped = true;
    const source = this.#source;
    this.#source = undefined;
    // Nobody waits for this: a source that hangs must not hold up the answer; its complaints have no reader left.
    void Promise.resolve(source)
      .then((stopped) => stopped?.return?.())
      .catch(() => {});
  }

  /** The source's next chunk, or undefined at its end. What it does after it was told to stop is not listened to. */
  async #nextChunk(): Promise<Uint8Array | undefined> {
    try {
      this.#source ??= this.#body.chunks[Symbol.asyncIterator]();
      const next = await this.#source.next();
      return next.done === true ? undefined : checkChunk(next.value);
    } catch (cause) {
      if (this.#stopped) return undefined;
      throw sourceFailed(cause);
    }
  }
}

function sourceFailed(cause: unknown): unknown {
  if (cause instanceof LongshoreError) return cause; // our own packer and file reader say it better
  return new UploadError(`the source of the bytes to be sent failed: ${String(cause)}`, { cause });
}

function checkChunk(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new UploadError(`the source gave ${chunk === null ? 'null' : `a ${typeof chunk}`} where bytes are needed`);
}
