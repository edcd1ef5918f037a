// A queue between a producer that pushes and a `for await` loop that pulls. The producer waits for `drained()`, so the loop sets
// the pace of the connection.

import { withAnySignal } from './abort.ts';
import { Queue } from './queue.ts';

/** A queue of items. The loop receives all of them before the end or the error. */
export class AsyncQueue<Item> implements AsyncIterableIterator<Item> {
  readonly #items = new Queue<Item>();
  /** Calls of `next` that wait for a result; there is more than one only if the caller does not await each. */
  readonly #readers = new Queue<{ resolve(result: IteratorResult<Item>): void; reject(error: unknown): void }>();
  readonly #onReturn: () => void;
  /** How the loop ends after the last item; `undefined` as long as more items may follow. */
  #end: { readonly failed: boolean; readonly error: unknown } | undefined;
  #onDrained: (() => void) | undefined;
  #onTaken: (() => void) | undefined;

  /** @param onReturn called when the loop is left early */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  /** Passes an item to the loop if the loop waits, and queues it otherwise. */
  push(item: Item): void {
    const reader = this.#readers.take();
    if (reader) reader.resolve({ done: false, value: item });
    else if (this.#end === undefined) this.#items.add(item);
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Resolves when the loop has taken all items and asks for more; `undefined` if there are no items. */
  drained(): Promise<void> | undefined {
    return this.isEmpty ? undefined : new Promise((resolve) => (this.#onDrained = resolve));
  }

  /** Resolves when the loop has taken the last item, and so has finished with those before it. `undefined` if there are no items. */
  taken(): Promise<void> | undefined {
    return this.isEmpty ? undefined : new Promise((resolve) => (this.#onTaken = resolve));
  }

  end(): void {
    this.#setEnd({ failed: false, error: undefined });
  }

  fail(error: unknown): void {
    this.#setEnd({ failed: true, error });
  }

  /** Returns the next item, or the end or the error. Waits if there is none of them yet. */
  next(): Promise<IteratorResult<Item>> {
    if (!this.isEmpty) {
      const value = this.#items.take() as Item;
      if (this.isEmpty) this.#onTaken?.();
      return Promise.resolve({ done: false, value });
    }
    if (this.#end !== undefined) {
      const { failed, error } = this.#end;
      this.#end = { failed: false, error: undefined }; // an error is thrown once
      return failed ? Promise.reject(error) : Promise.resolve({ done: true, value: undefined });
    }
    this.#onDrained?.();
    this.#onDrained = undefined;
    return new Promise((resolve, reject) => this.#readers.add({ resolve, reject }));
  }

  /** Drops the queued items. The loop calls it when it is left early. */
  return(): Promise<IteratorResult<Item>> {
    this.#items.clear();
    if (this.#end === undefined) {
      this.end();
      this.#onReturn();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #setEnd(end: { readonly failed: boolean; readonly error: unknown }): void {
    this.#end ??= end;
    for (let reader; (reader = this.#readers.take()) !== undefined; ) void this.next().then(reader.resolve, reader.reject);
  }
}

/**
 * Runs a producer for a `for await` loop and returns the queue between them. The signal of `produce` aborts with
 * `signal`, or with the reason of `leftEarly` when the loop is left early. The loop ends or fails when `produce` does.
 */
export function produceInto<Item>(
  signal: AbortSignal | undefined,
  leftEarly: () => unknown,
  produce: (queue: AsyncQueue<Item>, signal: AbortSignal) => Promise<unknown>,
): AsyncQueue<Item> {
  const loop = new AbortController();
  const queue = new AsyncQueue<Item>(() => loop.abort(leftEarly()));
  withAnySignal(signal, loop.signal, (either) => produce(queue, either)).then(
    () => queue.end(),
    (error: unknown) => queue.fail(error),
  );
  return queue;
}
