// The options of every public method: one row for each method, one `Kind` for each option. Options that become query parameters
// have their kinds in api/endpoints.ts. `take` checks the options of a call before anything is sent, and returns a copy.

import { isWellFormed } from '../bytes.ts';
import { LONGEST_TIMEOUT_MS } from '../connection/exchange-outcome.ts';
import { checkCredentials, wrapSecrets } from '../api/credentials.ts';
import { PLATFORM } from '../api/parameters.ts';
import type { Endpoint } from '../api/parameters.ts';
import { endpoints } from '../api/endpoints.ts';
import { INVENTORY } from '../api/layer-inventory.ts';
import type { OperationName } from '../api/endpoints.ts';
import { ArgumentError } from '../errors.ts';
import { COUNT, FILLED_TEXT, FLAG, FUNCTION, OBJECT, TEXT, check, copyArray, isPlainObject, kind, oneOf, takeOptions } from '../kinds.ts';
import type { Kind, Kinds } from '../kinds.ts';
import { isUserAgent } from '../config/custom-headers.ts';
import { nodeSignal } from '../async/abort.ts';

/** An `AbortSignal` of Node, or an object like it: of jsdom, of a polyfill or of another realm. */
export const SIGNAL: Kind = kind('an AbortSignal', (value) => value instanceof AbortSignal, nodeSignal);

const MILLISECONDS: Kind = kind(
  `a number of milliseconds, above 0 and up to ${LONGEST_TIMEOUT_MS}`,
  (value) => typeof value === 'number' && value > 0 && value <= LONGEST_TIMEOUT_MS,
);
const TIMEOUT_NAMES: readonly string[] = ['connectMs', 'headMs', 'idleMs'];
// The copy keeps undefined members, because they mean "no timeout".
const TIMEOUTS: Kind = kind('an object such as { headMs: 30_000 }', isPlainObject, (value, method, name) => {
  if (!isPlainObject(value)) return value;
  const timeouts: Readonly<Record<string, unknown>> = { ...value };
  for (const [key, limit] of Object.entries(timeouts)) {
    if (!TIMEOUT_NAMES.includes(key)) throw new ArgumentError(`it has ${TIMEOUT_NAMES.join(', ')} only`);
    if (limit !== undefined) check(limit, MILLISECONDS, method, `${name}.${key}`);
  }
  return timeouts;
});

const CREDENTIALS: Kind = kind('credentials, "anonymous" or a function', isCredentialChoice, wrapSecrets);
function isCredentialChoice(value: unknown): boolean {
  if (value !== 'anonymous' && typeof value !== 'function') checkCredentials(value);
  return true;
}

const ENVIRONMENT: Kind = kind(
  'an object of strings',
  (value) => Object.values(value as object).every((text) => text === undefined || typeof text === 'string'),
  copyOfObject,
);

/** One image or several. An empty list is refused: an engine would return an empty archive. */
export const IMAGES: Kind = kind('an image, or a list of images that is not empty', (value) => (value as unknown[]).length > 0, copyArray);
/** A search term. */
export const SEARCH_TERM: Kind = kind('a string that is not empty', (value) => FILLED_TEXT.test(value) && isWellFormed(value as string));
/** Credentials of one user; `wrapSecrets` copies them. */
export const OWN_CREDENTIALS: Kind = kind('an object such as { username, password }', OBJECT.test, wrapSecrets);

const CALL: Kinds = { signal: SIGNAL, timeouts: TIMEOUTS };
const REGISTRY: Kinds = { ...CALL, credentials: CREDENTIALS };
const IMPORT: Kinds = { ...row('importImage', 'fromSrc', 'repo'), repository: TEXT, tag: TEXT, ...CALL };

/** The kinds of an operation's parameters, without those that the method fills in itself. */
function row(operation: OperationName, ...filledIn: readonly string[]): Kinds {
  const { parameters }: Endpoint = endpoints[operation];
  const options = Object.entries(parameters).filter(([name]) => !filledIn.includes(name));
  return Object.fromEntries(options.map(([name, parameter]) => [name, parameter.kind]));
}

function copyOfObject(value: unknown): object {
  if (isPlainObject(value)) return { ...value };
  throw new TypeError('not a plain object');
}

const HOST: Kind = kind('a string such as "unix:///var/run/docker.sock" or "tcp://HOST:PORT"', TEXT.test);
const WHICH_ENGINE: Kinds = { host: HOST, context: TEXT, environment: ENVIRONMENT };

