// The variables that say where the engine is. This file alone reads the environment.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';

/** Variables by their names. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says. */
export interface EnvironmentHost {
  readonly host: string;
  /** Where `host` comes from, for messages. */
  readonly source: string;
  readonly version: string | undefined;
}

/** DOCKER_HOST, or the default socket; DOCKER_API_VERSION. */
export function environmentHost(environment: Environment = process.env): EnvironmentHost {
  const { DOCKER_HOST: host, DOCKER_API_VERSION: version } = environment;
  // TLS that was asked for is TLS or nothing: never fall back to plain text.
  for (const name of ['DOCKER_TLS', 'DOCKER_TLS_VERIFY']) {
    if (environment[name] && host?.startsWith('tcp://')) {
      throw new ConfigError(`${name} asks for TLS, which this version does not speak yet`);
    }
  }
  const source = host ? 'DOCKER_HOST' : 'the default socket';
  return { host: host || defaultHost(), source, version: version || undefined };
}

/** What the environment says of the docker command's own files. */
export interface DockerEnvironment {
  /** Of config.json: DOCKER_CONFIG, or `.docker` in the home folder, where there is one. */
  readonly folder: string | undefined;
  /** DOCKER_AUTH_CONFIG, the text of credentials. */
  readonly authConfig: string | undefined;
}

/** DOCKER_CONFIG, DOCKER_AUTH_CONFIG, and the home folder. */
export function dockerEnvironment(environment: Environment = process.env): DockerEnvironment {
  const { DOCKER_CONFIG: folder, DOCKER_AUTH_CONFIG: authConfig } = environment;
  const home = environment[process.platform === 'win32' ? 'USERPROFILE' : 'HOME'] || homeOfUser();
  return { folder: folder || (home && join(home, '.docker')), authConfig: authConfig || undefined };
}

/** The system need not know the user that a container runs as. */
function homeOfUser(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

function defaultHost(): string {
  return process.platform === 'win32' ? 'npipe:////./pipe/docker_engine' : 'unix:///var/run/docker.sock';
}

/** The folders in which programs are looked for. */
export function searchPath(environment: Environment = process.env): string {
  return environment['PATH'] ?? '';
}
