// Which rule chooses the engine, and the report. The answers of the docker command itself are in test/system/find-engine.test.ts.

import { describe, expect, it } from 'vitest';
import { resolveEngine, selectRule, socketsToCheck } from '../../src/config/resolve-engine.ts';
import type { ResolvedEngine, FoundFiles, EngineConfiguration, EngineSelector } from '../../src/config/resolve-engine.ts';
import type { StoredContext } from '../../src/config/docker-context.ts';
import type { Variables } from '../../src/config/environment-variables.ts';
import { ConfigError } from '../../src/errors.ts';

interface Case extends EngineSelector {
  readonly variables?: Variables;
  readonly currentContext?: EngineConfiguration['currentContext'];
  readonly platform?: string;
  readonly existing?: readonly string[];
  readonly stored?: Partial<StoredContext>;
  readonly tlsFolder?: string;
}

function choose(given: Case): ResolvedEngine {
  const { variables = {}, currentContext, platform = 'linux', existing = [], stored, tlsFolder, ...selector } = given;
  const environment = { platform, home: '/home/me', variables };
  const question = { ...selector, environment, configFile: '/home/me/.docker/config.json', currentContext };
  const facts: FoundFiles = {
    existing: new Set(existing),
    stored: stored && { name: 'lab', description: undefined, host: undefined, skipTlsVerify: false, ...stored },
    tlsFolder,
    headers: [],
  };
  return resolveEngine(question, selectRule(question), facts);
}

const SOCKET = '/var/run/docker.sock';
const TCP = 'tcp://h:2376';
/** The report of each rule except the alternatives: rule, what it names, state. */
const rulesOf = ({ explanation: { considered } }: ResolvedEngine): string[] =>
  considered.slice(0, 6).map(({ rule, what, state }) => `${rule} ${what} ${state}`);

describe('the rules, in the docker command\'s order', () => {
  const everything = { DOCKER_HOST: 'tcp://a:1', DOCKER_CONTEXT: 'second' };

  const names = ['host', 'context', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'currentContext'];
  it.each<[string, Case, string[]]>([
    // what is set | the report of each rule; "-" means absent
    ['a host beats all', { host: 'unix:///h', variables: everything, currentContext: 'third' },
      ['unix:///h chosen', '-', 'tcp://a:1 overruled', 'second overruled', 'third overruled']],
    ['a context beats the variables', { context: 'lab', variables: everything, currentContext: 'third' },
      ['-', 'lab chosen', 'tcp://a:1 overruled', 'second overruled', 'third overruled']],
    ['DOCKER_HOST beats DOCKER_CONTEXT', { variables: everything, currentContext: 'third' },
      ['-', '-', 'tcp://a:1 chosen', 'second overruled', 'third overruled']],
    ['DOCKER_CONTEXT beats currentContext', { variables: { DOCKER_CONTEXT: 'second' }, currentContext: 'third' },
      ['-', '-', '-', 'second chosen', 'third overruled']],
    ['currentContext beats the default', { currentContext: 'third' },
      ['-', '-', '-', '-', 'third chosen']],
    ['the context "default" is DOCKER_HOST', { context: 'default', variables: everything },
      ['-', 'default chosen', 'tcp://a:1 chosen', 'second overruled', '-']],
  ])('%s', (_, given, rules) => {
    const choice = choose({ ...given, existing: [SOCKET], stored: { host: 'tcp://c:1' } });
    const said = rules.map((text, index) => `${names[index]} ${text === '-' ? 'undefined absent' : text}`);
    expect(rulesOf(choice)).toEqual([...said, `default unix://${SOCKET} exists`]);
  });

  it('reports the source of the chosen engine', () => {
    const { explanation, hint } = choose({ currentContext: 'lab', stored: { host: 'tcp://c:1' } });
    expect(explanation).toMatchObject({
      host: 'tcp://c:1', rule: 'currentContext', context: 'lab', source: 'currentContext in /home/me/.docker/config.json',
    });
    expect(hint).toContain('(context "lab", currentContext in /home/me/.docker/config.json)');
  });

  it('ignores a currentContext that cannot be read, unless it decides', () => {
    const currentContext = new ConfigError('/c: "currentContext" must be a string');
    expect(rulesOf(choose({ currentContext, host: TCP }))).toContain('currentContext undefined overruled');
    expect(() => choose({ currentContext })).toThrow(currentContext);
  });

  // covers: fault 3.21
  it.each(['a', '../x', 'a/b'])('rejects the context name %j before anything is looked up', (name) => {
    expect(() => choose({ variables: { DOCKER_CONTEXT: name } })).toThrow(/^DOCKER_CONTEXT: ".*" is not a context name/);
  });

  it.each(['ssh://me:HUNTER2@h', 'tcp://me:HUNTER2@h', 'x://HUNTER2@h'])('never shows the password of %s', (host) => {
    const { explanation } = choose({ host: TCP, variables: { DOCKER_HOST: host } });
    expect(JSON.stringify(explanation)).not.toContain('HUNTER2');
    expect(rulesOf(choose({ host: TCP, variables: { DOCKER_HOST: host } }))).toContain('DOCKER_HOST undefined overruled');
  });

  // covers: fault 3.25.5
  it('names the variable or the context of an invalid host', () => {
    const words = 'has an unknown scheme';
    expect(() => choose({ variables: { DOCKER_HOST: 'gopher://x' } })).toThrow(`DOCKER_HOST "gopher://x" ${words}`);
    expect(() => choose({ context: 'lab', stored: { host: 'x://' } })).toThrow(`the host of context "lab" "x://" ${words}`);
  });

  it('chooses the default socket for a context without a host', () => {
    expect(choose({ context: 'lab', stored: {} }).explanation.host).toBe(`unix://${SOCKET}`);
    expect(choose({ context: 'lab', stored: {}, platform: 'win32' }).explanation.host).toBe('npipe:////./pipe/docker_engine');
  });
});

