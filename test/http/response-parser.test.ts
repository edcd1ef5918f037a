import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../src/errors.ts';
import { RESPONSE_LIMITS, ResponseParser } from '../../src/http/response-parser.ts';
import { splits } from '../support/splits.ts';

/** The names of the events, or the class, the section and the offset of the error. */
function parse(pieces: Iterable<Uint8Array>): { events: string[]; offset: number | undefined } {
  const parser = new ResponseParser('GET');
  const events: string[] = [];
  try {
    for (const piece of pieces) {
      parser.receive(Uint8Array.from(piece)); // a copy: the parser may move bytes within it
      for (let event; (event = parser.next()) !== undefined;) if (event.type !== 'content') events.push(event.type);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    events.push(`ProtocolError ${error.section}`);
    return { events, offset: error.offset };
  }
  return { events, offset: undefined };
}

describe('the excerpt of an error', () => {
  it.each<[string, string]>([
    ['another version', '⚑HTTP/2.0 200 OK\r\n'],
    ['another protocol', '⚑HTTQ/1.1 200 OK\r\n'],
    ['another version behind an interim answer', 'HTTP/1.1 100 Continue\r\n\r\n⚑HTTP/3.0 200 OK\r\n'],
    ['a status line that a lone LF ends', '⚑HTTP/1.1 200 OK\nX'],
    ['a CR in a status line', '⚑HTTP/1.1 200 O\rK\r\n'],
    ['a control character in a reason phrase', '⚑HTTP/1.1 200 O\x01K\r\n\r\n'],
    ['a malformed status line', '⚑HTTP/1.1 20 OK\r\n\r\n'],
    ['a CR in a field', 'HTTP/1.1 200 OK\r\n⚑A: b\rc\r\n'],
    ['a chunk size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n⚑xyz\r\n'],
  ])('begins at the byte that the offset names: %s', (_, marked) => {
    const offset = marked.indexOf('⚑');
    const wire = Buffer.from(marked.replace('⚑', ''), 'latin1');
    for (const [way, pieces] of splits(wire)) {
      const parser = new ResponseParser('GET');
      let error: unknown;
      try {
        for (const piece of pieces) {
          parser.receive(Uint8Array.from(piece));
          while (parser.next() !== undefined);
        }
      } catch (reason) {
        error = reason;
      }
      const { excerpt, offset: named } = error as ProtocolError;
      const shown = excerpt.replace(/\\x([0-9a-f]{2})/g, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)));
      expect(named, way).toBe(offset);
      expect(shown.length, way).toBeGreaterThan(1);
      expect(wire.toString('latin1', offset).startsWith(shown), `${way}: ${shown}`).toBe(true);
    }
  });
});

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const LAST = '0\r\n\r\n';

describe('the message of an error in a chunk-size line', () => {
  // RFC 9112 §7.1: chunk-size = 1*HEXDIG. Each of these lines breaks another rule.
  it.each([
    ['a size with a sign', '-5\r\n', 'the chunk size is not a hexadecimal number'],
    ['a hexadecimal number of 64 bits', 'FFFFFFFFFFFFFFFF\r\n', 'the chunk size is above 2^53 - 1'],
    ['the number 2^53', '20000000000000\r\n', 'the chunk size is above 2^53 - 1'],
    ['a control character', '5;a=\x01\r\n', 'control character in a chunk extension'],
    ['zeros', '00000001\r\nx\r\n'.repeat(20_000), 'the leading zeros and extensions of chunk sizes are too long for the content'],
  ])('says what is wrong: %s', (_, lines, message) => {
    const parser = new ResponseParser('GET');
    parser.receive(Buffer.from(CHUNKED + lines));
    expect(() => {
      while (parser.next() !== undefined);
    }).toThrow(message);
  });
});

