// Errors of streams that a caller hands in. A stream may fail before its bytes are asked for, or after nobody wants them any
// more; an `error` event without a listener ends the process.

interface Emitter {
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** What has failed so far, by the stream; each is listened to once. */
const watched = new WeakMap<object, { failure: { readonly error: unknown } | undefined }>();

/** Listens for errors of a value that emits them, from now on and for good; returns what tells the first one. */
export function watchErrors(value: unknown): () => { readonly error: unknown } | undefined {
  if (!isEmitter(value)) return () => undefined;
  const known = watched.get(value);
  if (known !== undefined) return () => known.failure;
  const state: { failure: { readonly error: unknown } | undefined } = { failure: undefined };
  watched.set(value, state);
  value.on('error', (error) => {
    state.failure ??= { error };
  });
  return () => state.failure;
}

function isEmitter(value: unknown): value is Emitter {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Emitter>).on === 'function';
}
