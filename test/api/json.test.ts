// JSON that would become many times its length in memory is refused before it is parsed.

import { describe, expect, it } from 'vitest';
import { decodeJson } from '../../src/api/api-error.ts';
import { JSON_ITEMS_LIMIT } from '../../src/api/json.ts';
import { JsonValueDecoder } from '../../src/api/progress/json-stream.ts';

/** A list of that many characters that count: one bracket, and a brace and a comma for each item. */
const items = (count: number): string => `[${'{},'.repeat((count - 1) / 2)}1]`;

describe.each([['text', (text: string) => text], ['bytes', (text: string) => Buffer.from(text)]])('an answer as %s', (_, form) => {
  it('has at most 8 Mi items', () => {
    expect(decodeJson(form(items(JSON_ITEMS_LIMIT - 1)))).toHaveLength(JSON_ITEMS_LIMIT / 2);
    expect(() => decodeJson(form(items(JSON_ITEMS_LIMIT + 1)))).toThrow(
      expect.objectContaining({ code: 'LONGSHORE_DECODE', message: 'the answer has more than 8388608 items in JSON, which would fill the memory' }),
    );
  });

  it('may be a list of 60 MB whose items are as those of an engine', () => {
    const image = { Id: `sha256:${'a'.repeat(64)}`, RepoTags: ['registry.example/team/app:1.2.3'], Size: 123, Labels: { a: 'x'.repeat(300) } };
    const list = `[${Array.from({ length: 120_000 }, () => JSON.stringify(image)).join(',')}]`;
    expect(decodeJson(form(list))).toHaveLength(120_000);
  });
});

it('a value of a stream has as many', () => {
  const decoder = new JsonValueDecoder();
  decoder.push(Buffer.from(`{"aux":${items(JSON_ITEMS_LIMIT + 1)}}\n`));
  expect(() => decoder.next()).toThrow('more than 8388608 items');
});
