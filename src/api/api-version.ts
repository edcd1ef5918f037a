// Engine API versions, `major.minor`: parsing, comparison, and the range that this client supports.

import { escapeText } from '../bytes.ts';
import { ConfigError } from '../errors.ts';

/** The oldest API version that this client supports. Docker 1.12 has it. */
export const OLDEST_API_VERSION = '1.24';
/** The newest API version that this client supports. Docker 29 has it. */
export const NEWEST_API_VERSION = '1.56';
/** The supported range, for messages. */
export const SUPPORTED_RANGE: string = `${OLDEST_API_VERSION} to ${NEWEST_API_VERSION}`;

const versionGrammar = /^\s*v?([0-9]{1,4})\.([0-9]{1,4})\s*$/i;

/** Parses a version: `"v1.41"` and `"V1.41 "` give `"1.41"`, the form in a request path; undefined for other texts. */
export function parseApiVersion(text: string): string | undefined {
  const [, major, minor] = versionGrammar.exec(text) ?? [];
  return major === undefined ? undefined : `${Number(major)}.${Number(minor)}`;
}

/** Negative, zero or positive if `a` is older than, the same as or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  return rankOf(a) - rankOf(b);
}
/** Grows with the version; a minor version has at most four digits. */
function rankOf(version: string): number {
  const match = versionGrammar.exec(version);
  return match === null ? 0 : Number(match[1]) * 10_000 + Number(match[2]);
}

/** The first two numbers of an engine's release: `"4.3"` for `"4.3.1-rhel"`; `"0.0"` if it does not start with two numbers. */
export function majorMinor(release: string): string {
  return /^[0-9]+\.[0-9]+/.exec(release)?.[0] ?? '0.0';
}

/** Parses a version that the user sets. Throws a `ConfigError` that names `source` if it is not in the supported range. */
export function parsePinnedVersion(text: string, source = 'version'): string {
  const version = parseApiVersion(text);
  const isSupported =
    version !== undefined &&
    compareVersions(version, OLDEST_API_VERSION) >= 0 &&
    compareVersions(version, NEWEST_API_VERSION) <= 0;
  if (isSupported) return version;
  const remedy = 'leave it out to negotiate the version with the engine';
  throw new ConfigError(`${source} "${escapeText(text)}" is not an API version that this client supports (${SUPPORTED_RANGE}): ${remedy}`);
}

/** The version to use with an engine: the older of its newest version and ours; undefined if the engine is too old. */
export function negotiatedVersion(newest: string): string | undefined {
  if (compareVersions(newest, OLDEST_API_VERSION) < 0) return undefined;
  return compareVersions(newest, NEWEST_API_VERSION) < 0 ? newest : NEWEST_API_VERSION;
}

// moby's daemon/server/middleware/version.go: "client version 1.99 is too new. Maximum supported API version is 1.41"
const versionMismatch = /client version \S+ is too (?:new|old)\. (?:Maximum|Minimum) supported API version is/;
/** Whether the message of a 400 says that the engine does not support the version in the path. */
export function isVersionMismatch(daemonMessage: string): boolean {
  return versionMismatch.test(daemonMessage);
}
