// What must never reach a tape, and what stands there in its place.

import { Buffer } from 'node:buffer';
import { asBuffer, latin1 } from '../bytes.ts';
import { isSecretField } from '../docker/secrets.ts';
import { withoutContinue } from './answers.ts';

const REDACTED = '[redacted]';

/** The head with `[redacted]` where secrets stood. */
export function redactHead(head: Uint8Array): Buffer {
  const lines = asBuffer(head).toString('latin1').split('\r\n');
  return latin1(lines.map(redactField).join('\r\n'));
}

function redactField(line: string): string {
  const [, name] = /^([^\s:]+):/.exec(line) ?? [];
  return name !== undefined && isSecretField(name) ? `${name}: ${REDACTED}` : line;
}

/** As many bytes as the secret had, so that Content-Length and chunk sizes stay true. */
export function filler(length: number): Buffer {
  return Buffer.alloc(length, 'x');
}

/** The answer to a login with the token that it may hold made unreadable; undefined where it cannot be found safely. */
export function redactLoginAnswer(answer: Uint8Array): Buffer | undefined {
  const text = asBuffer(answer).toString('latin1');
  // Chunks could cut a token in two. Engines send these answers with a length.
  if (/^transfer-encoding:/im.test(text)) return undefined;
  const token = /("\w*token"\s*:\s*")((?:[^"\\]|\\.)*)/gis;
  return latin1(text.replace(token, (_, before: string, value: string) => before + 'x'.repeat(value.length)));
}

/** Whether all of an answer to a login has come; in doubt not. */
export function isWholeAnswer(answer: Uint8Array): boolean {
  const text = asBuffer(withoutContinue(answer)).toString('latin1');
  const end = text.indexOf('\r\n\r\n') + 4;
  const head = text.slice(0, end);
  const [, length = head.startsWith('HTTP/1.1 204 ') ? '0' : undefined] = /^content-length: *([0-9]+) *\r$/im.exec(head) ?? [];
  return length !== undefined && text.length - end >= Number(length);
}
