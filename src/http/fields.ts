// Field sections: names are case-insensitive, and values keep their order (RFC 9110 section 5, RFC 9112 section 5).

import { isFieldText, isToken, lowerCaseAscii, trimOptionalWhitespace } from './grammar.ts';
import type { Fail } from './grammar.ts';
import { FUNCTION, TEXT, check, kind } from '../kinds.ts';

/** The fields of one message, in the order of the first line of each name. Names are in lower case. */
export class Fields {
  // One list with the name and the value of each line in turn: a Map of lists took a third of the time of a head.
  readonly #lines: string[];

  /** @param lines the name in lower case and the value of each line in turn; the new object keeps the list. Default: none. */
  constructor(lines: string[] = []) {
    this.#lines = check(lines, LINES, 'Fields', 'lines');
  }

  /** Adds one field line. */
  append(name: string, value: string): void {
    if (typeof value !== 'string') check(value, TEXT, 'Fields', 'value');
    this.#lines.push(lowerCaseAscii(name), value);
  }

  /** Returns all values of a name, joined by ", " (RFC 9110 §5.3), or `undefined` if the field is missing. */
  get(name: string): string | undefined {
    const values = this.getAll(name);
    return values.length === 0 ? undefined : values.join(', ');
  }

  /** Returns the values of a name, one for each field line. */
  getAll(name: string): readonly string[] {
    const wanted = lowerCaseAscii(name);
    const values: string[] = [];
    const lines = this.#lines;
    for (let index = 0; index < lines.length; index += 2) if (lines[index] === wanted) values.push(lines[index + 1] as string);
    return values;
  }

  /** Returns the elements of a comma-separated field in lower case, without empty ones (RFC 9110 §5.6.1). */
  list(name: string): string[] {
    const elements = this.getAll(name).flatMap((value) => value.split(','));
    return elements.map((element) => lowerCaseAscii(trimOptionalWhitespace(element))).filter((element) => element !== '');
  }

  /** Whether the message has a field of that name. */
  has(name: string): boolean {
    return this.getAll(name).length > 0;
  }

  /** Iterates over the names, each with its values joined by ", ". */
  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    // A Map, not an object: a field called `__proto__` must be data like any other.
    const values = new Map<string, string>();
    for (let index = 0; index < this.#lines.length; index += 2) {
      const [name, value] = this.#lines.slice(index, index + 2) as [string, string];
      values.set(name, values.has(name) ? `${values.get(name)}, ${value}` : value);
    }
    yield* values;
  }

  /** Returns the same iterator as `[Symbol.iterator]()`. */
  entries(): IterableIterator<[name: string, value: string]> {
    return this[Symbol.iterator]();
  }
}

const LINES = kind('a list of names and values', Array.isArray);

/**
 * Parses field-line = field-name ":" OWS field-value OWS (RFC 9112 §5), without its CRLF. Calls `fail`, which must throw, for a
 * line that breaks the grammar.
 */
export function parseFieldLine(line: string, fail: Fail): [name: string, value: string] {
  check(line, TEXT, 'parseFieldLine', 'line');
  check(fail, FUNCTION, 'parseFieldLine', 'fail');
  // obs-fold (§5.2) is refused and not unfolded: a folded line must never become a field.
  if (line.startsWith(' ') || line.startsWith('\t')) fail('a field line begins with white space', 'RFC 9112 §5.2');
  const colon = line.indexOf(':');
  if (colon === -1) fail('a field line has no colon', 'RFC 9112 §5');
  const name = line.slice(0, colon);
  // This refuses white space before the colon (§5.1), too: it is not a tchar.
  if (!isToken(name)) fail('a field name is not a token', 'RFC 9112 §5.1', name);
  const value = trimOptionalWhitespace(line.slice(colon + 1));
  if (!isFieldText(value)) fail(`the value of "${name}" contains a control character`, 'RFC 9110 §5.5');
  return [name, value];
}
