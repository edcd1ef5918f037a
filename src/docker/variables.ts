// The variables of the environment that this library reads, and no others.

import { withoutEnd } from '../bytes.ts';

/** By the docker command's names; `REGISTRY_AUTH_FILE` is Podman's, `COLIMA_HOME` Colima's, the others are the system's. */
export const VARIABLES = [
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_TLS',
  'DOCKER_TLS_VERIFY',
  'DOCKER_CERT_PATH',
  'DOCKER_API_VERSION',
  'DOCKER_DEFAULT_PLATFORM',
  'DOCKER_CUSTOM_HEADERS',
  'DOCKER_AUTH_CONFIG',
  'REGISTRY_AUTH_FILE',
  'COLIMA_HOME',
  'HOME',
  'USERPROFILE',
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_HOME',
  'TMPDIR',
] as const;

/** What was set of them; an empty variable counts as not set, as it does for the docker command. */
export type Variables = Readonly<Partial<Record<(typeof VARIABLES)[number], string | undefined>>>;

/** Where a program runs, as far as that tells which engine is meant. */
export interface Surroundings {
  /** As `process.platform` has it. */
  readonly platform: string;
  /** The user's folder; undefined where nobody knows it, as for a user id without a name. */
  readonly home: string | undefined;
  readonly variables: Variables;
}

/** The folder of config.json and the contexts: DOCKER_CONFIG, which names a folder and no file, or `~/.docker`. */
export function configFolder({ home, variables }: Surroundings): string | undefined {
  return variables.DOCKER_CONFIG ?? (home === undefined ? undefined : below(home, '.docker'));
}

/** Where `podman login` stores credentials, in the order in which Podman reads them: containers-auth.json(5). */
export function podmanAuthFiles({ home, variables }: Surroundings): string[] {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME = home && below(home, '.config') } = variables;
  const folders = [XDG_RUNTIME_DIR, XDG_CONFIG_HOME].flatMap((folder) => folder ?? []);
  const named = REGISTRY_AUTH_FILE === undefined ? [] : [REGISTRY_AUTH_FILE];
  return [...named, ...folders.map((folder) => below(folder, 'containers', 'auth.json'))];
}

/** A path below a folder. Windows takes slashes for backslashes. */
export function below(folder: string, ...names: readonly string[]): string {
  return [withoutEnd(folder, '/'), ...names].join('/');
}
