// Dialers whose channels send recorded responses. `replayDialer` takes them from a tape, for the `dialer` of a client. `sourceDialer`
// takes them from any `ResponseSource`, for `replay` (replay.ts).

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
import type { RequestLine, Order } from './script.ts';
import { checkTape } from './tape.ts';
import type { Tape } from './tape.ts';

/** Options of `replayDialer`. */
export interface ReplayDialerOptions {
  /**
   * How responses arrive: in the largest possible reads (`"whole"`, default), one byte per read (`"bytes"`), or in random pieces
   * with this number as the seed.
   */
  readonly pieces?: Pieces | undefined;
  /**
   * `"recorded"` (default): each request must be the next one of the tape. `"any"`: it gets the first matching response that was
   * not replayed yet; for programs that send several requests at once.
   */
  readonly order?: Order | undefined;
}

/** The sizes of reads: see `ReplayDialerOptions.pieces`. */
export type Pieces = 'whole' | 'bytes' | number;

/** A dialer that replays a tape. */
export interface ReplayDialer extends Dialer {
  /** Returns the requests of the tape that were not sent yet. */
  remaining(): RequestLine[];
}

/**
 * Returns a dialer that sends the responses of a tape. A request matches by method, target and decoded content; its other header
 * fields do not matter. A request without a match breaks its channel with an error that names the request and the expected one.
 * Each exchange is replayed once, on any connection. Throws an `ArgumentError` for an invalid tape or option.
 */
export function replayDialer(tape: Tape, options?: ReplayDialerOptions): ReplayDialer {
  const { pieces = 'whole', order = 'recorded' } = take('replayDialer', options);
  const script = new Script(checkTape(tape, 'replayDialer'), { order, comparable: (target) => target, comparesContent: true });
  const source = { find: (asked: GatheredRequest) => script.match(asked), keepsContent: true };
  return { ...sourceDialer(tape, source, pieces), remaining: () => script.remaining() };
}

/** Finds the responses for a replay. */
export interface ResponseSource {
  /** Returns the response to a request; undefined while more of the request is needed. Throws if nothing matches. */
  find(asked: GatheredRequest): FoundResponse | undefined;
  /** Returns the response for a request without a match, after which the connection ends. Without this method, it is reset. */
  refusal?(error: Error, asked: GatheredRequest | undefined): Uint8Array;
  /** Whether `find` needs the content of requests. */
  readonly keepsContent: boolean;
}

interface FoundResponse {
  readonly exchange: Pick<TapeExchange, 'response' | 'ending'>;
  /** The position of the exchange on the tape. */
  readonly index: number;
}

/** Returns a dialer that sends the responses of a source. */
export function sourceDialer({ header }: Tape, source: ResponseSource, pieces: Pieces): Dialer {
  return {
    address: `tape://${header.engine}-${header.version}`.replaceAll(' ', '-'),
    async dial({ signal }) {
      await new Promise((resolve) => setImmediate(resolve)); // as with sockets, connecting takes at least one turn of the event loop
      signal?.throwIfAborted();
      return new ReplayChannel(source, pieces);
    },
  };
}

class ReplayChannel implements Channel {
  owner: ChannelOwner = noopOwner;
  readonly holdsMemory = false;
  readonly writeError = undefined;
  readonly #source: ResponseSource;
  readonly #pieces: Pieces;
  readonly #parser = new RequestParser();
  /** The request that has no response yet. It may be incomplete. */
  #asked: GatheredRequest | undefined;
  /** What that request says about 100-continue and about closing the connection. */
  #expects: Expectations = { continue: false, close: false };
  /** The pending deliveries to the owner. */
  readonly #queue = new Queue<Delivery>();
  #memory: Uint8Array | undefined;
  #paused = false;
  #scheduled = false;
  #closed = false;

  constructor(source: ResponseSource, pieces: Pieces) {
    this.#source = source;
    this.#pieces = pieces;
  }

