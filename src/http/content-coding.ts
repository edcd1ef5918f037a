// Content codings such as gzip (RFC 9110 section 8.4). longshore does not ask for them and does not decode them.

import { escapeText } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import type { ResponseHead } from './response-parser.ts';

/** Returns the codings of the content in the order in which they were applied; empty if the content is not encoded. */
export function contentCodings({ fields }: ResponseHead): string[] {
  return fields.list('content-encoding').filter((coding) => coding !== 'identity');
}

/** Throws a `ProtocolError` if the content is encoded: encoded bytes must not be taken for the content. */
export function refuseContentCoding(head: ResponseHead): void {
  if (!head.fields.has('content-encoding')) return; // nearly always
  const [coding] = contentCodings(head);
  if (coding === undefined) return;
  const message = `the response has the content coding "${escapeText(coding)}", but the request did not ask for one`;
  throw new ProtocolError(message, { offset: 0, section: 'RFC 9110 §8.4' });
}
