// A real store of docker-credential-pass: `pass` with a GnuPG key, both made in a temporary folder. Environment
// variables point to them, and child processes inherit these.

import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lacking } from '../support/installed.ts';
import { run } from './programs.ts';
import { temporaryFolder } from './support.ts';

/** Why the store cannot be made, for the title of a test. */
export const noPass: string | undefined = lacking('docker-credential-pass', 'pass', 'gpg', 'gpgconf');

export interface PassStore {
  store(registry: string, login: { readonly username: string; readonly password: string }): void;
  /** Hides the key, and restores it. */
  lock(): void;
  unlock(): void;
  close(): Promise<void>;
}

/** Makes a store, which this process uses until it is closed. */
export async function passStore(): Promise<PassStore> {
  const { path, remove } = await temporaryFolder();
  const keys = join(path, 'gnupg', 'private-keys-v1.d');
  const settings = { GNUPGHOME: join(path, 'gnupg'), PASSWORD_STORE_DIR: join(path, 'store') };
  const before = Object.keys(settings).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, settings);
  mkdirSync(settings.GNUPGHOME, { mode: 0o700 });
  const id = 'live@longshore.invalid';
  // A worker thread has its own copy of the environment, so it is passed explicitly.
  const tell = (name: string, argv: string[], input = ''): string => run(name, argv, { input, env: process.env });
  tell('gpg', ['--batch', '--quiet', '--passphrase', '', '--quick-generate-key', id, 'future-default', 'default', 'never']);
  tell('pass', ['init', id]);
  return {
    store: (ServerURL, { username: Username, password: Secret }) =>
      void tell('docker-credential-pass', ['store'], JSON.stringify({ ServerURL, Username, Secret })),
    lock() {
      tell('gpgconf', ['--kill', 'gpg-agent']); // the agent caches the key
      renameSync(keys, `${keys}.away`);
    },
    unlock() {
      tell('gpgconf', ['--kill', 'gpg-agent']); // it may have made an empty folder
      rmSync(keys, { recursive: true, force: true });
      renameSync(`${keys}.away`, keys);
    },
    async close() {
      tell('gpgconf', ['--kill', 'all']);
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      await remove();
    },
  };
}
