// `waitUntilReady`: pings an engine until it answers. Loaded on demand.

import type { EngineFactCache } from './engine-facts.ts';
import type { WaitUntilReadyOptions } from './options.ts';
import type { PingResult } from '../api/types/engine.ts';
import { withAnySignal } from '../async/abort.ts';
import { Backoff, wait } from '../async/backoff.ts';
import { Deadline } from '../connection/deadline.ts';
import { ApiError, ConnectError, LongshoreError, TimeoutError, UnavailableError } from '../errors.ts';
import { randomNumber } from '../system/random.ts';

/** A ping costs the engine little, so the delays between two of them stay below a second. */
const DELAYS = { firstDelayMs: 100, factor: 1.5, maxDelayMs: 1000, random: randomNumber };

/** Pings until the engine answers. Throws a `TimeoutError` at the limit, and other errors than those of an absent engine at once. */
export async function waitUntilReady(facts: EngineFactCache, options: WaitUntilReadyOptions): Promise<PingResult> {
  const { timeoutMs = 60_000, signal } = options;
  const expired = new AbortController();
  const deadline = new Deadline(timeoutMs, () => expired.abort());
  const backoff = new Backoff(DELAYS);
  let cause: LongshoreError | undefined;
  try {
    return await withAnySignal(signal, expired.signal, async (either) => {
      for (;;) {
        try {
          return await facts.ping({ signal: either });
        } catch (error) {
          either.throwIfAborted();
          if (!isOfAbsentEngine(error)) throw error;
          cause = error;
        }
        await wait(backoff.next(), either);
      }
    });
  } catch (error) {
    if (error !== expired.signal.reason) throw error;
    const why = cause?.message ?? 'it does not answer';
    throw new TimeoutError(`the engine was not ready within ${timeoutMs} ms: ${why}`, { limit: 'ready', limitMs: timeoutMs, cause });
  } finally {
    deadline.clear();
  }
}

/**
 * Whether an error means that the engine has not started yet: it refuses connections, closes them or does not answer on them, or it, or a
 * proxy in front of it, answers that it is unavailable (503; a proxy also 502 or 504). The name of a container's host is known when it runs.
 */
function isOfAbsentEngine(error: unknown): error is LongshoreError {
  if (error instanceof ConnectError && error.errno === 'ENOTFOUND') return true;
  return error instanceof LongshoreError && error.transient && (!(error instanceof ApiError) || error instanceof UnavailableError);
}
