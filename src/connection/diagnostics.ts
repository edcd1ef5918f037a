// Information for users in addition to results: warnings for the client's `onWarning`, and reports of exchanges, which
// system/diagnostics.ts publishes. Nothing is printed to the console.

import { runCallback } from '../errors.ts';
import type { EngineRequest, ExchangeStats } from './engine-request.ts';

/** A problem that did not make a call fail. */
export interface Warning {
  /**
   * `"engine"`: a `WARNING:` line of the engine in a stream. `"plaintext-credentials"`: credentials go to another machine
   * unencrypted. `"readable-key"`: other users can read a private key or stored credentials. `"configuration"`: a setting of
   * the environment or of a context makes a connection less safe than it looks, or names a credentials file that does not
   * exist. `"lost-name"`: an image that was given by tag and digest is saved without its name. `"unchecked"`: an operation
   * finished, but a follow-up request failed, so its result lacks a detail. `"platform"`: an image is copied to an engine for another
   * platform. `"left-behind"`: a copy failed, and an image with a temporary name may be left on the target.
   */
  readonly kind: 'engine' | 'lost-name' | 'plaintext-credentials' | 'readable-key' | 'configuration' | 'unchecked' | 'platform' | 'left-behind';
  /** What the warning is about: the engine's address, an image, or a file. */
  readonly subject: string;
  /** A sentence for a person. Text from the engine may contain any character. */
  readonly message: string;
}

/** Handles a warning. If the handler throws, the call that caused the warning rejects with that error. */
export type Warn = (warning: Warning) => void;

/** How many warnings a client remembers, to report each once. A client has one address and a handful of files. */
const REMEMBERED = 1000;

/** Kinds of warnings about one operation, which are reported every time. */
const EVERY_TIME: ReadonlySet<Warning['kind']> = new Set(['engine', 'unchecked', 'platform', 'left-behind']);

/**
 * Returns a function that passes warnings to the handler: each kind once for each subject, those of `EVERY_TIME` always.
 * If the handler throws, it gets the warning again with the next call.
 */
export function warner(handler: Warn | undefined): Warn {
  const given = new Set<string>();
  return (warning) => {
    const key = `${warning.kind} ${warning.subject}`;
    if (handler === undefined || given.has(key)) return;
    runCallback(() => handler(warning));
    if (!EVERY_TIME.has(warning.kind) && given.size < REMEMBERED) given.add(key);
  };
}

/** The report of one exchange. It never contains content or the value of a field. */
export interface ExchangeReport extends ExchangeStats {
  readonly method: string;
  /** The request target; values that may be secret are replaced by `[redacted]`. */
  readonly target: string;
  /** The engine's address, such as `"unix:///var/run/docker.sock"`. */
  readonly address: string;
  /** The status of the final response; `undefined` before its head is complete. */
  status: number | undefined;
  /** The time from the request to the head of the response, in milliseconds. */
  headMs: number | undefined;
  /** The time from the request to the end of the response, or to the failure, in milliseconds. */
  durationMs: number | undefined;
  /** The error with which the exchange failed. A response with a status of 400 or above is not an error here. */
  error: unknown;
}

/** Observes one exchange. None of these methods may throw. */
export interface Observation {
  readonly stats: ExchangeStats;
  responded(status: number): void;
  ended(): void;
  failed(error: unknown): void;
}

/** Called at the start of each exchange. Returns `undefined` if nothing observes it. */
export type Observe = (request: Pick<EngineRequest, 'method' | 'redactedTarget'>, address: string) => Observation | undefined;
