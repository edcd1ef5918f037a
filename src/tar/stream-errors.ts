// Listens for errors of streams that a caller passes in. A stream may fail before it is read, or after it is read no more,
// and an `error` event without a listener ends the process.

interface Emitter {
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

interface Watch {
  failure: { readonly error: unknown } | undefined;
}

/** The watched streams. Each gets one listener. */
const watches = new WeakMap<object, Watch>();

/** Listens for errors of a value, if it emits events. Returns a function that returns the first error so far, or undefined. */
export function watchErrors(value: unknown): () => Watch['failure'] {
  if (!isEmitter(value)) return () => undefined;
  const known = watches.get(value);
  if (known !== undefined) return () => known.failure;
  const watch: Watch = { failure: undefined };
  watches.set(value, watch);
  value.on('error', (error) => {
    watch.failure ??= { error };
  });
  return () => watch.failure;
}

function isEmitter(value: unknown): value is Emitter {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Emitter>).on === 'function';
}
