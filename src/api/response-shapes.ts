// Checks JSON responses against their expected shapes. A value of another type causes a `DecodeError` here, instead of a TypeError
// in the program that uses it. Unknown members are not checked.

import { escapeText } from '../bytes.ts';
import { DecodeError } from '../errors.ts';
import { parseApiVersion } from './api-version.ts';
import { isJsonObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { isDigest } from './reference.ts';

/** The type of a member: a name in `descriptions`, the shape of an object, or `[shape]` for a list of objects. */
type Type = PlainType | Shape | readonly [Shape];
type PlainType = keyof typeof descriptions;

/** The shape of an object. Members that are not required may be absent or null: engines write either for an empty value. */
export interface Shape {
  readonly required?: readonly string[];
  /** At least one of these is required. */
  readonly oneOf?: readonly string[];
  readonly members: Readonly<Record<string, Type>>;
}

const descriptions = {
  text: 'a string',
  name: 'a string that is not empty',
  digest: 'a digest',
  version: 'an API version',
  number: 'a finite number',
  size: 'a number of bytes',
  flag: 'true or false',
  texts: 'a list of strings',
  map: 'an object of strings',
  object: 'an object',
} as const;

/** One function for all types: a table of functions takes twice as long, because a short process has compiled none of them. */
function isOfType(value: unknown, type: PlainType): boolean {
  switch (type) {
    case 'text': return typeof value === 'string';
    case 'name': return typeof value === 'string' && value !== '';
    case 'digest': return typeof value === 'string' && isDigest(value);
    case 'version': return typeof value === 'string' && parseApiVersion(value) !== undefined;
    case 'number': return Number.isFinite(value); // JSON.parse reads 1e999 as Infinity
    case 'size': return Number.isSafeInteger(value) && (value as number) >= 0;
    case 'flag': return typeof value === 'boolean';
    case 'texts': return Array.isArray(value) && areTexts(value);
    case 'map': return isJsonObject(value) && areTexts(Object.values(value));
    case 'object': return isJsonObject(value);
  }
}

/** A loop, because `every` calls a function for each of the texts, which are most of a response. */
function areTexts(values: readonly unknown[]): boolean {
  for (let index = 0; index < values.length; index++) if (typeof values[index] !== 'string') return false;
  return true;
}

const NONE: readonly string[] = [];

/**
 * Checks a value against a shape, and returns it as `Value`, the type that the shape describes. `path` is the place of the object
 * in the response. Throws a `DecodeError` that names the wrong member.
 */
export function checkObject<Value>(value: unknown, shape: Shape, path = ''): Value {
  if (!isJsonObject(value)) throw invalid(path, 'is not an object');
  const { required = NONE, oneOf = NONE } = shape;
  for (const name of required) if (!isPresent(value, name)) throw invalid(`${path}${name}`, 'is missing');
  if (oneOf.length > 0 && !oneOf.some((name) => isPresent(value, name))) throw invalid(`${path}${oneOf.join('" or "')}`, 'is missing');
  for (const name in shape.members) {
    const member = value[name];
    if (member === undefined || member === null) continue;
    const type = shape.members[name] as Type;
    if (type === 'text' && typeof member === 'string') continue; // most members, without a call of a function
    if (typeof type !== 'string') checkNested(member, type, path + name);
    else if (!isOfType(member, type)) throw invalid(path + name, `is not ${descriptions[type]}`);
  }
  return value as Value;
}

function isPresent(value: JsonObject, name: string): boolean {
  return value[name] !== undefined && value[name] !== null;
}

/** Checks a list of objects against a shape, and returns it. Some engines write null for an empty list. */
export function checkList<Item>(value: unknown, shape: Shape, path = ''): Item[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw invalid(path, 'is not a list');
  return value.map((item: unknown, index) => checkObject(item, shape, `${path}[${index}].`));
}

function checkNested(value: unknown, type: Shape | readonly [Shape], path: string): void {
  if ('members' in type) checkObject(value, type, `${path}.`);
  else checkList(value, type[0], path);
}

function invalid(path: string, fault: string): DecodeError {
  const member = path.replace(/\.$/, '');
  return new DecodeError(`invalid response: ${member === '' ? 'it' : `"${escapeText(member)}"`} ${fault}`, { offset: 0 });
}
