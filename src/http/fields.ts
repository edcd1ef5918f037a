// Field sections: names are case-insensitive, and values keep their order (RFC 9110 section 5, RFC 9112 section 5).

import { isFieldText, isToken, lowerCaseAscii, trimOptionalWhitespace } from './grammar.ts';
import type { Fail } from './grammar.ts';
import { FUNCTION, TEXT, check } from '../kinds.ts';

/** The fields of one message, in the order of the first line of each name. Names are in lower case. */
export class Fields {
  // A Map, not an object: a field called `__proto__` must be data like any other.
  readonly #values = new Map<string, string[]>();

  /** Adds one field line. */
  append(name: string, value: string): void {
    const lowerName = lowerCaseAscii(name);
    if (typeof value !== 'string') check(value, TEXT, 'Fields', 'value');
    const values = this.#values.get(lowerName);
    if (values) values.push(value);
    else this.#values.set(lowerName, [value]);
  }

  /** Returns all values of a name, joined by ", " (RFC 9110 §5.3), or `undefined` if the field is missing. */
  get(name: string): string | undefined {
    return this.#values.get(lowerCaseAscii(name))?.join(', ');
  }

  /** Returns the values of a name, one for each field line. */
  getAll(name: string): readonly string[] {
    return this.#values.get(lowerCaseAscii(name)) ?? [];
  }

  /** Returns the elements of a comma-separated field in lower case, without empty ones (RFC 9110 §5.6.1). */
  list(name: string): string[] {
    const values = this.#values.get(lowerCaseAscii(name));
    if (values === undefined) return [];
    return values
      .flatMap((value) => value.split(','))
      .map((element) => lowerCaseAscii(trimOptionalWhitespace(element)))
      .filter((element) => element !== '');
  }

  /** Whether the message has a field of that name. */
  has(name: string): boolean {
    return this.#values.has(lowerCaseAscii(name));
  }

  /** Iterates over the names, each with its values joined by ", ". */
  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (const [name, values] of this.#values) yield [name, values.join(', ')];
  }

  /** Returns the same iterator as `[Symbol.iterator]()`. */
  entries(): IterableIterator<[name: string, value: string]> {
    return this[Symbol.iterator]();
  }
}

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
