// The loop of `retry`: attempts, and the delays between them.

import { ArchiveStream } from './archive-stream.ts';
import { Backoff, wait } from '../async/backoff.ts';
import { ApiError, ArgumentError, LongshoreError, UploadError, runCallback } from '../errors.ts';
import { check, kind } from '../kinds.ts';
import type { RetryOptions } from './options.ts';
import { randomNumber } from '../system/random.ts';

/** Makes a call, and repeats it after transient errors. */
export async function repeatCall<Value>(call: (attempt: number) => Value | PromiseLike<Value>, options: RetryOptions): Promise<Value> {
  const { attempts = 5, firstDelayMs = 500, factor = 2, maxDelayMs = 30_000, signal, onRetry, random = randomNumber } = options;
  const backoff = new Backoff({ firstDelayMs, factor, maxDelayMs, random: () => check(random(), FRACTION, 'retry', 'the result of random') });
  let previous: LongshoreError | undefined;
  let running: Value | PromiseLike<Value> | undefined;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      const last = running;
      running = call(attempt);
      if (running !== undefined && running === last) throw new ArgumentError('the call returned the same promise or stream: make a new one in it');
      return refuseUnread(await running);
    } catch (error) {
      signal?.throwIfAborted();
      if (previous !== undefined && isUsedUp(error)) throw withReason(previous, error.message);
      if (!(error instanceof LongshoreError && error.transient) || attempt >= attempts) throw error;
      const delayMs = Math.max(backoff.next(), (error instanceof ApiError && error.retryAfterMs) || 0);
      if (delayMs > maxDelayMs) throw withReason(error, `the wait of ${delayMs} ms that it asks for exceeds maxDelayMs`);
      previous = error;
      await runCallback(() => onRetry?.({ error, attempt, attempts, delayMs }));
      await wait(delayMs, signal);
    }
  }
}

const FRACTION = kind('a number from 0 to 1', (value) => typeof value === 'number' && value >= 0 && value <= 1);

/** Refuses an archive that has not been read: its request has not been sent, so no attempt was made. */
function refuseUnread<Value>(value: Value): Value {
  if (!(value instanceof ArchiveStream)) return value;
  throw new ArgumentError('retry: the call returned an archive that it has not read: read it in the call, as in getImage("a").toFile("a.tar")');
}

/**
 * Whether an attempt failed because the one before it has read the data of an upload. Its arguments were accepted before, so an
 * `ArgumentError` now, or data that is missing now, is about a stream or an iterator that can be read once.
 */
function isUsedUp(error: unknown): error is LongshoreError {
  return error instanceof ArgumentError || error instanceof UploadError;
}

/** Adds to an error why the call was not repeated. */
function withReason(error: LongshoreError, reason: string): LongshoreError {
  error.message += ` (not repeated: ${reason})`;
  return error;
}
