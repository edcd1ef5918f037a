// A request to an engine as the transport sends it and as errors and diagnostics describe it.

import type { RequestSummary } from '../api/api-error.ts';
import { redactedTarget } from '../api/redaction.ts';

/** The default timeout for the head of the response of a fast endpoint, in milliseconds. */
export const FAST_HEAD_MS = 30_000;
/** The default timeout for making a connection, in milliseconds. */
export const CONNECT_MS = 10_000;

/** Names and values of header fields, in the order in which they are sent. */
export type RequestFields = ReadonlyArray<readonly [name: string, value: string]>;

/** The body of a request. */
export type RequestBody = (
  | {
      readonly bytes: Uint8Array;
      /** The length of `bytes` when the caller passed them. If it differs when they are sent, the call fails with an `UploadError`. */
      readonly length?: number | undefined;
    }
  | {
      /** The memory of a chunk may be reused as soon as the next chunk is requested. */
      readonly chunks: AsyncIterable<Uint8Array>;
      /** In bytes: sent as Content-Length, and enforced. Without it, the body is sent chunked. */
      readonly length?: number | undefined;
    }
  | {
      /** Groups of blocks that are available at the same time and stay unchanged; the next group may be requested at any time. */
      readonly groups: AsyncIterable<readonly Uint8Array[]>;
      /** As for `chunks`. */
      readonly length?: number | undefined;
    }
) & { readonly onSent?: OnSent | undefined };

/** Called after each chunk with the number of body bytes passed to the connection so far; `done` is true on the last call. */
export type OnSent = (bytes: number, done: boolean) => void;

/** Timeouts in milliseconds; undefined means no timeout. */
export interface Timeouts {
  /** Until the connection is made. */
  readonly connectMs: number | undefined;
  /** From the end of the request until the whole head of the response has arrived. */
  readonly headMs: number | undefined;
  /** Until the engine sends or accepts the next byte. Time in which the engine waits for this client does not count. */
  readonly idleMs: number | undefined;
}

/** Statistics of one exchange, updated while it runs. */
export interface ExchangeStats {
  /** Whether the connection had carried an exchange before; undefined before there is a connection. */
  reusedSocket: boolean | undefined;
  /** Bytes passed to the connection: head, body and framing. */
  bytesSent: number;
  /** Bytes read from the connection. */
  bytesReceived: number;
  /** Received bytes that followed the end of the response; they close the connection. */
  trailingBytes: number;
}

/** The parts that all requests to one engine share. */
export interface RequestOrigin {
  /** The engine's address as errors show it. */
  readonly address: string;
  /** The value of the Host field. */
  readonly host: string;
  /** The path of the address, which is put before the path of each request; empty for most. */
  readonly basePath?: string;
}

// A class, and not an object literal with spreads: V8 gives each spread object a new hidden class, so code that reads it is
// not optimized. Such spreads took a third of the time of a small call.
/** One request. The transport adds the fields that frame the body. */
export class EngineRequest {
  readonly origin: RequestOrigin;
  readonly method: string;
  /** The request target with the base path of the engine's address. */
  readonly target: string;
  readonly fields: RequestFields;
  readonly body: RequestBody | undefined;
  readonly timeouts: Timeouts;
  readonly signal: AbortSignal | undefined;
  /** Whether the response may take any time. Such a request does not count against a limit of connections. */
  readonly longLived: boolean;
  stats: ExchangeStats = { reusedSocket: undefined, bytesSent: 0, bytesReceived: 0, trailingBytes: 0 };

  constructor(
    origin: RequestOrigin,
    method: string,
    path: string,
    fields: RequestFields,
    timeouts: Timeouts,
    body?: RequestBody,
    signal?: AbortSignal,
    longLived = false,
  ) {
    this.origin = origin;
    this.method = method;
    this.target = `${origin.basePath ?? ''}${path}`;
    this.fields = fields;
    this.body = body;
    this.timeouts = timeouts;
    this.signal = signal;
    this.longLived = longLived;
  }

  /** The target without values that may be secret. Computed on demand: only errors and diagnostics read it. */
  get redactedTarget(): string {
    return redactedTarget(this.target);
  }

  /** The request as API errors describe it: without the base path, which is part of the address already. */
  get summary(): RequestSummary {
    const { method, origin } = this;
    const sent = this.target.slice(origin.basePath?.length ?? 0);
    return { method, target: redactedTarget(sent), address: origin.address, sent };
  }
}
