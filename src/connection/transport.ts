// The interface between the engine and the code that speaks HTTP: one request out, one response in.

import type { ResponseHead } from '../http/response-parser.ts';
import type { EngineRequest, ExchangeStats } from './engine-request.ts';

/** Receives the content of a response. An error that a method throws or rejects with ends the exchange. */
export interface ContentSink {
  /** Receives a view that is valid during the call, or until the returned promise settles; a promise pauses the connection. */
  write(view: Uint8Array): void | Promise<void>;
  /** Called after all content of one read has been written, and again at the end; a promise pauses the connection. */
  flush?(): void | Promise<void>;
  /** Called once after the last byte of the content. */
  end?(): void;
  /** Returns memory for the next read instead of the connection's own: at least 64 KiB, or `undefined`. */
  memory?(): Uint8Array | undefined;
  /** True if `write` never returns a promise; then the content can be read into memory that all connections share. */
  readonly synchronous?: boolean;
  /** The time limit for the whole content, in milliseconds. Default: none. */
  readonly withinMs?: number | undefined;
}

/** Called with the head of the final response; returns the sink for its content. */
export type ResponseReader = (head: ResponseHead, request: EngineRequest) => ContentSink;

/** Speaks HTTP/1.1 with one engine. */
export interface Transport {
  /** Sends a request. Resolves when the response has ended and its sink has accepted all content. */
  send(request: EngineRequest, reader: ResponseReader): Promise<void>;
  /** Fails all running exchanges and closes all connections. */
  close(): void;
}

/** Counts blocks that are passed to the connection. */
export function countSent(stats: ExchangeStats, blocks: readonly Uint8Array[]): void {
  for (const block of blocks) stats.bytesSent += block.length;
}
