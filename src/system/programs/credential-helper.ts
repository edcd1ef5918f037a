// Asks a credential helper, a program docker-credential-*, for the credentials of a registry.
//
// The protocol (https://github.com/docker/docker-credential-helpers): the helper runs with the argument `get`, reads the
// registry's key from stdin, and prints {"ServerURL","Username","Secret"}. On failure it prints a text and exits with a status
// other than 0. Any output, even that text, may contain the secret, so unknown output is never shown.

import { concat, decodeUtf8 } from '../../bytes.ts';
import { Deadline } from '../../connection/deadline.ts';
import { isJsonObject, parseJson } from '../../api/json.ts';
import { Secret } from '../../api/credentials.ts';
import type { Credentials } from '../../api/credentials.ts';
import { member } from '../../config/config-file.ts';
import type { ConfiguredHelper } from '../../config/stored-credentials.ts';
import { CredentialError } from '../../errors.ts';
import { ProgramMissing, startProgram } from './child-process.ts';
import type { Program, ProgramEnd } from './child-process.ts';

/** The default time limit of a helper, in milliseconds: a person may have to unlock a keychain. */
export const HELPER_TIMEOUT_MS = 60_000;
/** The maximum output of a helper, in bytes; a token has about 4,000. */
export const HELPER_OUTPUT_LIMIT: number = 1024 * 1024;
/**
 * How long to wait for more output after a helper has exited, in milliseconds. The helper's own output is complete then, but a
 * child that it started (an agent) may keep the pipe open for ever.
 */
const LAST_OUTPUT_MS = 200;

/** A helper, and the registry whose credentials it is asked for. */
export interface HelperQuestion {
  readonly helper: ConfiguredHelper;
  /** The registry's key, `"https://index.docker.io/v1/"`. The caller has checked that it is a single line. */
  readonly registry: string;
}

/** The limits for one request to a helper. */
export interface HelperLimits {
  /** In milliseconds. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

type HelperOutput = readonly [stdout: Uint8Array, end: ProgramEnd];

/** The output of every helper that has no credentials; the text is defined by their common library. */
const NOT_FOUND = 'credentials not found in native keychain';
/** Other texts of that library. They contain no secret, so errors may quote them. */
const KNOWN_TEXTS: ReadonlySet<string> = new Set(['no credentials server URL', 'no credentials username']);
/** The user name that marks a secret as an identity token. */
const TOKEN_USER = '<token>';

/** Asks a helper for a registry's credentials. Returns undefined if it has none. Throws a `CredentialError` if it fails. */
export async function askHelper(question: HelperQuestion, limits: HelperLimits = {}): Promise<Credentials | undefined> {
  limits.signal?.throwIfAborted();
  const program = await startProgram(programOf(question), ['get']).catch((cause: unknown) => {
    const { configKey, source } = question.helper;
    const hint = `Install ${programOf(question)} in a folder of PATH, or remove ${configKey} from ${source} and log in again`;
    throw failure(question, `could not be started: ${whyNotStarted(cause)}`, undefined, hint);
  });
  return credentialsOf(await runHelper(program, question, limits), question);
}

/** Writes the question and collects the output until the program ends. Stops the program at a limit or an abort. */
function runHelper(program: Program, question: HelperQuestion, limits: HelperLimits): Promise<HelperOutput> {
  const { timeoutMs = HELPER_TIMEOUT_MS, signal } = limits;
  return new Promise((resolve, reject) => {
    const blocks: Uint8Array[] = [];
    let bytesLeft = HELPER_OUTPUT_LIMIT;
    let lastOutput: Deadline | undefined;
    const settle = (): void => {
      timeout.clear();
      lastOutput?.clear();
      signal?.removeEventListener('abort', onAbort);
    };
    const giveUp = (reason: unknown): void => {
      settle();
      program.stop();
      reject(reason);
    };
    const finish = (end: ProgramEnd): void => {
      settle();
      for (const pipe of [program.stdout, program.stderr]) pipe.destroy();
      resolve([concat(blocks), end]);
    };
    const onAbort = (): void => giveUp(signal?.reason);
    const timeout = new Deadline(timeoutMs, () => giveUp(failure(question, `did not end within ${timeoutMs} ms, and was stopped`)));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    program.stdout.on('data', (block: Uint8Array) => {
      bytesLeft -= block.length;
      if (bytesLeft >= 0) blocks.push(block);
      else giveUp(failure(question, `printed more than ${HELPER_OUTPUT_LIMIT} bytes, and was stopped`));
    });
    program.stderr.resume();
    program.stdin.end(question.registry); // a write error is ignored: a helper may exit without reading
    void program.ended.then(finish);
    void program.exited.then((end) => (lastOutput = new Deadline(LAST_OUTPUT_MS, () => finish(end))));
  });
}

/** Parses the output. The pass helper prints two empty strings if it has no credentials. */
function credentialsOf([stdout, end]: HelperOutput, question: HelperQuestion): Credentials | undefined {
  const text = textOf(stdout);
  if (end.code !== 0) return failureOf(text.trim(), end, question);
  const value = parseJson(text);
  const [username, secret] = isJsonObject(value) ? [member(value, 'Username'), member(value, 'Secret')] : [];
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw failure(question, 'printed something other than credentials, {"ServerURL","Username","Secret"} in JSON', 0);
  }
  if (username === '' && secret === '') return undefined;
  if (username === '') throw failure(question, 'returned a secret without a user name', 0);
  if (username !== TOKEN_USER) return { username, password: new Secret(secret) };
  if (secret === '') throw failure(question, 'returned an empty identity token', 0);
  return { identityToken: new Secret(secret) };
}

/** Throws the error for a helper that failed; returns undefined if its text means that it has no credentials. */
function failureOf(text: string, { code, signal }: ProgramEnd, question: HelperQuestion): undefined {
  if (text === NOT_FOUND) return undefined;
  const how = code === null ? `was killed by ${signal}` : `ended with exit code ${code}`;
  const known = KNOWN_TEXTS.has(text) ? ` and the message "${text}"` : '';
  throw failure(question, `${how}${known}`, code ?? undefined);
}

function programOf({ helper }: HelperQuestion): string {
  return `docker-credential-${helper.name}`;
}

function whyNotStarted(cause: unknown): string {
  if (cause instanceof ProgramMissing) return cause.message;
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'the interpreter in its first line, or a library, does not exist (ENOENT)' : code;
}

function failure(question: HelperQuestion, what: string, exitCode?: number, remedy?: string): CredentialError {
  const { helper, registry } = question;
  const program = programOf(question);
  const hint = remedy ?? `Its output may contain secrets and is not shown here; to see it, run: echo ${registry} | ${program} get`;
  const message = `cannot get the credentials for ${registry}: ${program} (${helper.configKey} in ${helper.source}) ${what}. ${hint}`;
  return new CredentialError(message, { registry, helper: program, configKey: helper.configKey, exitCode });
}

/** Decodes the output. Output that is not UTF-8 is neither a known text nor a valid result. */
function textOf(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    return '';
  }
}
