// Sockets by their paths; a named pipe of Windows goes to node:net by the same form.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseAddress } from '../../src/docker/address.ts';
import { ConnectError } from '../../src/errors.ts';
import { dialerFor } from '../../src/system/dial.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('an address is connected to', () => {
  // address, what net.Socket.connect is given: https://nodejs.org/api/net.html#ipc-support
  it.each([
    ['npipe:////./pipe/docker_engine', { path: '//./pipe/docker_engine' }],
    ['npipe://\\\\.\\pipe\\podman-machine', { path: '//./pipe/podman-machine' }],
    ['unix:///nowhere/docker.sock', { path: '/nowhere/docker.sock' }],
    ['tcp://[::1]:1', { host: '::1', port: 1 }],
  ])('%s', async (address, target) => {
    const targets: unknown[] = [];
    vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...given: unknown[]) {
      targets.push(given[0]);
      queueMicrotask(() => this.destroy(Object.assign(new Error('stopped here'), { code: 'ENOENT' })));
      return this;
    } as never);
    await expect(dialerFor(parseAddress(address)).dial({})).rejects.toBeInstanceOf(ConnectError);
    expect(targets).toEqual([target]);
  });

  it('by a path with spaces and percent signs as it stands', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longshore %20 '));
    const server = createServer().listen(join(folder, 's'));
    try {
      await once(server, 'listening');
      const channel = await dialerFor(parseAddress(`unix://${join(folder, 's')}`)).dial({});
      channel.destroy();
    } finally {
      server.close();
      await rm(folder, { recursive: true });
    }
  });
});