/** A dialer, which makes connections. */
export const DIALER: Kind = kind('an object with address and dial', isDialer);
const TLS: Kind = kind('an object such as { ca, cert, key }', isPlainObject, copyOfObject);
const ORDER: Kind = oneOf('recorded', 'any');
const PIECES: Kind = kind('"whole", "bytes" or a whole number', (value) => {
  return value === 'whole' || value === 'bytes' || Number.isSafeInteger(value);
});

/** The options of `new ImageClient()`. */
export const CLIENT: Kinds = {
  host: HOST,
  dialer: DIALER,
  version: kind('a string such as "1.43"', TEXT.test),
  credentials: CREDENTIALS,
  timeouts: TIMEOUTS,
  maxIdle: kind('a whole number, 0 or more', (value) => value === Infinity || COUNT.test(value)),
  wire: oneOf('own', 'node:http'),
  tls: TLS,
  userAgent: kind('products such as "my-app/1.2"', (value) => TEXT.test(value) && isUserAgent(value as string)),
  headers: kind('an object of strings', isPlainObject, copyOfObject),
  defaultPlatform: PLATFORM,
  connectHint: TEXT,
  onWarning: FUNCTION,
  plaintextCredentials: oneOf('warn', 'refuse'),
};
function isDialer(value: unknown): boolean {
  const { address, dial } = value as { readonly address?: unknown; readonly dial?: unknown };
  return typeof address === 'string' && typeof dial === 'function';
}
const { host: _host, dialer: _dialer, connectHint: _hint, ...FOUND_CLIENT } = CLIENT;

const DELAY: Kind = kind(`a number of milliseconds, from 0 to ${LONGEST_TIMEOUT_MS}`, (value) => value === 0 || MILLISECONDS.test(value));

const METHODS = {
  ImageClient: CLIENT,
  fromEnvironment: { ...WHICH_ENGINE, ...FOUND_CLIENT },
  explain: WHICH_ENGINE,
  ping: CALL,
  waitUntilReady: { timeoutMs: MILLISECONDS, signal: SIGNAL },
  version: CALL,
  info: CALL,
  checkAuth: CALL,
  events: { ...row('events'), reconnect: FLAG, ...CALL },
  diskUsage: { ...row('diskUsage', 'type'), ...CALL },
  supports: { signal: SIGNAL },
  apiVersion: { signal: SIGNAL },
  images: { ...row('images'), name: FILLED_TEXT, quiet: FLAG, ...CALL },
  inspectImage: { ...row('inspectImage'), ...CALL },
  exists: CALL,
  history: { ...row('history'), ...CALL },
  tag: { tag: TEXT, ...row('tag', 'repo', 'tag'), ...CALL },
  removeImage: { ...row('removeImage'), ...CALL },
  pruneImages: { ...row('pruneImages'), ...CALL },
  prunePlan: { ...row('pruneImages'), ...CALL },
  search: { ...row('search', 'term'), ...REGISTRY },
  inspectDistribution: REGISTRY,
  checkForUpdate: REGISTRY,
  imageAttestations: { ...row('imageAttestations'), ...CALL },
  pull: {
    tag: TEXT, allTags: FLAG, ...row('pull', 'fromImage', 'tag'), policy: oneOf('always', 'missing', 'never'), ...REGISTRY,
  },
  push: { tag: TEXT, allTags: FLAG, ...row('push', 'tag'), ...REGISTRY },
  getImage: {
    ...row('getImage', 'names'),
    chunkSize: kind('a number of bytes, 1 or more', (value) => COUNT.test(value) && value !== 0),
    verify: oneOf('digests', 'structure', false),
    without: INVENTORY,
    ...CALL,
  },
  copyImage: { to: kind('an ImageClient, the target', OBJECT.test), platform: PLATFORM, full: FLAG, dryRun: FLAG, ...CALL },
  layers: CALL,
  inspectArchive: { signal: SIGNAL },
  toFile: { compress: oneOf('gzip', 'zstd'), onProgress: FUNCTION },
  loadImage: { ...row('loadImage'), ...CALL },
  importImage: IMPORT,
  importImageFromImage: { tag: TEXT, ...row('pull', 'fromImage', 'tag'), ...REGISTRY },
  request: {
    method: FILLED_TEXT,
    path: TEXT,
    query: kind('an object of strings, numbers, booleans, or lists of strings', isQuery, copyOfQuery),
    headers: kind('an object of strings', (value) => Object.values(value as object).every(TEXT.test), copyOfObject),
    body: kind('a body', () => true),
    versioned: FLAG,
    ...CALL,
  },
  retry: {
    attempts: kind('a whole number, 1 or more, or Infinity', (value) => value === Infinity || (COUNT.test(value) && value !== 0)),
    firstDelayMs: DELAY,
    factor: kind('a finite number, 1 or more', (value) => Number.isFinite(value) && (value as number) >= 1),
    maxDelayMs: DELAY,
    signal: SIGNAL,
    onRetry: FUNCTION,
    random: FUNCTION,
  },
  dockerConfig: {
    folder: FILLED_TEXT, environment: ENVIRONMENT, helperTimeoutMs: MILLISECONDS, onWarning: FUNCTION,
  },
  record: {
    ...WHICH_ENGINE, tls: TLS, socketPath: FILLED_TEXT, command: TEXT, onNote: FUNCTION, onWarning: FUNCTION, signal: SIGNAL,
  },
  replay: {
    order: ORDER, content: ORDER, client: ORDER, pieces: PIECES, socketPath: FILLED_TEXT,
  },
  replayDialer: { pieces: PIECES, order: ORDER },
} satisfies Readonly<Record<string, Kinds>>;

