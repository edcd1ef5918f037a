// Credentials that the docker command stored, sent to a registry that requires a login: from config.json, from a real helper with
// its real store, and with helpers that fail in every way.

import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CredentialError, ImageClient, UnauthorizedError, dockerConfig } from '../../src/index.ts';
import { until } from '../support/fake-daemon.ts';
import { helperFolder, shownBy } from '../support/helpers.ts';
import type { HelperFolder } from '../support/helpers.ts';
import { lacking, titled } from '../support/installed.ts';
import { noPass, passStore } from './pass-store.ts';
import type { PassStore } from './pass-store.ts';
import { pids, run } from './programs.ts';
import {
  COMMAND,
  ENGINE,
  HOST,
  LOGIN,
  REGISTRY_AUTH,
  cleanUp,
  connect,
  failure,
  makeFor,
  temporaryFolder,
  watchedDialer,
} from './support.ts';

const docker = connect();
const { path: folder, remove } = await temporaryFolder();
const clients: ImageClient[] = [];
let helpers: HelperFolder;
let remote: string;
let digest: string | undefined;

beforeAll(async () => {
  helpers = await helperFolder();
  const { username, password } = LOGIN;
  await helpers.make('right', `give(${JSON.stringify(username)}, ${JSON.stringify(password)})`);
  await helpers.make('wrong', `give(${JSON.stringify(username)}, 'x')`);
  const made = await makeFor(docker, REGISTRY_AUTH, 'login');
  remote = made.remote;
  digest = (await docker.push(remote, { credentials: LOGIN })).digest;
  // Podman has two digests for an image that was made here.
  await docker.removeImage(made.id, { force: true });
  await docker.pull(remote, { credentials: LOGIN });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await helpers.remove();
  await remove();
  await cleanUp(docker);
});

