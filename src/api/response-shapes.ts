// Checks JSON responses against their expected shapes. A value of another type causes a `DecodeError` here, instead of a TypeError
// in the program that uses it. Unknown members are not checked.

import { escapeText } from '../bytes.ts';
import { DecodeError } from '../errors.ts';
import { parseApiVersion } from './api-version.ts';
import { isJsonObject } from './json.ts';
import { isDigest } from './reference.ts';

/** The type of a member: a name in `types`, the shape of an object, or `[shape]` for a list of objects. */
type Type = keyof typeof types | Shape | readonly [Shape];

/** The shape of an object. Members that are not required may be absent or null: engines write either for an empty value. */
export interface Shape {
  readonly required?: readonly string[];
  /** At least one of these is required. */
  readonly oneOf?: readonly string[];
  readonly members: Readonly<Record<string, Type>>;
}

const isText = (value: unknown): boolean => typeof value === 'string';
/** A loop, because `every` calls a function for each of the texts, which are most of a response. */
function areTexts(values: readonly unknown[]): boolean {
  for (let index = 0; index < values.length; index++) if (typeof values[index] !== 'string') return false;
  return true;
}
/** Most members have one of these types. `checkObject` compares them itself, because a call of `test` takes longer. */
const PLAIN: Partial<Record<string, string>> = { text: 'string', flag: 'boolean' };
const types = {
  text: { name: 'a string', test: isText },
  name: { name: 'a string that is not empty', test: (value: unknown) => isText(value) && value !== '' },
  digest: { name: 'a digest', test: (value: unknown) => isText(value) && isDigest(value as string) },
  version: { name: 'an API version', test: (value: unknown) => isText(value) && parseApiVersion(value as string) !== undefined },
  number: { name: 'a finite number', test: (value: unknown) => Number.isFinite(value) }, // JSON.parse reads 1e999 as Infinity
  size: { name: 'a number of bytes', test: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0 },
  flag: { name: 'true or false', test: (value: unknown) => typeof value === 'boolean' },
  texts: { name: 'a list of strings', test: (value: unknown) => Array.isArray(value) && areTexts(value) },
  map: { name: 'an object of strings', test: (value: unknown) => isJsonObject(value) && areTexts(Object.values(value)) },
  object: { name: 'an object', test: isJsonObject },
} as const;

const NONE: readonly string[] = [];

/**
 * Checks a value against a shape, and returns it as `Value`, the type that the shape describes. `path` is the place of the object
 * in the response. Throws a `DecodeError` that names the wrong member.
 */
export function checkObject<Value>(value: unknown, shape: Shape, path = ''): Value {
  if (!isJsonObject(value)) throw invalid(path, 'is not an object');
  const { required = NONE, oneOf = NONE } = shape;
  const isPresent = (name: string): boolean => value[name] !== undefined && value[name] !== null;
  for (const name of required) if (!isPresent(name)) throw invalid(`${path}${name}`, 'is missing');
  if (oneOf.length > 0 && !oneOf.some(isPresent)) throw invalid(`${path}${oneOf.join('" or "')}`, 'is missing');
  for (const name in shape.members) {
    const member = value[name];
    const type = shape.members[name] as Type;
    if (member === undefined || member === null || (typeof type === 'string' && typeof member === PLAIN[type])) continue;
    checkMember(member, type, path, name);
  }
  return value as Value;
}

/** Checks a list of objects against a shape, and returns it. Some engines write null for an empty list. */
export function checkList<Item>(value: unknown, shape: Shape, path = ''): Item[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw invalid(path, 'is not a list');
  return value.map((item: unknown, index) => checkObject(item, shape, `${path}[${index}].`));
}

function checkMember(value: unknown, type: Type, path: string, name: string): void {
  if (typeof type !== 'string') {
    if ('members' in type) checkObject(value, type, `${path}${name}.`);
    else checkList(value, type[0], path + name);
  } else if (!types[type].test(value)) throw invalid(path + name, `is not ${types[type].name}`);
}

function invalid(path: string, fault: string): DecodeError {
  const member = path.replace(/\.$/, '');
  return new DecodeError(`invalid response: ${member === '' ? 'it' : `"${escapeText(member)}"`} ${fault}`, { offset: 0 });
}
