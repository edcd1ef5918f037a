// Prints results to standard output: lines for people, JSON for programs.

import { DecodeError } from '../index.ts';
import type { Io, Output, Printer } from './command.ts';
import { printable } from './printable.ts';

/** Returns the printer of a command that works on one engine. */
export function standardPrinter({ stdout }: Pick<Io, 'stdout'>): Printer {
  return {
    text: (lines) => stdout.write(lines),
    json: (value) => stdout.write(jsonText(value)),
    event: (value) => stdout.write(jsonLine(value)),
    columns: columnsOf(stdout),
  };
}

/** Returns the width of an output in columns; `Infinity` if it is not a terminal. */
export function columnsOf(output: Output): number {
  return output.isTerminal ? output.columns() : Infinity;
}

/** Returns a text from outside as one printable line. */
export function line(text: unknown): string {
  return `${printable(text)}\n`;
}

/** Prints the lines of --quiet, with --json as a list. */
export function printOnly(texts: readonly string[], print: Printer, asJson = false): Promise<void> {
  return asJson ? print.json(texts) : print.text(texts.map(line).join(''));
}

/** Lists up to five names; of more, the first four. */
export function shortList(names: readonly string[]): string {
  return (names.length <= 5 ? names : [...names.slice(0, 4), '…']).join(', ');
}

/**
 * The maximum nesting of lists and objects in printed JSON. Responses of engines have about ten levels. `JSON.stringify` fails
 * for some thousands of levels, and the size of the indentation is the square of the depth.
 */
const NESTING_LIMIT = 64;

/** Returns a value as JSON on one line. */
export function jsonLine(value: unknown): string {
  checkNesting(value);
  return `${escapeControls(JSON.stringify(value))}\n`;
}

/** Returns a value as indented JSON. */
export function jsonText(value: unknown): string {
  checkNesting(value);
  return `${escapeControls(JSON.stringify(value, null, 2))}\n`;
}

/** Throws a `DecodeError` if a value of an engine is nested too deeply to be printed. */
export function checkNesting(value: unknown): void {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > NESTING_LIMIT) {
      const message = `cannot print the engine's response as JSON: its values are nested deeper than ${NESTING_LIMIT} levels`;
      throw new DecodeError(message, { offset: 0 });
    }
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
}

/** Escapes C1 and bidirectional control characters, which JSON.stringify does not escape. The value stays the same. */
function escapeControls(json: string): string {
  return json.replace(/[^\P{Cc}\n]|\p{Cf}/gu, (character) => {
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}
