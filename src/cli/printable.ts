// What others wrote, fit for a terminal: nothing in it steers, and it is as wide as we think.

import { textOf } from './engine-values.ts';

/** The value as text, control, bidirectional and lone-surrogate characters as `\u{…}`: one line that does nothing. */
export function printable(value: unknown): string {
  return textOf(value).replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
// Cc (C0, DEL, C1), Cf (which holds the bidirectional controls), Cs (lone surrogates), and the two that break lines.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** How many columns a printable text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The text, cut where it is wider than `columns`, with an ellipsis to say so. */
export function fit(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let room = columns - 1;
  for (const character of text) {
    room -= characterWidth(character);
    if (room < 0) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : '';
}

/** The same, cut at its beginning. */
export function fitEnd(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let room = columns - 1;
  let from = text.length;
  for (const character of [...text].reverse()) {
    room -= characterWidth(character);
    if (room < 0) break;
    from -= character.length;
  }
  return columns > 0 ? `…${text.slice(from)}` : '';
}

function characterWidth(character: string): number {
  if (combining.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
const combining = /\p{M}/u;
// The blocks that Unicode's East Asian Width has as wide, roughly, and the pictures. Rare here: engines speak ASCII.
const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{3fffd}]/u;
