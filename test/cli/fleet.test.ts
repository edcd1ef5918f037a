// The same work on several engines at the same time.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Interruption } from '../../src/cli/command.ts';
import { section } from '../support/documents.ts';
import { cannedDaemon, json, progress, status } from './canned-daemon.ts';
import type { Answer, CannedDaemon } from './canned-daemon.ts';
import { longshore } from './fake-io.ts';

const ID = `sha256:${'0123456789abcdef'.repeat(4)}`;
const words = 'manifest for x:1 not found: manifest unknown: manifest unknown';
const pulled = progress({ status: 'Pulling from library/x', id: '1' }, { status: `Digest: ${ID}` }, { status: 'Status: Image is up to date for x:1' });

let good: CannedDaemon;
let bad: CannedDaemon;
beforeEach(async () => {
  good = await cannedDaemon({
    'POST /images/create': pulled,
    'DELETE /images/a': json([{ Untagged: 'a:latest' }, { Deleted: ID }]),
    'POST /images/load': progress({ stream: 'Loaded image: a:1\n' }),
    'POST /images/prune': json({ ImagesDeleted: null, SpaceReclaimed: 5 }),
  });
  bad = await cannedDaemon({
    'POST /images/create': progress({ status: 'Pulling from library/x', id: '1' }, { errorDetail: { message: words } }),
    'POST /images/load': progress({ stream: 'Loaded image: a:1\n' }),
    'POST /images/prune': json({ ImagesDeleted: null, SpaceReclaimed: 5 }),
  });
});
afterEach(async () => {
  await good.close();
  await bad.close();
});

const both = (): string[] => ['-H', good.host, '-H', bad.host];
const name = ({ host }: CannedDaemon): string => host.slice('unix://'.length);

