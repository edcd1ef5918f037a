// The ways in which bytes can arrive: whole, byte by byte, and in seeded random pieces.

import { integer, random } from './random.ts';

/** In one piece. */
export function whole(bytes: Uint8Array): Uint8Array[] {
  return [bytes];
}

/** One byte at a time. */
export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

/** In pieces of random lengths, mostly short, and an empty one now and then. */
export function randomSplits(bytes: Uint8Array, seed: number): Uint8Array[] {
  const next = random(seed);
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const length = integer(next, 0, 2 ** integer(next, 0, 12));
    pieces.push(bytes.subarray(start, start + length));
    start += length;
  }
  return pieces;
}

/** All ways, each with a name for the title of a test. */
export function splits(bytes: Uint8Array, seeds = 8): [name: string, pieces: Uint8Array[]][] {
  const seeded = Array.from({ length: seeds }, (_, seed): [string, Uint8Array[]] => [
    `in random splits (seed ${seed})`,
    randomSplits(bytes, seed),
  ]);
  return [['whole', whole(bytes)], ['byte by byte', byteByByte(bytes)], ...seeded];
}
