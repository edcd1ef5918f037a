// Columns, sizes and ages as the docker command writes them.

import { numberOf } from './engine-values.ts';
import { WIDEST_COLUMN } from './fitted-table.ts';
import { printable, widthOf } from './printable.ts';

/** Lines whose cells stand below each other, three columns apart; every cell is made printable. */
export function table(rows: ReadonlyArray<readonly unknown[]>): string {
  const cells = rows.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of cells) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  }
  return cells.map((row) => `${alignedLine(row, widths)}\n`).join('');
}

function alignedLine(row: readonly string[], widths: readonly number[]): string {
  const padded = row.map((cell, column) => cell + ' '.repeat(Math.max(0, Math.min(widths[column] ?? 0, WIDEST_COLUMN) - widthOf(cell))));
  return padded.join('   ').trimEnd();
}

const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/**
 * A number of bytes in decimal units, as go-units' HumanSize: `7.33MB`. The docker command gives an image's size 3
 * digits, and progress 4. `?` for what is not a number.
 */
export function humanSize(bytes: unknown, digits: 3 | 4 = 4): string {
  let value = numberOf(bytes);
  if (value === undefined) return '?';
  let unit = 0;
  let rounded = Number(value.toPrecision(digits));
  // The rounded number decides: go-units divides first, and so has 999,999 bytes as "1e+03kB".
  while (rounded >= 1000 && unit < SIZE_UNITS.length - 1) {
    value /= 1000;
    rounded = Number(value.toPrecision(digits));
    unit++;
  }
  return `${rounded}${SIZE_UNITS[unit]}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Ages below so many seconds, in words, as go-units' HumanDuration has them; the first row that fits. */
const AGES: ReadonlyArray<readonly [below: number, words: (seconds: number) => string]> = [
  [1, () => 'Less than a second'],
  [2, () => '1 second'],
  [MINUTE, (seconds) => `${Math.floor(seconds)} seconds`],
  [2 * MINUTE, () => 'About a minute'],
  [HOUR, (seconds) => `${Math.floor(seconds / MINUTE)} minutes`],
  // Hours are rounded, all else is cut off: 90 minutes are two hours, and 47.5 hours two days.
  [1.5 * HOUR, () => 'About an hour'],
  [47.5 * HOUR, (seconds) => `${Math.floor(seconds / HOUR + 0.5)} hours`],
  [14 * DAY - HOUR / 2, (seconds) => `${days(seconds)} days`],
  [60 * DAY - HOUR / 2, (seconds) => `${Math.floor(days(seconds) / 7)} weeks`],
  [730 * DAY - HOUR / 2, (seconds) => `${Math.floor(days(seconds) / 30)} months`],
];

function days(seconds: number): number {
  return Math.floor(Math.floor(seconds / HOUR + 0.5) / 24);
}

/** How long a time is: `3 weeks`. */
export function humanDuration(seconds: number): string {
  const row = AGES.find(([below]) => seconds < below);
  return row?.[1](seconds) ?? `${Math.floor(Math.floor(seconds / HOUR) / 24 / 365)} years`;
}

/** How long ago a second since 1970 was; `N/A` where none is known, which engines write as 0 or as Go's year 1. */
export function age(created: unknown, nowMs: number): string {
  const createdSeconds = numberOf(created) ?? 0;
  return createdSeconds > 0 ? `${humanDuration(nowMs / 1000 - createdSeconds)} ago` : 'N/A';
}
