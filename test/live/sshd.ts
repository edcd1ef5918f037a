// Starts an sshd on 127.0.0.1 with new keys, and puts an `ssh` first on PATH that reads our configuration. This is
// necessary to keep the tests away from the user's own keys and known hosts: OpenSSH ignores HOME, and looks for its
// files in the home folder of the system's list of users.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseAddress } from '../../src/config/engine-address.ts';
import { until } from '../support/fake-daemon.ts';
import { runs } from '../support/fake-ssh.ts';
import { find, lacking, notTried } from '../support/installed.ts';
import { pids, run } from './programs.ts';
import { HOST, temporaryFolder } from './support.ts';

const address = parseAddress(HOST);

/** Why the sshd cannot be started, for the title of a test. */
export const noSshd: string | undefined =
  lacking('sshd', 'ssh', 'ssh-keygen', 'docker', 'pgrep') ??
  (address.scheme === 'unix' ? undefined : notTried('the engine has no socket'));

export interface Sshd {
  /** The address of the engine under test, or of another path, over ssh by one of the aliases. */
  host(alias: string, path?: string): string;
  /** The processes of sshd, one for each connection. */
  sessions(): number[];
  close(): Promise<void>;
}

/** Each alias with the key to log in with, and what is known of the host key; all except one mean the same sshd. */
const aliases: ReadonlyArray<readonly [name: string, key: string, known: string]> = [
  ['good', 'key', 'known'],
  ['refused', 'other', 'known'],
  ['unknown', 'key', 'none'],
  ['changed', 'key', 'wrong'],
  ['closed', 'key', 'known'], // on a port where no process listens
];

/** Starts an sshd; until it is closed, the `ssh` on PATH supports the aliases. */
export async function startSshd(): Promise<Sshd> {
  const { path: folder, remove } = await temporaryFolder();
  const path = process.env['PATH'] ?? '';
  const [port, closedPort] = [await freePort(), await freePort()];
  writeFiles(folder, port, closedPort);
  process.env['PATH'] = `${folder}${delimiter}${path}`;
  // The folder for the privilege separation of root's sshd. It is not removed: another run of these tests may need it.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const argv = ['-D', '-e', '-f', join(folder, 'sshd_config')];
  const child = spawn(find('sshd') ?? '', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  child.once('exit', (code) => (said += `exited with ${code}: Server listening on nothing`));
  await until(() => said.includes('Server listening'));
  if (child.exitCode !== null) throw new Error(`sshd: ${said}`);
  return {
    host: (alias, there = address.scheme === 'unix' ? address.path : '') => `ssh://${alias}${there}`,
    sessions: () => pids('-P', String(child.pid)).filter(runs),
    async close() {
      process.env['PATH'] = path;
      child.kill();
      await remove();
    },
  };
}

/** Makes keys, known_hosts files, and what a user would have in ~/.ssh/config. */
function writeFiles(folder: string, port: number, closedPort: number): void {
  const at = (name: string): string => join(folder, name);
  const [hostKey, , otherKey] = ['host', 'key', 'other'].map((name) => {
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
    return readFileSync(at(`${name}.pub`), 'utf8');
  });
  writeFileSync(at('known'), `[127.0.0.1]:${port} ${hostKey}`);
  writeFileSync(at('wrong'), `[127.0.0.1]:${port} ${otherKey}`);
  const hosts = aliases.map(([name, key, known]) => [
    `Host ${name}`, 'HostName 127.0.0.1', `Port ${name === 'closed' ? closedPort : port}`, `User ${userInfo().username}`,
    `IdentityFile ${at(key)}`, 'IdentitiesOnly yes', `UserKnownHostsFile ${at(known)}`, 'GlobalKnownHostsFile /dev/null', '',
  ].join('\n'));
  writeFileSync(at('config'), hosts.join('\n'));
  writeFileSync(at('sshd_config'), [
    `Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${at('host')}`, 'StrictModes no', 'UsePAM no', 'PidFile none',
    `AuthorizedKeysFile ${at('key.pub')}`, 'PasswordAuthentication no', 'KbdInteractiveAuthentication no',
    `SetEnv PATH=${process.env['PATH']}`, '',
  ].join('\n'));
  writeFileSync(at('ssh'), `#!/bin/sh\nexec '${find('ssh')}' -F '${at('config')}' "$@"\n`, { mode: 0o755 });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
