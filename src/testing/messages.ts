// Parses the HTTP/1.1 messages that one side of a connection sends (RFC 9112 §2.1, §5-§7). The recorder uses it to redact secrets,
// the replay to match requests. It rejects all bytes that are not certainly HTTP/1.1, because they may contain a secret.

import { Buffer } from 'node:buffer';
import type { Framing } from '../http/content-framing.ts';
import { Fields, parseFieldLine } from '../http/fields.ts';
import type { Fail } from '../http/grammar.ts';
import { parseHexadecimal } from '../http/grammar.ts';

/** The parts of a message, in this order. Their `bytes` together are the input, up to a switch to another protocol. */
export type MessageEvent<Start> =
  | { readonly type: 'head'; readonly start: Start; readonly bytes: Uint8Array }
  /** Content without its framing. */
  | { readonly type: 'content'; readonly bytes: Uint8Array }
  /** Framing: chunk lines and line ends. */
  | { readonly type: 'framing'; readonly bytes: Uint8Array }
  /** One line of a trailer section. */
  | { readonly type: 'trailer'; readonly bytes: Uint8Array }
  | { readonly type: 'end' };

/** The differences between requests and responses. */
export interface MessageKind<Start> {
  /** Parses a head, including its empty line. Throws if it is invalid. */
  parse(head: string): Start;
  /** Returns the framing of the content; undefined if another protocol follows. */
  framing(start: Start): Framing | undefined;
  /** The maximum length of a trailer line in bytes, with its line end; 2 allows no trailers. */
  readonly trailerLimit: number;
  /** Throws the error for invalid bytes. */
  fail(message: string): never;
}

/** The maximum length of a head, in bytes: an X-Registry-Auth field with a token has some kilobytes. */
export const HEAD_LIMIT = 65536;
/** The maximum length of a chunk line, in bytes. */
const CHUNK_LINE_LIMIT = 4096;

type Steps<Result = void> = Generator<undefined, Result, void>;

/** Parses the messages of one direction. After an error, every call throws that error. */
export class MessageParser<Start> {
  readonly #kind: MessageKind<Start>;
  readonly #steps: Steps;
  #input: Buffer = Buffer.alloc(0);
  #events: Array<MessageEvent<Start>> = [];
  #failure: unknown;

  constructor(kind: MessageKind<Start>) {
    this.#kind = kind;
    this.#steps = this.#messages();
  }

  /** Parses the next bytes and returns the parts that they complete, in new memory. */
  push(bytes: Uint8Array): Array<MessageEvent<Start>> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#input = Buffer.concat([this.#input, bytes]);
    try {
      this.#steps.next();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    return this.#events.splice(0);
  }

  /** The start of an incomplete head or line. */
  get pending(): Uint8Array {
    return this.#input;
  }

  *#messages(): Steps {
    for (;;) {
      const bytes = yield* this.#through('\r\n\r\n', HEAD_LIMIT);
      const start = this.#kind.parse(bytes.toString('latin1'));
      this.#events.push({ type: 'head', start, bytes });
      const framing = this.#kind.framing(start);
      if (framing === undefined) yield* this.#anotherProtocol();
      else if (framing.kind === 'chunked') yield* this.#chunkedContent();
      else if (framing.kind === 'length') yield* this.#exactly(framing.length);
      else if (framing.kind === 'until-close') yield* this.#exactly(Infinity);
      this.#events.push({ type: 'end' });
    }
  }

  /** Ignores all further bytes, which are not messages. */
  *#anotherProtocol(): Steps<never> {
    this.#events.push({ type: 'end' });
    for (;;) {
      this.#input = Buffer.alloc(0);
      yield;
    }
  }

  *#chunkedContent(): Steps {
    for (;;) {
      const line = yield* this.#through('\r\n', CHUNK_LINE_LIMIT);
      const [digits = ''] = line.toString('latin1', 0, line.length - 2).split(';', 1);
      const size = parseHexadecimal(digits) ?? this.#kind.fail('a chunk size is not a number');
      this.#events.push({ type: 'framing', bytes: line });
      if (size === 0) return yield* this.#trailers();
      yield* this.#exactly(size);
      this.#events.push({ type: 'framing', bytes: yield* this.#through('\r\n', 2) });
    }
  }

  /** Reads trailer lines up to the empty line. */
  *#trailers(): Steps {
    for (;;) {
      const bytes = yield* this.#through('\r\n', this.#kind.trailerLimit);
      if (bytes.length === 2) return void this.#events.push({ type: 'framing', bytes });
      this.#events.push({ type: 'trailer', bytes });
    }
  }

  /** Reads exactly `length` bytes of content, in the pieces in which they arrive. */
  *#exactly(length: number): Steps {
    for (let missing = length; missing > 0; ) {
      while (this.#input.length === 0) yield;
      const bytes = this.#take(Math.min(missing, this.#input.length));
      missing -= bytes.length;
      this.#events.push({ type: 'content', bytes });
    }
  }

  /** Reads up to and including `end`, at most `limit` bytes. */
  *#through(end: string, limit: number): Steps<Buffer> {
    for (let searched = 0; ; ) {
      const at = this.#input.indexOf(end, searched, 'latin1');
      const length = at === -1 ? this.#input.length : at + end.length;
      if (length > limit) return this.#kind.fail(`more than ${limit} bytes without the expected line end`);
      if (at !== -1) return this.#take(length);
      searched = Math.max(0, length - end.length + 1);
      yield;
    }
  }

  #take(length: number): Buffer {
    const bytes = this.#input.subarray(0, length);
    this.#input = this.#input.subarray(length);
    return bytes;
  }
}

/** Splits a head, including its empty line, into its first line and its fields. */
export function splitHead(head: string, fail: Fail): { readonly line: string; readonly fields: Fields } {
  const [line = '', ...lines] = head.slice(0, -4).split('\r\n');
  const fields = new Fields();
  for (const each of lines) fields.append(...parseFieldLine(each, fail));
  return { line, fields };
}
