// Helpers for abort signals. They remove their listeners at the end; only a foreign signal keeps one.

import { setMaxListeners } from 'node:events';

/** Turns off Node's warning about more than ten listeners: many calls may share a signal, and each listens to it. */
export function allowManyListeners(signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  try {
    setMaxListeners(0, signal);
  } catch {
    // A test environment with jsdom replaces the global AbortController. Node rejects its signals here, and never warns about them.
  }
}

/** The follower of each foreign signal, so that many calls with one signal add only one listener to it. */
const followers = new WeakMap<object, AbortController>();

/**
 * Returns an `AbortSignal` of Node: the value itself, or, for a foreign signal (of jsdom, a polyfill, another realm), one that
 * aborts with it. Returns `undefined` if the value is not a signal.
 */
export function nodeSignal(value: unknown): AbortSignal | undefined {
  const signal = value as AbortSignal;
  const { aborted, addEventListener } = signal; // both throw if the object only has the prototype of a signal
  if (value instanceof AbortSignal) return value;
  if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function') return undefined;
  const follower = followers.get(signal) ?? follow(signal);
  if (aborted) follower.abort(signal.reason);
  return follower.signal;
}

function follow(signal: AbortSignal): AbortController {
  const follower = new AbortController();
  signal.addEventListener('abort', () => follower.abort(signal.reason));
  followers.set(signal, follower);
  return follower;
}

/**
 * Calls `run` with a signal that aborts when one of the two signals does. `AbortSignal.any` is not used because, on Node 20, a
 * signal that many calls share would keep an entry for each call for ever.
 */
export async function withAnySignal<Value>(
  signal: AbortSignal | undefined,
  own: AbortSignal,
  run: (either: AbortSignal) => Promise<Value>,
): Promise<Value> {
  if (signal === undefined) return run(own);
  const either = new AbortController();
  const removers = [signal, own].map((one) => onceAborted(one, () => either.abort(one.reason)));
  try {
    either.signal.throwIfAborted();
    return await run(either.signal);
  } finally {
    for (const remove of removers) remove();
  }
}

/** Waits for a promise that other callers may share. An abort ends only this wait, with the signal's reason. */
export function abortable<Value>(shared: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return shared;
  return new Promise((resolve, reject) => {
    const remove = onceAborted(signal, () => reject(signal.reason));
    shared.then(resolve, reject).finally(remove); // also after an abort: a later failure must not be unhandled
  });
}

/** Calls `onAbort` when the signal aborts, or at once if it has aborted. Returns a function that removes the listener. */
export function onceAborted(signal: AbortSignal, onAbort: () => void): () => void {
  allowManyListeners(signal);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}
