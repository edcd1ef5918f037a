// A queue between a producer that pushes and a `for await` loop that pulls. The producer waits for `drained()`, so that the
// loop's pace becomes the connection's.

import { Queue } from './queue.ts';

/** A queue of what one read brought; what was queued is taken before the end, or the error, is seen. */
export class AsyncQueue<Item> implements AsyncIterableIterator<Item> {
  readonly #items = new Queue<Item>();
  readonly #onReturn: () => void;
  #end: { readonly error: unknown; readonly failed: boolean } | undefined;
  /** Those who wait: one, unless somebody calls `next` by hand. */
  readonly #readers = new Queue<{ resolve(result: IteratorResult<Item>): void; reject(error: unknown): void }>();
  #allTaken: (() => void) | undefined;

  /** @param onReturn called when the loop is left early */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  /** Queues an item, or gives it to the loop that waits for it. */
  push(item: Item): void {
    const reader = this.#readers.take();
    if (reader) reader.resolve({ done: false, value: item });
    else if (this.#end === undefined) this.#items.add(item);
  }

  /** Whether the loop has taken all items that were pushed. */
  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Resolves when the loop has taken everything and wants more; undefined where it waits already. */
  drained(): Promise<void> | undefined {
    if (this.#items.length === 0) return undefined;
    return new Promise((resolve) => {
      this.#allTaken = resolve;
    });
  }

  /** No more will come. */
  end(): void {
    this.#over({ error: undefined, failed: false });
  }

  /** No more will come, because of an error. */
  fail(error: unknown): void {
    this.#over({ error, failed: true });
  }

  next(): Promise<IteratorResult<Item>> {
    if (this.#items.length > 0) {
      const value = this.#items.take() as Item;
      return Promise.resolve({ done: false, value });
    }
    const end = this.#end;
    if (end !== undefined) {
      this.#end = { error: undefined, failed: false }; // an error is thrown once
      return end.failed ? Promise.reject(end.error) : Promise.resolve({ done: true, value: undefined });
    }
    this.#allTaken?.();
    this.#allTaken = undefined;
    return new Promise((resolve, reject) => {
      this.#readers.add({ resolve, reject });
    });
  }

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

  #over(end: { error: unknown; failed: boolean }): void {
    this.#end ??= end;
    for (let reader; (reader = this.#readers.take()) !== undefined; ) void this.next().then(reader.resolve, reader.reject);
  }
}
