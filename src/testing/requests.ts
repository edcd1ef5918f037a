// Requests out of the bytes that a client sends (RFC 9112 §3, §5-§7): what a recorder must understand to redact, and
// a replayer to match. Strict: what it cannot read with certainty it refuses, or a secret could pass by unseen.

import { Buffer } from 'node:buffer';
import { ArgumentError } from '../errors.ts';
import { Fields, parseFieldLine } from '../http/fields.ts';
import { parseDecimal, parseHexadecimal } from '../http/grammar.ts';

/** A request without its content. */
export interface RequestStart {
  readonly method: string;
  readonly target: string;
  readonly fields: Fields;
}

/** What requests consist of, in this order. All `bytes` together, with those of the head, are what was pushed, up to an upgrade. */
export type RequestEvent =
  | { readonly type: 'head'; readonly start: RequestStart; readonly bytes: Uint8Array }
  /** Content, without what frames it. */
  | { readonly type: 'content'; readonly bytes: Uint8Array }
  /** What frames the content: chunk sizes and line ends. */
  | { readonly type: 'framing'; readonly bytes: Uint8Array }
  | { readonly type: 'end' };

/** The most that a head may have, in bytes: an X-Registry-Auth with a token in it has some kilobytes. */
const HEAD_LIMIT = 65536;
/** The most that the line of a chunk's size may have, in bytes. */
const CHUNK_LINE_LIMIT = 4096;

type Steps<Result = void> = Generator<undefined, Result, void>;

/** The requests of one connection, one after the other; none behind an upgrade. After an error it stays dead. */
export class RequestParser {
  readonly #steps: Steps = this.#requests();
  #input: Buffer = Buffer.alloc(0);
  #events: RequestEvent[] = [];
  #failure: unknown;

  /** Takes the next bytes and gives what they complete, in memory of their own. */
  push(bytes: Uint8Array): RequestEvent[] {
    if (this.#failure !== undefined) throw this.#failure;
    this.#input = Buffer.concat([this.#input, bytes]);
    try {
      this.#steps.next();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    return this.#events.splice(0);
  }

  *#requests(): Steps {
    for (;;) {
      const bytes = yield* this.#through('\r\n\r\n', HEAD_LIMIT);
      const start = parseStart(bytes.toString('latin1'));
      this.#events.push({ type: 'head', start, bytes });
      if (isUpgrade(start)) yield* this.#anotherProtocol();
      const length = contentLength(start.fields);
      if (length === 'chunked') yield* this.#chunkedContent();
      else yield* this.#exactly(length);
      this.#events.push({ type: 'end' });
    }
  }

  /** Nothing of what comes is a request any more. */
  *#anotherProtocol(): Steps<never> {
    this.#events.push({ type: 'end' });
    for (;;) {
      this.#input = Buffer.alloc(0);
      yield;
    }
  }

  *#chunkedContent(): Steps {
    for (;;) {
      const line = yield* this.#through('\r\n', CHUNK_LINE_LIMIT);
      const [digits = ''] = line.toString('latin1', 0, line.length - 2).split(';', 1);
      const size = parseHexadecimal(digits) ?? fail('a chunk size is no number');
      this.#events.push({ type: 'framing', bytes: line });
      yield* this.#exactly(size);
      const end = yield* this.#through('\r\n', 2); // trailers, which no client of an engine sends, are refused here
      this.#events.push({ type: 'framing', bytes: end });
      if (size === 0) return;
    }
  }

  /** Exactly `length` bytes of content, as they come. */
  *#exactly(length: number): Steps {
    for (let missing = length; missing > 0; ) {
      while (this.#input.length === 0) yield;
      const bytes = this.#take(Math.min(missing, this.#input.length));
      missing -= bytes.length;
      this.#events.push({ type: 'content', bytes });
    }
  }

  /** Everything up to and with `end`, of at most `limit` bytes. */
  *#through(end: string, limit: number): Steps<Buffer> {
    for (;;) {
      const at = this.#input.indexOf(end, 0, 'latin1');
      const length = at === -1 ? this.#input.length : at + end.length;
      if (length > limit) return fail(`more than ${limit} bytes before a line end that is due`);
      if (at !== -1) return this.#take(length);
      yield;
    }
  }

  #take(length: number): Buffer {
    const bytes = this.#input.subarray(0, length);
    this.#input = this.#input.subarray(length);
    return bytes;
  }
}

/**
 * Whether a request asks for another protocol on its connection (RFC 9110 §7.8), as attach, exec and BuildKit do. That the
 * other side may refuse is not waited for.
 */
export function isUpgrade({ fields }: RequestStart): boolean {
  return fields.has('upgrade');
}

// request-line = method SP request-target SP HTTP-version                                                        §3
function parseStart(head: string): RequestStart {
  const [line = '', ...lines] = head.slice(0, -4).split('\r\n');
  const [, method, target] = /^([A-Z]{1,20}) ([!-~]+) HTTP\/1\.1$/.exec(line) ?? fail('the request line is malformed');
  const fields = new Fields();
  for (const field of lines) fields.append(...parseFieldLine(field, fail));
  return { method: method as string, target: target as string, fields };
}

/** RFC 9112 §6.3, for requests: without either field there is no content. */
function contentLength(fields: Fields): number | 'chunked' {
  const lengths = fields.getAll('content-length');
  const codings = fields.getAll('transfer-encoding');
  if (lengths.length + codings.length > 1) return fail('there is more than one field that frames the content');
  if (codings[0]?.toLowerCase() === 'chunked') return 'chunked';
  if (codings[0] !== undefined) return fail('the transfer coding is not "chunked"');
  return parseDecimal(lengths[0] ?? '0') ?? fail('the Content-Length is no whole number');
}

/** Never with an excerpt: it could hold what is to be redacted. */
function fail(message: string): never {
  throw new ArgumentError(`what was sent is no HTTP/1.1 request: ${message}`);
}
