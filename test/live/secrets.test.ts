// While a push runs, its secrets must not appear in the arguments of any process, in the environment of processes that we start, on
// a tape, or in any output, including debug lines and errors.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/fake-daemon.ts';
import { helperFolder } from '../support/helpers.ts';
import type { HelperFolder } from '../support/helpers.ts';
import { insideBase64 } from '../support/planted.ts';
import { titled } from '../support/installed.ts';
import { noSshd, startSshd } from './sshd.ts';
import type { Sshd } from './sshd.ts';
import { HOST, LIBRARY, LOGIN, REGISTRY_AUTH, cleanUp, connect, makeFor, temporaryFolder } from './support.ts';

const wrong = `${LOGIN.password}-hunter2`;
// Unchanged, as in JSON and in a URL, and in both alphabets of base64, at any offset.
const spellings = [LOGIN.password, encodeURIComponent(LOGIN.password), ...insideBase64(LOGIN.password)];
const secrets = new Set([...spellings, ...spellings.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))]);
const shownIn = (text: string): string[] => [...secrets].filter((secret) => text.includes(secret));

const docker = connect();
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let helpers: HelperFolder;
let remote: string;
beforeAll(async () => {
  [folder, helpers] = [await temporaryFolder(), await helperFolder()];
  const give = `give(${JSON.stringify(LOGIN.username)}, ${JSON.stringify(LOGIN.password)})`;
  await helpers.make('live', `held(() => ${give})`);
  ({ remote } = await makeFor(docker, REGISTRY_AUTH, 'secrets'));
  const auth = Buffer.from(`${LOGIN.username}:${wrong}`).toString('base64');
  await writeConfig('right', { credsStore: 'live' });
  await writeConfig('wrong', { auths: { [REGISTRY_AUTH]: { auth } } });
});
afterAll(async () => {
  await helpers.remove();
  await folder.remove();
  await cleanUp(docker);
});

async function writeConfig(name: string, config: object): Promise<void> {
  await mkdir(join(folder.path, name));
  await writeFile(join(folder.path, name, 'config.json'), JSON.stringify(config), { mode: 0o600 });
}

/** A module of the library, also an internal one: the bundle in dist/ has only those that are published. */
const module = (name: string): string => JSON.stringify(LIBRARY.replace('/dist/', '/build/').replace(/index(?=\.\w+$)/, name));

/** A push that waits for our input after its first event; then a push with a wrong password, which prints its error. */
const program = (host: string): string => `
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { ImageClient, dockerConfig } from ${module('index')};
import { encodeTape, recorder } from ${module('testing')};
import { parseAddress } from ${module('config/engine-address')};
import { dialerFor } from ${module('system/net/dialer')};

const header = { engine: 'any', version: 'any', command: 'push', date: '2026-01-01' };
const { dialer, tape } = recorder(dialerFor(parseAddress(${JSON.stringify(host)})), header);
const client = (name) => new ImageClient({
  dialer, credentials: dockerConfig({ folder: ${JSON.stringify(folder.path)} + '/' + name, environment: {} }),
});
const docker = client('right');
const pushing = docker.push(${JSON.stringify(remote)});
let isFirst = true;
for await (const event of pushing) {
  console.log(isFirst ? 'pushing' : event);
  if (isFirst) await once(process.stdin, 'data');
  isFirst = false;
}
console.log(inspect(docker, { depth: 9, showHidden: true }), await pushing.result());
docker.close();
const other = client('wrong');
const error = await other.push(${JSON.stringify(remote)}).then(() => 'it was let in', (reason) => reason);
console.log(inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), inspect(other, { depth: 9 }));
other.close();
process.stdin.destroy();
writeFileSync(${JSON.stringify(join(folder.path, 'tape'))}, encodeTape(tape()));
`;

