// Checks registry credentials, chooses those of a call (rules 1 to 3), and encodes them. client/registry-access.ts applies rule 4
// and, with client/engine.ts, rule 6. The credentials go to the engine in the field `X-Registry-Auth`, and the engine sends them to the registry. The rules:
//
//   1. The registry of a call is the domain of its image reference: docker.io for "alpine", localhost:5000 for "localhost:5000/a".
//      For a search it is the host in the search term, or docker.io without one. For `checkAuth` it is the argument.
//   2. If the call has `credentials`, also `"anonymous"`, these are used. If their `serverAddress` names another registry, this is a
//      mistake: the call throws an `ArgumentError` and sends nothing.
//   3. Otherwise the `credentials` of the client are used. If their `serverAddress` names another registry, they are not sent, because
//      a client may call several registries.
//   4. If the credentials of rule 2 or 3 are a function, it is called with the registry's key, the name of the registry in config.json.
//      If the `serverAddress` of the result names another registry, the call throws a `CredentialError` and is not sent.
//      `dockerConfig()` returns such a function, which reads files and helpers in the order of src/config/README.md.
//   5. Credentials without a `serverAddress`, or with an empty one, are used for every registry.
//   6. Only the operations with `credentials` in their row of endpoints.ts send the field. With `"anonymous"`, its value is an empty
//      object. Without credentials, a push sends the empty object, too, and the other operations omit the field.
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
/** Credentials must have the members of exactly one of these forms: of a mixture, the engine would silently ignore some members. */
const FORMS: readonly (readonly string[])[] = [['username', 'password'], ['identityToken'], ['registryToken']];
const FORMS_TEXT = 'give { username, password }, { identityToken } or { registryToken }, and optionally serverAddress';
/** A password may be empty: some registries take a token as the user name. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['password', 'serverAddress']);
const SECRET_MEMBERS: ReadonlySet<string> = new Set(['password', 'identityToken', 'registryToken']);

/**
 * Returns the value of the field `X-Registry-Auth`: a JSON object in base64url with padding. Without credentials, the object is
 * empty; a push must still send it, because engines up to Docker 26 reject a push without the field. `key`, the key of the
 * registry, is sent if the credentials have no `serverAddress`. Throws an `ArgumentError` for invalid credentials.
 */
export function encodeRegistryAuth(credentials: Credentials | 'anonymous' | undefined, key?: string): string {
  if (credentials === undefined || credentials === 'anonymous') return base64UrlPadded('{}');
  return base64UrlPadded(encodeAuthConfig(credentials, key));
}

/** Returns the JSON of credentials, which is also the content of `POST /auth`. An empty member is left out, as Go's client does. */
export function encodeAuthConfig(credentials: Credentials, key?: string): string {
  const members = revealMembers(credentials);
  if (!members.has('serverAddress') && key !== undefined) members.set('serverAddress', key);
  const sent = MEMBERS.map((name) => [name.toLowerCase(), members.get(name) || undefined]);
  return JSON.stringify(Object.fromEntries(sent));
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

/**
 * Returns the key of a registry: the name under which credentials for it are stored. As in the docker command, `docker.io` and
 * `index.docker.io` both mean Docker Hub, and its key is still its v1 URL.
 */
export function registryKey(host: string): string {
  return host === 'docker.io' || host === 'index.docker.io' ? 'https://index.docker.io/v1/' : host;
}

/** The hosts of Docker Hub. A stored key with any of them is a key for it, as in Podman's library. */
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

/** Reads the members. Those of exactly one form must be there, and all of them. */
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
