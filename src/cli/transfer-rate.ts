// How fast bytes move, and how long the rest of them will take: over the last seconds, for networks change their minds.

/** What counts is what happened in that time. */
const WINDOW_MS = 5000;
/** Nothing is said before: the first moments tell little. */
const LEAST_MS = 500;
/** Moments closer together than this are one: the window then holds 50 of them at most. */
const STEP_MS = WINDOW_MS / 50;

/** Told of how many bytes there are at some times, it says the pace. */
export class TransferRate {
  #samples: Array<{ readonly atMs: number; readonly bytes: number }> = [];

  take(bytes: number, nowMs: number): void {
    const last = this.#samples.at(-1);
    // Fewer than before: a retry, or another image; what was measured is of no use.
    if (last !== undefined && bytes < last.bytes) this.#samples = [];
    // It begins when bytes move.
    if (this.#samples.length === 1 && bytes === last?.bytes) this.#samples = [];
    const before = this.#samples.at(-2);
    if (before !== undefined && last !== undefined && last.atMs - before.atMs < STEP_MS) this.#samples.pop();
    this.#samples.push({ atMs: nowMs, bytes });
    while ((this.#samples[1]?.atMs ?? Infinity) <= nowMs - WINDOW_MS) this.#samples.shift();
  }

  /** Bytes in a second; undefined while there is too little to tell. */
  get bytesPerSecond(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < LEAST_MS) return undefined;
    return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
  }
}

/** Seconds as `45s`, `1m10s`, `2h05m`; what is longer than a day nobody waits for. */
export function shortDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (!(whole < 86_400)) return '>1d';
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (whole >= 3600) return `${Math.floor(whole / 3600)}h${two((whole % 3600) / 60)}m`;
  return whole >= 60 ? `${Math.floor(whole / 60)}m${two(whole % 60)}s` : `${whole}s`;
}
