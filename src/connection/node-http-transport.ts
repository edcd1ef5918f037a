// The second transport: Node's own HTTP client and its parser, llhttp, for programs that must rely on them. Our tests use it as
// a second opinion, because it shares little code with exchange.ts: the upload, the timeouts, and the rules for heads.
//
// For each exchange, Node's client gets a stream in place of the channel. So Node does not decide whether the connection is kept,
// and the response is not lost after a failed write. README.md lists the promises that this transport cannot keep.

import { Buffer } from 'node:buffer';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { Queue } from '../async/queue.ts';
import { escapeBytes } from '../bytes.ts';
import { ConfigError, ConnectError, ProtocolError } from '../errors.ts';
import { contentFraming, isPersistent } from '../http/content-framing.ts';
import { Fields, parseFieldLine } from '../http/fields.ts';
import { isFieldText } from '../http/grammar.ts';
import type { Fail } from '../http/grammar.ts';
import { encodeRequestHead } from '../http/request-encoder.ts';
import type { RequestHead } from '../http/request-encoder.ts';
import { RESPONSE_LIMITS, truncatedError } from '../http/response-parser.ts';
import type { ResponseHead } from '../http/response-parser.ts';
import type { Channel } from './channel.ts';
import type { RepeatedDeadline } from './deadline.ts';
import type { ConnectionExchange } from './connection.ts';
import type { EngineRequest, ExchangeStats, RequestBody } from './engine-request.ts';
import { ExchangeOutcome } from './exchange-outcome.ts';
import { countSent } from './transport.ts';
import type { ResponseReader, ContentSink } from './transport.ts';
import { Upload, framingFields, splitBytes } from './upload.ts';

/** Loaded with the first connection, even if the library is bundled into one file. */
let httpRequest: typeof import('node:http').request;

/** Loads `node:http`, and returns the class of the exchanges over its client. */
export async function loadNodeHttpExchange(): Promise<typeof NodeHttpExchange> {
  httpRequest = (await import('node:http')).request;
  return NodeHttpExchange;
}

class NodeHttpExchange implements ConnectionExchange {
  readonly outcome: ExchangeOutcome;
  readonly #channel: Channel;
  readonly #request: EngineRequest;
  readonly #reader: ResponseReader;
  readonly #stream: Duplex;
  #outgoing: ClientRequest | undefined;
  #upload: Upload | undefined;
  /** The response; its head is complete. */
  #message: IncomingMessage | undefined;
  #head: ResponseHead | undefined;
  readonly #content = new Queue<Uint8Array>();
  #contentBytes = 0;
  #parsedBytes = 0;
  #interim = 0;
  #parseError: ProtocolError | undefined;
  #paused = false;
  #closed: { readonly error: Error | undefined } | undefined;
  /** Whether the end was passed on to Node's client, which happens after the sink has received everything before it. */
  #streamEnded = false;
  /** Whether Node's client has reached the end of the stream or closed it. */
  #streamClosed = false;
  /** Ends the wait for an event of Node's client or of the channel. */
  #wake: () => void = () => {};

  constructor(channel: Channel, request: EngineRequest, reader: ResponseReader, headTimeout: RepeatedDeadline) {
    this.#channel = channel;
    this.#request = request;
    this.#reader = reader;
    this.#stream = streamOver(channel, request.stats);
    const onSettled = (): void => {
      this.#upload?.stop();
      this.#outgoing?.destroy(); // and its stream, but not the channel
    };
    this.outcome = new ExchangeOutcome(request, onSettled, headTimeout);
  }

  start(): void {
    this.#run().then((reusable) => this.outcome.succeed(reusable), (error: unknown) => this.outcome.fail(error));
  }

