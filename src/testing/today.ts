// The date, for what says when it was made.

/** `"2026-01-31"`, in Greenwich. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
