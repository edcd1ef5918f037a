// Content codings (RFC 9110 §8.4): we never ask for one, and undo none.

import { escapeText } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import type { ResponseHead } from './response-parser.ts';

/** The codings of the content, in the order in which they were applied; empty where it is as it is. */
export function contentCodings({ fields }: ResponseHead): string[] {
  return fields.list('content-encoding').filter((coding) => coding !== 'identity');
}

/** A `ProtocolError` for content in a coding: what is not undone must not pass for the content itself. */
export function refuseContentCoding(head: ResponseHead): void {
  const [coding] = contentCodings(head);
  if (coding === undefined) return;
  const message = `the answer comes in the coding "${escapeText(coding)}", which nobody asked for`;
  throw new ProtocolError(message, { offset: 0, section: 'RFC 9110 §8.4' });
}
