// The second wire: the same connections and rules, with Node's own `node:http` client and its parser, llhttp, in place of
// ours. For those who must rely on that parser; and a second opinion in our tests. README says what it cannot promise.

import { Buffer } from 'node:buffer';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { escapeBytes } from '../bytes.ts';
import { ConfigError, ConnectError, ProtocolError } from '../errors.ts';
import { Queue } from '../async/queue.ts';
import { Fields, parseFieldLine } from '../http/fields.ts';
import { contentFraming, isPersistent } from '../http/content-framing.ts';
import { isFieldText } from '../http/grammar.ts';
import type { Fail } from '../http/grammar.ts';
import { encodeRequestHead } from '../http/request-encoder.ts';
import type { RequestHead } from '../http/request-encoder.ts';
import { RESPONSE_LIMITS, truncatedError } from '../http/response-parser.ts';
import type { ResponseHead } from '../http/response-parser.ts';
import type { Channel, Dialer } from './channel.ts';
import type { ChannelExchange } from './connection.ts';
import { noteReceived, countSent } from './stats.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { PoolOptions } from './connection-pool.ts';
import { Upload, framingFields, inParts } from './upload.ts';
import type { StreamedBody } from './upload.ts';
import { TimeLimits } from './timeouts.ts';
import type { EngineRequest, ExchangeNotes } from './engine-request.ts';
import type { AnswerReader, ContentSink, Wire } from './transport.ts';

/** The wire that the client option `wire: "node:http"` asks for. */
export function nodeHttpWire(dialer: Dialer, options: Omit<PoolOptions, 'makeExchange'> = {}): Wire {
  return new ConnectionPool(dialer, { ...options, makeExchange: (...all) => new NodeHttpExchange(...all) });
}

/**
 * One exchange. Node's client gets a stream of its own for it, which is the channel as long as the exchange lasts: so
 * it never decides whether the connection lives on, and a failed write never costs the answer (see `Channel.write`).
 */
class NodeHttpExchange implements ChannelExchange {
  readonly done: Promise<boolean>;
  #resolve!: (reusable: boolean) => void;
  #reject!: (error: unknown) => void;
  #settled = false;
  readonly #channel: Channel;
  readonly #request: EngineRequest;
  readonly #reader: AnswerReader;
  readonly #limits: TimeLimits;
  readonly #stream: Duplex;
  #outgoing: ClientRequest | undefined;
  #upload: Upload | undefined;
  /** Bytes that the parser has been given. */
  #parsed = 0;
  #interim = 0;
  /** Set by the final head. */
  #answer: { readonly message: IncomingMessage; readonly head: ResponseHead; readonly sink: ContentSink } | undefined;
  #contentBytes = 0;
  /** Content that came while the sink was busy: what one read brought, and the one before the pause took hold. */
  readonly #unwritten = new Queue<Uint8Array>();
  /** Our side is not ready for more: a promise of the sink is pending. */
  #waiting = false;
  /** The channel's end or fault. Node's client is told when everything before it has been handed on, and always of an end. */
  #over: { readonly error: Error | undefined } | undefined;
  #overTold = false;
  /** Node's client has let go of the stream: more will not come out of it. */
  #ended = false;
  /** The parser has seen the answer's end in its bytes. */
  #endSeen = false;
  /** The parser's complaint, to be thrown when everything before it has been handed on. */
  #complaint: ProtocolError | undefined;

