// The head of an answer as nearly all are: read as one text, by two expressions. What is not so is for the parser to read
// line by line, by the productions; this takes a part of what they take, and means the same by it.

import { Fields } from './fields.ts';
import { TEXT, check } from '../kinds.ts';

/** What engines send is far below; a proxy's cookies may be above, and take the longer way. */
export const PLAIN_HEAD_BYTES = 1024;

// status-line = HTTP-version SP status-code [ SP [ reason-phrase ] ] CRLF: a server must send the second SP (RFC 9112 §4),
// and some leave it out with the reason phrase; every client that we know accepts that.
const statusLine = /HTTP\/1\.([0-9]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n/y;
// field-line = field-name ":" OWS field-value OWS CRLF; no two ways lead through the same text, so that what does not
// match is given up in linear time.                                                                    RFC 9112 §5
const fieldLine =
  /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(?:([\x21-\x7e\x80-\xff]+(?:[ \t]+[\x21-\x7e\x80-\xff]+)*)[ \t]*)?\r\n/y;

/** A head, with the lengths of its parts in bytes. */
export interface PlainHead {
  readonly minor: string;
  readonly status: string;
  readonly reason: string;
  readonly fields: Fields;
  readonly statusLineLength: number;
  /** The empty line included. */
  readonly length: number;
}

/** The head that the text (Latin-1, `PLAIN_HEAD_BYTES` of it) begins with, or undefined where it is not whole and plain. */
export function plainHead(text: string): PlainHead | undefined {
  check(text, TEXT, 'plainHead', 'text');
  const end = text.indexOf('\r\n\r\n') + 2;
  statusLine.lastIndex = 0;
  const start = end === 1 ? null : statusLine.exec(text);
  if (start === null) return undefined;
  const [, minor = '', status = '', reason = ''] = start;
  const statusLineLength = statusLine.lastIndex;
  const fields = new Fields();
  for (let at = statusLineLength; at < end; at = fieldLine.lastIndex) {
    fieldLine.lastIndex = at;
    const line = fieldLine.exec(text);
    if (line === null) return undefined;
    fields.appendLowered((line[1] as string).toLowerCase(), line[2] ?? '');
  }
  return { minor, status, reason, fields, statusLineLength, length: end + 2 };
}
