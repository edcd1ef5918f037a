// `replay`: an engine for the tests of any program. It listens on a Unix socket and sends the responses of a tape.

import { take } from '../client/arguments.ts';
import { escapeText, latin1 } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';
import { absolutePath } from '../system/files/paths.ts';
import { readSmallFile } from '../system/files/read-small-file.ts';
import { versionResponse, withoutContinue } from './recorded-responses.ts';
import type { GatheredRequest } from './exchanges.ts';
import { messageResponse, relay } from './relay.ts';
import { sourceDialer } from './replay-dialer.ts';
import type { ResponseSource, ReplayDialerOptions } from './replay-dialer.ts';
import { Script } from './script.ts';
import type { RequestLine } from './script.ts';
import { checkTape, parseTape } from './tape.ts';
import type { Tape } from './tape.ts';
import { comparableTarget, isPing } from './targets.ts';

/** Options of `replay`. */
export interface ReplayOptions extends ReplayDialerOptions {
  /** Where to listen. Default: in a new folder that only this user can enter. */
  readonly socketPath?: string | undefined;
  /**
   * `"recorded"` (default): the content of a request must equal the recorded content. `"any"`: it may differ, for example in an
   * archive with the current time.
   */
  readonly content?: 'recorded' | 'any' | undefined;
  /**
   * `"recorded"` (default): requests must have the API version of the tape in their paths, and the client must send the recorded
   * pings. `"any"`, for a tape of another client: the version in paths is ignored, and every `_ping` gets a response with the
   * engine's fields on the tape.
   */
  readonly client?: 'recorded' | 'any' | undefined;
}

/** A running replay. */
export interface Replay extends AsyncDisposable {
  /** The address for the client, a value for DOCKER_HOST: `"unix:///tmp/longshore-a1b2c3/engine.sock"`. `socketPath` is the path in it. */
  readonly host: string;
  readonly socketPath: string;
  /** Returns the requests of the tape that were not sent yet. */
  remaining(): RequestLine[];
  /** Returns a message for each request without a match on the tape: the request, and the expected one. */
  mismatches(): string[];
  /** Throws an `Error` unless all requests of the tape were sent, and no others. */
  verify(): void;
  /** Closes all connections and removes the socket. */
  close(): Promise<void>;
}

/**
 * Replays a tape, given as an object, as bytes or as a file path, on a Unix socket (on Windows, a named pipe). A request matches
 * by its method, target and decoded content; the order and percent-encoding of query parameters, the other header fields and the
 * connection do not matter. Each exchange is replayed once. A request without a match gets status 500 with a message that names
 * it and the expected one, and `verify` then throws. Errors: `ArgumentError` for the tape or an option, `FileError` for the socket.
 */
export async function replay(
  tape: Tape | Uint8Array | string,
  given?: ReplayOptions,
): Promise<Replay> {
  const options = take('replay', given);
  const { pieces = 'whole', order = 'recorded', content = 'recorded', client = 'recorded' } = options;
  // The path is resolved now, because the working directory may change while the tape is read.
  const socketPath = options.socketPath && absolutePath(options.socketPath, 'replay: options.socketPath');
  const played = await readTape(tape);
  const mismatches: string[] = [];
  const source = sourceFor(played, { order, content, client }, mismatches);
  const { host, socketPath: path, close } = await relay(sourceDialer(played, source, pieces), { socketPath });
  const remaining = (): RequestLine[] => source.script.remaining();
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
  if (file === undefined) throw new ArgumentError(`the tape ${escapeText(tape)} does not exist`);
  try {
    return parseTape(file.bytes);
  } catch (error) {
    throw new ArgumentError(`${escapeText(tape)}: ${(error as Error).message}`, { cause: error });
  }
}

type Rules = Required<Pick<ReplayOptions, 'content' | 'client'>> & { readonly order: 'recorded' | 'any' };

function sourceFor(tape: Tape, { order, content, client }: Rules, mismatches: string[]): ResponseSource & { readonly script: Script } {
  const isAnyClient = client === 'any';
  const comparable = (target: string): string => comparableTarget(target, isAnyClient);
  const matching = { order, comparable, comparesContent: content === 'recorded' };
  const script = new Script(tape, matching, (request) => !isAnyClient || !isPing(request));
  const ping = isAnyClient ? versionResponse(tape) : undefined;
  return {
    script,
    keepsContent: content === 'recorded',
    find(asked) {
      if (ping !== undefined && isPing(asked)) return { exchange: { response: ping(asked.method), ending: undefined }, index: 0 };
      const found = script.match(asked);
      if (found === undefined) return undefined;
      const { response, ending } = found.exchange;
      return { exchange: { response: withoutContinue(response), ending }, index: found.index };
    },
    refusal(error, asked) {
      mismatches.push(error.message);
      return refusalOf(error, asked);
    },
  };
}

/** Returns the response for a request without a match. The status is 500, because programs may handle 404; 400 for an invalid request. */
function refusalOf({ message }: Error, asked: GatheredRequest | undefined): Uint8Array {
  if (asked?.method === 'HEAD') return latin1('HTTP/1.1 500 Not On The Tape\r\nConnection: close\r\n\r\n');
  return messageResponse(asked === undefined ? '400 Bad Request' : '500 Not On The Tape', `longshore replay: ${message}`);
}

function verify(mismatches: readonly string[], remaining: readonly RequestLine[]): void {
  const lines = [...mismatches, ...remaining.map(({ method, target }) => `${method} ${target} was not requested`)];
  if (lines.length > 0) throw new Error(`the program and the tape differ:\n${lines.map((line) => `- ${line}\n`).join('')}`);
}
