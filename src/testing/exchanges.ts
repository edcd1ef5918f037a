// Cuts the records of a tape into exchanges: each request with its response.

import { Buffer } from 'node:buffer';
import { ArgumentError } from '../errors.ts';
import { RequestParser } from './requests.ts';
import type { RequestEvent } from './requests.ts';
import type { Tape } from './tape.ts';

/** One request and its response. */
export interface TapeExchange {
  readonly request: GatheredRequest;
  /** The bytes received after the request and before the next request on its connection. */
  readonly response: Uint8Array;
  /** How the engine ended the connection after this exchange; undefined if it did not. */
  readonly ending: 'eof' | 'reset' | undefined;
}

/** A request as far as it has been received. Its content is decoded. */
export class GatheredRequest {
  readonly method: string;
  readonly target: string;
  /** False while more may follow, and always if the engine responded before the client had sent everything. */
  isComplete = false;
  #memory: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor({ method, target }: { readonly method: string; readonly target: string }) {
    this.method = method;
    this.target = target;
  }

  /** The content so far. */
  get content(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Appends to the content. The memory doubles as needed, because bytes may arrive one at a time. */
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

/** Returns all exchanges in the order in which their requests started. Throws an `ArgumentError` if the tape cannot be replayed. */
export function tapeExchanges({ records }: Tape): TapeExchange[] {
  const exchanges: OpenExchange[] = [];
  const connections = new Map<number, TapeConnection>();
  for (const record of records) {
    const connection = connections.get(record.connection) ?? new TapeConnection(record.connection, exchanges);
    connections.set(record.connection, connection);
    if (record.type === 'over') connection.end(record.how);
    else if (record.type === 'sent') connection.sent(record.bytes);
    else connection.received(record.bytes);
  }
  return exchanges.map(({ request, blocks, ending }) => ({ request, response: Buffer.concat(blocks), ending }));
}

interface OpenExchange {
  readonly request: GatheredRequest;
  readonly blocks: Uint8Array[];
  ending: 'eof' | 'reset' | undefined;
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
      throw new ArgumentError(`connection ${this.#number} of the tape has a response before a request`);
    }
    this.#current.blocks.push(bytes);
  }

  end(how: 'eof' | 'reset'): void {
    // A connection without a request is not replayed.
    if (this.#current !== undefined) this.#current.ending = how;
  }

  #take(event: RequestEvent): void {
    if (event.type === 'head') {
      this.#current = { request: new GatheredRequest(event.start), blocks: [], ending: undefined };
      this.#exchanges.push(this.#current);
    } else if (event.type === 'content') this.#current?.request.append(event.bytes);
    else if (event.type === 'end' && this.#current !== undefined) this.#current.request.isComplete = true;
  }
}
