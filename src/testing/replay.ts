// A dialer that replays: its channels answer from a tape what the tape was asked.

import type { Channel, ChannelOwner, Dialer } from '../connection/channel.ts';
import { escapeBytes, escapeText } from '../bytes.ts';
import { isLogin } from '../docker/secrets.ts';
import { ArgumentError } from '../errors.ts';
import { GatheredRequest, tapeExchanges } from './exchanges.ts';
import type { TapeExchange } from './exchanges.ts';
import { RequestParser } from './requests.ts';
import type { RequestEvent } from './requests.ts';
import type { Tape } from './tape.ts';

/** How a tape is played. */
export interface ReplayOptions {
  /**
   * How answers arrive: in reads as large as they can be (`"whole"`, the default), one byte a read (`"bytes"`), or in
   * random pieces that are the same for the same number.
   */
  readonly pieces?: 'whole' | 'bytes' | number | undefined;
  /**
   * `"recorded"`, the default: each request must be the next one of the tape. `"any"`: it is answered by the first one
   * that was not yet played and is like it; for programs that ask several things at once.
   */
  readonly order?: 'recorded' | 'any' | undefined;
}

/** An engine that is a tape. */
export interface ReplayDialer extends Dialer {
  /** The requests of the tape that nobody has sent. */
  remaining(): Array<{ readonly method: string; readonly target: string }>;
}

/**
 * Answers from a tape. A request is matched by method, target and decoded content, never by its other header fields:
 * those hold what differs without meaning. One that matches nothing breaks its channel with an error that says what
 * was asked and what was due. Each exchange is played once, over whichever connection asks.
 */
export function replayDialer(tape: Tape, { pieces = 'whole', order = 'recorded' }: ReplayOptions = {}): ReplayDialer {
  if (pieces !== 'whole' && pieces !== 'bytes' && !Number.isSafeInteger(pieces)) {
    throw new ArgumentError('pieces must be "whole", "bytes" or a whole number');
  }
  if (order !== 'recorded' && order !== 'any') throw new ArgumentError('order must be "recorded" or "any"');
  const script = new Script(tapeExchanges(tape), order);
  return {
    address: `tape://${tape.header.engine}-${tape.header.version}`.replaceAll(' ', '-'),
    async dial({ signal }) {
      await new Promise((resolve) => setImmediate(resolve)); // as with sockets, nobody is connected at once
      signal?.throwIfAborted();
      return new ReplayChannel(script, pieces);
    },
    remaining: () => script.remaining().map(({ request: { method, target } }) => ({ method, target })),
  };
}

/** What is left to be played. */
class Script {
  readonly #exchanges: readonly TapeExchange[];
  readonly #played = new Set<TapeExchange>();
  readonly #order: 'recorded' | 'any';

  constructor(exchanges: readonly TapeExchange[], order: 'recorded' | 'any') {
    this.#exchanges = exchanges;
    this.#order = order;
  }

  remaining(): TapeExchange[] {
    return this.#exchanges.filter((exchange) => !this.#played.has(exchange));
  }

  /** The answer to a request; undefined while more of it must come to tell; throws when there is none. */
  match(asked: GatheredRequest): { exchange: TapeExchange; index: number } | undefined {
    const due = this.#order === 'any' ? this.remaining() : this.remaining().slice(0, 1);
    for (const exchange of due) {
      const verdict = compare(asked, exchange.request);
      if (verdict === 'more') return undefined;
      if (verdict === 'different') continue;
      this.#played.add(exchange);
      return { exchange, index: this.#exchanges.indexOf(exchange) };
    }
    throw new Error(mismatch(asked, due));
  }
}

/** Whether a request is the recorded one, as far as it has come. */
function compare(asked: GatheredRequest, recorded: GatheredRequest): 'same' | 'different' | 'more' {
  if (asked.method !== recorded.method || asked.target !== recorded.target) return 'different';
  // What was sent to a login is not on the tape: whatever is sent now is as good.
  if (isLogin(recorded)) return asked.whole ? 'same' : 'more';
  const common = Math.min(asked.content.length, recorded.content.length);
  if (!asked.content.subarray(0, common).equals(recorded.content.subarray(0, common))) return 'different';
  // The engine answered before it had all: it had seen this much, and the rest may be anything.
  if (!recorded.whole && asked.content.length >= recorded.content.length) return 'same';
  if (asked.content.length > recorded.content.length) return 'different';
  if (!asked.whole) return 'more';
  return asked.content.length === recorded.content.length ? 'same' : 'different';
}

function mismatch(asked: GatheredRequest, due: readonly TapeExchange[]): string {
  const expected = due.map(({ request }) => describe(request)).join(', or ') || 'nothing more';
  return `the tape has no answer to ${describe(asked)}; it expects ${expected}`;
}

function describe({ method, target, content, whole }: GatheredRequest): string {
  const length = `${content.length} bytes${whole ? '' : ' or more'}`;
  const shown = isLogin({ method, target }) ? 'secret content' : `content "${escapeBytes(content, 40)}" (${length})`;
  return `${method} ${escapeText(target)}${content.length === 0 ? '' : ` with ${shown}`}`;
}

class ReplayChannel implements Channel {
  owner: ChannelOwner = nobody;
  readonly holdsMemory = false;
  readonly writeError = undefined;
  readonly #script: Script;
  readonly #pieces: 'whole' | 'bytes' | number;
  readonly #parser = new RequestParser();
  #asked: GatheredRequest | undefined;
  /** What the owner is going to be told, a read at a time. */
  readonly #queue: Delivery[] = [];
  #memory: Uint8Array | undefined;
  #paused = false;
  #scheduled = false;
  #closed = false;

