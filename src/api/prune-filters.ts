// The filters of a prune: checks them, and applies them as Docker with a graph driver does. Other engines list the images that match.

import { ArgumentError } from '../errors.ts';
import { mergeFilters } from './filters.ts';
import type { Filters } from './filters.ts';
import type { ImageSummary } from './types/image.ts';

/** Checked filters. */
export interface PruneFilters {
  /** Whether only images without a name may go. */
  readonly onlyDangling: boolean;
  /** `until`, `label` and `label!`, each only if it was given. */
  readonly others: Readonly<Record<string, readonly string[]>>;
}

/** Docker accepts these four. */
const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };

/** Checks the filters. Throws an `ArgumentError` for filters that engines refuse, or that they do not interpret alike. */
export function pruneFilters(filters: Filters | undefined): PruneFilters {
  const { dangling = ['true'], ...others } = mergeFilters(filters);
  const unknown = Object.keys(others).find((name) => !['until', 'label', 'label!'].includes(name));
  if (unknown !== undefined) throw new ArgumentError('prunePlan: filters are dangling, until, label and label!; give only these');
  const values = new Set(dangling.map((text) => BOOLEANS[text]));
  const [onlyDangling] = values;
  if (values.size !== 1 || onlyDangling === undefined) throw new ArgumentError('prunePlan: filters.dangling must be true or false');
  if ((others['until']?.length ?? 0) > 1) throw new ArgumentError('prunePlan: give filters.until only once, because engines use only one');
  return { onlyDangling, others };
}

/** Whether an image matches. `untilSeconds` is the value of `until`, if it was given. */
export function matchesFilters(
  { Created, Labels }: Pick<ImageSummary, 'Created' | 'Labels'>,
  { others }: PruneFilters,
  untilSeconds: number | undefined,
): boolean {
  const has = (filter: string): boolean => {
    const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(filter) ?? [];
    return Labels !== null && Object.hasOwn(Labels, name) && (value === undefined || Labels[name] === value);
  };
  const { label = [], 'label!': without } = others;
  // Of several label!, one that does not match is enough (moby#40286).
  // The engine compares the exact time, which is after the whole second in Created, with a whole second.
  return (untilSeconds === undefined || Created < Math.floor(untilSeconds)) && label.every(has) && without?.every(has) !== true;
}

const SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/**
 * Parses `until` into seconds since 1970, as the engine does: a number of seconds, a duration of Go before now (`24h`, `1h30m`), or a
 * date (RFC 3339). `now` is the time of the engine, RFC 3339; a date without a zone is in its zone.
 */
export function parseUntil(text: string, now: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  const zone = /(?:Z|[+-]\d\d:\d\d)$/;
  if (/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) {
    const parts = [...text.matchAll(/([\d.]+)([a-zµ]+)/gy)];
    return Date.parse(now) / 1000 - parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (SECONDS[unit] ?? 0), 0);
  }
  const dated = text.length === 10 ? `${text}T00:00` : text;
  const seconds = /^\d{4}-\d\d-\d\dT/.test(dated) ? Date.parse(zone.test(dated) ? dated : dated + (zone.exec(now)?.[0] ?? 'Z')) / 1000 : NaN;
  if (!Number.isNaN(seconds)) return seconds;
  throw new ArgumentError('prunePlan: filters.until must be a duration such as "24h", a date such as "2026-01-31", or seconds since 1970');
}
