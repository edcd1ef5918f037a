// Credentials for a registry, and the field value that carries them through the engine.

import { base64UrlPadded, escapeText, hasUtf8 } from '../bytes.ts';
import { ArgumentError, InvalidReferenceError } from '../errors.ts';
import { familiarReference } from './reference.ts';
import type { Reference } from './reference.ts';

const REDACTED = '[redacted]';
const inspect: unique symbol = Symbol.for('nodejs.util.inspect.custom');

/** A text that shows itself to nobody but a caller of `reveal`: logs, JSON and templates read `[redacted]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The text. */
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

/** What a registry wants: a user's name and password, an identity token (from a login), or its own bearer token. */
export type Credentials = { readonly serverAddress?: string | undefined } & (
  | { readonly username: string; readonly password: string | Secret }
  | { readonly identityToken: string | Secret }
  | { readonly registryToken: string | Secret }
);

/** Credentials, or that there are none. */
export type CredentialChoice = Credentials | 'anonymous' | undefined;

/** What is asked besides the registry. */
export interface CredentialQuestion {
  /** The repository in that registry, `"team/app"`; undefined where it is about the registry as such, as in a search. */
  readonly repository?: string | undefined;
  /** That of the call. */
  readonly signal?: AbortSignal | undefined;
}

/** Who logs in where: given a registry's key (`"https://index.docker.io/v1/"`, `"localhost:5000"`), its credentials. */
export type CredentialSource = (
  registry: string,
  question: CredentialQuestion,
) => CredentialChoice | Promise<CredentialChoice>;

/** Our names and the engine's, in its order. */
const wireNames: ReadonlyMap<string, string> = new Map([
  ['username', 'username'],
  ['password', 'password'],
  ['serverAddress', 'serveraddress'],
  ['identityToken', 'identitytoken'],
  ['registryToken', 'registrytoken'],
]);

/** The members that make credentials: those of exactly one row. An engine given two would drop one in silence. */
const kinds: readonly (readonly string[])[] = [['username', 'password'], ['identityToken'], ['registryToken']];

const KINDS = 'they are { username, password }, { identityToken } or { registryToken }, and serverAddress if wanted';

/** A password may be empty: some registries take a token for the user's name. */
const mayBeEmpty: ReadonlySet<string> = new Set(['password', 'serverAddress']);

/**
 * The value of `X-Registry-Auth`. Without credentials it is that of `{}`, which must be sent all the same: engines
 * up to 26 refuse a push that lacks the field. `serverAddress` counts where the credentials name none.
 */
export function encodeRegistryAuth(credentials: Credentials | 'anonymous' | undefined, serverAddress?: string): string {
  if (credentials === undefined || credentials === 'anonymous') return base64UrlPadded('{}');
  return base64UrlPadded(encodeAuthConfig(credentials, serverAddress));
}

/** The JSON of credentials, as `POST /auth` takes it. */
export function encodeAuthConfig(credentials: Credentials, serverAddress?: string): string {
  const members = revealMembers(credentials);
  if (!members.has('serverAddress') && serverAddress !== undefined) members.set('serverAddress', serverAddress);
  const wire = [...wireNames].map(([ours, theirs]) => [theirs, members.get(ours) || undefined]);
  return JSON.stringify(Object.fromEntries(wire));
}

/** The same credentials as a copy of ours, in which what is secret shows itself to nobody; other values as they are. */
export function wrapSecrets<Choice>(choice: Choice): Choice {
  if (typeof choice !== 'object' || choice === null || Array.isArray(choice)) return choice;
  // Without a password the user's name is a token.
  const password: unknown = Reflect.get(choice, 'password');
  const hasToken = (password instanceof Secret ? password.reveal() : password) === '';
  const members = Object.entries(choice).map(([key, value]) => {
    const isSecret = secretMembers.has(key) || (hasToken && key === 'username');
    return [key, isSecret && typeof value === 'string' ? new Secret(value) : value];
  });
  return Object.fromEntries(members) as Choice;
}
const secretMembers: ReadonlySet<string> = new Set(['password', 'identityToken', 'registryToken']);

