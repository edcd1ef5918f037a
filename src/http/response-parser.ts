// Parses one HTTP/1.1 response (RFC 9112 sections 4 to 7). The parser does no I/O: the caller gives it the bytes.
//
//   receive(bytes)   gives the bytes of one read, of any size
//   next()           returns the next event, or `undefined` if the parser needs more bytes
//   end()            says that the connection has ended: there are no more bytes
//
// The parser is a generator. Each production of the RFC is one generator method, which yields `undefined` where the next byte is
// missing, so JavaScript remembers the position between two reads:
//
//   HTTP/1.1 200 OK CRLF             #head            status line
//   Transfer-Encoding: chunked CRLF  #fieldSection    event `head` after the empty line
//   CRLF
//   5 CRLF hello CRLF                #chunkedContent  event `content`
//   0 CRLF CRLF                                       event `end`
//
// Two methods are not generators, because they run for every line and for every chunk: `#takeLine` is the only place that reads
// lines, and `#takeWholeChunks` reads the chunks that one read has brought completely.
//
// Content events are borrowed views: they are valid until the next call, and the parser may move bytes inside the given memory.
// Every read has a limit in `RESPONSE_LIMITS`. After an error the parser stays dead: each later `next()` throws the same error.

import type { Buffer } from 'node:buffer';
import { asBuffer, escapeBytes, latin1 } from '../bytes.ts';
import { ProtocolError, TruncatedError } from '../errors.ts';
import { Fields, parseFieldLine } from './fields.ts';
import { contentFraming, isPersistent } from './content-framing.ts';
import type { Framing } from './content-framing.ts';
import { isFieldText, parseHexadecimal } from './grammar.ts';
import type { Fail } from './grammar.ts';
import { BYTES, TEXT, check } from '../kinds.ts';