/** A client with a config.json, and the first line of every request that it sends. */
async function clientWith(config: object, helperTimeoutMs?: number): Promise<{ client: ImageClient; lines: string[] }> {
  await writeFile(join(folder, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  return clientOf(folder, helperTimeoutMs);
}

function clientOf(configFolder: string, helperTimeoutMs?: number): { client: ImageClient; lines: string[] } {
  const { dialer, lines } = watchedDialer();
  const credentials = dockerConfig({ folder: configFolder, environment: {}, helperTimeoutMs });
  const client = new ImageClient({ dialer, credentials });
  clients.push(client);
  return { client, lines };
}

/** The operations that use credentials; each returns the image's digest. */
const operations: ReadonlyArray<readonly [name: string, call: (client: ImageClient) => Promise<string | undefined>]> = [
  ['push', async (client) => (await client.push(remote)).digest],
  ['pull', async (client) => (await client.pull(remote)).digest],
  ['inspectDistribution', async (client) => (await client.inspectDistribution(remote)).Descriptor.digest],
];
const tried = operations.slice(0, ENGINE.isPodman ? 2 : 3);

async function expectLetIn(client: ImageClient): Promise<void> {
  for (const [name, call] of tried) expect(await call(client), name).toBe(digest);
}

async function expectRefused(client: ImageClient): Promise<void> {
  for (const [name, call] of tried) {
    const error = await failure(call(client));
    expect(error, name).toBeInstanceOf(UnauthorizedError);
    expect(shownBy(error), name).not.toContain(LOGIN.password);
  }
}

const auth = (password = LOGIN.password): string => Buffer.from(`${LOGIN.username}:${password}`).toString('base64');
const [own, wide] = [`${REGISTRY_AUTH}/longshore-live`, REGISTRY_AUTH];

describe('a registry with a login, by config.json', () => {
  // The entry that must be used has the right password, the other one a wrong password.
  it.each<[what: string, config: object]>([
    ['as docker login writes them', { auths: { [wide]: { auth: auth() } } }],
    ['by a key with a scheme and a path', { auths: { [`https://${wide}/v2/`]: { auth: auth() } } }],
    ['by the path of the repository', { auths: { [wide]: { auth: auth('x') }, [own]: { auth: auth() } } }],
    ['from the helper for all', { credsStore: 'right', auths: { [wide]: { auth: auth('x') } } }],
    ['from the helper for the registry', { credsStore: 'wrong', credHelpers: { [wide]: 'right' } }],
    ['not from a helper that is switched off',
      { credsStore: 'wrong', credHelpers: { [wide]: '' }, auths: { [wide]: { auth: auth() } } }],
  ])('accepts credentials %s', async (_what, config) => {
    await expectLetIn((await clientWith(config)).client);
  });

  it.each<[what: string, config: object]>([
    ['there are none', {}],
    ['they are wrong', { auths: { [wide]: { auth: auth('x') } } }],
    ['they are of another path', { auths: { [`${wide}/other`]: { auth: auth() } } }],
    ['their helper has others', { credsStore: 'wrong', auths: { [wide]: { auth: auth() } } }],
  ])('refuses where %s', async (_what, config) => {
    await expectRefused((await clientWith(config)).client);
  });
});

describe('longshore --creds', () => {
  const command = (argv: readonly string[], password: string, input?: string) => {
    const env = { ...process.env, DOCKER_HOST: HOST, DOCKER_CONFIG: folder, LONGSHORE_PASSWORD: password };
    return spawnSync(process.execPath, [COMMAND, ...argv, '--creds', LOGIN.username, remote], { env, input, encoding: 'utf8' });
  };

  it.each([
    ['LONGSHORE_PASSWORD', [], LOGIN.password, undefined],
    ['--password-stdin', ['--password-stdin'], 'wrong', `${LOGIN.password}\n`],
  ])('is accepted by the registry with the password from %s', async (_from, flags, password, input) => {
    await writeFile(join(folder, 'config.json'), '{}');
    const { status, stdout, stderr } = command(['push', '-q', ...flags], password, input);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`${remote.split(':v1')[0]}@sha256:`);
    expect(command(['pull', '-q', ...flags], password, input).status).toBe(0);
  });

  it('is refused with a wrong password, and replaces a right one that is stored', async () => {
    await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [wide]: { auth: auth() } } }));
    const { status, stdout, stderr } = command(['pull'], 'wrong-password');
    expect(status).toBe(1);
    expect(stderr).toMatch(/unauthorized|authentication required/i);
    expect(stdout + stderr).not.toContain('wrong-password');
  });
});

describe('a helper that fails', () => {
  /** The helpers that run now, by the path of their program. */
  const running = (): number[] => pids('-f', join(helpers.path, 'docker-credential-'));
  const secret = JSON.stringify(LOGIN.password);
  /** Whether the engine needs a registry for a request; Podman is first queried for local images. */
  const leadsThere = (line: string): boolean => /^POST |\/distribution\//.test(line);

  it.each<[how: string, name: string, statements: string, exitCode: number | undefined, says: string]>([
    ['dies', 'dies', `process.stdout.write(${secret}, () => process.kill(process.pid, 'SIGKILL'))`, undefined,
      'was killed by SIGKILL'],
    ['prints junk', 'junk', `answer('Secret: ', ${secret})`, 0, 'printed something other than credentials'],
    ['prints megabytes', 'floods', `const more = () => process.stdout.write(${secret}.repeat(99999), more); more()`,
      undefined, 'printed more than 1048576 bytes, and was stopped'],
    ['prints the secret and fails', 'tells', `fail(${secret}); process.stderr.write(${secret})`, 1, 'ended with exit code 1'],
  ])('in that it %s is a CredentialError before the engine is asked', async (_how, name, statements, exitCode, says) => {
    await helpers.make(name, statements);
    // Other stored credentials are not tried instead.
    const { client, lines } = await clientWith({ credsStore: name, auths: { [wide]: { auth: auth() } } });
    for (const [operation, call] of tried) {
      const error = await failure(call(client));
      expect(error, operation).toBeInstanceOf(CredentialError);
      expect(error, operation).toMatchObject({ helper: `docker-credential-${name}`, registry: wide, exitCode });
      expect(String(error), operation).toContain(says);
      for (const shown of [LOGIN.password, auth()]) expect(shownBy(error), operation).not.toContain(shown);
    }
    expect(lines.filter(leadsThere)).toEqual([]);
    await until(() => running().length === 0);
  });

  it('because it hangs is stopped at its time limit, and leaves no process', async () => {
    await helpers.make('hangs', `answer(${secret}); held(() => {})`);
    const { client, lines } = await clientWith({ credsStore: 'hangs' }, 5000);
    const pushing = failure(client.push(remote));
    await helpers.heldProgram();
    expect(running()).toHaveLength(1);
    const error = await pushing;
    expect(error).toBeInstanceOf(CredentialError);
    expect(String(error)).toContain('did not end within 5000 ms, and was stopped');
    expect(shownBy(error)).not.toContain(LOGIN.password);
    expect(lines.filter(leadsThere)).toEqual([]);
    await until(() => running().length === 0);
  });
});

