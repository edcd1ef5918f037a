// What config.json says of the engine: which context is the current one, and what goes along with every request.

import { decodeUtf8 } from '../bytes.ts';
import { ConfigError } from '../errors.ts';
import { lowerCaseAscii } from '../http/grammar.ts';
import { isJsonObject } from './answer.ts';
import type { JsonObject } from './answer.ts';

/** The JSON object that a file is. A `ConfigError` names the file and quotes nothing: it may hold passwords. */
export function parseConfigFile(bytes: Uint8Array, path: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(bytes));
  } catch {
    // V8's own message quotes the text.
    const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    throw new ConfigError(`${path} is no JSON${bom ? ': it begins with a byte order mark' : ''}`);
  }
  if (!isJsonObject(value)) throw new ConfigError(`${path} is no JSON object`);
  return value;
}

/** The same for config.json, of which the docker command takes an empty one, or `null`, for one without settings. */
export function parseSettings(bytes: Uint8Array, path: string): JsonObject {
  const blank = /^(?:[\t\n\r ]*|[\t\n\r ]*null[\t\n\r ]*)$/;
  return bytes.length < 100 && blank.test(String.fromCharCode(...bytes)) ? {} : parseConfigFile(bytes, path);
}

/** A member as Go finds it: without regard to case, the last one where several match, and null means none. */
export function member(object: JsonObject, name: string): unknown {
  const wanted = lowerCaseAscii(name);
  return Object.entries(object).findLast(([key]) => lowerCaseAscii(key) === wanted)?.[1] ?? undefined;
}

/** The member as a text, undefined where there is none or it is empty; a `ConfigError` where it is something else. */
export function textMember(object: JsonObject, name: string, path: string): string | undefined {
  const value = member(object, name);
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new ConfigError(`${path}: "${name}" must be a string`);
  return value;
}

/** `currentContext`: what `docker context use` has chosen. */
export function currentContext(settings: JsonObject, path: string): string | undefined {
  return textMember(settings, 'currentContext', path);
}

/**
 * `HttpHeaders`, as names and values. `User-Agent` is left out: the docker command does not let it be set, and itself
 * wrote its own one there until version 19.03.
 */
export function httpHeaders(settings: JsonObject, path: string): Array<readonly [name: string, value: string]> {
  const value = member(settings, 'HttpHeaders');
  if (value === undefined) return [];
  if (!isJsonObject(value)) throw new ConfigError(`${path}: "HttpHeaders" must be an object`);
  return Object.entries(value).flatMap(([name, text]) => {
    if (typeof text !== 'string') throw new ConfigError(`${path}: every value of "HttpHeaders" must be a string`);
    return lowerCaseAscii(name) === 'user-agent' ? [] : [[name, text] as const];
  });
}
