// A first-in, first-out queue. Each operation takes constant time; `Array.shift` moves all items of a long array.

/** The places of removed items are freed when there are at least this many and they are half of the array. */
const COMPACT_FROM = 1024;

/** A queue without a limit. */
export class Queue<Item> {
  #items: Array<Item | undefined> = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The first item, which stays in the queue; `undefined` if the queue is empty. */
  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  /** Removes and returns the first item; `undefined` if the queue is empty. */
  take(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.length === 0) this.clear();
    else if (this.#head >= COMPACT_FROM && 2 * this.#head >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
