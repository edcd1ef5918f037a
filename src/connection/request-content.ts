// The content of a request on its way out: read from its source chunk by chunk, held to its length, and stopped at any time.

import { LongshoreError, UploadError } from '../errors.ts';
import type { RequestBody } from './wire.ts';

/**
 * Bytes sent after which reading gets a turn, for local writes finish at once and would starve it; and the parts in which
 * large bytes are sent, as long as the blocks of a file. Parts of 256 KiB took 2.7 times the processor time, for the way
 * from one to the next is longer than the way of the bytes.
 */
const BYTES_PER_TURN = 1024 * 1024;
/** Chunks after which it gets one however small they are: a source of empty ones would starve the whole process. */
const CHUNKS_PER_TURN = 256;

/** Content that comes from a source. */
export type StreamedBody = Extract<RequestBody, { chunks: unknown }>;

/** RFC 9112 §6: exactly one of Content-Length and Transfer-Encoding where there is content to be sent. */
export function framingFields(method: string, body: RequestBody | undefined): Array<readonly [string, string]> {
  if (body === undefined) return method === 'GET' || method === 'HEAD' ? [] : [['Content-Length', '0']];
  const length = 'bytes' in body ? body.bytes.length : body.length;
  return [length === undefined ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)]];
}

/** Large bytes as a source: the limits of time then know how far they have got, and a refusal stops them. */
export function inParts(body: RequestBody): RequestBody {
  if (!('bytes' in body) || body.bytes.length <= BYTES_PER_TURN) return body;
  const { bytes } = body;
  async function* parts(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += BYTES_PER_TURN) yield bytes.subarray(at, at + BYTES_PER_TURN);
  }
  return { chunks: parts(), length: bytes.length };
}

/** What an upload tells the one who made it. */
export interface UploadOwner {
  /** Sends a chunk, framed; the next one is asked for when it resolves. */
  send(chunk: Uint8Array): Promise<void>;
  /** Whether what is sent has nobody to take it any more. */
  refused(): boolean;
  /** Whether the source has nothing to send for now. */
  sourcing(waiting: boolean): void;
}

/** One walk through a source. */
export class Upload {
  readonly #body: StreamedBody;
  readonly #owner: UploadOwner;
  #source: AsyncIterator<Uint8Array> | undefined;
  #sourcing = false;
  #stopped = false;

  constructor(body: StreamedBody, owner: UploadOwner) {
    this.#body = body;
    this.#owner = owner;
  }

  /** Sends all chunks: true at the source's end, false where it was stopped. Rejects with an `UploadError`. */
  async run(): Promise<boolean> {
    const { length } = this.#body;
    let sent = 0;
    let [bytesInTurn, chunksInTurn] = [0, 0];
    for (;;) {
      const chunk = await this.#nextChunk();
      if (this.#stopped) return false;
      if (chunk === undefined) break;
      sent += chunk.length;
      if (length !== undefined && sent > length) throw new UploadError(`the source gave more than its ${length} bytes`);
      if (chunk.length > 0) await this.#owner.send(chunk); // a chunk of no bytes would be the last chunk
      if (this.#owner.refused()) this.stop();
      if (this.#stopped) return false;
      bytesInTurn += chunk.length;
      if (bytesInTurn < BYTES_PER_TURN && ++chunksInTurn < CHUNKS_PER_TURN) continue;
      [bytesInTurn, chunksInTurn] = [0, 0];
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#source = undefined; // at its end: there is nothing to be stopped any more
    if (length !== undefined && sent < length) throw new UploadError(`the source ended after ${sent} of ${length} bytes`);
    return true;
  }

  /** Sends no more, and tells the source so. */
  stop(): void {
    this.#stopped = true;
    this.#waitForSource(false); // whatever it still does
    const source = this.#source;
    this.#source = undefined;
    // Nobody waits for this: a source that hangs must not hold up the answer; its complaints have no reader left.
    void Promise.resolve(source)
      .then((stopped) => stopped?.return?.())
      .catch(() => {});
  }

  /** The source's next chunk, or undefined at its end. What it does after it was told to stop is not listened to. */
  async #nextChunk(): Promise<Uint8Array | undefined> {
    this.#waitForSource(true);
    try {
      this.#source ??= this.#body.chunks[Symbol.asyncIterator]();
      const next = await this.#source.next();
      return next.done === true ? undefined : checkChunk(next.value);
    } catch (cause) {
      if (this.#stopped) return undefined;
      throw sourceFailed(cause);
    } finally {
      this.#waitForSource(false);
    }
  }

  #waitForSource(waiting: boolean): void {
    if (this.#sourcing === waiting) return;
    this.#sourcing = waiting;
    this.#owner.sourcing(waiting);
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
