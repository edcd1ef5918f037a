// Turns an error into an exit code and at most two lines: what happened, and what to do.

import { ApiError, ArgumentError, ConnectError, FileError, LongshoreError, TimeoutError, TruncatedError, UploadError, VersionError } from '../index.ts';
import type { ApiErrorReason } from '../index.ts';
import { Interruption, OutputClosedError, UsageError } from './command.ts';
import { printable } from './printable.ts';

/** The text for an error. */
export interface Failure {
  readonly what: string;
  readonly whatToDo: string | undefined;
}

/** Returns the exit code for an error: 2 for an invalid command line, 0 for a closed output, 1 for everything else. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interruption) return error.exitCode;
  if (error instanceof OutputClosedError) return 0;
  return isUsage(error) ? 2 : 1;
}

/** Describes an error. `see` is the command whose help explains the usage; `operand` is the operand that failed. */
export function describeFailure(error: unknown, see: string, operand?: string): Failure {
  if (isUsage(error)) return failure(inWordsOfCommand(error.message), `See ${see} --help`);
  if (error instanceof VersionError) return failure(inWordsOfCommand(error.message));
  if (error instanceof ConnectError) return connectFailure(error);
  if (error instanceof ApiError) return apiFailure(error, operand);
  if (error instanceof TimeoutError && error.limit === 'ready') return notReady(error, see);
  if (error instanceof TimeoutError) return failure(error.message, 'Is the engine overloaded or stuck?');
  if (error instanceof TruncatedError && see === 'longshore events') return failure(error.message, 'To go on after a lost connection, give --reconnect');
  if (error instanceof UploadError || error instanceof FileError) return failure(nameOf(operand, error.message) + inWordsOfCommand(withoutPlace(error)));
  if (error instanceof TruncatedError) return failure(nameOf(operand, error.message) + error.message);
  if (error instanceof LongshoreError || isSystemError(error)) return failure(error.message);
  return failure(String(error), 'This should not happen: set NODE_DEBUG=longshore to see the stack trace');
}

function failure(what: string, whatToDo?: string): Failure {
  return { what: printableLines(what), whatToDo: whatToDo && printable(inWordsOfCommand(whatToDo)) };
}

/** What only callers of the library know, and the words of the command: methods, their options and parameters. */
const WORDS: ReadonlyArray<readonly [library: RegExp, command: string]> = [
  [/\b(?:\w+\.)?allTags\b/, '--all-tags'],
  [/^[a-z]\w*\.(\w+?)s? (?=needs|with)/, '--$1 '],
  [/^[a-z]\w* (?=needs)/, 'this command '],
  [/^[a-z]\w*: (?:options\.)?filters\./, '--filter '],
  [/^[a-z]\w*: options\./, '--'],
  [/^[a-z]\w*: /, ''],
  [/^policy:/, '--policy'],
  [/^Give credentials/, 'Give --creds USER'],
  [/, or credentials: "anonymous"$/, ''],
  [/\bforce: true$/, '--force'],
];

function inWordsOfCommand(message: string): string {
  return WORDS.reduce((text, [library, command]) => text.replace(library, command), message);
}

/** Makes a text printable. Keeps its lines, indented, and replaces tabs by spaces (Podman lists its attempts with tabs). */
function printableLines(text: string): string {
  return text.trim().replaceAll('\t', ' ').split(/\r?\n/).map(printable).join('\n  ');
}

/** Whether the command line caused the error. */
function isUsage(error: unknown): error is Error {
  return error instanceof UsageError || error instanceof ArgumentError;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

/** Says why the engine was not ready at the end of the wait, and what to do about it. */
function notReady({ message, limitMs, cause }: TimeoutError, see: string): Failure {
  if (!(cause instanceof LongshoreError)) return failure(message);
  const { what, whatToDo } = describeFailure(cause, see);
  return { what: `the engine was not ready within ${limitMs / 1000} s: ${what}`, whatToDo };
}

/** Returns the message without the request, because it does not matter which request could not be sent. */
function withoutPlace({ message, exchange }: LongshoreError): string {
  return exchange === undefined ? message : without(message, `${exchange.method} ${exchange.target} on ${exchange.address}: `);
}

/** Separates the hint from the message. A copy adds texts at both ends. */
function connectFailure(error: ConnectError): Failure {
  const { hint } = error;
  const bare = withoutPlace(error);
  return hint === undefined ? failure(bare) : failure(without(bare, `. ${hint}`), hint.replace(/\b(host|context)\)\?$/, '--$1)?'));
}

function without(message: string, part: string): string {
  return message.replace(part, () => '');
}

const ADVICE: Readonly<Record<ApiErrorReason, string | undefined>> = {
  auth: 'Check the name. A private repository needs credentials: log in with docker login, or give the right user and password with --creds',
  'not-found': undefined,
  'rate-limit': 'Try again later, or log in: registries allow more requests with credentials',
  'no-space': 'Free disk space of the engine: longshore ls shows the images, longshore rm removes them',
  platform: 'Choose another platform with --platform, or omit --platform',
  unavailable: 'Try again later',
  quota: undefined,
  immutable: undefined,
  network: "The engine cannot reach the other server: check the engine's network and proxy, and the spelling of the name",
};

/** The operand before a message that does not name it, as Podman's "manifest unknown". */
function nameOf(operand: string | undefined, message: string): string {
  const name = operand === '-' ? 'standard input' : operand;
  return name === undefined || message.includes(name) ? '' : `${name}: `;
}

function apiFailure({ message, daemonMessage, status, inStream, reason, hint, copySide }: ApiError, operand: string | undefined): Failure {
  // The engine has said nothing. About a platform, the message has a remedy of its own.
  if (daemonMessage === '') return failure(message, hint ?? (reason && reason !== 'platform' ? ADVICE[reason] : undefined));
  const engine = copySide === undefined ? 'the engine' : `the ${copySide}`;
  const who = inStream ? `${engine} reported an error` : `${engine} answered ${status}`;
  return failure(`${nameOf(operand, daemonMessage)}${who}: ${daemonMessage}`, hint ?? (reason && ADVICE[reason]));
}