function isQuery(value: unknown): boolean {
  const isItem = (item: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof item);
  const items = Object.values(value as object).filter((item) => item !== undefined);
  return items.every((item) => (Array.isArray(item) ? item.every(isItem) : isItem(item)));
}
function copyOfQuery(value: unknown): object {
  const items = Object.entries(copyOfObject(value)) as [string, unknown][];
  return Object.fromEntries(items.map(([key, item]) => [key, Array.isArray(item) ? copyArray(item) : item]));
}

const ITERATE = 'iterate over what the method returns, as in for await (const event of client.pull("alpine"))';
const GIVE_TAG = { '': 'give { tag }' };
const ALL_UNUSED = 'to remove all unused images, give filters: { dangling: false }';
const TO_FILE = 'write the archive with toFile(path)';
const FIND_ENGINE = 'give it to ImageClient.fromEnvironment()';
const EVENTS = { onprogress: ITERATE, onProgress: ITERATE, progress: ITERATE, onEvent: ITERATE };
const GIVE_HOST = { '': 'give { host }' };

const PRUNE = {
  all: ALL_UNUSED,
  a: ALL_UNUSED,
  force: 'a prune never asks for confirmation: leave it out',
  dangling: 'give filters: { dangling: false }',
  until: 'give filters: { until: "24h" }',
  label: 'give filters: { label: "a=b" }',
};

/** Remedies for wrong option names that people try; `""` is the remedy for a string instead of the options. */
const HINTS: Partial<Record<keyof typeof METHODS, Readonly<Record<string, string>>>> = {
  ImageClient: { context: FIND_ENGINE, env: FIND_ENGINE, environment: FIND_ENGINE },
  fromEnvironment: GIVE_HOST,
  explain: GIVE_HOST,
  record: GIVE_HOST,
  dockerConfig: { '': 'give { folder }' },
  checkAuth: { '': 'give credentials as one object, { username, password }' },
  pruneImages: PRUNE,
  prunePlan: PRUNE,
  images: {
    '': 'give { name }',
    filter: 'give name, or filters: { reference: "alpine" }',
    reference: 'give name, or filters: { reference: "alpine" }',
    dangling: 'give filters: { dangling: true }',
    label: 'give filters: { label: "a=b" }',
  },
  tag: GIVE_TAG,
  removeImage: { '': 'each call removes one image', f: 'give force: true', prune: 'give noprune' },
  request: { '': 'give { method, path }' },
  getImage: { output: TO_FILE, file: TO_FILE, path: TO_FILE, '': 'give several images as a list, ["a", "b"]' },
  loadImage: EVENTS,
  importImage: { '': 'give { repository }', ...EVENTS },
  importImageFromImage: { ...GIVE_TAG, ...EVENTS },
  pull: { ...GIVE_TAG, ...EVENTS, all: 'give allTags: true' },
  push: { ...GIVE_TAG, ...EVENTS, all: 'give allTags: true' },
};

/** Returns a checked copy of a method's options. Throws an `ArgumentError` for an unknown or wrong option. */
export function take<Options extends object>(method: keyof typeof METHODS, options: Options | undefined): Options {
  return takeOptions(method, options, METHODS[method], HINTS[method]);
}
