// A Unix socket that is listened on, for `testing/` alone; on Windows, a named pipe.

import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { escapeText, utf8 } from '../bytes.ts';
import { ArgumentError, FileError } from '../errors.ts';

/** A socket that is listened on. */
export interface Listener {
  /** Absolute. */
  readonly path: string;
  /** As DOCKER_HOST has it: `"unix:///tmp/longshore-a1b2c3/engine.sock"`. */
  readonly host: string;
  /** Takes no more connections, and removes the socket. Resolves when the last connection is closed, by whoever has it. */
  close(): Promise<void>;
}

/** The longest path of a socket, without its final NUL: `sun_path` in unix(7), and in unix(4) of macOS and the BSDs. */
const PATH_LIMIT: number = process.platform === 'linux' ? 107 : 103;

/**
 * Listens there, or where no path is given, in a new folder that only this user can enter. Who may connect may do what
 * this process may: a socket whose path was given is for this user alone, too.
 */
export async function listen(path: string | undefined, onConnection: (connection: Duplex) => void): Promise<Listener> {
  const isWindows = process.platform === 'win32';
  const folder = path === undefined && !isWindows ? await mkdtemp(join(tmpdir(), 'longshore-')) : undefined;
  const place = path === undefined ? ownPlace(folder) : isWindows ? path : resolve(path);
  // allowHalfOpen: who has said all may still be told something.
  const server = createServer({ allowHalfOpen: true }, onConnection);
  try {
    if (!isWindows) checkLength(place);
    await listening(server, place);
    if (!isWindows) await chmod(place, 0o600);
  } catch (error) {
    server.close();
    if (folder !== undefined) await rm(folder, { recursive: true });
    throw error;
  }
  return {
    path: place,
    host: isWindows ? `npipe://${place.replaceAll('\\', '/')}` : `unix://${place}`,
    async close() {
      await new Promise<void>((done) => server.close(() => done())); // which removes the socket
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
let pipes = 0;

function ownPlace(folder: string | undefined): string {
  return folder === undefined ? `\\\\.\\pipe\\longshore-${process.pid}-${++pipes}` : join(folder, 'engine.sock');
}

/** Node 20 cuts a longer one without a word, and listens elsewhere. */
function checkLength(path: string): void {
  const { length } = utf8(path);
  if (length <= PATH_LIMIT) return;
  throw new ArgumentError(`the path of a socket has at most ${PATH_LIMIT} bytes, and "${escapeText(path)}" has ${length}`);
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((done, reject) => {
    server.once('error', (error) => void cannotListen(path, error).then(reject));
    server.listen(path, () => {
      server.removeAllListeners('error').on('error', () => {}); // a connection that could not be taken is its maker's affair
      done();
    });
  });
}

const meanings: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is there already; remove it if nobody listens on it',
  ENOTDIR: 'what should be its folder is a file',
  EACCES: 'permission denied',
};

/** Node says EACCES, too, where there is no folder. */
async function cannotListen(path: string, cause: NodeJS.ErrnoException): Promise<FileError> {
  const lacksFolder = cause.code === 'EACCES' && !(await stat(dirname(path)).then(() => true, () => false));
  const why = lacksFolder ? 'there is no such folder' : (meanings[cause.code ?? ''] ?? cause.code ?? cause.message);
  const errno = lacksFolder ? 'ENOENT' : cause.code;
  return new FileError(`cannot listen on ${escapeText(path)}: ${why}`, { path, errno, cause });
}
