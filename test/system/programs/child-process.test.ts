import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { ProgramMissing, findProgram, startProgram } from '../../../src/system/programs/child-process.ts';
import type { Program } from '../../../src/system/programs/child-process.ts';
import { until } from '../../support/fake-daemon.ts';
import { runs } from '../../support/fake-ssh.ts';
import { lacking, titled } from '../../support/installed.ts';
import { makeNoProgram, makeProgram, makeProgramWithoutInterpreter } from '../../support/make-program.ts';

const HELPER = 'docker-credential-fake';
const path = process.env['PATH'] ?? '';
const system = process.platform;
let folder: string;
let started: Program[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-programs-'));
  process.env['PATH'] = `${folder}${delimiter}${path}`;
});
afterEach(async () => {
  Object.defineProperty(process, 'platform', { value: system });
  process.env['PATH'] = path;
  for (const program of started.splice(0)) program.stop();
  await rm(folder, { recursive: true });
});

async function put(name: string, script = '', mode = 0o755): Promise<string> {
  const file = join(folder, name);
  if (mode === 0o755) makeProgram(file, script);
  else makeNoProgram(file);
  return file;
}

async function start(script: string, graceMs?: number, argv: string[] = []): Promise<Program> {
  await put(HELPER, script);
  const program = await startProgram(HELPER, argv, graceMs);
  started.push(program);
  return program;
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The first line of the output of a program. */
async function firstLine(program: Pick<Program, 'stdout'>): Promise<string> {
  let text = '';
  while (!text.includes('\n')) text += String((await once(program.stdout, 'data'))[0]);
  return text.split('\n')[0] ?? '';
}

describe('a program is found', () => {
  it('in the folders of PATH, in their order', async () => {
    await mkdir(join(folder, 'later'));
    const file = await put('ssh');
    await put('later/ssh');
    expect(await findProgram('ssh', [join(folder, 'none'), folder, join(folder, 'later')].join(delimiter))).toBe(file);
  });

  it.each([[''], ['.'], ['bin'], ['..'], [':'], ['~']])('never through the entry %j, which leads to the working directory', async (entry) => {
    const error = await findProgram('ssh', entry).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProgramMissing);
    expect(error).toMatchObject({ code: 'ENOENT' });
  });

  it('after a folder and a file of the same name that cannot be executed', async () => {
    for (const name of ['a', 'b', 'a/ssh']) await mkdir(join(folder, name));
    await put('b/ssh', '', 0o644);
    const both = [join(folder, 'a'), join(folder, 'b')];
    await expect(findProgram('ssh', both.join(delimiter))).rejects.toMatchObject({ code: 'EACCES' });
    const file = await put('ssh');
    expect(await findProgram('ssh', [...both, folder].join(delimiter))).toBe(file);
  });

  it('on Windows only as .exe, because .cmd and .bat run in a shell (CVE-2024-27980)', async () => {
    Object.defineProperty(process, 'platform', { value: 'win32' });
    for (const name of ['ssh', 'ssh.cmd', 'ssh.bat', 'ssh.com']) await put(name);
    await expect(findProgram('ssh', folder)).rejects.toThrow(ProgramMissing);
    const file = await put('ssh.exe');
    expect(await findProgram('ssh', folder)).toBe(file);
  });
});

describe('a program is not started', () => {
  it.each([
    'sh', '', 'ssh\n', 'ssh ', 'sshd', 'ssh.exe', '/usr/bin/ssh', './ssh', '../ssh', 'xssh', 'docker-credential-',
    'docker-credential--x', 'docker-credential-../../x', 'docker-credential-a/b', 'docker-credential-a b',
    'docker-credential-a\n', 'docker-credential-a;b', 'docker-credential-\u00e4', 'x-docker-credential-a',
    'docker-credential-a\0',
  ])('if its name is %j', async (name) => {
    await expect(startProgram(name, [])).rejects.toThrow(ConfigError);
  });

  const helpers = ['docker-credential-osxkeychain', 'docker-credential-ecr-login', 'docker-credential-gcr_1.2'];
  it.each(helpers)('except %s', async (name) => {
    await put(name, 'echo started');
    expect(await textOf((await startProgram(name, [])).stdout)).toBe('started\n');
  });
});

