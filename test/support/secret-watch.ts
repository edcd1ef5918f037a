// Runs around every test: each error of ours that is made, each message on a diagnostics channel and each thing that is
// printed meanwhile is searched for the planted secrets, also where the test itself looks at none of it.

import { subscribe } from 'node:diagnostics_channel';
import { format } from 'node:util';
import { afterEach } from 'vitest';
import { LongshoreError } from '../../src/errors.ts';
import { everythingOf, leaksIn } from './planted.ts';

/** What came up since the end of the test before. */
let seen: Array<readonly [where: string, thing: unknown]> = [];

// `super()` calls whatever a class inherits from at that time: so the errors pass through here, without a hook in them.
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

/** Of so many things of a test all is looked at; some tests make ten thousand errors, and Node's stacks are slow to write. */
const LOOKED_AT_CLOSELY = 100;

/** What a thing says, its own members and those of its causes. */
function glance(thing: unknown): string {
  const cause = thing instanceof Error && thing.cause !== undefined ? glance(thing.cause) : '';
  return `${String(thing)} ${JSON.stringify(thing)} ${cause}`;
}

/** The errors that were searched with all that they say, so that none is searched twice. */
const searched = new WeakSet<object>();

/** The planted secrets that a value shows; an error with its causes. */
export function secretsShownBy(value: unknown): string[] {
  const leaks = leaksIn(everythingOf(value));
  for (let at = value; leaks.length === 0 && at instanceof Error; at = at.cause) searched.add(at);
  return leaks;
}

/** Writes the frames of a stack as Node does without source maps: looking up the sources takes longer than the tests. */
const plainStack = (error: unknown, frames: readonly unknown[]): string => [String(error), ...frames].join('\n    at ');

/** Searches all that came up since the last call; throws when something shows a planted secret. */
export function checkForSecrets(): void {
  const things = seen;
  seen = [];
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = plainStack;
  try {
    things.reverse(); // an error before its causes, which it shows
    for (const [index, [where, thing]] of things.entries()) {
      if (thing instanceof Error && searched.has(thing)) continue;
      const [leak] = index < LOOKED_AT_CLOSELY ? secretsShownBy(thing) : leaksIn(glance(thing));
      if (leak !== undefined) throw new Error(`${where} shows ${leak}`);
    }
  } finally {
    if (prepareStackTrace === undefined) delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
    else Error.prepareStackTrace = prepareStackTrace;
  }
}

afterEach(checkForSecrets);
