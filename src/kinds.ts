// Kinds of values: what an argument must be, and the error for a value that is not. Every public function checks its
// arguments with these, so that a wrong one is an `ArgumentError` of one form:
//
//   pull: options.allTags must be true or false, not a string
//
// A test reads values that may be hostile (a revoked proxy, a getter that throws): what it throws counts as a refusal.

import { escapeText } from './bytes.ts';
import { ArgumentError, LongshoreError } from './errors.ts';

/** A kind of value. */
export interface Kind {
  /** As it stands in a message behind "must be". */
  readonly wanted: string;
  /** Whether a value is of the kind. An error of ours that it throws says more than `wanted`. */
  readonly test: (value: unknown) => boolean;
  /** Copies a value that its owner could change later; what is tested and used is the copy. */
  readonly copy?: ((value: unknown, method: string, name: string) => unknown) | undefined;
}

/** Kinds by the names of options or members. */
export type Kinds = Readonly<Record<string, Kind>>;

/** A kind of that test. */
export function kind(wanted: string, test: Kind['test'], copy?: Kind['copy']): Kind {
  return { wanted, test, copy };
}

/** One of these values. */
export function oneOf(...values: readonly unknown[]): Kind {
  const words = values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value)));
  const last = words.pop();
  return kind(words.length === 0 ? String(last) : `${words.join(', ')} or ${last}`, (value) => values.includes(value));
}

/** A list of values of a kind. */
export function listOf({ test }: Kind, wanted: string): Kind {
  return kind(wanted, (value) => (value as readonly unknown[]).every(test), copyOfList);
}

/** The items of an array, and of nothing else. */
export function copyOfList(value: unknown): unknown[] {
  if (Array.isArray(value)) return [...value];
  throw new TypeError('not an array');
}

/** Any string. */
export const TEXT: Kind = kind('a string', (value) => typeof value === 'string');
/** A string with at least one character. */
export const FILLED_TEXT: Kind = kind('a string that is not empty', (value) => typeof value === 'string' && value !== '');
/** A boolean. */
export const FLAG: Kind = kind('true or false', (value) => typeof value === 'boolean');
/** A function. */
export const FUNCTION: Kind = kind('a function', (value) => typeof value === 'function');
/** A whole number, 0 or more. */
export const COUNT: Kind = kind('a whole number, 0 or more', (value) => Number.isSafeInteger(value) && (value as number) >= 0);
/** Bytes; a Buffer is one. */
export const BYTES: Kind = kind('a Uint8Array', isBytes);
/** An object that is not an array. */
export const OBJECT: Kind = kind('an object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value));

/** Whether it is a `Uint8Array`; `instanceof` alone throws for a revoked proxy. */
export function isBytes(value: unknown): value is Uint8Array {
  try {
    return value instanceof Uint8Array;
  } catch {
    return false;
  }
}

/** An object that is nothing special: a Map or a Date would look empty where its members are read. */
export function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]';
}

/** Throws unless the value is of that kind; returns the copy, if the kind makes one. */
export function check<Value>(value: Value, { wanted, test, copy }: Kind, method: string, name: string): Value {
  let cause: unknown;
  try {
    const taken = copy === undefined ? value : copy(value, method, name);
    if (test(taken)) return taken as Value;
  } catch (error) {
    if (error instanceof ArgumentError && error.message.startsWith(`${method}: `)) throw error; // of a member
    if (error instanceof LongshoreError) throw new ArgumentError(`${method}: ${name}: ${error.message}`, { cause: error });
    cause = error;
  }
  throw new ArgumentError(`${method}: ${name} must be ${wanted}, not ${described(value)}`, { cause });
}

/** No options at all: most calls have none, and nothing is made for them. */
const NONE: object = Object.freeze({});

/**
 * A copy of the options that a method was given, each of them checked. An `ArgumentError` for one that the method does not
 * have: a misspelt one would be dropped in silence. `hints` are remedies for names that people try, `""` that for
 * a string in the place of the options.
 */
export function takeOptions<Options extends object>(
  method: string,
  given: Options | undefined,
  kinds: Kinds,
  hints: Readonly<Record<string, string>> = {},
): Options {
  if (given === undefined) return NONE as Options;
  const remedy = (name: string): string => {
    const hint = Object.hasOwn(hints, name) ? hints[name] : meantOption(name, kinds);
    return hint === undefined ? `; it has ${Object.keys(kinds).join(', ')}` : `: ${hint}`;
  };
  if (typeof given === 'string') throw new ArgumentError(`${method}: options must be an object, not a string${remedy('')}`);
  if (typeof given === 'function') throw new ArgumentError(`${method}: options must be an object, not a function: use what the method returns, it takes no callback`);
  const plain = check(given, OPTIONS, method, 'options') as Readonly<Record<string, unknown>>;
  const stray = strayName(method, plain, kinds);
  if (stray !== undefined) throw new ArgumentError(`${method} has no option "${printable(stray)}"${remedy(stray)}`);
  return takeMembers(method, 'options.', plain, kinds) as Options;
}

