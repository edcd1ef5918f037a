// Where engines listen when nobody says so: the default, and what other engines than a Docker of the system use.

import { below, runtimeFolder } from './environment-variables.ts';
import type { Environment } from './environment-variables.ts';

/** A place where some engine listens. */
export interface KnownSocket {
  /** Whose it is, `"Podman of this user"`. */
  readonly engine: string;
  /** `"unix:///run/podman/podman.sock"` */
  readonly host: string;
}

/** Where the docker command looks, which with TLS is a port. */
export function defaultHost(platform: string, tls: boolean): string {
  if (tls) return 'tcp://localhost:2376';
  return platform === 'win32' ? 'npipe:////./pipe/docker_engine' : 'unix:///var/run/docker.sock';
}

/** Makes the host, where the variable or folder that it hangs on is known. */
type Row = readonly [platforms: string, engine: string, host: (surroundings: Environment) => string | undefined];

/** In the order in which they are taken. */
const rows: readonly Row[] = [
  // https://docs.docker.com/engine/security/rootless/tips/, which has the second where there is no XDG_RUNTIME_DIR
  ['linux', 'rootless Docker', (surroundings) => socket(runtimeFolder(surroundings), 'docker.sock')],
  ['linux', 'rootless Docker', ({ home }) => socket(home, '.docker/run/docker.sock')],
  // Docker Desktop's context "desktop-linux"; https://github.com/docker/for-mac/issues/6529 for macOS,
  // https://docs.docker.com/reference/api/engine/sdk/ on its socket of each user for Linux
  ['darwin', 'Docker Desktop', ({ home }) => socket(home, '.docker/run/docker.sock')],
  ['linux', 'Docker Desktop', ({ home }) => socket(home, '.docker/desktop/docker.sock')],
  ['win32', 'Docker Desktop', () => 'npipe:////./pipe/dockerDesktopLinuxEngine'],
  // https://docs.orbstack.dev/docker/ and https://docs.rancherdesktop.io/how-to-guides/using-testcontainers/
  ['darwin', 'OrbStack', ({ home }) => socket(home, '.orbstack/run/docker.sock')],
  ['linux darwin', 'Rancher Desktop', ({ home }) => socket(home, '.rd/docker.sock')],
  // https://github.com/abiosoft/colima/blob/main/docs/FAQ.md
  ['linux darwin', 'Colima', (surroundings) => socket(colimaHome(surroundings), 'default/docker.sock')],
  // podman-system-service(1)
  ['linux', 'Podman of this user', (surroundings) => socket(runtimeFolder(surroundings), 'podman/podman.sock')],
  ['linux', 'Podman of the system', () => 'unix:///run/podman/podman.sock'],
  // What `podman machine start` prints: version 5 the first, version 4 the second
  ['darwin', 'Podman machine', ({ variables }) => socket(variables.TMPDIR, 'podman/podman-machine-default-api.sock')],
  ['darwin', 'Podman machine', ({ home }) => socket(home, '.local/share/containers/podman/machine/podman.sock')],
  ['win32', 'Podman machine', () => 'npipe:////./pipe/podman-machine-default'],
];

/** The engines that may be there where nothing listens at the default. */
export function alternatives(surroundings: Environment): KnownSocket[] {
  return rows.flatMap(([platforms, engine, hostOf]) => {
    const host = platforms.split(' ').includes(surroundings.platform) ? hostOf(surroundings) : undefined;
    return host === undefined ? [] : [{ engine, host }];
  });
}

/** The path that tells whether anything is there; undefined for what is no file. */
export function socketPath(host: string): string | undefined {
  return /^(?:unix|npipe):\/\/(.+)$/s.exec(host)?.[1];
}

function socket(folder: string | undefined, path: string): string | undefined {
  return folder?.startsWith('/') ? `unix://${below(folder, path)}` : undefined;
}

function colimaHome({ home, variables }: Environment): string | undefined {
  return variables.COLIMA_HOME ?? (home && below(home, '.colima'));
}
