// What a row of the endpoint table is made of: how each kind of parameter is written on the wire.

import { hasUtf8 } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';
import { encodeFilters } from './filters.ts';
import type { Filters } from './filters.ts';
import { platformJson, platformText } from './platform.ts';
import type { Platform } from './platform.ts';

/** Which engines know a thing. What this cannot pass is a `VersionError`: an engine would ignore it without a word. */
export interface Gate {
  /** The first API version that has it. */
  readonly since?: string;
  /** The first API version that has it no more. */
  readonly until?: string;
  /** False: Podman has not, whatever API version it reports. A version, `"4.6"`: the first Podman that heeds it. */
  readonly podman?: false | string;
  /** Only engines with this image store heed it; others take it, and ignore it. */
  readonly store?: 'containerd';
  /** The first API version that takes more than one value. */
  readonly sinceSeveral?: string;
}

/** A query parameter whose argument is a `Value`. */
export interface Parameter<Value> extends Gate {
  /** Its name on the wire. */
  readonly wire: string;
  /** The values to send; each repeats the key. */
  readonly encode: (value: Value) => readonly string[];
}

/** One operation. */
export interface Endpoint extends Gate {
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
  readonly prompt?: true;
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
export function flag(wire: string, gate: Gate = {}): Parameter<boolean> {
  const off = Object.keys(gate).length === 0 ? ['0'] : [];
  return { wire, ...gate, encode: (value) => (check(typeof value === 'boolean', wire, 'true or false', value) ? ['1'] : off) };
}

/** The text as it is. */
export function text(wire: string, gate: Gate = {}): Parameter<string> {
  return { wire, ...gate, encode: (value) => [check(isText(value), wire, 'a string of whole characters', value)] };
}

/** A whole number. */
export function whole(wire: string, gate: Gate = {}): Parameter<number> {
  return { wire, ...gate, encode: (value) => [String(check(Number.isSafeInteger(value), wire, 'a whole number', value))] };
}

/** Seconds since 1970, with milliseconds where there are some: the only form that every engine reads. */
export function time(wire: string, gate: Gate = {}): Parameter<Date | number> {
  const encode = (value: Date | number): string[] => {
    const seconds = value instanceof Date ? value.getTime() / 1000 : value;
    check(Number.isFinite(seconds) && seconds >= 0, wire, 'a Date, or seconds since 1970', value);
    return [String(Number(seconds.toFixed(3)))];
  };
  return { wire, ...gate, encode };
}

/** The key repeated for each text. */
export function list(wire: string, gate: Gate = {}): Parameter<readonly string[]> {
  const isList = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
  return { wire, ...gate, encode: (value) => check(isList(value), wire, 'a list of strings of whole characters', value) };
}

/** `{"key":["value"]}`. */
export function filters(wire: string, gate: Gate = {}): Parameter<Filters> {
  return {
    wire,
    ...gate,
    encode: (value) => {
      const json = encodeFilters(value);
      return json === undefined ? [] : [json];
    },
  };
}

/** `linux/arm64/v8`. */
export function platformAsText(wire: string, gate: Gate = {}): Parameter<Platform> {
  return { wire, ...gate, encode: (value) => [platformText(value)] };
}

/** `{"architecture":"arm64","os":"linux","variant":"v8"}`. */
export function platformAsJson(wire: string, gate: Gate = {}): Parameter<Platform> {
  return { wire, ...gate, encode: (value) => [platformJson(value)] };
}

/** That JSON, the key repeated for each platform. An empty list is refused: it would mean "all", the opposite. */
export function platformsAsJson(wire: string, gate: Gate = {}): Parameter<Platform | readonly Platform[]> {
  const encode = (value: Platform | readonly Platform[]): string[] => {
    const platforms: readonly Platform[] = isList(value) ? value : [value];
    check(platforms.length > 0, wire, 'a platform, or a list of some', platforms);
    return [...new Set(platforms.map(platformJson))];
  };
  return { wire, ...gate, encode };
}
function isList(value: Platform | readonly Platform[]): value is readonly Platform[] {
  return Array.isArray(value);
}

/** URLSearchParams would send something else for half a character, and say nothing. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && hasUtf8(value);
}

function check<Value>(valid: boolean, wire: string, wanted: string, value: Value): Value {
  if (valid) return value;
  throw new ArgumentError(`"${wire}" must be ${wanted}`);
}
