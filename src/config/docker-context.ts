// A context of the docker command: its name, where its store keeps it, and what stands there.

import { escapeText, loadCreateHash, utf8 } from '../bytes.ts';
import { ConfigError } from '../errors.ts';
import { isJsonObject } from '../api/json.ts';
import type { JsonObject } from '../api/json.ts';
import { member, parseConfigFile, textMember } from './config-file.ts';
import { below } from './environment-variables.ts';

/** The context that is in no store: DOCKER_HOST, or the default socket. */
export const DEFAULT_CONTEXT = 'default';

/** What the store has of a context. */
export interface StoredContext {
  readonly name: string;
  readonly description: string | undefined;
  /** As it was written; undefined stands for the default socket. */
  readonly host: string | undefined;
  readonly skipTlsVerify: boolean;
}

// name = ( ALPHA / DIGIT ) 1*( ALPHA / DIGIT / "_" / "." / "+" / "-" ), so a name has two characters at least
const nameGrammar = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;

/** Throws a `ConfigError` for a name that no context can have; `source` is the variable or option to name in it. */
export function checkContextName(name: string, source: string): void {
  if (typeof name === 'string' && nameGrammar.test(name)) return;
  const shown = escapeText(String(name).slice(0, 100));
  throw new ConfigError(`${source}: "${shown}" is no name of a context: two or more letters, digits and "_.+-"`);
}

/** The folder that holds a folder for each context. */
export function contextStore(configFolder: string): string {
  return below(configFolder, 'contexts', 'meta');
}

/** Where the store keeps what: `contexts/meta/<SHA-256 of the name>/meta.json`, and the TLS files of its engine. */
export async function contextPaths(configFolder: string, name: string): Promise<{ meta: string; tlsFolder: string }> {
  const sha256 = await loadCreateHash();
  const id = sha256().update(utf8(name)).digest('hex');
  return {
    meta: below(contextStore(configFolder), id, 'meta.json'),
    tlsFolder: below(configFolder, 'contexts', 'tls', id, 'docker'),
  };
}

/** What a meta.json says. Endpoints other than docker's are ignored: old contexts have one for Kubernetes. */
export function parseContext(bytes: Uint8Array, path: string): StoredContext {
  const meta = parseConfigFile(bytes, path);
  const endpoint = objectOf(member(meta, 'Endpoints'), 'Endpoints', path)['docker'];
  if (endpoint === undefined) throw new ConfigError(`${path} has no endpoint for docker`);
  const docker = objectOf(endpoint, 'Endpoints.docker', path);
  const skipTlsVerify = member(docker, 'SkipTLSVerify') ?? false;
  if (typeof skipTlsVerify !== 'boolean') throw new ConfigError(`${path}: "SkipTLSVerify" must be true or false`);
  return {
    name: textMember(meta, 'Name', path) ?? '',
    description: textMember(objectOf(member(meta, 'Metadata'), 'Metadata', path), 'Description', path),
    host: textMember(docker, 'Host', path),
    skipTlsVerify,
  };
}

function objectOf(value: unknown, name: string, path: string): JsonObject {
  if (value === undefined) return {};
  if (!isJsonObject(value)) throw new ConfigError(`${path}: "${name}" must be an object`);
  return value;
}
