// Measures the rate of a transfer over the last seconds, and formats remaining times.

/** The time over which the rate is measured. */
const WINDOW_MS = 5000;
/** The time before the first rate is shown: the first moments are not representative. */
const LEAST_MS = 500;
/** The minimum time between samples; closer ones are merged, so that a window has at most 50. */
const STEP_MS = WINDOW_MS / 50;

/** Computes a rate from byte counts and their times. */
export class TransferRate {
  #samples: Array<{ readonly atMs: number; readonly bytes: number }> = [];

  take(bytes: number, nowMs: number): void {
    const last = this.#samples.at(-1);
    // Fewer bytes than before mean a retry or another image, so the old samples are useless.
    if (last !== undefined && bytes < last.bytes) this.#samples = [];
    // The measurement starts when the first bytes are transferred.
    if (this.#samples.length === 1 && bytes === last?.bytes) this.#samples = [];
    const before = this.#samples.at(-2);
    if (before !== undefined && last !== undefined && last.atMs - before.atMs < STEP_MS) this.#samples.pop();
    this.#samples.push({ atMs: nowMs, bytes });
    while ((this.#samples[1]?.atMs ?? Infinity) <= nowMs - WINDOW_MS) this.#samples.shift();
  }

  /** Bytes per second; undefined while there are too few samples. */
  get bytesPerSecond(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < LEAST_MS) return undefined;
    return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
  }
}

/** Formats seconds as `45s`, `1m10s`, `2h05m`, or `>1d`. */
export function shortDuration(seconds: number): string {
  const rounded = Math.ceil(seconds);
  if (!(rounded < 86_400)) return '>1d';
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (rounded >= 3600) return `${Math.floor(rounded / 3600)}h${two((rounded % 3600) / 60)}m`;
  return rounded >= 60 ? `${Math.floor(rounded / 60)}m${two(rounded % 60)}s` : `${rounded}s`;
}
