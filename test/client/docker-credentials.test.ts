// dockerConfig as a client uses it: config.json in a folder, helpers in PATH, and the credentials that reach an engine.

import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArgumentError, ConfigError, CredentialError, ImageClient, dockerConfig } from '../../src/index.ts';
import type { CredentialChoice, CredentialSource, Credentials, DockerConfigOptions, Warning } from '../../src/index.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { helperFolder, shownBy } from '../support/helpers.ts';
import type { HelperFolder } from '../support/helpers.ts';

const HUB = 'https://index.docker.io/v1/';
const login = (username: string): object => ({ auth: Buffer.from(`${username}:HUNTER2`).toString('base64') });

let folder: string;
let helpers: HelperFolder;
const undo: Array<() => unknown> = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-source-'));
  helpers = await helperFolder();
  undo.push(() => rm(folder, { recursive: true }), helpers.remove);
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const configure = (config: unknown): Promise<void> =>
  writeFile(join(folder, 'config.json'), JSON.stringify(config), { mode: 0o600 });
/** The credentials of the folder, without environment variables. */
const source = (options: DockerConfigOptions = {}): CredentialSource => dockerConfig({ folder, environment: {}, ...options });
const userOf = (choice: CredentialChoice): unknown => (choice as { username?: string } | undefined)?.username;
const failure = (promise: unknown): Promise<unknown> =>
  Promise.resolve(promise).then((value) => expect.unreachable(`it gave ${JSON.stringify(value)}`), (reason: unknown) => reason);

