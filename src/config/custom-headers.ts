// Headers that a user wants to go along with every request: DOCKER_CUSTOM_HEADERS, `HttpHeaders` and `headers`.

import { escapeText } from '../bytes.ts';
import { ConfigError } from '../errors.ts';
import { isSentFieldText, isToken, lowerCaseAscii, trimOptionalWhitespace } from '../http/grammar.ts';

/** Names and values, ready to be sent. */
export type Headers = ReadonlyArray<readonly [name: string, value: string]>;

/** What the client itself writes, or what would change how a request is read. */
const RESERVED: ReadonlySet<string> = new Set([
  'host', 'user-agent', 'content-length', 'content-type', 'transfer-encoding', 'connection', 'keep-alive', 'te', 'trailer',
  'upgrade', 'expect', 'x-registry-auth', 'x-registry-config',
]);

/**
 * The headers, once each of them may be sent. Of one name the last value counts; without a value a header is not sent,
 * as the docker command has it. A `ConfigError` names source and header, never a value: that may be a password.
 */
export function checkHeaders(headers: Headers, source: string): Headers {
  const checked = new Map<string, readonly [string, string]>();
  for (const [name, text] of headers) {
    const shown = `${source}: the header "${escapeText(name.slice(0, 100))}"`;
    if (typeof text !== 'string') throw new ConfigError(`${shown} has a value that is no string`);
    const value = trimOptionalWhitespace(text);
    if (!isToken(name)) throw new ConfigError(`${shown} has a name that HTTP does not allow`);
    if (RESERVED.has(lowerCaseAscii(name))) throw new ConfigError(`${shown} is the client's own and cannot be set`);
    if (!isSentFieldText(value)) throw new ConfigError(`${shown} has a value that HTTP does not allow`);
    checked.delete(lowerCaseAscii(name));
    if (value !== '') checked.set(lowerCaseAscii(name), [name, value]);
  }
  return [...checked.values()];
}

// record = field *( "," field )                  RFC 4180, as Go's encoding/csv reads it
// field  = DQUOTE *( any but DQUOTE / 2DQUOTE ) DQUOTE / *( any but DQUOTE, comma, CR and LF )
const fieldGrammar = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(?:(,)|$)/y;

/** DOCKER_CUSTOM_HEADERS: one record of comma-separated values, each `name=value`. */
export function parseCustomHeaders(text: string): Headers {
  const source = 'DOCKER_CUSTOM_HEADERS';
  const pairs = csvRecord(text.replace(/\r?\n$/, ''))?.map((pair) => /^([^=]+)=(.*)$/s.exec(pair));
  if (pairs === undefined) throw new ConfigError(`${source} must be comma-separated: name=value,"other=a,b"`);
  const headers = pairs.map((match, index) => {
    if (match === null) throw new ConfigError(`${source}: its part ${index + 1} is not of the form name=value`);
    return [(match[1] ?? '').trim(), match[2] ?? ''] as const;
  });
  return checkHeaders(headers, source);
}

/** The fields of one record, or undefined where the text is none. */
function csvRecord(text: string): string[] | undefined {
  const fields: string[] = [];
  fieldGrammar.lastIndex = 0;
  for (;;) {
    const match = fieldGrammar.exec(text);
    if (match === null) return undefined;
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === undefined) return fields;
  }
}
