// Finds a registry's credentials in a config.json of the docker command, in an auth.json of Podman, or in the text of
// DOCKER_AUTH_CONFIG. An invalid entry is an error only when its registry is used. Errors name the file and the key of the
// entry, and quote nothing else.

import { Buffer } from 'node:buffer';
import { decodeUtf8, escapeText, withoutTrailing } from '../bytes.ts';
import { ConfigError } from '../errors.ts';
import { isJsonObject } from '../api/json.ts';
import type { JsonObject } from '../api/json.ts';
import { Secret, keyHost } from '../api/credentials.ts';
import type { Credentials } from '../api/credentials.ts';
import { member, objectOf, parseConfigFile, parseSettings } from './config-file.ts';

/** A parsed configuration: a JSON object whose members have not been checked yet. */
export interface DockerConfig {
  /** The path of the file, or the name of the variable. */
  readonly source: string;
  readonly members: JsonObject;
}

/** A repository in a registry, or a whole registry. */
export interface Scope {
  /** `"https://index.docker.io/v1/"`, `"localhost:5000"` */
  readonly registry: string;
  /** `"team/app"` */
  readonly repository?: string | undefined;
}

/** A credential helper that a configuration names. */
export interface ConfiguredHelper {
  /** `"pass"` for the program `docker-credential-pass`. */
  readonly name: string;
  /** The member with the name: `"credsStore"`, `'credHelpers["localhost:5000"]'`. */
  readonly configKey: string;
  /** The path of the file, or the name of the variable. */
  readonly source: string;
}

/** The credentials of a registry, or the helper to ask for them. */
export type CredentialPlace = { readonly credentials: Credentials | undefined } | { readonly helper: ConfiguredHelper };

const SECRET_MEMBERS = ['auth', 'password', 'identitytoken', 'registrytoken'] as const;
const VARIABLE_MEMBERS = ['auths', 'credHelpers', 'credsStore'] as const;
const VARIABLE_REMEDY = 'set it to the text of a config.json, {"auths":{"HOST":{"auth":"..."}}}, or unset it';

