// A recorded Docker 20.10 on a Unix socket, for programs that are started in another process, under any runtime: what
// they send must be what the demo has once sent, in the same order.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseTape, replayDialer } from '../../dist/testing.js';

const tape = fileURLToPath(new URL('../../fixtures/tapes/docker-20.10/demo.tape', import.meta.url));

/** What comes over a socket goes into a channel of the tape, and what the tape answers comes back. */
async function connect(socket, dialer) {
  socket.on('error', () => {}); // a client that goes away has been served
  const channel = await dialer.dial({});
  const memory = new Uint8Array(64 * 1024);
  channel.owner = {
    memory: () => memory,
    received: (bytes) => (socket.write(Uint8Array.from(bytes)), true),
    ended: () => void socket.end(),
    broken: (error) => void socket.destroy(error),
  };
  socket.on('data', (bytes) => channel.write([bytes]));
  socket.on('close', () => channel.destroy());
}

/** Starts one. `remaining()` are the requests that nobody has sent. */
export async function startRecordedEngine() {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-recorded-'));
  const dialer = replayDialer(parseTape(readFileSync(tape)));
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.pause();
    connect(socket, dialer).then(() => socket.resume(), (error) => socket.destroy(error));
  });
  server.listen(join(folder, 'd.sock'));
  await once(server, 'listening');
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { host: `unix://${join(folder, 'd.sock')}`, remaining: () => dialer.remaining(), stop };
}