  constructor(channel: Channel, request: EngineRequest, reader: AnswerReader) {
    this.#channel = channel;
    this.#request = request;
    this.#reader = reader;
    this.#limits = new TimeLimits(request.timeouts, (error) => this.fail(error));
    this.#stream = channelAsDuplex(channel, request.notes);
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get settled(): boolean {
    return this.#settled;
  }

  start(): void {
    this.#start().catch((error: unknown) => this.fail(error));
  }

  received(bytes: Uint8Array): boolean {
    this.#limits.bytesCame();
    noteReceived(this.#request.notes, bytes);
    this.#stream.push(Buffer.from(bytes)); // a copy: the parser gives out views of it
    return !this.#waiting;
  }

  over(error: Error | undefined): void {
    this.#over ??= { error };
    this.#pump();
  }

  fail(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  async #start(): Promise<void> {
    const { method, target, fields, body, signal, timeouts } = this.#request;
    const head = { method, target, fields: [...fields, ...framingFields(method, body)] };
    encodeRequestHead(head); // refuses what the other wire refuses; Node writes the head itself
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#limits.startIdle();
    const { request } = await import('node:http');
    if (this.#settled) return;
    const outgoing = this.#open(request, head);
    const content = body && inParts(body, timeouts);
    if (content === undefined || 'bytes' in content) {
      outgoing.end(content?.bytes);
      content?.onSent?.(content.bytes.length, true);
      this.#requestIsSent();
    } else {
      outgoing.flushHeaders();
      await this.#sendChunks(outgoing, content);
    }
  }

  #open(request: typeof import('node:http').request, { method, target, fields }: RequestHead): ClientRequest {
    let taken = false;
    const createConnection = (): Duplex => {
      taken = true;
      return this.#stream;
    };
    // Without the last field, Node writes "Connection: close" to an engine from whom it did not get the connection.
    const headers = [...fields, ['Connection', 'keep-alive'] as const].flat();
    const limits = { maxHeaderSize: RESPONSE_LIMITS.head, insecureHTTPParser: false };
    const outgoing = request({ method, path: target, headers, createConnection, ...limits });
    this.#outgoing = outgoing;
    outgoing.maxHeadersCount = 0; // or those from the 2001st on are dropped in silence; `responseHead` has a limit
    outgoing.on('error', (error) => this.#failed(error));
    outgoing.on('information', () => this.#guard(() => this.#interimAnswer()));
    outgoing.on('upgrade', () => this.#guard(() => refuse('an upgrade that was not asked for', 'RFC 9110 §15.2.2')));
    outgoing.on('response', (message) => this.#guard(() => this.#answered(message)));
    outgoing.on('socket', () => this.#watch());
    if (!taken) throw new ConfigError('the node:http of this runtime makes its own connections; use the default wire');
    return outgoing;
  }

  /** Node's own listeners are there already: when ours are called, the parser is through with what came. */
  #watch(): void {
    this.#stream.on('data', (bytes: Uint8Array) => {
      this.#parsed += bytes.length;
      this.#endSeen ||= this.#answer?.message.complete === true;
      this.#pump();
    });
    const ended = (): void => {
      this.#ended = true;
      this.#pump();
    };
    this.#stream.on('end', ended).on('close', ended);
  }

  #failed(error: NodeJS.ErrnoException & { bytesParsed?: number; rawPacket?: Buffer; reason?: string }): void {
    // What is no complaint of the parser's says that the stream ended, which its own events tell as well.
    if (error.code?.startsWith('HPE_') !== true) return;
    const { code, bytesParsed = 0, rawPacket = Buffer.alloc(0), reason = '' } = error;
    const offset = this.#parsed + bytesParsed;
    const tls = offset === 0 && (rawPacket[0] === 0x15 || rawPacket[0] === 0x16);
    const hint = tls ? '; this looks like TLS: is https or DOCKER_TLS_VERIFY missing?' : '';
    // From the beginning of the line: out of its middle, a part of a secret could not be told from other words.
    const line = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf('\n', bytesParsed - 1) + 1; // -1 would count from the end
    const isWhole = line > 0 || this.#parsed === 0;
    const excerpt = isWhole ? escapeBytes(rawPacket.subarray(line, line + 64)) : '';
    const message = `Node's parser refuses the answer: ${code}, ${reason}${hint}`;
    this.#complaint = new ProtocolError(message, { offset, section: sections[code] ?? 'RFC 9112', excerpt });
  }

  #interimAnswer(): void {
    if (++this.#interim > RESPONSE_LIMITS.interim) refuse('too many interim answers', 'RFC 9110 §15.2');
  }

  #answered(message: IncomingMessage): void {
    if (this.#settled) return;
    const head = responseHead(message, this.#request.method);
    this.#limits.headCame();
    if (head.status >= 400) this.#upload?.stop(); // see exchange.ts
    this.#answer = { message, head, sink: this.#reader(head, this.#request) };
    this.#limits.contentWithin(this.#answer.sink.withinMs);
  }

  /** What a sink throws ends the exchange, never the process. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Hands on all that has come. */
  #pump(): void {
    // One `read()` gives all that there is, or from Node 26 on one block of it.
    for (let content: Buffer | null; (content = this.#answer?.message.read() ?? null) !== null; ) this.#unwritten.add(content);
    if (!this.#waiting && !this.#settled) this.#guard(() => this.#handOn());
  }

  #handOn(): void {
    for (let content; (content = this.#unwritten.take()) !== undefined; ) {
      this.#contentBytes += content.length;
      // No Buffer: its `slice()` would be one more view, where whoever gets this expects a copy.
      const wait = this.#answer?.sink.write(new Uint8Array(content.buffer, content.byteOffset, content.length));
      if (this.#settled) return;
      if (wait !== undefined) return this.#after(wait, () => this.#handOn());
    }
    this.#after(this.#answer?.sink.flush?.(), () => this.#judge());
  }

  /** Goes on now, or when the sink is ready again; meanwhile the channel is paused. */
  #after(wait: void | Promise<void>, next: () => void): void {
    if (wait === undefined) return next();
    this.#waiting = true;
    this.#limits.wait('reading', true);
    wait.then(
      () => {
        this.#waiting = false;
        if (this.#settled) return;
        this.#limits.wait('reading', false);
        this.#guard(next);
        if (!this.#waiting) this.#channel.resume(); // after the end, too: the next exchange wants to read
      },
      (error: unknown) => this.fail(error),
    );
  }

  /** Everything that came has been handed on: was that the end? */
  #judge(): void {
    if (this.#unwritten.length > 0) return this.#handOn(); // came while the sink was flushing
    if (this.#answer?.message.complete === true) return this.#finish(this.#answer);
    if (this.#complaint !== undefined) throw this.#complaint;
    if (this.#over?.error instanceof ConnectError) throw this.#over.error; // see `#handleClose` in exchange.ts
    if (this.#ended) throw this.#truncatedError();
    if (this.#answer === undefined && this.#parsed > RESPONSE_LIMITS.head) {
      refuse('the head section is too large', 'RFC 9110 §5.4');
    }
    if (this.#over === undefined || this.#overTold) return;
    this.#overTold = true;
    this.#stream.push(null);
  }

  #finish({ head, sink }: { readonly head: ResponseHead; readonly sink: ContentSink }): void {
    // Of `chunked` with a tab behind it the parser makes content until the end, and gives it out with its chunk lines.
    const isDelimited = head.framing.kind !== 'until-close';
    if (isDelimited && !this.#endSeen) refuse('framing that the parser reads as none', 'RFC 9112 §6.3');
    // A reset is never a clean end, and here every end looks clean: see `#handleClose` in exchange.ts.
    const fault = this.#channel.writeError ?? this.#over?.error;
    if (head.framing.kind === 'until-close' && fault !== undefined) throw this.#truncatedError();
    const persistent = isPersistent({ ...head, method: this.#request.method }, head.framing);
    const sent = this.#outgoing?.writableFinished === true;
    const clean = this.#over === undefined && fault === undefined && !this.#stream.destroyed;
    sink.end?.();
    if (this.#settle()) this.#resolve(persistent && sent && clean);
  }

  #truncatedError(): Error {
    const received = this.#answer === undefined ? this.#parsed : this.#contentBytes;
    return truncatedError(this.#answer?.head.framing, received, this.#channel.writeError ?? this.#over?.error);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#limits.stop();
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.#upload?.stop();
    this.#outgoing?.destroy(); // and its stream; not the channel
    return true;
  }

  readonly #onAbort = (): void => this.fail(this.#request.signal?.reason);

  #requestIsSent(): void {
    if (this.#answer === undefined && !this.#settled) this.#limits.awaitHead(this.#channel.connecting === true);
  }

  async #sendChunks(outgoing: ClientRequest, body: StreamedBody): Promise<void> {
    const upload = new Upload(body, {
      sourcing: (waiting) => this.#limits.wait('sending', waiting),
      send: async (blocks) => void (await Promise.all(blocks.map((block) => written(outgoing, block)))),
      refused: () => this.#channel.writeError !== undefined, // the receiving side tells why
    });
    this.#upload = upload;
    if (!(await upload.run())) return;
    outgoing.end();
    if (!this.#settled) this.#requestIsSent();
  }
}

/** Resolves when the memory of the block may be used again. */
function written(outgoing: ClientRequest, block: Uint8Array): Promise<void> {
  return new Promise((resolve) => void outgoing.write(block, () => resolve()));
}

/** The channel as Node's client wants it, until it is destroyed or ended; the channel itself stays as it is. */
function channelAsDuplex(channel: Channel, notes: ExchangeNotes | undefined): Duplex {
  const send = (blocks: readonly Uint8Array[], done: () => void): void => {
    countSent(notes, blocks);
    void channel.write(blocks).then(() => done());
  };
  const stream = new Duplex({
    read() {}, // reads are paused at the channel
    write: (block: Uint8Array, _, done) => send([block], done),
    writev: (blocks, done) => send(blocks.map(({ chunk }) => chunk as Uint8Array), done),
  });
  return stream.on('error', () => {}); // Node's client listens only while it holds the stream
}

/** Where an offence in a head is, Node does not tell. */
const refuse: Fail = (message, section, excerpt) => {
  const shown = excerpt === undefined ? {} : { excerpt: escapeBytes(Buffer.from(excerpt, 'latin1')) };
  throw new ProtocolError(message, { offset: 0, section, ...shown });
};

/** The head as our own parser gives it, and by our rules, which are stricter than llhttp's. */
function responseHead(message: IncomingMessage, method: string): ResponseHead {
  const { httpVersionMajor, httpVersionMinor, statusCode: status = 0, statusMessage: reason = '', rawHeaders } = message;
  if (httpVersionMajor !== 1) refuse('the answer is not HTTP/1', 'RFC 9112 §2.3', `HTTP/${message.httpVersion}`);
  if (status < 200 || status > 599) refuse('a status that a final answer cannot have', 'RFC 9110 §15', String(status));
  if (!isFieldText(reason)) refuse('a control character in the reason phrase', 'RFC 9112 §4', reason);
  if (rawHeaders.length > 2 * RESPONSE_LIMITS.fieldLines) refuse('too many field lines', 'RFC 9110 §5.4');
  const fields = new Fields();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    fields.append(...parseFieldLine(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`, refuse));
  }
  const minorVersion = Math.min(httpVersionMinor, 1);
  const framing = contentFraming({ method, status, minorVersion, fields }, refuse);
  return { minorVersion, status, reason, fields, framing };
}

/** Which rule is broken, by llhttp's error codes (nodejs/llhttp, src/llhttp/constants.ts). */
const sections: Readonly<Record<string, string>> = {
  HPE_INVALID_CONSTANT: 'RFC 9112 §2.3',
  HPE_INVALID_VERSION: 'RFC 9112 §2.3',
  HPE_INVALID_STATUS: 'RFC 9112 §4',
  HPE_CR_EXPECTED: 'RFC 9112 §2.2',
  HPE_LF_EXPECTED: 'RFC 9112 §2.2',
  HPE_STRICT: 'RFC 9112 §2.2',
  HPE_INVALID_HEADER_TOKEN: 'RFC 9112 §5',
  HPE_HEADER_OVERFLOW: 'RFC 9110 §5.4',
  HPE_INVALID_CONTENT_LENGTH: 'RFC 9110 §8.6',
  HPE_UNEXPECTED_CONTENT_LENGTH: 'RFC 9112 §6.3 rule 3',
  HPE_INVALID_TRANSFER_ENCODING: 'RFC 9112 §6.3 rule 4',
  HPE_INVALID_CHUNK_SIZE: 'RFC 9112 §7.1',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'RFC 9112 §7.1.1',
};
