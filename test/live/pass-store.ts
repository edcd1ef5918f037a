// The store of docker-credential-pass, a real one: `pass` with a key of GnuPG's, both made on the spot in a folder of
// their own. They are found by the environment, which whatever this process starts inherits.

import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lacking } from '../support/installed.ts';
import { run } from './programs.ts';
import { temporaryFolder } from './support.ts';

/** Why there can be none, for the title of a test. */
export const noPass: string | undefined = lacking('docker-credential-pass', 'pass', 'gpg', 'gpgconf');

export interface PassStore {
  store(registry: string, login: { readonly username: string; readonly password: string }): void;
  /** Takes the key away, and gives it back. */
  lock(): void;
  unlock(): void;
  close(): Promise<void>;
}

/** Makes one, which is this process's own until it is closed. */
export async function passStore(): Promise<PassStore> {
  const { path, remove } = await temporaryFolder();
  const keys = join(path, 'gnupg', 'private-keys-v1.d');
  const settings = { GNUPGHOME: join(path, 'gnupg'), PASSWORD_STORE_DIR: join(path, 'store') };
  const before = Object.keys(settings).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, settings);
  mkdirSync(settings.GNUPGHOME, { mode: 0o700 });
  const id = 'live@longshore.invalid';
  // What this process has in its own thread is not what the system's calls would find: it is passed on by hand.
  const tell = (name: string, argv: string[], input = ''): string => run(name, argv, { input, env: process.env });
  tell('gpg', ['--batch', '--quiet', '--passphrase', '', '--quick-generate-key', id, 'future-default', 'default', 'never']);
  tell('pass', ['init', id]);
  return {
    store: (ServerURL, { username: Username, password: Secret }) =>
      void tell('docker-credential-pass', ['store'], JSON.stringify({ ServerURL, Username, Secret })),
    lock() {
      tell('gpgconf', ['--kill', 'gpg-agent']); // it remembers
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
