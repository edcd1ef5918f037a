// A request target as errors and logs show it: a query may hold secrets, and a URL inside it a password.

import { endpoints } from './endpoints.ts';
import type { Endpoint } from './parameters.ts';
import { REDACTED } from './redaction.ts';

/** A URL to fetch may be signed, and what is set in an image may be a token. "-" for a URL is the content of the request. */
const hidden: readonly string[] = ['fromSrc', 'changes'];
/** The keys whose values name things. Of any other, `request` may have sent, nobody here knows what it holds. */
const shown: ReadonlySet<string> = new Set(
  Object.values<Endpoint>(endpoints)
    .flatMap(({ parameters }) => Object.values(parameters).map(({ wire }) => wire))
    .filter((wire) => !hidden.includes(wire)),
);

/** The target with `[redacted]` for values that may be secrets, and for user information in URLs. */
export function redactedTarget(target: string): string {
  return rewritten(target, () => REDACTED);
}

/** What `redactedTarget` leaves out of a target, as it stands there; user information has no key. */
export function hiddenValues(target: string): ReadonlyArray<readonly [key: string, value: string]> {
  const values: Array<[string, string]> = [];
  rewritten(target, (...value) => String(values.push(value)));
  return values;
}

type Hide = (key: string, value: string) => string;

function rewritten(target: string, hide: Hide): string {
  const [path = '', ...query] = target.split(/\?(.*)/s);
  const pairs = query[0]?.split('&').map((pair) => {
    const [key = ''] = pair.split('=', 1);
    const value = pair.slice(key.length + 1);
    return key === pair || shown.has(key) || value === '-' ? withoutUser(pair, hide) : `${key}=${hide(key, value)}`;
  });
  return withoutUser(path, hide) + (pairs === undefined ? '' : `?${pairs.join('&')}`);
}

/** User information reaches from "//" to the last "@", as a password may hold one; both may be percent-encoded. */
function withoutUser(text: string, hide: Hide): string {
  const start = /(?::|%3A)(?:\/|%2F){2}/i.exec(text);
  const from = start === null ? text.length : start.index + start[0].length;
  const to = Math.max(text.lastIndexOf('@'), text.lastIndexOf('%40'));
  return to < from ? text : text.slice(0, from) + hide('', text.slice(from, to)) + text.slice(to);
}
