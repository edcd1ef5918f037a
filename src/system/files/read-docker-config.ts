// config.json, the docker command's own file, as it is at this moment: a login elsewhere counts at once.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { holdsSecrets, parseDockerConfig } from '../../config/stored-credentials.ts';
import type { DockerConfig } from '../../config/stored-credentials.ts';
import { ConfigError } from '../../errors.ts';
import { readSmallFile } from './read-small-file.ts';

/** A config.json, and what its owner should know of it. */
export interface DockerConfigFile {
  readonly config: DockerConfig;
  readonly warning: string | undefined;
}

/** Reads the config.json in a folder; undefined where there is none. */
export async function readDockerConfig(folder: string | undefined): Promise<DockerConfigFile | undefined> {
  if (folder === undefined) return undefined;
  const file = await readFile(join(folder, 'config.json')).catch((error: unknown) => {
    throw error instanceof ConfigError ? withRemedy(error) : error;
  });
  return file ?? refuseFile(folder);
}

/** Reads one of Podman's files of credentials; undefined where there is none. */
export async function readAuthFile(path: string): Promise<DockerConfigFile | undefined> {
  return readFile(path).catch((error: unknown) => {
    throw error instanceof ConfigError ? withAdvice(error, 'repair it, or remove it and run podman login again') : error;
  });
}

async function readFile(path: string): Promise<DockerConfigFile | undefined> {
  const file = await readSmallFile(path);
  if (file === undefined) return undefined;
  const config = parseDockerConfig(file.bytes, path);
  const exposed = file.readableByOthers && holdsSecrets(config);
  const warning = `${path} holds credentials, and others on this machine may read it: chmod 600 ${path}`;
  return { config, warning: exposed ? warning : undefined };
}

/** The same error, with what to do about a config.json that cannot be used. */
export function withRemedy(cause: ConfigError): ConfigError {
  return withAdvice(cause, 'repair it, or set DOCKER_CONFIG to the folder of another config.json');
}
function withAdvice(cause: ConfigError, advice: string): ConfigError {
  return new ConfigError(`${cause.message}; ${advice}`, { cause });
}

/** DOCKER_CONFIG is a folder, and who takes it for the file would be without credentials, and not know why. */
async function refuseFile(folder: string): Promise<undefined> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isFile() === true) throw new ConfigError(`${folder} is a file; DOCKER_CONFIG is the folder of config.json`);
}
