// Removes secrets from the bytes of a tape: from heads, trailers, chunk lines and the responses to logins.

import { Buffer } from 'node:buffer';
import { REDACTED, asBuffer, latin1 } from '../bytes.ts';
import { isSecretField } from '../api/request-secrets.ts';

/** Challenge fields are not secret although their names contain "auth": they name the server for the login. */
const challenge = /^(?:www|proxy)-authenticate$/i;

/** Fields that contain an address, which may include a login or a token. */
const address = /location$|^link$|^refresh$|^referer$|ur[il]$/i;
/** The start of a status line whose reason phrase does not consist of capitalized words, as those of RFC 9110 do. */
const oddStatusLine = /^HTTP\/1\.[0-9] [0-9]{3} (?!(?:[A-Z][A-Za-z'-]*(?: |$))*$)/;
/** The start of a chunk line that has an extension. */
const extendedSize = /^[0-9A-Fa-f]+[ \t]*;/;

/**
 * Replaces secrets by `[redacted]` in a head, a chunk line, or an incomplete part of one. An incomplete head may have any line
 * ends, so a line without a field name is treated as a part of the line before it.
 */
export function redactHead(head: Uint8Array): Buffer {
  let isSecret = false;
  const redactLine = (line: string): string => {
    const [size] = extendedSize.exec(line) ?? [];
    if (size !== undefined) return `${size}redacted`; // a chunk line must not contain brackets
    const [status] = oddStatusLine.exec(line) ?? [];
    if (status !== undefined) return status + REDACTED;
    const [, name] = /^([^\s:]+)[ \t]*:/.exec(line) ?? [];
    const isAddress = name !== undefined && address.test(name);
    if (name !== undefined) isSecret = isAddress || (isSecretField(name) && !challenge.test(name));
    if (!isSecret || line === '') return line;
    if (isAddress) return redactAddress(line);
    return name === undefined ? ` ${REDACTED}` : `${name}: ${REDACTED}`;
  };
  const parts = asBuffer(head).toString('latin1').split(/([\r\n]+)/); // odd indexes are the line ends
  return latin1(parts.map((part, index) => (index % 2 === 0 ? redactLine(part) : part)).join(''));
}

/** Removes the user information (from "//" to the last "@"), the query and the fragment of an address. */
function redactAddress(line: string): string {
  const [start, at] = [line.indexOf('//'), line.lastIndexOf('@')];
  const bare = start !== -1 && at > start ? `${line.slice(0, start + 2)}${REDACTED}${line.slice(at)}` : line;
  return bare.replace(/[?#].*/, (end) => end.charAt(0) + REDACTED);
}

/** Returns a replacement of the same length, so that Content-Length and chunk sizes stay correct. */
export function filler(length: number): Buffer {
  return Buffer.alloc(length, 'x');
}

/**
 * Redacts the content of a response to a login and keeps its length. Only the texts that describe the outcome stay. Content that
 * is not JSON, or is incomplete, is replaced completely.
 */
export function redactLoginResponse(content: Uint8Array): Buffer {
  const text = asBuffer(content).toString('latin1');
  try {
    JSON.parse(text);
  } catch {
    return filler(content.length);
  }
  let key = '';
  // In JSON, every quote starts or ends a string. A string before a colon is a key.
  const redacted = text.replace(/[^"]+|"((?:[^"\\]|\\.)*)"(\s*:)?/gsy, (match, string?: string, colon?: string) => {
    if (string === undefined) return match;
    if (colon !== undefined) key = string.toLowerCase();
    return colon !== undefined || outcomes.has(key) ? match : `"${'x'.repeat(string.length)}"`;
  });
  return latin1(redacted);
}
/** The members with the outcome of a login: `Status` after a success, the others after a failure. */
const outcomes: ReadonlySet<string> = new Set(['status', 'message', 'cause']);
