// The sockets on which engines listen if nothing is configured: the docker command's default, and those of other engines.

import { joinPath, runtimeFolder } from './environment-variables.ts';
import type { Environment } from './environment-variables.ts';

/** The docker command's default: a socket or pipe, or with TLS a port. */
export function defaultHost(platform: string, tls: boolean): string {
  if (tls) return 'tcp://localhost:2376';
  return platform === 'win32' ? 'npipe:////./pipe/docker_engine' : 'unix:///var/run/docker.sock';
}

/** The host is undefined if the variable or folder that it depends on is unknown. */
type Row = readonly [platforms: string, engine: string, host: (environment: Environment) => string | undefined];

const rows: readonly Row[] = [
  // https://docs.docker.com/engine/security/rootless/tips/; the second path is for systems without XDG_RUNTIME_DIR
  ['linux', 'rootless Docker', (environment) => socket(runtimeFolder(environment), 'docker.sock')],
  ['linux', 'rootless Docker', ({ home }) => socket(home, '.docker/run/docker.sock')],
  // Docker Desktop's context "desktop-linux"; https://github.com/docker/for-mac/issues/6529 for macOS,
  // https://docs.docker.com/reference/api/engine/sdk/ for its socket of each user on Linux
  ['darwin', 'Docker Desktop', ({ home }) => socket(home, '.docker/run/docker.sock')],
  ['linux', 'Docker Desktop', ({ home }) => socket(home, '.docker/desktop/docker.sock')],
  ['win32', 'Docker Desktop', () => 'npipe:////./pipe/dockerDesktopLinuxEngine'],
  // https://docs.orbstack.dev/docker/ and https://docs.rancherdesktop.io/how-to-guides/using-testcontainers/
  ['darwin', 'OrbStack', ({ home }) => socket(home, '.orbstack/run/docker.sock')],
  ['linux darwin', 'Rancher Desktop', ({ home }) => socket(home, '.rd/docker.sock')],
  // https://github.com/abiosoft/colima/blob/main/docs/FAQ.md
  ['linux darwin', 'Colima', (environment) => socket(colimaHome(environment), 'default/docker.sock')],
  // podman-system-service(1)
  ['linux', 'Podman of this user', (environment) => socket(runtimeFolder(environment), 'podman/podman.sock')],
  ['linux', 'Podman of the system', () => 'unix:///run/podman/podman.sock'],
  // These paths are printed by `podman machine start`: the first by version 5, the second by version 4
  ['darwin', 'Podman machine', ({ variables }) => socket(variables.TMPDIR, 'podman/podman-machine-default-api.sock')],
  ['darwin', 'Podman machine', ({ home }) => socket(home, '.local/share/containers/podman/machine/podman.sock')],
  ['win32', 'Podman machine', () => 'npipe:////./pipe/podman-machine-default'],
];

/** The sockets of other engines on this platform, which are tried if the default socket does not exist. */
export function alternatives(environment: Environment): { readonly engine: string; readonly host: string }[] {
  return rows.flatMap(([platforms, engine, hostOf]) => {
    const host = platforms.split(' ').includes(environment.platform) ? hostOf(environment) : undefined;
    return host === undefined ? [] : [{ engine, host }];
  });
}

/** Returns the path of a socket or pipe; undefined for a port. If the path exists, the engine is probably installed. */
export function socketPath(host: string): string | undefined {
  return /^(?:unix|npipe):\/\/(.+)$/s.exec(host)?.[1];
}

function socket(folder: string | undefined, path: string): string | undefined {
  return folder?.startsWith('/') ? `unix://${joinPath(folder, path)}` : undefined;
}

function colimaHome({ home, variables }: Environment): string | undefined {
  return variables.COLIMA_HOME ?? (home && joinPath(home, '.colima'));
}