describe('the limits of the response parser', () => {
  const { statusLine, head, fieldLines, interim, chunkLine, chunkOverhead, trailers } = RESPONSE_LIMITS;
  const HEAD = 'HTTP/1.1 200 OK\r\n';
  const EARLY = 'HTTP/1.1 103 Early Hints\r\n';
  const a = (length: number): string => 'a'.repeat(length);
  /** A field line of `length` bytes, its CRLF counted. */
  const line = (length: number): string => `A: ${a(length - 5)}\r\n`;
  /** Chunks of one byte. All their size lines together have this many bytes that are not digits. */
  const overhead = (bytes: number): string => {
    const largest = chunkLine - 1;
    const sizes = [...new Array<number>(Math.floor(bytes / largest)).fill(largest), bytes % largest];
    return sizes.map((size) => `1;${a(size - 1)}\r\nx\r\n`).join('');
  };
  const chunksOf = (bytes: number): number => Math.ceil(bytes / (chunkLine - 1));

  // what is limited, the limit, a response in which that part has a given size, the violated section
  const limits: ReadonlyArray<readonly [string, number, (size: number) => string, string]> = [
    // The line's size counts from HTTP to the reason's end; it does not include the bytes before the minor version.
    ['a status line', statusLine + 7, (size) => `HTTP/1.1 200 ${a(size - 13)}\r\n\r\n`, 'RFC 9112 §2.2'],
    ['a field section of one line', head, (size) => `${HEAD}${line(size - 2)}\r\n`, 'RFC 9110 §5.4'],
    [
      'a field section of many lines',
      head,
      (size) => `${HEAD}${line(8192).repeat(7)}${line(size - 7 * 8192 - 2)}\r\n`,
      'RFC 9110 §5.4',
    ],
    [
      'the field sections of all heads',
      head,
      (size) => `${EARLY}${line(1000)}\r\n${HEAD}${line(size - 1004)}\r\n`,
      'RFC 9110 §5.4',
    ],
    ['the number of field lines', fieldLines, (size) => `${HEAD}${'A: b\r\n'.repeat(size)}\r\n`, 'RFC 9110 §5.4'],
    ['the number of interim answers', interim, (size) => `${`${EARLY}\r\n`.repeat(size)}${HEAD}\r\n`, 'RFC 9110 §15.2'],
    ['a chunk-size line', chunkLine, (size) => `${CHUNKED}1;${a(size - 2)}\r\nx\r\n${LAST}`, 'RFC 9112 §2.2'],
    ['a chunk size of zeros', chunkLine, (size) => `${CHUNKED}${'0'.repeat(size - 1)}1\r\nx\r\n${LAST}`, 'RFC 9112 §2.2'],
    // A quarter of the earlier data is added to the limit: here one byte for each chunk except the last.
    [
      'what is beside the digits in all size lines',
      chunkOverhead + Math.floor((chunksOf(chunkOverhead) - 1) / 4),
      (size) => `${CHUNKED}${overhead(size)}${LAST}`,
      'RFC 9112 §7.1.1',
    ],
    ['a trailer section of one line', trailers, (size) => `${CHUNKED}0\r\n${line(size - 2)}\r\n`, 'RFC 9110 §5.4'],
    [
      'a trailer section of many lines',
      trailers,
      (size) => `${CHUNKED}0\r\n${line(8192)}${line(size - 8194)}\r\n`,
      'RFC 9110 §5.4',
    ],
    ['the number of trailer lines', fieldLines, (size) => `${CHUNKED}0\r\n${'A: b\r\n'.repeat(size)}\r\n`, 'RFC 9110 §5.4'],
  ];

  // covers: fault 2, fault 3.1.10, fault 3.2.10, fault 3.5.6, fault 3.7
  it.each(limits)('accept %s of %i, and reject one more', (_, limit, answer, section) => {
    for (const [way, pieces] of splits(Buffer.from(answer(limit), 'latin1'), 2)) {
      expect(parse(pieces).events, way).toContain('head');
    }
    const refused = splits(Buffer.from(answer(limit + 1), 'latin1'), 2).map(([, pieces]) => parse(pieces));
    for (const { events, offset } of refused) {
      expect(events.at(-1)).toBe(`ProtocolError ${section}`);
      expect(offset).toBe(refused[0]?.offset);
    }
    expect(parse([Buffer.from(answer(limit), 'latin1')]).events).not.toContainEqual(expect.stringMatching(/Error/));
  });

  // The parser does not wait for an end that may never come.
  it.each([
    ['a status line', 'HTTP/1.1 200 '], ['a field line', 'HTTP/1.1 200 OK\r\nA: '], ['a chunk-size line', `${CHUNKED}1;`],
    ['a chunk size', CHUNKED], ['a trailer', `${CHUNKED}0\r\nA: `],
  ])('refuse %s without an end as soon as it is too long', (_, before) => {
    expect(parse([Buffer.from(before + '0'.repeat(70_000))]).events.at(-1)).toBe('ProtocolError RFC 9112 §2.2');
  });

  // covers: fault 2, fault 3.5.6
  it('allow more bytes in size lines for more data (Go CVE-2023-39326)', () => {
    const chunk = (size: number): string => `${size.toString(16)};${a(250)}\r\n${'x'.repeat(size)}\r\n`;
    expect(parse([Buffer.from(CHUNKED + chunk(1).repeat(300))]).events.at(-1)).toBe('ProtocolError RFC 9112 §7.1.1');
    expect(parse([Buffer.from(CHUNKED + chunk(1200).repeat(300) + LAST)]).events.at(-1)).toBe('end');
  });

  // covers: fault 3.5.6
  it('count leading zeros of chunk sizes, however they are split', () => {
    for (const [way, pieces] of splits(Buffer.from(CHUNKED + '00000001\r\nx\r\n'.repeat(20_000)), 2)) {
      expect(parse(pieces).events.at(-1), way).toBe('ProtocolError RFC 9112 §7.1.1');
    }
  });
});