/**
 * Options, how to give them, and the names that people try in their place: those of dockerode, docker-py, Node's http and
 * the docker command, in lower case without "-" and "_".
 */
const MEANT: readonly (readonly [option: string, how: string, names: string])[] = [
  ['host', 'host: "unix:///var/run/docker.sock" or "tcp://HOST:PORT"', 'socketpath socket port url uri baseurl dockerhost hostname address endpoint protocol path'],
  ['timeouts', 'timeouts: { connectMs, headMs, idleMs }', 'timeout timeoutms connecttimeout connectiontimeout requesttimeout headerstimeout bodytimeout'],
  ['helperTimeoutMs', 'helperTimeoutMs', 'timeout timeoutms'],
  ['tls', 'tls: { ca, cert, key }', 'ca cert key tlsverify rejectunauthorized certpath'],
  ['credentials', 'credentials: { username, password }', 'auth authconfig registryauth username password'],
  ['version', 'version: "1.43"', 'apiversion'],
  ['defaultPlatform', 'defaultPlatform: "linux/amd64"', 'platform platforms'],
  ['platform', 'platform: "linux/amd64"', 'platforms arch architecture os variant'],
  ['platforms', 'platforms: ["linux/amd64"]', 'platform'],
  ['filters', 'filters: { KEY: VALUE }', 'filter dangling until label labels reference type stars before since'],
  ['policy', 'policy: "missing" or "always"', 'pullpolicy imagepullpolicy'],
  ['signal', 'signal: an AbortSignal', 'abortsignal abort abortcontroller cancel'],
  ['environment', 'environment', 'env'],
  ['folder', 'folder', 'path file configpath configfile configdir'],
  ['repository', 'repository: "NAME:TAG"', 'repo name reference ref image'],
  ['changes', 'changes: ["LINE"]', 'change'],
  ['message', 'message', 'comment'],
  ['exclude', 'exclude: ["PATTERN"]', 'ignore ignored dockerignore filter'],
  ['path', 'path: "/info"', 'url uri pathname'],
  ['body', 'body', 'data json'],
  ['limit', 'limit', 'max n count'],
];

/** How to give the option of those kinds that a name stands for; undefined where none is known. */
function meantOption(name: string, kinds: Kinds): string | undefined {
  const plain = (text: string): string => text.slice(0, 100).toLowerCase().replaceAll(/[-_]/g, '');
  const given = plain(name);
  const same = Object.keys(kinds).find((option) => plain(option) === given);
  if (same !== undefined) return `give ${same}`;
  const meant = MEANT.find(([option, , names]) => Object.hasOwn(kinds, option) && names.split(' ').includes(given));
  return meant === undefined ? undefined : `give ${meant[1]}`;
}

const OPTIONS: Kind = kind('an object with options', isPlainObject);

/** The members of those names, each read once and checked; those that are undefined are left out. */
export function takeMembers(method: string, where: string, object: object, kinds: Kinds): Record<string, unknown> {
  const taken: Record<string, unknown> = {};
  for (const name in kinds) {
    const value = memberOf(method, where, object, name);
    if (value !== undefined) taken[name] = check(value, kinds[name] as Kind, method, `${where}${name}`);
  }
  return taken;
}

/** One member of an object; an `ArgumentError` if a getter or a proxy throws. */
export function memberOf(method: string, where: string, object: object, name: string): unknown {
  try {
    return (object as Readonly<Record<string, unknown>>)[name];
  } catch (cause) {
    throw new ArgumentError(`${method}: ${where}${name} cannot be read: its getter threw an error`, { cause });
  }
}

function strayName(method: string, object: object, kinds: Kinds): string | undefined {
  try {
    return Object.keys(object).find((name) => !Object.hasOwn(kinds, name));
  } catch (cause) {
    throw new ArgumentError(`${method}: the names of options cannot be read: a proxy threw an error`, { cause });
  }
}

/** What a value is, without showing what it holds: that may be a secret. */
export function described(value: unknown): string {
  if (value === '') return 'an empty string';
  if (typeof value === 'function' || typeof value === 'string' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value === 'bigint') return 'a bigint';
  if (typeof value !== 'object' || value === null) return String(value);
  return isArray(value) ? 'an array' : objectWords(value);
}

/** Objects that are often given in the place of what they hold or become; other names could be anything. */
const NAMED_OBJECTS: readonly string[] = ['URL', 'Promise', 'AbortController', 'AbortSignal', 'Map', 'Set', 'Date'];
function objectWords(value: object): string {
  try {
    const name = Object.prototype.toString.call(value).slice('[object '.length, -1);
    return NAMED_OBJECTS.includes(name) ? `${/^A/.test(name) ? 'an' : 'a'} ${name}` : 'an object';
  } catch {
    return 'an object'; // a revoked proxy
  }
}

/** `Array.isArray` throws for a revoked proxy. */
function isArray(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** At most 100 characters of a name, without what a terminal would obey. */
function printable(name: string): string {
  return escapeText(name.slice(0, 100));
}
