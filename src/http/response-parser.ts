// Parses one HTTP/1.1 response (RFC 9112 sections 4 to 7). The parser does no I/O: the caller passes the bytes.
//
//   receive(bytes)   passes the bytes of one read, of any size
//   next()           returns the next event, or `undefined` if the parser needs more bytes
//   end()            reports that the connection has ended: no more bytes follow
//
// There is one generator method for each grammar rule of the RFC. When it needs more bytes, it yields `undefined`; the next call
// of `next()` continues at that place:
//
//   bytes                            method           event
//   HTTP/1.1 200 OK CRLF             #head
//   Transfer-Encoding: chunked CRLF  #fieldSection
//   CRLF                             #response        `head`
//   5 CRLF                           #chunkSize
//   hello                            #contentBytes    `content`
//   CRLF                             #chunkEnd
//   0 CRLF CRLF                      #response        `end`
//
// For speed, some methods are not generators. `#takeLine` reads single lines. `#takeContent` returns the content that has arrived.
// `#takeWholeHead` and `#takeWholeChunks` read heads and chunks that are completely in the bytes of one read and are plain: the
// methods say what that means.
//
// The bytes of a content event are valid until the next call of `next()` or `receive()`. The parser writes into the memory that
// `receive` was given. Every read has a limit in `RESPONSE_LIMITS`. After an error, each later `next()` throws the same error.

import type { Buffer } from 'node:buffer';
import { asBuffer, escapeBytes, latin1 } from '../bytes.ts';
import { ProtocolError, TruncatedError } from '../errors.ts';
import { Fields, parseFieldLine } from './fields.ts';
import { contentFraming, isPersistent } from './content-framing.ts';
import type { Framing } from './content-framing.ts';
import { isFieldText, lowerCaseAscii, parseHexadecimal } from './grammar.ts';
import type { Fail } from './grammar.ts';
import { BYTES, TEXT, check, isBytes } from '../kinds.ts';

/** The limits of the parser: bytes, or counts. A response that exceeds one causes a `ProtocolError`. */
export const RESPONSE_LIMITS = {
  /** Bytes of the status line after `HTTP/1.`: enough for any reason phrase, and like the buffers of nginx and Go. */
  statusLine: 8192,
  /** Bytes of all field sections before the content, including those of interim responses. Node allows 16 KiB, curl 300 KiB. */
  head: 65536,
  /** Field lines in one section. h11 has no such limit, Apache has 100. */
  fieldLines: 256,
  /** Interim responses before the final one. Go's limit was 5 (`max1xxResponses`). */
  interim: 32,
  /** Bytes of one chunk-size line with its extensions. Go has the same limit. */
  chunkLine: 4096,
  /**
   * Bytes of all chunk-size lines without the digits of the sizes; leading zeros count. The limit grows by a quarter of the content
   * that was received so far. Go allows 16 KiB.
   */
  chunkOverhead: 65536,
  /** Bytes of the trailer section. Node allows as much for a head. */
  trailers: 16384,
} as const;

/** The head of the final response. */
export interface ResponseHead {
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  readonly minorVersion: number;
  /** 200 to 599. */
  readonly status: number;
  /** The reason phrase; may be empty. */
  readonly reason: string;
  readonly fields: Fields;
  readonly framing: Framing;
}

/** The events of a response: any number of `interim`, one `head`, any number of `content`, one `end`, in this order. */
export type ResponseEvent =
  | { readonly type: 'interim'; readonly status: number }
  | { readonly type: 'head'; readonly head: ResponseHead }
  | { readonly type: 'content'; readonly bytes: Uint8Array }
  | { readonly type: 'end'; /** Whether the connection may carry another exchange. */ readonly reusable: boolean };

/** Yields an event, or `undefined` if it needs more bytes. */
type Steps<Result = void> = Generator<ResponseEvent | undefined, Result, void>;
/** A head whose framing has not been decided yet. */
type Head = Omit<ResponseHead, 'framing'>;

const VERSION_PREFIX = 'HTTP/1.';
const LF = 0x0a;
const CR = 0x0d;
const ZERO = 0x30;
const NOTHING = asBuffer(new Uint8Array(0));
const HEAD_END = latin1('\r\n\r\n');

/** Complete chunks with fewer bytes than this are copied together and delivered as one event. */
const COMPACT_BELOW = 1024;

