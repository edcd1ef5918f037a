// The connections to one engine. When a connection is reused:
//
//  1. At its end, an exchange reports whether it was clean: the response ended exactly where its framing says, no byte followed it,
//     the whole request was sent, and the response did not ask to close (RFC 9112 section 9.3). Any other connection is closed.
//  2. A clean connection becomes idle. At most `maxIdle` are kept, each for `idleMs`; they do not keep the process running.
//  3. Bytes, an end or an error close an idle connection, because they belong to no request.
//  4. The next request takes the connection that was used last, because it is the most likely to be alive, and waits two turns of
//     the event loop. Bytes or an end that have already arrived are seen then and close the connection (rule 3).
//  5. If a reused connection ends before the first byte of the response, a GET or HEAD without content is sent once more, over a
//     new connection (RFC 9112 section 9.3.1). Any other request fails, because the engine may have executed it.

import { ArgumentError, ConnectError, LongshoreError, TimeoutError, TruncatedError, isCallerError } from '../errors.ts';
import type { ExchangePlace } from '../errors.ts';
import { onceAborted } from '../async/abort.ts';
import type { Dialer } from './channel.ts';
import { Connection } from './connection.ts';
import { Deadline } from './deadline.ts';
import { DialAttempt } from './dial-attempt.ts';
import type { EngineRequest } from './engine-request.ts';
import { Exchange } from './exchange.ts';
import { Semaphore } from './semaphore.ts';
import type { WaitLimit } from './semaphore.ts';
import type { ResponseReader, Transport } from './transport.ts';

/** The maximum number of idle connections, as in moby's client. */
const MAX_IDLE = 6;
/** How long an idle connection is kept, in milliseconds: less than usual proxies keep it. */
const IDLE_MS = 4000;

/** Options of a connection pool. */
export interface PoolOptions {
  /** The maximum number of idle connections; 0 turns reuse off. Default: 6. */
  readonly maxIdle?: number | undefined;
  /** How long an idle connection is kept, in milliseconds. Default: the dialer's, or 4000. */
  readonly idleMs?: number | undefined;
  /** Which code speaks HTTP: ours, or Node's client. Default: `'own'`. */
  readonly http?: 'own' | 'node:http' | undefined;
}

/**
 * A transport that reuses connections. Only ssh limits the number of busy ones: further calls then wait, and `longLived` requests do
 * not count. Elsewhere a limit would let a long stream block a short call.
 */
export class ConnectionPool implements Transport {
  readonly #dialer: Dialer;
  readonly #maxIdle: number;
  readonly #idleMs: number;
  readonly #http: 'own' | 'node:http';
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  /** The connections that are being opened. */
  readonly #dialing = new Set<DialAttempt>();
  readonly #semaphore: Semaphore | undefined;
  #closed = false;

  constructor(dialer: Dialer, { maxIdle = MAX_IDLE, idleMs, http = 'own' }: PoolOptions = {}) {
    this.#dialer = dialer;
    this.#maxIdle = maxIdle;
    this.#idleMs = idleMs ?? dialer.traits?.idleMs ?? IDLE_MS;
    this.#http = http;
    this.#semaphore = dialer.traits && new Semaphore(dialer.traits.maxBusy);
  }

  send(request: EngineRequest, reader: ResponseReader): Promise<void> {
    const semaphore = request.longLived === true ? undefined : this.#semaphore;
    return semaphore === undefined ? this.#sendWithRetry(request, reader) : this.#sendInTurn(semaphore, request, reader);
  }