describe('a program', () => {
  it('gets its arguments unchanged: no shell reads them', async () => {
    const argv = ['a b', '$(touch x)', '; exit 3', '"\'', '', '*', '\u00e4\n'];
    const program = await start('for argument in "$@"; do printf "%s|" "$argument"; done', undefined, argv);
    expect(await textOf(program.stdout)).toBe('a b|$(touch x)|; exit 3|"\'||*|\u00e4\n|');
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  it.runIf(system === 'linux')('has no terminal, and has its own session', async () => {
    const program = await start('cat');
    // proc(5): pid (comm) state ppid pgrp session tty_nr, which is 0 without a terminal
    const [pid, , , session, terminal] = (await readFile(`/proc/${program.pid}/stat`, 'latin1')).replace(/\(.*\) \S/s, '').split(/\s+/);
    expect([pid, session, terminal]).toEqual([String(program.pid), String(program.pid), '0']);
  });

  it.each([
    ['exit 7', { code: 7, signal: null }],
    ['kill -KILL $$', { code: null, signal: 'SIGKILL' }],
  ])('that does "%s" has the right end', async (script, end) => {
    const program = await start(script);
    program.stdout.resume();
    program.stderr.resume();
    expect(await program.exited).toEqual(end);
    expect(await program.ended).toEqual(end);
  });

  it('that ends without reading causes no unhandled error, however much is written', async () => {
    const program = await start('exec <&-; echo closed; sleep 60');
    await firstLine(program);
    const error = await new Promise((resolve) => program.stdin.write(Buffer.alloc(1024 * 1024), resolve));
    expect(error).toMatchObject({ code: 'EPIPE' });
  });

  it('whose interpreter does not exist fails with the system\'s own error', async () => {
    makeProgramWithoutInterpreter(join(folder, HELPER));
    await expect(startProgram(HELPER, [])).rejects.toMatchObject({ code: 'ENOENT', syscall: expect.stringContaining('spawn') });
  });

  it('has exited at first, and has ended when its output is read', async () => {
    const program = await start('echo said; exit 0');
    const said = textOf(program.stdout);
    const order = [program.exited.then(() => 'exited'), program.ended.then(() => 'ended')];
    expect(await Promise.race(order)).toBe('exited');
    await program.ended;
    expect(await said).toBe('said\n');
  });
});

describe('stop()', () => {
  // covers: fault 3.20.2
  it('ends it and its children', async () => {
    const program = await start('sleep 60 & echo $!; wait');
    const child = Number(await firstLine(program));
    expect(runs(child)).toBe(true);
    program.stop();
    await program.exited;
    await until(() => !runs(child) && !runs(program.pid));
  });

  // covers: fault 3.20.2
  it('kills a program that ignores SIGTERM, and its children', async () => {
    // Both ignore the signal: a child inherits ignored signals.
    const program = await start('trap "" TERM; sleep 60 & echo $!; wait', 50);
    const child = Number(await firstLine(program));
    program.stop();
    program.stop();
    expect(await program.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await until(() => !runs(child));
  });

  const noSetsid = lacking('setsid');
  it.skipIf(system !== 'linux' || noSetsid)(titled('closes the pipes of a program that has exited and whose child has left the group', noSetsid), async () => {
    const program = await start("setsid sh -c 'echo $$; exec sleep 60' &", 10); // it prints after it has left the group
    const daughter = Number(await firstLine(program));
    await program.exited;
    program.stop();
    expect(await program.ended).toEqual({ code: 0, signal: null });
    process.kill(daughter);
  });

  it('does nothing after the program has ended', async () => {
    const program = await start('exit 0');
    program.stdout.resume();
    program.stderr.resume();
    await program.ended;
    program.stop();
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });
});

describe('when our process', () => {
  const file = process.env['TEST_TARGET'] === 'src' ? '../../../src/system/programs/child-process.ts' : '../../../build/system/programs/child-process.js';
  const module = new URL(file, import.meta.url);

  interface Parent {
    readonly child: ReturnType<typeof spawn>;
    readonly end: Promise<unknown[]>;
    /** Of the program. */
    readonly pid: number;
  }
  /** A separate process that starts the program, prints its pid and continues with the given code. */
  async function parent(script: string, goesOn: string): Promise<Parent> {
    await put(HELPER, script);
    const text = `
      import { startProgram } from ${JSON.stringify(module.href)};
      const program = await startProgram(${JSON.stringify(HELPER)}, []);
      await new Promise((resolve) => program.stdout.once('data', resolve)); // its traps are set
      console.log(program.pid);
      ${goesOn}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'ignore'] });
    const end = once(child, 'exit');
    return { child, pid: Number(await firstLine(child as unknown as Program)), end };
  }
  const untilItsInputEnds = 'echo ready; cat >/dev/null';
  const deaf = 'echo ready; exec sleep 60';

  it('is killed, a program that reads its input ends', async () => {
    const { child, pid, end } = await parent(untilItsInputEnds, 'setInterval(() => {}, 1000)');
    expect(runs(pid)).toBe(true);
    child.kill('SIGKILL');
    await end;
    await until(() => !runs(pid));
  });

  // its last action, its exit code
  it.each([
    ['calls process.exit', 'process.exit(3);', 3],
    ['has an uncaught error', 'setTimeout(() => { throw new Error("uncaught") });', 1],
    ['has nothing left to do', 'program.keepProcessAlive(false);', 0],
  ])('%s, even a program that does not read its input ends', async (_, goesOn, code) => {
    const { pid, end } = await parent(deaf, goesOn);
    expect((await end)[0]).toBe(code);
    await until(() => !runs(pid));
  });

  it('ends during the grace time, a program that ignores SIGTERM is killed', async () => {
    const { pid, end } = await parent('trap "" TERM; echo ready; sleep 60', 'program.keepProcessAlive(false); program.stop();');
    expect((await end)[0]).toBe(0);
    await until(() => !runs(pid));
  });

  it('is kept alive by a program until the program is idle', async () => {
    const { pid, end } = await parent(untilItsInputEnds, `
      program.keepProcessAlive(false);
      program.keepProcessAlive(true);
      setTimeout(() => program.keepProcessAlive(false), 20).unref();`);
    expect((await end)[0]).toBe(0);
    await until(() => !runs(pid));
  });
});
