// The engine over ssh: through our own sshd on 127.0.0.1 and the docker command.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectError, ImageClient, NotFoundError, TruncatedError } from '../../src/index.ts';
import { until } from '../support/fake-daemon.ts';
import { runs } from '../support/fake-ssh.ts';
import { titled } from '../support/installed.ts';
import { pids } from './programs.ts';
import { noSshd, startSshd } from './sshd.ts';
import type { Sshd } from './sshd.ts';
import {
  ENGINE,
  LIBRARY,
  REGISTRY,
  cleanUp,
  collect,
  connect,
  failure,
  makeImage,
  ours,
  repository,
  timeless,
} from './support.ts';

describe.skipIf(noSshd !== undefined)(titled('an engine behind ssh', noSshd), () => {
  let sshd: Sshd;
  const sessions = (): number[] => sshd.sessions();
  const clients: ImageClient[] = [];

  function over(alias: string, path?: string): ImageClient {
    const client = new ImageClient({ host: sshd.host(alias, path) });
    clients.push(client);
    return client;
  }

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await sshd?.close();
    await cleanUp(connect());
  });

  it('gives the same responses as directly, through one ssh for consecutive calls', async () => {
    const [docker, direct] = [over('good'), connect()];
    expect(await docker.ping()).toEqual(await direct.ping());
    expect((await docker.version()).Version).toBe((await direct.version()).Version);
    expect(Array.isArray(await docker.images({ quiet: true }))).toBe(true);
    expect(sessions()).toHaveLength(1);
    direct.close();
    docker.close();
    await until(() => sessions().length === 0);
  });

  it('handles 20 calls at once through at most 6 ssh processes', async () => {
    const docker = over('good');
    const versions = await Promise.all(Array.from({ length: 20 }, () => docker.version()));
    expect(new Set(versions.map(({ Version }) => Version)).size).toBe(1);
    expect(sessions().length).toBeLessThanOrEqual(6);
    docker.close();
    await until(() => sessions().length === 0);
  });

  it('imports an image, saves it byte for byte, and pushes and pulls it', async () => {
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

  // Podman reports another ID in each response, so a copy to the same one is not refused; it only adds the name.
  it('is the same engine for a copy', async () => {
    const [docker, direct] = [over('good'), connect()];
    const { name } = await makeImage(direct, 'copied');
    const outcome = await direct.copyImage(name, { to: docker }).catch((error: unknown) => error);
    if (ENGINE.isPodman) expect(outcome).toMatchObject({ bytesSent: 0 });
    else expect(outcome).toMatchObject({ name: 'ArgumentError', message: expect.stringContaining('is the same engine as') });
    direct.close();
    docker.close();
  });

  // alias, and a socket on that host | text of the error
  it.each<[string, string | undefined, RegExp]>([
    ['refused', undefined, /ssh exited with 255: \S+@127\.0\.0\.1: Permission denied \(publickey\)\. Does ssh log in to it/],
    ['unknown', undefined, /ssh exited with 255: .*Host key verification failed\. Connect once with ssh in a terminal/],
    ['changed', undefined, /REMOTE HOST IDENTIFICATION HAS CHANGED!.*Find out why the host has another key/],
    ['closed', undefined, /ssh exited with 255: connect to host 127\.0\.0\.1 port \d+: Connection refused\. Check the host/],
    ['good', '/nowhere/docker.sock', /ssh exited with 1: .*\/nowhere\/docker\.sock.*Is the engine running on that host/],
    ['no-such.invalid', undefined, /ssh exited with 255: Could not resolve hostname no-such\.invalid.*Check the host/],
  ])('that ssh does not reach (%s) is a ConnectError in its own words', async (name, place, words) => {
    const error = (await failure(over(name, place).ping())) as ConnectError;
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(/^[\x20-\x7e]+$/);
  });

  it('that is killed in the middle of a stream truncates it', async () => {
    const docker = over('good');
    const direct = connect();
    const events = docker.events({ since: 0 })[Symbol.asyncIterator]();
    const first = events.next();
    await makeImage(direct, 'event'); // so that at least one event exists
    expect((await first).done).toBe(false);
    const end = (async () => {
      while (!(await events.next()).done); // skips events of other users of the engine
    })();
    for (const pid of sessions()) process.kill(pid);
    const error = await failure(end);
    expect(error).toBeInstanceOf(TruncatedError);
    expect((error as Error).message).toMatch(/received \d+ bytes of its content \(ssh exited with 255: \S.*\)$/); // ssh has two messages for it
    direct.close();
  });

  it.each(['SIGKILL', 'SIGINT'] as const)('ends when this process is killed by %s', async (signal) => {
    await until(() => sessions().length === 0);
    const text = `
      import { ImageClient } from ${JSON.stringify(LIBRARY)};
      const docker = new ImageClient({ host: '${sshd.host('good')}' });
      await docker.ping();
      console.log('answered');
      for await (const _ of docker.events()) {}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const ssh = pids('-P', String(child.pid));
    expect(ssh).toHaveLength(1);
    child.kill(signal);
    await until(() => sessions().length === 0 && !ssh.some(runs));
  });
});
