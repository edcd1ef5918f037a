// A channel that carries exchanges, one after the other, and dies of anything that happens in between.

import { Buffer } from 'node:buffer';
import type { Channel, ChannelOwner } from './channel.ts';
import { Exchange } from './exchange.ts';
import type { EngineRequest } from './engine-request.ts';
import type { AnswerReader } from './transport.ts';

/** One read of a Unix socket brings 220 KB at most; this much holds it and stays in the processor's cache. */
export const READ_MEMORY_BYTES = 256 * 1024;

/**
 * What all connections read into while nobody keeps what was read: used up before the callback returns. 500 waiting
 * connections with memory of their own took 116 MiB, sharing 11: measured on a prototype.
 */
let sharedMemory: Buffer | undefined;

/** What a connection asks of an exchange; the last four are for one whose sink is lent what lies in the read memory. */
export interface ChannelExchange {
  /** Resolves, when the answer has ended, with whether the connection may carry another exchange. */
  readonly done: Promise<boolean>;
  /** True once `done` is decided, though those who wait for it may not have heard yet. */
  readonly settled: boolean;
  /** Sends the request. */
  start(): void;
  /** The bytes of one read; false asks for a pause. */
  received(bytes: Uint8Array): boolean;
  /** The channel has ended (no error) or is broken. */
  over(error: Error | undefined): void;
  /** Ends the exchange with an error. */
  fail(error: unknown): void;
  memory?(): Uint8Array | undefined;
  readonly borrowing?: boolean;
  readonly mayPause?: boolean;
  moveUnread?(memory: Uint8Array): void;
}

/** Makes the exchange of a request over a channel. */
export type MakeExchange = (channel: Channel, request: EngineRequest, reader: AnswerReader) => ChannelExchange;

/** One connection to the engine. */
export class Connection implements ChannelOwner {
  /** Exchanges begun. */
  exchanges = 0;
  /** False once it may not be used any more. */
  alive = true;
  /** Told when it dies, by itself or by `destroy`. */
  onDeath: () => void = () => {};
  readonly #channel: Channel;
  readonly #makeExchange: MakeExchange;
  #exchange: ChannelExchange | undefined;
  #resting = false;
  #expiry: NodeJS.Timeout | undefined;
  /** Memory of its own, two blocks: while the last read is still borrowed from one, the next may go into the other. */
  #own: [Buffer, Buffer] | undefined;

  constructor(channel: Channel, makeExchange: MakeExchange = (...all) => new Exchange(...all)) {
    this.#channel = channel;
    this.#makeExchange = makeExchange;
    channel.owner = this;
  }

  /** One exchange; afterwards the connection is either free (`alive`) or destroyed. */
  exchange(request: EngineRequest, reader: AnswerReader): Promise<void> {
    const exchange = this.#makeExchange(this.#channel, request, (head) => {
      const sink = reader(head, request);
      // What a sink may hold on to must not lie where other connections read.
      if (sink.synchronous !== true) exchange.moveUnread?.(this.#ownMemory());
      return sink;
    });
    this.exchanges++;
    this.#exchange = exchange;
    exchange.start();
    return exchange.done.then(this.#exchanged, this.#failed);
  }

  readonly #exchanged = (reusable: boolean): void => {
    if (!reusable) this.destroy();
    this.#exchange = undefined;
  };

  readonly #failed = (error: unknown): never => {
    this.destroy();
    this.#exchange = undefined;
    throw error;
  };

  /** Waits to be used again, for so long at most; meanwhile it does not keep the process alive. */
  markIdle(limitMs: number): void {
    this.#resting = true;
    this.#channel.keepProcessAlive(false);
    // The timer is not cleared in between, but set anew by the next rest: Node makes and drops a list for a timer that is
    // the only one of its length.
    this.#expiry ??= setTimeout(() => this.#resting && this.destroy(), limitMs).unref();
    this.#expiry.refresh();
  }

  /** Is used again. */
  markBusy(): void {
    this.#resting = false;
    this.#channel.keepProcessAlive(true);
  }

  /** Closes it; an exchange under way fails with the `reason`, which is made for it alone. */
  destroy(reason?: () => unknown): void {
    if (!this.alive) return;
    this.alive = false;
    clearTimeout(this.#expiry);
    this.#channel.destroy();
    if (this.#exchange?.settled === false) this.#exchange.fail(reason?.());
    this.onDeath();
  }

  memory(): Uint8Array {
    const exchange = this.#exchange;
    const offered = exchange?.memory?.();
    if (offered !== undefined) return offered;
    if (exchange?.mayPause !== true && !this.#channel.holdsMemory) {
      return (sharedMemory ??= Buffer.allocUnsafeSlow(READ_MEMORY_BYTES));
    }
    return this.#ownMemory();
  }

  /** The block of our own that nothing is borrowed from. */
  #ownMemory(): Buffer {
    this.#own ??= [Buffer.allocUnsafeSlow(READ_MEMORY_BYTES), Buffer.allocUnsafeSlow(READ_MEMORY_BYTES)];
    if (this.#exchange?.borrowing === true) this.#own.reverse();
    return this.#own[0];
  }

  onData(bytes: Uint8Array): boolean {
    if (this.#exchange?.settled === false) return this.#exchange.received(bytes);
    // Nothing was asked: whatever this is, the answer to the next request could not be told from it (RFC 9112 §9.2).
    this.destroy();
    return false;
  }

  onEnd(): void {
    this.#over(undefined);
  }

  onError(error: Error): void {
    this.#over(error);
  }

  #over(error: Error | undefined): void {
    if (this.#exchange?.settled === false) this.#exchange.over(error);
    else this.destroy();
  }
}
