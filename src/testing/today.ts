// The current date, for the header of a tape.

/** Returns the date in UTC: `"2026-01-31"`. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
