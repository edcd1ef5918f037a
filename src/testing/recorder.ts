// A dialer that records: all bytes pass unchanged, and a copy without secrets goes to a tape.

import { DIALER } from '../client/arguments.ts';
import type { Channel, ChannelOwner, Dialer } from '../connection/channel.ts';
import { concat, escapeText } from '../bytes.ts';
import { isLogin } from '../api/request-secrets.ts';
import { redactedTarget } from '../api/redaction.ts';
import { ArgumentError } from '../errors.ts';
import { FUNCTION, check } from '../kinds.ts';
import { RecordedResponseParser } from './recorded-response-parser.ts';
import type { RecordedResponseEvent, RecordedResponseStart } from './recorded-response-parser.ts';
import { RequestParser, isUpgrade } from './requests.ts';
import type { RequestEvent, RequestStart } from './requests.ts';
import { filler, redactHead, redactLoginResponse } from './secrets.ts';
import { TAPE_LIMIT, checkTapeHeader, textLength } from './tape.ts';
import type { Tape, TapeHeader, TapeRecord } from './tape.ts';

/** A recording dialer, for the option `dialer` of an `ImageClient`, and its tape. */
export interface Recorder {
  readonly dialer: Dialer;
  /** Returns the tape so far. Throws an `ArgumentError` if it is too large, or if secrets may remain on it. */
  tape(): Tape;
}

/** An event of a recording. */
export interface RecordingNote {
  /**
   * `"request"`: a request has started. `"upgrade"`: a request asks for another protocol; the request and all later bytes on its
   * connection are not recorded. `"failure"`: no tape can be made, and recording has stopped. `"unreachable"`: the engine cannot
   * be reached.
   */
  readonly kind: 'request' | 'upgrade' | 'failure' | 'unreachable';
  /** A sentence, or the request: `"GET /v1.41/images/json"`. Possible secrets in the target are replaced by `[redacted]`. */
  readonly message: string;
}

/**
 * Returns a dialer that records the bytes of another dialer's connections, which pass unchanged. On the tape, the values of
 * X-Registry-Auth, Authorization, Cookie, Set-Cookie and similar fields are `[redacted]`, in requests, responses and trailers.
 * So are logins, queries and fragments of addresses in Location, Link and Referer, unusual reason phrases, and chunk extensions.
 * The content of a login and the token in its response are made unreadable. Bytes that are not HTTP/1.1 cannot be redacted, so
 * no tape is made. Throws an `ArgumentError` for an invalid dialer or header. `onNote` must not throw.
 */
export function recorder(dialer: Dialer, header: TapeHeader, onNote: OnNote = () => {}): Recorder {
  const { address, traits } = check(dialer, DIALER, 'recorder', 'dialer');
  const kept = checkTapeHeader(header, 'recorder');
  const log = new Log(check(onNote, FUNCTION, 'recorder', 'onNote'));
  let connections = 0;
  const recording: Dialer = {
    address,
    traits,
    dial: async (options) => recordingChannel(await dialer.dial(options), new ConnectionLog(log, ++connections)),
  };
  return { dialer: recording, tape: () => ({ header: kept, records: log.records() }) };
}

type OnNote = (note: RecordingNote) => void;

function recordingChannel(inner: Channel, log: ConnectionLog): Channel {
  let owner: ChannelOwner = inner.owner;
  return {
    get owner() {
      return owner;
    },
    set owner(value) {
      owner = value;
      inner.owner = listener(value, log);
    },
    get holdsMemory() {
      return inner.holdsMemory;
    },
    get writeError() {
      return inner.writeError;
    },
    get connecting() {
      return inner.connecting === true;
    },
    write(blocks) {
      for (const block of blocks) log.sent(block);
      return inner.write(blocks);
    },
    resume: () => inner.resume(),
    keepProcessAlive: (value) => inner.keepProcessAlive(value),
    end() {
      log.clientEnded();
      inner.end();
    },
    destroy: () => inner.destroy(),
  };
}

/** Returns an owner that logs each event first and then passes it on, because the real owner may change the bytes in place. */
function listener(owner: ChannelOwner, log: ConnectionLog): ChannelOwner {
  return {
    memory: () => owner.memory(),
    onData(bytes) {
      log.received(bytes);
      return owner.onData(bytes);
    },
    onEnd() {
      log.engineEnded('eof');
      owner.onEnd();
    },
    onError(error) {
      log.engineEnded('reset');
      owner.onError(error);
    },
  };
}

/** The log of one connection. */
class ConnectionLog {
  readonly #log: Log;
  readonly #connection: number;
  readonly #requests = new RequestParser();
  readonly #responses = new RecordedResponseParser();
  /** Whether the current or last request is a login whose response has not ended. */
  #isLogin = false;
  /** The content so far of the response to a login; undefined during other responses. */
  #loginContent: Uint8Array[] | undefined;
  /** Whether the connection has switched to another protocol. */
  #upgraded = false;
  /** The side that ended the connection first. */
  #endedBy: 'client' | 'engine' | undefined;

