import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { readDockerConfig } from '../../../src/system/files/read-docker-config.ts';
import { configFolder, podmanAuthFiles } from '../../../src/config/environment-variables.ts';
import { readEnvironment } from '../../../src/system/environment.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('readDockerConfig', () => {
  it('reads the current file at each call', async () => {
    expect(await readDockerConfig(folder)).toBeUndefined();
    await writeFile(join(folder, 'config.json'), '{"credsStore":"a"}');
    const config = { source: join(folder, 'config.json'), members: { credsStore: 'a' } };
    expect(await readDockerConfig(folder)).toEqual({ config, warning: undefined });
    await writeFile(join(folder, 'config.json'), '{"credsStore":"b"}');
    expect(await readDockerConfig(folder)).toMatchObject({ config: { members: { credsStore: 'b' } } });
  });

  // covers: fault 3.21
  it.skipIf(process.platform === 'win32').each([
    [0o600, '{"auths":{"r":{"auth":"x"}}}', false],
    [0o640, '{"auths":{"r":{"auth":"x"}}}', true],
    [0o604, '{"auths":{"r":{"auth":"x"}}}', true],
    [0o644, '{"auths":{"r":{}},"credsStore":"pass"}', false],
  ])('with mode %o and content %s warns: %s', async (mode, text, isWarning) => {
    const path = join(folder, 'config.json');
    await writeFile(path, text);
    await chmod(path, mode);
    const found = await readDockerConfig(folder);
    expect(found?.warning).toEqual(isWarning ? expect.stringContaining(`chmod 600 ${path}`) : undefined);
  });

  it('returns undefined without a folder, and rejects a file in its place', async () => {
    expect(await readDockerConfig(undefined)).toBeUndefined();
    expect(await readDockerConfig(join(folder, 'nowhere'))).toBeUndefined();
    const path = join(folder, 'config.json');
    await writeFile(path, '{}');
    const error = await readDockerConfig(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toBe(`cannot read config.json in ${path}: it is not a folder. Give the folder of config.json, for example in DOCKER_CONFIG`);
  });
});

describe('the environment', () => {
  const home = process.platform === 'win32' ? 'USERPROFILE' : 'HOME';

  it.each<[environment: Record<string, string>, folder: string, authConfig: string | undefined]>([
    [{ DOCKER_CONFIG: '/c' }, '/c', undefined],
    [{ DOCKER_CONFIG: '/c', [home]: '/h' }, '/c', undefined],
    [{ [home]: '/h' }, join('/h', '.docker'), undefined],
    [{ DOCKER_CONFIG: '', [home]: '/h', DOCKER_AUTH_CONFIG: '' }, join('/h', '.docker'), undefined],
    [{ DOCKER_CONFIG: '/c', DOCKER_AUTH_CONFIG: '{}' }, '/c', '{}'],
  ])('%j has the folder %s and the text %s', (environment, expected, authConfig) => {
    const found = readEnvironment(environment);
    expect([configFolder(found), found.variables.DOCKER_AUTH_CONFIG]).toEqual([expected, authConfig]);
  });

  // containers-auth.json(5). Without XDG_RUNTIME_DIR, `podman login` of Podman 4.3 to 6.1 writes the one of the user's number.
  const ofUser = process.platform === 'linux' ? [`/run/containers/${userInfo().uid}/auth.json`] : [];
  it.each<[environment: Record<string, string>, files: string[]]>([
    [{ [home]: '/h' }, [...ofUser, '/h/.config/containers/auth.json']],
    [{ [home]: '/h', XDG_CONFIG_HOME: '/x' }, [...ofUser, '/x/containers/auth.json']],
    [
      { [home]: '/h', XDG_RUNTIME_DIR: '/run/user/1', REGISTRY_AUTH_FILE: '/a.json' },
      ['/a.json', '/run/user/1/containers/auth.json', '/h/.config/containers/auth.json'],
    ],
  ])('%j has the Podman files %j', (environment, files) => {
    expect(podmanAuthFiles(readEnvironment(environment))).toEqual(files);
  });

  it('has a folder without HOME, because the system knows the home folder', () => {
    expect(configFolder(readEnvironment({}))).toMatch(/[\\/]\.docker$/);
  });
});
