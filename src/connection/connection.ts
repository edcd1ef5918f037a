// One connection to the engine. It carries one exchange after the other. Bytes, an end or an error between two exchanges close
// it, because they belong to no request. It also chooses the memory that each read goes into.

import { Buffer } from 'node:buffer';
import type { Channel, ChannelOwner } from './channel.ts';
import type { EngineRequest } from './engine-request.ts';
import { RepeatedDeadline } from './deadline.ts';
import { Exchange } from './exchange.ts';
import type { ResponseReader } from './transport.ts';

/** One read of a Unix socket returns at most 220 KB. This size is enough for it, and fits into the processor's cache. */
export const READ_MEMORY_BYTES = 256 * 1024;

/**
 * Read memory that connections share if their sinks need no byte after `onData` has returned. 500 waiting connections take
 * 11 MiB with shared memory, and took 116 MiB with separate memory.
 */
let sharedMemory: Buffer | undefined;

/** The members of an exchange that a connection uses. An exchange that copies each read needs none of the optional ones. */
export type ConnectionExchange = Pick<Exchange, 'outcome' | 'start' | 'onData' | 'onClose'> &
  Partial<Pick<Exchange, 'memory' | 'borrowing' | 'mayBorrow'>>;
/** The class of a connection's exchanges: `Exchange`, or `NodeHttpExchange` of node-http-transport.ts. */
export type ExchangeClass = new (...all: ConstructorParameters<typeof Exchange>) => ConnectionExchange;

/** A channel that carries exchanges. */
export class Connection implements ChannelOwner {
  used = false;
  alive = true;
  onDestroy: () => void = () => {};
  readonly #channel: Channel;
  readonly #Exchange: ExchangeClass;
  #exchange: ConnectionExchange | undefined;
  readonly #headTimeout = new RepeatedDeadline();
  readonly #idleTimeout = new RepeatedDeadline();
  #idleUntil = 0;
  /** Two blocks for this connection only: while the sink uses the last read in one, the next read goes into the other. */
  #blocks: [Buffer, Buffer] | undefined;

  constructor(channel: Channel, exchangeClass: ExchangeClass = Exchange) {
    this.#channel = channel;
    this.#Exchange = exchangeClass;
    channel.owner = this;
  }

  /** Carries one exchange. Afterwards the connection can carry another if it is still `alive`. */
  send(request: EngineRequest, reader: ResponseReader): Promise<void> {
    this.used = true;
    const exchange = new this.#Exchange(this.#channel, request, reader, this.#headTimeout, this.#privateMemory);
    this.#exchange = exchange;
    exchange.start();
    return exchange.outcome.done.then(this.#onDone, this.#onFailed);
  }

  readonly #onDone = (reusable: boolean): void => {
    if (!reusable) this.destroy();
    this.#exchange = undefined;
  };

  readonly #onFailed = (error: unknown): never => {
    this.destroy();
    this.#exchange = undefined;
    throw error;
  };

  /** Keeps the connection open for `limitMs` milliseconds; meanwhile it does not keep the process running. */
  markIdle(limitMs: number): void {
    this.#idleUntil = performance.now() + limitMs;
    this.#channel.keepProcessAlive(false);
    this.#idleTimeout.start(limitMs, () => this.destroy());
  }

  /** Ends the idle time. If it is over because the process was stopped, closes the connection: a proxy may have dropped it. */
  markBusy(): void {
    if (performance.now() >= this.#idleUntil) return this.destroy();
    this.#idleTimeout.pause();
    this.#channel.keepProcessAlive(true);
  }

  /** Closes the connection. A running exchange fails with the error that `makeError` returns. */
  destroy(makeError?: () => unknown): void {
    if (!this.alive) return;
    this.alive = false;
    this.#idleTimeout.clear();
    this.#headTimeout.clear();
    this.#channel.destroy();
    this.#running?.outcome.fail(makeError?.());
    this.onDestroy();
  }

  /** Returns the memory for the next read: that of the sink, else the shared memory, else a block of this connection. */
  memory(): Uint8Array {
    const exchange = this.#exchange;
    const offered = exchange?.memory?.();
    if (offered !== undefined) return offered;
    if (exchange?.mayBorrow === true || this.#channel.holdsMemory) return this.#privateMemory();
    return (sharedMemory ??= Buffer.allocUnsafeSlow(READ_MEMORY_BYTES));
  }

  readonly #privateMemory = (): Buffer => {
    this.#blocks ??= [Buffer.allocUnsafeSlow(READ_MEMORY_BYTES), Buffer.allocUnsafeSlow(READ_MEMORY_BYTES)];
    if (this.#exchange?.borrowing === true) this.#blocks.reverse();
    return this.#blocks[0];
  };

  onData(bytes: Uint8Array): boolean {
    const exchange = this.#running;
    if (exchange !== undefined) return exchange.onData(bytes);
    // These bytes belong to no request and could be mistaken for the response to the next one (RFC 9112 §9.2).
    this.destroy();
    return false;
  }

  onEnd(): void {
    this.onError(undefined);
  }

  onError(error: Error | undefined): void {
    const exchange = this.#running;
    if (exchange === undefined) this.destroy();
    else exchange.onClose(error);
  }

  /** The running exchange; `undefined` as soon as its outcome is fixed. */
  get #running(): ConnectionExchange | undefined {
    return this.#exchange?.outcome.settled === false ? this.#exchange : undefined;
  }
}