/** The limits of the parser, in bytes unless a comment names another unit. A response above a limit is a `ProtocolError`. */
export const RESPONSE_LIMITS = {
  /** The status line without its first 7 bytes, `HTTP/1.`: like the buffers of nginx and Go, enough for any reason phrase. */
  statusLine: 8192,
  /** All field sections before the content together, also those of interim responses. Node allows 16 KiB, curl 300 KiB. */
  head: 65536,
  /** Field lines in one section. h11 has no such limit, Apache has 100. */
  fieldLines: 256,
  /** Interim responses before the final one. Go stopped at 5 (`max1xxResponses`). */
  interim: 32,
  /** One chunk-size line with its extensions. Go has the same limit. */
  chunkLine: 4096,
  /** Bytes of all chunk-size lines that are not digits, in addition to a quarter of the content. Go allows 16 KiB. */
  chunkOverhead: 65536,
  /** The trailer section: as much as Node allows a head. */
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

/** A response consists of any number of `interim`, one `head`, any number of `content` and one `end`, in this order. */
export type ResponseEvent =
  | { readonly type: 'interim'; readonly status: number }
  | { readonly type: 'head'; readonly head: ResponseHead }
  | { readonly type: 'content'; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly reusable: boolean };

/** Yields an event, or `undefined` if it needs more bytes. */
type Steps<Result = void> = Generator<ResponseEvent | undefined, Result, void>;
/** A head whose framing has not been decided yet. */
type Head = Omit<ResponseHead, 'framing'>;

const PREFACE = 'HTTP/1.';
const LF = 0x0a;
const CR = 0x0d;
const ZERO = 0x30;
const NOTHING = asBuffer(new Uint8Array(0));

/** Whole chunks with fewer bytes than this are moved together, so that a thousand of them make one event. */
const COMPACT_BELOW = 1024;

/** Parses the response to one request. */
export class ResponseParser {
  readonly #method: string;
  readonly #steps: Steps;
  readonly #fail: Fail;
  /** The bytes of the last `receive`, and how many of them are used. */
  #input: Buffer = NOTHING;
  #position = 0;
  /** How many bytes of the response came before `#input`. */
  #before = 0;
  /** The beginning of a line whose end has not been received. */
  #partialLine = '';
  /** Where the first CR of that line is; -1 without one. */
  #carriageReturn = -1;
  /** Where the current production begins, in bytes from the start of the response: the offset of errors. */
  #start = 0;
  /** Set when the final head is complete. */
  #framing: Framing | undefined;
  /** Bytes of all field sections before the content, or of the trailer section. */
  #sectionBytes = 0;
  #contentLength = 0;
  #chunkOverhead = 0;
  #ended = false;
  #failure: unknown;

  /** @param method the method of the request: a response to HEAD has no content */
  constructor(method: string) {
    check(method, TEXT, 'ResponseParser', 'method');
    this.#method = method;
    this.#steps = this.#response();
    this.#fail = (message, section, excerpt) => {
      const shown = excerpt === undefined ? {} : { excerpt: escapeBytes(latin1(excerpt)) };
      throw new ProtocolError(message, { offset: this.#start, section, ...shown });
    };
  }

  /** Gives the next bytes. Call it only after `next()` has returned `undefined`: bytes that are not used yet would be lost. */
  receive(bytes: Uint8Array): void {
    check(bytes, BYTES, 'receive', 'bytes');
    this.#before += this.#position;
    this.#input = asBuffer(bytes);
    this.#position = 0;
  }

  /** Says that there are no more bytes. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Returns the next event, or `undefined` if more bytes are needed; after the `end` event always `undefined`. Throws a
   * `ProtocolError` for bytes that are not HTTP/1.1, and a `TruncatedError` if `end()` came too early.
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

  /** Returns the given bytes that are not used. After the `end` event, these are bytes that no request asked for. */
  unread(): Uint8Array {
    return this.#input.subarray(this.#position);
  }

  /** Copies the unread bytes to other memory, which must be large enough, and continues there. */
  moveUnread(to: Uint8Array): void {
    check(to, BYTES, 'moveUnread', 'to');
    const unread = this.unread();
    to.set(unread);
    this.receive(to.subarray(0, unread.length));
  }

  /** Makes the error for a response that stops here; `cause` is the error of the connection. */
  truncatedError(cause?: unknown): TruncatedError {
    return truncatedError(this.#framing, this.#framing === undefined ? this.#before + this.#position : this.#contentLength, cause);
  }

  // HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]                                §2.1
  *#response(): Steps {
    for (let interim = 0; ; interim++) {
      const head = yield* this.#head();
      if (head.status === 101) this.#fail('the response upgrades the protocol, but the request did not ask for it', 'RFC 9110 §15.2.2');
      if (head.status >= 200) return yield* this.#content(head);
      if (interim === RESPONSE_LIMITS.interim) this.#fail(`more than ${interim} interim responses`, 'RFC 9110 §15.2');
      yield { type: 'interim', status: head.status };
    }
  }

  // status-line = HTTP-version SP status-code [ SP [ reason-phrase ] ] CRLF: a server must send the second SP, and some leave
  // it out together with the reason phrase; all clients that we know accept that.                              §4
  *#head(): Steps<Head> {
    this.#start = this.#before + this.#position;
    yield* this.#preface();
    this.#partialLine = PREFACE;
    let line: string | undefined;
    while ((line = this.#takeLine(PREFACE.length + RESPONSE_LIMITS.statusLine)) === undefined) yield* this.#more();
    const match = /^HTTP\/1\.([0-9]) ([1-5][0-9][0-9])(?: (.*))?$/s.exec(line);
    if (!match) return this.#fail('malformed status line', 'RFC 9112 §4', line);
    const [, minor, status, reason = ''] = match;
    if (!isFieldText(reason)) this.#fail('control character in the reason phrase', 'RFC 9112 §4', line);
    const minorVersion = Math.min(Number(minor), 1);
    return { minorVersion, status: Number(status), reason, fields: yield* this.#fieldSection('head') };
  }

  // HTTP-version = HTTP-name "/" DIGIT "." DIGIT. It is checked byte by byte: an SSH banner, a TLS alert or a page without
  // line ends must fail at its first wrong byte, not wait for more.                                            §2.3
  *#preface(): Steps {
    for (const expected of latin1(PREFACE)) {
      while (this.#position === this.#input.length) yield* this.#more();
      if (this.#input[this.#position] !== expected) this.#notHttp();
      this.#position++;
    }
  }

  #notHttp(): never {
    // The bytes before the wrong one match the preface; an earlier read may have brought them.
    const matched = PREFACE.slice(0, this.#before + this.#position - this.#start);
    const excerpt = matched + this.#input.toString('latin1', this.#position, this.#position + 64 - matched.length);
    const tls = excerpt.startsWith('\x15') || excerpt.startsWith('\x16');
    const hint = tls ? '; this looks like TLS: set the option tls, an https:// host, or DOCKER_TLS_VERIFY' : '';
    return this.#fail(`the response is not HTTP/1${hint}`, 'RFC 9112 §2.3', excerpt);
  }

  // *( field-line CRLF ) CRLF                                                                            §2.1, §7.1.2
  *#fieldSection(part: 'head' | 'trailers'): Steps<Fields> {
    const limit = RESPONSE_LIMITS[part];
    const fields = new Fields();
    if (part === 'trailers') this.#sectionBytes = 0; // all heads count together, also those of interim responses
    for (let lines = 0; ; lines++) {
      let line: string | undefined;
      while ((line = this.#takeLine(limit)) === undefined) yield* this.#more();
      this.#sectionBytes += line.length + 2;
      if (this.#sectionBytes > limit) this.#fail(`the ${part} section has more than ${limit} bytes`, 'RFC 9110 §5.4');
      if (line === '') return fields;
      if (lines === RESPONSE_LIMITS.fieldLines) this.#fail(`more than ${lines} field lines`, 'RFC 9110 §5.4');
      fields.append(...parseFieldLine(line, this.#fail));
    }
  }

  // message-body, as its framing says                                                                          §6.3
  *#content(head: Head): Steps {
    const { minorVersion, status, reason, fields } = head;
    const input = { method: this.#method, status, minorVersion, fields };
    const framing = (this.#framing = contentFraming(input, this.#fail));
    yield { type: 'head', head: { minorVersion, status, reason, fields, framing } };
    if (framing.kind === 'chunked') yield* this.#chunkedContent();
    else if (framing.kind === 'length') yield* this.#contentBytes(framing.length);
    else if (framing.kind === 'until-close') yield* this.#contentBytes(Infinity);
    const reusable = isPersistent(input, framing) && this.#position === this.#input.length && !this.#ended;
    yield { type: 'end', reusable };
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
    // Trailers are checked like fields and then dropped: they must never change what was decided before them (§6.5).
    yield* this.#fieldSection('trailers');
  }

  // chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF                                                      §7.1
  *#chunkSize(): Steps<number> {
    let line: string | undefined;
    while ((line = this.#takeLine(RESPONSE_LIMITS.chunkLine)) === undefined) yield* this.#more();
    const size = parseHexadecimal(chunkSizeGrammar.exec(line)?.[0] ?? '');
    if (size === undefined) return this.#fail('the chunk size is not a hexadecimal number', 'RFC 9112 §7.1', line);
    if (!isFieldText(line)) this.#fail('control character in a chunk extension', 'RFC 9112 §7.1.1');
    this.#chunkOverhead += line.length - size.toString(16).length;
    if (this.#chunkOverhead > RESPONSE_LIMITS.chunkOverhead + this.#contentLength / 4) {
      this.#fail('the chunk extensions are too large for the content', 'RFC 9112 §7.1.1');
    }
    return size;
  }

  *#chunkEnd(): Steps {
    for (const expected of [CR, LF]) {
      while (this.#position === this.#input.length) yield* this.#more();
      this.#start = this.#before + this.#position;
      if (this.#input[this.#position] !== expected) this.#fail('no CRLF after the chunk data', 'RFC 9112 §7.1');
      this.#position++;
    }
  }

  // Nearly all chunks take this path: they are completely in `#input`, and their size line is plain. A large chunk becomes a
  // view; a run of small ones is moved together over the size lines between them. Everything else stays untouched for
  // `#chunkSize`, which has the rules. It is measured: chunks of 100 bytes are read nearly as fast as by a C program.
  #takeWholeChunks(): Uint8Array | undefined {
    const input = this.#input;
    const runStart = this.#position;
    let runEnd = runStart;
    let position = runStart;
    for (;;) {
      let size = 0;
      let at = position;
      for (let digit; at < position + 8 && (digit = HEXADECIMAL[input[at] ?? 0] ?? -1) >= 0; at++) size = size * 16 + digit;
      const data = at + 2;
      const end = data + size;
      // Leading zeros are not plain: `#chunkSize` counts them against a limit.
      const plain = size > 0 && input[position] !== ZERO && input[at] === CR && input[at + 1] === LF;
      if (!plain || end + 2 > input.length || input[end] !== CR || input[end + 1] !== LF) break;
      if (size >= COMPACT_BELOW) {
        if (runEnd > runStart) break;
        return this.#view(data, end, end + 2);
      }
      input.copyWithin(runEnd, data, end);
      runEnd += size;
      position = end + 2;
    }
    return runEnd > runStart ? this.#view(runStart, runEnd, position) : undefined;
  }

  /** Yields `length` bytes of content, in views of what each read brings. `Infinity`: up to a clean end of the connection. */
  *#contentBytes(length: number): Steps {
    for (let missing = length; missing > 0; ) {
      const end = Math.min(this.#input.length, this.#position + missing);
      if (end > this.#position) {
        missing -= end - this.#position;
        yield { type: 'content', bytes: this.#view(this.#position, end, end) };
      } else if (this.#ended && length === Infinity) return; // §6.3 rule 8
      else yield* this.#more();
    }
  }

  #view(start: number, end: number, next: number): Uint8Array {
    this.#contentLength += end - start;
    this.#position = next;
    // Not a Buffer: its `slice()` makes a view, and the caller expects a copy.
    return new Uint8Array(this.#input.buffer, this.#input.byteOffset + start, end - start);
  }

  /**
   * Returns the next line without its CRLF, as Latin-1 text, or `undefined` if its end is missing. A line may have `limit` bytes.
   * Each byte is searched once, however small the reads are. Errors do not wait for the end of the line: it may never come.
   */
  #takeLine(limit: number): string | undefined {
    const before = this.#partialLine.length;
    if (before === 0) this.#start = this.#before + this.#position;
    const feed = this.#input.indexOf(LF, this.#position);
    const end = feed === -1 ? this.#input.length : feed + 1;
    const part = this.#input.toString('latin1', this.#position, end);
    const line = this.#partialLine + part;
    this.#position = end;
    const found = part.indexOf('\r');
    if (this.#carriageReturn === -1 && found !== -1) this.#carriageReturn = before + found;
    const cr = this.#carriageReturn;
    // §2.2: a sender must not generate a CR alone. After the limit, the length of the line is the error.
    const isLast = cr >= line.length - (feed === -1 ? 1 : 2);
    if (cr !== -1 && !isLast && cr <= limit) this.#fail('CR without LF', 'RFC 9112 §2.2', line);
    if (line.length > limit + 2) this.#fail(`a line has more than ${limit} bytes`, 'RFC 9112 §2.2');
    this.#partialLine = line;
    if (feed === -1) return undefined;
    // §2.2 lets recipients accept a lone LF as a line end. Attackers exploit two readers that differ on it.
    if (cr === -1) this.#fail('a line ends without CR', 'RFC 9112 §2.2', line);
    this.#partialLine = '';
    this.#carriageReturn = -1;
    return line.slice(0, -2);
  }

  /** Waits for more bytes; throws a `TruncatedError` if there are none. */
  *#more(): Steps {
    if (this.#ended) throw this.truncatedError();
    yield undefined;
  }
}

/** Makes the error for a response that stopped after `received` bytes of its head, or of its content if the framing is known. */
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

// chunk-size, before the end of the line or the extensions. chunk-ext = *( BWS ";" ... ): a reader ignores the white space.
const chunkSizeGrammar = /^[0-9A-Fa-f]+(?=[ \t]*;|$)/;

/** The value of each character code that is a hexadecimal digit; -1 for all others. */
const HEXADECIMAL = Int8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? -1 : value;
});
