import { describe, expect, it } from 'vitest';
import { JSON_VALUE_LIMIT, JsonValueDecoder, decodeJsonValues } from '../../../src/api/progress/json-stream.ts';
import { DecodeError, TruncatedError } from '../../../src/errors.ts';
import { splits } from '../../support/splits.ts';

async function decode(chunks: Iterable<Uint8Array>): Promise<{ values: unknown[]; error: unknown }> {
  const values: unknown[] = [];
  try {
    for await (const value of decodeJsonValues(chunks)) values.push(value);
  } catch (error) {
    return { values, error };
  }
  return { values, error: undefined };
}

describe('decodeJsonValues', () => {
  const a = { status: 'Größe "20 €" {\\}', id: '😀' };
  const b = { progressDetail: { current: 1, total: 2 }, list: [{ x: '}' }, []], n: null };
  const [first, second] = [JSON.stringify(a), JSON.stringify(b)];

  // what is between and around the values, the text; the result must equal JSON.parse of each value
  const texts: Array<[string, string]> = [
    ['CRLF between, as dockerd', `${first}\r\n${second}\r\n`],
    ['LF between, as Podman', `${first}\n${second}\n`],
    ['nothing between', `${first}${second}`],
    ['no line end at the end', `${first}\r\n${second}`],
    ['white space of every kind around', ` \t\r\n${first} \n\n\t${second}\r\n \n`],
    ['values on several lines', `${JSON.stringify(a, null, 2)}\n${JSON.stringify(b, null, '\t')}\n`],
    ['two on one line, then a line end', `${first}${second}\n`],
  ];
  for (const [name, text] of texts) {
    // covers: fault 3.18, complaint py-49
    it.each(splits(Buffer.from(text)))(`decodes values with ${name}, %s`, async (_, pieces) => {
      expect(await decode(pieces)).toEqual({ values: [a, b], error: undefined });
    });
  }

  // The decoder makes text of an ASCII block window by window. Lines that lie in two windows, that are not ASCII, or that
  // follow a line of several values must be decoded from their bytes; no value may be lost or repeated.
  it.each<[string, (at: number) => unknown[]]>([
    ['ASCII lines', (at) => [{ at, x: 'y'.repeat(at % 301) }]],
    ['one line of a thousand with more than ASCII', (at) => [{ at, x: at % 1000 === 500 ? 'é€😀' : '-' }]],
    ['lines with more than ASCII', (at) => [{ at, x: 'é€😀' }]],
    ['several values on some lines', (at) => (at % 7 === 0 ? [{ at }, { again: at }] : [{ at }])],
    ['lines longer than a piece of text', (at) => [{ at, x: at % 500 === 0 ? 'z'.repeat(200_000) : '' }]],
  ])('decodes all values of a block of many lines: %s', async (_, valuesAt) => {
    const lines = Array.from({ length: 3000 }, (_, at) => valuesAt(at));
    const text = lines.map((values) => values.map((value) => JSON.stringify(value)).join('')).join('\r\n');
    expect(await decode([Buffer.from(`${text}\r\n`)])).toEqual({ values: lines.flat(), error: undefined });
  });

  it('reports the position of the first wrong line in a large block', async () => {
    const good = `${JSON.stringify({ x: 'y'.repeat(100) })}\n`.repeat(5000);
    const { values, error } = await decode([Buffer.from(`${good}{"x":nope}\n{}\n`)]);
    expect([values.length, error]).toMatchObject([5000, { offset: good.length }]);
  });

  it('yields nothing for white space alone', async () => {
    expect(await decode([Buffer.from('\r\n \t')])).toEqual({ values: [], error: undefined });
  });

  // covers: fault 3.18
  it('keeps a member called __proto__ as data', async () => {
    const { values } = await decode([Buffer.from('{"__proto__":{"polluted":1}}\n')]);
    expect(Object.keys(values[0] as object)).toEqual(['__proto__']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  // what is wrong, the text after one good value and its line end, the position of the text in bytes
  // covers: fault 3.18
  it.each([
    ['garbage', 'garbage', 9],
    ['null', 'null\n', 9],
    ['an array', '[1]\n', 9],
    ['a string', '"x"\n', 9],
    ['a number', '1\n', 9],
    ['a bad value in braces', '{bad}\n', 9],
    ['a closing brace', '}\n', 9],
    ['a byte order mark', '\ufeff{}\n', 9],
    ['a vertical tab', '\v{}\n', 9],
    ['an unclosed string on a closed line', '{"a":"b}\n{"c":"}\n', 9],
  ])('yields the good values and then throws a DecodeError for %s', async (_, bad, offset) => {
    for (const [, pieces] of splits(Buffer.from(`{"a":1}\r\n${bad}`), 3)) {
      const { values, error } = await decode(pieces);
      expect(values).toEqual([{ a: 1 }]);
      expect(error).toBeInstanceOf(bad.includes('"b}') ? Error : DecodeError);
      if (error instanceof DecodeError) expect(error.offset).toBe(offset);
    }
  });

  // covers: fault 3.18
  it('rejects bytes that are not UTF-8 instead of replacing them', async () => {
    const { error } = await decode([Buffer.from('{"a":"\xff"}\n', 'latin1')]);
    expect(error).toBeInstanceOf(DecodeError);
    expect((error as Error).message).toContain('\\xff');
  });

  it('accepts a replacement character that the engine sent', async () => {
    expect((await decode([Buffer.from('{"a":"\ufffd"}\n')])).values).toEqual([{ a: '\ufffd' }]);
  });

  // covers: fault 3.18
  it('yields the good values and then throws a TruncatedError if the stream ends inside a value', async () => {
    for (const [, pieces] of splits(Buffer.from('{"a":1}\n{"b":'), 3)) {
      const { values, error } = await decode(pieces);
      expect(values).toEqual([{ a: 1 }]);
      expect(error).toBeInstanceOf(TruncatedError);
    }
  });

  it('returns a value as soon as its last byte has come, without waiting for a line end', () => {
    const decoder = new JsonValueDecoder();
    decoder.push(Buffer.from('{"a":1'));
    expect(decoder.next()).toBeUndefined();
    decoder.push(Buffer.from('}'));
    expect(decoder.next()).toEqual({ a: 1 });
  });

  // The ways in which a value can come: as one line, in one block, in two blocks, in many blocks.
  it.each<[string, (text: Buffer) => Uint8Array[]]>([
    ['on a line', (text) => [Buffer.concat([text, Buffer.from('\n')])]],
    ['in one block', (text) => [text]],
    ['in two blocks', (text) => [text.subarray(0, 10), text.subarray(10)]],
    ['in many blocks', (text) => Array.from({ length: 300 }, (_, i) => text.subarray(i * 65536, (i + 1) * 65536))],
  ])('accepts a value of 16 MiB and rejects one byte more, %s', async (_, pieces) => {
    const value = (bytes: number): Buffer => Buffer.from(`{"a":"${'x'.repeat(bytes - 8)}"}`);
    const { values, error } = await decode(pieces(value(JSON_VALUE_LIMIT)));
    expect([values.length, error]).toEqual([1, undefined]);
    const refused = await decode([Buffer.from('{}'), ...pieces(value(JSON_VALUE_LIMIT + 1))]);
    expect(refused.values).toEqual([{}]);
    expect(refused.error).toBeInstanceOf(DecodeError);
    expect(refused.error).toMatchObject({ offset: 2, message: expect.stringContaining(`${JSON_VALUE_LIMIT} bytes`) });
  });

  // covers: fault 3.18
  it('rejects a value without an end as soon as it is too long', () => {
    const decoder = new JsonValueDecoder();
    decoder.push(Buffer.from('{"a":"'));
    decoder.next();
    decoder.push(Buffer.alloc(JSON_VALUE_LIMIT - 6, 'x'));
    expect(decoder.next()).toBeUndefined();
    decoder.push(Buffer.from('x'));
    expect(() => decoder.next()).toThrow(DecodeError);
  });

  it('uses little memory for a value of quotes that comes byte by byte', () => {
    // The attack: an engine that sends one value a byte at a time. An object kept for each byte would take gigabytes.
    const decoder = new JsonValueDecoder();
    const length = 2_000_000;
    const before = process.memoryUsage();
    const byte = Buffer.from('"');
    decoder.push(Buffer.from('{'));
    for (let i = 0; i < length; i++) {
      decoder.next();
      decoder.push(byte);
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    expect(heapUsed - before.heapUsed + arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 1024 * 1024);
  });

  it('takes linear time for many values on one line', async () => {
    // With one search for the line end per value, this would take minutes.
    const { values, error } = await decode([Buffer.from('{}'.repeat(1_000_000))]);
    expect([values.length, error]).toEqual([1_000_000, undefined]);
  });

  // covers: fault 2
  it('accepts a value of exactly the limit and rejects one byte more, in two blocks', () => {
    const whole = (size: number): Buffer => Buffer.from(`{"a":"${'x'.repeat(size - 8)}"}`);
    for (const [size, taken] of [[JSON_VALUE_LIMIT, true], [JSON_VALUE_LIMIT + 1, false]] as const) {
      const decoder = new JsonValueDecoder();
      const feed = (): unknown => {
        const text = whole(size);
        decoder.push(text.subarray(0, 1000));
        decoder.next();
        decoder.push(text.subarray(1000));
        return decoder.next();
      };
      if (taken) expect(feed()).toBeDefined();
      else expect(feed).toThrow(DecodeError);
    }
  });

  it('uses little memory for a string that comes byte by byte', () => {
    const decoder = new JsonValueDecoder();
    const byte = Buffer.from('x');
    decoder.push(Buffer.from('{"a":"'));
    decoder.next();
    const before = process.memoryUsage();
    for (let count = 0; count < 1_000_000; count++) {
      decoder.push(byte);
      decoder.next();
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    // As a million pieces it would take 200 MB. The limit is twice the size of the value and what is not collected yet.
    expect(heapUsed - before.heapUsed + arrayBuffers - before.arrayBuffers).toBeLessThan(80_000_000);
  });

  // covers: fault 3.18
  it('scans each byte of a cut value once', () => {
    // If each piece rescanned the value from its start, this would take minutes and not milliseconds.
    const decoder = new JsonValueDecoder();
    const text = Buffer.from(JSON.stringify({ a: 'x'.repeat(4_000_000) }));
    let value: unknown;
    for (let at = 0; at < text.length; at += 64) {
      decoder.push(text.subarray(at, at + 64));
      value = decoder.next();
    }
    expect((value as { a: string }).a.length).toBe(4_000_000);
  });
});