/** The registry from which a reference is pulled, `"docker.io"`, `"localhost:5000"`. */
export function registryHost(reference: Reference): string {
  if (reference.domain !== '') return reference.domain;
  throw new InvalidReferenceError(`"${familiarReference(reference)}" begins with what is no registry's host name`);
}

/** The key under which a registry's credentials are stored; Docker Hub has kept that of its first version. */
export function serverAddress(host: string): string {
  return host === 'docker.io' || host === 'index.docker.io' ? 'https://index.docker.io/v1/' : host;
}

/** All of these are the Docker Hub, and Podman's library takes a key with any of them for its own, too. */
const hubHosts: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** The host that a key or a `serverAddress` means, whatever its spelling: `"docker.io"`, `"localhost:5000"`. */
export function keyHost(key: string): string {
  const [host = ''] = key.replace(/^https?:\/\//i, '').split('/');
  const lower = host.toLowerCase();
  return hubHosts.has(lower) ? 'docker.io' : lower;
}

/** Whether credentials may go to a registry: those that name one in `serverAddress`, to that one alone. */
export function credentialsMatchRegistry(registry: string, credentials: CredentialChoice | CredentialSource): boolean {
  if (typeof credentials !== 'object' || typeof credentials?.serverAddress !== 'string') return true;
  return credentials.serverAddress === '' || keyHost(credentials.serverAddress) === keyHost(registry);
}

/** A registry, and where in it something is. */
export interface RegistryPlace {
  readonly host: string;
  readonly repository?: string | undefined;
}

/** The registry from which a reference is pulled, and its repository there. */
export function registryOf(reference: Reference): RegistryPlace {
  return { host: registryHost(reference), repository: reference.path };
}

/** Credentials that a call was given for another registry than its image's are a mistake, and would be a leak. */
export function assertCredentialsMatch(key: string, credentials: CredentialChoice | CredentialSource): void {
  if (credentialsMatchRegistry(key, credentials)) return;
  throw new ArgumentError(`the serverAddress of these credentials is not ${escapeText(key)}, to which they would go`);
}

/** An `ArgumentError` for what is not credentials. */
export function checkCredentials(credentials: unknown): void {
  revealMembers(credentials as Credentials);
}

/** The members that are there, as text. No message of this file holds a value. */
function revealMembers(credentials: Credentials): Map<string, string> {
  try {
    return readMembers(credentials);
  } catch (cause) {
    if (cause instanceof ArgumentError) throw cause;
    throw new ArgumentError('The credentials cannot be read: a getter or a proxy threw an error', { cause });
  }
}

/** Takes anything: a caller in JavaScript may give it. */
function readMembers(given: unknown): Map<string, string> {
  if (typeof given !== 'object' || given === null) throw wrongKind();
  const members = new Map<string, string>();
  for (const [key, value] of Object.entries(given)) {
    if (!wireNames.has(key)) throw new ArgumentError(`Credentials have no "${escapeText(key)}"; ${KINDS}`);
    if (value !== undefined) members.set(key, revealMember(key, value));
  }
  const meant = kinds.filter((kind) => kind.some((key) => members.has(key)));
  if (meant.length !== 1 || !meant[0]?.every((key) => members.has(key))) throw wrongKind();
  return members;
}

function revealMember(key: string, value: unknown): string {
  const text = value instanceof Secret ? value.reveal() : value;
  if (typeof text !== 'string') throw new ArgumentError(`The credentials' "${key}" must be a string`);
  if (!hasUtf8(text)) throw new ArgumentError(`The credentials' "${key}" has half a character in it`);
  if (text === '' && !mayBeEmpty.has(key)) throw new ArgumentError(`The credentials' "${key}" is empty`);
  return text;
}

function wrongKind(): ArgumentError {
  return new ArgumentError(`These are no credentials: ${KINDS}; or give "anonymous"`);
}
