// Parses the JSON files of the docker command, and reads the settings in config.json. As in Go, names of members match in any
// case. Errors name the file and never quote it, because it may contain passwords.

import { Buffer } from 'node:buffer';
import { decodeUtf8 } from '../bytes.ts';
import { ConfigError } from '../errors.ts';
import { lowerCaseAscii } from '../http/grammar.ts';
import { isJsonObject } from '../api/json.ts';
import type { JsonObject } from '../api/json.ts';

/** Parses a file that must contain a JSON object. */
export function parseConfigFile(bytes: Uint8Array, path: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(bytes));
  } catch {
    // The message of V8 quotes the text, so it is not used.
    const hasMark = /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/.test(Buffer.from(bytes.subarray(0, 3)).toString('latin1'));
    throw new ConfigError(`${path} ${hasMark ? 'begins with a byte order mark: save it as UTF-8 without one' : 'is not JSON'}`);
  }
  if (!isJsonObject(value)) throw new ConfigError(`${path} is JSON, but not an object`);
  return value;
}

/** Parses a config.json. An empty file, or `null`, means no settings, as with the docker command. */
export function parseSettings(bytes: Uint8Array, path: string): JsonObject {
  const blank = /^(?:[\t\n\r ]*|[\t\n\r ]*null[\t\n\r ]*)$/;
  return bytes.length < 100 && blank.test(String.fromCharCode(...bytes)) ? {} : parseConfigFile(bytes, path);
}

/** Finds a member by name as Go does: case does not matter, and the last match counts. `null` counts as absent. */
export function member(object: JsonObject, name: string): unknown {
  const wanted = lowerCaseAscii(name);
  return Object.entries(object).filter(([key]) => lowerCaseAscii(key) === wanted).at(-1)?.[1] ?? undefined;
}

/** A member that must be a string; undefined if it is absent or empty. */
export function textMember(object: JsonObject, name: string, path: string): string | undefined {
  const value = member(object, name);
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new ConfigError(`${path}: "${name}" must be a string`);
  return value;
}

/** A value that must be an object; an empty object if it is absent. `name` and `remedy` are for the error. */
export function objectOf(value: unknown, name: string, path: string, remedy = ''): JsonObject {
  if (value === undefined) return {};
  if (!isJsonObject(value)) throw new ConfigError(`${path}: "${name}" must be an object${remedy}`);
  return value;
}

/** `currentContext` in config.json: the context that `docker context use` has chosen. */
export function currentContext(settings: JsonObject, path: string): string | undefined {
  return textMember(settings, 'currentContext', path);
}

/**
 * The names and values of `HttpHeaders` in config.json. `User-Agent` is omitted: the docker command does not allow it, and its
 * versions before 19.03 stored their own name there.
 */
export function httpHeaders(settings: JsonObject, path: string): Array<readonly [name: string, value: string]> {
  return Object.entries(objectOf(member(settings, 'HttpHeaders'), 'HttpHeaders', path)).flatMap(([name, text]) => {
    if (typeof text !== 'string') throw new ConfigError(`${path}: every value of "HttpHeaders" must be a string`);
    return lowerCaseAscii(name) === 'user-agent' ? [] : [[name, text] as const];
  });
}
