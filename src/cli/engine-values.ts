// Values of an engine's answer as commands show them. An engine may send anything in place of what the types say, so these
// functions take `unknown` and never throw.

/** Text as it is, numbers and booleans as text; empty for what is missing, `?` for a list or an object. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? '?' : String(value);
}

/** A finite number; undefined for everything else. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The texts of a list; none where it is not a list. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

/** The objects of a list; none where it is not a list. */
export function objectsOf<Item extends object>(value: readonly Item[] | null | undefined): readonly Item[] {
  return Array.isArray(value) ? value.filter((each: unknown): each is Item => typeof each === 'object' && each !== null) : [];
}

/** The members of an object; none where it is not one. */
export function membersOf(value: unknown): ReadonlyArray<readonly [name: string, member: unknown]> {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
