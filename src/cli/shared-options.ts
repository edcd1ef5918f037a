// Options that several commands have, and the parsers of their values.

import { UsageError } from './command.ts';
import type { Options } from './command.ts';

export const filterOption = {
  filter: { type: 'string', short: 'f', multiple: true, value: 'KEY=VALUE', help: 'Only what matches; repeatable' },
} as const satisfies Options;

export const platformOption = {
  platform: { type: 'string', value: 'OS/ARCH', help: 'Use this platform, for example linux/arm64' },
} as const satisfies Options;

export const platformsOption = {
  platform: { type: 'string', multiple: true, value: 'OS/ARCH', help: 'Only this platform; repeatable' },
} as const satisfies Options;

export const noTruncOption = {
  'no-trunc': { type: 'boolean', help: 'Do not shorten IDs and texts' },
} as const satisfies Options;

/** Parses `KEY=VALUE` texts. Values of a repeated key are put into one list. */
export function parseFilters(texts: readonly string[] = []): Readonly<Record<string, readonly string[]>> {
  const filters = new Map<string, string[]>();
  for (const text of texts) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (key === undefined || value === undefined) throw new UsageError(`--filter must be KEY=VALUE, not "${text}"`);
    filters.set(key, [...(filters.get(key) ?? []), value]);
  }
  return Object.fromEntries(filters);
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Parses a time into seconds since 1970: a number of seconds, a duration before now (`1h30m`), or a date (local time by default). */
export function parseTime(option: string, text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (/^(\d+[smhd])+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+)([smhd])/gy)];
    const seconds = parts.map(([, count, unit]) => Number(count) * SECONDS[unit as keyof typeof SECONDS]);
    return nowMs / 1000 - seconds.reduce((sum, each) => sum + each, 0);
  }
  // Date.parse reads a date without a time as UTC.
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00` : text) : NaN;
  if (!Number.isNaN(time)) return time / 1000;
  throw new UsageError(`--${option} must be a date, seconds since 1970 or a duration such as 1h30m, not "${text}"`);
}
