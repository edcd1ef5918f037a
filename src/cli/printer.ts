// Results on standard output: lines for people, JSON for programs.

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
export function line(text: string): string {
  return `${printable(text)}\n`;
}

/** A value on a line of its own. */
export function jsonLine(value: unknown): string {
  return `${steerless(JSON.stringify(value))}\n`;
}

/** A value, indented. */
export function jsonText(value: unknown): string {
  return `${steerless(JSON.stringify(value, null, 2))}\n`;
}

/** JSON.stringify leaves C1 and bidirectional controls as they are; JSON has another spelling for the same text. */
function steerless(json: string): string {
  return json.replace(/[^\P{Cc}\n]|\p{Cf}/gu, (character) => {
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}
