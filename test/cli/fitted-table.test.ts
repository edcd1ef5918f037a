// Tables at widths that are just sufficient, and one column less.

import { describe, expect, it } from 'vitest';
import { barOf } from '../../src/cli/bars.ts';
import { fittedTable } from '../../src/cli/fitted-table.ts';
import type { Column } from '../../src/cli/fitted-table.ts';

const columns: readonly Column[] = [{ title: 'NAME', least: 5, keep: 'end' }, { title: 'SIZE', align: 'right' }, { title: 'AGE', spare: 1 }, { title: 'NOTE', least: 4, spare: 2 }];
const rows = [['team/app', '7MB', '3 days', 'abcdef'], ['x', '12kB', '', '']];

describe('a table', () => {
  it.each([
    // the full width: 8 + 4 + 6 + 6, and three gaps of 3
    [Infinity, ['NAME       SIZE   AGE      NOTE', 'team/app    7MB   3 days   abcdef', 'x          12kB']],
    [33, ['NAME       SIZE   AGE      NOTE', 'team/app    7MB   3 days   abcdef', 'x          12kB']],
    [32, ['NAME      SIZE  AGE     NOTE', 'team/app   7MB  3 days  abcdef', 'x         12kB']], // narrower gaps
    [29, ['NAME     SIZE  AGE     NOTE', '…am/app   7MB  3 days  abcdef', 'x        12kB']], // the widest column that may be cut is cut
    [25, ['NAME   SIZE  AGE     NOTE', '…/app   7MB  3 days  abc…', 'x      12kB']],
    [24, ['NAME       SIZE   AGE', 'team/app    7MB   3 days', 'x          12kB']], // an optional column is omitted
    [18, ['NAME       SIZE', 'team/app    7MB', 'x          12kB']],
    [11, ['NAME   SIZE', '…/app   7MB', 'x      12kB']],
    [3, ['NAME   SIZE', '…/app   7MB', 'x      12kB']], // the remaining columns stay
  ])('in %d columns', (room, lines) => {
    expect(fittedTable(columns, rows, room)).toBe(lines.map((line) => `${line}\n`).join(''));
  });

  it('leaves out a column that is empty in every row, but not the head of a table without rows', () => {
    expect(fittedTable(columns, [['a', '1B', '', '']], Infinity)).toBe('NAME   SIZE\na        1B\n');
    expect(fittedTable(columns, [], Infinity)).toBe('NAME   SIZE   AGE   NOTE\n');
  });

  it('is not as wide in every row as one very long cell', () => {
    const long = 'x'.repeat(1_000_000);
    const text = fittedTable(columns, [[long, '1B', '', 'n'], ['y', '1B', '', 'n']], Infinity);
    expect(text.split('\n').map(({ length }) => length)).toEqual([526, 1_000_011, 523, 0]);
  });

  it('escapes control characters, and measures the escaped text', () => {
    expect(fittedTable(columns, [['\x1b', '1B', '', '']], Infinity)).toBe('NAME     SIZE\n\\u{1b}     1B\n');
  });

  it('measures wide characters by their columns', () => {
    expect(fittedTable(columns, [['日本語日本語', '1B', '', '']], 12)).toBe('NAME    SIZE\n…本語     1B\n');
  });
});

describe('a bar', () => {
  it.each([
    [1, '████'],
    [0.5, '██'],
    [0.53125, '██▏'], // 17 eighths of 32
    [0.96875, '███▉'],
    [0.001, '▏'], // more than 0
    [0, ''],
    [NaN, ''], // 0 of 0
    [7, '████'],
  ])('of %d of 4 columns is "%s"', (fraction, expected) => {
    expect(barOf(fraction, 4)).toBe(expected);
  });
});
