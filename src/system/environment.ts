// Reads the environment variables, the platform and the user of this process. No other file reads `process.env`.

import { userInfo } from 'node:os';
import { VARIABLES } from '../config/environment-variables.ts';
import type { Environment, Variables } from '../config/environment-variables.ts';
import { ConfigError } from '../errors.ts';
import { absolutePath } from './files/paths.ts';

const PATHS: ReadonlySet<string> = new Set([
  'DOCKER_CONFIG', 'DOCKER_CERT_PATH', 'REGISTRY_AUTH_FILE', 'COLIMA_HOME',
  'HOME', 'USERPROFILE', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'TMPDIR',
]);

/** Reads the current environment, with absolute paths. `variables` replaces those of the process. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const valueOf = (name: string): string | undefined => {
    const value = variables[name] || undefined;
    return value !== undefined && PATHS.has(name) ? pathIn(value, name) : value;
  };
  const read: Variables = Object.fromEntries(VARIABLES.map((name) => [name, valueOf(name)]));
  const { platform } = process;
  const home = (platform === 'win32' ? read.USERPROFILE : read.HOME) ?? userHome();
  return { platform, home, uid: process.getuid?.(), variables: read };
}

/** Matches common mistakes: the text of a file (JSON, base64 of JSON, PEM) instead of its path, or a path in quotes. */
const notAPath = /^\s*(?:[{"']|eyJ|-----BEGIN)/;

/** Returns the absolute path in a variable. The error does not show the value, which may be a secret. */
function pathIn(value: string, name: string): string {
  if (!notAPath.test(value)) return absolutePath(value, name);
  const remedy = 'it must be a path, without quotes; the text of a config.json goes into DOCKER_AUTH_CONFIG';
  throw new ConfigError(`${name} does not hold the path of a file or folder: ${remedy}`);
}

/** The home folder from the system's user database; undefined for a user id without an entry, which containers often have. */
function userHome(): string | undefined {
  try {
    return userInfo().homedir || undefined;
  } catch {
    return undefined;
  }
}

/** Returns the value of PATH: the folders in which programs are searched. */
export function searchPath(): string {
  return process.env['PATH'] ?? '';
}
