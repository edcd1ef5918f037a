// Checks registry credentials, decides which of them a call sends for its registry, and encodes the header field. The credentials
// go to the engine, which then talks to the registry. These are all the rules:
//
//   1. The registry of a call is the domain of its image reference: docker.io for "alpine", localhost:5000 for "localhost:5000/a".
//      For a search it is the host in the search term, for `checkAuth` its argument.
//   2. The `credentials` of the call are used if it has some. If their `serverAddress` names another registry, the call throws an
//      `ArgumentError` and sends nothing.
//   3. Otherwise the `credentials` of the client are used. If their `serverAddress` names another registry, they are not sent.
//   4. If the credentials of rule 2 or 3 are a function, it is called with the registry's key. If the `serverAddress` of the result
//      names another registry, the call throws a `CredentialError` and sends nothing. `dockerConfig()` returns such a function,
//      which reads files and helpers in the order of src/config/README.md.
//   5. Credentials without a `serverAddress` are used for every registry.
//   6. Without credentials, a push sends the field with an empty object; other calls omit the field. With `"anonymous"`, every call
//      sends the empty object.
//
// Before credentials are sent to another machine over unencrypted tcp://, `client/plaintext-credentials.ts` warns or throws.

import { REDACTED, base64UrlPadded, escapeText, isWellFormed } from '../bytes.ts';
import { ArgumentError, CredentialError, InvalidReferenceError } from '../errors.ts';
import { familiarReference } from './reference.ts';
import type { Reference } from './reference.ts';

const inspect: unique symbol = Symbol.for('nodejs.util.inspect.custom');

/** Keeps a secret text, which only `reveal` returns: logs, JSON and templates show `[redacted]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Returns the text. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect](): string {
    return REDACTED;
  }
}

/**
 * Credentials for a registry: user name and password, an identity token (from a login), or a bearer token of the registry.
 * With a `serverAddress`, they are used for that registry only.
 */
export type Credentials = { readonly serverAddress?: string | undefined } & (
  | { readonly username: string; readonly password: string | Secret }
  | { readonly identityToken: string | Secret }
  | { readonly registryToken: string | Secret }
);

/** Credentials; `"anonymous"` for explicitly none; or undefined. */
export type CredentialChoice = Credentials | 'anonymous' | undefined;

/** The second argument of a `CredentialSource`. */
export interface CredentialRequest {
  /** The repository in the registry, `"team/app"`; undefined for a call about the registry itself, such as a search. */
  readonly repository?: string | undefined;
  /** The signal of the call. */
  readonly signal?: AbortSignal | undefined;
}

/** Returns the credentials for a registry, by its key: `"https://index.docker.io/v1/"` (Docker Hub), `"localhost:5000"`. */
export type CredentialSource = (
  registry: string,
  request: CredentialRequest,
) => CredentialChoice | Promise<CredentialChoice>;

/** The members of credentials in the engine's order. In the engine's JSON, their names are in lower case. */
const MEMBERS: readonly string[] = ['username', 'password', 'serverAddress', 'identityToken', 'registryToken'];
/** Credentials must have the members of exactly one of these forms: the engine would silently ignore the others. */
const FORMS: readonly (readonly string[])[] = [['username', 'password'], ['identityToken'], ['registryToken']];
const FORMS_TEXT = 'give { username, password }, { identityToken } or { registryToken }, and optionally serverAddress';
/** A password may be empty: some registries take a token as the user name. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['password', 'serverAddress']);
const SECRET_MEMBERS: ReadonlySet<string> = new Set(['password', 'identityToken', 'registryToken']);

/**
 * Returns the value of the field `X-Registry-Auth`: a JSON object in base64url with padding. Without credentials, the object is
 * empty; a push must still send it, because engines up to Docker 26 reject a push without the field. `serverAddress` is used
 * if the credentials have none. Throws an `ArgumentError` for invalid credentials.
 */
export function encodeRegistryAuth(credentials: Credentials | 'anonymous' | undefined, serverAddress?: string): string {
  if (credentials === undefined || credentials === 'anonymous') return base64UrlPadded('{}');
  return base64UrlPadded(encodeAuthConfig(credentials, serverAddress));
}

/** The JSON of credentials, the body of `POST /auth`. */
export function encodeAuthConfig(credentials: Credentials, serverAddress?: string): string {
  const members = revealMembers(credentials);
  if (!members.has('serverAddress') && serverAddress !== undefined) members.set('serverAddress', serverAddress);
  const wire = MEMBERS.map((name) => [name.toLowerCase(), members.get(name) || undefined]);
  return JSON.stringify(Object.fromEntries(wire));
}

