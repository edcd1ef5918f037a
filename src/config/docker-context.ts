// Contexts of the docker command: their names, the paths in the context store, and the content of a meta.json.

import { escapeText, loadCreateHash, utf8 } from '../bytes.ts';
import { ConfigError } from '../errors.ts';
import { member, objectOf, parseConfigFile, textMember } from './config-file.ts';
import { joinPath } from './environment-variables.ts';

/** The only context that is not stored: it means DOCKER_HOST, or the default socket. */
export const DEFAULT_CONTEXT = 'default';

/** A context of the store. */
export interface StoredContext {
  readonly name: string;
  readonly description: string | undefined;
  /** The address as written in the file; undefined for the default socket. */
  readonly host: string | undefined;
  readonly skipTlsVerify: boolean;
}

// name = ( ALPHA / DIGIT ) 1*( ALPHA / DIGIT / "_" / "." / "+" / "-" ): at least two characters
const nameGrammar = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;

/** Throws a `ConfigError` for an invalid name; `source` is the variable or option that contains the name. */
export function checkContextName(name: string, source: string): void {
  if (typeof name === 'string' && nameGrammar.test(name)) return;
  const shown = escapeText(String(name).slice(0, 100));
  throw new ConfigError(`${source}: "${shown}" is not a context name, which has two or more letters, digits and "_.+-"`);
}

/** Returns the folder that contains a folder for each context. */
export function contextStore(configFolder: string): string {
  return joinPath(configFolder, 'contexts', 'meta');
}

/** Returns the path `contexts/meta/<SHA-256 of the name>/meta.json` of a context, and the folder of its TLS files. */
export async function contextPaths(configFolder: string, name: string): Promise<{ meta: string; tlsFolder: string }> {
  const sha256 = await loadCreateHash();
  const id = sha256().update(utf8(name)).digest('hex');
  return {
    meta: joinPath(contextStore(configFolder), id, 'meta.json'),
    tlsFolder: joinPath(configFolder, 'contexts', 'tls', id, 'docker'),
  };
}

/** Parses a meta.json. Ignores the endpoints of other programs; old contexts have one for Kubernetes. */
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
