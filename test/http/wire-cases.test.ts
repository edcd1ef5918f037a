// The wire cases through the parser alone.

import { describe, expect, it } from 'vitest';
import { ResponseParser } from '../../src/http/response-parser.ts';
import { splits } from '../support/splits.ts';
import { Account, wireCases } from '../support/wire-cases.ts';
import type { WireCase } from '../support/wire-cases.ts';

/** The events of the parser for the pieces; this function does the part of the connection. */
function parse({ method, end }: WireCase, pieces: readonly Uint8Array[]): Account {
  const parser = new ResponseParser(method);
  const account = new Account();
  let ended = false;
  const take = (more: boolean): void => {
    for (let event; (event = parser.next()) !== undefined;) {
      if (event.type === 'content') account.content(event.bytes);
      else if (event.type === 'interim') account.say(`interim ${event.status}`);
      else if (event.type === 'head') account.head(event.head);
      else {
        ended = true;
        account.say(`end ${event.reusable && !more ? 'reusable' : 'close'}`);
      }
    }
  };
  try {
    for (const [index, piece] of pieces.entries()) {
      if (ended) break; // the parser does not get bytes of another read
      const more = end !== 'open' || pieces.slice(index + 1).some(({ length }) => length > 0);
      parser.receive(Uint8Array.from(piece)); // a copy: the parser may move bytes within it
      take(more);
    }
    if (end === 'eof') parser.end();
    take(true);
    if (!ended && end === 'reset') throw parser.truncatedError(new Error('reset'));
    if (!ended) account.say('waiting');
  } catch (error) {
    account.error(error);
  }
  return account;
}

const files = wireCases();
const asked = files.filter(({ cases }) => cases.some(({ idle }) => !idle));

describe.each(asked)('the wire cases of $file', ({ cases }) => {
  // covers: fault 6
  it.each(cases.filter(({ idle }) => !idle))('$title', (wireCase) => {
    for (const [way, pieces] of splits(wireCase.wire)) {
      const account = parse(wireCase, pieces);
      expect(account.lines, way).toEqual(wireCase.events);
      if (wireCase.offset !== undefined) expect(account.offset, way).toBe(wireCase.offset);
    }
  });

  it.each(cases.filter(({ events }) => events.at(-1) === 'end reusable'))(
    '$title, but not with a byte behind it',
    (wireCase) => {
      const { lines } = parse(wireCase, [Buffer.concat([wireCase.wire, Buffer.from('x')])]);
      expect(lines).toEqual([...wireCase.events.slice(0, -1), 'end close']);
    },
  );

  // covers: fault 6, fault 3.5.9
  it.each(cases.filter(({ events }) => events.at(-1) === 'end reusable'))('$title, and no part of it is whole', (wireCase) => {
    for (let length = 0; length < wireCase.wire.length; length++) {
      const { lines } = parse({ ...wireCase, end: 'eof' }, [wireCase.wire.subarray(0, length)]);
      expect(lines.at(-1), `${length} bytes`).toMatch(/^error TruncatedError/);
    }
  });
});

describe('the wire cases', () => {
  const cases = files.flatMap((file) => file.cases);

  it('are at least two hundred', () => {
    expect(cases.length).toBeGreaterThanOrEqual(200);
  });

  it('have unique headings', () => {
    const titles = cases.map(({ title }) => title);
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  });

  it('end with the state of the connection, and mark the position of each error', () => {
    for (const { title, events, offset } of cases) {
      expect(events.at(-1), title).toMatch(/^(end (reusable|close)|waiting|closed|error (Protocol|Truncated)Error .*)$/);
      expect(offset !== undefined, title).toBe(/^error ProtocolError/.test(events.at(-1) ?? ''));
    }
  });
});
