// One request and its answer over one channel, full duplex: the content of the request is written *while* the answer is
// read, because engines refuse an upload in its middle and reset. Then the answer wins over the failed write.

import { ConnectError } from '../errors.ts';
import { CHUNK_END, LAST_CHUNK, encodeChunkSize, encodeRequestHead } from '../http/request-encoder.ts';
import { ResponseParser } from '../http/response-parser.ts';
import type { ResponseEvent } from '../http/response-parser.ts';
import type { Channel } from './channel.ts';
import { noteReceived, countSent } from './stats.ts';
import { Upload, framingFields, inParts } from './upload.ts';
import type { StreamedBody } from './upload.ts';
import { TimeLimits } from './timeouts.ts';
import type { EngineRequest } from './engine-request.ts';
import type { AnswerReader, ContentSink } from './transport.ts';

/** One exchange; `done` settles exactly once, whatever happens. */
export class Exchange {
  /** Resolves with whether the connection may carry another exchange. */
  readonly done: Promise<boolean>;
  #resolve!: (reusable: boolean) => void;
  #reject!: (error: unknown) => void;
  #settled = false;
  readonly #channel: Channel;
  readonly #request: EngineRequest;
  readonly #reader: AnswerReader;
  readonly #parser: ResponseParser;
  /** Set by the final head. */
  #sink: ContentSink | undefined;
  /** Our side is not ready for more: a promise of the sink is pending. */
  #waiting = false;
  /** The channel's end or fault, to be judged when everything before it has been handed on. */
  #over: { error: Error | undefined } | undefined;
  #requestSent = false;
  #upload: Upload | undefined;
  readonly #limits: TimeLimits;

  constructor(channel: Channel, request: EngineRequest, reader: AnswerReader) {
    this.#channel = channel;
    this.#request = request;
    this.#reader = reader;
    this.#parser = new ResponseParser(request.method);
    this.#limits = new TimeLimits(request.timeouts, (error) => this.fail(error));
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
    const { body, method, target, fields, signal, timeouts } = this.#request;
    const head = encodeRequestHead({ method, target, fields: [...fields, ...framingFields(method, body)] });
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#limits.startIdle();
    const content = body && inParts(body, timeouts);
    if (content === undefined || 'bytes' in content) {
      void this.#write(content === undefined ? [head] : [head, content.bytes]);
      content?.onSent?.(content.bytes.length, true);
      this.#requestIsSent();
    } else {
      void this.#write([head]);
      this.#sendChunks(content).catch((error: unknown) => this.fail(error));
    }
  }

  #write(blocks: readonly Uint8Array[]): Promise<void> {
    countSent(this.#request.notes, blocks);
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
    this.#limits.bytesCame();
    noteReceived(this.#request.notes, bytes);
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
      return this.#after(this.#sink?.flush?.(), () => this.#handleClose());
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
    this.#limits.headCame();
    // The engine has decided: sending the rest of a refused upload would only delay its reason (RFC 9112 §9.5). A 2xx
    // does not stop it, not even with `close`: engines answer a load while they read it, and a proxy may add the word.
    if (event.head.status >= 400) this.#upload?.stop();
    this.#sink = this.#reader(event.head, this.#request);
    this.#limits.contentWithin(this.#sink.withinMs);
    return undefined;
  }

  /** Goes on now, or when the sink is ready again; meanwhile the channel is paused. */
  #after(wait: void | Promise<void>, next: () => boolean): boolean {
    if (wait === undefined) return next();
    this.#waiting = true;
    this.#limits.wait('reading', true);
    wait.then(
      () => {
        this.#waiting = false;
        if (this.#settled) return;
        this.#limits.wait('reading', false);
        this.#guard(() => next() && this.#channel.resume());
      },
      (error: unknown) => this.fail(error),
    );
    return false;
  }

  /** Everything that came has been handed on: if no more will come, was that the end? */
  #handleClose(): boolean {
    if (this.#over === undefined) return true;
    const { error } = this.#over;
    if (error instanceof ConnectError) {
      this.fail(error); // the channel knows why, and a failed write or a count of bytes would only hide it
      return false;
    }
    // A reset is never a clean end, not even of content that the end of the connection delimits. And a reset is told
    // once: where a write has met it, reading just sees an end.
    const fault = this.#channel.writeError ?? error;
    if (fault !== undefined) {
      this.fail(this.#parser.truncatedError(fault));
      return false;
    }
    this.#over = undefined;
    this.#parser.end();
    return this.#pump();
  }

  #finish(reusable: boolean): boolean {
    if (this.#request.notes !== undefined) this.#request.notes.trailingBytes = this.#parser.unread().length;
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
    this.#limits.stop();
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.#upload?.stop();
    return true;
  }

  readonly #onAbort = (): void => this.fail(this.#request.signal?.reason);

  #requestIsSent(): void {
    this.#requestSent = true;
    if (this.#sink === undefined && !this.#settled) this.#limits.awaitHead(this.#channel.connecting === true);
  }

  async #sendChunks(body: StreamedBody): Promise<void> {
    const chunked = body.length === undefined;
    const upload = new Upload(body, {
      sourcing: (waiting) => this.#limits.wait('sending', waiting),
      send: (blocks, size) => this.#write(chunked ? [encodeChunkSize(size), ...blocks, CHUNK_END] : blocks),
      refused: () => this.#channel.writeError !== undefined, // the receiving side tells why
    });
    this.#upload = upload;
    if (!(await upload.run())) return;
    if (chunked) await this.#write([LAST_CHUNK]);
    if (!this.#settled) this.#requestIsSent();
  }
}
