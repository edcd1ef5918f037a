// A relay between clients and an engine that lets only so many bytes a second through, in each direction. It runs in a process of its
// own: `startLink` starts it. It also counts the bytes, so a program need not be believed.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A timer may be late by this many milliseconds without making the link slower. */
const LATE_MS = 20;

/** Starts a relay at the path of a socket. `sent` returns the number of bytes that were sent to the engine since its last call. */
export async function startLink(path, engine, bytesPerSecond) {
  const relay = fork(fileURLToPath(import.meta.url), [path, engine, String(bytesPerSecond)]);
  await once(relay, 'message');
  const sent = async () => {
    relay.send('count');
    return (await once(relay, 'message'))[0];
  };
  return { sent, stop: () => relay.kill() };
}

/** Passes chunks on. Each arrives when the line, which all connections share, has transported it. */
async function passOn(from, to, line) {
  for await (const chunk of from) {
    const now = performance.now();
    line.bytes += chunk.length;
    line.freeAt = Math.max(line.freeAt, now - LATE_MS) + chunk.length / line.bytesPerMs;
    if (line.freeAt > now) await setTimeout(line.freeAt - now);
    if (!to.write(chunk)) await once(to, 'drain');
  }
  to.end();
}

function relay(path, engine, bytesPerSecond) {
  const line = () => ({ bytes: 0, freeAt: 0, bytesPerMs: bytesPerSecond / 1000 });
  const [there, back] = [line(), line()];
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const target = net.connect({ path: engine, allowHalfOpen: true });
    const both = [passOn(client, target, there), passOn(target, client, back)];
    // If one side breaks off, the other one is closed, too.
    for (const socket of [client, target]) socket.on('error', () => [client, target].forEach((each) => each.destroy()));
    Promise.allSettled(both).then(() => [client, target].forEach((each) => each.destroy()));
  });
  server.listen(path, () => process.send('listening'));
  process.on('message', () => {
    process.send(there.bytes);
    there.bytes = 0;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) relay(process.argv[2], process.argv[3], Number(process.argv[4]));
