// Random numbers, for the jitter of delays. They are not fit for secrets.

/** Returns a random number, from 0 up to but not including 1. */
export function randomNumber(): number {
  return Math.random();
}
