// A request target as errors and logs show it: a query may hold secrets, and a URL inside it a password.

import { endpoints } from './endpoints.ts';
import type { Endpoint } from './endpoint.ts';

const REDACTED = '[redacted]';

/** A URL to fetch may be signed, and what is set in an image may be a token. "-" for a URL is the content of the request. */
const hidden: readonly string[] = ['fromSrc', 'changes'];
/** The keys whose values name things. Of any other, `request` may have sent, nobody here knows what it holds. */
const shown: ReadonlySet<string> = new Set(
  Object.values<Endpoint>(endpoints)
    .flatMap(({ parameters }) => Object.values(parameters).map(({ wire }) => wire))
    .filter((wire) => !hidden.includes(wire)),
);

// userinfo "@" after "//", as it stands or percent-encoded; up to the last "@", as a password may hold one
const userInfo = /((?::|%3A)(?:\/|%2F){2})([^&]*)(?=@|%40)/gi;

/** The target with `[redacted]` for values that may be secrets, and for user information in URLs. */
export function shownTarget(target: string): string {
  return dissect(target).shown;
}

/** What `shownTarget` leaves out of a target, as it stands there; user information has no key. */
export function hiddenValues(target: string): HiddenValues {
  return dissect(target).left;
}
type HiddenValues = ReadonlyArray<readonly [key: string, value: string]>;

function dissect(target: string): { readonly shown: string; readonly left: HiddenValues } {
  const left: Array<[string, string]> = [];
  const hide = (key: string, value: string): string => {
    left.push([key, value]);
    return REDACTED;
  };
  const withoutUser = (text: string): string =>
    text.replace(userInfo, (_, before: string, user: string) => before + hide('', user));
  const [, path = '', query = ''] = /^([^?]*)(.*)$/s.exec(target) ?? [];
  const shownQuery = query.replace(/([^?&=]*)=([^&]*)/g, (pair, key: string, value: string) =>
    shown.has(key) || value === '-' ? withoutUser(pair) : `${key}=${hide(key, value)}`,
  );
  return { shown: withoutUser(path) + shownQuery, left };
}
