// Checks of arguments. Every public function checks its arguments with these kinds, so all wrong arguments cause an
// `ArgumentError` with a message of the same form:
//
//   pull: options.allTags must be true or false, not a string
//
// Values may be hostile (a revoked proxy, a getter that throws): an error while a value is tested counts as a failed test.

import { escapeText } from './bytes.ts';
import { ArgumentError, LongshoreError } from './errors.ts';

/** A kind of value, and the test for it. */
export interface Kind {
  /** The end of "must be ..." in a message. */
  readonly expected: string;
  /** Whether a value is of this kind. If it throws a `LongshoreError`, the message of that error is included. */
  readonly test: (value: unknown) => boolean;
  /** Copies a value that the caller could change later. The copy is then tested and used instead of the value. */
  readonly copy?: ((value: unknown, method: string, name: string) => unknown) | undefined;
}

/** The kinds of options or members, by name. */
export type Kinds = Readonly<Record<string, Kind>>;

/** Makes a kind. */
export function kind(expected: string, test: Kind['test'], copy?: Kind['copy']): Kind {
  return { expected, test, copy };
}

/** One of the given values. */
export function oneOf(...values: readonly unknown[]): Kind {
  const words = values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value)));
  const last = words.pop();
  return kind(words.length === 0 ? String(last) : `${words.join(', ')} or ${last}`, (value) => values.includes(value));
}

/** An array whose items are all of one kind. */
export function listOf({ test }: Kind, expected: string): Kind {
  return kind(expected, (value) => (value as readonly unknown[]).every(test), copyArray);
}

/** A copy of an array; throws for other values. */
export function copyArray(value: unknown): unknown[] {
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
/** An integer, 0 or more. */
export const COUNT: Kind = kind('a whole number, 0 or more', (value) => Number.isSafeInteger(value) && (value as number) >= 0);
/** A Uint8Array, such as a Buffer. */
export const BYTES: Kind = kind('a Uint8Array', isBytes);
/** An object that is not an array. */
export const OBJECT: Kind = kind('an object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value));
const OPTIONS: Kind = kind('an object with options', isPlainObject);

/** Whether a value is a `Uint8Array`. */
export function isBytes(value: unknown): value is Uint8Array {
  try {
    return value instanceof Uint8Array;
  } catch {
    return false; // a revoked proxy
  }
}

/** Whether a value is a plain object. A Map or a Date is not one: its content is not in its members. */
export function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]';
}

/** Returns `otherwise` if `run` throws: `instanceof`, `Array.isArray` and `toString` throw for a revoked proxy. */
function withoutThrowing<Result>(run: () => Result, otherwise: Result): Result {
  try {
    return run();
  } catch {
    return otherwise;
  }
}

/** Returns the value, or the copy that its kind makes. Throws an `ArgumentError` if the value is not of that kind. */
export function check<Value>(value: Value, { expected, test, copy }: Kind, method: string, name: string): Value {
  let cause: unknown;
  try {
    const taken = copy === undefined ? value : copy(value, method, name);
    if (test(taken)) return taken as Value;
  } catch (error) {
    if (error instanceof ArgumentError && error.message.startsWith(`${method}: `)) throw error; // about a member of the value
    if (error instanceof LongshoreError) throw new ArgumentError(`${method}: ${name}: ${error.message}`, { cause: error });
    cause = error;
  }
  const given = describeKind(value);
  // After `must be "always" or "never"`, a string that is neither is another string. It may be a secret, so it is not shown.
  throw new ArgumentError(`${method}: ${name} must be ${expected}, not ${given === 'a string' && expected.includes('"') ? 'another string' : given}`, { cause });
}

/** Shared by all calls without options. */
const NO_OPTIONS: object = Object.freeze({});

/**
 * Returns a checked copy of a method's options. Throws an `ArgumentError` for an unknown option, because a misspelt one would silently
 * have no effect. `hints` has remedies for wrong names that people try; the hint for `""` is used if `options` is a string.
 */
