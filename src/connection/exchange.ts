// One exchange: a request and its response over one channel. The content of the request is sent while the response is read,
// because engines may reject an upload before it ends.
//
// If the connection breaks during an upload:
//
//  1. A write fails. The channel keeps the error as `writeError` (system/net/tolerant-writes.ts; over ssh, ssh-dialer.ts), and the upload sends no further
//     block (upload.ts). Reading goes on, because the engine may have sent its reason before it closed the connection.
//  2. If a complete response arrives, the call ends with this response. The connection is closed.
//  3. If the response is incomplete when the channel ends or breaks, the exchange fails with a `TruncatedError`, whose phase is `head`
//     or `content`. Its cause is the write error if there is one: the system reports a reset only once, so after a write that failed
//     with it, the next read just ends. If the head belongs to an error response, client/engine.ts rejects with an `ApiError` instead.
//  4. The request is not sent again. After a broken connection, only a GET or HEAD without content is repeated (connection-pool.ts).
//
// If no connection was made: over ssh, and over TLS with a client certificate, this may become known only after the request was
// sent. The channel then ends with a `ConnectError`, and the exchange fails with this error.
//
// If the engine refuses the upload: a response with a status of 400 or above stops the upload at once, even if no write has failed
// (RFC 9112 section 9.5). A 2xx does not, even with `Connection: close`, because engines respond to a load while they read it.
//
// If the source of the upload fails: the exchange fails with its error. The last chunk is never sent then, and the connection is
// closed, so the engine cannot mistake a part of the content for all of it.

