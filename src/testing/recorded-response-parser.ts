// Parses the responses, including interim ones, that an engine sends on one connection (RFC 9112 §4, §6.3).

import { ArgumentError } from '../errors.ts';
import { contentFraming } from '../http/content-framing.ts';
import type { Framing } from '../http/content-framing.ts';
import { Queue } from '../async/queue.ts';
import { HEAD_LIMIT, MessageParser, splitHead } from './messages.ts';
import type { MessageEvent } from './messages.ts';
import type { RequestStart } from './requests.ts';

/** A response without its content. */
export interface RecordedResponseStart {
  /** From 100 to 599. After a status below 200, another head follows for the same request. */
  readonly status: number;
  /** The request of the response; undefined if no request was sent. */
  readonly asked: RequestStart | undefined;
  readonly framing: Framing;
}

/** A part of a response. */
export type RecordedResponseEvent = MessageEvent<RecordedResponseStart>;

/** Parses the responses of one connection. After an error, every call throws that error. */
export class RecordedResponseParser {
  /** The requests without a final response. */
  readonly #asked = new Queue<RequestStart>();
  readonly #parser = new MessageParser<RecordedResponseStart>({
    parse: (head) => this.#start(head),
    framing: ({ framing }) => framing,
    trailerLimit: HEAD_LIMIT,
    fail,
  });

  /** Must be called for each request that was sent. */
  asked(request: RequestStart): void {
    this.#asked.add(request);
  }

  /** Parses the next bytes and returns the parts that they complete, in new memory. */
  push(bytes: Uint8Array): RecordedResponseEvent[] {
    return this.#parser.push(bytes);
  }

  /** The start of an incomplete head or line. */
  get pending(): Uint8Array {
    return this.#parser.pending;
  }

  // status-line = HTTP-version SP status-code SP [ reason-phrase ]                                             §4
  #start(head: string): RecordedResponseStart {
    const { line, fields } = splitHead(head, fail);
    const match = /^HTTP\/1\.([0-9]) ([1-5][0-9][0-9])(?: |$)/.exec(line) ?? fail('the status line is malformed');
    const [minorVersion, status] = [Number(match[1]), Number(match[2])];
    if (status === 101) return fail('it switches to another protocol without a request for it');
    const asked = this.#asked.first;
    if (status < 200) return { status, asked, framing: { kind: 'none' } };
    this.#asked.take();
    const { method = 'GET' } = asked ?? {}; // a response to HEAD has no content
    return { status, asked, framing: contentFraming({ method, status, minorVersion, fields }, fail) };
  }
}

/** Throws an error without an excerpt of the bytes, which could contain a secret. */
function fail(message: string): never {
  throw new ArgumentError(`the engine sent bytes that are not an HTTP/1.1 response: ${message}`);
}
