// One exchange: a request and its response over one channel. The content of the request is sent while the response is read,
// because engines may reject an upload before it ends. If the connection breaks during an upload:
//
//  1. A write fails. The channel keeps the error as `writeError` (system/net/tolerant-writes.ts), the upload stops before its next
//     block (upload.ts), and reading goes on: the engine may have sent its reason before it closed the connection.
//  2. If a complete response arrives, the reader gets it, the call gets its status, and the connection is closed.
//  3. If it is not complete when the channel ends or breaks, the exchange fails with a `TruncatedError` whose cause is the write
//     error. (The system reports a reset only once: if the write got it, the read sees only an end.) Its phase is `head` if the
//     head was not complete. The request is not sent again: connection-pool.ts repeats only requests without content.
//  4. If the channel knows why no connection was made (ssh; TLS, if the engine refuses the client certificate), the exchange fails
//     with that `ConnectError` instead.
//  5. A response with a status of 400 or above stops the upload at once, even if no write has failed (RFC 9112 section 9.5). A
//     2xx does not, even with `Connection: close`: engines respond to a load while they read it.
//  6. If the source fails first, the exchange fails with its error. The last chunk is never sent then, and the connection is
//     closed, so the engine cannot mistake a part of the content for all of it.

import { ConnectError } from '../errors.ts';
import { CHUNK_END, LAST_CHUNK, encodeChunkSize, encodeRequestHead } from '../http/request-encoder.ts';
import { ResponseParser } from '../http/response-parser.ts';
import type { ResponseEvent } from '../http/response-parser.ts';
import type { Channel } from './channel.ts';
import type { EngineRequest } from './engine-request.ts';
import { ExchangeOutcome } from './exchange-outcome.ts';
import { countReceived, countSent } from './transport.ts';
import type { ResponseReader, ContentSink } from './transport.ts';
import { Upload, framingFields, splitBytes } from './upload.ts';
import type { StreamedBody } from './upload.ts';

/** One exchange. */
export class Exchange {
  readonly outcome: ExchangeOutcome;
  readonly #channel: Channel;
  readonly #request: EngineRequest;
  readonly #reader: ResponseReader;
  readonly #privateMemory: () => Uint8Array;
  readonly #parser: ResponseParser;
  /** Set by the head of the final response. */
  #sink: ContentSink | undefined;
  /** A promise of the sink is pending, and the channel is paused. */
  #waiting = false;
  /** The end or the error of the channel. It is handled after all data that came before it. */
  #closed: { readonly error: Error | undefined } | undefined;
  #requestSent = false;
  #upload: Upload | undefined;

