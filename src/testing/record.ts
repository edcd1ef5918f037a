// `record`: a recording proxy between any client and an engine. It listens on a Unix socket and writes a tape at the end.

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
import type { Warn } from '../connection/diagnostics.ts';
import { tapeExchanges } from './exchanges.ts';
import { recorder } from './recorder.ts';
import type { RecordingNote } from './recorder.ts';
import { relay } from './relay.ts';
import type { RequestLine } from './script.ts';
import { encodeTape } from './tape.ts';
import type { Tape, TapeHeader } from './tape.ts';

/** Options of `record`. The engine is chosen as `ImageClient.fromEnvironment` chooses it. */
export interface RecordOptions extends EnvironmentOptions {
  /** TLS settings for a TCP host, as `ImageClient` accepts them. */
  readonly tls?: TlsOptions | undefined;
  /** Where to listen. Default: in a new folder that only this user can enter. */
  readonly socketPath?: string | undefined;
  /** The `command` in the header of the tape. Default: `"longshore record"`. */
  readonly command?: string | undefined;
  /** Called for each request, and for anything that cannot be recorded. It must not throw. */
  readonly onNote?: ((note: RecordingNote) => void) | undefined;
  /** Called for warnings, such as a private key that other users can read. */
  readonly onWarning?: Warn | undefined;
  /** Aborts the search for the engine. `close` ends a running recording. */
  readonly signal?: AbortSignal | undefined;
}

/** A running recording. */
export interface Recording extends AsyncDisposable {
  /** The address for the client, a value for DOCKER_HOST: `"unix:///tmp/longshore-a1b2c3/engine.sock"`. `socketPath` is the path in it. */
  readonly host: string;
  readonly socketPath: string;
  /** The address of the engine, `"unix:///var/run/docker.sock"`. */
  readonly engine: string;
  /** Returns the requests that were recorded so far. Throws an `ArgumentError` if no tape can be made. */
  requests(): RequestLine[];
  /** Closes all connections, removes the socket and writes the tape. Rejects with an `ArgumentError` if no tape can be made. */
  close(): Promise<void>;
  /** Closes all connections and removes the socket, without writing a tape. */
  discard(): Promise<void>;
}

/**
 * Records the exchanges of a client with an engine. Listens on a Unix socket (on Windows, a named pipe) and passes all bytes to
 * the engine and back, unchanged. A copy without secrets goes to a tape; `close` writes it to `file` and replaces an existing
 * file. Connections that are upgraded to another protocol (attach, exec, BuildKit) pass unrecorded. Every process that can connect
 * to the socket gets the same access to the engine as this process. Errors: `ArgumentError`, `ConfigError`, `FileError`, and
 * those of a request to the engine.
 */
export async function record(file: string, given?: RecordOptions): Promise<Recording> {
  const options = take('record', given);
  // Paths are resolved now, because the working directory may change before they are used.
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

/** Returns the dialer for the engine of the environment. Its own credentials are not used: the recorded client sends them. */
async function engineDialer({ host, context, environment, tls, onWarning }: RecordOptions): Promise<Dialer> {
  const found = await environmentOptions({ host, context, environment, tls, onWarning });
  const address = parseAddress(found.host ?? '');
  if (address.scheme === 'tcp' && address.basePath !== '') {
    const why = `the recording passes bytes unchanged, so it cannot put ${address.basePath} before paths`;
    throw new ConfigError(`cannot record ${address.text}: ${why}`);
  }
  return dialerFor(address, { tls: found.tls, warn: onWarning, hint: found.connectHint });
}

/** Makes the header of the tape. Requests the engine's version, which also checks that the engine can be reached. */
async function headerFor(dialer: Dialer, command: string, signal: AbortSignal | undefined): Promise<TapeHeader> {
  const client = new ImageClient({ dialer });
  try {
    const { Version, Components } = await client.version({ signal }).catch(withoutVersion);
    const isPodman = /podman/i.test(JSON.stringify(Components ?? ''));
    // The version may be missing or any text, but a header must be printable.
    const version = escapeBytes(utf8(String(Version ?? '')).subarray(0, 60)).trim() || 'unknown';
    const header = { engine: isPodman ? 'Podman' : 'Docker', version, command, date: today() };
    encodeTape({ header, records: [] }); // throws for an invalid header
    return header;
  } finally {
    client.close();
  }
}

/** Ignores an invalid response to the version request, which is needed only for the header. */
function withoutVersion(error: unknown): Partial<VersionResult> {
  if (error instanceof DecodeError) return {};
  throw error;
}

/** Checks at the start that the file can be written, instead of after an hour of recording. */
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
