// The engine under test, reached through an sshd of our own on 127.0.0.1 and the docker command "over there".

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectError, ImageClient, NotFoundError, TruncatedError } from '../../src/index.ts';
import { parseAddress } from '../../src/docker/address.ts';
import { until } from '../support/fake-daemon.ts';
import { runs } from '../support/fake-ssh.ts';
import {
  HOST,
  LIBRARY,
  REGISTRY,
  cleanUp,
  collect,
  connect,
  failure,
  makeImage,
  ours,
  repository,
  temporaryFolder,
  timeless,
} from './support.ts';

const path = process.env['PATH'] ?? '';
const find = (name: string): string | undefined =>
  [...path.split(delimiter), '/usr/sbin'].map((folder) => join(folder, name)).find(existsSync);
const SSHD = find('sshd');
const address = parseAddress(HOST);

const missing = ['sshd', 'ssh', 'ssh-keygen', 'docker'].find((name) => find(name) === undefined);
const why =
  missing !== undefined ? `there is no ${missing}` : address.scheme === 'unix' ? undefined : 'the engine has no socket';
const socket = address.scheme === 'unix' ? address.path : '';

describe.skipIf(why !== undefined)(`an engine behind ssh${why === undefined ? '' : `: not tried, for ${why}`}`, () => {
  let folder: string;
  let sshd: ChildProcess;
  let removeFolder: () => Promise<void>;
  let madeRunFolder = false;
  const clients: ImageClient[] = [];

  function over(alias: string, place = socket): ImageClient {
    const client = new ImageClient({ host: `ssh://${alias}${place}` });
    clients.push(client);
    return client;
  }

  /** What a person would have in ~/.ssh/config; the ssh on PATH reads this one in its place. */
  const alias = (name: string, port: number, key: string, known: string): string =>
    `Host ${name}\n  HostName 127.0.0.1\n  Port ${port}\n  User ${userInfo().username}\n  IdentityFile ${join(folder, key)}\n` +
    `  IdentitiesOnly yes\n  UserKnownHostsFile ${join(folder, known)}\n  GlobalKnownHostsFile /dev/null\n`;

  beforeAll(async () => {
    ({ path: folder, remove: removeFolder } = await temporaryFolder());
    for (const name of ['host', 'key', 'other']) {
      const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
      if (made.status !== 0) throw new Error(`ssh-keygen: ${made.stderr}`);
    }
    const port = await freePort();
    const [hostKey, otherKey, key] = await Promise.all(
      ['host', 'other', 'key'].map((name) => readFile(join(folder, `${name}.pub`), 'utf8')),
    );
    await writeFile(join(folder, 'authorized'), key ?? '');
    await writeFile(join(folder, 'known'), `[127.0.0.1]:${port} ${hostKey}`);
    await writeFile(join(folder, 'wrong'), `[127.0.0.1]:${port} ${otherKey}`);
    await writeFile(
      join(folder, 'config'),
      [alias('good', port, 'key', 'known'), alias('refused', port, 'other', 'known'), alias('unknown', port, 'key', 'none'),
        alias('changed', port, 'key', 'wrong'), alias('closed', await freePort(), 'key', 'known')].join('\n'),
    );
    await writeFile(
      join(folder, 'sshd_config'),
      [`Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${join(folder, 'host')}`, 'StrictModes no', 'UsePAM no',
        `AuthorizedKeysFile ${join(folder, 'authorized')}`, 'PasswordAuthentication no', 'KbdInteractiveAuthentication no',
        'PidFile none', `SetEnv PATH=${path}`, ''].join('\n'),
    );
    const wrapper = `#!/bin/sh\nexec '${find('ssh')}' -F '${join(folder, 'config')}' "$@"\n`;
    await writeFile(join(folder, 'ssh'), wrapper, { mode: 0o755 });
    process.env['PATH'] = `${folder}${delimiter}${path}`;
    if (userInfo().uid === 0 && !existsSync('/run/sshd')) {
      mkdirSync('/run/sshd', { mode: 0o755 }); // where sshd separates its privileges
      madeRunFolder = true;
    }
    sshd = spawn(SSHD ?? '', ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    sshd.stderr?.on('data', (text) => (said += text));
    sshd.once('exit', (code) => (said += `exited with ${code}: Server listening on nothing`));
    await until(() => said.includes('Server listening'));
    if (sshd.exitCode !== null) throw new Error(`sshd: ${said}`);
  });

  afterAll(async () => {
    for (const client of clients) client.close();
    process.env['PATH'] = path;
    sshd?.kill();
    if (madeRunFolder) rmdirSync('/run/sshd');
    await removeFolder?.();
    await cleanUp(connect());
  });

  it('answers as it does directly, through one ssh for one call after the other', async () => {
    const [docker, direct] = [over('good'), connect()];
    expect(await docker.ping()).toEqual(await direct.ping());
    expect((await docker.version()).Version).toBe((await direct.version()).Version);
    expect(Array.isArray(await docker.images({ quiet: true }))).toBe(true);
    expect(sessions()).toHaveLength(1);
    direct.close();
    docker.close();
    await until(() => sessions().length === 0);
  });

  it('answers 20 calls at once through 6 at most', async () => {
    const docker = over('good');
    const versions = await Promise.all(Array.from({ length: 20 }, () => docker.version()));
    expect(new Set(versions.map(({ Version }) => Version)).size).toBe(1);
    expect(sessions().length).toBeLessThanOrEqual(6);
    docker.close();
    await until(() => sessions().length === 0);
  });

  it('takes an image, gives it byte for byte, and pushes and pulls it', async () => {
    const [docker, direct] = [over('good'), connect()];
    const { name, id } = await makeImage(docker, 'over-ssh');
    const [archive, same] = await Promise.all([collect(docker.getImage(name)), collect(direct.getImage(name))]);
    expect(timeless(archive).equals(timeless(same))).toBe(true);
    const remote = `${REGISTRY}/${repository('over-ssh')}`;
    await docker.tag(name, remote, { tag: 'v1' });
    await docker.push(remote, { tag: 'v1' });
    for (const image of await ours(direct)) await direct.removeImage(image, { force: true });
    expect(await failure(docker.inspectImage(name))).toBeInstanceOf(NotFoundError);
    await docker.pull(remote, { tag: 'v1' });
    expect(await docker.exists(`${remote}:v1`)).toBe(true);
    await docker.loadImage(archive);
    expect((await docker.inspectImage(name)).Id).toBe(id);
    direct.close();
    docker.close();
  });

  // who, and a socket over there | what the error tells
  it.each<[string, string | undefined, RegExp]>([
    ['refused', undefined, /ssh exited with 255: \S+@127\.0\.0\.1: Permission denied \(publickey\)\. Does ssh log in to it/],
    ['unknown', undefined, /ssh exited with 255: .*Host key verification failed\. Connect once with ssh in a terminal/],
    ['changed', undefined, /REMOTE HOST IDENTIFICATION HAS CHANGED!.*Find out why the host has another key/],
    ['closed', undefined, /ssh exited with 255: connect to host 127\.0\.0\.1 port \d+: Connection refused\. Check the host/],
    ['good', '/nowhere/docker.sock', /ssh exited with 1: .*\/nowhere\/docker\.sock.*Is the engine running over there/],
    ['no-such.invalid', undefined, /ssh exited with 255: Could not resolve hostname no-such\.invalid.*Check the host/],
  ])('that ssh does not reach (%s) is a ConnectError in its own words', async (name, place, words) => {
    const error = (await failure(over(name, place).ping())) as ConnectError;
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(/^[\x20-\x7e]+$/);
  });

  it('that is cut off in the middle of a stream leaves it cut short', async () => {
    const docker = over('good');
    const direct = connect();
    const events = docker.events({ since: 0 })[Symbol.asyncIterator]();
    const first = events.next();
    await makeImage(direct, 'event'); // so that there is one, before or after
    expect((await first).done).toBe(false);
    const end = (async () => {
      while (!(await events.next()).done); // those of others, who use the engine as well
    })();
    for (const pid of sessions()) process.kill(pid);
    const error = await failure(end);
    expect(error).toBeInstanceOf(TruncatedError);
    expect((error as Error).message).toMatch(/came \(ssh exited with 255: \S.*\)$/); // in one of two ways of ssh to say it
    direct.close();
  });

  it.each(['SIGKILL', 'SIGINT'] as const)('does not outlive us when we are killed by %s', async (signal) => {
    await until(() => sessions().length === 0);
    const text = `
      import { ImageClient } from ${JSON.stringify(LIBRARY)};
      const docker = new ImageClient({ host: 'ssh://good${socket}' });
      await docker.ping();
      console.log('answered');
      for await (const _ of docker.events()) {}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const ssh = pids(['-P', String(child.pid)]);
    expect(ssh).toHaveLength(1);
    child.kill(signal);
    await until(() => sessions().length === 0 && !ssh.some(runs));
  });

  /** The sshd processes that each serve one connection. */
  function sessions(): number[] {
    return pids(['-P', String(sshd.pid)]).filter(runs);
  }
});

function pids(criteria: string[]): number[] {
  return spawnSync('pgrep', criteria).stdout.toString().split('\n').filter(Boolean).map(Number);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
