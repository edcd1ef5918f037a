import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConnectionPool } from '../../../src/connection/connection-pool.ts';
import type { ContentSink } from '../../../src/connection/transport.ts';
import { parseAddress } from '../../../src/config/engine-address.ts';
import type { SshAddress } from '../../../src/config/engine-address.ts';
import { ConnectError, TruncatedError } from '../../../src/errors.ts';
import { recorder } from '../../../src/testing/recorder.ts';
import { dialerFor } from '../../../src/system/net/dialer.ts';
import { sshArguments } from '../../../src/system/programs/ssh-dialer.ts';
import { Kept, answer, fakeDaemon, onRequest, request, until } from '../../support/fake-daemon.ts';
import type { FakeDaemon } from '../../support/fake-daemon.ts';
import { fakeSsh, runs } from '../../support/fake-ssh.ts';
import { makeNoProgram, makeProgramWithoutInterpreter } from '../../support/make-program.ts';
import type { FakeSsh, FakeSshOptions } from '../../support/fake-ssh.ts';

let daemon: FakeDaemon | undefined;
let ssh: FakeSsh;
let pool: ConnectionPool;
let host: string;
afterEach(async () => {
  if (daemon === undefined) return;
  pool.close();
  await until(() => ssh.starts().every(({ pid }) => !runs(pid))); // no test leaves one behind
  ssh.restore();
  await daemon.close();
  daemon = undefined;
});

/** A daemon behind an `ssh` with the given behaviour. */
async function start(onConnection: Parameters<typeof fakeDaemon>[0], options?: FakeSshOptions): Promise<FakeDaemon> {
  daemon = await fakeDaemon(onConnection);
  ssh = fakeSsh(options);
  host = `ssh://me@build.example.com:2222${daemon.host.slice('unix://'.length)}`;
  pool = new ConnectionPool(dialerFor(parseAddress(host)));
  return daemon;
}

const answering = (text: string) => (socket: Socket) => onRequest(socket, () => socket.write(text, 'latin1'));

async function get(changes: Parameters<typeof request>[0] = {}): Promise<Kept> {
  const kept = new Kept();
  await pool.send(request(changes), kept.reader);
  return kept;
}

async function failure(call: Promise<unknown>): Promise<Error> {
  return call.then(() => expect.unreachable(), (error: unknown) => error as Error);
}

describe('the arguments of ssh', () => {
  const remote = 'docker system dial-stdio';
  const limit = ['-o', 'ConnectTimeout=30'];

  it('have the command in the address', () => {
    const text = 'ssh://h?command=sudo%20-n%20podman%20system%20dial-stdio';
    expect(sshArguments(parseAddress(text) as SshAddress, 30_000)).toEqual([...limit, '-T', '--', 'h', 'sudo -n podman system dial-stdio']);
  });

  // docker's CLI, cli/connhelper: [-l user] [-p port] -o ConnectTimeout=30 -T -- host "docker … system dial-stdio"
  // covers: fault 3.23
  it.each<[string, string[]]>([
    ['ssh://h', [...limit, '-T', '--', 'h', remote]],
    ['ssh://me@h', ['-l', 'me', ...limit, '-T', '--', 'h', remote]],
    ['ssh://h:2222', ['-p', '2222', ...limit, '-T', '--', 'h', remote]],
    ['ssh://me@h:22/', ['-l', 'me', '-p', '22', ...limit, '-T', '--', 'h', remote]],
    ['ssh://ann@corp.example@h', ['-l', 'ann@corp.example', ...limit, '-T', '--', 'h', remote]],
    ['ssh://[fe80::1]:22', ['-p', '22', ...limit, '-T', '--', 'fe80::1', remote]],
    ['ssh://h/run/user/1000/podman/podman.sock',
      [...limit, '-T', '--', 'h', 'docker --host=unix:///run/user/1000/podman/podman.sock system dial-stdio']],
  ])('for %s', (text, argv) => {
    expect(sshArguments(parseAddress(text) as SshAddress, 30_000)).toEqual(argv);
  });

  it.each([
    [5000, 'ConnectTimeout=5'],
    [1, 'ConnectTimeout=1'],
    [1001, 'ConnectTimeout=2'],
    [Infinity, 'ConnectTimeout=none'],
  ])('have %d ms as %s: ssh_config(5) counts in seconds', (connectMs, option) => {
    expect(sshArguments(parseAddress('ssh://h') as SshAddress, connectMs)).toContain(option);
  });

  // covers: fault 3.23
  it('quote characters that a shell interprets, although no address contains them', () => {
    const address = parseAddress('ssh://h/x') as SshAddress;
    const last = sshArguments({ ...address, path: "/a b;touch x'$(y)" }, 30_000).at(-1);
    expect(last).toBe(`docker '--host=unix:///a b;touch x'\\''$(y)' system dial-stdio`);
  });
});

