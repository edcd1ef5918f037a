// The escape hatch: any request to the engine, by the same connections, limits and signals as the methods'.

import { take } from './arguments.ts';
import { copyOf, hasUtf8 } from '../bytes.ts';
import type { Timeouts } from '../connection/engine-request.ts';
import type { AnswerReader, ContentSink } from '../connection/transport.ts';
import type { Engine } from './engine.ts';
import type { BodySource } from './request-body.ts';
import { ArgumentError } from '../errors.ts';
import { AsyncQueue } from '../async/async-queue.ts';
import type { Fields } from '../http/fields.ts';
import { withAnySignal } from '../async/abort.ts';

/** A request of any kind. */
export interface RequestOptions {
  /** Default `"GET"`. */
  readonly method?: string | undefined;
  /** Below the version, `"/containers/json"`; percent-encoded, and without "." and ".." segments. */
  readonly path: string;
  /** Each value of a list repeats the key. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>> | undefined;
  /** Sent as they are; the fields that frame the content cannot be set. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Bytes, an async iterable of them, a Blob, or `{ path }`. */
  readonly body?: unknown;
  /** Whether `/v1.NN` goes before the path. Default true. */
  readonly versioned?: boolean | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Whatever the engine answered. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; `entries()` gives them all. */
  readonly headers: Fields;
  /** The content, once; leaving the loop early closes the connection. */
  readonly body: AsyncIterableIterator<Uint8Array>;
}

/** Engines decode a path before they resolve it: a name that a program put into one must not lead out of its place. */
function checkPath(path: string): void {
  const segments = /^[^?#]*/.exec(path)?.[0].split('/') ?? [];
  for (const segment of segments) {
    if (!/^(?:[^%]|%[0-9A-Fa-f]{2})*$/.test(segment)) throw new ArgumentError('the path has a "%" that encodes nothing');
    const decoded = segment.replace(/%2e/gi, '.').split(/%2f|%5c|\\/i);
    if (decoded.some((part) => part === '.' || part === '..')) throw new ArgumentError('the path has a "." or ".." segment');
  }
}

/** The wire writes these, and two writers would make a request that two readers read differently. */
const framing = new Set(['content-length', 'transfer-encoding', 'host', 'connection']);

/** Resolves with the head; the content follows at the pace at which it is read. */
export async function rawRequest(
  engine: Engine,
  given: RequestOptions,
  toBody: (data: unknown) => BodySource,
): Promise<RawAnswer> {
  const options = take('request', given);
  const { method = 'GET', path, headers = {}, body, versioned = true, timeouts, signal } = options;
  if (path === undefined) throw new ArgumentError('request needs a path, as in { path: "/containers/json" }');
  // Taken now, once: what is checked here must be what is sent after the next wait.
  const [fields, query] = [Object.entries(headers), encodeQuery(options.query)];
  for (const [name] of fields) {
    if (framing.has(name.toLowerCase())) throw new ArgumentError(`the header "${name}" is written by the client itself`);
  }
  checkPath(path);
  const source = body === undefined ? undefined : toBody(body);
  signal?.throwIfAborted();
  const prefix = versioned ? `/v${await engine.facts.version({ signal, timeouts })}` : '';
  const left = new AbortController();
  const content = new AsyncQueue<Uint8Array>(() => left.abort(new ArgumentError('the answer was not read to its end')));
  const target = `${prefix}${path}${query}`;
  const opened = await source?.open();
  return new Promise((resolve, reject) => {
    const reader: AnswerReader = ({ status, fields: answered }) => {
      resolve({ status, headers: answered, body: content });
      return copyingSink(content);
    };
    withAnySignal(signal, left.signal, (either) => engine.send(engine.request(method, target, fields, opened, { timeouts, signal: either }, false, true), reader)).then(
      () => content.end(),
      (error: unknown) => {
        content.fail(error);
        reject(error); // does nothing once the head has been there
      },
    );
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
      if (!hasUtf8(key) || !hasUtf8(String(item))) throw new ArgumentError('the query has half a character in it');
      encoded.append(key, String(item));
    }
  }
  return encoded.size > 0 ? `?${encoded}` : '';
}
