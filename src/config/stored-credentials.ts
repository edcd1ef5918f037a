// The credentials in a config.json of the docker command: where those of a registry are, and what an entry says.
//
// What is wrong with one registry's entry is found only when that registry is used, and is told by the file's name and
// the entry's key: nothing that stands in the file may get into a message.

import { Buffer } from 'node:buffer';
import { decodeUtf8, escapeText, withoutTrailing } from '../bytes.ts';
import { ConfigError } from '../errors.ts';
import { isJsonObject } from '../api/json.ts';
import type { JsonObject } from '../api/json.ts';
import { Secret, keyHost } from '../api/credentials.ts';
import type { Credentials } from '../api/credentials.ts';
import { member, parseConfigFile, parseSettings } from './config-file.ts';

/** A configuration that was read; only that it is a JSON object has been looked at. */
export interface DockerConfig {
  /** The file, or the variable, for messages. */
  readonly source: string;
  readonly members: JsonObject;
}

/** A repository in a registry, or a registry as such. */
export interface Scope {
  /** `"https://index.docker.io/v1/"`, `"localhost:5000"`. */
  readonly registry: string;
  /** `"team/app"`. */
  readonly repository?: string | undefined;
}

/** A program that keeps a registry's credentials. */
export interface ConfiguredHelper {
  /** `"pass"` for `docker-credential-pass`. */
  readonly name: string;
  /** The member that names it: `"credsStore"`, `'credHelpers["localhost:5000"]'`. */
  readonly configKey: string;
  /** The file it stands in. */
  readonly source: string;
}

/** Where a registry's credentials are: here, or with a program. */
export type CredentialPlace =
  | { readonly credentials: Credentials | undefined }
  | { readonly helper: ConfiguredHelper };

/** What of an entry is secret. */
const secretMembers = ['auth', 'password', 'identitytoken', 'registrytoken'] as const;

/** Where the docker command keeps tokens of its own after a login by browser; no registry takes them for a password. */
const browserTokens = /^https:\/\/index\.docker\.io\/v1\/(?:access|refresh)-token$/;

/** As docker-credential-helpers names its programs, and with nothing that leads to another folder. */
const helperGrammar = /^(?!docker-credential-)[A-Za-z0-9][A-Za-z0-9._-]*$/;

// base64 = *( 4base64-char ) [ 2base64-char "==" / 3base64-char "=" ]     RFC 4648 §4
const base64Grammar = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A config.json. An empty one is one without members, as the docker command has it. */
export function parseDockerConfig(bytes: Uint8Array, source: string): DockerConfig {
  return { source, members: parseSettings(bytes, source) };
}

/**
 * DOCKER_AUTH_CONFIG: the text of a config.json, of which `auths`, `credHelpers` and `credsStore` count, as GitLab Runner
 * and Testcontainers read it. The docker command itself takes `auths` alone.
 */
export function parseAuthVariable(text: string): DockerConfig {
  const source = 'DOCKER_AUTH_CONFIG';
  // The value itself may be a secret in a form that is not expected, so it is not shown.
  if (pathGrammar.test(text)) {
    const remedy = 'set DOCKER_CONFIG to the folder of config.json, or REGISTRY_AUTH_FILE to the path of a file';
    throw new ConfigError(`${source} holds a path; it must hold the text of a config.json: ${remedy}`);
  }
  const members = parseVariable(text, source);
  // The docker command refuses every member but `auths`. Without one of the three, all credentials would be overlooked.
  const isConfig = Object.keys(members).length === 0 || variableMembers.some((name) => member(members, name) !== undefined);
  if (!isConfig) throw new ConfigError(`${source} has none of ${variableMembers.map((name) => `"${name}"`).join(', ')}; ${VARIABLE_REMEDY}`);
  return { source, members };
}

const variableMembers = ['auths', 'credHelpers', 'credsStore'] as const;
const VARIABLE_REMEDY = 'set it to the text of a config.json, {"auths":{"HOST":{"auth":"..."}}}, or unset it';

function parseVariable(text: string, source: string): JsonObject {
  try {
    return parseConfigFile(Buffer.from(text), source);
  } catch (cause) {
    throw cause instanceof ConfigError ? new ConfigError(`${cause.message}; ${VARIABLE_REMEDY}`, { cause }) : cause;
  }
}

