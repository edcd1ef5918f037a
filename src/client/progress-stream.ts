// A call whose answer is progress: iterate it, or await it. Nothing is sent before that, and either is done once.

import { copyOf } from '../bytes.ts';
import type { AnswerReader, ContentSink } from '../connection/transport.ts';
import { inStreamError } from '../api/api-error.ts';
import type { Asked } from '../api/api-error.ts';
import { JsonValueDecoder } from '../api/progress/json-stream.ts';
import { progressEvent } from '../api/progress/progress-events.ts';
import type { ProgressEvent, UploadEvent } from '../api/progress/progress-events.ts';
import { StreamLimit } from '../api/progress/stream-limit.ts';
import { ArgumentError } from '../errors.ts';
import { AsyncQueue } from '../async/async-queue.ts';
import { FUNCTION, check } from '../kinds.ts';
import { withAnySignal } from '../async/abort.ts';
import type { Warn } from '../connection/warnings.ts';

/**
 * Makes the call with that reader of its answer; `left` is aborted when nobody wants to know, or its caller's signal is.
 * `onUpload`, if given, is called with how much of the content has been sent.
 */
export type SendCall = (reader: AnswerReader, left: AbortSignal, onUpload?: OnUpload) => Promise<void>;

/** Takes an upload event; `done` marks the last one. */
export type OnUpload = (event: UploadEvent, done: boolean) => void;

/**
 * Makes the one call of an operation: each event goes to `take`, and it resolves with the bytes received once the stream
 * has ended in good order, which does not say that the operation has finished.
 */
export type Send = (take: Take) => Promise<number>;

/** Takes what is kept of a stream's events. */
export type Take = (event: ProgressEvent) => void;

/** An operation on a stream: it asks what must be known before, sends, and says what came of it or that it did not finish. */
export type Operation<Result> = (send: Send, left: AbortSignal) => Promise<Result>;

/**
 * What pull, push, load and import give.
 *
 * `await stream` runs it to its end and gives the result; `for await (const event of stream)` gives each event, and
 * afterwards `stream.result()` the result. An error that the engine reports inside the stream is thrown.
 */
export class ProgressStream<Result> implements AsyncIterable<ProgressEvent>, Promise<Result> {
  readonly [Symbol.toStringTag]: string = 'ProgressStream';
  readonly #start: SendCall;
  readonly #operate: Operation<Result>;
  readonly #warn: Warn;
  readonly #signal: AbortSignal | undefined;
  /** The whole run, once begun. */
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

  /** Runs it to its end. */
  then<Value = Result, Other = never>(
    onResult?: ((result: Result) => Value | PromiseLike<Value>) | null,
    onError?: ((error: unknown) => Other | PromiseLike<Other>) | null,
  ): Promise<Value | Other> {
    const run = this.#isAwaited ? (this.#run as Promise<Result>) : this.#consume({}, new AbortController().signal);
    this.#isAwaited = true;
    return run.then(onResult, onError);
  }

  /** Runs it to its end, as `then` does. */
  catch<Other = never>(onError?: ((error: unknown) => Other | PromiseLike<Other>) | null): Promise<Result | Other> {
    return this.then(undefined, onError);
  }

  /** Runs it to its end, as `then` does. */
  finally(onSettled?: (() => void) | null): Promise<Result> {
    return this.then().finally(onSettled);
  }

  /** Each event as it comes; leaving the loop early makes the engine stop. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ProgressEvent> {
    return this.#handOver((events) => ({
      event: (event) => events.push(event),
      // A slow loop gets the latest count, not a queue of old ones.
      upload: (event, done) => void ((done || events.isEmpty) && events.push(event)),
      flush: () => events.drained(),
    }));
  }

  /** What came of it, once it has been iterated to its end; rejects after a `break`. */
  async result(): Promise<Result> {
    if (this.#run === undefined) throw new ArgumentError('result() is for after iterating; to run it, await the stream');
    return this.#run;
  }

  /** What the engine sends, undecoded; an error that it reports inside is thrown all the same. */
  bytes(): AsyncIterableIterator<Uint8Array> {
    return this.#handOver((chunks) => ({ bytes: (view) => chunks.push(copyOf(view)), flush: () => chunks.drained() }));
  }

  #handOver<Item>(tap: (items: AsyncQueue<Item>) => Listener): AsyncQueue<Item> {
    const left = new AbortController();
    const items = new AsyncQueue<Item>(() => left.abort(new ArgumentError('the stream was not read to its end')));
    this.#consume(tap(items), left.signal).then(
      () => items.end(),
      (error: unknown) => items.fail(error),
    );
    return items;
  }

  #consume(tap: Listener, left: AbortSignal): Promise<Result> {
    if (this.#run !== undefined) throw new ArgumentError('this stream has been read already; call the method again');
    return (this.#run = withAnySignal(this.#signal, left, (either) => this.#operate((take) => this.#send(take, tap, either), either)));
  }

  async #send(take: Take, tap: Listener, left: AbortSignal): Promise<number> {
    let received = 0;
    const bytes = (view: Uint8Array): void => {
      received += view.length;
      tap.bytes?.(view);
    };
    await this.#start((_, request) => decodingSink(request.summary, take, { ...tap, bytes }, this.#warn), left, tap.upload);
    return received;
  }
}

/** Who listens in, and to what. */
interface Listener {
  event?(event: ProgressEvent): void;
  readonly upload?: OnUpload;
  bytes?(view: Uint8Array): void;
  flush?(): Promise<void> | undefined;
}

function decodingSink(asked: Asked, take: Take, tap: Listener, warn: Warn): ContentSink {
  const decoder = new JsonValueDecoder();
  const limit = new StreamLimit();
  return {
    synchronous: true,
    write(view) {
      tap.bytes?.(view);
      decoder.push(view);
      for (let value; (value = decoder.next()) !== undefined; ) {
        const error = inStreamError(asked, value);
        if (error !== undefined) throw error;
        const event = progressEvent(value);
        if (event === undefined) continue;
        if (event.type === 'warning') warn({ kind: 'engine', subject: asked.address, message: event.text });
        if (limit.admits(event)) take(event);
        tap.event?.(event);
      }
    },
    flush: () => tap.flush?.(),
    end() {
      decoder.end();
      const ending = limit.ending();
      if (ending !== undefined) take(ending);
    },
  };
}
