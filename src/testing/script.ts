// What is left of a tape to be played, and which of it is the answer to a request.

import { escapeBytes, escapeText } from '../bytes.ts';
import { isLogin } from '../api/request-secrets.ts';
import { tapeExchanges } from './exchanges.ts';
import type { GatheredRequest, TapeExchange } from './exchanges.ts';
import type { Tape } from './tape.ts';

/** In which order a tape is played. */
export type Order = 'recorded' | 'any';

/** A request as a person looks for it. */
export interface AskedFor {
  readonly method: string;
  readonly target: string;
}

/** What counts when a request is looked for. */
export interface Matching {
  readonly order: Order;
  /** Equal texts for equal targets. */
  readonly comparable: (target: string) => string;
  /** Whether the content must be the recorded one. */
  readonly comparesContent: boolean;
}

/** What is left to be played. */
export class Script {
  readonly #exchanges: readonly TapeExchange[];
  readonly #matching: Matching;
  readonly #played = new Set<TapeExchange>();
  /** In the recorded order: whose turn it was when the request began, though it may still be on its way. */
  readonly #begun = new Map<GatheredRequest, TapeExchange>();

  constructor(tape: Tape, matching: Matching, isPlayed: (request: AskedFor) => boolean = () => true) {
    this.#exchanges = tapeExchanges(tape).filter(({ request }) => isPlayed(request));
    this.#matching = matching;
  }

  /** The requests that nobody has sent. */
  remaining(): AskedFor[] {
    return this.#left().map(({ request: { method, target } }) => ({ method, target }));
  }

  /** The answer to a request; undefined while more of it must come to tell; throws when there is none. */
  match(asked: GatheredRequest): { exchange: TapeExchange; index: number } | undefined {
    const due = this.#matching.order === 'any' ? this.#left() : this.#turn(asked);
    for (const exchange of due) {
      const verdict = this.#compare(asked, exchange.request);
      if (verdict === 'more') return undefined;
      if (verdict === 'different') continue;
      this.#played.add(exchange);
      this.#begun.delete(asked);
      return { exchange, index: this.#exchanges.indexOf(exchange) };
    }
    this.#begun.delete(asked);
    throw new Error(mismatch(asked, due));
  }

  #left(): TapeExchange[] {
    return this.#exchanges.filter((exchange) => !this.#played.has(exchange));
  }

  /** The next one that no other request is on its way to. */
  #turn(asked: GatheredRequest): TapeExchange[] {
    const begun = new Set(this.#begun.values());
    const next = this.#begun.get(asked) ?? this.#left().find((exchange) => !begun.has(exchange));
    if (next === undefined) return [];
    this.#begun.set(asked, next);
    return [next];
  }

  /** Whether a request is the recorded one, as far as it has come. */
  #compare(asked: GatheredRequest, recorded: GatheredRequest): 'same' | 'different' | 'more' {
    const { comparable, comparesContent } = this.#matching;
    if (asked.method !== recorded.method || comparable(asked.target) !== comparable(recorded.target)) return 'different';
    // What was sent to a login is not on the tape: whatever is sent now is as good.
    if (isLogin(recorded)) return asked.whole ? 'same' : 'more';
    if (!comparesContent) return asked.whole || !recorded.whole ? 'same' : 'more';
    const common = Math.min(asked.content.length, recorded.content.length);
    if (!asked.content.subarray(0, common).equals(recorded.content.subarray(0, common))) return 'different';
    // The engine answered before it had all: it had seen this much, and the rest may be anything.
    if (!recorded.whole && asked.content.length >= recorded.content.length) return 'same';
    if (asked.content.length > recorded.content.length) return 'different';
    if (!asked.whole) return 'more';
    return asked.content.length === recorded.content.length ? 'same' : 'different';
  }
}

/** Of so many requests that are due a message tells; a lenient order may have hundreds. */
const SHOWN = 5;

function mismatch(asked: GatheredRequest, due: readonly TapeExchange[]): string {
  const shown = due.slice(0, SHOWN).map(({ request }) => describe(request));
  if (due.length > SHOWN) shown.push(`one of ${due.length - SHOWN} more`);
  return `the tape has no answer to ${describe(asked)}; it expects ${shown.join(', or ') || 'nothing more'}`;
}

function describe({ method, target, content, whole }: GatheredRequest): string {
  const length = `${content.length} bytes${whole ? '' : ' or more'}`;
  const shown = isLogin({ method, target }) ? 'secret content' : `content "${escapeBytes(content, 40)}" (${length})`;
  return `${method} ${escapeText(target)}${content.length === 0 ? '' : ` with ${shown}`}`;
}
