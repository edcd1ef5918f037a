// A dialer that records: everything passes through it unchanged, and a copy without the secrets goes on a tape.

import { DIALER } from '../client/arguments.ts';
import type { Channel, ChannelOwner, Dialer } from '../connection/channel.ts';
import { concat, escapeText } from '../bytes.ts';
import { isLogin } from '../api/request-secrets.ts';
import { redactedTarget } from '../api/redaction.ts';
import { ArgumentError } from '../errors.ts';
import { FUNCTION, check } from '../kinds.ts';
import { AnswerParser } from './answer-parser.ts';
import type { AnswerEvent, AnswerStart } from './answer-parser.ts';
import { RequestParser, isUpgrade } from './requests.ts';
import type { RequestEvent, RequestStart } from './requests.ts';
import { filler, redactHead, redactLoginAnswer } from './secrets.ts';
import { TAPE_LIMIT, checkTapeHeader, textLength } from './tape.ts';
import type { Tape, TapeHeader, TapeRecord } from './tape.ts';

/** A dialer to be used in place of another, and what went through it. */
export interface Recorder {
  readonly dialer: Dialer;
  /** What was recorded so far; an `ArgumentError` where that is too much, or could not be redacted with certainty. */
  tape(): Tape;
}

/** What happens while a tape is recorded. */
export interface RecordingNote {
  /**
   * `"request"`: one has begun. `"upgrade"`: one asked for another protocol than HTTP, which no tape can hold: it, and all
   * that follows on its connection, passes unrecorded. `"failure"`: there can be no tape, and nothing more is recorded.
   * `"unreachable"`: the engine could not be connected to.
   */
  readonly kind: 'request' | 'upgrade' | 'failure' | 'unreachable';
  /** A sentence, or the request: `"GET /v1.41/images/json"`. What may be a secret in a target is `[redacted]` here. */
  readonly message: string;
}

/**
 * Records what goes through a dialer's channels. The values of X-Registry-Auth, Authorization, Cookie, Set-Cookie and the
 * like read `[redacted]` on the tape, in requests, in every answer, interim ones too, and in trailers; so do logins, queries
 * and fragments of addresses in Location, Link and Referer, odd reason phrases, and the extensions of chunks. What a login sends
 * and the token that it gets are made unreadable. A head is held back until it is whole, so that no secret slips through in
 * two halves. What passes stays as it is; there is no tape of what cannot be read as HTTP/1.1, as it cannot be redacted.
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
      log.finish();
      inner.end();
    },
    destroy: () => inner.destroy(),
  };
}

/** Writes down what the owner is told, before the owner is: it may change the bytes in place. */
function listener(owner: ChannelOwner, log: ConnectionLog): ChannelOwner {
  return {
    memory: () => owner.memory(),
    onData(bytes) {
      log.received(bytes);
      return owner.onData(bytes);
    },
    onEnd() {
      log.over('eof');
      owner.onEnd();
    },
    onError(error) {
      log.over('reset');
      owner.onError(error);
    },
  };
}

/** One connection's share of the log. */
class ConnectionLog {
  readonly #log: Log;
  readonly #connection: number;
  readonly #requests = new RequestParser();
  readonly #answers = new AnswerParser();
  /** Whether the request that is being sent, or was sent last, is a login whose answer has not ended. */
  #login = false;
  /** The content of that answer, as far as it has come; undefined while another answer comes. */
  #loginContent: Uint8Array[] | undefined;
  /** Whether what passes is another protocol's. */
  #upgraded = false;
  /** Who has ended the connection. */
  #endedBy: 'client' | 'engine' | undefined;

