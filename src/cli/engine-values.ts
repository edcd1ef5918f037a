// Converts values of an engine's response for display. An engine may send other types than our types declare, so these functions
// accept `unknown` and never throw.

/** Returns a text, number or boolean as text; `""` for a missing value; `?` for a list or an object. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? '?' : String(value);
}

/** Returns a finite number; undefined for everything else. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Returns the texts of a list; an empty list for other values. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

/** Returns the objects of a list; an empty list for other values. */
export function objectsOf<Item extends object>(value: readonly Item[] | null | undefined): readonly Item[] {
  return Array.isArray(value) ? value.filter((each: unknown): each is Item => typeof each === 'object' && each !== null) : [];
}

/** Returns the members of an object; an empty list for other values. */
export function membersOf(value: unknown): ReadonlyArray<readonly [name: string, member: unknown]> {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
