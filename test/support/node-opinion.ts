// What Node's own HTTP client makes of a wire case: the second opinion on ours.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { quote } from './wire-cases.ts';
import type { WireCase } from './wire-cases.ts';

/** As much of a socket as the client asks for, with the engine's side in the hands of the test. */
class FakeSocket extends Duplex {
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done();
  }
}

/** The case's events in one line: `error`, `waiting`, `closed`, or status, content and what becomes of the connection. */
export function verdictOf({ events }: WireCase): string {
  const last = events.at(-1) ?? '';
  if (!last.startsWith('end ')) return last.replace(/ .*/, '');
  const status = /^head \S+ (\S+)/m.exec(events.join('\n'))?.[1];
  const content = events.find((line) => line.startsWith('content '))?.slice('content '.length) ?? '""';
  return `${status} ${content} ${last.slice('end '.length)}`;
}

/** The same of Node's client, which is given the bytes in one read. */
export async function nodesVerdict({ method, wire, end, idle }: WireCase): Promise<string> {
  const socket = new FakeSocket({ allowHalfOpen: false });
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = (() => socket) as unknown as Agent['createConnection'];
  socket.on('error', () => {});
  try {
    if (idle) {
      await outcome(socket, agent, 'GET', Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'), 'open');
      await give(socket, wire, end);
      return isKept(agent) ? 'kept' : 'closed';
    }
    return await outcome(socket, agent, method, wire, end);
  } finally {
    agent.destroy();
    socket.destroy();
  }
}

async function outcome(socket: FakeSocket, agent: Agent, method: string, wire: Buffer, end: WireCase['end']): Promise<string> {
  const asked = request({ method, agent, path: '/', host: 'engine' });
  let answer: IncomingMessage | undefined;
  let over: 'end' | 'error' | undefined;
  const content: Buffer[] = [];
  asked.on('error', () => (over ??= 'error'));
  asked.on('upgrade', () => (over ??= 'error'));
  asked.on('response', (response) => {
    answer = response;
    response.on('data', (chunk: Buffer) => content.push(chunk));
    response.on('error', () => (over = 'error'));
    response.on('end', () => (over ??= 'end'));
  });
  asked.end();
  await once(asked, 'finish');
  await give(socket, wire, end);
  if (over === 'error') return 'error';
  if (over === undefined) return 'waiting';
  return `${answer?.statusCode} ${quote(Buffer.concat(content).toString('latin1'))} ${isKept(agent) ? 'reusable' : 'close'}`;
}

async function give(socket: FakeSocket, wire: Buffer, end: WireCase['end']): Promise<void> {
  if (wire.length > 0) socket.push(wire);
  await turns();
  if (end === 'eof') socket.push(null);
  if (end === 'reset') socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  await turns();
}

/** Enough for whatever the client puts off to a later turn. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function isKept(agent: Agent): boolean {
  return Object.values(agent.freeSockets).some((sockets) => (sockets?.length ?? 0) > 0);
}

/** A line of fixtures/http/disagreements.md. */
export interface Disagreement {
  readonly title: string;
  /** What Node's client makes of it, by version. */
  readonly verdicts: readonly string[];
}

/** The cases that Node judges otherwise. */
export function disagreements(): Disagreement[] {
  const text = readFileSync(new URL('../../fixtures/http/disagreements.md', import.meta.url), 'utf8');
  return [...text.matchAll(/^- (.+): ((?:`[^`]+`(?: or )?)+)$/gm)].map(([, title = '', verdicts = '']) => ({
    title,
    verdicts: [...verdicts.matchAll(/`([^`]+)`/g)].map(([, verdict = '']) => verdict),
  }));
}