describe('with several --host', () => {
  it('lines begin with the engine, the table has a row for each result, and the exit code is 1 if one failed', async () => {
    const { code, stdout, stderr } = await longshore('', ['pull', 'x:1', ...both()]);
    expect(code).toBe(1);
    const blanks = ' '.repeat(name(good).length - 'ENGINE'.length);
    expect(stdout.split('\n')).toEqual([
      `ENGINE${blanks}   RESULT   DETAIL`,
      `${name(good)}   done     docker.io/library/x:1`,
      `${name(bad)}   failed   the engine reported an error: ${words}`,
      '',
    ]);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith(name(good)))).toEqual([
      `${name(good)} | 1: Pulling from library/x`,
      `${name(good)} | Digest: ${ID}`,
      `${name(good)} | Status: Image is up to date for x:1`,
    ]);
    expect(lines.filter((line) => line.startsWith(name(bad)))).toEqual([
      `${name(bad)} | 1: Pulling from library/x`,
      `${name(bad)} | longshore pull: the engine reported an error: ${words}`,
    ]);
    expect(lines).toHaveLength(5);
  });

  it('an answer of 200,000 items is printed', async () => {
    const text = `[${'{"Untagged":"a:1"},'.repeat(200_000).slice(0, -1)}]`;
    const many = await cannedDaemon({ 'DELETE /images/a': (response) => void response.end(text) });
    const { code, stdout } = await longshore('', ['rm', 'a', '-H', many.host, '-H', good.host]);
    expect([code, stdout.split('\n').length]).toEqual([0, 200_000 + 4]);
    await many.close();
  });

  it('all of them work at the same time', async () => {
    let arrived = 0;
    let release!: () => void;
    const together = new Promise<void>((resolve) => (release = resolve));
    // Neither responds before both have a request.
    const answer: Answer = (response) => {
      if (++arrived === 2) release();
      void together.then(() => response.end(`{"status":"Digest: ${ID}"}`));
    };
    const daemons = await Promise.all([1, 2].map(() => cannedDaemon({ 'POST /images/create': answer })));
    const { code } = await longshore('', ['pull', 'x:1', ...daemons.flatMap(({ host }) => ['-H', host])]);
    expect(code).toBe(0);
    await Promise.all(daemons.map((each) => each.close()));
  });

  it('an unreachable engine does not stop the others', async () => {
    const { code, stdout } = await longshore('', ['rm', 'a', '-H', 'unix:///nowhere/engine.sock', '-H', good.host]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^\/nowhere\/engine\.sock +failed {3}cannot connect to unix:\/\/\/nowhere\/engine\.sock: the socket does not exist$/m);
    expect(stdout).toContain(`${name(good)}   done     Deleted: ${ID}\n`);
  });

  it('prints JSON with the engine in each line, and an outcome for each at the end', async () => {
    const { code, stdout } = await longshore('', ['pull', '--json', '-q', 'x:1', ...both()]);
    const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as object);
    expect(code).toBe(1);
    expect(lines).toEqual([
      expect.objectContaining({ engine: good.host, type: 'result', digest: ID }),
      { engine: good.host, type: 'outcome', ok: true, failures: [] },
      { engine: bad.host, type: 'outcome', ok: false, failures: [`the engine reported an error: ${words}`] },
    ]);
  });

  it('a file is read for each of them', async () => {
    const path = join(good.folder, 'a.tar');
    writeFileSync(path, 'an archive');
    const { code } = await longshore('', ['load', path, ...both()]);
    expect([code, good.requests, bad.requests]).toEqual([0, ...[1, 2].map(() => ['GET /images/json', 'POST /images/load?quiet=0 an archive'])]);
  });

  it('standard input, which can be read only once, is rejected once, and no request is sent', async () => {
    const { code, stdout, stderr } = await longshore('', ['load', ...both()], { stdin: 'a tar' });
    expect([code, stdout, good.requests, bad.requests]).toEqual([2, '', [], []]);
    expect(stderr).toBe('longshore load: standard input can be read only once, not for several engines: give FILE\nSee longshore load --help\n');
  });

  it('prune asks once for all of them', async () => {
    const { code, stderr } = await longshore('', ['prune', ...both()], { answer: 'y' });
    expect([code, stderr]).toEqual([0, 'This removes all untagged images that no container uses. On 2 engines.\nContinue? [y/N] ']);
    expect([good.requests.length, bad.requests.length]).toEqual([1, 1]);
  });

  it('contexts may be given instead', async () => {
    const asked: unknown[] = [];
    const connect = async ({ host, context }: object & { host?: string; context?: string }): Promise<never> => {
      asked.push({ host, context });
      throw new Error('no');
    };
    await longshore('', ['rm', 'a', '--context', 'one', '--context', 'two'], { connect });
    expect(asked).toEqual([{ host: undefined, context: 'one' }, { host: undefined, context: 'two' }]);
  });

  it('an interruption ends them all, without a table', async () => {
    const stop = new AbortController();
    const hanging: Answer = () => stop.abort(new Interruption('SIGINT', 130));
    const hung = await cannedDaemon({ 'POST /images/create': hanging });
    const outcome = await longshore('', ['pull', '-q', 'x:1', '-H', hung.host, '-H', good.host], { signal: stop.signal });
    expect(outcome).toEqual({ code: 130, stdout: '', stderr: '' });
    await hung.close();
  });

  it('in a narrow terminal names are cut at their beginning, where they are equal', async () => {
    const { stdout, stderr } = await longshore('', ['pull', 'x:1', ...both()], { terminals: ['stdout', 'stderr'], columns: 60 });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
    expect(stderr).toContain(`…${name(good).slice(-19)} | Digest`);
    expect(stderr).not.toContain('\x1b');
  });

  it('text of an engine is escaped in the table', async () => {
    const evil = await cannedDaemon({ 'DELETE /images/a': status(409, 'a\x1b[2J\nb') });
    const { stdout } = await longshore('', ['rm', 'a', '-H', evil.host, '-H', good.host]);
    expect(stdout).toContain('a\\u{1b}[2J b');
    await evil.close();
  });
});

describe("README's example of a fleet", () => {
  it('shows the result of each engine', async () => {
    const example = /```ts\n(import [^`]*const hosts = [^]*?)```/.exec(section('The command'))?.[1] ?? '';
    const library = new URL(process.env['TEST_TARGET'] === 'src' ? '../../src/index.ts' : '../../dist/index.js', import.meta.url).href;
    const program = join(good.folder, 'example.mjs');
    const hosts = `const hosts = ${JSON.stringify([good.host, bad.host])};`;
    writeFileSync(program, example.replace("'longshore'", JSON.stringify(library)).replace(/const hosts = .*/, hosts).replace('registry.example/team/app:1', 'x:1'));
    const child = spawn(process.execPath, [program]);
    let stdout = '';
    child.stdout.on('data', (data) => (stdout += String(data)));
    const [code] = (await once(child, 'close')) as [number];
    expect([code, stdout.split('\n')]).toEqual([0, [`${good.host} ${ID}`, expect.stringMatching(`^${bad.host} .*${words}$`), '']]);
  });
});
