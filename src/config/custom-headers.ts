// Header fields that a user adds to every request: DOCKER_CUSTOM_HEADERS, `HttpHeaders` in config.json, and the option
// `headers`. Errors name the source and the header, never a value, which may be a password.

import { escapeText } from '../bytes.ts';
import type { RequestFields } from '../connection/engine-request.ts';
import { ConfigError } from '../errors.ts';
import { isSentFieldText, isToken, lowerCaseAscii, trimOptionalWhitespace } from '../http/grammar.ts';

/** The headers that only the client may set, and headers that would change how the engine parses a request. */
const RESERVED: ReadonlySet<string> = new Set([
  'host', 'user-agent', 'content-length', 'content-type', 'transfer-encoding', 'connection', 'keep-alive', 'te', 'trailer',
  'upgrade', 'expect', 'x-registry-auth', 'x-registry-config',
]);

/**
 * Checks headers. The last value of a name counts; a header with an empty value is not sent, as with the docker command.
 * Throws a `ConfigError` for a header that HTTP does not allow or that is reserved.
 */
export function checkHeaders(headers: RequestFields, source: string): RequestFields {
  const checked = new Map<string, readonly [string, string]>();
  for (const [name, text] of headers) {
    const shown = `${source}: the header "${escapeText(name.slice(0, 100))}"`;
    if (typeof text !== 'string') throw new ConfigError(`${shown} has a value that is not a string`);
    const value = trimOptionalWhitespace(text);
    if (!isToken(name)) throw new ConfigError(`${shown} has a name that HTTP does not allow`);
    if (RESERVED.has(lowerCaseAscii(name))) throw new ConfigError(`${shown} is the client's own and cannot be set`);
    if (!isSentFieldText(value)) throw new ConfigError(`${shown} has a value that HTTP does not allow`);
    checked.delete(lowerCaseAscii(name));
    if (value !== '') checked.set(lowerCaseAscii(name), [name, value]);
  }
  return [...checked.values()];
}

// product *( SP ( product / comment ) )              RFC 9110 §10.1.5; product = token [ "/" token ]
const userAgentGrammar = /^[\w!#$%&'*+.^`|~-]+(?:\/[\w!#$%&'*+.^`|~-]+)?(?: (?:[\w!#$%&'*+.^`|~-]+(?:\/[\w!#$%&'*+.^`|~-]+)?|\([\x20-\x27\x2a-\x7e]*\)))*$/;

/** Whether a text can be appended to the User-Agent: `my-app/1.2 (linux)`. */
export function isUserAgent(text: string): boolean {
  return userAgentGrammar.test(text);
}

// record = field *( "," field )                  RFC 4180, as Go's encoding/csv reads it
// field  = DQUOTE *( any but DQUOTE / 2DQUOTE ) DQUOTE / *( any but DQUOTE, comma, CR and LF )
const fieldGrammar = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(?:(,)|$)/y;

/** Parses DOCKER_CUSTOM_HEADERS: one CSV record of `name=value` fields. */
export function parseCustomHeaders(text: string): RequestFields {
  const source = 'DOCKER_CUSTOM_HEADERS';
  const headers = csvRecord(text.replace(/\r?\n$/, ''))?.map((pair, index) => {
    const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined) throw new ConfigError(`${source}: its part ${index + 1} is not of the form name=value`);
    return [name.trim(), value] as const;
  });
  if (headers === undefined) throw new ConfigError(`${source} must be comma-separated: name=value,"other=a,b"`);
  return checkHeaders(headers, source);
}

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