  async write(blocks: readonly Uint8Array[]): Promise<void> {
    try {
      for (const block of blocks) {
        if (this.#closed) return;
        for (const event of this.#parser.push(block)) this.#take(event);
        this.#respond(); // an engine may have responded before the request was complete
      }
    } catch (error) {
      this.#refuse(error as Error);
    }
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  /** Does nothing, because an idle channel has no handle. */
  keepProcessAlive(): void {}

  /** Ends the channel in both directions after the pending responses. */
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
      this.#expects = expectationsOf(event.start);
    }
    // `#asked` is undefined after its response: what the client still sends of a refused upload is ignored.
    else if (event.type === 'content' && this.#source.keepsContent) this.#asked?.append(event.bytes);
    else if (event.type === 'end' && this.#asked !== undefined) {
      this.#asked.isComplete = true;
      this.#respond();
    }
  }

  /** Sends the response if the source has found it. */
  #respond(): void {
    if (this.#asked === undefined || this.#closed) return;
    const found = this.#source.find(this.#asked);
    if (found === undefined) return this.#continue();
    this.#asked = undefined;
    const { exchange, index } = found;
    this.#send(exchange.response, readLengths(this.#pieces, index));
    const reset = new Error('the recorded connection was reset');
    if (exchange.ending !== undefined) this.#close(exchange.ending === 'eof' ? undefined : reset);
    else if (this.#expects.close) this.#close(undefined);
  }

  /** Sends the interim response that some clients wait for before they send content (RFC 9110 §10.1.1). */
  #continue(): void {
    if (this.#expects.continue) this.#send(latin1('HTTP/1.1 100 Continue\r\n\r\n'), () => Infinity);
    this.#expects = { ...this.#expects, continue: false };
  }

  #refuse(error: Error): void {
    const refusal = this.#source.refusal?.(error, this.#asked);
    if (refusal !== undefined) this.#send(refusal, () => Infinity);
    this.#close(refusal === undefined ? error : undefined);
  }

  #send(response: Uint8Array, nextLength: () => number): void {
    if (response.length > 0) this.#deliver({ type: 'response', rest: response, nextLength });
  }

  /** After all responses, ends the channel, or resets it if there is an error. Later bytes of the client are ignored. */
  #close(error: Error | undefined): void {
    this.#closed = true;
    this.#deliver({ type: 'end', error });
  }

  #deliver(delivery: Delivery): void {
    this.#queue.add(delivery);
    this.#schedule();
  }

  /** Each read takes a turn of the event loop, as with sockets. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#paused && this.#queue.first !== undefined) this.#read(this.#queue.first);
    });
  }

  #read(delivery: Delivery): void {
    if (delivery.type === 'end') {
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
    // `ChannelOwner.memory` must be called after each `onData`, even before a pause.
    this.#memory = this.owner.memory();
    if (this.#queue.length > 0) this.#schedule();
  }
}

type Delivery =
  | { readonly type: 'response'; rest: Uint8Array; readonly nextLength: () => number }
  | { readonly type: 'end'; readonly error: Error | undefined };

interface Expectations {
  readonly continue: boolean;
  /** Whether the connection ends after this response (RFC 9112 §9.6). */
  readonly close: boolean;
}

function expectationsOf({ fields }: RequestStart): Expectations {
  return { continue: fields.list('expect').includes('100-continue'), close: fields.list('connection').includes('close') };
}

/**
 * Returns a function that gives the length of the next read of a response. Each response has its own random sequence, which depends
 * on the seed (`pieces`) and on the position of the response on the tape (`index`), so that a test can be repeated.
 */
function readLengths(pieces: Pieces, index: number): () => number {
  if (pieces === 'whole') return () => Infinity;
  if (pieces === 'bytes') return () => 1;
  // The generator xorshift32. Its first state must not be 0; the two constants only spread the bits of seed and index.
  let state = Math.imul(pieces + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b) || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  return () => 1 + (next() % 2 ** (next() % 13)); // from 1 to 2^k with a random k of 0 to 12, so most reads are short
}