describe('the sockets of other engines', () => {
  const podman = '/run/podman/podman.sock';
  const colima = '/home/me/.colima/default/docker.sock';

  it('are used only if the default does not exist; then the first of the list that exists', () => {
    expect(choose({ existing: [SOCKET, podman] }).explanation).toMatchObject({ rule: 'default', host: `unix://${SOCKET}` });
    expect(choose({ existing: [podman, colima] }).explanation).toMatchObject({
      rule: 'alternative', host: `unix://${colima}`, source: `Colima, as unix://${SOCKET} does not exist`, context: 'default',
    });
  });

  it('are reported, chosen or not', () => {
    const states = (existing: string[]): string[] => {
      const sockets = choose({ existing }).explanation.considered.slice(5);
      return sockets.flatMap(({ what, state }) => (state === 'absent' ? [] : [`${what} ${state}`]));
    };
    expect(states([podman, colima])).toEqual([`unix://${colima} chosen`, `unix://${podman} exists`]);
    expect(states([SOCKET, podman])).toEqual([`unix://${SOCKET} chosen`, `unix://${podman} exists`]);
  });

  it.each<[string, Case]>([
    ['DOCKER_HOST', { variables: { DOCKER_HOST: 'unix:///nowhere' } }],
    ['DOCKER_CONTEXT, be it "default"', { variables: { DOCKER_CONTEXT: 'default' } }],
    ['TLS, whose default is a port', { variables: { DOCKER_TLS: '1', DOCKER_CERT_PATH: '/c' }, tlsFolder: '/c' }],
  ])('do not replace an engine that is named by %s', (_, given) => {
    expect(choose({ ...given, existing: [podman] }).explanation.rule).not.toBe('alternative');
  });

  it('are all named in the hint if no socket exists', () => {
    const { explanation, hint } = choose({});
    expect(explanation).toMatchObject({ rule: 'default', host: `unix://${SOCKET}` });
    expect(explanation.considered[5]).toMatchObject({ rule: 'default', state: 'chosen', detail: 'does not exist' });
    for (const host of [colima, podman]) expect(hint).toContain(`unix://${host}`);
  });

  it('are pipes on Windows', () => {
    const existing = ['//./pipe/podman-machine-default'];
    expect(choose({ platform: 'win32', existing }).explanation.host).toBe('npipe:////./pipe/podman-machine-default');
  });

  it('are all looked at, as is the default', () => {
    const looked = socketsToCheck({ platform: 'linux', home: '/home/me', variables: {} });
    expect(looked).toEqual(expect.arrayContaining([SOCKET, podman, colima]));
  });
});