describe('calls over ssh', () => {
  // covers: complaint js-41
  it('start it with the arguments for the address, and only once for sequential calls', async () => {
    const { host: socket } = await start(answering(answer('x')));
    for (let count = 0; count < 3; count++) expect((await get()).text).toBe('x');
    const path = socket.slice('unix://'.length);
    expect(ssh.starts().map(({ argv }) => argv)).toEqual([
      ['-l', 'me', '-p', '2222', '-o', 'ConnectTimeout=5', '-T', '--', 'build.example.com',
        `docker --host=unix://${path} system dial-stdio`],
    ]);
  });

  it('start it at most 6 times for 20 calls at once, and all get a response', async () => {
    await start(answering(answer('x')));
    const calls = await Promise.all(Array.from({ length: 20 }, () => get()));
    expect(calls.map(({ text }) => text)).toEqual(Array(20).fill('x'));
    expect(ssh.starts().length).toBeLessThanOrEqual(6);
  });

  it('start it again if it has died while idle', async () => {
    await start((socket, index) => onRequest(socket, () => socket.write(answer(`${index}`))));
    await get();
    process.kill(ssh.starts()[0]?.pid ?? 0, 'SIGKILL');
    expect((await get()).text).toBe('1');
    expect(ssh.starts()).toHaveLength(2);
  });

  it('upload content byte for byte', async () => {
    const sent = randomBytes(1_500_000);
    let count = 0;
    const { received } = await start((socket) => {
      socket.on('data', (data) => {
        const end = data.indexOf('\r\n\r\n');
        count += count === 0 ? data.length - end - 4 : data.length; // the head comes in one piece, and first
        if (count === sent.length) socket.write(answer('ok'));
      });
    });
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let from = 0; from < sent.length; from += 70_001) yield sent.subarray(from, from + 70_001);
    }
    expect((await get({ method: 'POST', body: { chunks: chunks(), length: sent.length } })).text).toBe('ok');
    expect(Buffer.from(received[0]?.slice(-sent.length) ?? '', 'latin1').equals(sent)).toBe(true);
  });

  it('receive a refusal during an upload', async () => {
    await start((socket) => socket.once('data', () => socket.end(answer('too large', 'Connection: close\r\n', '413 No'))));
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(100_000);
    }
    const kept = await get({ method: 'POST', body: { chunks: chunks() } });
    expect([kept.status, kept.text]).toEqual([413, 'too large']);
  });
});

describe('a slow reader', () => {
  const content = randomBytes(3_000_000);
  const length = `HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`;
  const untilClose = 'HTTP/1.1 200 OK\r\n\r\n';
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

  /** Reads a view when it gets it and again when it returns it: its content must not have changed. */
  function slowSink(memory?: () => Uint8Array): { sink: ContentSink; blocks: Buffer[] } {
    const blocks: Buffer[] = [];
    const write = async (view: Uint8Array): Promise<void> => {
      const before = Buffer.from(view);
      await turn();
      if (!before.equals(view)) throw new Error('a borrowed view was written over');
      blocks.push(before);
    };
    return { sink: { write, ...(memory && { memory }) }, blocks };
  }

  it.each([
    ['of a known length', length],
    ['that lasts until the end, when ssh has exited long ago', untilClose],
  ])('gets a response %s completely and in order, on two connections at once', async (_, head) => {
    await start((socket) => onRequest(socket, () => {
      socket.write(head);
      if (head === untilClose) socket.end(content);
      else socket.write(content);
    }));
    const own = new Uint8Array(64 * 1024);
    const readers = [slowSink(), slowSink(() => own)];
    await Promise.all(readers.map(({ sink }) => pool.send(request(), () => sink)));
    for (const { blocks } of readers) expect(Buffer.concat(blocks).equals(content)).toBe(true);
  });

  it('makes the engine wait: unread content is not buffered', async () => {
    let written = 0;
    const endless = Buffer.alloc(64 * 1024);
    await start((socket) => onRequest(socket, () => {
      socket.write(untilClose);
      const fill = (): void => {
        while (socket.write(endless)) written += endless.length;
        socket.once('drain', () => ((written += endless.length), fill()));
      };
      fill();
    }));
    let stalled = false;
    let release = (): void => {};
    const sink: ContentSink = { write: () => ((stalled = true), new Promise((resolve) => (release = resolve))) };
    const controller = new AbortController();
    const call = failure(pool.send(request({ signal: controller.signal }), () => sink));
    await until(() => stalled);
    for (let before = -1; before !== written; await new Promise((resolve) => setTimeout(resolve, 50))) before = written;
    expect(written).toBeLessThan(4 * 1024 * 1024);
    const reason = new Error('enough of this');
    controller.abort(reason);
    release();
    expect(await call).toBe(reason);
  });
});