describe('dockerConfig', () => {
  it('finds a login, even one that was made after its first call', async () => {
    const ask = source();
    expect(await ask('r.example', {})).toBeUndefined();
    await configure({ auths: { 'r.example': login('ada') } });
    expect(userOf(await ask('r.example', {}))).toBe('ada');
    expect(await ask('other.example', {})).toBeUndefined();
  });

  it('looks into DOCKER_AUTH_CONFIG, then into the folder DOCKER_CONFIG or that in the home folder', async () => {
    await configure({ auths: { 'r.example': login('ada') } });
    const DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { 'r.example': login('env') } });
    expect(userOf(await dockerConfig({ environment: { DOCKER_CONFIG: folder } })('r.example', {}))).toBe('ada');
    const both = dockerConfig({ environment: { DOCKER_CONFIG: folder, DOCKER_AUTH_CONFIG } });
    expect(userOf(await both('r.example', {}))).toBe('env');
    const elsewhere = dockerConfig({ folder: join(folder, 'nowhere'), environment: { DOCKER_CONFIG: folder } });
    expect(await elsewhere('r.example', {})).toBeUndefined();
  });

  it('uses the helpers that DOCKER_AUTH_CONFIG names, for their registries', async () => {
    await configure({ auths: { 'r.example': login('ada'), 'o.example': login('ada') } });
    for (const name of ['one', 'all']) await helpers.make(name, `give('${name}', 'x')`);
    const asking = (config: object): CredentialSource =>
      dockerConfig({ environment: { DOCKER_CONFIG: folder, DOCKER_AUTH_CONFIG: JSON.stringify(config) } });
    const one = asking({ credHelpers: { 'r.example': 'one' } });
    expect([userOf(await one('r.example', {})), userOf(await one('o.example', {})), await one('public.example', {})]).toEqual(['one', 'ada', undefined]);
    const all = asking({ auths: { 'o.example': login('env') }, credsStore: 'all' });
    expect([userOf(await all('r.example', {})), userOf(await all('o.example', {}))]).toEqual(['all', 'all']);
  });

  it.each(['/home/ada/.docker/config.json', '~/.docker', './config.json', 'C:\\Users\\ada\\config.json', 'docker/config.json'])(
    'says that DOCKER_AUTH_CONFIG must not be a path: %s',
    async (value) => {
      const error = await failure(dockerConfig({ environment: { DOCKER_AUTH_CONFIG: value } })('r.example', {}));
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as Error).message).toMatch(/^DOCKER_AUTH_CONFIG holds a path; .*DOCKER_CONFIG.*REGISTRY_AUTH_FILE/);
    },
  );

  it('reads the files of `podman login` after config.json, and their keys with paths', async () => {
    await configure({ auths: { 'r.example': login('docker'), 'empty.example': {} } });
    const files = { named: join(folder, 'named.json'), runtime: join(folder, 'containers', 'auth.json') };
    await mkdir(join(folder, 'containers'));
    await writeFile(files.named, JSON.stringify({ auths: { 'r.example': login('podman'), 'n.example/team': login('named') } }), { mode: 0o600 });
    const auths = { 'n.example': login('runtime'), 'empty.example': login('runtime'), 'r.example/team/app': login('podman') };
    await writeFile(files.runtime, JSON.stringify({ auths }), { mode: 0o600 });
    const environment = { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: files.named, XDG_RUNTIME_DIR: folder, HOME: folder };
    const ask = dockerConfig({ environment });
    expect(userOf(await ask('r.example', { repository: 'team/app' }))).toBe('docker');
    expect(userOf(await ask('n.example', { repository: 'team/app' }))).toBe('named');
    expect(userOf(await ask('n.example', { repository: 'other/app' }))).toBe('runtime');
    expect(userOf(await ask('empty.example', {}))).toBe('runtime');
    expect(await ask('nobody.example', {})).toBeUndefined();
    expect(await dockerConfig({ environment, folder })('n.example', {})).toBeUndefined();
  });

  it('names a broken file of `podman login`, unless an earlier file decides', async () => {
    const file = join(folder, 'auth.json');
    await writeFile(file, '{"auths": HUNTER2', { mode: 0o600 });
    await configure({ auths: { 'r.example': login('ada') } });
    const ask = dockerConfig({ environment: { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: file, HOME: folder } });
    expect(userOf(await ask('r.example', {}))).toBe('ada');
    const error = await failure(ask('o.example', {}));
    expect((error as Error).message).toBe(`${file} is not JSON; repair it, or remove it and run podman login again`);
  });

  it('warns if REGISTRY_AUTH_FILE names a file that does not exist, and uses the other files', async () => {
    await mkdir(join(folder, 'containers'));
    await writeFile(join(folder, 'containers', 'auth.json'), JSON.stringify({ auths: { 'r.example': login('ada') } }), { mode: 0o600 });
    const file = join(folder, 'missing.json');
    const warnings: Warning[] = [];
    const environment = { HOME: folder, REGISTRY_AUTH_FILE: file, XDG_RUNTIME_DIR: folder };
    const ask = dockerConfig({ environment, onWarning: (warning) => warnings.push(warning) });
    for (const registry of ['r.example', 'r.example', 'o.example']) await ask(registry, {});
    expect(userOf(await ask('r.example', {}))).toBe('ada');
    expect(warnings).toMatchObject([{ kind: 'configuration', subject: file }]);
    expect(warnings[0]?.message).toContain(`REGISTRY_AUTH_FILE names ${file}, which does not exist`);
  });

  // The text of a file in place of its path: a name longer than 255 bytes was quoted whole in the error ENAMETOOLONG.
  const text = JSON.stringify({ auths: { 'r.example': { auth: Buffer.from(`ada:HUNTER2${'x'.repeat(300)}`).toString('base64') } } });
  const texts: ReadonlyArray<readonly [what: string, value: string]> = [
    ['the text of a config.json', text],
    ['a short one', '{"auths":{"r.example":{"auth":"SFVOVEVSMg=="}}}'],
    ['JSON in base64', Buffer.from(text).toString('base64')],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nHUNTER2\n-----END PRIVATE KEY-----'],
    ['a path in quotes', '"/home/ada/HUNTER2"'],
  ];
  const pathVariables = ['DOCKER_CONFIG', 'REGISTRY_AUTH_FILE', 'DOCKER_CERT_PATH', 'XDG_RUNTIME_DIR'];
  it.each(pathVariables.flatMap((name) => texts.map(([what, value]) => [name, what, value] as const)))(
    'refuses %s with %s, and does not show it',
    async (name, _, value) => {
      const environment = { HOME: folder, [name]: value };
      const errors = [
        await failure(Promise.resolve().then(() => dockerConfig({ environment })('r.example', {}))),
        await failure(ImageClient.explain({ environment })),
      ];
      for (const error of errors) {
        expect(error).toBeInstanceOf(ConfigError);
        expect((error as Error).message).toMatch(new RegExp(`^${name} does not hold the path .* DOCKER_AUTH_CONFIG$`));
        expect(shownBy(error)).not.toContain(value.slice(10, 30));
      }
    },
  );

  it('does not show a value that is too long for a path', async () => {
    const environment = { HOME: folder, REGISTRY_AUTH_FILE: 'HUNTER2'.repeat(100) };
    const error = await failure(dockerConfig({ environment })('r.example', {}));
    expect(error).toBeInstanceOf(ConfigError);
    expect(shownBy(error)).not.toContain('HUNTER2');
  });

  it.each([
    ['broken', 'is not JSON'],
    [' \n', 'is not JSON'],
    ['null', 'is JSON, but not an object'],
    [Buffer.from(text).toString('base64'), 'is not JSON'],
    ['[]', 'is JSON, but not an object'],
    [JSON.stringify(text), 'is JSON, but not an object'],
    ['{"r.example":{"auth":"SFVOVEVSMg=="}}', 'has none of "auths", "credHelpers", "credsStore"'],
    ['{"auth":"SFVOVEVSMg=="}', 'has none of "auths", "credHelpers", "credsStore"'],
  ])('says what DOCKER_AUTH_CONFIG must contain if it is %j', async (DOCKER_AUTH_CONFIG, why) => {
    const error = await failure(dockerConfig({ environment: { HOME: folder, DOCKER_AUTH_CONFIG } })('r.example', {}));
    const remedy = 'set it to the text of a config.json, {"auths":{"HOST":{"auth":"..."}}}, or unset it';
    expect(error).toEqual(new ConfigError(`DOCKER_AUTH_CONFIG ${why}; ${remedy}`));
    expect(shownBy(error)).not.toContain('SFVOVEVSMg');
  });

  it.each(['', '{}'])('ignores a DOCKER_AUTH_CONFIG of %j', async (DOCKER_AUTH_CONFIG) => {
    await configure({ auths: { 'r.example': login('ada') } });
    const ask = dockerConfig({ environment: { DOCKER_CONFIG: folder, DOCKER_AUTH_CONFIG } });
    expect(userOf(await ask('r.example', {}))).toBe('ada');
  });

  it('rejects the file name of a helper as its name', async () => {
    await configure({ credsStore: 'docker-credential-pass' });
    expect(await failure(source()('r.example', {}))).toMatchObject({ code: 'LONGSHORE_CONFIG', message: expect.stringContaining('must be the name of a helper') });
  });

  it('reads no file before the first question', () => {
    expect(() => dockerConfig({ environment: { DOCKER_AUTH_CONFIG: 'broken' } })).not.toThrow();
  });

  it('does not show the credentials that it finds', async () => {
    await configure({ auths: { 'r.example': login('ada'), 't.example': { identitytoken: 'HUNTER2' } } });
    for (const registry of ['r.example', 't.example']) expect(shownBy(await source()(registry, {}))).not.toContain('HUNTER2');
  });

  // covers: complaint js-24
  it('asks the helper of the registry, and no program without one', async () => {
    // docker 20.10 and 28.2: asks such a program if it is called pass, secretservice, osxkeychain or wincred
    for (const name of ['mine', 'pass', 'secretservice', 'osxkeychain', 'wincred']) {
      await helpers.make(name, `give('${name}', 'x')`);
    }
    expect(await source()('r.example', {})).toBeUndefined();
    await configure({ credHelpers: { 'r.example': 'mine', 'docker.io': 'mine' } });
    expect(userOf(await source()('r.example', { repository: 'team/app' }))).toBe('mine');
    expect(userOf(await source()(HUB, {}))).toBe('mine');
    expect(await source()('other.example', {})).toBeUndefined();
    expect(await helpers.runs()).toEqual(['mine get r.example', `mine get ${HUB}`]);
  });

  // CVE-2021-41092. docker 20.10 and 28.2 send ada's password when the helper fails.
  // covers: fault 3.19.2, fault 3.19.3, complaint js-23
  it('tries nothing else if a helper has no credentials or fails', async () => {
    await helpers.make('without', `fail('credentials not found in native keychain')`);
    await helpers.make('broken', `fail('HUNTER2', 3)`);
    const auths = { 'w.example': login('ada'), 'b.example': login('ada') };
    await configure({ credsStore: 'broken', credHelpers: { 'w.example': 'without' }, auths });
    expect(await source()('w.example', {})).toBeUndefined();
    const error = await failure(source()('b.example', {}));
    expect(error).toBeInstanceOf(CredentialError);
    const place = { registry: 'b.example', helper: 'docker-credential-broken', configKey: 'credsStore', exitCode: 3 };
    expect(error).toMatchObject(place);
    expect(shownBy(error)).not.toContain('HUNTER2');
  });

  // covers: fault 3.20.7
  it('starts one program for simultaneous questions about a registry, and caches no answer', async () => {
    await helpers.make('slow', `held(() => give('u', 'p'))`);
    await configure({ credsStore: 'slow' });
    const ask = source();
    const many = Promise.all(Array.from({ length: 5 }, () => ask('a.example', {})));
    const first = await helpers.heldProgram();
    const other = ask('b.example', {});
    const second = await helpers.heldProgram();
    first.write('go');
    second.write('go');
    expect((await many).map(userOf)).toEqual(['u', 'u', 'u', 'u', 'u']);
    await other;
    expect(await helpers.runs()).toEqual(['slow get a.example', 'slow get b.example']);
    const again = ask('a.example', {});
    (await helpers.heldProgram()).write('go');
    await again;
    expect(await helpers.runs()).toHaveLength(3);
  });

  // covers: fault 3.20.7
  it('does not cache a failure', async () => {
    await configure({ credsStore: 'changing' });
    const ask = source();
    expect(await failure(ask('r.example', {}))).toBeInstanceOf(CredentialError);
    await helpers.make('changing', `give('u', 'p')`);
    expect(userOf(await ask('r.example', {}))).toBe('u');
  });

  it('warns once of a file that others can read, and of nothing else', async () => {
    await configure({ auths: { 'r.example': login('ada') } });
    const warnings: string[] = [];
    const ask = source({ onWarning: ({ message }) => warnings.push(message) });
    await ask('r.example', {});
    expect(warnings).toEqual([]);
    await chmod(join(folder, 'config.json'), 0o644);
    for (let round = 0; round < 2; round++) await ask('r.example', {});
    expect(warnings).toEqual(process.platform === 'win32' ? [] : [expect.stringContaining(join(folder, 'config.json'))]);
  });

  it('rejects an invalid registry before a program could get it', async () => {
    await configure({ credsStore: 'mine' });
    for (const registry of ['r.example\nx', 'r.example x', '$(id)', '', 'ä']) {
      expect(await failure(source()(registry, {}))).toBeInstanceOf(ArgumentError);
    }
  });

  it('rejects unknown options and an invalid time limit', () => {
    expect(() => dockerConfig({ file: 'x' } as DockerConfigOptions)).toThrow(ArgumentError);
    for (const helperTimeoutMs of [0, -1, Number.NaN, 2 ** 31, '1' as never]) {
      expect(() => dockerConfig({ helperTimeoutMs })).toThrow(ArgumentError);
    }
  });
});

