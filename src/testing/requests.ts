// Requests out of the bytes that a client sends (RFC 9112 §3, §6.3).

import { ArgumentError } from '../errors.ts';
import { Fields, parseFieldLine } from '../http/fields.ts';
import type { Framing } from '../http/content-framing.ts';
import { parseDecimal } from '../http/grammar.ts';
import { MessageParser } from './messages.ts';
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

/** The requests of one connection, one after the other; none behind an upgrade. After an error it stays dead. */
export class RequestParser {
  readonly #parser = new MessageParser(requests);

  /** Takes the next bytes and gives what they complete, in memory of their own. */
  push(bytes: Uint8Array): RequestEvent[] {
    return this.#parser.push(bytes);
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
function contentFraming(fields: Fields): Framing {
  const lengths = fields.getAll('content-length');
  const codings = fields.getAll('transfer-encoding');
  if (lengths.length + codings.length > 1) return fail('there is more than one field that frames the content');
  if (codings[0]?.toLowerCase() === 'chunked') return { kind: 'chunked' };
  if (codings[0] !== undefined) return fail('the transfer coding is not "chunked"');
  return { kind: 'length', length: parseDecimal(lengths[0] ?? '0') ?? fail('the Content-Length is no whole number') };
}

/** Never with an excerpt: it could hold what is to be redacted. */
function fail(message: string): never {
  throw new ArgumentError(`what was sent is no HTTP/1.1 request: ${message}`);
}
