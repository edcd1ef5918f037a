// Reads the docker command's config.json and Podman's auth.json. Nothing is cached, so a login or logout takes effect at once.

import { stat } from 'node:fs/promises';
import { configFolder, joinPath, podmanAuthFiles } from '../../config/environment-variables.ts';
import type { Environment } from '../../config/environment-variables.ts';
import { findCredentials, holdsSecrets, parseAuthVariable, parseDockerConfig } from '../../config/stored-credentials.ts';
import type { CredentialPlace, Scope } from '../../config/stored-credentials.ts';
import type { Warn } from '../../connection/diagnostics.ts';
import { ConfigError } from '../../errors.ts';
import { readSmallFile } from './read-small-file.ts';

/**
 * Looks for a repository's credentials: in DOCKER_AUTH_CONFIG, in config.json, then in Podman's files. Stops at the first
 * helper or credentials. `ownFolder` replaces the folder of config.json; Podman's files are then not read.
 */
export async function lookUpCredentials(
  scope: Scope,
  environment: Environment,
  ownFolder: string | undefined,
  warn: Warn,
): Promise<CredentialPlace> {
  const { DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE } = environment.variables;
  let found = findCredentials(scope, { variable: DOCKER_AUTH_CONFIG === undefined ? undefined : parseAuthVariable(DOCKER_AUTH_CONFIG) });
  const folder = ownFolder ?? configFolder(environment);
  const podmanFiles = ownFolder === undefined ? podmanAuthFiles(environment) : [];
  for (const path of [CONFIG_JSON, ...podmanFiles]) {
    if ('helper' in found || found.credentials !== undefined) break;
    const file = path === CONFIG_JSON ? await readDockerConfig(folder) : await readFile(path, AUTH_FILE_REMEDY);
    if (file?.warning !== undefined) warn({ kind: 'readable-key', subject: file.config.source, message: file.warning });
    if (file === undefined && path !== CONFIG_JSON && path === REGISTRY_AUTH_FILE) warn(absentAuthFile(path));
    found = findCredentials(scope, { file: file?.config });
  }
  return found;
}

/** Stands for config.json in the list of files. */
const CONFIG_JSON = undefined;

const AUTH_FILE_REMEDY = 'repair it, or remove it and run podman login again';

function absentAuthFile(path: string): Parameters<Warn>[0] {
  const problem = `REGISTRY_AUTH_FILE names ${path}, which does not exist: no credentials can be read from it`;
  return { kind: 'configuration', subject: path, message: `${problem}. Run podman login, or correct the path` };
}

/**
 * Reads the config.json in a folder; undefined if it does not exist. The returned `warning` says that other users can read credentials
 * in the file.
 *
 * With `mustBeFolder`, a file in place of the folder is an error. It is often config.json itself, and would silently mean no settings.
 */
export async function readDockerConfig(folder: string | undefined, mustBeFolder = true) {
  if (folder === undefined) return undefined;
  const file = await readFile(joinPath(folder, 'config.json'), 'repair it, or set DOCKER_CONFIG to the folder of another config.json');
  const isWrong = file === undefined && mustBeFolder && (await stat(folder).then((found) => !found.isDirectory(), () => false));
  if (isWrong) throw new ConfigError(`cannot read config.json in ${folder}: it is not a folder. Give the folder of config.json, for example in DOCKER_CONFIG`);
  return file;
}

async function readFile(path: string, remedy: string) {
  try {
    const file = await readSmallFile(path);
    if (file === undefined) return undefined;
    const config = parseDockerConfig(file.bytes, path);
    const exposed = file.readableByOthers && holdsSecrets(config);
    const warning = `${path} contains credentials, and other users of this machine can read it: chmod 600 ${path}`;
    return { config, warning: exposed ? warning : undefined };
  } catch (cause) {
    throw cause instanceof ConfigError ? new ConfigError(`${cause.message}; ${remedy}`, { cause }) : cause;
  }
}
