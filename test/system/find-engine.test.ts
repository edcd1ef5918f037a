// The search with real files, compared with the answers of the docker command itself (fixtures/config/README.md).

import { once } from 'node:events';
import { readFileSync, symlinkSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResolvedEngine } from '../../src/config/resolve-engine.ts';
import { parseAddress } from '../../src/config/engine-address.ts';
import { contextPaths } from '../../src/config/docker-context.ts';
import { ConfigError } from '../../src/errors.ts';
import { explainEngine } from '../../src/client/from-environment.ts';
import type { EngineReport } from '../../src/client/from-environment.ts';
import { readEnvironment } from '../../src/system/environment.ts';
import { findEngine, listContexts } from '../../src/system/find-engine.ts';

type Environment = Readonly<Record<string, string>>;

interface Answer {
  readonly environment: Environment;
  readonly options?: readonly string[];
  readonly docker: { context: string; host: string | null; skipTlsVerify: boolean; tlsFiles: string[] } | { error: string };
}

const { answers } = JSON.parse(readFileSync('fixtures/config/answers.json', 'utf8')) as { answers: Answer[] };
const explain = (environment: Environment, request: { host?: string; context?: string } = {}): Promise<EngineReport> =>
  explainEngine({ ...request, environment });

const requestOf = (options: readonly string[] = []): { host?: string; context?: string } => {
  const [, host] = options.join(' ').match(/--host (\S+)/) ?? [];
  const [, context] = options.join(' ').match(/--context (\S+)/) ?? [];
  return { ...(host && { host }), ...(context && { context }) };
};

const REMEDY = 'repair it, or set DOCKER_CONFIG to the folder of another config.json';

