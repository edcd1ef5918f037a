// A wire: connections to one engine that are used again, by strict rules, when they may be. By default they speak our
// own HTTP/1.1.

import { ArgumentError, ConnectError, LongshoreError, TimeoutError, TruncatedError, isCallerError } from '../errors.ts';
import type { ExchangePlace } from '../errors.ts';
import { abortable } from '../async/abort.ts';
import type { Channel, Dialer } from './channel.ts';
import { Connection } from './connection.ts';
import { Deadline } from './deadline.ts';
import type { MakeExchange } from './connection.ts';
import { Semaphore } from './semaphore.ts';
import type { TurnLimit } from './semaphore.ts';
import type { EngineRequest } from './engine-request.ts';
import type { AnswerReader, Wire } from './transport.ts';

/** Idle connections that are kept, as moby's client keeps them. */
const MAX_IDLE = 6;
/** How long an idle connection is kept, in milliseconds: below what any proxy in between allows. */
const IDLE_MS = 4000;

/** How connections are kept. */
export interface PoolOptions {
  /** Idle connections kept at most; 0 turns reuse off. Default 6. */
  readonly maxIdle?: number | undefined;
  /** How long an idle connection is kept, in milliseconds. Default: what the dialer says, or 4000. */
  readonly idleMs?: number | undefined;
  /** Who speaks HTTP over them. Default: we do. */
  readonly makeExchange?: MakeExchange | undefined;
}

/**
 * Connections to one engine: no cap on how many are busy, for a cap would let a long stream block a short call. Where
 * the dialer's traits set one, a call beyond it waits for its turn, and `longLived` requests are not counted.
 */
export class ConnectionPool implements Wire {
  readonly #dialer: Dialer;
  readonly #maxIdle: number;
  readonly #idleMs: number;
  readonly #makeExchange: MakeExchange | undefined;
  /** Last in, first out: the one used last is the likeliest to be alive. */
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  /** What ends those that are in the making. */
  readonly #dialling = new Set<(reason: unknown) => void>();
  readonly #places: Semaphore | undefined;
  #closed = false;

  constructor(dialer: Dialer, options: PoolOptions = {}) {
    const { maxIdle = MAX_IDLE, idleMs = dialer.traits?.idleMs ?? IDLE_MS, makeExchange } = options;
    this.#dialer = dialer;
    this.#makeExchange = makeExchange;
    if (dialer.traits !== undefined) this.#places = new Semaphore(dialer.traits.maxBusy);
    this.#maxIdle = maxIdle;
    this.#idleMs = idleMs;
  }

  exchange(request: EngineRequest, reader: AnswerReader): Promise<void> {
    const places = request.longLived === true ? undefined : this.#places;
    return places === undefined ? this.#exchange(request, reader) : this.#exchangeInTurn(places, request, reader);
  }

  async #exchangeInTurn(places: Semaphore, request: EngineRequest, reader: AnswerReader): Promise<void> {
    const release = await places.take(request.signal, this.#turnLimit(request));
    try {
      await this.#exchange(request, reader);
    } finally {
      release();
    }
  }

  /** The least of a call's limits: while it waits for its turn, it has no connection, and nothing of the engine. */
  #turnLimit(request: EngineRequest): TurnLimit | undefined {
    const { connectMs = Infinity, headMs = Infinity, idleMs = Infinity } = request.timeouts;
    const limitMs = Math.min(connectMs, headMs, idleMs);
    if (limitMs === Infinity) return undefined;
    const limit = limitMs === connectMs ? 'connect' : limitMs === headMs ? 'head' : 'idle';
    const { address, traits } = this.#dialer;
    const message = `no connection to ${address} was free within ${limitMs} ms: ${traits?.maxBusy} calls are under way, the most at a time`;
    return { limitMs, error: () => this.#notSent(request, new TimeoutError(message, { limit, limitMs })) };
  }

