// Listens on a Unix socket; on Windows, on a named pipe. Only `testing/` uses it.

import { lstatSync, unlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { chmod, link, lstat, mkdtemp, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { escapeText, utf8 } from '../bytes.ts';
import { ArgumentError, FileError } from '../errors.ts';
import { NEW_FILE_TEXTS } from '../system/errno.ts';

/** A listening socket. */
export interface Listener {
  /** The absolute path. */
  readonly path: string;
  /** The address in the form of DOCKER_HOST: `"unix:///tmp/longshore-a1b2c3/engine.sock"`. */
  readonly host: string;
  /** Stops listening and removes the socket. Resolves when the last connection is closed. */
  close(): Promise<void>;
}

/** The longest path of a socket in bytes, without its final NUL: `sun_path` in unix(7), and in unix(4) of macOS and the BSDs. */
const PATH_LIMIT: number = process.platform === 'linux' ? 107 : 103;

/**
 * Listens on a path; without one, in a new folder that only this user can enter. Only this user can connect to a given path,
 * too, because clients get the rights of this process at the engine. Throws a `FileError` if the path exists.
 */
export async function listen(path: string | undefined, onConnection: (connection: Duplex) => void): Promise<Listener> {
  // allowHalfOpen: a client may end its side and still wait for the response.
  const server = createServer({ allowHalfOpen: true }, onConnection);
  if (process.platform === 'win32') return listenOnPipe(server, path ?? ownPipe());
  return path === undefined ? listenInOwnFolder(server) : listenAt(server, resolve(path));
}

async function listenOnPipe(server: Server, path: string): Promise<Listener> {
  await listening(server, path, path);
  return { path, host: `npipe://${path.replaceAll('\\', '/')}`, close: () => closed(server) };
}
let pipes = 0;

function ownPipe(): string {
  return `\\\\.\\pipe\\longshore-${process.pid}-${++pipes}`;
}

async function listenInOwnFolder(server: Server): Promise<Listener> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const path = join(folder, 'engine.sock');
  await listening(server, path, path).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return { path, host: `unix://${path}`, close: () => closed(server).then(remove) };
}

/**
 * The mode of a new socket depends on the umask until chmod, so other users could connect in between. Therefore the socket is
 * created in a folder that only this user can enter, and then linked to its path. A link never replaces an existing file.
 */
async function listenAt(server: Server, path: string): Promise<Listener> {
  checkLength(path);
  const isTaken = await lstat(path).then(() => true, () => false);
  if (isTaken) cannotListen(path, { code: 'EEXIST' });
  // In the same folder, because a hard link cannot lead to another file system.
  const folder = await mkdtemp(join(dirname(path), '.ls-')).catch((cause: unknown) => cannotListen(path, cause));
  const place = join(folder, 's');
  let own: BigIntStats;
  let handle: FileHandle | undefined;
  try {
    // On Linux, a path through the descriptor of the folder is short, even if the path of the folder is long.
    if (process.platform !== 'linux') checkLength(place);
    else if (utf8(place).length > PATH_LIMIT) handle = await open(folder);
    await listening(server, handle === undefined ? place : `/proc/self/fd/${handle.fd}/s`, path);
    await chmod(place, 0o600);
    own = await lstat(place, { bigint: true });
    await link(place, path).catch((cause: unknown) => cannotListen(path, cause));
  } catch (error) {
    await closed(server);
    await handle?.close();
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
  return {
    path,
    host: `unix://${path}`,
    async close() {
      const ended = closed(server);
      removeOwn(path, own);
      await ended;
      await handle?.close(); // last, because Node removes the path that it listened on, and this path uses the descriptor
    },
  };
}

/** Removes the socket synchronously, unless another file has its path now. Does nothing if the folder does not exist. */
function removeOwn(path: string, own: BigIntStats): void {
  try {
    const there = lstatSync(path, { bigint: true });
    if (there.ino === own.ino && there.dev === own.dev) unlinkSync(path);
  } catch {}
}

/** Stops listening. Resolves when the last connection is closed. */
function closed(server: Server): Promise<void> {
  return new Promise((done) => server.close(() => done()));
}

/** Throws for a path that is too long: Node 20 truncates it silently and listens elsewhere. */
function checkLength(path: string): void {
  const { length } = utf8(path);
  if (length <= PATH_LIMIT) return;
  throw new ArgumentError(`the path of a socket may have at most ${PATH_LIMIT} bytes, and "${escapeText(path)}" has ${length}`);
}

/** Listens on the path `place`. Errors name `path` instead. */
async function listening(server: Server, place: string, path: string): Promise<void> {
  const begun = new Promise<void>((done, reject) => {
    server.once('error', reject);
    server.listen(place, () => {
      server.removeAllListeners('error').on('error', () => {}); // the client of a failed connection gets its own error
      done();
    });
  });
  await begun.catch((cause: unknown) => cannotListen(path, cause));
}

function cannotListen(path: string, cause: unknown): never {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const why = NEW_FILE_TEXTS[code] ?? (code || message);
  throw new FileError(`cannot listen on ${escapeText(path)}: ${why}`, { path, errno: code, cause });
}
