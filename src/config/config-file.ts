// The docker command's files: JSON objects whose names Go finds in any case, and of which no message may quote a byte.

import { Buffer } from 'node:buffer';
import { decodeUtf8 } from '../bytes.ts';
import { ConfigError } from '../errors.ts';
import { lowerCaseAscii } from '../http/grammar.ts';
import { isJsonObject } from '../api/json.ts';
import type { JsonObject } from '../api/json.ts';

/** The JSON object that a file is. A `ConfigError` names the file and quotes nothing: it may hold passwords. */
export function parseConfigFile(bytes: Uint8Array, source: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(bytes));
  } catch {
    // V8's own words quote the text.
    const hasMark = /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/.test(Buffer.from(bytes.subarray(0, 3)).toString('latin1'));
    const fault = hasMark ? 'begins with a byte order mark, where JSON in UTF-8 has none' : 'is not JSON';
    throw new ConfigError(`${source} ${fault}`);
  }
  if (!isJsonObject(value)) throw new ConfigError(`${source} is JSON, and not an object`);
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
  return Object.entries(object).filter(([key]) => lowerCaseAscii(key) === wanted).at(-1)?.[1] ?? undefined;
}

/** The member as a text, undefined where there is none or it is empty; a `ConfigError` where it is something else. */
export function textMember(object: JsonObject, name: string, path: string): string | undefined {
  const value = member(object, name);
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new ConfigError(`${path}: "${name}" must be a string`);
  return value;
}
