// An engine for the tests of any program: a Unix socket that answers from a tape.

import { take } from '../client/arguments.ts';
import { escapeText, latin1 } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';
import { absolutePath } from '../system/files/paths.ts';
import { readSmallFile } from '../system/files/read-small-file.ts';
import { versionAnswer, withoutContinue } from './answers.ts';
import type { GatheredRequest } from './exchanges.ts';
import { messageAnswer, relay } from './relay.ts';
import { playingDialer } from './replay-dialer.ts';
import type { Play, ReplayOptions } from './replay-dialer.ts';
import { Script } from './script.ts';
import type { AskedFor } from './script.ts';
import { checkTape, parseTape } from './tape.ts';
import type { Tape } from './tape.ts';
import { comparableTarget, isPing } from './targets.ts';

/** How a tape is played to any client. */
export interface RecordedEngineOptions extends ReplayOptions {
  /** Where it listens. Default: in a new folder that only this user can enter. */
  readonly socketPath?: string | undefined;
  /**
   * `"recorded"`, the default: the content of a request must be the recorded one. `"any"`: it may be another, as that of an
   * archive is, whose files are packed with the time.
   */
  readonly content?: 'recorded' | 'any' | undefined;
  /**
   * `"recorded"`, the default: requests must have the API version of the tape in their paths, and ask for it as often as the
   * client did that was recorded. `"any"`, for a tape of another client: the version does not count, and `_ping` is answered
   * whenever it is asked, with what the tape says of the engine.
   */
  readonly client?: 'recorded' | 'any' | undefined;
}

/** An engine that is a tape. */
export interface RecordedEngine extends AsyncDisposable {
  /** As DOCKER_HOST has it: `"unix:///tmp/longshore-a1b2c3/engine.sock"`. */
  readonly host: string;
  readonly socketPath: string;
  /** The requests of the tape that nobody has sent. */
  remaining(): AskedFor[];
  /** For each request that the tape has no answer to: what was asked, and what was due. */
  mismatches(): string[];
  /** Throws unless all of the tape was asked for, and nothing else. */
  verify(): void;
  /** Ends every connection and removes the socket. */
  close(): Promise<void>;
}

/**
 * Plays a tape, or the one in that file, to whoever connects to its socket. A request is looked for by its method, its
 * target and its decoded content; the order of the parameters in a target, and how it is percent-encoded, do not count, and
 * neither do the other header fields. One that the tape has no answer to is answered with status 500 and a message that says
 * what was asked and what was due, and `verify` will tell the test. Each exchange is played once, over whichever connection
 * asks.
 */
export async function replay(
  tape: Tape | Uint8Array | string,
  given?: RecordedEngineOptions,
): Promise<RecordedEngine> {
  const options = take('replay', given);
  const { pieces = 'whole', order = 'recorded', content = 'recorded', client = 'recorded' } = options;
  // Now: the working directory may be another one when the tape has been read.
  const socketPath = options.socketPath && absolutePath(options.socketPath, 'replay: options.socketPath');
  const played = await readTape(tape);
  const mismatches: string[] = [];
  const play = playFor(played, { order, content, client }, mismatches);
  const { host, socketPath: path, close } = await relay(playingDialer(played, play, pieces), { socketPath });
  const remaining = (): AskedFor[] => play.script.remaining();
  return {
    host,
    socketPath: path,
    remaining,
    mismatches: () => [...mismatches],
    verify: () => verify(mismatches, remaining()),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readTape(tape: Tape | Uint8Array | string): Promise<Tape> {
  if (ArrayBuffer.isView(tape)) return parseTape(tape as Uint8Array);
  if (typeof tape !== 'string') return checkTape(tape, 'replay');
  const file = await readSmallFile(absolutePath(tape, 'replay: tape'));
  if (file === undefined) throw new ArgumentError(`there is no tape ${escapeText(tape)}`);
  try {
    return parseTape(file.bytes);
  } catch (error) {
    throw new ArgumentError(`${escapeText(tape)}: ${(error as Error).message}`, { cause: error });
  }
}

type Rules = Required<Pick<RecordedEngineOptions, 'content' | 'client'>> & { readonly order: 'recorded' | 'any' };

function playFor(tape: Tape, { order, content, client }: Rules, mismatches: string[]): Play & { readonly script: Script } {
  const isAnyClient = client === 'any';
  const comparable = (target: string): string => comparableTarget(target, isAnyClient);
  const matching = { order, comparable, comparesContent: content === 'recorded' };
  const script = new Script(tape, matching, (request) => !isAnyClient || !isPing(request));
  const ping = isAnyClient ? versionAnswer(tape) : undefined;
  return {
    script,
    keepsContent: content === 'recorded',
    find(asked) {
      if (ping !== undefined && isPing(asked)) return { exchange: { answer: ping(asked.method), over: undefined }, index: 0 };
      const found = script.match(asked);
      if (found === undefined) return undefined;
      const { answer, over } = found.exchange;
      return { exchange: { answer: withoutContinue(answer), over }, index: found.index };
    },
    refusal(error, asked) {
      mismatches.push(error.message);
      return refusalOf(error, asked);
    },
  };
}

/** Not 404, which programs take for an answer; what is no request has its own status. */
function refusalOf({ message }: Error, asked: GatheredRequest | undefined): Uint8Array {
  if (asked?.method === 'HEAD') return latin1('HTTP/1.1 500 Not On The Tape\r\nConnection: close\r\n\r\n');
  return messageAnswer(asked === undefined ? '400 Bad Request' : '500 Not On The Tape', `longshore replay: ${message}`);
}

function verify(mismatches: readonly string[], remaining: readonly AskedFor[]): void {
  const lines = [...mismatches, ...remaining.map(({ method, target }) => `nobody has asked for ${method} ${target}`)];
  if (lines.length > 0) throw new Error(`the program and the tape differ:\n${lines.map((line) => `- ${line}\n`).join('')}`);
}
