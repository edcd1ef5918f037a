// An answer that is not a success: its body is collected, and becomes an error.

import { CollectingSink } from '../connection/collecting-sink.ts';
import type { ExchangeNotes } from '../connection/transport.ts';
import { statusError } from '../api/api-error.ts';
import type { Asked } from '../api/api-error.ts';
import { isLogin, quotableRefusal } from '../api/request-secrets.ts';
import type { ApiError } from '../errors.ts';
import { contentCodings } from '../http/content-coding.ts';
import type { ResponseHead } from '../http/response-parser.ts';

/** The most of an error's body that is read, in bytes; moby's client reads as much. */
export const ERROR_BODY_LIMIT: number = 1024 * 1024;
/** The time for an error's body, in milliseconds: as long as for a head. An engine has it ready; then the status is told. */
export const ERROR_BODY_MS = 30_000;

/** An answer whose status is no success, as far as it came. */
export interface Refusal {
  readonly head: ResponseHead;
  readonly notes: ExchangeNotes;
  readonly body: CollectingSink;
  /** Whether more was to come. */
  cut: boolean;
}

/** Docker and Podman put these fields into all their answers, but for those to a path that they do not know. */
function isFromEngine({ fields }: ResponseHead): boolean {
  return fields.has('api-version') || fields.has('libpod-api-version') || /^(?:docker|libpod)\//i.test(fields.get('server') ?? '');
}

/** The error that it is. */
export function errorOf(asked: Asked, { head, notes, body, cut }: Refusal, advice?: string): ApiError {
  // In a coding there are no words; the status has told what matters.
  const words = contentCodings(head).length > 0 ? new Uint8Array(0) : body.bytes();
  const login = isLogin(asked);
  const answer = { status: head.status, reasonPhrase: login ? '' : head.reason, body: login ? quotableRefusal(words) : words };
  const error = statusError(asked, { ...answer, cut, fromEngine: isFromEngine(head), advice });
  const { method, target, address } = asked;
  return error.at({ method, target, address, requestSent: true, reusedSocket: notes.reusedSocket === true });
}

/** For the body of an error. */
export function errorSink(): CollectingSink {
  return new CollectingSink(ERROR_BODY_LIMIT, () => new Error('enough'), ERROR_BODY_MS);
}
