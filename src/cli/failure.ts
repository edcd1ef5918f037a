// What is said of an error, in two lines at most: what happened, and what to do; and the exit code that it means.

import { ApiError, ArgumentError, ConnectError, LongshoreError, TimeoutError, UploadError } from '../index.ts';
import type { ApiErrorReason } from '../index.ts';
import { Interruption, OutputClosedError, UsageError } from './command.ts';
import { printable } from './printable.ts';

/** The lines for an error. */
export interface Failure {
  readonly what: string;
  readonly whatToDo: string | undefined;
}

/** 2 where the command line is at fault, 1 for what failed; a closed output is no failure. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interruption) return error.exitCode;
  if (error instanceof OutputClosedError) return 0;
  return isUsage(error) ? 2 : 1;
}

/** The words for an error; `see` is the command whose help explains the usage, `operand` what it was done with. */
export function describeFailure(error: unknown, see: string, operand?: string): Failure {
  if (isUsage(error)) return failure(error.message, `See ${see} --help`);
  if (error instanceof ConnectError) return connectFailure(error);
  if (error instanceof ApiError) return apiFailure(error, operand);
  if (error instanceof TimeoutError) return failure(error.message, 'Is the engine overloaded, or stuck?');
  if (error instanceof UploadError) return failure(withoutPlace(error));
  if (error instanceof LongshoreError || isSystemError(error)) return failure(error.message);
  return failure(String(error), 'This should not happen: NODE_DEBUG=longshore shows where it did');
}

function failure(what: string, whatToDo?: string): Failure {
  return { what: printableLines(what), whatToDo: whatToDo && printable(whatToDo) };
}

/** Keeps several lines, indented, and prints tabs as spaces: Podman lists what it tried, each line after a tab. */
function printableLines(text: string): string {
  return text.trim().replaceAll('\t', ' ').split(/\r?\n/).map(printable).join('\n  ');
}

/** What a call was given cannot be meant: whoever wrote the command line can set it right. */
function isUsage(error: unknown): error is Error {
  return error instanceof UsageError || error instanceof ArgumentError;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

/** Its message may begin with the request that had no chance, and to which it does not matter. */
function withoutPlace({ message, exchange }: ConnectError | UploadError): string {
  const place = exchange && `${exchange.method} ${exchange.target} on ${exchange.address}: `;
  return place !== undefined && message.startsWith(place) ? message.slice(place.length) : message;
}

/** Its message ends with the hint, which is not what happened. */
function connectFailure(error: ConnectError): Failure {
  const { hint } = error;
  const bare = withoutPlace(error);
  return hint === undefined ? failure(bare) : failure(bare.slice(0, -`. ${hint}`.length), hint);
}

const ADVICE: Readonly<Record<ApiErrorReason, string | undefined>> = {
  auth: 'Is the name right? If the repository is private, the registry wants credentials',
  'not-found': undefined,
  'rate-limit': 'Wait a while; registries allow more to those whom they know by their credentials',
  'no-space': 'Make room on the disk of the engine: longshore ls shows the images, longshore rm removes them',
  platform: 'Choose another platform with --platform, or leave it out',
  unavailable: 'Try again later',
  quota: undefined,
  immutable: undefined,
  network: 'The engine did not reach the other side: look at its network, its proxy, and the spelling of the name',
};

/** Podman's "manifest unknown" does not say of what. */
function apiFailure({ daemonMessage, status, inStream, reason, hint }: ApiError, operand: string | undefined): Failure {
  const who = inStream ? 'the engine failed on the way' : `the engine answered ${status}`;
  const of = operand === undefined || daemonMessage.includes(operand) ? '' : `${operand}: `;
  return failure(`${of}${who}: ${daemonMessage}`, hint ?? (reason && ADVICE[reason]));
}