  onData(bytes: Uint8Array): boolean {
    this.outcome.onData();
    this.#request.stats.bytesReceived += bytes.length;
    if (this.#message?.complete === true) this.#request.stats.trailingBytes += bytes.length;
    else this.#stream.push(Buffer.from(bytes)); // a copy: the parser returns views of it
    // The channel pauses until `#receive` has used these bytes. If it went on, it would keep the process alive although the caller
    // does not read the content.
    this.#paused = true;
    return false;
  }

  onClose(error: Error | undefined): void {
    this.#closed ??= { error };
    this.#wake();
  }

  async #run(): Promise<boolean> {
    const { method, target, fields, body, timeouts } = this.#request;
    const head = { method, target, fields: [...fields, ...framingFields(method, body)] };
    encodeRequestHead(head); // only checks the head, which Node writes
    this.outcome.start();
    const outgoing = this.#open(head);
    this.#send(outgoing, body && splitBytes(body, timeouts)).catch((error: unknown) => this.outcome.fail(error));
    return this.#receive(outgoing);
  }

  #open({ method, target, fields }: RequestHead): ClientRequest {
    let taken = false;
    const createConnection = (): Duplex => {
      taken = true;
      return this.#stream;
    };
    // Without the last field, Node writes "Connection: close" because it has no agent.
    const headers = [...fields, ['Connection', 'keep-alive'] as const].flat();
    const limits = { maxHeaderSize: RESPONSE_LIMITS.head, insecureHTTPParser: false };
    const outgoing = httpRequest({ method, path: target, headers, createConnection, ...limits });
    this.#outgoing = outgoing;
    outgoing.maxHeadersCount = 0; // no limit, because Node drops further fields silently; `responseHead` limits them
    outgoing.on('error', (error) => this.#onParseError(error));
    outgoing.on('information', () => {
      if (++this.#interim > RESPONSE_LIMITS.interim) this.outcome.fail(protocolError('too many interim responses', 'RFC 9110 §15.2'));
    });
    outgoing.on('upgrade', () => {
      this.outcome.fail(protocolError('the response upgrades the protocol, but the request did not ask for it', 'RFC 9110 §15.2.2'));
    });
    outgoing.on('response', (message) => (this.#message = message));
    outgoing.on('socket', () => this.#watchStream());
    if (!taken) throw new ConfigError('node:http of this runtime makes its own connections: use the default wire, "own"');
    return outgoing;
  }

  /** Node adds its listeners before these, so the parser has already read the bytes when these run. */
  #watchStream(): void {
    this.#stream.on('data', (bytes: Uint8Array) => {
      this.#parsedBytes += bytes.length;
      // Read at once, because Node destroys the message after an error. Since Node 26, `read()` returns one block at a time.
      for (let block: Buffer | null; (block = this.#message?.read() ?? null) !== null; ) {
        this.#contentBytes += block.length;
        this.#content.add(new Uint8Array(block.buffer, block.byteOffset, block.length)); // the `slice()` of a Buffer does not copy
      }
      this.#wake();
    });
    const onStreamClosed = (): void => {
      this.#streamClosed = true;
      this.#wake();
    };
    this.#stream.on('end', onStreamClosed).on('close', onStreamClosed);
  }

  #onParseError(error: NodeJS.ErrnoException & { bytesParsed?: number; rawPacket?: Buffer; reason?: string }): void {
    if (error.code?.startsWith('HPE_') !== true) return; // the stream ended, which its own events report
    const { code, bytesParsed = 0, rawPacket = Buffer.alloc(0), reason = '' } = error;
    const offset = this.#parsedBytes + bytesParsed;
    const tls = offset === 0 && (rawPacket[0] === 0x15 || rawPacket[0] === 0x16);
    const hint = tls ? '; this looks like TLS: set the option tls, an https:// host, or DOCKER_TLS_VERIFY' : '';
    // The excerpt starts at the start of a line: redaction would not recognize a part of a secret.
    const line = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf('\n', bytesParsed - 1) + 1; // -1 would count from the end
    const hasStart = line > 0 || this.#parsedBytes === 0;
    const excerpt = hasStart ? escapeBytes(rawPacket.subarray(line, line + 64)) : '';
    const message = `Node's parser refuses the response: ${code}, ${reason}${hint}`;
    const section = Object.keys(sections).find((name) => sections[name]?.includes(code)) ?? 'RFC 9112';
    this.#parseError = new ProtocolError(message, { offset, section, excerpt });
  }

  async #send(outgoing: ClientRequest, content: RequestBody | undefined): Promise<void> {
    if (content === undefined || 'bytes' in content) {
      outgoing.end(content?.bytes);
      content?.onSent?.(content.bytes.length, true);
    } else {
      outgoing.flushHeaders();
      this.#upload = new Upload(content, {
        send: async (blocks) => void (await Promise.all(blocks.map((block) => written(outgoing, block)))),
        writeFailed: () => this.#channel.writeError !== undefined,
        setWaitingForSource: (waiting) => this.outcome.setWaitingForSource(waiting),
      });
      if (!(await this.#upload.run())) return;
      outgoing.end();
    }
    if (this.#message === undefined) this.outcome.awaitHead(this.#channel);
  }

  /** Gives the response to the reader. Resolves at its end with whether the connection may be reused. */
  async #receive(outgoing: ClientRequest): Promise<boolean> {
    let sink: ContentSink | undefined;
    for (;;) {
      const event = new Promise<void>((resolve) => (this.#wake = resolve)); // before the checks: no event is missed
      if (this.#message !== undefined) {
        sink ??= this.#onHead(this.#message);
        for (let block; (block = this.#content.take()) !== undefined; ) await this.#pauseFor(sink.write(block));
        await this.#pauseFor(sink.flush?.());
        if (this.#content.length > 0) continue;
        if (this.#message.complete) break;
      }
      this.#checkEnd();
      this.#resume();
      await event;
      this.#throwIfSettled();
    }
    const reusable = this.#isReusable(outgoing);
    if (reusable) this.#resume(); // for the next exchange
    sink.end?.();
    return reusable;
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#channel.resume();
  }

  #onHead(message: IncomingMessage): ContentSink {
    const head = (this.#head = responseHead(message, this.#request.method));
    if (head.status >= 400) this.#upload?.stop(); // as in exchange.ts
    const sink = this.#reader(head, this.#request);
    this.outcome.onHead(sink.withinMs);
    return sink;
  }

  async #pauseFor(pending: void | Promise<void>): Promise<void> {
    if (pending !== undefined) {
      this.outcome.setWaitingForReader(true);
      await pending;
      this.outcome.setWaitingForReader(false);
    }
    this.#throwIfSettled();
  }

  /** Leaves the code of an exchange that has ended. The error is not reported, because the outcome is fixed. */
  #throwIfSettled(): void {
    if (this.outcome.settled) throw new Error('the exchange has ended');
  }

  /** Called when all received bytes are used and the response is incomplete: throws if no more bytes can come. */
  #checkEnd(): void {
    if (this.#parseError !== undefined) throw this.#parseError;
    if (this.#closed?.error instanceof ConnectError) throw this.#closed.error; // as in exchange.ts
    if (this.#streamClosed) throw this.#truncatedError();
    if (this.#message === undefined && this.#parsedBytes > RESPONSE_LIMITS.head) {
      throw protocolError(`the head section has more than ${RESPONSE_LIMITS.head} bytes`, 'RFC 9110 §5.4');
    }
    if (this.#closed === undefined || this.#streamEnded || this.#stream.readableLength > 0) return;
    this.#streamEnded = true;
    this.#stream.push(null); // Node's client decides whether that is the end of the response
  }

  #isReusable(outgoing: ClientRequest): boolean {
    const head = this.#head as ResponseHead;
    const isDelimited = head.framing.kind !== 'until-close';
    // After `chunked` and a tab, Node's parser reads everything up to the end of the stream as content, even chunk sizes.
    if (isDelimited && this.#streamEnded) throw protocolError("Node's parser ignored the framing of the response", 'RFC 9112 §6.3');
    const fault = this.#channel.writeError ?? this.#closed?.error;
    if (!isDelimited && fault !== undefined) throw this.#truncatedError(); // a reset is not a clean end
    const clean = this.#closed === undefined && fault === undefined && !this.#stream.destroyed;
    const { method, stats } = this.#request;
    return clean && outgoing.writableFinished && stats.trailingBytes === 0 && isPersistent({ ...head, method }, head.framing);
  }

  #truncatedError(): Error {
    const received = this.#head === undefined ? this.#parsedBytes : this.#contentBytes;
    return truncatedError(this.#head?.framing, received, this.#channel.writeError ?? this.#closed?.error);
  }
}

/** Resolves when the memory of the block may be reused. */
function written(outgoing: ClientRequest, block: Uint8Array): Promise<void> {
  return new Promise((resolve) => void outgoing.write(block, () => resolve()));
}

/** The channel as a stream for Node's client. The channel stays open when the stream is destroyed or ended. */
function streamOver(channel: Channel, stats: ExchangeStats): Duplex {
  const send = (blocks: readonly Uint8Array[], done: () => void): void => {
    countSent(stats, blocks);
    void channel.write(blocks).then(() => done());
  };
  const stream = new Duplex({
    read() {}, // the channel is paused instead
    write: (block: Uint8Array, _, done) => send([block], done),
    writev: (blocks, done) => send(blocks.map(({ chunk }) => chunk as Uint8Array), done),
  });
  return stream.on('error', () => {}); // Node's client listens only while it uses the stream
}

/** The offset is 0: Node does not say where in a head the error is. */
function protocolError(message: string, section: string, excerpt = ''): ProtocolError {
  return new ProtocolError(message, { offset: 0, section, excerpt: escapeBytes(Buffer.from(excerpt, 'latin1')) });
}

const refuse: Fail = (...all) => {
  throw protocolError(...all);
};

/** Checks the head by our rules, which are stricter than llhttp's, and returns it. */
function responseHead(message: IncomingMessage, method: string): ResponseHead {
  const { httpVersionMajor, httpVersionMinor, statusCode: status = 0, statusMessage: reason = '', rawHeaders } = message;
  if (httpVersionMajor !== 1) refuse('the response is not HTTP/1', 'RFC 9112 §2.3', `HTTP/${message.httpVersion}`);
  if (status < 200 || status > 599) refuse('a final response cannot have this status', 'RFC 9110 §15', String(status));
  if (!isFieldText(reason)) refuse('control character in the reason phrase', 'RFC 9112 §4', reason);
  if (rawHeaders.length > 2 * RESPONSE_LIMITS.fieldLines) refuse('too many field lines', 'RFC 9110 §5.4');
  const fields = new Fields();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    fields.append(...parseFieldLine(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`, refuse));
  }
  const minorVersion = Math.min(httpVersionMinor, 1);
  const framing = contentFraming({ method, status, minorVersion, fields }, refuse);
  return { minorVersion, status, reason, fields, framing };
}

/** The llhttp error codes (nodejs/llhttp, src/llhttp/constants.ts) for broken rules, by section. */
const sections: Readonly<Record<string, readonly string[]>> = {
  'RFC 9112 §2.2': ['HPE_CR_EXPECTED', 'HPE_LF_EXPECTED', 'HPE_STRICT'],
  'RFC 9112 §2.3': ['HPE_INVALID_CONSTANT', 'HPE_INVALID_VERSION'],
  'RFC 9112 §4': ['HPE_INVALID_STATUS'],
  'RFC 9112 §5': ['HPE_INVALID_HEADER_TOKEN'],
  'RFC 9110 §5.4': ['HPE_HEADER_OVERFLOW'],
  'RFC 9112 §6.3 rule 3': ['HPE_UNEXPECTED_CONTENT_LENGTH'],
  'RFC 9112 §6.3 rule 4': ['HPE_INVALID_TRANSFER_ENCODING'],
  'RFC 9112 §7.1': ['HPE_INVALID_CHUNK_SIZE'],
  'RFC 9112 §7.1.1': ['HPE_CHUNK_EXTENSIONS_OVERFLOW'],
  'RFC 9110 §8.6': ['HPE_INVALID_CONTENT_LENGTH'],
};
