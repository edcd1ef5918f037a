// The synthetic engine on Node's own server: for machines without a compiler, and behind TLS. It gives the same responses
// as native.c, but is much slower, so it is the limit in every measurement.
import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { once } from 'node:events';
import { inspectBody, listBody } from './archive.mjs';

const FIELDS = { 'Api-Version': '1.41', Server: 'Docker/20.10.24 (linux)' };
const LINE =
  '{"status":"Downloading","progressDetail":{"current":1000000,"total":73108480},' +
  '"progress":"[=====\\u003e     ]  12.17MB/73.11MB","id":"0123456789ab"}\r\n';
const LAST_LINES =
  `{"status":"Digest: sha256:${'0123456789abcdef'.repeat(4)}"}\r\n` +
  '{"status":"Status: Downloaded newer image for bench:1"}\r\n';

/** Starts a server; `archives` by their size, `identity` for TLS. Returns what to close. */
export async function startServer({ archives = new Map(), identity, compare }, place) {
  let uploaded = 0;
  const numberOf = (target) => Number(/(?:tag=|(?:bench|burst|tiny|length):)(\d+)/.exec(target)?.[1] ?? 0);
  const write = async (answer, bytes) => answer.write(bytes) || once(answer, 'drain');
  const routes = [
    [/_ping/, (_, answer) => answer.end('OK')],
    [/\/uploaded/, (_, answer) => answer.end(String(uploaded))],
    [/\/images\/load/, takeUpload],
    [/\/images\/create/, sendLines],
    [/\/get/, sendArchive],
    [/\/images\/json/, (_, answer) => answer.setHeader('Content-Length', Buffer.byteLength(listBody)).end(listBody)],
    [/\/json/, (_, answer) => answer.setHeader('Content-Length', Buffer.byteLength(inspectBody)).end(inspectBody)],
  ];
  async function takeUpload(request, answer) {
    const hash = compare === undefined ? undefined : createHash('sha256');
    let count = 0;
    for await (const chunk of request) {
      count += chunk.length;
      hash?.update(chunk);
    }
    uploaded = hash === undefined || hash.digest('hex') === compare ? count : -1;
    answer.end(`{"stream":"Loaded image: bench:${count}\\n"}\r\n`);
  }
  async function sendLines(_, answer, target) {
    for (let left = numberOf(target); left > 0; left--) if (!answer.write(LINE)) await once(answer, 'drain');
    answer.end(LAST_LINES);
  }
  async function sendArchive(_, answer, target) {
    const archive = archives.get(numberOf(target));
    const step = target.includes('tiny') ? 100 : 32 * 1024;
    if (target.includes('length')) answer.setHeader('Content-Length', archive.bytes);
    for (const chunk of archive.chunks()) {
      for (let at = 0; at < chunk.length; at += step) await write(answer, chunk.subarray(at, at + step));
    }
    answer.end();
  }
  const answerTo = (request, answer) => {
    const target = decodeURIComponent(request.url);
    for (const [name, value] of Object.entries(FIELDS)) answer.setHeader(name, value);
    Promise.resolve(routes.find(([pattern]) => pattern.test(target))?.[1](request, answer, target)).catch(() =>
      answer.destroy(),
    );
  };
  const server = identity === undefined ? http.createServer(answerTo) : https.createServer(identity, answerTo);
  server.keepAliveTimeout = 60_000;
  server.listen(place);
  await once(server, 'listening');
  return server;
}
