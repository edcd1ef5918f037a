// A setup file for every test: after each test it searches all errors of longshore's, all messages on diagnostics channels and all
// output for the planted secrets.

import { subscribe } from 'node:diagnostics_channel';
import { format } from 'node:util';
import { afterEach } from 'vitest';
import { LongshoreError } from '../../src/errors.ts';
import { everythingOf, leaksIn } from './planted.ts';

/** Everything since the end of the previous test. */
let seen: Array<readonly [where: string, thing: unknown]> = [];

// `super()` calls the class that is the parent at that time. So all errors of longshore's pass through this class.
const made = class extends Error {
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    seen.push(['an error', this]);
  }
};
Object.setPrototypeOf(LongshoreError, made);

for (const event of ['start', 'head', 'end', 'error']) {
  subscribe(`longshore:request:${event}`, (message) => void seen.push([`the channel longshore:request:${event}`, message]));
}

for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const) {
  const print = console[method].bind(console) as (...given: unknown[]) => void;
  console[method] = (...given: unknown[]): void => {
    seen.push([`console.${method}`, format(...given)]);
    print(...given);
  };
}

for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name];
  const write = stream.write.bind(stream) as (...given: unknown[]) => boolean;
  stream.write = (data: unknown, ...rest: unknown[]): boolean => {
    seen.push([name, data instanceof Uint8Array ? Buffer.from(data).toString('latin1') : data]);
    return write(data, ...rest);
  };
}

/** The number of items per test that are searched completely. Some tests make ten thousand errors, and stacks are slow. */
const LOOKED_AT_CLOSELY = 100;

/** The message and the members of a value and of its causes. */
function glance(thing: unknown): string {
  const cause = thing instanceof Error && thing.cause !== undefined ? glance(thing.cause) : '';
  return `${String(thing)} ${JSON.stringify(thing)} ${cause}`;
}

/** Errors that were already searched, with their causes. */
const searched = new WeakSet<object>();

/** The planted secrets that a value shows; an error with its causes. */
export function secretsShownBy(value: unknown): string[] {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = plainStack;
  try {
    const leaks = leaksIn(everythingOf(value));
    for (let at = value; leaks.length === 0 && at instanceof Error; at = at.cause) searched.add(at);
    return leaks;
  } finally {
    if (prepareStackTrace === undefined) delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
    else Error.prepareStackTrace = prepareStackTrace;
  }
}

/** Writes a stack as Node does without source maps, because looking up the sources takes longer than the tests. */
const plainStack = (error: unknown, frames: readonly unknown[]): string => [String(error), ...frames].join('\n    at ');

/** A message without its error, if that was searched. */
function withoutSearchedError(thing: unknown): unknown {
  if (typeof thing !== 'object' || thing === null || Object.getPrototypeOf(thing) !== Object.prototype) return thing;
  const { error } = thing as { error?: unknown };
  return error instanceof Error && searched.has(error) ? { ...thing, error: undefined } : thing;
}

/** Searches everything since the last call; throws when something shows a planted secret. */
export function checkForSecrets(): void {
  // All messages of a request are one object. Errors come first, and each before its causes, which it shows.
  const distinct = [...new Map(seen.toReversed().map(([where, thing]) => [thing, where]))];
  seen = [];
  const isError = ([thing]: readonly [unknown, string]): boolean => thing instanceof Error;
  const things = [...distinct.filter(isError), ...distinct.filter((each) => !isError(each))];
  for (const [index, [thing, where]] of things.entries()) {
    if (thing instanceof Error && searched.has(thing)) continue;
    const [leak] = index < LOOKED_AT_CLOSELY ? secretsShownBy(withoutSearchedError(thing)) : leaksIn(glance(thing));
    if (leak !== undefined) throw new Error(`${where} shows ${leak}`);
  }
}

afterEach(checkForSecrets);
