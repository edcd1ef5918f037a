// `request()`: sends any request to the engine, over the same connections and with the same timeouts and signals as the methods.

import { take } from './arguments.ts';
import { copyOf, isWellFormed } from '../bytes.ts';
import type { ContentSink } from '../connection/transport.ts';
import type { Engine } from './engine.ts';
import { bodySource } from './request-body.ts';
import { ArgumentError } from '../errors.ts';
import { produceInto } from '../async/async-queue.ts';
import type { AsyncQueue } from '../async/async-queue.ts';
import type { RawResponse, RequestOptions } from './options.ts';

/**
 * Rejects paths with a "." or ".." segment in any encoding, because engines decode a path before they resolve it. A path may
 * contain a name from an untrusted source.
 */
function checkPath(path: string): void {
  const segments = /^[^?#]*/.exec(path)?.[0].split('/') ?? [];
  for (const segment of segments) {
    if (!/^(?:[^%]|%[0-9A-Fa-f]{2})*$/.test(segment)) throw new ArgumentError('the path has a "%" that is not a percent-encoding');
    const decoded = segment.replace(/%2e/gi, '.').split(/%2f|%5c|\\/i);
    if (decoded.some((part) => part === '.' || part === '..')) throw new ArgumentError('the path has a "." or ".." segment');
  }
}

/** Fields that the transport writes. With a second one, two readers could understand the request differently. */
const transportFields = new Set(['content-length', 'transfer-encoding', 'host', 'connection']);

/** Sends a request. Resolves with the head of the response; the body is received only as fast as it is read. */
export async function rawRequest(engine: Engine, argument: RequestOptions): Promise<RawResponse> {
  const options = take('request', argument);
  const { method = 'GET', path, headers = {}, versioned = true, timeouts, signal } = options;
  if (path === undefined) throw new ArgumentError('request needs a path, as in { path: "/containers/json" }');
  // Encoded before the first await: the caller cannot change the arguments between the check and the use.
  const [fields, query] = [Object.entries(headers), encodeQuery(options.query)];
  for (const [name] of fields) {
    if (transportFields.has(name.toLowerCase())) throw new ArgumentError(`the header "${name}" is written by the client itself`);
  }
  checkPath(path);
  const source = options.body === undefined ? undefined : bodySource(options.body, 'request: options.body');
  signal?.throwIfAborted();
  const version = versioned ? `/v${await engine.facts.version({ signal, timeouts })}` : '';
  const body = await source?.open();
  signal?.throwIfAborted();
  const leftEarly = (): Error => new ArgumentError('the response was not read to its end');
  return new Promise((resolve, reject) => {
    produceInto(signal, leftEarly, async (content: AsyncQueue<Uint8Array>, either) => {
      const request = engine.newRequest(method, `${version}${path}${query}`, fields, body, { timeouts, signal: either }, false, true);
      const sent = engine.send(request, ({ status, fields: received }) => {
        resolve({ status, headers: received, body: content });
        return copyingSink(content);
      });
      await sent.catch((error: unknown) => {
        reject(error); // no effect after the head
        throw error;
      });
    });
  });
}

function copyingSink(content: AsyncQueue<Uint8Array>): ContentSink {
  return { synchronous: true, write: (view) => content.push(copyOf(view)), flush: () => content.drained() };
}

function encodeQuery(query: RequestOptions['query'] = {}): string {
  const encoded = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) {
      if (!isWellFormed(key) || !isWellFormed(String(item))) throw new ArgumentError('the query contains an unpaired surrogate');
      encoded.append(key, String(item));
    }
  }
  return encoded.size > 0 ? `?${encoded}` : '';
}
