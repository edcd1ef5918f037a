// First in, first out, with each step in constant time: `Array.shift` moves the whole rest of a long array.

/** Items taken from the front of a queue stay in its array until this many are there, and are then half of it. */
const COMPACT_FROM = 1024;

/** A queue without a limit of its own. */
export class Queue<Item> {
  #items: Array<Item | undefined> = [];
  /** Where the first item is; what is before it was taken. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The first item, which stays; undefined where there is none. */
  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  /** The first item, which is not in the queue any more; undefined where there is none. */
  take(): Item | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= COMPACT_FROM && 2 * this.#head >= this.#items.length) this.#compact();
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
