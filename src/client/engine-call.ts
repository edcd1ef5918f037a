// A call as it is given to an engine.

import type { RequestBody, Timeouts } from '../connection/transport.ts';
import type { CredentialChoice, CredentialSource } from '../api/credentials.ts';
import type { Call } from '../api/encode-call.ts';

/** A call with all that is not on its row. */
export interface EngineCall extends Call {
  readonly body?: BodySource | undefined;
  /** Whose credentials go along, where the row lets them. */
  readonly registry?: RegistryAccess | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
}

/** What a call brings to all that is asked for its sake: its signal, and its own limits of time. */
export type CallLimits = Pick<EngineCall, 'signal' | 'timeouts'>;

/** The registry that a call leads to. */
export interface RegistryAccess {
  /** As credentials are stored under it. */
  readonly key: string;
  readonly repository: string | undefined;
  readonly credentials: CredentialChoice | CredentialSource;
}

/** The content of a request, opened when it is to be sent. */
export interface BodySource {
  open(): RequestBody | Promise<RequestBody>;
  /** Whether it can be opened and sent again. */
  readonly repeatable: boolean;
  /** Lets go of a source from which nothing was read: a stream of a file holds it open. */
  discard?(): void;
}

/** Calls share the answer to a question where they have the same limits: none waits longer than its own let it. */
export function limitsKey(timeouts: CallLimits['timeouts']): string {
  return timeouts === undefined ? '' : Object.entries(timeouts).join();
}