describe('the engine is the one of the docker command 28.2.2', () => {
  // covers: complaint js-33
  it.each(answers)('with $environment $options', async ({ environment, options, docker }) => {
    const found = explain({ HOME: '/nowhere', ...environment }, requestOf(options));
    if ('error' in docker) {
      // The one liberty that parseAddress takes: docker-py knows http://, too.
      if (environment['DOCKER_HOST']?.startsWith('http:')) return expect((await found).host).toBe('tcp://a.example:1');
      return expect(found).rejects.toThrow(/^(context "[^"]*"(?: \([^)]*\))? not found|give a host or a context|DOCKER_TLS_VERIFY asks for TLS)/);
    }
    const { context, host, rule, tls } = await found;
    expect(context).toBe(docker.context);
    // Another engine of this machine may stand in where nothing listens at the default.
    if (rule === 'alternative') expect(docker.host).toBe('unix:///var/run/docker.sock');
    else expect(host).toBe(parseAddress(docker.host ?? 'unix://').text);
    const files = [tls?.ca, tls?.cert, tls?.key].flatMap((path) => path?.split('/').at(-1) ?? []);
    if (host.startsWith('tcp:')) expect(files.sort()).toEqual(docker.tlsFiles);
    expect(tls?.verify === false).toBe(docker.skipTlsVerify);
  });
});

describe('the search for the engine', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-where-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const find = (environment: Environment = {}, context?: string): Promise<ResolvedEngine> =>
    findEngine({ context }, readEnvironment({ HOME: folder, ...environment }));

  it('uses the defaults without any file', async () => {
    const { headers, explanation } = await find();
    expect(headers).toEqual([]);
    expect(explanation).toMatchObject({ context: 'default', version: undefined, platform: undefined, warnings: [] });
    expect(await listContexts(readEnvironment({ HOME: folder }))).toEqual([]);
  });

  // covers: fault 3.21, complaint js-34
  it('reads config.json in ~/.docker, or in the folder DOCKER_CONFIG', async () => {
    await mkdir(join(folder, '.docker'));
    await mkdir(join(folder, 'other'));
    await writeFile(join(folder, '.docker/config.json'), '{"HttpHeaders":{"X-A":"home"}}');
    await writeFile(join(folder, 'other/config.json'), '{"HttpHeaders":{"X-A":"other"}}');
    expect((await find()).headers).toEqual([['X-A', 'home']]);
    expect((await find({ DOCKER_CONFIG: '' })).headers).toEqual([['X-A', 'home']]);
    expect((await find({ DOCKER_CONFIG: join(folder, 'other') })).headers).toEqual([['X-A', 'other']]);
    expect((await find({ DOCKER_CONFIG: join(folder, 'none') })).headers).toEqual([]);
    const file = join(folder, 'other/config.json');
    const words = `cannot read config.json in ${file}: it is not a folder. Give the folder of config.json, for example in DOCKER_CONFIG`;
    await expect(find({ DOCKER_CONFIG: file })).rejects.toThrow(words);
  });

  it('replaces all HttpHeaders by DOCKER_CUSTOM_HEADERS', async () => {
    await mkdir(join(folder, '.docker'));
    const path = join(folder, '.docker/config.json');
    await writeFile(path, '{"HttpHeaders":{"X-A":"1","X-B":"2"}}');
    const { headers, explanation } = await find({ DOCKER_CUSTOM_HEADERS: 'X-A=hunter2' });
    expect(headers).toEqual([['X-A', 'hunter2']]);
    expect(explanation.headers).toEqual(['X-A']);
    expect(JSON.stringify(explanation)).not.toContain('hunter2');
    await writeFile(path, '{"HttpHeaders":{"Host":"evil"}}');
    await expect(find()).rejects.toThrow(`HttpHeaders in ${path}: the header "Host" is the client's own`);
    expect((await find({ DOCKER_CUSTOM_HEADERS: 'X-A=1' })).headers).toEqual([['X-A', '1']]);
  });

  it('names a broken config.json, and does not quote it', async () => {
    await mkdir(join(folder, '.docker'));
    const path = join(folder, '.docker/config.json');
    await writeFile(path, '{"auths":{"r":{"auth":"aHVudGVyMg');
    await expect(find()).rejects.toThrow(new ConfigError(`${path} is not JSON; ${REMEDY}`));
  });

  it.each([
    ['DOCKER_HOST', {}, { DOCKER_HOST: 'unix:///x' }],
    ['a host', { host: 'unix:///x' }, {}],
  ])('warns of a broken config.json if %s names the engine', async (_, request, variables) => {
    await mkdir(join(folder, '.docker'));
    const path = join(folder, '.docker/config.json');
    await writeFile(path, '{"auths":');
    const { explanation, headers } = await findEngine(request, readEnvironment({ HOME: folder, ...variables }));
    expect([explanation.host, headers]).toEqual(['unix:///x', []]);
    expect(explanation.warnings).toEqual([`the settings in config.json are ignored: ${path} is not JSON; ${REMEDY}`]);
  });

  const modesCount = process.getuid !== undefined && process.getuid() !== 0;
  it.runIf(modesCount)('fails if config.json cannot be read', async () => {
    await mkdir(join(folder, '.docker'));
    const path = join(folder, '.docker/config.json');
    await writeFile(path, '{}');
    await chmod(path, 0);
    await expect(find()).rejects.toThrow(`cannot read ${path}: permission denied`);
  });

  // covers: fault 3.21, complaint py-44
  it('names a missing context, and the rule that names it', async () => {
    const { meta } = await contextPaths(join(folder, '.docker'), 'lab');
    const missing = (rule: string): string => `context "lab"${rule} not found: ${meta} does not exist. docker context ls lists the contexts`;
    await expect(find({ DOCKER_CONTEXT: 'lab' })).rejects.toThrow(missing(' (DOCKER_CONTEXT)'));
    await expect(find({}, 'lab')).rejects.toThrow(missing(''));
    await mkdir(join(folder, '.docker'));
    await writeFile(join(folder, '.docker/config.json'), '{"currentContext":"lab"}');
    await expect(find()).rejects.toThrow(missing(` (currentContext in ${folder}/.docker/config.json)`));
    expect((await find({ DOCKER_HOST: 'unix:///x' })).explanation.host).toBe('unix:///x');
  });

  it('lists all contexts, and what is wrong with some', async () => {
    const docker = join(folder, '.docker');
    const put = async (name: string, text: string): Promise<string> => {
      const { meta } = await contextPaths(docker, name);
      await mkdir(join(meta, '..'), { recursive: true });
      await writeFile(meta, text);
      return meta;
    };
    const context = (name: string, host: string): string =>
      JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } });
    await put('bb', context('bb', 'tcp://b:1'));
    await put('aa', context('aa', 'ssh://me:HUNTER2@h'));
    const broken = await put('cc', '{');
    await mkdir(join(docker, 'contexts/meta/empty'));
    const contexts = await listContexts(readEnvironment({ HOME: folder }));
    expect(contexts).toEqual([
      { name: broken, host: undefined, description: undefined, problem: `${broken} is not JSON` },
      { name: 'aa', host: undefined, description: undefined, problem: expect.stringContaining('has a password') },
      { name: 'bb', host: 'tcp://b:1', description: undefined, problem: undefined },
    ]);
    expect(JSON.stringify(contexts)).not.toContain('HUNTER2');
  });

  it.skipIf(process.platform !== 'linux')('sees which sockets exist; a dangling link does not count', async () => {
    await mkdir(join(folder, '.docker/run'), { recursive: true });
    await mkdir(join(folder, '.docker/desktop'));
    const socket = join(folder, '.docker/run/docker.sock');
    symlinkSync('/nowhere', join(folder, '.docker/desktop/docker.sock'));
    const server = createServer().listen(socket);
    await once(server, 'listening');
    const { considered } = (await find({ DOCKER_HOST: 'tcp://h:1' })).explanation;
    const here = considered.find(({ what }) => what === `unix://${socket}`);
    expect(here).toMatchObject({ state: 'exists', detail: 'rootless Docker' });
    expect(considered.find(({ detail }) => detail === 'Docker Desktop')).toMatchObject({ state: 'absent' });
    server.close();
  });
});
