// Reads how long a server asks to wait before the next request: from the field Retry-After of a response (RFC 9110 §10.2.3), and from
// the message of a registry that an engine passes on. GHCR writes "toomanyrequests: retry-after: 985.86µs, allowed: 44000/minute".

/**
 * Returns the delay in milliseconds that Retry-After asks for; undefined if it is not valid. A date counts from the field Date of the same
 * response, because the clocks of server and client may differ; without that field it is not used.
 */
export function retryAfterOfFields(value: string | undefined, date: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,10}$/.test(value)) return Number(value) * 1000;
  const delayMs = httpDate(value) - httpDate(date ?? '');
  return Number.isNaN(delayMs) ? undefined : Math.max(delayMs, 0);
}

/** Parses the three forms of a date in HTTP (RFC 9110 §5.6.7); NaN for other texts. The third form has no GMT, but means it. */
function httpDate(text: string): number {
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? [\w: -]{10,30}$/.test(text)) return NaN;
  return Date.parse(text.endsWith(' GMT') ? text : `${text} GMT`);
}

/** Milliseconds of the units in Go's durations: "1m30.5s". Go writes the micro sign. */
const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, µs: 1e-3, ns: 1e-6 };

/** Returns the delay in milliseconds that a message asks for, as a Go duration or in seconds; undefined if it asks for none. */
export function retryAfterInMessage(message: string): number | undefined {
  const [, duration = ''] = /\bretry-after: ?((?:\d{1,10}(?:\.\d{1,10})?(?:[nuµm]?s|[hm])?){1,4})(?![\w.])/i.exec(message) ?? [];
  if (duration === '') return undefined;
  const parts = [...duration.matchAll(/([\d.]+)([a-zµ]*)/gi)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit.toLowerCase() || 's'] ?? NaN), 0);
}
