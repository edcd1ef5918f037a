// Derives responses from recorded ones: removes interim responses, and makes the response to a ping from recorded fields.

import { asBuffer, concat, latin1 } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';
import { Fields } from '../http/fields.ts';
import { tapeExchanges } from './exchanges.ts';
import { splitHead } from './messages.ts';
import type { Tape } from './tape.ts';

/**
 * Removes `100 Continue` from the start of the received bytes. It depends on the client: one waits for it, another does not
 * expect it (RFC 9110 §10.1.1).
 */
export function withoutContinue(response: Uint8Array): Uint8Array {
  const bytes = asBuffer(response);
  if (!/^HTTP\/1\.1 100 /.test(bytes.toString('latin1', 0, 13))) return response;
  const end = bytes.indexOf('\r\n\r\n');
  return end === -1 ? response : withoutContinue(response.subarray(end + 4));
}

/** Fields that engines send in every response; clients read them in the response to `_ping`. */
const ABOUT_THE_ENGINE = ['api-version', 'docker-experimental', 'libpod-api-version', 'ostype', 'server'] as const;

/** Returns a function that makes the response to `GET` or `HEAD /_ping`; undefined if no response on the tape has an API version. */
export function versionResponse(tape: Tape): ((method: string) => Uint8Array) | undefined {
  const fields = tapeExchanges(tape).map(({ response }) => fieldsOf(withoutContinue(response)));
  const found = fields.find((each) => each.has('api-version'));
  if (found === undefined) return undefined;
  const lines = ABOUT_THE_ENGINE.flatMap((name) => (found.has(name) ? [`${name}: ${found.get(name)}\r\n`] : []));
  const head = latin1(`HTTP/1.1 200 OK\r\n${lines.join('')}content-type: text/plain\r\ncontent-length: 2\r\n\r\n`);
  return (method) => (method === 'HEAD' ? head : concat([head, latin1('OK')]));
}

/** Returns the fields of a response; no fields if its head is incomplete. */
function fieldsOf(response: Uint8Array): Fields {
  const bytes = asBuffer(response);
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return new Fields();
  const fail = (message: string): never => {
    throw new ArgumentError(`a response on the tape is not HTTP/1.1: ${message}`);
  };
  return splitHead(bytes.toString('latin1', 0, end + 4), fail).fields;
}
