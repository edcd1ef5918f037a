// Credential helpers, the programs docker-credential-*: one question by their protocol, within limits.
//
// https://github.com/docker/docker-credential-helpers: `get` with the registry's key on stdin; the answer on stdout is
// {"ServerURL","Username","Secret"}, or with an exit status other than 0 words for people. Either stream may hold the
// secret, in words as well, so nothing that a helper says is ever shown.

import { concat, decodeUtf8 } from '../../bytes.ts';
import { Deadline } from '../../connection/deadline.ts';
import { isJsonObject } from '../../api/json.ts';
import { Secret } from '../../api/credentials.ts';
import type { Credentials } from '../../api/credentials.ts';
import { member } from '../../config/config-file.ts';
import type { ConfiguredHelper } from '../../config/stored-credentials.ts';
import { CredentialError } from '../../errors.ts';
import { ProgramMissing, startProgram } from './child-process.ts';
import type { Program, ProgramEnd } from './child-process.ts';

/** How long a helper may take: a person may have to unlock a keychain meanwhile. */
export const HELPER_TIMEOUT_MS = 60_000;
/** The most that a helper may say, in bytes; a token has some 4,000. */
export const HELPER_OUTPUT_LIMIT: number = 1024 * 1024;

/**
 * How long to wait for more output of a helper that has exited, in milliseconds. A child of its own (an agent that it
 * started) may hold on to its output for ever, and write to it; what it has written itself is there when it exits.
 */
const LAST_OUTPUT_MS = 200;

/** Whom to ask for what. */
export interface HelperQuestion {
  readonly helper: ConfiguredHelper;
  /** The registry's key, `"https://index.docker.io/v1/"`; the caller vouches that it is nothing but a key. */
  readonly registry: string;
}

/** How long to wait. */
export interface HelperLimits {
  /** Default 60,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface HelperOutput {
  readonly stdout: Uint8Array;
  readonly end: ProgramEnd;
}

/** The words for "there are none", which every helper has from the same library. */
const NOT_FOUND = 'credentials not found in native keychain';
/** The other words that are the protocol's, and no secret therefore. */
const knownWords: ReadonlySet<string> = new Set(['no credentials server URL', 'no credentials username']);
/** The user's name in whose place an identity token is kept. */
const TOKEN_USER = '<token>';

/** Asks a helper for a registry's credentials; undefined where it has none. */
export async function askHelper(question: HelperQuestion, limits: HelperLimits = {}): Promise<Credentials | undefined> {
  limits.signal?.throwIfAborted();
  const program = await startProgram(programOf(question), ['get']).catch((cause: unknown) => {
    const { configKey, source } = question.helper;
    const hint = `Install ${programOf(question)} in a folder of PATH, or take ${configKey} out of ${source} and log in again`;
    throw failure(question, `could not be started: ${whyNotStarted(cause)}`, undefined, hint);
  });
  return answerOf(await runHelper(program, question, limits), question);
}

/** Writes the question and hears the program to its end, or stops it. */
function runHelper(program: Program, question: HelperQuestion, limits: HelperLimits): Promise<HelperOutput> {
  const { timeoutMs = HELPER_TIMEOUT_MS, signal } = limits;
  return new Promise((resolve, reject) => {
    const blocks: Uint8Array[] = [];
    let room = HELPER_OUTPUT_LIMIT;
    const over = (): void => {
      limit.clear();
      signal?.removeEventListener('abort', onAbort);
    };
    const giveUp = (reason: unknown): void => {
      over();
      program.stop();
      reject(reason);
    };
    const onAbort = (): void => giveUp(signal?.reason);
    const late = (): void => giveUp(failure(question, `has not ended within ${timeoutMs} ms, and was stopped`));
    const limit = new Deadline(timeoutMs, late);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    let lastOutput: Deadline | undefined;
    program.stdout.on('data', (block: Uint8Array) => {
      room -= block.length;
      if (room >= 0) blocks.push(block);
      else giveUp(failure(question, `says more than ${HELPER_OUTPUT_LIMIT} bytes, and was stopped`));
    });
    program.stderr.resume();
    program.stdin.end(question.registry); // it need not read it: a write error is nobody's
    const finish = (end: ProgramEnd): void => {
      over();
      lastOutput?.clear();
      for (const pipe of [program.stdout, program.stderr]) pipe.destroy();
      resolve({ stdout: concat(blocks), end });
    };
    void program.ended.then(finish);
    void program.exited.then((end) => (lastOutput = new Deadline(LAST_OUTPUT_MS, () => finish(end))));
  });
}

function answerOf({ stdout, end }: HelperOutput, question: HelperQuestion): Credentials | undefined {
  const text = textOf(stdout);
  if (end.code === 0) return credentialsOf(text, question);
  const words = text.trim();
  if (words === NOT_FOUND) return undefined;
  const how = end.code === null ? `was ended by ${end.signal}` : `ended with exit code ${end.code}`;
  const what = knownWords.has(words) ? ` and the words "${words}"` : '';
  throw failure(question, `${how}${what}`, end.code ?? undefined);
}

/** The pass helper says with two empty strings that it has none. */
function credentialsOf(text: string, question: HelperQuestion): Credentials | undefined {
  const value = jsonOf(text);
  const [username, secret] = isJsonObject(value) ? [member(value, 'Username'), member(value, 'Secret')] : [];
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw failure(question, 'gave what is no credentials: {"ServerURL","Username","Secret"} in JSON is due', 0);
  }
  if (username === '' && secret === '') return undefined;
  if (username === '') throw failure(question, 'gave a secret without a user', 0);
  if (username !== TOKEN_USER) return { username, password: new Secret(secret) };
  if (secret === '') throw failure(question, 'gave an identity token that is empty', 0);
  return { identityToken: new Secret(secret) };
}

function programOf({ helper }: HelperQuestion): string {
  return `docker-credential-${helper.name}`;
}

/** `ProgramMissing` says it in our own words; of the system's errors the name is enough. */
function whyNotStarted(cause: unknown): string {
  if (cause instanceof ProgramMissing) return cause.message;
  const { code = 'for a reason unknown' } = cause as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'the interpreter that its first line names, or a library, does not exist (ENOENT)' : code;
}

function failure(question: HelperQuestion, what: string, exitCode?: number, advice?: string): CredentialError {
  const { helper, registry } = question;
  const program = programOf(question);
  const asked = `${program}, the ${helper.configKey} in ${helper.source}, was asked for the credentials of ${registry}`;
  const hint = advice ?? `What it says may hold them and is not shown here; run: echo ${registry} | ${program} get`;
  const fields = { registry, helper: program, configKey: helper.configKey, exitCode };
  return new CredentialError(`${asked}: it ${what}. ${hint}`, fields);
}

/** Bytes that are no UTF-8 are no answer, nor are they any of the words. */
function textOf(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    return '';
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // V8's words quote the text
  }
}
