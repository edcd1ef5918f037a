import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { RequestParser } from '../../src/testing/requests.ts';
import type { RequestEvent } from '../../src/testing/requests.ts';
import { splits } from '../support/splits.ts';

/** The output of a parser; adjacent parts of one kind are joined. */
function read(pieces: readonly Uint8Array[]): string[] {
  const parser = new RequestParser();
  const found: Array<[type: string, text: string]> = [];
  for (const event of pieces.flatMap((piece) => parser.push(piece))) {
    const text = textOf(event);
    const last = found.at(-1);
    if (last && last[0] === event.type && event.type !== 'head') last[1] += text;
    else found.push([event.type, text]);
  }
  return found.map(([type, text]) => `${type} ${JSON.stringify(text)}`);
}

function textOf(event: RequestEvent): string {
  if (event.type === 'head') return `${event.start.method} ${event.start.target}`;
  return event.type === 'end' ? '' : Buffer.from(event.bytes).toString('latin1');
}

const three =
  'GET /a HTTP/1.1\r\nHost: x\r\n\r\n' +
  'POST /b?c=d HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc' +
  'PUT /e HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nde\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n';

describe('RequestParser', () => {
  it.each(splits(Buffer.from(three)))('reads requests of every framing %s', (_name, pieces) => {
    expect(read(pieces)).toEqual([
      'head "GET /a"',
      'end ""',
      'head "POST /b?c=d"',
      'content "abc"',
      'end ""',
      'head "PUT /e"',
      'framing "2\\r\\n"',
      'content "de"',
      'framing "\\r\\nA;x=y\\r\\n"',
      'content "0123456789"',
      'framing "\\r\\n0\\r\\n\\r\\n"',
      'end ""',
    ]);
  });

  it.each(splits(Buffer.from(three)))('gives every byte once %s', (_name, pieces) => {
    const parser = new RequestParser();
    const events = pieces.flatMap((piece) => parser.push(piece));
    const bytes = events.flatMap((event) => (event.type === 'end' ? [] : [event.bytes]));
    expect(Buffer.concat(bytes).toString('latin1')).toBe(three);
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
    ['white space before a colon', 'GET / HTTP/1.1\r\nA : b\r\n\r\n'],
    ['a folded line', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n'],
    ['two lengths', 'GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n'],
    ['a length and a coding', 'GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['another coding', 'GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n'],
    ['a length that is not a number', 'GET / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n'],
    ['a chunk size that is not a number', 'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n'],
    ['chunk data that is too long', 'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabcd'],
    ['trailers', 'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n'],
    ['an endless head', `GET / HTTP/1.1\r\nA: ${'b'.repeat(70_000)}`],
  ])('refuses %s, and stays dead', (_what, text) => {
    const parser = new RequestParser();
    expect(() => parser.push(Buffer.from(text))).toThrow(ArgumentError);
    expect(() => parser.push(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toThrow(ArgumentError);
  });

  const upgrade = 'POST /attach HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}whoami\r\n\r\n';

  it.each(splits(Buffer.from(upgrade)))('reads nothing after an upgrade, %s', (_name, pieces) => {
    expect(read(pieces)).toEqual(['head "POST /attach"', 'end ""']);
  });

  it('shows nothing of a head that it refuses, for it could be a secret', () => {
    const parser = new RequestParser();
    const head = 'GET / HTTP/1.1\r\nAuthorization : hunter2\r\n\r\n';
    expect(() => parser.push(Buffer.from(head))).toThrow(/^(?:(?!hunter2).)*$/s);
  });
});
