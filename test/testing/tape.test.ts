import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { TAPE_LIMIT, encodeTape, parseTape } from '../../src/testing/tape.ts';
import type { TapeRecord } from '../../src/testing/tape.ts';
import { integer, random } from '../support/random.ts';
import { engines, tapesOf } from '../support/recorded.ts';

const header = { engine: 'Docker', version: '20.10.24', command: 'npm run record', date: '2026-01-31' };
const HEAD = 'longshore tape 1\nengine: Docker\nversion: 20.10.24\ncommand: npm run record\ndate: 2026-01-31\n\n';

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const parsed = (records: string): readonly TapeRecord[] => parseTape(bytesOf(HEAD + records)).records;

describe('a tape', () => {
  it('is written as it is documented', () => {
    const records: TapeRecord[] = [
      { type: 'sent', connection: 1, bytes: bytesOf('GET / HTTP/1.1\r\n\r\n') },
      { type: 'received', connection: 2, bytes: bytesOf('a\0') },
      { type: 'received', connection: 1, bytes: bytesOf('ends in a line end\n') },
      { type: 'over', connection: 1, how: 'eof' },
      { type: 'over', connection: 2, how: 'reset' },
    ];
    expect(Buffer.from(encodeTape({ header, records })).toString('latin1')).toBe(
      `${HEAD}> 1 18\nGET / HTTP/1.1\r\n\r\n\n<64 2 4\nYQA=\n< 1 19\nends in a line end\n\n= 1 eof\n= 2 reset\n`,
    );
  });

  it('parses what it encoded, for bytes of any kind', () => {
    const next = random(1);
    const records = Array.from({ length: 200 }, (_, index): TapeRecord => {
      const [low, high] = index % 2 === 0 ? [0x20, 0x7e] : [0, 0xff]; // every other record is printable
      const bytes = Buffer.from(Array.from({ length: integer(next, 1, 300) }, () => integer(next, low, high)));
      return { type: index % 3 === 0 ? 'sent' : 'received', connection: integer(next, 1, 9), bytes };
    });
    expect(parseTape(encodeTape({ header, records }))).toEqual({ header, records });
  });

  it.each(engines().flatMap((engine) => tapesOf(engine).map(([name, bytes]) => [engine, name, bytes] as const)))(
    'of %s, %s, is the same when parsed and encoded again',
    (_engine, _name, bytes) => {
      expect(Buffer.from(encodeTape(parseTape(bytes))).equals(bytes)).toBe(true);
    },
  );

  it('may be without records', () => {
    expect(parsed('')).toEqual([]);
  });

  it.each([
    // single bytes: the first and the last that need no escape, and their neighbours
    [0x0a, 'plain'],
    [0x0d, 'plain'],
    [0x20, 'plain'],
    [0x7e, 'plain'],
    [0x09, 'base64'],
    [0x1f, 'base64'],
    [0x7f, 'base64'],
    [0x80, 'base64'],
    [0xff, 'base64'],
  ])('writes byte %i in %s', (byte, kind) => {
    const tape = encodeTape({ header, records: [{ type: 'received', connection: 1, bytes: Buffer.of(byte) }] });
    expect(bytesOf(`${HEAD}<64`).equals(tape.subarray(0, HEAD.length + 3))).toBe(kind === 'base64');
  });

  it.each([
    // what is wrong, the records, the number of the line that is named
    ['an unknown record', '? 1 2\nab\n', 7],
    ['a record without a length', '> 1\nab\n', 7],
    ['a length of zero', '> 1 0\n\n', 7],
    ['a length with a leading zero', '> 1 02\nab\n', 7],
    ['a length in hexadecimal', '> 1 0x2\nab\n', 7],
    ['connection 0', '> 0 2\nab\n', 7],
    ['a length that is too small', '> 1 1\nab\n', 7],
    ['a length that is too large', '> 1 3\nab\n', 7],
    ['a record that is cut short', '> 1 2\nab\n> 1 5\nab', 9],
    ['no line end after the last record', '> 1 2\nab', 7],
    ['a record line without its end', '> 1 2\nab\n> 1', 9],
    ['a control character', '> 1 2\na\0\n', 7],
    ['a byte above ASCII', '> 1 2\na\xff\n', 7],
    ['base64 that is none', '<64 1 4\n!!!!\n', 7],
    ['base64 without its padding', '<64 1 3\nYQA\n', 7],
    ['base64 of what is printable', '<64 1 4\nYWE=\n', 7],
    ['base64 in lines of another length', `<64 1 81\n${'A'.repeat(40)}\n${'A'.repeat(40)}\n`, 7],
    ['an unknown end', '= 1 closed\n', 7],
    ['an answer after the end', '= 1 eof\n< 1 1\na\n', 8],
    ['a second end', '= 1 eof\n= 1 reset\n', 8],
  ])('is refused with %s', (_what, records, line) => {
    expect(() => parsed(records)).toThrow(ArgumentError);
    expect(() => parsed(records)).toThrow(`line ${line} of the tape`);
  });

  it.each([
    ['another first line', 'longshore tape 2\n', 1],
    ['nothing at all', '', 1],
    ['a header line that is missing', 'longshore tape 1\nengine: Docker\ncommand: x\n', 3],
    ['a header line without a value', 'longshore tape 1\nengine: \n', 2],
    ['no empty line after the header', HEAD.replace(/\n$/, '> 1 1\n'), 6],
  ])('is refused with %s', (_what, text, line) => {
    expect(() => parseTape(bytesOf(text))).toThrow(`line ${line} of the tape`);
  });

  it('does not count lines inside base64 or between the two of a CRLF wrongly', () => {
    expect(() => parsed('> 1 4\na\r\nb\n> 1 x\n')).toThrow('line 10 of the tape, "> 1 x"');
  });

  it('takes more records from the client after the engine has ended', () => {
    expect(parsed('= 1 eof\n> 1 1\na\n')).toHaveLength(2);
  });

  it('is refused when it is too large, both ways', () => {
    expect(() => parseTape(Buffer.alloc(TAPE_LIMIT + 1))).toThrow(String(TAPE_LIMIT));
    const records: TapeRecord[] = [{ type: 'sent', connection: 1, bytes: Buffer.alloc(TAPE_LIMIT) }];
    expect(() => encodeTape({ header, records })).toThrow(String(TAPE_LIMIT));
  });

  it.each([
    ['a header with a line end in it', { header: { ...header, engine: 'a\nb' }, records: [] }],
    ['a header beyond ASCII', { header: { ...header, engine: '\u0141a' }, records: [] }],
    ['an empty record', { header, records: [{ type: 'sent', connection: 1, bytes: Buffer.alloc(0) }] }],
    ['a connection that is not an integer', { header, records: [{ type: 'over', connection: 0.5, how: 'eof' }] }],
  ] as const)('is not written with %s', (_what, tape) => {
    expect(() => encodeTape(tape)).toThrow(ArgumentError);
  });
});