/** Keys of the docker command's own tokens after a login in a browser; no registry accepts such a token as a password. */
const browserTokens = /^https:\/\/index\.docker\.io\/v1\/(?:access|refresh)-token$/;
/** The part of a program's name after "docker-credential-". It cannot contain a path. */
const helperGrammar = /^(?!docker-credential-)[A-Za-z0-9][A-Za-z0-9._-]*$/;
// base64 = *( 4base64-char ) [ 2base64-char "==" / 3base64-char "=" ]     RFC 4648 §4
const base64Grammar = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Matches text that looks like a path, and not like the content of a file. */
const pathGrammar = /^(?:~|\.{0,2}[\\/]|[A-Za-z]:[\\/]|file:|[^{[\n]{1,4096}\.json$)/;

/** Parses a config.json. An empty file has no members, as with the docker command. */
export function parseDockerConfig(bytes: Uint8Array, source: string): DockerConfig {
  return { source, members: parseSettings(bytes, source) };
}

/**
 * Parses DOCKER_AUTH_CONFIG, the text of a config.json with `auths`, `credHelpers` or `credsStore`, as GitLab Runner and
 * Testcontainers read it. The docker command accepts only `auths`. Errors never show the text, which may be a secret.
 */
export function parseAuthVariable(text: string): DockerConfig {
  const source = 'DOCKER_AUTH_CONFIG';
  if (pathGrammar.test(text)) {
    const remedy = 'set DOCKER_CONFIG to the folder of config.json, or REGISTRY_AUTH_FILE to the path of a file';
    throw new ConfigError(`${source} holds a path; it must hold the text of a config.json: ${remedy}`);
  }
  let members: JsonObject;
  try {
    members = parseConfigFile(Buffer.from(text), source);
  } catch (cause) {
    throw cause instanceof ConfigError ? new ConfigError(`${cause.message}; ${VARIABLE_REMEDY}`, { cause }) : cause;
  }
  // An object without any of these members was probably set by mistake, and all credentials would be ignored.
  if (Object.keys(members).length === 0 || VARIABLE_MEMBERS.some((name) => member(members, name) !== undefined)) return { source, members };
  throw new ConfigError(`${source} has none of ${VARIABLE_MEMBERS.map((name) => `"${name}"`).join(', ')}; ${VARIABLE_REMEDY}`);
}

/**
 * Finds where the credentials for a repository are stored. The variable is searched before the file; in each of them, a helper
 * comes before a stored entry. If a helper has no credentials, the search ends: an old stored password must not be used
 * (CVE-2021-41092). Only a `registrytoken` in `auths` comes before a helper, as in the docker command, because engines prefer
 * it to all other credentials.
 */
export function findCredentials(
  scope: Scope,
  { variable, file }: { readonly variable?: DockerConfig | undefined; readonly file?: DockerConfig | undefined },
): CredentialPlace {
  const inVariable = variable && placeIn(variable, scope, (entry) => unusable(entry, 'it is empty'));
  return inVariable ?? (file && placeIn(file, scope, () => undefined)) ?? { credentials: undefined };
}

/** Searches one configuration; undefined if it has neither a helper nor an entry for the registry. `onEmpty` decides about an empty entry. */
function placeIn(config: DockerConfig, scope: Scope, onEmpty: (entry: Entry) => undefined): CredentialPlace | undefined {
  const helper = helperFor(config, scope.registry);
  const entry = entryFor(config, scope);
  const registryToken = isJsonObject(entry?.value) && member(entry.value, 'registrytoken');
  if (helper !== undefined && !registryToken) return { helper };
  if (entry === undefined) return undefined;
  const credentials = readEntry(entry);
  return credentials === undefined ? onEmpty(entry) : { credentials };
}

/** Whether a file contains secrets, which other users should not be able to read. */
export function holdsSecrets({ members }: DockerConfig): boolean {
  const auths = member(members, 'auths');
  if (!isJsonObject(auths)) return false;
  return Object.values(auths).some((entry) => isJsonObject(entry) && SECRET_MEMBERS.some((name) => member(entry, name)));
}

interface Entry {
  readonly value: unknown;
  /** The key and the file of the entry, for errors. */
  readonly place: string;
}

/**
 * Finds the most specific entry for a repository: for its own path, then for the paths above it, then for the registry. Podman
 * writes entries for paths. The docker command would use `registry.example/team` for the whole registry, even outside `team`.
 */
function entryFor({ source, members }: DockerConfig, { registry, repository }: Scope): Entry | undefined {
  const auths = credentialMember(members, 'auths', source);
  const parts = repository?.split('/') ?? [];
  for (let count = parts.length; count >= 0; count--) {
    const wanted = [keyHost(registry), ...parts.slice(0, count)].join('/');
    const key = keyFor(wanted, count === 0 ? registry : wanted, Object.keys(auths));
    if (key !== undefined) return { value: auths[key], place: `auths["${escapeText(key)}"] in ${source}` };
  }
  return undefined;
}

/** Finds the helper for a registry. An empty name in `credHelpers` means that there is none, even if `credsStore` is set. */
function helperFor({ source, members }: DockerConfig, registry: string): ConfiguredHelper | undefined {
  const helpers = credentialMember(members, 'credHelpers', source);
  const key = keyFor(keyHost(registry), registry, Object.keys(helpers));
  const configKey = key === undefined ? 'credsStore' : `credHelpers["${escapeText(key)}"]`;
  const name = (key === undefined ? member(members, 'credsStore') : helpers[key]) ?? '';
  if (name === '') return undefined;
  if (typeof name === 'string' && helperGrammar.test(name)) return { name, configKey, source };
  throw new ConfigError(`${configKey} in ${source} must be the name of a helper, such as "pass" for docker-credential-pass`);
}

function credentialMember(members: JsonObject, name: string, source: string): JsonObject {
  return objectOf(member(members, name), name, source, '; correct it, or remove it and log in again');
}

/** Finds the key for a scope: the spelling of the docker command, or else the first key with the same meaning. */
function keyFor(scope: string, spelling: string, keys: readonly string[]): string | undefined {
  return keys.includes(spelling) ? spelling : keys.find((key) => !browserTokens.test(key) && scopeOf(key) === scope);
}

/**
 * Returns the scope of a key: `registry.example`, or `registry.example/team`. A key with a scheme, or with the path of a
 * registry's API, means the whole registry: the first versions of Docker wrote such keys.
 */
function scopeOf(key: string): string {
  const bare = withoutTrailing(key, '/');
  const slash = bare.indexOf('/');
  const isRegistry = slash < 0 || /^https?:\/\/|^[^/]*\/v[12]$/i.test(bare);
  return isRegistry ? keyHost(bare) : keyHost(bare) + bare.slice(slash);
}

/**
 * Reads an entry; undefined if it is empty, as after a login with a helper. An engine prefers a registry token to an identity
 * token, and that to a password, so only the preferred one is returned.
 */
function readEntry(entry: Entry): Credentials | undefined {
  const { value } = entry;
  if (value === null) return undefined;
  if (!isJsonObject(value)) return unusable(entry, 'it is not an object');
  const text = (name: string): string => {
    const found = member(value, name) ?? '';
    return typeof found === 'string' ? found : unusable(entry, `its ${name} is not a string`);
  };
  const registryToken = text('registrytoken');
  if (registryToken !== '') return { registryToken: new Secret(registryToken) };
  const identityToken = text('identitytoken');
  if (identityToken !== '') return { identityToken: new Secret(identityToken) };
  const auth = text('auth');
  if (auth !== '') return decodeAuth(auth, entry);
  const [username, password] = [text('username'), text('password')];
  if (username !== '') return { username, password: new Secret(password) };
  return password === '' ? undefined : unusable(entry, 'it has a password and no username');
}

/** Decodes `auth`, which is "user:password" in base64. Line ends are skipped, as Go's decoder does. */
function decodeAuth(auth: string, entry: Entry): Credentials {
  const base64 = auth.replace(/[\r\n]/g, '');
  if (!base64Grammar.test(base64)) return unusable(entry, 'its auth is not base64');
  let login: string;
  try {
    login = decodeUtf8(Buffer.from(base64, 'base64'));
  } catch {
    return unusable(entry, 'its auth is not UTF-8 in base64');
  }
  const colon = login.indexOf(':');
  if (colon <= 0) return unusable(entry, 'its auth is not "user:password" in base64');
  // Old versions of the docker command also encoded the zeros at the end of their buffer; current versions still remove them.
  return { username: login.slice(0, colon), password: new Secret(withoutTrailing(login.slice(colon + 1), '\0')) };
}

function unusable({ place }: Entry, problem: string): never {
  throw new ConfigError(`${place} cannot be used: ${problem}. Log in to that registry again, or remove the entry`);
}
