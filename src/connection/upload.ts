// The content of a request on its way out: read from its source chunk by chunk, held to its length, and stopped at any time.

import { isDetached } from '../bytes.ts';
import { LongshoreError, UploadError } from '../errors.ts';
import type { RequestBody, Timeouts } from './engine-request.ts';

/**
 * Bytes sent after which reading gets a turn, for local writes finish at once and would starve it; and the parts in which
 * large bytes are sent. 1 MiB took a quarter more processor time for each of the two.
 */
const BYTES_PER_TURN = 4 * 1024 * 1024;
/** Chunks after which it gets one however small they are: a source of empty ones would starve the whole process. */
const CHUNKS_PER_TURN = 256;

/** The parts of large bytes where a limit of idle time wants to know of progress. */
const LIMITED_PART_BYTES = 1024 * 1024;

/** Content that comes from a source. */
export type StreamedBody = Exclude<RequestBody, { bytes: unknown }>;

/** RFC 9112 §6: exactly one of Content-Length and Transfer-Encoding where there is content to be sent. */
export function framingFields(method: string, body: RequestBody | undefined): Array<readonly [string, string]> {
  if (body === undefined) return method === 'GET' || method === 'HEAD' ? [] : [['Content-Length', '0']];
  const length = 'bytes' in body ? body.bytes.length : body.length;
  if ('bytes' in body && body.length !== undefined && body.length !== length) {
    throw new UploadError(`the ${body.length} bytes to be sent are not there any more: their memory was transferred`);
  }
  return [length === undefined ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)]];
}

/** Bytes of more than 1 MiB as a source: the limits of time then know how far they have got, and a refusal stops them. */
export function inParts(body: RequestBody, { idleMs }: Timeouts): RequestBody {
  if (!('bytes' in body) || body.bytes.length <= LIMITED_PART_BYTES) return body;
  const { bytes, onSent } = body;
  const partBytes = idleMs === undefined ? BYTES_PER_TURN : LIMITED_PART_BYTES;
  async function* parts(): AsyncGenerator<[Uint8Array]> {
    for (let at = 0; at < bytes.length; at += partBytes) yield [bytes.subarray(at, at + partBytes)];
  }
  return { groups: parts(), length: bytes.length, onSent };
}

/** What an upload tells the one who made it. */
export interface UploadOwner {
  /** Sends blocks as one chunk of `size` bytes, framed; resolves when their memory may be used again. */
  send(blocks: readonly Uint8Array[], size: number): Promise<void>;
  /** Whether what is sent has nobody to take it any more. */
  refused(): boolean;
  /** Whether the source has nothing to send for now. */
  sourcing(waiting: boolean): void;
}

/** One walk through a source. */
export class Upload {
  readonly #body: StreamedBody;
  readonly #owner: UploadOwner;
  #source: AsyncIterator<unknown> | undefined;
  #sourcing = false;
  #stopped = false;

  constructor(body: StreamedBody, owner: UploadOwner) {
    this.#body = body;
    this.#owner = owner;
  }

  /** Sends all chunks: true at the source's end, false where it was stopped. Rejects with an `UploadError`. */
  async run(): Promise<boolean> {
    const { length, onSent } = this.#body;
    // Blocks that stay as they are let one group wait behind the one on its way, so that the socket never runs dry between
    // them: without it a Buffer went out at 0.8 of the speed of node:http, which gives it to the socket whole.
    const stay = 'groups' in this.#body;
    let ahead: Promise<void> | undefined;
    let sent = 0;
    let [bytesInTurn, chunksInTurn] = [0, 0];
    for (;;) {
      const blocks = await this.#nextBlocks();
      if (this.#stopped) return false;
      if (blocks === undefined) break;
      const size = blocks.reduce((sum, block) => sum + block.length, 0);
      sent += size;
      if (length !== undefined && sent > length) throw new UploadError(`the source gave more than its ${length} bytes`);
      if (size > 0) { // a chunk of no bytes would be the last chunk
        const sending = this.#owner.send(blocks, size);
        await (stay ? ahead : sending);
        ahead = sending;
        onSent?.(sent, false);
      }
      if (this.#owner.refused()) this.stop();
      if (this.#stopped) return false;
      bytesInTurn += size;
      if (bytesInTurn < BYTES_PER_TURN && ++chunksInTurn < CHUNKS_PER_TURN) continue;
      [bytesInTurn, chunksInTurn] = [0, 0];
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ahead;
    this.#source = undefined; // at its end: there is nothing to be stopped any more
    if (length !== undefined && sent < length) throw new UploadError(`the source ended after ${sent} of ${length} bytes`);
    onSent?.(sent, true);
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

  /** The source's next blocks, or undefined at its end. What it does after it was told to stop is not listened to. */
  async #nextBlocks(): Promise<readonly Uint8Array[] | undefined> {
    this.#waitForSource(true);
    try {
      const body = this.#body;
      this.#source ??= ('groups' in body ? body.groups : body.chunks)[Symbol.asyncIterator]();
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      return ('groups' in body ? (next.value as readonly unknown[]) : [next.value]).map(checkBlock);
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

function checkBlock(block: unknown): Uint8Array {
  if (block instanceof Uint8Array) {
    if (block.length === 0 && isDetached(block)) throw new UploadError('the source gave bytes whose memory was transferred');
    return block;
  }
  throw new UploadError(`the source gave ${block === null ? 'null' : `a ${typeof block}`} where bytes are needed`);
}
