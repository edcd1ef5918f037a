// A dialer that replays: its channels answer from a tape what the tape was asked.

import { noopOwner } from '../connection/channel.ts';
import type { Channel, ChannelOwner, Dialer } from '../connection/channel.ts';
import { take } from '../client/arguments.ts';
import { latin1 } from '../bytes.ts';
import { Queue } from '../async/queue.ts';
import { GatheredRequest } from './exchanges.ts';
import type { TapeExchange } from './exchanges.ts';
import { RequestParser } from './requests.ts';
import type { RequestEvent, RequestStart } from './requests.ts';
import { Script } from './script.ts';
import type { AskedFor, Order } from './script.ts';
import { checkTape } from './tape.ts';
import type { Tape } from './tape.ts';

/** How a tape is played. */
export interface ReplayOptions {
  /**
   * How answers arrive: in reads as large as they can be (`"whole"`, the default), one byte a read (`"bytes"`), or in
   * random pieces that are the same for the same number.
   */
  readonly pieces?: Pieces | undefined;
  /**
   * `"recorded"`, the default: each request must be the next one of the tape. `"any"`: it is answered by the first one
   * that was not yet played and is like it; for programs that ask several things at once.
   */
  readonly order?: Order | undefined;
}

/** The sizes of the reads that an answer arrives in, as `pieces` has them. */
export type Pieces = 'whole' | 'bytes' | number;

/** An engine that is a tape. */
export interface ReplayDialer extends Dialer {
  /** The requests of the tape that nobody has sent. */
  remaining(): AskedFor[];
}

/**
 * Answers from a tape. A request is matched by method, target and decoded content, never by its other header fields:
 * those hold what differs without meaning. One that matches nothing breaks its channel with an error that says what
 * was asked and what was due. Each exchange is played once, over whichever connection asks.
 */
export function replayDialer(tape: Tape, options?: ReplayOptions): ReplayDialer {
  const { pieces = 'whole', order = 'recorded' } = take('replayDialer', options);
  const script = new Script(checkTape(tape, 'replayDialer'), { order, comparable: (target) => target, comparesContent: true });
  const play = { find: (asked: GatheredRequest) => script.match(asked), keepsContent: true };
  return { ...playingDialer(tape, play, pieces), remaining: () => script.remaining() };
}

/** Who knows the answers. */
export interface Play {
  /** The answer to a request; undefined while more of it must come to tell; throws when there is none. */
  find(asked: GatheredRequest): Played | undefined;
  /** What is said to a client whose request has no answer, and then the connection ends. Without it, it breaks. */
  refusal?(error: Error, asked: GatheredRequest | undefined): Uint8Array;
  /** Whether the content of requests is looked at. */
  readonly keepsContent: boolean;
}

interface Played {
  readonly exchange: Pick<TapeExchange, 'answer' | 'over'>;
  /** Its place on the tape. */
  readonly index: number;
}

/** A dialer to what knows the answers. */
export function playingDialer({ header }: Tape, play: Play, pieces: Pieces): Dialer {
  return {
    address: `tape://${header.engine}-${header.version}`.replaceAll(' ', '-'),
    async dial({ signal }) {
      await new Promise((resolve) => setImmediate(resolve)); // as with sockets, nobody is connected at once
      signal?.throwIfAborted();
      return new ReplayChannel(play, pieces);
    },
  };
}

class ReplayChannel implements Channel {
  owner: ChannelOwner = noopOwner;
  readonly holdsMemory = false;
  readonly writeError = undefined;
  readonly #play: Play;
  readonly #pieces: Pieces;
  readonly #parser = new RequestParser();
  #asked: GatheredRequest | undefined;
  /** What the request that is being sent wants besides its answer. */
  #wishes: Wishes = { continue: false, close: false };
  /** What the owner is going to be told, a read at a time. */
  readonly #queue = new Queue<Delivery>();
  #memory: Uint8Array | undefined;
  #paused = false;
  #scheduled = false;
  #closed = false;

