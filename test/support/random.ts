// Pseudo-random numbers from a seed, the same in every run. A failing test names its seed.

/** A source of numbers from 0 up to 1, as `Math.random` is one (xorshift, 32 bits). */
export function random(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1; // never zero: xorshift would stay there
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** An integer from `low` to `high`, both included. */
export function integer(next: () => number, low: number, high: number): number {
  return low + Math.floor(next() * (high - low + 1));
}
