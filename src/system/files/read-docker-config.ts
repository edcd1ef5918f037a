// Reads the docker command's config.json and Podman's auth.json. Nothing is cached: a login or logout counts at once.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findCredentials, holdsSecrets, parseAuthVariable, parseDockerConfig } from '../../config/stored-credentials.ts';
import type { CredentialPlace, DockerConfig, Scope } from '../../config/stored-credentials.ts';
import type { Warn } from '../../connection/warnings.ts';
import { ConfigError } from '../../errors.ts';
import { readSmallFile } from './read-small-file.ts';

/** Where credentials are looked for. */
export interface CredentialPlaces {
  /** The text in DOCKER_AUTH_CONFIG. */
  readonly authConfig: string | undefined;
  /** The folder of config.json. */
  readonly folder: string | undefined;
  /** The paths of Podman's files, in their order. */
  readonly podmanFiles: readonly string[];
  /** The path in REGISTRY_AUTH_FILE; a file that does not exist there is a warning. */
  readonly authFile: string | undefined;
}

/** Looks for a repository's credentials in the variable, in config.json, then in Podman's files, and stops at the first entry. */
export async function lookUpCredentials(scope: Scope, places: CredentialPlaces, warn: Warn): Promise<CredentialPlace> {
  const variable = places.authConfig === undefined ? undefined : parseAuthVariable(places.authConfig);
  let found = findCredentials(scope, { variable });
  for (const path of [undefined, ...places.podmanFiles]) {
    if ('helper' in found || found.credentials !== undefined) break;
    const file = path === undefined ? await readDockerConfig(places.folder) : await readAuthFile(path);
    if (file?.warning !== undefined) warn({ kind: 'readable-key', subject: file.config.source, message: file.warning });
    if (file === undefined && path !== undefined && path === places.authFile) warn(absentAuthFile(path));
    found = findCredentials(scope, { file: file?.config });
  }
  return found;
}

function absentAuthFile(path: string): Parameters<Warn>[0] {
  const message = `REGISTRY_AUTH_FILE names ${path}, which does not exist: no credentials of it are used. Run podman login, or correct the path`;
  return { kind: 'configuration', subject: path, message };
}

/** A file with credentials, and a warning for its owner. */
export interface DockerConfigFile {
  readonly config: DockerConfig;
  readonly warning: string | undefined;
}

/** Reads the config.json in a folder; undefined if it does not exist. */
export async function readDockerConfig(folder: string | undefined): Promise<DockerConfigFile | undefined> {
  if (folder === undefined) return undefined;
  const file = await readFile(join(folder, 'config.json')).catch((error: unknown) => {
    throw error instanceof ConfigError ? withRemedy(error) : error;
  });
  return file ?? refuseFile(folder);
}

/** Reads one of Podman's files; undefined if it does not exist. */
async function readAuthFile(path: string): Promise<DockerConfigFile | undefined> {
  return readFile(path).catch((error: unknown) => {
    throw error instanceof ConfigError ? withAdvice(error, 'repair it, or remove it and run podman login again') : error;
  });
}

async function readFile(path: string): Promise<DockerConfigFile | undefined> {
  const file = await readSmallFile(path);
  if (file === undefined) return undefined;
  const config = parseDockerConfig(file.bytes, path);
  const exposed = file.readableByOthers && holdsSecrets(config);
  const warning = `${path} holds credentials, and other users of this machine can read it: chmod 600 ${path}`;
  return { config, warning: exposed ? warning : undefined };
}

/** Adds to an error what to do about a config.json that cannot be used. */
export function withRemedy(cause: ConfigError): ConfigError {
  return withAdvice(cause, 'repair it, or set DOCKER_CONFIG to the folder of another config.json');
}
function withAdvice(cause: ConfigError, advice: string): ConfigError {
  return new ConfigError(`${cause.message}; ${advice}`, { cause });
}

/** Throws if the folder is a file: DOCKER_CONFIG names a folder, and the path of a file there would silently mean no credentials. */
async function refuseFile(folder: string): Promise<undefined> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isFile() === true) throw new ConfigError(`${folder} is a file; DOCKER_CONFIG is the folder of config.json`);
}