import { ConnectError } from '../errors.ts';
import { CHUNK_END, LAST_CHUNK, encodeChunkSize, encodeRequestHead } from '../http/request-encoder.ts';
import { ResponseParser } from '../http/response-parser.ts';
import type { ResponseEvent } from '../http/response-parser.ts';
import type { Channel } from './channel.ts';
import type { RepeatedDeadline } from './deadline.ts';
import type { EngineRequest } from './engine-request.ts';
import { ExchangeOutcome } from './exchange-outcome.ts';
import { countSent } from './transport.ts';
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
  #sink: ContentSink | undefined;
  /** A promise of the sink is pending: the channel is paused, and the sink still uses the bytes of the last read. */
  #sinkPending = false;
  /** The end or the error of the channel, until all bytes that came before it have been handled. */
  #pendingEnd: { readonly error: Error | undefined } | undefined;
  #requestSent = false;
  #upload: Upload | undefined;

  /** @param privateMemory returns read memory that only this connection uses */
  constructor(channel: Channel, request: EngineRequest, reader: ResponseReader, headTimeout: RepeatedDeadline, privateMemory: () => Uint8Array) {
    this.#channel = channel;
    this.#request = request;
    this.#reader = reader;
    this.#privateMemory = privateMemory;
    this.#parser = new ResponseParser(request.method);
    this.outcome = new ExchangeOutcome(request, () => this.#upload?.stop(), headTimeout);
  }

  /** Sends the request. If its head cannot be encoded, nothing is sent, and the outcome is an `ArgumentError`. */
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
    this.#request.stats.bytesReceived += bytes.length;
    this.#parser.receive(bytes);
    return this.#deliver();
  }

  /** The channel has ended, or it broke if there is an error. */
  onClose(error: Error | undefined): void {
    this.#pendingEnd ??= { error };
    if (!this.#sinkPending) this.#deliver();
  }

  /** The sink's own memory for the next read, if it offers some and has finished with the last read. */
  memory(): Uint8Array | undefined {
    return this.#sinkPending || this.outcome.settled ? undefined : this.#sink?.memory?.();
  }

  /** Whether the sink still uses the bytes of the last read. */
  get borrowing(): boolean {
    return this.#sinkPending;
  }

  /** Whether the sink is asynchronous: it may use the bytes of a read after `write` has returned, until its promise settles. */
  get mayBorrow(): boolean {
    return this.#sink !== undefined && this.#sink.synchronous !== true;
  }

  #send(): void {
    const { body, method, target, fields, timeouts } = this.#request;
    const framing = framingFields(method, body);
    const head = encodeRequestHead({ method, target, fields: framing.length === 0 ? fields : [...fields, ...framing] });
    this.outcome.start();
    const content = body && splitBytes(body, timeouts);
    if (content === undefined || 'bytes' in content) {
      void this.#write(content === undefined ? [head] : [head, content.bytes]);
      content?.onSent?.(content.bytes.length, true);
      this.#afterRequest();
    } else {
      void this.#write([head]);
      this.#sendStream(content).catch((error: unknown) => this.outcome.fail(error));
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
      setWaitingForSource: (waiting) => this.outcome.setWaitingForSource(waiting),
    });
    if (!(await this.#upload.run())) return;
    if (chunked) await this.#write([LAST_CHUNK]);
    this.#afterRequest();
  }

  #afterRequest(): void {
    this.#requestSent = true;
    if (this.#sink === undefined) this.outcome.awaitHead(this.#channel);
  }

  /**
   * Gives all events of the received bytes to the sink. After the last byte, handles the end of the channel, which may give further
   * events: then it is called once more. `false` pauses the channel.
   */
  #deliver(): boolean {
    try {
      for (let event; (event = this.#parser.next()) !== undefined; ) {
        if (event.type === 'end') return this.#finish(event.reusable);
        const pending = this.#handle(event);
        if (this.outcome.settled) return false;
        if (pending !== undefined) return this.#pauseFor(pending, () => this.#deliver());
      }
      const pending = this.#sink?.flush?.();
      return pending === undefined ? this.#handleEnd() : this.#pauseFor(pending, () => this.#handleEnd());
    } catch (error) {
      return this.#fail(error); // of the parser or of the sink
    }
  }

  #handle(event: Exclude<ResponseEvent, { type: 'end' }>): void | Promise<void> {
    if (event.type === 'content') return this.#sink?.write(event.bytes);
    if (event.type === 'interim') return undefined;
    if (event.head.status >= 400) this.#upload?.stop();
    this.#sink = this.#reader(event.head, this.#request);
    // The bytes of this read are in memory that other connections use, too. An asynchronous sink keeps them for longer than its
    // `write`, so the unread rest is copied to memory of this connection first.
    if (this.mayBorrow) this.#parser.moveUnread(this.#privateMemory());
    this.outcome.onHead(this.#sink.withinMs);
    return undefined;
  }

  /** Pauses the channel until the sink is ready, and then goes on with `next`. */
  #pauseFor(pending: Promise<void>, next: () => boolean): false {
    this.#sinkPending = true;
    this.outcome.setWaitingForReader(true);
    const resume = (): void => {
      this.#sinkPending = false;
      if (this.outcome.settled) return;
      this.outcome.setWaitingForReader(false);
      if (next()) this.#channel.resume();
    };
    pending.then(resume).catch((error: unknown) => this.outcome.fail(error));
    return false;
  }

  /**
   * Called when the parser has read all bytes that have arrived, and the response is not complete. Returns `true` if the channel is
   * open: reading goes on. Otherwise ends the exchange. Of these errors, the one that is named first counts: no connection was made,
   * a write failed, the channel broke, the response is truncated.
   */
  #handleEnd(): boolean {
    if (this.#pendingEnd === undefined) return true;
    if (this.outcome.settled) return false;
    const { error } = this.#pendingEnd;
    if (error instanceof ConnectError) return this.#fail(error);
    const fault = this.#channel.writeError ?? error;
    // A channel that broke is never a clean end, not even for `until-close` content.
    if (fault !== undefined) return this.#fail(this.#parser.truncatedError(fault));
    this.#pendingEnd = undefined; // handled: `#deliver` must not call this method again
    this.#parser.end();
    return this.#deliver(); // the end of `until-close` content, or a `TruncatedError`
  }

  #fail(error: unknown): false {
    this.outcome.fail(error);
    return false;
  }

  /**
   * Called at the end of the response: lets the sink finish, and then ends the exchange. Returns `true`, because the channel is not
   * paused any more; if it must not be reused, its connection closes it.
   */
  #finish(reusable: boolean): boolean {
    this.#request.stats.trailingBytes = this.#parser.unread().length;
    const clean = reusable && this.#requestSent && this.#channel.writeError === undefined && this.#pendingEnd === undefined;
    const pending = this.#sink?.flush?.();
    return pending === undefined ? this.#complete(clean) : this.#pauseFor(pending, () => this.#complete(clean));
  }

  #complete(clean: boolean): true {
    this.#sink?.end?.();
    this.outcome.succeed(clean);
    return true;
  }
}