describe('an ssh that ends before the first byte is a ConnectError', () => {
  // the output of OpenSSH 9.2, bash or docker, exit code | the message | the remedy
  const raw = 'failed to open the raw stream connection: dial unix /x: connect:';
  // covers: fault 3.11.1
  it.each<[string, number, string, string]>([
    ['root@h: Permission denied (publickey).\r\n', 255, 'root@h: Permission denied (publickey)', 'ssh-agent'],
    ['Host key verification failed.\r\n', 255, 'Host key verification failed', 'Connect once with ssh'],
    ['@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@@@\nHost key verification failed.\n', 255,
      'WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! Host key verification failed', 'why the host has another key'],
    ['ssh: Could not resolve hostname h: Name or service not known\r\n', 255,
      'Could not resolve hostname h: Name or service not known', 'Check the host (DOCKER_HOST)'],
    ['ssh: connect to host h port 22: Connection refused\r\n', 255,
      'connect to host h port 22: Connection refused', 'does sshd listen there?'],
    ['Connection timed out during banner exchange\r\nConnection to h port 22 timed out\r\n', 255,
      'Connection timed out during banner exchange; Connection to h port 22 timed out', 'Check the host, the port'],
    ['Error: unrecognized command `podman system dial-stdio`\n', 125, 'Error: unrecognized command `podman system dial-stdio`',
      'socat%20-%20UNIX-CONNECT'],
    ['bash: docker: command not found\n', 127, 'bash: docker: command not found', '?command=podman%20system%20dial-stdio'],
    ['bash: docker: command not found\n', 127, 'bash: docker: command not found', 'Install the docker command'],
    ['\nUsage:  docker system COMMAND\n\nManage Docker\n', 1, 'Usage:  docker system COMMAND; Manage Docker', '18.09'],
    ['docker: unknown command: docker system dial-stdio\n', 1, 'docker: unknown command: docker system dial-stdio', '18.09'],
    [`${raw} permission denied\n`, 1, `${raw} permission denied`, 'add it to the group "docker"'],
    [`${raw} no such file or directory\n`, 1, `${raw} no such file or directory`, 'Is the engine running on that host'],
    ['Cannot connect to Podman. Please verify your connection\n', 125, 'Cannot connect to Podman. Please verify your connection', 'Is the engine running on that host'],
    ['socat[1] E connect(5, AF=1 "/run/podman/podman.sock", 25): No such file or directory\n', 1,
      'socat[1] E connect(5, AF=1 "/run/podman/podman.sock", 25): No such file or directory', 'the path of its socket'],
    ['ssh: Could not resolve hostname h: Temporary failure in name resolution\r\n', 255,
      'Could not resolve hostname h: Temporary failure in name resolution', 'The name server did not answer'],
    ['kex_exchange_identification: Connection closed by remote host\r\nConnection closed by 192.0.2.1 port 22\r\n', 255,
      'kex_exchange_identification: Connection closed by remote host; Connection closed by 192.0.2.1 port 22', 'MaxStartups'],
    ['docker: Command not found.\n', 1, 'docker: Command not found', 'Install the docker command'],
    ["'docker' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n", 1,
      "'docker' is not recognized as an internal or external command, operable program or batch file", 'Install the docker command'],
    ['sudo: a terminal is required to read the password; either use the -S option\nsudo: a password is required\n', 1,
      'sudo: a terminal is required to read the password; either use the -S option; sudo: a password is required', 'NOPASSWD'],
  ])('%j, %i', async (says, exits, words, hint) => {
    await start(() => {}, { says, exits });
    const error = await failure(get());
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ address: host, hint: expect.stringContaining(hint) });
    expect(error).toMatchObject({ exchange: { reusedSocket: false, requestSent: true } });
    const all = `GET /x on ${host}: cannot connect to ${host}: ssh exited with ${exits}: ${words}. `;
    expect(error.message).toBe(all + (error as ConnectError).hint);
    expect(ssh.starts()).toHaveLength(1);
  });

  it.each([
    ['\x1b[31mred\u202e\x07\n', 3, 'ssh exited with 3: \\u{1b}[31mred\\u{202e}\\u{7}'],
    ['', 0, 'ssh exited with 0'],
  ])('%j, %i, without a hint', async (says, exits, words) => {
    await start(() => {}, { says, exits });
    const error = await failure(get());
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toBe(`GET /x on ${host}: cannot connect to ${host}: ${words}`);
  });

  it.each([
    ['Welcome to build.example.com!\r\nHave a nice day\r\n', 'Welcome to build.example.com!'],
    ['Hello\n', 'Hello'],
    ['\x1b[31mred\u202e\n', '\\u{1b}[31mred\\u{202e}'],
    ['\r\n\n  Welcome\n', '  Welcome'],
    ['\n', ''],
    ['x'.repeat(5000), 'x'.repeat(100)],
  ])('if a shell prints %j first', async (prints, shown) => {
    await start(answering(answer('x')), { prints });
    const error = await failure(get());
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toContain(`cannot connect to ${host}: the other host printed "${shown}" before the response of the engine. `);
    expect((error as ConnectError).hint).toContain('~/.bashrc');
  });

  // A shell without a buffer, or a slow connection: the first piece was treated as the beginning of a response.
  it.each([
    [['H', 'ello there\n'], 'Hello there'],
    [['HTT', 'P is nice\n'], 'HTTP is nice'],
    [['HTTP', '\n'], 'HTTP'],
  ])('if %j come in pieces', async (pieces, shown) => {
    const pushed = vi.spyOn(Readable.prototype, 'push');
    const hasCome = (piece: string): boolean => pushed.mock.calls.some(([bytes]) => String(bytes) === piece);
    await start((socket) => {
      onRequest(socket, () => {
        void (async () => {
          for (const piece of pieces) {
            socket.write(piece);
            await until(() => hasCome(piece)); // our process has read it from its pipe
          }
        })();
      });
    });
    const error = await failure(get());
    pushed.mockRestore();
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toContain(`the other host printed "${shown}" before the response of the engine. `);
  });

  it('if it ends within the first word of a response', async () => {
    await start(() => {}, { prints: 'HTT', exits: 1 });
    expect((await failure(get())).message).toContain('ssh exited with 1');
  });

  it('during an upload', async () => {
    await start(() => {}, { says: 'no', exits: 255 });
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(100_000);
    }
    const error = await failure(get({ method: 'POST', body: { chunks: chunks() } }));
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.message).toContain('ssh exited with 255: no');
  });

  // covers: fault 2, fault 3.23
  it('with the last 4096 bytes of stderr', async () => {
    await start(() => {}, { says: `${'x'.repeat(1023)}\nthe end`, times: 3000, exits: 255 });
    const error = await failure(get());
    expect(error.message).toMatch(/the end$/);
    expect(error.message.length).toBeLessThan(4096 + 300);
    expect(error.message.length).toBeGreaterThan(4000);
  });

  it('if it is killed', async () => {
    await start(() => {}, { hangs: true });
    const call = failure(get());
    await until(() => ssh.starts().length === 1);
    process.kill(ssh.starts()[0]?.pid ?? 0, 'SIGKILL');
    expect((await call).message).toContain('ssh was killed by SIGKILL');
  });

  it('although its child keeps its stderr open', async () => {
    await start(() => {}, { says: 'said', exits: 255, child: true });
    expect((await failure(get())).message).toContain('ssh exited with 255: said');
    await until(() => !runs(ssh.starts()[0]?.childPid));
  });
});

