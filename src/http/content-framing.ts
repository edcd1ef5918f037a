// Where an answer's content ends, and whether its connection may carry another: the only two questions of RFC 9112 §6.3
// and §9.3, each decided here and nowhere else.

import { Fields } from './fields.ts';
import { parseDecimal } from './grammar.ts';
import type { Fail } from './grammar.ts';
import { FUNCTION, TEXT, check, kind } from '../kinds.ts';
import type { Kind } from '../kinds.ts';

/** How the end of the content is found. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'until-close' };

/** What framing is decided by. */
export interface FramingInput {
  /** The method of the request. */
  readonly method: string;
  /** The final status. */
  readonly status: number;
  /** The minor version of the answer: 0 for HTTP/1.0. */
  readonly minorVersion: number;
  readonly fields: Fields;
}

/** The head of an answer, before its framing is decided. */
export class UnframedHead implements FramingInput {
  readonly minorVersion: number;
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly method: string;

  /** The minor version and the status are digits, as they came. */
  constructor(minor: string, status: string, reason: string, fields: Fields, method: string) {
    for (const text of [minor, status, reason, method]) check(text, TEXT, 'UnframedHead', 'minor, status, reason and method');
    check(fields, FIELDS, 'UnframedHead', 'fields');
    this.minorVersion = Math.min(Number(minor), 1);
    this.status = Number(status);
    this.reason = reason;
    this.fields = fields;
    this.method = method;
  }
}

const FIELDS: Kind = kind('Fields', (value) => value instanceof Fields);
const HEAD: Kind = kind('an object with method, status, minorVersion and fields', (value) => {
  const { method, status, minorVersion, fields } = value as FramingInput;
  return typeof method === 'string' && typeof status === 'number' && typeof minorVersion === 'number' && FIELDS.test(fields);
});
const FRAMING: Kind = kind('a framing', (value) => typeof (value as Framing).kind === 'string');

/** RFC 9112 §6.3, in its order; stricter where the RFC lets a client guess. */
export function contentFraming(head: FramingInput, fail: Fail): Framing {
  check(fail, FUNCTION, 'contentFraming', 'fail');
  const { method, status, minorVersion, fields } = check(head, HEAD, 'contentFraming', 'head');
  // Rule 1: HEAD, 204 and 304 have no content, whatever the fields say. (1xx never gets here.)
  if (method === 'HEAD' || status === 204 || status === 304) return { kind: 'none' };
  const lengths = fields.getAll('content-length');
  const codings = fields.getAll('transfer-encoding');
  if (codings.length > 0) {
    // Rule 3: both together are an attempt at smuggling, or a fault; HTTP/1.0 knows no transfer coding (§6.1).
    if (lengths.length > 0) fail('both Content-Length and Transfer-Encoding', 'RFC 9112 §6.3 rule 3');
    if (minorVersion === 0) fail('Transfer-Encoding in an HTTP/1.0 answer', 'RFC 9112 §6.1');
    // Rule 4: another coding would frame until close, but its content could not be decoded; handing it out would lie.
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked' || /[^a-z]/i.test(codings[0])) {
      fail('a transfer coding other than the one "chunked"', 'RFC 9112 §6.3 rule 4', codings.join(', '));
    }
    return { kind: 'chunked' };
  }
  // Rules 5 and 6: repeated equal lengths would be tolerable in theory; no engine sends them, so they are refused.
  if (lengths.length > 1) fail('more than one Content-Length', 'RFC 9112 §6.3 rule 5', lengths.join(', '));
  if (lengths[0] !== undefined) {
    const length = parseDecimal(lengths[0]);
    if (length === undefined) return fail('a Content-Length that is no whole number', 'RFC 9110 §8.6', lengths[0]);
    return { kind: 'length', length };
  }
  // Rule 8.
  return { kind: 'until-close' };
}

/** RFC 9112 §9.3: whether both sides mean the connection to stay, as far as this answer tells. */
export function isPersistent(head: FramingInput, framing: Framing): boolean {
  const { minorVersion, fields } = check(head, HEAD, 'isPersistent', 'head');
  if (check(framing, FRAMING, 'isPersistent', 'framing').kind === 'until-close') return false;
  const options = fields.list('connection');
  if (options.includes('close')) return false; // close beats keep-alive
  return minorVersion > 0 || options.includes('keep-alive');
}