  /** The error of a request of which no byte was sent. */
  #notSent({ method, redactedTarget: target, signal }: EngineRequest, error: unknown): unknown {
    return located(error, signal, { method, target, address: this.#dialer.address, requestSent: false, reusedSocket: false });
  }

  async #exchange(request: EngineRequest, reader: AnswerReader): Promise<void> {
    const idle = this.#idle.length === 0 ? undefined : await this.#takeIdle();
    try {
      await this.#exchangeOver(idle ?? (await this.#dial(request)), request, reader);
    } catch (error) {
      if (idle === undefined || !mayRepeat(request, error)) throw error;
      await this.#exchangeOver(await this.#dial(request), request, reader);
    }
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#dialling) end(this.#closedError());
    for (const connection of this.#all) connection.destroy(() => this.#closedError());
  }

  async #exchangeOver(connection: Connection, request: EngineRequest, reader: AnswerReader): Promise<void> {
    const reusedSocket = connection.exchanges > 0;
    if (request.notes !== undefined) request.notes.reusedSocket = reusedSocket;
    try {
      request.signal?.throwIfAborted();
      await connection.exchange(request, reader);
    } catch (error) {
      const { method, redactedTarget: target } = request;
      throw located(error, request.signal, { method, target, address: this.#dialer.address, requestSent: true, reusedSocket });
    } finally {
      if (connection.alive) this.#keep(connection);
    }
  }

  /** An idle connection that has nothing to say, or undefined. */
  async #takeIdle(): Promise<Connection | undefined> {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return undefined;
      connection.markBusy();
      // What has reached this machine but not yet this process (an end, stray bytes) takes up to two turns to be seen.
      // Without them an answer nobody asked for was taken for ours in 17 of 60 tries; with them in none of 1000.
      await twoTurns();
      if (connection.alive) return connection;
    }
  }

  #keep(connection: Connection): void {
    if (this.#closed || this.#idle.length >= this.#maxIdle) return connection.destroy();
    connection.markIdle(this.#idleMs);
    this.#idle.push(connection);
  }

  async #dial(request: EngineRequest): Promise<Connection> {
    const { timeouts, signal } = request;
    signal?.throwIfAborted();
    if (this.#closed) throw this.#closedError();
    const limit = dialLimit(signal, timeouts.connectMs, this.#dialer.address);
    this.#dialling.add(limit.end);
    try {
      const connection = new Connection(await this.#dialWithin(limit.signal, timeouts.connectMs), this.#makeExchange);
      if (this.#closed) {
        connection.destroy();
        throw this.#closedError();
      }
      this.#all.add(connection);
      connection.onDeath = () => this.#forget(connection);
      return connection;
    } catch (error) {
      throw this.#notSent(request, error);
    } finally {
      this.#dialling.delete(limit.end);
      limit.clear();
    }
  }

  /** Does not rely on the dialer to heed the signal: it may be anybody's, or wait for a file of certificates. */
  async #dialWithin(signal: AbortSignal, connectMs = Infinity): Promise<Channel> {
    const dialled = this.#dialer.dial({ signal, connectMs });
    try {
      return await abortable(dialled, signal);
    } catch (error) {
      dialled.then((late) => late.destroy(), () => {});
      throw error;
    }
  }

  #forget(connection: Connection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
  }

  #closedError(): ConnectError {
    return new ConnectError('this client has been closed', { address: this.#dialer.address, transient: false });
  }
}

function twoTurns(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

function located(error: unknown, signal: AbortSignal | undefined, place: ExchangePlace): unknown {
  // What was wrong with the arguments was found before a byte was sent: no exchange is to blame.
  if (!(error instanceof LongshoreError) || error instanceof ArgumentError) return error;
  return isCallerError(error, signal) ? error : error.at(place);
}

/** RFC 9112 §9.3.1: only what changes nothing, has no content, and met a kept connection that said not one byte. */
function mayRepeat({ method, body }: EngineRequest, error: unknown): boolean {
  const dead = error instanceof TruncatedError && error.phase === 'head' && error.received === 0;
  return dead && body === undefined && (method === 'GET' || method === 'HEAD');
}

/** The caller's signal and the limit of time as one signal, which leaves nothing behind once cleared. */
function dialLimit(signal: AbortSignal | undefined, limitMs: number | undefined, address: string) {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer =
    limitMs === undefined
      ? undefined
      : new Deadline(limitMs, () => {
          const message = `no connection to ${address} within ${limitMs} ms; is anything listening there?`;
          controller.abort(new TimeoutError(message, { limit: 'connect', limitMs }));
        });
  const clear = (): void => {
    timer?.clear();
    signal?.removeEventListener('abort', onAbort);
  };
  return { signal: controller.signal, end: (reason: unknown) => controller.abort(reason), clear };
}
