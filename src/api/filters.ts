// Encodes the `filters` parameter of list, prune, search and events, and adapts names in it to the engine.

import { escapeText, isWellFormed } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';

/** A value of a filter; engines read every value as text. */
export type FilterValue = string | number | boolean;

/** Filters by name, each with one value or several: `{ dangling: true, label: ["a", "b=c"] }`. */
export type Filters = Readonly<Record<string, FilterValue | readonly FilterValue[]>>;

/**
 * Filters as JSON, `{"dangling":["true"]}`; undefined if there are none. Engines also read maps of booleans
 * (`{"dangling":{"true":true}}`), but dockerd ignores a `false` in them, unlike Podman.
 */
export function encodeFilters(filters: Filters): string | undefined {
  const merged = mergeFilters(filters);
  return Object.keys(merged).length === 0 ? undefined : JSON.stringify(merged);
}

/** Merges sets of filters into one, with values as text and without duplicates. Throws an `ArgumentError` for a wrong value. */
export function mergeFilters(...sets: readonly (Filters | undefined)[]): Record<string, string[]> {
  const merged = new Map<string, Set<string>>();
  for (const [key, value] of sets.flatMap(entries)) {
    const values = merged.get(key) ?? new Set();
    for (const text of texts(key, value)) values.add(text);
    merged.set(key, values);
  }
  // Unlike an assignment, fromEntries treats the name `__proto__` like any other.
  return Object.fromEntries([...merged].map(([key, values]) => [key, [...values]]));
}

/** A Map or an array would look empty here, and a prune with empty filters removes everything, so both are rejected. */
function entries(filters: Filters | undefined): [string, unknown][] {
  if (filters === undefined) return [];
  if (Object.prototype.toString.call(filters) === '[object Object]') return Object.entries(filters);
  throw new ArgumentError('filters must be a plain object, as in { dangling: true, label: ["a", "b=c"] }');
}

/** An empty list is rejected for the same reason. */
function texts(key: string, value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  // JSON can encode an unpaired surrogate, which engines read as U+FFFD.
  const areWellFormed = [key, ...values].every((text) => typeof text !== 'string' || isWellFormed(text));
  const areValues = values.every((each) => typeof each === 'string' || typeof each === 'boolean' || Number.isFinite(each));
  if (areWellFormed && values.length > 0 && areValues) return values.map(String);
  throw new ArgumentError(`the filter "${escapeText(key)}" must be a string, a number, a boolean, or a list of these that is not empty`);
}

/** Filters of `GET /events` that select events of other objects. Together with `type: image`, they match no event. */
const OTHER_OBJECTS = ['config', 'container', 'daemon', 'network', 'node', 'plugin', 'pod', 'secret', 'service', 'volume'];

/** The filters of `events`. Results are typed as events of images, so another `type` throws an `ArgumentError`. */
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

/** Whether a filter has names or patterns that begin with the host of the Docker Hub. */
export function hasHubNames(filters: Filters | undefined, key: string): boolean {
  return filters !== undefined && valuesOf(filters, key).some((value) => HUB_NAME.test(value));
}

/**
 * Rewrites the names of the Docker Hub in filters as the engine stores them. Docker 20.10 to 28 stores `docker.io/library/alpine` as
 * `alpine`; Podman 4.3 to 6 stores it in full, and never with `index.docker.io`.
 */
export function withStoredNames(filters: Filters, key: string, isPodman: boolean): Filters {
  if (!hasHubNames(filters, key)) return filters;
  const stored = valuesOf(filters, key).map((value) => {
    if (!HUB_NAME.test(value)) return value;
    const name = value.replace(HUB_NAME, '');
    return isPodman ? `docker.io/${name}` : name.replace(/^library\//, '');
  });
  return { ...filters, [key]: stored };
}

function valuesOf(filters: Filters, key: string): string[] {
  return mergeFilters(filters)[key] ?? [];
}
