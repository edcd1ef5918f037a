// Signals and waiting: how an abort ends a wait, and leaves nothing behind.

import { setMaxListeners } from 'node:events';

/** Calls that share a signal listen to it at once, each for itself: more than ten, at which Node warns of a leak, is none. */
export function allowManyListeners(signal: AbortSignal | undefined): void {
  if (signal !== undefined) setMaxListeners(0, signal);
}

/** What a signal that is not Node's own must have. */
interface SignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
}

/** For each signal that is not Node's own, one of Node's that follows it; one listener, however many calls share it. */
const followers = new WeakMap<object, AbortController>();

/** The signal, or for an object like one (of jsdom, of a polyfill, of another realm) a signal of Node's that follows it. */
export function nodeSignal(value: unknown): AbortSignal | undefined {
  const signal = value as SignalLike;
  const { aborted, addEventListener } = signal; // both throw for what only has the prototype of a signal
  if (value instanceof AbortSignal) return value;
  if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function') return undefined;
  let follower = followers.get(signal);
  if (follower === undefined) {
    const created = new AbortController();
    signal.addEventListener('abort', () => created.abort(signal.reason));
    followers.set(signal, (follower = created));
  }
  if (aborted) follower.abort(signal.reason);
  return follower.signal;
}

/**
 * Runs under a signal that is aborted when either is, and leaves nothing at them afterwards. `AbortSignal.any` would:
 * on Node 20 a signal that many calls share keeps an entry for each, 20,000 after 20,000 calls.
 */
export async function withAnySignal<Value>(
  signal: AbortSignal | undefined,
  left: AbortSignal,
  run: (either: AbortSignal) => Promise<Value>,
): Promise<Value> {
  if (signal === undefined) return run(left);
  const both = new AbortController();
  const ends = [signal, left].map((one) => onceAborted(one, () => both.abort(one.reason)));
  try {
    both.signal.throwIfAborted();
    return await run(both.signal);
  } finally {
    for (const end of ends) end();
  }
}

/** Waits for what others may wait for, too: an abort ends only this wait. */
export function abortable<Value>(shared: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return shared;
  return new Promise((resolve, reject) => {
    const end = onceAborted(signal, () => reject(signal.reason));
    shared.then(resolve, reject).finally(end); // also after an abort: somebody must hear of its failure
  });
}

/** Calls back when the signal is aborted, now if it is; gives what takes that back. */
function onceAborted(signal: AbortSignal, onAbort: () => void): () => void {
  allowManyListeners(signal);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}
