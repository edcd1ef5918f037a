// Signals and waiting: how an abort ends a wait, and leaves nothing behind.

/** A signal that is aborted when either is. */
export function either(signal: AbortSignal | undefined, left: AbortSignal): AbortSignal {
  return signal === undefined ? left : AbortSignal.any([signal, left]);
}

/** Waits for what others may wait for, too: an abort ends only this wait. */
export function waitFor<Value>(shared: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return shared;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const done = (): void => signal.removeEventListener('abort', onAbort);
    shared.then(resolve, reject).finally(done); // also after an abort: somebody must hear of its failure
  });
}
