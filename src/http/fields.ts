// A field section: names without case, values in their order (RFC 9110 §5, RFC 9112 §5).

import { isFieldText, isToken, lowerCaseAscii, trimOptionalWhitespace } from './grammar.ts';
import type { Fail } from './grammar.ts';
import { FUNCTION, TEXT, check } from '../kinds.ts';

/** The fields of one message, in the order they came; names are in lower case. */
export class Fields {
  // A Map, so that a field called `__proto__` is data like any other.
  readonly #values = new Map<string, string[]>();

  /** Adds one field line. */
  append(name: string, value: string): void {
    this.appendLowered(lowerCaseAscii(name), value);
  }

  /** The same, of a name that is in lower case. */
  appendLowered(name: string, value: string): void {
    check(name, TEXT, 'Fields', 'name');
    check(value, TEXT, 'Fields', 'value');
    const values = this.#values.get(name);
    if (values) values.push(value);
    else this.#values.set(name, [value]);
  }

  /** All values of a name joined by ", " (RFC 9110 §5.3), or undefined where there is none. */
  get(name: string): string | undefined {
    return this.#values.get(lowerCaseAscii(name))?.join(', ');
  }

  /** The values of a name, one for each field line. */
  getAll(name: string): readonly string[] {
    return this.#values.get(lowerCaseAscii(name)) ?? [];
  }

  /** The elements of a list-valued field (`#token`), in lower case, empty ones left out (RFC 9110 §5.6.1). */
  list(name: string): string[] {
    const values = this.#values.get(lowerCaseAscii(name));
    if (values === undefined) return [];
    return values
      .flatMap((value) => value.split(','))
      .map((element) => lowerCaseAscii(trimOptionalWhitespace(element)))
      .filter((element) => element !== '');
  }

  /** Whether there is a field of that name. */
  has(name: string): boolean {
    return this.#values.has(lowerCaseAscii(name));
  }

  /** Each name with its values joined. */
  *entries(): IterableIterator<[name: string, value: string]> {
    for (const [name, values] of this.#values) yield [name, values.join(', ')];
  }

  /** Each name with its values joined. */
  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    return this.entries();
  }
}

/** field-line = field-name ":" OWS field-value OWS (RFC 9112 §5) */
export function parseFieldLine(line: string, fail: Fail): [name: string, value: string] {
  check(line, TEXT, 'parseFieldLine', 'line');
  check(fail, FUNCTION, 'parseFieldLine', 'fail');
  // obs-fold (§5.2) is refused, not unfolded: a folded line must never become a field of its own.
  if (line.startsWith(' ') || line.startsWith('\t')) fail('a field line begins with white space', 'RFC 9112 §5.2');
  const colon = line.indexOf(':');
  if (colon === -1) fail('a field line has no colon', 'RFC 9112 §5');
  const name = line.slice(0, colon);
  // White space before the colon (§5.1) is caught here as well: it is no tchar.
  if (!isToken(name)) fail('a field name is no token', 'RFC 9112 §5.1', name);
  const value = trimOptionalWhitespace(line.slice(colon + 1));
  if (!isFieldText(value)) fail(`the value of "${name}" holds a control character`, 'RFC 9110 §5.5');
  return [name, value];
}
