// The program itself, as a process: its exit codes, a closed pipe, and signals.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import * as module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/fake-daemon.ts';
import { makeFifo, noFifo } from '../support/fifo.ts';
import { titled } from '../support/installed.ts';
import { bytes, cannedDaemon } from './canned-daemon.ts';
import type { Answer, CannedDaemon } from './canned-daemon.ts';

const file = process.env['TEST_TARGET'] === 'src' ? 'src/cli/main.ts' : 'dist/cli/main.js';
const main = fileURLToPath(new URL(`../../${file}`, import.meta.url));

let daemon: CannedDaemon | undefined;
afterEach(async () => {
  await daemon?.close();
  daemon = undefined;
});

function start(argv: readonly string[], host: string, variables: Record<string, string> = {}): ChildProcess {
  const env = { ...process.env, ...variables, DOCKER_HOST: host };
  return spawn(process.execPath, [main, ...argv], { env, stdio: ['pipe', 'pipe', 'pipe'] });
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function ended(child: ChildProcess): Promise<{ code: number; stdout: string; stderr: string }> {
  const texts = Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const [code] = (await once(child, 'close')) as [number];
  const [stdout, stderr] = await texts;
  return { code, stdout, stderr };
}

const hasCompileCache = 'enableCompileCache' in module; // Node 22.1 and later

describe.skipIf(process.env['TEST_TARGET'] === 'src')("Node's cache of compiled code", () => {
  it('is used where Node has it, unless NODE_DISABLE_COMPILE_CACHE is set', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'longshore-cache-'));
    const cached = (): boolean => existsSync(join(folder, 'node-compile-cache'));
    await ended(start(['--version'], NOWHERE, { TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' }));
    expect(cached()).toBe(false);
    await ended(start(['--version'], NOWHERE, { TMPDIR: folder }));
    expect(cached()).toBe(hasCompileCache);
    rmSync(folder, { recursive: true });
  });

  it('is left out silently where Node cannot write it', async () => {
    const { code, stderr } = await ended(start(['--version'], NOWHERE, { TMPDIR: '/dev/null/x' }));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

const NOWHERE = 'unix:///nowhere/engine.sock';

/** The files that a program has open. */
function openFiles(pid: number | undefined): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).map((name) => {
    try {
      return readlinkSync(join(folder, name));
    } catch {
      return ''; // closed meanwhile
    }
  });
}

describe('longshore', () => {
  it('exits with 1 and one readable message if the socket does not exist', async () => {
    expect(await ended(start(['ls'], NOWHERE))).toEqual({
      code: 1,
      stdout: '',
      stderr:
        `longshore ls: cannot connect to ${NOWHERE}: the socket does not exist\n` +
        'Is the engine running, and is this its address (DOCKER_HOST)?\n',
    });
  });

  it('names the option that selected the engine as the command line has it', async () => {
    const { stderr } = await ended(start(['ls', '-H', NOWHERE], ''));
    expect(stderr).toContain('is this its address (--host)?');
  });

  it('shows the stack when NODE_DEBUG=longshore asks for it', async () => {
    const { stderr } = await ended(start(['ls'], NOWHERE, { NODE_DEBUG: 'longshore' }));
    expect(stderr).toMatch(/\n {4}at /);
  });

  it('exits with 2 for wrong usage, with 0 after its help', async () => {
    const [misused, help] = await Promise.all([ended(start(['pulll'], NOWHERE)), ended(start(['--help'], NOWHERE))]);
    expect([misused.code, misused.stdout, help.code, help.stderr]).toEqual([2, '', 0, '']);
  });

  it('a closed output is not an error', async () => {
    const endless: Answer = (response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(64 * 1024))) continue;
        response.once('drain', more);
      };
      more();
    };
    daemon = await cannedDaemon({ 'GET /images/get': endless });
    const child = start(['save', 'x'], daemon.host);
    child.stdout?.once('data', () => child.stdout?.destroy());
    const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, 'exit')]);
    expect([code, stderr]).toEqual([0, '']);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s ends a save that hangs with %d, and leaves no file', async (signal, code) => {
    let asked!: () => void;
    const hanging = new Promise<void>((resolve) => (asked = resolve));
    let gone!: () => void;
    const hungUp = new Promise<void>((resolve) => (gone = resolve));
    const answer: Answer = (response) => {
      response.on('close', gone).write(new Uint8Array(512), asked);
    };
    daemon = await cannedDaemon({ 'GET /images/get': answer });
    const child = start(['save', '-o', join(daemon.folder, 'x.tar'), 'x'], daemon.host);
    await hanging;
    child.kill(signal);
    expect(await ended(child)).toEqual({ code, stdout: '', stderr: '' });
    await hungUp; // the daemon stops when the connection is closed
    expect(readdirSync(daemon.folder)).toEqual(['engine.sock']);
  });

  it('a second SIGINT exits at once', async () => {
    let asked!: () => void;
    const hanging = new Promise<void>((resolve) => (asked = resolve));
    daemon = await cannedDaemon({ 'GET /images/get': (response) => void response.write(new Uint8Array(512), asked) });
    const child = start(['save', 'x'], daemon.host);
    await hanging;
    child.kill('SIGINT');
    child.kill('SIGINT');
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect([code, signal]).toEqual([130, null]); // not killed, because a cursor could stay hidden
  });

  it('SIGINT ends a load whose standard input is silent', async () => {
    let asked!: () => void;
    const waiting = new Promise<void>((resolve) => (asked = resolve));
    daemon = await cannedDaemon({ 'POST /images/load': asked });
    const child = start(['load'], daemon.host);
    child.stdin?.write('data'); // the request is sent when the first bytes are known
    await waiting;
    child.kill('SIGINT');
    expect((await ended(child)).code).toBe(130);
  });

  it('with a broken config.json runs commands that do not need it, and warns once', async () => {
    daemon = await cannedDaemon({ 'GET /images/json': (response) => void response.end('[]') });
    writeFileSync(join(daemon.folder, 'config.json'), '{"auths":');
    const path = join(daemon.folder, 'config.json');
    const why = `${path} is not JSON; repair it, or set DOCKER_CONFIG to the folder of another config.json`;
    const variables = { DOCKER_CONFIG: daemon.folder };
    const warning = (name: string): string => `longshore ${name}: warning: the settings in config.json are ignored: ${why}\n`;
    expect(await ended(start(['ls', '-q'], daemon.host, variables))).toEqual({ code: 0, stdout: '', stderr: warning('ls') });
    // A pull needs its credentials, and without DOCKER_HOST, its current context says where the engine is.
    expect(await ended(start(['pull', 'h:1/x'], daemon.host, variables))).toEqual({ code: 1, stdout: '', stderr: `${warning('pull')}longshore pull: ${why}\n` });
    expect(await ended(start(['ls'], '', variables))).toEqual({ code: 1, stdout: '', stderr: `longshore ls: ${why}\n` });
  });

  // As arguments of one function call, so many would exceed the stack of the process.
  it.each([
    ['history', 'GET /images/a/history', '{"Id":"x","Created":0,"CreatedBy":"y","Size":1,"Comment":"","Tags":null},', 1],
    ['rm', 'DELETE /images/a', '{"Untagged":"a:1"},', 0],
  ])('%s prints an answer of 200,000 items', async (name, request, item, heads) => {
    const text = `[${item.repeat(200_000).slice(0, -1)}]`;
    daemon = await cannedDaemon({ [request]: (response) => void response.end(text) });
    const { code, stdout, stderr } = await ended(start([name, 'a'], daemon.host));
    expect([code, stderr, stdout.split('\n').length - 1]).toEqual([0, '', 200_000 + heads]);
  });

  it.skipIf(noFifo).each(['load', 'import'])(titled('SIGINT ends a %s of a FIFO that has no writer', noFifo), async (command) => {
    let pinged!: () => void;
    const waiting = new Promise<void>((resolve) => (pinged = resolve));
    daemon = await cannedDaemon({ 'HEAD /_ping': pinged });
    const fifo = makeFifo(join(daemon.folder, 'fifo'));
    const child = start([command, fifo], daemon.host);
    await waiting;
    if (process.platform === 'linux') await until(() => openFiles(child.pid).includes(fifo));
    child.kill('SIGINT');
    expect((await ended(child)).code).toBe(130);
  });

  it('prints no colors without a terminal, and reports an empty answer as a truncated archive', async () => {
    daemon = await cannedDaemon({ 'GET /images/get': bytes(new Uint8Array(0)) });
    const { code, stderr } = await ended(start(['save', 'x'], daemon.host));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^longshore save: [^\x1b\n]+\n$/);
  });
});
