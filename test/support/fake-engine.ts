// A fake engine: Node's HTTP server on a Unix socket. It answers pings itself, and every other request as the test says.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Asked {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface FakeEngine {
  readonly host: string;
  /** Every request but pings, in order. */
  readonly asked: readonly Asked[];
  /** How often it was pinged. */
  readonly pings: () => number;
  /** The response to pings from now on. */
  apiVersion: string;
  close(): Promise<void>;
}

/** The response; a string or object is sent with status 200. */
export type Answering = (asked: Asked, response: ServerResponse) => string | object | void;

export async function fakeEngine(
  answering: Answering,
  apiVersion = '1.41',
  pingHeaders: Readonly<Record<string, string>> = {},
): Promise<FakeEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-'));
  const path = join(folder, 'd.sock');
  const asked: Asked[] = [];
  let pings = 0;
  const server = createServer(async (incoming, response) => {
    response.on('error', () => {});
    if (incoming.url === '/_ping') {
      pings++;
      response.writeHead(200, { 'Api-Version': engine.apiVersion, ...pingHeaders }).end(incoming.method === 'HEAD' ? undefined : 'OK');
      return;
    }
    const blocks: Buffer[] = [];
    try {
      for await (const block of incoming) blocks.push(block);
    } catch {
      return; // a request that was aborted
    }
    const request = { method: incoming.method ?? '', target: incoming.url ?? '', headers: incoming.headers, body: Buffer.concat(blocks) };
    asked.push(request);
    const answer = answering(request, response);
    if (answer !== undefined) response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  server.listen(path);
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  };
  const engine = { host: `unix://${path}`, asked, pings: () => pings, apiVersion, close };
  return engine;
}