  constructor(script: Script, pieces: 'whole' | 'bytes' | number) {
    this.#script = script;
    this.#pieces = pieces;
  }

  async write(blocks: readonly Uint8Array[]): Promise<void> {
    try {
      for (const block of blocks) {
        if (this.#closed) return;
        for (const event of this.#parser.push(block)) this.#take(event);
        this.#answer();
      }
    } catch (error) {
      this.#closed = true;
      this.#deliver({ type: 'over', error: error as Error });
    }
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  /** Nothing is pending while a channel is idle, so that there is nothing to be done. */
  keepAlive(): void {}

  destroy(): void {
    this.#closed = true;
    this.owner = nobody;
    this.#queue.length = 0;
  }

  #take(event: RequestEvent): void {
    if (event.type === 'head') this.#asked = new GatheredRequest(event.start);
    // Undefined once it is answered: the rest of a refused upload is of no interest.
    else if (event.type === 'content') this.#asked?.append(event.bytes);
    else if (event.type === 'end' && this.#asked !== undefined) {
      this.#asked.whole = true;
      this.#answer();
    }
  }

  #answer(): void {
    const found = this.#asked && this.#script.match(this.#asked);
    if (found === undefined) return;
    this.#asked = undefined;
    const { exchange, index } = found;
    if (exchange.answer.length > 0) {
      this.#deliver({ type: 'answer', rest: exchange.answer, nextLength: lengths(this.#pieces, index) });
    }
    if (exchange.over === undefined) return;
    this.#closed = true;
    const reset = new Error('the connection was reset, on the tape');
    this.#deliver({ type: 'over', error: exchange.over === 'eof' ? undefined : reset });
  }

  #deliver(delivery: Delivery): void {
    this.#queue.push(delivery);
    this.#schedule();
  }

  /** Each read gets a turn of its own, as those of sockets do. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#paused && this.#queue[0] !== undefined) this.#read(this.#queue[0]);
    });
  }

  #read(delivery: Delivery): void {
    if (delivery.type === 'over') {
      this.#queue.shift();
      if (delivery.error === undefined) this.owner.ended();
      else this.owner.broken(delivery.error);
      return;
    }
    const memory = (this.#memory ??= this.owner.memory());
    const { rest } = delivery;
    const length = Math.min(delivery.nextLength(), memory.length, rest.length);
    memory.set(rest.subarray(0, length));
    delivery.rest = rest.subarray(length);
    if (delivery.rest.length === 0) this.#queue.shift();
    this.#paused = !this.owner.received(memory.subarray(0, length));
    // The contract: the next memory is asked for now, even when a pause was asked for.
    this.#memory = this.owner.memory();
    if (this.#queue.length > 0) this.#schedule();
  }
}

type Delivery =
  | { readonly type: 'answer'; rest: Uint8Array; readonly nextLength: () => number }
  | { readonly type: 'over'; readonly error: Error | undefined };

/** The lengths of the reads of one answer; for a seed and the answer's place on the tape, always the same ones. */
function lengths(pieces: 'whole' | 'bytes' | number, index: number): () => number {
  if (pieces === 'whole') return () => Infinity;
  if (pieces === 'bytes') return () => 1;
  // xorshift32. Mostly short reads, up to 4096 bytes: each power of two is as likely as the others.
  let state = Math.imul(pieces + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b) || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  return () => 1 + (next() % 2 ** (next() % 13));
}

/** Who is told when nobody owns the channel: before it is handed over, and after it is destroyed. */
const nobody: ChannelOwner = {
  memory: () => new Uint8Array(1),
  received: () => false,
  ended: () => {},
  broken: () => {},
};
