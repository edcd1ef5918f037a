// One request and its answer over one channel, full duplex: the content of the request is written *while* the answer is
// read, because engines refuse an upload in its middle and reset. Then the answer wins over the failed write.

import { ConnectError, LongshoreError, TimeoutError, UploadError } from '../errors.ts';
import { CHUNK_END, LAST_CHUNK, encodeChunkSize, encodeRequestHead } from '../http/request.ts';
import type { Framing } from '../http/framing.ts';
import { ResponseParser } from '../http/response.ts';
import type { ResponseEvent } from '../http/response.ts';
import type { Channel } from './channel.ts';
import type { AnswerReader, ContentSink, RequestBody, WireRequest } from './wire.ts';

/** Bytes sent after which reading gets a turn: local writes finish at once and would starve it. */
const BYTES_PER_TURN = 256 * 1024;
/** Chunks after which it gets one however small they are: a source of empty ones would starve the whole process. */
const CHUNKS_PER_TURN = 256;
/** What a timer of Node's can wait at most, in milliseconds: 24 days. */
export const LONGEST_TIMEOUT_MS: number = 2 ** 31 - 1;

type StreamedBody = Extract<RequestBody, { chunks: unknown }>;

/** One exchange; `done` settles exactly once, whatever happens. */
export class Exchange {
  /** Resolves with whether the connection may carry another exchange. */
  readonly done: Promise<boolean>;
  #resolve!: (reusable: boolean) => void;
  #reject!: (error: unknown) => void;
  #settled = false;
  readonly #channel: Channel;
  readonly #request: WireRequest;
  readonly #reader: AnswerReader;
  readonly #parser: ResponseParser;
  /** Set by the final head, both. */
  #framing: Framing | undefined;
  #sink: ContentSink | undefined;
  /** Our side is not ready for more: a promise of the sink is pending. */
  #waiting = false;
  /** Our side has nothing to send yet: a promise of the source is pending. */
  #sourcing = false;
  /** The channel's end or fault, to be judged when everything before it has been handed on. */
  #over: { error: Error | undefined } | undefined;
  #requestSent = false;
  #source: AsyncIterator<Uint8Array> | undefined;
  #uploadStopped = false;
  #headTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(channel: Channel, request: WireRequest, reader: AnswerReader) {
    this.#channel = channel;
    this.#request = request;
    this.#reader = reader;
    this.#parser = new ResponseParser(request.method);
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Sends the request; `done` rejects with an `ArgumentError`, before any byte, for a head that cannot be sent. */
  start(): void {
    this.#guard(() => this.#send());
  }

