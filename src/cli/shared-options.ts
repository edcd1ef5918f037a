// Options that several commands take, and how their values are read.

import { UsageError } from './command.ts';
import type { Options } from './command.ts';

export const filterOption = {
  filter: { type: 'string', short: 'f', multiple: true, value: 'KEY=VALUE', help: 'Only those; may be repeated' },
} as const satisfies Options;

export const platformOption = {
  platform: { type: 'string', value: 'OS/ARCH', help: 'That platform, as in linux/arm64' },
} as const satisfies Options;

export const platformsOption = {
  platform: { type: 'string', multiple: true, value: 'OS/ARCH', help: 'Only that platform; may be repeated' },
} as const satisfies Options;

export const noTruncOption = {
  'no-trunc': { type: 'boolean', help: 'Cut nothing, neither ids nor texts' },
} as const satisfies Options;

/** `KEY=VALUE`, repeated keys together. */
export function parseFilters(texts: readonly string[] = []): Readonly<Record<string, readonly string[]>> {
  const filters = new Map<string, string[]>();
  for (const text of texts) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (key === undefined || value === undefined) throw new UsageError(`--filter takes KEY=VALUE, not "${text}"`);
    filters.set(key, [...(filters.get(key) ?? []), value]);
  }
  return Object.fromEntries(filters);
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds since 1970: a number of them, how long ago (`1h30m`), or a date, of this time zone unless it says another. */
export function parseTime(option: string, text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (/^(\d+[smhd])+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+)([smhd])/gy)];
    const seconds = parts.map(([, count, unit]) => Number(count) * SECONDS[unit as keyof typeof SECONDS]);
    return nowMs / 1000 - seconds.reduce((sum, each) => sum + each, 0);
  }
  // A date alone would be one of Greenwich.
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00` : text) : NaN;
  if (!Number.isNaN(time)) return time / 1000;
  throw new UsageError(`--${option} takes a date, seconds since 1970, or how long ago, as in 1h30m, not "${text}"`);
}
