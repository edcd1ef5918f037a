// Results on standard output: lines for people, JSON for programs.

import { DecodeError } from '../index.ts';
import type { Io, Output, Printer } from './command.ts';
import { printable } from './printable.ts';

/** What a command prints with, when it works on one engine. */
export function standardPrinter({ stdout }: Pick<Io, 'stdout'>): Printer {
  return {
    text: (lines) => stdout.write(lines),
    json: (value) => stdout.write(jsonText(value)),
    event: (value) => stdout.write(jsonLine(value)),
    columns: columnsOf(stdout),
  };
}

/** How wide a line may be there. */
export function columnsOf(output: Output): number {
  return output.isTerminal ? output.columns() : Infinity;
}

/** A text of others as one line. */
export function line(text: unknown): string {
  return `${printable(text)}\n`;
}

/**
 * The deepest nesting of lists and objects that is printed; the answers of engines have about ten levels. `JSON.stringify`
 * fails on some thousands of levels, and the indentation takes the square of the depth.
 */
const NESTING_LIMIT = 64;

/** A value on a line of its own. */
export function jsonLine(value: unknown): string {
  checkNesting(value);
  return `${steerless(JSON.stringify(value))}\n`;
}

/** A value, indented. */
export function jsonText(value: unknown): string {
  checkNesting(value);
  return `${steerless(JSON.stringify(value, null, 2))}\n`;
}

function checkNesting(value: unknown): void {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > NESTING_LIMIT) {
      const message = `cannot print the engine's answer as JSON: its values are nested deeper than ${NESTING_LIMIT} levels`;
      throw new DecodeError(message, { offset: 0 });
    }
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
}

/** JSON.stringify leaves C1 and bidirectional controls as they are; JSON has another spelling for the same text. */
function steerless(json: string): string {
  return json.replace(/[^\P{Cc}\n]|\p{Cf}/gu, (character) => {
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}
