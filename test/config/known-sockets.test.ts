// The sockets of engines on every platform, whatever platform the tests run on.

import { describe, expect, it } from 'vitest';
import { alternatives, defaultHost, socketPath } from '../../src/config/known-sockets.ts';
import type { Variables } from '../../src/config/environment-variables.ts';

const hosts = (platform: string, home: string | undefined, variables: Variables = {}): string[] =>
  alternatives({ platform, home, variables }).map(({ host }) => host);

describe('the default host', () => {
  it.each([
    ['linux', false, 'unix:///var/run/docker.sock'],
    ['darwin', false, 'unix:///var/run/docker.sock'],
    ['win32', false, 'npipe:////./pipe/docker_engine'],
    ['linux', true, 'tcp://localhost:2376'],
    ['win32', true, 'tcp://localhost:2376'],
  ])('on %s, with TLS: %s, is %s', (platform, tls, host) => {
    expect(defaultHost(platform, tls)).toBe(host);
  });
});

describe('the sockets of other engines', () => {
  it('are on Linux those of rootless Docker, Docker Desktop, Rancher Desktop, Colima, Podman of the user, Podman of the system', () => {
    expect(hosts('linux', '/home/me', { XDG_RUNTIME_DIR: '/run/user/1000' })).toEqual([
      'unix:///run/user/1000/docker.sock',
      'unix:///home/me/.docker/run/docker.sock',
      'unix:///home/me/.docker/desktop/docker.sock',
      'unix:///home/me/.rd/docker.sock',
      'unix:///home/me/.colima/default/docker.sock',
      'unix:///run/user/1000/podman/podman.sock',
      'unix:///run/podman/podman.sock',
    ]);
  });

  it('are on macOS those of Docker Desktop, OrbStack, Rancher Desktop, Colima and Podman machines', () => {
    expect(hosts('darwin', '/Users/me', { TMPDIR: '/var/folders/x/T/', COLIMA_HOME: '/opt/colima/' })).toEqual([
      'unix:///Users/me/.docker/run/docker.sock',
      'unix:///Users/me/.orbstack/run/docker.sock',
      'unix:///Users/me/.rd/docker.sock',
      'unix:///opt/colima/default/docker.sock',
      'unix:///var/folders/x/T/podman/podman-machine-default-api.sock',
      'unix:///Users/me/.local/share/containers/podman/machine/podman.sock',
    ]);
  });

  it('are on Windows the pipes of Docker Desktop and of a Podman machine', () => {
    const pipes = ['npipe:////./pipe/dockerDesktopLinuxEngine', 'npipe:////./pipe/podman-machine-default'];
    expect(hosts('win32', 'C:\\Users\\me')).toEqual(pipes);
  });

  // pam_systemd(8): a login without a session, such as sudo or cron, has the folder and not the variable.
  it('are on Linux without XDG_RUNTIME_DIR in the folder of the user id', () => {
    const found = alternatives({ platform: 'linux', home: undefined, uid: 1000, variables: {} });
    expect(found.map(({ host }) => host)).toEqual([
      'unix:///run/user/1000/docker.sock',
      'unix:///run/user/1000/podman/podman.sock',
      'unix:///run/podman/podman.sock',
    ]);
  });

  it('leave out paths below an unknown or relative folder', () => {
    expect(hosts('linux', undefined)).toEqual(['unix:///run/podman/podman.sock']);
    expect(hosts('linux', undefined, { XDG_RUNTIME_DIR: 'run' })).toEqual(['unix:///run/podman/podman.sock']);
    expect(hosts('freebsd', '/home/me')).toEqual([]);
  });
});

describe('the path whose existence is checked', () => {
  it.each([
    ['unix:///var/run/docker.sock', '/var/run/docker.sock'],
    ['npipe:////./pipe/docker_engine', '//./pipe/docker_engine'],
    ['tcp://localhost:2376', undefined],
  ])('is for %s: %s', (host, path) => {
    expect(socketPath(host)).toBe(path);
  });
});
