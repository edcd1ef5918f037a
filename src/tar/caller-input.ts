// Recognizes iterables that a caller passes in, and listens for errors of its streams. A stream may fail before the first read
// or after the last read, and an `error` event without a listener ends the process.

import { TarError } from '../errors.ts';
import type { TarEntry } from './validate-entry.ts';

/** Whether a value can be read with `for await`. */
export function isAsyncIterable<Item = TarEntry>(value: unknown): value is AsyncIterable<Item> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Whether entries come from an iterable object. */
export function isIterable(value: unknown): value is Iterable<TarEntry> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

/** The error for entries that cannot be read, because a getter or a proxy threw an error. */
export function unreadableEntries(cause: unknown): TarError {
  return new TarError('tar: cannot read the entries: a getter or a proxy threw an error', { cause });
}

interface Emitter {
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

type Failure = { readonly error: unknown } | undefined;

/** The functions for watched streams. Each stream gets one listener. */
const watches = new WeakMap<object, () => Failure>();

/** Listens for errors of a value, if it emits events. The returned function returns the first error so far, or undefined. */
export function watchErrors(value: unknown): () => Failure {
  if (!isEmitter(value)) return () => undefined;
  const known = watches.get(value);
  if (known !== undefined) return known;
  let failure: Failure;
  const watch = (): Failure => failure;
  watches.set(value, watch);
  value.on('error', (error) => {
    failure ??= { error };
  });
  return watch;
}

function isEmitter(value: unknown): value is Emitter {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Emitter>).on === 'function';
}