describe('an ssh that cannot be started is a ConnectError', () => {
  it.each([
    ['is not in PATH', 'ENOENT', 'program ssh not found in PATH'],
    ['cannot be executed', 'EACCES', 'program ssh is in PATH, but cannot be executed'],
  ])('if it %s', async (_, errno, words) => {
    await start(() => {});
    if (errno === 'EACCES') makeNoProgram(join(ssh.folder, 'ssh'));
    process.env['PATH'] = errno === 'EACCES' ? ssh.folder : '.';
    const error = await failure(get());
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ errno, exchange: { requestSent: false } });
    expect(error.message).toContain(`cannot connect to ${host}: ${words}. Install the client of OpenSSH`);
  });

  it('if the system cannot execute it', async () => {
    await start(() => {});
    makeProgramWithoutInterpreter(join(ssh.folder, 'ssh'));
    await expect(get()).rejects.toMatchObject({ code: 'LONGSHORE_CONNECT', errno: 'ENOENT' });
  });
});

describe('an ssh that ends during a response', () => {
  const body = 'x'.repeat(50_000);
  const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc350\r\n${body}\r\n`;
  const ended = (text: string) => (socket: Socket) => onRequest(socket, () => socket.end(text));

  // the framing, what the engine sent before | its phase
  it.each([
    ['a head', 'HTTP/1.1 200 OK\r\nX-', 'head'],
    ['a known length', `HTTP/1.1 200 OK\r\nContent-Length: 50001\r\n\r\n${body}`, 'content'],
    ['chunks', chunked, 'content'],
    ['the end of the connection', `HTTP/1.1 200 OK\r\n\r\n${body}`, 'content'],
  ])('truncates it: %s', async (_, text, phase) => {
    await start(answering(text), { says: 'oh no', diesAfter: text.length });
    const error = await failure(get());
    expect(error).toBeInstanceOf(TruncatedError);
    expect(error).toMatchObject({ phase, exchange: { requestSent: true } });
    expect(error.message).toMatch(new RegExp(`received \\d+( of \\d+)? bytes of its ${phase} \\(ssh was killed by SIGKILL: oh no\\)$`));
  });

  // covers: fault 3.23
  it('with an error truncates a response that the end delimits, although all bytes have arrived', async () => {
    await start(ended(`HTTP/1.1 200 OK\r\n\r\n${body}`), { exitsLast: 255 });
    const error = await failure(get());
    expect(error).toBeInstanceOf(TruncatedError);
    expect(error).toMatchObject({ received: body.length });
    expect(error.message).toContain('(ssh exited with 255)');
  });

  it('with 0 completes a response that the end delimits', async () => {
    await start(ended(`HTTP/1.1 200 OK\r\n\r\n${body}`));
    const kept = await get();
    expect([kept.text, kept.ended]).toEqual([body, true]);
  });

  it('only with its output, but does not exit, is stopped, and the response is truncated', async () => {
    await start(ended(`HTTP/1.1 200 OK\r\n\r\n${body}`), { lingers: true });
    const error = await failure(get());
    expect(error).toBeInstanceOf(TruncatedError);
    expect(error.message).toContain('ssh was killed by SIGTERM');
  }, 10_000);

  it('with an error after a complete response does not affect it', async () => {
    await start((socket) => onRequest(socket, () => socket.end(answer('whole'))), { exitsLast: 255 });
    expect((await get()).text).toBe('whole');
    expect((await get()).text).toBe('whole');
  });
});

describe('an abort', () => {
  const reason = new Error('enough of this');

  it('before the call starts no ssh', async () => {
    await start(() => {});
    await expect(get({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(ssh.starts()).toEqual([]);
  });

  it('while ssh starts leaves no process behind', async () => {
    await start(() => {}, { hangs: true });
    const controller = new AbortController();
    const call = dialerFor(parseAddress(host)).dial({ signal: controller.signal });
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });

  it.each([
    ['while ssh connects', '', { hangs: true }],
    ['while the head is awaited', '', {}],
    ['in the middle of the content', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe', {}],
  ] as Array<[string, string, FakeSshOptions]>)('%s ends it', async (_, sent, options) => {
    const { received } = await start(answering(sent), options);
    const controller = new AbortController();
    const call = failure(get({ signal: controller.signal }));
    await until(() => ssh.starts().length === 1 && (options.hangs === true || received[0] !== undefined));
    controller.abort(reason);
    expect(await call).toBe(reason);
    await until(() => !runs(ssh.starts()[0]?.pid));
  });

  it('during an upload ends it', async () => {
    await start((socket) => socket.pause());
    const controller = new AbortController();
    let given = 0;
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc((given += 100_000) && 100_000);
    }
    const call = failure(get({ method: 'POST', body: { chunks: chunks() }, signal: controller.signal }));
    await until(() => given > 300_000);
    controller.abort(reason);
    expect(await call).toBe(reason);
  });
});

describe('an ssh', () => {
  it('that hangs has the timeouts of the connection and of the head together', async () => {
    await start(() => {}, { hangs: true });
    const timeouts = { connectMs: 50, headMs: 30, idleMs: undefined };
    await expect(get({ timeouts })).rejects.toMatchObject({ limit: 'head', limitMs: 80 });
  });

  it('that has received a response has only the timeout of the head', async () => {
    await start((socket) => onRequest(socket, (_, count) => void (count === 0 && socket.write(answer('x')))));
    await get();
    const timeouts = { connectMs: 50, headMs: 30, idleMs: undefined };
    await expect(get({ timeouts })).rejects.toMatchObject({ limit: 'head', limitMs: 30 });
  });

  // covers: fault 3.23, complaint js-42
  it('has exited after close(), with and without a running call', async () => {
    const { received } = await start((socket) =>
      onRequest(socket, (head) => void (head.includes('/now') && socket.write(answer('x')))),
    );
    await Promise.all([get({ target: '/now' }), get({ target: '/now' })]);
    const call = failure(get());
    await until(() => received.some((text) => text.includes('/x')));
    pool.close();
    expect(await call).toBeInstanceOf(ConnectError);
    await until(() => ssh.starts().every(({ pid }) => !runs(pid)));
  });

  it('works the same with a recorder', async () => {
    await start(() => {});
    const dialer = dialerFor(parseAddress(host));
    const header = { engine: 'e', version: '1', command: 'c', date: '2026-11-29' };
    expect(recorder(dialer, header).dialer.traits).toEqual({ connectMs: 30_000, idleMs: 60_000, maxBusy: 6 });
  });
});

describe('this process', () => {
  const library = new URL(process.env['TEST_TARGET'] === 'src' ? '../../../src/index.ts' : '../../../dist/index.js', import.meta.url);

  async function processThat(does: string): Promise<ReturnType<typeof spawn>> {
    await start((socket) => {
      answering(answer('', 'Api-Version: 1.41\r\n'))(socket);
      socket.on('end', () => socket.end()); // as engines do
    });
    const text = `
      import { ImageClient } from ${JSON.stringify(library.href)};
      const docker = new ImageClient({ host: ${JSON.stringify(host)} });
      await docker.ping();
      console.log('answered');
      ${does}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return child;
  }

  it.each([
    ['while a connection is idle', ''],
    ['after close()', 'docker.close();'],
  ])('exits %s, and ssh with it', async (_, does) => {
    const child = await processThat(does);
    expect(await once(child, 'exit')).toEqual([0, null]);
    await until(() => !runs(ssh.starts()[0]?.pid));
  });

  it('is kept alive by a call', async () => {
    const child = await processThat('setImmediate(() => docker.ping().then(() => console.log("again")));');
    expect(String(await once(child.stdout as NonNullable<typeof child.stdout>, 'data'))).toContain('again');
    expect(ssh.starts()).toHaveLength(1);
    await once(child, 'exit');
  });

  // covers: fault 3.23
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('killed by %s leaves no ssh behind', async (signal) => {
    const child = await processThat('setInterval(() => {}, 1000);');
    expect(runs(ssh.starts()[0]?.pid)).toBe(true);
    child.kill(signal);
    await until(() => !runs(ssh.starts()[0]?.pid));
  });
});
