// Records real programs with a real engine (`longshore record`), and replays the tapes to the same programs, which must behave the
// same.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseTape, replay } from '../../src/testing.ts';
import { insideBase64 } from '../support/planted.ts';
import { find, lacking, notTried, titled } from '../support/installed.ts';
import { authority } from './certificates.ts';
import { noSshd, startSshd } from './sshd.ts';
import {
  COMMAND, ENGINE, HOST, LOGIN, REGISTRY_AUTH, cleanUp, collect, connect, makeFor, makeImage, temporaryFolder,
} from './support.ts';

const docker = connect();
const folder = await temporaryFolder();
afterAll(async () => {
  await folder.remove();
  await cleanUp(docker);
});

let tapes = 0;
const newTape = (): string => join(folder.path, `${++tapes}.tape`);

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function outcomeOf(program: string, argv: readonly string[], env: NodeJS.ProcessEnv, input = ''): Promise<Outcome> {
  const child = spawn(program, argv, { env });
  child.stdin.on('error', () => {}).end(input);
  const [stdout, stderr, [code]] = await Promise.all([collect(child.stdout), collect(child.stderr), once(child, 'close')]);
  return { code, stdout: stdout.toString('latin1'), stderr: stderr.toString('latin1') };
}

/** Records what `work` sends to the engine, or to `host`. Resolves with the tape's path. */
async function recorded(work: (host: string) => Promise<void>, host = HOST, variables: NodeJS.ProcessEnv = {}): Promise<string> {
  const tape = newTape();
  const env = { ...process.env, ...variables, DOCKER_HOST: host };
  const child = spawn(process.execPath, [COMMAND, 'record', '-o', tape], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const stderr = collect(child.stderr);
  const ended = once(child, 'close');
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [unknown];
  const [, front] = /^DOCKER_HOST=(\S+)\n$/.exec(String(line)) ?? [];
  if (front === undefined) throw new Error(`nothing is recorded: ${await stderr}`);
  try {
    await work(front);
  } finally {
    child.kill('SIGINT');
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`longshore record (${code}): ${await stderr}`);
  return tape;
}

/** Runs programs with the engine through the recorder, and then with the tape: they must print the same. */
async function twice(work: (host: string) => Promise<Outcome[]>): Promise<Outcome[]> {
  let first: Outcome[] = [];
  const tape = await recorded(async (host) => void (first = await work(host)));
  const engine = await replay(tape);
  try {
    expect(await work(engine.host)).toEqual(first);
    engine.verify();
  } finally {
    await engine.close();
  }
  return first;
}

const codes = (outcomes: readonly Outcome[]): Array<number | null> => outcomes.map(({ code }) => code);

describe('a tape is replayed to the program it was recorded with:', () => {
  it('longshore, which logs in, pushes and pulls', async () => {
    const { name, remote } = await makeFor(docker, REGISTRY_AUTH, 'recording');
    const auth = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64');
    const DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { [REGISTRY_AUTH]: { auth } } });
    const run = (host: string, argv: readonly string[]): Promise<Outcome> =>
      outcomeOf(process.execPath, [COMMAND, ...argv], { ...process.env, DOCKER_AUTH_CONFIG, DOCKER_HOST: host });
    const outcomes = await twice(async (host) => [
      await run(host, ['inspect', name]),
      await run(host, ['push', remote]),
      await run(host, ['pull', remote]),
      await run(host, ['ls', '--json', remote]),
      await run(host, ['history', `${name}-none`]),
    ]);
    expect(codes(outcomes)).toEqual([0, 0, 0, 0, 1]);
    expect(outcomes[0]?.stdout).toContain('sha256:');
  });

  const noDocker = lacking('docker');
  it.skipIf(noDocker)(titled('the docker command', noDocker), async () => {
    const { name } = await makeImage(docker, 'recording-docker');
    const DOCKER_CONFIG = join(folder.path, 'config');
    const run = (host: string, ...argv: string[]): Promise<Outcome> =>
      outcomeOf(find('docker') ?? '', argv, { ...process.env, DOCKER_CONFIG, DOCKER_HOST: host });
    const outcomes = await twice(async (host) => [
      await run(host, 'version', '--format', '{{.Server.Version}}'),
      await run(host, 'images', '--no-trunc', '--quiet', name),
      await run(host, 'image', 'inspect', name),
      await run(host, 'tag', name, `${name}-again`),
      await run(host, 'rmi', `${name}-again`),
      await run(host, 'rmi', `${name}-again`),
    ]);
    expect(codes(outcomes)).toEqual([0, 0, 0, 0, 0, 1]);
    expect(outcomes[0]?.stdout.trim()).toBe(ENGINE.version);
  });

  const noCurl = lacking('curl');
  it.skipIf(noCurl)(titled('curl, which waits for "100 Continue"', noCurl), async () => {
    const { name } = await makeImage(docker, 'recording-curl');
    const run = (host: string, ...argv: string[]): Promise<Outcome> =>
      outcomeOf('curl', ['-sS', '--unix-socket', host.slice('unix://'.length), ...argv], process.env);
    const outcomes = await twice(async (host) => [
      await run(host, '-I', 'http://d/_ping'),
      await run(host, `http://d/images/${name}/json`),
      await run(host, '-H', 'Expect: 100-continue', '-X', 'POST', '--data-binary', 'no archive', 'http://d/images/load'),
    ]);
    expect(codes(outcomes)).toEqual([0, 0, 0]);
    expect(outcomes[0]?.stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});

describe('no secret is on a tape of', () => {
  const secrets = [LOGIN.password, ...insideBase64(LOGIN.password)];
  const expectNone = (tape: string): void => {
    const bytes = Buffer.concat(parseTape(readFileSync(tape)).records.map((record) => ('bytes' in record ? record.bytes : Buffer.of())));
    const urlSafe = secrets.map((secret) => secret.replaceAll('+', '-').replaceAll('/', '_'));
    for (const secret of [...secrets, ...urlSafe]) expect(bytes.includes(secret)).toBe(false);
  };

  const noDocker = lacking('docker');
  it.skipIf(noDocker)(titled('docker login and docker push', noDocker), async () => {
    const { remote } = await makeFor(docker, REGISTRY_AUTH, 'recording-login');
    const DOCKER_CONFIG = join(folder.path, 'login');
    await mkdir(DOCKER_CONFIG);
    const auth = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64');
    await writeFile(join(DOCKER_CONFIG, 'config.json'), JSON.stringify({ auths: { [REGISTRY_AUTH]: { auth } } }));
    const tape = await recorded(async (host) => {
      const run = (argv: string[], input?: string): Promise<Outcome> =>
        outcomeOf(find('docker') ?? '', argv, { ...process.env, DOCKER_CONFIG, DOCKER_HOST: host }, input);
      expect(await run(['push', remote])).toMatchObject({ code: 0 });
      const login = ['login', '--username', LOGIN.username, '--password-stdin', REGISTRY_AUTH];
      // Podman uses only HTTPS, which this registry lacks; the password is still sent to Podman.
      expect(await run(login, LOGIN.password)).toMatchObject({ code: ENGINE.isPodman ? 1 : 0 });
    });
    expect(readFileSync(tape, 'latin1')).toMatch(/^X-Registry-Auth: \[redacted\]\r$/m);
    expect(readFileSync(tape, 'latin1')).toMatch(/^POST \S*\/auth HTTP/m);
    expectNone(tape);
  });
});

describe('an engine is recorded', () => {
  const lists = async (host: string): Promise<void> => {
    const listed = await outcomeOf(process.execPath, [COMMAND, 'version', '--json'], { ...process.env, DOCKER_HOST: host });
    expect(JSON.parse(listed.stdout)).toMatchObject({ engine: { Version: ENGINE.version } });
  };
  const requestsOf = async (tape: string): Promise<string[]> => {
    const engine = await replay(tape);
    await engine.close();
    return engine.remaining().map(({ method, target }) => `${method} ${target.replace(/^\/v1\.\d+/, '')}`);
  };

  const { DOCKER_TLS_HOST, DOCKER_TLS_CERTS } = process.env;
  const noTls = ENGINE.isPodman ? 'Podman has no TLS' : DOCKER_TLS_HOST ? undefined : notTried('DOCKER_TLS_HOST does not name its port');
  it.skipIf(noTls)(titled('behind TLS', noTls), async () => {
    const certificates = authority(String(DOCKER_TLS_CERTS), 'its own', folder.path);
    const files = { ca: certificates.ca, ...certificates.issue('client') };
    const path = join(folder.path, 'certificates');
    await mkdir(path);
    for (const [name, file] of Object.entries(files)) await copyFile(file, join(path, `${name}.pem`));
    const tape = await recorded(lists, DOCKER_TLS_HOST, { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: path });
    expect(await requestsOf(tape)).toContain('GET /version');
  });

  it.skipIf(noSshd !== undefined)(titled('behind ssh', noSshd), async () => {
    const sshd = await startSshd();
    try {
      expect(await requestsOf(await recorded(lists, sshd.host('good')))).toContain('GET /version');
    } finally {
      await sshd.close();
    }
  });

  const noCurl = ENGINE.isPodman ? 'Podman has no sessions' : lacking('curl');
  it.skipIf(noCurl)(titled('while BuildKit has a connection of its own, which is not', noCurl), async () => {
    const tape = await recorded(async (host) => {
      const socket = ['--unix-socket', host.slice('unix://'.length)];
      const upgrade = ['-H', 'Connection: Upgrade', '-H', 'Upgrade: h2c', '-H', 'X-Docker-Expose-Session-Uuid: 1'];
      const session = spawn('curl', ['-sS', '-i', '-N', '-X', 'POST', ...socket, ...upgrade, 'http://d/session']);
      const [head] = await once(session.stdout, 'data');
      expect(String(head)).toMatch(/^HTTP\/1\.1 101 /);
      await lists(host);
      session.kill();
    });
    const requests = await requestsOf(tape);
    expect(requests).toContain('GET /version');
    expect(requests).not.toContain('POST /session');
  });
});