  constructor(log: Log, connection: number) {
    this.#log = log;
    this.#connection = connection;
    log.heldBack.push(() => ({ type: 'received', connection, blocks: this.#heldBack() }));
  }

  sent(bytes: Uint8Array): void {
    this.#parse(bytes, () => this.#requests.push(bytes).forEach((event) => this.#takeSent(event)));
  }

  received(bytes: Uint8Array): void {
    this.#parse(bytes, () => this.#responses.push(bytes).forEach((event) => this.#takeReceived(event)));
  }

  /** Records the end by the engine, unless the client ended first. */
  engineEnded(how: 'eof' | 'reset'): void {
    if (this.#endedBy !== undefined || this.#upgraded) return;
    for (const block of this.#heldBack()) this.#log.add('received', this.#connection, block);
    this.#endedBy = 'engine';
    this.#log.addEnd(this.#connection, how);
  }

  /** Notes that the client ended first. An end by the engine is then not recorded: it would close connections of a replay. */
  clientEnded(): void {
    this.#endedBy ??= 'client';
  }

  #parse(bytes: Uint8Array, take: () => void): void {
    if (this.#upgraded || !this.#log.reserve(bytes.length)) return;
    try {
      take();
    } catch (error) {
      this.#log.fail(error as Error); // the exchange continues; `tape()` throws
    }
  }

  #takeSent(event: RequestEvent): void {
    if (event.type === 'end' || this.#upgraded) return;
    if (event.type === 'head') {
      // On the tape, the rest of the response to the login would follow this request.
      if (this.#isLogin) throw new ArgumentError('a request was sent before the response to a login');
      if (this.#reportRequest(event.start)) return;
      this.#isLogin = isLogin(event.start);
      this.#responses.asked(event.start);
      this.#log.add('sent', this.#connection, redactHead(event.bytes));
    } else {
      this.#log.add('sent', this.#connection, this.#isLogin && event.type === 'content' ? filler(event.bytes.length) : kept(event));
    }
  }

  #takeReceived(event: RecordedResponseEvent): void {
    if (event.type === 'head' || event.type === 'trailer') {
      if (event.type === 'head') this.#beginResponse(event.start);
      this.#log.add('received', this.#connection, redactHead(event.bytes));
    } else if (event.type !== 'end') {
      if (this.#loginContent === undefined) this.#log.add('received', this.#connection, kept(event));
      else this.#loginContent.push(event.bytes);
    } else if (this.#loginContent !== undefined) {
      this.#log.add('received', this.#connection, redactLoginResponse(concat(this.#loginContent)));
      this.#loginContent = undefined;
      this.#isLogin = false;
    }
  }

  #beginResponse({ status, asked, framing }: RecordedResponseStart): void {
    if (status < 200 || asked === undefined || !isLogin(asked)) return;
    // A token could be split between chunks. Engines send this response with a Content-Length.
    if (framing.kind === 'chunked') throw new ArgumentError('the response to a login is chunked, so its token cannot be redacted');
    this.#loginContent = [];
  }

  /** Returns the received bytes that are not in the log yet: the response to a login, and an incomplete head. */
  #heldBack(): Uint8Array[] {
    if (this.#endedBy === 'engine') return [];
    const { pending } = this.#responses;
    return [redactLoginResponse(concat(this.#loginContent ?? [])), this.#isLogin ? filler(pending.length) : redactHead(pending)];
  }

  /** Reports a request. Returns whether it upgrades the connection. */
  #reportRequest(start: RequestStart): boolean {
    const { method, target } = start;
    this.#upgraded = isUpgrade(start);
    const request = `${method} ${escapeText(redactedTarget(target))}`;
    const message = `${request} upgrades its connection to another protocol, which is not recorded`;
    this.#log.onNote(this.#upgraded ? { kind: 'upgrade', message } : { kind: 'request', message: request });
    return this.#upgraded;
  }
}

/** Returns content unchanged, and framing without chunk extensions. */
function kept({ type, bytes }: { readonly type: string; readonly bytes: Uint8Array }): Uint8Array {
  return type === 'framing' ? redactHead(bytes) : bytes;
}

/** The log of all connections in order. Consecutive bytes of one connection in one direction are one entry. */
class Log {
  readonly onNote: OnNote;
  /** Why no tape can be made. */
  #failure: Error | undefined;
  /** Functions that return bytes which are not in the log yet; called when the log is read. */
  readonly heldBack: Array<() => Passed> = [];
  readonly #entries: Array<Passed | Over> = [];
  #bytes = 0;

  constructor(onNote: OnNote) {
    this.onNote = onNote;
  }

  /** Notes that no tape can be made. Only the first reason is kept and reported. */
  fail(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#entries.length = 0;
    this.onNote({ kind: 'failure', message: reason.message });
  }

  /** Counts bytes. Returns whether they are to be recorded; after a failure they are not. */
  reserve(length: number): boolean {
    this.#bytes += length;
    if (this.#bytes > TAPE_LIMIT) {
      this.fail(new ArgumentError(`more than ${TAPE_LIMIT} bytes went over the wire: too many for a tape`));
    }
    return this.#failure === undefined;
  }

  add(type: 'sent' | 'received', connection: number, bytes: Uint8Array): void {
    const last = this.#entries.at(-1);
    if (last?.type === type && last.connection === connection) last.blocks.push(bytes);
    else this.#entries.push({ type, connection, blocks: [bytes] });
  }

  addEnd(connection: number, how: 'eof' | 'reset'): void {
    this.#entries.push({ type: 'over', connection, how });
  }

  records(): TapeRecord[] {
    const heldBack = this.heldBack.map((ask) => ask());
    if (this.#failure !== undefined) throw this.#failure;
    return [...this.#entries, ...heldBack].flatMap((entry): TapeRecord[] => {
      if (entry.type === 'over') return [entry];
      const { type, connection, blocks } = entry;
      return readablePieces(concat(blocks)).map((bytes) => ({ type, connection, bytes }));
    });
  }
}

interface Passed {
  readonly type: 'sent' | 'received';
  readonly connection: number;
  readonly blocks: Uint8Array[];
}
type Over = Extract<TapeRecord, { type: 'over' }>;

/** Splits bytes before the first line that needs base64, so that the head of a response with an archive stays readable. */
function readablePieces(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return [];
  const text = textLength(bytes);
  const cut = text === bytes.length ? 0 : bytes.lastIndexOf(0x0a, text) + 1;
  return cut === 0 ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut)];
}
