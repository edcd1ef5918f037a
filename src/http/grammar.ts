// Grammar rules of RFC 9110 section 5.6 and RFC 9112 that several files need, as regular expressions over Latin-1 text (one
// character for each byte). A comment above each has its ABNF. All expressions are anchored and run in linear time.

import { TEXT, check } from '../kinds.ts';

/** Reports a broken rule: throws a `ProtocolError` at the current offset. `section` names the rule, such as `RFC 9112 §7.1`. */
export type Fail = (message: string, section: string, excerpt?: string) => never;

// tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Whether the text is a token = 1*tchar (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  if (typeof text !== 'string') check(text, TEXT, 'isToken', 'text');
  return token.test(text);
}

// field-value = *( HTAB / SP / VCHAR / obs-text ): no control characters, so no CR, LF or NUL
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Whether all characters of the text are allowed in a field value or a reason phrase (RFC 9110 §5.5, RFC 9112 §4). */
export function isFieldText(text: string): boolean {
  if (typeof text !== 'string') check(text, TEXT, 'isFieldText', 'text');
  return fieldValue.test(text);
}

// [ VCHAR [ *( VCHAR / SP / HTAB ) VCHAR ] ]: no white space at the ends, which readers remove
const sentFieldValue = /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/;
/** Whether the text may be sent as a field value: without obs-text, because readers disagree on its encoding (RFC 9110 §5.5). */
export function isSentFieldText(text: string): boolean {
  if (typeof text !== 'string') check(text, TEXT, 'isSentFieldText', 'text');
  return sentFieldValue.test(text);
}

/** Removes spaces and tabs (OWS) from both ends. `trim()` would also remove other characters. */
export function trimOptionalWhitespace(text: string): string {
  if (typeof text !== 'string') check(text, TEXT, 'trimOptionalWhitespace', 'text');
  let start = 0;
  let end = text.length;
  for (let code; start < end && ((code = text.charCodeAt(start)) === SPACE || code === TAB); ) start++;
  for (let code; end > start && ((code = text.charCodeAt(end - 1)) === SPACE || code === TAB); ) end--;
  return text.slice(start, end);
}
const SPACE = 0x20;
const TAB = 0x09;

/** Converts only A-Z to lower case: `toLowerCase()` would turn U+212A, the Kelvin sign, into "k". */
export function lowerCaseAscii(text: string): string {
  if (typeof text !== 'string') check(text, TEXT, 'lowerCaseAscii', 'text');
  return ascii.test(text) ? text.toLowerCase() : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
const ascii = /^[\0-\x7f]*$/;

const digits = /^[0-9]+$/;
/** Parses 1*DIGIT. Returns `undefined` for other text and for values above 2^53 - 1. `Number()` would accept `1e3`, `0x10` and ``. */
export function parseDecimal(text: string): number | undefined {
  if (typeof text !== 'string') check(text, TEXT, 'parseDecimal', 'text');
  if (!digits.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

const hexadecimal = /^[0-9A-Fa-f]+$/;
/** Parses 1*HEXDIG. Returns `undefined` for other text and for values above 2^53 - 1. */
export function parseHexadecimal(text: string): number | undefined {
  if (typeof text !== 'string') check(text, TEXT, 'parseHexadecimal', 'text');
  if (!hexadecimal.test(text)) return undefined;
  const value = Number.parseInt(text, 16);
  return Number.isSafeInteger(value) ? value : undefined;
}
