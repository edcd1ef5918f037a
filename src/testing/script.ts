// The script of a replay: the exchanges of a tape in their order. It matches requests with them; each is replayed once.

import { escapeBytes, escapeText } from '../bytes.ts';
import { isLogin } from '../api/request-secrets.ts';
import { tapeExchanges } from './exchanges.ts';
import type { GatheredRequest, TapeExchange } from './exchanges.ts';
import type { Tape } from './tape.ts';

/** The required order of requests. */
export type Order = 'recorded' | 'any';

/** A request without its content, as sent: `"GET"`, `"/v1.41/images/json?all=1"`. */
export interface RequestLine {
  readonly method: string;
  readonly target: string;
}

/** The rules for matching a request. */
export interface Matching {
  readonly order: Order;
  /** Returns equal texts for targets with the same meaning. */
  readonly comparable: (target: string) => string;
  /** Whether the content must equal the recorded content. */
  readonly comparesContent: boolean;
}

/** The exchanges of a tape, and which of them were replayed. */
export class Script {
  readonly #exchanges: readonly TapeExchange[];
  readonly #matching: Matching;
  readonly #replayed = new Set<TapeExchange>();
  /** With order "recorded": the exchange that was the next one when the request began to arrive. */
  readonly #started = new Map<GatheredRequest, TapeExchange>();

  constructor(tape: Tape, matching: Matching, isIncluded: (request: RequestLine) => boolean = () => true) {
    this.#exchanges = tapeExchanges(tape).filter(({ request }) => isIncluded(request));
    this.#matching = matching;
  }

  /** The requests that were not sent yet. */
  remaining(): RequestLine[] {
    return this.#unplayed().map(({ request: { method, target } }) => ({ method, target }));
  }

  /** Returns the exchange for a request; undefined while more of the request is needed. Throws if no exchange matches. */
  match(asked: GatheredRequest): { exchange: TapeExchange; index: number } | undefined {
    const expected = this.#matching.order === 'any' ? this.#unplayed() : this.#next(asked);
    for (const exchange of expected) {
      const verdict = this.#compare(asked, exchange.request);
      if (verdict === 'more') return undefined;
      if (verdict === 'different') continue;
      this.#replayed.add(exchange);
      this.#started.delete(asked);
      return { exchange, index: this.#exchanges.indexOf(exchange) };
    }
    this.#started.delete(asked);
    throw new Error(mismatch(asked, expected));
  }

  #unplayed(): TapeExchange[] {
    return this.#exchanges.filter((exchange) => !this.#replayed.has(exchange));
  }

  /** Returns the next exchange that no other request has started. */
  #next(asked: GatheredRequest): TapeExchange[] {
    const started = new Set(this.#started.values());
    const next = this.#started.get(asked) ?? this.#unplayed().find((exchange) => !started.has(exchange));
    if (next === undefined) return [];
    this.#started.set(asked, next);
    return [next];
  }

  /** Compares a request, as far as it was received, with a recorded one. */
  #compare(asked: GatheredRequest, recorded: GatheredRequest): 'same' | 'different' | 'more' {
    const { comparable, comparesContent } = this.#matching;
    if (asked.method !== recorded.method || comparable(asked.target) !== comparable(recorded.target)) return 'different';
    // A tape does not have the content of a login, so any content matches.
    if (isLogin(recorded)) return asked.isComplete ? 'same' : 'more';
    if (!comparesContent) return asked.isComplete || !recorded.isComplete ? 'same' : 'more';
    const common = Math.min(asked.content.length, recorded.content.length);
    if (!asked.content.subarray(0, common).equals(recorded.content.subarray(0, common))) return 'different';
    // The engine responded before the request was complete, so the content after that point does not matter.
    if (!recorded.isComplete && asked.content.length >= recorded.content.length) return 'same';
    if (asked.content.length > recorded.content.length) return 'different';
    if (!asked.isComplete) return 'more';
    return asked.content.length === recorded.content.length ? 'same' : 'different';
  }
}

/** The maximum number of expected requests in a message; with `order: 'any'` there may be hundreds. */
const SHOWN = 5;

function mismatch(asked: GatheredRequest, expected: readonly TapeExchange[]): string {
  const shown = expected.slice(0, SHOWN).map(({ request }) => describe(request));
  if (expected.length > SHOWN) shown.push(`one of ${expected.length - SHOWN} more`);
  return `the tape has no response to ${describe(asked)}; it expects ${shown.join(', or ') || 'nothing more'}`;
}

function describe({ method, target, content, isComplete }: GatheredRequest): string {
  const length = `${content.length} bytes${isComplete ? '' : ' or more'}`;
  const shown = isLogin({ method, target }) ? 'secret content' : `content "${escapeBytes(content, 40)}" (${length})`;
  return `${method} ${escapeText(target)}${content.length === 0 ? '' : ` with ${shown}`}`;
}
