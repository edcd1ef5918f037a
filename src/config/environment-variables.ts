// The variables of the environment that this library reads, and no others.

import { withoutTrailing } from '../bytes.ts';

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
export interface Environment {
  /** As `process.platform` has it. */
  readonly platform: string;
  /** The user's folder; undefined where nobody knows it, as for a user id without a name. */
  readonly home: string | undefined;
  /** The user's number; undefined where users have none. */
  readonly uid?: number | undefined;
  readonly variables: Variables;
}

/** The folder of config.json and the contexts: DOCKER_CONFIG, which names a folder and no file, or `~/.docker`. */
export function configFolder({ home, variables }: Environment): string | undefined {
  return variables.DOCKER_CONFIG ?? (home === undefined ? undefined : below(home, '.docker'));
}

/**
 * Where `podman login` stores credentials, in the order in which Podman reads them: containers-auth.json(5). Without
 * XDG_RUNTIME_DIR, as for root, it is /run/containers/UID (pkg/docker/config of containers/image, `defaultPerUIDPathFormat`).
 */
export function podmanAuthFiles({ platform, home, uid, variables }: Environment): string[] {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME = home && below(home, '.config') } = variables;
  const ofUser = platform === 'linux' && uid !== undefined ? `/run/containers/${uid}/auth.json` : undefined;
  const [runtime, config] = [XDG_RUNTIME_DIR, XDG_CONFIG_HOME].map((folder) => folder && below(folder, 'containers', 'auth.json'));
  return [REGISTRY_AUTH_FILE, runtime ?? ofUser, config].flatMap((path) => path ?? []);
}

/** Where a user's services have their sockets: XDG_RUNTIME_DIR, which a login without a session (cron, sudo) does not set. */
export function runtimeFolder({ uid, variables }: Environment): string | undefined {
  return variables.XDG_RUNTIME_DIR ?? (uid === undefined ? undefined : `/run/user/${uid}`);
}

/** A path below a folder. Windows takes slashes for backslashes. */
export function below(folder: string, ...names: readonly string[]): string {
  return [withoutTrailing(folder, '/'), ...names].join('/');
}
