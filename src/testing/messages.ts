// HTTP/1.1 messages out of the bytes that one side of a connection sends (RFC 9112 §2.1, §5-§7): what a recorder must
// understand to redact, and a replayer to match. What it cannot read with certainty it refuses: a secret could pass unseen.

import { Buffer } from 'node:buffer';
import type { Framing } from '../http/content-framing.ts';
import { parseHexadecimal } from '../http/grammar.ts';

/** What messages consist of, in this order. All `bytes` together are what was pushed, up to another protocol. */
export type MessageEvent<Start> =
  | { readonly type: 'head'; readonly start: Start; readonly bytes: Uint8Array }
  /** Content, without what frames it. */
  | { readonly type: 'content'; readonly bytes: Uint8Array }
  /** What frames the content: chunk sizes and line ends. */
  | { readonly type: 'framing'; readonly bytes: Uint8Array }
  /** One line of a trailer section. */
  | { readonly type: 'trailer'; readonly bytes: Uint8Array }
  | { readonly type: 'end' };

/** Requests or answers, as far as they differ. */
export interface MessageKind<Start> {
  /** Reads a head, from its first line to the empty one; throws for what is not one. */
  parse(head: string): Start;
  /** How the content behind a head is framed; undefined where another protocol begins. */
  framing(start: Start): Framing | undefined;
  /** The most that one line of a trailer section may have, in bytes with its end; 2 allows no trailers. */
  readonly trailerLimit: number;
  /** Throws the error for bytes that are not such messages. */
  fail(message: string): never;
}

/** The most that a head may have, in bytes: an X-Registry-Auth with a token in it has some kilobytes. */
export const HEAD_LIMIT = 65536;
/** The most that the line of a chunk's size may have, in bytes. */
const CHUNK_LINE_LIMIT = 4096;

type Steps<Result = void> = Generator<undefined, Result, void>;

/** The messages of one direction, one after the other. After an error it stays dead. */
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

  /** Takes the next bytes and gives what they complete, in memory of their own. */
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

  /** The beginning of a head or of a line whose end has not come. */
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

  /** Nothing of what comes is a message any more. */
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

  /** Trailer lines up to the empty line that ends a chunked content. */
  *#trailers(): Steps {
    for (;;) {
      const bytes = yield* this.#through('\r\n', this.#kind.trailerLimit);
      if (bytes.length === 2) return void this.#events.push({ type: 'framing', bytes });
      this.#events.push({ type: 'trailer', bytes });
    }
  }

  /** Exactly `length` bytes of content, as they come. */
  *#exactly(length: number): Steps {
    for (let missing = length; missing > 0; ) {
      while (this.#input.length === 0) yield;
      const bytes = this.#take(Math.min(missing, this.#input.length));
      missing -= bytes.length;
      this.#events.push({ type: 'content', bytes });
    }
  }

  /** Everything up to and with `end`, of at most `limit` bytes. */
  *#through(end: string, limit: number): Steps<Buffer> {
    for (let searched = 0; ; ) {
      const at = this.#input.indexOf(end, searched, 'latin1');
      const length = at === -1 ? this.#input.length : at + end.length;
      if (length > limit) return this.#kind.fail(`more than ${limit} bytes before a line end that is due`);
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
