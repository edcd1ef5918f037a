// Sends the content of a request: reads its source block by block, enforces the announced length, and can be stopped at any time.

import { isDetached } from '../bytes.ts';
import { LongshoreError, UploadError } from '../errors.ts';
import type { RequestBody, Timeouts } from './engine-request.ts';

/**
 * After this many bytes, an upload waits one turn of the event loop, in which responses are read. A write to a local engine
 * finishes at once, so without this wait nothing would be read before the end of the upload. A large `Uint8Array` is sent in parts
 * of this size. With 1 MiB, sending took a quarter more processor time, for streams and for `Uint8Array`s.
 */
const BYTES_PER_TURN = 4 * 1024 * 1024;
/** After this many chunks, an upload waits a turn, too: a source of many small or empty chunks would block the process otherwise. */
const CHUNKS_PER_TURN = 256;

/** With an idle timeout, a large `Uint8Array` is sent in parts of this size, so that the timeout sees progress. */
const LIMITED_PART_BYTES = 1024 * 1024;

/** Content that is read from a source. */
export type StreamedBody = Exclude<RequestBody, { bytes: unknown }>;

/** Returns the field that frames the content: exactly one of Content-Length and Transfer-Encoding (RFC 9112 §6). */
export function framingFields(method: string, body: RequestBody | undefined): Array<readonly [string, string]> {
  if (body === undefined) return method === 'GET' || method === 'HEAD' ? [] : [['Content-Length', '0']];
  const length = 'bytes' in body ? body.bytes.length : body.length;
  if ('bytes' in body && body.length !== undefined && body.length !== length) {
    throw new UploadError(`cannot send ${body.length} bytes: their memory was transferred after the call`);
  }
  return [length === undefined ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)]];
}

/** Turns a `Uint8Array` of more than 1 MiB into a source: timeouts can see its progress, and an error response can stop it. */
export function splitBytes(body: RequestBody, { idleMs }: Timeouts): RequestBody {
  if (!('bytes' in body) || body.bytes.length <= LIMITED_PART_BYTES) return body;
  const { bytes, onSent } = body;
  const partBytes = idleMs === undefined ? BYTES_PER_TURN : LIMITED_PART_BYTES;
  async function* parts(): AsyncGenerator<[Uint8Array]> {
    for (let at = 0; at < bytes.length; at += partBytes) yield [bytes.subarray(at, at + partBytes)];
  }
  return { groups: parts(), length: bytes.length, onSent };
}

/** The members of an exchange that its upload uses. */
export interface UploadOwner {
  /** Sends blocks of `size` bytes in all, as one chunk if the request is chunked. Resolves when their memory may be reused. */
  send(blocks: readonly Uint8Array[], size: number): Promise<void>;
  /** Whether sending has failed. */
  writeFailed(): boolean;
  /** Sets whether the upload waits for its source. */
  setWaitingForSource(waiting: boolean): void;
}

/** Sends the blocks of one source. */
export class Upload {
  readonly #body: StreamedBody;
  readonly #owner: UploadOwner;
  #source: AsyncIterator<unknown> | undefined;
  #waitingForSource = false;
  #stopped = false;
  #sent = 0;
  /** Settles when the blocks that were sent last have been accepted. */
  #lastSend: Promise<void> | undefined;
  #bytesInTurn = 0;
  #chunksInTurn = 0;

  constructor(body: StreamedBody, owner: UploadOwner) {
    this.#body = body;
    this.#owner = owner;
  }

  /**
   * Sends all blocks. Returns `true` at the end of the source, and `false` if the upload was stopped. Rejects if the source fails:
   * with its error if that is a `LongshoreError`, otherwise with an `UploadError`.
   */
  async run(): Promise<boolean> {
    const { length, onSent } = this.#body;
    for (let blocks; (blocks = await this.#nextBlocks()) !== undefined; ) {
      const size = blocks.reduce((sum, block) => sum + block.length, 0);
      if (size > 0) { // a chunk of 0 bytes would be the last chunk
        await this.#send(blocks, size);
        onSent?.(this.#sent, false);
      }
      if (this.#owner.writeFailed()) this.stop();
      if (this.#endsTurn(size)) await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.#stopped) return false;
    await this.#lastSend;
    this.#source = undefined; // it has ended: `stop` must not call it
    if (length !== undefined && this.#sent < length) throw new UploadError(`the source ended after ${this.#sent} of ${length} bytes`);
    onSent?.(this.#sent, true);
    return true;
  }

  /** Sends no further block and ends the source. */
  stop(): void {
    this.#stopped = true;
    this.#setWaitingForSource(false);
    const source = this.#source;
    this.#source = undefined;
    // Not awaited: a source that hangs must not delay the response. Its errors do not matter any more.
    void Promise.resolve(source).then((stopped) => stopped?.return?.()).catch(() => {});
  }

  /**
   * Sends blocks. Resolves when the next blocks may be requested from the source: for chunks, when these have been sent, because the
   * source may reuse their memory. The memory of a group is not reused: the next group is requested when the one before this one has been
   * sent. So the socket always has data; without that, a Buffer was sent at 0.8 times the speed of node:http.
   */
  #send(blocks: readonly Uint8Array[], size: number): Promise<void> | undefined {
    const { length } = this.#body;
    this.#sent += size;
    if (length !== undefined && this.#sent > length) throw new UploadError(`the source supplied more than ${length} bytes`);
    const previous = this.#lastSend;
    const sending = (this.#lastSend = this.#owner.send(blocks, size));
    return 'groups' in this.#body ? previous : sending;
  }

  #endsTurn(size: number): boolean {
    this.#bytesInTurn += size;
    this.#chunksInTurn++;
    if (this.#bytesInTurn < BYTES_PER_TURN && this.#chunksInTurn < CHUNKS_PER_TURN) return false;
    this.#bytesInTurn = this.#chunksInTurn = 0;
    return true;
  }

  /**
   * Returns the source's next blocks, or `undefined` at its end or if the upload was stopped. Only this method opens and reads the
   * source. `stop` may be called during any wait of this class: after it, the source is not read, and its errors are ignored.
   */
  async #nextBlocks(): Promise<readonly Uint8Array[] | undefined> {
    if (this.#stopped) return undefined;
    this.#setWaitingForSource(true);
    try {
      const body = this.#body;
      this.#source ??= ('groups' in body ? body.groups : body.chunks)[Symbol.asyncIterator]();
      const next = await this.#source.next();
      if (next.done === true || this.#stopped) return undefined;
      return ('groups' in body ? (next.value as readonly unknown[]) : [next.value]).map(checkBlock);
    } catch (cause) {
      if (this.#stopped) return undefined;
      if (cause instanceof LongshoreError) throw cause; // of our own packer or file reader
      throw new UploadError(`the source of the content failed: ${String(cause)}`, { cause });
    } finally {
      this.#setWaitingForSource(false);
    }
  }

  #setWaitingForSource(waiting: boolean): void {
    if (this.#waitingForSource === waiting) return;
    this.#waitingForSource = waiting;
    this.#owner.setWaitingForSource(waiting);
  }
}

function checkBlock(block: unknown): Uint8Array {
  if (block instanceof Uint8Array) {
    if (block.length === 0 && isDetached(block)) throw new UploadError('the source supplied bytes whose memory was transferred');
    return block;
  }
  throw new UploadError(`the source supplied ${block === null ? 'null' : `a ${typeof block}`} instead of bytes`);
}