const pathGrammar = /^(?:~|\.{0,2}[\\/]|[A-Za-z]:[\\/]|file:|[^{[\n]{1,4096}\.json$)/;

/**
 * Where the credentials for a repository are. The variable goes before the file, and in the file a helper before what
 * is stored. Whatever comes of the place that is found, another is not tried: a helper without an answer does not make
 * an old password count again (CVE-2021-41092). Only a registry's own token is taken from beside a helper, as the
 * docker command does it, because engines prefer it to all else.
 */
export function findCredentials(
  scope: Scope,
  configs: { readonly variable?: DockerConfig | undefined; readonly file?: DockerConfig | undefined },
): CredentialPlace {
  const { variable, file } = configs;
  const given = variable && placeIn(variable, scope, (entry) => broken(entry, 'it is empty'));
  return given ?? (file && placeIn(file, scope)) ?? { credentials: undefined };
}

/** The place in one configuration; undefined where it says nothing of the registry, as an entry without members does. */
function placeIn(file: DockerConfig, scope: Scope, onEmpty: (entry: Entry) => void = () => {}): CredentialPlace | undefined {
  const helper = helperOf(file, scope.registry);
  const stored = entryOf(file, scope);
  if (helper === undefined) {
    const credentials = stored && readEntry(stored);
    if (stored !== undefined && credentials === undefined) onEmpty(stored);
    return credentials && { credentials };
  }
  const registryToken = isJsonObject(stored?.value) && member(stored.value, 'registrytoken');
  return stored && registryToken ? { credentials: readEntry(stored) } : { helper };
}

/** Whether there is in a file what others should not read. */
export function holdsSecrets(config: DockerConfig): boolean {
  const auths = member(config.members, 'auths');
  if (!isJsonObject(auths)) return false;
  return Object.values(auths).some((entry) => isJsonObject(entry) && secretMembers.some((name) => member(entry, name)));
}

/** A registry's entry in `auths`. */
interface Entry {
  readonly value: unknown;
  /** Where it stands, for messages. */
  readonly place: string;
}

/**
 * The entry for a repository, the most specific first: its own path, those above it, the registry. Paths are Podman's;
 * the docker command would take `registry.example/team` for all of the registry, also for what is not the team's.
 */
function entryOf({ source, members }: DockerConfig, { registry, repository }: Scope): Entry | undefined {
  const auths = objectMember(members, 'auths', source);
  const parts = repository?.split('/') ?? [];
  for (let count = parts.length; count >= 0; count--) {
    const wanted = [keyHost(registry), ...parts.slice(0, count)].join('/');
    const key = keyFor(wanted, count === 0 ? registry : wanted, Object.keys(auths));
    if (key !== undefined) return { value: auths[key], place: `auths["${escapeText(key)}"] in ${source}` };
  }
  return undefined;
}

/** The program for a registry. An empty name stands for none, even where there is one for all others. */
function helperOf({ source, members }: DockerConfig, registry: string): ConfiguredHelper | undefined {
  const helpers = objectMember(members, 'credHelpers', source);
  const key = keyFor(keyHost(registry), registry, Object.keys(helpers));
  const configKey = key === undefined ? 'credsStore' : `credHelpers["${escapeText(key)}"]`;
  const name = (key === undefined ? member(members, 'credsStore') : helpers[key]) ?? '';
  if (name === '') return undefined;
  if (typeof name === 'string' && helperGrammar.test(name)) return { name, configKey, source };
  throw new ConfigError(`${configKey} in ${source} must be the name of a helper, as "pass" is of docker-credential-pass`);
}

/** The key that means a scope: spelled as the docker command does it, or else the first that is spelled otherwise. */
function keyFor(scope: string, spelling: string, keys: readonly string[]): string | undefined {
  return keys.includes(spelling) ? spelling : keys.find((key) => !browserTokens.test(key) && scopeOf(key) === scope);
}

/**
 * What a key means, whatever its spelling: `registry.example`, or `registry.example/team`. With a scheme, or with the
 * path of a registry's API, it means all of the registry: so the first versions of Docker wrote them.
 */
function scopeOf(key: string): string {
  const bare = withoutTrailing(key, '/');
  const slash = bare.indexOf('/');
  const isWhole = slash < 0 || /^https?:\/\/|^[^/]*\/v[12]$/i.test(bare);
  return isWhole ? keyHost(bare) : keyHost(bare) + bare.slice(slash);
}

/**
 * What an entry says; undefined where it says nothing, as after a login that went to a helper. An engine prefers a
 * registry's token to an identity token, and that to a password, and is sent the one that it would take.
 */
function readEntry(entry: Entry): Credentials | undefined {
  const { value } = entry;
  if (value === null) return undefined;
  if (!isJsonObject(value)) return broken(entry, 'it is not an object');
  const text = (name: string): string => {
    const found = member(value, name) ?? '';
    return typeof found === 'string' ? found : broken(entry, `its ${name} is not a string`);
  };
  const registryToken = text('registrytoken');
  if (registryToken !== '') return { registryToken: new Secret(registryToken) };
  const identityToken = text('identitytoken');
  if (identityToken !== '') return { identityToken: new Secret(identityToken) };
  const auth = text('auth');
  if (auth !== '') return decodeAuth(auth, entry);
  const [username, password] = [text('username'), text('password')];
  if (username !== '') return { username, password: new Secret(password) };
  return password === '' ? undefined : broken(entry, 'it has a password and no username');
}

/** `auth`: "user:password" in base64. Go's decoder, for which it is written, skips the ends of lines. */
function decodeAuth(auth: string, entry: Entry): Credentials {
  const base64 = auth.replace(/[\r\n]/g, '');
  if (!base64Grammar.test(base64)) return broken(entry, 'its auth is not in base64');
  const login = utf8OrUndefined(Buffer.from(base64, 'base64'));
  if (login === undefined) return broken(entry, 'its auth is not UTF-8 in base64');
  const colon = login.indexOf(':');
  if (colon <= 0) return broken(entry, 'its auth is not "user:password" in base64');
  // Old versions of the docker command encoded the zeros at the end of their buffer as well, and it trims them still.
  return { username: login.slice(0, colon), password: new Secret(withoutTrailing(login.slice(colon + 1), '\0')) };
}

function broken({ place }: Entry, fault: string): never {
  throw new ConfigError(`${place} cannot be used: ${fault}. Log in to that registry again, or remove the entry`);
}

function objectMember(members: JsonObject, name: string, source: string): JsonObject {
  const found = member(members, name) ?? {};
  if (!isJsonObject(found)) throw new ConfigError(`"${name}" in ${source} is not an object; correct it, or remove it and log in again`);
  return found;
}

function utf8OrUndefined(bytes: Uint8Array): string | undefined {
  try {
    return decodeUtf8(bytes);
  } catch {
    return undefined;
  }
}
