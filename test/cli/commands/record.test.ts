// longshore record as a shell runs it: its output, and the files after an interruption.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ImageClient } from '../../../src/index.ts';
import { TAPE_LIMIT, replay } from '../../../src/testing.ts';
import { bytes, cannedDaemon, json } from '../canned-daemon.ts';
import type { CannedDaemon } from '../canned-daemon.ts';
import { longshore } from '../fake-io.ts';

const file = process.env['TEST_TARGET'] === 'src' ? 'src/cli/main.ts' : 'dist/cli/main.js';
const main = fileURLToPath(new URL(`../../../${file}`, import.meta.url));

let daemon: CannedDaemon;
let tape: string;
beforeEach(async () => {
  daemon = await cannedDaemon({
    'GET /version': json({ Version: '28.5.2', ApiVersion: '1.51', MinAPIVersion: '1.24' }),
    'GET /images/json': json([]),
    'GET /large': bytes(Buffer.alloc(2 * TAPE_LIMIT)),
  });
  tape = join(daemon.folder, 'a.tape');
});
afterEach(() => daemon.close());

interface Running {
  readonly child: ChildProcess;
  readonly socketPath: string;
  /** The text of both outputs so far. */
  readonly said: { stdout: string; stderr: string };
  /** Sends the signal, and waits for the end. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** A recording that has begun. */
async function recording(...options: string[]): Promise<Running> {
  const child = spawn(process.execPath, [main, 'record', '-o', tape, ...options], {
    env: { ...process.env, DOCKER_HOST: daemon.host },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stderr?.on('data', (text) => (said.stderr += String(text)));
  child.stdout?.on('data', (text) => (said.stdout += String(text)));
  while (!said.stdout.includes('\n')) await once(child.stdout as NodeJS.ReadableStream, 'data');
  return {
    child,
    said,
    socketPath: /unix:\/\/([^\s"]+)/.exec(said.stdout)?.[1] ?? '',
    async end(signal) {
      child.kill(signal);
      const [code] = (await once(child, 'close')) as [number | null];
      return code;
    },
  };
}

async function get(socketPath: string, path: string): Promise<string> {
  const [answer] = await once(request({ socketPath, path, agent: false }).end(), 'response');
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
}

describe('longshore record', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('prints its address, shows requests, and writes the tape at %s', async (signal) => {
    const { said, socketPath, end } = await recording();
    expect(said.stdout).toBe(`DOCKER_HOST=unix://${socketPath}\n`);
    expect(await get(socketPath, '/images/json')).toBe('[]');
    expect(await end(signal)).toBe(0);
    expect(said.stderr).toBe(
      `recording exchanges with ${daemon.host}; Ctrl-C stops and writes ${tape}\n` +
        `GET /images/json\nwrote ${tape}: 1 request\n`,
    );
    expect(existsSync(socketPath)).toBe(false);
    expect(readFileSync(tape, 'latin1')).toMatch(/^longshore tape 1\nengine: Docker\nversion: 28\.5\.2\ncommand: longshore record\n/);
    await using engine = await replay(tape);
    await using client = new ImageClient({ host: engine.host, version: '1.51' });
    await expect(client.images()).rejects.toThrow('it expects GET /images/json'); // another path than that of a client that negotiates
    expect(await get(engine.socketPath, '/images/json')).toBe('[]');
  });

  it('listens at --listen, and prints no requests with --quiet', async () => {
    const path = join(daemon.folder, 'front.sock');
    const { said, socketPath, end } = await recording('--listen', path, '-q');
    expect(socketPath).toBe(path);
    await get(path, '/images/json');
    expect(await end('SIGINT')).toBe(0);
    expect(said).toEqual({ stdout: `DOCKER_HOST=unix://${path}\n`, stderr: '' });
    expect(readdirSync(daemon.folder).sort()).toEqual(['a.tape', 'engine.sock']);
  });

  it('prints JSON', async () => {
    const { said, socketPath, end } = await recording('--json', '-q');
    await get(socketPath, '/images/json');
    await end('SIGINT');
    expect(said.stdout.trim().split('\n').map((line) => JSON.parse(line))).toEqual([
      { host: `unix://${socketPath}`, engine: daemon.host },
      { type: 'result', tape, requests: 1 },
    ]);
  });

  it('shows a target without secrets and without control characters', async () => {
    const { said, socketPath, end } = await recording();
    await get(socketPath, '/images/create?fromSrc=http://u:hunter2@h/x');
    await end('SIGINT');
    expect(said.stderr).toContain('\nGET /images/create?fromSrc=[redacted]\n');
  });

  it('keeps an older tape if there was no request, and suggests why', async () => {
    writeFileSync(tape, 'an older one');
    const { said, end } = await recording('-q');
    expect(await end('SIGINT')).toBe(1);
    expect(said.stderr).toBe(
      `longshore record: nothing was written to ${tape}: there was no request. Does the recorded program have this DOCKER_HOST?\n`,
    );
    expect(readFileSync(tape, 'utf8')).toBe('an older one');
  });

  it('reports at once that the tape is too large, continues, and fails at the end', async () => {
    const { said, socketPath, end } = await recording('-q');
    expect((await get(socketPath, '/large')).length).toBe(2 * TAPE_LIMIT);
    const words = `more than ${TAPE_LIMIT} bytes went over the wire: too many for a tape\n`;
    expect(said.stderr).toBe(`longshore record: ${words}`);
    expect(await get(socketPath, '/images/json')).toBe('[]');
    expect(await end('SIGINT')).toBe(1);
    expect(said.stderr).toBe(`longshore record: ${words}longshore record: nothing was written to ${tape}: ${words}`);
    expect(existsSync(tape)).toBe(false);
  });
});

describe('a recording that cannot begin', () => {
  it.each<[string, string[], number, string]>([
    ['without an engine', ['-H', 'unix:///nowhere.sock'], 1, 'cannot connect to unix:///nowhere.sock: the socket does not exist\nIs the'],
    ['in a folder that is not there', ['-o', '/nowhere/a.tape'], 1, 'cannot write /nowhere/a.tape: its directory does not exist\n'],
    ['at a socket that is there', ['--listen', '/'], 1, 'cannot listen on /: the file exists already; remove it if no process listens'],
  ])('%s says so', async (_what, options, code, words) => {
    const outcome = await longshore(daemon.host, ['record', ...(options[0] === '-o' ? options : ['-o', tape, ...options])]);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr.startsWith(`longshore record: ${words}`)).toBe(true);
    expect(existsSync(tape)).toBe(false);
  });

  it('because it was interrupted exits with the code of an interruption', async () => {
    const { Interruption } = await import('../../../src/cli/command.ts');
    const signal = AbortSignal.abort(new Interruption('SIGINT', 130));
    expect(await longshore(daemon.host, ['record', '-o', tape], { signal })).toEqual({ code: 130, stdout: '', stderr: '' });
  });
});
