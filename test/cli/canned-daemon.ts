// A daemon with canned responses: Node's own HTTP server on a Unix socket in a temporary folder.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface CannedDaemon {
  /** `unix:///…` */
  readonly host: string;
  /** A folder that is removed with the daemon. */
  readonly folder: string;
  /** `GET /images/json?all=1` for each request in turn, without version and pings; its body if it had one. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** The responses by method and path, without version and query; 404 for everything else. */
export async function cannedDaemon(answers: Readonly<Record<string, Answer>>, apiVersion = '1.41'): Promise<CannedDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-cli-'));
  const path = join(folder, 'engine.sock');
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const target = (request.url ?? '').replace(/^\/v1\.\d+/, '');
    if (target === '/_ping') {
      answers['HEAD /_ping']?.(response, request);
      return void response.setHeader('Api-Version', apiVersion).end();
    }
    response.setHeader('Api-Version', apiVersion); // all engines send it: a 404 without it is not from an engine
    const at = requests.push(`${request.method} ${target}`) - 1;
    request.on('data', (chunk: Buffer) => (requests[at] += ` ${chunk.toString('latin1')}`.trimEnd()));
    const answer = answers[`${request.method} ${target.split('?')[0]}`] ?? status(404, 'no such page');
    answer(response, request);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    host: `unix://${path}`,
    folder,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const json =
  (value: unknown): Answer =>
  (response) =>
    void response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));

export const status =
  (code: number, message: string): Answer =>
  (response) =>
    void response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify({ message }));

/** A progress stream; the request is read to its end first, as an engine does with an archive. */
export const progress =
  (...values: object[]): Answer =>
  (response, request) => {
    request.on('end', () => response.end(values.map((value) => `${JSON.stringify(value)}\r\n`).join(''))).resume();
  };

export const bytes =
  (content: Uint8Array): Answer =>
  (response) =>
    void response.setHeader('Content-Type', 'application/x-tar').end(content);
