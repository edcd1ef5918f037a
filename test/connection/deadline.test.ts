// A process that does not run for longer than its time limits (SIGSTOP, a suspended machine, a blocked event loop), and
// finds the responses when it runs again.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline, RepeatedDeadline } from '../../src/connection/deadline.ts';
import { ImageClient } from '../../src/index.ts';
import { answer, fakeDaemon, onRequest, until } from '../support/fake-daemon.ts';
import { helperFolder } from '../support/helpers.ts';
import { titled } from '../support/installed.ts';
import { noLocalhost } from '../support/localhost.ts';
import { tlsDaemon } from '../support/tls-daemon.ts';

/** Blocks the event loop, without using the processor. */
function hold(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

describe('a deadline', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] }));
  afterEach(() => void vi.useRealTimers());

  it('is reached once, after its limit and two turns of the event loop', () => {
    const reached = vi.fn();
    new Deadline(400, reached);
    vi.advanceTimersByTime(399);
    expect(reached).not.toHaveBeenCalled();
    vi.runAllTimers();
    expect(reached).toHaveBeenCalledOnce();
  });

  it('is not reached if the awaited data is found in the turns after its limit', () => {
    const reached = vi.fn();
    const deadline = new Deadline(400, reached);
    setTimeout(() => setImmediate(() => deadline.clear()), 400);
    vi.runAllTimers();
    const other = new Deadline(400, reached);
    setTimeout(() => setImmediate(() => other.restart()), 400);
    vi.advanceTimersByTime(799);
    expect(reached).not.toHaveBeenCalled();
  });

  it('is not reached before its limit if its parts are not whole milliseconds', () => {
    const reached = vi.fn();
    new Deadline(403, reached); // Node rounds the delay of a timer down
    vi.advanceTimersByTime(402);
    expect(reached).not.toHaveBeenCalled();
    vi.runAllTimers();
    expect(reached).toHaveBeenCalledOnce();
  });

  it('counts again when it is restarted, and stops when it is cleared', () => {
    const reached = vi.fn();
    const deadline = new Deadline(400, reached);
    vi.advanceTimersByTime(399);
    deadline.restart();
    vi.advanceTimersByTime(399);
    deadline.clear();
    vi.runAllTimers();
    expect(reached).not.toHaveBeenCalled();
  });
});

/** Starts a limit of 400 ms, and expects that it is reached after all of them. */
function expectWhole(deadline: RepeatedDeadline): void {
  const reached = vi.fn();
  deadline.start(400, reached);
  vi.advanceTimersByTime(399);
  expect(reached).not.toHaveBeenCalled();
  vi.runAllTimers();
  expect(reached).toHaveBeenCalledOnce();
}

describe('a repeated deadline', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] }));
  afterEach(() => void vi.restoreAllMocks().useRealTimers());

  it('is not reached while it is paused, and counts from the beginning after each start', () => {
    const first = vi.fn();
    const deadline = new RepeatedDeadline();
    deadline.start(400, first);
    vi.advanceTimersByTime(399);
    deadline.pause();
    vi.runAllTimers();
    expect(first).not.toHaveBeenCalled();
    expectWhole(deadline);
    expect(first).not.toHaveBeenCalled();
  });

  it('takes another limit, and has no timer when it is cleared', () => {
    const [first, second] = [vi.fn(), vi.fn()];
    const deadline = new RepeatedDeadline();
    deadline.start(400, first);
    deadline.start(800, second);
    vi.advanceTimersByTime(799);
    expect(second).not.toHaveBeenCalled();
    deadline.clear();
    expect(vi.getTimerCount()).toBe(0);
    expect(first).not.toHaveBeenCalled();
  });

  it('has one timer for any number of starts within a quarter of the limit', () => {
    const first = vi.fn();
    const deadline = new RepeatedDeadline();
    for (let count = 0; count < 9; count++) {
      deadline.start(400, first);
      vi.advanceTimersByTime(10);
      deadline.pause();
    }
    expect(vi.getTimerCount()).toBe(1);
    expectWhole(deadline);
    expect(first).not.toHaveBeenCalled();
  });

  it('is not reached before its limit if the rest has no four parts of whole milliseconds', () => {
    const reached = vi.fn();
    new RepeatedDeadline().start(100, reached);
    vi.advanceTimersByTime(99);
    expect(reached).not.toHaveBeenCalled();
    vi.runAllTimers();
    expect(reached).toHaveBeenCalledOnce();
  });

  // Fake timers leave `performance.now()` alone if a test says so, as with jest's `doNotFake`.
  it('is reached after its limit if the timers have another clock', () => {
    const reached = vi.fn();
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now);
    new RepeatedDeadline().start(400, reached);
    vi.advanceTimersByTime(402); // the fake clock adds one for each turn
    expect(reached).toHaveBeenCalledOnce();
  });

  // A channel of the caller, or of a replay, may have no handle that does it.
  it.each([[true], [false]])('keeps the process running between a start and a pause if asked to: %s', (keepsRunning) => {
    const made = vi.spyOn(globalThis, 'setTimeout');
    const isHeld = (): boolean => (made.mock.results.at(-1)?.value as NodeJS.Timeout).hasRef();
    const deadline = new RepeatedDeadline();
    deadline.start(400, () => {}, keepsRunning);
    expect(isHeld()).toBe(keepsRunning);
    deadline.pause();
    expect(isHeld()).toBe(false);
    deadline.start(400, () => {}, keepsRunning);
    expect(isHeld()).toBe(keepsRunning);
    vi.advanceTimersByTime(100);
    expect([made.mock.calls.length, isHeld()]).toEqual([2, keepsRunning]);
  });

  it('keeps three quarters of the limit if the process stops right after the start', () => {
    const reached = vi.fn();
    new RepeatedDeadline().start(400, reached);
    const now = performance.now();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 10_000);
    vi.advanceTimersByTime(100);
    clock.mockRestore();
    vi.advanceTimersByTime(299);
    expect(reached).not.toHaveBeenCalled();
    vi.runAllTimers();
    expect(reached).toHaveBeenCalledOnce();
  });
});