describe.skipIf(noPass !== undefined)(titled('docker-credential-pass', noPass), () => {
  let store: PassStore;
  beforeEach(async () => {
    store = await passStore();
  });
  afterEach(() => store.close());

  const config = { credsStore: 'pass' };

  it('has credentials that are accepted', async () => {
    store.store(wide, LOGIN);
    await expectLetIn((await clientWith(config)).client);
  });

  it('has credentials that are rejected if the password is wrong', async () => {
    store.store(wide, { ...LOGIN, password: 'x' });
    await expectRefused((await clientWith({ ...config, auths: { [wide]: { auth: auth() } } })).client);
  });

  it('has nothing for a registry without a login, so the call is anonymous', async () => {
    store.store(`${wide}9`, LOGIN);
    await expectRefused((await clientWith(config)).client);
  });

  // covers: fault 3.20.3
  it('causes an error without the secret if it cannot open its store', async () => {
    store.store(wide, LOGIN);
    const { client } = await clientWith(config);
    store.lock();
    const error = await failure(client.pull(remote));
    store.unlock();
    expect(error).toBeInstanceOf(CredentialError);
    expect(error).toMatchObject({ helper: 'docker-credential-pass', exitCode: 1 });
    expect(shownBy(error)).not.toContain(LOGIN.password);
    await expectLetIn((await clientWith(config)).client);
  });
});

// The docker command lets the engine try a login; Podman logs in without TLS only to "localhost".
const noLogin = ENGINE.isPodman ? 'Podman wants TLS for it' : (lacking('docker') ?? noPass);
describe.skipIf(noLogin !== undefined)(titled('docker login', noLogin), () => {
  // If its file has no login, the docker command uses a helper that it finds.
  const elsewhere = { auths: { 'registry.example': { auth: auth('x') } } };

  // covers: complaint js-16
  it.each([
    ['in config.json', elsewhere],
    ['with docker-credential-pass', { credsStore: 'pass' }],
    ['with the helper that it finds by itself', {}],
  ])('keeps %s what lets in, until docker logout', async (_where, config) => {
    const [{ path, remove }, store] = [await temporaryFolder(), await passStore()];
    await writeFile(join(path, 'config.json'), JSON.stringify(config));
    const command = (...argv: string[]): string => {
      return run('docker', ['--config', path, '--host', HOST, ...argv, wide], { input: LOGIN.password, env: process.env });
    };
    try {
      command('login', '--username', LOGIN.username, '--password-stdin');
      await expectLetIn(clientOf(path).client);
      command('logout');
      await expectRefused(clientOf(path).client);
    } finally {
      await store.close();
      await remove();
    }
  });
});
