// The environment variables that the library reads, and the paths that depend on them.

import { withoutTrailing } from '../bytes.ts';

/** All of them. `REGISTRY_AUTH_FILE` is of Podman, `COLIMA_HOME` of Colima, the last row of the system, the rest of docker. */
export const VARIABLES = [
  'DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'DOCKER_TLS', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH', 'DOCKER_API_VERSION',
  'DOCKER_DEFAULT_PLATFORM', 'DOCKER_CUSTOM_HEADERS', 'DOCKER_AUTH_CONFIG', 'REGISTRY_AUTH_FILE', 'COLIMA_HOME',
  'HOME', 'USERPROFILE', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'TMPDIR',
] as const;

/** The variables that are set. An empty variable counts as not set, as with the docker command. */
export type Variables = Readonly<Partial<Record<(typeof VARIABLES)[number], string | undefined>>>;

/** The process's platform, user and variables, which decide where the client looks for engines and credentials. */
export interface Environment {
  /** `process.platform` */
  readonly platform: string;
  /** The user's home folder; undefined for a user id that the system does not know. */
  readonly home: string | undefined;
  /** The user's id; undefined on Windows. */
  readonly uid?: number | undefined;
  readonly variables: Variables;
}

/** The folder of config.json and of the context store: DOCKER_CONFIG, or `~/.docker`. */
export function configFolder({ home, variables }: Environment): string | undefined {
  return variables.DOCKER_CONFIG ?? (home && joinPath(home, '.docker'));
}

/**
 * The files in which `podman login` stores credentials, in the order in which Podman reads them: containers-auth.json(5).
 * Without XDG_RUNTIME_DIR, Podman uses /run/containers/UID (containers/image, pkg/docker/config, `defaultPerUIDPathFormat`).
 */
export function podmanAuthFiles({ platform, home, uid, variables }: Environment): string[] {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME = home && joinPath(home, '.config') } = variables;
  const ofUser = platform === 'linux' && uid !== undefined ? `/run/containers/${uid}/auth.json` : undefined;
  const [runtime, config] = [XDG_RUNTIME_DIR, XDG_CONFIG_HOME].map((folder) => folder && joinPath(folder, 'containers', 'auth.json'));
  return [REGISTRY_AUTH_FILE, runtime ?? ofUser, config].flatMap((path) => path ?? []);
}

/** The folder of the user's sockets: XDG_RUNTIME_DIR, which cron and sudo do not set, or the folder that systemd creates. */
export function runtimeFolder({ uid, variables }: Environment): string | undefined {
  return variables.XDG_RUNTIME_DIR ?? (uid === undefined ? undefined : `/run/user/${uid}`);
}

/** Joins a folder and names with slashes, which Windows also accepts. Unlike `path.join`, it does not resolve "..". */
export function joinPath(folder: string, ...names: readonly string[]): string {
  return [withoutTrailing(folder, '/'), ...names].join('/');
}
