// What must never reach a tape, and what stands there in its place.

import { Buffer } from 'node:buffer';
import { REDACTED, asBuffer, latin1 } from '../bytes.ts';
import { isSecretField } from '../api/request-secrets.ts';

/** Challenges to a client have "auth" in their names, and say where to log in, not how. */
const challenge = /^(?:www|proxy)-authenticate$/i;

/** Fields that hold an address, which may have a login or a token in it. */
const address = /location$|^link$|^refresh$|^referer$|ur[il]$/i;
/** A status line whose reason phrase is not made of capitalised words, as those of RFC 9110 are; up to that phrase. */
const oddStatusLine = /^HTTP\/1\.[0-9] [0-9]{3} (?!(?:[A-Z][A-Za-z'-]*(?: |$))*$)/;
/** The size of a chunk that has an extension. */
const extendedSize = /^[0-9A-Fa-f]+[ \t]*;/;

/**
 * A head, a line that frames a chunk, or the part of them that has come, with `[redacted]` where secrets stood. Half a head
 * may have any line ends, and be none at all: a line without a name shares the fate of the line before it.
 */
export function redactHead(head: Uint8Array): Buffer {
  let isSecret = false;
  const redactLine = (line: string): string => {
    const [size] = extendedSize.exec(line) ?? [];
    if (size !== undefined) return `${size}redacted`; // brackets are not allowed there
    const [status] = oddStatusLine.exec(line) ?? [];
    if (status !== undefined) return status + REDACTED;
    const [, name] = /^([^\s:]+)[ \t]*:/.exec(line) ?? [];
    const isAddress = name !== undefined && address.test(name);
    if (name !== undefined) isSecret = isAddress || (isSecretField(name) && !challenge.test(name));
    if (!isSecret || line === '') return line;
    if (isAddress) return redactAddress(line);
    return name === undefined ? ` ${REDACTED}` : `${name}: ${REDACTED}`;
  };
  const parts = asBuffer(head).toString('latin1').split(/([\r\n]+)/); // line ends stand between the lines
  return latin1(parts.map((part, index) => (index % 2 === 0 ? redactLine(part) : part)).join(''));
}

/** Without user information, which reaches from "//" to the last "@", and without query and fragment. */
function redactAddress(line: string): string {
  const [start, at] = [line.indexOf('//'), line.lastIndexOf('@')];
  const bare = start !== -1 && at > start ? `${line.slice(0, start + 2)}${REDACTED}${line.slice(at)}` : line;
  return bare.replace(/[?#].*/, (end) => end.charAt(0) + REDACTED);
}

/** As many bytes as the secret had, so that Content-Length and chunk sizes stay true. */
export function filler(length: number): Buffer {
  return Buffer.alloc(length, 'x');
}

/**
 * The content of the answer to a login, as long as before: of its texts only those that tell the outcome stay. All of what
 * is not JSON is unreadable, as is JSON of which a part is still to come.
 */
export function redactLoginAnswer(content: Uint8Array): Buffer {
  const text = asBuffer(content).toString('latin1');
  try {
    JSON.parse(text);
  } catch {
    return filler(content.length);
  }
  let key = '';
  // In JSON every quote begins or ends a string; the colon behind it tells a key.
  const redacted = text.replace(/[^"]+|"((?:[^"\\]|\\.)*)"(\s*:)?/gsy, (whole, string?: string, colon?: string) => {
    if (string === undefined) return whole;
    if (colon !== undefined) key = string.toLowerCase();
    return colon !== undefined || outcomes.has(key) ? whole : `"${'x'.repeat(string.length)}"`;
  });
  return latin1(redacted);
}
/** The members that say how a login ended: `Status` of a success, the others of a refusal. */
const outcomes: ReadonlySet<string> = new Set(['status', 'message', 'cause']);
