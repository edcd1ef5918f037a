// Collects the body of a response: of an error, which becomes an `ApiError`, or of a success with JSON.

import { CollectingSink } from '../connection/collecting-sink.ts';
import type { EngineRequest } from '../connection/engine-request.ts';
import { statusError } from '../api/api-error.ts';
import { decodeJson } from '../api/json.ts';
import { retryAfterOfFields } from '../api/retry-after.ts';
import { isLogin, loginErrorBody } from '../api/request-secrets.ts';
import { DecodeError } from '../errors.ts';
import type { ApiError } from '../errors.ts';
import { contentCodings } from '../http/content-coding.ts';
import type { ResponseHead } from '../http/response-parser.ts';

/** The maximum length of a JSON response, in bytes: enough for a list of about 100,000 images. */
export const JSON_RESPONSE_LIMIT: number = 64 * 1024 * 1024;
/** The maximum number of bytes that are read of an error's body, as in moby's client. */
export const ERROR_BODY_LIMIT: number = 1024 * 1024;
/** The timeout for an error's body, in milliseconds: the default of a head. After it, the error has only the status. */
export const ERROR_BODY_MS = 30_000;

/** A response whose status is not a success. */
export class ErrorResponse {
  readonly head: ResponseHead;
  readonly request: EngineRequest;
  readonly body: CollectingSink = errorSink();
  isTruncated = false;

  constructor(head: ResponseHead, request: EngineRequest) {
    this.head = head;
    this.request = request;
  }

  /** Returns the error that the response reports. `advice` is the remedy if the body does not suggest a better one. */
  toError(advice?: string): ApiError {
    const { head, request, isTruncated } = this;
    const { summary } = request;
    const { method, target, address } = summary;
    // A body in a content coding cannot be read, so only the status is used.
    const content = contentCodings(head).length > 0 ? new Uint8Array(0) : this.body.bytes();
    const isSecret = isLogin(request);
    const words = { reasonPhrase: isSecret ? '' : head.reason, body: isSecret ? loginErrorBody(content) : content };
    const { status, fields } = head;
    const retryAfterMs = retryAfterOfFields(fields.get('retry-after'), fields.get('date'));
    const error = statusError(summary, { ...words, status, isTruncated, isFromEngine: isFromEngine(head), retryAfterMs, advice });
    return error.at({ method, target, address, requestSent: true, reusedSocket: request.stats.reusedSocket === true });
  }
}

/** Whether an engine sent the response: Docker and Podman add these fields to every response, except for unknown paths. */
function isFromEngine({ fields }: ResponseHead): boolean {
  return fields.has('api-version') || fields.has('libpod-api-version') || /^(?:docker|libpod)\//i.test(fields.get('server') ?? '');
}

/** A sink for the body of an error. */
export function errorSink(): CollectingSink {
  return new CollectingSink(ERROR_BODY_LIMIT, () => new Error('enough'), ERROR_BODY_MS);
}

/** A sink for a JSON response. */
export function jsonSink(): CollectingSink {
  return new CollectingSink(JSON_RESPONSE_LIMIT, tooLargeJson);
}

/** A sink for a JSON response, which it decodes at its end, so that an error of `read` belongs to the exchange and names the request. */
export class JsonSink<Value> extends CollectingSink {
  /** The decoded response; null if the sink has not got one. */
  value = null as Value;
  readonly #read: (response: unknown) => Value;

  constructor(read: (response: unknown) => Value) {
    super(JSON_RESPONSE_LIMIT, tooLargeJson);
    this.#read = read;
  }

  end(): void {
    this.value = this.#read(decodeJson(this.content()));
  }
}

function tooLargeJson(): DecodeError {
  return new DecodeError('the JSON response is too large', { offset: JSON_RESPONSE_LIMIT });
}
