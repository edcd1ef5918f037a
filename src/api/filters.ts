// The `filters` parameter of list, prune, search and events.

import { escapeText, hasUtf8 } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';

/** One value to filter by; engines read them all as text. */
export type FilterValue = string | number | boolean;

/** `{ dangling: true, label: ["a", "b=c"] }`. */
export type Filters = Readonly<Record<string, FilterValue | readonly FilterValue[]>>;

/**
 * The JSON of `{"dangling":["true"]}`, or undefined where nothing is filtered. Engines read maps of booleans, too
 * (`{"dangling":{"true":true}}`), but dockerd overlooks a `false` in them where Podman heeds it.
 */
export function encodeFilters(filters: Filters): string | undefined {
  const merged = mergeFilters(filters);
  return Object.keys(merged).length === 0 ? undefined : JSON.stringify(merged);
}

/** All filters of all sets as text, each value once. */
export function mergeFilters(...sets: readonly (Filters | undefined)[]): Record<string, string[]> {
  const merged = new Map<string, Set<string>>();
  for (const [key, value] of sets.flatMap(entries)) {
    const values = merged.get(key) ?? new Set();
    for (const text of texts(key, value)) values.add(text);
    merged.set(key, values);
  }
  // fromEntries defines properties: a filter named `__proto__` is one like any other.
  return Object.fromEntries([...merged].map(([key, values]) => [key, [...values]]));
}

/** A Map or an array would look empty here, and an empty filter makes a prune remove everything: refused. */
function entries(filters: Filters | undefined): [string, unknown][] {
  if (filters === undefined) return [];
  if (Object.prototype.toString.call(filters) === '[object Object]') return Object.entries(filters);
  throw new ArgumentError('filters are a plain object, as in { dangling: true, label: ["a", "b=c"] }');
}

/** An empty list is refused for the same reason. */
function texts(key: string, value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  // JSON has an escape for half a character, for which engines read U+FFFD.
  const whole = [key, ...values].every((text) => typeof text !== 'string' || hasUtf8(text));
  if (whole && values.length > 0 && values.every(isFilterValue)) return values.map(String);
  throw new ArgumentError(`The filter "${escapeText(key)}" must be a string, a number, a boolean, or a list of some`);
}

function isFilterValue(value: unknown): value is FilterValue {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

/** Filters of `GET /events` that select events of other objects. Beside `type: image`, Docker and Podman send no event for them. */
const OTHER_OBJECTS = ['config', 'container', 'daemon', 'network', 'node', 'plugin', 'pod', 'secret', 'service', 'volume'];

/** The filters of `events`, whose results are typed as events of images: another `type` would give others. */
export function imageEventFilters(filters: Filters | undefined): Filters {
  const merged = mergeFilters(filters, { type: 'image' });
  const other = OTHER_OBJECTS.find((key) => Object.hasOwn(merged, key));
  if (other !== undefined) {
    throw new ArgumentError(`events: options.filters.${other} matches no image event. Leave it out, or filter by "image", "event" or "label"`);
  }
  if (merged['type']?.length === 1) return merged;
  throw new ArgumentError('events: options.filters.type must be "image" or left out: other events have another form');
}

const HUB_NAME = /^(?:index\.)?docker\.io\//;

/** Whether a filter has names or patterns that begin with the Docker Hub's host. */
export function namesHub(filters: Filters | undefined, key: string): boolean {
  return filters !== undefined && valuesOf(filters, key).some((value) => HUB_NAME.test(value));
}

/**
 * The filters with such names in the form that the engine compares. Docker (20.10 to 28) knows `docker.io/library/alpine`
 * as `alpine` only; Podman (4.3 to 6) as `docker.io/library/alpine`, and never by `index.docker.io`.
 */
export function withComparedNames(filters: Filters, key: string, isPodman: boolean): Filters {
  if (!namesHub(filters, key)) return filters;
  const compared = valuesOf(filters, key).map((value) => {
    if (!HUB_NAME.test(value)) return value;
    const name = value.replace(HUB_NAME, '');
    return isPodman ? `docker.io/${name}` : name.replace(/^library\//, '');
  });
  return { ...filters, [key]: compared };
}

function valuesOf(filters: Filters, key: string): string[] {
  return mergeFilters(filters)[key] ?? [];
}
