// What a registry may put into a name or a message must not reach the terminal unescaped.

import { describe, expect, it } from 'vitest';
import { fit, printable, widthOf } from '../../src/cli/printable.ts';

describe('printable', () => {
  it.each([
    ['\x00\x07\x1b\x7f', '\\u{0}\\u{7}\\u{1b}\\u{7f}', 'C0 and DEL'],
    ['\x80\x9b\x9f', '\\u{80}\\u{9b}\\u{9f}', 'C1'],
    ['\u061c\u200e\u202e\u2066\u2069', '\\u{61c}\\u{200e}\\u{202e}\\u{2066}\\u{2069}', 'bidirectional controls'],
    ['\r\n\t\u2028\u2029', '\\u{d}\\u{a}\\u{9}\\u{2028}\\u{2029}', 'what breaks lines'],
    ['\ud800', '\\u{d800}', 'lone surrogates'],
    ['é 日本 🐳', 'é 日本 🐳', 'nothing in ordinary text'],
  ])('%j becomes %s: %s', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});

describe('fit', () => {
  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcd…'],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('%s in %d columns is %s', (text, columns, expected) => {
    expect(fit(text, columns)).toBe(expected);
    expect(widthOf(expected)).toBeLessThanOrEqual(columns);
  });
});