  constructor(log: Log, connection: number) {
    this.#log = log;
    this.#connection = connection;
    log.heldBack.push(() => ({ type: 'received', connection, blocks: this.#heldBack() }));
  }

  sent(bytes: Uint8Array): void {
    this.#note(bytes, () => this.#requests.push(bytes).forEach((event) => this.#takeSent(event)));
  }

  received(bytes: Uint8Array): void {
    this.#note(bytes, () => this.#answers.push(bytes).forEach((event) => this.#takeReceived(event)));
  }

  /** Only the first counts: after an end, the closing of our own side is no news. */
  over(how: 'eof' | 'reset'): void {
    if (this.#endedBy !== undefined || this.#upgraded) return;
    for (const block of this.#heldBack()) this.#log.add('received', this.#connection, block);
    this.#endedBy = 'engine';
    this.#log.over(this.#connection, how);
  }

  /** The client has ended: that the engine does, too, is not its own doing, and would cut the connections of a replay. */
  finish(): void {
    this.#endedBy ??= 'client';
  }

  #note(bytes: Uint8Array, take: () => void): void {
    if (this.#upgraded || !this.#log.reserve(bytes.length)) return;
    try {
      take();
    } catch (error) {
      this.#log.fail(error as Error); // a listener never disturbs what it listens to: `tape()` tells
    }
  }

  #takeSent(event: RequestEvent): void {
    if (event.type === 'end' || this.#upgraded) return;
    if (event.type === 'head') {
      // The tape would have the rest of that answer behind this request.
      if (this.#login) throw new ArgumentError('a request was sent before the answer to a login had come');
      if (this.#notesUpgrade(event.start)) return;
      this.#login = isLogin(event.start);
      this.#answers.asked(event.start);
      this.#log.add('sent', this.#connection, redactHead(event.bytes));
    } else {
      this.#log.add('sent', this.#connection, this.#login && event.type === 'content' ? filler(event.bytes.length) : kept(event));
    }
  }

  #takeReceived(event: AnswerEvent): void {
    if (event.type === 'head' || event.type === 'trailer') {
      if (event.type === 'head') this.#beginAnswer(event.start);
      this.#log.add('received', this.#connection, redactHead(event.bytes));
    } else if (event.type !== 'end') {
      if (this.#loginContent === undefined) this.#log.add('received', this.#connection, kept(event));
      else this.#loginContent.push(event.bytes);
    } else if (this.#loginContent !== undefined) {
      this.#log.add('received', this.#connection, redactLoginAnswer(concat(this.#loginContent)));
      this.#loginContent = undefined;
      this.#login = false;
    }
  }

  #beginAnswer({ status, asked, framing }: AnswerStart): void {
    if (status < 200 || asked === undefined || !isLogin(asked)) return;
    // Chunks could cut a token in two. Engines send these answers with a length.
    if (framing.kind === 'chunked') throw new ArgumentError('the answer to a login is chunked, so its token cannot be redacted');
    this.#loginContent = [];
  }

  /** What has come and is not in the log: the answer to a login, whose token is known by its whole, and half a head. */
  #heldBack(): Uint8Array[] {
    if (this.#endedBy === 'engine') return [];
    const { pending } = this.#answers;
    return [redactLoginAnswer(concat(this.#loginContent ?? [])), this.#login ? filler(pending.length) : redactHead(pending)];
  }

  #notesUpgrade(start: RequestStart): boolean {
    const { method, target } = start;
    this.#upgraded = isUpgrade(start);
    const request = `${method} ${escapeText(redactedTarget(target))}`;
    const message = `${request} asks for a connection of its own: what passes there is not recorded`;
    this.#log.onNote(this.#upgraded ? { kind: 'upgrade', message } : { kind: 'request', message: request });
    return this.#upgraded;
  }
}

/** Content as it is, and what frames it without the extensions of chunks. */
function kept({ type, bytes }: { readonly type: string; readonly bytes: Uint8Array }): Uint8Array {
  return type === 'framing' ? redactHead(bytes) : bytes;
}

/** What happened, in its order; what follows itself on one connection and in one direction is one record. */
class Log {
  readonly onNote: OnNote;
  /** Why there can be no tape. */
  #failure: Error | undefined;
  /** Asked when the log is read, for what is not in it yet. */
  readonly heldBack: Array<() => Passed> = [];
  readonly #entries: Array<Passed | Over> = [];
  #bytes = 0;

  constructor(onNote: OnNote) {
    this.onNote = onNote;
  }

  /** There can be no tape; the first reason counts, and is told. */
  fail(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#entries.length = 0;
    this.onNote({ kind: 'failure', message: reason.message });
  }

  /** Whether there is room for so many bytes more; of what will never be read nothing is kept. */
  reserve(length: number): boolean {
    this.#bytes += length;
    if (this.#bytes > TAPE_LIMIT) {
      this.fail(new ArgumentError(`more than ${TAPE_LIMIT} bytes went over the wire: too much for a tape`));
    }
    return this.#failure === undefined;
  }

  add(type: 'sent' | 'received', connection: number, bytes: Uint8Array): void {
    const last = this.#entries.at(-1);
    if (last?.type === type && last.connection === connection) last.blocks.push(bytes);
    else this.#entries.push({ type, connection, blocks: [bytes] });
  }

  over(connection: number, how: 'eof' | 'reset'): void {
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

/** The lines before the first byte that needs base64, so that the head of an archive can be read, and the rest. */
function readablePieces(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return [];
  const text = textLength(bytes);
  const cut = text === bytes.length ? 0 : bytes.lastIndexOf(0x0a, text) + 1;
  return cut === 0 ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut)];
}
