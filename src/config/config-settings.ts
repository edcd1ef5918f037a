// What config.json says of the engine: which context is the current one, and what goes along with every request.

import { ConfigError } from '../errors.ts';
import { lowerCaseAscii } from '../http/grammar.ts';
import { isJsonObject } from '../api/json.ts';
import type { JsonObject } from '../api/json.ts';
import { member, textMember } from './config-file.ts';

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