  /** @param privateMemory returns read memory that only this connection uses */
  constructor(channel: Channel, request: EngineRequest, reader: ResponseReader, privateMemory: () => Uint8Array) {
    this.#channel = channel;
    this.#request = request;
    this.#reader = reader;
    this.#privateMemory = privateMemory;
    this.#parser = new ResponseParser(request.method);
    this.outcome = new ExchangeOutcome(request, () => this.#upload?.stop());
  }

  /** Sends the request. Fails with an `ArgumentError`, before any byte is sent, for a head that cannot be encoded. */
  start(): void {
    try {
      this.#send();
    } catch (error) {
      this.outcome.fail(error);
    }
  }

  /** Receives the bytes of one read; `false` pauses the channel. */
  onData(bytes: Uint8Array): boolean {
    this.outcome.onData();
    countReceived(this.#request.stats, bytes);
    this.#parser.receive(bytes);
    return this.#deliver();
  }

  /** The channel has ended, or it broke if there is an error. */
  onClose(error: Error | undefined): void {
    this.#closed ??= { error };
    if (!this.#waiting) this.#deliver();
  }

  /** The sink's own memory for the next read, if it offers some and has finished with the last read. */
  memory(): Uint8Array | undefined {
    return this.#waiting || this.outcome.settled ? undefined : this.#sink?.memory?.();
  }

  /** Whether the sink has not yet finished with the bytes of the last read. */
  get borrowing(): boolean {
    return this.#waiting;
  }

  /** Whether sinks of this kind may use content after `write` has returned. */
  get mayBorrow(): boolean {
    return this.#sink !== undefined && this.#sink.synchronous !== true;
  }

  #send(): void {
    const { body, method, target, fields, timeouts } = this.#request;
    const head = encodeRequestHead({ method, target, fields: [...fields, ...framingFields(method, body)] });
    this.outcome.start();
    const content = body && splitBytes(body, timeouts);
    if (content === undefined || 'bytes' in content) {
      void this.#write(content === undefined ? [head] : [head, content.bytes]);
      content?.onSent?.(content.bytes.length, true);
      this.#afterRequest();
    } else {
      void this.#write([head]);
      this.#sendStream(content).catch(this.outcome.fail);
    }
  }

  #write(blocks: readonly Uint8Array[]): Promise<void> {
    countSent(this.#request.stats, blocks);
    return this.#channel.write(blocks);
  }

  async #sendStream(body: StreamedBody): Promise<void> {
    const chunked = body.length === undefined;
    this.#upload = new Upload(body, {
      send: (blocks, size) => this.#write(chunked ? [encodeChunkSize(size), ...blocks, CHUNK_END] : blocks),
      writeFailed: () => this.#channel.writeError !== undefined,
      setSourceBusy: (busy) => this.outcome.setSourceBusy(busy),
    });
    if (!(await this.#upload.run())) return;
    if (chunked) await this.#write([LAST_CHUNK]);
    this.#afterRequest();
  }

  #afterRequest(): void {
    this.#requestSent = true;
    if (this.#sink === undefined) this.outcome.awaitHead(this.#channel.connecting === true);
  }

  /** Gives all events of the received bytes to the sink, then handles the end of the channel. `false` pauses the channel. */
  #deliver(): boolean {
    try {
      for (let event; (event = this.#parser.next()) !== undefined; ) {
        if (event.type === 'end') return this.#finish(event.reusable);
        const pending = this.#handle(event);
        if (this.outcome.settled) return false;
        if (pending !== undefined) return this.#pauseFor(pending, () => this.#deliver());
      }
      const pending = this.#sink?.flush?.();
      return pending === undefined ? this.#handleClose() : this.#pauseFor(pending, () => this.#handleClose());
    } catch (error) {
      this.outcome.fail(error); // also an error of the sink
      return false;
    }
  }

  #handle(event: Exclude<ResponseEvent, { type: 'end' }>): void | Promise<void> {
    if (event.type === 'content') return this.#sink?.write(event.bytes);
    if (event.type === 'interim') return undefined;
    if (event.head.status >= 400) this.#upload?.stop();
    this.#sink = this.#reader(event.head, this.#request);
    // The rest of this read may lie in memory that other connections read into, and the sink may keep it for longer.
    if (this.mayBorrow) this.#parser.moveUnread(this.#privateMemory());
    this.outcome.onHead(this.#sink.withinMs);
    return undefined;
  }

  /** Pauses the channel until the sink is ready, and then goes on with `next`. */
  #pauseFor(pending: Promise<void>, next: () => boolean): false {
    this.#waiting = true;
    this.outcome.setReaderBusy(true);
    const resume = (): void => {
      this.#waiting = false;
      if (this.outcome.settled) return;
      this.outcome.setReaderBusy(false);
      if (next()) this.#channel.resume();
    };
    pending.then(resume).catch(this.outcome.fail);
    return false;
  }

  /** Called when the parser needs more bytes: returns `true` if the channel is open, else ends the exchange. */
  #handleClose(): boolean {
    if (this.#closed === undefined) return true;
    const { error } = this.#closed;
    // A reset is never a clean end, not even for `until-close` content.
    const fault = this.#channel.writeError ?? error;
    if (error instanceof ConnectError) this.outcome.fail(error);
    else if (fault !== undefined) this.outcome.fail(this.#parser.truncatedError(fault));
    if (this.outcome.settled) return false;
    this.#closed = undefined;
    this.#parser.end();
    return this.#deliver(); // the end of the response, or its `TruncatedError`
  }

  #finish(reusable: boolean): boolean {
    this.#request.stats.trailingBytes = this.#parser.unread().length;
    const clean = reusable && this.#requestSent && this.#channel.writeError === undefined && this.#closed === undefined;
    const complete = (): boolean => {
      this.#sink?.end?.();
      this.outcome.succeed(clean);
      return true;
    };
    const pending = this.#sink?.flush?.();
    return pending === undefined ? complete() : this.#pauseFor(pending, complete);
  }
}
