// Parses the requests that a client sends (RFC 9112 §3, §6.3).

import { ArgumentError } from '../errors.ts';
import type { Fields } from '../http/fields.ts';
import type { Framing } from '../http/content-framing.ts';
import { parseDecimal } from '../http/grammar.ts';
import { MessageParser, splitHead } from './messages.ts';
import type { MessageEvent, MessageKind } from './messages.ts';

/** A request without its content. */
export interface RequestStart {
  readonly method: string;
  readonly target: string;
  readonly fields: Fields;
}

/** A part of a request. */
export type RequestEvent = MessageEvent<RequestStart>;

const requests: MessageKind<RequestStart> = {
  parse: parseStart,
  framing: (start) => (isUpgrade(start) ? undefined : contentFraming(start.fields)),
  trailerLimit: 2, // no client of an engine sends trailers
  fail,
};

/** Parses the requests of one connection, up to an upgrade. After an error, every call throws that error. */
export class RequestParser {
  readonly #parser = new MessageParser(requests);

  /** Parses the next bytes and returns the parts that they complete, in new memory. */
  push(bytes: Uint8Array): RequestEvent[] {
    return this.#parser.push(bytes);
  }
}

/**
 * Whether a request asks for another protocol on its connection (RFC 9110 §7.8), as attach, exec and BuildKit do. This is decided
 * before the response, although the response may refuse it.
 */
export function isUpgrade({ fields }: RequestStart): boolean {
  return fields.has('upgrade');
}

// request-line = method SP request-target SP HTTP-version                                                        §3
function parseStart(head: string): RequestStart {
  const { line, fields } = splitHead(head, fail);
  const [, method, target] = /^([A-Z]{1,20}) ([!-~]+) HTTP\/1\.1$/.exec(line) ?? fail('the request line is malformed');
  return { method: method as string, target: target as string, fields };
}

/** The framing of a request (RFC 9112 §6.3): without Content-Length and Transfer-Encoding there is no content. */
function contentFraming(fields: Fields): Framing {
  const lengths = fields.getAll('content-length');
  const codings = fields.getAll('transfer-encoding');
  if (lengths.length + codings.length > 1) return fail('more than one field frames the content');
  if (codings[0]?.toLowerCase() === 'chunked') return { kind: 'chunked' };
  if (codings[0] !== undefined) return fail('the transfer coding is not "chunked"');
  return { kind: 'length', length: parseDecimal(lengths[0] ?? '0') ?? fail('the Content-Length is not an integer') };
}

/** Throws an error without an excerpt of the bytes, which could contain a secret. */
function fail(message: string): never {
  throw new ArgumentError(`the client sent bytes that are not an HTTP/1.1 request: ${message}`);
}
