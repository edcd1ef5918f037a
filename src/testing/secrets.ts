// What must never reach a tape, and what stands there in its place.

import { Buffer } from 'node:buffer';
import { asBuffer, latin1 } from '../bytes.ts';
import { REDACTED } from '../docker/redaction.ts';
import { isSecretField } from '../docker/secrets.ts';

/** Challenges to a client have "auth" in their names, and say where to log in, not how. */
const challenge = /^(?:www|proxy)-authenticate$/i;

/**
 * The head, or the part of it that has come, with `[redacted]` where secrets stood. Half a head may have any line ends, and
 * be none at all: a line without a name shares the fate of the line before it.
 */
export function redactHead(head: Uint8Array): Buffer {
  let isSecret = false;
  const redactLine = (line: string): string => {
    const [, name] = /^([^\s:]+)[ \t]*:/.exec(line) ?? [];
    if (name !== undefined) isSecret = isSecretField(name) && !challenge.test(name);
    if (!isSecret || line === '') return line;
    return name === undefined ? ` ${REDACTED}` : `${name}: ${REDACTED}`;
  };
  const parts = asBuffer(head).toString('latin1').split(/([\r\n]+)/); // line ends stand between the lines
  return latin1(parts.map((part, index) => (index % 2 === 0 ? redactLine(part) : part)).join(''));
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
