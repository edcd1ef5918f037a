// JSON responses; and JSON that would take too much memory is rejected before it is parsed.

import { describe, expect, it } from 'vitest';
import { JSON_ITEMS_LIMIT, decodeJson } from '../../src/api/json.ts';
import { JsonValueDecoder } from '../../src/api/progress/json-stream.ts';
import * as errors from '../../src/errors.ts';

describe('a JSON response', () => {
  it('is decoded', () => {
    expect(decodeJson(Buffer.from('{"a":"é"}\n'))).toEqual({ a: 'é' });
  });

  // covers: fault 3.19.6
  it.each([['<html>', /"<html>"/], ['', /is empty/], ['{"a":', /not valid JSON/]])('that is invalid (%j) is a DecodeError with our own message', (text, words) => {
    expect(() => decodeJson(Buffer.from(text))).toThrow(errors.DecodeError);
    expect(() => decodeJson(Buffer.from(text))).toThrow(words);
  });
});

/** A list of that many characters that count: one bracket, and a brace and a comma for each item. */
const items = (count: number): string => `[${'{},'.repeat((count - 1) / 2)}1]`;

describe.each([['text', (text: string) => text], ['bytes', (text: string) => Buffer.from(text)]])('a response as %s', (_, form) => {
  it('may have at most 8 Mi values', () => {
    expect(decodeJson(form(items(JSON_ITEMS_LIMIT - 1)))).toHaveLength(JSON_ITEMS_LIMIT / 2);
    expect(() => decodeJson(form(items(JSON_ITEMS_LIMIT + 1)))).toThrow(
      expect.objectContaining({ code: 'LONGSHORE_DECODE', message: 'the response has more than 8388608 JSON values, which would use too much memory' }),
    );
  });

  it('may be a list of 60 MB with items as an engine writes them', () => {
    const image = { Id: `sha256:${'a'.repeat(64)}`, RepoTags: ['registry.example/team/app:1.2.3'], Size: 123, Labels: { a: 'x'.repeat(300) } };
    const list = `[${Array.from({ length: 120_000 }, () => JSON.stringify(image)).join(',')}]`;
    expect(decodeJson(form(list))).toHaveLength(120_000);
  });
});

it('limits each value of a stream in the same way', () => {
  const decoder = new JsonValueDecoder();
  decoder.push(Buffer.from(`{"aux":${items(JSON_ITEMS_LIMIT + 1)}}\n`));
  expect(() => decoder.next()).toThrow('more than 8388608 JSON values');
});