export function takeOptions<Options extends object>(
  method: string,
  options: Options | undefined,
  kinds: Kinds,
  hints: Readonly<Record<string, string>> = {},
): Options {
  if (options === undefined) return NO_OPTIONS as Options;
  const remedy = (name: string): string => {
    const hint = Object.hasOwn(hints, name) ? hints[name] : hintFor(name, kinds);
    return hint === undefined ? `; it has ${Object.keys(kinds).join(', ')}` : `: ${hint}`;
  };
  if (typeof options === 'string') throw new ArgumentError(`${method}: options must be an object, not a string${remedy('')}`);
  if (typeof options === 'function') {
    throw new ArgumentError(`${method}: options must be an object, not a function: use what the method returns, it takes no callback`);
  }
  const checked = check(options, OPTIONS, method, 'options');
  const unknown = unknownName(method, checked, kinds);
  if (unknown !== undefined) throw new ArgumentError(`${method} has no option "${escapeText(unknown.slice(0, 100))}"${remedy(unknown)}`);
  const taken: Record<string, unknown> = {};
  for (const name in kinds) {
    const value = readMember(method, 'options.', checked, name);
    if (value !== undefined) taken[name] = check(value, kinds[name] as Kind, method, `options.${name}`);
  }
  return taken as Options;
}

/**
 * Options, how to give them, and the wrong names that people try: those of dockerode, docker-py, Node's http and the docker
 * command, in lower case without "-" and "_".
 */
const COMMON_MISTAKES: readonly (readonly [option: string, how: string, names: string])[] = [
  ['host', 'host: "unix:///var/run/docker.sock" or "tcp://HOST:PORT"', 'socketpath socket port url uri baseurl dockerhost hostname address endpoint protocol path'],
  ['timeouts', 'timeouts: { connectMs, headMs, idleMs }', 'timeout timeoutms connecttimeout connectiontimeout requesttimeout headerstimeout bodytimeout'],
  ['helperTimeoutMs', 'helperTimeoutMs', 'timeout timeoutms'],
  ['timeoutMs', 'timeoutMs: 60_000', 'timeout timeouts wait'],
  ['tls', 'tls: { ca, cert, key }', 'ca cert key tlsverify rejectunauthorized certpath'],
  ['credentials', 'credentials: { username, password }', 'auth authconfig registryauth username password'],
  ['version', 'version: "1.43"', 'apiversion'],
  ['defaultPlatform', 'defaultPlatform: "linux/amd64"', 'platform platforms'],
  ['platform', 'platform: "linux/amd64"', 'platforms arch architecture os variant'],
  ['platforms', 'platforms: ["linux/amd64"]', 'platform'],
  ['filters', 'filters: { KEY: VALUE }', 'filter dangling until label labels reference type stars before since'],
  ['policy', 'policy: "missing", "never" or "always"', 'pullpolicy imagepullpolicy'],
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

/** How to give the option that an unknown name probably means; undefined if there is no guess. */
function hintFor(unknown: string, kinds: Kinds): string | undefined {
  const simplify = (text: string): string => text.slice(0, 100).toLowerCase().replaceAll(/[-_]/g, '');
  const name = simplify(unknown);
  const same = Object.keys(kinds).find((option) => simplify(option) === name);
  if (same !== undefined) return `give ${same}`;
  const mistake = COMMON_MISTAKES.find(([option, , names]) => Object.hasOwn(kinds, option) && names.split(' ').includes(name));
  return mistake === undefined ? undefined : `give ${mistake[1]}`;
}

/** Reads one member of an object; an `ArgumentError` if a getter or a proxy throws. */
export function readMember(method: string, where: string, object: object, name: string): unknown {
  try {
    return (object as Readonly<Record<string, unknown>>)[name];
  } catch (cause) {
    throw new ArgumentError(`${method}: ${where}${name} cannot be read: its getter threw an error`, { cause });
  }
}

function unknownName(method: string, object: object, kinds: Kinds): string | undefined {
  try {
    return Object.keys(object).find((name) => !Object.hasOwn(kinds, name));
  } catch (cause) {
    throw new ArgumentError(`${method}: the names of options cannot be read: a proxy threw an error`, { cause });
  }
}

/** Classes of objects that people often pass by mistake. Other class names are not shown, because they could be any text. */
const SHOWN_CLASSES: readonly string[] = ['URL', 'Promise', 'AbortController', 'AbortSignal', 'Map', 'Set', 'Date'];

/** The kind of a value in words, `"a string"`, without its content, which may be a secret. */
export function describeKind(value: unknown): string {
  if (value === '') return 'an empty string';
  if (typeof value !== 'object' || value === null) {
    return ['function', 'string', 'symbol', 'bigint'].includes(typeof value) ? `a ${typeof value}` : String(value);
  }
  if (withoutThrowing(() => Array.isArray(value), false)) return 'an array';
  const name = withoutThrowing(() => Object.prototype.toString.call(value).slice('[object '.length, -1), '');
  if (!SHOWN_CLASSES.includes(name)) return 'an object';
  return `${name.startsWith('A') ? 'an' : 'a'} ${name}`;
}
