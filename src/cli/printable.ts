// Makes text from outside safe for a terminal, and measures and cuts it by columns.

import { textOf } from './engine-values.ts';

/** Returns a value as one line of text. Control, bidirectional and lone surrogate characters become `\u{…}`. */
export function printable(value: unknown): string {
  return textOf(value).replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
// Cc (C0, DEL, C1), Cf (with the bidirectional controls), Cs (lone surrogates), and two line separators.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Returns the width of a printable text in columns. */
export function widthOf(text: string): number {
  if (ascii.test(text)) return text.length; // nearly all texts; the loop took half of the time of a table
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Cuts a text to `columns`, with an ellipsis at its end. */
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

/** Cuts a text at its start. */
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

const ascii = /^[ -~]*$/;

function characterWidth(character: string): number {
  if (combining.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
const combining = /\p{M}/u;
// Roughly the wide blocks of Unicode's East Asian Width, and emoji. They are rare in the output of engines.
const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{3fffd}]/u;
