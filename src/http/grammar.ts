// The productions of RFC 9110 §5.6 and RFC 9112 that more than one file needs, as regular expressions over Latin-1 text
// (one character a byte), each below its ABNF. All are anchored and none can backtrack more than linearly.

import { TEXT, check } from '../kinds.ts';

/** How a rule is enforced: throws a `ProtocolError` at the present offset; the section is the rule broken. */
export type Fail = (message: string, section: string, excerpt?: string) => never;

// tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** token = 1*tchar (RFC 9110 §5.6.2) */
export function isToken(text: string): boolean {
  if (typeof text !== 'string') check(text, TEXT, 'isToken', 'text');
  return token.test(text);
}

// field-value = *( HTAB / SP / VCHAR / obs-text ): no control character, so no CR, LF or NUL either
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Whether every character may stand in a field value or a reason phrase (RFC 9110 §5.5, RFC 9112 §4). */
export function isFieldText(text: string): boolean {
  if (typeof text !== 'string') check(text, TEXT, 'isFieldText', 'text');
  return fieldValue.test(text);
}

const sentFieldValue = /^[\t\x20-\x7e]*$/;
/** The same without obs-text, which nobody should send any more: two readers take it for two encodings (RFC 9110 §5.5). */
export function isSentFieldText(text: string): boolean {
  if (typeof text !== 'string') check(text, TEXT, 'isSentFieldText', 'text');
  return sentFieldValue.test(text);
}

/** Without the OWS at both ends: SP and HTAB only, for `trim()` would take a dozen other characters too. */
export function trimOptionalWhitespace(text: string): string {
  if (typeof text !== 'string') check(text, TEXT, 'trimOptionalWhitespace', 'text');
  let start = 0;
  let end = text.length;
  while (start < end && isOptionalWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isOptionalWhitespace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}
function isOptionalWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Lower case for A-Z alone: `toLowerCase()` would turn U+212A, the Kelvin sign, into a "k". */
export function lowerCaseAscii(text: string): string {
  if (typeof text !== 'string') check(text, TEXT, 'lowerCaseAscii', 'text');
  return ascii.test(text) ? text.toLowerCase() : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
const ascii = /^[\0-\x7f]*$/;

const digits = /^[0-9]+$/;
/** 1*DIGIT as a number, or undefined where it is none or is above 2^53 - 1. `Number()` would take `1e3`, `0x10` and ``. */
export function parseDecimal(text: string): number | undefined {
  if (typeof text !== 'string') check(text, TEXT, 'parseDecimal', 'text');
  if (!digits.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

const hexadecimal = /^[0-9A-Fa-f]+$/;
/** 1*HEXDIG as a number, or undefined where it is none or is above 2^53 - 1. */
export function parseHexadecimal(text: string): number | undefined {
  if (typeof text !== 'string') check(text, TEXT, 'parseHexadecimal', 'text');
  if (!hexadecimal.test(text)) return undefined;
  const value = Number.parseInt(text, 16);
  return Number.isSafeInteger(value) ? value : undefined;
}
