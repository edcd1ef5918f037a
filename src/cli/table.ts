// Formats tables, sizes and ages as the docker command does.

import { numberOf } from './engine-values.ts';
import { WIDEST_COLUMN } from './fitted-table.ts';
import { printable, widthOf } from './printable.ts';

/** Returns aligned rows with three columns between the cells. Makes every cell printable. */
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
 * Formats bytes in decimal units as HumanSize of go-units does: `7.33MB`. The docker command shows 3 digits for the size of an
 * image and 4 in progress. Returns `?` for a value that is not a number.
 */
export function humanSize(bytes: unknown, digits: 3 | 4 = 4): string {
  let value = numberOf(bytes);
  if (value === undefined) return '?';
  let unit = 0;
  let rounded = Number(value.toPrecision(digits));
  // The unit is selected by the rounded number. go-units divides first, and therefore writes "1e+03kB" for 999,999 bytes.
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

/** Ages in words, as in HumanDuration of go-units. The first row with a limit (in seconds) above the age applies. */
const AGES: ReadonlyArray<readonly [below: number, words: (seconds: number) => string]> = [
  [1, () => 'Less than a second'],
  [2, () => '1 second'],
  [MINUTE, (seconds) => `${Math.floor(seconds)} seconds`],
  [2 * MINUTE, () => 'About a minute'],
  [HOUR, (seconds) => `${Math.floor(seconds / MINUTE)} minutes`],
  // Hours are rounded, other units are rounded down: 90 minutes are two hours, 47.5 hours are two days.
  [1.5 * HOUR, () => 'About an hour'],
  [47.5 * HOUR, (seconds) => `${Math.floor(seconds / HOUR + 0.5)} hours`],
  [14 * DAY - HOUR / 2, (seconds) => `${days(seconds)} days`],
  [60 * DAY - HOUR / 2, (seconds) => `${Math.floor(days(seconds) / 7)} weeks`],
  [730 * DAY - HOUR / 2, (seconds) => `${Math.floor(days(seconds) / 30)} months`],
];

function days(seconds: number): number {
  return Math.floor(Math.floor(seconds / HOUR + 0.5) / 24);
}

/** Formats a duration: `3 weeks`. */
export function humanDuration(seconds: number): string {
  const row = AGES.find(([below]) => seconds < below);
  return row?.[1](seconds) ?? `${Math.floor(Math.floor(seconds / HOUR) / 24 / 365)} years`;
}

/** Formats the age of a time in seconds since 1970. Returns `N/A` for 0 and for Go's year 1, which mean an unknown time. */
export function age(created: unknown, nowMs: number): string {
  const createdSeconds = numberOf(created) ?? 0;
  return createdSeconds > 0 ? `${humanDuration(nowMs / 1000 - createdSeconds)} ago` : 'N/A';
}

/** Formats a time in seconds since 1970 as in RFC 3339, in UTC: `2026-01-01T00:00:00Z`. Returns `N/A` for an unknown time. */
export function timestamp(created: unknown): string {
  const createdSeconds = numberOf(created) ?? 0;
  return createdSeconds > 0 && createdSeconds <= LAST_SECOND ? new Date(createdSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z') : 'N/A';
}
/** The last time that a Date can have. */
const LAST_SECOND = 8.64e12;

/** Formats a number. Returns an empty text for a value below 0, which engines send for an unknown number. */
export function known(value: unknown, text: (value: number) => string): string {
  const given = numberOf(value) ?? -1;
  return given < 0 ? '' : text(given);
}
