// A proxy that records: between any client and an engine, with a tape in the end.

import { take } from '../client/arguments.ts';
import { escapeBytes, utf8 } from '../bytes.ts';
import type { Dialer } from '../connection/channel.ts';
import { parseAddress } from '../config/engine-address.ts';
import type { TlsOptions } from '../config/engine-address.ts';
import type { VersionResult } from '../api/types/engine.ts';
import { ConfigError, DecodeError } from '../errors.ts';
import { environmentOptions } from '../client/from-environment.ts';
import { ImageClient } from '../client/image-client.ts';
import type { EnvironmentOptions } from '../client/options.ts';
import { today } from './today.ts';
import { files } from '../system/files/archive-files.ts';
import { dialerFor } from '../system/net/dialer.ts';
import type { Warn } from '../connection/warnings.ts';
import { tapeExchanges } from './exchanges.ts';
import { recorder } from './recorder.ts';
import type { RecordingNote } from './recorder.ts';
import { relay } from './relay.ts';
import type { AskedFor } from './script.ts';
import { encodeTape } from './tape.ts';
import type { Tape, TapeHeader } from './tape.ts';

/** What is recorded, and how; which engine, as `ImageClient.fromEnvironment` finds it. */
export interface RecordOptions extends EnvironmentOptions {
  /** For a port, as `ImageClient` takes it. */
  readonly tls?: TlsOptions | undefined;
  /** Where it listens. Default: in a new folder that only this user can enter. */
  readonly socketPath?: string | undefined;
  /** What the tape says that it was made by. Default `"longshore record"`. */
  readonly command?: string | undefined;
  /** Told of each request, and of what cannot be recorded. It must not throw. */
  readonly onNote?: ((note: RecordingNote) => void) | undefined;
  /** Told of what a person should know though nothing failed. */
  readonly onWarning?: Warn | undefined;
  /** Gives up looking for the engine; a recording that goes on is ended by `close`. */
  readonly signal?: AbortSignal | undefined;
}

/** A recording that goes on. */
export interface Recording extends AsyncDisposable {
  /** For the client that is recorded, as DOCKER_HOST has it: `"unix:///tmp/longshore-a1b2c3/engine.sock"`. */
  readonly host: string;
  readonly socketPath: string;
  /** The engine's address. */
  readonly engine: string;
  /** The requests on the tape so far; an `ArgumentError` says why there can be no tape. */
  requests(): AskedFor[];
  /** Ends every connection, removes the socket and writes the tape; an `ArgumentError` says why there can be none. */
  close(): Promise<void>;
  /** The same, and writes nothing. */
  discard(): Promise<void>;
}

/**
 * Listens on a Unix socket, and passes on to an engine what a client sends there, and its answers, byte by byte, while a copy
 * without the secrets goes on a tape: `close` writes it into the file, which is replaced as a whole. What asks for another
 * protocol than HTTP (attach, exec, BuildKit) passes, unrecorded. Whoever can connect to the socket can do with the engine
 * what this process can.
 */
export async function record(file: string, given?: RecordOptions): Promise<Recording> {
  const options = take('record', given);
  // Both paths now: the working directory may be another one when they are used.
  const path = files.absolutePath(file, 'record: file');
  const socketPath = options.socketPath && files.absolutePath(options.socketPath, 'record: options.socketPath');
  const { command = 'longshore record', onNote = () => {}, signal } = options;
  const dialer = await engineDialer(options);
  await tryFile(path);
  const { dialer: recording, tape } = recorder(dialer, await headerFor(dialer, command, signal), onNote);
  const onUnreachable = ({ message }: Error): void => onNote({ kind: 'unreachable', message });
  const { host, socketPath: listening, close: closeRelay } = await relay(recording, { socketPath, onUnreachable });
  let ended: Promise<void> | undefined;
  let written: Promise<void> | undefined;
  const end = (): Promise<void> => (ended ??= closeRelay());
  const close = (): Promise<void> => (written ??= end().then(() => writeTape(path, tape())));
  return {
    host,
    socketPath: listening,
    engine: dialer.address,
    requests: () => tapeExchanges(tape()).map(({ request: { method, target } }) => ({ method, target })),
    close,
    discard() {
      written ??= Promise.resolve();
      return end();
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Recorded as the environment has it, credentials aside: those are the recorded client's affair. */
async function engineDialer({ host, context, environment, tls, onWarning }: RecordOptions): Promise<Dialer> {
  const found = await environmentOptions({ host, context, environment, tls, onWarning });
  const address = parseAddress(found.host ?? '');
  if (address.scheme === 'tcp' && address.basePath !== '') {
    const why = `bytes pass as they are, and paths would need ${address.basePath} before them`;
    throw new ConfigError(`cannot record ${address.text}: ${why}`);
  }
  return dialerFor(address, { tls: found.tls, warn: onWarning, hint: found.connectHint });
}

/** That the engine answers is seen before anybody waits for it. */
async function headerFor(dialer: Dialer, command: string, signal: AbortSignal | undefined): Promise<TapeHeader> {
  const client = new ImageClient({ dialer });
  try {
    const { Version, Components } = await client.version({ signal }).catch(withoutVersion);
    const isPodman = /podman/i.test(JSON.stringify(Components ?? ''));
    // An engine may call its version anything, or not at all; a tape's header is printable.
    const version = escapeBytes(utf8(String(Version ?? '')).subarray(0, 60)).trim() || 'unknown';
    const header = { engine: isPodman ? 'Podman' : 'Docker', version, command, date: today() };
    encodeTape({ header, records: [] }); // it throws for what no header can hold
    return header;
  } finally {
    client.close();
  }
}

/** Only a header is made of what an engine says of itself: an answer of the wrong kind says nothing. */
function withoutVersion(error: unknown): Partial<VersionResult> {
  if (error instanceof DecodeError) return {};
  throw error;
}

/** What cannot be written is said now, and not after an hour of recording. */
async function tryFile(file: string): Promise<void> {
  await (await files.createFile(file)).discard();
}

async function writeTape(file: string, tape: Tape): Promise<void> {
  const bytes = encodeTape(tape);
  const sink = await files.createFile(file);
  try {
    await sink.write(bytes);
    await sink.commit(undefined);
  } catch (error) {
    await sink.discard();
    throw error;
  }
}