/** A copy of credentials in which each secret is a `Secret`. Other values, such as a function, are returned unchanged. */
export function wrapSecrets<Choice>(choice: Choice): Choice {
  if (typeof choice !== 'object' || choice === null || Array.isArray(choice)) return choice;
  const password: unknown = Reflect.get(choice, 'password');
  const hasEmptyPassword = (password instanceof Secret ? password.reveal() : password) === ''; // then the user name is a token
  const members = Object.entries(choice).map(([key, value]) => {
    const isSecret = SECRET_MEMBERS.has(key) || (hasEmptyPassword && key === 'username');
    return [key, isSecret && typeof value === 'string' ? new Secret(value) : value];
  });
  return Object.fromEntries(members) as Choice;
}

/** A repository in a registry; without `repository`, the registry itself. */
export interface RepositoryLocation {
  readonly host: string;
  readonly repository?: string | undefined;
}

/** The registry and repository of a reference. Throws an `InvalidReferenceError` if its domain cannot be a host. */
export function registryOf(reference: Reference): RepositoryLocation {
  if (reference.domain !== '') return { host: reference.domain, repository: reference.path };
  throw new InvalidReferenceError(`"${familiarReference(reference)}" does not begin with a valid registry host name`);
}

/** The key under which credentials for a registry are stored. Docker Hub's key is still its v1 URL. */
export function serverAddress(host: string): string {
  return host === 'docker.io' || host === 'index.docker.io' ? 'https://index.docker.io/v1/' : host;
}

/** The hosts of the Docker Hub. Each of them is a valid key for it, as in Podman's library. */
const HUB_HOSTS: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** The host of a key or a `serverAddress`, for comparison: `"docker.io"`, `"localhost:5000"`. */
export function keyHost(key: string): string {
  const [host = ''] = key.replace(/^https?:\/\//i, '').split('/');
  const lower = host.toLowerCase();
  return HUB_HOSTS.has(lower) ? 'docker.io' : lower;
}

type AnyCredentials = CredentialChoice | CredentialSource;

/** The credentials of a call to the registry with that key, by rules 2 and 3. */
export function chooseCredentials(key: string, ofCall: AnyCredentials, ofClient: AnyCredentials): AnyCredentials {
  assertCredentialsMatch(key, ofCall);
  if (ofCall !== undefined) return ofCall;
  return credentialsMatchRegistry(key, ofClient) ? ofClient : undefined;
}

/** Throws an `ArgumentError` if the credentials of a call are for another registry (rule 2). */
export function assertCredentialsMatch(key: string, credentials: AnyCredentials): void {
  if (credentialsMatchRegistry(key, credentials)) return;
  throw new ArgumentError(`cannot use these credentials for ${escapeText(key)}: their serverAddress names another registry`);
}

/** Throws a `CredentialError` if credentials that a function returned are for another registry (rule 4). */
export function assertReturnedCredentialsMatch(key: string, credentials: CredentialChoice): void {
  if (credentialsMatchRegistry(key, credentials)) return;
  const fault = 'their serverAddress names another registry';
  throw new CredentialError(`cannot use the credentials that the function returned for ${escapeText(key)}: ${fault}`, { registry: key });
}

function credentialsMatchRegistry(key: string, credentials: AnyCredentials): boolean {
  if (typeof credentials !== 'object' || typeof credentials?.serverAddress !== 'string') return true;
  return credentials.serverAddress === '' || keyHost(credentials.serverAddress) === keyHost(key);
}

/** Throws an `ArgumentError` for invalid credentials. */
export function checkCredentials(credentials: unknown): void {
  revealMembers(credentials as Credentials);
}

/** Returns the members that are not undefined, as text. Error messages contain no values. */
function revealMembers(credentials: Credentials): Map<string, string> {
  try {
    return readMembers(credentials);
  } catch (cause) {
    if (cause instanceof ArgumentError) throw cause;
    throw new ArgumentError('the credentials cannot be read: a getter or a proxy threw an error', { cause });
  }
}

function readMembers(credentials: unknown): Map<string, string> {
  if (typeof credentials !== 'object' || credentials === null) throw invalidForm();
  const members = new Map<string, string>();
  for (const [key, value] of Object.entries(credentials)) {
    if (!MEMBERS.includes(key)) throw new ArgumentError(`credentials have no member "${escapeText(key)}": ${FORMS_TEXT}`);
    if (value !== undefined) members.set(key, revealMember(key, value));
  }
  const used = FORMS.filter((form) => form.some((key) => members.has(key)));
  if (used.length !== 1 || !used[0]?.every((key) => members.has(key))) throw invalidForm();
  return members;
}

function revealMember(key: string, value: unknown): string {
  const text = value instanceof Secret ? value.reveal() : value;
  if (typeof text !== 'string') throw new ArgumentError(`the member "${key}" of the credentials must be a string`);
  if (!isWellFormed(text)) throw new ArgumentError(`the member "${key}" of the credentials contains an unpaired surrogate`);
  if (text === '' && !MAY_BE_EMPTY.has(key)) throw new ArgumentError(`the member "${key}" of the credentials is empty`);
  return text;
}

function invalidForm(): ArgumentError {
  return new ArgumentError(`invalid credentials: ${FORMS_TEXT}; or "anonymous"`);
}