describe('a client', () => {
  let engine: FakeEngine;
  const digest = `sha256:${'0'.repeat(64)}`;

  async function start(credentials: CredentialChoice | CredentialSource): Promise<ImageClient> {
    const answers: ReadonlyArray<readonly [target: string, answer: object]> = [
      ['/search', []],
      ['/distribution/', { Descriptor: { mediaType: 'application/vnd.oci.image.index.v1+json', digest, size: 1 }, Platforms: [] }],
      ['/version', { Version: '28.5.2', ApiVersion: '1.41', Os: 'linux', Arch: 'amd64' }],
      ['', { aux: { Digest: digest } }],
    ];
    engine = await fakeEngine(({ target }) => answers.find(([part]) => target.includes(part))?.[1]);
    const client = new ImageClient({ host: engine.host, credentials });
    undo.push(engine.close, () => client.close());
    return client;
  }
  /** The credentials of the last request. */
  const sent = (): unknown => {
    const value = engine.asked.at(-1)?.headers['x-registry-auth'];
    return value === undefined ? undefined : JSON.parse(Buffer.from(String(value), 'base64').toString());
  };

  it('sends the credentials for the repository, with the server address that engines use', async () => {
    await helpers.make('token', `give('<token>', 't')`);
    await configure({
      credHelpers: { 't.example': 'token' },
      auths: { 'https://r.example/v2/': login('ada'), 'r.example/team': login('grace'), 'index.docker.io': login('hub') },
    });
    const client = await start(source());
    const sentBy = async (call: PromiseLike<unknown>): Promise<unknown> => {
      await call;
      return sent();
    };
    const password = 'HUNTER2';
    expect(await sentBy(client.pull('r.example/app'))).toEqual({ username: 'ada', password, serveraddress: 'r.example' });
    const grace = { username: 'grace', password, serveraddress: 'r.example' };
    expect(await sentBy(client.pull('r.example/team/app'))).toEqual(grace);
    expect(await sentBy(client.push('r.example/team/app'))).toEqual(grace);
    expect(await sentBy(client.inspectDistribution('r.example/team/app'))).toEqual(grace);
    expect(await sentBy(client.search('r.example/team/app'))).toMatchObject({ username: 'ada' });
    expect(await sentBy(client.pull('alpine'))).toEqual({ username: 'hub', password, serveraddress: HUB });
    expect(await sentBy(client.pull('t.example/x'))).toEqual({ identitytoken: 't', serveraddress: 't.example' });
    expect(await sentBy(client.pull('other.example/x'))).toBeUndefined();
    expect(await sentBy(client.push('other.example/x'))).toEqual({});
    expect(await sentBy(client.push('r.example/x', { credentials: 'anonymous' }))).toEqual({});
    const own = { identityToken: 'own' };
    expect(await sentBy(client.push('r.example/x', { credentials: own }))).toMatchObject({ identitytoken: 'own' });
  });

  // covers: complaint py-34
  it('sends nothing if the credentials cannot be read, and everything that needs none', async () => {
    await configure({ credHelpers: { 'h.example': 'absent' }, auths: { 'b.example': { auth: '!' } } });
    const client = await start(source());
    expect(await failure(client.pull('h.example/x'))).toBeInstanceOf(CredentialError);
    expect(await failure(client.push('b.example/x'))).toBeInstanceOf(ConfigError);
    expect(engine.asked).toEqual([]);
    await client.pull('r.example/x');
    await writeFile(join(folder, 'config.json'), 'broken');
    expect(await failure(client.pull('r.example/x'))).toBeInstanceOf(ConfigError);
    await client.pull('r.example/x', { credentials: 'anonymous' });
    await client.version();
    expect(engine.asked).toHaveLength(3);
  });

  it('stops a helper when no call waits for it', async () => {
    await helpers.make('slow', `held(() => give('u', 'p'))`);
    await configure({ credsStore: 'slow' });
    const client = await start(source());
    const controller = new AbortController();
    const pulling = failure(client.pull('r.example/x', { signal: controller.signal }));
    const program = await helpers.heldProgram();
    const closed = new Promise((resolve) => program.once('close', resolve));
    controller.abort('enough');
    expect(await pulling).toBe('enough');
    await closed;
    expect(engine.asked).toEqual([]);
  });

  const login1: Credentials = { username: 'u', password: 'HUNTER2', serverAddress: 'https://r.example/v2/' };

  // covers: fault 3.19.2
  it('with credentials for one registry sends them only there', async () => {
    const client = await start(login1);
    await client.push('r.example/x');
    expect(sent()).toMatchObject({ username: 'u' });
    for (const image of ['alpine', 'r.example:5000/x', 'r.example.evil.example/x', 'localhost/r.example/x']) {
      await client.push(image);
      expect(sent(), image).toEqual({});
    }
    await client.pull('alpine');
    expect(sent()).toBeUndefined();
  });

  it.each<[image: string, serverAddress: string | undefined]>([
    ['r.example/x', undefined],
    ['r.example/x', ''],
    ['r.example/x', 'r.example'],
    ['r.example/x', 'http://R.EXAMPLE/'],
    ['alpine', HUB],
    ['alpine', 'docker.io'],
    ['alpine', 'index.docker.io'],
    ['docker.io/library/alpine', 'https://index.docker.io/v1'],
  ])('accepts for %s credentials with the address %s', async (image, serverAddress) => {
    const client = await start(undefined);
    await client.push(image, { credentials: { identityToken: 't', serverAddress } });
    expect(sent()).toMatchObject({ identitytoken: 't' });
  });

  // covers: fault 3.19.2
  it('rejects credentials of a call for another registry, without showing them', async () => {
    const client = await start(undefined);
    const calls: Record<string, () => unknown> = {
      pull: () => client.pull('alpine', { credentials: login1 }),
      push: () => client.push('r.example:5000/x', { credentials: login1 }),
      search: () => client.search('alpine', { credentials: login1 }),
      inspectDistribution: () => client.inspectDistribution('other.example/x', { credentials: login1 }),
      checkAuth: () => client.checkAuth('other.example', login1),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await failure((async () => call())());
      expect(error, name).toBeInstanceOf(ArgumentError);
      expect(shownBy(error), name).not.toContain('HUNTER2');
    }
    expect(engine.asked).toEqual([]);
  });

  // covers: fault 3.19.2
  it('does not send credentials that a function returns for another registry', async () => {
    const questions: unknown[] = [];
    const client = await start((registry, { repository }) => {
      questions.push([registry, repository]);
      return login1;
    });
    await client.push('r.example/team/x:1');
    expect(sent()).toMatchObject({ username: 'u' });
    const error = await failure(client.push('alpine'));
    expect(error).toBeInstanceOf(CredentialError);
    expect(error).toMatchObject({ registry: HUB, helper: undefined });
    expect(shownBy(error)).not.toContain('HUNTER2');
    expect(engine.asked).toHaveLength(1);
    expect(questions).toEqual([['r.example', 'team/x'], [HUB, 'library/alpine']]);
  });
});
