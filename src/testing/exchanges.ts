// What was asked on a tape and what was answered: the records of each connection, cut into requests and their answers.

import { Buffer } from 'node:buffer';
import { ArgumentError } from '../errors.ts';
import { RequestParser } from './requests.ts';
import type { RequestEvent } from './requests.ts';
import type { Tape } from './tape.ts';

/** One request and its answer. */
export interface TapeExchange {
  readonly request: GatheredRequest;
  /** The bytes that came after the request and before the next one on its connection. */
  readonly answer: Uint8Array;
  /** How the connection ended, where this was its last exchange and the engine ended it. */
  readonly over: 'eof' | 'reset' | undefined;
}

/** A request as far as it has come; its content is decoded. */
export class GatheredRequest {
  readonly method: string;
  readonly target: string;
  /** False while more of it may come, and for ever where the answer came first and the rest was not sent. */
  whole = false;
  #memory: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor({ method, target }: { readonly method: string; readonly target: string }) {
    this.method = method;
    this.target = target;
  }

  /** What came of the content so far. */
  get content(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Adds to the content, in memory that doubles: sources may give one byte at a time. */
  append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#memory.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#memory.length));
      this.#memory.copy(larger);
      this.#memory = larger;
    }
    this.#memory.set(bytes, this.#length);
    this.#length = needed;
  }
}

/** All of a tape, in the order in which the requests began; an `ArgumentError` where it cannot be played. */
export function tapeExchanges({ records }: Tape): TapeExchange[] {
  const exchanges: OpenExchange[] = [];
  const connections = new Map<number, TapeConnection>();
  for (const record of records) {
    const connection = connections.get(record.connection) ?? new TapeConnection(record.connection, exchanges);
    connections.set(record.connection, connection);
    if (record.type === 'over') connection.over(record.how);
    else if (record.type === 'sent') connection.sent(record.bytes);
    else connection.received(record.bytes);
  }
  return exchanges.map(({ request, blocks, over }) => ({ request, answer: Buffer.concat(blocks), over }));
}

interface OpenExchange {
  readonly request: GatheredRequest;
  readonly blocks: Uint8Array[];
  over: 'eof' | 'reset' | undefined;
}

class TapeConnection {
  readonly #number: number;
  readonly #exchanges: OpenExchange[];
  readonly #parser = new RequestParser();
  #current: OpenExchange | undefined;

  constructor(number: number, exchanges: OpenExchange[]) {
    this.#number = number;
    this.#exchanges = exchanges;
  }

  sent(bytes: Uint8Array): void {
    for (const event of this.#parser.push(bytes)) this.#take(event);
  }

  received(bytes: Uint8Array): void {
    if (this.#current === undefined) {
      throw new ArgumentError(`connection ${this.#number} of the tape has an answer before a request`);
    }
    this.#current.blocks.push(bytes);
  }

  over(how: 'eof' | 'reset'): void {
    // A connection that ended before anything was asked on it has nothing to be played.
    if (this.#current !== undefined) this.#current.over = how;
  }

  #take(event: RequestEvent): void {
    if (event.type === 'head') {
      this.#current = { request: new GatheredRequest(event.start), blocks: [], over: undefined };
      this.#exchanges.push(this.#current);
    } else if (event.type === 'content') this.#current?.request.append(event.bytes);
    else if (event.type === 'end' && this.#current !== undefined) this.#current.request.whole = true;
  }
}
