// API versions: `major.minor`, compared as numbers, and the range of them that this client speaks.

import { escapeText } from '../bytes.ts';
import { ConfigError } from '../errors.ts';

/** The oldest version that this client speaks: Docker 1.12's. */
export const OLDEST_API_VERSION = '1.24';
/** The newest version that this client knows every parameter of: Docker 29's. */
export const NEWEST_API_VERSION = '1.56';
/** Both, for messages. */
export const OUR_RANGE: string = `${OLDEST_API_VERSION} to ${NEWEST_API_VERSION}`;

const versionGrammar = /^\s*v?([0-9]{1,4})\.([0-9]{1,4})\s*$/i;

/** The API version that a text names, as it stands in a path: `"1.41"` for `"v1.41"` and `"V1.41 "` too; undefined: it names none. */
export function apiVersionOf(text: string): string | undefined {
  const [, major, minor] = versionGrammar.exec(text) ?? [];
  return major === undefined ? undefined : `${Number(major)}.${Number(minor)}`;
}

/** Below, at or above zero as `a` is older than, the same as or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = numbers(a);
  const [majorB = 0, minorB = 0] = numbers(b);
  return majorA - majorB || minorA - minorB;
}
function numbers(version: string): number[] {
  return (versionGrammar.exec(version) ?? []).slice(1).map(Number);
}

/** The first two numbers of a release, `"4.3"` of Podman's `"4.3.1-rhel"`; as a version of the API is written. */
export function majorMinor(release: string): string {
  return /^[0-9]+\.[0-9]+/.exec(release)?.[0] ?? '0.0';
}

/** A version to be pinned to, without the leading "v"; a `ConfigError` where it is none that this client speaks. */
export function parsePinnedVersion(text: string, source = 'version'): string {
  const version = apiVersionOf(text);
  if (version !== undefined && inOurRange(version)) return version;
  const remedy = 'leave it out, and the newest version that the engine knows too is spoken';
  throw new ConfigError(`${source} "${escapeText(text)}" is none of the API versions ${OUR_RANGE}, which this client knows: ${remedy}`);
}
function inOurRange(version: string): boolean {
  return compareVersions(version, OLDEST_API_VERSION) >= 0 && compareVersions(version, NEWEST_API_VERSION) <= 0;
}

/** The version to speak with an engine whose newest is `newest`: the older of the two newest; undefined: none. */
export function commonVersion(newest: string): string | undefined {
  if (compareVersions(newest, OLDEST_API_VERSION) < 0) return undefined;
  return compareVersions(newest, NEWEST_API_VERSION) < 0 ? newest : NEWEST_API_VERSION;
}

// moby's daemon/server/middleware/version.go: "client version 1.99 is too new. Maximum supported API version is 1.41"
const versionComplaint = /client version \S+ is too (?:new|old)\. (?:Maximum|Minimum) supported API version is/;
/** Whether a 400 says that the version in the path is not spoken. */
export function isVersionComplaint(daemonMessage: string): boolean {
  return versionComplaint.test(daemonMessage);
}