  #send(): void {
    const { body, method, target, fields, signal } = this.#request;
    const head = encodeRequestHead({ method, target, fields: [...fields, ...framingFields(method, body)] });
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#watchIdleness();
    if (body === undefined || ('bytes' in body && body.bytes.length <= BYTES_PER_TURN)) {
      void this.#write(body === undefined ? [head] : [head, body.bytes]);
      this.#requestIsSent();
    } else {
      void this.#write([head]);
      this.#upload('bytes' in body ? inParts(body.bytes) : body).catch((error: unknown) => this.fail(error));
    }
  }

  #write(blocks: readonly Uint8Array[]): Promise<void> {
    const { notes } = this.#request;
    if (notes !== undefined) for (const block of blocks) notes.bytesSent += block.length;
    return this.#channel.write(blocks);
  }

  /** The sink's memory for the next read, where it offers one and nothing of the last read is in use. */
  memory(): Uint8Array | undefined {
    return this.#waiting || this.#settled ? undefined : this.#sink?.memory?.();
  }

  /** True while the bytes of the last read may still be looked at. */
  get borrowing(): boolean {
    return this.#waiting;
  }

  /** True once content goes to a sink that may take its time. */
  get mayPause(): boolean {
    return this.#sink !== undefined && this.#sink.synchronous !== true;
  }

  /** True once `done` is decided, though those who wait for it may not have heard yet. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The bytes of one read; false asks for a pause. */
  received(bytes: Uint8Array): boolean {
    this.#idleTimer?.refresh();
    if (this.#request.notes !== undefined) this.#request.notes.bytesReceived += bytes.length;
    this.#parser.receive(bytes);
    return this.#pump();
  }

  /** The channel has ended (no error) or is broken. */
  over(error: Error | undefined): void {
    this.#over ??= { error };
    if (!this.#waiting) this.#pump();
  }

  /** Ends the exchange with an error. The channel is destroyed by whoever awaits `done`. */
  fail(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  /** Moves what a read brought behind the head into memory that only this exchange uses. */
  moveUnread(memory: Uint8Array): void {
    this.#parser.moveUnread(memory);
  }

  /** Hands on all that has come. False: not ready for more. */
  #pump(): boolean {
    try {
      for (let event; (event = this.#parser.next()) !== undefined; ) {
        if (event.type === 'end') return this.#finish(event.reusable);
        const wait = this.#handle(event);
        if (this.#settled) return false;
        if (wait !== undefined) return this.#after(wait, () => this.#pump());
      }
      return this.#after(this.#sink?.flush?.(), () => this.#judgeOver());
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** What a sink throws ends the exchange, never the process. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.fail(error);
    }
  }

  #handle(event: Exclude<ResponseEvent, { type: 'end' }>): void | Promise<void> {
    if (event.type === 'content') return this.#sink?.write(event.bytes);
    if (event.type === 'interim') return undefined;
    clearTimeout(this.#headTimer);
    // The engine has decided: sending the rest of a refused upload would only delay its reason (RFC 9112 §9.5).
    if (event.head.status >= 400) this.#stopUpload();
    this.#framing = event.head.framing;
    this.#sink = this.#reader(event.head);
    return undefined;
  }

  /** Goes on now, or when the sink is ready again; meanwhile the channel is paused. */
  #after(wait: void | Promise<void>, next: () => boolean): boolean {
    if (wait === undefined) return next();
    this.#waiting = true;
    this.#watchIdleness();
    wait.then(
      () => {
        this.#waiting = false;
        if (this.#settled) return;
        this.#watchIdleness();
        this.#guard(() => next() && this.#channel.resume());
      },
      (error: unknown) => this.fail(error),
    );
    return false;
  }

  /** Everything that came has been handed on: if no more will come, was that the end? */
  #judgeOver(): boolean {
    if (this.#over === undefined) return true;
    const { error } = this.#over;
    if (error instanceof ConnectError) {
      this.fail(error); // the channel knows why, and a failed write or a count of bytes would only hide it
      return false;
    }
    // A reset is never a clean end, not even of content that the end of the connection delimits. And a reset is told
    // once: where a write has met it, reading just sees an end.
    const swallowed = this.#framing?.kind === 'until-close' ? this.#channel.writeError : undefined;
    const fault = error === undefined ? swallowed : (this.#channel.writeError ?? error);
    if (fault !== undefined) {
      this.fail(this.#parser.cutShort(fault));
      return false;
    }
    this.#over = undefined;
    this.#parser.end();
    return this.#pump();
  }

  #finish(reusable: boolean): boolean {
    const clean = reusable && this.#requestSent && this.#channel.writeError === undefined && this.#over === undefined;
    return this.#after(this.#sink?.flush?.(), () => {
      this.#sink?.end?.();
      if (this.#settle()) this.#resolve(clean);
      return true;
    });
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#headTimer);
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.#stopUpload();
    return true;
  }

  readonly #onAbort = (): void => this.fail(this.#request.signal?.reason);

  /** Begins to wait anew; not while this side makes the engine wait, by reading or by sending: that is not its idleness. */
  #watchIdleness(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined; // or `refresh()` would bring it back to life
    const limitMs = this.#request.timeouts.idleMs;
    if (limitMs === undefined || this.#settled || this.#waiting || this.#sourcing) return;
    this.#idleTimer = setTimeout(() => {
      const what = this.#requestSent ? 'sent nothing' : 'took nothing and sent nothing';
      this.fail(new TimeoutError(`the engine ${what} for ${limitMs} ms`, { limit: 'idle', limitMs }));
    }, limitMs);
  }

  #requestIsSent(): void {
    this.#requestSent = true;
    const { headMs, connectMs = LONGEST_TIMEOUT_MS } = this.#request.timeouts;
    if (headMs === undefined || this.#sink !== undefined || this.#settled) return;
    // Where the connection is still in the making, its limit comes first; ssh keeps that one, and says more than we.
    const limitMs = Math.min(headMs + (this.#channel.connecting === true ? connectMs : 0), LONGEST_TIMEOUT_MS);
    // One timer for the whole head: neither a byte now and then nor interim answers extend it.
    this.#headTimer = setTimeout(() => {
      this.fail(new TimeoutError(`no answer within ${limitMs} ms`, { limit: 'head', limitMs }));
    }, limitMs);
  }

  async #upload({ chunks, length }: StreamedBody): Promise<void> {
    let sent = 0;
    let [bytesInTurn, chunksInTurn] = [0, 0];
    for (;;) {
      const chunk = await this.#nextChunk(chunks);
      if (this.#uploadStopped) return;
      if (chunk === undefined) break;
      sent += chunk.length;
      if (length !== undefined && sent > length) throw new UploadError(`the source gave more than its ${length} bytes`);
      if (chunk.length > 0) {
        // A chunk of no bytes would be the last chunk.
        await this.#write(length === undefined ? [encodeChunkSize(chunk.length), chunk, CHUNK_END] : [chunk]);
      }
      if (this.#channel.writeError !== undefined) this.#stopUpload(); // the receiving side tells why
      if (this.#uploadStopped) return;
      bytesInTurn += chunk.length;
      if (bytesInTurn < BYTES_PER_TURN && ++chunksInTurn < CHUNKS_PER_TURN) continue;
      [bytesInTurn, chunksInTurn] = [0, 0];
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#source = undefined; // at its end: there is nothing to be stopped any more
    if (length !== undefined && sent < length) throw new UploadError(`the source ended after ${sent} of ${length} bytes`);
    if (length === undefined) await this.#write([LAST_CHUNK]);
    if (!this.#settled) this.#requestIsSent();
  }

  /** The source's next chunk, or undefined at its end. What it does after it was told to stop is not listened to. */
  async #nextChunk(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
    this.#sourcing = true;
    this.#watchIdleness();
    try {
      this.#source ??= chunks[Symbol.asyncIterator]();
      const next = await this.#source.next();
      return next.done === true ? undefined : checkChunk(next.value);
    } catch (cause) {
      if (this.#uploadStopped) return undefined;
      throw sourceFailed(cause);
    } finally {
      if (this.#sourcing) {
        this.#sourcing = false;
        this.#watchIdleness();
      }
    }
  }

  #stopUpload(): void {
    this.#uploadStopped = true;
    this.#sourcing = false; // whatever it still does
    this.#watchIdleness();
    const source = this.#source;
    this.#source = undefined;
    // Nobody waits for this: a source that hangs must not hold up the answer; its complaints have no reader left.
    void Promise.resolve(source)
      .then((stopped) => stopped?.return?.())
      .catch(() => {});
  }
}

/** RFC 9112 §6: exactly one of Content-Length and Transfer-Encoding where there is content to be sent. */
function framingFields(method: string, body: RequestBody | undefined): Array<readonly [string, string]> {
  if (body === undefined) return method === 'GET' || method === 'HEAD' ? [] : [['Content-Length', '0']];
  const length = 'bytes' in body ? body.bytes.length : body.length;
  return [length === undefined ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)]];
}

/** Large bytes as a source: the limits of time then know how far they have got, and a refusal stops them. */
function inParts(bytes: Uint8Array): StreamedBody {
  async function* parts(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += BYTES_PER_TURN) yield bytes.subarray(at, at + BYTES_PER_TURN);
  }
  return { chunks: parts(), length: bytes.length };
}

function sourceFailed(cause: unknown): unknown {
  if (cause instanceof LongshoreError) return cause; // our own packer and file reader say it better
  return new UploadError(`the source of the bytes to be sent failed: ${String(cause)}`, { cause });
}

function checkChunk(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new UploadError(`the source gave ${chunk === null ? 'null' : `a ${typeof chunk}`} where bytes are needed`);
}
