// The seam for those who look on at exchanges: what they are told, and when. They read clocks; the rest of us do not.

import type { EngineRequest, ExchangeNotes } from './engine-request.ts';

/** One exchange as its observers see it: never a field's value, and never content. */
export interface ExchangeReport extends ExchangeNotes {
  readonly method: string;
  /** The request target, without the values that may be secrets. */
  readonly target: string;
  /** The engine's address, `"unix:///var/run/docker.sock"`. */
  readonly address: string;
  /** Of the final answer; undefined until its head is there. */
  status: number | undefined;
  /** From the request to the head of the answer, in milliseconds: how long the engine thought. */
  headMs: number | undefined;
  /** From the request to the end of the answer, or to the failure, in milliseconds. */
  durationMs: number | undefined;
  /** What the exchange failed with. An answer with a status of 400 or above is none. */
  error: unknown;
}

/** One exchange that is observed. None of these may throw. */
export interface Observation {
  readonly notes: ExchangeNotes;
  answered(status: number): void;
  ended(): void;
  failed(error: unknown): void;
}

/** Told of each exchange when it begins; undefined where nobody wants to know. */
export type Observe = (request: Pick<EngineRequest, 'method' | 'redactedTarget'>, address: string) => Observation | undefined;
