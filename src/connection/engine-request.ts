// A request as it goes to the wire: what the caller asked for, with the fields and the limits of time that all have.

import type { ExchangeNotes, RequestBody, Timeouts, WireRequest } from './transport.ts';
import type { Asked } from '../api/api-error.ts';
import { redactedTarget } from '../api/redacted-target.ts';
import { USER_AGENT } from './package-version.ts';

/** The limit for the head of an answer that an engine has ready, in milliseconds. */
export const PROMPT_HEAD_MS = 30_000;
/** The limit for a connection, in milliseconds. */
export const CONNECT_MS = 10_000;

/** Names and values in the order in which they are sent. */
export type RequestFields = WireRequest['fields'];

/** A request of any kind. */
export type RawRequest = Omit<WireRequest, 'timeouts' | 'redactedTarget' | 'notes'> & {
  /** Each of them goes before the client's. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** An engine answers at once or is not well: the head of the answer is limited, unless somebody says otherwise. */
  readonly fast?: boolean | undefined;
};

/** What all requests to one engine have in common. */
export interface RequestCommons {
  /** The value of the Host field. */
  readonly host: string;
  /** What every path begins with. */
  readonly basePath?: string;
  readonly timeouts: Partial<Timeouts>;
  /** Go along with every request that does not have them itself. */
  readonly headers?: RequestFields;
}

/** What is common is made ready once: a small call has more to do with objects than with bytes. */
export class RequestMaker {
  readonly #commons: RequestCommons;
  readonly #ownFields: RequestFields;
  /** The limits of those that bring none of their own. */
  readonly #limits: { fast?: Timeouts; patient?: Timeouts } = {};

  constructor(commons: RequestCommons) {
    this.#commons = commons;
    this.#ownFields = [['Host', commons.host], ['User-Agent', USER_AGENT]];
  }

  /** The whole request. What it is made of may change afterwards. */
  make(request: RawRequest): SentRequest {
    const target = `${this.#commons.basePath ?? ''}${request.target}`;
    return new SentRequest(request, target, this.#fieldsFor(request.fields), this.#limitsFor(request));
  }

  #fieldsFor(fields: RequestFields): RequestFields {
    const { headers = [] } = this.#commons;
    if (headers.length === 0) return [...this.#ownFields, ...fields];
    const given = new Set(fields.map(([name]) => name.toLowerCase()));
    return [...this.#ownFields, ...headers.filter(([name]) => !given.has(name.toLowerCase())), ...fields];
  }

  #limitsFor({ timeouts, fast }: RawRequest): Timeouts {
    if (timeouts !== undefined) return this.#merged(fast, timeouts);
    if (fast === true) return (this.#limits.fast ??= this.#merged(true));
    return (this.#limits.patient ??= this.#merged(false));
  }

  #merged(fast: boolean | undefined, own: Partial<Timeouts> = {}): Timeouts {
    const usual = { connectMs: CONNECT_MS, headMs: fast === true ? PROMPT_HEAD_MS : undefined, idleMs: undefined };
    return { ...usual, ...this.#commons.timeouts, ...own };
  }
}

// A class, and no object made by spreading: to V8 such an object, once added to, is one of a new kind each time, and what
// reads it is never compiled for it. Such spreads were a third of a small call.
/** One request on its way. */
export class SentRequest implements WireRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: RequestFields;
  readonly body: RequestBody | undefined;
  readonly timeouts: Timeouts;
  readonly signal: AbortSignal | undefined;
  readonly longLived: boolean;
  notes: ExchangeNotes = { reusedSocket: undefined, bytesSent: 0, bytesReceived: 0, trailingBytes: 0 };

  constructor({ method, body, signal, longLived }: RawRequest, target: string, fields: RequestFields, timeouts: Timeouts) {
    this.method = method;
    this.target = target;
    this.fields = fields;
    this.body = body;
    this.timeouts = timeouts;
    this.signal = signal;
    this.longLived = longLived === true;
  }

  /** Made when it is asked for: only errors and those who look on do. */
  get redactedTarget(): string {
    return redactedTarget(this.target);
  }
}

/** What was asked, as errors tell it; its target is made when there is an error. */
export class Question implements Asked {
  readonly method: string;
  readonly address: string;
  /** The target, with whatever secrets it has. */
  readonly sent: string;

  constructor(method: string, target: string, address: string) {
    this.method = method;
    this.sent = target;
    this.address = address;
  }

  get target(): string {
    return redactedTarget(this.sent);
  }
}
