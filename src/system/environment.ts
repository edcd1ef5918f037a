// The variables that say where the engine is. This file alone reads the environment.

import { userInfo } from 'node:os';
import { VARIABLES, configFolder, podmanAuthFiles } from '../config/environment-variables.ts';
import type { EngineEnvironment, Variables } from '../config/environment-variables.ts';
import { ConfigError } from '../errors.ts';
import { absolutePath } from './files/paths.ts';

/** Variables by their names. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Those that name files and folders. */
const PATHS: ReadonlySet<string> = new Set([
  'DOCKER_CONFIG', 'DOCKER_CERT_PATH', 'REGISTRY_AUTH_FILE', 'COLIMA_HOME', 'HOME', 'USERPROFILE', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'TMPDIR',
]);

/** Where this program runs, with absolute paths; `environment` in place of the process's own. */
export function readEnvironment(environment: Environment = process.env): EngineEnvironment {
  const valueOf = (name: string): string | undefined => {
    const value = environment[name] || undefined;
    return value !== undefined && PATHS.has(name) ? pathIn(value, name) : value;
  };
  const variables: Variables = Object.fromEntries(VARIABLES.map((name) => [name, valueOf(name)]));
  const { platform } = process;
  const home = (platform === 'win32' ? variables.USERPROFILE : variables.HOME) ?? homeOfUser();
  return { platform, home, uid: process.getuid?.(), variables };
}

/** The text of a file (JSON, also in base64, or PEM) in place of its path, or a path in quotes. */
const notAPath = /^\s*(?:[{"']|eyJ|-----BEGIN)/;

/** The path in a variable. What is not one may be a secret, which no error may show. */
function pathIn(value: string, name: string): string {
  if (!notAPath.test(value)) return absolutePath(value, name);
  const remedy = 'it must be a path, without quotes; the text of a config.json goes into DOCKER_AUTH_CONFIG';
  throw new ConfigError(`${name} does not hold the path of a file or folder: ${remedy}`);
}

/** By the system's list of users, which need not know the one that a container runs as. */
function homeOfUser(): string | undefined {
  try {
    return userInfo().homedir || undefined;
  } catch {
    return undefined;
  }
}

/** What the environment says of the docker command's own files. */
export interface DockerEnvironment {
  /** Of config.json; undefined where nobody knows the user's folder. */
  readonly folder: string | undefined;
  /** DOCKER_AUTH_CONFIG, the text of credentials. */
  readonly authConfig: string | undefined;
  /** The paths of Podman's files of credentials; only the one that REGISTRY_AUTH_FILE names must exist. */
  readonly podmanFiles: readonly string[];
  /** REGISTRY_AUTH_FILE. */
  readonly authFile: string | undefined;
}

/** Where the docker command keeps what it knows, and what it is told beside. */
export function dockerEnvironment(environment?: Environment): DockerEnvironment {
  const surroundings = readEnvironment(environment);
  const { DOCKER_AUTH_CONFIG: authConfig, REGISTRY_AUTH_FILE: authFile } = surroundings.variables;
  return { folder: configFolder(surroundings), authConfig, authFile, podmanFiles: podmanAuthFiles(surroundings) };
}

/** The folders in which programs are looked for. */
export function searchPath(environment: Environment = process.env): string {
  return environment['PATH'] ?? '';
}