  close(): void {
    this.#closed = true;
    for (const attempt of this.#dialing) attempt.giveUp(this.#closedError());
    for (const connection of this.#all) connection.destroy(() => this.#closedError());
  }

  async #sendInTurn(semaphore: Semaphore, request: EngineRequest, reader: ResponseReader): Promise<void> {
    const release = await semaphore.acquire(request.signal, this.#waitLimit(request));
    try {
      await this.#sendWithRetry(request, reader);
    } finally {
      release();
    }
  }

  /** How long a request waits for a connection: its shortest timeout, because nothing is sent or received meanwhile. */
  #waitLimit(request: EngineRequest): WaitLimit | undefined {
    const { connectMs = Infinity, headMs = Infinity, idleMs = Infinity } = request.timeouts;
    const limitMs = Math.min(connectMs, headMs, idleMs);
    if (limitMs === Infinity) return undefined;
    const limit = limitMs === connectMs ? 'connect' : limitMs === headMs ? 'head' : 'idle';
    const { address, traits } = this.#dialer;
    const message = `no connection to ${address} became free within ${limitMs} ms: the maximum of ${traits?.maxBusy} calls is running`;
    return { limitMs, error: () => this.#notSent(request, new TimeoutError(message, { limit, limitMs })) };
  }

  async #sendWithRetry(request: EngineRequest, reader: ResponseReader): Promise<void> {
    for (let idle; (idle = this.#idle.pop()) !== undefined; ) {
      idle.markBusy();
      // Without these two turns, 17 of 60 stray responses were taken for the response to the next request; with them, 0 of 1000.
      await twoTurns();
      if (!idle.alive) continue;
      try {
        return await this.#sendOver(idle, request, reader);
      } catch (error) {
        if (!mayRepeat(request, error)) throw error;
        break;
      }
    }
    return this.#sendOver(await this.#dial(request), request, reader);
  }

  async #sendOver(connection: Connection, request: EngineRequest, reader: ResponseReader): Promise<void> {
    const reusedSocket = connection.used;
    request.stats.reusedSocket = reusedSocket;
    try {
      request.signal?.throwIfAborted();
      await connection.send(request, reader);
    } catch (error) {
      throw this.#located(request, error, { requestSent: true, reusedSocket });
    } finally {
      if (connection.alive) this.#keep(connection);
    }
  }

  #keep(connection: Connection): void {
    if (this.#closed || this.#idle.length >= this.#maxIdle) return connection.destroy();
    connection.markIdle(this.#idleMs);
    this.#idle.push(connection);
  }

  async #dial(request: EngineRequest): Promise<Connection> {
    const { timeouts: { connectMs }, signal } = request;
    const exchangeClass = this.#http === 'own' ? Exchange : await (await import('./node-http-transport.ts')).loadNodeHttpExchange();
    signal?.throwIfAborted();
    if (this.#closed) throw this.#closedError();
    const attempt = new DialAttempt(this.#dialer, connectMs);
    this.#dialing.add(attempt);
    const limit = connectMs === undefined ? undefined : new Deadline(connectMs, () => attempt.giveUp(this.#connectTimeout(connectMs)));
    const ignoreSignal = signal && onceAborted(signal, () => attempt.giveUp(signal.reason));
    try {
      const connection = new Connection(await attempt.channel, exchangeClass);
      if (this.#closed) {
        connection.destroy();
        throw this.#closedError();
      }
      this.#all.add(connection);
      connection.onDestroy = () => this.#forget(connection);
      return connection;
    } catch (error) {
      throw this.#notSent(request, error);
    } finally {
      this.#dialing.delete(attempt);
      limit?.clear();
      ignoreSignal?.();
    }
  }

  #forget(connection: Connection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
  }

  #connectTimeout(limitMs: number): TimeoutError {
    const message = `cannot connect to ${this.#dialer.address} within ${limitMs} ms. Is the engine running?`;
    return new TimeoutError(message, { limit: 'connect', limitMs });
  }

  #closedError(): ConnectError {
    return new ConnectError('this client has been closed', { address: this.#dialer.address, transient: false });
  }

  #notSent(request: EngineRequest, error: unknown): unknown {
    return this.#located(request, error, { requestSent: false, reusedSocket: false });
  }

  /** Adds the method, target and address to an error, except to an `ArgumentError` (raised before anything is sent) and to the caller's own error. */
  #located(request: EngineRequest, error: unknown, state: Pick<ExchangePlace, 'requestSent' | 'reusedSocket'>): unknown {
    const { method, redactedTarget: target, signal } = request;
    if (!(error instanceof LongshoreError) || error instanceof ArgumentError || isCallerError(error, signal)) return error;
    return error.at({ method, target, address: this.#dialer.address, ...state });
  }
}

/** Whether the request may be sent again: it changes nothing, has no content, and its connection ended without a response. */
function mayRepeat({ method, body }: EngineRequest, error: unknown): boolean {
  const ended = error instanceof TruncatedError && error.phase === 'head' && error.received === 0;
  return ended && body === undefined && (method === 'GET' || method === 'HEAD');
}

/** Waits for two turns of the event loop. */
function twoTurns(): Promise<void> {
  return new Promise((resolve) => setImmediate(setImmediate, resolve));
}
