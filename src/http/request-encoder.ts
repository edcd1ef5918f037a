// Encodes requests as bytes. The encoder refuses what the grammar does not allow and repairs nothing. This file alone
// prevents header injection.

import { Buffer } from 'node:buffer';
import { latin1 } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';
import { isSentFieldText, isToken } from './grammar.ts';
import { COUNT, check, kind } from '../kinds.ts';
import type { Kind } from '../kinds.ts';

/** A request without its content. */
export interface RequestHead {
  /** One of GET, HEAD, POST, PUT, DELETE. */
  readonly method: string;
  /** Origin form: an absolute path and an optional query, already percent-encoded (RFC 9112 §3.2.1). */
  readonly target: string;
  /** Field lines in the order in which they are sent. */
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']);

// origin-form = absolute-path [ "?" query ]: visible ASCII without "#", because a fragment is never sent
const originForm = /^\/[\x21\x22\x24-\x7e]*$/;

const isPair = (field: unknown): boolean => Array.isArray(field) && typeof field[0] === 'string' && typeof field[1] === 'string';
const HEAD: Kind = kind('an object with method, target and a list of fields', (value) => {
  const { method, target, fields } = value as RequestHead;
  return typeof method === 'string' && typeof target === 'string' && Array.isArray(fields) && fields.every(isPair);
});

/**
 * Encodes the request line and the field section (RFC 9112 §3, §5). Throws an `ArgumentError` if the grammar does not allow
 * a part of them; the message never contains a field's value, which may be a secret.
 */
export function encodeRequestHead(given: RequestHead): Buffer {
  const { method, target, fields } = check(given, HEAD, 'encodeRequestHead', 'head');
  if (!methods.has(method)) throw new ArgumentError(`the method must be one of ${[...methods].join(', ')}`);
  if (!originForm.test(target)) throw new ArgumentError('the request target must be a path of visible ASCII characters');
  let head = `${method} ${target} HTTP/1.1\r\n`;
  let hosts = 0;
  let framings = 0;
  for (let index = 0; index < fields.length; index++) {
    const { 0: name, 1: value } = fields[index] as (typeof fields)[number];
    if (!isToken(name)) throw new ArgumentError('a header name contains a character that HTTP does not allow');
    if (!isSentFieldText(value)) throw new ArgumentError(`the value of the header "${name}" contains characters that HTTP does not allow`);
    head += `${name}: ${value}\r\n`;
    const lowerName = name.toLowerCase();
    if (lowerName === 'host') hosts++;
    else if (lowerName === 'content-length' || lowerName === 'transfer-encoding') framings++;
  }
  // Readers could disagree on the host, or on the end of the content (RFC 9112 §3.2, §6.2).
  if (hosts > 1) throw new ArgumentError('a request can have only one header host');
  if (framings > 1) throw new ArgumentError('a request can have only one header content-length or transfer-encoding');
  return latin1(`${head}\r\n`);
}

/** Encodes the line before a chunk's data: its size in hexadecimal (RFC 9112 §7.1). */
export function encodeChunkSize(size: number): Buffer {
  check(size, COUNT, 'encodeChunkSize', 'size');
  return latin1(`${size.toString(16)}\r\n`);
}

/** The bytes after a chunk's data. */
export const CHUNK_END: Uint8Array = Buffer.from('\r\n');

/** The last chunk with an empty trailer section: it marks the content as complete. */
export const LAST_CHUNK: Uint8Array = Buffer.from('0\r\n\r\n');
