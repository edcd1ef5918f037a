// `version --wait`: the wait for an engine that starts.

import { afterEach, describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/config/engine-address.ts';
import { ConnectError, ImageClient } from '../../../src/index.ts';
import type { Dialer } from '../../../src/index.ts';
import { dialerFor } from '../../../src/system/net/dialer.ts';
import { whileTimePasses } from '../../support/fake-time.ts';
import { cannedDaemon, json } from '../canned-daemon.ts';
import type { CannedDaemon } from '../canned-daemon.ts';
import { longshore } from '../fake-io.ts';
import type { World } from '../fake-io.ts';

let daemon: CannedDaemon | undefined;
afterEach(() => daemon?.close());

it('shows one line for each component; Podman gives all lines that crun prints', async () => {
  daemon = await cannedDaemon({ 'GET /version': json({ Version: '6.1.1', ApiVersion: '1.44', Components: [{ Name: 'OCI Runtime (crun)', Version: 'crun version 1.28\ncommit: 54f1\nspec: 1.0.0' }] }) });
  expect((await longshore(daemon.host, ['version'])).stdout).toMatch(/OCI Runtime \(crun\) +crun version 1\.28\n$/);
});

it('has docker\'s -f', async () => {
  daemon = await cannedDaemon({ 'GET /version': json({ Version: '28.5', ApiVersion: '1.51' }), 'GET /images/a/json': json({ Id: 'sha256:5' }) });
  expect((await longshore(daemon.host, ['version', '-f', '{{.Server.Version}}'])).stdout).toBe('28.5\n');
  expect((await longshore(daemon.host, ['inspect', '-f', '{{.Id}}', 'a'])).stdout).toBe('sha256:5\n');
});

describe('version --wait', () => {
  const absent: Dialer = {
    address: 'unix:///x',
    dial: () => Promise.reject(new ConnectError('cannot connect to unix:///x', { address: 'unix:///x', errno: 'ENOENT', hint: 'Is it running?' })),
  };

  it('waits for the engine, and then prints its version', async () => {
    let fails = 3;
    daemon = await cannedDaemon({ 'GET /version': json({ Version: '28.5', ApiVersion: '1.51' }) });
    const { host } = daemon;
    const present = dialerFor(parseAddress(host));
    const connect: World['connect'] = async () => {
      return new ImageClient({ dialer: { address: host, dial: (options) => (fails-- > 0 ? absent : present).dial(options) } });
    };
    const { code, stdout } = await whileTimePasses(() => longshore(host, ['version', '--wait', '60'], { connect }));
    expect([code, stdout]).toEqual([0, expect.stringContaining('28.5')]);
  });

  it('says why the engine is not ready, and what to do', async () => {
    const connect: World['connect'] = async () => new ImageClient({ dialer: absent });
    const { code, stderr } = await whileTimePasses(() => longshore('unix:///x', ['version', '--wait', '1.5'], { connect }));
    expect([code, stderr]).toEqual([
      1, 'longshore version: the engine was not ready within 1.5 s: cannot connect to unix:///x\nIs it running?\n',
    ]);
  });

  it.each(['0', '-1', 'x', '', '1m', '1000000'])('refuses %j', async (value) => {
    const { code, stderr } = await longshore('unix:///x', ['version', `--wait=${value}`]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`--wait must be a number of seconds, above 0 and below 1000000, not "${value}"`)]);
  });
});
