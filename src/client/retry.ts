// `retry`: repeats a call that has failed with a transient error. It checks its arguments; repeat-call.ts has the loop and is loaded then.

import { take } from './arguments.ts';
import { FUNCTION, check, kind } from '../kinds.ts';
import type { RetryOptions } from './options.ts';

/**
 * Makes a call, and repeats it as long as it fails with a `LongshoreError` that is `transient`: `retry(() => docker.pull('alpine'))`. `call`
 * gets the number of the attempt, from 1. Resolves with the result of the call; rejects with its last error, or with the reason of `signal`.
 *
 * The delays grow, and are not shorter than `retryAfterMs` of the error. An upload is repeated only if `call` supplies its data again: a
 * path, bytes, or a new stream for each attempt. For a stream that has been read, `retry` rejects with the error of the upload.
 */
export async function retry<Value>(call: (attempt: number) => Value | PromiseLike<Value>, options?: RetryOptions): Promise<Value> {
  const own = take('retry', options);
  check(call, CALL, 'retry', 'call');
  const { repeatCall } = await import('./repeat-call.ts');
  return repeatCall(call, own);
}

const CALL = kind('a function, as in retry(() => docker.pull("alpine"))', FUNCTION.test);
