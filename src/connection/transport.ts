// What the engine asks of whoever speaks HTTP for it: one request out, one answer in.

import type { ResponseHead } from '../http/response-parser.ts';

/** The content of a request. */
export type RequestBody = (
  | {
      readonly bytes: Uint8Array;
      /** Their length when they were given; bytes that have another when they are sent are an `UploadError`. */
      readonly length?: number | undefined;
    }
  | {
      /** The memory of a chunk may be used again when the next one is asked for. */
      readonly chunks: AsyncIterable<Uint8Array>;
      /** In bytes: sent as Content-Length and held to; without it the content is sent chunked. */
      readonly length?: number | undefined;
    }
  | {
      /** Blocks that stay as they are, those that are there at once together: the next group may be asked for at any time. */
      readonly groups: AsyncIterable<readonly Uint8Array[]>;
      /** The same. */
      readonly length?: number | undefined;
    }
) & { readonly onSent?: OnSent | undefined };

/** Called with the bytes of the content given to the connection so far, after each chunk; at the end, `done` is true. */
export type OnSent = (bytes: number, done: boolean) => void;

/** How long to wait, in milliseconds; undefined is for ever. */
export interface Timeouts {
  /** For a connection. */
  readonly connectMs: number | undefined;
  /** For the whole head of the answer, from when the request has been sent. */
  readonly headMs: number | undefined;
  /** For the engine to take or send something, while nobody on this side makes it wait. */
  readonly idleMs: number | undefined;
}

/** What a wire notes of an exchange while it lasts, for those who look on. */
export interface ExchangeNotes {
  /** Whether the connection had carried an exchange before; undefined while there is no connection. */
  reusedSocket: boolean | undefined;
  /** Bytes given to the connection: head, content, and what frames it. */
  bytesSent: number;
  /** Bytes that came, the same. */
  bytesReceived: number;
  /** Of those, what stood behind the answer in its last read: nobody had asked for it, and it closed the connection. */
  trailingBytes: number;
}

/** One request. The wire adds the fields that frame its content. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  /** The target as errors show it, without what may be a secret. */
  readonly redactedTarget: string;
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: RequestBody | undefined;
  readonly timeouts: Timeouts;
  readonly signal: AbortSignal | undefined;
  /** The answer may take as long as it likes: it is not counted where the exchanges under way are limited in number. */
  readonly longLived?: boolean | undefined;
  readonly notes?: ExchangeNotes | undefined;
}

/** Takes an answer's content. What it throws or rejects with ends the exchange with that error. */
export interface ContentSink {
  /** Takes a view that is valid during the call, or until the promise settles; a promise pauses the connection. */
  write(view: Uint8Array): void | Promise<void>;
  /** Told when all that one read brought has been written, and once more at the end; a promise pauses. */
  flush?(): void | Promise<void>;
  /** Told when the content has ended, whole. */
  end?(): void;
  /** Where the next read may go instead of into the connection's own memory; at least 64 KiB, or undefined. */
  memory?(): Uint8Array | undefined;
  /** True when `write` never returns a promise: then the content never needs memory of its own. */
  readonly synchronous?: boolean;
  /** The time in which the whole content must come, in milliseconds, whoever sends it; none where it is left out. */
  readonly withinMs?: number | undefined;
}

/** Chooses, when the final head is there, what its content goes into. */
export type AnswerReader = (head: ResponseHead) => ContentSink;

/** One way to speak HTTP/1.1 with one engine. */
export interface Wire {
  /** Resolves when the answer has ended and its sink has taken everything. */
  exchange(request: WireRequest, reader: AnswerReader): Promise<void>;
  /** Ends all that is under way, with an error, and all that is kept. */
  close(): void;
}
