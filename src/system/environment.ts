// The variables that say where the engine is. This file alone reads the environment.

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

function defaultHost(): string {
  return process.platform === 'win32' ? 'npipe:////./pipe/docker_engine' : 'unix:///var/run/docker.sock';
}

/** The folders in which programs are looked for. */
export function searchPath(environment: Environment = process.env): string {
  return environment['PATH'] ?? '';
}
