// Decides where the content of a response ends (RFC 9112 section 6.3), and whether the response allows its connection to carry
// another exchange (keep-alive, section 9.3). No other file decides what a response allows. Even if it allows it, the connection is closed
// if the exchange was not clean (connection/exchange.ts) or the pool is full (connection/connection-pool.ts).

import { Fields } from './fields.ts';
import { parseDecimal } from './grammar.ts';
import type { Fail } from './grammar.ts';
import { FUNCTION, check, kind } from '../kinds.ts';
import type { Kind } from '../kinds.ts';

/** What delimits the content: nothing (there is no content), chunks, a length in bytes, or the end of the connection. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'until-close' };

/** The parts of a final response and its request that decide the framing. */
export interface FramingInput {
  /** The method of the request. */
  readonly method: string;
  /** The status of the final response. */
  readonly status: number;
  /** The minor version of the response: 0 for HTTP/1.0. */
  readonly minorVersion: number;
  readonly fields: Fields;
}

const HEAD: Kind = kind('an object with method, status, minorVersion and fields', (value) => {
  const { method, status, minorVersion, fields } = value as FramingInput;
  return typeof method === 'string' && typeof status === 'number' && typeof minorVersion === 'number' && fields instanceof Fields;
});
const FRAMING: Kind = kind('a framing', (value) => typeof (value as Framing).kind === 'string');

/**
 * Returns how the content is delimited, by the rules of RFC 9112 §6.3 in their order. It is stricter where the RFC lets a client
 * guess. For fields that break a rule, calls `fail`, which must throw, with a message and the section of the RFC.
 */
export function contentFraming(head: FramingInput, fail: Fail): Framing {
  if (typeof fail !== 'function') check(fail, FUNCTION, 'contentFraming', 'fail');
  const { method, status, minorVersion, fields } = check(head, HEAD, 'contentFraming', 'head');
  // Rule 1: HEAD, 204 and 304 have no content, whatever the fields say. (A final response never has a status of 1xx.)
  if (method === 'HEAD' || status === 204 || status === 304) return { kind: 'none' };
  const lengths = fields.getAll('content-length');
  const codings = fields.getAll('transfer-encoding');
  if (codings.length > 0) {
    // Rule 3: both fields together are a smuggling attempt or a fault. HTTP/1.0 has no transfer codings (§6.1).
    if (lengths.length > 0) fail('both Content-Length and Transfer-Encoding', 'RFC 9112 §6.3 rule 3');
    if (minorVersion === 0) fail('Transfer-Encoding in an HTTP/1.0 response', 'RFC 9112 §6.1');
    // By rule 4, content in another coding ends with the connection. We cannot decode it, so the content would be wrong.
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked' || /[^a-z]/i.test(codings[0])) {
      fail('the transfer coding is not "chunked"', 'RFC 9112 §6.3 rule 4', codings.join(', '));
    }
    return { kind: 'chunked' };
  }
  // Rule 5 lets a client accept equal lengths. No engine sends them, so they are refused, too.
  if (lengths.length > 1) fail('more than one Content-Length', 'RFC 9112 §6.3 rule 5', lengths.join(', '));
  if (lengths[0] !== undefined) {
    const length = parseDecimal(lengths[0]);
    if (length === undefined) return fail('the Content-Length is not a whole number up to 2^53 - 1', 'RFC 9110 §8.6', lengths[0]);
    return { kind: 'length', length }; // rule 6
  }
  return { kind: 'until-close' }; // rule 8
}

/** Whether the response lets its connection persist (RFC 9112 §9.3). `close` takes precedence over `keep-alive`. */
export function isPersistent(head: FramingInput, framing: Framing): boolean {
  const { minorVersion, fields } = check(head, HEAD, 'isPersistent', 'head');
  if (check(framing, FRAMING, 'isPersistent', 'framing').kind === 'until-close') return false;
  const options = fields.list('connection');
  if (options.includes('close')) return false;
  return minorVersion > 0 || options.includes('keep-alive');
}
