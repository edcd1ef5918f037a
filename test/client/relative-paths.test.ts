// A program may change its working directory at any time. A relative path means the file that it named at the call, whenever
// that file is read or written. (Test workers cannot change their directory, so `process.cwd` is replaced.)

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ImageClient, dockerConfig, encodeRegistryAuth } from '../../src/index.ts';
import { encodeTape, record, replay } from '../../src/testing.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import { pathOf, tlsDaemon } from '../support/tls-daemon.ts';

let folder: string;
const enter = (name: string): void => void vi.spyOn(process, 'cwd').mockReturnValue(join(folder, name));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-relative-'));
  for (const name of ['here', 'there']) mkdirSync(join(folder, name));
  enter('here');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const login = (password: string): string =>
  JSON.stringify({ auths: { 'r.example': { auth: Buffer.from(`u:${password}`).toString('base64') } } });
function writeLogins(name: 'config.json' | 'auth.json'): void {
  for (const where of ['here', 'there']) {
    mkdirSync(join(folder, where, 'config'));
    writeFileSync(join(folder, where, 'config', name), login(where));
  }
}

describe('a relative path means what it meant at the call:', () => {
  it('the folder of dockerConfig', async () => {
    writeLogins('config.json');
    const source = dockerConfig({ folder: 'config' });
    enter('there');
    expect(encodeRegistryAuth(await source('r.example', {}))).toBe(encodeRegistryAuth({ username: 'u', password: 'here' }));
  });

  it.each([
    ['DOCKER_CONFIG', 'config.json', 'config'],
    ['REGISTRY_AUTH_FILE', 'auth.json', 'config/auth.json'],
  ] as const)('%s', async (variable, name, value) => {
    writeLogins(name);
    const source = dockerConfig({ environment: { HOME: '/nowhere', [variable]: value } });
    enter('there');
    expect(encodeRegistryAuth(await source('r.example', {}))).toBe(encodeRegistryAuth({ username: 'u', password: 'here' }));
  });

  it('the tape of record, and its socket', async () => {
    const engine = await fakeEngine(() => ({ Version: '1', ApiVersion: '1.41', Os: 'linux', Arch: 'amd64' }));
    const starting = record('x.tape', { host: engine.host, socketPath: 'x.sock' });
    enter('there');
    const recording = await starting;
    expect(recording.socketPath).toBe(join(folder, 'here', 'x.sock'));
    await recording.close();
    await engine.close();
    expect([readdirSync(join(folder, 'here')), readdirSync(join(folder, 'there'))]).toEqual([['x.tape'], []]);
  });

  it('the tape of replay, and its socket', async () => {
    const header = { engine: 'Docker', version: '1', command: 'x', date: '2026-01-31' };
    writeFileSync(join(folder, 'here', 'x.tape'), encodeTape({ header, records: [] }));
    const starting = replay('x.tape', { socketPath: 'x.sock' });
    enter('there');
    const engine = await starting;
    expect(engine.socketPath).toBe(join(folder, 'here', 'x.sock'));
    await engine.close();
  });

  const copyCertificates = (where: string): void => {
    mkdirSync(join(folder, where));
    for (const [name, copy] of [['ca.pem', 'ca.pem'], ['client.pem', 'cert.pem'], ['client-key.pem', 'key.pem']] as const) {
      copyFileSync(pathOf(name), join(folder, where, copy));
    }
  };

  it.each([
    ['the files of tls', (host: string) => Promise.resolve(new ImageClient({ host, tls: { ca: 'c/ca.pem', cert: 'c/cert.pem', key: 'c/key.pem' } }))],
    ['the files of tls beside the environment', (host: string) =>
      ImageClient.fromEnvironment({ host, environment: {}, tls: { ca: 'c/ca.pem', cert: 'c/cert.pem', key: 'c/key.pem' } })],
    ['DOCKER_CERT_PATH', (host: string) =>
      ImageClient.fromEnvironment({ environment: { DOCKER_HOST: host, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: 'c' } })],
  ] as const)('%s', async (_, make) => {
    copyCertificates('here/c');
    const daemon = await tlsDaemon((socket) => socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 0\r\n\r\n')));
    const making = make(`tcp://127.0.0.1:${daemon.port}`);
    enter('there');
    const client = await making;
    expect((await client.ping()).apiVersion).toBe('1.41');
    client.close();
    daemon.close();
  });
});

describe('the messages about a relative path', () => {
  it('show the whole path', async () => {
    const client = new ImageClient({ host: 'tcp://127.0.0.1:1', tls: { ca: 'nothing.pem' } });
    await expect(client.ping()).rejects.toThrow(`tls.ca (${join(folder, 'here', 'nothing.pem')}): the file does not exist`);
  });
});
