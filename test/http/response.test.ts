import { describe, expect, it } from 'vitest';
import { ProtocolError, TruncatedError } from '../../src/errors.ts';
import { RESPONSE_LIMITS, ResponseParser } from '../../src/http/response.ts';
import { byteByByte, randomSplits, whole } from '../support/splits.ts';
import { wireCases } from '../support/wire-cases.ts';
import type { WireCase } from '../support/wire-cases.ts';

interface Outcome {
  readonly events: string[];
  readonly offset: number | undefined;
}

/** What the parser makes of the pieces, in the words of the cases; adjoining content is joined. */
function parse(method: string, pieces: Iterable<Uint8Array>, end: 'open' | 'eof'): Outcome {
  const parser = new ResponseParser(method);
  const events: string[] = [];
  let content: Buffer[] = [];
  const say = (line: string): void => {
    if (content.length > 0) events.push(`content ${quote(Buffer.concat(content).toString('latin1'))}`);
    content = [];
    events.push(line);
  };
  const take = (): void => {
    for (let event; (event = parser.next()) !== undefined; ) {
      if (event.type === 'content') content.push(Buffer.from(event.bytes));
      else if (event.type === 'interim') say(`interim ${event.status}`);
      else if (event.type === 'end') say(`end ${event.reusable ? 'reusable' : 'close'}`);
      else {
        const { minorVersion, status, reason, framing, fields } = event.head;
        const size = framing.kind === 'length' ? `length ${framing.length}` : framing.kind;
        say(`head 1.${minorVersion} ${status} ${quote(reason)} ${size}`);
        for (const [name, value] of fields) if (!framingNames.has(name)) say(`field ${name} ${quote(value)}`);
      }
    }
  };
  try {
    for (const piece of pieces) {
      parser.receive(Uint8Array.from(piece)); // a copy: the parser may move bytes within it
      take();
    }
    if (end === 'eof') parser.end();
    take();
  } catch (error) {
    if (error instanceof ProtocolError) {
      say(`error ProtocolError ${error.section}`);
      return { events, offset: error.offset };
    }
    if (!(error instanceof TruncatedError)) throw error;
    say(`error TruncatedError ${error.phase} ${error.received}${error.expected === undefined ? '' : ` ${error.expected}`}`);
  }
  return { events, offset: undefined };
}

const framingNames = new Set(['content-length', 'transfer-encoding', 'connection', 'proxy-connection']);
const quote = (text: string): string => `"${text.replaceAll('\r', '\\r').replaceAll('\n', '\\n')}"`;

/** Bytes that follow an answer in another read are none of the parser's: then the connection sees them. */
function expected(wireCase: WireCase, outcome: Outcome): string[] {
  const last = wireCase.events.at(-1);
  return last === 'end close' && outcome.events.at(-1) === 'end reusable'
    ? [...wireCase.events.slice(0, -1), 'end reusable']
    : [...wireCase.events];
}

for (const { file, cases } of wireCases()) {
  describe(`the wire cases of ${file}`, () => {
    it.each(cases)('$title', (wireCase) => {
      const { method, wire, end } = wireCase;
      const all = parse(method, whole(wire), end);
      expect(all.events).toEqual(wireCase.events);
      if (wireCase.offset !== undefined) expect(all.offset).toBe(wireCase.offset);
      const splits = [byteByByte(wire), ...[1, 2, 3, 4, 5, 6, 7, 8].map((seed) => randomSplits(wire, seed))];
      for (const pieces of splits) {
        const outcome = parse(method, pieces, end);
        expect(outcome.events).toEqual(expected(wireCase, outcome));
        expect(outcome.offset).toBe(all.offset);
      }
    });
  });
}

