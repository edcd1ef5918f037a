// The tables of rules in README: each rule is tested against all rules below it.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageClient, dockerConfig } from '../src/index.ts';
import type { Credentials } from '../src/index.ts';
import { table } from './support/documents.ts';
import { fakeEngine } from './support/fake-engine.ts';
import { helperFolder } from './support/helpers.ts';
import type { HelperFolder } from './support/helpers.ts';

/** The rules of the table below a heading, and their sources. */
const rulesOf = (heading: string): string[][] =>
  table(heading, 'rule').map((row) => row.map((cell) => cell.replace(/^`([^`]*)`$/, '$1')));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-rules-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a rule that finds the engine', () => {
  /** A context of that name in a context store, as https://docs.docker.com/engine/manage-resources/contexts/ has it. */
  async function makeContext(name: string): Promise<void> {
    const place = join(folder, 'contexts', 'meta', createHash('sha256').update(name).digest('hex'));
    await mkdir(place, { recursive: true });
    const meta = { Name: name, Metadata: {}, Endpoints: { docker: { Host: `tcp://${name}.example:1` } } };
    await writeFile(join(place, 'meta.json'), JSON.stringify(meta));
  }
  const rules = rulesOf('Where the engine is');
  const names = rules.map(([rule]) => rule);
  /** What each rule needs to apply; the last two need a machine without the default socket, or with it. */
  const saying: Readonly<Record<string, { options?: object; environment?: object; config?: object; host?: string }>> = {
    host: { options: { host: 'tcp://host.example:1' }, host: 'tcp://host.example:1' },
    context: { options: { context: 'given' }, host: 'tcp://given.example:1' },
    DOCKER_HOST: { environment: { DOCKER_HOST: 'tcp://variable.example:1' }, host: 'tcp://variable.example:1' },
    DOCKER_CONTEXT: { environment: { DOCKER_CONTEXT: 'named' }, host: 'tcp://named.example:1' },
    currentContext: { config: { currentContext: 'current' }, host: 'tcp://current.example:1' },
  };
  beforeAll(() => Promise.all(['given', 'named', 'current'].map(makeContext)));

  it('has a source, and its place in the table is its place in the order', async () => {
    for (const row of rules) expect(row.map((cell) => cell.length > 3)).toEqual([true, true, true]);
    const { considered } = await ImageClient.explain({ environment: { HOME: folder } });
    expect([...new Set(considered.map(({ rule }) => rule))]).toEqual(names);
  });

  // covers: fault 3.21
  it.each(names.filter((name = '') => name in saying))('%s takes precedence over all rules below it', async (name = '') => {
    const below = names.slice(names.indexOf(name)).flatMap((each = '') => saying[each] ?? []);
    await writeFile(join(folder, 'config.json'), JSON.stringify(Object.assign({}, ...below.map(({ config }) => config))));
    const environment = Object.assign({ DOCKER_CONFIG: folder, HOME: folder }, ...below.map((each) => each.environment));
    const { rule, host } = await ImageClient.explain({ ...saying[name]?.options, environment });
    expect([rule, host]).toEqual([name, saying[name]?.host]);
  });
});

describe('a rule that finds credentials', () => {
  const rules = rulesOf('Credentials');
  const names = rules.map(([rule = '']) => rule);
  const registry = 'registry.example';
  const entry = (user: string): object => ({ auth: Buffer.from(`${user}:pw`).toString('base64') });
  const credentials = (username: string): Credentials => ({ username, password: 'pw' });
  /** What each rule needs to say something. */
  const saying: Readonly<Record<string, { call?: object; client?: object; variable?: object; config?: object; auths?: object; podman?: object }>> = {
    call: { call: { credentials: credentials('call') } },
    client: { client: { credentials: credentials('client') } },
    DOCKER_AUTH_CONFIG: { variable: { auths: { [registry]: entry('DOCKER_AUTH_CONFIG') } } },
    registrytoken: { auths: { registrytoken: 'registrytoken' } },
    credHelpers: { config: { credHelpers: { [registry]: 'credHelpers' } } },
    credsStore: { config: { credsStore: 'credsStore' } },
    auths: { auths: entry('auths') },
    REGISTRY_AUTH_FILE: { podman: { REGISTRY_AUTH_FILE: 'auth.json' } },
    XDG_RUNTIME_DIR: { podman: { XDG_RUNTIME_DIR: 'runtime/containers/auth.json' } },
    '.config': { podman: { '.config': '.config/containers/auth.json' } },
    none: {},
  };
  let helpers: HelperFolder;
  beforeAll(async () => {
    helpers = await helperFolder();
    for (const name of ['credHelpers', 'credsStore']) await helpers.make(name, `give('${name}', 'pw')`);
  });
  afterAll(() => helpers.remove());

  it('has a source and a case', () => {
    for (const row of rules) expect(row.map((cell) => cell.length > 3)).toEqual([true, true, true]);
    expect(names).toEqual(Object.keys(saying));
  });

  it.each(names)('%s takes precedence over all rules below it', async (name) => {
    const below = names.slice(names.indexOf(name)).map((each) => saying[each] ?? {});
    const merged = (key: 'call' | 'client' | 'variable' | 'config' | 'auths' | 'podman'): object => Object.assign({}, ...below.map((each) => each[key]));
    const config = { ...merged('config'), auths: { [registry]: merged('auths') } };
    await writeFile(join(folder, 'config.json'), JSON.stringify(config), { mode: 0o600 });
    await rm(join(folder, '.config'), { recursive: true, force: true });
    for (const [rule, file] of Object.entries<string>({ ...merged('podman') })) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), JSON.stringify({ auths: { [registry]: entry(rule) } }), { mode: 0o600 });
    }
    const environment = {
      DOCKER_CONFIG: folder,
      HOME: folder,
      DOCKER_AUTH_CONFIG: 'auths' in merged('variable') ? JSON.stringify(merged('variable')) : undefined,
      REGISTRY_AUTH_FILE: 'REGISTRY_AUTH_FILE' in merged('podman') ? join(folder, 'auth.json') : undefined,
      XDG_RUNTIME_DIR: 'XDG_RUNTIME_DIR' in merged('podman') ? join(folder, 'runtime') : undefined,
    };
    const pushed = { aux: { Tag: 'latest', Digest: `sha256:${'0'.repeat(64)}`, Size: 1 } };
    const engine = await fakeEngine(() => pushed, '1.51');
    try {
      await using client = new ImageClient({ host: engine.host, credentials: dockerConfig({ environment }), ...merged('client') });
      await client.push(`${registry}/team/app`, merged('call'));
      const field = String(engine.asked.find(({ method }) => method === 'POST')?.headers['x-registry-auth']);
      const sent = JSON.parse(Buffer.from(field, 'base64').toString()) as Record<string, string>;
      expect(sent['username'] ?? sent['registrytoken'] ?? 'none').toBe(name);
    } finally {
      await engine.close();
    }
  });
});