  constructor(play: Play, pieces: Pieces) {
    this.#play = play;
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
      this.#refuse(error as Error);
    }
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  /** Nothing is pending while a channel is idle, so that there is nothing to be done. */
  keepProcessAlive(): void {}

  /** What was asked is still answered. */
  end(): void {
    if (!this.#closed) this.#close(undefined);
  }

  destroy(): void {
    this.#closed = true;
    this.owner = noopOwner;
    this.#queue.clear();
  }

  #take(event: RequestEvent): void {
    if (event.type === 'head') {
      this.#asked = new GatheredRequest(event.start);
      this.#wishes = wishesOf(event.start);
    }
    // Undefined once it is answered: the rest of a refused upload is of no interest.
    else if (event.type === 'content' && this.#play.keepsContent) this.#asked?.append(event.bytes);
    else if (event.type === 'end' && this.#asked !== undefined) {
      this.#asked.whole = true;
      this.#answer();
    }
  }

  #answer(): void {
    if (this.#asked === undefined || this.#closed) return;
    const found = this.#play.find(this.#asked);
    if (found === undefined) return this.#continue();
    this.#asked = undefined;
    const { exchange, index } = found;
    this.#say(exchange.answer, lengths(this.#pieces, index));
    const reset = new Error('the connection was reset, on the tape');
    if (exchange.over !== undefined) this.#close(exchange.over === 'eof' ? undefined : reset);
    else if (this.#wishes.close) this.#close(undefined);
  }

  /** Some clients wait for this before they send their content (RFC 9110 §10.1.1). */
  #continue(): void {
    if (this.#wishes.continue) this.#say(latin1('HTTP/1.1 100 Continue\r\n\r\n'), () => Infinity);
    this.#wishes = { ...this.#wishes, continue: false };
  }

  #refuse(error: Error): void {
    const refusal = this.#play.refusal?.(error, this.#asked);
    if (refusal !== undefined) this.#say(refusal, () => Infinity);
    this.#close(refusal === undefined ? error : undefined);
  }

  #say(answer: Uint8Array, nextLength: () => number): void {
    if (answer.length > 0) this.#deliver({ type: 'answer', rest: answer, nextLength });
  }

  /** Ends, or with an error breaks, behind all that was said; what is sent from now on is taken and forgotten. */
  #close(error: Error | undefined): void {
    this.#closed = true;
    this.#deliver({ type: 'over', error });
  }

  #deliver(delivery: Delivery): void {
    this.#queue.add(delivery);
    this.#schedule();
  }

  /** Each read gets a turn of its own, as those of sockets do. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#paused && this.#queue.first !== undefined) this.#read(this.#queue.first);
    });
  }

  #read(delivery: Delivery): void {
    if (delivery.type === 'over') {
      this.#queue.take();
      if (delivery.error === undefined) this.owner.onEnd();
      else this.owner.onError(delivery.error);
      return;
    }
    const memory = (this.#memory ??= this.owner.memory());
    const { rest } = delivery;
    const length = Math.min(delivery.nextLength(), memory.length, rest.length);
    memory.set(rest.subarray(0, length));
    delivery.rest = rest.subarray(length);
    if (delivery.rest.length === 0) this.#queue.take();
    this.#paused = !this.owner.onData(memory.subarray(0, length));
    // The contract: the next memory is asked for now, even when a pause was asked for.
    this.#memory = this.owner.memory();
    if (this.#queue.length > 0) this.#schedule();
  }
}

type Delivery =
  | { readonly type: 'answer'; rest: Uint8Array; readonly nextLength: () => number }
  | { readonly type: 'over'; readonly error: Error | undefined };

interface Wishes {
  readonly continue: boolean;
  /** RFC 9112 §9.6: then this was the last answer. */
  readonly close: boolean;
}

function wishesOf({ fields }: RequestStart): Wishes {
  return { continue: fields.list('expect').includes('100-continue'), close: fields.list('connection').includes('close') };
}

/** The lengths of the reads of one answer; for a seed and the answer's place on the tape, always the same ones. */
function lengths(pieces: Pieces, index: number): () => number {
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