describe('the response parser', () => {
  it('returns views of its input, and moves small chunks together', () => {
    const parser = new ResponseParser('GET');
    const large = 'x'.repeat(2000);
    const wire = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n${large}\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n`;
    const memory = Buffer.from(wire);
    parser.receive(memory);
    const views: Uint8Array[] = [];
    for (let event; (event = parser.next()) !== undefined;) {
      if (event.type !== 'content') continue;
      expect(event.bytes.buffer).toBe(memory.buffer);
      expect(event.bytes.constructor).toBe(Uint8Array); // whose slice() is a copy, unlike a Buffer's
      views.push(event.bytes.slice());
    }
    expect(views.map((view) => Buffer.from(view).toString())).toEqual([large, 'abcdef']);
  });

  it('accepts nothing after an error', () => {
    const parser = new ResponseParser('GET');
    parser.receive(Buffer.from('junk'));
    expect(() => parser.next()).toThrow(ProtocolError);
    parser.receive(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'));
    expect(() => parser.next()).toThrow(ProtocolError);
  });

  // covers: fault 3.1.9, fault 3.25.7
  it('gives a hint when the response is TLS', () => {
    const parser = new ResponseParser('GET');
    parser.receive(Uint8Array.of(0x15, 3, 1, 0, 2, 2, 0x46));
    expect(() => parser.next()).toThrow(/looks like TLS/);
  });

  it.each(['a', ' ', '\t', 'a ', 'a\t ', 'ab cd\t'])('rejects a value of many "%s" with a wrong last byte in linear time', (text) => {
    // Two alternatives for the same text would mean 2^300 attempts.
    const parser = new ResponseParser('GET');
    parser.receive(Buffer.from(`HTTP/1.1 200 OK\r\nX: ${text.repeat(900 / text.length)}\0\r\n\r\n`, 'latin1'));
    expect(() => parser.next()).toThrow('the value of "X" contains a control character');
  });

  // covers: fault 2
  it('shows at most 64 bytes of what is wrong, escaped', () => {
    const parser = new ResponseParser('GET');
    parser.receive(Buffer.from(`\x1b[31m${'x'.repeat(500)}`));
    expect(() => parser.next()).toThrow(/"\\x1b\[31mx{58,64}…?" at byte 0/);
  });
});
