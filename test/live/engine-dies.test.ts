// Calls whose engine is killed, stopped or restarted: each gives a typed error and leaves nothing, and the same client works with
// the next engine.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectError, ImageClient, LongshoreError, TimeoutError, TruncatedError } from '../../src/index.ts';
import { ENGINE, collect, failure, temporaryFolder } from './support.ts';
import { noVictim, startVictim } from './victim.ts';
import type { Victim } from './victim.ts';

const why = noVictim === undefined ? '' : ` (skipped: ${noVictim})`;
describe.skipIf(noVictim !== undefined)(`a separate engine${why}`, () => {
  let victim: Victim;
  let docker: ImageClient;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let archive: Buffer;
  beforeAll(async () => {
    victim = startVictim();
    docker = new ImageClient({ host: victim.host });
    folder = await temporaryFolder();
    // Large enough that no call is over before it can be interrupted; some stores compress.
    const content = randomBytes(64 * 1024 * 1024);
    await docker.importImageFromData({ content }, { repository: 'large', tag: '1' });
    archive = await collect(docker.getImage('large:1'));
  });
  afterAll(async () => {
    docker?.close();
    victim?.remove();
    await folder?.remove();
  });

  async function worksAgain(): Promise<void> {
    expect((await docker.ping()).apiVersion).toMatch(/^1\.\d+$/);
    expect((await docker.inspectImage('large:1')).Id).toMatch(/^sha256:|^[0-9a-f]{64}$/);
    await docker.tag('large:1', 'again');
    expect(await docker.exists('again')).toBe(true);
  }

  /** Yields the archive, and calls a function in the middle of it. */
  async function* halfWay(then: () => void): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < archive.length; at += 65536) {
      if (at === 65536 * 256) then();
      yield archive.subarray(at, at + 65536);
    }
  }

  /** Only once: bytes that came before the engine died are still read afterwards. */
  let isDead = false;
  const kill = (): void => {
    if (!isDead) victim.kill('SIGKILL');
    isDead = true;
  };
  const restart = (): void => {
    isDead = false;
    victim.restart();
  };
  /**
   * Calls with a name in a registry that kills the engine as soon as it connects. The first progress event would be too
   * late: a small image may be complete by then, and Podman 5.4 sends all events of a push at its end.
   */
  async function withDeadlyRegistry(call: (name: string) => PromiseLike<unknown>): Promise<unknown> {
    const registry = createServer(kill).listen(0, '127.0.0.1');
    await once(registry, 'listening');
    try {
      return await call(`127.0.0.1:${(registry.address() as AddressInfo).port}/nobody/nothing:1`);
    } finally {
      registry.close();
    }
  }
  const calls: Readonly<Record<string, () => PromiseLike<unknown>>> = {
    'a save': async () => {
      for await (const _ of docker.getImage('large:1')) kill();
    },
    'a save to a file': async () => {
      const call = docker.getImage('large:1').toFile(join(folder.path, 'large.tar'));
      const timer = setInterval(async () => {
        if ((await readdir(folder.path)).length > 0) kill(); // the temporary file exists: the save has begun
      }, 5);
      return call.finally(() => clearInterval(timer));
    },
    'a load': () => docker.loadImage(halfWay(kill)),
    'a pull': () => withDeadlyRegistry((name) => docker.pull(name)),
    'a push': () =>
      withDeadlyRegistry(async (name) => {
        await docker.tag('large:1', name);
        await docker.push(name);
      }),
  };
  // covers: fault 3.13.5
  it.each(Object.entries(calls))('killed in the middle of %s', async (_, call) => {
    const error = await failure(call());
    try {
      expect(error).toBeInstanceOf(LongshoreError);
      expect(error instanceof TruncatedError || error instanceof ConnectError, String(error)).toBe(true);
      expect(await readdir(folder.path)).toEqual([]);
    } finally {
      restart();
    }
    await worksAgain();
  });

  // covers: fault 3.25.3
  it('leaves a socket on which no process listens', async () => {
    await docker.ping();
    kill();
    try {
      for (const call of [() => docker.images(), () => docker.tag('large:1', 'other')]) {
        const error = await failure(call());
        // The first call may still use a connection that is about to end.
        expect(error instanceof ConnectError || error instanceof TruncatedError, String(error)).toBe(true);
      }
      const error = await failure(docker.images());
      expect(error).toMatchObject({ code: 'LONGSHORE_CONNECT', errno: 'ECONNREFUSED' });
      expect((error as Error).message).toContain('connection refused');
    } finally {
      restart();
    }
    await worksAgain();
  });

  // covers: fault 3.12
  it('restarted between two calls affects no call, not even a POST', async () => {
    // Earlier connections are idle.
    await Promise.all(Array.from({ length: 6 }, () => docker.images()));
    kill();
    restart();
    await docker.tag('large:1', 'after-the-restart');
    await worksAgain();
  });

  it('restarted continues the events, and says whether it has kept those of the time between: Podman has, Docker has not', async () => {
    const events = docker.events({ reconnect: true });
    await events.ready;
    await docker.tag('large:1', 'events:before');
    const seen: string[] = [];
    for await (const event of events) {
      if (event.type === 'reconnected') seen.push(`complete: ${event.complete}`);
      else if (event.Action === 'tag') seen.push(event.Actor.Attributes?.['name']?.replace(/.*:/, '') ?? '');
      else continue;
      if (seen.at(-1) === 'before') {
        kill();
        const waiting = docker.waitUntilReady({ timeoutMs: 30_000 });
        restart();
        await waiting;
      } else if (event.type === 'reconnected') await docker.tag('large:1', 'events:after');
      if (seen.at(-1) === 'after') break;
    }
    expect(seen).toEqual(['before', `complete: ${ENGINE.isPodman}`, 'after']);
  });

  describe('that is stopped (SIGSTOP)', () => {
    const idleMs = 1500;
    const stop = (): void => victim.kill('SIGSTOP');
    const silent: Readonly<Record<string, () => PromiseLike<unknown>>> = {
      'a save': async () => {
        for await (const _ of docker.getImage('large:1', { timeouts: { idleMs } })) stop();
      },
      'a load': () => docker.loadImage(halfWay(stop), { timeouts: { idleMs } }),
      'a list': () => (stop(), docker.images({ timeouts: { idleMs } })),
    };
    it.each(Object.entries(silent))('in the middle of %s reaches the idle limit', async (_, call) => {
      const error = await failure(call());
      victim.kill('SIGCONT');
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ limit: 'idle', limitMs: idleMs });
      await worksAgain();
    });

    it('reaches the head limit of an ordinary call', async () => {
      stop();
      const error = await failure(docker.inspectImage('large:1', { timeouts: { headMs: 300 } }));
      victim.kill('SIGCONT');
      expect(error).toMatchObject({ code: 'LONGSHORE_TIMEOUT', limit: 'head', limitMs: 300 });
      await worksAgain();
    });
  });
});
