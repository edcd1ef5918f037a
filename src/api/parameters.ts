// The types of the endpoint table's rows: the requirements of an operation or a parameter, and each kind of query parameter with
// its check and its encoding.

import { isWellFormed } from '../bytes.ts';
import { FLAG, kind, listOf } from '../kinds.ts';
import type { Kind } from '../kinds.ts';
import { encodeFilters, mergeFilters } from './filters.ts';
import type { Filters } from './filters.ts';
import { copyPlatform, platformJson, platformText } from './platform.ts';
import type { Platform } from './platform.ts';

/**
 * Which engines support an operation or a parameter: those that meet all members. Others would silently ignore it, so a
 * `VersionError` is thrown.
 */
export interface Requirement {
  /** The first API version that has it. */
  readonly since?: string;
  /** The first API version that no longer has it. */
  readonly until?: string;
  /** The first Podman that supports it, `"4.6"`; false if Podman does not support it, regardless of its API version. */
  readonly podman?: false | string;
  /** The first Docker that supports it, `"23.0"`, if the API version does not show it. */
  readonly docker?: string;
  /** Only engines with this image store support it; others accept it and ignore it. */
  readonly store?: 'containerd';
  /** The additional requirement of some values, such as several platforms. */
  readonly conditional?: ConditionalRequirement;
  /** The name of such values in an error, after "with": `"several platforms"`. */
  readonly part?: string;
}

/** The requirement of some values of a parameter. `supports` does not check it. */
export interface ConditionalRequirement extends Requirement {
  readonly part: string;
  /** Whether it applies to these encoded values. */
  readonly when: (values: readonly string[]) => boolean;
}

/** A query parameter with an argument of type `Value`. */
export interface Parameter<Value> extends Requirement {
  readonly wire: string;
  /** What the argument must be; the methods of `ImageClient` check it. */
  readonly kind: Kind;
  /** Returns the values to send, each with the key. If there are none, the parameter is left out. */
  readonly encode: (value: Value) => readonly string[];
}

/** One operation. */
export interface Endpoint extends Requirement {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  /** The path after the API version; `{image}` is replaced by the image. */
  readonly path: string;
  /** False if the path is sent without an API version. */
  readonly versioned?: false;
  /** The success statuses; any other causes an `ApiError`. Default 200. */
  readonly success?: readonly number[];
  /** Whether `X-Registry-Auth` is sent: `always` means also without credentials, as `e30=`. */
  readonly credentials?: 'always' | 'if-known';
  readonly contentType?: string;
  readonly response: 'none' | 'json' | 'progress' | 'archive';
  /** True for endpoints that respond fast: the head of the response has a default timeout of 30 seconds. */
  readonly fast?: true;
  // `any`: each parameter is applied only to its own argument, whose type the table does not know.
  readonly parameters: Readonly<Record<string, Parameter<any>>>;
}

/** The type of a row's arguments, by the names of its parameters. */
export type ArgumentsOf<Row extends Endpoint> = {
  [Name in keyof Row['parameters']]?: Row['parameters'][Name] extends Parameter<infer Value> ? Value | undefined : never;
};

/**
 * A flag, sent as `1` or `0`, which all engines read alike. If the flag has a requirement, false is its default: it is left out and
 * works with every engine.
 */
export function flag(wire: string, requirement: Requirement = {}): Parameter<boolean> {
  const off = Object.keys(requirement).length === 0 ? ['0'] : [];
  return { wire, ...requirement, kind: FLAG, encode: (value) => (value ? ['1'] : off) };
}

/** Makes a parameter from its name in the query and its requirement. */
export type ParameterMaker<Value> = (wire: string, requirement?: Requirement) => Parameter<Value>;

function maker<Value>(valueKind: Kind, encode: Parameter<Value>['encode']): ParameterMaker<Value> {
  return (wire, requirement = {}) => ({ wire, ...requirement, kind: valueKind, encode });
}

/** A string without unpaired surrogates: URLSearchParams would replace them by U+FFFD. */
const WHOLE_TEXT: Kind = kind('a string (without lone surrogates)', (value) => typeof value === 'string' && isWellFormed(value));

/** A string, sent unchanged. */
export const text: ParameterMaker<string> = maker(WHOLE_TEXT, (value) => [value]);

/** A list of strings, each sent with the key. */
export const list: ParameterMaker<readonly string[]> = maker(
  listOf(WHOLE_TEXT, 'a list of strings (without lone surrogates)'),
  (value) => value,
);

/** An integer. */
export const integer: ParameterMaker<number> = maker(kind('a whole number', Number.isSafeInteger), (value) => [String(value)]);

const TIME: Kind = kind(
  'a Date, or seconds since 1970',
  (value) => Number.isFinite(value) && (value as number) >= 0,
  secondsOf,
);
function secondsOf(value: unknown): unknown {
  return value instanceof Date ? value.getTime() / 1000 : value;
}

/** A time, sent as seconds since 1970 with up to three decimals: the only form that all engines read. */
export const time: ParameterMaker<Date | number> = maker(TIME, (value) => [String(Number(Number(secondsOf(value)).toFixed(3)))]);

const FILTERS: Kind = kind('an object', () => true, (value) => mergeFilters(value as Filters));

/** Filters, sent as JSON: `{"key":["value"]}`. */
export const filters: ParameterMaker<Filters> = maker(FILTERS, (value) => {
  const json = encodeFilters(value);
  return json === undefined ? [] : [json];
});

function platformKind(encode: (platform: Platform) => string): Kind {
  return kind('a platform such as "linux/arm64"', (value) => encode(value as Platform) !== '', copyPlatform);
}
/** A platform that is sent as text; it may be a single word, such as `arm64`. */
export const PLATFORM: Kind = platformKind(platformText);
const FULL_PLATFORM: Kind = platformKind(platformJson);

/** A platform, sent as `linux/arm64/v8`. */
export const platformAsText: ParameterMaker<Platform> = maker(PLATFORM, (value) => [platformText(value)]);

/** A platform, sent as `{"architecture":"arm64","os":"linux","variant":"v8"}`. */
export const platformAsJson: ParameterMaker<Platform> = maker(FULL_PLATFORM, (value) => [platformJson(value)]);

const PLATFORMS: Kind = kind(
  'a platform such as "linux/arm64", or a list of them that is not empty',
  (value) => listed(value as Platform).length > 0 && listed(value as Platform).every(FULL_PLATFORM.test),
  (value) => (Array.isArray(value) ? value.map(copyPlatform) : copyPlatform(value)),
);
function listed(value: Platform | readonly Platform[]): readonly Platform[] {
  return Array.isArray(value) ? (value as readonly Platform[]) : [value as Platform];
}

/** Platforms as JSON, each sent with the key. An empty list is rejected: engines would treat it as all platforms. */
export const platformsAsJson: ParameterMaker<Platform | readonly Platform[]> = maker(PLATFORMS, (value) => [
  ...new Set(listed(value).map(platformJson)),
]);
