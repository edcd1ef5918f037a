// config.json, the docker command's own file, as it is at this moment: a login elsewhere counts at once.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { holdsSecrets, parseDockerConfig } from '../docker/config.ts';
import type { DockerConfig } from '../docker/config.ts';
import { ConfigError } from '../errors.ts';
import { readSmallFile } from './small-files.ts';

/** A config.json, and what its owner should know of it. */
export interface DockerConfigFile {
  readonly config: DockerConfig;
  readonly warning: string | undefined;
}

/** Reads the config.json in a folder; undefined where there is none. */
export async function readDockerConfig(folder: string | undefined): Promise<DockerConfigFile | undefined> {
  if (folder === undefined) return undefined;
  const path = join(folder, 'config.json');
  const file = await readSmallFile(path).catch((error: unknown) => {
    throw error instanceof ConfigError ? withRemedy(error) : error;
  });
  if (file === undefined) return refuseFile(folder);
  const config = parsed(file.bytes, path);
  const exposed = file.readableByOthers && holdsSecrets(config);
  const warning = `${path} holds credentials, and others on this machine may read it: chmod 600 ${path}`;
  return { config, warning: exposed ? warning : undefined };
}

/** The same error, with what to do about a config.json that cannot be used. */
export function withRemedy(cause: ConfigError): ConfigError {
  return new ConfigError(`${cause.message}; repair it, or set DOCKER_CONFIG to the folder of another config.json`, { cause });
}

function parsed(bytes: Uint8Array, path: string): DockerConfig {
  try {
    return parseDockerConfig(bytes, path);
  } catch (error) {
    throw error instanceof ConfigError ? withRemedy(error) : error;
  }
}

/** DOCKER_CONFIG is a folder, and who takes it for the file would be without credentials, and not know why. */
async function refuseFile(folder: string): Promise<undefined> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isFile() === true) throw new ConfigError(`${folder} is a file; DOCKER_CONFIG is the folder of config.json`);
}
