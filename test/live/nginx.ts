// Starts an nginx in front of the engine under test, and between the two a relay that can stop in the middle of a
// response, as an engine that dies.
//
//   client -- HTTP/1.1 --> nginx -- HTTP/1.0 --> relay --> engine
//
// By default, nginx uses HTTP/1.0 to the server behind it: there, the end of the connection is the end of the
// response. So nginx ends its own response normally, with a last chunk, when the engine dies.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { NetConnectOpts, Socket } from 'node:net';
import { join } from 'node:path';
import { parseAddress } from '../../src/config/engine-address.ts';
import { until } from '../support/fake-daemon.ts';
import { find, lacking, notTried } from '../support/installed.ts';
import { HOST, temporaryFolder } from './support.ts';

const address = parseAddress(HOST);
const engine = connectOptions();
function connectOptions(): NetConnectOpts | undefined {
  if (address.scheme === 'unix') return { path: address.path };
  return address.scheme === 'tcp' ? { host: address.host, port: address.port } : undefined;
}

/** Why the tests cannot run, for their title; undefined if they can. */
export const noNginx: string | undefined = lacking('nginx') ?? (engine ? undefined : notTried('the relay speaks neither TLS nor ssh'));

export interface Nginx {
  /** Its address, as DOCKER_HOST has it. */
  readonly host: string;
  /** Its socket. */
  readonly socket: string;
  /** The engine's last response to a request whose target begins with this, after the version. */
  answerTo(target: string): string;
  /** Responds to the next request whose target begins with this instead of the engine, then ends the connection. */
  answerNext(target: string, answer: string): void;
  /** Whether that request has come. */
  isAnswered(): boolean;
  close(): Promise<void>;
}

/** Starts nginx and the relay; all their files are in one temporary folder. */
export async function startNginx(): Promise<Nginx> {
  const { path: folder, remove } = await temporaryFolder();
  const socket = join(folder, 'front.sock');
  const relay = await startRelay(join(folder, 'relay.sock'));
  mkdirSync(join(folder, 'temporary'));
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder));
  const argv = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'];
  const child = spawn(find('nginx') ?? '', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  // nginx logs its event method directly after it has begun to listen.
  await until(() => said.includes('event method') || child.exitCode !== null);
  if (child.exitCode !== null) throw new Error(`nginx: ${said}`);
  return {
    host: `unix://${socket}`,
    socket,
    answerTo: relay.answerTo,
    answerNext: relay.answerNext,
    isAnswered: relay.isAnswered,
    async close() {
      child.kill();
      await exit;
      relay.close();
      await remove();
    },
  };
}

/** One process in the foreground, so that nothing runs after its end, and no file outside of the folder. */
function configuration(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
    daemon off;
    master_process off;
    pid ${folder}/nginx.pid;
    error_log stderr notice;
    events {}
    http {
      access_log off;
      client_max_body_size 0;
      ${temporary.map((name) => `${name}_temp_path ${folder}/temporary/${name};`).join('\n')}
      server {
        listen unix:${folder}/front.sock;
        location / {
          proxy_pass http://unix:${folder}/relay.sock:;
          proxy_http_version 1.0;
          proxy_buffering off;
        }
      }
    }`;
}

type Relay = Pick<Nginx, 'answerTo' | 'answerNext' | 'isAnswered'> & { close(): void };

/** Passes bytes on in both directions. Each connection has one request, as in HTTP/1.0. */
async function startRelay(path: string): Promise<Relay> {
  const answers = new Map<string, Buffer[]>();
  const open = new Set<Socket>();
  let next: { readonly target: string; readonly answer: string } | undefined;
  const server = createServer({ allowHalfOpen: true }, (front) => {
    keep(front, open);
    front.once('data', (first: Buffer) => {
      const target = /^[A-Z]+ (?:\/v[0-9.]+)?(\S+)/.exec(first.toString('latin1'))?.[1] ?? '';
      if (next !== undefined && target.startsWith(next.target)) {
        front.resume().end(next.answer);
        next = undefined;
        return;
      }
      const answer: Buffer[] = [];
      answers.set(target, answer);
      const back = connect({ ...engine, allowHalfOpen: true } as NetConnectOpts);
      keep(back, open);
      back.write(first);
      front.pipe(back);
      back.on('data', (bytes: Buffer) => answer.push(bytes));
      back.pipe(front);
      front.once('close', () => back.destroy());
      back.once('close', () => front.destroySoon());
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    answerTo(target) {
      const found = [...answers].findLast(([asked]) => asked.startsWith(target));
      if (found === undefined) throw new Error(`nothing was asked of ${target}`);
      return Buffer.concat(found[1]).toString();
    },
    answerNext: (target, answer) => void (next = { target, answer }),
    isAnswered: () => next === undefined,
    close() {
      for (const each of open) each.destroy();
      server.close();
    },
  };
}

/** A broken connection ends the exchange; the error itself does not matter. */
function keep(socket: Socket, open: Set<Socket>): void {
  open.add(socket);
  socket.on('error', () => socket.destroy());
  socket.once('close', () => open.delete(socket));
}
