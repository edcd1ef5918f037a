// Answers as they stand on a tape: what of them is not the engine's answer, and what they all say of the engine.

import { asBuffer, concat, latin1 } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';
import { Fields, parseFieldLine } from '../http/fields.ts';
import { tapeExchanges } from './exchanges.ts';
import type { Tape } from './tape.ts';

/**
 * The answer without `100 Continue` before it: that is a word on the request, which one client waits for and another does
 * not want (RFC 9110 §10.1.1).
 */
export function withoutContinue(answer: Uint8Array): Uint8Array {
  const bytes = asBuffer(answer);
  if (!/^HTTP\/1\.1 100 /.test(bytes.toString('latin1', 0, 13))) return answer;
  const end = bytes.indexOf('\r\n\r\n');
  return end === -1 ? answer : withoutContinue(answer.subarray(end + 4));
}

/** What engines say of themselves in the head of every answer; clients look for it in that of `_ping`. */
const ABOUT_THE_ENGINE = ['api-version', 'docker-experimental', 'libpod-api-version', 'ostype', 'server'] as const;

/** The answer to `GET /_ping` and `HEAD /_ping`; undefined where no answer on the tape tells the API version. */
export function versionAnswer(tape: Tape): ((method: string) => Uint8Array) | undefined {
  const fields = tapeExchanges(tape).map(({ answer }) => fieldsOf(withoutContinue(answer)));
  const found = fields.find((each) => each.has('api-version'));
  if (found === undefined) return undefined;
  const lines = ABOUT_THE_ENGINE.flatMap((name) => (found.has(name) ? [`${name}: ${found.get(name)}\r\n`] : []));
  const head = latin1(`HTTP/1.1 200 OK\r\n${lines.join('')}content-type: text/plain\r\ncontent-length: 2\r\n\r\n`);
  return (method) => (method === 'HEAD' ? head : concat([head, latin1('OK')]));
}

/** None of what is no head. */
function fieldsOf(answer: Uint8Array): Fields {
  const fields = new Fields();
  const [head = '', ...rest] = asBuffer(answer).toString('latin1').split('\r\n\r\n', 2);
  if (rest.length === 0) return fields;
  const fail = (message: string): never => {
    throw new ArgumentError(`an answer on the tape is no HTTP/1.1: ${message}`);
  };
  for (const line of head.split('\r\n').slice(1)) fields.append(...parseFieldLine(line, fail));
  return fields;
}
