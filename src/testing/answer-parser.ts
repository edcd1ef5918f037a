// Answers out of the bytes that an engine sends on one connection (RFC 9112 §4, §6.3), interim ones too.

import { ArgumentError } from '../errors.ts';
import { Fields, parseFieldLine } from '../http/fields.ts';
import { contentFraming } from '../http/content-framing.ts';
import type { Framing } from '../http/content-framing.ts';
import { Queue } from '../async/queue.ts';
import { HEAD_LIMIT, MessageParser } from './messages.ts';
import type { MessageEvent } from './messages.ts';
import type { RequestStart } from './requests.ts';

/** An answer without its content. */
export interface AnswerStart {
  /** 100 to 599; below 200 another head answers the same request. */
  readonly status: number;
  /** The request that it answers; undefined where none was sent. */
  readonly asked: RequestStart | undefined;
  readonly framing: Framing;
}

/** A part of an answer. */
export type AnswerEvent = MessageEvent<AnswerStart>;

/** The answers of one connection, one after the other. After an error it stays dead. */
export class AnswerParser {
  /** The requests whose final answer has not begun. */
  readonly #asked = new Queue<RequestStart>();
  readonly #parser = new MessageParser<AnswerStart>({
    parse: (head) => this.#start(head),
    framing: ({ framing }) => framing,
    trailerLimit: HEAD_LIMIT,
    fail,
  });

  /** Notes that a request was sent. */
  asked(request: RequestStart): void {
    this.#asked.add(request);
  }

  /** Takes the next bytes and gives what they complete, in memory of their own. */
  push(bytes: Uint8Array): AnswerEvent[] {
    return this.#parser.push(bytes);
  }

  /** The beginning of a head or of a line whose end has not come. */
  get pending(): Uint8Array {
    return this.#parser.pending;
  }

  // status-line = HTTP-version SP status-code SP [ reason-phrase ]                                             §4
  #start(head: string): AnswerStart {
    const [line = '', ...lines] = head.slice(0, -4).split('\r\n');
    const match = /^HTTP\/1\.([0-9]) ([1-5][0-9][0-9])(?: |$)/.exec(line) ?? fail('the status line is malformed');
    const [minorVersion, status] = [Number(match[1]), Number(match[2])];
    const fields = new Fields();
    for (const field of lines) fields.append(...parseFieldLine(field, fail));
    if (status === 101) return fail('it switches to a protocol that was not asked for');
    const asked = this.#asked.first;
    if (status < 200) return { status, asked, framing: { kind: 'none' } };
    this.#asked.take();
    const { method = 'GET' } = asked ?? {}; // an answer to HEAD has no content
    return { status, asked, framing: contentFraming({ method, status, minorVersion, fields }, fail) };
  }
}

/** Never with an excerpt: it could hold what is to be redacted. */
function fail(message: string): never {
  throw new ArgumentError(`what the engine sent is not an HTTP/1.1 answer: ${message}`);
}