/** Parses the response to one request. */
export class ResponseParser {
  readonly #method: string;
  readonly #steps: Steps<ResponseEvent>;
  readonly #fail: Fail;
  /** The bytes of the last `receive`, and how many of them have been parsed. */
  #input: Buffer = NOTHING;
  #position = 0;
  /** How many bytes of the response came before `#input`. */
  #bytesBefore = 0;
  /** The beginning of a line whose end has not been received. */
  #partialLine = '';
  /** The index of the first CR in that line; -1 if it has none. */
  #carriageReturn = -1;
  /** The offset of the current line or element, in bytes from the start of the response. Errors report it. */
  #elementOffset = 0;
  /** Set when the final head is complete. */
  #framing: Framing | undefined;
  /** The bytes that count against the limit of heads: of all field sections so far. Set to 0 before the trailers. */
  #sectionBytes = 0;
  #contentLength = 0;
  #chunkOverhead = 0;
  #ended = false;
  #failure: unknown;

  /** @param method the method of the request: a response to HEAD has no content */
  constructor(method: string) {
    if (typeof method !== 'string') check(method, TEXT, 'ResponseParser', 'method');
    this.#method = method;
    this.#steps = this.#response();
    this.#fail = (message, section, excerpt) => {
      const shown = excerpt === undefined ? {} : { excerpt: escapeBytes(latin1(excerpt)) };
      throw new ProtocolError(message, { offset: this.#elementOffset, section, ...shown });
    };
  }

  /** Passes the next bytes. Call it only after `next()` has returned `undefined`: bytes that are still unread are lost. */
  receive(bytes: Uint8Array): void {
    this.#input = asBuffer(isBytes(bytes) ? bytes : check(bytes, BYTES, 'receive', 'bytes'));
    this.#bytesBefore += this.#position;
    this.#position = 0;
  }

  /** Reports that the connection has ended: no more bytes follow. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Returns the next event, or `undefined` if more bytes are needed; always `undefined` after the `end` event. Throws a
   * `ProtocolError` for bytes that are not HTTP/1.1, and a `TruncatedError` if `end()` was called before the response was complete.
   */
  next(): ResponseEvent | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#steps.next().value ?? undefined;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** Returns the received bytes that have not been parsed. After the `end` event, they do not belong to this response. */
  unread(): Uint8Array {
    return this.#input.subarray(this.#position);
  }

  /** Copies the unread bytes to other memory, which must be large enough, and passes the copy to `receive` in their place. */
  moveUnread(to: Uint8Array): void {
    check(to, BYTES, 'moveUnread', 'to');
    const unread = this.unread();
    to.set(unread);
    this.receive(to.subarray(0, unread.length));
  }

  /** Returns the error for a response that ends here; `cause` is the error of the connection. */
  truncatedError(cause?: unknown): TruncatedError {
    return truncatedError(this.#framing, this.#framing === undefined ? this.#bytesBefore + this.#position : this.#contentLength, cause);
  }

  // HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]                                §2.1
  // The framing of the head delimits the message-body.                                                         §6.3
  *#response(): Steps<ResponseEvent> {
    const { minorVersion, status, reason, fields } = this.#takeWholeHead() ?? (yield* this.#finalHead());
    const input = { method: this.#method, status, minorVersion, fields };
    const framing = (this.#framing = contentFraming(input, this.#fail));
    yield { type: 'head', head: { minorVersion, status, reason, fields, framing } };
    if (framing.kind === 'chunked') yield* this.#chunkedContent();
    else if (framing.kind !== 'none') {
      const length = framing.kind === 'length' ? framing.length : Infinity;
      const first = this.#takeContent(length); // nearly always all of it
      if (first !== undefined) yield { type: 'content', bytes: first };
      if (this.#contentLength < length) yield* this.#contentBytes(length - this.#contentLength);
    }
    const reusable = isPersistent(input, framing) && this.#position === this.#input.length && !this.#ended;
    return { type: 'end', reusable }; // not `yield`: since Node 22, V8 optimizes only generators that come to their end
  }

  // Returns a final head that is completely in `#input`, matches `plainHead` and is below every limit. All others are left to
  // `#finalHead`, which has the rules and their errors.
  #takeWholeHead(): Head | undefined {
    const end = this.#input.indexOf(HEAD_END, this.#position) + HEAD_END.length;
    if (end < HEAD_END.length || end - this.#position > RESPONSE_LIMITS.statusLine) return undefined;
    const text = this.#input.toString('latin1', this.#position, end);
    if (!plainHead.test(text)) return undefined;
    const statusEnd = text.indexOf('\r');
    const lower = lowerCaseAscii(text);
    const lines: string[] = [];
    for (let at = statusEnd + 2, lineEnd; at < text.length - 2; at = lineEnd + 2) {
      const colon = text.indexOf(':', at);
      lineEnd = text.indexOf('\r', colon);
      lines.push(lower.slice(at, colon), text.slice(colon + 2, lineEnd));
    }
    if (lines.length > 2 * RESPONSE_LIMITS.fieldLines) return undefined;
    this.#position = end;
    this.#elementOffset = this.#bytesBefore + end - 2; // the empty line
    // HTTP/1.1 200 OK: the minor version and the status have fixed places.
    return { minorVersion: text[7] === '0' ? 0 : 1, status: Number(text.slice(9, 12)), reason: text.slice(13, statusEnd), fields: new Fields(lines) };
  }

  *#finalHead(): Steps<Head> {
    for (let interim = 0; ; interim++) {
      const head = yield* this.#head();
      if (head.status === 101) this.#fail('the response upgrades the protocol, but the request did not ask for it', 'RFC 9110 §15.2.2');
      if (head.status >= 200) return head;
      if (interim === RESPONSE_LIMITS.interim) this.#fail(`more than ${interim} interim responses`, 'RFC 9110 §15.2');
      yield { type: 'interim', status: head.status };
    }
  }

  // status-line = HTTP-version SP status-code [ SP [ reason-phrase ] ] CRLF: a server must send the second SP, but some omit
  // it together with the reason phrase, and all clients that we know accept that.                            §4
  *#head(): Steps<Head> {
    this.#elementOffset = this.#bytesBefore + this.#position;
    yield* this.#versionPrefix();
    this.#partialLine = VERSION_PREFIX;
    let line: string | undefined;
    while ((line = this.#takeLine(VERSION_PREFIX.length + RESPONSE_LIMITS.statusLine)) === undefined) yield* this.#waitForBytes();
    const match = /^HTTP\/1\.([0-9]) ([1-5][0-9][0-9])(?: (.*))?$/s.exec(line);
    if (!match) return this.#fail('malformed status line', 'RFC 9112 §4', line);
    const [, minor, status, reason = ''] = match;
    if (!isFieldText(reason)) this.#fail('control character in the reason phrase', 'RFC 9112 §4', line);
    const minorVersion = Math.min(Number(minor), 1);
    return { minorVersion, status: Number(status), reason, fields: yield* this.#fieldSection('head') };
  }

  // HTTP-version = HTTP-name "/" DIGIT "." DIGIT. It is checked byte by byte: an SSH banner, a TLS alert or a page without
  // line ends must fail at its first wrong byte instead of waiting for more.                                   §2.3
  *#versionPrefix(): Steps {
    for (const expected of latin1(VERSION_PREFIX)) {
      while (this.#position === this.#input.length) yield* this.#waitForBytes();
      if (this.#input[this.#position] !== expected) this.#notHttp();
      this.#position++;
    }
  }

  #notHttp(): never {
    // The bytes before the wrong one match the prefix. `#input` may lack them, because they may have come in an earlier read.
    const matched = VERSION_PREFIX.slice(0, this.#bytesBefore + this.#position - this.#elementOffset);
    const excerpt = matched + this.#input.toString('latin1', this.#position, this.#position + 64 - matched.length);
    const tls = excerpt.startsWith('\x15') || excerpt.startsWith('\x16');
    const hint = tls ? '; this looks like TLS: set the option tls, an https:// host, or DOCKER_TLS_VERIFY' : '';
    return this.#fail(`the response is not HTTP/1${hint}`, 'RFC 9112 §2.3', excerpt);
  }

  // *( field-line CRLF ) CRLF                                                                            §2.1, §7.1.2
  *#fieldSection(part: 'head' | 'trailers'): Steps<Fields> {
    const limit = RESPONSE_LIMITS[part];
    const fields = new Fields();
    if (part === 'trailers') this.#sectionBytes = 0; // not reset between heads: interim responses share the limit
    for (let lines = 0; ; lines++) {
      let line: string | undefined;
      while ((line = this.#takeLine(limit)) === undefined) yield* this.#waitForBytes();
      this.#sectionBytes += line.length + 2;
      if (this.#sectionBytes > limit) this.#fail(`the ${part} section has more than ${limit} bytes`, 'RFC 9110 §5.4');
      if (line === '') return fields;
      if (lines === RESPONSE_LIMITS.fieldLines) this.#fail(`more than ${lines} field lines`, 'RFC 9110 §5.4');
      fields.append(...parseFieldLine(line, this.#fail));
    }
  }

  // chunked-body = *chunk last-chunk trailer-section CRLF                                                      §7.1
  *#chunkedContent(): Steps {
    for (;;) {
      let view: Uint8Array | undefined;
      while ((view = this.#takeWholeChunks()) !== undefined) yield { type: 'content', bytes: view };
      const size = yield* this.#chunkSize();
      if (size === 0) break;
      yield* this.#contentBytes(size);
      yield* this.#chunkEnd();
    }
    // Trailers are checked like fields and then dropped: they must not change earlier decisions (§6.5).
    yield* this.#fieldSection('trailers');
  }

  // chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF                                                      §7.1
  *#chunkSize(): Steps<number> {
    let line: string | undefined;
    while ((line = this.#takeLine(RESPONSE_LIMITS.chunkLine)) === undefined) yield* this.#waitForBytes();
    const digits = chunkSizeGrammar.exec(line)?.[0];
    if (digits === undefined) return this.#fail('the chunk size is not a hexadecimal number', 'RFC 9112 §7.1', line);
    const size = parseHexadecimal(digits);
    if (size === undefined) return this.#fail('the chunk size is above 2^53 - 1', 'RFC 9112 §7.1', line);
    if (!isFieldText(line)) this.#fail('control character in a chunk extension', 'RFC 9112 §7.1.1');
    this.#chunkOverhead += line.length - size.toString(16).length;
    if (this.#chunkOverhead > RESPONSE_LIMITS.chunkOverhead + this.#contentLength / 4) {
      this.#fail('the leading zeros and extensions of chunk sizes are too long for the content', 'RFC 9112 §7.1.1');
    }
    return size;
  }

  *#chunkEnd(): Steps {
    for (const expected of [CR, LF]) {
      while (this.#position === this.#input.length) yield* this.#waitForBytes();
      this.#elementOffset = this.#bytesBefore + this.#position;
      if (this.#input[this.#position] !== expected) this.#fail('no CRLF after the chunk data', 'RFC 9112 §7.1');
      this.#position++;
    }
  }

  // Returns the content of the next chunks that are completely in `#input` and are plain: their size line has 1 to 8 digits, no
  // leading zero and no extension. Nearly all chunks are plain. All others are left to `#chunkSize`, which has the rules.
  //
  // A large chunk is returned as a view, alone. Small chunks are moved to the left, over the size lines between them, so that they
  // become one block:  `3 CRLF abc CRLF 3 CRLF def CRLF` gives `abcdef`.
  #takeWholeChunks(): Uint8Array | undefined {
    const input = this.#input;
    const blockStart = this.#position;
    let blockEnd = blockStart; // the block of moved chunks is from `blockStart` to `blockEnd`
    let position = blockStart; // of the next size line
    for (;;) {
      let size = 0;
      let at = position;
      // Reads at most 8 digits. If there are more, `input[at]` is the 9th digit and not CR, so the chunk is not plain.
      for (let digit; at < position + 8 && (digit = HEXADECIMAL[input[at] ?? 0] ?? -1) >= 0; at++) size = size * 16 + digit;
      const data = at + 2;
      const end = data + size;
      // A leading zero is left to `#chunkSize`, which counts it against a limit.
      const plain = size > 0 && input[position] !== ZERO && input[at] === CR && input[at + 1] === LF;
      if (!plain || end + 2 > input.length || input[end] !== CR || input[end + 1] !== LF) break;
      if (size >= COMPACT_BELOW) {
        if (blockEnd > blockStart) break;
        return this.#view(data, end, end + 2);
      }
      input.copyWithin(blockEnd, data, end);
      blockEnd += size;
      position = end + 2;
    }
    return blockEnd > blockStart ? this.#view(blockStart, blockEnd, position) : undefined;
  }

  /** Yields `length` bytes of content, as a view for each read. `Infinity` means up to a clean end of the connection. */
  *#contentBytes(length: number): Steps {
    for (let missing = length; missing > 0; ) {
      const bytes = this.#takeContent(missing);
      if (bytes !== undefined) {
        missing -= bytes.length;
        yield { type: 'content', bytes };
      } else if (this.#ended && length === Infinity) return; // §6.3 rule 8
      else yield* this.#waitForBytes();
    }
  }

  /** Returns at most `length` bytes of the content that has arrived, as a view; `undefined` if there are none. */
  #takeContent(length: number): Uint8Array | undefined {
    const end = Math.min(this.#input.length, this.#position + length);
    return end > this.#position ? this.#view(this.#position, end, end) : undefined;
  }

  #view(start: number, end: number, next: number): Uint8Array {
    this.#contentLength += end - start;
    this.#position = next;
    // A Uint8Array and not a Buffer: the `slice()` of a Buffer makes a view, and the caller expects a copy.
    return new Uint8Array(this.#input.buffer, this.#input.byteOffset + start, end - start);
  }

  /**
   * Returns the next line without its CRLF, as Latin-1 text, or `undefined` if its end has not arrived. A line has at most
   * `limit` bytes without its CRLF. No byte is searched twice, even in small reads. An invalid or too long line fails as
   * soon as the wrong byte is here, because its end may never come.
   */
  #takeLine(limit: number): string | undefined {
    const before = this.#partialLine.length;
    if (before === 0) this.#elementOffset = this.#bytesBefore + this.#position;
    const feed = this.#input.indexOf(LF, this.#position);
    const end = feed === -1 ? this.#input.length : feed + 1;
    const part = this.#input.toString('latin1', this.#position, end);
    const line = this.#partialLine + part;
    this.#position = end;
    const found = part.indexOf('\r');
    if (this.#carriageReturn === -1 && found !== -1) this.#carriageReturn = before + found;
    const cr = this.#carriageReturn;
    // §2.2: a sender must not generate a CR alone. One at the end may still get its LF. For one beyond the limit, the next
    // check reports that the line is too long.
    const isAtEnd = cr >= line.length - (feed === -1 ? 1 : 2);
    if (cr !== -1 && !isAtEnd && cr <= limit) this.#fail('CR without LF', 'RFC 9112 §2.2', line);
    if (line.length > limit + 2) this.#fail(`a line has more than ${limit} bytes`, 'RFC 9112 §2.2');
    this.#partialLine = line;
    if (feed === -1) return undefined;
    // §2.2 lets recipients accept a lone LF as a line end, but attackers exploit readers that disagree on it.
    if (cr === -1) this.#fail('a line ends without CR', 'RFC 9112 §2.2', line);
    this.#partialLine = '';
    this.#carriageReturn = -1;
    return line.slice(0, -2);
  }

  /** Waits for more bytes; throws a `TruncatedError` if there are none. */
  *#waitForBytes(): Steps {
    if (this.#ended) throw this.truncatedError();
    yield undefined;
  }
}

/** Returns the error for a response that ended after `received` bytes of its head, or of its content if the framing is known. */
export function truncatedError(framing: Framing | undefined, received: number, cause?: unknown): TruncatedError {
  const phase = framing === undefined ? 'head' : 'content';
  const expected = framing?.kind === 'length' ? framing.length : undefined;
  const message =
    phase === 'head' && received === 0
      ? 'the engine closed the connection without a response'
      : `the response was truncated: received ${received}${expected === undefined ? '' : ` of ${expected}`} bytes of its ${phase}`;
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new TruncatedError(`${message}${why}`, { phase, received, expected, cause });
}

// chunk-size, followed by the end of the line or by chunk-ext = *( BWS ";" ... ), whose white space is ignored.
const chunkSizeGrammar = /^[0-9A-Fa-f]+(?=[ \t]*;|$)/;

/** The value of each character code that is a hexadecimal digit; -1 for all others. */
const HEXADECIMAL = Int8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? -1 : value;
});

// A final head that follows the grammar, and whose values have one space before them and none after them, as nearly all heads.
const plainHead =
  /^HTTP\/1\.[0-9] [2-5][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?\r\n)*\r\n$/;
