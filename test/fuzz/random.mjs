// Pseudo-random numbers, the same in every run: each case has its own source, made of SEED and its number.

/** sfc32, by Chris Doty-Humphrey: 128 bits of state, so that neighbouring cases are independent. */
export class Random {
  #a;
  #b;
  #c = 0x9e3779b9;
  #counter = 1;

  constructor(seed, number) {
    this.#a = seed | 0;
    this.#b = number | 0;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** 32 bits. */
  next() {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** From `low` to `high`, both included. */
  integer(low, high) {
    return low + Math.floor((this.next() / 2 ** 32) * (high - low + 1));
  }

  /** True once in so many times. */
  once(times) {
    return this.integer(1, times) === 1;
  }

  pick(list) {
    return list[this.integer(0, list.length - 1)];
  }

  /** A list of `least` to `most` results of `make`. */
  list(least, most, make) {
    return Array.from({ length: this.integer(least, most) }, make);
  }

  /** A text of characters from a set. */
  text(characters, least, most) {
    return this.list(least, most, () => this.pick(characters)).join('');
  }
}

/** Makes a few small changes at random places: flips, removes, doubles or moves bytes, or inserts from the dictionary. */
export function mutate(random, bytes, dictionary) {
  let changed = Buffer.from(bytes);
  for (let changes = random.integer(1, 4); changes > 0; changes--) {
    const at = random.integer(0, changed.length);
    const end = Math.min(changed.length, at + random.integer(1, random.once(4) ? 64 : 4));
    const put = (...parts) => (changed = Buffer.concat([changed.subarray(0, at), ...parts]));
    const kind = random.integer(0, 6);
    if (kind === 0 && at < changed.length) changed[at] ^= 1 << random.integer(0, 7);
    else if (kind === 1 && at < changed.length) changed[at] = random.integer(0, 255);
    else if (kind === 2) put(changed.subarray(end));
    else if (kind === 3) put(changed.subarray(at, end), changed.subarray(at));
    else if (kind === 4) put();
    else put(Buffer.from(random.pick(dictionary), 'latin1'), changed.subarray(kind === 5 ? at : end));
  }
  return changed;
}

/** The same bytes in pieces of random lengths, most of them short, an empty one now and then; each has its own memory. */
export function pieces(random, bytes, powers = 9) {
  const all = [];
  for (let start = 0; start < bytes.length;) {
    const length = random.integer(0, 2 ** random.integer(0, powers));
    all.push(Uint8Array.from(bytes.subarray(start, start + length)));
    start += length;
  }
  return all;
}

/** One byte at a time. */
export function byteByByte(bytes) {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** Thrown if a case does what it must not do. */
export function demand(condition, what) {
  if (!condition) throw new Error(`broken: ${what}`);
}

/** Compares both as JSON, because they contain only JSON values. */
export function demandSame(actual, expected, what) {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new Error(`broken: ${what}\n  is       ${one?.slice(0, 2000)}\n  must be  ${other?.slice(0, 2000)}`);
}