/** Starts it without the variables that contain the password of these tests. */
async function start(host: string): Promise<{ child: ChildProcess; said(): string }> {
  const file = join(folder.path, 'push.mjs');
  await writeFile(file, program(host));
  const clean = Object.entries(process.env).filter(([, value]) => shownIn(value ?? '').length === 0);
  const env = { ...Object.fromEntries(clean), NODE_DEBUG: 'longshore', LONGSHORE_MARK: 'of ours' };
  const child = spawn(process.execPath, [file], { env });
  let said = '';
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (text) => (said += text));
  return { child, said: () => said };
}

interface Look {
  /** The arguments of every process of this machine. */
  readonly commands: string[];
  /** The environments of a process and of its descendants. */
  readonly environments: string[];
}

function lookAround(root: number): Look {
  const read = (pid: number, what: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${what}`, 'latin1').replaceAll('\0', ' ');
    } catch {
      return ''; // the process has ended
    }
  };
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map(pids.map((pid) => [pid, Number(/\) \w (\d+)/.exec(read(pid, 'stat'))?.[1])]));
  const isOurs = (pid: number | undefined): boolean => pid !== undefined && (pid === root || isOurs(parents.get(pid)));
  return {
    commands: pids.map((pid) => read(pid, 'cmdline')),
    environments: pids.filter(isOurs).map((pid) => read(pid, 'environ')),
  };
}

/** Checks that the secret is not visible, and that the search did look at the right place. */
function expectNoSecret({ commands, environments }: Look, running: readonly string[]): void {
  for (const name of running) expect(commands.join('\n')).toContain(name);
  expect(environments.filter((text) => text.includes('LONGSHORE_MARK=of ours')).length).toBeGreaterThan(running.length);
  expect(shownIn(commands.join('\n'))).toEqual([]);
  expect(shownIn(environments.join('\n'))).toEqual([]);
}

async function expectSecrecy(host: string, transports: readonly string[]): Promise<void> {
  const { child, said } = await start(host);
  const closed = once(child, 'close');
  const helper = await helpers.heldProgram();
  expectNoSecret(lookAround(Number(child.pid)), ['docker-credential-live.cjs get']);
  helper.write('go on');
  await until(() => said().includes('pushing') || child.exitCode !== null);
  expectNoSecret(lookAround(Number(child.pid)), transports);
  child.stdin?.write('go on');
  expect(await closed, said()).toEqual([0, null]);
  expect(said()).toMatch(/LONGSHORE \d+: POST \S+\/push\?tag=v1 on/);
  expect(said()).toMatch(/digest: 'sha256:[0-9a-f]{64}'/);
  expect(said()).toContain('UnauthorizedError: POST ');
  expect(shownIn(said())).toEqual([]);
  const tape = await readFile(join(folder.path, 'tape'), 'latin1');
  const decoded = tape.replaceAll(/^[<>]64.*\n(.*)$/gm, (_, text: string) => Buffer.from(text, 'base64').toString('latin1'));
  expect(tape).toMatch(/^X-Registry-Auth: \[redacted\]/im);
  expect(shownIn(`${tape}${decoded}`)).toEqual([]);
}

// covers: fault 0.13
it('secrets are not visible during a push to the engine itself', async () => {
  await expectSecrecy(HOST, []);
});

describe.skipIf(noSshd !== undefined)(titled('are not seen over ssh', noSshd), () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd?.close());

  it('while a push goes through it', async () => {
    await expectSecrecy(sshd.host('good'), ['system dial-stdio']);
  });
});

it('a visible secret would be found', () => {
  const login = JSON.stringify(LOGIN);
  for (const encoding of ['base64', 'base64url'] as const) {
    for (const before of ['', ' ', '  ']) expect(shownIn(Buffer.from(before + login).toString(encoding))).not.toEqual([]);
  }
  const indiscreet = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', LOGIN.password]);
  const { commands, environments } = lookAround(process.pid);
  indiscreet.kill();
  for (const texts of [commands, environments]) expect(shownIn(texts.join('\n'))).toEqual([LOGIN.password]);
});