describe('the limits of the response parser', () => {
  const head = (fields: string): Uint8Array => Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
  const events = (wire: Uint8Array, end: 'open' | 'eof' = 'open'): string[] => parse('GET', whole(wire), end).events;

  // what, the longest that passes
  it.each<[string, Uint8Array]>([
    ['a status line', Buffer.from(`HTTP/1.1 200 ${'a'.repeat(RESPONSE_LIMITS.statusLine - 6)}\r\n\r\n`)],
    ['a head', head(`A: ${'a'.repeat(RESPONSE_LIMITS.head - 7)}\r\n`)],
  ])('pass %s of just the limit and refuse one more byte', (_, atLimit) => {
    expect(events(atLimit)[0]).toMatch(/^head/);
    const longer = Buffer.concat([atLimit.subarray(0, -4), Buffer.from('a'), atLimit.subarray(-4)]);
    expect(events(longer)).toEqual([expect.stringMatching(/^error ProtocolError/)]);
  });

  it('pass 256 field lines and refuse 257', () => {
    expect(events(head('A: b\r\n'.repeat(256)))[0]).toMatch(/^head/);
    expect(events(head('A: b\r\n'.repeat(257)))).toEqual(['error ProtocolError RFC 9110 §5.4']);
  });

  it('refuse a line without an end as soon as it is too long', () => {
    expect(events(Buffer.from(`HTTP/1.1 200 ${'a'.repeat(9000)}`))).toEqual(['error ProtocolError RFC 9112 §2.2']);
  });

  it('pass 32 interim answers and refuse the 33rd', () => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
    const final = 'HTTP/1.1 204 No Content\r\n\r\n';
    expect(events(Buffer.from(interim.repeat(32) + final)).at(-1)).toBe('end reusable');
    expect(events(Buffer.from(interim.repeat(33) + final)).at(-1)).toBe('error ProtocolError RFC 9110 §15.2');
  });

  it('refuse a head that grows over interim answers', () => {
    const interim = `HTTP/1.1 103 Early Hints\r\nLink: ${'a'.repeat(8000)}\r\n\r\n`;
    expect(events(Buffer.from(interim.repeat(9))).at(-1)).toBe('error ProtocolError RFC 9110 §5.4');
  });

  it('refuse a chunk line above 4096 bytes', () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    const line = (length: number): string => `1;${'a'.repeat(length - 2)}\r\nx\r\n0\r\n\r\n`;
    expect(events(Buffer.from(chunked + line(4096))).at(-1)).toBe('end reusable');
    expect(events(Buffer.from(chunked + line(4097))).at(-1)).toBe('error ProtocolError RFC 9112 §2.2');
  });

  it('refuse extensions out of proportion to the data (Go CVE-2023-39326)', () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    const chunk = `1;${'a'.repeat(250)}\r\nx\r\n`;
    expect(events(Buffer.from(chunked + chunk.repeat(100) + '0\r\n\r\n')).at(-1)).toBe('end reusable');
    expect(events(Buffer.from(chunked + chunk.repeat(300))).at(-1)).toBe('error ProtocolError RFC 9112 §7.1.1');
  });

  it('refuse trailers above 16 KiB', () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n';
    expect(events(Buffer.from(`${chunked}A: ${'a'.repeat(17000)}\r\n\r\n`)).at(-1)).toBe('error ProtocolError RFC 9112 §2.2');
    const many = `A: ${'a'.repeat(8000)}\r\n`.repeat(3);
    expect(events(Buffer.from(`${chunked}${many}\r\n`)).at(-1)).toMatch(/^error ProtocolError/);
  });
});

describe('the response parser', () => {
  it('hands out views of the bytes given, and moves small chunks together', () => {
    const parser = new ResponseParser('GET');
    const large = 'x'.repeat(2000);
    const wire = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n${large}\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n`;
    const memory = Buffer.from(wire);
    parser.receive(memory);
    const views: Uint8Array[] = [];
    for (let event; (event = parser.next()) !== undefined; ) {
      if (event.type !== 'content') continue;
      expect(event.bytes.buffer).toBe(memory.buffer);
      expect(event.bytes.constructor).toBe(Uint8Array); // whose slice() is a copy, unlike a Buffer's
      views.push(event.bytes.slice());
    }
    expect(views.map((view) => Buffer.from(view).toString())).toEqual([large, 'abcdef']);
  });

  it('stays dead after an error', () => {
    const parser = new ResponseParser('GET');
    parser.receive(Buffer.from('junk'));
    expect(() => parser.next()).toThrow(ProtocolError);
    parser.receive(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'));
    expect(() => parser.next()).toThrow(ProtocolError);
  });

  it('says what to do when the answer is TLS', () => {
    const parser = new ResponseParser('GET');
    parser.receive(Uint8Array.of(0x15, 3, 1, 0, 2, 2, 0x46));
    expect(() => parser.next()).toThrow(/looks like TLS/);
  });

  it('shows at most 64 bytes of what is wrong, escaped', () => {
    const parser = new ResponseParser('GET');
    parser.receive(Buffer.from(`\x1b[31m${'x'.repeat(500)}`));
    expect(() => parser.next()).toThrow(/"\\x1b\[31mx{58,64}…?" at byte 0/);
  });
});
