// The stream that `pull`, `push`, `loadImage` and `importImage` return: await it for the result, or iterate it for the events.
// The request is sent then, and the stream can be read once.

import { copyOf } from '../bytes.ts';
import type { ResponseReader, ContentSink } from '../connection/transport.ts';
import { inStreamError } from '../api/api-error.ts';
import type { RequestSummary } from '../api/api-error.ts';
import { JsonValueDecoder } from '../api/progress/json-stream.ts';
import { progressEvent } from '../api/progress/progress-events.ts';
import type { ProgressEvent, UploadEvent } from '../api/progress/progress-events.ts';
import { StreamLimit } from '../api/progress/stream-limit.ts';
import { ArgumentError } from '../errors.ts';
import { produceInto } from '../async/async-queue.ts';
import type { AsyncQueue } from '../async/async-queue.ts';
import { FUNCTION, check } from '../kinds.ts';
import { withAnySignal } from '../async/abort.ts';
import type { Warn } from '../connection/diagnostics.ts';

/** Makes a call whose response goes to `reader`. `onUpload` is called while the body of the request is sent. */
export type SendCall = (reader: ResponseReader, signal: AbortSignal | undefined, onUpload?: OnUpload) => Promise<void>;

/** Receives an upload event; `isLast` marks the last one. */
export type OnUpload = (event: UploadEvent, isLast: boolean) => void;

/**
 * Makes the single call of an operation and passes each event to `take`. Resolves with the number of bytes received when the stream
 * has ended properly, which does not mean that the operation has finished.
 */
export type Send = (take: Take) => Promise<number>;
type Take = (event: ProgressEvent) => void;

/** Passes an event that the client itself makes to the loop over the stream. One that is not the last one may be dropped. */
export type Emit = (event: ProgressEvent, isLast: boolean) => void;

/** Runs an operation: queries, the call itself, then more queries. Resolves with the result; rejects if it did not finish. */
export type Operation<Result> = (send: Send, signal: AbortSignal | undefined, emit: Emit) => Promise<Result>;

/**
 * A running operation: `await stream` runs it to its end and gives the result. `for await (const event of stream)` gives each
 * event, and then `stream.result()` gives the result.
 *
 * Rejects with the error that the engine reports inside the stream, and with a `TruncatedError` if the stream ends before the
 * engine has reported success. Reading a stream twice causes an `ArgumentError`.
 */
export class ProgressStream<Result> implements AsyncIterable<ProgressEvent>, Promise<Result> {
  readonly [Symbol.toStringTag]: string = 'ProgressStream';
  readonly #start: SendCall;
  readonly #operate: Operation<Result>;
  readonly #warn: Warn;
  readonly #signal: AbortSignal | undefined;
  #run: Promise<Result> | undefined;
  #isAwaited = false;

  constructor(start: SendCall, operate: Operation<Result>, warn: Warn = () => {}, signal?: AbortSignal) {
    check(start, FUNCTION, 'ProgressStream', 'start');
    check(operate, FUNCTION, 'ProgressStream', 'operate');
    check(warn, FUNCTION, 'ProgressStream', 'warn');
    this.#start = start;
    this.#operate = operate;
    this.#warn = warn;
    this.#signal = signal;
  }

  /** Runs the operation to its end, as `await` does. */
  then<Value = Result, Other = never>(
    onResult?: ((result: Result) => Value | PromiseLike<Value>) | null,
    onError?: ((error: unknown) => Other | PromiseLike<Other>) | null,
  ): Promise<Value | Other> {
    const run = this.#isAwaited ? (this.#run as Promise<Result>) : this.#begin({}, new AbortController().signal);
    this.#isAwaited = true;
    return run.then(onResult, onError);
  }

  /** Runs the operation to its end, as `then` does. */
  catch<Other = never>(onError?: ((error: unknown) => Other | PromiseLike<Other>) | null): Promise<Result | Other> {
    return this.then(undefined, onError);
  }

  /** Runs the operation to its end, as `then` does. */
  finally(onSettled?: (() => void) | null): Promise<Result> {
    return this.then().finally(onSettled);
  }

  /** Runs the operation and yields its events. Leaving the loop early closes the connection, and so stops the engine. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ProgressEvent> {
    return this.#iterate((events) => ({
      event: (event) => events.push(event),
      // A slow loop gets the latest count instead of a queue of old ones.
      upload: (event, isLast) => void ((isLast || events.isEmpty) && events.push(event)),
      flush: () => events.drained(),
    }));
  }

  /** Returns the result of an operation that has been iterated to its end; rejects if the loop was left early. */
  async result(): Promise<Result> {
    if (this.#run === undefined) throw new ArgumentError('result() is for after iterating; to run it, await the stream');
    return this.#run;
  }

  /** Runs the operation and yields the unchanged bytes of the response. Throws the same errors as iterating the events. */
  bytes(): AsyncIterableIterator<Uint8Array> {
    return this.#iterate((chunks) => ({ bytes: (view) => chunks.push(copyOf(view)), flush: () => chunks.drained() }));
  }

  #iterate<Item>(listenerOf: (items: AsyncQueue<Item>) => Listener): AsyncQueue<Item> {
    this.#assertUnread();
    const leftEarly = (): Error => new ArgumentError('the stream was not read to its end');
    return produceInto(undefined, leftEarly, (items: AsyncQueue<Item>, left) => this.#begin(listenerOf(items), left));
  }

  #begin(listener: Listener, left: AbortSignal): Promise<Result> {
    this.#assertUnread();
    const { upload: emit = () => {} } = listener;
    const operate = (signal: AbortSignal): Promise<Result> => this.#operate((take) => this.#send(take, listener, signal), signal, emit);
    return (this.#run = withAnySignal(this.#signal, left, operate));
  }

  #assertUnread(): void {
    if (this.#run !== undefined) throw new ArgumentError('this stream has been read already; call the method again');
  }

  async #send(take: Take, listener: Listener, signal: AbortSignal): Promise<number> {
    let received = 0;
    const bytes = (view: Uint8Array): void => {
      received += view.length;
      listener.bytes?.(view);
    };
    const reader: ResponseReader = (_, { summary }) => decodingSink(summary, take, { ...listener, bytes }, this.#warn);
    await this.#start(reader, signal, listener.upload);
    return received;
  }
}

interface Listener {
  event?(event: ProgressEvent): void;
  readonly upload?: Emit;
  bytes?(view: Uint8Array): void;
  flush?(): Promise<void> | undefined;
}

/** Decodes events, throws the errors among them, and passes the others to `take` and to the listener. */
function decodingSink(request: RequestSummary, take: Take, listener: Listener, warn: Warn): ContentSink {
  const decoder = new JsonValueDecoder();
  const limit = new StreamLimit();
  return {
    synchronous: true,
    write(view) {
      listener.bytes?.(view);
      decoder.push(view);
      for (let value; (value = decoder.next()) !== undefined; ) {
        const error = inStreamError(request, value);
        if (error !== undefined) throw error;
        const event = progressEvent(value);
        if (event === undefined) continue;
        if (event.type === 'warning') warn({ kind: 'engine', subject: request.address, message: event.text });
        if (limit.admits(event)) take(event);
        listener.event?.(event);
      }
    },
    flush: () => listener.flush?.(),
    end() {
      decoder.end();
      const ending = limit.ending();
      if (ending !== undefined) take(ending);
    },
  };
}
