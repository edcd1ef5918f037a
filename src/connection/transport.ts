// The interface between the engine and the code that speaks HTTP: one request out, one answer in.

import type { ResponseHead } from '../http/response-parser.ts';
import type { EngineRequest } from './engine-request.ts';

/** Receives the body of an answer. An error that it throws, or rejects with, ends the exchange. */
export interface ContentSink {
  /** Receives a view that is valid during the call, or until the returned promise settles; a promise pauses the connection. */
  write(view: Uint8Array): void | Promise<void>;
  /** Called after everything of one read has been written, and again at the end; a promise pauses the connection. */
  flush?(): void | Promise<void>;
  /** Called once after the last byte of the body. */
  end?(): void;
  /** Memory for the next read in place of the connection's own: at least 64 KiB, or undefined. */
  memory?(): Uint8Array | undefined;
  /** True if `write` never returns a promise; then the body can be read into memory that all connections share. */
  readonly synchronous?: boolean;
  /** A timeout for the whole body, in milliseconds. Default: none. */
  readonly withinMs?: number | undefined;
}

/** Called with the final head of the answer; returns the sink for its body. */
export type AnswerReader = (head: ResponseHead, request: EngineRequest) => ContentSink;

/** A way to speak HTTP/1.1 with one engine. */
export interface Wire {
  /** Resolves when the answer has ended and its sink has taken everything. */
  exchange(request: EngineRequest, reader: AnswerReader): Promise<void>;
  /** Fails all exchanges that are running and closes all connections. */
  close(): void;
}