describe('TLS', () => {
  const files = (...names: string[]): string[] => names.map((name) => `/c/${name}.pem`);
  const tlsOf = (given: Case): ResolvedEngine['explanation']['tls'] => choose({ tlsFolder: '/c', ...given }).explanation.tls;
  const all = { ca: '/c/ca.pem', cert: '/c/cert.pem', key: '/c/key.pem' };
  const verifying = { DOCKER_TLS_VERIFY: '0' };
  const three = files('ca', 'cert', 'key');
  const lab = { context: 'lab', stored: { host: TCP } };
  const skipping = { context: 'lab', stored: { host: TCP, skipTlsVerify: true } };

  // covers: fault 0.12, fault 3.22
  it.each<[string, Case, object | undefined]>([
    // what is set | the TLS settings; files that are not named are undefined
    ['nothing', { host: TCP }, undefined],
    ['DOCKER_CERT_PATH', { host: TCP, variables: { DOCKER_CERT_PATH: '/c' }, existing: three }, undefined],
    ['DOCKER_TLS_VERIFY', { host: TCP, variables: verifying, existing: three }, { ...all, verify: true }],
    ['DOCKER_TLS', { host: TCP, variables: { DOCKER_TLS: 'false' }, existing: three }, { ...all, verify: false }],
    ['DOCKER_TLS without files', { host: TCP, variables: { DOCKER_TLS: '1' } }, { verify: false }],
    ['both', { host: TCP, variables: { DOCKER_TLS: '1', ...verifying }, existing: files('ca') }, { ca: all.ca, verify: true }],
    ['a context with files', { ...lab, existing: three }, { ...all, verify: true }],
    ['a context with a CA', { ...lab, existing: files('ca') }, { ca: all.ca, verify: true }],
    ['a context with a key, and no CA', { ...lab, existing: files('cert', 'key') }, { ...all, ca: undefined, verify: true }],
    ['SkipTLSVerify alone', skipping, { verify: false }],
    ['SkipTLSVerify with files', { ...skipping, existing: files('ca') }, { ca: all.ca, verify: false }],
    ['a plain context', lab, undefined],
    ['https://', { host: 'https://h' }, { verify: true }],
    ['https:// and DOCKER_TLS', { host: 'https://h', variables: { DOCKER_TLS: '1' } }, { verify: true }],
    ['http:// and DOCKER_TLS_VERIFY', { host: 'http://h', variables: verifying, existing: three }, { ...all, verify: true }],
    ['a socket', { host: 'unix:///x', variables: verifying, existing: files('ca') }, undefined],
    ['a pipe', { host: 'npipe://', variables: verifying }, undefined],
    ['ssh', { host: 'ssh://h', variables: verifying }, undefined],
    ['a context of a socket with files', { context: 'lab', stored: { host: 'unix:///x' }, existing: files('ca') }, undefined],
    ['TLS that the caller has settled', { host: TCP, ownTls: true, variables: verifying }, undefined],
  ])('is used as asked for by: %s', (_, given, tls) => {
    expect(tlsOf(given)).toEqual(tls && { ca: undefined, cert: undefined, key: undefined, ...tls });
  });

  it('without a host means port 2376 of this machine', () => {
    const { explanation } = choose({ variables: verifying, tlsFolder: '/c', existing: files('ca') });
    expect(explanation).toMatchObject({ rule: 'default', host: 'tcp://localhost:2376' });
  });

  // covers: fault 0.12, fault 3.22
  it.each<[string, Case, string]>([
    ['a CA', { host: TCP, variables: verifying, existing: files('cert', 'key') }, '/c/ca.pem does not exist'],
    ['a key', { host: TCP, variables: verifying, existing: files('ca', 'cert') }, '/c/key.pem does not exist, and /c/cert.pem cannot be used without it'],
    ['a certificate', { host: TCP, variables: { DOCKER_TLS: '1' }, existing: files('key') }, '/c/cert.pem does not exist'],
    ['the key of a context', { ...lab, existing: files('ca', 'cert') }, '/c/key.pem does not exist'],
    ['TLS in a context', { ...lab, variables: verifying }, 'DOCKER_TLS_VERIFY asks for TLS, and context "lab" has none'],
    ['TLS in a context', { ...lab, variables: { DOCKER_TLS: '0' } }, 'DOCKER_TLS asks for TLS, and context "lab" has none'],
  ])('is an error, not a plain connection, if it is asked for and lacks %s', (_, given, words) => {
    expect(() => tlsOf(given)).toThrow(ConfigError);
    expect(() => tlsOf(given)).toThrow(words);
  });

  it('is an error if the folder of its files is unknown', () => {
    expect(() => choose({ host: TCP, variables: verifying })).toThrow('set DOCKER_CERT_PATH');
  });

  it.each<[string, Case, RegExp | undefined]>([
    ['verified', { host: TCP, variables: { DOCKER_TLS_VERIFY: '1' }, existing: files('ca') }, undefined],
    ['a value that looks like a no', { host: TCP, variables: verifying, existing: files('ca') },
      /^DOCKER_TLS_VERIFY=0 means yes, as any value but an empty one does: unset it to mean no$/],
    ['such a value in capitals', { host: TCP, variables: { DOCKER_TLS: 'OFF', DOCKER_TLS_VERIFY: '1' }, existing: files('ca') }, /^DOCKER_TLS=OFF means yes/],
    ['such a value and a socket', { host: 'unix:///x', variables: verifying }, undefined],
    ['such a value and a context with files', { ...lab, variables: verifying, existing: files('ca') }, undefined],
    ['not verified', { host: TCP, variables: { DOCKER_TLS: '1' } }, /encrypted, but the server certificate is not verified, by DOCKER_TLS without/],
    ['not verified by a context', skipping, /by SkipTLSVerify of context "lab"/],
    ['DOCKER_CERT_PATH alone', { host: TCP, variables: { DOCKER_CERT_PATH: '/c' } }, /^the connection to tcp:\/\/h:2376 is not encrypted/],
    ['DOCKER_CERT_PATH and a socket', { host: 'unix:///x', variables: { DOCKER_CERT_PATH: '/c' } }, undefined],
    ['nothing', { host: TCP }, undefined],
  ])('causes the right warnings: %s', (_, given, words) => {
    const { warnings } = choose({ tlsFolder: '/c', ...given }).explanation;
    expect(warnings).toEqual(words === undefined ? [] : [expect.stringMatching(words)]);
  });
});

describe('API version and platform', () => {
  it('come from the variables', () => {
    const variables = { DOCKER_API_VERSION: 'v1.41', DOCKER_DEFAULT_PLATFORM: 'linux/arm64' };
    expect(choose({ variables }).explanation).toMatchObject({ version: '1.41', platform: 'linux/arm64' });
    expect(choose({}).explanation).toMatchObject({ version: undefined, platform: undefined });
  });

  it.each([
    [{ DOCKER_API_VERSION: '1' }, 'DOCKER_API_VERSION "1" is not an API version'],
    [{ DOCKER_DEFAULT_PLATFORM: 'linux/' }, 'DOCKER_DEFAULT_PLATFORM: "linux/" is not a valid platform'],
  ])('%j is a ConfigError that names the variable', (variables, words) => {
    expect(() => choose({ variables })).toThrow(ConfigError);
    expect(() => choose({ variables })).toThrow(words);
  });
});
