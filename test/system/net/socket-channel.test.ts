// Sockets by their paths. node:net takes the path of a Windows pipe in the same form.

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Socket, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseAddress } from '../../../src/config/engine-address.ts';
import { ConnectError } from '../../../src/errors.ts';
import { dialerFor } from '../../../src/system/net/dialer.ts';
import { tlsDaemon } from '../../support/tls-daemon.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a connection is opened', () => {
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

  // A tenth of the time of a connection: a signal is made only when a dialer reads it.
  it('without a signal if there is onGivenUp', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const signal = vi.fn(() => new AbortController().signal);
    const options = { onGivenUp: () => {}, get signal() { return signal(); } };
    const channel = await dialerFor(parseAddress(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)).dial(options);
    channel.destroy();
    server.close();
    expect(signal).not.toHaveBeenCalled();
  });

  // The system's own list of its connections: timer 2 is the keep-alive's, and `when` is in hundredths of a second (proc(5)).
  it.runIf(process.platform === 'linux').each(['tcp', 'tls'])('over %s with TCP keep-alive after 30 s of silence', async (kind) => {
    const daemon = await tlsDaemon(() => {});
    const plain = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = kind === 'tls' ? daemon : (plain.address() as AddressInfo);
    const dialer = kind === 'tls' ? daemon.dialer() : dialerFor(parseAddress(`tcp://127.0.0.1:${port}`));
    const channel = await dialer.dial({});
    try {
      const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
      const timerOf = async (): Promise<string | undefined> => {
        const lines = (await readFile('/proc/net/tcp', 'latin1')).split('\n').map((line) => line.trim().split(/\s+/));
        return lines.find(([, , to, state]) => to === remote && state === '01')?.[5];
      };
      let timer: string | undefined;
      while (!(timer = await timerOf())?.startsWith('02:')) { // 01 until what was sent has been acknowledged
        expect(timer).toMatch(/^01:/);
      }
      const hundredths = parseInt(timer?.slice(3) ?? '', 16);
      expect(hundredths).toBeGreaterThan(0);
      expect(hundredths).toBeLessThanOrEqual(3000);
    } finally {
      channel.destroy();
      plain.close();
      daemon.close();
    }
  });

  it('to a path with spaces and percent signs, which are not decoded', async () => {
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
