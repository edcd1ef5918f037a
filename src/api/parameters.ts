// What a row of the endpoint table is made of: how each kind of parameter is written on the wire.

import { isWellFormed } from '../bytes.ts';
import { FLAG, kind, listOf } from '../kinds.ts';
import type { Kind } from '../kinds.ts';
import { encodeFilters, mergeFilters } from './filters.ts';
import type { Filters } from './filters.ts';
import { copyPlatform, platformJson, platformText } from './platform.ts';
import type { Platform } from './platform.ts';

/** Which engines know a thing. What this cannot pass is a `VersionError`: an engine would ignore it without a word. */
export interface Requirement {
  /** The first API version that has it. */
  readonly since?: string;
  /** The first API version that has it no more. */
  readonly until?: string;
  /** False: Podman has not, whatever API version it reports. A version, `"4.6"`: the first Podman that heeds it. */
  readonly podman?: false | string;
  /** The first Docker that heeds it, `"23.0"`, where its API versions do not tell. */
  readonly docker?: string;
  /** Only engines with this image store heed it; others take it, and ignore it. */
  readonly store?: 'containerd';
  /** What some arguments ask for beside it, which needs more: several platforms, an instruction of a Dockerfile. */
  readonly partly?: PartlyGate;
  /** What an error calls the part that this gate is for, after "with": `"several platforms"`. */
  readonly part?: string;
}

/** The gate of a part of a parameter; `supports` does not ask it. */
export interface PartlyGate extends Requirement {
  readonly part: string;
  /** Whether the values on the wire ask for it. */
  readonly when: (values: readonly string[]) => boolean;
}

/** The gate of more than one value. */
export function several(part: string, gate: Requirement): PartlyGate {
  return { ...gate, part, when: (values) => values.length > 1 };
}

/** A query parameter whose argument is a `Value`. */
export interface Parameter<Value> extends Requirement {
  /** Its name on the wire. */
  readonly wire: string;
  /** What the argument must be; the methods of the client check it at the call. */
  readonly kind: Kind;
  /** The values to send for an argument of that kind; each repeats the key. */
  readonly encode: (value: Value) => readonly string[];
}

/** One operation. */
export interface Endpoint extends Requirement {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  /** Below `/v1.NN`; `{image}` is filled in. */
  readonly path: string;
  /** False: the path is sent as it is, without a version. */
  readonly versioned?: false;
  /** The statuses of success; every other final one is an `ApiError`. Default 200. */
  readonly success?: readonly number[];
  /** Whether `X-Registry-Auth` goes along: "always" also without credentials, as `e30=`. */
  readonly credentials?: 'always' | 'if-known';
  /** The media type of the content of the request, where there is any; `loadImage` and imports have a tar. */
  readonly contentType?: string;
  /** What the answer is. */
  readonly reply: 'none' | 'json' | 'progress' | 'archive';
  /** True where an engine answers at once or is not well: the answer's head then is limited to 30 s. */
  readonly fast?: true;
  // `any`: the table holds parameters of every kind of value, and each is applied to its own alone.
  readonly parameters: Readonly<Record<string, Parameter<any>>>;
}

/** The arguments that a row takes, by the names of its parameters. */
export type ArgumentsOf<Row extends Endpoint> = {
  [Name in keyof Row['parameters']]?: Row['parameters'][Name] extends Parameter<infer Value> ? Value | undefined : never;
};

/**
 * `1` or `0`: the only spelling that every engine reads alike. What not every engine has is false by default: a false one
 * asks for nothing that an engine could ignore, and is left out.
 */
export function flag(wire: string, gate: Requirement = {}): Parameter<boolean> {
  const off = Object.keys(gate).length === 0 ? ['0'] : [];
  return { wire, ...gate, kind: FLAG, encode: (value) => (value ? ['1'] : off) };
}

/** The text as it is. */
export function text(wire: string, gate: Requirement = {}): Parameter<string> {
  return { wire, ...gate, kind: WHOLE_TEXT, encode: (value) => [value] };
}

/** A whole number. */
export function integer(wire: string, gate: Requirement = {}): Parameter<number> {
  return { wire, ...gate, kind: kind('a whole number', Number.isSafeInteger), encode: (value) => [String(value)] };
}

/** Seconds since 1970, with milliseconds where there are some: the only form that every engine reads. */
export function time(wire: string, gate: Requirement = {}): Parameter<Date | number> {
  const encode = (value: Date | number): string[] => [String(Number(Number(secondsOf(value)).toFixed(3)))];
  return { wire, ...gate, kind: TIME, encode };
}

/** The key repeated for each text. */
export function list(wire: string, gate: Requirement = {}): Parameter<readonly string[]> {
  return { wire, ...gate, kind: listOf(WHOLE_TEXT, 'a list of strings (without lone surrogates)'), encode: (value) => value };
}

/** `{"key":["value"]}`. */
export function filters(wire: string, gate: Requirement = {}): Parameter<Filters> {
  return {
    wire,
    ...gate,
    kind: FILTERS,
    encode: (value) => {
      const json = encodeFilters(value);
      return json === undefined ? [] : [json];
    },
  };
}

/** `linux/arm64/v8`. */
export function platformAsText(wire: string, gate: Requirement = {}): Parameter<Platform> {
  return { wire, ...gate, kind: PLATFORM, encode: (value) => [platformText(value)] };
}

/** `{"architecture":"arm64","os":"linux","variant":"v8"}`. */
export function platformAsJson(wire: string, gate: Requirement = {}): Parameter<Platform> {
  return { wire, ...gate, kind: FULL_PLATFORM, encode: (value) => [platformJson(value)] };
}

/** That JSON, the key repeated for each platform. An empty list is refused: it would mean "all", the opposite. */
export function platformsAsJson(wire: string, gate: Requirement = {}): Parameter<Platform | readonly Platform[]> {
  const encode = (value: Platform | readonly Platform[]): string[] => [...new Set(listed(value).map(platformJson))];
  return { wire, ...gate, kind: PLATFORMS, encode };
}
function listed(value: Platform | readonly Platform[]): readonly Platform[] {
  return Array.isArray(value) ? (value as readonly Platform[]) : [value as Platform];
}

/** URLSearchParams would send something else for half a character, and say nothing. */
const WHOLE_TEXT: Kind = kind('a string (without lone surrogates)', (value) => typeof value === 'string' && isWellFormed(value));

const TIME: Kind = kind(
  'a Date, or seconds since 1970',
  (value) => Number.isFinite(value) && (value as number) >= 0,
  secondsOf,
);
function secondsOf(value: unknown): unknown {
  return value instanceof Date ? value.getTime() / 1000 : value;
}

const FILTERS: Kind = kind('an object', () => true, (value) => mergeFilters(value as Filters));

/** A platform that goes as text: a word alone is one. */
export const PLATFORM: Kind = kind(
  'a platform such as "linux/arm64"',
  (value) => platformText(value as Platform) !== '',
  copyPlatform,
);
const FULL_PLATFORM: Kind = kind(
  'a platform such as "linux/arm64"',
  (value) => platformJson(value as Platform) !== '',
  copyPlatform,
);
const PLATFORMS: Kind = kind(
  'a platform such as "linux/arm64", or a list of them that is not empty',
  (value) => listed(value as Platform).length > 0 && listed(value as Platform).every(FULL_PLATFORM.test),
  (value) => (Array.isArray(value) ? value.map(copyPlatform) : copyPlatform(value)),
);