const LIMIT_MS = 3000;
/** Requests of the four calls that ask an engine, over two wires. */
const ASKED = 8;
const library = fileURLToPath(new URL(process.env['TEST_TARGET'] === 'src' ? '../../src/index.ts' : '../../dist/index.js', import.meta.url));
const program = fileURLToPath(new URL('../support/stopped.mjs', import.meta.url));

describe.runIf(process.platform === 'linux')('a process that is stopped for longer than its limits', () => {
  it('accepts the responses that came meanwhile, on both transports', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-stopped-'));
    await writeFile(join(folder, 'config.json'), '{"credsStore":"held"}');
    const helpers = await helperFolder();
    await helpers.make('held', `held(() => give('user', 'pw'))`);
    const [asked, answers]: [string[], Array<() => void>] = [[], []];
    const daemon = await fakeDaemon((socket) => {
      onRequest(socket, (head) => {
        const target = head.split(' ')[1] ?? '';
        asked.push(target);
        if (target.includes('/load')) socket.pause(); // the upload is read, and its response sent, during the stop
        if (target === '/idle') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1');
        answers.push(() => {
          if (target === '/_ping') socket.write('HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\n');
          else if (target === '/idle') socket.write('2');
          else socket.write(answer('{"stream":"Loaded image: a:1\\n"}'));
          socket.resume();
        });
      });
    });
    const env = { ...process.env, DOCKER_CONFIG: folder, DOCKER_AUTH_CONFIG: '' };
    const child = spawn(process.execPath, [program, library, daemon.host, String(LIMIT_MS)], { env });
    try {
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
      const ended = once(child, 'close');
      const [helper, other] = [await helpers.heldProgram(), await helpers.heldProgram()];
      await until(() => asked.length === ASKED);
      child.kill('SIGSTOP');
      const stopped = performance.now();
      await untilStopped(child.pid as number);
      for (const give of answers) give();
      await Promise.all([helper, other].map((socket) => (socket.write('go'), once(socket.resume(), 'close'))));
      await until(() => performance.now() > stopped + LIMIT_MS);
      child.kill('SIGCONT');
      await ended;
      const names = ['head', 'idle', 'upload', 'ping', 'helper'];
      const lines = ['own', 'node:http'].flatMap((wire) => names.map((name) => `${name} over ${wire}: ended`));
      expect(said.trim().split('\n').sort()).toEqual(lines.sort());
    } finally {
      child.kill('SIGKILL');
      await daemon.close();
      await helpers.remove();
      await rm(folder, { recursive: true });
    }
  });
});

/** Resolves when the process is stopped. */
async function untilStopped(pid: number): Promise<void> {
  while (!/\) T /.test(await readFile(`/proc/${pid}/stat`, 'latin1'))) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(['own', 'node:http'] as const)('over %s, an event loop that is blocked for longer than connectMs', (wire) => {
  const PING = 'HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\n';

  it.skipIf(noLocalhost)(titled('still connects to a host by its name', noLocalhost), async () => {
    const server = createServer((socket) => onRequest(socket.on('error', () => {}), () => socket.write(PING))).listen(0, 'localhost');
    await once(server, 'listening');
    const client = new ImageClient({ host: `tcp://localhost:${(server.address() as AddressInfo).port}`, wire });
    const pinging = client.ping({ timeouts: { connectMs: 2000 } });
    hold(2100);
    expect((await pinging).apiVersion).toBe('1.41');
    client.close();
    server.close();
  });

  it('still connects over TLS', async () => {
    const daemon = await tlsDaemon((socket) => onRequest(socket, () => socket.write(PING)));
    const client = new ImageClient({ dialer: daemon.dialer(), wire });
    const pinging = client.ping({ timeouts: { connectMs: 4000 } });
    hold(4100);
    expect((await pinging).apiVersion).toBe('1.41');
    client.close();
    daemon.close();
  });
});
