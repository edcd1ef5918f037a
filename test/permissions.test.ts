// Under Node's permission model the library needs only the permissions that the effects table lists: to read the files that it is
// given, to write where it is asked to, and, in newer versions of Node, to use the network. It starts no process, worker or addon.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeProgram } from './support/make-program.ts';
import { TAR, obedientDaemon } from './support/obedient-daemon.ts';
import type { ObedientDaemon } from './support/obedient-daemon.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const program = join(root, 'test/support/permitted.mjs');
const known = process.allowedNodeEnvironmentFlags;
const model = known.has('--permission') ? '--permission' : '--experimental-permission';
/** Newer versions of Node also require this; older ones do not support it. */
const network = known.has('--allow-net') ? ['--allow-net'] : [];

/** Some versions of Node, such as 20.19.0 and 22.18.0, end a program after a denied stat, even if it catches the error. */
const look = "require('node:fs/promises').stat('/nowhere').catch(() => {})";
const isUsable = spawnSync(process.execPath, ['--no-warnings', model, '-e', look]).status === 0;

// Only a name: if all tests are skipped, no folder is made, because nothing would remove it.
const folder = join(realpathSync(tmpdir()), `longshore-permissions-${process.pid}-${Date.now()}`);
const [config, programs, output] = [join(folder, 'config'), join(folder, 'programs'), join(folder, 'output')];
const input = join(folder, 'input.tar');

let daemon: ObedientDaemon;
beforeAll(async () => {
  for (const each of [config, programs, output]) mkdirSync(each, { recursive: true });
  const auths = { 'registry.example': { auth: Buffer.from('u:p').toString('base64') } };
  writeFileSync(join(config, 'config.json'), JSON.stringify({ auths, credHelpers: { 'helper.example': 'there' } }));
  makeProgram(join(programs, 'docker-credential-there'), 'echo \'{"Username":"u","Secret":"s"}\'');
  writeFileSync(input, TAR);
  daemon = await obedientDaemon();
});
afterAll(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The output of the program, with these permissions and those to read it and the library. */
async function run(...permissions: string[]): Promise<Record<string, string>> {
  const code = [join(root, 'dist/*'), join(root, 'package.json'), program].map((path) => `--allow-fs-read=${path}`);
  const files = [join(root, 'dist/index.js'), input, join(output, 'saved.tar'), join(folder, 'forbidden.tar')];
  const child = spawn(process.execPath, ['--no-warnings', model, ...code, ...permissions, program, ...files], {
    env: { PATH: programs, DOCKER_HOST: daemon.host, DOCKER_CONFIG: config, NODE_V8_COVERAGE: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [said, complaints] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  expect(complaints).toBe('');
  return JSON.parse(said);
}

const read = (path: string): string => `--allow-fs-read=${path}`;

describe.skipIf(!isUsable)(`a program under ${model}, of a Node that lets it catch what is refused`, () => {
  it('does everything that is permitted, and its other errors name the missing permission', async () => {
    const files = [read(join(config, '*')), read(join(programs, '*')), read(input), `--allow-fs-write=${join(output, '*')}`];
    daemon.fallSilent(undefined);
    const told = await run(...network, ...files, read(join(output, '*')));
    expect(told).toEqual({
      'look into the environment': 'done',
      list: 'done',
      'pull with credentials of config.json': 'done',
      'pull with credentials of a program': expect.stringMatching(/^CredentialError: .*docker-credential-there/),
      'save to a file': 'done',
      'save to a file that is there': 'done',
      'save to a forbidden place': expect.stringMatching(/^FileError: cannot write .*forbidden\.tar: .*ERR_ACCESS_DENIED/),
      'load a file': 'done',
      'load a forbidden file': expect.stringMatching(/^UploadError: cannot read .*forbidden\.tar: .*restricted/),
    });
    const received = daemon.daemon.received.join('');
    const sent = Buffer.from(/X-Registry-Auth: (\S+)/i.exec(received)?.[1] ?? '', 'base64url').toString();
    expect(JSON.parse(sent)).toMatchObject({ username: 'u', password: 'p' });
  });

  it('starts a credential helper if it is permitted to start processes', async () => {
    const told = await run(...network, read(join(config, '*')), read(join(programs, '*')), '--allow-child-process');
    expect(told['pull with credentials of a program']).toBe('done');
  });

  it('reads only the configuration folder', async () => {
    const told = await run(...network, read(join(config, '*')));
    expect(told).toMatchObject({ list: 'done', 'pull with credentials of config.json': 'done' });
    expect(told['load a file']).toMatch(/^UploadError/);
    expect(told['save to a file']).toMatch(/^FileError/);
  });

  // A temporary file gets its name by rename(2), which requires permission to read it: it would fail at the end.
  it.each([
    ['nothing there may be read', []],
    ['only the file itself may be read', [read(join(output, 'saved.tar'))]],
  ])('rejects a save before any request because %s', async (_, more) => {
    const before = daemon.daemon.received.length;
    const told = await run(...network, read(join(config, '*')), `--allow-fs-write=${join(output, '*')}`, ...more);
    expect(told['save to a file']).toMatch(/^FileError: cannot write .*saved\.tar: .*--allow-fs-read=.*output\/\*$/);
    expect(daemon.daemon.received.slice(before).join('')).not.toContain('/images/get');
    expect(readdirSync(output).filter((name) => name !== 'saved.tar')).toEqual([]);
  });

  it('rejects a call that needs the configuration when it is not permitted to read it', async () => {
    const refused = expect.stringMatching(/^ConfigError: cannot read .*config\.json: ERR_ACCESS_DENIED; repair it/);
    expect(await run(...network)).toMatchObject({
      'look into the environment': 'done',
      list: 'done',
      'pull with credentials of config.json': refused,
      'pull with credentials of a program': refused,
    });
  });

  it.skipIf(network.length === 0)('gives an error that names the missing permission for the network (Node 25 and later)', async () => {
    const told = await run(read(join(config, '*')));
    expect(told['list']).toMatch(/^ConnectError: .*ERR_ACCESS_DENIED/);
  });
});
